//! What happens to the log of reading by itself: old entries go.

use super::store;
use std::sync::Arc;
use stoa_kernel::{
    door::Core,
    store::jobs::{Periodic, Runner},
};

/// Lets a node sweep every day.
pub fn register(_core: &Arc<Core>, runner: &mut Runner) {
    runner.periodic.push(Periodic { kind: "data_access.sweep", every_seconds: 86_400 });
    runner.handlers.insert(
        "data_access.sweep",
        Arc::new(|db, _, now| Box::pin(async move { store::sweep(&db, now).await.map(drop) })),
    );
}
