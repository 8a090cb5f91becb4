//! What can be done about where a role can be given. Staff do it.

use super::{
    rules::{Reach, Spot},
    store,
    views::AVAILABILITIES,
};
use crate::{
    customer::{self, views::CUSTOMERS},
    grant,
    project::views::PROJECTS,
    role::store::{self as roles, Stored},
};
use stoa_kernel::{
    Error, Result,
    access::{Found, Needs},
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Field, Input, Kind},
    id,
    view::View,
};

/// Why grants end whose place is taken away.
pub const REMOVED: &str = "Role availability removed";

const FIELDS: &[Field] = &[
    Field::new("role", Kind::Uuid, "Identifier of the role.").required(),
    Field::new("scope_type", Kind::Choice("RoleAvailabilityScopeType", &["customer", "project"]), "The kind of place.")
        .required(),
    Field::new("scope_uuid", Kind::Uuid, "Identifier of the place.").required(),
];

/// Names a place.
pub static CREATE: Action = Action {
    name: "role_availability.create",
    about: "Name a place at which a role can be given; with the first one it can no longer be given elsewhere.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["role_availability_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Takes a place away.
pub static DELETE: Action = Action {
    name: "role_availability.delete",
    about: "Take away a place at which a role can be given, and with it the roles that only this place allowed.",
    target: Target::Thing(&AVAILABILITIES),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["role_availability_deleted", "role_revoked"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let uuid = input.uuid("role").unwrap_or_default();
    let role = roles::named(cx.tx, &id::hex(&uuid)).await?;
    let role = role.ok_or_else(|| Error::field("role", "Role is not found."))?;
    let role = roles::stored(cx.tx, role.id).await?;
    let (scope, view): (&'static str, &'static View) = match input.text("scope_type") {
        Some("customer") => ("customer", &CUSTOMERS),
        _ => ("project", &PROJECTS),
    };
    let place = cx.visible(view, input.uuid("scope_uuid").unwrap_or_default()).await?;
    let place = place.ok_or_else(|| Error::field("scope_uuid", "Object does not exist."))?;
    if scope == "project" && role.scope != "project" {
        return Err(Error::field("scope_type", "Only roles of projects are limited to a project."));
    }
    let customer = place.at(if scope == "customer" { "itself" } else { "customer" }).unwrap_or_default();
    if role.owner.as_ref().is_some_and(|owner| owner.id != customer) {
        return Err(Error::field("scope_uuid", "An organization's own role stays in that organization."));
    }
    let (uuid, by) = (cx.uuid(), (cx.actor.id != 0).then_some(cx.actor.id));
    let made = store::insert(cx.tx, role.id, (scope, place.id), uuid, by, cx.now).await;
    let twice = "The fields role, scope_type, scope_uuid must make a unique set.";
    let key = made.map_err(|error| error.on_duplicate(store::KEY, "", twice))?;
    let event = event(cx, "role_availability_created", &role, Some(place), (scope, customer)).await?;
    Ok(Done::event(event).made("role_availability", key, uuid))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let (role, spot) = store::get(cx.tx, cx.found.id).await?;
    // Holding the role: nobody gives it, or takes another place away, meanwhile.
    let role = roles::stored(cx.tx, role).await?;
    if !store::delete(cx.tx, cx.found.id).await? {
        return Err(Error::NotFound);
    }
    let left = store::reach(&mut *cx.tx, role.id).await?;
    if left.owner.is_some() && left.places.is_empty() {
        return Err(Error::invalid("The last place of an organization's own role stays. Remove the role instead."));
    }
    let ended = match left.places.is_empty() {
        true => Vec::new(),
        false => uncovered(cx, role.id, &left, &spot).await?,
    };
    let view: &'static View = if spot.0 == "customer" { &CUSTOMERS } else { &PROJECTS };
    let place = at(cx, view, spot.1).await?;
    let customer = place.as_ref().and_then(|place| place.at(if spot.0 == "customer" { "itself" } else { "customer" }));
    let scope = if spot.0 == "customer" { "customer" } else { "project" };
    let event = event(cx, "role_availability_deleted", &role, place, (scope, customer.unwrap_or_default())).await?;
    Ok(ended.into_iter().fold(Done::event(event), Done::and))
}

/// Ends the open grants of a role at a place that nothing covers any more.
///
/// # Errors
/// Those of the store.
pub async fn uncovered(cx: &mut Cx<'_>, role: i64, left: &Reach, (scope, key): &Spot) -> Result<Vec<Event>> {
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let ends =
        |grant: &grant::store::Recorded| !left.covers(grant.customer_id, &[(grant.scope.clone(), grant.scope_id)]);
    let closed = grant::store::revoke_role(cx.tx, role, (scope, *key), ends, by, REMOVED, cx.now).await?;
    grant::actions::closed(cx, &closed, REMOVED).await
}

/// Ends the open grants on a project of roles that can't be given there: it has come to another organization.
///
/// # Errors
/// Those of the store.
pub async fn arrived(cx: &mut Cx<'_>, project: i64) -> Result<Vec<Event>> {
    let held = grant::store::roles_at(cx.tx, "project", project).await?;
    let mut events = Vec::new();
    for (role, reach) in store::reaches(&mut *cx.tx, held).await? {
        events.extend(uncovered(cx, role, &reach, &("project".to_owned(), project)).await?);
    }
    Ok(events)
}

/// The place with this key, if it is still there.
async fn at(cx: &mut Cx<'_>, view: &'static View, key: i64) -> Result<Option<Found>> {
    match store::uuid_of(cx.tx, view.thing, key).await? {
        Some(uuid) => cx.find(view, uuid).await,
        None => Ok(None),
    }
}

async fn event(
    cx: &mut Cx<'_>,
    kind: &'static str,
    role: &Stored,
    place: Option<Found>,
    (scope, customer): (&'static str, i64),
) -> Result<Event> {
    let done = if kind == "role_availability_created" { "can be given in" } else { "can no longer be given in" };
    let name = place.as_ref().map_or("a place that is gone", |place| place.name.as_str());
    let event = Event::new(kind, format!("Role {} {done} {name}.", role.name))
        .fact("role_uuid", id::hex(&role.uuid))
        .fact("role_name", role.name.clone());
    // Not in the feed of the role: everybody reads that, and which organizations there are is not for everybody.
    match place {
        None => Ok(event.feed("role", role.id)),
        Some(place) => Ok(event
            .fact("scope_type", scope)
            .fact("scope_uuid", id::hex(&place.uuid))
            .fact("scope_name", place.name.clone())
            .facts(customer::store::facts(cx.tx, customer).await?)
            .feed(scope, place.id)
            .feed("customer", customer)),
    }
}
