//! The SQL of organizations.

use super::rules;
use crate::version;
use serde_json::{Map, Value};
use stoa_kernel::{Error, Result, Tx, id, vals};

/// The table.
pub const TABLE: &str = "customers";

/// Whether something can be done in an organization. Whoever writes into one asks this in the same transaction.
///
/// # Errors
/// Invalid, in the official words, for a blocked or archived one.
pub async fn require_open(tx: &mut Tx, id: i64) -> Result<()> {
    let (blocked, archived) = shut(tx, id).await?;
    rules::open(blocked, archived)
}

/// Whether an organization is blocked, and whether it is archived. Its row stays as it is until the transaction ends.
pub async fn shut(tx: &mut Tx, id: i64) -> Result<(bool, bool)> {
    let row = tx.one("SELECT blocked, archived FROM customers WHERE id = $1 FOR SHARE", &vals![id]).await?;
    let row = row.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Facts about an organization for events (reference/events-and-quotas.md, section 1).
pub async fn facts(tx: &mut Tx, id: i64) -> Result<Map<String, Value>> {
    let sql = "SELECT uuid, name, abbreviation, contact_details FROM customers WHERE id = $1";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    let mut facts = Map::new();
    facts.insert("customer_uuid".into(), id::hex(&row.get(0)?).into());
    facts.insert("customer_name".into(), row.get::<String>(1)?.into());
    facts.insert("customer_abbreviation".into(), row.get::<String>(2)?.into());
    facts.insert("customer_contact_details".into(), row.get::<String>(3)?.into());
    Ok(facts)
}

/// What a user says about where he works: the domain of an organization that he makes.
pub async fn organization_of(tx: &mut Tx, user: i64) -> Result<String> {
    let row = tx.one("SELECT organization FROM users WHERE id = $1", &vals![user]).await?;
    row.map_or(Ok(String::new()), |row| row.get(0))
}

/// The country of an organization.
pub async fn country(tx: &mut Tx, id: i64) -> Result<String> {
    let row = tx.one("SELECT country FROM customers WHERE id = $1", &vals![id]).await?;
    row.ok_or(Error::NotFound)?.get(0)
}

/// Notes whether an organization lets its people in from certain networks only, after these have changed. The caller holds
/// the organization's row, so that two changes don't both miss each other.
pub async fn note_subnets(tx: &mut Tx, id: i64) -> Result<()> {
    let sql = "UPDATE customers SET has_subnets = (access_subnets <> '' OR id IN (SELECT customer_id FROM access_subnets)) \
               WHERE id = $1";
    tx.execute(sql, &vals![id]).await.map(|_| ())
}

/// How to reach an organization, by field.
pub async fn contact(tx: &mut Tx, id: i64) -> Result<Value> {
    let sql = "SELECT contact_details, email, phone_number, homepage, notification_emails FROM customers WHERE id = $1";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    let names = ["contact_details", "email", "phone_number", "homepage", "notification_emails"];
    let mut contact = Map::new();
    for (at, name) in names.into_iter().enumerate() {
        contact.insert(name.into(), row.get::<String>(at)?.into());
    }
    Ok(Value::Object(contact))
}

/// Holds an organization's row until the transaction ends.
pub async fn lock(tx: &mut Tx, id: i64) -> Result<()> {
    tx.one("SELECT id FROM customers WHERE id = $1 FOR UPDATE", &vals![id]).await?.ok_or(Error::NotFound).map(|_| ())
}

/// Names and uuids of the divisions of an organization, for the record.
pub async fn group_names(tx: &mut Tx, id: i64) -> Result<Vec<String>> {
    let sql = "SELECT d.name FROM customer_groups m JOIN organization_groups d ON d.id = m.group_id \
               WHERE m.customer_id = $1 ORDER BY d.name, d.id";
    tx.query(sql, &vals![id]).await?.iter().map(|row| row.get(0)).collect()
}

/// Puts an organization into exactly these divisions.
pub async fn set_groups(tx: &mut Tx, id: i64, groups: &[i64]) -> Result<()> {
    tx.execute("DELETE FROM customer_groups WHERE customer_id = $1", &vals![id]).await?;
    for group in groups {
        let sql = "INSERT INTO customer_groups (customer_id, group_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.execute(sql, &vals![id, *group]).await?;
    }
    Ok(())
}

/// Whether an organization has projects that are not removed.
pub async fn has_projects(tx: &mut Tx, id: i64) -> Result<bool> {
    let sql = "SELECT id FROM projects WHERE customer_id = $1 AND NOT is_removed LIMIT 1";
    Ok(tx.one(sql, &vals![id]).await?.is_some())
}

/// Removes an organization and what belongs to it alone.
///
/// # Errors
/// A dangling reference while anything else belongs to it.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    version::store::forget(tx, "customer", id).await?;
    tx.execute("DELETE FROM quotas WHERE scope = 'customer' AND scope_id = $1", &vals![id]).await?;
    tx.execute("DELETE FROM customers WHERE id = $1", &vals![id]).await.map(|_| ())
}
