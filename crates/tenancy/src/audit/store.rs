//! The SQL of the seal.

use super::rules::{Checkpoint, Event, Hash, Hex, Kind, PublicKey, Salt, Seal, genesis};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result, Row, Store, Time, Tx, Val,
    clock::Clock,
    event::{self, Alteration},
    id::Uuid,
    vals,
};

/// Rows of one insert: of few sizes, so that few statements are prepared.
const ROWS: &[usize] = &[128, 8, 1];

fn hex<const N: usize>(row: &Row, at: usize) -> Result<Hex<N>> {
    Hex::of(&row.get::<Vec<u8>>(at)?).ok_or_else(|| Error::Broken(format!("column {at} has not {N} bytes")))
}

fn text_hex<const N: usize>(text: &str) -> Result<Hex<N>> {
    Hex::parse(text).ok_or_else(|| Error::Broken(format!("not {N} bytes: {text}")))
}

/// The end of the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Whose it is.
    pub installation: Uuid,
    /// The position of the last seal; 0 before the first.
    pub position: i64,
    /// Its hash.
    pub hash: Hash,
    /// Events up to this key need not be looked for at every run.
    pub settled: i64,
}

/// Reads the end of the chain, if there is a chain.
pub async fn end(store: &Store) -> Result<Option<Chain>> {
    let sql = "SELECT installation, position, hash, settled FROM audit_chain WHERE id = 1";
    let rows = store.query(sql, &[]).await?;
    let read = |row: &Row| {
        Ok(Chain { installation: row.get(0)?, position: row.get(1)?, hash: hex(row, 2)?, settled: row.get(3)? })
    };
    rows.first().map(read).transpose()
}

/// Reads the end of the chain, beginning one where there is none.
pub async fn chain(store: &Store, clock: &Clock) -> Result<Chain> {
    if let Some(chain) = end(store).await? {
        return Ok(chain);
    }
    let installation = clock.uuid();
    store
        .write(move |tx| {
            Box::pin(async move {
                let sql = "INSERT INTO audit_chain (id, installation, position, hash, settled) \
                           VALUES (1, $1, 0, $2, 0) ON CONFLICT (id) DO NOTHING";
                let values = vals![installation, Val::Bytes(genesis(&installation).0.to_vec())];
                tx.execute(sql, &values).await.map(drop)
            })
        })
        .await?;
    end(store).await?.ok_or_else(|| Error::broken("the chain has no beginning"))
}

/// The columns of an event, in the order of [`read_event`].
macro_rules! event_columns {
    () => {
        "e.id, e.uuid, e.created, e.event_type, e.action, e.actor_id, e.thing, e.thing_id, e.request_id, e.message, \
         e.context, e.changes, (SELECT JSON_ROWS(JSON_ROW(f.scope, f.scope_id)) FROM event_feeds f WHERE f.event_id = e.id)"
    };
}

fn read_event(row: &Row, from: usize) -> Result<Event> {
    let feeds = row.rows(from + 12)?;
    Ok(Event {
        id: row.get(from)?,
        uuid: row.get(from + 1)?,
        created: row.get(from + 2)?,
        event_type: row.get(from + 3)?,
        action: row.get(from + 4)?,
        actor_id: row.get(from + 5)?,
        thing: row.get(from + 6)?,
        thing_id: row.get(from + 7)?,
        request_id: row.get(from + 8)?,
        message: row.get(from + 9)?,
        context: row.get(from + 10)?,
        changes: row.get(from + 11)?,
        feeds: feeds.iter().map(|feed| Ok((feed.get(0)?, feed.get(1)?))).collect::<Result<_>>()?,
    })
}

/// The next events after a key that have no seal, in the order of their keys. Both tables are entered at that key: what is
/// behind it is not read, however large it is.
pub async fn unsealed(store: &Store, after: i64, limit: usize) -> Result<Vec<Event>> {
    let sql = concat!(
        "SELECT ",
        event_columns!(),
        " FROM events e LEFT JOIN audit_seals s ON s.event_id = e.id AND s.revision = 0 AND s.event_id > $1 \
         WHERE e.id > $1 AND s.event_id IS NULL ORDER BY e.id LIMIT $2"
    );
    let rows = store.query_long(sql, &vals![after, limit as i64]).await?;
    rows.iter().map(|row| read_event(row, 0)).collect()
}

