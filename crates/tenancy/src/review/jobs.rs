//! Reviews open by themselves, once a day.

use super::actions::OPEN;
use serde_json::Value;
use std::sync::Arc;
use stoa_kernel::{
    door::{Call, Caller, Core},
    field::Mode,
    store::jobs::{Periodic, Runner},
};

const DAILY: Periodic = Periodic { kind: "permission_reviews.open", every_seconds: 86_400 };

/// Lets a node open what is due, batch by batch.
pub fn add(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    runner.periodic.push(DAILY);
    runner.handlers.insert(
        DAILY.kind,
        Arc::new(move |_, _, _| {
            let core = core.clone();
            Box::pin(async move {
                loop {
                    let call = Call { action: &OPEN, via: None, target: None, body: Value::Null, mode: Mode::Whole };
                    if core.perform(&Caller::system(), call).await?.events.is_empty() {
                        return Ok(());
                    }
                }
            })
        }),
    );
}
