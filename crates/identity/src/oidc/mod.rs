//! Signing in with OpenID Connect: code flow, claims, single log-out, bearer tokens of trusted issuers.
//!
//! A browser comes to [`flow::begin`], goes to the provider, and comes back to [`flow::complete`]. What is remembered meanwhile is
//! a hash of the state, bound to a cookie of that browser and to the provider; nonce and PKCE verifier are derived from the cookie
//! and the state ([`rules::derived`]), so neither is stored. Everything over the network happens in [`exchange`], before the one
//! transaction of [`actions::SIGN_IN`], which finds or makes the account by (provider, subject) and by nothing weaker.
//!
//! A portal gets a code for sixty seconds and exchanges it for a token; our own pages get a session at once. Refresh tokens are
//! never asked for and never stored: profiles are brought up to date at every sign-in.

pub mod actions;
pub mod bearer;
pub mod exchange;
pub mod flow;
pub mod jobs;
pub mod jwt;
pub mod keys;
pub mod logout;
pub mod profile;
pub mod rules;
pub mod store;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.actions.extend([&actions::SIGN_IN, &actions::FAIL, &actions::EXCHANGE, &actions::SIGN_OUT]);
}

/// What happens here later and periodically.
pub fn jobs(_core: &Arc<Core>, runner: &mut Runner) {
    runner.periodic.push(jobs::SWEEP);
    runner.handlers.insert(jobs::SWEEP.kind, jobs::sweep());
}
