//! What only staff do with resources.

use super::{UPDATED, locked, provider, told};
use crate::{
    component,
    order::{place, store as orders},
    resource::{rules, store, views::RESOURCES},
};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Check, Field, Input, Kind},
    id,
};
use stoa_tenancy::{project::views::PROJECTS, version};

/// An action of staff that switches one flag of a resource.
macro_rules! flag {
    ($name:ident, $column:literal, $action:literal, $about:literal, $event:expr) => {
        #[doc = $about]
        pub static $name: Action = Action {
            name: $action,
            about: $about,
            target: Target::Thing(&RESOURCES),
            needs: Needs::Staff,
            from: &[],
            fields: &[Field::new($column, Kind::Bool, $about)],
            events: &[$event],
            run: |cx, input| Box::pin(flag(cx, input, $column, $event)),
        };
    };
}

flag!(SET_PAUSED, "paused", "resource.set_paused", "Pause a resource, or let it go on.", "marketplace_resource_paused");
flag!(
    SET_DOWNSCALED,
    "downscaled",
    "resource.set_downscaled",
    "Let a resource run with less, or with all it has.",
    "marketplace_resource_downscaled"
);
flag!(
    SET_RESTRICTED,
    "restrict_member_access",
    "resource.set_restrict_member_access",
    "Keep the project's people out of a resource, or let them in.",
    UPDATED
);

/// Sets the last day of a resource.
pub static SET_END_DATE: Action = Action {
    name: "resource.set_end_date_by_staff",
    about: "Set the last day of a resource, or take it away.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::new("end_date", Kind::Date, "Its last day.").nullable()],
    events: &["marketplace_resource_update_end_date_succeeded"],
    run: |cx, input| Box::pin(set_end_date(cx, input)),
};

/// Sets the short name of a resource.
pub static SET_SLUG: Action = Action {
    name: "resource.set_slug",
    about: "Set the short name of a resource.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::text("slug", 50, "The short name.").required().check(Check::Slug)],
    events: &[UPDATED],
    run: |cx, input| Box::pin(set_slug(cx, input)),
};

/// Moves a resource to another project.
pub static MOVE: Action = Action {
    name: "resource.move",
    about: "Move a resource and its orders to another project.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::new("project", Kind::Json, "The project, by its address in `url`.").required()],
    events: &["marketplace_resource_moved"],
    run: |cx, input| Box::pin(move_to(cx, input)),
};

/// Removes a resource from the record.
pub static UNLINK: Action = Action {
    name: "resource.unlink",
    about: "Remove a resource and its orders without touching anything at the provider.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["marketplace_resource_unlinked"],
    run: |cx, _| Box::pin(unlink(cx)),
};

async fn flag(cx: &mut Cx<'_>, input: Input, column: &'static str, event: &'static str) -> Result<Done> {
    let resource = locked(cx).await?;
    let value = input.bool(column).unwrap_or(false);
    let answer = json!({"status": format!("Resource {column} has been changed.")});
    if store::flag(cx.tx, resource.id, column).await? == value {
        return Ok(Done::unchanged().answer(answer));
    }
    store::set(cx.tx, resource.id, cx.now, vec![(column, value.into())]).await?;
    let message = format!("Resource {}: {column} has been set to {value}.", resource.name);
    Ok(Done::event(told(cx, &resource, event, &message).await?).answer(answer))
}

async fn set_end_date(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let end = input.date("end_date");
    if end.is_some_and(|end| end < cx.today()) {
        return Err(Error::field("end_date", "Cannot be earlier than the current date."));
    }
    provider::end_date(cx, &resource, end).await
}

async fn set_slug(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let slug = input.text("slug").unwrap_or_default();
    store::set(cx.tx, resource.id, cx.now, vec![("slug", slug.into())]).await?;
    let message = format!("Resource {} has been updated: its short name is {slug}.", resource.name);
    let event = told(cx, &resource, UPDATED, &message).await?;
    Ok(Done::event(event).answer(json!({"status": "Resource slug has been changed.", "slug": slug})))
}

async fn move_to(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let wrong = || Error::field("project", "Invalid hyperlink - Object does not exist.");
    let uuid = input.json("project").and_then(rules::read_link).ok_or_else(wrong)?;
    let project = cx.visible(&PROJECTS, uuid).await?.ok_or_else(wrong)?;
    let before = orders::scene(cx.tx, resource.project_id, resource.offering_id).await?;
    let scene = orders::scene(cx.tx, project.id, resource.offering_id).await?;
    place::check_customer(&scene)?;
    if project.id == resource.project_id {
        return Ok(Done::unchanged());
    }
    let columns = vec![("project_id", Val::Int(project.id)), ("customer_id", scene.customer_id.into())];
    store::set(cx.tx, resource.id, cx.now, columns).await?;
    orders::follow_resource(cx.tx, resource.id, project.id, scene.customer_id).await?;
    let message = format!(
        "Resource {} has been moved from project {} to project {}.",
        resource.name, before.project_name, scene.project_name
    );
    let resource = locked(cx).await?;
    let event = told(cx, &resource, "marketplace_resource_moved", &message).await?;
    let event = event
        .fact("old_project_uuid", id::hex(&before.project_uuid))
        .feed("project", before.project_id)
        .feed("customer", before.customer_id);
    Ok(Done::event(event))
}

async fn unlink(cx: &mut Cx<'_>) -> Result<Done> {
    let resource = locked(cx).await?;
    let message = format!("Resource {} has been unlinked.", resource.name);
    let event = told(cx, &resource, "marketplace_resource_unlinked", &message).await?;
    let components = component::store::of_offering(cx.tx, resource.offering_id).await?;
    orders::reserve(cx.tx, resource.id, &components, &Default::default(), cx.now).await?;
    version::store::forget(cx.tx, "resource", resource.id).await?;
    store::delete(cx.tx, resource.id).await?;
    Ok(Done::event(event))
}
