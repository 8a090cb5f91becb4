//! The SQL of versions.

use stoa_kernel::{
    Error, Result, Row, Time, Tx, Val,
    access::Actor,
    action::Cx,
    field::{Field, Kind},
    id::Uuid,
    record, vals,
    view::{Ask, View},
};

/// Keeps how a thing is now: the columns of its view that are named like the stored fields of its actions. So what a caller
/// can send is what its history shows; secrets and sums are not in it.
///
/// # Errors
/// Not found if the view has no such row.
pub async fn write(
    cx: &mut Cx<'_>,
    view: &'static View,
    fields: &'static [Field],
    uuid: Uuid,
    comment: &str,
) -> Result<()> {
    let names =
        fields.iter().filter(|field| field.column.is_some() && !field.secret).map(|field| field.name.to_owned());
    let (id, data) = snapshot(cx.tx, view, names.collect(), uuid, cx.now).await?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    insert(cx.tx, vals![view.thing, id, cx.now, by, comment, serde_json::Value::Object(data)]).await
}

/// The key of a thing, and these columns of its view by name, whoever may see them.
///
/// # Errors
/// Not found if the view has no such row.
pub async fn snapshot(
    tx: &mut Tx,
    view: &'static View,
    fields: Vec<String>,
    uuid: Uuid,
    now: Time,
) -> Result<(i64, serde_json::Map<String, serde_json::Value>)> {
    let ask = Ask { fields, all_rows: true, ..Ask::one(uuid) };
    let snapshot = view.select(&Actor::system(), &ask, now)?;
    let rows = tx.query(&snapshot.clause.text, &snapshot.clause.params).await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    let mut data = serde_json::Map::new();
    for (at, column) in snapshot.columns.iter().enumerate() {
        data.insert(column.name.to_owned(), record::to_json(column.kind, &value(row, at + 2, column.kind)?));
    }
    Ok((row.get(0)?, data))
}

async fn insert(tx: &mut Tx, values: [Val; 6]) -> Result<()> {
    let sql = "INSERT INTO versions (thing, thing_id, at, by_user, comment, data) VALUES ($1, $2, $3, $4, $5, $6)";
    tx.execute(sql, &values).await.map(|_| ())
}

/// Forgets the versions of a thing that is gone for good.
pub async fn forget(tx: &mut Tx, thing: &'static str, id: i64) -> Result<()> {
    tx.execute("DELETE FROM versions WHERE thing = $1 AND thing_id = $2", &vals![thing, id]).await.map(|_| ())
}

/// A column's value in one of the forms that the record prints.
fn value(row: &Row, at: usize, kind: Kind) -> Result<Val> {
    if row.val(at).is_null() {
        return Ok(Val::Null);
    }
    Ok(match kind {
        Kind::Bool => Val::Bool(row.get(at)?),
        Kind::Time => Val::Time(row.get(at)?),
        Kind::Date => Val::Date(row.get(at)?),
        Kind::Uuid | Kind::Link(_) => Val::Uuid(row.get(at)?),
        Kind::Float => Val::Float(row.get(at)?),
        Kind::Int | Kind::Amount(_) | Kind::AmountNumber => Val::Int(row.get(at)?),
        _ => Val::Text(row.get(at)?),
    })
}

/// Forgets the versions that a user made of things of one kind, which are his alone.
pub async fn forget_by(tx: &mut Tx, thing: &'static str, user_id: i64) -> Result<()> {
    tx.execute("DELETE FROM versions WHERE thing = $1 AND by_user = $2", &vals![thing, user_id]).await.map(|_| ())
}
