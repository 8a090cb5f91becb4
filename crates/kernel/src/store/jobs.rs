//! Jobs: what happens later, periodically, or outside the database.
//!
//! A job is enqueued in the transaction that wants it, so it exists exactly if that transaction commits: this table is the
//! outbox. It runs **at least once**, so what it does must bear being done twice. One that fails is tried again after
//! 2, 4, 8, … seconds, an hour at most; after [`MAX_ATTEMPTS`] it stays, with its last error, for a person to see.
//!
//! A node claims a job by a lease. If the node dies, the lease runs out and another claims the job; the attempt counts.

use super::{Row, Store, Tx};
use crate::{Error, Result, Time, Val, clock::Clock, vals};
use futures::{FutureExt, future::BoxFuture};
use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc};

/// Attempts before a job is given up.
pub const MAX_ATTEMPTS: i32 = 10;
/// Seconds between attempts at most.
const LONGEST_WAIT: i64 = 3600;
/// Characters kept of an error.
const ERROR_CHARS: usize = 2000;

/// A job to enqueue.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Which handler runs it.
    pub kind: &'static str,
    /// What the handler needs to know: keys rather than contents, never a secret.
    pub payload: serde_json::Value,
    /// Not before this instant.
    pub run_at: Time,
    /// At most one job that is not done has this key; enqueueing another changes nothing. Jobs that were given up count.
    pub unique_key: Option<String>,
}

/// A job that this node has claimed.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its key.
    pub id: i64,
    /// Which handler runs it.
    pub kind: String,
    /// What the handler needs to know.
    pub payload: serde_json::Value,
    /// Which attempt this is, from 1.
    pub attempts: i32,
    /// When it was due.
    pub run_at: Time,
}

/// Adds a job to a transaction. Gives its key, or `None` if a job with its unique key waits already.
pub async fn enqueue(tx: &mut Tx, job: &NewJob) -> Result<Option<i64>> {
    let sql = "INSERT INTO jobs (kind, payload, run_at, max_attempts, unique_key, created_at)
        VALUES ($1, $2, $3, $4, $5, $3) ON CONFLICT (unique_key) WHERE done_at IS NULL DO NOTHING RETURNING id";
    let params = vals![job.kind, &job.payload, job.run_at, MAX_ATTEMPTS, job.unique_key.clone()];
    tx.one(sql, &params).await?.map(|row| row.get(0)).transpose()
}

/// Claims up to `limit` jobs that are due, the longest due first, for `lease_seconds`. No two calls get the same job while a
/// lease lasts.
pub async fn claim(store: &Store, now: Time, lease_seconds: i64, limit: i64) -> Result<Vec<Job>> {
    claim_kinds(store, now, lease_seconds, limit, None).await
}

async fn claim_kinds(
    store: &Store,
    now: Time,
    lease_seconds: i64,
    limit: i64,
    kinds: Option<Vec<String>>,
) -> Result<Vec<Job>> {
    let of = if kinds.is_some() { " AND kind = ANY($2)" } else { "" };
    let due = format!(
        "FROM jobs WHERE done_at IS NULL AND attempts < max_attempts AND run_at <= $1
         AND (lease_until IS NULL OR lease_until <= $1){of}"
    );
    let mut params: Vec<Val> = vec![now.into()];
    params.extend(kinds.map(Val::from));
    // Most of the time nothing is due, and reading costs less than a transaction.
    if store.query(&format!("SELECT id {due} LIMIT 1"), &params).await?.is_empty() {
        return Ok(Vec::new());
    }
    params.push(limit.into());
    let select = format!(
        "SELECT id, kind, payload, attempts + 1, run_at {due} ORDER BY run_at, id LIMIT ${} FOR UPDATE SKIP LOCKED",
        params.len()
    );
    let until = now.plus_seconds(lease_seconds);
    let work = Arc::new((select, params));
    store
        .write(move |tx| {
            let work = work.clone();
            Box::pin(async move {
                let jobs: Vec<Job> = tx.query(&work.0, &work.1).await?.iter().map(read).collect::<Result<_>>()?;
                let ids: Vec<i64> = jobs.iter().map(|job| job.id).collect();
                let lease = "UPDATE jobs SET attempts = attempts + 1, lease_until = $2 WHERE id = ANY($1)";
                tx.execute(lease, &vals![ids, until]).await?;
                Ok(jobs)
            })
        })
        .await
}

fn read(row: &Row) -> Result<Job> {
    Ok(Job { id: row.get(0)?, kind: row.get(1)?, payload: row.get(2)?, attempts: row.get(3)?, run_at: row.get(4)? })
}

/// Marks a job as done.
pub async fn finish(store: &Store, id: i64, now: Time) -> Result<()> {
    store
        .write(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE jobs SET done_at = $2, lease_until = NULL, last_error = NULL WHERE id = $1";
                tx.execute(sql, &vals![id, now]).await.map(drop)
            })
        })
        .await
}

