//! Login tokens and browser sessions: staying signed in, and signing out.
//!
//! Both are rows of one table. A secret is 20 random bytes as 40 hexadecimal digits; only its SHA-256 is stored, so nobody reads
//! one back. Every sign-in gets a secret of its own, so that signing out ends this one and no other. A session ends
//! `users.token_lifetime` seconds after its last use (null: never), and whatever its use after `SESSION_MAXIMUM_DAYS`; only a
//! login token (not a session) of a user who set his lifetime to null lives on. The stamp of use moves in the background
//! ([`store::touch`]) and not with every request.
//!
//! Ways to sign in end with [`store::issue_session`]. [`login`] is what they have in common where a password is checked: it is
//! checked outside any transaction, then [`actions::LOGIN`] runs. What changes a proof tells its owner ([`notice`]).

pub mod actions;
pub mod jobs;
pub mod login;
pub mod notice;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::{
    Result,
    access::{Actor, Found, Needs, decide},
    door::Registry,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    use actions::*;
    registry.views.extend([&views::LOGINS, &views::LOGIN_OF_USER, &views::SESSIONS]);
    registry.actions.extend([&LOGIN, &FAIL, &LOGOUT, &END_ONE, &END_OTHERS, &REFRESH, &END]);
}

/// Refuses whoever does not act with his own full hands: a narrowed credential, or somebody who acts as another. They neither
/// make nor change what proves a person (security case C4).
///
/// # Errors
/// Forbidden.
pub fn own_hands(actor: &Actor) -> Result<()> {
    decide(actor, &Needs::InPerson(&Needs::SignedIn), &Found::default()).required().map(drop)
}
