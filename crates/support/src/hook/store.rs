//! The SQL of hooks and their deliveries.

use super::{
    State,
    rules::{self, Told},
};
use serde_json::{Value, json};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result, Store, Time, Tx, Val,
    id::{self, Uuid},
    vals,
};
use stoa_tenancy::letter::{self, Letter};

/// The table of hooks.
pub const TABLE: &str = "hooks";

/// How long a node has a hook to itself, in seconds: longer than sending a batch takes.
const LEASE: i64 = 60;
/// Deliveries of one hook that are sent before others get their turn.
const BATCH: i64 = 20;
/// Seconds for which a key that is missing in the record is looked for again.
const MISSING_LASTS: i64 = 600;
/// Keys below the newest of a pass that are looked for again at most.
const MISSING_MAX: i64 = 1000;

/// How many hooks a user has.
pub async fn count(tx: &mut Tx, user: i64) -> Result<i64> {
    let row = tx.one("SELECT count(*) FROM hooks WHERE user_id = $1", &vals![user]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Removes a hook, its deliveries and what was asked for it.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM hook_deliveries WHERE hook_id = $1", &vals![id]).await?;
    tx.execute("DELETE FROM hooks WHERE id = $1", &vals![id]).await.map(drop)
}

/// What actions need to know of a hook.
#[derive(Debug, Clone)]
pub struct Brief {
    /// Key of its owner.
    pub user_id: i64,
    /// Where events are posted.
    pub destination_url: String,
    /// Where letters go.
    pub email: String,
    /// Whether it is told anything.
    pub is_active: bool,
    /// Failures in a row.
    pub failures: i64,
    /// Since when.
    pub failing_since: Option<Time>,
}

/// Reads a hook, and keeps others from changing it meanwhile.
pub async fn brief(tx: &mut Tx, id: i64) -> Result<Brief> {
    let sql = "SELECT user_id, destination_url, email, is_active, failures, failing_since FROM hooks \
               WHERE id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(Brief {
        user_id: row.get(0)?,
        destination_url: row.get(1)?,
        email: row.get(2)?,
        is_active: row.get(3)?,
        failures: row.get(4)?,
        failing_since: row.get(5)?,
    })
}

/// A hook begins anew: nothing has failed yet, and it may be called at once.
pub async fn forgive(tx: &mut Tx, id: i64) -> Result<()> {
    let sql = "UPDATE hooks SET failures = 0, failing_since = NULL, paused_until = NULL WHERE id = $1";
    tx.execute(sql, &vals![id]).await.map(drop)
}

/// Gives a hook another secret.
pub async fn set_secret(tx: &mut Tx, id: i64, secret: &str, now: Time) -> Result<()> {
    tx.execute("UPDATE hooks SET secret = $2, modified = $3 WHERE id = $1", &vals![id, secret, now]).await.map(drop)
}

/// Switches a hook off if it is on, with what waits for it; whether it was on.
pub async fn switch_off(tx: &mut Tx, id: i64, now: Time) -> Result<bool> {
    let sql = "UPDATE hooks SET is_active = false, modified = $2 WHERE id = $1 AND is_active";
    let hit = tx.execute(sql, &vals![id, now]).await? == 1;
    let sql = "UPDATE hook_deliveries SET state = 'failed' WHERE hook_id = $1 AND state = 'pending'";
    tx.execute(sql, &vals![id]).await?;
    Ok(hit)
}

/// Notes a test of a hook as a delivery without an event; false if the last one was a moment ago.
pub async fn add_test(tx: &mut Tx, id: i64, delivery: Uuid, now: Time) -> Result<bool> {
    let sql = "UPDATE hooks SET tested_at = $2 WHERE id = $1 AND (tested_at IS NULL OR tested_at <= $3)";
    if tx.execute(sql, &vals![id, now, now.plus_seconds(-rules::TEST_EVERY)]).await? == 0 {
        return Ok(false);
    }
    let kind = rules::test_event(now).event_type;
    let sql = "INSERT INTO hook_deliveries (uuid, hook_id, event_type, state, created, next_at) \
               VALUES ($1, $2, $3, 'pending', $4, $4)";
    tx.execute(sql, &vals![delivery, id, kind, now]).await?;
    Ok(true)
}

