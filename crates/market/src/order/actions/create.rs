//! Placing an order for a new resource.

use crate::{
    order::{
        Kind as Type,
        place::{self, Wish},
        rules, views,
    },
    plan::rules::Limits,
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Check, Field, Input, Kind, Who},
    record,
};
use stoa_tenancy::{access::permissions::Permission, project::views::PROJECTS};

const FIELDS: &[Field] = &[
    Field::new("offering", Kind::Link("offering"), "The offering.").required(),
    Field::new("project", Kind::Link("project"), "The project that gets the resource.").required(),
    Field::new("plan", Kind::Link("plan"), "The plan.").nullable(),
    Field::new(
        "attributes",
        Kind::Object,
        "What the offering's form asks for; `name`, `description` and `end_date` are understood for every offering.",
    ),
    Field::new("limits", Kind::Object, "Limits by type of component."),
    // Offerings have no terms yet.
    Field::new("accepting_terms_of_service", Kind::Bool, "Whether the terms of the offering are accepted.").nullable(),
    Field::text("callback_url", 200, "Where the person goes when it is done.").nullable().check(Check::Url),
    Field::text("request_comment", 255, "What its author says about it.").nullable(),
    Field::new("type", views::TYPE, "What it asks for; existing resources have actions for the rest."),
    Field::new("start_date", Kind::Date, "First day on which it may be executed.").nullable(),
    Field::text("slug", 50, "Short name.").check(Check::Slug).only(Who::Staff),
];

/// Places an order for a new resource.
pub static CREATE: Action = Action {
    name: "order.create",
    about: "Order a resource for a project. The order waits for those whose approval it needs.",
    target: Target::Parent("project", &PROJECTS),
    needs: Needs::Permission(Permission::OrderCreate.id(), &["itself", "customer"]),
    from: &[],
    fields: FIELDS,
    events: &["marketplace_order_created", "marketplace_resource_create_requested"],
    run: |cx, input| Box::pin(create(cx, input)),
};

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    record::check_who(cx, FIELDS, &input)?;
    if input.text("type").is_some_and(|kind| kind != Type::Create.text()) {
        return Err(Error::field("type", "Existing resources are changed by their own actions."));
    }
    let limits = input.json("limits").map_or(Ok(Limits::new()), rules::read_limits)?;
    let mut more = Vec::new();
    for name in ["callback_url", "request_comment", "slug"] {
        let sent = input.val(name).filter(|val| input.text(name) != Some("") && !val.is_null());
        more.extend(sent.map(|val| (name, val.clone())));
    }
    let wish = Wish {
        kind: Type::Create,
        project_id: cx.found.id,
        offering_id: input.int("offering").ok_or_else(|| Error::field("offering", "This field is required."))?,
        plan_id: input.int("plan"),
        limits,
        attributes: input.json("attributes").cloned().unwrap_or_else(|| json!({})),
        resource: None,
        more,
        start_date: input.date("start_date"),
    };
    if let Value::Object(attributes) = &wish.attributes
        && attributes.len() > 200
    {
        return Err(Error::field("attributes", "Ensure this field has no more than 200 elements."));
    }
    let placed = place::place(cx, wish).await?;
    let (id, uuid) = (placed.id, placed.uuid);
    Ok(Done { events: placed.events, ..Done::default() }.made("order", id, uuid))
}
