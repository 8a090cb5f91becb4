//! What can be done with links to other systems. Only staff do it.

use super::{store, views::EXTERNAL_LINKS};
use stoa_kernel::{
    Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Check, Field, Input, Kind},
    id, record,
};
use stoa_tenancy::file;

const FIELDS: &[Field] = &[
    Field::text("name", 150, "Name.").required().check(Check::Visible).stored(),
    Field::text("description", 4096, "What is found there.").stored(),
    // Only http and https: a link that runs a script in the reader's browser is none.
    Field::text("link", 500, "Where it leads.").required().check(Check::Url).stored(),
    Field::new("image", Kind::File, "Picture.").nullable().stored_in("image_id"),
];

/// Makes a link.
pub static CREATE: Action = Action {
    name: "external_link.create",
    about: "Add a link to another system.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["external_link_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a link.
pub static UPDATE: Action = Action {
    name: "external_link.update",
    about: "Change a link to another system.",
    target: Target::Thing(&EXTERNAL_LINKS),
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["external_link_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a link.
pub static DELETE: Action = Action {
    name: "external_link.delete",
    about: "Remove a link to another system.",
    target: Target::Thing(&EXTERNAL_LINKS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["external_link_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    file::store::save(cx, FIELDS, &mut input).await?;
    let uuid = cx.uuid();
    let more = vec![("uuid", Val::Uuid(uuid)), ("created", cx.now.into()), ("modified", cx.now.into())];
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await?;
    let name = input.text("name").unwrap_or_default();
    let event = Event::new("external_link_created", format!("External link {name} has been created."))
        .fact("external_link_uuid", id::hex(&uuid))
        .fact("external_link_name", name)
        .feed("external_link", id);
    Ok(Done::event(event).made("external_link", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    file::store::save(cx, FIELDS, &mut input).await?;
    let id = cx.found.id;
    let modified = vec![("modified", cx.now.into())];
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, modified).await?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let message = format!("External link {} has been updated. {}", cx.found.name, record::describe(&changes));
    let event = Event::new("external_link_updated", message)
        .fact("external_link_uuid", id::hex(&cx.found.uuid))
        .feed("external_link", id)
        .changes(changes);
    Ok(Done::event(event))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    store::delete(cx.tx, cx.found.id).await?;
    let message = format!("External link {} has been deleted.", cx.found.name);
    let event = Event::new("external_link_deleted", message)
        .fact("external_link_uuid", id::hex(&cx.found.uuid))
        .fact("external_link_name", cx.found.name.clone());
    Ok(Done::event(event))
}
