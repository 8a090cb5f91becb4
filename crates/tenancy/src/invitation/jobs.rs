//! What happens to invitations by itself: those whose time is over are closed, people are reminded in the last day, and those
//! that waited for a project go out when it begins. An invitation that is over could not be accepted before either; the
//! sweep puts it on record.

use super::{
    State,
    actions::event,
    letters, rules,
    store::{self, Invitation},
};
use crate::settings::Settings;
use serde_json::Value;
use std::sync::Arc;
use stoa_kernel::{
    Result,
    access::Needs,
    action::{Action, Cx, Done, Listener, Run, Target},
    door::{Call, Caller, Core},
    event::Event,
    field::Mode,
    store::jobs::{Handler, Periodic, Runner},
};

/// How many are dealt with in one transaction; a job goes on while it finds any.
const BATCH: i64 = 100;

const fn job(name: &'static str, about: &'static str, events: &'static [&'static str], run: Run) -> Action {
    Action { name, about, target: Target::Nothing, needs: Needs::Staff, from: &[], fields: &[], events, run }
}

/// Closes invitations whose time is over. For the program itself, like the following.
pub static EXPIRE: Action = job(
    "invitation.expire",
    "Close the invitations whose time is over, and tell who made them.",
    &["user_invitation_expired"],
    |cx, _| Box::pin(expire(cx)),
);

/// Reminds people of invitations that end within a day.
pub static REMIND: Action = job(
    "invitation.remind",
    "Remind people of invitations that end within a day.",
    &["user_invitation_sent", "user_creation_succeeded"],
    |cx, _| Box::pin(remind(cx)),
);

/// Sends the invitations to projects that have begun.
pub static START: Action = job(
    "invitation.start",
    "Send the invitations that waited for a project to begin.",
    &["user_invitation_sent", "user_creation_succeeded"],
    |cx, _| Box::pin(start(cx)),
);

fn done(events: Vec<Event>) -> Result<Done> {
    Ok(Done { events, ..Done::unchanged() })
}

async fn expire(cx: &mut Cx<'_>) -> Result<Done> {
    let mut events = Vec::new();
    for invitation in store::expire(cx.tx, BATCH, cx.now).await? {
        letters::tell_inviter(cx, "users.invitation_expired", &invitation).await?;
        events.push(event("user_invitation_expired", &invitation));
    }
    done(events)
}

async fn remind(cx: &mut Cx<'_>) -> Result<Done> {
    let settings = Settings::load(&mut *cx.tx).await?;
    let due = store::remind(cx.tx, BATCH, cx.now, cx.now.plus_seconds(rules::DAY)).await?;
    let mut events = Vec::new();
    for invitation in &due {
        events.push(event("user_invitation_sent", invitation));
        events.extend(letters::remind(cx, invitation, &settings).await?);
    }
    done(events)
}

async fn start(cx: &mut Cx<'_>) -> Result<Done> {
    let settings = Settings::load(&mut *cx.tx).await?;
    let mut begun = store::begun(cx.tx, BATCH, cx.now).await?;
    for invitation in &mut begun {
        // From the day on which the project began, or from today if that was moved here.
        let base = invitation.start.map_or(cx.now, |day| day.start());
        invitation.expires = base.plus_seconds(rules::lifetime(&settings)).max(invitation.expires);
        let (id, authority, expires) = (invitation.id, invitation.authority_id, invitation.expires);
        store::renew(cx.tx, id, State::Project, State::Pending, authority, cx.now, expires).await?;
    }
    mail(cx, &begun, &settings).await
}

async fn mail(cx: &mut Cx<'_>, invitations: &[Invitation], settings: &Settings) -> Result<Done> {
    let mut events = Vec::new();
    for invitation in invitations {
        events.push(event("user_invitation_sent", invitation));
        events.extend(letters::invite(cx, invitation, settings).await?);
    }
    done(events)
}

/// Adds what happens later to the runner.
pub fn add(core: &Arc<Core>, runner: &mut Runner) {
    for (kind, every_seconds, action) in [
        ("invitations.expire", 6 * 3600, &EXPIRE),
        ("invitations.remind", 24 * 3600, &REMIND),
        ("invitations.start", 2 * 3600, &START),
    ] {
        let core = core.clone();
        let handler: Handler = Arc::new(move |_, _, _| {
            let core = core.clone();
            Box::pin(async move { sweep(&core, action).await })
        });
        runner.handlers.insert(kind, handler);
        runner.periodic.push(Periodic { kind, every_seconds });
    }
}

/// Runs the action until it finds nothing more.
async fn sweep(core: &Arc<Core>, action: &'static Action) -> Result<()> {
    loop {
        let call = Call { action, via: None, target: None, body: Value::Null, mode: Mode::Whole };
        if core.perform(&Caller::system(), call).await?.events.is_empty() {
            return Ok(());
        }
    }
}

/// Invitations follow their project to another organization.
pub const LISTENERS: [Listener; 1] =
    [Listener { event: "project_update_succeeded", run: |cx, event| Box::pin(follow(cx, event)) }];

async fn follow(cx: &mut Cx<'_>, event: &Event) -> Result<()> {
    if cx.found.thing == "project" && event.changes.iter().any(|change| change.field == "customer") {
        return store::follow_project(cx.tx, cx.found.id).await;
    }
    Ok(())
}
