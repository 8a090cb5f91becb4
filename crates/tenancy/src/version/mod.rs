//! Versions: what a thing looked like after each change, for staff and support agents.
//!
//! The record (kernel `event.rs`) says what was done; a version says how the thing was afterwards. Whoever changes a thing that has a
//! history calls [`store::write`] in the same transaction. Organizations, projects and users have one.

pub mod store;
pub mod views;
