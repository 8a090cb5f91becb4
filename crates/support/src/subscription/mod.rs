//! Subscriptions to events by agents: what they want to hear of through a message broker.
//!
//! No broker is part of the server yet. Subscriptions, their queues and consumers are kept and answered as the wire has them, so
//! that an agent which registers finds its place when there is one; until then nothing is put into a queue, which the answers
//! say, and events are read from the list of events or through a web hook.

pub mod actions;
pub mod rules;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::SUBSCRIPTIONS, &views::QUEUES, &views::CONSUMERS]);
    registry.actions.extend([
        &actions::CREATE,
        &actions::DELETE,
        &actions::CREATE_QUEUE,
        &actions::DELETE_QUEUE,
        &actions::REGISTER,
        &actions::DELETE_CONSUMER,
    ]);
}

/// What happens here later and periodically: nothing until there is a broker.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}
