//! Users: one account of a person or of a robot (mission P1–P3).
//!
//! A user is regular, a support agent (`is_support`) or staff (`is_staff`); what else he may do comes from grants. An account
//! is never removed once it has a history; it is deactivated, and from then on none of its tokens and roles counts.
//!
//! Besides the usual rooms there is [`password`]: how passwords are kept, checked and changed, outside any transaction.
//! Signing in and out is [`crate::token`]. [`rest`] switches accounts off that have no role left, and on again.

pub mod actions;
pub mod arrival;
pub mod common;
pub mod email;
pub mod password;
pub mod rest;
pub mod rules;
pub mod stats;
pub mod store;
pub mod views;

use futures::future::BoxFuture;
use stoa_kernel::{Result, Tx, door::Registry};

/// Fields of a profile that only the identity provider of an account may change, by the way in which the account came about.
/// The area that knows identity providers puts one into the core ([`stoa_kernel::door::Core::with`]).
pub struct ProtectedFields(pub for<'a> fn(&'a mut Tx, &'a str) -> BoxFuture<'a, Result<Vec<String>>>);

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    use actions::*;
    registry.views.extend([&views::USERS, &views::IDENTITY]);
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
    registry.actions.push(&rest::SETTLE);
    registry.listeners.extend(rest::listeners());
}
