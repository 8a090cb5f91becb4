//! What can be done with user actions.

use super::{rules::TYPES, store, views::USER_ACTIONS};
use serde_json::{Value, json};
use std::collections::HashMap;
use stoa_kernel::{
    Error, Result, Time,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input, Kind},
    store::jobs::{self, NewJob},
};
use stoa_tenancy::{
    letter::{self, Letter},
    settings::Settings,
    user::actions::DIGEST_JOB,
};

/// Days for which something can be silenced.
const LONGEST: i64 = 3_650;
const DURATION: Field =
    Field::new("duration_days", Kind::Int, "For how many days; for good if left out.").min(1).max(LONGEST).nullable();

/// Computes anew what needs whom.
pub static REFRESH: Action = Action {
    name: "user_action.refresh",
    about: "Compute anew what needs whose attention.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::text("provider_action_type", 100, "Only this kind.").nullable(),
        Field::new("user", Kind::Int, "Only this user: the key."),
    ],
    events: &[],
    run: |cx, input| Box::pin(refresh(cx, input)),
};

/// Mails people what needs their attention.
pub static DIGEST: Action = Action {
    name: "user_action.digest",
    about: "Mail people what needs their attention.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::new("user", Kind::Int, "Only this user: the key."),
        Field::new("after", Kind::Int, "Only users after this key."),
    ],
    events: &[],
    run: |cx, input| Box::pin(digest(cx, input)),
};

/// Silences a row.
pub static SILENCE: Action = Action {
    name: "user_action.silence",
    about: "Be told no more about something, for some days or for good.",
    target: Target::Thing(&USER_ACTIONS),
    needs: Needs::Own,
    from: &[],
    fields: &[DURATION],
    events: &[],
    run: |cx, input| Box::pin(silence(cx, input)),
};

/// Ends the silence of a row.
pub static UNSILENCE: Action = Action {
    name: "user_action.unsilence",
    about: "Be told again about something.",
    target: Target::Thing(&USER_ACTIONS),
    needs: Needs::Own,
    from: &[],
    fields: &[],
    events: &[],
    run: |cx, _| Box::pin(unsilence(cx)),
};

/// Silences all rows of the caller that the filters name.
pub static SILENCE_ALL: Action = Action {
    name: "user_action.silence_all",
    about: "Be told no more about everything of a kind or an urgency.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[
        DURATION,
        Field::text("action_type", 100, "Only this kind."),
        Field::text("urgency", 10, "Only what is that urgent."),
    ],
    events: &[],
    run: |cx, input| Box::pin(silence_all(cx, input)),
};

/// Notes what a user did about a row. The deed itself is an action of its own, with its own record.
pub static EXECUTED: Action = Action {
    name: "user_action.executed",
    about: "Note what was done about something.",
    target: Target::Thing(&USER_ACTIONS),
    needs: Needs::Own,
    from: &[],
    fields: &[
        Field::text("action_label", 255, "What was done.").required(),
        Field::text("error_message", 4_000, "Why it failed."),
    ],
    events: &[],
    run: |cx, input| Box::pin(executed(cx, input)),
};

async fn refresh(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let settings = Settings::load(&mut *cx.tx).await?;
    let wanted = input.text("provider_action_type");
    if let Some(kind) = wanted.filter(|kind| !TYPES.contains(kind)) {
        return Err(Error::field("provider_action_type", format!("\"{kind}\" is not a valid choice.")));
    }
    let user = input.int("user");
    let clock = cx.clock().clone();
    for kind in TYPES.iter().copied().filter(|kind| wanted.is_none_or(|wanted| wanted == *kind)) {
        // Once it is turned off, nothing needs anybody.
        let todos = match kind {
            _ if !settings.is_on("USER_ACTIONS_ENABLED") => Vec::new(),
            "pending_order" => {
                let hours = settings.int("USER_ACTIONS_PENDING_ORDER_HOURS").unwrap_or(24);
                store::waiting_orders(cx.tx, hours, user, cx.now).await?
            }
            _ => store::ending_resources(cx.tx, user, cx.now).await?,
        };
        for todo in &todos {
            store::note(cx.tx, &clock, todo, cx.now).await?;
        }
        store::forget(cx.tx, kind, user, cx.now).await?;
        store::computed(cx.tx, kind, cx.now).await?;
    }
    let kept = settings.int("USER_ACTIONS_EXECUTION_RETENTION_DAYS").unwrap_or(90);
    store::forget_executions(cx.tx, cx.now.plus_seconds(-kept * 86_400)).await?;
    Ok(Done::unchanged())
}

