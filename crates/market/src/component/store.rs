//! The SQL of components.

use super::{Billing, Component, Period};
use stoa_kernel::{Error, Query, Result, Row, vals};

/// The table.
pub const TABLE: &str = "offering_components";

const COLUMNS: &str = "id, uuid, type, name, measured_unit, billing_type, unit_factor, limit_period, limit_amount, min_value, \
     max_value, max_available_limit, default_limit, is_boolean, is_builtin, is_prepaid";

/// The components of an offering, in order of their types.
pub async fn of_offering(query: &mut dyn Query, offering_id: i64) -> Result<Vec<Component>> {
    let sql = format!("SELECT {COLUMNS} FROM offering_components WHERE offering_id = $1 ORDER BY type");
    query.query(&sql, &vals![offering_id]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Component> {
    let billing: String = row.get(5)?;
    let period: Option<String> = row.get(7)?;
    Ok(Component {
        id: row.get(0)?,
        uuid: row.get(1)?,
        kind: row.get(2)?,
        name: row.get(3)?,
        measured_unit: row.get(4)?,
        billing: Billing::parse(&billing).ok_or_else(|| Error::broken(format!("billing type {billing}")))?,
        // The wire's `unit_factor` converts backend units for agents; prices are per measured unit for every kind of
        // offering that there is now (orders-and-resources.md, section 4: `f` is 1 but for OpenStack).
        factor: 1,
        limit_period: period.as_deref().and_then(Period::parse),
        limit_amount: row.get(8)?,
        min_value: row.get(9)?,
        max_value: row.get(10)?,
        max_available_limit: row.get(11)?,
        default_limit: row.get(12)?,
        is_boolean: row.get(13)?,
        is_builtin: row.get(14)?,
        is_prepaid: row.get(15)?,
    })
}
