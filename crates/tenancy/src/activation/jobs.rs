//! Activations end by themselves. The role stops counting at that instant; this puts it on record and tells the holder.

use super::{course, store};
use crate::eligibility::{self, store as eligibilities};
use serde_json::{Value, json};
use std::sync::Arc;
use stoa_kernel::{
    Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    door::{Call, Caller, Core},
    field::Mode,
    store::jobs::{Periodic, Runner},
};

/// How many are ended in one transaction.
const BATCH: i64 = 100;

/// Every minute: whoever watches a role end expects to see it.
const EVERY_MINUTE: Periodic = Periodic { kind: "activations.tend", every_seconds: 60 };

/// Notes what is over. For the program itself; its answer says whether there was anything.
pub static TEND: Action = Action {
    name: "activation.tend",
    about: "Close the activations and eligibilities whose time is over, and tell their holders.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: eligibility::course::ENDS,
    run: |cx, _| Box::pin(tend(cx)),
};

async fn tend(cx: &mut Cx<'_>) -> Result<Done> {
    let mut events = Vec::new();
    for activation in store::over(cx.tx, BATCH, cx.now).await? {
        if let Some(reason) = course::is_over(cx, &activation).await? {
            events.extend(course::end(cx, &activation, None, reason).await?);
        }
    }
    if events.is_empty() {
        for held in eligibilities::expired(cx.tx, BATCH, cx.now).await? {
            events.extend(eligibility::course::close(cx, &held, None, eligibilities::EXPIRED).await?);
        }
    }
    let more = !events.is_empty();
    Ok(Done { events, ..Done::unchanged() }.answer(json!({ "more": more })))
}

/// Lets a node see to what is over.
pub fn add(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    runner.periodic.push(EVERY_MINUTE);
    runner.handlers.insert(
        EVERY_MINUTE.kind,
        Arc::new(move |_, _, _| {
            let core = core.clone();
            Box::pin(async move {
                loop {
                    let call = Call { action: &TEND, via: None, target: None, body: Value::Null, mode: Mode::Whole };
                    let done = core.perform(&Caller::system(), call).await?;
                    if done.answer["more"] != true {
                        return Ok(());
                    }
                }
            })
        }),
    );
}
