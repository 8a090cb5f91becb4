//! Sending a letter, and forgetting old ones.
//!
//! A letter that the server refuses for now is tried again by the runner: after 2, 4, 8, … seconds, ten times; after that
//! once an hour, ten times each, for three days in all. A letter that it refuses for good is given up at once. Either way
//! the log says so.

use super::{
    Delivered,
    kinds::{self, Kind, PARTS},
    render::{self, Rendered, Site},
    site,
    smtp::{Mailer, Outgoing, Refused},
    store::{self, Attempt, State},
};
use serde_json::{Map, Value};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result, Time, Tx,
    door::Core,
    id::Uuid,
    store::jobs::{self, Job, MAX_ATTEMPTS, NewJob, Periodic},
};
use stoa_tenancy::{letter, settings::Settings};

/// Forgets old mail and done jobs every night.
pub const SWEEP: Periodic = Periodic { kind: "mail.sweep", every_seconds: 86_400 };
/// For how many seconds a letter is tried.
const PATIENCE: i64 = 3 * 86_400;
/// Seconds between rounds of attempts.
const ROUND: i64 = 3600;
/// Seconds for which done jobs are kept.
const DONE_JOBS: i64 = 7 * 86_400;
/// Days for which the log is kept where the program does not say.
const LOG_DAYS: i64 = 180;

/// A letter as its job carries it.
#[derive(Clone)]
struct Letter {
    to: String,
    key: String,
    context: Map<String, Value>,
    /// The first job that was to send it.
    first: i64,
}

impl Letter {
    fn read(job: &Job) -> Result<Letter> {
        let text = |name: &str| job.payload[name].as_str().map(str::to_owned);
        let (Some(to), Some(key)) = (text("to"), text("key")) else {
            return Err(Error::broken("a letter without address or key"));
        };
        let context = job.payload["context"].as_object().cloned().unwrap_or_default();
        Ok(Letter { to, key, context, first: job.payload["first"].as_i64().unwrap_or(job.id) })
    }
}

/// Sends a letter.
///
/// # Errors
/// Unavailable, with the words of the server, if it is to be tried again.
pub async fn send(core: Arc<Core>, job: Job, now: Time) -> Result<()> {
    let letter = Letter::read(&job)?;
    let reader = &mut core.store.reader();
    let known = store::logged(reader, letter.first).await?;
    // A node that ended right after it had sent the letter leaves the job to be done again.
    if known.as_ref().is_some_and(|mail| mail.state != State::Waiting.text()) {
        return Ok(());
    }
    let settings = Settings::load(reader).await?;
    let site = site(&core, &settings);
    let (uuid, created) = known.map_or_else(|| (core.clock.uuid(), now), |mail| (mail.uuid, mail.created));
    let Some(kind) = kinds::kind(&letter.key) else {
        let shown = Rendered { subject: letter.key.clone(), ..Rendered::default() };
        begin(&core, &letter, uuid, shown, now).await?;
        return end(&core, &letter, uuid, State::Failed, "there is no such kind of mail", now).await;
    };
    if !store::is_on(reader, kind.key).await? {
        return tell(&core, &letter, "this kind of mail is switched off", now).await;
    }
    if !kind.always && store::is_muted(reader, &letter.to).await? {
        return tell(&core, &letter, "the account wants no mail", now).await;
    }
    let sources = store::sources(reader, kind.key).await?;
    let words = words(kind, &sources, &letter.context, &site)?;
    let shown = self::words(kind, &sources, &render::masked(&letter.context), &site)?;
    begin(&core, &letter, uuid, shown, now).await?;
    let outgoing = Outgoing { to: &letter.to, words: &words, uuid, written: created };
    let sent = match core.get::<Mailer>() {
        Some(mailer) => mailer.send(&outgoing, now).await,
        None => Mailer::default().send(&outgoing, now).await,
    };
    match sent {
        Ok(()) => end(&core, &letter, uuid, State::Sent, "", now).await,
        Err(Refused::Forever(why)) => {
            tracing::warn!(mail = %uuid, key = kind.key, "a mail was given up: {why}");
            end(&core, &letter, uuid, State::Failed, &why, now).await
        }
        Err(Refused::ForNow(why)) if job.attempts < MAX_ATTEMPTS => {
            end(&core, &letter, uuid, State::Waiting, &why, now).await?;
            Err(Error::Unavailable(why))
        }
        Err(Refused::ForNow(why)) if now < created.plus_seconds(PATIENCE) => {
            end(&core, &letter, uuid, State::Waiting, &why, now).await?;
            another_round(&core, &letter, job.payload, now).await
        }
        Err(Refused::ForNow(why)) => end(&core, &letter, uuid, State::Failed, &why, now).await,
    }
}

