//! What happens to grants by itself: those whose time is over are closed. They stopped counting at that time already; this
//! puts it on record (reference/permissions.md, section 12).

use super::{actions, store};
use serde_json::Value;
use std::sync::Arc;
use stoa_kernel::{
    Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    door::{Call, Caller, Core},
    field::Mode,
    store::jobs::{Periodic, Runner},
};

/// How many are closed in one transaction; the sweep runs again at once while it finds as many.
pub const BATCH: i64 = 200;

/// Closes grants whose time is over. For the program itself; a run that records nothing found nothing more to close.
pub static EXPIRE: Action = Action {
    name: "grant.expire",
    about: "Close the grants whose time is over.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["role_revoked"],
    run: |cx, _| Box::pin(expire(cx)),
};

async fn expire(cx: &mut Cx<'_>) -> Result<Done> {
    let closed = store::revoke_expired(cx.tx, BATCH, cx.now).await?;
    let events = actions::closed(cx, &closed, store::EXPIRED).await?;
    Ok(Done { events, ..Done::unchanged() })
}

/// Lets a node sweep every hour.
pub fn register(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    runner.periodic.push(Periodic { kind: "grants.expire", every_seconds: 3600 });
    runner.handlers.insert(
        "grants.expire",
        Arc::new(move |_, _, _| {
            let core = core.clone();
            Box::pin(async move { sweep(&core).await })
        }),
    );
}

/// Closes everything that is over, batch by batch.
async fn sweep(core: &Arc<Core>) -> Result<()> {
    loop {
        let call = Call { action: &EXPIRE, via: None, target: None, body: Value::Null, mode: Mode::Whole };
        let done = core.perform(&Caller::system(), call).await?;
        if done.events.is_empty() {
            return Ok(());
        }
    }
}
