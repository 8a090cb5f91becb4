//! The Waldur-compatible REST API: a table of operations over actions and views (ARCHITECTURE.md, surfaces).
//!
//! [`route`] says what a line of the table is, [`routes`] holds the tables, [`wire`] answers them, [`openapi`] and [`docs`]
//! describe them. Nothing here knows a rule, and no SQL but the conditions that tie a nested list to its parent.

pub mod docs;
pub mod openapi;
pub mod route;
pub mod routes;
#[cfg(test)]
mod sample;
pub mod wire;
mod words;

pub use wire::{Settings, Surface, router};
