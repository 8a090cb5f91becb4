//! Announcements of the operator: a banner for everybody who is signed in, between two instants. Staff write them.

pub mod actions;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// How loud an announcement is.
pub const TYPES: &[&str] = &["information", "warning", "danger"];

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::ANNOUNCEMENTS);
    registry.actions.extend([&actions::CREATE, &actions::UPDATE, &actions::DELETE]);
}

/// What happens here later and periodically: nothing, as an announcement starts and ends by its instants.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}
