//! Consumers: the organizations, projects, people and keys with resources that are not terminated, as the people of the
//! provider of those resources see them.

pub mod views;

use stoa_kernel::door::Registry;

/// Registers what is seen of consumers.
pub(crate) fn register(registry: &mut Registry) {
    registry.views.extend([
        &views::CONSUMER_CUSTOMERS,
        &views::OFFERING_CUSTOMERS,
        &views::CONSUMER_CUSTOMER_PROJECTS,
        &views::CONSUMER_PROJECTS,
        &views::CONSUMER_USERS,
        &views::CONSUMER_KEYS,
        &views::CONSUMER_PERMISSIONS,
    ]);
}
