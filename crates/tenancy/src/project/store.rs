//! The SQL of projects.

use crate::version;
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Date, Error, Query, Result, Time, Tx,
    id::{self, Uuid},
    vals,
};

/// The table.
pub const TABLE: &str = "projects";

/// What decides about a change of a project; its row stays as it is until the transaction ends.
#[derive(Debug, Clone)]
pub struct Held {
    /// Key of the organization.
    pub customer_id: i64,
    /// The day from which on it can be used.
    pub start_date: Option<Date>,
    /// The last day on which it can be used.
    pub end_date: Option<Date>,
    /// Its kind.
    pub kind: String,
    /// Whether it is removed.
    pub removed: bool,
    /// Who had which role when it was removed.
    pub termination_metadata: Option<Value>,
    /// The three lists that say who may get a role, as they are stored.
    pub restrictions: [Value; 3],
}

/// Holds a project's row until the transaction ends.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<Held> {
    let sql = "SELECT customer_id, start_date, end_date, kind, is_removed, termination_metadata, user_email_patterns, \
               user_affiliations, user_identity_sources FROM projects WHERE id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(Held {
        customer_id: row.get(0)?,
        start_date: row.get(1)?,
        end_date: row.get(2)?,
        kind: row.get(3)?,
        removed: row.get(4)?,
        termination_metadata: row.get(5)?,
        restrictions: [row.get(6)?, row.get(7)?, row.get(8)?],
    })
}

/// Facts about a project and its organization for events (reference/events-and-quotas.md, section 1).
pub async fn facts(tx: &mut Tx, id: i64) -> Result<Map<String, Value>> {
    let sql = "SELECT p.uuid, p.name, p.end_date, c.uuid, c.name, c.abbreviation, c.contact_details \
               FROM projects p JOIN customers c ON c.id = p.customer_id WHERE p.id = $1";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    let facts = json!({
        "project_uuid": id::hex(&row.get(0)?),
        "project_name": row.get::<String>(1)?,
        "project_end_date": row.get::<Option<Date>>(2)?.map(|end| end.to_string()),
        "customer_uuid": id::hex(&row.get(3)?),
        "customer_name": row.get::<String>(4)?,
        "customer_abbreviation": row.get::<String>(5)?,
        "customer_contact_details": row.get::<String>(6)?,
    });
    match facts {
        Value::Object(facts) => Ok(facts),
        _ => Ok(Map::new()),
    }
}

/// Marks a project as removed. Says whether it was there.
pub async fn remove(tx: &mut Tx, id: i64, by: Option<i64>, metadata: &Value, now: Time) -> Result<bool> {
    let sql = "UPDATE projects SET is_removed = true, removed_at = $1, removed_by = $2, termination_metadata = $3, \
               modified = $4 WHERE id = $5 AND NOT is_removed";
    Ok(tx.execute(sql, &vals![now, by, metadata, now, id]).await? == 1)
}

/// Marks a removed project as there again. Says whether it was removed.
pub async fn recover(tx: &mut Tx, id: i64, metadata: Option<Value>, now: Time) -> Result<bool> {
    let sql = "UPDATE projects SET is_removed = false, removed_at = NULL, removed_by = NULL, termination_metadata = $1, \
               modified = $2 WHERE id = $3 AND is_removed";
    Ok(tx.execute(sql, &vals![metadata, now, id]).await? == 1)
}

/// Puts a project into another organization.
pub async fn set_customer(tx: &mut Tx, id: i64, customer: i64, now: Time) -> Result<()> {
    let sql = "UPDATE projects SET customer_id = $1, modified = $2 WHERE id = $3";
    tx.execute(sql, &vals![customer, now, id]).await.map(|_| ())
}

/// Removes the removed projects of an organization for good.
///
/// # Errors
/// A dangling reference while anything else belongs to one.
pub async fn purge(tx: &mut Tx, customer: i64) -> Result<()> {
    let rows = tx.query("SELECT id FROM projects WHERE customer_id = $1 AND is_removed", &vals![customer]).await?;
    for row in rows {
        let id: i64 = row.get(0)?;
        version::store::forget(tx, "project", id).await?;
        tx.execute("DELETE FROM quotas WHERE scope = 'project' AND scope_id = $1", &vals![id]).await?;
        tx.execute("DELETE FROM projects WHERE id = $1", &vals![id]).await?;
    }
    Ok(())
}

/// Whether an offering may be used in a project as far as the project's organization says (mission O5).
pub async fn offers(query: &mut dyn Query, project: i64, offering: Uuid) -> Result<bool> {
    let sql = "SELECT NOT p.limit_offerings OR po.project_id IS NOT NULL FROM projects p \
               LEFT JOIN project_offerings po ON po.project_id = p.id AND po.offering_uuid = $1 WHERE p.id = $2";
    let rows = query.query(sql, &vals![offering, project]).await?;
    rows.first().map_or(Ok(false), |row| row.get(0))
}

/// Whether a project is limited to certain offerings, and to which.
pub async fn offerings(tx: &mut Tx, project: i64) -> Result<(bool, Vec<Uuid>)> {
    let row = tx.one("SELECT limit_offerings FROM projects WHERE id = $1", &vals![project]).await?;
    let limited = row.ok_or(Error::NotFound)?.get(0)?;
    let sql = "SELECT offering_uuid FROM project_offerings WHERE project_id = $1 ORDER BY offering_uuid";
    let rows = tx.query(sql, &vals![project]).await?;
    Ok((limited, rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?))
}

/// Says whether a project is limited to certain offerings, and to which.
pub async fn set_offerings(tx: &mut Tx, project: i64, limited: bool, offerings: &[Uuid], now: Time) -> Result<()> {
    let sql = "UPDATE projects SET limit_offerings = $1, modified = $2 WHERE id = $3";
    tx.execute(sql, &vals![limited, now, project]).await?;
    tx.execute("DELETE FROM project_offerings WHERE project_id = $1", &vals![project]).await?;
    for offering in offerings {
        let sql = "INSERT INTO project_offerings (project_id, offering_uuid) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.execute(sql, &vals![project, *offering]).await?;
    }
    Ok(())
}
