//! The SQL of access subnets.

use stoa_kernel::{Error, Result, Tx, vals};

/// The table.
pub const TABLE: &str = "access_subnets";
/// The key of which a second one is refused.
pub const KEY: &str = "access_subnets.customer_id,inet";

/// Network and organization of a subnet.
pub async fn get(tx: &mut Tx, id: i64) -> Result<(String, i64)> {
    let row = tx.one("SELECT inet, customer_id FROM access_subnets WHERE id = $1", &vals![id]).await?;
    let row = row.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Removes a subnet.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM access_subnets WHERE id = $1", &vals![id]).await.map(|_| ())
}
