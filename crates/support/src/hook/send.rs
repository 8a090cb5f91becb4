//! Sending deliveries, beside everything else: a hook at a time in the order of its events, several hooks at once, few to one host
//! and few of one owner, so that a slow receiver holds up nobody but itself.
//!
//! No transaction is open while a receiver is waited for. A node that dies in the middle leaves its hooks leased for a minute; then
//! another node sends again what was not written down as taken: at least once, with the same `X-Stoa-Delivery`.

use super::{
    State, actions,
    rules::{self, Told, Verdict},
    store::{self, Due, Tried, Waiting},
};
use crate::outbound::{Failure, Outbound};
use std::{collections::HashMap, sync::Arc, time::Duration};
use stoa_kernel::{
    Result, Val,
    door::{Call, Caller, Core, Credential},
    error::Error,
    field::Mode,
    id::{self, Uuid},
    view::Ask,
};
use stoa_tenancy::record::views::{EVENTS, IN_ANY_FEED};
use tokio::{sync::Mutex, task::JoinSet};

/// Hooks that are served at once.
const SLOTS: usize = 16;
/// Of these, hooks whose address is at one host.
const PER_HOST: usize = 2;
/// Of these, hooks of one owner.
const PER_OWNER: usize = 4;
/// Hooks that are looked at for the next free slots.
const LOOK: i64 = 200;
/// How long a hook is served before another gets its slot; together with the last call it is less than the lease.
const TURN: Duration = Duration::from_secs(20);

/// Whether this node sends. There is one in the core.
#[derive(Debug, Default)]
pub struct Pump {
    running: Arc<Mutex<()>>,
}

impl Pump {
    /// Waits until nothing is being sent. For tests.
    pub async fn idle(core: &Core) {
        if let Some(pump) = core.get::<Pump>() {
            drop(pump.running.lock().await);
        }
    }
}

/// Sends what is due, beside the caller, unless that is going on already.
pub fn start(core: &Arc<Core>) {
    let Some(Ok(running)) = core.get::<Pump>().map(|pump| pump.running.clone().try_lock_owned()) else { return };
    let core = core.clone();
    tokio::spawn(async move {
        if let Err(error) = all(&core).await {
            tracing::warn!(%error, "hooks could not be served");
        }
        drop(running);
    });
}

