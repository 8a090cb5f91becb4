//! What happens to sign-ins by itself.

use super::store;
use std::sync::Arc;
use stoa_kernel::store::jobs::{Handler, Periodic};

/// Removes sign-ins that nobody finished and codes that nobody exchanged, every ten minutes.
pub const SWEEP: Periodic = Periodic { kind: "oidc.sweep", every_seconds: 600 };

/// Runs [`SWEEP`].
pub fn sweep() -> Handler {
    Arc::new(|db, _, now| Box::pin(async move { store::sweep(&db, now).await }))
}
