//! Passkeys: signing in with WebAuthn.

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// Registers what can be done and seen here.
pub fn register(_registry: &mut Registry) {}

/// What happens here later and periodically.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}
