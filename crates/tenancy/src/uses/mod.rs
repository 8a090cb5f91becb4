//! What people use of what they may: the day on which each grant, each permission of it, each role, each personal access token and
//! each power of staff was last relied on.
//!
//! What a call relied on the kernel notes ([`stoa_kernel::used`]); once the call has succeeded, it arrives here. A request neither
//! writes nor waits: what is new today goes into memory, what was noted today already is skipped, and now and then each node writes
//! what has gathered ([`flush`]), the last time when it stops. The record is by day, in UTC, so a row changes once a day at most.
//!
//! Where something is lost for want of room, the record begins anew ([`store::since`]): nothing is called unused for longer than
//! the record is whole. A node that dies loses what it noted since the last flush.

pub mod rules;
pub mod store;

use rules::{Gathered, Key};
use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};
use stoa_kernel::{
    Result,
    access::Use,
    door::{Core, Relied},
};

/// What was noted today and what of it is not written yet. One of them is put into the core ([`Core::with`]).
#[derive(Debug, Default)]
pub struct Log(RwLock<Gathered>);

/// Puts what is needed here into the core.
pub fn equip(core: Core) -> Core {
    core.with(Arc::new(Log::default())).with(Relied(note))
}

fn note(core: &Core, relied: HashSet<Use>) {
    let Some(log) = core.get::<Arc<Log>>() else { return };
    let today = core.now().date();
    if log.0.read().unwrap_or_else(PoisonError::into_inner).knows(&relied, today) {
        return;
    }
    log.0.write().unwrap_or_else(PoisonError::into_inner).add(&relied, today);
}

/// Writes what has gathered on this node.
///
/// # Errors
/// Those of the store; what has gathered stays for the next time.
pub async fn flush(core: &Core) -> Result<()> {
    let Some(log) = core.get::<Arc<Log>>() else { return Ok(()) };
    let (pending, lost) = log.0.write().unwrap_or_else(PoisonError::into_inner).take();
    if pending.is_empty() && !lost {
        return Ok(());
    }
    if lost {
        tracing::warn!("more was used than could be noted: the record of uses begins anew");
    }
    let (rows, today) = (Arc::new(pending), core.now().date());
    let (writing, gap) = (rows.clone(), lost.then_some(today));
    let written = core
        .store
        .write(move |tx| {
            let rows = writing.clone();
            Box::pin(async move {
                store::write(tx, &rows).await?;
                match gap {
                    Some(day) => store::begin_anew(tx, day).await,
                    None => Ok(()),
                }
            })
        })
        .await;
    if written.is_err() {
        log.0.write().unwrap_or_else(PoisonError::into_inner).put_back((*rows).clone(), lost);
    }
    written
}

/// What has gathered on this node and is not written yet: for an action that must not overlook it.
pub fn pending(core: &Core) -> Vec<(Key, rules::Days)> {
    let Some(log) = core.get::<Arc<Log>>() else { return Vec::new() };
    log.0.read().unwrap_or_else(PoisonError::into_inner).pending()
}
