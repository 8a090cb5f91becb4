//! The SQL of grants; nobody else writes them.

use super::rules::{Restriction, Traits, texts};
use std::collections::BTreeMap;
use stoa_kernel::{
    Error, Query, Result, Row, Time, Tx,
    access::{Scope, Stand},
    id::{self, Uuid},
    vals,
};

/// The key of which at most one grant is open.
pub const KEY: &str = "grants.user_id,role_id,scope,scope_id";

/// Why the earlier row of a grant whose end was changed is closed. Such a row is not a grant that ended.
pub const SUPERSEDED: &str = "expiry changed";

/// Why a grant whose time is over is closed.
pub const EXPIRED: &str = "Automatic expiration cleanup task";

/// A grant to make.
#[derive(Debug, Clone)]
pub struct NewGrant<'a> {
    /// Its public identifier.
    pub uuid: Uuid,
    /// Who gets the role.
    pub user_id: i64,
    /// The role.
    pub role_id: i64,
    /// The kind of scope.
    pub scope: &'a str,
    /// Key of the scope's row.
    pub scope_id: i64,
    /// Public identifier of the scope.
    pub scope_uuid: Uuid,
    /// Name of the scope.
    pub scope_name: &'a str,
    /// The organization that the scope belongs to; itself where it is one.
    pub customer_id: i64,
    /// Who gives it; `None` for the program.
    pub by: Option<i64>,
    /// When it ends by itself.
    pub until: Option<Time>,
    /// The rule or synchronization that made it; empty for a person.
    pub source: &'a str,
    /// The present.
    pub now: Time,
}

/// Opens a grant. One of the same key whose time is over is closed first.
///
/// # Errors
/// A duplicate of [`KEY`] if such a grant is open.
pub async fn grant(tx: &mut Tx, new: NewGrant<'_>) -> Result<Uuid> {
    let sql = "UPDATE grants SET revoked_at = $1, revoke_reason = $2 WHERE user_id = $3 AND role_id = $4 AND scope = $5 \
               AND scope_id = $6 AND revoked_at IS NULL AND expires_at <= $7";
    tx.execute(sql, &vals![new.now, EXPIRED, new.user_id, new.role_id, new.scope, new.scope_id, new.now]).await?;
    let sql = "INSERT INTO grants (uuid, user_id, role_id, scope, scope_id, scope_uuid, scope_name, customer_id, created, \
               valid_from, granted_by, source, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
               ON CONFLICT DO NOTHING";
    let values = vals![
        new.uuid,
        new.user_id,
        new.role_id,
        new.scope,
        new.scope_id,
        new.scope_uuid,
        new.scope_name,
        new.customer_id,
        new.now,
        new.now,
        new.by,
        new.source,
        new.until
    ];
    match tx.execute(sql, &values).await? {
        0 => Err(Error::Duplicate(KEY.into())),
        _ => Ok(new.uuid),
    }
}

/// An open grant.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// Key of its row.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// When it ends by itself.
    pub until: Option<Time>,
    /// The rule or synchronization that made it; empty for a person.
    pub source: String,
}

fn read_open(row: &Row) -> Result<Open> {
    Ok(Open { id: row.get(0)?, uuid: row.get(1)?, until: row.get(2)?, source: row.get(3)? })
}

/// The open grant of a person, a role and a scope, if its time is not over; locked.
pub async fn open(
    tx: &mut Tx,
    user_id: i64,
    role_id: i64,
    scope: &str,
    scope_id: i64,
    now: Time,
) -> Result<Option<Open>> {
    let sql = "SELECT id, uuid, expires_at, source FROM grants WHERE user_id = $1 AND role_id = $2 AND scope = $3 \
               AND scope_id = $4 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $5) FOR UPDATE";
    let row = tx.one(sql, &vals![user_id, role_id, scope, scope_id, now]).await?;
    row.map(|row| read_open(&row)).transpose()
}

