//! The SQL of `offering_groups` and `plan_groups`: to which groups an offering or a plan is open.

use stoa_kernel::{Error, Result, Tx, vals};

/// Opens a thing to these groups only, or to all if there are none. Gives whether that changed anything.
pub async fn set(tx: &mut Tx, table: &str, column: &str, id: i64, groups: &[i64]) -> Result<bool> {
    let sql = format!("SELECT group_id FROM {table} WHERE {column} = $1 ORDER BY group_id");
    let rows = tx.query(&sql, &vals![id]).await?;
    let before: Vec<i64> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    let mut after = groups.to_vec();
    after.sort_unstable();
    after.dedup();
    if before == after {
        return Ok(false);
    }
    tx.execute(&format!("DELETE FROM {table} WHERE {column} = $1"), &vals![id]).await?;
    let sql = format!("INSERT INTO {table} ({column}, group_id) VALUES ($1, $2)");
    for group in after {
        tx.execute(&sql, &vals![id, group]).await.map_err(|error| match error {
            // Somebody else has just done the same.
            Error::Duplicate(_) => Error::Conflict("The groups are being changed by somebody else.".into()),
            other => other,
        })?;
    }
    Ok(true)
}
