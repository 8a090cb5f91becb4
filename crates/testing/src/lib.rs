//! The testing of Stoa.

pub mod postgres;
