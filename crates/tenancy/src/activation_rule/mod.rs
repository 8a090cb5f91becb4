//! What an organization, or the installation, asks of the activation of roles ([`crate::activation`]): for how long at most,
//! with whose approval, with which proof of the person, with how long a reason; for one role or for all.
//!
//! Of what the eligibility, the organization and the installation ask, the strictest counts. A rule gives nobody anything.

pub mod actions;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::ACTIVATION_RULES);
    registry.actions.extend([&actions::CREATE, &actions::CREATE_FOR_ALL, &actions::UPDATE, &actions::DELETE]);
}
