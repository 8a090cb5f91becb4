//! What needs a user's attention: orders that wait for his decision, resources that end soon
//! (reference/checklists-and-notifications.md, section 2).
//!
//! What needs whom is computed every six hours and when staff ask for it, while the setting `USER_ACTIONS_ENABLED` is on; once a
//! day people are mailed what needs them. A row is a reminder, not a right: who acts on it is checked like everybody else.

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
    registry.views.extend([
        &views::USER_ACTIONS,
        &views::ALL_USER_ACTIONS,
        &views::USER_ACTION_EXECUTIONS,
        &views::USER_ACTION_PROVIDERS,
    ]);
    registry.actions.extend([&REFRESH, &DIGEST, &SILENCE, &UNSILENCE, &SILENCE_ALL, &EXECUTED]);
}

/// What happens here later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    jobs::add(core, runner);
}
