//! The SQL of types of divisions.

use stoa_kernel::{Result, Tx, vals};

/// The table.
pub const TABLE: &str = "organization_group_types";
/// The key of which a second one is refused.
pub const NAME: &str = "organization_group_types.name";

/// Removes a type.
///
/// # Errors
/// A dangling reference while a division is of this type.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM organization_group_types WHERE id = $1", &vals![id]).await.map(|_| ())
}