/// Lets an ended delivery of a hook be sent once more, and gives its type of event.
///
/// # Errors
/// Not found; a conflict for one that is still to be sent.
pub async fn redeliver(tx: &mut Tx, hook: i64, delivery: Uuid, now: Time) -> Result<String> {
    let sql = "SELECT id, state, event_type FROM hook_deliveries WHERE hook_id = $1 AND uuid = $2 FOR UPDATE";
    let row = tx.one(sql, &vals![hook, delivery]).await?.ok_or(Error::NotFound)?;
    let state = State::parse(&row.get::<String>(1)?).ok_or_else(|| Error::broken("a delivery without a state"))?;
    let state = state.to(State::Pending)?;
    let sql = "UPDATE hook_deliveries SET state = $2, attempts = 0, next_at = $3, error = '' WHERE id = $1";
    tx.execute(sql, &vals![row.get::<i64>(0)?, state.text(), now]).await?;
    tx.execute("UPDATE hooks SET paused_until = NULL WHERE id = $1", &vals![hook]).await?;
    row.get(2)
}

/// Notes that the holder of an address is asked to agree; false if that was done too often.
pub async fn ask(tx: &mut Tx, hash: &str, hook: Uuid, user: i64, email: &str, now: Time) -> Result<bool> {
    let since = now.plus_seconds(-86_400);
    let sql = "SELECT (SELECT count(*) FROM hook_confirmations WHERE user_id = $1 AND sent_at > $2), \
               (SELECT count(*) FROM hook_confirmations WHERE email = $3 AND sent_at > $4)";
    let email = email.to_lowercase();
    let row = tx.one(sql, &vals![user, since, &email, since]).await?.ok_or_else(|| Error::broken("no count"))?;
    if row.get::<i64>(0)? >= rules::ASK_PER_USER || row.get::<i64>(1)? >= rules::ASK_PER_ADDRESS {
        return Ok(false);
    }
    let sql = "INSERT INTO hook_confirmations (hash, hook_uuid, user_id, email, sent_at) VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &vals![hash, hook, user, &email, now]).await?;
    Ok(true)
}

/// Uses up what the holder of an address was sent: the key, identifier and owner of the hook that he agrees to, which still has
/// that address. `None` for anything that was not sent, is too old, was used, or is about a hook that is gone or has changed.
pub async fn agree(tx: &mut Tx, hash: &str, now: Time) -> Result<Option<(i64, Uuid, i64)>> {
    let sql = "UPDATE hook_confirmations SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND sent_at > $3";
    if tx.execute(sql, &vals![hash, now, now.plus_seconds(-rules::ASK_LASTS)]).await? == 0 {
        return Ok(None);
    }
    let sql = "SELECT h.id, h.uuid, h.user_id, h.email, c.email FROM hook_confirmations c \
               JOIN hooks h ON h.uuid = c.hook_uuid WHERE c.hash = $1";
    let Some(row) = tx.one(sql, &vals![hash]).await? else { return Ok(None) };
    let (id, now_at): (i64, String) = (row.get(0)?, row.get(3)?);
    if now_at.to_lowercase() != row.get::<String>(4)? {
        return Ok(None);
    }
    tx.execute("UPDATE hooks SET is_confirmed = true, modified = $2 WHERE id = $1", &vals![id, now]).await?;
    Ok(Some((id, row.get(1)?, row.get(2)?)))
}

/// A hook that is told of events.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Its key.
    pub id: i64,
    /// Its identifier.
    pub uuid: Uuid,
    /// Its owner.
    pub user: Uuid,
    /// When it was made; what happened before does not concern it.
    pub created: Time,
    /// The types of which it is told.
    pub types: Vec<String>,
    /// The groups of which it is told.
    pub groups: Vec<String>,
    /// Where its letters go; none for a web hook.
    pub email: Option<String>,
    /// The language of its owner.
    pub language: String,
}

/// Every hook that is told of events: switched on, agreed to, and its owner can sign in.
pub async fn ready(store: &Store) -> Result<Vec<Ready>> {
    let sql = "SELECT h.id, h.uuid, u.uuid, h.created, h.event_types, h.event_groups, h.kind, h.email, \
               u.preferred_language FROM hooks h JOIN users u ON u.id = h.user_id \
               WHERE h.is_active AND h.is_confirmed AND u.is_active ORDER BY h.id";
    let texts = |value: Value| -> Vec<String> { serde_json::from_value(value).unwrap_or_default() };
    let rows = store.query(sql, &[]).await?;
    let read = rows.iter().map(|row| {
        let email: String = row.get(7)?;
        Ok(Ready {
            id: row.get(0)?,
            uuid: row.get(1)?,
            user: row.get(2)?,
            created: row.get(3)?,
            types: texts(row.get(4)?),
            groups: texts(row.get(5)?),
            email: (row.get::<String>(6)? == "email").then_some(email),
            language: row.get(8)?,
        })
    });
    read.collect()
}

