//! What happens to orders later: those that waited for a day go on when it has come.

use super::{actions::progress, store};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    action::{Cx, Listener},
    door::{Call, Caller, Core},
    event::Event,
    field::Mode,
    id,
    store::jobs::{Handler, Periodic, Runner},
};

/// Looks for orders whose day has come, every ten minutes.
const RELEASE: Periodic = Periodic { kind: "order.release", every_seconds: 600 };

/// Adds what happens later to the runner.
pub fn add(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    let handler: Handler = Arc::new(move |_, _, _| {
        let core = core.clone();
        Box::pin(async move { release_due(&core).await.map(drop) })
    });
    runner.handlers.insert(RELEASE.kind, handler);
    runner.periodic.push(RELEASE);
}

/// Lets every order go on whose day has come. Gives how many did. Bears being done twice.
pub async fn release_due(core: &Arc<Core>) -> Result<usize> {
    let due = store::due(&mut core.store.reader(), core.now().date()).await?;
    let mut moved = 0;
    for uuid in due {
        let call = Call {
            action: &progress::RELEASE,
            via: None,
            target: Some(id::hex(&uuid)),
            body: serde_json::Value::Null,
            mode: Mode::Whole,
        };
        match core.perform(&Caller::system(), call).await {
            Ok(_) => moved += 1,
            // Somebody else moved it meanwhile.
            Err(Error::Conflict(_) | Error::NotFound) => {}
            Err(error) => tracing::warn!(%error, order = %uuid, "an order was not released"),
        }
    }
    Ok(moved)
}

/// Orders and resources follow their project to another organization.
pub const LISTENERS: [Listener; 1] =
    [Listener { event: "project_update_succeeded", run: |cx, event| Box::pin(follow(cx, event)) }];

async fn follow(cx: &mut Cx<'_>, event: &Event) -> Result<()> {
    if !event.changes.iter().any(|change| change.field == "customer") || cx.found.thing != "project" {
        return Ok(());
    }
    store::follow_project(cx.tx, cx.found.id).await?;
    crate::resource::store::follow_project(cx.tx, cx.found.id).await
}
