//! Accounts that have no role left rest: with the setting `DEACTIVATE_USER_IF_NO_ROLES` they are switched off, and switched on
//! again with their next role. Staff, support agents, identity managers and robots never rest, nor does anybody who never
//! had a role: he has just come.
//!
//! A role that ends or begins lets a job look at the person a moment later; a sweep finds those whom no job saw.

use super::{rules, store, views::USERS};
use crate::{grant::store as grants, settings::Settings, token::store as tokens};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::Arc;
use stoa_kernel::{
    Result, Val,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Listener, Target},
    door::{Call, Caller, Core},
    event::Event,
    field::Mode,
    id::{self, Uuid},
    store::jobs::{self, NewJob, Periodic, Runner},
};

/// Whether accounts without roles are switched off.
pub const SETTING: &str = "DEACTIVATE_USER_IF_NO_ROLES";

/// The job that looks at one person.
const LOOK: &str = "users.rest";
/// The job that looks for persons to look at.
const SWEEP: &str = "users.rest_sweep";
/// How many persons one sweep looks at.
const BATCH: i64 = 500;

/// Switches an account off that has no role left, or on again. For the program itself.
pub static SETTLE: Action = Action {
    name: "user.settle",
    about: "Switch an account off that has no role left, or on again that was switched off for that.",
    target: Target::Thing(&USERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["user_deactivated_no_roles", "user_activated"],
    run: |cx, _| Box::pin(settle(cx)),
};

async fn settle(cx: &mut Cx<'_>) -> Result<Done> {
    if !cx.actor.system {
        Decision::rule("Only the program itself does this.").required()?;
    }
    let on = Settings::load(&mut *cx.tx).await?.is_on(SETTING);
    let user = store::brief(cx.tx, cx.found.id).await?;
    let fate = store::fate(cx.tx, user.id).await?;
    let held = grants::holds_any(cx.tx, user.id, cx.now).await?;
    let exempt = user.staff || user.support || fate.robot || fate.identity_manager;
    if user.active && on && !exempt && held == grants::Holds::NoMore {
        let columns = vec![
            ("is_active", Val::Bool(false)),
            ("deactivation_reason", Val::from(rules::NO_ROLES)),
            ("is_admin_deactivated", Val::Bool(false)),
            ("modified", Val::Time(cx.now)),
        ];
        store::set(cx.tx, user.id, columns).await?;
        tokens::end_every(cx.tx, user.id).await?;
        let name = &user.username;
        let message = format!("User {name} has been deactivated automatically as all roles were revoked.");
        return Ok(Done::event(user.event("user_deactivated_no_roles", message)));
    }
    if !user.active && !fate.switched_off && fate.reason == rules::NO_ROLES && held == grants::Holds::Some {
        let columns = vec![
            ("is_active", Val::Bool(true)),
            ("deactivation_reason", Val::from("")),
            ("modified", Val::Time(cx.now)),
        ];
        store::set(cx.tx, user.id, columns).await?;
        let message = format!("User {} has been activated again as a role was granted.", user.username);
        return Ok(Done::event(user.event("user_activated", message)));
    }
    Ok(Done::unchanged())
}

/// What listens to roles that begin and end.
pub fn listeners() -> [Listener; 2] {
    [Listener { event: "role_revoked", run: heard }, Listener { event: "role_granted", run: heard }]
}

fn heard<'a, 't>(cx: &'a mut Cx<'t>, event: &'a Event) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let person = event.context.get("affected_user_uuid").and_then(Value::as_str).and_then(id::parse);
        let Some(person) = person else { return Ok(()) };
        // Begun roles matter even where the setting has been switched off meanwhile.
        if event.kind == "role_revoked" && !Settings::load(&mut *cx.tx).await?.is_on(SETTING) {
            return Ok(());
        }
        if event.kind == "role_granted" && !store::is_resting(cx.tx, person).await? {
            return Ok(());
        }
        let person = id::hex(&person);
        let (payload, unique_key) = (json!({"user": person}), Some(format!("{LOOK}/{person}")));
        jobs::enqueue(cx.tx, &NewJob { kind: LOOK, payload, run_at: cx.now, unique_key }).await.map(drop)
    })
}

/// Registers the jobs.
pub fn register(core: &Arc<Core>, runner: &mut Runner) {
    let looking = core.clone();
    runner.handlers.insert(
        LOOK,
        Arc::new(move |_, job, _| {
            let core = looking.clone();
            Box::pin(async move {
                match job.payload["user"].as_str().and_then(id::parse) {
                    Some(person) => look_at(&core, person).await,
                    None => Ok(()),
                }
            })
        }),
    );
    let sweeping = core.clone();
    runner.periodic.push(Periodic { kind: SWEEP, every_seconds: 3600 });
    runner.handlers.insert(
        SWEEP,
        Arc::new(move |_, _, _| {
            let core = sweeping.clone();
            Box::pin(async move { sweep(&core).await })
        }),
    );
}

async fn look_at(core: &Arc<Core>, person: Uuid) -> Result<()> {
    let (target, mode) = (Some(id::hex(&person)), Mode::Whole);
    let call = Call { action: &SETTLE, via: None, target, body: Value::Null, mode };
    match core.perform(&Caller::system(), call).await {
        // He is gone since.
        Ok(_) | Err(stoa_kernel::Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn sweep(core: &Arc<Core>) -> Result<()> {
    let mut found = store::resting(&core.store, core.now(), BATCH).await?;
    if Settings::load(&mut core.store.reader()).await?.is_on(SETTING) {
        found.extend(store::roleless(&core.store, core.now(), BATCH).await?);
    }
    for person in found {
        look_at(core, person).await?;
    }
    Ok(())
}
