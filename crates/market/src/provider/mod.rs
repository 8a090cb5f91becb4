//! Service providers: organizations that serve others (mission O1, O4). One organization has one profile, and with it may have
//! offerings.
//!
//! A profile is public. What its consumers do with the provider's resources ([`consumer`](crate::consumer)) is seen by its own people only.
//! Its secret code signs what the provider's programs report; it is shown to the organization's owner and nowhere else.

pub mod actions;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done with and seen of service providers.
pub(crate) fn register(registry: &mut Registry) {
    registry.views.extend([&views::PROVIDERS, &views::PROVIDER_CUSTOMERS, &views::STATISTICS_OF_PROVIDERS]);
    registry.actions.extend([
        &actions::CREATE,
        &actions::UPDATE,
        &actions::DELETE,
        &actions::ADD_USER,
        &actions::UPDATE_USER,
        &actions::DELETE_USER,
        &actions::SHOW_SECRET,
        &actions::NEW_SECRET,
        &actions::SET_USERNAME,
        &actions::AGENT_CONFIG,
    ]);
}
