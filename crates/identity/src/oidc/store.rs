//! The SQL of identities, of sign-ins on their way, and of what ties a login to a session at a provider.

use serde_json::{Map, Value};
use stoa_kernel::{Error, Query, Result, Store, Time, Tx, id::Uuid, vals};
use stoa_tenancy::{access::directory::hash, invitation::rules as invitation};

/// Sign-ins that one address can have on their way.
const PENDING_MAX: i64 = 200;

/// A sign-in that goes to a provider.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Key of the provider.
    pub provider_id: i64,
    /// What goes there and must come back.
    pub state: String,
    /// What the browser keeps.
    pub browser: String,
    /// From where it comes.
    pub address: String,
    /// Where it must come back to.
    pub redirect_uri: String,
    /// Where it goes in the end.
    pub target: String,
    /// Until when.
    pub expires_at: Time,
}

/// Remembers a sign-in: hashes of state and browser only.
///
/// # Errors
/// Too many from one address.
pub async fn begin(store: &Store, pending: Pending, now: Time) -> Result<()> {
    store
        .write(move |tx| {
            let pending = pending.clone();
            Box::pin(async move {
                let sql = "SELECT count(*) FROM oidc_states WHERE address = $1 AND expires_at > $2";
                let row = tx.one(sql, &vals![&pending.address, now]).await?;
                if row.map_or(Ok(0), |row| row.get::<i64>(0))? >= PENDING_MAX {
                    let message = "Too many sign-ins have been started from here.".into();
                    return Err(Error::TooMany { message, retry_after: 60 });
                }
                let sql = "INSERT INTO oidc_states (state, provider_id, browser, address, redirect_uri, target, expires_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7)";
                let (state, browser) = (hash(&pending.state), hash(&pending.browser));
                let values = vals![
                    state,
                    pending.provider_id,
                    browser,
                    pending.address,
                    pending.redirect_uri,
                    pending.target,
                    pending.expires_at,
                ];
                tx.execute(sql, &values).await.map(|_| ())
            })
        })
        .await
}

/// Takes a sign-in that comes back, once: of this provider, by this browser, in time. Gives where it was to come back to, and
/// where it goes in the end.
pub async fn take(
    store: &Store,
    provider_id: i64,
    state: &str,
    browser: &str,
    now: Time,
) -> Result<Option<(String, String)>> {
    let (state, browser) = (hash(state), hash(browser));
    store
        .write(move |tx| {
            let (state, browser) = (state.clone(), browser.clone());
            Box::pin(async move {
                let sql = "DELETE FROM oidc_states WHERE state = $1 AND browser = $2 AND provider_id = $3 AND expires_at > $4 \
                           RETURNING redirect_uri, target";
                let row = tx.one(sql, &vals![state, browser, provider_id, now]).await?;
                row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
            })
        })
        .await
}

/// Removes what is overdue.
pub async fn sweep(store: &Store, now: Time) -> Result<()> {
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.execute("DELETE FROM oidc_states WHERE expires_at <= $1", &vals![now]).await?;
                tx.execute("DELETE FROM oidc_codes WHERE expires_at <= $1", &vals![now]).await.map(|_| ())
            })
        })
        .await
}

/// The identity of a subject at a provider: its key and its user.
pub async fn identity(tx: &mut Tx, provider_id: i64, subject: &str) -> Result<Option<(i64, i64)>> {
    let sql = "SELECT id, user_id FROM identities WHERE provider_id = $1 AND subject = $2";
    let row = tx.one(sql, &vals![provider_id, subject]).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Ties a subject to a user.
pub async fn tie(tx: &mut Tx, provider_id: i64, subject: &str, user_id: i64, now: Time) -> Result<i64> {
    let sql = "INSERT INTO identities (provider_id, subject, user_id, created, last_login) VALUES ($1, $2, $3, $4, $5) \
               RETURNING id";
    let row = tx.one(sql, &vals![provider_id, subject, user_id, now, now]).await?;
    row.ok_or_else(|| Error::broken("an identity got no key"))?.get(0)
}

/// Notes a sign-in.
pub async fn seen(tx: &mut Tx, identity_id: i64, now: Time) -> Result<()> {
    tx.execute("UPDATE identities SET last_login = $1 WHERE id = $2", &vals![now, identity_id]).await.map(|_| ())
}

/// Whether a user is known to a provider under any subject.
pub async fn is_tied(tx: &mut Tx, provider_id: i64, user_id: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM identities WHERE user_id = $1 AND provider_id = $2 LIMIT 1";
    Ok(tx.one(sql, &vals![user_id, provider_id]).await?.is_some())
}

/// An account that could be meant.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// Key of the user.
    pub user_id: i64,
    /// Whether he is staff or a support agent.
    pub strong: bool,
}

