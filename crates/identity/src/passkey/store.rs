//! The SQL of passkeys and their ceremonies.

use stoa_kernel::{Error, Result, Row, Store, Time, Tx, clock::Clock, id, id::Uuid, vals};
use stoa_tenancy::access::directory::hash;

/// Seconds from the begin of a ceremony to its end.
const CEREMONY_SECONDS: i64 = 300;

/// What a ceremony is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A new passkey.
    Registration,
    /// Signing in with a passkey alone.
    SignIn,
    /// Signing in with a passkey after the password.
    SecondStep,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Purpose::Registration => "registration",
            Purpose::SignIn => "sign_in",
            Purpose::SecondStep => "second_step",
        }
    }
}

/// What is kept between the two requests of a ceremony.
#[derive(Debug, Clone, Default)]
pub struct Ceremony {
    /// Key of the user, where he is known.
    pub user_id: Option<i64>,
    /// Key of the session that began it.
    pub token_id: Option<i64>,
    /// Key of the sign-in whose second step it is.
    pub challenge_id: Option<i64>,
    /// The origin for which it is.
    pub origin: String,
    /// What WebAuthn keeps.
    pub state: String,
}

/// Keeps a ceremony; gives its handle.
pub async fn begin(tx: &mut Tx, clock: &Clock, now: Time, purpose: Purpose, new: &Ceremony) -> Result<Uuid> {
    let handle = clock.uuid();
    let sql = "INSERT INTO passkey_ceremonies (hash, purpose, user_id, token_id, challenge_id, origin, state, expires_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = vals![
        hash(&id::hex(&handle)),
        purpose.word(),
        new.user_id,
        new.token_id,
        new.challenge_id,
        &new.origin,
        &new.state,
        now.plus_seconds(CEREMONY_SECONDS),
    ];
    tx.execute(sql, &values).await?;
    Ok(handle)
}

/// Takes a ceremony: nobody finds it again.
pub async fn take(tx: &mut Tx, handle: Uuid, purpose: Purpose, now: Time) -> Result<Option<Ceremony>> {
    let sql = "DELETE FROM passkey_ceremonies WHERE hash = $1 AND purpose = $2 AND expires_at > $3 \
               RETURNING user_id, token_id, challenge_id, origin, state";
    let Some(row) = tx.one(sql, &vals![hash(&id::hex(&handle)), purpose.word(), now]).await? else { return Ok(None) };
    Ok(Some(Ceremony {
        user_id: row.get(0)?,
        token_id: row.get(1)?,
        challenge_id: row.get(2)?,
        origin: row.get(3)?,
        state: row.get(4)?,
    }))
}

/// Removes ceremonies that are over.
pub async fn sweep(tx: &mut Tx, now: Time) -> Result<()> {
    tx.execute("DELETE FROM passkey_ceremonies WHERE expires_at <= $1", &vals![now]).await.map(|_| ())
}

/// A passkey.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// Key.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// Key of its owner.
    pub user_id: i64,
    /// Its name.
    pub name: String,
    /// What WebAuthn keeps of it.
    pub credential: String,
    /// The model of the authenticator.
    pub aaguid: String,
    /// How the authenticator is reached.
    pub transports: String,
    /// Whether the authenticator is part of the device.
    pub attachment: String,
    /// The name for which it is.
    pub rp_id: String,
    /// Whether it can be copied to other devices by its maker.
    pub backup_eligible: bool,
    /// Whether it has been.
    pub backed_up: bool,
    /// Whether it can be found without a name.
    pub discoverable: bool,
}

const STORED: &str = "SELECT id, uuid, user_id, name, credential, aaguid, transports, attachment, rp_id, \
     is_backup_eligible, is_backed_up, is_discoverable FROM passkeys";

