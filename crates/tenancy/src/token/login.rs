//! What ways to sign in with a name and a password have in common.

use super::{
    actions,
    store::{self, Claimant, Kind},
};
use crate::user::password::Passwords;
use serde_json::{Value, json};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    action::Action,
    door::{Call, Caller, Core, Credential},
    field::Mode,
};

/// What a wrong name, a wrong password and both are answered alike.
pub const WRONG: &str = "Invalid username/password.";
/// What a locked name is answered.
const LOCKED: &str = "Username is locked out. Try in 10 minutes.";
/// What the owner of a disabled account is answered, once he has proved to be it.
const DISABLED: &str = "User account is disabled.";

/// A name and a password, as somebody presents them.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The name.
    pub username: &'a str,
    /// The password.
    pub password: &'a str,
}

/// The user whose name and local password these are; `None` if there is none, which has been counted.
///
/// An unknown name takes the same steps and the same time as a known one. Whether the name is locked is asked again once there
/// is a slot for checking, and a failure is counted before the slot is left: so parallel attempts can't pass the limit together
/// by more than there are slots.
///
/// # Errors
/// Unauthenticated because the name is locked; too many where too many sign in at once.
pub async fn check(core: &Arc<Core>, caller: &Caller, pair: Pair<'_>) -> Result<Option<Claimant>> {
    unlocked(core, caller, pair.username).await?;
    let passwords = Passwords::of(core);
    let slot = passwords.enter().await?;
    unlocked(core, caller, pair.username).await?;
    let claimant = store::claimant(&mut core.store.reader(), pair.username).await?;
    let stored = claimant.as_ref().map(|claimant| claimant.password.as_str());
    let right = slot.verify(pair.password, stored).await?;
    let found = claimant.filter(|_| right);
    if found.is_none() {
        failed(core, caller, pair.username).await?;
    }
    Ok(found)
}

/// Counts a failure of a name at the caller's address, and puts it on record.
///
/// # Errors
/// Those of the store.
pub async fn failed(core: &Arc<Core>, caller: &Caller, username: &str) -> Result<()> {
    let body = json!({"username": username, "ip_address": address(caller)});
    let system = Caller { request: caller.request.clone(), ..Caller::system() };
    run(core, &system, &actions::FAIL, body).await.map(|_| ())
}

/// Whether a name may be tried from the caller's address now.
///
/// # Errors
/// Unauthenticated if it is locked.
pub async fn unlocked(core: &Core, caller: &Caller, username: &str) -> Result<()> {
    match store::is_locked(&core.store, username, &address(caller), core.now()).await? {
        true => Err(Error::Unauthenticated(LOCKED.into())),
        false => Ok(()),
    }
}

/// Begins a session for somebody who has proved himself with a password, and gives its secret.
///
/// # Errors
/// Unauthenticated if the account is disabled, or the password was changed meanwhile.
pub async fn enter(core: &Arc<Core>, caller: &Caller, claimant: &Claimant, kind: Kind, method: &str) -> Result<String> {
    open(claimant)?;
    let body = json!({
        "verified": claimant.mark(),
        "username": claimant.username,
        "kind": kind.word(),
        "method": method,
        "user_agent": caller.agent,
    });
    secret_of(&run(core, &proved(caller, claimant), &actions::LOGIN, body).await?)
}

/// Whether an account can be used at all. Asked only once its owner has proved himself.
///
/// # Errors
/// Unauthenticated if it is disabled.
pub fn open(claimant: &Claimant) -> Result<()> {
    open_account(claimant.active)
}

/// The same, for an account that is known otherwise.
///
/// # Errors
/// Unauthenticated if it is disabled.
pub fn open_account(active: bool) -> Result<()> {
    match active {
        true => Ok(()),
        false => Err(Error::Unauthenticated(DISABLED.into())),
    }
}

/// The caller, who is who he says he is.
pub fn proved(caller: &Caller, claimant: &Claimant) -> Caller {
    Caller { credential: Credential::Trusted(claimant.uuid), impersonate: None, ..caller.clone() }
}

/// Runs an action that no route runs.
///
/// # Errors
/// As the action.
pub async fn run(core: &Arc<Core>, caller: &Caller, action: &'static Action, body: Value) -> Result<Value> {
    let call = Call { action, via: None, target: None, body, mode: Mode::Whole };
    core.perform(caller, call).await.map(|done| done.answer)
}

/// The secret in the answer of an action that begins a session.
///
/// # Errors
/// Broken if there is none.
pub fn secret_of(answer: &Value) -> Result<String> {
    answer["token"].as_str().map(str::to_owned).ok_or_else(|| Error::broken("a sign-in gave no token"))
}

fn address(caller: &Caller) -> String {
    caller.address.map(|address| address.to_string()).unwrap_or_default()
}
