//! The SQL of plans and of what components cost under them.

use super::{Part, Plan, rules};
use crate::component::{self, Component};
use std::collections::HashMap;
use stoa_kernel::{Date, Error, Query, Result, Row, Tx, Val, field::Input, id::Uuid, money::Amount, record, vals};

/// The table.
pub const TABLE: &str = "plans";

const COLUMNS: &str = "p.id, p.uuid, p.offering_id, p.name, p.unit, p.unit_price, p.max_amount, p.archived, \
     (SELECT JSON_ROWS(JSON_ROW(g.group_id) ORDER BY g.group_id) FROM plan_groups g WHERE g.plan_id = p.id), \
     (SELECT JSON_ROWS(JSON_ROW(c.component_id, c.amount, c.price, c.future_price) ORDER BY c.id) \
     FROM plan_components c WHERE c.plan_id = p.id)";

/// A plan with its parts.
pub async fn load(query: &mut dyn Query, id: i64) -> Result<Option<Plan>> {
    let rows = query.query(&format!("SELECT {COLUMNS} FROM plans p WHERE p.id = $1"), &vals![id]).await?;
    match rows.first() {
        Some(row) => {
            let components = component::store::of_offering(query, row.get(2)?).await?;
            read(row, &components).map(Some)
        }
        None => Ok(None),
    }
}

/// Every plan of an offering, in the order in which they were made.
pub async fn of_offering(query: &mut dyn Query, offering_id: i64) -> Result<Vec<Plan>> {
    let sql = format!("SELECT {COLUMNS} FROM plans p WHERE p.offering_id = $1 ORDER BY p.id");
    let rows = query.query(&sql, &vals![offering_id]).await?;
    let components = component::store::of_offering(query, offering_id).await?;
    rows.iter().map(|row| read(row, &components)).collect()
}

fn read(row: &Row, components: &[Component]) -> Result<Plan> {
    let mut prices: HashMap<i64, (i64, Amount, Option<Amount>)> = HashMap::new();
    for part in row.rows(9)? {
        prices.insert(part.get(0)?, (part.get(1)?, part.get(2)?, part.get(3)?));
    }
    let part = |component: &Component| {
        let (amount, price, future_price) = prices.get(&component.id).copied().unwrap_or_default();
        Part { component: component.clone(), amount, price, future_price }
    };
    Ok(Plan {
        id: row.get(0)?,
        uuid: row.get(1)?,
        offering_id: row.get(2)?,
        name: row.get(3)?,
        unit: row.get(4)?,
        unit_price: row.get(5)?,
        max_amount: row.get(6)?,
        archived: row.get(7)?,
        groups: row.rows(8)?.iter().map(|row| row.get(0)).collect::<Result<_>>()?,
        parts: components.iter().map(part).collect(),
    })
}

/// Adds a plan to an offering, with a part for each component, all free.
pub async fn insert(tx: &mut Tx, offering_id: i64, input: &Input, more: Vec<(&'static str, Val)>) -> Result<i64> {
    let id = record::insert(tx, TABLE, rules::FIELDS, input, more).await?;
    tx.execute(
        "INSERT INTO plan_components (plan_id, component_id) SELECT p.id, c.id FROM plans p \
         JOIN offering_components c ON c.offering_id = p.offering_id WHERE p.id = $1 AND p.offering_id = $2",
        &vals![id, offering_id],
    )
    .await?;
    Ok(id)
}

/// Adds a component to each plan of its offering, where it costs nothing.
pub async fn add_component(tx: &mut Tx, component_id: i64) -> Result<()> {
    let sql = "INSERT INTO plan_components (plan_id, component_id) SELECT p.id, c.id FROM plans p \
               JOIN offering_components c ON c.offering_id = p.offering_id WHERE c.id = $1";
    tx.execute(sql, &vals![component_id]).await.map(|_| ())
}

/// A column of a plan's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// What one costs now.
    Price,
    /// What one will cost from the first of next month.
    FuturePrice,
    /// How many are included.
    Amount,
}

impl Which {
    fn column(self) -> &'static str {
        match self {
            Which::Price => "price",
            Which::FuturePrice => "future_price",
            Which::Amount => "amount",
        }
    }
}

