//! What can be done with orders: [`create`] places one for a new resource, [`review`] decides on it, [`progress`] tells how far
//! its execution is, [`edit`] changes what it asks for and what is said about it.

pub mod create;
pub mod edit;
pub mod progress;
pub mod review;

use super::{
    State,
    finish::Told,
    store::{self, Order},
};
use crate::resource::store::Resource;
use stoa_kernel::{
    Error, Result,
    action::{Action, Cx},
    event::Event,
};

/// Every action on orders.
pub const ALL: &[&Action] = &[
    &create::CREATE,
    &review::APPROVE_BY_CONSUMER,
    &review::APPROVE_BY_PROVIDER,
    &review::REJECT_BY_CONSUMER,
    &review::REJECT_BY_PROVIDER,
    &review::CANCEL,
    &progress::SET_EXECUTING,
    &progress::SET_DONE,
    &progress::SET_ERRED,
    &progress::SET_BACKEND_ID,
    &progress::RELEASE,
    &edit::UPDATE,
    &edit::DELETE,
    &edit::UNLINK,
    &edit::SET_PROVIDER_INFO,
    &edit::SET_CONSUMER_INFO,
    &edit::UPDATE_ATTACHMENT,
    &edit::DELETE_ATTACHMENT,
];

/// Locks the order that an action is done to, and checks its state again: another call may have moved it meanwhile.
async fn locked(cx: &mut Cx<'_>, from: &[&'static str]) -> Result<(Order, Resource)> {
    let (order, resource) = store::lock(cx.tx, cx.found.id).await?;
    if from.contains(&order.state.text()) {
        return Ok((order, resource));
    }
    Err(Error::Conflict(format!("Valid states for operation: {}.", from.join(", "))))
}

/// An event about an order.
async fn told(cx: &mut Cx<'_>, order: &Order, resource: &Resource, kind: &'static str, message: &str) -> Result<Event> {
    let scene = store::scene(cx.tx, order.project_id, order.offering_id).await?;
    Ok(Told { uuid: order.uuid, kind: order.kind, resource, scene: &scene }.order_event(kind, message))
}

/// The texts of states, for the tables of actions.
const fn text<const N: usize>(states: [State; N]) -> [&'static str; N] {
    let mut texts = [""; N];
    let mut at = 0;
    while at < N {
        texts[at] = states[at].text();
        at += 1;
    }
    texts
}
