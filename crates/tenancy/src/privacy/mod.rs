//! What becomes of people: duplicate accounts are merged, personal data are exported, and people are erased. docs/privacy.md
//! says what is kept where and for how long.
//!
//! Other areas hold data of people too. They listen to `user_merged` and `user_erased` and do their part in the same
//! transaction: the target of the action (`cx.found`) is the account that goes, and the fact `merged_into_uuid` names the one
//! that stays. A listener that returns a conflict keeps the whole thing from happening.

pub mod actions;
pub mod rules;
pub mod store;

use crate::user;
use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    use actions::{erase, export, merge};
    registry.actions.extend([&merge::MERGE, &export::EXPORT, &erase::ERASE, &erase::CANCEL]);
}

/// What happens to people later and periodically: accounts without roles rest.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    user::rest::register(core, runner);
}
