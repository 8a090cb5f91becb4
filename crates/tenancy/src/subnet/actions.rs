//! What can be done with access subnets. A wrong one locks people out; staff and support agents are never locked out.

use super::{rules, store, views::ACCESS_SUBNETS};
use crate::{
    access::permissions::Permission,
    customer::{self, views::CUSTOMERS},
};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Check, Field, Input, Kind},
    id, record,
};

const FIELDS: &[Field] = &[
    Field::text("inet", 50, "The network, such as 192.0.2.1/32.").required().check(Check::By(rules::check)).stored(),
    Field::text("description", 4096, "Description.").stored(),
    Field::new("customer", Kind::Link("customer"), "The organization.").required().fixed().stored_in("customer_id"),
];

/// Adds a subnet.
pub static CREATE: Action = Action {
    name: "access_subnet.create",
    about: "Let people of an organization in from one more network; the first one shuts out all others.",
    target: Target::Parent("customer", &CUSTOMERS),
    needs: Needs::Permission(Permission::AccessSubnetCreate.id(), &["itself"]),
    from: &[],
    fields: FIELDS,
    events: &["access_subnet_creation_succeeded"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a subnet.
pub static UPDATE: Action = Action {
    name: "access_subnet.update",
    about: "Change a network from which people are let in.",
    target: Target::Thing(&ACCESS_SUBNETS),
    needs: Needs::Permission(Permission::AccessSubnetUpdate.id(), &["customer"]),
    from: &[],
    fields: FIELDS,
    events: &["access_subnet_update_succeeded"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a subnet.
pub static DELETE: Action = Action {
    name: "access_subnet.delete",
    about: "Remove a network from which people are let in; without any, all are let in.",
    target: Target::Thing(&ACCESS_SUBNETS),
    needs: Needs::Permission(Permission::AccessSubnetDelete.id(), &["customer"]),
    from: &[],
    fields: &[],
    events: &["access_subnet_deletion_succeeded"],
    run: |cx, _| Box::pin(delete(cx)),
};

fn taken(error: Error) -> Error {
    error.on_duplicate(store::KEY, "", "The fields customer, inet must make a unique set.")
}

fn spell(input: &mut Input) {
    if let Some(inet) = input.text("inet").and_then(rules::spelled) {
        input.set("inet", inet);
    }
}

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let customer = cx.found.id;
    customer::store::lock(cx.tx, customer).await?;
    customer::store::require_open(cx.tx, customer).await?;
    spell(&mut input);
    let uuid = cx.uuid();
    let id =
        record::insert(cx.tx, store::TABLE, FIELDS, &input, vec![("uuid", Val::Uuid(uuid))]).await.map_err(taken)?;
    customer::store::note_subnets(cx.tx, customer).await?;
    let event = event(cx, "access_subnet_creation_succeeded", "created", id, customer, vec![]).await?;
    // The first subnet can shut out the very person who adds it, so the answer does not ask what he sees afterwards.
    let answer = json!({
        "uuid": id::hex(&uuid),
        "inet": input.text("inet"),
        "description": input.text("description").unwrap_or_default(),
        "customer": id::hex(&cx.found.uuid),
        "customer_uuid": id::hex(&cx.found.uuid),
        "customer_name": cx.found.name,
        "scoped_offerings": [],
        "is_staff_managed": false,
    });
    Ok(Done::event(event).made("access_subnet", id, uuid).answer(answer))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let id = cx.found.id;
    let (_, customer) = store::get(cx.tx, id).await?;
    customer::store::require_open(cx.tx, customer).await?;
    spell(&mut input);
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, vec![]).await.map_err(taken)?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    Ok(Done::event(event(cx, "access_subnet_update_succeeded", "updated", id, customer, changes).await?))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let id = cx.found.id;
    let (_, customer) = store::get(cx.tx, id).await?;
    customer::store::lock(cx.tx, customer).await?;
    customer::store::require_open(cx.tx, customer).await?;
    let event = event(cx, "access_subnet_deletion_succeeded", "deleted", id, customer, vec![]).await?;
    store::delete(cx.tx, id).await?;
    customer::store::note_subnets(cx.tx, customer).await?;
    Ok(Done::event(event))
}

/// The event of one of these actions.
async fn event(
    cx: &mut Cx<'_>,
    kind: &'static str,
    what: &str,
    id: i64,
    customer: i64,
    changes: Vec<Change>,
) -> Result<Event> {
    let (inet, _) = store::get(cx.tx, id).await?;
    let facts = customer::store::facts(cx.tx, customer).await?;
    let name = facts.get("customer_name").and_then(serde_json::Value::as_str).unwrap_or_default();
    let mut message = format!("Access subnet {inet} of customer {name} has been {what}.");
    if !changes.is_empty() {
        message.push(' ');
        message.push_str(&record::describe(&changes));
    }
    Ok(Event::new(kind, message)
        .facts(facts)
        .fact("access_subnet_inet", inet)
        .feed("access_subnet", id)
        .feed("customer", customer)
        .changes(changes))
}
