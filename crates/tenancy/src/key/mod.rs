//! SSH keys: the public keys with which a person reaches machines. A key belongs to one user; a shared one is seen by all.
//!
//! A key never changes: whoever wants another one adds it and removes the old one.

pub mod actions;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::KEYS);
    registry.actions.extend([&actions::CREATE, &actions::DELETE]);
}
