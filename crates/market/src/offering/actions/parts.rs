//! What hangs on an offering: endpoints, groups of organizations to which it is open, tags.

use super::{at_offering, changed, open};
use crate::{
    group,
    offering::{store, views::PROVIDER_OFFERINGS},
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result,
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Field, Input, Kind},
    id,
};
use stoa_tenancy::access::permissions::Permission;

const EVENTS: &[&str] = &["marketplace_offering_updated"];

/// Adds an endpoint.
pub static ADD_ENDPOINT: Action = Action {
    name: "offering.add_endpoint",
    about: "Add an address at which an offering is reached; any scheme will do.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingAddEndpoint),
    from: &[],
    fields: &[Field::text("name", 150, "Name.").required(), Field::text("url", 255, "Address.").required()],
    events: EVENTS,
    run: |cx, input| Box::pin(add_endpoint(cx, input)),
};

/// Removes an endpoint.
pub static DELETE_ENDPOINT: Action = Action {
    name: "offering.delete_endpoint",
    about: "Remove an address at which an offering is reached.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingDeleteEndpoint),
    from: &[],
    fields: &[Field::new("uuid", Kind::Uuid, "Identifier of the endpoint.").required()],
    events: EVENTS,
    run: |cx, input| Box::pin(delete_endpoint(cx, input)),
};

/// Opens an offering to some groups of organizations.
pub static UPDATE_GROUPS: Action = Action {
    name: "offering.update_organization_groups",
    about: "Open an offering to these groups of organizations only.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingUpdate),
    from: &[],
    fields: &[Field::new("organization_groups", Kind::Links("organization_group"), "The groups; none for all.")],
    events: EVENTS,
    run: |cx, input| Box::pin(set_groups(cx, input.ints("organization_groups").unwrap_or_default().to_vec())),
};

/// Opens an offering to all organizations.
pub static DELETE_GROUPS: Action = Action {
    name: "offering.delete_organization_groups",
    about: "Open an offering to all organizations.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingUpdate),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, _| Box::pin(set_groups(cx, Vec::new())),
};

/// Gives an offering tags.
pub static UPDATE_TAGS: Action = Action {
    name: "offering.update_tags",
    about: "Give an offering these tags and no others.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingUpdate),
    from: &[],
    fields: &[Field::new("tags", Kind::Texts, "Identifiers of the tags.")],
    events: EVENTS,
    run: |cx, input| Box::pin(set_tags(cx, input)),
};

/// Takes all tags from an offering.
pub static DELETE_TAGS: Action = Action {
    name: "offering.delete_tags",
    about: "Take all tags from an offering.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingUpdate),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, input| Box::pin(set_tags(cx, input)),
};

async fn add_endpoint(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    open(cx)?;
    let uuid = cx.uuid();
    let name = input.text("name").unwrap_or_default();
    store::add_endpoint(cx.tx, cx.found.id, uuid, name, input.text("url").unwrap_or_default()).await?;
    let change = Change { field: "endpoints".into(), before: Value::Null, after: name.into() };
    Ok(changed(cx, vec![change]).await?.answer(json!({"uuid": id::hex(&uuid)})))
}

async fn delete_endpoint(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    open(cx)?;
    let uuid = input.uuid("uuid").ok_or(Error::NotFound)?;
    if !store::remove_endpoint(cx.tx, cx.found.id, uuid).await? {
        return Err(Error::NotFound);
    }
    let change = Change { field: "endpoints".into(), before: id::hex(&uuid).into(), after: Value::Null };
    changed(cx, vec![change]).await
}

async fn set_groups(cx: &mut Cx<'_>, groups: Vec<i64>) -> Result<Done> {
    open(cx)?;
    if !group::store::set(cx.tx, "offering_groups", "offering_id", cx.found.id, &groups).await? {
        return Ok(Done::unchanged());
    }
    let named = cx.links.get("organization_groups").into_iter().flatten();
    let names: Vec<&str> = named.map(|group| group.name.as_str()).collect();
    let change = Change { field: "organization_groups".into(), before: Value::Null, after: names.join(", ").into() };
    changed(cx, vec![change]).await
}

async fn set_tags(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    open(cx)?;
    let texts = input.json("tags").and_then(Value::as_array).cloned().unwrap_or_default();
    let uuids: Option<Vec<_>> = texts.iter().map(|text| id::parse(text.as_str()?)).collect();
    let uuids = uuids.ok_or_else(|| Error::field("tags", "Must be a valid UUID."))?;
    match store::set_tags(cx.tx, cx.found.id, uuids).await? {
        None => Err(Error::field("tags", "Tag does not exist.")),
        Some(false) => Ok(Done::unchanged()),
        Some(true) => {
            let change = Change { field: "tags".into(), before: Value::Null, after: texts.len().into() };
            changed(cx, vec![change]).await
        }
    }
}