/// How many events after a key have no seal, counted up to `most`.
pub async fn waiting(store: &Store, after: i64, most: i64) -> Result<i64> {
    let sql = "SELECT count(*) FROM (SELECT e.id FROM events e LEFT JOIN audit_seals s ON s.event_id = e.id \
               AND s.revision = 0 AND s.event_id > $1 WHERE e.id > $1 AND s.event_id IS NULL LIMIT $2) x";
    let rows = store.query_long(sql, &vals![after, most]).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// Alterations that are to be sealed.
pub async fn alterations(store: &Store, limit: i64) -> Result<Vec<Alteration>> {
    event::alterations(&mut store.reader(), limit).await
}

/// These events as they are now; those that are gone are left out.
pub async fn events(store: &Store, ids: Vec<i64>) -> Result<Vec<Event>> {
    let sql = concat!("SELECT ", event_columns!(), " FROM events e WHERE e.id = ANY($1)");
    let rows = store.query_long(sql, &vals![ids]).await?;
    rows.iter().map(|row| read_event(row, 0)).collect()
}

/// The last revision of each of these events that has a seal.
pub async fn revisions(store: &Store, ids: Vec<i64>) -> Result<Vec<(i64, i64)>> {
    let sql = "SELECT event_id, max(revision) FROM audit_seals WHERE event_id = ANY($1) GROUP BY event_id";
    let rows = store.query(sql, &vals![ids]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// The key of the newest event that happened up to an instant; 0 if there is none.
pub async fn newest_before(store: &Store, instant: Time) -> Result<i64> {
    let sql = "SELECT id FROM events WHERE created <= $1 ORDER BY created DESC, id DESC LIMIT 1";
    let rows = store.query(sql, &vals![instant]).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

/// Notes up to which key events need not be looked for at every run.
pub async fn settle(store: &Store, to: i64) -> Result<()> {
    store
        .write(move |tx| {
            let sql = "UPDATE audit_chain SET settled = $1 WHERE id = 1 AND settled < $1";
            Box::pin(async move { tx.execute(sql, &vals![to]).await.map(drop) })
        })
        .await
}

/// A seal with what is kept beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    /// The seal.
    pub seal: Seal,
    /// Which seal of its event it is, from 0.
    pub revision: i64,
    /// What makes [`Seal::told`] unguessable; none once the event was altered, and for removals.
    pub salt: Option<Salt>,
    /// The seal's hash.
    pub hash: Hash,
}

/// What is appended at once.
#[derive(Debug)]
pub struct Batch {
    /// The end of the chain that it was made for.
    pub from: Chain,
    /// The seals, in their order.
    pub rows: Vec<Sealed>,
    /// Keys of the alterations that are sealed, or need no seal.
    pub alterations: Vec<i64>,
    /// Events whose earlier words must not be guessed any more.
    pub forgotten: Vec<i64>,
}

/// Appends a batch; false, with nothing done, if the chain ends elsewhere by now.
pub async fn append(store: &Store, batch: Batch) -> Result<bool> {
    let batch = Arc::new(batch);
    store
        .write(move |tx| {
            let batch = batch.clone();
            Box::pin(async move { append_in(tx, &batch).await })
        })
        .await
}

async fn append_in(tx: &mut Tx, batch: &Batch) -> Result<bool> {
    let bytes = |hash: &Hash| Val::Bytes(hash.0.to_vec());
    if let Some(last) = batch.rows.last() {
        let sql = "UPDATE audit_chain SET position = $1, hash = $2 WHERE id = 1 AND position = $3 AND hash = $4";
        let values = vals![last.seal.position, bytes(&last.hash), batch.from.position, bytes(&batch.from.hash)];
        if tx.execute(sql, &values).await? == 0 {
            return Ok(false);
        }
    }
    if !batch.alterations.is_empty() {
        event::settle(tx, batch.alterations.clone()).await?;
        let sql = "UPDATE audit_seals SET salt = NULL WHERE event_id = ANY($1) AND salt IS NOT NULL";
        tx.execute(sql, &vals![batch.forgotten.clone()]).await?;
    }
    let mut rest = &batch.rows[..];
    while !rest.is_empty() {
        let size = ROWS.iter().copied().find(|size| *size <= rest.len()).unwrap_or(1);
        let (now, later) = rest.split_at(size);
        rest = later;
        let values: Vec<Val> = now.iter().flat_map(columns).collect();
        tx.execute(&insert(size), &values).await?;
    }
    Ok(true)
}

fn insert(rows: usize) -> String {
    let row = |at: usize| {
        let places: Vec<String> = (1..=9).map(|column| format!("${}", 9 * at + column)).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!(
        "INSERT INTO audit_seals (position, event_id, revision, kind, fixed, told, salt, cause, hash) VALUES {}",
        rows.join(", ")
    )
}

fn columns(row: &Sealed) -> [Val; 9] {
    let seal = &row.seal;
    [
        Val::Int(seal.position),
        Val::Int(seal.event),
        Val::Int(row.revision),
        seal.kind.text().into(),
        Val::Bytes(seal.fixed.0.to_vec()),
        Val::Bytes(seal.told.0.to_vec()),
        row.salt.map_or(Val::Null, |salt| Val::Bytes(salt.0.to_vec())),
        seal.cause.into(),
        Val::Bytes(row.hash.0.to_vec()),
    ]
}

/// The seals after a position, up to one, each with its event as it is now (with the first seal of an event only). One
/// statement, so that an event and what is kept of its seal are of the same moment.
pub async fn seals(store: &Store, after: i64, to: i64, limit: i64) -> Result<Vec<(Sealed, Option<Event>)>> {
    let sql = concat!(
        "SELECT s.position, s.kind, s.event_id, s.fixed, s.told, s.cause, s.revision, s.salt, s.hash, ",
        event_columns!(),
        " FROM audit_seals s LEFT JOIN events e ON e.id = s.event_id AND s.revision = 0 \
         WHERE s.position > $1 AND s.position <= $2 ORDER BY s.position LIMIT $3"
    );
    let rows = store.query_long(sql, &vals![after, to, limit]).await?;
    let read = |row: &Row| {
        let kind = row.get::<String>(1)?;
        let seal = Seal {
            position: row.get(0)?,
            kind: Kind::parse(&kind).ok_or_else(|| Error::Broken(format!("a seal of kind {kind}")))?,
            event: row.get(2)?,
            fixed: hex(row, 3)?,
            told: hex(row, 4)?,
            cause: row.get(5)?,
        };
        let salt = row.get::<Option<Vec<u8>>>(7)?.and_then(|bytes| Salt::of(&bytes));
        let sealed = Sealed { seal, revision: row.get(6)?, salt, hash: hex(row, 8)? };
        let event = if row.val(9).is_null() { None } else { Some(read_event(row, 9)?) };
        Ok((sealed, event))
    };
    rows.iter().map(read).collect()
}

/// The hash at a position, if there is a seal.
pub async fn hash_at(store: &Store, position: i64) -> Result<Option<Hash>> {
    let rows = store.query("SELECT hash FROM audit_seals WHERE position = $1", &vals![position]).await?;
    rows.first().map(|row| hex(row, 0)).transpose()
}

const CHECKPOINT: &str = "SELECT number, installation, position, hash, instant, previous, key_id, public_key, next_key, \
     signature FROM audit_checkpoints";

fn read_checkpoint(row: &Row) -> Result<Checkpoint> {
    let next: Option<String> = row.get(8)?;
    Ok(Checkpoint {
        number: row.get(0)?,
        installation: row.get(1)?,
        position: row.get(2)?,
        hash: text_hex(&row.get::<String>(3)?)?,
        instant: row.get(4)?,
        previous: text_hex(&row.get::<String>(5)?)?,
        key_id: row.get(6)?,
        key: text_hex(&row.get::<String>(7)?)?,
        next_key: next.map(|key| text_hex::<32>(&key)).transpose()? as Option<PublicKey>,
        signature: text_hex(&row.get::<String>(9)?)?,
    })
}

/// The last checkpoint.
pub async fn last_checkpoint(store: &Store) -> Result<Option<Checkpoint>> {
    let rows = store.query(&format!("{CHECKPOINT} ORDER BY number DESC LIMIT 1"), &[]).await?;
    rows.first().map(read_checkpoint).transpose()
}

/// Up to `limit` checkpoints after a number, in their order.
pub async fn checkpoints(store: &Store, after: i64, limit: i64) -> Result<Vec<Checkpoint>> {
    let sql = format!("{CHECKPOINT} WHERE number > $1 ORDER BY number LIMIT $2");
    store.query_long(&sql, &vals![after, limit]).await?.iter().map(read_checkpoint).collect()
}

/// Keeps a checkpoint; false if there is one of its number.
pub async fn add_checkpoint(store: &Store, checkpoint: &Checkpoint) -> Result<bool> {
    let checkpoint = Arc::new(checkpoint.clone());
    store
        .write(move |tx| {
            let checkpoint = checkpoint.clone();
            Box::pin(async move {
                let sql = "INSERT INTO audit_checkpoints (number, installation, position, hash, instant, key_id, \
                           public_key, next_key, previous, signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                           ON CONFLICT (number) DO NOTHING";
                let values = vals![
                    checkpoint.number,
                    checkpoint.installation,
                    checkpoint.position,
                    checkpoint.hash.to_string(),
                    checkpoint.instant,
                    &checkpoint.key_id,
                    checkpoint.key.to_string(),
                    checkpoint.next_key.map(|key| key.to_string()),
                    checkpoint.previous.to_string(),
                    checkpoint.signature.to_string(),
                ];
                Ok(tx.execute(sql, &values).await? == 1)
            })
        })
        .await
}
