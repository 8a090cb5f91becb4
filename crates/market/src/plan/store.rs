//! The SQL of plans and of what components cost under them.

use super::{Part, Plan};
use crate::component::{self, Component};
use std::collections::HashMap;
use stoa_kernel::{Query, Result, Row, money::Amount, vals};

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