/// The open row of the grant with this identifier, if its time is not over; not locked.
pub async fn open_row(tx: &mut Tx, uuid: Uuid, now: Time) -> Result<Option<Open>> {
    let sql = "SELECT id, uuid, expires_at, source FROM grants WHERE uuid = $1 AND revoked_at IS NULL \
               AND (expires_at IS NULL OR expires_at > $2)";
    let row = tx.one(sql, &vals![uuid, now]).await?;
    row.map(|row| read_open(&row)).transpose()
}

/// The row of the grant with this identifier that nobody has revoked, whether or not its time is over; locked.
pub async fn unrevoked(tx: &mut Tx, uuid: Uuid) -> Result<Option<Open>> {
    let sql = "SELECT id, uuid, expires_at, source FROM grants WHERE uuid = $1 AND revoked_at IS NULL FOR UPDATE";
    tx.one(sql, &vals![uuid]).await?.map(|row| read_open(&row)).transpose()
}

/// Whether the grant with this identifier was closed because its time was over.
pub async fn has_expired(tx: &mut Tx, uuid: Uuid) -> Result<bool> {
    let sql = "SELECT revoke_reason FROM grants WHERE uuid = $1 ORDER BY id DESC LIMIT 1";
    let reason = tx.one(sql, &vals![uuid]).await?.map(|row| row.get::<String>(0)).transpose()?;
    Ok(reason.is_some_and(|reason| reason == EXPIRED))
}

/// Closes an open grant. Says whether it was open.
pub async fn revoke(tx: &mut Tx, id: i64, by: Option<i64>, reason: &str, now: Time) -> Result<bool> {
    let sql =
        "UPDATE grants SET revoked_at = $1, revoked_by = $2, revoke_reason = $3 WHERE id = $4 AND revoked_at IS NULL";
    Ok(tx.execute(sql, &vals![now, by, reason, id]).await? == 1)
}

/// Changes when an open grant ends: closes its row and opens another with the same identifier. Says whether it was open.
pub async fn set_end(tx: &mut Tx, id: i64, until: Option<Time>, by: Option<i64>, now: Time) -> Result<bool> {
    if !revoke(tx, id, by, SUPERSEDED, now).await? {
        return Ok(false);
    }
    let sql = "INSERT INTO grants (uuid, user_id, account_id, role_id, scope, scope_id, scope_uuid, scope_name, \
               customer_id, created, valid_from, granted_by, source, expires_at) \
               SELECT uuid, user_id, account_id, role_id, scope, scope_id, scope_uuid, scope_name, customer_id, created, \
               $1::timestamptz, granted_by, source, $2::timestamptz FROM grants WHERE id = $3";
    tx.execute(sql, &vals![now, until, id]).await.map(|_| true)
}

/// A grant that was closed.
pub type Revoked = Recorded;

/// A grant as the record tells it.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// The grant.
    pub uuid: Uuid,
    /// Key of the person.
    pub user_id: i64,
    /// The person.
    pub user_uuid: Uuid,
    /// His name to sign in with.
    pub username: String,
    /// His first and last name.
    pub full_name: String,
    /// The role.
    pub role_id: i64,
    /// Its name.
    pub role_name: String,
    /// Its identifier.
    pub role_uuid: Uuid,
    /// The kind of scope.
    pub scope: String,
    /// Key of the scope.
    pub scope_id: i64,
    /// Identifier of the scope.
    pub scope_uuid: Uuid,
    /// Name of the scope.
    pub scope_name: String,
    /// Key of the organization.
    pub customer_id: i64,
    /// When it would have ended by itself.
    pub until: Option<Time>,
}

/// Key of the grant's row, then what [`read_recorded`] reads.
const RECORDED: &str = "SELECT g.id, g.uuid, g.user_id, u.uuid, u.username, TRIM(u.first_name || ' ' || u.last_name), g.role_id, \
     r.name, r.uuid, g.scope, g.scope_id, g.scope_uuid, g.scope_name, g.customer_id, g.expires_at \
     FROM grants g JOIN users u ON u.id = g.user_id JOIN roles r ON r.id = g.role_id";

