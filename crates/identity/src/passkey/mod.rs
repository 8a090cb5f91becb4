//! Passkeys (WebAuthn): signing in without a password, or after it.
//!
//! A ceremony has two requests. The first keeps what the server must remember ([`store::Ceremony`]) and answers a handle and the
//! options for the browser; the second brings the browser's answer. What was kept is taken once, whatever comes of it, lives five
//! minutes, and belongs to who asked for it: a registration to the session that began it, a second step to its sign-in.
//!
//! A user is verified by the authenticator in every ceremony (PIN, finger, face), so a passkey alone is two factors. A counter that
//! runs backwards is a copied authenticator: refused, recorded, and told to the owner. All passkeys belong to the address under
//! which people reach the server ([`rules::origin`]).

pub mod actions;
pub mod ceremony;
pub mod rules;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    Result,
    door::{Core, Registry},
    store::jobs::Runner,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    use actions::*;
    registry.views.extend([&views::PASSKEYS, &views::STAFF_PASSKEYS]);
    registry.actions.extend([&RENAME, &REVOKE, &REVOKE_BY_STAFF]);
    registry.actions.extend(ceremony::ACTIONS);
}

/// What happens here later and periodically: what is over is swept with the sign-ins.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}

/// Marks the passkeys that were made for another address than the server has now: no browser offers them any more.
///
/// # Errors
/// Those of the store.
pub async fn settle(core: &Core, public_url: Option<&str>) -> Result<()> {
    let Some(rp_id) = public_url.and_then(rules::rp_id) else { return Ok(()) };
    store::mark_orphans(&core.store, rp_id).await
}
