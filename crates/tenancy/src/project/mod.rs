//! Projects gather and isolate people and resources (mission J1–J4).

pub mod rules;
