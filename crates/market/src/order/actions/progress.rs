//! How far the execution of an order is, as the provider's people and agents tell it.

use super::{locked, text, told};
use crate::{
    component,
    order::{
        Kind, State,
        finish::{self, DONE, ERRED, End},
        place::PROVIDER,
        rules, store,
        views::ORDERS,
    },
    resource,
};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input},
};
use stoa_tenancy::access::permissions::Permission;

/// A provider can't skip what the consumer's side or the project's first day decides.
const STARTABLE: &[&str] = &text([State::PendingProvider, State::PendingStartDate, State::Erred]);
const EXECUTING: &[&str] = &text([State::Executing]);
const OPEN: &[&str] = &text([
    State::PendingConsumer,
    State::PendingProvider,
    State::PendingProject,
    State::PendingStartDate,
    State::Executing,
]);
const WAITING: &[&str] = &text([State::PendingProject, State::PendingStartDate]);

/// Says that the execution of an order has begun.
pub static SET_EXECUTING: Action = Action {
    name: "order.set_executing",
    about: "Say that the execution of an order has begun, or begins again after it erred.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::OrderApprove.id(), PROVIDER),
    from: STARTABLE,
    fields: &[],
    events: &["marketplace_order_approved"],
    run: |cx, _| Box::pin(set_executing(cx)),
};

/// Says that an order is done.
pub static SET_DONE: Action = Action {
    name: "order.set_done",
    about: "Say that what an order asked for is so; the resource follows.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::OrderApprove.id(), PROVIDER),
    from: EXECUTING,
    fields: &[],
    events: DONE,
    run: |cx, _| Box::pin(set_done(cx)),
};

/// Says that an order erred.
pub static SET_ERRED: Action = Action {
    name: "order.set_erred",
    about: "Say that the execution of an order failed, and why.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::OrderApprove.id(), PROVIDER),
    from: OPEN,
    fields: &[
        Field::text("error_message", 10_000, "What went wrong."),
        Field::text("error_traceback", 100_000, "Details of what went wrong."),
        // Part of the official request, without a use here.
        Field::text("consumer_rejection_comment", 4096, "Not used."),
    ],
    events: ERRED,
    run: |cx, input| Box::pin(set_erred(cx, input)),
};

/// Sets the provider's name for an order.
pub static SET_BACKEND_ID: Action = Action {
    name: "order.set_backend_id",
    about: "Set the provider's name for an order.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Permission(Permission::ResourceSetBackendId.id(), PROVIDER),
    from: &[],
    fields: &[Field::text("backend_id", 255, "The provider's name for it.").required()],
    events: &["marketplace_order_updated"],
    run: |cx, input| Box::pin(set_backend_id(cx, input)),
};

/// Lets an order go on for which a day had to come.
pub static RELEASE: Action = Action {
    name: "order.release",
    about: "Let an order go on that waited for the first day of its project or for its own.",
    target: Target::Thing(&ORDERS),
    needs: Needs::Staff,
    from: WAITING,
    fields: &[],
    events: &["marketplace_order_updated"],
    run: |cx, _| Box::pin(release(cx)),
};

fn check_kind(kind: &str) -> Result<()> {
    if rules::is_moved_by_hand(kind) {
        return Ok(());
    }
    Err(Error::invalid("Orders of this type of offering are moved by what executes them."))
}

async fn set_executing(cx: &mut Cx<'_>) -> Result<Done> {
    let (order, resource) = locked(cx, STARTABLE).await?;
    let offering = crate::offering::store::load(cx.tx, order.offering_id).await?.ok_or(Error::NotFound)?;
    check_kind(&offering.kind)?;
    let next = order.state.to(State::Executing)?;
    let mut columns = vec![("state", Val::from(next.text()))];
    if order.state == State::Erred {
        again(cx, &order, &resource).await?;
        columns.push(("error_message", "".into()));
        columns.push(("error_traceback", "".into()));
    }
    store::set(cx.tx, order.id, cx.now, columns).await?;
    let event =
        told(cx, &order, &resource, "marketplace_order_approved", "Marketplace order is being executed.").await?;
    Ok(Done::event(event))
}

/// Takes back what ended when an order erred: the state of its resource and what that holds of limits.
async fn again(cx: &mut Cx<'_>, order: &store::Order, resource: &resource::store::Resource) -> Result<()> {
    let (next, limits) = match order.kind {
        Kind::Create | Kind::Restore => (resource::State::Creating, order.limits.clone()),
        Kind::Update => (resource::State::Updating, store::greater(&resource.limits, &order.limits)),
        Kind::Terminate => (resource::State::Terminating, resource.limits.clone()),
    };
    let components = component::store::of_offering(cx.tx, order.offering_id).await?;
    store::reserve(cx.tx, resource.id, &components, &limits, cx.now).await?;
    let next = resource.state.to(next)?;
    resource::store::set(cx.tx, resource.id, cx.now, vec![("state", next.text().into())]).await
}

async fn set_done(cx: &mut Cx<'_>) -> Result<Done> {
    let (order, resource) = locked(cx, EXECUTING).await?;
    let offering = crate::offering::store::load(cx.tx, order.offering_id).await?.ok_or(Error::NotFound)?;
    check_kind(&offering.kind)?;
    let events = finish::finish(cx, &order, &resource, End::Done, Vec::new()).await?;
    Ok(Done { events, ..Done::default() })
}

async fn set_erred(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (order, resource) = locked(cx, OPEN).await?;
    let sent = |name| input.text(name).unwrap_or_default().to_owned();
    let end = End::Erred(sent("error_message"), sent("error_traceback"));
    let events = finish::finish(cx, &order, &resource, end, Vec::new()).await?;
    Ok(Done { events, ..Done::default() })
}

async fn set_backend_id(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (order, resource) = store::lock(cx.tx, cx.found.id).await?;
    let backend_id = input.text("backend_id").unwrap_or_default();
    store::set(cx.tx, order.id, cx.now, vec![("backend_id", backend_id.into())]).await?;
    let message = format!("The provider's name of the order has been set to {backend_id}.");
    let event = told(cx, &order, &resource, "marketplace_order_updated", &message).await?;
    Ok(Done::event(event).answer(serde_json::json!({"status": "Order backend_id has been changed."})))
}

async fn release(cx: &mut Cx<'_>) -> Result<Done> {
    let (order, resource) = locked(cx, WAITING).await?;
    let (gates, _) = finish::gates(cx, &order, false).await?;
    let next = match order.state {
        State::PendingProject => rules::after_consumer(gates, cx.today()),
        _ => rules::after_project(rules::Gates { provider: false, ..gates }, cx.today()),
    };
    if next == order.state {
        return Ok(Done::unchanged());
    }
    let next = order.state.to(next)?;
    store::set(cx.tx, order.id, cx.now, vec![("state", next.text().into())]).await?;
    let event = told(cx, &order, &resource, "marketplace_order_updated", "Marketplace order goes on.").await?;
    Ok(Done::event(event))
}
