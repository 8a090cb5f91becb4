//! Ending a personal access token or taking permissions out of it, and giving that back, as a part of another action. In person
//! only, by the token's user (or by staff, for robots), as by hand.

use super::{
    actions::{HIS, about, open},
    rules,
    store::{self, Stored},
};
use crate::{access::store::changes_since, settings::Settings, user::store as users};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Time,
    access::Found,
    action::Cx,
    event::{Change, Event},
};

/// A token with the authority to change it; locked.
async fn entitled(cx: &mut Cx<'_>, id: i64) -> Result<Stored> {
    let token = store::lock(cx.tx, id).await?;
    let found = Found { thing: "own_token", id, uuid: token.uuid, owner: token.user_id, ..Found::default() };
    cx.decide(&HIS, &found).required()?;
    Ok(token)
}

fn is_live(token: &Stored, now: Time) -> bool {
    token.active && token.expires_at > now
}

/// Ends a token.
///
/// # Errors
/// Forbidden for who may not; conflict if it has ended.
pub async fn end(cx: &mut Cx<'_>, id: i64) -> Result<Event> {
    let token = entitled(cx, id).await?;
    if !is_live(&token, cx.now) || !store::end(cx.tx, id, cx.now).await? {
        return Err(Error::Conflict("The token has ended meanwhile.".into()));
    }
    let user = users::brief(cx.tx, token.user_id).await?;
    let message = format!("Personal access token {} of user {} has been revoked.", token.name, user.username);
    Ok(about(&user, "pat_revoked", message, &token))
}

/// Gives a token back that was ended at an instant.
///
/// # Errors
/// Forbidden for who may not; conflict if its time is over, if its user was deactivated since, or has no room for it.
pub async fn revive(cx: &mut Cx<'_>, id: i64, ended: Time) -> Result<Event> {
    let token = entitled(cx, id).await?;
    let conflict = |text: &str| Err(Error::Conflict(text.into()));
    if token.active {
        return conflict("The token is active.");
    }
    if token.expires_at <= cx.now {
        return conflict("Its time is over meanwhile.");
    }
    let settings = Settings::load(&mut *cx.tx).await?;
    open(cx, &settings, token.user_id).await?;
    let user = users::brief(cx.tx, token.user_id).await?;
    // Whoever is deactivated has no tokens left, not even once he is active again.
    let changes = changes_since(&mut *cx.tx, &[user.id], ended).await?;
    let is_active = |change: &Value| change["field"] == "is_active";
    if changes.iter().any(|(_, changes)| changes.as_array().is_some_and(|all| all.iter().any(is_active))) {
        return conflict("The user was deactivated meanwhile.");
    }
    let most = settings.int(rules::PER_USER).unwrap_or(0);
    if store::count_active(cx.tx, user.id, cx.now).await? >= most {
        return conflict("The user has as many tokens as he can have.");
    }
    store::revive(cx.tx, id).await?;
    let message = format!("Personal access token {} of user {} has been given back.", token.name, user.username);
    Ok(about(&user, "pat_restored", message, &token))
}

/// Takes a permission out of a token, or puts it back.
///
/// # Errors
/// Forbidden for who may not; conflict if the token has ended, or if nothing or too little would be left to change.
pub async fn set_scope(cx: &mut Cx<'_>, id: i64, permission: &str, carried: bool) -> Result<Event> {
    let token = entitled(cx, id).await?;
    let conflict = |text: &str| Err(Error::Conflict(text.into()));
    if !is_live(&token, cx.now) {
        return conflict("The token has ended meanwhile.");
    }
    let mut scopes: Vec<String> =
        token.scopes.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect();
    if scopes.iter().any(|one| one == permission) == carried {
        return conflict("The token was changed meanwhile.");
    }
    match carried {
        true => scopes.push(permission.to_owned()),
        false => scopes.retain(|one| one != permission),
    }
    if scopes.is_empty() {
        return conflict("A token carries one permission at least. End it instead.");
    }
    let after = json!(scopes);
    store::set_scopes(cx.tx, id, &after).await?;
    let user = users::brief(cx.tx, token.user_id).await?;
    let message =
        format!("Permissions of personal access token {} of user {} have been set.", token.name, user.username);
    let change = Change { field: "scopes".into(), before: token.scopes.clone(), after };
    Ok(about(&user, "pat_scopes_updated", message, &token).changes(vec![change]))
}
