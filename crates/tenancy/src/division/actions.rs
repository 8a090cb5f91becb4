//! What can be done with divisions. Only staff do it (reference/structure.md, organization groups).

use super::{store, views::DIVISIONS};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Check, Field, Input, Kind},
    id, record,
};

const FIELDS: &[Field] = &[
    Field::text("name", 150, "Name.").required().check(Check::Visible).stored(),
    Field::new("parent", Kind::Link("organization_group"), "The group above.").nullable().stored_in("parent_id"),
    Field::new("type", Kind::Link("organization_group_type"), "The type of the group.").nullable().stored_in("type_id"),
];

/// Makes a division.
pub static CREATE: Action = Action {
    name: "organization_group.create",
    about: "Make a group of organizations.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["organization_group_creation_succeeded"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a division.
pub static UPDATE: Action = Action {
    name: "organization_group.update",
    about: "Rename a group of organizations, or move it in the hierarchy.",
    target: Target::Thing(&DIVISIONS),
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["organization_group_update_succeeded"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a division.
pub static DELETE: Action = Action {
    name: "organization_group.delete",
    about: "Remove a group of organizations; the organizations stay.",
    target: Target::Thing(&DIVISIONS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["organization_group_deletion_succeeded"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let uuid = cx.uuid();
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, vec![("uuid", Val::Uuid(uuid))]).await?;
    let name = input.text("name").unwrap_or_default();
    let event =
        Event::new("organization_group_creation_succeeded", format!("Organization group {name} has been created."))
            .fact("organization_group_uuid", id::hex(&uuid))
            .fact("organization_group_name", name)
            .feed("organization_group", id);
    Ok(Done::event(event).made("organization_group", id, uuid))
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    if let Some(parent) = input.int("parent")
        && store::is_above(cx.tx, cx.found.id, parent).await?
    {
        return Err(Error::field("parent", "A group can't lie below itself."));
    }
    let id = cx.found.id;
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, vec![]).await?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let message = format!("Organization group {} has been updated. {}", cx.found.name, record::describe(&changes));
    let event = Event::new("organization_group_update_succeeded", message)
        .fact("organization_group_uuid", id::hex(&cx.found.uuid))
        .feed("organization_group", id)
        .changes(changes);
    Ok(Done::event(event))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    store::delete(cx.tx, cx.found.id).await.map_err(|error| match error {
        Error::Dangling(_) => Error::Conflict("Cannot delete organization group with existing subgroups.".into()),
        other => other,
    })?;
    let message = format!("Organization group {} has been deleted.", cx.found.name);
    let event = Event::new("organization_group_deletion_succeeded", message)
        .fact("organization_group_uuid", id::hex(&cx.found.uuid))
        .fact("organization_group_name", cx.found.name.clone());
    Ok(Done::event(event))
}
