//! Terms of service and privacy policy, in versions and languages, and who agreed to which.
//!
//! An agreement is the text in force of one type in one language; its empty language is the one for everybody whose own is
//! missing. Every change of a text makes a version, and versions are never changed or removed: a consent names the version.
//!
//! **Being asked again.** Staff can say that a version requires consent anew. Who agreed before it came into force, to a
//! text in his language or the default one, counts as not having agreed: his `agreement_date` is null until he agrees again,
//! which is how clients know already that they have to ask. [`DATE`] is the one place that says so in SQL.

pub mod actions;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

pub use views::DATE;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::AGREEMENTS, &views::PENDING, &views::VERSIONS, &views::CONSENTS]);
    registry.actions.extend([&actions::CREATE, &actions::UPDATE, &actions::DELETE]);
}

/// What happens here later and periodically: nothing.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}
