//! How long events are kept: for ever, unless the operator says otherwise.
//!
//! The operator says it in the program's settings and not staff in a page: who can be embarrassed by the record must not be able to
//! shorten it. What is kept in any case are the events about roles (mission R6), and those about removal and erasure.

use crate::{audit::rules::CAUSE, vocabulary::events};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    door::{Call, Caller, Core},
    event::{self, Event},
    field::Mode,
    id,
    store::jobs::{Periodic, Runner},
};

/// Days for which events are kept; put into the core by the program. Without it, or with 0, they are kept for ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeptDays(pub i64);

/// Events that are removed in one transaction.
const BATCH: i64 = 1000;

/// Removes events that are older than the operator keeps them. For the program itself; a run that finds none says nothing.
pub static FORGET: Action = Action {
    name: "event.forget",
    about: "Remove events that are older than the operator keeps them.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["events_removed"],
    run: |cx, _| Box::pin(forget(cx)),
};

async fn forget(cx: &mut Cx<'_>) -> Result<Done> {
    if !cx.actor.system {
        return Err(Error::NotFound);
    }
    let days = cx.core.get::<KeptDays>().map_or(0, |kept| kept.0);
    if days <= 0 {
        return Ok(Done::unchanged());
    }
    let before = cx.now.plus_seconds(-days * 86_400);
    let mut keep: Vec<&str> = events::types_of("permissions").map(|one| one.name).collect();
    // The seal of the record needs these for ever: they say why an event is not as it was.
    keep.extend(["events_removed", "user_erased"]);
    let cause = cx.core.clock.uuid();
    let gone = event::forget(cx.tx, before, &keep, BATCH, cause).await?;
    if gone == 0 {
        return Ok(Done::unchanged());
    }
    let message = format!("{gone} events from before {} have been removed: they are kept {days} days.", before.date());
    let event = Event::new("events_removed", message).fact("count", gone).fact("before", before.to_string());
    let event = event.fact(CAUSE, id::hex(&cause));
    Ok(Done::event(event))
}

/// Lets a node look every day.
pub fn register(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    runner.periodic.push(Periodic { kind: "events.forget", every_seconds: 86_400 });
    runner.handlers.insert(
        "events.forget",
        Arc::new(move |_, _, _| {
            let core = core.clone();
            Box::pin(async move { sweep(&core).await })
        }),
    );
}

async fn sweep(core: &Arc<Core>) -> Result<()> {
    loop {
        let call = Call { action: &FORGET, via: None, target: None, body: serde_json::Value::Null, mode: Mode::Whole };
        if core.perform(&Caller::system(), call).await?.events.is_empty() {
            return Ok(());
        }
    }
}
