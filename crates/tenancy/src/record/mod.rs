//! The record as people read it: events, and in whose feeds they are.
//!
//! The kernel writes events (`event.rs`); here is what is seen of them. An event is seen through the feeds in which it
//! appears: one's own, those of projects that one sees, and those of organizations that one owns.

pub mod jobs;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::EVENTS);
    registry.actions.push(&jobs::FORGET);
}
