//! The SQL of login tokens and of failed sign-ins.

use super::rules;
use crate::{
    access::directory,
    settings::{self, Settings},
};
use std::net::IpAddr;
use stoa_kernel::{Error, Query, Result, Row, Store, Time, Tx, clock::Clock, id::Uuid, vals};

/// Live tokens that one user can have; the longest unused ones go.
const TOKENS_MAX: i64 = 100;

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A token that programs send in a header.
    #[default]
    Login,
    /// A session of a browser, which sends it in a cookie.
    Session,
}

impl Kind {
    /// The word that is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Login => "login",
            Kind::Session => "session",
        }
    }

    /// The kind of a stored word.
    pub fn of(word: &str) -> Kind {
        if word == "session" { Kind::Session } else { Kind::Login }
    }
}

/// A session at an identity provider to which one of ours belongs.
#[derive(Debug, Clone, Copy)]
pub struct External<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// The person's identifier there.
    pub subject: &'a str,
    /// The session's identifier there, if the provider told it.
    pub sid: Option<&'a str>,
}

/// A session to begin.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewSession<'a> {
    /// Key of its user.
    pub user_id: i64,
    /// What its secret is for.
    pub kind: Kind,
    /// How the user proved himself: `LOCAL_SIGNIN`, `LDAP`, `PASSKEY`, or the name of an identity provider.
    pub method: &'a str,
    /// The second factor that he showed: `totp`, `recovery`, `passkey`, or empty for none.
    pub factor: &'a str,
    /// What his program calls itself.
    pub user_agent: &'a str,
    /// His address.
    pub address: Option<IpAddr>,
    /// The session at an identity provider with which this one ends.
    pub external: Option<External<'a>>,
    /// When the proof itself ends: the session does not outlive it (security case C9).
    pub until: Option<Time>,
}

/// Begins a session and gives its secret, of which only the hash is kept: 40 hexadecimal digits, as clients of the
/// original expect. Drops the user's overdue sessions, and the longest unused where he has too many.
///
/// # Errors
/// Not found if there is no such user.
pub async fn issue_session(tx: &mut Tx, clock: &Clock, now: Time, new: &NewSession<'_>) -> Result<String> {
    let id = new.user_id;
    let row = tx.one("SELECT token_lifetime FROM users WHERE id = $1 FOR UPDATE", &vals![id]).await?;
    let lifetime: Option<i64> = row.ok_or(Error::NotFound)?.get(0)?;
    let sql = "DELETE FROM tokens WHERE user_id = $1 AND (expires_at <= $2 OR id IN (SELECT id FROM tokens \
               WHERE user_id = $3 ORDER BY used DESC, id DESC LIMIT 1000 OFFSET $4))";
    tx.execute(sql, &vals![id, now, id, TOKENS_MAX - 1]).await?;
    let days = Settings::load(&mut *tx).await?.int(settings::SESSION_DAYS).unwrap_or(1);
    let ends_at = rules::end(now, days, new.until, new.kind == Kind::Login && lifetime.is_none());
    let secret = secret(clock);
    let sql = "INSERT INTO tokens (uuid, user_id, hash, kind, method, factor, user_agent, address, provider, subject, sid, \
               created, used, expires_at, ends_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let values = vals![
        clock.uuid(),
        id,
        directory::hash(&secret),
        new.kind.word(),
        new.method,
        new.factor,
        new.user_agent,
        new.address.map(|address| address.to_string()).unwrap_or_default(),
        new.external.map(|external| external.provider),
        new.external.map(|external| external.subject),
        new.external.and_then(|external| external.sid),
        now,
        now,
        rules::expiry(now, lifetime, ends_at),
        ends_at,
    ];
    tx.execute(sql, &values).await?;
    Ok(secret)
}

