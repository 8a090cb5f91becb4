//! What happens to plans by itself: prices that were set for the next month become current when it has begun.

use super::{actions::APPLY_FUTURE_PRICES, rules, store};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    door::{Call, Caller, Core},
    field::Mode,
    id,
    store::jobs::{Handler, Periodic, Runner},
};

/// Looks for prices that are due, every ten minutes.
const PRICES: Periodic = Periodic { kind: "plan.prices", every_seconds: 600 };

/// Adds what happens later to the runner.
pub fn add(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    let handler: Handler = Arc::new(move |_, _, _| {
        let core = core.clone();
        Box::pin(async move { apply_due(&core).await.map(drop) })
    });
    runner.handlers.insert(PRICES.kind, handler);
    runner.periodic.push(PRICES);
}

/// Makes every price current that was set for a month that has begun. Gives how many plans changed. Bears being done twice.
pub async fn apply_due(core: &Arc<Core>) -> Result<usize> {
    let month = rules::month_of(core.now().date());
    let mut plans = 0;
    for uuid in store::due(&mut core.store.reader(), month).await? {
        let call = Call {
            action: &APPLY_FUTURE_PRICES,
            via: None,
            target: Some(id::hex(&uuid)),
            body: serde_json::Value::Null,
            mode: Mode::Whole,
        };
        match core.perform(&Caller::system(), call).await {
            Ok(_) => plans += 1,
            // Somebody removed it meanwhile.
            Err(Error::NotFound) => {}
            Err(error) => tracing::warn!(%error, plan = %uuid, "future prices were not applied"),
        }
    }
    Ok(plans)
}
