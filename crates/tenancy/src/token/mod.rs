//! Login tokens: signing in with a password, staying signed in, and signing out.
//!
//! A token is 20 random bytes as 40 hexadecimal digits; only its SHA-256 is stored, so nobody reads a token back. Every sign-in
//! gets a token of its own, so that signing out ends this one and no other. A token ends `users.token_lifetime` seconds after
//! its last use (null: never); the stamp moves in the background ([`store::touch`]) and not with every request.
//!
//! [`login`] is the way in. It checks the password outside any transaction and then runs [`actions::LOGIN`].

pub mod actions;
pub mod jobs;
pub mod login;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    use actions::*;
    registry.views.extend([&views::LOGINS, &views::LOGIN_OF_USER]);
    registry.actions.extend([&LOGIN, &FAIL, &LOGOUT, &REFRESH, &END]);
}
