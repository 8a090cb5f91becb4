//! Changing an address: ask, and confirm with the code that was mailed to the new one.
//!
//! Whoever controls the address of an account may come to control the account. So only its person and staff ask, with a
//! login of their own and not with a narrowed token or as somebody else; the code is used once, and kept as a hash; few
//! letters go out; and the old address is told.

use super::{actions, rules, store, views::USERS};
use crate::{
    letter::{self, Letter},
    settings::Settings,
};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Check, Field, Input, Kind},
    id,
};

/// The setting with the seconds for which a code can be used.
const MAX_AGE: &str = "EMAIL_CHANGE_MAX_AGE";

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
    cx.in_person()?;
    let user = store::brief(cx.tx, cx.found.id).await?;
    if !user.active {
        return Err(Error::Conflict("The account is not active.".into()));
    }
    if actions::protected(cx, &user).await?.iter().any(|field| field == "email") {
        return Err(Error::field("email", "The identity provider of the account manages its address."));
    }
    let email = input.text("email").unwrap_or_default();
    let clock = cx.clock().clone();
    let Some(code) = store::ask_email(cx.tx, &clock, user.id, email, cx.now).await? else {
        let message = "Too many letters have been sent for this account. Try again later.".into();
        return Err(Error::TooMany { message, retry_after: rules::LETTERS_SECONDS as u32 });
    };
    let language = store::fate(cx.tx, user.id).await?.language;
    let context = json!({
        "username": user.username,
        "full_name": user.full_name(),
        "email": email,
        "link": format!("/user_email_change/{}/", id::hex(&code)),
    });
    let key = "structure.change_email_request";
    let letter = Letter { to: email, key, context, language: &language, unique: None };
    letter::queue(cx.tx, cx.now, letter).await?;
    // The record names the address and never the code.
    let message = format!("Another email of user {} has been requested.", user.username);
    let change = Change { field: "requested_email".into(), before: json!(null), after: email.into() };
    let done = Done::event(user.event("user_update_succeeded", message).changes(vec![change]));
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
    let max_age = Settings::load(&mut *cx.tx).await?.int(MAX_AGE).unwrap_or(rules::EMAIL_CHANGE_MAX_AGE);
    if asked.created.plus_seconds(max_age) < cx.now {
        return Err(Error::field("code", "Request has expired."));
    }
    let before = store::brief(cx.tx, asked.user_id).await?;
    // The request is used up here: of two who confirm at once, the second finds none.
    if !before.active || !store::drop_email(cx.tx, before.id).await? {
        return Err(Error::NotFound);
    }
    let columns = vec![("email", Val::from(&asked.email)), ("modified", Val::Time(cx.now))];
    store::set(cx.tx, before.id, columns).await?;
    store::drop_emails_for(cx.tx, &asked.email).await?;
    warn(cx, &before).await?;
    let change = Change { field: "email".into(), before: before.email.clone().into(), after: asked.email.into() };
    let message = format!("User {} has been updated. Email has been changed.", before.username);
    let event = before.event("user_update_succeeded", message).changes(vec![change]);
    let done = Done::event(event).made("user", before.id, before.uuid);
    Ok(done.answer(json!({"detail": "Email has been successfully updated."})))
}

/// Tells the old address, which may be the only one that its person still reads. It does not learn the new one.
async fn warn(cx: &mut Cx<'_>, before: &store::Brief) -> Result<()> {
    if before.email.is_empty() {
        return Ok(());
    }
    let language = store::fate(cx.tx, before.id).await?.language;
    let context = json!({
        "username": before.username,
        "full_name": before.full_name(),
        "what": "email_changed",
        "at": cx.now.to_string(),
    });
    let (to, key) = (before.email.as_str(), "users.security_notice");
    letter::queue(cx.tx, cx.now, Letter { to, key, context, language: &language, unique: None }).await
}
