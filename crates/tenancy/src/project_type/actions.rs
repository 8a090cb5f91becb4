//! What can be done with types of projects. Only staff do it.

use super::{store, views::PROJECT_TYPES};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Check, Field, Input},
    id, record,
};

const FIELDS: &[Field] = &[
    Field::text("name", 150, "Name.").required().check(Check::Visible).stored(),
    Field::text("description", 4096, "Description.").stored(),
];

/// Makes a type.
pub static CREATE: Action = Action {
    name: "project_type.create",
    about: "Make a type of projects.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["project_type_creation_succeeded"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Renames a type.
pub static UPDATE: Action = Action {
    name: "project_type.update",
    about: "Rename a type of projects.",
    target: Target::Thing(&PROJECT_TYPES),
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["project_type_update_succeeded"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a type.
pub static DELETE: Action = Action {
    name: "project_type.delete",
    about: "Remove a type of projects that no project has.",
    target: Target::Thing(&PROJECT_TYPES),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["project_type_deletion_succeeded"],
    run: |cx, _| Box::pin(delete(cx)),
};

fn taken(error: Error) -> Error {
    error.on_duplicate(store::NAME, "name", "Project type with this name already exists.")
}

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let uuid = cx.uuid();
    let row = record::insert(cx.tx, store::TABLE, FIELDS, &input, vec![("uuid", Val::Uuid(uuid))]);
    let id = row.await.map_err(taken)?;
    let name = input.text("name").unwrap_or_default();
    let message = format!("Project type {name} has been created.");
    let event = Event::new("project_type_creation_succeeded", message)
        .fact("project_type_uuid", id::hex(&uuid))
        .fact("project_type_name", name)
        .feed("project_type", id);
    Ok(Done::event(event).made("project_type", id, uuid))
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, vec![]).await.map_err(taken)?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let message = format!("Project type {} has been updated. {}", cx.found.name, record::describe(&changes));
    let event = Event::new("project_type_update_succeeded", message)
        .fact("project_type_uuid", id::hex(&cx.found.uuid))
        .feed("project_type", id)
        .changes(changes);
    Ok(Done::event(event))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    store::delete(cx.tx, cx.found.id).await.map_err(|error| match error {
        Error::Dangling(_) => Error::Conflict("Cannot delete project type with existing projects.".into()),
        other => other,
    })?;
    let message = format!("Project type {} has been deleted.", cx.found.name);
    let event = Event::new("project_type_deletion_succeeded", message)
        .fact("project_type_uuid", id::hex(&cx.found.uuid))
        .fact("project_type_name", cx.found.name.clone());
    Ok(Done::event(event))
}
