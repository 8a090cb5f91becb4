//! What needs another service: identity providers, SCIM, and the list of what a user has to do. None of them is there yet, and
//! each of these says so instead of pretending.

use super::super::{store, views::USERS};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::Field,
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

/// Computes a user's list of things to do. There is no such list yet.
pub static UPDATE_ACTIONS: Action = Action {
    name: "user.update_actions",
    about: "Compute anew what a user has to do.",
    target: Target::Thing(&USERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::text("provider_action_type", 200, "Only actions of this type.").nullable()],
    events: &[],
    run: |_, _| Box::pin(async { Err(Error::Conflict("User actions are not enabled.".into())) }),
};

/// Mails a user what he has to do. There is no such list yet.
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
    Err(Error::Conflict("User actions are not enabled.".into()))
}
