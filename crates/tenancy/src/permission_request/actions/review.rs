//! Approving, rejecting, canceling and removing a request.

use super::{event, person};
use crate::{
    group_invitation::store as invitations,
    permission_request::{
        State,
        fulfil::{self, By, Offered},
        letters::{self, Told},
        store::{self, Stored},
        views::{PERMISSION_REQUESTS, REVIEW, REVIEWED},
    },
};
use serde_json::json;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input},
    id,
};

const PENDING: &[&str] = &[State::Pending.text()];

const COMMENT: &[Field] = &[Field::text("comment", 10_000, "What the reviewer says.").not_blank()];

/// Approves a request.
pub static APPROVE: Action = Action {
    name: "permission_request.approve",
    about: "Approve a request: give the role, with one's own authority.",
    target: Target::Thing(&REVIEWED),
    needs: REVIEW,
    from: PENDING,
    fields: COMMENT,
    events: &["user_permission_request_approved", "project_creation_succeeded", "role_granted", "role_updated"],
    run: |cx, input| Box::pin(approve(cx, input)),
};

/// Rejects a request.
pub static REJECT: Action = Action {
    name: "permission_request.reject",
    about: "Reject a request.",
    target: Target::Thing(&REVIEWED),
    needs: REVIEW,
    from: PENDING,
    fields: COMMENT,
    events: &["user_permission_request_rejected"],
    run: |cx, input| Box::pin(reject(cx, input)),
};

/// Cancels a request.
pub static CANCEL: Action = Action {
    name: "permission_request.cancel",
    about: "Take one's own request back.",
    target: Target::Thing(&PERMISSION_REQUESTS),
    needs: Needs::Any(&[Needs::Own, Needs::Staff]),
    from: &[],
    fields: &[],
    events: &["user_permission_request_canceled"],
    run: |cx, _| Box::pin(cancel(cx)),
};

/// Removes a request.
pub static DELETE: Action = Action {
    name: "permission_request.delete",
    about: "Remove a request; roles that it gave stay.",
    target: Target::Thing(&PERMISSION_REQUESTS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["user_permission_request_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn approve(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let request = store::hold(cx.tx, cx.found.id).await?;
    let next = request.state.to(State::Approved)?;
    let stored = invitations::answered(cx.tx, request.invitation_id).await?;
    let offered = Offered::of(cx, stored).await?;
    let person = person(cx, request.author).await?;
    if !person.is_active {
        return Err(Error::invalid("User is not found or not active."));
    }
    let given = fulfil::fulfil(cx, &offered, &request, &person, By::Caller).await?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let comment = input.text("comment");
    store::review(cx.tx, request.id, next, by, comment, cx.now).await?;
    let role = &offered.parts().granted().name;
    let told = Told { uuid: request.uuid, person: &person, scope: &offered.scope, role };
    letters::reviewed(cx, &told, next, comment).await?;
    let place = (&offered.scope, offered.stored.customer_id);
    let mut done = Done::event(event("user_permission_request_approved", request.uuid, &person, place, role));
    done.events.extend(given.events);
    Ok(done)
}

async fn reject(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let request = store::hold(cx.tx, cx.found.id).await?;
    let next = request.state.to(State::Rejected)?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let comment = input.text("comment");
    store::review(cx.tx, request.id, next, by, comment, cx.now).await?;
    let (offered, done) = recorded(cx, &request, "user_permission_request_rejected").await?;
    let person = person(cx, request.author).await?;
    let role = &offered.parts().granted().name;
    let told = Told { uuid: request.uuid, person: &person, scope: &offered.scope, role };
    letters::reviewed(cx, &told, next, comment).await?;
    Ok(done)
}

async fn cancel(cx: &mut Cx<'_>) -> Result<Done> {
    let request = store::hold(cx.tx, cx.found.id).await?;
    let next = request.state.to(State::Canceled);
    let next = next.map_err(|_| Error::invalid("Only pending or draft requests can be canceled."))?;
    store::set_state(cx.tx, request.id, next).await?;
    let (offered, done) = recorded(cx, &request, "user_permission_request_canceled").await?;
    Ok(done.answer(json!({
        "uuid": id::hex(&request.uuid),
        "scope_name": offered.scope.name,
        "scope_uuid": id::hex(&offered.scope.uuid),
    })))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let request = store::hold(cx.tx, cx.found.id).await?;
    let (_, done) = recorded(cx, &request, "user_permission_request_deleted").await?;
    store::delete(cx.tx, request.id).await?;
    Ok(done)
}

/// What goes on record of a request that gives nothing. Its scope may be gone: that is no reason to keep it.
async fn recorded(cx: &mut Cx<'_>, request: &Stored, kind: &'static str) -> Result<(Offered, Done)> {
    let stored = invitations::answered(cx.tx, request.invitation_id).await?;
    let person = person(cx, request.author).await?;
    let offered = Offered::even_gone(cx, stored).await?;
    let place = (&offered.scope, offered.stored.customer_id);
    let done = Done::event(event(kind, request.uuid, &person, place, &offered.parts().granted().name));
    Ok((offered, done))
}
