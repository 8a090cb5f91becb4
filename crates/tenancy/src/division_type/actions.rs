//! What can be done with types of divisions. Only staff do it.

use super::{store, views::DIVISION_TYPES};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Check, Field, Input},
    id, record,
};

const FIELDS: &[Field] = &[Field::text("name", 150, "Name.").required().check(Check::Visible).stored()];

/// Makes a type.
pub static CREATE: Action = Action {
    name: "organization_group_type.create",
    about: "Make a type of groups of organizations.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["organization_group_type_creation_succeeded"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Renames a type.
pub static UPDATE: Action = Action {
    name: "organization_group_type.update",
    about: "Rename a type of groups of organizations.",
    target: Target::Thing(&DIVISION_TYPES),
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["organization_group_type_update_succeeded"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a type.
pub static DELETE: Action = Action {
    name: "organization_group_type.delete",
    about: "Remove a type of groups of organizations that no group has.",
    target: Target::Thing(&DIVISION_TYPES),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["organization_group_type_deletion_succeeded"],
    run: |cx, _| Box::pin(delete(cx)),
};

fn taken(error: Error) -> Error {
    error.on_duplicate(store::NAME, "name", "Organization group type with this name already exists.")
}

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let uuid = cx.uuid();
    let row = record::insert(cx.tx, store::TABLE, FIELDS, &input, vec![("uuid", Val::Uuid(uuid))]);
    let id = row.await.map_err(taken)?;
    let name = input.text("name").unwrap_or_default();
    let message = format!("Organization group type {name} has been created.");
    let event = Event::new("organization_group_type_creation_succeeded", message)
        .fact("organization_group_type_uuid", id::hex(&uuid))
        .fact("organization_group_type_name", name)
        .feed("organization_group_type", id);
    Ok(Done::event(event).made("organization_group_type", id, uuid))
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, vec![]).await.map_err(taken)?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let message = format!("Organization group type {} has been updated. {}", cx.found.name, record::describe(&changes));
    let event = Event::new("organization_group_type_update_succeeded", message)
        .fact("organization_group_type_uuid", id::hex(&cx.found.uuid))
        .feed("organization_group_type", id)
        .changes(changes);
    Ok(Done::event(event))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    store::delete(cx.tx, cx.found.id).await.map_err(|error| match error {
        Error::Dangling(_) => {
            Error::Conflict("Cannot delete organization group type with existing organization groups.".into())
        }
        other => other,
    })?;
    let message = format!("Organization group type {} has been deleted.", cx.found.name);
    let event = Event::new("organization_group_type_deletion_succeeded", message)
        .fact("organization_group_type_uuid", id::hex(&cx.found.uuid))
        .fact("organization_group_type_name", cx.found.name.clone());
    Ok(Done::event(event))
}
