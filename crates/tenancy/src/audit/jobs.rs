//! Sealing: what happens every few seconds.

use super::{
    Settings,
    rules::{Event, Hash, Hex, Kind, Seal},
    sign,
    store::{self, Batch, Chain, Sealed},
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use stoa_kernel::{
    Result,
    clock::Clock,
    door::Core,
    id::Uuid,
    store::jobs::{Periodic, Runner},
};

/// Events that are sealed in one transaction: few enough that on SQLite, where one writes at a time, nobody notices.
const BATCH: usize = 512;
/// Events that are sealed in one run at most, so that other jobs get their turn.
const RUN: usize = 50_000;
/// Alterations that are sealed in one transaction.
const ALTERATIONS: i64 = 512;
/// Seconds after which a transaction that took a key has ended, most likely. Those that last longer are found every night.
const LATE: i64 = 600;

/// Lets a node seal every ten seconds, and look every night for events that came very late.
pub fn register(core: &Arc<Core>, runner: &mut Runner) {
    for (kind, every_seconds) in [("audit.seal", 10), ("audit.sweep", 86_400)] {
        runner.periodic.push(Periodic { kind, every_seconds });
        let core = core.clone();
        runner.handlers.insert(
            kind,
            Arc::new(move |_, _, _| {
                let core = core.clone();
                Box::pin(async move {
                    seal(&core, kind == "audit.sweep", RUN).await?;
                    // What is sealed is sealed; a file that can't be written is the operator's to see to.
                    if let Some(settings) = core.get::<Settings>()
                        && let Err(error) = sign::run(&core, settings).await
                    {
                        tracing::warn!("no checkpoint of the audit: {error}");
                    }
                    Ok(())
                })
            }),
        );
    }
}

/// Seals what is not sealed yet, up to about `most` events; gives how many seals were made. With `everything` it looks for
/// unsealed events from the first one on.
pub async fn seal(core: &Core, everything: bool, most: usize) -> Result<usize> {
    let (db, clock) = (&core.store, &core.clock);
    let (mut made, mut whole) = (0, false);
    let start = if everything { 0 } else { store::chain(db, clock).await?.settled };
    let mut after = start;
    while made < most && !whole {
        let chain = store::chain(db, clock).await?;
        let events = store::unsealed(db, after, BATCH).await?;
        whole = events.len() < BATCH;
        let Some(last) = events.last().map(|event| event.id) else { break };
        let batch = Build::new(chain, clock).events(&events).batch;
        let count = batch.rows.len();
        // Somebody else's batch may have had the same events, or only some of them: look again from there.
        if store::append(db, batch).await? {
            (after, made) = (last, made + count);
        } else {
            whole = false;
        }
    }
    let mut settled = store::newest_before(db, core.now().plus_seconds(-LATE)).await?;
    if made >= most {
        settled = settled.min(after);
    } else {
        made += alterations(core, start).await?;
    }
    if settled > store::chain(db, clock).await?.settled {
        store::settle(db, settled).await?;
    }
    Ok(made)
}

/// Seals alterations. They are read first: what caused them is visible by then, and is sealed with or before them.
async fn alterations(core: &Core, start: i64) -> Result<usize> {
    let (db, clock) = (&core.store, &core.clock);
    let mut made = 0;
    loop {
        let altered = store::alterations(db, ALTERATIONS).await?;
        if altered.is_empty() {
            return Ok(made);
        }
        let chain = store::chain(db, clock).await?;
        let fresh = store::unsealed(db, start, BATCH).await?;
        if fresh.len() == BATCH {
            return Ok(made);
        }
        let ids: Vec<i64> = altered.iter().map(|one| one.event).collect();
        let revisions: HashMap<i64, i64> = store::revisions(db, ids.clone()).await?.into_iter().collect();
        let now: HashMap<i64, Event> =
            store::events(db, ids).await?.into_iter().map(|event| (event.id, event)).collect();
        let mut build = Build::new(chain, clock).events(&fresh);
        build.revisions = revisions;
        for one in &altered {
            build.alteration(one.id, one.event, one.removed, one.cause, now.get(&one.event));
        }
        let count = build.batch.rows.len();
        if store::append(db, build.batch).await? {
            made += count;
        }
    }
}

/// A batch in the making.
struct Build<'c> {
    batch: Batch,
    position: i64,
    hash: Hash,
    clock: &'c Clock,
    fresh: HashSet<i64>,
    revisions: HashMap<i64, i64>,
}

impl<'c> Build<'c> {
    fn new(from: Chain, clock: &'c Clock) -> Build<'c> {
        let (position, hash) = (from.position, from.hash);
        let batch = Batch { from, rows: Vec::new(), alterations: Vec::new(), forgotten: Vec::new() };
        Build { batch, position, hash, clock, fresh: HashSet::new(), revisions: HashMap::new() }
    }

    fn push(&mut self, kind: Kind, id: i64, revision: i64, event: Option<&Event>, cause: Option<Uuid>) {
        self.position += 1;
        let salt = event.map(|_| Hex(self.clock.secret::<16>()));
        let told = event.zip(salt).map(|(event, salt)| event.told(&salt)).unwrap_or_default();
        let fixed = event.map(Event::fixed).unwrap_or_default();
        let seal = Seal { position: self.position, kind, event: id, fixed, told, cause };
        self.hash = seal.hash(&self.hash);
        self.batch.rows.push(Sealed { seal, revision, salt, hash: self.hash });
    }

    fn events(mut self, events: &[Event]) -> Build<'c> {
        for event in events {
            self.fresh.insert(event.id);
            self.push(Kind::Event, event.id, 0, Some(event), None);
        }
        self
    }

    fn alteration(&mut self, key: i64, id: i64, removed: bool, cause: Uuid, now: Option<&Event>) {
        self.batch.alterations.push(key);
        // This batch seals it as it is after the alteration.
        if self.fresh.contains(&id) {
            return;
        }
        let last = self.revisions.get(&id).copied();
        let next = last.map_or(0, |last| last + 1);
        if last.is_some() {
            self.batch.forgotten.push(id);
        }
        match (removed, now, last) {
            // Even if it was never sealed: whoever is about to seal what he read before finds that the chain has moved on.
            (true, ..) => self.push(Kind::Removed, id, next, None, Some(cause)),
            (false, Some(event), Some(_)) => self.push(Kind::Redacted, id, next, Some(event), Some(cause)),
            (false, Some(event), None) => self.push(Kind::Event, id, next, Some(event), None),
            // It was removed since, and its removal is on the list too.
            (false, None, _) => return,
        }
        self.revisions.insert(id, next);
    }
}