/// Up to where the record was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// The greatest key that was seen.
    pub position: i64,
    /// Keys below it that were not there, and until when they are looked for.
    pub missing: Vec<(i64, i64)>,
}

/// Reads the cursor.
pub async fn cursor(store: &Store) -> Result<Cursor> {
    let rows = store.query("SELECT position, missing FROM hook_cursor WHERE id = 1", &[]).await?;
    let row = rows.first().ok_or_else(|| Error::broken("hooks have no cursor"))?;
    let missing: Value = row.get(1)?;
    Ok(Cursor { position: row.get(0)?, missing: serde_json::from_value(missing).unwrap_or_default() })
}

/// An event that was not looked at before.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// Its key.
    pub id: i64,
    /// Its type.
    pub kind: String,
    /// When it happened.
    pub created: Time,
}

/// The next events after a cursor, in their order, and those that came late.
pub async fn fresh(store: &Store, cursor: &Cursor, limit: i64) -> Result<Vec<Fresh>> {
    let sql = "SELECT id, event_type, created FROM events WHERE id > $1 ORDER BY id LIMIT $2";
    let mut rows = Vec::new();
    if !cursor.missing.is_empty() {
        let keys: Vec<i64> = cursor.missing.iter().map(|(id, _)| *id).collect();
        let late = "SELECT id, event_type, created FROM events WHERE id = ANY($1) ORDER BY id";
        rows = store.query(late, &vals![keys]).await?;
    }
    rows.extend(store.query(sql, &vals![cursor.position, limit]).await?);
    rows.iter().map(|row| Ok(Fresh { id: row.get(0)?, kind: row.get(1)?, created: row.get(2)? })).collect()
}

/// The greatest key of the record.
pub async fn newest(store: &Store) -> Result<i64> {
    let rows = store.query("SELECT COALESCE(max(id), 0) FROM events", &[]).await?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}

impl Cursor {
    /// Where it stands after these events were looked at: keys that were skipped are looked for a while longer, as a transaction
    /// that took one may not have ended yet.
    pub fn after(&self, seen: &[Fresh], now: Time) -> Cursor {
        let position = seen.iter().map(|event| event.id).max().map_or(self.position, |id| id.max(self.position));
        let gone = |id: i64| seen.iter().any(|event| event.id == id);
        let mut missing: Vec<(i64, i64)> =
            self.missing.iter().filter(|(id, until)| *until > now.0 && !gone(*id)).copied().collect();
        let until = now.plus_seconds(MISSING_LASTS).0;
        let from = (self.position + 1).max(position - MISSING_MAX);
        missing.extend((from..position).filter(|id| !gone(*id)).map(|id| (id, until)));
        Cursor { position, missing }
    }
}

/// Something that a hook is told.
#[derive(Debug, Clone)]
pub struct Find {
    /// The hook.
    pub hook: Arc<Ready>,
    /// Key of the event.
    pub event: i64,
    /// The event.
    pub told: Arc<Told>,
    /// The delivery's identifier.
    pub uuid: Uuid,
}

/// Moves the cursor and notes what was found, in one transaction; false if another node has moved it meanwhile. A hook is noted at
/// most once for an event.
pub async fn advance(store: &Store, from: &Cursor, to: &Cursor, finds: Vec<Find>, now: Time) -> Result<bool> {
    let work = Arc::new((from.clone(), to.clone(), finds));
    store
        .write(move |tx| {
            let work = work.clone();
            Box::pin(async move {
                let (from, to, finds) = &*work;
                let sql = "UPDATE hook_cursor SET position = $1, missing = $2 \
                           WHERE id = 1 AND position = $3 AND missing = $4";
                let text = |cursor: &Cursor| json!(cursor.missing).to_string();
                if tx.execute(sql, &vals![to.position, text(to), from.position, text(from)]).await? == 0 {
                    return Ok(false);
                }
                for find in finds {
                    match &find.hook.email {
                        None => note(tx, find, now).await?,
                        Some(email) => write_to(tx, find, email, now).await?,
                    }
                }
                Ok(true)
            })
        })
        .await
}

async fn note(tx: &mut Tx, find: &Find, now: Time) -> Result<()> {
    let sql = "INSERT INTO hook_deliveries (uuid, hook_id, event_id, event_type, state, created, next_at) \
               VALUES ($1, $2, $3, $4, 'pending', $5, $5) ON CONFLICT (hook_id, event_id) DO NOTHING";
    let values = vals![find.uuid, find.hook.id, find.event, &find.told.event_type, now];
    tx.execute(sql, &values).await.map(drop)
}

