//! The SQL of narrowings; nobody else writes them.

use super::State;
use std::collections::HashMap;
use stoa_kernel::{Error, Query, Result, Row, Time, Tx, id::Uuid, vals};

/// A narrowing to make.
#[derive(Debug)]
pub struct New<'a> {
    /// Identifier.
    pub uuid: Uuid,
    /// For how many days its items were unused.
    pub days: i64,
    /// Whether to appear in a list was no use.
    pub ignore_lists: bool,
    /// Why.
    pub reason: &'a str,
    /// Who makes it.
    pub by: Option<i64>,
}

/// Makes a narrowing; gives its key.
pub async fn insert(tx: &mut Tx, new: &New<'_>, now: Time) -> Result<i64> {
    let sql = "INSERT INTO narrowings (uuid, state, days, ignore_lists, reason, made, made_by) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    let values = vals![new.uuid, State::Applied.text(), new.days, new.ignore_lists, new.reason, now, new.by];
    tx.one(sql, &values).await?.ok_or_else(|| Error::broken("a narrowing got no key"))?.get(0)
}

/// Says where everything of a narrowing lies, if it is in one organization (and in one scope).
pub async fn place(tx: &mut Tx, id: i64, scope: Option<(&str, i64)>, customer: Option<i64>) -> Result<()> {
    let sql = "UPDATE narrowings SET scope = $1, scope_id = $2, customer_id = $3 WHERE id = $4";
    let (kind, key) = scope.unzip();
    tx.execute(sql, &vals![kind.unwrap_or_default(), key, customer, id]).await.map(drop)
}

/// What was taken away.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// `grant`, `permission`, `token` or `scope`.
    pub kind: String,
    /// Key of the grant's, role's or token's row.
    pub target_id: i64,
    /// Its identifier.
    pub target_uuid: Uuid,
    /// The permission, of a role or a token.
    pub permission: String,
    /// Whose it was.
    pub user_id: Option<i64>,
    /// Name of the role.
    pub role_name: String,
    /// Kind of the scope.
    pub scope: String,
    /// Name of the scope, or of the token.
    pub scope_name: String,
}

/// Notes what was taken away.
pub async fn take(tx: &mut Tx, narrowing: i64, taken: &Taken) -> Result<()> {
    let sql = "INSERT INTO narrowing_items (narrowing_id, kind, target_id, target_uuid, permission, user_id, role_name, scope, \
               scope_name, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'taken')";
    let Taken { kind, target_id, target_uuid, permission, user_id, role_name, scope, scope_name } = taken;
    let values = vals![narrowing, kind, *target_id, *target_uuid, permission, *user_id, role_name, scope, scope_name];
    tx.execute(sql, &values).await.map(drop)
}

/// A narrowing that is to be undone.
#[derive(Debug)]
pub struct Held {
    /// Key.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// Where it is.
    pub state: State,
    /// When it was made.
    pub made: Time,
    /// The organization in which everything lies.
    pub customer_id: Option<i64>,
}

/// A narrowing, kept from others meanwhile.
///
/// # Errors
/// Not found.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<Held> {
    let sql = "SELECT id, uuid, state, made, customer_id FROM narrowings WHERE id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    let state: String = row.get(2)?;
    let state = State::parse(&state).ok_or_else(|| Error::broken(format!("a narrowing is {state}")))?;
    Ok(Held { id: row.get(0)?, uuid: row.get(1)?, state, made: row.get(3)?, customer_id: row.get(4)? })
}

/// What a narrowing took away, with the keys of its items, in the order in which it did.
pub async fn taken(tx: &mut Tx, narrowing: i64) -> Result<Vec<(i64, Taken)>> {
    let sql = "SELECT id, kind, target_id, target_uuid, permission, user_id, role_name, scope, scope_name \
               FROM narrowing_items WHERE narrowing_id = $1 ORDER BY id";
    let read = |row: &Row| {
        let taken = Taken {
            kind: row.get(1)?,
            target_id: row.get(2)?,
            target_uuid: row.get(3)?,
            permission: row.get(4)?,
            user_id: row.get(5)?,
            role_name: row.get(6)?,
            scope: row.get(7)?,
            scope_name: row.get(8)?,
        };
        Ok((row.get(0)?, taken))
    };
    tx.query(sql, &vals![narrowing]).await?.iter().map(read).collect()
}

/// Notes what became of an item when the narrowing was undone: given back, or why not.
pub async fn settle(tx: &mut Tx, item: i64, refused: Option<&str>) -> Result<()> {
    let outcome = if refused.is_some() { "kept_away" } else { "given_back" };
    let sql = "UPDATE narrowing_items SET outcome = $1, note = $2 WHERE id = $3";
    tx.execute(sql, &vals![outcome, refused.unwrap_or_default(), item]).await.map(drop)
}

/// Notes that a narrowing was undone.
pub async fn undone(tx: &mut Tx, id: i64, by: Option<i64>, now: Time) -> Result<()> {
    let sql = "UPDATE narrowings SET state = $1, undone = $2, undone_by = $3 WHERE id = $4";
    tx.execute(sql, &vals![State::Undone.text(), now, by, id]).await.map(drop)
}

/// How many grants of each role are open and were given before an instant.
pub async fn holders(query: &mut dyn Query, before: Time, now: Time) -> Result<HashMap<Uuid, i64>> {
    let sql = "SELECT r.uuid, count(*) FROM grants g JOIN roles r ON r.id = g.role_id WHERE g.revoked_at IS NULL \
               AND (g.expires_at IS NULL OR g.expires_at > $1) AND g.created < $2 GROUP BY r.uuid";
    query.query(sql, &vals![now, before]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Where a grant is: kind and key of the scope, key of the organization, key of the holder.
pub type Place = (String, i64, i64, i64);

/// Where these grants are, as far as they are open.
pub async fn places(query: &mut dyn Query, grants: Vec<Uuid>) -> Result<HashMap<Uuid, Place>> {
    let sql = "SELECT uuid, scope, scope_id, customer_id, COALESCE(user_id, 0) FROM grants WHERE uuid = ANY($1) \
               AND revoked_at IS NULL";
    let read = |row: &Row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)));
    query.query(sql, &vals![grants]).await?.iter().map(read).collect()
}

/// The grants of owners who can sign in, of each of these organizations, the earliest first.
pub async fn owners(query: &mut dyn Query, customers: Vec<i64>, now: Time) -> Result<HashMap<i64, Vec<Uuid>>> {
    let sql = "SELECT g.scope_id, g.uuid FROM grants g JOIN roles r ON r.id = g.role_id JOIN users u ON u.id = g.user_id \
               WHERE g.scope = 'customer' AND g.scope_id = ANY($1) AND r.name = 'CUSTOMER.OWNER' AND u.is_active \
               AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $2) ORDER BY g.created, g.id";
    let mut all: HashMap<i64, Vec<Uuid>> = HashMap::new();
    for row in query.query(sql, &vals![customers, now]).await? {
        all.entry(row.get(0)?).or_default().push(row.get(1)?);
    }
    Ok(all)
}
