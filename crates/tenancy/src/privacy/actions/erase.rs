//! Erasure: a person is forgotten, and a pseudonym stays where the installation has to account for what was done.
//!
//! A person asks for it; staff carry it out. It can't be taken back, so whoever does it types the name of the account.

use super::super::rules::{self, Words};
use crate::{
    activation, agreement,
    audit::rules::CAUSE,
    data_access,
    eligibility::{self, store::Which},
    file, grant, key, token,
    user::{
        store::{self, Brief},
        views::USERS,
    },
    uses, version,
};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::{self, Event},
    field::{Field, Input},
    id,
};

/// Erases a person, or asks for it.
pub static ERASE: Action = Action {
    name: "user.erase",
    about: "Erase a person: a pseudonym stays. Staff do it; a person asks for it for himself. It can't be taken back.",
    target: Target::Thing(&USERS),
    needs: Needs::Any(&[Needs::Staff, Needs::Own]),
    from: &[],
    fields: &[Field::text("username", 128, "The name of the account, typed to confirm.").required()],
    events: &[
        "user_erased",
        "user_erasure_requested",
        "role_revoked",
        "eligibility_revoked",
        "activation_cancelled",
        "activation_ended",
    ],
    run: |cx, input| Box::pin(erase(cx, input)),
};

/// Takes the wish to be erased back.
pub static CANCEL: Action = Action {
    name: "user.cancel_erasure",
    about: "Take back the wish to be erased, while it has not been carried out.",
    target: Target::Thing(&USERS),
    needs: Needs::Any(&[Needs::Staff, Needs::Own]),
    from: &[],
    fields: &[],
    events: &["user_erasure_cancelled"],
    run: |cx, _| Box::pin(cancel(cx)),
};

async fn erase(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    cx.in_person()?;
    let user = store::brief(cx.tx, cx.found.id).await?;
    let fate = store::fate(cx.tx, user.id).await?;
    if fate.erased {
        return Ok(Done::unchanged().answer(json!({"status": "erased", "username": user.username})));
    }
    if input.text("username") != Some(user.username.as_str()) {
        return Err(Error::field("username", "Type the name of the account to confirm."));
    }
    if user.staff {
        return Err(Error::Conflict("Staff is not erased. Take the staff status from the account first.".into()));
    }
    let alone = grant::store::owned_alone(cx.tx, user.id, cx.now).await?;
    if !alone.is_empty() {
        let text = format!("The last owner of an organization with projects is not erased: {}.", alone.join(", "));
        return Err(Error::Conflict(text));
    }
    if user.id == cx.actor.id {
        return request(cx, &user, fate.erasure_requested.is_some()).await;
    }
    carry_out(cx, &user, &fate).await
}

async fn request(cx: &mut Cx<'_>, user: &Brief, known: bool) -> Result<Done> {
    let answer = json!({"status": "requested", "username": user.username});
    if known {
        return Ok(Done::unchanged().answer(answer));
    }
    store::set(cx.tx, user.id, vec![("erasure_requested_at", Val::Time(cx.now))]).await?;
    let message = format!("User {} has asked to be erased.", user.username);
    Ok(Done::event(user.event("user_erasure_requested", message)).answer(answer))
}

async fn cancel(cx: &mut Cx<'_>) -> Result<Done> {
    let user = store::brief(cx.tx, cx.found.id).await?;
    let answer = json!({"status": "none", "username": user.username});
    if store::fate(cx.tx, user.id).await?.erasure_requested.is_none() {
        return Ok(Done::unchanged().answer(answer));
    }
    store::set(cx.tx, user.id, vec![("erasure_requested_at", Val::Null)]).await?;
    let message = format!("The wish of user {} to be erased has been taken back.", user.username);
    Ok(Done::event(user.event("user_erasure_cancelled", message)).answer(answer))
}

async fn carry_out(cx: &mut Cx<'_>, user: &Brief, fate: &store::Fate) -> Result<Done> {
    let pseudonym = rules::pseudonym(&user.uuid);
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let closed = grant::store::revoke_person(cx.tx, user.id, by, "The person was erased", cx.now).await?;
    token::store::end_every(cx.tx, user.id).await?;
    token::store::forget_failures(cx.tx, &user.username).await?;
    key::store::delete_all(cx.tx, user.id).await?;
    store::forget_email(cx.tx, user.id).await?;
    agreement::store::forget_addresses(cx.tx, user.id).await?;
    data_access::store::forget(cx.tx, user.id).await?;
    activation::store::forget(cx.tx, user.id).await?;
    uses::store::forget(cx.tx, user.uuid).await?;
    version::store::forget(cx.tx, "user", user.id).await?;
    version::store::forget_by(cx.tx, "ssh_key", user.id).await?;
    store::erase(cx.tx, user.id, &pseudonym, cx.now).await?;
    if let Some(image) = fate.image {
        file::store::delete(cx.tx, image).await?;
    }
    let words = Words::of(user, fate, &pseudonym);
    let failed = format!("User {} failed to authenticate with username and password.", user.username);
    let saying = ("auth_login_failed_with_username", failed.as_str());
    let edit = |told: &mut event::Told| words.redact(told);
    let cause = cx.core.clock.uuid();
    let redacted = event::redact(cx.tx, ("user", user.id), user.id, saying, cause, &edit).await?;
    // What is recorded from here on knows the pseudonym only.
    let gone = store::brief(cx.tx, user.id).await?;
    let message = format!("A person has been erased; {pseudonym} is left, and {redacted} events were redacted.");
    let erased: Event = gone
        .event("user_erased", message)
        .fact("pseudonym", pseudonym.clone())
        .fact("redacted_events", i64::try_from(redacted).unwrap_or(i64::MAX))
        .fact(CAUSE, id::hex(&cause));
    let mut done = Done::event(erased).answer(json!({"status": "erased", "username": pseudonym}));
    let closed: Vec<_> = closed
        .into_iter()
        .map(|one| grant::store::Recorded { username: pseudonym.clone(), full_name: String::new(), ..one })
        .collect();
    for event in grant::actions::closed(cx, &closed, "The person was erased").await? {
        done = done.and(event);
    }
    for event in eligibility::course::close_all(cx, Which::Of(user.id), "The person was erased").await? {
        done = done.and(event);
    }
    Ok(done.made("user", user.id, gone.uuid))
}

/// How an erased person is found in what other areas keep: the fact of `user_erased`, for listeners.
pub fn erased_uuid(event: &Event) -> Option<id::Uuid> {
    event.context.get("affected_user_uuid").and_then(|uuid| uuid.as_str()).and_then(id::parse)
}
