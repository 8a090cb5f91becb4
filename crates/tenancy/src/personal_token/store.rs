//! The SQL of personal access tokens.

use super::rules;
use crate::access::directory;
use serde_json::Value;
use std::net::IpAddr;
use stoa_kernel::{
    Error, Result, Row, Store, Time, Tx, Val,
    access::Found,
    id::Uuid,
    store::jobs::{self, NewJob},
    vals,
};

/// Kind of the job that puts something about a token on record.
pub const NOTE: &str = "personal_token.note";
/// Addresses that are remembered of one token; the longest unseen go.
const ADDRESSES_MAX: i64 = 200;

/// A token.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// Key of its user.
    pub user_id: i64,
    /// Name.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// The permissions that pass.
    pub scopes: Value,
    /// Where it can be used.
    pub networks: Value,
    /// When it ends.
    pub expires_at: Time,
    /// Whether it was not ended.
    pub active: bool,
}

const COLUMNS: &str = "id, uuid, user_id, name, prefix, scopes, networks, expires_at, is_active";

fn read(row: &Row) -> Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        uuid: row.get(1)?,
        user_id: row.get(2)?,
        name: row.get(3)?,
        prefix: row.get(4)?,
        scopes: row.get(5)?,
        networks: row.get(6)?,
        expires_at: row.get(7)?,
        active: row.get(8)?,
    })
}

/// A token to make.
#[derive(Debug)]
pub struct New<'a> {
    /// Identifier.
    pub uuid: Uuid,
    /// Key of its user.
    pub user_id: i64,
    /// Name.
    pub name: &'a str,
    /// The token itself; its hash and beginning are stored.
    pub token: &'a str,
    /// The permissions that pass.
    pub scopes: &'a Value,
    /// Where it can be used.
    pub networks: &'a Value,
    /// When it ends.
    pub expires_at: Time,
}

/// Stores a token; gives its key.
pub async fn insert(tx: &mut Tx, new: &New<'_>, now: Time) -> Result<i64> {
    let sql = "INSERT INTO personal_tokens (uuid, user_id, name, hash, prefix, scopes, networks, created, expires_at, \
               noted_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id";
    let prefix: String = new.token.chars().take(rules::PREFIX).collect();
    let hash = directory::hash(new.token);
    let values =
        vals![new.uuid, new.user_id, new.name, hash, prefix, new.scopes, new.networks, now, new.expires_at, now];
    tx.one(sql, &values).await?.ok_or_else(|| Error::broken("a token got no key"))?.get(0)
}

/// Binds a token to a thing.
pub async fn bind(tx: &mut Tx, token: i64, to: &Found) -> Result<()> {
    let sql = "INSERT INTO personal_token_bindings (token_id, scope, scope_id, scope_uuid, scope_name) \
               VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &vals![token, to.thing, to.id, to.uuid, &to.name]).await.map(|_| ())
}

/// Binds a token to what another is bound to.
pub async fn bind_alike(tx: &mut Tx, token: i64, other: i64) -> Result<()> {
    let sql = "INSERT INTO personal_token_bindings (token_id, scope, scope_id, scope_uuid, scope_name) \
               SELECT CAST($1 AS BIGINT), scope, scope_id, scope_uuid, scope_name FROM personal_token_bindings \
               WHERE token_id = $2 ORDER BY id";
    tx.execute(sql, &vals![token, other]).await.map(|_| ())
}