/// Serves hooks until none is due.
async fn all(core: &Arc<Core>) -> Result<()> {
    let mut serving: JoinSet<i64> = JoinSet::new();
    let mut served: HashMap<i64, (String, i64)> = HashMap::new();
    loop {
        let mut found = store::waiting(&core.store, core.now(), LOOK).await?.into_iter();
        while let Some(hook) = found.next().filter(|_| serving.len() < SLOTS) {
            let host = rules::host(&hook.destination_url);
            let at_host = served.values().filter(|(other, _)| *other == host).count();
            let of_owner = served.values().filter(|(_, owner)| *owner == hook.user_id).count();
            let mine = served.contains_key(&hook.id) || at_host >= PER_HOST || of_owner >= PER_OWNER;
            if mine || !store::take(&core.store, hook.id, core.now()).await? {
                continue;
            }
            served.insert(hook.id, (host, hook.user_id));
            let core = core.clone();
            serving.spawn(async move {
                let id = hook.id;
                match serve(&core, &hook, None).await {
                    Ok(()) => drop(store::give_back(&core.store, id, core.now()).await),
                    // The lease keeps it from being tried again at once.
                    Err(error) => tracing::warn!(hook = id, %error, "a hook could not be served"),
                }
                id
            });
        }
        tokio::select! {
            ended = serving.join_next() => match ended {
                None => return Ok(()),
                Some(Ok(id)) => drop(served.remove(&id)),
                // Whose it was is not known; the leases keep hooks from being served twice.
                Some(Err(error)) => {
                    tracing::error!(%error, "serving a hook panicked");
                    served.clear();
                }
            },
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

/// Sends one delivery at once, if its hook is not being served: that would send it soon anyway.
///
/// # Errors
/// Those of the store.
pub async fn one(core: &Arc<Core>, hook: i64, delivery: Uuid) -> Result<()> {
    if !store::take(&core.store, hook, core.now()).await? {
        return Ok(());
    }
    let done = match store::by_id(&core.store, hook).await {
        Ok(hook) => serve(core, &hook, Some(delivery)).await,
        Err(error) => Err(error),
    };
    store::give_back(&core.store, hook, core.now()).await?;
    done
}

/// Sends what a hook has to send; only this delivery if it is named.
async fn serve(core: &Arc<Core>, hook: &Due, only: Option<Uuid>) -> Result<()> {
    let began = tokio::time::Instant::now();
    let waiting = store::batch(&core.store, hook.id, only, core.now()).await?;
    let events = permitted(core, hook.user, waiting.iter().filter_map(|one| one.event).collect()).await?;
    let withheld = waiting.iter().filter(|one| one.event.is_some_and(|event| !events.contains_key(&event)));
    store::withhold(&core.store, withheld.map(|one| one.id).collect()).await?;
    for one in waiting {
        let told = match one.event {
            Some(event) => match events.get(&event) {
                Some(told) => told.clone(),
                None => continue,
            },
            None => rules::test_event(core.now()),
        };
        if !send(core, hook, &one, &told).await? || began.elapsed() > TURN {
            return Ok(());
        }
    }
    Ok(())
}

/// Of these events those that a user may see at this moment, and that are in any feed: the same rule as in the lists of events.
/// A user who may not sign in sees none.
pub(super) async fn permitted(core: &Core, user: Uuid, events: Vec<i64>) -> Result<HashMap<i64, Told>> {
    if events.is_empty() {
        return Ok(HashMap::new());
    }
    // Nobody calls, so there is no address: an organization that lets its people in from certain networks only does not let its
    // events out to others.
    let caller = Caller { credential: Credential::Trusted(user), ..Caller::default() };
    let actor = match core.actor(&caller).await {
        Ok(actor) => actor,
        Err(Error::Unauthenticated(_)) => return Ok(HashMap::new()),
        Err(error) => return Err(error),
    };
    let limit = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let within = vec![("e.id = ANY($)", vec![Val::from(events.clone())]), (IN_ANY_FEED, vec![Val::from(events)])];
    let page = core.look(&stoa_kernel::access::Actor { staff: true, ..actor }, &EVENTS, &Ask { within, limit, ..Ask::default() }).await?;
    let at = |name: &str| page.columns.iter().position(|column| column.name == name).map(|at| at + 2);
    let (Some(created), Some(kind), Some(message), Some(context)) =
        (at("created"), at("event_type"), at("message"), at("context"))
    else {
        return Err(Error::broken("events have other columns"));
    };
    let read = page.rows.iter().map(|row| {
        let told = Told {
            created: row.get(created)?,
            event_type: row.get(kind)?,
            message: row.get(message)?,
            context: row.get(context)?,
        };
        Ok((row.get(0)?, told))
    });
    read.collect()
}

/// Makes one attempt and writes down what came of it; whether the hook may be sent more at once.
async fn send(core: &Arc<Core>, hook: &Due, one: &Waiting, told: &Told) -> Result<bool> {
    let (body, content_type) = rules::body(told, &hook.content_type);
    let signature = rules::signature(&hook.secret, core.now(), &body)?;
    let delivery = id::hex(&one.uuid);
    let headers = [
        ("content-type", content_type),
        ("x-stoa-event", told.event_type.as_str()),
        ("x-stoa-delivery", delivery.as_str()),
        ("x-stoa-signature", signature.as_str()),
    ];
    let answer = Outbound::of(core).post(&hook.destination_url, &headers, body).await;
    let now = core.now();
    let (verdict, status, error) = match &answer {
        Ok(answer) => {
            let verdict = rules::verdict(answer.status);
            let taken = verdict == Verdict::Taken;
            (verdict, Some(answer.status), if taken { String::new() } else { words(answer.status) })
        }
        Err(Failure::Refused(why)) => (Verdict::NotTaken, None, why.clone()),
        Err(failure) => (Verdict::Away, None, failure.to_string()),
    };
    let attempts = one.attempts + 1;
    // A test is for the person who looks at its outcome, and is not repeated.
    let again = rules::wait(attempts, core.clock.secret()).filter(|_| one.event.is_some() && verdict != Verdict::Gone);
    let state = match (verdict, again) {
        (Verdict::Taken, _) => State::Delivered,
        (_, Some(_)) => State::Pending,
        (_, None) => State::Failed,
    };
    let pause = (verdict == Verdict::Away).then(|| now.plus_seconds(rules::pause(attempts, core.clock.secret())));
    let next = again.map(|seconds| now.plus_seconds(seconds));
    let tried = Tried { state, next, status, error, pause };
    let (failures, since) = store::settle(&core.store, hook.id, one.id, tried, now).await?;
    let lasting = failures >= rules::OFF_FAILURES && since.is_some_and(|at| at.plus_seconds(rules::OFF_SECONDS) <= now);
    if verdict == Verdict::Gone || lasting {
        switch_off(core, hook).await?;
        return Ok(false);
    }
    Ok(verdict != Verdict::Away)
}

/// What its owner is told of an answer that is no success. Nothing of its body: that would show what an address behind the wall of
/// somebody's network says.
fn words(status: u16) -> String {
    match status {
        300..=399 => format!("The receiver answered {status}; redirects are not followed."),
        _ => format!("The receiver answered {status}."),
    }
}

async fn switch_off(core: &Arc<Core>, hook: &Due) -> Result<()> {
    let call = Call {
        action: &actions::web::SWITCH_OFF,
        via: None,
        target: Some(id::hex(&hook.uuid)),
        body: serde_json::Value::Null,
        mode: Mode::Whole,
    };
    match core.perform(&Caller::system(), call).await {
        Ok(_) | Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}
