//! Answering an invitation.

use crate::{
    grant::behalf,
    invitation::{
        State, letters,
        rules::{self, Answerer},
        store::{self, Code, Invitation},
        views::MANAGED_INVITATIONS,
    },
    settings::Settings,
};
use serde_json::json;
use stoa_kernel::{
    Error, Result,
    access::{Actor, Needs},
    action::{Action, Cx, Done, Target},
    door::Core,
    field::{Field, Who},
    id::{self, Uuid},
};

/// What the path says: the code of the link, or the identifier of the invitation. It is no input that could be wrong in more
/// than one way: whatever names no invitation gets the one answer, so it is not checked as a field.
const BY: Field =
    Field::text("uuid", 200, "The code of the link, or the identifier of the invitation.").secret().only(Who::Nobody);

/// Says whether an invitation can be accepted.
pub static CHECK: Action = Action {
    name: "invitation.check",
    about: "Find out whether an invitation waits for an answer. Strangers are not told to whom it went.",
    target: Target::Nothing,
    needs: Needs::Nothing,
    from: &[],
    fields: &[BY],
    events: &[],
    run: |cx, _| Box::pin(check(cx)),
};

/// Accepts an invitation.
pub static ACCEPT: Action = Action {
    name: "invitation.accept",
    about: "Accept an invitation. Who offered the role must still be able to give it.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[BY],
    events: behalf::EVENTS,
    run: |cx, _| Box::pin(accept(cx)),
};

/// The invitation that a path names, held, and whether by the code of its link.
async fn named(cx: &mut Cx<'_>) -> Result<(Invitation, bool)> {
    let uuid = cx.body[BY.name].as_str().and_then(id::parse).ok_or(Error::NotFound)?;
    let (id, with_code) = match store::code(&mut *cx.tx, &store::hashed(&uuid), Code::Accept).await? {
        Some(code) => (code.invitation_id, true),
        None => (store::id_of(&mut *cx.tx, uuid).await?.ok_or(Error::NotFound)?, false),
    };
    Ok((store::hold(cx.tx, id).await?, with_code))
}

/// Whether it waits for an answer: its time counts, not whether a job has come by.
fn is_open(invitation: &Invitation, cx: &Cx<'_>) -> bool {
    invitation.state == State::Pending.text() && invitation.expires > cx.now
}

async fn check(cx: &mut Cx<'_>) -> Result<Done> {
    let (invitation, with_code) = named(cx).await?;
    if !is_open(&invitation, cx) {
        return Err(Error::NotFound);
    }
    let known = match store::answerer(&mut *cx.tx, cx.actor.id).await? {
        Some(person) => {
            let settings = Settings::load(&mut *cx.tx).await?;
            rules::is_for(&invitation, &person, with_code, settings.is_on("VALIDATE_INVITATION_EMAIL"))
                || cx.visible(&MANAGED_INVITATIONS, invitation.uuid).await?.is_some()
        }
        None => false,
    };
    let email = if known { invitation.email.clone() } else { rules::masked(&invitation.email) };
    let mut answer = json!({ "email": email });
    if !invitation.civil_number.is_empty() {
        answer["civil_number_required"] = true.into();
    }
    Ok(Done::unchanged().answer(answer))
}

async fn accept(cx: &mut Cx<'_>) -> Result<Done> {
    let (invitation, with_code) = named(cx).await?;
    let person = store::answerer(&mut *cx.tx, cx.actor.id).await?.ok_or(Error::NotFound)?;
    let settings = Settings::load(&mut *cx.tx).await?;
    let strict = settings.is_on("VALIDATE_INVITATION_EMAIL");
    if !is_open(&invitation, cx) || !rules::is_for(&invitation, &person, with_code, strict) {
        return Err(Error::NotFound);
    }
    may_take(cx, &invitation, &person, &settings).await?;
    if !store::accept(cx.tx, invitation.id, cx.actor.id, cx.now).await? {
        return Err(Error::NotFound);
    }
    store::forget_codes(cx.tx, invitation.id).await?;
    let scope = (invitation.scope.as_str(), invitation.scope_uuid);
    let given = behalf::grant(cx, invitation.authority_id, scope, invitation.role_uuid, cx.actor.uuid, None).await?;
    let event = given.event.ok_or_else(same_role)?.fact("invitation_uuid", id::hex(&invitation.uuid));
    letters::granted(cx, &invitation, &person).await?;
    let done = Done::event(event).made("invitation", invitation.id, invitation.uuid);
    Ok(done.answer(json!({ "detail": "Invitation has been accepted." })))
}

fn same_role() -> Error {
    Error::invalid("User has already the same role in this scope.")
}

/// What stands in the way on the side of the person, in the order of the reference.
async fn may_take(cx: &mut Cx<'_>, invitation: &Invitation, person: &Answerer, settings: &Settings) -> Result<()> {
    if store::holds(cx.tx, cx.actor.id, invitation, true, cx.now).await? {
        return Err(same_role());
    }
    if settings.is_on("ENABLE_STRICT_CHECK_ACCEPTING_INVITATION") && !person.is_addressed(invitation) {
        return Err(Error::invalid("User’s email and email of the invitation are not equal."));
    }
    if settings.is_on("INVITATION_DISABLE_MULTIPLE_ROLES")
        && store::holds(cx.tx, cx.actor.id, invitation, false, cx.now).await?
    {
        return Err(Error::invalid("User already has role within this scope."));
    }
    Ok(())
}

/// The identifier of the invitation whose link has this code, if this person could accept it: for showing it to him.
///
/// # Errors
/// Not found for every other code.
pub async fn shown_by_code(core: &Core, actor: &Actor, code: Uuid) -> Result<Uuid> {
    let mut reader = core.store.reader();
    let presented = store::code(&mut reader, &store::hashed(&code), Code::Accept).await?.ok_or(Error::NotFound)?;
    let person = store::answerer(&mut reader, actor.id).await?.ok_or(Error::NotFound)?;
    let strict = Settings::load(&mut reader).await?.is_on("VALIDATE_INVITATION_EMAIL");
    let invitation = store::get(&mut reader, presented.invitation_id).await?;
    let open = invitation.state == State::Pending.text() && invitation.expires > core.now();
    match open && rules::is_for(&invitation, &person, true, strict) {
        true => Ok(presented.invitation),
        false => Err(Error::NotFound),
    }
}
