//! The SQL of stored quotas.

use stoa_kernel::{Error, Result, Tx, vals};

/// Adds to a count, in the same transaction as what is counted. Taking away goes down to 0.
///
/// # Errors
/// Limit exceeded, in the official words; the change is lost with the transaction.
pub async fn add(tx: &mut Tx, scope: &str, scope_id: i64, name: &str, delta: i64) -> Result<()> {
    let sql = "INSERT INTO quotas (scope, scope_id, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    tx.execute(sql, &vals![scope, scope_id, name]).await?;
    let sql = "UPDATE quotas SET usage = GREATEST(usage + $1, 0) WHERE scope = $2 AND scope_id = $3 AND name = $4 \
               AND ($5::bigint <= 0 OR quota_limit < 0 OR usage + $6 <= quota_limit)";
    if tx.execute(sql, &vals![delta, scope, scope_id, name, delta, delta]).await? == 1 {
        return Ok(());
    }
    let sql = "SELECT quota_limit, usage FROM quotas WHERE scope = $1 AND scope_id = $2 AND name = $3";
    let row = tx.one(sql, &vals![scope, scope_id, name]).await?.ok_or(Error::NotFound)?;
    let (limit, usage): (i64, i64) = (row.get(0)?, row.get(1)?);
    let text = format!("One or more quotas were exceeded: {name} quota limit: {limit}, requires {}", usage + delta);
    Err(Error::LimitExceeded(text))
}
