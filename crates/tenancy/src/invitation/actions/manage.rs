//! Managing invitations: changing whom and to what, sending again, taking back, deleting.

use super::{EMAIL, ROLE, event, proceed, role_for, twice};
use crate::{
    grant::behalf,
    invitation::{
        State, rules,
        store::{self, Invitation},
        views::{INVITATIONS, MANAGE, MANAGED_INVITATIONS},
    },
    settings::Settings,
};
use stoa_kernel::{
    Error, Result,
    access::{Found, Needs},
    action::{Action, Cx, Done, Run, Target},
    event::{Change, Event},
    field::{Field, Input},
};

const fn managing(
    name: &'static str,
    about: &'static str,
    fields: &'static [Field],
    events: &'static [&'static str],
    run: Run,
) -> Action {
    Action { name, about, target: Target::Thing(&MANAGED_INVITATIONS), needs: MANAGE, from: &[], fields, events, run }
}

/// Changes whom an invitation invites, and to which role of its scope.
pub static UPDATE: Action = managing(
    "invitation.update",
    "Change the address and the role of an invitation that waits.",
    &[EMAIL.required(), ROLE],
    &["user_invitation_updated", "user_creation_succeeded"],
    |cx, input| Box::pin(update(cx, input)),
);

/// Mails an invitation again.
pub static SEND: Action = managing(
    "invitation.send",
    "Mail an invitation again; one that is expired or was canceled is valid again.",
    &[],
    &["user_invitation_sent", "user_creation_succeeded"],
    |cx, _| Box::pin(send(cx)),
);

/// Takes an invitation back.
pub static CANCEL: Action = managing(
    "invitation.cancel",
    "Take an invitation back that waits.",
    &[],
    &["user_invitation_canceled"],
    |cx, _| Box::pin(cancel(cx)),
);

/// Deletes an invitation.
pub static DELETE: Action = managing(
    "invitation.delete",
    "Delete an invitation, wherever it stands.",
    &[],
    &["user_invitation_deleted"],
    |cx, _| Box::pin(delete(cx)),
);

/// Deletes an invitation as staff do.
pub static REMOVE: Action = Action {
    name: "invitation.remove",
    about: "Delete an invitation, wherever it stands, as staff.",
    target: Target::Thing(&INVITATIONS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["user_invitation_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// The scope of an invitation; whoever may manage the invitation may know of it.
async fn scope_of(cx: &mut Cx<'_>, invitation: &Invitation) -> Result<Found> {
    let gone = || Error::invalid("What the invitation is about does not exist any more.");
    behalf::scope(cx, &invitation.scope, invitation.scope_uuid).await?.ok_or_else(gone)
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let before = store::hold(cx.tx, cx.found.id).await?;
    let state = before.state()?;
    if !matches!(state, State::Pending | State::Project) {
        return Err(Error::invalid("Only pending invitations can be edited."));
    }
    let email = input.text("email").unwrap_or(&before.email);
    let role = role_for(cx, input.uuid("role").or(Some(before.role_uuid)), &before.scope).await?;
    let mut changes = Vec::new();
    if email != before.email {
        // The record does not name who is invited; see `event`.
        changes.push(Change { field: "email".into(), before: "(an address)".into(), after: "(another)".into() });
    }
    if role.uuid != before.role_uuid {
        let (before, after) = (before.role_name.clone().into(), role.name.clone().into());
        changes.push(Change { field: "role".into(), before, after });
    }
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let (scope, role_id) = (scope_of(cx, &before).await?, role.id);
    behalf::would_allow(cx, &scope, role, Some(email)).await?;
    let key = rules::key(email);
    store::offer(cx.tx, before.id, email, &key, role_id, cx.actor.id).await.map_err(twice)?;
    let settings = Settings::load(&mut *cx.tx).await?;
    // What staff approved was another invitation.
    let mut more = Vec::new();
    if rules::first_state(&settings, cx.actor.is_staff(), cx.today(), before.start) == State::Requested {
        moved(store::step(cx.tx, before.id, state, State::Requested).await?)?;
        more = proceed(cx, before.id, &settings, false).await?;
    } else if key != rules::key(&before.email) {
        more = proceed(cx, before.id, &settings, false).await?;
    }
    let after = store::hold(cx.tx, before.id).await?;
    Ok(done(event("user_invitation_updated", &after).changes(changes), more))
}

async fn send(cx: &mut Cx<'_>) -> Result<Done> {
    let before = store::hold(cx.tx, cx.found.id).await?;
    let state = before.state()?;
    if !matches!(state, State::Pending | State::Expired | State::Canceled) {
        return Err(Error::invalid("Only pending, expired and canceled invitations can be resent."));
    }
    let scope = scope_of(cx, &before).await?;
    let role = role_for(cx, Some(before.role_uuid), &before.scope).await?;
    behalf::would_allow(cx, &scope, role, Some(&before.email)).await?;
    let settings = Settings::load(&mut *cx.tx).await?;
    let live = state == State::Pending && before.expires > cx.now;
    if !live {
        let start = store::start_of(cx.tx, &scope).await?;
        let to = rules::first_state(&settings, cx.actor.is_staff(), cx.today(), start);
        let expires = rules::expires(&settings, cx.now, start);
        let renewed = store::renew(cx.tx, before.id, state, to, cx.actor.id, cx.now, expires).await;
        moved(renewed.map_err(twice)?)?;
    }
    let more = proceed(cx, before.id, &settings, live).await?;
    Ok(done(event("user_invitation_sent", &before), more)
        .answer(serde_json::json!({ "detail": "Invitation sending has been successfully scheduled." })))
}

async fn cancel(cx: &mut Cx<'_>) -> Result<Done> {
    let before = store::hold(cx.tx, cx.found.id).await?;
    let state = before.state()?;
    if !matches!(state, State::Pending | State::Project) {
        return Err(Error::invalid("Only pending or planned invitations can be canceled."));
    }
    moved(store::step(cx.tx, before.id, state, State::Canceled).await?)?;
    store::forget_codes(cx.tx, before.id).await?;
    Ok(Done::event(event("user_invitation_canceled", &before)))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let before = store::hold(cx.tx, cx.found.id).await?;
    if !store::delete(cx.tx, before.id).await? {
        return Err(Error::NotFound);
    }
    Ok(Done::event(event("user_invitation_deleted", &before)))
}

/// The row was held, so nobody moved it meanwhile; if somebody did, nothing is done.
fn moved(moved: bool) -> Result<()> {
    moved.then_some(()).ok_or_else(|| Error::Conflict("The invitation has changed meanwhile.".into()))
}

fn done(event: Event, more: Vec<Event>) -> Done {
    more.into_iter().fold(Done::event(event), Done::and)
}