fn read_recorded(row: &Row) -> Result<Recorded> {
    Ok(Recorded {
        uuid: row.get(1)?,
        user_id: row.get(2)?,
        user_uuid: row.get(3)?,
        username: row.get(4)?,
        full_name: row.get(5)?,
        role_id: row.get(6)?,
        role_name: row.get(7)?,
        role_uuid: row.get(8)?,
        scope: row.get(9)?,
        scope_id: row.get(10)?,
        scope_uuid: row.get(11)?,
        scope_name: row.get(12)?,
        customer_id: row.get(13)?,
        until: row.get(14)?,
    })
}

/// Closes every open grant at a scope, such as a project that is removed.
pub async fn revoke_all(
    tx: &mut Tx,
    scope: &str,
    scope_id: i64,
    by: Option<i64>,
    reason: &str,
    now: Time,
) -> Result<Vec<Revoked>> {
    let sql = format!(
        "{RECORDED} WHERE g.scope = $1 AND g.scope_id = $2 AND g.revoked_at IS NULL ORDER BY g.id FOR UPDATE OF g"
    );
    let rows = tx.query(&sql, &vals![scope, scope_id]).await?;
    close(tx, &rows, by, reason, now).await
}

/// Closes the open grants of a role, in an organization or on one scope, of which this says that they end.
pub async fn revoke_role(
    tx: &mut Tx,
    role: i64,
    (scope, key): (&str, i64),
    ends: impl Fn(&Recorded) -> bool + Send,
    by: Option<i64>,
    reason: &str,
    now: Time,
) -> Result<Vec<Revoked>> {
    let here = match scope {
        "customer" => "g.customer_id = $2 AND $3 <> ''",
        _ => "g.scope_id = $2 AND g.scope = $3",
    };
    let sql =
        format!("{RECORDED} WHERE g.role_id = $1 AND {here} AND g.revoked_at IS NULL ORDER BY g.id FOR UPDATE OF g");
    let mut over = Vec::new();
    for row in tx.query(&sql, &vals![role, key, scope]).await? {
        if ends(&read_recorded(&row)?) {
            over.push(row);
        }
    }
    close(tx, &over, by, reason, now).await
}

/// Keys of the roles that are held on a scope.
pub async fn roles_at(tx: &mut Tx, scope: &str, scope_id: i64) -> Result<Vec<i64>> {
    let sql = "SELECT DISTINCT role_id FROM grants WHERE scope = $1 AND scope_id = $2 AND revoked_at IS NULL";
    tx.query(sql, &vals![scope, scope_id]).await?.iter().map(|row| row.get(0)).collect()
}

/// Closes grants whose time is over, the longest over first, at most this many.
pub async fn revoke_expired(tx: &mut Tx, most: i64, now: Time) -> Result<Vec<Revoked>> {
    let sql = format!(
        "{RECORDED} WHERE g.revoked_at IS NULL AND g.expires_at <= $1 ORDER BY g.expires_at, g.id LIMIT $2 \
         FOR UPDATE OF g SKIP LOCKED"
    );
    let rows = tx.query(&sql, &vals![now, most]).await?;
    close(tx, &rows, None, EXPIRED, now).await
}

async fn close(tx: &mut Tx, rows: &[Row], by: Option<i64>, reason: &str, now: Time) -> Result<Vec<Revoked>> {
    let ids = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<i64>>>()?;
    let sql = "UPDATE grants SET revoked_at = $1, revoked_by = $2, revoke_reason = $3 \
               WHERE id = ANY($4) AND revoked_at IS NULL";
    tx.execute(sql, &vals![now, by, reason, ids]).await?;
    rows.iter().map(read_recorded).collect()
}

