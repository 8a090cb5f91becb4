//! Signing in with a name and a password, in one step or two; and proving oneself again before credentials are changed.
//!
//! The password is checked where the account lives: here, or at the directory ([`crate::ldap`]). Who has a second factor
//! does not get a session for it, but a handle with which to show that factor ([`store::Challenge`]): once, within five minutes,
//! and only while the password stays what it was. [`reset`] is for those who forgot it.

pub mod actions;
pub mod reset;
pub mod store;

use crate::{ldap, second_factor::store as factors};
use serde_json::json;
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    access::{Actor, Decision},
    action::Cx,
    door::{Caller, Core, Registry},
    field::Field,
    id::{self, Uuid},
    store::jobs::{Periodic, Runner},
};
use stoa_tenancy::{
    settings::{self, Settings},
    token::{
        login::{self, Pair},
        own_hands,
        store::{self as tokens, Claimant, Kind},
    },
};

/// The name of signing in with a password that is kept here.
pub const LOCAL: &str = "LOCAL_SIGNIN";
/// The name of signing in with a password of the directory.
pub const LDAP: &str = "LDAP";
/// The name of signing in with a passkey alone.
pub const PASSKEY: &str = "PASSKEY";

/// The mark of a password that was checked before an action runs; empty for none. No surface lets a caller send it.
pub const VERIFIED: Field = Field::text("verified", 64, "The mark of the password that was checked.").blank().secret();

/// Registers what can be done here.
pub fn register(registry: &mut Registry) {
    registry.actions.extend([&actions::CHALLENGE, &actions::PASS]);
    registry.actions.extend([&reset::ASK, &reset::SEND, &reset::SET]);
}

/// What happens here later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    reset::jobs(core, runner);
    runner.periodic.push(Periodic { kind: "sign_in.sweep", every_seconds: 600 });
    runner
        .handlers
        .insert("sign_in.sweep", Arc::new(|db, _, now| Box::pin(async move { store::sweep(&db, now).await })));
}

/// How a first step ended well.
#[derive(Debug)]
pub enum Step {
    /// Signed in: the secret of the session.
    In(String),
    /// The password was right, and a second factor is to be shown.
    Second {
        /// The handle with which to show it.
        handle: Uuid,
        /// Whether a passkey will do.
        passkey: bool,
        /// Whether a one-time code or a recovery code will do.
        totp: bool,
    },
}

/// Signs in with a name and a password.
///
/// # Errors
/// Unauthenticated, with the same words whatever was wrong.
pub async fn password(core: &Arc<Core>, caller: &Caller, pair: Pair<'_>, kind: Kind) -> Result<Step> {
    let settings = Settings::load(&mut core.store.reader()).await?;
    let (claimant, method) = verify(core, caller, pair, &settings).await?.ok_or_else(wrong)?;
    login::open(&claimant)?;
    let factors = factors::factors(&mut core.store.reader(), claimant.id).await?;
    let passkey_only = claimant.staff && settings.is_on(settings::STAFF_PASSKEY);
    if passkey_only && factors.passkeys == 0 {
        return Err(Error::Unauthenticated("Staff sign in with a passkey, and this account has none.".into()));
    }
    if !factors.any() {
        return login::enter(core, caller, &claimant, kind, method).await.map(Step::In);
    }
    let body = json!({
        "verified": claimant.mark(),
        "kind": kind.word(),
        "method": method,
        "user_agent": caller.agent,
    });
    let answer = login::run(core, &login::proved(caller, &claimant), &actions::CHALLENGE, body).await?;
    let handle = answer["handle"].as_str().and_then(id::parse).ok_or_else(|| Error::broken("no handle was made"))?;
    Ok(Step::Second { handle, passkey: factors.passkeys > 0, totp: factors.totp && !passkey_only })
}

/// The user whose name and password these are, and where that was checked. `None` if it is nobody, which has been counted.
async fn verify(
    core: &Arc<Core>,
    caller: &Caller,
    pair: Pair<'_>,
    settings: &Settings,
) -> Result<Option<(Claimant, &'static str)>> {
    let (local, remote) = (is_open(settings, LOCAL), is_open(settings, LDAP));
    match ldap::directory(core).filter(|_| remote) {
        Some(directory) => ldap::verify(core, caller, directory, pair, local).await,
        None if local => Ok(login::check(core, caller, pair).await?.map(|claimant| (claimant, LOCAL))),
        None => Err(closed()),
    }
}

/// Whether a way to sign in is open.
pub fn is_open(settings: &Settings, method: &str) -> bool {
    settings.texts(settings::METHODS).iter().any(|open| open == method)
}

/// What is answered where it is not.
pub fn closed() -> Error {
    Error::Unauthenticated("Authentication method is disabled.".into())
}

/// What is answered to a wrong name, a wrong password, and both.
pub fn wrong() -> Error {
    Error::Unauthenticated(login::WRONG.into())
}

/// What is answered after too many wrong codes.
pub fn locked() -> Error {
    Error::TooMany { message: "Too many wrong codes. Try again in 10 minutes.".into(), retry_after: 600 }
}

/// Checks, before an action that changes credentials, the password that was sent along, if any was; gives what the action
/// takes as [`VERIFIED`].
///
/// # Errors
/// Forbidden for whoever does not act with his own full hands; invalid for a wrong password.
pub async fn prove(core: &Arc<Core>, caller: &Caller, actor: &Actor, password: Option<&str>) -> Result<String> {
    own_hands(actor)?;
    let Some(password) = password.filter(|password| !password.is_empty()) else { return Ok(String::new()) };
    let settings = Settings::load(&mut core.store.reader()).await?;
    let verified = verify(core, caller, Pair { username: &actor.username, password }, &settings).await?;
    match verified {
        Some((claimant, _)) if claimant.id == actor.id => Ok(claimant.mark()),
        _ => Err(Error::field("password", "Invalid password.")),
    }
}

/// Refuses to change credentials for somebody who has neither just signed in nor shown his password again.
///
/// # Errors
/// Forbidden.
pub async fn require_fresh(cx: &mut Cx<'_>, verified: &str) -> Result<()> {
    own_hands(cx.actor)?;
    let shown = !verified.is_empty() && tokens::still_holds(cx.tx, cx.actor.id, verified).await?;
    let session = match cx.actor.token {
        Some((id, _)) => tokens::session(&mut *cx.tx, id).await?,
        None => None,
    };
    match shown || session.is_some_and(|session| session.is_fresh(cx.now)) {
        true => Ok(()),
        false => {
            let words = "Sign in again, or send your password along: the sign-in is too old to change credentials.";
            Err(Error::Forbidden(Box::new(Decision::rule(words))))
        }
    }
}
