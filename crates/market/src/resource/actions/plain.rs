//! What is changed about a resource without anybody's approval, and the name proposed for a new one.

use super::{UPDATED, locked, told};
use crate::{
    offering::{self, views::OFFERINGS},
    order::{place, store as orders},
    resource::{
        rules::{self, NameParts},
        store,
        views::{ANY_RESOURCES, RESOURCES},
    },
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Check, Field, Input, Kind},
    record,
};
use stoa_tenancy::{access::permissions::Permission, project::views::PROJECTS, version};

const FIELDS: &[Field] = &[
    Field::text("name", 150, "Name.").required().check(Check::Visible).stored(),
    Field::text("description", 4096, "Description.").stored(),
    Field::new("end_date", Kind::Date, "Its last day.").nullable().stored(),
];
const END_DATE: &[Field] = &[Field::new("end_date", Kind::Date, "Its last day.").nullable().stored()];

/// The sides that may change a resource's name, description and last day.
const SIDES: &[&str] = &["project", "customer", "offering", "offering.customer", "service_provider"];

/// Changes name, description and last day.
pub static UPDATE: Action = Action {
    name: "resource.update",
    about: "Change the name, the description or the last day of a resource.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Permission(Permission::ResourceUpdate.id(), SIDES),
    from: &[],
    fields: FIELDS,
    events: &[UPDATED, "marketplace_resource_update_end_date_succeeded"],
    run: |cx, input| Box::pin(update(cx, input, FIELDS)),
};

/// Changes the last day.
pub static SET_END_DATE: Action = Action {
    name: "resource.set_end_date",
    about: "Set the last day of a resource, or take it away.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Permission(Permission::ResourceUpdate.id(), SIDES),
    from: &[],
    fields: END_DATE,
    events: &["marketplace_resource_update_end_date_succeeded", UPDATED],
    run: |cx, input| Box::pin(update(cx, input, END_DATE)),
};

/// Proposes a name for a new resource.
pub static SUGGEST_NAME: Action = Action {
    name: "resource.suggest_name",
    about: "Propose a name for a new resource of an offering in a project.",
    target: Target::Nothing,
    needs: Needs::AnySignedIn,
    from: &[],
    fields: &[
        Field::new("project", Kind::Uuid, "Identifier of the project.").required(),
        Field::new("offering", Kind::Uuid, "Identifier of the offering.").required(),
        Field::new("plan", Kind::Uuid, "Identifier of the plan.").nullable(),
        Field::new("attributes", Kind::Json, "What the offering's form asks for.").nullable(),
    ],
    events: &[],
    run: |cx, input| Box::pin(suggest_name(cx, input)),
};

async fn update(cx: &mut Cx<'_>, mut input: Input, fields: &'static [Field]) -> Result<Done> {
    let resource = locked(cx).await?;
    let scene = orders::scene(cx.tx, resource.project_id, resource.offering_id).await?;
    place::check_customer(&scene)?;
    if input.has("end_date") && input.date("end_date") != resource.end_date {
        let offering = offering::store::load(cx.tx, resource.offering_id).await?.ok_or(Error::NotFound)?;
        let (created, today) = (resource.created.date(), cx.today());
        let end = rules::end_date(input.date("end_date"), &offering.plugin_options, created, today)?;
        input.set("end_date", end);
    }
    let changes =
        record::update(cx, store::TABLE, resource.id, fields, &input, vec![("modified", cx.now.into())]).await?;
    let resource = locked(cx).await?;
    let answer = shown(cx, &input, &resource).await?;
    if changes.is_empty() {
        return Ok(Done::unchanged().answer(answer));
    }
    let ends = changes.iter().any(|change| change.field == "end_date");
    let (kind, message) = if ends {
        let by = (cx.actor.id != 0).then_some(cx.actor.id);
        let columns = vec![("end_date_requested_by", by.into()), ("end_date_updated_at", cx.now.into())];
        store::set(cx.tx, resource.id, cx.now, columns).await?;
        (
            "marketplace_resource_update_end_date_succeeded",
            format!("End date of resource {} has been updated.", resource.name),
        )
    } else {
        (UPDATED, format!("Resource {} has been updated.", resource.name))
    };
    version::store::write(cx, &ANY_RESOURCES, FIELDS, resource.uuid, &message).await?;
    let message = format!("{message} {}", record::describe(&changes));
    let event = told(cx, &resource, kind, &message).await?.changes(changes);
    Ok(Done::event(event).answer(answer))
}

async fn shown(cx: &mut Cx<'_>, input: &Input, resource: &store::Resource) -> Result<Value> {
    let description = match input.text("description") {
        Some(text) => text.to_owned(),
        None => store::description(cx.tx, resource.id).await?,
    };
    let end = resource.end_date.map(|day| day.to_string());
    Ok(json!({"name": resource.name, "description": description, "end_date": end}))
}

async fn suggest_name(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let missing = |field: &'static str| move || Error::field(field, "Object does not exist.");
    let (project, offering) = (input.uuid("project").unwrap_or_default(), input.uuid("offering").unwrap_or_default());
    let project = cx.visible(&PROJECTS, project).await?.ok_or_else(missing("project"))?;
    let offering = cx.visible(&OFFERINGS, offering).await?.ok_or_else(missing("offering"))?;
    let scene = orders::scene(cx.tx, project.id, offering.id).await?;
    let offering = offering::store::load(cx.tx, offering.id).await?.ok_or(Error::NotFound)?;
    let plan = match input.uuid("plan") {
        Some(plan) => store::plan_name(cx.tx, offering.id, plan).await?.ok_or_else(missing("plan"))?,
        None => String::new(),
    };
    let parts = NameParts {
        words: vec![
            ("customer_name", scene.customer_name),
            ("customer_slug", scene.customer_slug),
            ("project_name", scene.project_name),
            ("project_slug", scene.project_slug),
            ("offering_name", offering.name.clone()),
            ("offering_slug", offering.slug.clone()),
            ("plan_name", plan),
        ],
        attributes: input.json("attributes").cloned().unwrap_or_default(),
    };
    let pattern = offering.plugin_options.get("resource_name_pattern").and_then(Value::as_str);
    let mut name = rules::name(pattern, &parts, 1);
    for counter in 2..100 {
        if !store::has_name(cx.tx, project.id, &name).await? {
            break;
        }
        name = rules::name(pattern, &parts, counter);
    }
    Ok(Done::unchanged().answer(json!({"name": name})))
}
