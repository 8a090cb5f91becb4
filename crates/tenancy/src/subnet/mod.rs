//! Access subnets: the networks from which an organization lets its people in.
//!
//! An organization without any lets its people in from everywhere. The directory asks when it loads an actor.

pub mod actions;
pub mod rules;
pub mod store;
pub mod views;
