//! Ending, shortening or giving again a grant as a part of another action, such as a decision of a review. The actor of the context does it:
//! his authority counts at this moment, as if he did it by hand, and so does everything that a scope says about its team.

use super::{
    actions::{event, give},
    lent,
    rules::Team,
    scene::Scene,
    store::{self, Recorded},
};
use crate::access::permissions::Permission;
use serde_json::Value;
use stoa_kernel::{
    Error, Result, Time,
    access::Needs,
    action::Cx,
    event::{Change, Event},
};

/// What becomes of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision {
    /// It ends now.
    Revoke,
    /// It ends at this instant, which is earlier than its present end.
    Until(Time),
}

impl Revision {
    /// What it takes in a team, as by hand: at the scope or on its organization.
    pub fn permission(self, team: &Team) -> Permission {
        match self {
            Revision::Revoke => team.delete,
            Revision::Until(_) => team.update,
        }
    }
}

/// Ends or shortens an open grant, whose row has this key, and gives the event that says so with the reason.
///
/// # Errors
/// Forbidden for what the actor may not; invalid for what nobody may there, or what would leave an organization without an
/// owner; conflict if the grant is not open any more.
pub async fn revise(cx: &mut Cx<'_>, id: i64, revision: Revision, reason: &str) -> Result<Event> {
    let grant = store::recorded(cx.tx, id).await?;
    let scene = match revision {
        Revision::Revoke => Scene::of_grant(cx, &grant, |team| team.delete).await?,
        Revision::Until(_) => Scene::of_grant(cx, &grant, |team| team.update).await?,
    };
    let permission = revision.permission(scene.team);
    cx.decide(&Needs::Permission(permission.id(), &["itself", "customer"]), &scene.scope).required()?;
    if store::is_last_owner(cx.tx, &grant).await? {
        return Err(Error::invalid("The last owner of an organization with projects stays."));
    }
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let ended = || Error::Conflict("The role has ended meanwhile.".into());
    match revision {
        Revision::Revoke => {
            if !store::revoke(cx.tx, id, by, reason, cx.now).await? {
                return Err(ended());
            }
            Ok(event("role_revoked", &grant, scene.team, &scene.organization, Some(reason)))
        }
        Revision::Until(until) => {
            if !store::set_end(cx.tx, id, Some(until), by, cx.now).await? {
                return Err(ended());
            }
            let before = grant.until.map_or(Value::Null, |until| until.to_string().into());
            let change = Change { field: "expiration_time".into(), before, after: until.to_string().into() };
            let shortened = Recorded { until: Some(until), ..grant };
            let event = event("role_updated", &shortened, scene.team, &scene.organization, Some(reason));
            Ok(event.changes(vec![change]))
        }
    }
}

/// Gives a grant again that was taken away, whose row has this key: the same role, until the same end.
///
/// # Errors
/// Forbidden for what the actor may not hand on now; invalid for what nobody may, what would be over already, or what the person
/// holds.
pub async fn give_again(cx: &mut Cx<'_>, id: i64, reason: &str) -> Result<Event> {
    let grant = store::recorded(cx.tx, id).await?;
    let scene = Scene::of_grant(cx, &grant, |team| team.create).await?;
    lent::refuse(cx, grant.uuid).await?;
    cx.decide(&Needs::Permission(scene.team.create.id(), &["itself", "customer"]), &scene.scope).required()?;
    if grant.until.is_some_and(|until| until <= cx.now) {
        return Err(Error::invalid("Its time is over meanwhile."));
    }
    let (_, event) = give(cx, &scene).await?;
    Ok(event.fact("reason", reason))
}
