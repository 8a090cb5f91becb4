//! The SQL of components.

use super::{Billing, Component, Period, rules};
use stoa_kernel::{Error, Query, Result, Row, Tx, event::Change, field::Input, id::Uuid, record, vals};

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

/// The key of a component of an offering.
pub async fn key(query: &mut dyn Query, offering_id: i64, uuid: Uuid) -> Result<Option<i64>> {
    let sql = "SELECT id FROM offering_components WHERE offering_id = $1 AND uuid = $2";
    query.query(sql, &vals![offering_id, uuid]).await?.first().map(|row| row.get(0)).transpose()
}

/// Adds a component to an offering. It counts towards the component of the same type in the offering's category.
pub async fn insert(tx: &mut Tx, offering_id: i64, uuid: Uuid, input: &Input, overage_id: Option<i64>) -> Result<i64> {
    let more =
        vec![("uuid", uuid.into()), ("offering_id", offering_id.into()), ("overage_component_id", overage_id.into())];
    let id = record::insert(tx, TABLE, rules::FIELDS, input, more).await?;
    tx.execute(
        "UPDATE offering_components SET category_component_id = (SELECT k.id FROM category_components k \
         JOIN offerings o ON o.category_id = k.category_id WHERE o.id = $1 AND k.type = offering_components.type) \
         WHERE id = $2",
        &vals![offering_id, id],
    )
    .await?;
    Ok(id)
}

/// Says which component counts what is used beyond what was paid in advance.
pub async fn set_overage(tx: &mut Tx, id: i64, overage_id: Option<i64>) -> Result<Option<Change>> {
    let row = tx.one("SELECT overage_component_id FROM offering_components WHERE id = $1", &vals![id]).await?;
    let before: Option<i64> = row.ok_or(Error::NotFound)?.get(0)?;
    if before == overage_id {
        return Ok(None);
    }
    record::set(tx, TABLE, id, vec![("overage_component_id", overage_id.into())]).await?;
    let field = "overage_component".to_owned();
    Ok(Some(Change { field, before: before.is_some().into(), after: overage_id.is_some().into() }))
}

/// Sets the bounds that a new offering gives to its components.
pub async fn set_bounds(tx: &mut Tx, offering_id: i64, kind: &str, bounds: [Option<i64>; 3]) -> Result<bool> {
    let [min, max, available] = bounds;
    let sql = "UPDATE offering_components SET min_value = $1, max_value = $2, max_available_limit = $3 \
               WHERE offering_id = $4 AND type = $5";
    Ok(tx.execute(sql, &vals![min, max, available, offering_id, kind]).await? == 1)
}

/// Removes a component.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM offering_components WHERE id = $1", &vals![id]).await.map(|_| ())
}
