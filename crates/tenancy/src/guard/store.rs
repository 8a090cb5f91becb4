//! The SQL of guards.

use super::rules::{Definition, Guards, Stored, domain, is_under};
use stoa_kernel::{Error, Query, Result, Row, Time, Tx, Val, id::Uuid, vals};

/// The table.
pub const TABLE: &str = "guards";

/// Waits for whoever else changes guards, and counts this change: changes of guards are made one after the other.
pub async fn turn(tx: &mut Tx) -> Result<()> {
    tx.execute("UPDATE guard_state SET revision = revision + 1 WHERE id = 1", &[]).await.map(|_| ())
}

/// How many guards an organization has.
pub async fn count(tx: &mut Tx, customer: i64) -> Result<i64> {
    let sql = "SELECT count(*) FROM guards WHERE customer_id = $1 AND deleted_at IS NULL";
    tx.one(sql, &vals![customer]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Names the roles of a guard; whether that changed anything.
pub async fn set_roles(tx: &mut Tx, guard: i64, roles: &[i64]) -> Result<bool> {
    set_links(tx, "guard_roles", "role_id", guard, roles).await
}

/// Names the people of a guard; whether that changed anything.
pub async fn set_users(tx: &mut Tx, guard: i64, users: &[i64]) -> Result<bool> {
    set_links(tx, "guard_users", "user_id", guard, users).await
}

async fn set_links(tx: &mut Tx, table: &str, column: &str, guard: i64, wanted: &[i64]) -> Result<bool> {
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    if keys(tx, table, column, guard).await? == wanted {
        return Ok(false);
    }
    tx.execute(&format!("DELETE FROM {table} WHERE guard_id = $1"), &vals![guard]).await?;
    for id in wanted {
        tx.execute(&format!("INSERT INTO {table} (guard_id, {column}) VALUES ($1, $2)"), &vals![guard, id]).await?;
    }
    Ok(true)
}

async fn keys(tx: &mut Tx, table: &str, column: &str, guard: i64) -> Result<Vec<i64>> {
    let sql = format!("SELECT {column} FROM {table} WHERE guard_id = $1 ORDER BY {column}");
    tx.query(&sql, &vals![guard]).await?.iter().map(|row| row.get(0)).collect()
}

/// Names of the roles and of the people of a guard.
pub async fn named(tx: &mut Tx, guard: i64) -> Result<(Vec<String>, Vec<String>)> {
    let roles =
        "SELECT r.name FROM guard_roles g JOIN roles r ON r.id = g.role_id WHERE g.guard_id = $1 ORDER BY r.name";
    let roles = tx.query(roles, &vals![guard]).await?.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    let users = "SELECT u.username FROM guard_users g JOIN users u ON u.id = g.user_id WHERE g.guard_id = $1 ORDER BY u.username";
    let users = tx.query(users, &vals![guard]).await?.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    Ok((roles, users))
}

/// The guards that name a person, in the order in which they were made.
pub async fn naming(tx: &mut Tx, user: i64) -> Result<Vec<i64>> {
    let sql = "SELECT g.id FROM guard_users l JOIN guards g ON g.id = l.guard_id \
               WHERE l.user_id = $1 AND g.deleted_at IS NULL ORDER BY g.id";
    tx.query(sql, &vals![user]).await?.iter().map(|row| row.get(0)).collect()
}

/// What a guard says now, its identifier, and the name of its place.
pub async fn definition(tx: &mut Tx, guard: i64) -> Result<(Uuid, Definition, String)> {
    let sql = "SELECT uuid, name, kind, customer_id, scope, scope_id, permissions, own, staff, within, networks, hours, \
               time_zone, second_factor, assurance, starts, ends, is_active AND deleted_at IS NULL, scope_name \
               FROM guards WHERE id = $1";
    let row = tx.one(sql, &vals![guard]).await?.ok_or(Error::NotFound)?;
    let texts = |at: usize| -> Result<Vec<String>> { Ok(crate::access::directory::texts(&row.get(at)?)) };
    let says = Definition {
        name: row.get(1)?,
        kind: row.get(2)?,
        customer: row.get(3)?,
        scope: row.get::<Option<String>>(4)?.zip(row.get::<Option<i64>>(5)?),
        permissions: texts(6)?,
        roles: keys(tx, "guard_roles", "role_id", guard).await?,
        users: keys(tx, "guard_users", "user_id", guard).await?,
        own: row.get(7)?,
        staff: row.get(8)?,
        within: row.get(9)?,
        networks: texts(10)?,
        hours: texts(11)?,
        time_zone: row.get(12)?,
        second_factor: row.get(13)?,
        assurance: texts(14)?,
        starts: row.get::<Option<Time>>(15)?.map(|time| time.0),
        ends: row.get::<Option<Time>>(16)?.map(|time| time.0),
        active: row.get(17)?,
    };
    Ok((row.get(0)?, says, row.get(18)?))
}

/// Counts a change: the guard's next revision, which says this.
pub async fn next_revision(
    tx: &mut Tx,
    guard: i64,
    says: &Definition,
    sentence: String,
    by: Option<i64>,
    now: Time,
) -> Result<()> {
    let sql = "UPDATE guards SET revision = revision + 1, modified = $1, sentence = $2 WHERE id = $3";
    tx.execute(sql, &vals![now, sentence, guard]).await?;
    let says = serde_json::to_string(says).map_err(Error::broken)?;
    let sql = "INSERT INTO guard_versions (guard_id, guard_uuid, revision, at, by_user, definition) \
               SELECT id, uuid, revision, $1, $2, $3 FROM guards WHERE id = $4";
    tx.execute(sql, &vals![now, by, says, guard]).await.map(|_| ())
}

/// Removes a guard. Its row stays for the record of what it denied.
pub async fn delete(tx: &mut Tx, guard: i64, now: Time) -> Result<()> {
    let sql = "UPDATE guards SET is_active = $1, deleted_at = $2 WHERE id = $3";
    tx.execute(sql, &vals![false, now, guard]).await.map(|_| ())
}

/// Every guard that denies something now, the oldest first.
pub async fn all(query: &mut dyn Query) -> Result<Guards> {
    let sql = "SELECT v.guard_uuid, v.definition FROM guards g JOIN guard_versions v ON v.guard_id = g.id \
               AND v.revision = g.revision WHERE g.deleted_at IS NULL AND g.is_active ORDER BY g.id";
    Ok(Guards::new(query.query(sql, &[]).await?.iter().map(read).collect::<Result<_>>()?))
}

/// Every guard as it was at an instant, the oldest first.
pub async fn all_at(query: &mut dyn Query, at: Time) -> Result<Guards> {
    let sql = "SELECT v.guard_uuid, v.definition FROM guard_versions v JOIN (SELECT w.guard_id, max(w.revision) AS revision \
               FROM guard_versions w WHERE w.at <= $1 GROUP BY w.guard_id) latest \
               ON latest.guard_id = v.guard_id AND latest.revision = v.revision ORDER BY v.guard_id";
    Ok(Guards::new(query.query(sql, &vals![at]).await?.iter().map(read).collect::<Result<_>>()?))
}

fn read(row: &Row) -> Result<Stored> {
    let says = serde_json::from_value(row.get(1)?).map_err(Error::broken)?;
    Ok(Stored::new(row.get(0)?, says))
}

/// What guards said before and after what a transaction did at an instant.
pub async fn changed(tx: &mut Tx, at: Time) -> Result<Vec<Definition>> {
    let sql = "SELECT w.guard_uuid, w.definition FROM guard_versions v JOIN guard_versions w ON w.guard_id = v.guard_id \
               AND w.revision IN (v.revision, v.revision - 1) WHERE v.at = $1";
    let rows = tx.query(sql, &vals![at]).await?;
    rows.iter().map(|row| read(row).map(|guard| guard.says)).collect()
}

/// Keys of the people whom a guard can concern: who hold roles in its organization, or are named; everybody with a role, or with the
/// power of staff, where it is the installation's.
pub async fn concerned(tx: &mut Tx, says: &Definition) -> Result<Vec<i64>> {
    let organization = match &says.scope {
        Some((kind, key)) if kind == "customer" => Some(*key),
        _ => says.customer,
    };
    let (which, mut values): (&str, Vec<Val>) = match organization {
        Some(customer) => ("g.customer_id = $1 AND ", vec![customer.into()]),
        None => ("", Vec::new()),
    };
    let mut sql =
        format!("SELECT DISTINCT g.user_id FROM grants g WHERE {which}g.revoked_at IS NULL AND g.user_id IS NOT NULL");
    if !says.roles.is_empty() {
        values.push(says.roles.clone().into());
        sql.push_str(&format!(" AND g.role_id = ANY(${})", values.len()));
    }
    if says.staff {
        sql.push_str(" UNION SELECT u.id FROM users u WHERE u.is_staff OR u.is_support");
    }
    let mut users: Vec<i64> = tx.query(&sql, &values).await?.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    if !says.users.is_empty() {
        users.retain(|user| says.users.contains(user));
    }
    Ok(users)
}

/// A role that somebody holds and that a guard keeps apart from another one.
#[derive(Debug)]
pub struct Clash {
    /// Name of the guard.
    pub guard: String,
    /// Name of the role that he holds.
    pub role: String,
    /// Name of what he holds it on.
    pub scope_name: String,
    /// Kind and key of that, and key of the organization that it belongs to.
    pub place: (String, i64, i64),
}

/// Whether guards keep a role that somebody is to get apart from one that he holds. The person is locked, so that two who give him
/// one of the two roles each don't miss each other.
pub async fn clash(
    tx: &mut Tx,
    user: i64,
    role: i64,
    (scope, scope_id, customer): (&str, i64, i64),
    now: Time,
) -> Result<Option<Clash>> {
    let sql = "SELECT v.guard_uuid, v.definition FROM guard_roles l JOIN guards g ON g.id = l.guard_id \
               JOIN guard_versions v ON v.guard_id = g.id AND v.revision = g.revision \
               WHERE l.role_id = $1 AND g.kind = 'apart' AND g.deleted_at IS NULL AND g.is_active ORDER BY g.id";
    let guards: Vec<Stored> = tx.query(sql, &vals![role]).await?.iter().map(read).collect::<Result<_>>()?;
    let guards = guards.iter().map(|guard| &guard.says).filter(|says| says.in_force(now));
    let guards: Vec<&Definition> = guards.filter(|says| is_under(says, scope, scope_id, customer)).collect();
    if guards.is_empty() {
        return Ok(None);
    }
    tx.one("SELECT id FROM users WHERE id = $1 FOR UPDATE", &vals![user]).await?;
    let sql = "SELECT g.role_id, g.scope, g.scope_id, g.customer_id, r.name, g.scope_name FROM grants g \
               JOIN roles r ON r.id = g.role_id WHERE g.user_id = $1 AND g.revoked_at IS NULL \
               AND (g.expires_at IS NULL OR g.expires_at > $2)";
    for row in tx.query(sql, &vals![user, now]).await? {
        let (held, kind, key, owner): (i64, String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        for says in &guards {
            let together = domain(&says.within, &kind, key, owner) == domain(&says.within, scope, scope_id, customer);
            if held != role && says.roles.contains(&held) && is_under(says, &kind, key, owner) && together {
                let (guard, role, scope_name) = (says.name.clone(), row.get(4)?, row.get(5)?);
                return Ok(Some(Clash { guard, role, scope_name, place: (kind, key, owner) }));
            }
        }
    }
    Ok(None)
}
