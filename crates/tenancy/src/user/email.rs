//! Changing an address: ask, and confirm with the code that was mailed to the new one.

use super::{store, views::USERS};
use crate::letter::{self, Letter};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Check, Field, Input, Kind},
    id,
};

/// Seconds for which a code can be used.
const MAX_AGE: i64 = 86_400;

/// Asks for a new address. A code goes there; nothing changes until it comes back.
pub static ASK: Action = Action {
    name: "user.change_email",
    about: "Ask for another address: a code is mailed there, and confirms it.",
    target: Target::Thing(&USERS),
    needs: Needs::InPerson(&Needs::Any(&[Needs::Staff, Needs::Own])),
    from: &[],
    fields: &[Field::text("email", 320, "The new address.").required().check(Check::Email)],
    events: &["user_update_succeeded"],
    run: |cx, input| Box::pin(ask(cx, input)),
};

/// Takes the request back.
pub static CANCEL: Action = Action {
    name: "user.cancel_change_email",
    about: "Take the request for another address back.",
    target: Target::Thing(&USERS),
    needs: Needs::InPerson(&Needs::Any(&[Needs::Staff, Needs::Own])),
    from: &[],
    fields: &[],
    events: &["user_update_succeeded"],
    run: |cx, _| Box::pin(cancel(cx)),
};

/// Confirms a new address. Whoever has the code has read the mail, so nobody needs to be signed in.
pub static CONFIRM: Action = Action {
    name: "user.confirm_email",
    about: "Confirm another address with the code that was mailed there.",
    target: Target::Nothing,
    needs: Needs::Nothing,
    from: &[],
    fields: &[Field::new("code", Kind::Json, "The code.")],
    events: &["user_update_succeeded"],
    run: |cx, input| Box::pin(confirm(cx, input)),
};

async fn ask(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let user = store::brief(cx.tx, cx.found.id).await?;
    let email = input.text("email").unwrap_or_default();
    let clock = cx.clock().clone();
    let code = store::ask_email(cx.tx, &clock, user.id, email, cx.now).await?;
    let context = json!({
        "username": user.username,
        "full_name": user.full_name(),
        "email": email,
        "link": format!("/user_email_change/{}/", id::hex(&code)),
    });
    let letter = Letter { to: email, key: "structure.change_email_request", context, language: "", unique: None };
    letter::queue(cx.tx, cx.now, letter).await?;
    // The record names the address and never the code.
    let message = format!("A change of the email of user {} to {email} has been requested.", user.username);
    let done = Done::event(user.event("user_update_succeeded", message));
    Ok(done.answer(json!({"detail": "The change email request has been successfully created."})))
}

async fn cancel(cx: &mut Cx<'_>) -> Result<Done> {
    let user = store::brief(cx.tx, cx.found.id).await?;
    if !store::drop_email(cx.tx, user.id).await? {
        return Ok(Done::unchanged().answer(json!({"detail": "The change email request has not been found."})));
    }
    let message = format!("The request for another email of user {} has been cancelled.", user.username);
    let done = Done::event(user.event("user_update_succeeded", message));
    Ok(done.answer(json!({"detail": "The change email request has been successfully canceled."})))
}

async fn confirm(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let code = input.json("code").and_then(|code| code.as_str()).and_then(id::parse);
    let code = code.ok_or_else(|| Error::field("code", "The confirmation code is required."))?;
    let asked = store::asked_email(cx.tx, code).await?.ok_or(Error::NotFound)?;
    if asked.created.plus_seconds(MAX_AGE) < cx.now {
        return Err(Error::field("code", "Request has expired."));
    }
    let before = store::brief(cx.tx, asked.user_id).await?;
    let columns = vec![("email", Val::from(&asked.email)), ("modified", Val::Time(cx.now))];
    store::set(cx.tx, before.id, columns).await?;
    store::drop_emails_for(cx.tx, &asked.email).await?;
    let change = Change { field: "email".into(), before: before.email.clone().into(), after: asked.email.into() };
    let message = format!("User {} has been updated. Email has been changed.", before.username);
    let event = before.event("user_update_succeeded", message).changes(vec![change]);
    let done = Done::event(event).made("user", before.id, before.uuid);
    Ok(done.answer(json!({"detail": "Email has been successfully updated."})))
}
