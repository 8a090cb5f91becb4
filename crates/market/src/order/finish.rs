//! How orders move on and end, what their end does to the resource (reference/orders-and-resources.md, section 6.3), and
//! what is told about it.

use super::{
    Kind, State,
    rules::{self, Change, Gates},
    store::{self, Order, Scene},
};
use crate::{
    component, offering,
    resource::{self, store::Resource},
};
use serde_json::Value;
use stoa_kernel::{Date, Error, Result, Val, action::Cx, event::Event, id, id::Uuid};

/// An order with its resource and scene, for what is told about it.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Identifier of the order.
    pub uuid: Uuid,
    /// What it asks for.
    pub kind: Kind,
    /// Its resource.
    pub resource: &'a Resource,
    /// Where it is placed.
    pub scene: &'a Scene,
}

impl Told<'_> {
    /// An event about the order.
    pub fn order_event(&self, kind: &'static str, message: &str) -> Event {
        resource_event(self.resource, self.scene, kind, message)
            .fact("order_uuid", id::hex(&self.uuid))
            .fact("order_type", self.kind.text())
    }

    /// An event about the resource.
    pub fn resource_event(&self, kind: &'static str, message: &str) -> Event {
        resource_event(self.resource, self.scene, kind, message).fact("order_uuid", id::hex(&self.uuid))
    }
}

/// An event about a resource. It appears in the feeds of the resource, its project and organization, and the provider.
pub fn resource_event(resource: &Resource, scene: &Scene, kind: &'static str, message: &str) -> Event {
    Event::new(kind, message)
        .fact("resource_uuid", id::hex(&resource.uuid))
        .fact("resource_name", resource.name.clone())
        .fact("project_uuid", id::hex(&scene.project_uuid))
        .fact("project_name", scene.project_name.clone())
        .fact("customer_uuid", id::hex(&scene.customer_uuid))
        .fact("customer_name", scene.customer_name.clone())
        .fact("offering_uuid", id::hex(&scene.offering_uuid))
        .fact("offering_name", scene.offering_name.clone())
        .fact("provider_uuid", id::hex(&scene.provider_uuid))
        .fact("provider_name", scene.provider_name.clone())
        .feed("resource", resource.id)
        .feed("project", scene.project_id)
        .feed("customer", scene.customer_id)
        .feed("customer", scene.provider_id)
}

/// How an order ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// What it asked for is so.
    Done,
    /// Something went wrong: a sentence for people, and the rest for those who look into it.
    Erred(String, String),
    /// The consumer's side does not want it any more.
    Canceled,
    /// One of the sides said no: the column of the comment, and the comment.
    Rejected(&'static str, String),
}

impl End {
    fn state(&self) -> State {
        match self {
            End::Done => State::Done,
            End::Erred(..) => State::Erred,
            End::Canceled => State::Canceled,
            End::Rejected(..) => State::Rejected,
        }
    }
}

