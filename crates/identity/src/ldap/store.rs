//! The SQL of accounts that live in the directory.

use stoa_kernel::{Query, Result, Store, Time, Tx, vals};

/// Why an account was switched off whose entry is gone; who comes back is switched on again.
pub const GONE: &str = "No longer in the directory.";

/// The user who is bound to an entry.
pub async fn user_of(tx: &mut Tx, directory_id: &str) -> Result<Option<i64>> {
    let sql = "SELECT user_id FROM directory_accounts WHERE directory_id = $1";
    tx.one(sql, &vals![directory_id]).await?.map(|row| row.get(0)).transpose()
}

/// Binds a user to an entry, or notes that it is still there.
pub async fn bind(tx: &mut Tx, user_id: i64, directory_id: &str, dn: &str, now: Time) -> Result<()> {
    let sql = "INSERT INTO directory_accounts (user_id, directory_id, dn, checked_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (user_id) DO UPDATE SET dn = $5, checked_at = $6";
    tx.execute(sql, &vals![user_id, directory_id, dn, now, dn, now]).await.map(|_| ())
}

/// Why a user is switched off, if he is.
pub async fn switched_off(query: &mut dyn Query, user_id: i64) -> Result<Option<String>> {
    let sql = "SELECT deactivation_reason FROM users WHERE id = $1 AND NOT is_active";
    let rows = query.query(sql, &vals![user_id]).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// An account that is to be looked for.
#[derive(Debug, Clone)]
pub struct Due {
    /// Key of the user.
    pub user_id: i64,
    /// The entry to which it is bound.
    pub directory_id: String,
}

/// Active accounts that were last seen in the directory before an instant, the longest unseen first.
pub async fn due(store: &Store, before: Time, limit: i64) -> Result<Vec<Due>> {
    let sql = "SELECT d.user_id, d.directory_id FROM directory_accounts d JOIN users u ON u.id = d.user_id \
               WHERE d.checked_at <= $1 AND u.is_active ORDER BY d.checked_at, d.user_id LIMIT $2";
    let rows = store.query(sql, &vals![before, limit]).await?;
    let read = |row: &stoa_kernel::Row| Ok(Due { user_id: row.get(0)?, directory_id: row.get(1)? });
    rows.iter().map(read).collect()
}

/// Notes that accounts were found in the directory.
pub async fn seen(store: &Store, users: Vec<i64>, now: Time) -> Result<()> {
    store
        .write(move |tx| {
            let users = users.clone();
            Box::pin(async move {
                let sql = "UPDATE directory_accounts SET checked_at = $1 WHERE user_id = ANY($2)";
                tx.execute(sql, &vals![now, users]).await.map(|_| ())
            })
        })
        .await
}
