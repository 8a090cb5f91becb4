//! Groups of organizations as things of the market show them: the groups to which an offering or a plan is open.

use stoa_kernel::{
    Error, Result, Tx,
    field::Kind::{self, Int, Link, Text, Uuid},
    vals,
    view::Column,
};

/// The columns of a group, under the alias `g`.
pub const GROUP: &[Column] = &[
    Column::new("uuid", Uuid, "g.uuid", "Identifier."),
    Column::new("url", Link("organization_group"), "g.uuid", "Address of the group."),
    Column::new("name", Text, "g.name", "Name."),
    Column::new("parent_uuid", Uuid, PARENT_UUID, "Identifier of the group above.").nullable().absent(),
    Column::new(
        "parent_name",
        Text,
        "COALESCE((SELECT up.name FROM organization_groups up WHERE up.id = g.parent_id), '')",
        "Name of the group above.",
    ),
    Column::new("parent", Link("organization_group"), PARENT_UUID, "The group above.").nullable(),
    Column::new(
        "customers_count",
        Int,
        "(SELECT count(*) FROM customer_groups m WHERE m.group_id = g.id)",
        "Number of organizations in the group.",
    ),
];

const PARENT_UUID: &str = "(SELECT up.uuid FROM organization_groups up WHERE up.id = g.parent_id)";

/// The kind of a column that lists groups.
pub const GROUPS: Kind = Kind::Rows("OrganizationGroup", GROUP);

/// Opens a thing to these groups only, or to all if there are none. Gives whether that changed anything.
pub async fn set(tx: &mut Tx, table: &str, column: &str, id: i64, groups: &[i64]) -> Result<bool> {
    let sql = format!("SELECT group_id FROM {table} WHERE {column} = $1 ORDER BY group_id");
    let rows = tx.query(&sql, &vals![id]).await?;
    let before: Vec<i64> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    let mut after = groups.to_vec();
    after.sort_unstable();
    after.dedup();
    if before == after {
        return Ok(false);
    }
    tx.execute(&format!("DELETE FROM {table} WHERE {column} = $1"), &vals![id]).await?;
    let sql = format!("INSERT INTO {table} ({column}, group_id) VALUES ($1, $2)");
    for group in after {
        tx.execute(&sql, &vals![id, group]).await.map_err(|error| match error {
            // Somebody else has just done the same.
            Error::Duplicate(_) => Error::Conflict("The groups are being changed by somebody else.".into()),
            other => other,
        })?;
    }
    Ok(true)
}