/// Ends an order that is locked, and does to its resource what that means. `more` are further columns of the order.
pub async fn finish(
    cx: &mut Cx<'_>,
    order: &Order,
    resource: &Resource,
    end: End,
    mut more: Vec<(&'static str, Val)>,
) -> Result<Vec<Event>> {
    let state = order.state.to(end.state())?;
    more.push(("state", state.text().into()));
    match &end {
        End::Done => more.push(("completed_at", cx.now.into())),
        End::Erred(message, traceback) => {
            more.push(("error_message", message.into()));
            more.push(("error_traceback", traceback.into()));
        }
        End::Canceled => {}
        End::Rejected(column, comment) => more.push((column, comment.into())),
    }
    store::set(cx.tx, order.id, cx.now, more).await?;
    let outcome = outcome(order, resource, &end);
    apply(cx, order, resource, outcome, &end).await?;
    let scene = store::scene(cx.tx, order.project_id, order.offering_id).await?;
    Ok(told(&Told { uuid: order.uuid, kind: order.kind, resource, scene: &scene }, &end))
}

/// How a resource is after its order has ended.
fn outcome(order: &Order, resource: &Resource, end: &End) -> resource::State {
    use resource::State::{Creating, Erred, Ok, Terminated};
    match (order.kind, end) {
        (Kind::Create | Kind::Restore | Kind::Update, End::Done) => Ok,
        (Kind::Terminate, End::Done) => Terminated,
        // What never came to be at the provider is no resource that anybody could repair.
        (Kind::Create, End::Erred(..)) if resource.state == Creating && resource.backend_id.is_empty() => Terminated,
        (Kind::Restore, End::Erred(..)) => Terminated,
        (_, End::Erred(..)) => Erred,
        (Kind::Create | Kind::Restore, _) => Terminated,
        // A resource that had erred before is no better for an order that was called off.
        (_, _) if resource.state == Erred => Erred,
        (_, _) => Ok,
    }
}

async fn apply(cx: &mut Cx<'_>, order: &Order, resource: &Resource, next: resource::State, end: &End) -> Result<()> {
    let mut columns: Vec<(&'static str, Val)> = Vec::new();
    if next != resource.state {
        columns.push(("state", resource.state.to(next)?.text().into()));
    }
    let mut limits = resource.limits.clone();
    match end {
        End::Done if order.kind == Kind::Update => {
            let change = Change::of(&order.attributes);
            let asked = !order.limits.is_empty();
            if change != Change::Options && asked && order.limits != resource.limits {
                limits = order.limits.clone();
                columns.push(("limits", rules::limits_json(&limits).into()));
            }
            if change == Change::Plan && order.plan_id != resource.plan_id {
                columns.push(("plan_id", order.plan_id.into()));
                resource::store::close_period(cx.tx, resource.id, cx.now).await?;
                open_period(cx, resource.id, order.plan_id).await?;
            }
            columns.extend(changed(order, resource, change));
        }
        End::Done if order.kind == Kind::Terminate => {}
        End::Done => open_period(cx, resource.id, resource.plan_id).await?,
        End::Erred(message, traceback) => {
            columns.push(("error_message", message.into()));
            columns.push(("error_traceback", traceback.into()));
        }
        End::Canceled | End::Rejected(..) => {}
    }
    if *end == End::Done {
        columns.push(("error_message", "".into()));
        columns.push(("error_traceback", "".into()));
    }
    if next == resource::State::Terminated {
        resource::store::close_period(cx.tx, resource.id, cx.now).await?;
        limits.clear();
    }
    let components = component::store::of_offering(cx.tx, order.offering_id).await?;
    store::reserve(cx.tx, resource.id, &components, &limits, cx.now).await?;
    if columns.is_empty() {
        return Ok(());
    }
    resource::store::set(cx.tx, resource.id, cx.now, columns).await
}

async fn open_period(cx: &mut Cx<'_>, resource_id: i64, plan_id: Option<i64>) -> Result<()> {
    let Some(plan_id) = plan_id else { return Ok(()) };
    let uuid = cx.uuid();
    resource::store::open_period(cx.tx, resource_id, uuid, plan_id, cx.now).await
}

/// What options and renewals change of a resource besides its limits.
fn changed(order: &Order, resource: &Resource, change: Change) -> Vec<(&'static str, Val)> {
    match change {
        Change::Options => {
            let mut options = resource.options.as_object().cloned().unwrap_or_default();
            options.extend(order.attributes.get("new_options").and_then(Value::as_object).cloned().unwrap_or_default());
            vec![("options", Value::Object(options).into())]
        }
        Change::Renewal => {
            let end = order.attributes.get("new_end_date").and_then(Value::as_str).and_then(Date::parse);
            let mut attributes = resource.attributes.as_object().cloned().unwrap_or_default();
            let mut history = attributes.get("renewal_history").and_then(Value::as_array).cloned().unwrap_or_default();
            history.push(resource::rules::renewal_entry(order));
            attributes.insert("renewal_history".into(), Value::Array(history));
            let mut columns = vec![("attributes", Val::from(Value::Object(attributes)))];
            columns.extend(end.map(|end| ("end_date", end.into())));
            columns
        }
        Change::Limits | Change::Plan => Vec::new(),
    }
}

/// The events of an end: the order's own, then the resource's.
fn told(told: &Told<'_>, end: &End) -> Vec<Event> {
    let (kind, message) = match end {
        End::Done => ("marketplace_order_completed", "Marketplace order has been completed."),
        End::Erred(..) => ("marketplace_order_failed", "Marketplace order has been failed."),
        End::Canceled => ("marketplace_order_terminated", "Marketplace order has been terminated."),
        End::Rejected(..) => ("marketplace_order_rejected", "Marketplace order has been rejected."),
    };
    let mut order_event = told.order_event(kind, message);
    if let End::Erred(message, _) = end {
        order_event = order_event.fact("error_message", message.clone());
    }
    let called_off = matches!(end, End::Canceled | End::Rejected(..));
    let failed = matches!(end, End::Erred(..));
    let (kind, words) = match told.kind {
        Kind::Create | Kind::Restore if called_off => {
            ("marketplace_resource_create_canceled", "creation has been canceled.")
        }
        Kind::Create | Kind::Restore if failed => ("marketplace_resource_create_failed", "creation has failed."),
        Kind::Create | Kind::Restore => ("marketplace_resource_create_succeeded", "has been created."),
        Kind::Update if called_off => ("marketplace_resource_update_canceled", "update has been canceled."),
        Kind::Update if failed => ("marketplace_resource_update_failed", "update has failed."),
        Kind::Update => ("marketplace_resource_update_succeeded", "has been updated."),
        Kind::Terminate if called_off => ("marketplace_resource_terminate_canceled", "deletion has been canceled."),
        Kind::Terminate if failed => ("marketplace_resource_terminate_failed", "deletion has failed."),
        Kind::Terminate => ("marketplace_resource_terminate_succeeded", "has been deleted."),
    };
    vec![order_event, told.resource_event(kind, &format!("Resource {} {words}", told.resource.name))]
}

/// The types of events that an end can record, the usual one first.
pub const DONE: &[&str] = &[
    "marketplace_order_completed",
    "marketplace_resource_create_succeeded",
    "marketplace_resource_update_succeeded",
    "marketplace_resource_terminate_succeeded",
];
/// As [`DONE`], for orders that erred.
pub const ERRED: &[&str] = &[
    "marketplace_order_failed",
    "marketplace_resource_create_failed",
    "marketplace_resource_update_failed",
    "marketplace_resource_terminate_failed",
];
/// As [`DONE`], for orders that were canceled.
pub const CANCELED: &[&str] = &[
    "marketplace_order_terminated",
    "marketplace_resource_create_canceled",
    "marketplace_resource_update_canceled",
    "marketplace_resource_terminate_canceled",
];
/// As [`DONE`], for orders that were rejected.
pub const REJECTED: &[&str] = &[
    "marketplace_order_rejected",
    "marketplace_resource_create_canceled",
    "marketplace_resource_update_canceled",
    "marketplace_resource_terminate_canceled",
];

/// What decides where an order goes after the consumer's side, asked anew.
pub async fn gates(cx: &mut Cx<'_>, order: &Order, provides: bool) -> Result<(Gates, Scene)> {
    let scene = store::scene(cx.tx, order.project_id, order.offering_id).await?;
    let offering = offering::store::load(cx.tx, order.offering_id).await?.ok_or(Error::NotFound)?;
    let gates = Gates {
        project_start: scene.project_start,
        order_start: order.start_date,
        provider: rules::provider_reviews(&offering, provides),
    };
    Ok((gates, scene))
}
