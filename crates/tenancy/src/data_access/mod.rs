//! Who read whose profile (the setting `USER_DATA_ACCESS_LOGGING_ENABLED`).
//!
//! Reading must neither wait for this nor fail because of it, so it happens beside: [`note`] puts what was read into memory
//! and returns, and a moment later [`flush`] writes what has gathered, in one transaction. What one reader reads of one
//! person within an hour is one row with a count. Memory is bounded; what does not fit is counted and said in the log. A
//! process that dies loses what it read in its last moment.

pub mod actions;
pub mod jobs;
pub mod rules;
pub mod store;
pub mod views;

use rules::{Read, Reads};
use std::sync::{Arc, Mutex};
use stoa_kernel::{
    Result,
    access::Actor,
    door::{Core, Page, Registry},
    store::jobs::Runner,
    view::View,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::ACCESSES, &views::ALL]);
    registry.actions.push(&actions::DELETE);
}

/// What happens here later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    jobs::register(core, runner);
}

/// How long reads gather before they are written.
const GATHER: std::time::Duration = std::time::Duration::from_secs(2);

/// What was read and is not written yet. One of them is put into the core ([`Core::with`]).
#[derive(Default)]
pub struct Log(Mutex<Reads>);

/// Notes that an actor was shown rows of a view. Does nothing for views that show nobody's profile.
pub fn note(core: &Core, actor: &Actor, view: &View, page: &Page) {
    let (Some(log), Some(read)) = (core.get::<Arc<Log>>(), Read::of(actor, view, page, core.now())) else { return };
    let mut reads = log.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if !reads.add(read) {
        return;
    }
    // The first since the last flush sees to the next one.
    let (log, store, clock) = (log.clone(), core.store.clone(), core.clock.clone());
    tokio::spawn(async move {
        tokio::time::sleep(GATHER).await;
        if let Err(error) = store::write(&store, &clock, log.take()).await {
            tracing::warn!(%error, "who read whose profile was not recorded");
        }
    });
}

impl Log {
    fn take(&self) -> Reads {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

/// Writes what has gathered at once: when the server stops, and in tests.
///
/// # Errors
/// Those of the store; what was gathered is lost then.
pub async fn flush(core: &Core) -> Result<()> {
    match core.get::<Arc<Log>>() {
        Some(log) => store::write(&core.store, &core.clock, log.take()).await,
        None => Ok(()),
    }
}