async fn write_to(tx: &mut Tx, find: &Find, email: &str, now: Time) -> Result<()> {
    let told = &find.told;
    let context = json!({"message": told.message, "event_type": told.event_type,
                         "created": told.created.to_string(), "context": told.context});
    let unique = Some(format!("hook/{}/{}", id::hex(&find.hook.uuid), find.event));
    let language = find.hook.language.as_str();
    letter::queue(tx, now, Letter { to: email, key: "structure.event_hook", context, language, unique }).await?;
    tx.execute("UPDATE hooks SET last_published = $2 WHERE id = $1", &vals![find.hook.id, now]).await.map(drop)
}

/// A hook that is due to be called.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its key.
    pub id: i64,
    /// Its identifier.
    pub uuid: Uuid,
    /// Where events are posted.
    pub destination_url: String,
    /// How they are written.
    pub content_type: String,
    /// What signatures are made with.
    pub secret: String,
    /// Key of its owner.
    pub user_id: i64,
    /// Its owner.
    pub user: Uuid,
}

const DUE: &str = "SELECT h.id, h.uuid, h.destination_url, h.content_type, h.secret, h.user_id, u.uuid FROM hooks h \
     JOIN users u ON u.id = h.user_id";

fn due(row: &stoa_kernel::Row) -> Result<Due> {
    Ok(Due {
        id: row.get(0)?,
        uuid: row.get(1)?,
        destination_url: row.get(2)?,
        content_type: row.get(3)?,
        secret: row.get(4)?,
        user_id: row.get(5)?,
        user: row.get(6)?,
    })
}

/// Web hooks with something to send, those first that have waited longest for their turn.
pub async fn waiting(store: &Store, now: Time, limit: i64) -> Result<Vec<Due>> {
    let sql = format!(
        "{DUE} WHERE h.is_active AND u.is_active AND h.kind = 'webhook' \
         AND (h.paused_until IS NULL OR h.paused_until <= $1) AND (h.lease_until IS NULL OR h.lease_until <= $2) \
         AND h.id IN (SELECT hook_id FROM hook_deliveries WHERE state = 'pending' AND next_at <= $3) \
         ORDER BY h.lease_until NULLS FIRST, h.id LIMIT $4"
    );
    store.query(&sql, &vals![now, now, now, limit]).await?.iter().map(due).collect()
}

/// Takes a hook for this node; false if another one has it.
pub async fn take(store: &Store, id: i64, now: Time) -> Result<bool> {
    store
        .write(move |tx| {
            Box::pin(async move {
                let sql =
                    "UPDATE hooks SET lease_until = $2 WHERE id = $1 AND (lease_until IS NULL OR lease_until <= $3)";
                Ok(tx.execute(sql, &vals![id, now.plus_seconds(LEASE), now]).await? == 1)
            })
        })
        .await
}

/// Gives a hook back.
pub async fn give_back(store: &Store, id: i64, now: Time) -> Result<()> {
    store
        .write(move |tx| {
            let sql = "UPDATE hooks SET lease_until = $2 WHERE id = $1";
            Box::pin(async move { tx.execute(sql, &vals![id, now]).await.map(drop) })
        })
        .await
}

/// A hook by its key, as it is called.
pub async fn by_id(store: &Store, id: i64) -> Result<Due> {
    let rows = store.query(&format!("{DUE} WHERE h.id = $1"), &vals![id]).await?;
    rows.first().map(due).ok_or(Error::NotFound)?
}

/// One delivery that is due.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its key.
    pub id: i64,
    /// Its identifier.
    pub uuid: Uuid,
    /// The event; none for a test.
    pub event: Option<i64>,
    /// How often it was tried.
    pub attempts: i64,
}

/// What a hook has to send now, in the order of the events; only this one if it is named.
pub async fn batch(store: &Store, hook: i64, only: Option<Uuid>, now: Time) -> Result<Vec<Waiting>> {
    let which = if only.is_some() { "uuid = $2" } else { "next_at <= $2" };
    let sql = format!(
        "SELECT id, uuid, event_id, attempts FROM hook_deliveries \
         WHERE hook_id = $1 AND {which} AND state = 'pending' ORDER BY id LIMIT $3"
    );
    let which = only.map_or(Val::Time(now), Val::Uuid);
    let rows = store.query(&sql, &[Val::Int(hook), which, Val::Int(BATCH)]).await?;
    let read = rows
        .iter()
        .map(|row| Ok(Waiting { id: row.get(0)?, uuid: row.get(1)?, event: row.get(2)?, attempts: row.get(3)? }));
    read.collect()
}