async fn only(tx: &mut Tx, sql: &str, values: &[stoa_kernel::Val]) -> Result<Option<Candidate>> {
    let rows = tx.query(sql, values).await?;
    let [row] = rows.as_slice() else { return Ok(None) };
    let (staff, support): (bool, bool) = (row.get(1)?, row.get(2)?);
    Ok(Some(Candidate { user_id: row.get(0)?, strong: staff || support }))
}

/// The only account that came about by `method` and has this value in a field, which is one of three.
pub async fn by_field(tx: &mut Tx, method: &str, field: &str, value: &str) -> Result<Option<Candidate>> {
    // Names of accounts are lower case here; federations compare theirs in any case.
    let (column, value) = match field {
        "email" => ("email", value.to_owned()),
        "civil_number" => ("civil_number", value.to_owned()),
        _ => ("username", value.to_lowercase()),
    };
    let sql = format!(
        "SELECT id, is_staff, is_support FROM users WHERE {column} = $1 AND registration_method = $2 ORDER BY id LIMIT 2"
    );
    only(tx, &sql, &vals![value, method]).await
}

/// The only active account with this mail address, in any case.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<Candidate>> {
    let sql = "SELECT id, is_staff, is_support FROM users WHERE FOLD(email) = $1 AND is_active ORDER BY id LIMIT 2";
    only(tx, sql, &vals![email.to_lowercase()]).await
}

/// Whether an invitation to this mail address waits for an answer.
pub async fn is_invited(tx: &mut Tx, email: &str, now: Time) -> Result<bool> {
    let sql =
        "SELECT 1 FROM invitations WHERE email_key = $1 AND state IN ('pending', 'project') AND expires > $2 LIMIT 1";
    Ok(tx.one(sql, &vals![invitation::key(email), now]).await?.is_some())
}

/// Whether somebody else has a civil number.
pub async fn has_civil_number(tx: &mut Tx, number: &str, user_id: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM users WHERE civil_number = $1 AND id <> $2";
    Ok(tx.one(sql, &vals![number, user_id]).await?.is_some())
}

/// Who said what about a user, and when.
pub async fn sources(tx: &mut Tx, user_id: i64) -> Result<Map<String, Value>> {
    let row = tx.one("SELECT attribute_sources FROM users WHERE id = $1", &vals![user_id]).await?;
    let value: Value = row.ok_or(Error::NotFound)?.get(0)?;
    Ok(value.as_object().cloned().unwrap_or_default())
}

/// The names of all providers.
pub async fn providers(tx: &mut Tx) -> Result<Vec<String>> {
    tx.query("SELECT provider FROM identity_providers", &[]).await?.iter().map(|row| row.get(0)).collect()
}

/// Keeps a code for a portal: its hash only.
pub async fn keep_code(tx: &mut Tx, code: &str, identity_id: i64, session: (&str, &str), until: Time) -> Result<()> {
    let sql = "INSERT INTO oidc_codes (code, identity_id, sid, id_token, expires_at) VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &vals![hash(code), identity_id, session.0, session.1, until]).await.map(|_| ())
}

/// What a code stands for.
#[derive(Debug, Clone)]
pub struct Code {
    /// Key of the identity.
    pub identity_id: i64,
    /// Key of its user.
    pub user_id: i64,
    /// The session at the provider.
    pub sid: String,
    /// The identity token.
    pub id_token: String,
    /// Name of the provider.
    pub provider: String,
    /// Its name for the person.
    pub subject: String,
    /// Whether people can still sign in through the provider.
    pub active: bool,
}

