//! Signing in with name and password.

use super::{
    actions,
    store::{self, Claimant},
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
const WRONG: &str = "Invalid username/password.";
/// What a locked name is answered.
const LOCKED: &str = "Username is locked out. Try in 10 minutes.";

/// Signs in and gives the new token.
///
/// An unknown name takes the same steps and the same time as a known one. Whether the name is locked is asked again once there
/// is a slot for checking, and a failure is counted before the slot is left: so parallel attempts can't pass the limit together
/// by more than there are slots.
///
/// # Errors
/// Unauthenticated, with the same words whatever was wrong, or because the name is locked or the account disabled; too many
/// where too many sign in at once.
pub async fn password(core: &Arc<Core>, caller: &Caller, username: &str, password: &str) -> Result<String> {
    let address = caller.address.map(|address| address.to_string()).unwrap_or_default();
    let claimant = checked(core, caller, username, &address, password).await?;
    if !claimant.active {
        return Err(Error::Unauthenticated("User account is disabled.".into()));
    }
    // From here on the caller is who he says he is.
    let proved = Caller { credential: Credential::Trusted(claimant.uuid), impersonate: None, ..caller.clone() };
    let body = json!({"verified": claimant.password, "username": username});
    let answer = run(core, &proved, &actions::LOGIN, body).await?;
    answer["token"].as_str().map(str::to_owned).ok_or_else(|| Error::broken("a sign-in gave no token"))
}

/// The user whose name and password these are.
async fn checked(core: &Arc<Core>, caller: &Caller, username: &str, address: &str, password: &str) -> Result<Claimant> {
    unlocked(core, username, address).await?;
    let passwords = Passwords::of(core);
    let slot = passwords.enter().await?;
    unlocked(core, username, address).await?;
    let claimant = store::claimant(&core.store, username).await?;
    let stored = claimant.as_ref().map(|claimant| claimant.password.as_str());
    let right = slot.verify(password, stored).await?;
    if let Some(claimant) = claimant.filter(|_| right) {
        return Ok(claimant);
    }
    let body = json!({"username": username, "ip_address": address});
    run(core, &Caller { request: caller.request.clone(), ..Caller::system() }, &actions::FAIL, body).await?;
    Err(Error::Unauthenticated(WRONG.into()))
}

async fn unlocked(core: &Core, username: &str, address: &str) -> Result<()> {
    match store::is_locked(&core.store, username, address, core.now()).await? {
        true => Err(Error::Unauthenticated(LOCKED.into())),
        false => Ok(()),
    }
}

async fn run(core: &Arc<Core>, caller: &Caller, action: &'static Action, body: Value) -> Result<Value> {
    let call = Call { action, via: None, target: None, body, mode: Mode::Whole };
    core.perform(caller, call).await.map(|done| done.answer)
}
