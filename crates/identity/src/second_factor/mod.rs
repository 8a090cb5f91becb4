//! One-time codes from a telephone (TOTP), and recovery codes for the day on which it is lost.
//!
//! A user enrols with a secret, which is shown once as text and as a picture, and confirms with a first code; from then on his
//! password alone does not sign him in. Each time step's code is taken once, a step before or after the present is let pass, and
//! wrong codes are counted ([`rules`]). Whoever changes a factor has just signed in or shows the password again, and all his
//! other sessions end.

pub mod actions;
pub mod rules;
pub mod store;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    use actions::*;
    registry.actions.extend([&ENROL, &CONFIRM, &REMOVE, &MAKE_CODES, &RESET]);
}

/// What happens here later and periodically: nothing.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}
