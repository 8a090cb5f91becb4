//! The SQL of login tokens and of failed sign-ins.

use super::rules;
use crate::access::directory;
use stoa_kernel::{Error, Result, Store, Time, Tx, clock::Clock, vals};

/// Live tokens that one user can have; the longest unused ones go.
const TOKENS_MAX: i64 = 100;

/// A fresh token: 40 hexadecimal digits.
pub fn secret(clock: &Clock) -> String {
    clock.secret::<20>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Stores a login token for a user; only its hash is kept. Drops his overdue tokens, and the longest unused where he has
/// too many. Gives the token's key.
///
/// # Errors
/// Not found if there is no such user.
pub async fn issue(tx: &mut Tx, user_id: i64, now: Time, secret: &str) -> Result<i64> {
    let row = tx.one("SELECT token_lifetime FROM users WHERE id = $1", &vals![user_id]).await?;
    let lifetime: Option<i64> = row.ok_or(Error::NotFound)?.get(0)?;
    let sql = "DELETE FROM tokens WHERE user_id = $1 AND (expires_at <= $2 OR id IN (SELECT id FROM tokens \
               WHERE user_id = $3 AND kind = 'login' ORDER BY used DESC, id DESC LIMIT 1000 OFFSET $4))";
    tx.execute(sql, &vals![user_id, now, user_id, TOKENS_MAX - 1]).await?;
    let sql = "INSERT INTO tokens (user_id, hash, kind, created, used, expires_at) \
               VALUES ($1, $2, 'login', $3, $4, $5) RETURNING id";
    let expiry = rules::expiry(now, lifetime);
    let row = tx.one(sql, &vals![user_id, directory::hash(secret), now, now, expiry]).await?;
    row.ok_or_else(|| Error::broken("a token got no key"))?.get(0)
}

/// Ends one token. Says whether there was one.
pub async fn end(tx: &mut Tx, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM tokens WHERE id = $1", &vals![id]).await? > 0)
}

/// Ends all logins of a user. Says how many there were.
pub async fn end_all(tx: &mut Tx, user_id: i64) -> Result<u64> {
    tx.execute("DELETE FROM tokens WHERE user_id = $1 AND kind = 'login'", &vals![user_id]).await
}

/// Moves the ends of a user's tokens after his lifetime has changed.
pub async fn set_lifetime(tx: &mut Tx, user_id: i64, lifetime: Option<i64>) -> Result<()> {
    for row in tx.query("SELECT id, used FROM tokens WHERE user_id = $1", &vals![user_id]).await? {
        let (id, used): (i64, Time) = (row.get(0)?, row.get(1)?);
        let sql = "UPDATE tokens SET expires_at = $1 WHERE id = $2";
        tx.execute(sql, &vals![rules::expiry(used, lifetime), id]).await?;
    }
    Ok(())
}

/// Notes that a token was used. Called in the background, and only when [`stoa_kernel::access::Actor::token`] says that it is
/// due, so that reading does not write.
pub async fn touch(store: &Store, id: i64, now: Time) -> Result<()> {
    store
        .write(move |tx| {
            Box::pin(async move {
                let sql = "SELECT u.token_lifetime FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.id = $1";
                let Some(row) = tx.one(sql, &vals![id]).await? else { return Ok(()) };
                let sql = "UPDATE tokens SET used = $1, expires_at = $2 WHERE id = $3 AND used < $4";
                tx.execute(sql, &vals![now, rules::expiry(now, row.get(0)?), id, now]).await.map(|_| ())
            })
        })
        .await
}

/// Removes tokens that are overdue, and failed sign-ins that no longer count. Gives how many tokens went.
pub async fn sweep(store: &Store, now: Time) -> Result<u64> {
    store
        .write(move |tx| {
            Box::pin(async move {
                let past = now.plus_seconds(-rules::LOCK_SECONDS);
                tx.execute("DELETE FROM login_failures WHERE last_at <= $1", &vals![past]).await?;
                tx.execute("DELETE FROM tokens WHERE expires_at <= $1", &vals![now]).await
            })
        })
        .await
}

/// Whether a name is locked at an address.
pub async fn is_locked(store: &Store, username: &str, address: &str, now: Time) -> Result<bool> {
    let sql = "SELECT count(*), COALESCE(max(CASE WHEN address = $1 THEN failures ELSE 0 END), 0) FROM login_failures \
               WHERE username = $2 AND last_at > $3";
    let past = now.plus_seconds(-rules::LOCK_SECONDS);
    let rows = store.query(sql, &vals![address, username, past]).await?;
    rows.first().map_or(Ok(false), |row| Ok(rules::is_locked(row.get(1)?, row.get(0)?)))
}

/// Counts a failure of a name at an address.
pub async fn note_failure(tx: &mut Tx, username: &str, address: &str, now: Time) -> Result<()> {
    let sql = "INSERT INTO login_failures (username, address, failures, last_at) VALUES ($1, $2, 1, $3) \
               ON CONFLICT (username, address) DO UPDATE SET last_at = $4, \
               failures = CASE WHEN login_failures.last_at <= $5 THEN 1 ELSE login_failures.failures + 1 END";
    let past = now.plus_seconds(-rules::LOCK_SECONDS);
    tx.execute(sql, &vals![username, address, now, now, past]).await.map(|_| ())
}

/// Forgets the failures of a name from an address, once it has signed in from there.
pub async fn forgive(tx: &mut Tx, username: &str, address: &str) -> Result<()> {
    let sql = "DELETE FROM login_failures WHERE username = $1 AND address = $2";
    tx.execute(sql, &vals![username, address]).await.map(|_| ())
}

/// Who wants to sign in: key, identifier, stored password, and whether he may at all.
#[derive(Debug, Clone)]
pub struct Claimant {
    /// Key of the user's row.
    pub id: i64,
    /// Identifier.
    pub uuid: stoa_kernel::id::Uuid,
    /// What is stored of the password.
    pub password: String,
    /// Whether the account is active.
    pub active: bool,
}

/// Finds the user with this name.
pub async fn claimant(store: &Store, username: &str) -> Result<Option<Claimant>> {
    let sql = "SELECT id, uuid, password, is_active FROM users WHERE username = $1";
    let rows = store.query(sql, &vals![username]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Claimant { id: row.get(0)?, uuid: row.get(1)?, password: row.get(2)?, active: row.get(3)? }))
}

/// Whether a user is still active and his password still the one that was checked.
pub async fn still_holds(tx: &mut Tx, id: i64, password: &str) -> Result<bool> {
    let sql = "SELECT id FROM users WHERE id = $1 AND is_active AND password = $2";
    Ok(tx.one(sql, &vals![id, password]).await?.is_some())
}

/// Ends every token of a user, of whatever kind. Says how many there were.
pub async fn end_every(tx: &mut Tx, user_id: i64) -> Result<u64> {
    tx.execute("DELETE FROM tokens WHERE user_id = $1", &vals![user_id]).await
}

/// Forgets the failed sign-ins of a name that is gone.
pub async fn forget_failures(tx: &mut Tx, username: &str) -> Result<()> {
    tx.execute("DELETE FROM login_failures WHERE username = $1", &vals![username]).await.map(|_| ())
}

/// The tokens of a user: kind, since when, last used, until when.
pub async fn of_user(query: &mut dyn stoa_kernel::Query, user_id: i64) -> Result<Vec<stoa_kernel::Row>> {
    let sql = "SELECT kind, created, used, expires_at FROM tokens WHERE user_id = $1 ORDER BY id LIMIT 1000";
    query.query(sql, &vals![user_id]).await
}
