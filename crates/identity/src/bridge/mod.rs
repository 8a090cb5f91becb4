//! The identity bridge: identity services push what they know of their people, and say when somebody is no longer theirs.
//!
//! A source is named `kind:name`, such as `isd:campus`. Only staff and identity managers speak for sources, a manager only for
//! those that he manages. What a source may write is a setting; who said what and when is kept with the user. The bridge never
//! touches staff, support agents and identity managers, nor an account with a password that no source has vouched for (security
//! case C6).

pub mod actions;
pub mod rules;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// How accounts came about that the bridge made.
pub const METHOD: &str = "identity_bridge";

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.actions.extend([&actions::PUSH, &actions::REMOVE]);
}

/// What happens here later and periodically.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}