/// Records that an attempt failed, and when the next comes: after 2^n seconds, an hour at most.
pub async fn fail(store: &Store, id: i64, now: Time, error: &str) -> Result<()> {
    let error: String = error.chars().filter(|c| *c != '\0').take(ERROR_CHARS).collect();
    store
        .write(move |tx| {
            let error = error.clone();
            Box::pin(async move {
                let sql = "SELECT attempts FROM jobs WHERE id = $1 FOR UPDATE";
                let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
                let wait = 2_i64.saturating_pow(row.get::<i32>(0)?.clamp(0, 62) as u32).min(LONGEST_WAIT);
                let sql = "UPDATE jobs SET last_error = $2, lease_until = NULL, run_at = $3 WHERE id = $1";
                tx.execute(sql, &vals![id, error, now.plus_seconds(wait)]).await.map(drop)
            })
        })
        .await
}

/// Deletes the jobs that were done before an instant; gives their number.
pub async fn purge(store: &Store, before: Time) -> Result<u64> {
    store
        .write(move |tx| {
            Box::pin(async move { tx.execute("DELETE FROM jobs WHERE done_at < $1", &vals![before]).await })
        })
        .await
}

/// Runs jobs of one kind: gets the store, the job and the present. `Ok` finishes the job, an error (or a panic) fails it.
pub type Handler = Arc<dyn Fn(Store, Job, Time) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// A job that comes again and again.
#[derive(Clone, Copy, Debug)]
pub struct Periodic {
    /// Which handler runs it; its payload is `{"tick": n}`.
    pub kind: &'static str,
    /// Seconds from one to the next, counted from 1970: 86,400 is every midnight in UTC.
    pub every_seconds: i64,
}

/// Runs jobs on this node.
#[derive(Clone)]
pub struct Runner {
    /// Where the jobs are.
    pub store: Store,
    /// Tells when a job ended.
    pub clock: Clock,
    /// What to do by kind. Jobs of other kinds are left to nodes that know them.
    pub handlers: HashMap<&'static str, Handler>,
    /// What comes again and again.
    pub periodic: Vec<Periodic>,
}

impl Runner {
    /// Seconds for which a claimed job belongs to this node.
    pub const LEASE: i64 = 300;

    /// Runs everything that is due at `now`, and what that enqueues for at once; gives the number of attempts. A failed job
    /// is no error here: it is in its row. A server calls this every second, a test after it has moved the clock.
    pub async fn run_due(&self, now: Time) -> Result<usize> {
        for periodic in &self.periodic {
            self.tick(*periodic, now).await?;
        }
        let kinds: Vec<String> = self.handlers.keys().map(|kind| (*kind).to_owned()).collect();
        let mut ran = 0;
        loop {
            // One at a time: a lease must not run out behind a slow neighbour.
            let jobs = claim_kinds(&self.store, now, Self::LEASE, 1, Some(kinds.clone())).await?;
            let Some(job) = jobs.into_iter().next() else { return Ok(ran) };
            ran += 1;
            self.run(job, now).await?;
        }
    }

    async fn run(&self, job: Job, now: Time) -> Result<()> {
        let (id, kind, attempt) = (job.id, job.kind.clone(), job.attempts);
        let Some(handler) = self.handlers.get(kind.as_str()) else {
            return Err(Error::Broken(format!("no handler for the job {kind}")));
        };
        let running = AssertUnwindSafe(async { handler(self.store.clone(), job, now).await });
        let outcome = running.catch_unwind().await.unwrap_or_else(|_| Err(Error::broken("the job panicked")));
        let ended = self.clock.now().max(now);
        match outcome {
            Ok(()) => finish(&self.store, id, ended).await,
            Err(error) => {
                tracing::warn!(job = id, kind, attempt, "a job failed: {error}");
                fail(&self.store, id, ended, &error.to_string()).await
            }
        }
    }

    /// Enqueues the tick that `now` is in, if no node has done so. Ticks that passed while no node ran are left out.
    async fn tick(&self, periodic: Periodic, now: Time) -> Result<()> {
        let Periodic { kind, every_seconds } = periodic;
        let tick = now.0.div_euclid(every_seconds.max(1).saturating_mul(Time::SECOND));
        let known =
            self.store.query("SELECT 1 FROM job_ticks WHERE kind = $1 AND tick >= $2", &vals![kind, tick]).await?;
        if !known.is_empty() {
            return Ok(());
        }
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    let win = "INSERT INTO job_ticks (kind, tick) VALUES ($1, $2)
                        ON CONFLICT (kind) DO UPDATE SET tick = excluded.tick WHERE job_ticks.tick < excluded.tick";
                    if tx.execute(win, &vals![kind, tick]).await? == 1 {
                        let payload = serde_json::json!({ "tick": tick });
                        let unique_key = Some(format!("{kind}/{tick}"));
                        enqueue(tx, &NewJob { kind, payload, run_at: now, unique_key }).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
