//! Reviews of the roles in an organization or a project (mission R7; reference/permissions.md, section 11).
//!
//! One is opened for every organization and project with people in it, unless one is open, or one was closed, or the
//! organization or project was made, within [`rules::QUIET_DAYS`]. Whoever may review looks through the team, revokes what should not be, and closes it.

pub mod actions;
pub mod jobs;
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
    use actions::*;
    registry.views.extend([&views::CUSTOMER_REVIEWS, &views::PROJECT_REVIEWS]);
    registry.actions.extend([&OPEN, &CLOSE_CUSTOMER, &CLOSE_PROJECT]);
}

/// What happens here later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    jobs::add(core, runner);
}
