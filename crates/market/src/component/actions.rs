//! What can be done with components of an offering.

use super::{rules, store};
use crate::{
    offering::{self, actions::open, views::PROVIDER_OFFERINGS},
    plan,
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input, Kind},
    record,
};
use stoa_tenancy::access::permissions::Permission;

const NEEDS: Needs =
    Needs::Permission(Permission::OfferingUpdateComponents.id(), &["itself", "customer", "service_provider"]);

const WHICH: Field = Field::new("uuid", Kind::Uuid, "Identifier of the component.").required();

const CHANGE: &[Field] = &{
    let mut all = [WHICH; rules::FIELDS.len() + 1];
    let mut at = 0;
    while at < rules::FIELDS.len() {
        // The official clients send whole components, others only what changes: what is not sent stays.
        all[at + 1] = Field { required: false, ..rules::FIELDS[at] };
        at += 1;
    }
    all
};

/// Adds a component to an offering.
pub static CREATE: Action = Action {
    name: "offering.create_component",
    about: "Add a component to an offering; plans give it a price of nothing until theirs is set.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: NEEDS,
    from: &[],
    fields: rules::FIELDS,
    events: &["marketplace_offering_component_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a component of an offering.
pub static UPDATE: Action = Action {
    name: "offering.update_component",
    about: "Change a component of an offering; what is not sent stays.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: NEEDS,
    from: &[],
    fields: CHANGE,
    events: &["marketplace_offering_component_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a component from an offering.
pub static REMOVE: Action = Action {
    name: "offering.remove_component",
    about: "Remove a component from an offering that has no resources.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: NEEDS,
    from: &[],
    fields: &[WHICH],
    events: &["marketplace_offering_component_deleted"],
    run: |cx, input| Box::pin(remove(cx, input)),
};

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    open(cx)?;
    rules::check(&input)?;
    let offering_id = cx.found.id;
    insert(cx, offering_id, &input).await?;
    plan::store::recount(cx.tx, offering_id).await?;
    offering::store::touch(cx.tx, offering_id, cx.now).await?;
    event(cx, "marketplace_offering_component_created", input.text("type").unwrap_or_default(), "created").await
}

/// Adds a component to an offering that is there.
pub(crate) async fn insert(cx: &mut Cx<'_>, offering_id: i64, input: &Input) -> Result<i64> {
    let overage = match input.uuid("overage_component") {
        Some(uuid) => Some(
            store::key(cx.tx, offering_id, uuid)
                .await?
                .ok_or_else(|| Error::field("overage_component", "The offering has no such component."))?,
        ),
        None => None,
    };
    let uuid = cx.uuid();
    let id = store::insert(cx.tx, offering_id, uuid, input, overage)
        .await
        .map_err(|error| error.on_duplicate("offering_components.offering_id,type", "type", "The type is in use."))?;
    plan::store::add_component(cx.tx, id).await?;
    Ok(id)
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    open(cx)?;
    rules::check(&input)?;
    let offering_id = cx.found.id;
    let uuid = input.uuid("uuid").ok_or(Error::NotFound)?;
    let components = store::of_offering(cx.tx, offering_id).await?;
    let component = components.iter().find(|component| component.uuid == uuid).ok_or(Error::NotFound)?;
    if rules::changes_meaning(&component.kind, component.billing, &input)
        && (component.is_builtin || offering::store::has_resources(cx.tx, offering_id).await?)
    {
        return Err(Error::invalid("Type and billing type can't be changed while the offering has resources."));
    }
    let mut changes = record::update(cx, store::TABLE, component.id, CHANGE, &input, vec![])
        .await
        .map_err(|error| error.on_duplicate("offering_components.offering_id,type", "type", "The type is in use."))?;
    if input.has("overage_component") {
        let named = input.uuid("overage_component");
        let overage = components.iter().find(|other| Some(other.uuid) == named && other.id != component.id);
        if named.is_some() && overage.is_none() {
            return Err(Error::field("overage_component", "The offering has no such component."));
        }
        changes.extend(store::set_overage(cx.tx, component.id, overage.map(|other| other.id)).await?);
    }
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    plan::store::recount(cx.tx, offering_id).await?;
    offering::store::touch(cx.tx, offering_id, cx.now).await?;
    let mut done = event(cx, "marketplace_offering_component_updated", &component.kind, "updated").await?;
    for event in &mut done.events {
        event.changes.clone_from(&changes);
    }
    Ok(done)
}

async fn remove(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    open(cx)?;
    let offering_id = cx.found.id;
    let uuid = input.uuid("uuid").ok_or(Error::NotFound)?;
    let components = store::of_offering(cx.tx, offering_id).await?;
    let component = components.into_iter().find(|component| component.uuid == uuid).ok_or(Error::NotFound)?;
    if component.is_builtin {
        return Err(Error::invalid("Builtin component can't be removed."));
    }
    if offering::store::has_resources(cx.tx, offering_id).await? {
        return Err(Error::invalid("Component can't be removed because the offering has resources."));
    }
    store::delete(cx.tx, component.id).await?;
    plan::store::recount(cx.tx, offering_id).await?;
    offering::store::touch(cx.tx, offering_id, cx.now).await?;
    event(cx, "marketplace_offering_component_deleted", &component.kind, "deleted").await
}

async fn event(cx: &mut Cx<'_>, kind: &'static str, component: &str, done: &str) -> Result<Done> {
    let message = format!("Component {component} of offering {} has been {done}.", cx.found.name);
    let event = offering::store::event(cx.tx, cx.found.id, kind, message).await?;
    Ok(Done::event(event.fact("component_type", component)))
}