/// Notes that a scope has another name now.
pub async fn renamed(tx: &mut Tx, scope: &str, scope_id: i64, name: &str) -> Result<()> {
    let sql = "UPDATE grants SET scope_name = $1 WHERE scope = $2 AND scope_id = $3";
    tx.execute(sql, &vals![name, scope, scope_id]).await.map(|_| ())
}

/// Notes that a scope belongs to another organization now.
pub async fn moved(tx: &mut Tx, scope: &str, scope_id: i64, customer_id: i64) -> Result<()> {
    let sql = "UPDATE grants SET customer_id = $1 WHERE scope = $2 AND scope_id = $3";
    tx.execute(sql, &vals![customer_id, scope, scope_id]).await.map(|_| ())
}

/// A grant, closed or open.
pub async fn recorded(tx: &mut Tx, id: i64) -> Result<Recorded> {
    let sql = format!("{RECORDED} WHERE g.id = $1");
    let row = tx.one(&sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    read_recorded(&row)
}

/// When a grant was given first, whatever its end was since.
pub async fn created(tx: &mut Tx, id: i64) -> Result<Time> {
    tx.one("SELECT created FROM grants WHERE id = $1", &vals![id]).await?.ok_or(Error::NotFound)?.get(0)
}

/// Whether a grant is closed.
pub async fn is_closed(tx: &mut Tx, id: i64) -> Result<bool> {
    let row = tx.one("SELECT revoked_at FROM grants WHERE id = $1 FOR UPDATE", &vals![id]).await?;
    Ok(row.ok_or(Error::NotFound)?.get::<Option<Time>>(0)?.is_some())
}

/// Somebody who is to get, keep or lose a role.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Key.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// Name to sign in with.
    pub username: String,
    /// First and last name.
    pub full_name: String,
    /// Whether he can sign in.
    pub is_active: bool,
    /// What he is known by.
    pub traits: Traits,
}

impl Person {
    /// What people call him.
    pub fn name(&self) -> &str {
        if self.full_name.is_empty() { &self.username } else { &self.full_name }
    }
}

const PERSON: &str = "SELECT id, uuid, username, TRIM(first_name || ' ' || last_name), is_active, email, affiliations, \
     identity_source FROM users";

fn read_person(row: &Row) -> Result<Person> {
    let traits = Traits { email: row.get(5)?, affiliations: texts(&row.get(6)?), identity_source: row.get(7)? };
    Ok(Person {
        id: row.get(0)?,
        uuid: row.get(1)?,
        username: row.get(2)?,
        full_name: row.get(3)?,
        is_active: row.get(4)?,
        traits,
    })
}

/// The person with this identifier.
pub async fn person(query: &mut dyn Query, uuid: Uuid) -> Result<Option<Person>> {
    let rows = query.query(&format!("{PERSON} WHERE uuid = $1"), &vals![uuid]).await?;
    rows.first().map(read_person).transpose()
}

/// The person with this key.
pub async fn person_by_id(query: &mut dyn Query, id: i64) -> Result<Option<Person>> {
    let rows = query.query(&format!("{PERSON} WHERE id = $1"), &vals![id]).await?;
    rows.first().map(read_person).transpose()
}

/// The person with this name to sign in with, or this identifier.
pub async fn person_named(query: &mut dyn Query, name: &str) -> Result<Option<Person>> {
    let rows = query.query(&format!("{PERSON} WHERE username = $1"), &vals![name]).await?;
    match (rows.first(), id::parse(name)) {
        (Some(row), _) => read_person(row).map(Some),
        (None, Some(uuid)) => person(query, uuid).await,
        (None, None) => Ok(None),
    }
}

/// Identifiers and names of the scopes of grants, by identifier of the grant.
pub async fn scopes_of_grants(query: &mut dyn Query, grants: Vec<Uuid>) -> Result<BTreeMap<Uuid, (Uuid, String)>> {
    let sql = "SELECT uuid, scope_uuid, scope_name FROM grants WHERE uuid = ANY($1)";
    let read = |row: &Row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)));
    query.query(sql, &vals![grants]).await?.iter().map(read).collect()
}

