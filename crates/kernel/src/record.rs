//! Storing what was sent: the statements that write a row from a table of fields, and what the event says has changed.
//!
//! A thing's `store.rs` calls these with its own table and fields; nobody else writes that table (invariant 2).

use crate::{
    action::Cx,
    error::{Invalid, Result},
    event::Change,
    field::{Field, Input, Kind},
    money::Amount,
    store::{Query, Row, Tx},
    time::{Date, Time},
    val::Val,
};
use serde_json::Value;

/// Inserts a row from an input and further columns; gives its key.
///
/// # Errors
/// A duplicate key comes back as it is; see [`crate::Error::on_duplicate`].
pub async fn insert(
    tx: &mut Tx,
    table: &str,
    fields: &'static [Field],
    input: &Input,
    more: Vec<(&'static str, Val)>,
) -> Result<i64> {
    let mut columns: Vec<(&str, Val)> = more;
    for (field, val) in input.stored(fields) {
        if let Some(column) = field.column.filter(|column| !columns.iter().any(|(name, _)| name == column)) {
            columns.push((column, val.clone()));
        }
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let marks: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({}) RETURNING id", names.join(", "), marks.join(", "));
    let values: Vec<Val> = columns.into_iter().map(|(_, val)| val).collect();
    let row = tx.one(&sql, &values).await?;
    row.ok_or_else(|| crate::Error::broken(format!("{table} gave no key")))?.get(0)
}

/// Stores the changed fields of an input in a row, and further columns if anything changed. Gives what changed; nothing
/// is written if nothing did.
///
/// A field that the actor may not set (or that is fixed) may be sent back unchanged and is refused if changed: so a client
/// can send a whole object back, and nobody changes what is not his to change (security case C3).
///
/// # Errors
/// Invalid for such a field; a duplicate key as it is.
pub async fn update(
    cx: &mut Cx<'_>,
    table: &str,
    id: i64,
    fields: &'static [Field],
    input: &Input,
    more: Vec<(&'static str, Val)>,
) -> Result<Vec<Change>> {
    let sent: Vec<(&'static Field, &str, &Val)> =
        input.stored(fields).filter_map(|(field, val)| field.column.map(|column| (field, column, val))).collect();
    if sent.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = sent.iter().map(|(_, column, _)| *column).collect();
    let sql = format!("SELECT {} FROM {table} WHERE id = $1", names.join(", "));
    let row = cx.tx.one(&sql, &[Val::Int(id)]).await?.ok_or(crate::Error::NotFound)?;
    let own = cx.found.owner != 0 && cx.found.owner == cx.actor.id;
    let mut invalid = Invalid::default();
    let mut changes = Vec::new();
    let mut columns: Vec<(&str, Val)> = Vec::new();
    for (at, (field, column, val)) in sent.into_iter().enumerate() {
        let before = row_json(&row, at, field)?;
        let after = to_json(field.kind, val);
        if before == after {
            continue;
        }
        if field.fixed || !field.who.includes(cx.actor, own) {
            invalid.add(field.name, "This field is read-only.");
            continue;
        }
        changes.push(match field.kind {
            _ if field.secret => change(field, Value::Null, Value::Null),
            Kind::File => change(field, shown_file(&before), shown_file(&after)),
            // Keys are for joining only: the record names what a link points to now, and the event before it what it was.
            Kind::Link(_) => {
                let name = cx.link(field.name).map_or(Value::Null, |found| found.name.clone().into());
                change(field, if before.is_null() { Value::Null } else { "(another)".into() }, name)
            }
            _ => change(field, before, after),
        });
        columns.push((column, val.clone()));
    }
    invalid.done()?;
    if !columns.is_empty() {
        columns.extend(more);
        set(cx.tx, table, id, columns).await?;
    }
    Ok(changes)
}

/// The record tells that there is a file, not which row holds it.
fn shown_file(key: &Value) -> Value {
    if key.is_null() { Value::Null } else { "(a file)".into() }
}

fn change(field: &Field, before: Value, after: Value) -> Change {
    Change { field: field.name.to_owned(), before, after }
}

/// Sets columns of one row.
pub async fn set(tx: &mut Tx, table: &str, id: i64, columns: Vec<(&str, Val)>) -> Result<()> {
    let terms: Vec<String> =
        columns.iter().enumerate().map(|(at, (name, _))| format!("{name} = ${}", at + 1)).collect();
    let sql = format!("UPDATE {table} SET {} WHERE id = ${}", terms.join(", "), columns.len() + 1);
    let mut values: Vec<Val> = columns.into_iter().map(|(_, val)| val).collect();
    values.push(Val::Int(id));
    tx.execute(&sql, &values).await.map(|_| ())
}

/// On creation: refuses fields that the actor may not set, unless they are sent with the value they get anyway (empty,
/// false or null).
pub fn check_who(cx: &Cx<'_>, fields: &'static [Field], input: &Input) -> Result<()> {
    let mut invalid = Invalid::default();
    for field in fields {
        let nothing = match input.val(field.name) {
            None | Some(Val::Null | Val::Bool(false)) => true,
            Some(Val::Text(text)) => text.is_empty() || text == "[]" || text == "{}",
            Some(_) => false,
        };
        if !nothing && !field.who.includes(cx.actor, false) {
            invalid.add(field.name, "This field is read-only.");
        }
    }
    invalid.done()
}

/// The value of a stored field in a row, as the record shows it (what a link points to as its key).
pub fn row_json(row: &Row, at: usize, field: &Field) -> Result<Value> {
    if row.val(at).is_null() {
        return Ok(Value::Null);
    }
    let val = match field.kind {
        Kind::Bool => Val::Bool(row.get(at)?),
        Kind::Time => Val::Time(row.get::<Time>(at)?),
        Kind::Date => Val::Date(row.get::<Date>(at)?),
        Kind::Uuid => Val::Uuid(row.get(at)?),
        Kind::Float => Val::Float(row.get(at)?),
        Kind::Int | Kind::Amount(_) | Kind::AmountNumber | Kind::Link(_) | Kind::File => Val::Int(row.get(at)?),
        _ => Val::Text(row.get(at)?),
    };
    Ok(to_json(field.kind, &val))
}

/// A value as the record shows it.
pub fn to_json(kind: Kind, val: &Val) -> Value {
    match (kind, val) {
        (_, Val::Null) => Value::Null,
        (Kind::Amount(_) | Kind::AmountNumber, Val::Int(n)) => Amount(*n).to_string().into(),
        (Kind::Texts | Kind::Json | Kind::Object, Val::Text(text)) => {
            serde_json::from_str(text).unwrap_or_else(|_| text.clone().into())
        }
        (_, Val::Bool(truth)) => (*truth).into(),
        (_, Val::Int(n)) => (*n).into(),
        (_, Val::Float(n)) => (*n).into(),
        (_, Val::Text(text)) => text.clone().into(),
        (_, Val::Uuid(uuid)) => crate::id::hex(uuid).into(),
        (_, Val::Time(time)) => time.to_string().into(),
        (_, Val::Date(date)) => date.to_string().into(),
        (_, Val::Ints(ids)) => ids.to_vec().into(),
        (_, Val::Texts(texts)) => texts.to_vec().into(),
        (_, Val::Uuids(ids)) => ids.iter().map(crate::id::hex).collect::<Vec<_>>().into(),
        (_, Val::Bytes(bytes)) => bytes.len().into(),
    }
}

/// Names the fields of changes as people read them: `name from 'a' to 'b'`.
pub fn describe(changes: &[Change]) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let all: Vec<String> = changes
        .iter()
        .map(|c| format!("{} has been changed from '{}' to '{}'.", c.field, plain(&c.before), plain(&c.after)))
        .collect();
    all.join(" ")
}

/// A short name in an address, made from a longer one and free among a table's slugs: cut to ten characters, with `-2`,
/// `-3`, … where taken (reference/structure.md, section 1).
pub async fn slug(query: &mut dyn Query, table: &str, name: &str) -> Result<String> {
    let base = slugify(name);
    let sql = format!("SELECT slug FROM {table} WHERE slug = $1");
    if query.query(&sql, &[Val::from(&base)]).await?.is_empty() {
        return Ok(base);
    }
    // The greatest number in use, by range on the index instead of a scan of everything that begins alike.
    let sql = format!("SELECT slug FROM {table} WHERE slug >= $1 AND slug < $2 ORDER BY slug DESC LIMIT 1000");
    let rows = query.query(&sql, &[Val::Text(format!("{base}-")), Val::Text(format!("{base}."))]).await?;
    let mut greatest = 1;
    for row in rows {
        let slug: String = row.get(0)?;
        let number = slug.strip_prefix(&base).and_then(|rest| rest.strip_prefix('-')).and_then(|n| n.parse().ok());
        greatest = greatest.max(number.unwrap_or(1));
    }
    Ok(format!("{base}-{}", greatest + 1))
}

fn slugify(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() || c == '_' {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() && (c.is_whitespace() || c == '-') {
            slug.push('-');
        }
        if slug.len() == 10 {
            break;
        }
    }
    slug.trim_matches('-').to_owned()
}
