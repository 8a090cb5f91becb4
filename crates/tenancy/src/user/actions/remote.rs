//! What others do: remote identity services and SCIM, which are not there and say so instead of pretending, and the list of
//! what a user has to do, which support computes.

use super::super::{store, views::USERS};
use crate::settings::Settings;
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input},
    store::jobs::{self, NewJob},
};

/// Fetches a profile from a remote identity service. None is configured yet.
pub static PULL: Action = Action {
    name: "user.pull",
    about: "Fetch a profile from the remote identity service that the account came from.",
    target: Target::Thing(&USERS),
    needs: Needs::Any(&[Needs::Staff, Needs::Own]),
    from: &[],
    fields: &[],
    events: &[],
    run: |cx, _| Box::pin(pull(cx)),
};

/// Pushes every user to an identity service by SCIM. None is configured yet.
pub static SYNC_ALL: Action = Action {
    name: "user.sync_all",
    about: "Synchronize all users by SCIM.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &[],
    run: |_, _| Box::pin(async { Err(Error::Conflict("SCIM synchronization is not configured.".into())) }),
};

/// Fetches the SCIM attributes of one user. No service is configured yet.
pub static PULL_ATTRIBUTES: Action = Action {
    name: "user.pull_attributes",
    about: "Fetch a user's attributes by SCIM.",
    target: Target::Thing(&USERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &[],
    run: |_, _| Box::pin(async { Err(Error::Conflict("SCIM synchronization is not configured.".into())) }),
};

/// The job that computes what needs users' attention; its payload may name one `user` by key and one `provider_action_type`.
/// Support's user actions run it.
pub const REFRESH_JOB: &str = "user_actions.refresh";

/// The job that mails users what needs their attention; its payload may name one `user` by key. Support's user actions run it.
pub const DIGEST_JOB: &str = "user_actions.digest";

/// Has a user's list of things to do computed.
pub static UPDATE_ACTIONS: Action = Action {
    name: "user.update_actions",
    about: "Compute anew what a user has to do.",
    target: Target::Thing(&USERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::text("provider_action_type", 200, "Only actions of this type.").nullable()],
    events: &[],
    run: |cx, input| Box::pin(update_actions(cx, input)),
};

/// Has a user mailed what he has to do.
pub static NOTIFY: Action = Action {
    name: "user.send_notification",
    about: "Mail a user what he has to do.",
    target: Target::Thing(&USERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &[],
    run: |cx, _| Box::pin(notify(cx)),
};

async fn pull(cx: &mut Cx<'_>) -> Result<Done> {
    let user = store::brief(cx.tx, cx.found.id).await?;
    if user.registration_method != "eduteams" {
        return Err(Error::invalid("The user was not registered with eduTEAMS."));
    }
    Err(Error::Conflict("Remote eduTEAMS is not configured.".into()))
}

async fn notify(cx: &mut Cx<'_>) -> Result<Done> {
    if store::brief(cx.tx, cx.found.id).await?.email.is_empty() {
        return Err(Error::invalid("The user has no email address."));
    }
    let message = format!("{} gets a letter about what needs attention.", cx.found.name);
    let done = later(cx, DIGEST_JOB, json!({"user": cx.found.id})).await?;
    Ok(done.answer(json!({"status": "scheduled", "message": message})))
}

async fn update_actions(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let only = input.text("provider_action_type");
    let message = format!("What {} has to do is computed anew.", cx.found.name);
    let done = later(cx, REFRESH_JOB, json!({"user": cx.found.id, "provider_action_type": only})).await?;
    Ok(done.answer(json!({"status": "scheduled", "message": message, "provider_action_type": only})))
}

/// Queues a job about user actions, unless they are switched off.
async fn later(cx: &mut Cx<'_>, kind: &'static str, payload: Value) -> Result<Done> {
    if !Settings::load(&mut *cx.tx).await?.is_on("USER_ACTIONS_ENABLED") {
        return Err(Error::Conflict("User actions are not enabled.".into()));
    }
    jobs::enqueue(cx.tx, &NewJob { kind, payload, run_at: cx.now, unique_key: None }).await?;
    Ok(Done::unchanged())
}
