//! The SQL of reviews.

use super::rules;
use stoa_kernel::{Result, Time, Tx, id::Uuid, vals};

/// Something whose roles are due for a review: its key, its organization's key and its name.
#[derive(Debug)]
pub struct Due {
    /// Key of the organization or project.
    pub id: i64,
    /// Key of the organization.
    pub customer_id: i64,
    /// Name of the organization or project.
    pub name: String,
}

const CUSTOMERS: &str = "SELECT c.id, c.id, c.name FROM customers c WHERE NOT c.archived AND c.created <= $1 AND c.id IN \
     (SELECT customer_id FROM grants WHERE revoked_at IS NULL AND scope IN ('customer', 'project')) \
     AND c.id NOT IN (SELECT scope_id FROM permission_reviews WHERE scope = 'customer' AND (closed IS NULL OR closed > $2)) \
     ORDER BY c.id LIMIT $3";

const PROJECTS: &str = "SELECT p.id, p.customer_id, p.name FROM projects p WHERE NOT p.is_removed AND p.created <= $1 AND p.id IN \
     (SELECT scope_id FROM grants WHERE revoked_at IS NULL AND scope = 'project') \
     AND p.id NOT IN (SELECT scope_id FROM permission_reviews WHERE scope = 'project' AND (closed IS NULL OR closed > $2)) \
     ORDER BY p.id LIMIT $3";

/// At most so many organizations or projects that are due.
pub async fn due(tx: &mut Tx, scope: &str, now: Time, most: i64) -> Result<Vec<Due>> {
    let sql = if scope == "customer" { CUSTOMERS } else { PROJECTS };
    let rows = tx.query(sql, &vals![rules::due_before(now), rules::due_before(now), most]).await?;
    rows.iter().map(|row| Ok(Due { id: row.get(0)?, customer_id: row.get(1)?, name: row.get(2)? })).collect()
}

/// Opens a review, unless one is open already. Gives its key.
pub async fn open(tx: &mut Tx, uuid: Uuid, scope: &str, due: &Due, now: Time) -> Result<Option<i64>> {
    let sql = "INSERT INTO permission_reviews (uuid, scope, scope_id, customer_id, created) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (scope, scope_id) WHERE closed IS NULL DO NOTHING RETURNING id";
    let row = tx.one(sql, &vals![uuid, scope, due.id, due.customer_id, now]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Notes that what reviews are about belongs to another organization now.
pub async fn moved(tx: &mut Tx, scope: &str, scope_id: i64, customer_id: i64) -> Result<()> {
    let sql = "UPDATE permission_reviews SET customer_id = $1 WHERE scope = $2 AND scope_id = $3";
    tx.execute(sql, &vals![customer_id, scope, scope_id]).await.map(|_| ())
}

/// The organization or project that a review is about: its key.
pub async fn scope_of(tx: &mut Tx, id: i64) -> Result<Option<i64>> {
    let row = tx.one("SELECT scope_id FROM permission_reviews WHERE id = $1", &vals![id]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Closes a review. Says whether it was open.
pub async fn close(tx: &mut Tx, id: i64, reviewer: Option<i64>, now: Time) -> Result<bool> {
    let sql = "UPDATE permission_reviews SET closed = $1, reviewer_id = $2 WHERE id = $3 AND closed IS NULL";
    Ok(tx.execute(sql, &vals![now, reviewer, id]).await? > 0)
}
