//! Where a role can be given: at the organizations and projects that are named, and below them; everywhere if none is named. What
//! is an organization's own never leaves it, whatever is named.
//!
//! Naming a place takes nobody's role away. Taking a name away does: the grants that only this place allowed end in the same
//! transaction. Without the last name a role could be given everywhere, so that is refused for an organization's own.

pub mod actions;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers actions and views.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::AVAILABILITIES]);
    registry.actions.extend([&actions::CREATE, &actions::DELETE]);
}
