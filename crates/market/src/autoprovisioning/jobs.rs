//! When rules run: after somebody has arrived.

use super::{
    apply::{APPLY, ORDER},
    store,
};
use serde_json::{Value, json};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    action::{Action, Cx, Done, Listener},
    door::{Call, Caller, Core},
    event::Event,
    field::Mode,
    id::{self, Uuid},
    store::jobs::{Handler, Runner},
};
use stoa_tenancy::user::arrival;

/// A new account has arrived; a sign-in notes the rest itself.
pub const LISTENERS: [Listener; 2] = [
    Listener { event: "user_has_been_created_by_staff", run: |cx, event| Box::pin(arrived(cx, event)) },
    Listener { event: "user_creation_succeeded", run: |cx, event| Box::pin(arrived(cx, event)) },
];

async fn arrived(cx: &mut Cx<'_>, event: &Event) -> Result<()> {
    let user = event.context.get("affected_user_uuid").and_then(Value::as_str).and_then(id::parse);
    match user {
        Some(user) if store::any(&mut *cx.tx).await? => arrival::note(cx.tx, cx.now, user).await,
        _ => Ok(()),
    }
}

/// Runs the rules for whoever has arrived.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    let handler: Handler = Arc::new(move |_, job, _| {
        let core = core.clone();
        Box::pin(async move {
            let user = job.payload.get("user").and_then(Value::as_str).and_then(id::parse);
            let user = user.ok_or_else(|| Error::broken("an arrival without a user"))?;
            run(&core, user).await
        })
    });
    runner.handlers.insert(arrival::JOB, handler);
}

/// Runs every rule for a person, each in a transaction of its own: what stands against one does not stop the others. Bears
/// being done again.
///
/// # Errors
/// What a later attempt may not meet: an unavailable or broken store.
pub async fn run(core: &Arc<Core>, user: Uuid) -> Result<()> {
    for rule in store::all(&mut core.store.reader()).await? {
        let body = json!({"user": id::hex(&user)});
        let Some(done) = perform(core, &APPLY, rule.uuid, body).await? else { continue };
        if let (Some(project), Some(true)) = (done.answer["project"].as_str(), done.answer["orders"].as_bool()) {
            let body = json!({"user": id::hex(&user), "project": project});
            perform(core, &ORDER, rule.uuid, body).await?;
        }
    }
    Ok(())
}

/// Performs an action of a rule. What a rule of the installation refuses is left out.
async fn perform(core: &Arc<Core>, action: &'static Action, rule: Uuid, body: Value) -> Result<Option<Done>> {
    let call = Call { action, via: None, target: Some(id::hex(&rule)), body, mode: Mode::Whole };
    match core.perform(&Caller::system(), call).await {
        Ok(done) => Ok(Some(done)),
        Err(error @ (Error::Unavailable(_) | Error::Broken(_) | Error::Duplicate(_) | Error::Dangling(_))) => {
            Err(error)
        }
        Err(error) => {
            tracing::warn!(%error, rule = %rule, action = action.name, "a rule for new people was not applied");
            Ok(None)
        }
    }
}
