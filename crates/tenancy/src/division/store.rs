//! The SQL of divisions.

use stoa_kernel::{Result, Tx, vals};

/// The table.
pub const TABLE: &str = "organization_groups";

/// Whether a division is another one or lies above it: putting it below would close a circle.
pub async fn is_above(tx: &mut Tx, above: i64, below: i64) -> Result<bool> {
    let sql = "WITH RECURSIVE up (id, parent_id, depth) AS ( \
               SELECT id, parent_id, 0 FROM organization_groups WHERE id = $1 \
               UNION ALL SELECT d.id, d.parent_id, up.depth + 1 FROM organization_groups d JOIN up ON d.id = up.parent_id \
               WHERE up.depth < 100) \
               SELECT count(*) FROM up WHERE id = $2";
    let row = tx.one(sql, &vals![below, above]).await?;
    Ok(row.map_or(Ok(0), |row| row.get::<i64>(0))? > 0)
}

/// Removes a division.
///
/// # Errors
/// A dangling reference while others lie below it.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM customer_groups WHERE group_id = $1", &vals![id]).await?;
    tx.execute("DELETE FROM organization_groups WHERE id = $1", &vals![id]).await.map(|_| ())
}
