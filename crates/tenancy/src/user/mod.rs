//! Users: one account of a person or of a robot (mission P1–P3).
//!
//! A user is regular, a support agent (`is_support`) or staff (`is_staff`); what else he may do comes from grants. An account
//! is never removed once it has a history; it is deactivated, and from then on none of its tokens and roles counts.
//!
//! Besides the usual rooms there is [`password`]: how passwords are kept, checked and changed, outside any transaction.
//! Signing in and out is [`crate::token`].

pub mod actions;
pub mod common;
pub mod email;
pub mod password;
pub mod rules;
pub mod stats;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    use actions::*;
    registry.views.extend([&views::USERS, &views::IDENTITY, &views::ACCESSES]);
    registry.actions.extend([
        &CREATE,
        &UPDATE,
        &DELETE,
        &SET_PASSWORD,
        &password::CHANGE_OWN,
        &REMOVE_PASSWORD,
        &PULL,
        &SYNC_ALL,
    ]);
    registry.actions.extend([&PULL_ATTRIBUTES, &UPDATE_ACTIONS, &NOTIFY, &INSTALL, &ISSUE]);
    registry.actions.extend([&email::ASK, &email::CANCEL, &email::CONFIRM]);
}
