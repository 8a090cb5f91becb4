//! The SQL of sign-ins that wait for a second factor, and of codes to set a new password.

use stoa_kernel::{Query, Result, Store, Time, Tx, Val, clock::Clock, id, id::Uuid, vals};
use stoa_tenancy::{access::directory::hash, token::store::Kind};

/// Seconds for which a second factor can be shown.
const CHALLENGE_SECONDS: i64 = 300;
/// Seconds for which a mailed code can be used.
const RESET_SECONDS: i64 = 3600;
/// Seconds within which no second code is mailed to the same person.
const RESET_PAUSE: i64 = 300;

/// A sign-in that waits for a second factor.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// Key.
    pub id: i64,
    /// Key of the user who showed the password.
    pub user_id: i64,
    /// The mark of that password.
    pub mark: String,
    /// What the session will be.
    pub kind: Kind,
    /// Where the password was checked.
    pub method: String,
    /// What the program calls itself that showed it.
    pub user_agent: String,
}

/// Keeps a sign-in whose password was right; gives its handle, which is nothing without the second factor.
pub async fn challenge(tx: &mut Tx, clock: &Clock, now: Time, new: &Challenge) -> Result<Uuid> {
    let handle = clock.uuid();
    let sql = "INSERT INTO sign_in_challenges (hash, user_id, mark, kind, method, user_agent, expires_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let until = now.plus_seconds(CHALLENGE_SECONDS);
    let kind = new.kind.word();
    let values = vals![hash(&id::hex(&handle)), new.user_id, &new.mark, kind, &new.method, &new.user_agent, until];
    tx.execute(sql, &values).await?;
    Ok(handle)
}

/// Finds the sign-in with this handle, and keeps others from it meanwhile.
pub async fn challenged(tx: &mut Tx, handle: Uuid, now: Time) -> Result<Option<Challenge>> {
    by(tx, "hash = $1", Val::from(hash(&id::hex(&handle))), now).await
}

/// Finds the sign-in with this key.
pub async fn challenged_by_id(tx: &mut Tx, key: i64, now: Time) -> Result<Option<Challenge>> {
    by(tx, "id = $1", Val::Int(key), now).await
}

async fn by(tx: &mut Tx, which: &str, value: Val, now: Time) -> Result<Option<Challenge>> {
    let sql = format!(
        "SELECT id, user_id, mark, kind, method, user_agent FROM sign_in_challenges \
         WHERE {which} AND expires_at > $2 FOR UPDATE"
    );
    let Some(row) = tx.one(&sql, &[value, Val::Time(now)]).await? else { return Ok(None) };
    Ok(Some(Challenge {
        id: row.get(0)?,
        user_id: row.get(1)?,
        mark: row.get(2)?,
        kind: Kind::of(&row.get::<String>(3)?),
        method: row.get(4)?,
        user_agent: row.get(5)?,
    }))
}

/// Takes a sign-in; says whether it was still there.
pub async fn take(tx: &mut Tx, key: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM sign_in_challenges WHERE id = $1", &vals![key]).await? > 0)
}

/// Drops all sign-ins of a user that wait.
pub async fn drop_challenges(tx: &mut Tx, user_id: i64) -> Result<()> {
    tx.execute("DELETE FROM sign_in_challenges WHERE user_id = $1", &vals![user_id]).await.map(|_| ())
}

/// The active people with a password here whom a name or an address names: at most five.
pub async fn who_forgot(tx: &mut Tx, login: &str) -> Result<Vec<i64>> {
    let sql = "SELECT id FROM users WHERE id IN (SELECT id FROM users WHERE username = $1 \
               UNION SELECT id FROM users WHERE email = ANY($2) AND email <> '') \
               AND is_active AND NOT is_robot AND password <> '' AND email <> '' AND registration_method = 'default' \
               ORDER BY id LIMIT 5";
    let spellings = vec![login.to_owned(), login.to_lowercase()];
    let rows = tx.query(sql, &vals![login, spellings]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Keeps a code to set a new password in the place of an older one; gives it. `None` if one was mailed a moment ago.
pub async fn forgot(tx: &mut Tx, clock: &Clock, now: Time, user_id: i64) -> Result<Option<String>> {
    let code: String = clock.secret::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
    let sql = "INSERT INTO password_resets (user_id, hash, created, expires_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (user_id) DO UPDATE SET hash = $5, created = $6, expires_at = $7 \
               WHERE password_resets.created <= $8";
    let (hash, until) = (hash(&code), now.plus_seconds(RESET_SECONDS));
    let values = vals![user_id, &hash, now, until, &hash, now, until, now.plus_seconds(-RESET_PAUSE)];
    Ok((tx.execute(sql, &values).await? > 0).then_some(code))
}

/// The user for whom a code was mailed.
pub async fn forgetful(query: &mut dyn Query, code: &str, now: Time) -> Result<Option<i64>> {
    let sql = "SELECT user_id FROM password_resets WHERE hash = $1 AND expires_at > $2";
    let rows = query.query(sql, &vals![hash(code), now]).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// Takes a code; gives its user if it was still good.
pub async fn take_reset(tx: &mut Tx, code: &str, now: Time) -> Result<Option<i64>> {
    let sql = "DELETE FROM password_resets WHERE hash = $1 AND expires_at > $2 RETURNING user_id";
    let row = tx.one(sql, &vals![hash(code), now]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Removes what is over.
pub async fn sweep(store: &Store, now: Time) -> Result<()> {
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.execute("DELETE FROM sign_in_challenges WHERE expires_at <= $1", &vals![now]).await?;
                tx.execute("DELETE FROM password_resets WHERE expires_at <= $1", &vals![now]).await?;
                crate::passkey::store::sweep(tx, now).await
            })
        })
        .await
}
