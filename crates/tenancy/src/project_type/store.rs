//! The SQL of types of projects.

use stoa_kernel::{Result, Tx, vals};

/// The table.
pub const TABLE: &str = "project_types";
/// The key of which a second one is refused.
pub const NAME: &str = "project_types.name";

/// Removes a type.
///
/// # Errors
/// A dangling reference while a project is of this type.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM project_types WHERE id = $1", &vals![id]).await.map(|_| ())
}
