//! The SQL of service providers.

use stoa_kernel::{Query, Result, Tx, record, vals};

/// The table.
pub const TABLE: &str = "service_providers";

/// The secret code of a provider.
pub async fn secret(query: &mut dyn Query, id: i64) -> Result<String> {
    let rows = query.query("SELECT api_secret_code FROM service_providers WHERE id = $1", &vals![id]).await?;
    rows.first().ok_or(stoa_kernel::Error::NotFound)?.get(0)
}

/// Replaces the secret code of a provider.
pub async fn set_secret(tx: &mut Tx, id: i64, secret: &str) -> Result<()> {
    record::set(tx, TABLE, id, vec![("api_secret_code", secret.into())]).await
}

/// Whether a provider has offerings that are not archived.
pub async fn has_offerings(query: &mut dyn Query, id: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM offerings WHERE provider_id = $1 AND state <> 'Archived' LIMIT 1";
    Ok(!query.query(sql, &vals![id]).await?.is_empty())
}

/// Removes a provider profile.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM service_providers WHERE id = $1", &vals![id]).await.map(|_| ())
}
