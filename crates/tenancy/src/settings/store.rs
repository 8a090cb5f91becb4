//! The SQL of settings.

use serde_json::Value;
use std::collections::HashMap;
use stoa_kernel::{Query, Result, Time, Tx, vals};

/// Every setting that was ever changed.
pub async fn all(query: &mut dyn Query) -> Result<HashMap<String, Value>> {
    let rows = query.query("SELECT key, value FROM settings", &[]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Sets one.
pub async fn set(tx: &mut Tx, key: &str, value: &Value, by: Option<i64>, now: Time) -> Result<()> {
    let sql = "INSERT INTO settings (key, value, changed_at, changed_by) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at, \
               changed_by = excluded.changed_by";
    tx.execute(sql, &vals![key, value.to_string(), now, by]).await.map(|_| ())
}
