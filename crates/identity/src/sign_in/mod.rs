//! Signing in with a name and a password, in one step or two.
//!
//! The password is checked where the account lives: here, or at the directory ([`crate::ldap`]). Who has a second factor
//! does not get a session for it, but a challenge to show that factor ([`challenge`]).

use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    door::{Caller, Core},
};
use stoa_tenancy::{
    settings::{self, Settings},
    token::{
        login::{self, Pair},
        store::Kind,
    },
};

/// How a first step ended well.
#[derive(Debug)]
pub enum Step {
    /// Signed in: the secret of the session.
    In(String),
}

/// What is answered where a way to sign in is not open.
const CLOSED: &str = "Authentication method is disabled.";

/// Signs in with a name and a password.
///
/// # Errors
/// Unauthenticated, with the same words whatever was wrong.
pub async fn password(core: &Arc<Core>, caller: &Caller, pair: Pair<'_>, kind: Kind) -> Result<Step> {
    let settings = Settings::load(&mut core.store.reader()).await?;
    if !is_open(&settings, "LOCAL_SIGNIN") {
        return Err(closed());
    }
    let found = login::check(core, caller, pair).await?;
    let claimant = found.ok_or_else(|| Error::Unauthenticated(login::WRONG.into()))?;
    login::enter(core, caller, &claimant, kind, "LOCAL_SIGNIN").await.map(Step::In)
}

/// Whether a way to sign in is open.
pub fn is_open(settings: &Settings, method: &str) -> bool {
    settings.texts(settings::METHODS).iter().any(|open| open == method)
}

/// What is answered where it is not.
pub fn closed() -> Error {
    Error::Unauthenticated(CLOSED.into())
}