/// What came of an attempt.
#[derive(Debug, Clone)]
pub struct Tried {
    /// Where the delivery is now.
    pub state: State,
    /// When it is tried again.
    pub next: Option<Time>,
    /// The receiver's answer.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: String,
    /// Until when the hook is left alone.
    pub pause: Option<Time>,
}

/// Writes down what came of an attempt, and gives the hook's failures in a row and since when. A delivery that ended meanwhile
/// (because its hook was switched off) stays as it is.
pub async fn settle(store: &Store, hook: i64, delivery: i64, tried: Tried, now: Time) -> Result<(i64, Option<Time>)> {
    let tried = Arc::new(tried);
    store
        .write(move |tx| {
            let tried = tried.clone();
            Box::pin(async move {
                let sql = "UPDATE hook_deliveries SET state = $2, attempts = attempts + 1, tried_at = $3, next_at = $4, \
                           status = $5, error = $6 WHERE id = $1 AND state = 'pending'";
                let next = tried.next.unwrap_or(now);
                let values =
                    vals![delivery, tried.state.text(), now, next, tried.status.map(i64::from), tried.error.clone()];
                tx.execute(sql, &values).await?;
                if tried.state == State::Delivered {
                    let sql = "UPDATE hooks SET last_published = $2, failures = 0, failing_since = NULL, \
                               paused_until = NULL WHERE id = $1";
                    tx.execute(sql, &vals![hook, now]).await?;
                    return Ok((0, None));
                }
                let sql = "UPDATE hooks SET failures = failures + 1, failing_since = COALESCE(failing_since, $2), \
                           paused_until = $3 WHERE id = $1";
                tx.execute(sql, &vals![hook, now, tried.pause]).await?;
                let brief = brief(tx, hook).await;
                brief.map(|brief| (brief.failures, brief.failing_since)).or(Ok((0, None)))
            })
        })
        .await
}

/// A delivery is not sent: its event is gone, or its hook's owner may no longer see it.
pub async fn withhold(store: &Store, deliveries: Vec<i64>) -> Result<()> {
    if deliveries.is_empty() {
        return Ok(());
    }
    store
        .write(move |tx| {
            let deliveries = deliveries.clone();
            let sql = "UPDATE hook_deliveries SET state = 'withheld', \
                       error = 'You may no longer see this event, or it is no longer kept.' \
                       WHERE id = ANY($1) AND state = 'pending'";
            Box::pin(async move { tx.execute(sql, &vals![deliveries]).await.map(drop) })
        })
        .await
}

/// What came of a delivery: its state, the receiver's status and what went wrong.
pub async fn outcome(store: &Store, delivery: Uuid) -> Result<Value> {
    let sql = "SELECT state, status, error, attempts FROM hook_deliveries WHERE uuid = $1";
    let rows = store.query(sql, &vals![delivery]).await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    Ok(json!({
        "uuid": id::hex(&delivery),
        "state": row.get::<String>(0)?,
        "status": row.get::<Option<i64>>(1)?,
        "error": row.get::<String>(2)?,
        "attempts": row.get::<i64>(3)?,
    }))
}

/// Removes what ended long ago: deliveries after 30 days, requests to agree after as many.
pub async fn sweep(store: &Store, now: Time) -> Result<u64> {
    let before = now.plus_seconds(-30 * 86_400);
    store
        .write(move |tx| {
            Box::pin(async move {
                let sql = "DELETE FROM hook_deliveries WHERE created < $1 AND state <> 'pending'";
                let gone = tx.execute(sql, &vals![before]).await?;
                tx.execute("DELETE FROM hook_confirmations WHERE sent_at < $1", &vals![before]).await?;
                Ok(gone)
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: i64) -> Fresh {
        Fresh { id, kind: "x".into(), created: Time(0) }
    }

    #[test]
    fn a_cursor_remembers_the_keys_that_were_not_there() {
        let cursor = Cursor { position: 5, missing: vec![] }.after(&[event(6), event(9)], Time(0));
        assert_eq!(cursor.position, 9);
        assert_eq!(cursor.missing.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [7, 8]);
        let cursor = cursor.after(&[event(8)], Time(1));
        assert_eq!((cursor.position, cursor.missing.len()), (9, 1));
        assert!(cursor.after(&[], Time(0).plus_seconds(601)).missing.is_empty());
    }
}
