//! Roles that an organization does not use: they can't be given in it or in its projects any more, by anybody. Who holds one keeps
//! it.

pub mod actions;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers actions and views.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::CONCEALMENTS]);
    registry.actions.extend([&actions::CREATE, &actions::DELETE]);
}
