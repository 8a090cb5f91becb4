//! The seal of the record: a hash chain over all events, with checkpoints that are signed and published, so that whoever
//! changes, removes or reorders what was recorded is found out. [docs/audit.md](../../../../../docs/audit.md) says it for
//! operators, with what it does not prove.
//!
//! **The chain.** A job gives each event a position, one after the other, and there a *seal*: two commitments to the event
//! and a hash over them and the hash before ([`rules::Seal`]). Positions are not the events' keys, as transactions commit out
//! of the order in which they took theirs. Writers know nothing of it: no lock that they need, no trigger, no column. What
//! was not sealed yet is found by its absence among the seals, so an event that commits late is sealed late, and none is
//! left out.
//!
//! **One writer.** A batch is computed outside of any transaction, from what was read, and appended by a conditional update
//! of the chain's end. Who computed on another end has done nothing. So any number of nodes may try at once, and a node that
//! dies in the middle leaves nothing behind.
//!
//! **Lawful changes.** Two things alter events: an erasure redacts their words, and the operator's rule on how long the
//! record is kept removes them. Both go through the kernel's `event.rs`, which notes each event that it alters, and both
//! are events themselves, which name the cause under which the notes were made. The job seals every note: a *redaction*
//! commits to the words as they are now, a *removal* says that there are none any more. So the chain itself tells the whole
//! history, and verification accepts an altered event only where it does. What an event was, when, by and on what (`fixed`)
//! stays provable after a redaction; its words (`told`) are committed to with a salt of their own, which is destroyed, so
//! that nobody can try out what an erased person's event said.
//!
//! *Why not re-hash in place, or let the erasure write the chain?* The first would make lawful and unlawful changes look the
//! same; the second would have a write wait for the chain's end.
//!
//! **Checkpoints** sign the chain's end with Ed25519 and name the one before ([`rules::Checkpoint`]). They are kept in a table,
//! appended to a file and logged. The key is a file ([`key`]), never in the database: who can write the database only
//! cannot sign. A key is replaced by a checkpoint of the old one that names the new one.
//!
//! [`verify`] reads an export line by line and needs nothing else: it is values only, so a program without our database
//! could be written from it.

pub mod export;
pub mod jobs;
pub mod key;
pub mod publish;
pub mod rules;
pub mod sign;
pub mod store;
pub mod verify;
pub mod views;

use std::path::PathBuf;
use stoa_kernel::door::Registry;

/// What the operator sets; put into the core by the program. Without it events are sealed but nothing is signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// File of the signing key.
    pub key: PathBuf,
    /// File to which checkpoints are appended.
    pub published: PathBuf,
    /// Sealed events after which there is a checkpoint.
    pub every_events: i64,
    /// Minutes after which there is one if anything was sealed.
    pub every_minutes: i64,
}

/// Registers what can be seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::CHECKPOINTS);
}

#[cfg(test)]
mod tests;
