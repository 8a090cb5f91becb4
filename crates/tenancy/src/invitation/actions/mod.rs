//! What can be done with invitations: making them, managing them, answering them, and deciding about those of others.

mod answer;
mod create;
mod decide;
mod manage;

pub use answer::{ACCEPT, CHECK, shown_by_code};
pub use create::{CHECK_DUPLICATES, CREATE};
pub use decide::{APPROVE, REJECT};
pub use manage::{CANCEL, DELETE, REMOVE, SEND, UPDATE};

use super::{
    State, letters,
    store::{self, Invitation},
};
use crate::{
    grant::{
        behalf,
        rules::{self as teams, Team},
    },
    role,
    settings::Settings,
};
use stoa_kernel::{
    Error, Result,
    access::{Found, Role},
    action::Cx,
    event::Event,
    field::{Check, Field, Kind},
    id::{self, Uuid},
};

const ROLE: Field = Field::new("role", Kind::Uuid, "Identifier of the role.");
const EMAIL: Field = Field::text("email", 254, "Address of the invited person.").check(Check::Email).not_blank();
const SCOPE: Field = Field::text("scope", 2000, "Address of what is invited to.").required();

/// The scope that a text names by its address or identifier, as far as the caller sees it and may bring people in; only the
/// identifier counts.
///
/// # Errors
/// Invalid for what he does not see; not found for where he may not (reference/invitations.md: existence is not told).
async fn scope(cx: &mut Cx<'_>, text: &str) -> Result<(Found, &'static Team)> {
    let last = text.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').rsplit('/').next();
    let uuid = last.and_then(id::parse).ok_or_else(|| Error::field("scope", "Invalid hyperlink - No URL match."))?;
    for team in teams::TEAMS {
        let Some(view) = cx.core.view_of(team.scope) else { continue };
        let Some(found) = cx.visible(view, uuid).await? else { continue };
        return match behalf::may_invite(cx.actor, team, &found).allowed {
            true => Ok((found, team)),
            false => Err(Error::NotFound),
        };
    }
    Err(Error::field("scope", "Invalid hyperlink - Object does not exist."))
}

/// An active role of this kind of scope.
async fn role_for(cx: &mut Cx<'_>, uuid: Option<Uuid>, scope: &str) -> Result<Role> {
    let found = role::store::known(cx.tx, cx.actor, &uuid.map(|uuid| id::hex(&uuid)).unwrap_or_default()).await?;
    let role = found.filter(|role| role.active).ok_or_else(|| Error::field("role", "Object does not exist."))?;
    if role.scope != scope {
        return Err(Error::invalid("Role and scope should belong to the same content type."));
    }
    Ok(role)
}

/// What follows from where an invitation has come: its letter, or the question to staff. Codes that were mailed before are
/// worth nothing any more unless they are `kept`.
async fn proceed(cx: &mut Cx<'_>, id: i64, settings: &Settings, kept: bool) -> Result<Vec<Event>> {
    if !kept {
        store::forget_codes(cx.tx, id).await?;
    }
    let invitation = store::hold(cx.tx, id).await?;
    match invitation.state()? {
        State::Pending => letters::invite(cx, &invitation, settings).await,
        State::Requested => letters::ask(cx, &invitation).await.map(|()| Vec::new()),
        _ => Ok(Vec::new()),
    }
}

/// What is said where such an invitation is open already.
fn twice(error: Error) -> Error {
    error.on_duplicate(store::KEY, "email", "Pending invitation already exists for this email and role.")
}

/// What the record says of an invitation. Who is invited it does not: not everybody who reads a feed may list invitations.
pub(super) fn event(kind: &'static str, invitation: &Invitation) -> Event {
    let done = match kind {
        "user_invitation_created" => "made",
        "user_invitation_sent" => "sent again",
        "user_invitation_canceled" => "canceled",
        "user_invitation_deleted" => "deleted",
        "user_invitation_approved" => "approved by staff",
        "user_invitation_rejected" => "rejected by staff",
        "user_invitation_expired" => "closed because its time is over",
        _ => "changed",
    };
    let (role, scope) = (&invitation.role_name, &invitation.scope_name);
    let team = teams::team(&invitation.scope);
    let event = Event::new(kind, format!("Invitation to role {role} in {scope} has been {done}."))
        .fact("invitation_uuid", id::hex(&invitation.uuid))
        .fact("scope_type", team.map_or(invitation.scope.as_str(), |team| team.model))
        .fact("scope_uuid", id::hex(&invitation.scope_uuid))
        .fact("scope_name", scope.clone())
        .fact("role_uuid", id::hex(&invitation.role_uuid))
        .fact("role_name", role.clone())
        .fact("customer_uuid", id::hex(&invitation.customer_uuid))
        .fact("customer_name", invitation.customer_name.clone())
        .feed("customer", invitation.customer_id);
    match team {
        Some(team) => event.feed(team.scope, invitation.scope_id),
        None => event,
    }
}
