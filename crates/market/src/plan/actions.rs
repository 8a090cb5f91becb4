//! What can be done with plans.

use super::{rules, store, store::Which, views::PLANS};
use crate::{
    component, group,
    offering::{
        self,
        actions::{later_than_archived, open},
        views::PROVIDER_OFFERINGS,
    },
};
use serde_json::Value;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Field, Input, Kind},
    id,
    money::Amount,
    record,
};
use stoa_tenancy::{access::permissions::Permission, version};

const UPDATE_NEEDS: Needs = Needs::Permission(Permission::OfferingUpdatePlan.id(), &["customer", "service_provider"]);

const OFFERING: Field = Field::new("offering", Kind::Link("offering"), "The offering.").required().fixed();

/// The fields of a plan, after its offering.
const CREATE_FIELDS: &[Field] = &{
    let mut all = [OFFERING; rules::FIELDS.len() + 1];
    let mut at = 0;
    while at < rules::FIELDS.len() {
        all[at + 1] = rules::FIELDS[at];
        at += 1;
    }
    all
};

/// Makes a plan.
pub static CREATE: Action = Action {
    name: "plan.create",
    about: "Add a plan to an offering; everything in it costs nothing until prices are set.",
    target: Target::Parent("offering", &PROVIDER_OFFERINGS),
    needs: Needs::Permission(Permission::OfferingCreatePlan.id(), &["customer", "service_provider"]),
    from: &[],
    fields: CREATE_FIELDS,
    events: &["marketplace_plan_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a plan.
pub static UPDATE: Action = Action {
    name: "plan.update",
    about: "Change the texts and the unit of a plan that no resource has.",
    target: Target::Thing(&PLANS),
    needs: UPDATE_NEEDS,
    from: &[],
    fields: rules::FIELDS,
    events: &["marketplace_plan_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a plan.
pub static DELETE: Action = Action {
    name: "plan.delete",
    about: "Remove a plan that no resource ever had.",
    target: Target::Thing(&PLANS),
    needs: UPDATE_NEEDS,
    from: &[],
    fields: &[],
    events: &["marketplace_plan_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// Closes a plan.
pub static ARCHIVE: Action = Action {
    name: "plan.archive",
    about: "Close a plan for new resources; those that have it stay with it.",
    target: Target::Thing(&PLANS),
    needs: Needs::Permission(Permission::OfferingArchivePlan.id(), &["customer", "service_provider"]),
    from: &[],
    fields: &[],
    events: &["marketplace_plan_archived"],
    run: |cx, _| Box::pin(archive(cx)),
};

/// Sets prices.
pub static UPDATE_PRICES: Action = Action {
    name: "plan.update_prices",
    about: "Set the price of every component; what is left out becomes free. If resources have the plan, from next month.",
    target: Target::Thing(&PLANS),
    needs: UPDATE_NEEDS,
    from: &[],
    fields: &[Field::new("prices", Kind::Object, "Price by type of component.").required()],
    events: &["marketplace_plan_component_current_price_updated", "marketplace_plan_component_future_price_updated"],
    run: |cx, input| Box::pin(update_prices(cx, input)),
};

/// Sets what is included.
pub static UPDATE_QUOTAS: Action = Action {
    name: "plan.update_quotas",
    about: "Set how many of each fixed component are included; what is left out is not.",
    target: Target::Thing(&PLANS),
    needs: UPDATE_NEEDS,
    from: &[],
    fields: &[Field::new("quotas", Kind::Object, "Amount by type of component.").required()],
    events: &["marketplace_plan_component_quota_updated"],
    run: |cx, input| Box::pin(update_quotas(cx, input)),
};

/// Sets discounts.
pub static UPDATE_DISCOUNTS: Action = Action {
    name: "plan.update_discounts",
    about: "Set from how many of a component on there is a discount, and how large it is.",
    target: Target::Thing(&PLANS),
    needs: UPDATE_NEEDS,
    from: &[],
    fields: &[Field::new("discounts", Kind::Object, "Threshold and rate by type of component.").required()],
    events: &["marketplace_plan_updated"],
    run: |cx, input| Box::pin(update_discounts(cx, input)),
};

const GROUPS: Field = Field::new("organization_groups", Kind::Links("organization_group"), "The groups; none for all.");

/// Opens a plan to some groups of organizations.
pub static UPDATE_GROUPS: Action = Action {
    name: "plan.update_organization_groups",
    about: "Open a plan to these groups of organizations only.",
    target: Target::Thing(&PLANS),
    needs: UPDATE_NEEDS,
    from: &[],
    fields: &[GROUPS],
    events: &["marketplace_plan_updated"],
    run: |cx, input| Box::pin(set_groups(cx, input.ints("organization_groups").unwrap_or_default().to_vec())),
};

/// Opens a plan to all organizations.
pub static DELETE_GROUPS: Action = Action {
    name: "plan.delete_organization_groups",
    about: "Open a plan to all organizations.",
    target: Target::Thing(&PLANS),
    needs: UPDATE_NEEDS,
    from: &[],
    fields: &[],
    events: &["marketplace_plan_updated"],
    run: |cx, _| Box::pin(set_groups(cx, Vec::new())),
};

/// Makes future prices current. For the program itself, when a new month has begun.
pub static APPLY_FUTURE_PRICES: Action = Action {
    name: "plan.apply_future_prices",
    about: "Make the prices current that a plan was given for the next month.",
    target: Target::Thing(&PLANS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["marketplace_plan_component_current_price_updated"],
    run: |cx, _| Box::pin(apply_future_prices(cx)),
};

async fn apply_future_prices(cx: &mut Cx<'_>) -> Result<Done> {
    let id = cx.found.id;
    let before = store::load(cx.tx, id).await?.ok_or(Error::NotFound)?;
    if !store::apply_future_prices(cx.tx, id, rules::month_of(cx.today())).await? {
        return Ok(Done::unchanged());
    }
    let becomes = |part: &super::Part| part.future_price.filter(|price| *price != part.price);
    let changes = before.parts.iter().filter_map(|part| {
        let after = becomes(part)?;
        let field = part.component.kind.clone();
        Some(Change { field, before: part.price.to_string().into(), after: after.to_string().into() })
    });
    let changes = changes.collect();
    changed(cx, "marketplace_plan_component_current_price_updated", changes).await
}

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    open(cx)?;
    let offering_id = cx.found.id;
    let uuid = cx.uuid();
    let more = vec![("uuid", uuid.into()), ("offering_id", offering_id.into()), ("created", cx.now.into())];
    let id = store::insert(cx.tx, offering_id, &input, more).await?;
    let name = input.text("name").unwrap_or_default();
    let message = format!("Plan {name} of offering {} has been created.", cx.found.name);
    let event = offering::store::event(cx.tx, offering_id, "marketplace_plan_created", message).await?;
    version::store::write(cx, &PLANS, CREATE_FIELDS, uuid, "Created").await?;
    Ok(Done::event(event.fact("plan_uuid", id::hex(&uuid)).fact("plan_name", name)).made("plan", id, uuid))
}

/// The offering of the plan, which must not be archived.
async fn offering_id(cx: &mut Cx<'_>) -> Result<i64> {
    let id = cx.found.at("offering").ok_or(Error::NotFound)?;
    let state = offering::store::load(cx.tx, id).await?.ok_or(Error::NotFound)?.state;
    later_than_archived(state)?;
    Ok(id)
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    offering_id(cx).await?;
    if store::in_use(cx.tx, cx.found.id).await? {
        return Err(Error::invalid("It is not possible to update plan because it is used by resources."));
    }
    let changes = record::update(cx, store::TABLE, cx.found.id, rules::FIELDS, &input, vec![]).await?;
    changed(cx, "marketplace_plan_updated", changes).await
}

/// Records what changed of a plan, if anything did.
async fn changed(cx: &mut Cx<'_>, kind: &'static str, changes: Vec<Change>) -> Result<Done> {
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let message = format!("Plan {} has been updated. {}", cx.found.name, record::describe(&changes));
    let uuid = cx.found.uuid;
    version::store::write(cx, &PLANS, CREATE_FIELDS, uuid, "Updated").await?;
    let event = event(cx, kind, message).await?;
    Ok(Done::event(event.changes(changes)))
}

async fn event(cx: &mut Cx<'_>, kind: &'static str, message: String) -> Result<stoa_kernel::event::Event> {
    let offering_id = cx.found.at("offering").ok_or(Error::NotFound)?;
    let event = offering::store::event(cx.tx, offering_id, kind, message).await?;
    Ok(event.fact("plan_uuid", id::hex(&cx.found.uuid)).fact("plan_name", cx.found.name.clone()))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let id = cx.found.id;
    let event = event(cx, "marketplace_plan_deleted", format!("Plan {} has been deleted.", cx.found.name)).await?;
    store::delete(cx.tx, id).await.map_err(|error| match error {
        Error::Dangling(_) => Error::Conflict("Cannot delete plan with existing resources.".into()),
        other => other,
    })?;
    version::store::forget(cx.tx, "plan", id).await?;
    Ok(Done::event(event))
}

async fn archive(cx: &mut Cx<'_>) -> Result<Done> {
    if !store::archive(cx.tx, cx.found.id).await? {
        return Err(Error::invalid("Plan is already archived."));
    }
    let event = event(cx, "marketplace_plan_archived", format!("Plan {} has been archived.", cx.found.name)).await?;
    Ok(Done::event(event))
}

async fn update_prices(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let offering_id = offering_id(cx).await?;
    let id = cx.found.id;
    store::lock(cx.tx, id).await?;
    let components = component::store::of_offering(cx.tx, offering_id).await?;
    let prices = rules::read_map("prices", input.json("prices").unwrap_or(&Value::Null), &components, rules::PRICE)?;
    let future = store::in_use(cx.tx, id).await?;
    let plan = store::load(cx.tx, id).await?.ok_or(Error::NotFound)?;
    let mut changes = Vec::new();
    for part in &plan.parts {
        let price = Amount(prices.get(&part.component.id).copied().unwrap_or(0));
        let before = if future { part.future_price } else { Some(part.price) };
        if before == Some(price) {
            continue;
        }
        let which = if future { Which::FuturePrice } else { Which::Price };
        store::set_part(cx.tx, id, part.component.id, which, price.0).await?;
        changes.push(Change {
            field: part.component.kind.clone(),
            before: before.map(|amount| amount.to_string()).into(),
            after: price.to_string().into(),
        });
    }
    check_sums(cx, offering_id, future).await?;
    if future && !changes.is_empty() {
        store::wait_for_next_month(cx.tx, id, rules::month_of(cx.today())).await?;
    }
    let kind = if future {
        "marketplace_plan_component_future_price_updated"
    } else {
        "marketplace_plan_component_current_price_updated"
    };
    changed(cx, kind, changes).await
}

/// Computes sums anew; for future prices only checks that they will be within the range.
async fn check_sums(cx: &mut Cx<'_>, offering_id: i64, future: bool) -> Result<()> {
    if !future {
        return store::recount(cx.tx, offering_id).await;
    }
    let mut parts = store::load(cx.tx, cx.found.id).await?.ok_or(Error::NotFound)?.parts;
    for part in &mut parts {
        part.price = part.future_price.unwrap_or(part.price);
    }
    rules::check(&parts)
}

async fn update_quotas(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let offering_id = offering_id(cx).await?;
    let id = cx.found.id;
    store::lock(cx.tx, id).await?;
    let mut components = component::store::of_offering(cx.tx, offering_id).await?;
    components.retain(|component| component.billing == component::Billing::Fixed);
    let quotas = rules::read_map("quotas", input.json("quotas").unwrap_or(&Value::Null), &components, rules::QUOTA)?;
    let plan = store::load(cx.tx, id).await?.ok_or(Error::NotFound)?;
    let mut changes = Vec::new();
    for part in plan.parts.iter().filter(|part| part.component.billing == component::Billing::Fixed) {
        let amount = quotas.get(&part.component.id).copied().unwrap_or(0);
        if amount != part.amount {
            store::set_part(cx.tx, id, part.component.id, Which::Amount, amount).await?;
            let field = part.component.kind.clone();
            changes.push(Change { field, before: part.amount.into(), after: amount.into() });
        }
    }
    store::recount(cx.tx, offering_id).await?;
    changed(cx, "marketplace_plan_component_quota_updated", changes).await
}

/// A discount as it is sent.
const DISCOUNT: &[Field] = &[
    Field::new("discount_threshold", Kind::Int, "From how many on there is a discount.").min(1).nullable(),
    Field::new("discount_rate", Kind::Int, "The discount in percent.").max(100).nullable(),
];

async fn update_discounts(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let offering_id = offering_id(cx).await?;
    let components = component::store::of_offering(cx.tx, offering_id).await?;
    let mut changes = Vec::new();
    let discounts = input.json("discounts").and_then(Value::as_object).cloned().unwrap_or_default();
    for (kind, discount) in discounts {
        let component = components
            .iter()
            .find(|component| component.kind == kind)
            .ok_or_else(|| Error::field("discounts", format!("Invalid components {kind}.")))?;
        let input = Input::read(DISCOUNT, &discount, stoa_kernel::field::Mode::Partial)?;
        let (threshold, rate) = (input.int("discount_threshold"), input.int("discount_rate"));
        if threshold.is_some() != rate.is_some() {
            return Err(Error::field("discounts", format!("{kind}: Both threshold and rate must be set, or none.")));
        }
        store::set_discount(cx.tx, cx.found.id, component.id, threshold, rate).await?;
        changes.push(Change { field: format!("discount of {kind}"), before: Value::Null, after: discount });
    }
    changed(cx, "marketplace_plan_updated", changes).await
}

async fn set_groups(cx: &mut Cx<'_>, groups: Vec<i64>) -> Result<Done> {
    offering_id(cx).await?;
    if !group::store::set(cx.tx, "plan_groups", "plan_id", cx.found.id, &groups).await? {
        return Ok(Done::unchanged());
    }
    let names: Vec<&str> = cx.links.get("organization_groups").into_iter().flatten().map(|g| g.name.as_str()).collect();
    let change = Change { field: "organization_groups".into(), before: Value::Null, after: names.join(", ").into() };
    changed(cx, "marketplace_plan_updated", vec![change]).await
}
