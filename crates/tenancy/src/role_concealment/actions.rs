//! What can be done about roles that an organization does not use. Staff do it.

use super::{store, views::CONCEALMENTS};
use crate::{
    customer::{self, views::CUSTOMERS},
    grant,
    role::store::{self as roles, Stored},
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Field, Input, Kind},
    id::{self, Uuid},
};

/// Hides a role.
pub static CREATE: Action = Action {
    name: "role_concealment.create",
    about: "Hide a role in an organization: it can't be given there any more; who holds it keeps it.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::new("role", Kind::Uuid, "Identifier of the role.").required(),
        Field::new("customer", Kind::Uuid, "Identifier of the organization.").required(),
    ],
    events: &["role_concealed"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Shows a role again.
pub static DELETE: Action = Action {
    name: "role_concealment.delete",
    about: "Show a role again that was hidden in an organization: it can be given there.",
    target: Target::Thing(&CONCEALMENTS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["role_revealed"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let customer = organization(cx, &input).await?;
    let uuid = input.uuid("role").unwrap_or_default();
    let role = roles::named(cx.tx, &id::hex(&uuid)).await?;
    let role = role.ok_or_else(|| Error::field("role", "Role is not found."))?;
    let role = roles::stored(cx.tx, role.id).await?;
    let Some((key, uuid, event)) = conceal(cx, &role, customer).await? else {
        return Err(Error::invalid("The fields role, customer must make a unique set."));
    };
    Ok(Done::event(event).made("role_concealment", key, uuid))
}

/// Key of the organization that an input names; held until the transaction ends, so that of two roles hidden at once the second is
/// checked after the first.
///
/// # Errors
/// Invalid for one that is not there, or is shut.
pub async fn organization(cx: &mut Cx<'_>, input: &Input) -> Result<i64> {
    let found = cx.visible(&CUSTOMERS, input.uuid("customer").unwrap_or_default()).await?;
    let found = found.ok_or_else(|| Error::field("customer", "Object does not exist."))?;
    customer::store::lock(cx.tx, found.id).await?;
    customer::store::require_open(cx.tx, found.id).await?;
    Ok(found.id)
}

/// Hides a role, which the caller holds, in an organization, which the caller holds too. `None` if it is hidden already.
///
/// # Errors
/// Invalid if nobody could be given the right to give roles of this kind afterwards.
pub async fn conceal(cx: &mut Cx<'_>, role: &Stored, customer: i64) -> Result<Option<(i64, Uuid, Event)>> {
    let (uuid, by) = (cx.uuid(), (cx.actor.id != 0).then_some(cx.actor.id));
    let Some(key) = store::insert(cx.tx, role.id, customer, uuid, by, cx.now).await? else { return Ok(None) };
    if let Some(team) = grant::rules::team(&role.scope)
        && role.is_active
        && role.permissions.contains(team.create.id())
    {
        let offers = roles::Offers::read(&mut *cx.tx, vec![customer]).await?;
        let mut left = offers.at(customer, 0).filter(|left| left.role.scope == role.scope);
        if !left.any(|left| left.role.permissions.contains(team.create.id())) {
            return Err(Error::invalid("Cannot conceal the last role that can grant access for this organization."));
        }
    }
    Ok(Some((key, uuid, event(cx, "role_concealed", role, customer).await?)))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let (role, customer) = store::get(cx.tx, cx.found.id).await?;
    let role = roles::stored(cx.tx, role).await?;
    if !store::delete(cx.tx, cx.found.id).await? {
        return Err(Error::NotFound);
    }
    Ok(Done::event(event(cx, "role_revealed", &role, customer).await?))
}

async fn event(cx: &mut Cx<'_>, kind: &'static str, role: &Stored, customer: i64) -> Result<Event> {
    let facts = customer::store::facts(cx.tx, customer).await?;
    let name = facts.get("customer_name").and_then(serde_json::Value::as_str).unwrap_or_default();
    let done = if kind == "role_concealed" { "has been hidden" } else { "is no longer hidden" };
    Ok(Event::new(kind, format!("Role {} {done} in {name}.", role.name))
        .facts(facts)
        .fact("role_uuid", id::hex(&role.uuid))
        .fact("role_name", role.name.clone())
        // Not in the feed of the role: everybody reads that, and which organizations there are is not for everybody.
        .feed("customer", customer))
}
