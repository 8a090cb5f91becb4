//! The SQL of links to other systems.

use stoa_kernel::{Result, Tx, vals};

/// The table.
pub const TABLE: &str = "external_links";

/// Removes a link.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM external_links WHERE id = $1", &vals![id]).await.map(|_| ())
}
