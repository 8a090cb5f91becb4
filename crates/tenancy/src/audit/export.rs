//! Exports: the chain with its events and checkpoints as lines of JSON, for [`super::verify`].
//!
//! First the checkpoints are read, then the seals, so that the chain reaches at least as far as what was signed. An event may
//! be altered while this runs; the export ends only when the chain says so too.

use super::{
    jobs,
    rules::{Checkpoint, Event, Hash, Kind, PublicKey, Salt, genesis, key_id, time_text, uuid_or_null, uuid_text},
    store,
};
use serde::{Deserialize, Serialize};
use std::io::Write;
use stoa_kernel::{Error, Result, Time, door::Core, id::Uuid};

/// The form of exports that is written and read.
pub const FORM: i64 = 1;
/// Seals that are read at a time.
const PAGE: i64 = 500;
/// How often the chain is followed further when events were altered meanwhile.
const ROUNDS: usize = 20;

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "lowercase")]
pub enum Line {
    /// The first line.
    Header(Header),
    /// A checkpoint. All of them follow the header.
    Checkpoint(Checkpoint),
    /// A seal, in the order of the chain.
    Seal(Box<SealLine>),
    /// The last line.
    End(End),
}

/// What an export is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORM`].
    pub form: i64,
    /// Whose chain it is.
    #[serde(with = "uuid_text")]
    pub installation: Uuid,
    /// When it was exported.
    #[serde(with = "time_text")]
    pub exported: Time,
    /// The first position in it.
    pub from: i64,
    /// The hash that the first seal follows.
    pub before: Hash,
    /// The keys that sign its checkpoints: short name and public key. For people; nothing is concluded from them.
    pub keys: Vec<(String, PublicKey)>,
}

/// A seal and, with the first seal of an event, the event as it is at the moment of the export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealLine {
    /// Its position.
    pub position: i64,
    /// `event`, `redacted` or `removed`.
    pub kind: String,
    /// Key of the event.
    pub event: i64,
    /// The commitment to what never changes.
    pub fixed: Hash,
    /// The commitment to what may be redacted.
    pub told: Hash,
    /// What makes it unguessable; none once the event was altered.
    pub salt: Option<Salt>,
    /// What the event names that altered it.
    #[serde(with = "uuid_or_null")]
    pub cause: Option<Uuid>,
    /// The hash.
    pub hash: Hash,
    /// The event.
    pub content: Option<Event>,
}

/// The end of an export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The last position in it.
    pub position: i64,
}

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exported {
    /// The first position.
    pub from: i64,
    /// The last one.
    pub to: i64,
    /// Checkpoints.
    pub checkpoints: usize,
}

/// Seals what is not sealed yet and writes the chain from a position on, as lines.
///
/// # Errors
/// Invalid if there is no such position; unavailable, with a sentence, if it can't be written.
pub async fn export(core: &Core, from: i64, out: &mut (dyn Write + Send)) -> Result<Exported> {
    jobs::seal(core, true, usize::MAX).await?;
    let db = &core.store;
    let mut checkpoints: Vec<Checkpoint> = Vec::new();
    loop {
        let page = store::checkpoints(db, checkpoints.last().map_or(0, |last| last.number), 1000).await?;
        if page.is_empty() {
            break;
        }
        checkpoints.extend(page);
    }
    let chain = store::chain(db, &core.clock).await?;
    let before = match from {
        1 => Some(genesis(&chain.installation)),
        from => store::hash_at(db, from - 1).await?,
    };
    let before = before.ok_or_else(|| {
        Error::field("from", format!("The chain has the positions 1 to {}; there is no {from}.", chain.position))
    })?;
    let mut keys: Vec<PublicKey> = checkpoints.iter().flat_map(|one| [Some(one.key), one.next_key]).flatten().collect();
    keys.dedup();
    let header = Header {
        form: FORM,
        installation: chain.installation,
        exported: core.now(),
        from,
        before,
        keys: keys.iter().map(|key| (key_id(key), *key)).collect(),
    };
    write(out, &Line::Header(header))?;
    let count = checkpoints.len();
    for checkpoint in checkpoints {
        write(out, &Line::Checkpoint(checkpoint))?;
    }
    let mut last = from - 1;
    for _ in 0..ROUNDS {
        let end = store::chain(db, &core.clock).await?.position;
        while last < end {
            let page = store::seals(db, last, end, PAGE).await?;
            let Some((newest, _)) = page.last() else {
                // Positions are missing up to the end: verification says so.
                last = end;
                break;
            };
            last = newest.seal.position;
            for (sealed, content) in page {
                write(out, &Line::Seal(Box::new(line(sealed, content))))?;
            }
        }
        if store::alterations(db, 1).await?.is_empty() {
            break;
        }
        jobs::seal(core, false, usize::MAX).await?;
    }
    write(out, &Line::End(End { position: last }))?;
    out.flush().map_err(unwritten)?;
    Ok(Exported { from, to: last, checkpoints: count })
}

fn line(sealed: store::Sealed, content: Option<Event>) -> SealLine {
    let seal = sealed.seal;
    SealLine {
        position: seal.position,
        kind: seal.kind.text().to_owned(),
        event: seal.event,
        fixed: seal.fixed,
        told: seal.told,
        salt: sealed.salt,
        cause: seal.cause,
        hash: sealed.hash,
        content: content.filter(|_| seal.kind == Kind::Event),
    }
}

fn write(out: &mut (dyn Write + Send), line: &Line) -> Result<()> {
    let mut text = serde_json::to_vec(line).map_err(Error::broken)?;
    text.push(b'\n');
    out.write_all(&text).map_err(unwritten)
}

fn unwritten(error: std::io::Error) -> Error {
    Error::Unavailable(format!("The export can't be written: {error}"))
}