fn secret(clock: &Clock) -> String {
    clock.secret::<20>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A session that lasts.
#[derive(Debug, Clone)]
pub struct Session {
    /// Key.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// Key of its user.
    pub user_id: i64,
    /// What its secret is for.
    pub kind: Kind,
    /// How the user proved himself.
    pub method: String,
    /// The second factor that he showed; empty for none.
    pub factor: String,
    /// The identity provider with whose session it ends.
    pub provider: Option<String>,
    /// When it began.
    pub created: Time,
}

impl Session {
    /// Whether the user proved himself a short while ago, so that he may change what proves him.
    pub fn is_fresh(&self, now: Time) -> bool {
        self.created.plus_seconds(rules::FRESH_SECONDS) > now
    }
}

/// Reads a session.
pub async fn session(query: &mut dyn Query, id: i64) -> Result<Option<Session>> {
    let sql = "SELECT id, uuid, user_id, kind, method, factor, provider, created FROM tokens WHERE id = $1";
    let rows = query.query(sql, &vals![id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Session {
        id: row.get(0)?,
        uuid: row.get(1)?,
        user_id: row.get(2)?,
        kind: Kind::of(&row.get::<String>(3)?),
        method: row.get(4)?,
        factor: row.get(5)?,
        provider: row.get(6)?,
        created: row.get(7)?,
    }))
}

/// Gives the session of a browser a new secret; the old one is nobody's any more. Nothing else changes, least of all its end.
/// `None` for a token that programs send: they would lose it.
pub async fn renew_session(tx: &mut Tx, clock: &Clock, id: i64) -> Result<Option<String>> {
    let secret = secret(clock);
    let sql = "UPDATE tokens SET hash = $1 WHERE id = $2 AND kind = 'session'";
    let renewed = tx.execute(sql, &vals![directory::hash(&secret), id]).await? > 0;
    Ok(renewed.then_some(secret))
}

/// Ends one session. Says whether there was one.
pub async fn end(tx: &mut Tx, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM tokens WHERE id = $1", &vals![id]).await? > 0)
}

/// Ends all sessions of a user. Says how many there were.
pub async fn end_all(tx: &mut Tx, user_id: i64) -> Result<u64> {
    tx.execute("DELETE FROM tokens WHERE user_id = $1", &vals![user_id]).await
}

/// Ends all sessions of a user but one. Says how many there were.
pub async fn end_others(tx: &mut Tx, user_id: i64, kept: i64) -> Result<u64> {
    tx.execute("DELETE FROM tokens WHERE user_id = $1 AND id <> $2", &vals![user_id, kept]).await
}

/// Ends the sessions that began with one at an identity provider: the session there if it is named, else all of the person.
/// Gives the keys of their users, one for each session.
pub async fn end_by_external(
    tx: &mut Tx,
    provider: &str,
    subject: Option<&str>,
    sid: Option<&str>,
) -> Result<Vec<i64>> {
    let rows = match (subject, sid) {
        (None, None) => Vec::new(),
        (None, Some(sid)) => {
            let sql = "DELETE FROM tokens WHERE provider = $1 AND sid = $2 RETURNING user_id";
            tx.query(sql, &vals![provider, sid]).await?
        }
        (Some(subject), None) => {
            let sql = "DELETE FROM tokens WHERE provider = $1 AND subject = $2 RETURNING user_id";
            tx.query(sql, &vals![provider, subject]).await?
        }
        (Some(subject), Some(sid)) => {
            let sql = "DELETE FROM tokens WHERE provider = $1 AND subject = $2 AND sid = $3 RETURNING user_id";
            tx.query(sql, &vals![provider, subject, sid]).await?
        }
    };
    rows.iter().map(|row| row.get(0)).collect()
}

/// Moves the ends of a user's tokens after his lifetime has changed.
pub async fn set_lifetime(tx: &mut Tx, user_id: i64, lifetime: Option<i64>) -> Result<()> {
    for row in tx.query("SELECT id, used, ends_at FROM tokens WHERE user_id = $1", &vals![user_id]).await? {
        let expiry = rules::expiry(row.get(1)?, lifetime, row.get(2)?);
        let sql = "UPDATE tokens SET expires_at = $1 WHERE id = $2";
        tx.execute(sql, &vals![expiry, row.get::<i64>(0)?]).await?;
    }
    Ok(())
}

/// Notes that a token was used. Called in the background, and only when [`stoa_kernel::access::Actor::token`] says that it is
/// due, so that reading does not write.
pub async fn touch(store: &Store, id: i64, now: Time) -> Result<()> {
    store
        .write(move |tx| {
            Box::pin(async move {
                let sql =
                    "SELECT u.token_lifetime, t.ends_at FROM tokens t JOIN users u ON u.id = t.user_id WHERE t.id = $1";
                let Some(row) = tx.one(sql, &vals![id]).await? else { return Ok(()) };
                let expiry = rules::expiry(now, row.get(0)?, row.get(1)?);
                // A token that is over stays so, however late this comes.
                let sql = "UPDATE tokens SET used = $1, expires_at = $2 \
                           WHERE id = $3 AND used < $4 AND (expires_at IS NULL OR expires_at > $5)";
                tx.execute(sql, &vals![now, expiry, id, now, now]).await.map(|_| ())
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

/// Who wants to sign in.
#[derive(Debug, Clone)]
pub struct Claimant {
    /// Key of the user's row.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// Name to sign in with.
    pub username: String,
    /// What is stored of the password.
    pub password: String,
    /// Whether the account is active, and a person's: robots do not sign in.
    pub active: bool,
    /// Whether he is staff.
    pub staff: bool,
    /// How the account came about.
    pub registration_method: String,
}

impl Claimant {
    /// A mark of the password that was checked: it tells later whether the password has changed since, and nothing else.
    pub fn mark(&self) -> String {
        directory::hash(&self.password)
    }
}

const CLAIMANT: &str = "SELECT id, uuid, username, password, is_active AND NOT is_robot, is_staff, registration_method FROM users";

fn read_claimant(row: &Row) -> Result<Claimant> {
    Ok(Claimant {
        id: row.get(0)?,
        uuid: row.get(1)?,
        username: row.get(2)?,
        password: row.get(3)?,
        active: row.get(4)?,
        staff: row.get(5)?,
        registration_method: row.get(6)?,
    })
}

/// Finds the user with this name.
pub async fn claimant(query: &mut dyn Query, username: &str) -> Result<Option<Claimant>> {
    let rows = query.query(&format!("{CLAIMANT} WHERE username = $1"), &vals![username]).await?;
    rows.first().map(read_claimant).transpose()
}

/// Finds the user with this key.
pub async fn claimant_by_id(query: &mut dyn Query, id: i64) -> Result<Option<Claimant>> {
    let rows = query.query(&format!("{CLAIMANT} WHERE id = $1"), &vals![id]).await?;
    rows.first().map(read_claimant).transpose()
}

/// Whether a user is still active and his password still the one that was checked.
pub async fn still_holds(tx: &mut Tx, id: i64, mark: &str) -> Result<bool> {
    Ok(claimant_by_id(&mut *tx, id).await?.is_some_and(|user| user.active && user.mark() == mark))
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
