//! Divisions: groups of organizations, in a hierarchy, each of a type (mission O2). On the wire a division is an
//! `organization group`.

pub mod actions;
pub mod store;
pub mod views;