/// What a token is bound to: kind, identifier and name of each.
pub async fn bindings(tx: &mut Tx, token: i64) -> Result<Vec<(String, Uuid, String)>> {
    let sql = "SELECT scope, scope_uuid, scope_name FROM personal_token_bindings WHERE token_id = $1 ORDER BY id";
    let rows = tx.query(sql, &vals![token]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// How many tokens of a user can be used. His row must be locked.
pub async fn count_active(tx: &mut Tx, user_id: i64, now: Time) -> Result<i64> {
    let sql = "SELECT count(*) FROM personal_tokens WHERE user_id = $1 AND is_active AND expires_at > $2";
    tx.one(sql, &vals![user_id, now]).await?.map_or(Ok(0), |row| row.get(0))
}

/// A token, kept from others meanwhile.
///
/// # Errors
/// Not found.
pub async fn lock(tx: &mut Tx, id: i64) -> Result<Stored> {
    let sql = format!("SELECT {COLUMNS} FROM personal_tokens WHERE id = $1 FOR UPDATE");
    read(&tx.one(&sql, &vals![id]).await?.ok_or(Error::NotFound)?)
}

/// Ends a token; says whether it had not ended before.
pub async fn end(tx: &mut Tx, id: i64, now: Time) -> Result<bool> {
    let sql = "UPDATE personal_tokens SET is_active = FALSE, ended_at = $1 WHERE id = $2 AND is_active";
    Ok(tx.execute(sql, &vals![now, id]).await? == 1)
}

/// Ends all tokens of a user.
pub async fn end_all(tx: &mut Tx, user_id: i64, now: Time) -> Result<u64> {
    let sql = "UPDATE personal_tokens SET is_active = FALSE, ended_at = $1 WHERE user_id = $2 AND is_active";
    tx.execute(sql, &vals![now, user_id]).await
}

/// Ends tokens whose time is over, at most so many; gives them.
pub async fn end_overdue(tx: &mut Tx, most: i64, now: Time) -> Result<Vec<Stored>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM personal_tokens WHERE is_active AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2 \
         FOR UPDATE SKIP LOCKED"
    );
    let over: Vec<Stored> = tx.query(&sql, &vals![now, most]).await?.iter().map(read).collect::<Result<_>>()?;
    let ids: Vec<i64> = over.iter().map(|token| token.id).collect();
    let sql = "UPDATE personal_tokens SET is_active = FALSE, ended_at = expires_at WHERE id = ANY($1)";
    tx.execute(sql, &vals![ids]).await?;
    Ok(over)
}

/// Gives back a token that was ended.
pub async fn revive(tx: &mut Tx, id: i64) -> Result<()> {
    let sql = "UPDATE personal_tokens SET is_active = TRUE, ended_at = NULL WHERE id = $1";
    tx.execute(sql, &vals![id]).await.map(drop)
}

/// Sets what a token carries.
pub async fn set_scopes(tx: &mut Tx, id: i64, scopes: &Value) -> Result<()> {
    tx.execute("UPDATE personal_tokens SET scopes = $1 WHERE id = $2", &vals![scopes, id]).await.map(drop)
}