/// Takes a code, once and in time.
pub async fn take_code(tx: &mut Tx, code: &str, now: Time) -> Result<Option<Code>> {
    let sql = "DELETE FROM oidc_codes WHERE code = $1 AND expires_at > $2 RETURNING identity_id, sid, id_token";
    let Some(row) = tx.one(sql, &vals![hash(code), now]).await? else { return Ok(None) };
    let (identity_id, sid, id_token): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let sql = "SELECT i.user_id, p.provider, i.subject, p.is_active FROM identities i JOIN identity_providers p ON p.id = i.provider_id \
               WHERE i.id = $1";
    let row = tx.one(sql, &vals![identity_id]).await?.ok_or(Error::NotFound)?;
    Ok(Some(Code {
        identity_id,
        user_id: row.get(0)?,
        sid,
        id_token,
        provider: row.get(1)?,
        subject: row.get(2)?,
        active: row.get(3)?,
    }))
}

/// Ties the login with this secret to a session at the provider.
pub async fn keep_session(
    tx: &mut Tx,
    secret: &str,
    identity_id: i64,
    sid: &str,
    id_token: &str,
    now: Time,
) -> Result<()> {
    let row = tx.one("SELECT id FROM tokens WHERE hash = $1", &vals![hash(secret)]).await?;
    let token_id: i64 = row.ok_or_else(|| Error::broken("a login has no row"))?.get(0)?;
    let sql = "INSERT INTO oidc_sessions (token_id, identity_id, sid, id_token, created) VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &vals![token_id, identity_id, sid, id_token, now]).await.map(|_| ())
}

/// Where a login's session at a provider is ended: the provider's address, our client there, the identity token, and whether
/// people come back.
pub async fn session(query: &mut dyn Query, token_id: i64) -> Result<Option<(String, String, String, bool)>> {
    let sql = "SELECT p.logout_url, p.client_id, s.id_token, p.enable_post_logout_redirect FROM oidc_sessions s \
               JOIN identities i ON i.id = s.identity_id JOIN identity_providers p ON p.id = i.provider_id \
               WHERE s.token_id = $1 AND p.is_active AND p.logout_url <> ''";
    let rows = query.query(sql, &vals![token_id]).await?;
    rows.first().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).transpose()
}

/// The logins of a provider that belong to a subject, a session, or both; those made after `until` are not meant. Gives keys of
/// tokens with keys of users.
pub async fn logins(
    tx: &mut Tx,
    provider_id: i64,
    subject: Option<&str>,
    sid: Option<&str>,
    until: Time,
) -> Result<Vec<(i64, i64)>> {
    let mut sql = "SELECT s.token_id, i.user_id FROM oidc_sessions s JOIN identities i ON i.id = s.identity_id \
                   WHERE i.provider_id = $1 AND s.created <= $2"
        .to_owned();
    let mut values = vals![provider_id, until].to_vec();
    for (column, value) in [("i.subject", subject), ("s.sid", sid)] {
        if let Some(value) = value {
            values.push(value.into());
            sql.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    }
    tx.query(&sql, &values).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Drops codes that nobody exchanged yet, of a subject or a session.
pub async fn drop_codes(tx: &mut Tx, provider_id: i64, subject: Option<&str>, sid: Option<&str>) -> Result<()> {
    let mut sql =
        "DELETE FROM oidc_codes WHERE identity_id IN (SELECT id FROM identities WHERE provider_id = $1".to_owned();
    let mut values = vals![provider_id].to_vec();
    if let Some(subject) = subject {
        values.push(subject.into());
        sql.push_str(&format!(" AND subject = ${}", values.len()));
    }
    sql.push(')');
    if let Some(sid) = sid {
        values.push(sid.into());
        sql.push_str(&format!(" AND sid = ${}", values.len()));
    }
    tx.execute(&sql, &values).await.map(|_| ())
}

/// The active user whom a provider means by a subject.
pub async fn user_of(query: &mut dyn Query, provider_id: i64, subject: &str) -> Result<Option<Uuid>> {
    let sql = "SELECT u.uuid FROM identities i JOIN users u ON u.id = i.user_id \
               WHERE i.provider_id = $1 AND i.subject = $2 AND u.is_active";
    query.query(sql, &vals![provider_id, subject]).await?.first().map(|row| row.get(0)).transpose()
}
