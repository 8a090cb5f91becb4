//! Identity providers: where people can sign in with OpenID Connect.
//!
//! Staff name a provider, its client and its discovery document; the document is fetched by the surface ([`discovery`], through
//! [`outbound`]) before the transaction begins, and gives the rest. The client's secret is written and never shown.
//!
//! Which fields of a profile only the provider changes is `protected_fields`; [`jobs`] keeps people from changing them here.

pub mod actions;
pub mod discovery;
pub mod jobs;
pub mod outbound;
pub mod rules;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::PROVIDERS);
    registry.actions.extend([&actions::CREATE, &actions::UPDATE, &actions::DELETE]);
    registry.listeners.push(jobs::PROTECT);
}

/// What happens here later and periodically.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}
