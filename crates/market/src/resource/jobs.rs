//! What happens to resources later: those whose last day has come are ended.

use super::{actions::consumer, store, views::ANY_RESOURCES};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    door::{Call, Caller, Core},
    field::Mode,
    id,
    store::jobs::{Handler, Periodic, Runner},
};

/// Looks for resources whose last day has come, every hour.
const END: Periodic = Periodic { kind: "resource.end_expired", every_seconds: 3600 };

/// Adds what happens later to the runner.
pub fn add(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    let handler: Handler = Arc::new(move |_, _, _| {
        let core = core.clone();
        Box::pin(async move { end_expired(&core).await.map(drop) })
    });
    runner.handlers.insert(END.kind, handler);
    runner.periodic.push(END);
}

/// Orders the end of every resource whose last day has come and that no order is about. Gives how many. Bears being done twice.
pub async fn end_expired(core: &Arc<Core>) -> Result<usize> {
    let expired = store::expired(&mut core.store.reader(), core.now().date()).await?;
    let mut ended = 0;
    for uuid in expired {
        let call = Call {
            action: &consumer::TERMINATE,
            via: Some(&ANY_RESOURCES),
            target: Some(id::hex(&uuid)),
            body: serde_json::json!({"attributes": {"termination_comment": "The last day of the resource has come."}}),
            mode: Mode::Whole,
        };
        match core.perform(&Caller::system(), call).await {
            Ok(_) => ended += 1,
            Err(Error::Conflict(_) | Error::NotFound | Error::Invalid(_)) => {}
            Err(error) => tracing::warn!(%error, resource = %uuid, "a resource was not ended"),
        }
    }
    Ok(ended)
}
