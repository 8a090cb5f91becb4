//! Links to other systems, shown to everybody who is signed in. Staff keep the list.

pub mod actions;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::EXTERNAL_LINKS);
    registry.actions.extend([&actions::CREATE, &actions::UPDATE, &actions::DELETE]);
}

/// What happens here later and periodically: nothing.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}