/// Letters that one job queues.
const BATCH: usize = 500;
/// Lines of a letter; the page of the portal shows the rest.
const LINES: usize = 20;

/// The daily letter goes out from nine in the morning on (reference/checklists-and-notifications.md, section 2).
async fn digest(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let only = input.int("user");
    let on = Settings::load(&mut *cx.tx).await?.is_on("USER_ACTIONS_ENABLED");
    let early = cx.now.0 - cx.now.date().start().0 < 9 * 3_600_000_000;
    if !on || only.is_none() && early {
        return Ok(Done::unchanged());
    }
    let after = input.int("after").unwrap_or_default();
    let readers = store::readers(cx.tx, only, after, BATCH as i64, cx.now).await?;
    let mut lines = HashMap::<i64, Vec<Value>>::new();
    for (user, line) in store::loud(cx.tx, readers.iter().map(|reader| reader.id).collect(), cx.now).await? {
        lines.entry(user).or_default().push(line);
    }
    for reader in &readers {
        let mut actions = lines.remove(&reader.id).unwrap_or_default();
        let count = actions.len();
        actions.truncate(LINES);
        let context =
            json!({"full_name": reader.full_name, "count": count, "actions": actions, "link": "/profile/actions/"});
        let key = "user_actions.notification_digest";
        let letter = Letter { to: &reader.email, key, context, language: &reader.language, unique: None };
        letter::queue(cx.tx, cx.now, letter).await?;
        store::mailed(cx.tx, reader.id, cx.now).await?;
    }
    if let (BATCH, Some(last)) = (readers.len(), readers.last()) {
        let payload = json!({"after": last.id});
        jobs::enqueue(cx.tx, &NewJob { kind: DIGEST_JOB, payload, run_at: cx.now, unique_key: None }).await?;
    }
    Ok(Done::unchanged())
}

fn until(cx: &Cx<'_>, input: &Input) -> Option<Time> {
    input.int("duration_days").map(|days| cx.now.plus_seconds(days * 86_400))
}

async fn silence(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let until = until(cx, &input);
    store::silence(cx.tx, cx.found.id, until, cx.now).await?;
    Ok(Done::unchanged().answer(json!({"status": "silenced", "duration_days": input.int("duration_days")})))
}

async fn unsilence(cx: &mut Cx<'_>) -> Result<Done> {
    store::unsilence(cx.tx, cx.found.id, cx.now).await?;
    Ok(Done::unchanged().answer(json!({"status": "unsilenced"})))
}

async fn silence_all(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let text = |name: &str| input.text(name).unwrap_or_default().to_owned();
    let (kind, urgency) = (text("action_type"), text("urgency"));
    let until = until(cx, &input);
    let count = store::silence_all(cx.tx, cx.actor.id, (&kind, &urgency), until, cx.now).await?;
    let answer = json!({"status": "silenced", "count": count, "duration_days": input.int("duration_days")});
    Ok(Done::unchanged().answer(answer))
}

async fn executed(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let text = |name: &str| input.text(name).unwrap_or_default().to_owned();
    let metadata = json!({"user_action": stoa_kernel::id::hex(&cx.found.uuid)});
    store::executed(cx.tx, cx.actor.id, &text("action_label"), &text("error_message"), &metadata, cx.now).await?;
    Ok(Done::unchanged())
}
