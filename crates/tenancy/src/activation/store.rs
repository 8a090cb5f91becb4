//! The SQL of activations; nobody else writes them.

use super::State;
use crate::{eligibility::store::read_of, grant::store::Recorded};
use stoa_kernel::{Error, Result, Row, Time, Tx, id::Uuid, vals};

/// The key of which at most one activation waits or runs.
pub const KEY: &str = "activations.eligibility_uuid";

/// An activation.
#[derive(Debug, Clone)]
pub struct Activation {
    /// Key.
    pub id: i64,
    /// Whose, which role, where, until when; with the identifier of the activation.
    pub of: Recorded,
    /// The eligibility that it uses.
    pub eligibility: Uuid,
    /// For how many hours.
    pub hours: i64,
    /// Why.
    pub reason: String,
    /// Whether whoever asked had signed in with a second factor.
    pub second_factor: bool,
    /// Where it is.
    pub state: State,
    /// Until when it can be approved.
    pub deadline: Time,
    /// The grant that it is, once it has started.
    pub grant: Option<Uuid>,
}

/// Its columns; those of [`Recorded`] first.
const ACTIVATION: &str = "SELECT a.id, a.uuid, a.user_id, u.uuid, u.username, TRIM(u.first_name || ' ' || u.last_name), \
     a.role_id, r.name, r.uuid, a.scope, a.scope_id, a.scope_uuid, a.scope_name, a.customer_id, a.ends, a.eligibility_uuid, \
     a.hours, a.reason, a.second_factor, a.state, a.deadline, a.grant_uuid \
     FROM activations a JOIN users u ON u.id = a.user_id JOIN roles r ON r.id = a.role_id";

fn read(row: &Row) -> Result<Activation> {
    let state: String = row.get(19)?;
    Ok(Activation {
        id: row.get(0)?,
        of: read_of(row)?,
        eligibility: row.get(15)?,
        hours: row.get(16)?,
        reason: row.get(17)?,
        second_factor: row.get(18)?,
        state: State::parse(&state).ok_or_else(|| Error::broken(format!("an activation is {state}")))?,
        deadline: row.get(20)?,
        grant: row.get(21)?,
    })
}

/// Notes that somebody asks for an activation; gives its key.
///
/// # Errors
/// A duplicate of [`KEY`] if one waits or runs.
pub async fn insert(tx: &mut Tx, new: &Activation, now: Time) -> Result<i64> {
    let sql = "INSERT INTO activations (uuid, eligibility_uuid, user_id, role_id, scope, scope_id, scope_uuid, scope_name, \
               customer_id, hours, reason, second_factor, state, created, deadline) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id";
    let of = &new.of;
    let values = vals![
        of.uuid,
        new.eligibility,
        of.user_id,
        of.role_id,
        &of.scope,
        of.scope_id,
        of.scope_uuid,
        &of.scope_name,
        of.customer_id,
        new.hours,
        &new.reason,
        new.second_factor,
        new.state.text(),
        now,
        new.deadline
    ];
    tx.one(sql, &values).await?.ok_or_else(|| Error::broken("an activation without a key"))?.get(0)
}

/// An activation, which nobody else changes until the transaction ends.
///
/// # Errors
/// Not found.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<Activation> {
    let row = tx.one(&format!("{ACTIVATION} WHERE a.id = $1 FOR UPDATE OF a"), &vals![id]).await?;
    read(&row.ok_or(Error::NotFound)?)
}

/// The eligibility that an activation uses, which is held before the activation is.
///
/// # Errors
/// Not found.
pub async fn eligibility_of(tx: &mut Tx, id: i64) -> Result<Uuid> {
    let row = tx.one("SELECT eligibility_uuid FROM activations WHERE id = $1", &vals![id]).await?;
    row.ok_or(Error::NotFound)?.get(0)
}

/// The activation of an eligibility that waits or runs, as far as anybody has noted; held.
pub async fn unfinished(tx: &mut Tx, eligibility: Uuid) -> Result<Option<Activation>> {
    let sql =
        format!("{ACTIVATION} WHERE a.eligibility_uuid = $1 AND a.state IN ('pending', 'active') FOR UPDATE OF a");
    tx.one(&sql, &vals![eligibility]).await?.map(|row| read(&row)).transpose()
}

/// Until when the activation of an eligibility runs, as far as anybody has noted.
pub async fn runs_until(tx: &mut Tx, eligibility: Uuid) -> Result<Option<Time>> {
    let sql = "SELECT ends FROM activations WHERE eligibility_uuid = $1 AND state = 'active'";
    tx.one(sql, &vals![eligibility]).await?.map_or(Ok(None), |row| row.get(0))
}

/// Activations that have ended, or whose time to be approved is over, and of which nobody has noted it; held, at most this
/// many.
pub async fn over(tx: &mut Tx, most: i64, now: Time) -> Result<Vec<Activation>> {
    let sql = format!(
        "{ACTIVATION} WHERE a.id IN (SELECT o.id FROM activations o LEFT JOIN grants g ON g.uuid = o.grant_uuid \
         AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $1) \
         WHERE o.state = 'pending' AND o.deadline <= $2 OR o.state = 'active' AND g.id IS NULL) \
         ORDER BY a.id LIMIT $3 FOR UPDATE OF a SKIP LOCKED"
    );
    tx.query(&sql, &vals![now, now, most]).await?.iter().map(read).collect()
}

/// Starts one that waits.
pub async fn start(tx: &mut Tx, id: i64, state: State, grant: Uuid, ends: Time, now: Time) -> Result<()> {
    let sql = "UPDATE activations SET state = $1, grant_uuid = $2, started = $3, ends = $4 WHERE id = $5";
    tx.execute(sql, &vals![state.text(), grant, now, ends, id]).await.map(|_| ())
}

/// Notes who approved or rejected one, and what he said.
pub async fn decide(tx: &mut Tx, id: i64, state: State, by: Option<i64>, comment: &str, now: Time) -> Result<()> {
    let sql = "UPDATE activations SET state = $1, decided = $2, decided_by = $3, comment = $4 WHERE id = $5";
    tx.execute(sql, &vals![state.text(), now, by, comment, id]).await.map(|_| ())
}

/// Ends one, and says why.
pub async fn end(tx: &mut Tx, id: i64, state: State, by: Option<i64>, reason: &str, now: Time) -> Result<()> {
    let sql = "UPDATE activations SET state = $1, ended = $2, ended_by = $3, end_reason = $4 WHERE id = $5";
    tx.execute(sql, &vals![state.text(), now, by, reason, id]).await.map(|_| ())
}

/// Notes that a scope has another name now.
pub async fn renamed(tx: &mut Tx, scope: &str, scope_id: i64, name: &str) -> Result<()> {
    let sql = "UPDATE activations SET scope_name = $1 WHERE scope = $2 AND scope_id = $3";
    tx.execute(sql, &vals![name, scope, scope_id]).await.map(|_| ())
}

/// Notes that a scope belongs to another organization now.
pub async fn moved(tx: &mut Tx, scope: &str, scope_id: i64, customer_id: i64) -> Result<()> {
    let sql = "UPDATE activations SET customer_id = $1 WHERE scope = $2 AND scope_id = $3";
    tx.execute(sql, &vals![customer_id, scope, scope_id]).await.map(|_| ())
}

/// Forgets what a person wrote, and what was said to him.
pub async fn forget(tx: &mut Tx, user_id: i64) -> Result<()> {
    let sql = "UPDATE activations SET reason = '', comment = '' WHERE user_id = $1";
    tx.execute(sql, &vals![user_id]).await.map(|_| ())
}
