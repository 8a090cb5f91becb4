//! Identity providers: where people can sign in with OpenID Connect.
//!
//! Staff name a provider, its client and its discovery document; the document is fetched by the surface ([`discovery`], through
//! [`outbound`]) before the transaction begins, and gives the rest. The client's secret is written and never shown.
//!
//! Which fields of a profile only the provider changes is `protected_fields`; tenancy asks for them
//! ([`stoa_tenancy::user::ProtectedFields`]) before people change them here.

pub mod actions;
pub mod discovery;
pub mod outbound;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::PROVIDERS);
    registry.actions.extend([&actions::CREATE, &actions::UPDATE, &actions::DELETE]);
}