/// What an organization says about its people.
#[derive(Debug, Clone, Default)]
pub struct Organization {
    /// Identifier.
    pub uuid: Uuid,
    /// Name.
    pub name: String,
    /// It is blocked or archived.
    pub closed: bool,
    /// Whom it lets in.
    pub restriction: Restriction,
}

/// The organization with this key.
pub async fn organization(tx: &mut Tx, id: i64) -> Result<Organization> {
    let sql = "SELECT uuid, name, blocked OR archived, user_email_patterns, user_affiliations, user_identity_sources \
               FROM customers WHERE id = $1";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(Organization {
        uuid: row.get(0)?,
        name: row.get(1)?,
        closed: row.get(2)?,
        restriction: Restriction::read(&row.get(3)?, &row.get(4)?, &row.get(5)?),
    })
}

/// What a project says about its people.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// It is removed.
    pub removed: bool,
    /// Whether its managers add only people whom the organization knows; `None` leaves it to the installation.
    pub preapproved_only: Option<bool>,
    /// Whom it lets in.
    pub restriction: Restriction,
}

/// The project with this key, locked so that it is not removed, and gets no second manager, meanwhile.
pub async fn project(tx: &mut Tx, id: i64) -> Result<Project> {
    let sql = "SELECT is_removed, preapproved_only, user_email_patterns, user_affiliations, user_identity_sources \
               FROM projects WHERE id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(Project {
        removed: row.get(0)?,
        preapproved_only: row.get(1)?,
        restriction: Restriction::read(&row.get(2)?, &row.get(3)?, &row.get(4)?),
    })
}

/// Whether somebody holds a role in an organization or in one of its projects.
pub async fn is_known(tx: &mut Tx, user_id: i64, customer_id: i64, now: Time) -> Result<bool> {
    let sql = "SELECT 1 FROM grants g JOIN roles r ON r.id = g.role_id WHERE g.user_id = $1 AND g.customer_id = $2 \
               AND g.scope IN ('customer', 'project') AND g.revoked_at IS NULL \
               AND (g.expires_at IS NULL OR g.expires_at > $3) AND r.is_active LIMIT 1";
    Ok(tx.one(sql, &vals![user_id, customer_id, now]).await?.is_some())
}

/// Whether somebody who holds a role in an organization or in one of its projects has this address, in any case.
pub async fn is_known_address(tx: &mut Tx, email: &str, customer_id: i64, now: Time) -> Result<bool> {
    let sql = "SELECT 1 FROM grants g JOIN roles r ON r.id = g.role_id JOIN users u ON u.id = g.user_id \
               WHERE FOLD(u.email) = FOLD($1) AND g.customer_id = $2 AND g.scope IN ('customer', 'project') \
               AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $3) AND r.is_active LIMIT 1";
    Ok(tx.one(sql, &vals![email, customer_id, now]).await?.is_some())
}

/// Whether a project has a manager who can sign in, other than this person.
pub async fn has_manager(tx: &mut Tx, project_id: i64, role_id: i64, except: i64, now: Time) -> Result<bool> {
    let sql = "SELECT 1 FROM grants g JOIN users u ON u.id = g.user_id WHERE g.scope = 'project' AND g.scope_id = $1 \
               AND g.role_id = $2 AND g.user_id <> $3 AND g.revoked_at IS NULL \
               AND (g.expires_at IS NULL OR g.expires_at > $4) AND u.is_active LIMIT 1";
    Ok(tx.one(sql, &vals![project_id, role_id, except, now]).await?.is_some())
}

/// Somebody who holds something at a scope or above it: for finding who could grant what.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Key of the person.
    pub user_id: i64,
    /// What people call him.
    pub name: String,
    /// The role.
    pub role_id: i64,
}

