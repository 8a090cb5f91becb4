//! Rules that give new people a role in a project, and an order with it; staff write them
//! (reference/checklists-and-notifications.md, section 10).
//!
//! When an account is made, and whenever a sign-in has refreshed what is known of a person, a job runs every rule
//! ([`stoa_tenancy::user::arrival`]). [`evaluate`] says what a rule means for a person, [`apply`] does that and nothing else;
//! so a dry run tells what would happen with the same code. All of it bears being done again.
//!
//! A rule matches on the address, the affiliations and the source of an identity (any of the three is enough), and on
//! nationality, type of organization and assurance (each that is set must fit). It acts in the name of the program: what a
//! scope says about its people still counts, and what it refuses is left out.

pub mod actions;
pub mod apply;
pub mod evaluate;
pub mod jobs;
pub mod rules;
pub mod store;
pub mod views;

pub use jobs::jobs;

use stoa_kernel::door::Registry;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::RULES);
    registry.actions.extend([&actions::CREATE, &actions::UPDATE, &actions::DELETE]);
    registry.actions.extend([&actions::DRY_RUN, &actions::TEST_MATCH, &apply::APPLY, &apply::ORDER]);
    registry.listeners.extend(jobs::LISTENERS);
}
