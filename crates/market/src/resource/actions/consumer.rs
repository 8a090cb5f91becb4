//! What the consumer's side asks for: each becomes an order.

use super::locked;
use crate::{
    offering,
    order::{
        Kind as Type, State as OrderState,
        actions::review,
        place::{self, CONSUMER, Placed, Wish},
        rules, store as orders,
    },
    plan::rules::Limits,
    resource::{
        State,
        store::{self, Resource},
        views::{ANY_RESOURCES, RESOURCES},
    },
};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::{Found, Needs},
    action::{Action, Cx, Done, Target},
    field::{Field, Input, Kind},
    id,
};
use stoa_tenancy::access::permissions::Permission;

const OK: &[&str] = &[State::Ok.text()];
const STEADY: &[&str] = &[State::Ok.text(), State::Erred.text()];
/// A resource can be terminated by its project's people, its organization's, and its provider's.
const EITHER: &[&str] = &["project", "customer", "offering.customer", "service_provider", "offering"];

const UPDATE_EVENTS: &[&str] = &["marketplace_order_created", "marketplace_resource_update_requested"];

/// Asks for a resource to end.
pub static TERMINATE: Action = Action {
    name: "resource.terminate",
    about: "Order the end of a resource.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Permission(Permission::ResourceTerminate.id(), EITHER),
    from: &[State::Ok.text(), State::Erred.text(), State::Terminating.text()],
    fields: &[Field::new("attributes", Kind::Object, "What the end needs to know.")],
    events: &["marketplace_order_created", "marketplace_resource_terminate_requested", "marketplace_order_approved"],
    run: |cx, input| Box::pin(terminate(cx, input)),
};

/// Asks for other limits.
pub static UPDATE_LIMITS: Action = Action {
    name: "resource.update_limits",
    about: "Order other limits for a resource.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetLimits.id(), CONSUMER),
    from: OK,
    fields: &[
        Field::new("limits", Kind::Object, "Limits by type of component; those not sent stay.").required(),
        Field::text("request_comment", 255, "Why.").nullable(),
    ],
    events: UPDATE_EVENTS,
    run: |cx, input| Box::pin(update_limits(cx, input)),
};

/// Asks for another plan.
pub static SWITCH_PLAN: Action = Action {
    name: "resource.switch_plan",
    about: "Order another plan for a resource.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetPlan.id(), CONSUMER),
    from: OK,
    fields: &[Field::new("plan", Kind::Link("plan"), "The plan.").required()],
    events: UPDATE_EVENTS,
    run: |cx, input| Box::pin(switch_plan(cx, input)),
};

/// Changes the options of a resource, by an order where the offering wants one.
pub static UPDATE_OPTIONS: Action = Action {
    name: "resource.update_options",
    about: "Change the options of a resource; by an order, where its offering asks for one.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Permission(Permission::ResourceUpdateOptions.id(), EITHER),
    from: STEADY,
    fields: super::provider::OPTIONS,
    events: &["marketplace_resource_updated", "marketplace_order_created", "marketplace_resource_update_requested"],
    run: |cx, input| Box::pin(update_options(cx, input)),
};

/// Asks for a resource that has ended to come back.
pub static RESTORE: Action = Action {
    name: "resource.restore",
    about: "Order the return of a resource that has ended, where its offering allows it.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Permission(Permission::OrderCreate.id(), EITHER),
    from: &[State::Terminated.text()],
    fields: &[],
    events: &["marketplace_order_created", "marketplace_resource_create_requested"],
    run: |cx, _| Box::pin(restore(cx)),
};

/// Gives limits of one resource to others.
pub static REALLOCATE: Action = Action {
    name: "resource.reallocate_limits",
    about: "Order less for a resource and more for others, in one step.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetLimits.id(), CONSUMER),
    from: OK,
    fields: &[
        Field::new("limits", Kind::Object, "What is taken from the resource, by type of component.").required(),
        Field::new("targets", Kind::Json, "The others: `resource_uuid` and `allocated_limits` of each.").required(),
    ],
    events: UPDATE_EVENTS,
    run: |cx, input| Box::pin(reallocate(cx, input)),
};