/// When a token was made, and when it was last used, to some minutes.
pub async fn lifetime(tx: &mut Tx, id: i64) -> Result<(Time, Option<Time>)> {
    let row = tx.one("SELECT created, last_used_at FROM personal_tokens WHERE id = $1", &vals![id]).await?;
    let row = row.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Sets where a token can be used.
pub async fn set_networks(tx: &mut Tx, id: i64, networks: &Value) -> Result<()> {
    tx.execute("UPDATE personal_tokens SET networks = $1 WHERE id = $2", &vals![networks, id]).await.map(|_| ())
}

/// The key of the robot with this identifier, if it is one and active.
pub async fn robot(tx: &mut Tx, uuid: Uuid) -> Result<Option<i64>> {
    let row = tx.one("SELECT id FROM users WHERE uuid = $1 AND is_robot AND is_active", &vals![uuid]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Whether a user may have tokens; robots may.
pub async fn may_have(tx: &mut Tx, user_id: i64) -> Result<bool> {
    let sql = "SELECT id FROM users WHERE id = $1 AND (can_use_personal_access_tokens OR is_robot)";
    Ok(tx.one(sql, &vals![user_id]).await?.is_some())
}

/// The key of the user with this identifier, as long as he is known.
pub async fn user_of(tx: &mut Tx, uuid: Uuid) -> Result<Option<i64>> {
    let row = tx.one("SELECT id FROM users WHERE uuid = $1", &vals![uuid]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Notes that a token was used so many times, and wants an address that is new on record.
pub async fn touch(store: &Store, id: i64, address: Option<IpAddr>, uses: i64, most: i64, now: Time) -> Result<()> {
    store
        .write(move |tx| {
            Box::pin(async move {
                let address = address.map(|address| address.to_canonical().to_string());
                let sql = "UPDATE personal_tokens SET last_used_at = $1, last_used_ip = COALESCE($2, last_used_ip), \
                           use_count = use_count + $3 WHERE id = $4";
                if tx.execute(sql, &vals![now, address.clone(), uses, id]).await? == 0 {
                    return Ok(());
                }
                let Some(address) = address else { return Ok(()) };
                let sql = "INSERT INTO personal_token_addresses (token_id, address, seen) VALUES ($1, $2, $3) \
                           ON CONFLICT (token_id, address) DO NOTHING";
                if tx.execute(sql, &vals![id, &address, now]).await? == 0 {
                    let sql = "UPDATE personal_token_addresses SET seen = $1 WHERE token_id = $2 AND address = $3";
                    return tx.execute(sql, &vals![now, id, &address]).await.map(|_| ());
                }
                let sql = "DELETE FROM personal_token_addresses WHERE token_id = $1 AND address IN (SELECT a.address \
                           FROM personal_token_addresses a WHERE a.token_id = $2 ORDER BY a.seen DESC, a.address \
                           LIMIT 1000 OFFSET $3)";
                tx.execute(sql, &vals![id, id, ADDRESSES_MAX]).await?;
                note(tx, id, "pat_used_from_new_ip", Some(&address), most, now).await
            })
        })
        .await
}

/// Wants a refused use on record, if the token is one of ours.
pub async fn refused(store: &Store, token: &str, address: Option<IpAddr>, most: i64, now: Time) -> Result<()> {
    let sql = "SELECT t.id, t.networks, t.is_active AND u.is_active AND t.expires_at > $1 \
               FROM personal_tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = $2";
    let rows = store.query(sql, &vals![now, directory::hash(token)]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let (id, networks, live): (i64, Value, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let kind = match live && !rules::lets_in(&networks, address) {
        true => "pat_access_denied_from_ip",
        false => "pat_authentication_rejected",
    };
    store
        .write(move |tx| {
            Box::pin(async move {
                let address = address.map(|address| address.to_canonical().to_string());
                note(tx, id, kind, address.as_deref(), most, now).await
            })
        })
        .await
}

/// Queues what is to be put on record about a token, unless this hour has enough of it.
async fn note(tx: &mut Tx, id: i64, kind: &str, address: Option<&str>, most: i64, now: Time) -> Result<()> {
    let hour_ago = now.plus_seconds(-3600);
    let sql = "UPDATE personal_tokens SET noted = CASE WHEN noted_from <= $1 THEN 1 ELSE noted + 1 END, \
               noted_from = CASE WHEN noted_from <= $2 THEN $3 ELSE noted_from END \
               WHERE id = $4 AND (noted_from <= $5 OR noted < $6)";
    if tx.execute(sql, &vals![hour_ago, hour_ago, now, id, hour_ago, most]).await? == 0 {
        return Ok(());
    }
    let payload = serde_json::json!({"token": id, "event": kind, "ip_address": address});
    jobs::enqueue(tx, &NewJob { kind: NOTE, payload, run_at: now, unique_key: None }).await.map(|_| ())
}

/// The value of a whole number among the settings, outside a transaction.
pub async fn limit(store: &Store, key: &str) -> Result<i64> {
    let settings = crate::settings::Settings::load(&mut store.reader()).await?;
    Ok(settings.int(key).unwrap_or(0))
}

/// A token that is told of, if it is still there.
pub async fn known(tx: &mut Tx, id: i64) -> Result<Option<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM personal_tokens WHERE id = $1");
    tx.one(&sql, &[Val::Int(id)]).await?.as_ref().map(read).transpose()
}
