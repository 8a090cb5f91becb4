//! Guards: rules from above that deny, whatever roles say (mission R5; design.md, section 3).
//!
//! A guard belongs to the installation or to an organization. Those of an organization take only from roles on it and on what is
//! in it, so that nobody shuts out somebody else's people. There are three kinds:
//!
//! - `deny` takes the permissions that it names, for everybody or only through some roles or from some people; everywhere or on one
//!   scope; always, or unless conditions hold (network, time of day, second factor, assurance); of everything, or only of what is the
//!   actor's own (who ordered does not approve).
//! - `ceiling` takes every permission that it does *not* name.
//! - `apart` lets nobody have two of its roles together: the second is not given, and where somebody has both nevertheless, the one
//!   that he was given first counts.
//!
//! Staff are exempt where it does not say otherwise; the power of staff and support agents itself (`STAFF.ACCESS`,
//! `SUPPORT.ACCESS`) can be put under conditions by a guard that says so by name.
//!
//! **Nothing here allows anything.** A decision goes through the credential, then the guards, then the grants, then staff and
//! support ([`stoa_kernel::access::decide`]); the directory loads an actor with the guards that concern him at that moment. Every
//! change is a guard's next revision, so questions about the past meet the guards of that time.

pub mod actions;
pub mod hours;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    use actions::{CREATE, CREATE_FOR_ALL, DELETE, UPDATE};
    registry.views.extend([&views::GUARDS]);
    registry.actions.extend([&CREATE, &CREATE_FOR_ALL, &UPDATE, &DELETE]);
}