/// Those who hold open grants at scopes, by kind and key of the scope: of each the first five hundred.
pub async fn holders(
    query: &mut dyn Query,
    stands: &[Stand],
    now: Time,
) -> Result<BTreeMap<(Scope, i64), Vec<Holder>>> {
    let mut all = BTreeMap::new();
    let mut values = vals![now].to_vec();
    let mut arms = Vec::new();
    for stand in stands {
        if all.insert((stand.scope, stand.id), Vec::new()).is_some() {
            continue;
        }
        values.extend(vals![stand.scope, stand.id]);
        let (scope, id) = (values.len() - 1, values.len());
        arms.push(format!(
            "SELECT * FROM (SELECT g.scope, g.scope_id, u.id, TRIM(u.first_name || ' ' || u.last_name), u.username, g.role_id \
             FROM grants g JOIN users u ON u.id = g.user_id WHERE g.scope = ${scope} AND g.scope_id = ${id} \
             AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $1) AND u.is_active \
             ORDER BY u.username LIMIT 500) AS at{id}"
        ));
    }
    if arms.is_empty() {
        return Ok(all);
    }
    for row in query.query(&arms.join(" UNION ALL "), &values).await? {
        let (scope, id): (String, i64) = (row.get(0)?, row.get(1)?);
        let (full, username): (String, String) = (row.get(3)?, row.get(4)?);
        let name = if full.is_empty() { username } else { full };
        let place = all.iter_mut().find(|((kind, key), _)| *kind == scope && *key == id);
        if let Some((_, holders)) = place {
            holders.push(Holder { user_id: row.get(2)?, name, role_id: row.get(5)? });
        }
    }
    Ok(all)
}

/// Whether somebody holds roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// He never did.
    Never,
    /// He did once.
    NoMore,
    /// He does.
    Some,
}

/// Those among these grants that are or were activations of a role for some hours.
pub async fn activated(tx: &mut Tx, grants: Vec<Uuid>) -> Result<Vec<Uuid>> {
    let sql = "SELECT DISTINCT uuid FROM grants WHERE uuid = ANY($1) AND source LIKE 'eligibility:%'";
    tx.query(sql, &vals![grants]).await?.iter().map(|row| row.get(0)).collect()
}

/// Whether a person holds an open grant whose time is not over, or ever held one.
pub async fn holds_any(tx: &mut Tx, user_id: i64, now: Time) -> Result<Holds> {
    let sql = "SELECT revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1) AS open FROM grants \
               WHERE user_id = $2 ORDER BY open DESC LIMIT 1";
    let row = tx.one(sql, &vals![now, user_id]).await?;
    let open = match row.map(|row| row.get::<bool>(0)).transpose()? {
        None => return Ok(Holds::Never),
        Some(open) => open,
    };
    // Who may activate a role has to sign in for it.
    let sql = "SELECT 1 FROM eligibilities WHERE user_id = $1 AND revoked_at IS NULL \
               AND (expires_at IS NULL OR expires_at > $2) LIMIT 1";
    let some = open || tx.one(sql, &vals![user_id, now]).await?.is_some();
    Ok(if some { Holds::Some } else { Holds::NoMore })
}

/// Closes every open grant of a person.
pub async fn revoke_person(
    tx: &mut Tx,
    user_id: i64,
    by: Option<i64>,
    reason: &str,
    now: Time,
) -> Result<Vec<Revoked>> {
    let rows = of_person(tx, user_id).await?;
    close(tx, &rows, by, reason, now).await
}

/// The open grants of a person, whether or not their time is over; locked.
pub async fn held_by(tx: &mut Tx, user_id: i64) -> Result<Vec<Recorded>> {
    of_person(tx, user_id).await?.iter().map(read_recorded).collect()
}

async fn of_person(tx: &mut Tx, user_id: i64) -> Result<Vec<Row>> {
    let sql = format!("{RECORDED} WHERE g.user_id = $1 AND g.revoked_at IS NULL ORDER BY g.id FOR UPDATE OF g");
    tx.query(&sql, &vals![user_id]).await
}

