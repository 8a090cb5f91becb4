//! What happens to tokens by itself.

use super::store;
use std::sync::Arc;
use stoa_kernel::store::jobs::{Handler, Periodic};

/// Removes overdue tokens and forgotten failures, every ten minutes.
pub const SWEEP: Periodic = Periodic { kind: "token.sweep", every_seconds: 600 };

/// Runs [`SWEEP`].
pub fn sweep() -> Handler {
    Arc::new(|db, _, now| {
        Box::pin(async move {
            let gone = store::sweep(&db, now).await?;
            tracing::debug!(gone, "overdue tokens are removed");
            Ok(())
        })
    })
}
