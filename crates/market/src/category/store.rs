//! The SQL of categories.

use serde_json::Value;
use stoa_kernel::{Query, Result, Tx, vals};

/// The table.
pub const TABLE: &str = "categories";

/// The descriptions of the attributes that offerings of a category have, from all of its sections.
pub async fn attributes(query: &mut dyn Query, id: i64) -> Result<Vec<Value>> {
    let sql = "SELECT attributes FROM category_sections WHERE category_id = $1 ORDER BY key";
    let mut all = Vec::new();
    for row in query.query(sql, &vals![id]).await? {
        if let Value::Array(attributes) = row.get(0)? {
            all.extend(attributes);
        }
    }
    Ok(all)
}

/// Removes a category.
///
/// # Errors
/// A dangling reference while it has offerings.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM categories WHERE id = $1", &vals![id]).await.map(|_| ())
}
