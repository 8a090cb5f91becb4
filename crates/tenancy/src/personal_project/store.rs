//! The SQL of projects that were made for somebody.

use super::Wanted;
use stoa_kernel::{Result, Time, Tx, id::Uuid, vals};

/// The live projects of an organization with this name, the oldest first: their identifiers, and whether each was made for
/// this person or he holds the role there.
pub async fn named(tx: &mut Tx, wanted: &Wanted<'_>, name: &str, now: Time) -> Result<Vec<(Uuid, bool)>> {
    let sql = "SELECT p.uuid, mine.project_id IS NOT NULL OR g.id IS NOT NULL FROM projects p \
               LEFT JOIN personal_projects mine ON mine.project_id = p.id AND mine.user_id = $1 \
               LEFT JOIN grants g ON g.scope = 'project' AND g.scope_id = p.id AND g.user_id = $2 AND g.role_id = $3 \
               AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $4) \
               WHERE p.customer_id = $5 AND p.name = $6 AND NOT p.is_removed ORDER BY p.id";
    let person = wanted.person.id;
    let rows = tx.query(sql, &vals![person, person, wanted.role_id, now, wanted.customer_id, name]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Notes for whom a project was made.
pub async fn note(tx: &mut Tx, project_id: i64, user_id: i64) -> Result<()> {
    let sql = "INSERT INTO personal_projects (project_id, user_id) VALUES ($1, $2)";
    tx.execute(sql, &vals![project_id, user_id]).await.map(|_| ())
}
