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
