//! How people prove who they are: identity providers, directories, passkeys and one-time codes (mission P1, P3).
//!
//! Whoever is proved gets a session or a login token of tenancy's; what he may do then is tenancy's matter.

pub mod additions;
pub mod bridge;
pub mod ldap;
pub mod oidc;
pub mod passkey;
pub mod provider;
pub mod second_factor;
pub mod sign_in;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::{Migration, jobs::Runner},
};
use stoa_tenancy::user::ProtectedFields;

/// The tables of this area.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "0010_identity_providers", sql: include_str!("migrations/0010_identity_providers.sql") },
    Migration { name: "0011_factors", sql: include_str!("migrations/0011_factors.sql") },
];

/// Registers this area's actions, views and listeners.
pub fn register(registry: &mut Registry) {
    provider::register(registry);
    oidc::register(registry);
    bridge::register(registry);
    passkey::register(registry);
    second_factor::register(registry);
    sign_in::register(registry);
    ldap::register(registry);
    registry.fuller.extend(additions::fuller());
}

/// Puts what this area needs into the core.
pub fn equip(core: Core) -> Core {
    core.with(provider::outbound::Outbound::default())
        .with(oidc::keys::Keys::default())
        .with(ProtectedFields(|tx, method| Box::pin(provider::store::protected(tx, method))))
}

/// What this area does later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    oidc::jobs(core, runner);
    bridge::jobs(core, runner);
    passkey::jobs(core, runner);
    second_factor::jobs(core, runner);
    sign_in::jobs(core, runner);
    ldap::jobs(core, runner);
}