/// Reads a resource from its provider.
pub static PULL: Action = Action {
    name: "resource.pull",
    about: "Read a resource from its provider, where the type of its offering can.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::AnySignedIn,
    from: &[],
    fields: &[],
    events: &[],
    run: |_, _| Box::pin(async { Err(Error::Conflict("Pull operation is not implemented.".into())) }),
};

/// A wish about an existing resource: as it is now, and what is to change.
pub fn wish(resource: &Resource, kind: Type, attributes: Value) -> Wish {
    Wish {
        kind,
        project_id: resource.project_id,
        offering_id: resource.offering_id,
        plan_id: resource.plan_id,
        limits: resource.limits.clone(),
        attributes,
        resource: Some(resource.clone()),
        more: Vec::new(),
        start_date: None,
    }
}

async fn terminate(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    if resource.state == State::Terminating {
        return agree(cx, &resource).await;
    }
    let attributes = input.json("attributes").cloned().unwrap_or_else(|| json!({}));
    let comment = attributes.get("termination_comment").and_then(Value::as_str).map(str::to_owned);
    let mut wish = wish(&resource, Type::Terminate, attributes);
    wish.more.extend(comment.map(|comment| ("termination_comment", Val::from(comment))));
    Ok(place::place(cx, wish).await?.done())
}

/// Somebody who can approve asks for what waits for approval already: that order is approved instead of refusing him.
async fn agree(cx: &mut Cx<'_>, resource: &Resource) -> Result<Done> {
    let wrong = || Error::Conflict(format!("Valid states for operation: {}.", STEADY.join(", ")));
    let open = orders::open_of(cx.tx, resource.id).await?.ok_or_else(wrong)?;
    let may = Needs::Permission(Permission::OrderApprove.id(), CONSUMER);
    let waits = open.kind == Type::Terminate && open.state == OrderState::PendingConsumer;
    if !waits || !cx.decide(&may, &cx.found).allowed {
        return Err(wrong());
    }
    let (order, resource) = orders::lock(cx.tx, open.id).await?;
    if order.state != OrderState::PendingConsumer {
        return Err(wrong());
    }
    review::approve(cx, &order).await?;
    let scene = orders::scene(cx.tx, order.project_id, order.offering_id).await?;
    let told = crate::order::finish::Told { uuid: order.uuid, kind: order.kind, resource: &resource, scene: &scene };
    let event = told.order_event("marketplace_order_approved", "Marketplace order has been approved.");
    let answer = json!({"order_uuid": id::hex(&order.uuid)});
    Ok(Done::event(event).made("order", order.id, order.uuid).answer(answer))
}

async fn update_limits(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let sent = rules::read_limits(input.json("limits").unwrap_or(&Value::Null))?;
    let comment = input.text("request_comment").map(str::to_owned);
    let placed = change_limits(cx, &resource, sent, comment).await?;
    Ok(placed.done())
}

/// Places an order for other limits of a locked resource.
async fn change_limits(cx: &mut Cx<'_>, resource: &Resource, sent: Limits, comment: Option<String>) -> Result<Placed> {
    let offering = offering::store::load(cx.tx, resource.offering_id).await?.ok_or(Error::NotFound)?;
    if !rules::can_update_limits(&offering.kind) {
        return Err(Error::invalid("Changing limits is not supported for this type of offering."));
    }
    let mut limits = resource.limits.clone();
    limits.extend(sent);
    if limits == resource.limits {
        return Err(Error::field("limits", "New limits are the same as the current ones."));
    }
    let mut wish = wish(resource, Type::Update, json!({"old_limits": rules::limits_json(&resource.limits)}));
    wish.limits = limits;
    wish.more.extend(comment.filter(|text| !text.is_empty()).map(|text| ("request_comment", Val::from(text))));
    place::place(cx, wish).await
}

async fn switch_plan(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let plan_id = input.int("plan");
    if plan_id == resource.plan_id {
        return Err(Error::field("plan", "Plan is already in use by this resource."));
    }
    let wish = Wish { plan_id, ..wish(&resource, Type::Update, json!({})) };
    Ok(place::place(cx, wish).await?.done())
}

