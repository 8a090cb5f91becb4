//! What can be done with passkeys that exist.

use super::{
    store,
    views::{PASSKEYS, STAFF_PASSKEYS},
};
use crate::sign_in;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Check, Field, Input},
    id,
};
use stoa_tenancy::{
    token::{notice, own_hands, store as tokens},
    user::store as users,
};

/// Renames a passkey of one's own.
pub static RENAME: Action = Action {
    name: "passkey.rename",
    about: "Rename a passkey of one's own.",
    target: Target::Thing(&PASSKEYS),
    needs: Needs::Own,
    from: &[],
    fields: &[Field::text("name", 100, "The new name.").required().check(Check::Visible)],
    events: &["passkey_renamed"],
    run: |cx, input| Box::pin(rename(cx, input)),
};

/// Revokes a passkey of one's own.
pub static REVOKE: Action = Action {
    name: "passkey.revoke",
    about: "Revoke a passkey of one's own. All other sessions end.",
    target: Target::Thing(&PASSKEYS),
    needs: Needs::Own,
    from: &[],
    fields: &[Field::text("reason", 255, "Why.")],
    events: &["passkey_revoked"],
    run: |cx, input| Box::pin(revoke(cx, input)),
};

/// Revokes anybody's passkey.
pub static REVOKE_BY_STAFF: Action = Action {
    name: "passkey.revoke_by_staff",
    about: "Revoke anybody's passkey. All sessions of its owner end.",
    target: Target::Thing(&STAFF_PASSKEYS),
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::text("reason", 255, "Why.").required()],
    events: &["passkey_revoked_by_staff"],
    run: |cx, input| Box::pin(revoke_by_staff(cx, input)),
};

async fn rename(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    own_hands(cx.actor)?;
    let key = store::by_id(cx.tx, cx.found.id).await?;
    let Some(name) = input.text("name").filter(|name| *name != key.name) else { return Ok(Done::unchanged()) };
    store::rename(cx.tx, key.id, name).await?;
    let user = users::brief(cx.tx, key.user_id).await?;
    let message = format!("Passkey {} of user {} has been renamed to {name}.", key.name, user.username);
    Ok(Done::event(user.event("passkey_renamed", message).fact("passkey_uuid", id::hex(&key.uuid))))
}

async fn revoke(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    sign_in::require_fresh(cx, "").await?;
    let user = revoked(cx, &input).await?;
    tokens::end_others(cx.tx, user.id, cx.actor.token.map_or(0, |(id, _)| id)).await?;
    let message = format!("Passkey {} of user {} has been revoked.", cx.found.name, user.username);
    Ok(Done::event(user.event("passkey_revoked", message).fact("passkey_uuid", id::hex(&cx.found.uuid))))
}

async fn revoke_by_staff(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    own_hands(cx.actor)?;
    let user = revoked(cx, &input).await?;
    tokens::end_all(cx.tx, user.id).await?;
    let message = format!("Passkey {} of user {} has been revoked by staff.", cx.found.name, user.username);
    Ok(Done::event(user.event("passkey_revoked_by_staff", message).fact("passkey_uuid", id::hex(&cx.found.uuid))))
}

async fn revoked(cx: &mut Cx<'_>, input: &Input) -> Result<users::Brief> {
    let key = store::by_id(cx.tx, cx.found.id).await?;
    let reason = input.text("reason").unwrap_or_default();
    if !store::revoke(cx.tx, key.id, cx.actor.id, reason, cx.now).await? {
        return Err(Error::Conflict("The passkey is revoked already.".into()));
    }
    let user = users::brief(cx.tx, key.user_id).await?;
    sign_in::store::drop_challenges(cx.tx, user.id).await?;
    notice::send(cx, &user, notice::PASSKEY_REVOKED).await?;
    Ok(user)
}
