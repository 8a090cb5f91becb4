//! The SQL of rules for activations.

use super::rules::{MOST_HOURS, Terms};
use stoa_kernel::{Error, Result, Tx, vals};

/// The table.
pub const TABLE: &str = "activation_rules";
/// The key of which a second one is refused.
pub const KEY: &str = "activation_rules.customer_id,role_id";
/// In place of an organization: the whole installation; in place of a role: every role.
pub const ALL: i64 = 0;

/// What an organization and the installation ask together of the activation of a role.
pub async fn terms(tx: &mut Tx, customer_id: i64, role_id: i64) -> Result<Terms> {
    let sql = "SELECT max_hours, needs_approval, needs_second_factor, min_reason FROM activation_rules \
               WHERE customer_id IN ($1, $2) AND role_id IN ($3, $4)";
    let mut terms = Terms::default();
    for row in tx.query(sql, &vals![ALL, customer_id, ALL, role_id]).await? {
        terms = terms.and(Terms {
            max_hours: row.get::<Option<i64>>(0)?.unwrap_or(MOST_HOURS),
            approval: row.get(1)?,
            second_factor: row.get(2)?,
            min_reason: row.get(3)?,
        });
    }
    Ok(terms)
}

/// Organization and name of the role of a rule; [`ALL`] and empty where it is for all.
pub async fn about(tx: &mut Tx, id: i64) -> Result<(i64, String)> {
    let sql = "SELECT v.customer_id, COALESCE(r.name, '') FROM activation_rules v LEFT JOIN roles r ON r.id = v.role_id \
               WHERE v.id = $1";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Removes a rule.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM activation_rules WHERE id = $1", &vals![id]).await.map(|_| ())
}