async fn update_options(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let offering = offering::store::load(cx.tx, resource.offering_id).await?.ok_or(Error::NotFound)?;
    if orders::open_of(cx.tx, resource.id).await?.is_some() {
        return Err(Error::Conflict("Pending order for resource already exists.".into()));
    }
    if !offering.flag("create_orders_on_resource_option_change") {
        return super::provider::set_options(cx, &resource, &offering, &input).await;
    }
    let options = super::provider::sent_options(&offering, &input)?;
    let attributes = json!({"new_options": options, "old_options": resource.options});
    let placed = place::place(cx, wish(&resource, Type::Update, attributes)).await?;
    let answer =
        json!({"status": "Resource options update order has been created.", "order_uuid": id::hex(&placed.uuid)});
    Ok(placed.done().answer(answer))
}

async fn restore(cx: &mut Cx<'_>) -> Result<Done> {
    let resource = locked(cx).await?;
    let offering = offering::store::load(cx.tx, resource.offering_id).await?.ok_or(Error::NotFound)?;
    if !offering.flag("can_restore_resource") {
        return Err(Error::invalid("Resources of this offering can't be restored."));
    }
    let placed = place::place(cx, wish(&resource, Type::Restore, json!({}))).await?;
    Ok(Done { events: placed.events, ..Done::default() }.made("resource", resource.id, resource.uuid))
}

async fn reallocate(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let source = locked(cx).await?;
    let taken = rules::read_limits(input.json("limits").unwrap_or(&Value::Null))?;
    let (targets, given) = read_targets(input.json("targets").unwrap_or(&Value::Null))?;
    if taken != given {
        return Err(Error::field("targets", "What the targets get must be what the source gives."));
    }
    let mut rest = Limits::new();
    for (kind, amount) in &taken {
        let has = source.limits.get(kind).copied().unwrap_or(0);
        if *amount <= 0 || *amount > has {
            return Err(Error::field("limits", format!("The resource has {has} of {kind} to give.")));
        }
        rest.insert(kind.clone(), has - amount);
    }
    let placed = change_limits(cx, &source, rest, None).await?;
    let mut events = placed.events.clone();
    let mut orders = Vec::new();
    for (uuid, more) in targets {
        let found = target(cx, uuid, &source).await?;
        let resource = store::lock(cx.tx, found.id).await?;
        if resource.offering_id != source.offering_id || resource.state != State::Ok {
            return Err(Error::field("targets", "A target must be an OK resource of the same offering."));
        }
        let mut limits = Limits::new();
        for (kind, amount) in more {
            let has = resource.limits.get(&kind).copied().unwrap_or(0);
            limits.insert(kind, has + amount);
        }
        let placed = change_limits(cx, &resource, limits, None).await?;
        events.extend(placed.events);
        orders.push(id::hex(&placed.uuid));
    }
    let answer = json!({"source_order_uuid": id::hex(&placed.uuid), "target_order_uuids": orders});
    Ok(Done { events, answer, ..Done::default() })
}

/// A resource that gets limits: the actor must be allowed to change those of it too.
async fn target(cx: &mut Cx<'_>, uuid: id::Uuid, source: &Resource) -> Result<Found> {
    let missing = || Error::field("targets", "Invalid resource.");
    let found = cx.visible(&ANY_RESOURCES, uuid).await?.filter(|found| found.id != source.id).ok_or_else(missing)?;
    cx.decide(&REALLOCATE.needs, &found).required()?;
    Ok(found)
}

type Targets = Vec<(id::Uuid, Limits)>;

/// Reads the targets of a reallocation, and what all of them get together.
fn read_targets(value: &Value) -> Result<(Targets, Limits)> {
    let wrong = || Error::field("targets", "Expected a list of `resource_uuid` and `allocated_limits`.");
    let list = value.as_array().filter(|list| !list.is_empty() && list.len() <= 100).ok_or_else(wrong)?;
    let (mut targets, mut sum) = (Targets::new(), Limits::new());
    for item in list {
        let item: &Map<String, Value> = item.as_object().ok_or_else(wrong)?;
        let uuid = item.get("resource_uuid").and_then(Value::as_str).and_then(id::parse).ok_or_else(wrong)?;
        let limits = rules::read_limits(item.get("allocated_limits").ok_or_else(wrong)?)?;
        if targets.iter().any(|(other, _)| *other == uuid) || limits.values().any(|amount| *amount <= 0) {
            return Err(wrong());
        }
        for (kind, amount) in &limits {
            *sum.entry(kind.clone()).or_default() += amount;
        }
        targets.push((uuid, limits));
    }
    Ok((targets, sum))
}
