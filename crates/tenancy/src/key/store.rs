//! The SQL of SSH keys.

use stoa_kernel::{Error, Result, Tx, vals};

/// The table.
pub const TABLE: &str = "ssh_keys";

/// Whose key it is, and what it is called.
#[derive(Debug, Clone)]
pub struct Brief {
    /// Key of its owner's row.
    pub user_id: i64,
    /// Its name.
    pub name: String,
}

/// Reads a key.
///
/// # Errors
/// Not found.
pub async fn brief(tx: &mut Tx, id: i64) -> Result<Brief> {
    let sql = "SELECT user_id, name FROM ssh_keys WHERE id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(Brief { user_id: row.get(0)?, name: row.get(1)? })
}

/// How many keys a user has.
pub async fn count(tx: &mut Tx, user_id: i64) -> Result<i64> {
    let row = tx.one("SELECT count(*) FROM ssh_keys WHERE user_id = $1", &vals![user_id]).await?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Removes a key.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM ssh_keys WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// Lets one account have the keys of another, where both are one person. A key that is there already is dropped; one whose name
/// is taken gets another name. Gives how many came.
pub async fn hand_over(tx: &mut Tx, from: i64, to: i64) -> Result<u64> {
    let sql = "DELETE FROM ssh_keys WHERE user_id = $1 AND fingerprint_sha256 IN \
               (SELECT fingerprint_sha256 FROM ssh_keys WHERE user_id = $2)";
    tx.execute(sql, &vals![from, to]).await?;
    let sql = "UPDATE ssh_keys SET name = SUBSTR(name, 1, 100) || ' (' || SUBSTR(fingerprint_sha256, 1, 40) || ')' \
               WHERE user_id = $1 AND name IN (SELECT name FROM ssh_keys WHERE user_id = $2)";
    tx.execute(sql, &vals![from, to]).await?;
    tx.execute("UPDATE ssh_keys SET user_id = $1 WHERE user_id = $2", &vals![to, from]).await
}

/// Removes every key of a user.
pub async fn delete_all(tx: &mut Tx, user_id: i64) -> Result<u64> {
    tx.execute("DELETE FROM ssh_keys WHERE user_id = $1", &vals![user_id]).await
}

/// The keys of a user: name, key, type, fingerprint, since when.
pub async fn of_user(query: &mut dyn stoa_kernel::Query, user_id: i64) -> Result<Vec<stoa_kernel::Row>> {
    let sql = "SELECT name, public_key, type, fingerprint_sha256, created FROM ssh_keys WHERE user_id = $1 ORDER BY id \
               LIMIT 1000";
    query.query(sql, &vals![user_id]).await
}
