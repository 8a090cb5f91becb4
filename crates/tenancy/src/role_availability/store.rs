//! The SQL of where roles can be given.

use super::rules::{Reach, Spot};
use std::collections::BTreeMap;
use stoa_kernel::{Error, Query, Result, Time, Tx, id::Uuid, vals};

/// The key of which a second row is refused.
pub const KEY: &str = "role_availabilities.role_id,scope,scope_id";

/// Where these roles can be given, by key of the role.
pub async fn reaches(query: &mut dyn Query, roles: Vec<i64>) -> Result<BTreeMap<i64, Reach>> {
    let sql = "SELECT r.id, r.customer_id, a.scope, a.scope_id FROM roles r \
               LEFT JOIN role_availabilities a ON a.role_id = r.id WHERE r.id = ANY($1) ORDER BY r.id, a.id";
    let mut all: BTreeMap<i64, Reach> = BTreeMap::new();
    for row in query.query(sql, &vals![roles]).await? {
        let reach = all.entry(row.get(0)?).or_default();
        reach.owner = row.get(1)?;
        if let Some(scope) = row.get::<Option<String>>(2)? {
            reach.places.push((scope, row.get(3)?));
        }
    }
    Ok(all)
}

/// Where a role can be given.
pub async fn reach(query: &mut dyn Query, role: i64) -> Result<Reach> {
    reaches(query, vec![role]).await?.remove(&role).ok_or(Error::NotFound)
}

/// Names a place at which a role can be given. Gives the key of the row.
///
/// # Errors
/// A duplicate of [`KEY`] if it is named already.
pub async fn insert(tx: &mut Tx, role: i64, place: (&str, i64), uuid: Uuid, by: Option<i64>, now: Time) -> Result<i64> {
    let sql = "INSERT INTO role_availabilities (uuid, role_id, scope, scope_id, created, created_by) \
               VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    let row = tx.one(sql, &vals![uuid, role, place.0, place.1, now, by]).await?;
    row.ok_or_else(|| Error::broken("an availability got no key"))?.get(0)
}

/// Role and place of a row.
pub async fn get(tx: &mut Tx, id: i64) -> Result<(i64, Spot)> {
    let row = tx.one("SELECT role_id, scope, scope_id FROM role_availabilities WHERE id = $1", &vals![id]).await?;
    let row = row.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
}

/// Takes a place away. Says whether it was named.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM role_availabilities WHERE id = $1", &vals![id]).await? == 1)
}

/// Public identifier of an organization or a project; `None` if it is gone.
pub async fn uuid_of(tx: &mut Tx, scope: &str, key: i64) -> Result<Option<Uuid>> {
    let sql = match scope {
        "customer" => "SELECT uuid FROM customers WHERE id = $1",
        _ => "SELECT uuid FROM projects WHERE id = $1",
    };
    tx.one(sql, &vals![key]).await?.map(|row| row.get(0)).transpose()
}