fn read(row: &Row) -> Result<Stored> {
    Ok(Stored {
        id: row.get(0)?,
        uuid: row.get(1)?,
        user_id: row.get(2)?,
        name: row.get(3)?,
        credential: row.get(4)?,
        aaguid: row.get(5)?,
        transports: row.get::<serde_json::Value>(6)?.to_string(),
        attachment: row.get(7)?,
        rp_id: row.get(8)?,
        backup_eligible: row.get(9)?,
        backed_up: row.get(10)?,
        discoverable: row.get(11)?,
    })
}

/// Keeps a new passkey; gives its key. `None` if this very passkey is known already.
pub async fn add(tx: &mut Tx, new: &Stored, credential_id: &str, now: Time) -> Result<Option<i64>> {
    let sql = "INSERT INTO passkeys (uuid, user_id, name, credential_id, credential, aaguid, transports, attachment, rp_id, \
               is_backup_eligible, is_backed_up, is_discoverable, is_user_verified, created) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, TRUE, $13) \
               ON CONFLICT (credential_id) DO NOTHING RETURNING id";
    let values = vals![
        new.uuid,
        new.user_id,
        &new.name,
        credential_id,
        &new.credential,
        &new.aaguid,
        &new.transports,
        &new.attachment,
        &new.rp_id,
        new.backup_eligible,
        new.backed_up,
        new.discoverable,
        now,
    ];
    tx.one(sql, &values).await?.map(|row| row.get(0)).transpose()
}

/// The active passkeys of a user.
pub async fn active_of(tx: &mut Tx, user_id: i64) -> Result<Vec<Stored>> {
    let rows = tx.query(&format!("{STORED} WHERE user_id = $1 AND is_active ORDER BY id"), &vals![user_id]).await?;
    rows.iter().map(read).collect()
}

/// Finds an active passkey by what browsers call it, and keeps others from it meanwhile.
pub async fn by_credential(tx: &mut Tx, credential_id: &str) -> Result<Option<Stored>> {
    let sql = format!("{STORED} WHERE credential_id = $1 AND is_active FOR UPDATE");
    tx.one(&sql, &vals![credential_id]).await?.as_ref().map(read).transpose()
}

/// Reads a passkey.
///
/// # Errors
/// Not found.
pub async fn by_id(tx: &mut Tx, key: i64) -> Result<Stored> {
    let row = tx.one(&format!("{STORED} WHERE id = $1 FOR UPDATE"), &vals![key]).await?;
    read(&row.ok_or(Error::NotFound)?)
}

/// Notes that a passkey was used.
pub async fn used(tx: &mut Tx, key: i64, credential: &str, backed_up: bool, now: Time) -> Result<()> {
    let sql = "UPDATE passkeys SET credential = $1, is_backed_up = $2, last_used_at = $3, use_count = use_count + 1 \
               WHERE id = $4";
    tx.execute(sql, &vals![credential, backed_up, now, key]).await.map(|_| ())
}

/// Renames a passkey.
pub async fn rename(tx: &mut Tx, key: i64, name: &str) -> Result<()> {
    tx.execute("UPDATE passkeys SET name = $1 WHERE id = $2", &vals![name, key]).await.map(|_| ())
}

/// Revokes a passkey; says whether it was active.
pub async fn revoke(tx: &mut Tx, key: i64, by: i64, reason: &str, now: Time) -> Result<bool> {
    let sql = "UPDATE passkeys SET is_active = FALSE, revoked_at = $1, revoked_by = $2, revocation_reason = $3 \
               WHERE id = $4 AND is_active";
    Ok(tx.execute(sql, &vals![now, by, reason, key]).await? > 0)
}

/// Marks the passkeys that are for another name.
pub async fn mark_orphans(store: &Store, rp_id: String) -> Result<()> {
    store
        .write(move |tx| {
            let rp_id = rp_id.clone();
            Box::pin(async move {
                let sql = "UPDATE passkeys SET is_orphaned = (rp_id <> $1) WHERE is_orphaned <> (rp_id <> $2)";
                tx.execute(sql, &vals![&rp_id, &rp_id]).await.map(|_| ())
            })
        })
        .await
}
