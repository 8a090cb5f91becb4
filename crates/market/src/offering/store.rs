//! The SQL of offerings.

use super::{Offering, State};
use stoa_kernel::{Error, Query, Result, vals};

/// The table.
pub const TABLE: &str = "offerings";

/// An offering as rules need it.
pub async fn load(query: &mut dyn Query, id: i64) -> Result<Option<Offering>> {
    let sql = "SELECT o.id, o.uuid, o.name, o.slug, o.type, o.state, o.shared, o.billable, o.customer_id, o.provider_id, \
               o.project_id, o.category_id, o.parent_id, o.options, o.resource_options, o.plugin_options, o.backend_id, \
               o.backend_id_rules, \
               (SELECT JSON_ROWS(JSON_ROW(g.group_id) ORDER BY g.group_id) FROM offering_groups g WHERE g.offering_id = o.id) \
               FROM offerings o WHERE o.id = $1";
    let rows = query.query(sql, &vals![id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let state: String = row.get(5)?;
    Ok(Some(Offering {
        id: row.get(0)?,
        uuid: row.get(1)?,
        name: row.get(2)?,
        slug: row.get(3)?,
        kind: row.get(4)?,
        state: State::parse(&state).ok_or_else(|| Error::broken(format!("offering in state {state}")))?,
        shared: row.get(6)?,
        billable: row.get(7)?,
        customer_id: row.get(8)?,
        provider_id: row.get(9)?,
        project_id: row.get(10)?,
        category_id: row.get(11)?,
        parent_id: row.get(12)?,
        options: row.get(13)?,
        resource_options: row.get(14)?,
        plugin_options: row.get(15)?,
        backend_id: row.get(16)?,
        backend_id_rules: row.get(17)?,
        groups: row.rows(18)?.iter().map(|row| row.get(0)).collect::<Result<_>>()?,
    }))
}
