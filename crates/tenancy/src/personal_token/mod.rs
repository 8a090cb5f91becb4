//! Personal access tokens: credentials for programs, narrower than their user (mission R5).
//!
//! A token names the permissions that pass, and may be bound to organizations, projects, offerings and the like: then only they,
//! and what belongs to them, are within its reach. Staff power passes only through one with `STAFF.ACCESS`, a support agent's
//! view only through one with `SUPPORT.ACCESS`. What it leaves of its user is applied when the actor is loaded
//! ([`crate::access::directory`], [`stoa_kernel::narrow`]).
//!
//! The token is shown once and stored as its SHA-256. It ends at a fixed time; changing its secret does not move that. Tokens are
//! made and changed only by the user in person, never by a token. Robots (`users.is_robot`) don't sign in; staff make tokens for
//! them. What happens beside requests (noting the use, refusals and ends) is in [`jobs`].

pub mod actions;
pub mod jobs;
pub mod revise;
pub mod rules;
pub mod store;
pub mod views;

pub use jobs::{Uses, equip, jobs};

use stoa_kernel::{action::Listener, door::Registry};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::PERSONAL_TOKENS);
    registry.actions.extend([&actions::CREATE, &actions::ROTATE, &actions::SET_NETWORKS, &actions::REVOKE]);
    registry.actions.extend([&jobs::NOTE, &jobs::EXPIRE]);
    registry
        .listeners
        .push(Listener { event: "user_deactivated", run: |cx, event| Box::pin(actions::user_deactivated(cx, event)) });
}