/// Sets a column of one part of a plan.
pub async fn set_part(tx: &mut Tx, plan_id: i64, component_id: i64, which: Which, value: i64) -> Result<()> {
    let sql = format!("UPDATE plan_components SET {} = $1 WHERE plan_id = $2 AND component_id = $3", which.column());
    tx.execute(&sql, &vals![value, plan_id, component_id]).await.map(|_| ())
}

/// Sets the discount of one part of a plan.
pub async fn set_discount(
    tx: &mut Tx,
    plan_id: i64,
    component_id: i64,
    threshold: Option<i64>,
    rate: Option<i64>,
) -> Result<u64> {
    let sql = "UPDATE plan_components SET discount_threshold = $1, discount_rate = $2 \
               WHERE plan_id = $3 AND component_id = $4";
    tx.execute(sql, &vals![threshold, rate, plan_id, component_id]).await
}

/// Computes the stored prices of every plan of an offering anew.
///
/// # Errors
/// Invalid for a price beyond the range, so that no list can fail on a sum later.
pub async fn recount(tx: &mut Tx, offering_id: i64) -> Result<()> {
    for plan in of_offering(tx, offering_id).await? {
        let unit_price = rules::unit_price(&plan.parts)?;
        rules::check(&plan.parts)?;
        if unit_price != plan.unit_price {
            record::set(tx, TABLE, plan.id, vec![("unit_price", unit_price.into())]).await?;
        }
    }
    Ok(())
}

/// Whether any resource, even a terminated one, has or had the plan.
pub async fn in_use(query: &mut dyn Query, id: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM plans p WHERE p.id = $1 AND (p.id IN (SELECT plan_id FROM resources WHERE plan_id = $2) \
               OR p.id IN (SELECT plan_id FROM plan_periods WHERE plan_id = $3))";
    Ok(!query.query(sql, &vals![id, id, id]).await?.is_empty())
}

/// Closes a plan for new resources. False if it was closed already.
pub async fn archive(tx: &mut Tx, id: i64) -> Result<bool> {
    Ok(tx.execute("UPDATE plans SET archived = TRUE WHERE id = $1 AND NOT archived", &vals![id]).await? == 1)
}

/// Removes a plan.
///
/// # Errors
/// A dangling reference while resources or orders have it.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM plans WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// Notes that future prices of a plan were set in the month that begins on this day.
pub async fn wait_for_next_month(tx: &mut Tx, id: i64, month: Date) -> Result<()> {
    record::set(tx, TABLE, id, vec![("future_since", month.into())]).await
}

/// Plans whose future prices were set before the month that begins on this day, and so are due.
pub async fn due(query: &mut dyn Query, month: Date) -> Result<Vec<Uuid>> {
    let sql = "SELECT uuid FROM plans WHERE future_since IS NOT NULL AND future_since < $1 ORDER BY id LIMIT 1000";
    query.query(sql, &vals![month]).await?.iter().map(|row| row.get(0)).collect()
}

/// Makes the future prices of a plan current, which keep their value. False if somebody else has done so.
pub async fn apply_future_prices(tx: &mut Tx, id: i64, month: Date) -> Result<bool> {
    let sql = "UPDATE plans SET future_since = NULL WHERE id = $1 AND future_since < $2";
    if tx.execute(sql, &vals![id, month]).await? == 0 {
        return Ok(false);
    }
    let sql = "UPDATE plan_components SET price = future_price WHERE plan_id = $1 AND future_price IS NOT NULL";
    tx.execute(sql, &vals![id]).await?;
    let offering_id = offering_of(tx, id).await?;
    recount(tx, offering_id).await?;
    Ok(true)
}

/// The key of the offering of a plan.
pub async fn offering_of(query: &mut dyn Query, id: i64) -> Result<i64> {
    let rows = query.query("SELECT offering_id FROM plans WHERE id = $1", &vals![id]).await?;
    rows.first().ok_or(Error::NotFound)?.get(0)
}

/// Locks a plan against changes of its prices by others.
pub async fn lock(tx: &mut Tx, id: i64) -> Result<()> {
    tx.query("SELECT id FROM plans WHERE id = $1 FOR UPDATE", &vals![id]).await.map(|_| ())
}
