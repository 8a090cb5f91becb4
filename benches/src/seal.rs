//! How fast the record is sealed, exported and verified, and what a write notices of it.

use crate::Outcome;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use stoa_kernel::{Store, Val, clock::Clock, door::Core, store::Options, vals};
use stoa_server::start;
use stoa_tenancy::audit::{export, jobs, verify::Verifier};

/// Events that are sealed for a figure.
const EVENTS: usize = 100_000;

/// Measures on a new database.
pub async fn measure(engine: &str, url: &str) -> Outcome<()> {
    let store = Store::open(url, Options::default()).await?;
    store.migrate(&start::migrations()).await?;
    let core = Arc::new(start::core(store, Clock::new()));
    println!("\n## {engine}\n\n| what | events/s |\n|---|---|");
    fill(&core).await?;
    core.store.analyze().await?;
    let began = Instant::now();
    let sealed = jobs::seal(&core, false, usize::MAX).await?;
    rate("seal", sealed, began);
    let began = Instant::now();
    let mut bytes = Vec::new();
    export::export(&core, 1, &mut bytes).await?;
    rate("export", sealed, began);
    let began = Instant::now();
    let mut verifier = Verifier::new(Vec::new(), Vec::new());
    String::from_utf8(bytes)?.lines().enumerate().for_each(|(at, line)| verifier.line(at + 1, line));
    let findings = verifier.finish().findings;
    assert!(findings.is_empty(), "{findings:?}");
    rate("verify", sealed, began);
    println!("\n| a write of one event with two feeds | p50 ms | p99 ms |\n|---|---|---|");
    writes(&core, "alone").await?;
    fill(&core).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let sealing = {
        let (core, stop) = (core.clone(), stop.clone());
        tokio::spawn(async move {
            let mut sealed = 0;
            while !stop.load(Ordering::Relaxed) {
                sealed += jobs::seal(&core, false, 1).await?;
            }
            Ok::<usize, stoa_kernel::Error>(sealed)
        })
    };
    writes(&core, "while another task seals batch after batch").await?;
    stop.store(true, Ordering::Relaxed);
    let sealed = sealing.await??;
    println!("\nMeanwhile {sealed} events were sealed.");
    core.store.close().await;
    Ok(())
}

fn rate(what: &str, count: usize, began: Instant) {
    println!("| {what} | {:.0} |", count as f64 / began.elapsed().as_secs_f64());
}

fn row(core: &Core, at: usize) -> Vec<Val> {
    let context = format!(
        "{{\"project_uuid\":\"{at:032x}\",\"project_name\":\"Project {at}\",\"customer_uuid\":\"{at:032x}\",\
         \"customer_name\":\"Customer {at}\",\"user_username\":\"staff\"}}"
    );
    let (uuid, now) = (core.clock.uuid(), core.now());
    let message = format!("Project Project {at} has been created.");
    vals![uuid, now, "project_creation_succeeded", "project.create", message, context, "[]", at as i64, "bench"]
        .to_vec()
}

/// Puts events with two feeds each on record.
async fn fill(core: &Core) -> Outcome<()> {
    let columns =
        ["uuid", "created", "event_type", "action", "message", "context", "changes", "thing_id", "request_id"];
    core.store.bulk("events", &columns, (0..EVENTS).map(|at| row(core, at)).collect()).await?;
    let last: i64 = core.store.query("SELECT max(id) FROM events", &[]).await?[0].get(0)?;
    let feed = |at: usize| {
        let scope = if at.is_multiple_of(2) { "project" } else { "customer" };
        vals![scope, at as i64, last - (at / 2) as i64].to_vec()
    };
    let feeds = (0..2 * EVENTS).map(feed).collect();
    Ok(core.store.bulk("event_feeds", &["scope", "scope_id", "event_id"], feeds).await?)
}

async fn writes(core: &Arc<Core>, name: &str) -> Outcome<()> {
    let mut times = Vec::new();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(4) {
        let values = Arc::new(row(core, times.len()));
        let began = Instant::now();
        let done = core.store.write(move |tx| {
            let values = values.clone();
            Box::pin(async move {
                let sql = "INSERT INTO events (uuid, created, event_type, action, message, context, changes, thing_id, \
                           request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";
                let rows = tx.query(sql, &values).await?;
                let id: i64 = rows[0].get(0)?;
                for scope in ["project", "customer"] {
                    let sql = "INSERT INTO event_feeds (scope, scope_id, event_id) VALUES ($1, $2, $3)";
                    tx.execute(sql, &vals![scope, 1, id]).await?;
                }
                Ok(())
            })
        });
        done.await?;
        times.push(began.elapsed().as_micros() as u64);
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)] as f64 / 1000.0;
    println!("| {name} | {:.2} | {:.2} |", at(0.5), at(0.99));
    Ok(())
}
