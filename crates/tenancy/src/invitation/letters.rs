//! The letters of invitations. A code leaves the house in a letter's links and nowhere else.

use super::{
    Execution, HAND_OVER, rules,
    store::{self, Code, Decider, Invitation},
};
use crate::{
    access::directory,
    letter::{self, Letter},
    settings::Settings,
    user,
};
use serde_json::{Value, json};
use stoa_kernel::{
    Result,
    action::Cx,
    event::Event,
    id,
    store::jobs::{self, NewJob},
};

/// The reminder of an invitation that ends soon.
const REMINDER: &str = "users.invitation_reminder";

/// What every letter about an invitation may say.
fn context(invitation: &Invitation) -> Value {
    let role = match invitation.role_description.as_str() {
        "" => &invitation.role_name,
        description => description,
    };
    json!({
        "invitation": id::hex(&invitation.uuid),
        "email": invitation.email,
        "full_name": invitation.full_name,
        "inviter": invitation.inviter,
        "role": role,
        "scope_type": invitation.scope.replace('_', " "),
        "scope_name": invitation.scope_name,
        "organization": invitation.customer_name,
        "text": invitation.text,
        "expires": invitation.expires.to_string(),
    })
}

fn with(mut context: Value, more: &[(&str, String)]) -> Value {
    for (name, text) in more {
        context[*name] = text.clone().into();
    }
    context
}

/// Invites: a letter with a fresh code, and an account for who has none, where the installation makes one. Gives the events
/// besides the action's own.
pub async fn invite(cx: &mut Cx<'_>, invitation: &Invitation, settings: &Settings) -> Result<Vec<Event>> {
    letter(cx, invitation, settings, "users.invitation_created").await
}

/// Reminds of an invitation that ends soon: what [`invite`] does, in other words.
pub async fn remind(cx: &mut Cx<'_>, invitation: &Invitation, settings: &Settings) -> Result<Vec<Event>> {
    letter(cx, invitation, settings, REMINDER).await
}

async fn letter(
    cx: &mut Cx<'_>,
    invitation: &Invitation,
    settings: &Settings,
    key: &'static str,
) -> Result<Vec<Event>> {
    // Another system sends the letters of projects where staff want it so; it knows itself when to remind.
    let handed_over = settings.is_on("INVITATION_USE_WEBHOOKS") && invitation.scope == "project";
    if handed_over && key == REMINDER {
        return Ok(Vec::new());
    }
    let mut events = Vec::new();
    if settings.is_on("INVITATION_CREATE_MISSING_USER") {
        events.extend(account(cx, invitation).await?);
    }
    let code = cx.uuid();
    store::keep_code(cx.tx, invitation.id, &store::hashed(&code), Code::Accept, None, cx.now).await?;
    store::executed(cx.tx, invitation.uuid, Execution::Scheduled, "").await?;
    let link = format!("/invitation/{}/", id::hex(&code));
    if handed_over {
        hand_over(cx, invitation, link).await?;
        return Ok(events);
    }
    let letter = Letter {
        to: &invitation.email,
        key,
        context: with(context(invitation), &[("link", link)]),
        language: "",
        unique: None,
    };
    letter::queue(cx.tx, cx.now, letter).await?;
    Ok(events)
}

/// Queues what is told to the system that sends the letters. Its links are paths, as in letters.
async fn hand_over(cx: &mut Cx<'_>, invitation: &Invitation, link: String) -> Result<()> {
    let payload = json!({
        "email": invitation.email,
        "role_name": invitation.role_name,
        "role_description": invitation.role_description,
        "scope_type": invitation.scope,
        "scope_name": invitation.scope_name,
        "scope_uuid": id::hex(&invitation.scope_uuid),
        "scope_slug": invitation.scope_slug,
        "extra_invitation_text": invitation.text,
        "created_by_full_name": invitation.inviter_full_name,
        "created_by_username": invitation.inviter_username,
        "expires": invitation.expires.to_string(),
        "redirect_scope_url": format!("/projects/{}/", id::hex(&invitation.scope_uuid)),
        "redirect_url": link,
        "invitation_uuid": id::hex(&invitation.uuid),
    });
    let job = NewJob { kind: HAND_OVER, payload, run_at: cx.now, unique_key: None };
    jobs::enqueue(cx.tx, &job).await.map(drop)
}

/// An account for the invited person, without a password: he signs in through an identity provider, or asks staff.
async fn account(cx: &mut Cx<'_>, invitation: &Invitation) -> Result<Option<Event>> {
    let key = rules::key(&invitation.email);
    if user::rules::username(&key).is_some()
        || key.len() > 128
        || store::has_account(cx.tx, &invitation.civil_number, &key).await?
    {
        return Ok(None);
    }
    let (first, last) = invitation.full_name.trim().rsplit_once(' ').unwrap_or((invitation.full_name.trim(), ""));
    let new = user::store::NewUser {
        username: key.clone(),
        email: invitation.email.clone(),
        first_name: first.trim().to_owned(),
        last_name: last.to_owned(),
        organization: invitation.organization.clone(),
        token_lifetime: Some(user::store::TOKEN_LIFETIME),
        ..user::store::NewUser::default()
    };
    let core = cx.core;
    let (user_id, uuid) = user::store::create_user(cx.tx, &core.clock, cx.now, new).await?;
    let event = Event::new("user_creation_succeeded", format!("User {key} has been created for an invitation."))
        .fact("affected_user_uuid", id::hex(&uuid))
        .fact("affected_user_username", key)
        .feed("user", user_id);
    Ok(Some(event))
}

/// Asks staff to decide, each with a code of his own.
pub async fn ask(cx: &mut Cx<'_>, invitation: &Invitation) -> Result<()> {
    for Decider { id: staff, email, language } in store::deciders(cx.tx).await? {
        let code: String = cx.clock().secret::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
        store::keep_code(cx.tx, invitation.id, &directory::hash(&code), Code::Decide, Some(staff), cx.now).await?;
        let links =
            [("link", format!("/invitation_approve/{code}/")), ("reject_link", format!("/invitation_reject/{code}/"))];
        let context = with(context(invitation), &links);
        let key = "users.invitation_requested";
        letter::queue(cx.tx, cx.now, Letter { to: &email, key, context, language: &language, unique: None }).await?;
    }
    Ok(())
}

/// Tells the inviter what became of his invitation.
pub async fn tell_inviter(cx: &mut Cx<'_>, key: &'static str, invitation: &Invitation) -> Result<()> {
    if invitation.inviter_email.is_empty() {
        return Ok(());
    }
    let (to, language) = (&invitation.inviter_email, &invitation.inviter_language);
    let context = context(invitation);
    letter::queue(cx.tx, cx.now, Letter { to, key, context, language, unique: None }).await
}

/// Tells who accepted which role he has now.
pub async fn granted(cx: &mut Cx<'_>, invitation: &Invitation, person: &rules::Answerer) -> Result<()> {
    if person.email.is_empty() || !person.notified {
        return Ok(());
    }
    let (to, language, key) = (&person.email, &person.language, "structure.structure_role_granted");
    let page = match invitation.scope.as_str() {
        "project" => format!("/projects/{}/", id::hex(&invitation.scope_uuid)),
        _ => format!("/organizations/{}/dashboard/", id::hex(&invitation.customer_uuid)),
    };
    let context = with(context(invitation), &[("user", cx.actor.full_name.clone()), ("link", page)]);
    letter::queue(cx.tx, cx.now, Letter { to, key, context, language, unique: None }).await
}