/// The words of a mail. Where the text of staff no longer fits the kind of mail, the shipped text is sent: a letter is worth
/// more than its wording.
fn words(kind: &Kind, sources: &render::Sources, said: &Map<String, Value>, site: &Site) -> Result<Rendered> {
    let context = render::context(kind, said, site);
    render::mail(sources, &context, site).or_else(|wrong| {
        tracing::warn!(key = kind.key, "a template can't be used, the shipped one is: {wrong}");
        let shipped = PARTS.map(|part| kind.shipped(part).unwrap_or_default().to_owned());
        render::mail(&shipped, &context, site).map_err(Error::broken)
    })
}

async fn begin(core: &Core, letter: &Letter, uuid: Uuid, shown: Rendered, now: Time) -> Result<()> {
    let (to, key, job) = (letter.to.clone(), letter.key.clone(), letter.first);
    let attempt = Arc::new(Attempt { uuid, job, key, to, subject: shown.subject, body: shown.text, now });
    core.store
        .write(move |tx| {
            let attempt = attempt.clone();
            Box::pin(async move { store::begin(tx, &attempt).await })
        })
        .await
}

async fn end(core: &Arc<Core>, letter: &Letter, uuid: Uuid, state: State, why: &str, now: Time) -> Result<()> {
    let work = Arc::new((core.clone(), letter.clone(), why.to_owned()));
    core.store
        .write(move |tx| {
            let work = work.clone();
            Box::pin(async move {
                let (core, letter, why) = &*work;
                store::end(tx, uuid, state, why).await?;
                match state {
                    State::Waiting => Ok(()),
                    State::Sent => told(tx, core, letter, Ok(()), now).await,
                    State::Failed => told(tx, core, letter, Err(why), now).await,
                }
            })
        })
        .await
}

/// Tells whoever wants to know that a letter does not leave the house.
async fn tell(core: &Arc<Core>, letter: &Letter, why: &'static str, now: Time) -> Result<()> {
    tracing::debug!(key = letter.key, "a mail is not sent: {why}");
    let work = Arc::new((core.clone(), letter.clone()));
    core.store
        .write(move |tx| {
            let work = work.clone();
            Box::pin(async move { told(tx, &work.0, &work.1, Err(why), now).await })
        })
        .await
}

async fn told(
    tx: &mut Tx,
    core: &Core,
    letter: &Letter,
    outcome: std::result::Result<(), &str>,
    now: Time,
) -> Result<()> {
    let listeners = core.get::<Delivered>().map(|delivered| &delivered.0[..]).unwrap_or_default();
    for listener in listeners.iter().filter(|listener| listener.kind == letter.key) {
        if let Some(value) = letter.context.get(listener.fact).and_then(Value::as_str) {
            (listener.tell)(tx, value, outcome, now).await?;
        }
    }
    Ok(())
}

async fn another_round(core: &Core, letter: &Letter, mut payload: Value, now: Time) -> Result<()> {
    if let Some(payload) = payload.as_object_mut() {
        payload.insert("first".into(), letter.first.into());
    }
    let job = Arc::new(NewJob { kind: letter::JOB, payload, run_at: now.plus_seconds(ROUND), unique_key: None });
    core.store
        .write(move |tx| {
            let job = job.clone();
            Box::pin(async move { jobs::enqueue(tx, &job).await.map(|_| ()) })
        })
        .await
}

/// Forgets mail that is older than the log is kept, and the jobs that were done.
pub async fn sweep(core: Arc<Core>, now: Time) -> Result<()> {
    let days = core.get::<Mailer>().map(|mailer| mailer.log_days).filter(|days| *days > 0).unwrap_or(LOG_DAYS);
    let before = now.plus_seconds(-days * 86_400);
    let gone = core.store.write(move |tx| Box::pin(async move { store::forget(tx, before).await })).await?;
    // The job of a letter carries the code in its link. It is of use until the letter is sent, and then to nobody.
    let done = jobs::purge(&core.store, now.plus_seconds(-DONE_JOBS)).await?;
    tracing::debug!(gone, done, "old mail and done jobs are forgotten");
    Ok(())
}