/// Whether this is the role of the last owner who can sign in of an organization with running projects: no other one stays an owner
/// as long as he, for good and not for some hours. The organization is locked, so that two of its owners can't be found not to be
/// the last one at once.
pub async fn is_last_owner(tx: &mut Tx, grant: &Recorded) -> Result<bool> {
    if grant.scope != "customer" || grant.role_name != "CUSTOMER.OWNER" {
        return Ok(false);
    }
    tx.one("SELECT id FROM customers WHERE id = $1 FOR UPDATE", &vals![grant.scope_id]).await?;
    let sql = "SELECT 1 FROM projects WHERE customer_id = $1 AND NOT is_removed LIMIT 1";
    if tx.one(sql, &vals![grant.scope_id]).await?.is_none() {
        return Ok(false);
    }
    let mut values = vals![grant.scope_id, grant.role_id, grant.user_id].to_vec();
    let lasts = match grant.until {
        None => "g.expires_at IS NULL",
        Some(until) => {
            values.push(until.into());
            "(g.expires_at IS NULL OR g.expires_at >= $4)"
        }
    };
    let sql = format!(
        "SELECT 1 FROM grants g JOIN users u ON u.id = g.user_id WHERE g.scope = 'customer' AND g.scope_id = $1 \
         AND g.role_id = $2 AND g.user_id <> $3 AND g.revoked_at IS NULL AND {lasts} \
         AND g.source NOT LIKE 'eligibility:%' AND u.is_active LIMIT 1"
    );
    Ok(tx.one(&sql, &values).await?.is_none())
}

/// Names of the organizations with running projects of which a person is the last owner who can sign in.
pub async fn owned_alone(tx: &mut Tx, user_id: i64, now: Time) -> Result<Vec<String>> {
    let sql = "SELECT c.name FROM customers c WHERE c.id IN (SELECT g.scope_id FROM grants g JOIN roles r ON r.id = g.role_id \
               WHERE g.user_id = $1 AND g.scope = 'customer' AND r.name = 'CUSTOMER.OWNER' AND g.revoked_at IS NULL \
               AND (g.expires_at IS NULL OR g.expires_at > $2)) \
               AND c.id IN (SELECT p.customer_id FROM projects p WHERE NOT p.is_removed) \
               AND c.id NOT IN (SELECT g.scope_id FROM grants g JOIN roles r ON r.id = g.role_id \
               JOIN users u ON u.id = g.user_id WHERE g.scope = 'customer' AND r.name = 'CUSTOMER.OWNER' \
               AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $3) AND u.is_active \
               AND u.id <> $4) ORDER BY c.name, c.id";
    tx.query(sql, &vals![user_id, now, now, user_id]).await?.iter().map(|row| row.get(0)).collect()
}

/// What a person holds and held, oldest first: role, kind, name and identifier of the scope, since, until, revoked at, why.
pub async fn history_of(query: &mut dyn Query, user_id: i64, most: i64) -> Result<Vec<Row>> {
    let sql = "SELECT r.name, g.scope, g.scope_name, g.scope_uuid, g.valid_from, g.expires_at, g.revoked_at, \
               g.revoke_reason FROM grants g JOIN roles r ON r.id = g.role_id WHERE g.user_id = $1 ORDER BY g.id LIMIT $2";
    query.query(sql, &vals![user_id, most]).await
}

/// Keys of the people who can sign in and hold a role on a project.
pub async fn holders_of(tx: &mut Tx, project_id: i64, role_id: i64, now: Time) -> Result<Vec<i64>> {
    let sql = "SELECT u.id FROM grants g JOIN users u ON u.id = g.user_id WHERE g.scope = 'project' AND g.scope_id = $1 \
               AND g.role_id = $2 AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $3) AND u.is_active";
    tx.query(sql, &vals![project_id, role_id, now]).await?.iter().map(|row| row.get(0)).collect()
}
