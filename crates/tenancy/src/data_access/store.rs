//! The SQL of who read whose profile.

use super::rules::{Key, Reads};
use crate::settings::Settings;
use std::{collections::HashMap, sync::Arc};
use stoa_kernel::{Error, Query, Result, Row, Store, Time, Tx, Val, clock::Clock, id::Uuid, vals};

/// Whether reading is recorded.
pub const ENABLED: &str = "USER_DATA_ACCESS_LOGGING_ENABLED";
/// Whether reading is recorded, as a column of the statement that finds out who calls: so reading costs no statement more.
pub const WATCHED: &str =
    "COALESCE((SELECT s.value FROM settings s WHERE s.key = 'USER_DATA_ACCESS_LOGGING_ENABLED'), 'false') = 'true'";
/// For how many days.
pub const RETENTION: &str = "USER_DATA_ACCESS_LOG_RETENTION_DAYS";
/// Whether people's reading of their own profile is recorded too.
pub const SELF: &str = "USER_DATA_ACCESS_LOG_SELF_ACCESS";

/// Writes what has gathered, if the installation records it.
///
/// # Errors
/// Those of the store.
pub async fn write(store: &Store, clock: &Clock, reads: Reads) -> Result<()> {
    if reads.lost > 0 {
        tracing::warn!(lost = reads.lost, "more profiles were read than could be recorded");
    }
    if reads.entries.is_empty() {
        return Ok(());
    }
    let (reads, clock, now) = (Arc::new(reads), clock.clone(), clock.now());
    store
        .write(move |tx| {
            let (reads, clock) = (reads.clone(), clock.clone());
            Box::pin(async move { write_in(tx, &clock, &reads, now).await })
        })
        .await
}

async fn write_in(tx: &mut Tx, clock: &Clock, reads: &Reads, now: Time) -> Result<()> {
    let settings = Settings::load(&mut *tx).await?;
    if !settings.is_on(ENABLED) {
        return Ok(());
    }
    let own_too = settings.is_on(SELF);
    let readers: Vec<Uuid> = reads.entries.keys().map(|key| key.0.uuid).collect();
    let rows = tx.query("SELECT uuid, id FROM users WHERE uuid = ANY($1)", &vals![readers]).await?;
    let readers: HashMap<Uuid, i64> = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_>>()?;
    let of = |wanted: Key| reads.entries.keys().filter(move |key| key.2 == wanted).map(|key| key.3);
    // Whoever is gone since leaves nothing to record.
    let (users, grants): (Vec<i64>, Vec<i64>) = (of(Key::User).collect(), of(Key::Grant).collect());
    let rows = tx.query("SELECT id, id FROM users WHERE id = ANY($1)", &vals![users]).await?;
    let users: HashMap<i64, i64> = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_>>()?;
    let sql = "SELECT id, user_id FROM grants WHERE id = ANY($1) AND user_id IS NOT NULL";
    let rows = tx.query(sql, &vals![grants]).await?;
    let grants: HashMap<i64, i64> = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_>>()?;
    for ((reader, fields, key, row), count) in &reads.entries {
        let found = match key {
            Key::User => users.get(row),
            Key::Grant => grants.get(row),
        };
        let (Some(user), Some(by)) = (found, readers.get(&reader.uuid)) else { continue };
        let own = user == by;
        if own && !own_too {
            continue;
        }
        let kind = if own { "self" } else { reader.kind };
        let sql = "INSERT INTO data_accesses (uuid, user_id, accessor_id, accessor_type, hour, at, fields, list, reads, \
                   address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                   ON CONFLICT (user_id, accessor_id, hour, list, fields) DO UPDATE SET reads = data_accesses.reads + $11";
        let values = vals![
            clock.uuid(),
            *user,
            *by,
            kind,
            reader.hour,
            now,
            fields,
            reader.view,
            *count,
            reader.address.clone(),
            *count
        ];
        tx.execute(sql, &values).await?;
    }
    Ok(())
}

/// Removes an entry.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM data_accesses WHERE id = $1", &vals![id]).await.map(drop)
}

/// Who an entry is about: the name of the person, and of the reader.
pub async fn names(tx: &mut Tx, id: i64) -> Result<(String, String)> {
    let sql = "SELECT u.username, x.username FROM data_accesses l JOIN users u ON u.id = l.user_id \
               JOIN users x ON x.id = l.accessor_id WHERE l.id = $1";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Removes entries that are older than the installation keeps them. Gives how many.
pub async fn sweep(store: &Store, now: Time) -> Result<u64> {
    store
        .write(move |tx| {
            Box::pin(async move {
                let days = Settings::load(&mut *tx).await?.int(RETENTION).unwrap_or(90).clamp(0, 36_500);
                let before = now.plus_seconds(-days * 86_400);
                tx.execute("DELETE FROM data_accesses WHERE at < $1", &vals![before]).await
            })
        })
        .await
}

/// Forgets who read a person's profile, and from where that person read others'.
pub async fn forget(tx: &mut Tx, user_id: i64) -> Result<()> {
    tx.execute("DELETE FROM data_accesses WHERE user_id = $1", &vals![user_id]).await?;
    tx.execute("UPDATE data_accesses SET address = NULL WHERE accessor_id = $1", &vals![user_id]).await.map(drop)
}

/// Lets the entries about one account be about another, where both are one person.
pub async fn hand_over(tx: &mut Tx, from: i64, to: i64) -> Result<u64> {
    // What would be there twice stays with the account that it was read of.
    let sql = "UPDATE data_accesses SET user_id = $1 WHERE user_id = $2 AND accessor_id <> $3 AND NOT EXISTS \
               (SELECT 1 FROM data_accesses o WHERE o.user_id = $4 AND o.accessor_id = data_accesses.accessor_id \
               AND o.hour = data_accesses.hour AND o.list = data_accesses.list AND o.fields = data_accesses.fields)";
    tx.execute(sql, &vals![to, from, to, to]).await
}

/// Who read a person's profile, newest first: kind of reader, instant, fields, how often. Who it was is the readers' own.
pub async fn of_user(query: &mut dyn Query, user_id: i64, most: i64) -> Result<Vec<Row>> {
    let sql = "SELECT accessor_type, at, fields, reads FROM data_accesses WHERE user_id = $1 ORDER BY at DESC, id DESC \
               LIMIT $2";
    query.query(sql, &[Val::Int(user_id), Val::Int(most)]).await
}
