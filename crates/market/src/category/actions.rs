//! What can be done with categories. Only staff do it.

use super::{store, views::CATEGORIES};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Check, Field, Input, Kind},
    id, record,
};
use stoa_tenancy::file;

const FIELDS: &[Field] = &[
    Field::text("title", 255, "Title.").required().check(Check::Visible).stored(),
    Field::text("description", 10_000, "Description.").stored(),
    Field::new("icon", Kind::File, "A small picture.").nullable().stored_in("icon_id"),
    Field::new("group", Kind::Link("category_group"), "The group of categories.").nullable().stored_in("group_id"),
    Field::new("default_vm_category", Kind::Bool, "Whether virtual machines belong to it.").stored(),
    Field::new("default_volume_category", Kind::Bool, "Whether volumes belong to it.").stored(),
    Field::new("default_tenant_category", Kind::Bool, "Whether private clouds belong to it.").stored(),
];

/// Makes a category.
pub static CREATE: Action = Action {
    name: "category.create",
    about: "Make a category of the marketplace.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["marketplace_category_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a category.
pub static UPDATE: Action = Action {
    name: "category.update",
    about: "Change a category of the marketplace.",
    target: Target::Thing(&CATEGORIES),
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["marketplace_category_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a category.
pub static DELETE: Action = Action {
    name: "category.delete",
    about: "Remove a category of the marketplace that has no offerings.",
    target: Target::Thing(&CATEGORIES),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["marketplace_category_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    file::store::save(cx, FIELDS, &mut input).await?;
    let uuid = cx.uuid();
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, vec![("uuid", Val::Uuid(uuid))])
        .await
        .map_err(one_default)?;
    let title = input.text("title").unwrap_or_default();
    let event = Event::new("marketplace_category_created", format!("Category {title} has been created."))
        .fact("category_uuid", id::hex(&uuid))
        .fact("category_title", title)
        .feed("category", id);
    Ok(Done::event(event).made("category", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    file::store::save(cx, FIELDS, &mut input).await?;
    let id = cx.found.id;
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, vec![]).await.map_err(one_default)?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let message = format!("Category {} has been updated. {}", cx.found.name, record::describe(&changes));
    let event = Event::new("marketplace_category_updated", message)
        .fact("category_uuid", id::hex(&cx.found.uuid))
        .fact("category_title", cx.found.name.clone())
        .feed("category", id)
        .changes(changes);
    Ok(Done::event(event))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    store::delete(cx.tx, cx.found.id).await.map_err(|error| match error {
        Error::Dangling(_) => Error::Conflict("Cannot delete category with existing offerings.".into()),
        other => other,
    })?;
    let message = format!("Category {} has been deleted.", cx.found.name);
    let event = Event::new("marketplace_category_deleted", message)
        .fact("category_uuid", id::hex(&cx.found.uuid))
        .fact("category_title", cx.found.name.clone());
    Ok(Done::event(event))
}

/// Of each kind of default there is one category at most.
fn one_default(error: Error) -> Error {
    let field = match &error {
        Error::Duplicate(key) => key.strip_prefix("categories.").map(ToOwned::to_owned),
        _ => None,
    };
    match field {
        Some(field) if field.starts_with("default_") => {
            Error::field(field, "Only one category can have \"true\" value.")
        }
        _ => error,
    }
}
