//! What happens to eligibilities by whatever hand: what the record says of them, and their end.

use super::store::{self, Eligibility, Which};
use crate::{
    activation,
    grant::{rules, store as grants, store::Recorded},
};
use stoa_kernel::{Result, Tx, access::Found, action::Cx, event::Event, id};

/// The events that the end of an eligibility may record: part of `events` of every action that ends one.
pub const ENDS: &[&str] = &["eligibility_revoked", "activation_cancelled", "activation_ended", "role_revoked"];

/// What the record says of an eligibility or an activation: in the feeds of the scope, its organization and the person.
pub async fn event(cx: &mut Cx<'_>, kind: &'static str, of: &Recorded, message: String) -> Event {
    let organization = grants::organization(cx.tx, of.customer_id).await.unwrap_or_default();
    let team = rules::team(&of.scope);
    let event = Event::new(kind, message)
        .fact("scope_type", team.map_or(of.scope.as_str(), |team| team.model))
        .fact("scope_uuid", id::hex(&of.scope_uuid))
        .fact("scope_name", of.scope_name.clone())
        .fact("role_name", of.role_name.clone())
        .fact("role_uuid", id::hex(&of.role_uuid))
        .fact("customer_uuid", id::hex(&organization.uuid))
        .fact("customer_name", organization.name)
        .fact("affected_user_uuid", id::hex(&of.user_uuid))
        .fact("affected_user_username", of.username.clone())
        .fact("affected_user_full_name", of.full_name.clone())
        .feed("customer", of.customer_id)
        .feed("user", of.user_id);
    match team {
        Some(team) => event.feed(team.scope, of.scope_id),
        None => event,
    }
}

/// What people call whoever a record is about.
pub fn person(of: &Recorded) -> &str {
    if of.full_name.is_empty() { &of.username } else { &of.full_name }
}

/// Notes that a scope has another name now.
pub async fn renamed(tx: &mut Tx, scope: &str, scope_id: i64, name: &str) -> Result<()> {
    store::renamed(tx, scope, scope_id, name).await?;
    activation::store::renamed(tx, scope, scope_id, name).await
}

/// Notes that a scope belongs to another organization now.
pub async fn moved(tx: &mut Tx, scope: &str, scope_id: i64, customer_id: i64) -> Result<()> {
    store::moved(tx, scope, scope_id, customer_id).await?;
    activation::store::moved(tx, scope, scope_id, customer_id).await
}

/// The scope of an eligibility, if it is still there.
pub async fn scope(cx: &mut Cx<'_>, of: &Recorded) -> Result<Option<Found>> {
    crate::grant::behalf::scope(cx, &of.scope, of.scope_uuid).await
}

/// Ends an eligibility, and what runs or waits because of it, at once.
pub async fn close(cx: &mut Cx<'_>, held: &Eligibility, by: Option<i64>, reason: &str) -> Result<Vec<Event>> {
    if !store::close(cx.tx, held.id, by, reason, cx.now).await? {
        return Ok(Vec::new());
    }
    let of = &held.of;
    let message = format!("User {} may no longer activate the role {} in {}.", person(of), of.role_name, of.scope_name);
    let told = event(cx, "eligibility_revoked", of, message).await;
    let mut events = vec![told.fact("eligibility_uuid", id::hex(&of.uuid)).fact("reason", reason)];
    events.extend(activation::course::stop(cx, of.uuid, by, reason).await?);
    Ok(events)
}

/// Ends every open eligibility of a person, or at a scope that goes.
pub async fn close_all(cx: &mut Cx<'_>, which: Which<'_>, reason: &str) -> Result<Vec<Event>> {
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let mut events = Vec::new();
    for uuid in store::open(cx.tx, which).await? {
        if let Some(held) = store::hold(cx.tx, uuid, cx.now).await? {
            events.extend(close(cx, &held, by, reason).await?);
        }
    }
    Ok(events)
}
