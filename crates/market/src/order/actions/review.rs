//! Deciding on an order: first the consumer's side, then the provider's.

use super::{locked, text, told};
use crate::order::{
    State,
    finish::{self, CANCELED, End, REJECTED},
    place::{self, CONSUMER, PROVIDER},
    rules, store,
    store::Order,
    views::ORDERS,
};
use serde_json::Value;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input, Kind},
};
use stoa_tenancy::{access::permissions::Permission, project::rules::has_ended};

const AT_CONSUMER: &[&str] = &text([State::PendingConsumer]);
const AT_PROVIDER: &[&str] = &text([State::PendingProvider]);
const CANCELABLE: &[&str] = &text([
    State::PendingConsumer,
    State::PendingProvider,
    State::PendingProject,
    State::PendingStartDate,
    State::Executing,
]);

/// Approves an order for the consumer.
pub static APPROVE_BY_CONSUMER: Action = Action {
    name: "order.approve_by_consumer",
    about: "Approve an order for the organization that pays; the provider's turn is next, where it has one.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::OrderApprove.id(), CONSUMER),
    from: AT_CONSUMER,
    fields: &[],
    events: &["marketplace_order_approved"],
    run: |cx, _| Box::pin(approve_by_consumer(cx)),
};

/// Approves an order for the provider.
pub static APPROVE_BY_PROVIDER: Action = Action {
    name: "order.approve_by_provider",
    about: "Approve an order for the provider; its execution begins.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::OrderApprove.id(), PROVIDER),
    from: AT_PROVIDER,
    fields: &[Field::new("attributes", Kind::Object, "What the provider adds to what was asked for.")],
    events: &["marketplace_order_approved"],
    run: |cx, input| Box::pin(approve_by_provider(cx, input)),
};

/// Rejects an order for the consumer. Who placed it can do so too.
pub static REJECT_BY_CONSUMER: Action = Action {
    name: "order.reject_by_consumer",
    about: "Reject an order for the organization that would pay, or take back one's own.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Any(&[Needs::Own, Needs::Permission(Permission::OrderReject.id(), CONSUMER)]),
    from: AT_CONSUMER,
    fields: &[
        Field::text("consumer_rejection_comment", 4096, "Why."),
        // Part of the official request, without a use here.
        Field::text("error_message", 4096, "Not used."),
        Field::text("error_traceback", 10_000, "Not used."),
    ],
    events: REJECTED,
    run: |cx, input| Box::pin(reject(cx, input, "consumer_rejection_comment", AT_CONSUMER)),
};

/// Rejects an order for the provider.
pub static REJECT_BY_PROVIDER: Action = Action {
    name: "order.reject_by_provider",
    about: "Reject an order for the provider.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::OrderReject.id(), PROVIDER),
    from: AT_PROVIDER,
    fields: &[Field::text("provider_rejection_comment", 4096, "Why.")],
    events: REJECTED,
    run: |cx, input| Box::pin(reject(cx, input, "provider_rejection_comment", AT_PROVIDER)),
};

/// Cancels an order.
pub static CANCEL: Action = Action {
    name: "order.cancel",
    about: "Cancel an order that is not over, where the type of its offering allows it.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::OrderCancel.id(), CONSUMER),
    from: CANCELABLE,
    fields: &[],
    events: CANCELED,
    run: |cx, _| Box::pin(cancel(cx)),
};

async fn approve_by_consumer(cx: &mut Cx<'_>) -> Result<Done> {
    let (order, resource) = locked(cx, AT_CONSUMER).await?;
    approve(cx, &order).await?;
    let event =
        told(cx, &order, &resource, "marketplace_order_approved", "Marketplace order has been approved.").await?;
    Ok(Done::event(event))
}

/// Moves a locked order on after the consumer's side has agreed.
pub async fn approve(cx: &mut Cx<'_>, order: &Order) -> Result<State> {
    let scene = store::scene(cx.tx, order.project_id, order.offering_id).await?;
    place::check_customer(&scene)?;
    if has_ended(scene.project_end, scene.grace_days, cx.today()) {
        return Err(Error::field("project", "Project end date has passed."));
    }
    let provides = Needs::Permission(Permission::ResourceTerminate.id(), &["offering.customer"]);
    let provides = cx.decide(&provides, &cx.found).allowed;
    let (gates, _) = finish::gates(cx, order, provides).await?;
    let next = order.state.to(rules::after_consumer(gates, cx.today()))?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let columns = vec![
        ("state", Val::from(next.text())),
        ("consumer_reviewed_by", by.into()),
        ("consumer_reviewed_at", cx.now.into()),
    ];
    store::set(cx.tx, order.id, cx.now, columns).await?;
    Ok(next)
}

async fn approve_by_provider(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (order, resource) = locked(cx, AT_PROVIDER).await?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let mut columns = vec![
        ("state", Val::from(order.state.to(State::Executing)?.text())),
        ("provider_reviewed_by", by.into()),
        ("provider_reviewed_at", cx.now.into()),
    ];
    if let Some(Value::Object(added)) = input.json("attributes").filter(|added| *added != &serde_json::json!({})) {
        let mut attributes = order.attributes.as_object().cloned().unwrap_or_default();
        attributes.extend(added.clone());
        columns.push(("attributes", Value::Object(attributes).into()));
    }
    store::set(cx.tx, order.id, cx.now, columns).await?;
    let event =
        told(cx, &order, &resource, "marketplace_order_approved", "Marketplace order has been approved.").await?;
    Ok(Done::event(event))
}

async fn reject(cx: &mut Cx<'_>, input: Input, column: &'static str, from: &'static [&'static str]) -> Result<Done> {
    let (order, resource) = locked(cx, from).await?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let side = match column {
        "consumer_rejection_comment" => ("consumer_reviewed_by", "consumer_reviewed_at"),
        _ => ("provider_reviewed_by", "provider_reviewed_at"),
    };
    let more = vec![(side.0, by.into()), (side.1, cx.now.into())];
    let end = End::Rejected(column, input.text(column).unwrap_or_default().to_owned());
    let events = finish::finish(cx, &order, &resource, end, more).await?;
    Ok(Done { events, ..Done::default() })
}

async fn cancel(cx: &mut Cx<'_>) -> Result<Done> {
    let (order, resource) = locked(cx, CANCELABLE).await?;
    let offering = crate::offering::store::load(cx.tx, order.offering_id).await?.ok_or(Error::NotFound)?;
    if !rules::can_cancel(&offering.kind) {
        return Err(Error::invalid("Order of this type of offering can't be canceled."));
    }
    let events = finish::finish(cx, &order, &resource, End::Canceled, Vec::new()).await?;
    Ok(Done { events, ..Done::default() })
}
