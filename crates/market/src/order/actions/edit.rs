//! Changing what an order asks for before anybody executes it, what both sides say about it, and removing it.

use super::{locked, text, told};
use crate::{
    component,
    order::{
        Kind as Type, PENDING, State,
        finish::{End, finish},
        place::{CONSUMER, PROVIDER},
        rules, store,
        views::ORDERS,
    },
    plan, resource,
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Check, Field, Input, Kind},
};
use stoa_tenancy::{access::permissions::Permission, file};

const AT_PROVIDER: &[&str] = &text([State::PendingProvider]);
const REVIEWED: &[&str] = &text([State::PendingConsumer, State::PendingProvider]);

/// Changes what an order asks for.
pub static UPDATE: Action = Action {
    name: "order.update",
    about: "Change what an order asks for while nobody works on it.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::OrderApprove.id(), CONSUMER),
    from: PENDING,
    fields: &[
        Field::new("limits", Kind::Object, "Limits by type of component."),
        Field::new("attributes", Kind::Object, "What the offering's form asks for."),
        Field::new("start_date", Kind::Date, "First day on which it may be executed.").nullable(),
    ],
    events: &["marketplace_order_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes an order that waits, as if it had never been placed.
pub static DELETE: Action = Action {
    name: "order.delete",
    about: "Delete an order that waits for its review; what it would have made or changed is left as it was.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::OrderDestroy.id(), CONSUMER),
    from: REVIEWED,
    fields: &[],
    events: &["marketplace_order_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// Removes an order from the record. For staff, to clean up.
pub static UNLINK: Action = Action {
    name: "order.unlink",
    about: "Remove an order without touching anything at the provider.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["marketplace_order_unlinked"],
    run: |cx, _| Box::pin(unlink(cx)),
};

/// What the provider says.
pub static SET_PROVIDER_INFO: Action = Action {
    name: "order.set_provider_info",
    about: "Tell or ask the consumer something about an order.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::OrderApprove.id(), PROVIDER),
    from: AT_PROVIDER,
    fields: &[
        Field::text("provider_message", 4096, "What the provider asks or says.").stored(),
        Field::text("provider_message_url", 200, "An address with it.").check(Check::Url).stored(),
        Field::new("provider_message_attachment", Kind::File, "A document with it.")
            .nullable()
            .stored_in("provider_message_attachment_id"),
    ],
    events: &["marketplace_order_updated"],
    run: |cx, input| Box::pin(talk(cx, input, SET_PROVIDER_INFO.fields)),
};

/// What the consumer answers.
pub static SET_CONSUMER_INFO: Action = Action {
    name: "order.set_consumer_info",
    about: "Answer the provider about an order.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Any(&[
        Needs::Permission(Permission::OrderApprove.id(), CONSUMER),
        Needs::Permission(Permission::OrderSetConsumerInfo.id(), CONSUMER),
    ]),
    from: AT_PROVIDER,
    fields: &[
        Field::text("consumer_message", 4096, "What the consumer answers.").stored(),
        Field::new("consumer_message_attachment", Kind::File, "A document with it.")
            .nullable()
            .stored_in("consumer_message_attachment_id"),
    ],
    events: &["marketplace_order_updated"],
    run: |cx, input| Box::pin(talk(cx, input, SET_CONSUMER_INFO.fields)),
};

/// Adds a document to an order, or takes another.
pub static UPDATE_ATTACHMENT: Action = Action {
    name: "order.update_attachment",
    about: "Add a document, such as a purchase order, to an order that waits.",
    target: Target::Thing(&ORDERS),
    needs: MAY_ATTACH,
    from: PENDING,
    fields: &[Field::new("attachment", Kind::File, "The document.").nullable().stored_in("attachment_id")],
    events: &["marketplace_order_updated"],
    run: |cx, input| Box::pin(attach(cx, input)),
};

/// Takes the document of an order away.
pub static DELETE_ATTACHMENT: Action = Action {
    name: "order.delete_attachment",
    about: "Take the document of an order that waits away.",
    target: Target::Thing(&ORDERS),
    needs: MAY_ATTACH,
    from: PENDING,
    fields: &[],
    events: &["marketplace_order_updated"],
    run: |cx, _| Box::pin(delete_attachment(cx)),
};

/// Who placed an order, and who could approve it.
const MAY_ATTACH: Needs = Needs::Any(&[Needs::Own, Needs::Permission(Permission::OrderApprove.id(), CONSUMER)]);

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (mut order, resource) = locked(cx, PENDING).await?;
    let mut columns = Vec::new();
    let mut copied = Vec::new();
    if let Some(attributes) = input.json("attributes") {
        if order.kind == Type::Create {
            let offering = crate::offering::store::load(cx.tx, order.offering_id).await?.ok_or(Error::NotFound)?;
            rules::check_attributes(&offering.options, attributes)?;
        }
        order.attributes = attributes.clone();
        columns.push(("attributes", Val::from(attributes)));
        copied.push(("attributes", Val::from(attributes)));
        let name = attributes.get("name").and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
        copied.extend(name.map(|name| ("name", Val::from(name.chars().take(150).collect::<String>()))));
    }
    if let Some(limits) = input.json("limits") {
        let limits = rules::read_limits(limits)?;
        let components = component::store::of_offering(cx.tx, order.offering_id).await?;
        rules::check_limits(&components, &limits)?;
        let held = if order.kind == Type::Update { store::greater(&resource.limits, &limits) } else { limits.clone() };
        if matches!(order.kind, Type::Create | Type::Update | Type::Restore) {
            store::reserve(cx.tx, resource.id, &components, &held, cx.now).await?;
        }
        columns.push(("limits", rules::limits_json(&limits).into()));
        copied.push(("limits", rules::limits_json(&limits).into()));
        order.limits = limits;
    }
    columns.extend(input.val("start_date").map(|day| ("start_date", day.clone())));
    if columns.is_empty() {
        return Ok(Done::unchanged().answer(shown(&order, &input)));
    }
    if let Some(cost) = estimate(cx, &order).await? {
        columns.push(("cost", cost.total()?.into()));
        columns.push(("fixed_price", cost.recurring.into()));
        columns.push(("activation_price", cost.once.into()));
        copied.push(("cost", cost.total()?.into()));
    }
    store::set(cx.tx, order.id, cx.now, columns).await?;
    // A resource that its order is still to make is what the order asks for.
    if order.kind == Type::Create && resource.state == resource::State::Creating {
        resource::store::set(cx.tx, resource.id, cx.now, copied).await?;
    }
    let event = told(cx, &order, &resource, "marketplace_order_updated", "Marketplace order has been updated.").await?;
    Ok(Done::event(event).answer(shown(&order, &input)))
}

/// What an order that makes something costs now; the price of a change stays as it was placed.
async fn estimate(cx: &mut Cx<'_>, order: &store::Order) -> Result<Option<plan::rules::Cost>> {
    let Some(plan_id) = order.plan_id.filter(|_| order.kind != Type::Terminate) else { return Ok(None) };
    let Some(plan) = plan::store::load(cx.tx, plan_id).await? else { return Ok(None) };
    let cost = match order.kind {
        Type::Create => plan::rules::create_cost(&plan.parts, &order.limits, None)?,
        _ => plan::rules::Cost { recurring: plan::rules::recurring(&plan.parts, &order.limits)?, ..Default::default() },
    };
    Ok(Some(cost))
}

fn shown(order: &store::Order, input: &Input) -> Value {
    let day = input.date("start_date").or(order.start_date.filter(|_| !input.has("start_date")));
    json!({
        "limits": rules::limits_json(&order.limits),
        "attributes": order.attributes,
        "start_date": day.map(|day| day.to_string()),
    })
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let (order, resource) = locked(cx, REVIEWED).await?;
    let event = told(cx, &order, &resource, "marketplace_order_deleted", "Marketplace order has been deleted.").await?;
    // First it is called off, so that resource and limits are as they were; then it is gone.
    finish(cx, &order, &resource, End::Canceled, Vec::new()).await?;
    store::delete(cx.tx, order.id).await?;
    Ok(Done::event(event))
}

async fn unlink(cx: &mut Cx<'_>) -> Result<Done> {
    let (order, resource) = store::lock(cx.tx, cx.found.id).await?;
    let event =
        told(cx, &order, &resource, "marketplace_order_unlinked", "Marketplace order has been unlinked.").await?;
    if !order.state.is_over() {
        // Only the row goes; but what the order held beyond the resource's own limits goes with it.
        let components = component::store::of_offering(cx.tx, order.offering_id).await?;
        store::reserve(cx.tx, resource.id, &components, &resource.limits, cx.now).await?;
    }
    store::delete(cx.tx, order.id).await?;
    Ok(Done::event(event))
}

/// What one side says to the other, where the offering lets them talk.
async fn talk(cx: &mut Cx<'_>, input: Input, fields: &'static [Field]) -> Result<Done> {
    let (order, resource) = locked(cx, AT_PROVIDER).await?;
    let offering = crate::offering::store::load(cx.tx, order.offering_id).await?.ok_or(Error::NotFound)?;
    if !offering.flag("enable_provider_consumer_messaging") {
        return Err(Error::invalid("Messages between provider and consumer are not enabled for this offering."));
    }
    write(cx, input, fields, &order, &resource).await
}

async fn attach(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (order, resource) = locked(cx, PENDING).await?;
    let mut done = write(cx, input, UPDATE_ATTACHMENT.fields, &order, &resource).await?;
    done.answer = json!({"attachment": store::attachment(cx.tx, order.id).await?});
    Ok(done)
}

/// Stores what was sent for the stored fields of a locked order.
async fn write(
    cx: &mut Cx<'_>,
    mut input: Input,
    fields: &'static [Field],
    order: &store::Order,
    resource: &resource::store::Resource,
) -> Result<Done> {
    file::store::save(cx, fields, &mut input).await?;
    let columns: Vec<_> =
        input.stored(fields).filter_map(|(field, val)| field.column.map(|column| (column, val.clone()))).collect();
    if columns.is_empty() {
        return Ok(Done::unchanged());
    }
    store::set(cx.tx, order.id, cx.now, columns).await?;
    let event = told(cx, order, resource, "marketplace_order_updated", "Marketplace order has been updated.").await?;
    Ok(Done::event(event))
}

async fn delete_attachment(cx: &mut Cx<'_>) -> Result<Done> {
    let (order, resource) = locked(cx, PENDING).await?;
    store::set(cx.tx, order.id, cx.now, vec![("attachment_id", Val::Null)]).await?;
    let event = told(cx, &order, &resource, "marketplace_order_updated", "Marketplace order has been updated.").await?;
    Ok(Done::event(event))
}
