//! The SQL of roles that are hidden in organizations.

use stoa_kernel::{Error, Query, Result, Time, Tx, id::Uuid, vals};

/// Whether a role is hidden in an organization.
pub async fn is_concealed(tx: &mut Tx, role: i64, customer: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM role_concealments WHERE role_id = $1 AND customer_id = $2";
    Ok(tx.one(sql, &vals![role, customer]).await?.is_some())
}

/// The roles that are hidden in these organizations: key of the organization, key of the role.
pub async fn concealed_in(query: &mut dyn Query, customers: Vec<i64>) -> Result<Vec<(i64, i64)>> {
    let sql =
        "SELECT customer_id, role_id FROM role_concealments WHERE customer_id = ANY($1) ORDER BY customer_id, role_id";
    query.query(sql, &vals![customers]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Hides a role in an organization. Gives the key of the row; `None` if it is hidden already.
pub async fn insert(
    tx: &mut Tx,
    role: i64,
    customer: i64,
    uuid: Uuid,
    by: Option<i64>,
    now: Time,
) -> Result<Option<i64>> {
    let sql = "INSERT INTO role_concealments (uuid, role_id, customer_id, created, created_by) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (role_id, customer_id) DO NOTHING RETURNING id";
    tx.one(sql, &vals![uuid, role, customer, now, by]).await?.map(|row| row.get(0)).transpose()
}

/// Role and organization of a row.
pub async fn get(tx: &mut Tx, id: i64) -> Result<(i64, i64)> {
    let row = tx.one("SELECT role_id, customer_id FROM role_concealments WHERE id = $1", &vals![id]).await?;
    let row = row.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Shows a role again. Says whether it was hidden.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM role_concealments WHERE id = $1", &vals![id]).await? == 1)
}
