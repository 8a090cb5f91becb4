//! What questions about access read: people, grants and roles as of an instant.

use std::collections::BTreeMap;
use stoa_kernel::{Query, Result, Row, Time, Tx, Val, access::Stand, id::Uuid, vals};

/// A person as he is at present.
#[derive(Debug, Clone)]
pub struct Account {
    /// Key of his row.
    pub id: i64,
    /// His public identifier.
    pub uuid: Uuid,
    /// The name to sign in with.
    pub username: String,
    /// First and last name.
    pub full_name: String,
    /// The address to write to.
    pub email: String,
    /// Staff.
    pub staff: bool,
    /// A support agent.
    pub support: bool,
    /// Whether he can sign in.
    pub active: bool,
    /// Levels of assurance that his identity provider vouches for.
    pub assurance: Vec<String>,
    /// The number of the newest change of any guard.
    pub guards: i64,
}

/// Which people.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// Those with these keys.
    Keys(&'a [i64]),
    /// The one with this identifier.
    One(Uuid),
    /// Staff, and support agents, of the present.
    Crew,
}

/// People, by key.
pub async fn accounts(query: &mut dyn Query, who: Who<'_>) -> Result<Vec<Account>> {
    let (which, values) = match who {
        Who::Keys(ids) => ("id = ANY($1)", vals![ids.to_vec()].to_vec()),
        Who::One(uuid) => ("uuid = $1", vals![uuid].to_vec()),
        Who::Crew => ("(is_staff OR is_support)", Vec::new()),
    };
    let sql = format!(
        "SELECT id, uuid, username, first_name, last_name, email, is_staff, is_support, is_active, \
         eduperson_assurance, (SELECT s.revision FROM guard_state s) FROM users WHERE {which} ORDER BY id"
    );
    let read = |row: &Row| {
        Ok(Account {
            id: row.get(0)?,
            uuid: row.get(1)?,
            username: row.get(2)?,
            full_name: format!("{} {}", row.get::<String>(3)?, row.get::<String>(4)?).trim().to_owned(),
            email: row.get(5)?,
            staff: row.get(6)?,
            support: row.get(7)?,
            active: row.get(8)?,
            assurance: super::directory::texts(&row.get(9)?),
            guards: row.get(10)?,
        })
    };
    query.query(&sql, &values).await?.iter().map(read).collect()
}

/// What the record says of changes of these people after an instant, the latest first: key of the person and changed fields.
pub async fn changes_since(query: &mut dyn Query, users: &[i64], at: Time) -> Result<Vec<(i64, serde_json::Value)>> {
    let sql = "SELECT f.scope_id, e.changes FROM event_feeds f JOIN events e ON e.id = f.event_id \
               WHERE f.scope = 'user' AND f.scope_id = ANY($1) AND e.created > $2 AND e.thing = 'user' \
               AND e.thing_id = f.scope_id AND e.changes <> '[]' ORDER BY e.id DESC";
    let rows = query.query(sql, &vals![users.to_vec(), at]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// A grant as of an instant.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Key of the person.
    pub user_id: i64,
    /// Its public identifier.
    pub uuid: Uuid,
    /// Key of the role.
    pub role_id: i64,
    /// The revision of the role at that instant; none if there was none yet.
    pub revision: Option<i64>,
    /// Kind of the scope.
    pub scope: String,
    /// Key of the scope.
    pub scope_id: i64,
    /// Key of the organization that the scope belongs to.
    pub customer_id: i64,
    /// When it was first given.
    pub created: Time,
    /// When it ends by itself.
    pub until: Option<Time>,
    /// When the project was removed.
    pub removed_at: Option<Time>,
    /// The last day of the project.
    pub end: Option<stoa_kernel::Date>,
    /// Days after that day on which work goes on.
    pub grace: Option<i64>,
}

/// The grants of these people that were not revoked at an instant.
pub async fn grants_at(query: &mut dyn Query, users: &[i64], at: Time) -> Result<Vec<Grant>> {
    let sql = "SELECT g.user_id, g.uuid, g.role_id, \
               (SELECT max(v.revision) FROM role_versions v WHERE v.role_id = g.role_id AND v.at <= $1), \
               g.scope, g.scope_id, g.customer_id, g.expires_at, p.removed_at, p.end_date, \
               COALESCE(p.grace_period_days, c.grace_period_days), g.created \
               FROM grants g LEFT JOIN projects p ON g.scope = 'project' AND p.id = g.scope_id \
               LEFT JOIN customers c ON c.id = g.customer_id \
               WHERE g.user_id = ANY($2) AND g.valid_from <= $3 AND (g.revoked_at IS NULL OR g.revoked_at > $4) \
               ORDER BY g.id";
    let read = |row: &Row| {
        Ok(Grant {
            user_id: row.get(0)?,
            uuid: row.get(1)?,
            role_id: row.get(2)?,
            revision: row.get(3)?,
            scope: row.get(4)?,
            scope_id: row.get(5)?,
            customer_id: row.get(6)?,
            until: row.get(7)?,
            removed_at: row.get(8)?,
            end: row.get(9)?,
            grace: row.get(10)?,
            created: row.get(11)?,
        })
    };
    query.query(sql, &vals![at, users.to_vec(), at, at]).await?.iter().map(read).collect()
}

/// Keys of the people who held a role at any of these places at an instant; `within` an organization, on anything in it.
pub async fn holders_at(query: &mut dyn Query, places: &[Stand], within: bool, at: Time) -> Result<Vec<i64>> {
    let mut kinds: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for stand in places {
        kinds.entry(stand.scope).or_default().push(stand.id);
    }
    let mut users = Vec::new();
    for (scope, ids) in kinds {
        let here = match scope {
            "customer" if within => "g.customer_id = ANY($1) AND $2 <> ''",
            _ => "g.scope_id = ANY($1) AND g.scope = $2",
        };
        let sql = format!(
            "SELECT DISTINCT g.user_id FROM grants g WHERE {here} AND g.valid_from <= $3 \
             AND (g.revoked_at IS NULL OR g.revoked_at > $4) AND g.user_id IS NOT NULL"
        );
        for row in query.query(&sql, &vals![settled(ids), scope, at, at]).await? {
            users.push(row.get(0)?);
        }
    }
    Ok(settled(users))
}

/// Whether a person holds or held a role, or is or was eligible for one, at any of these places: at an organization, on anything in it.
pub async fn is_among(query: &mut dyn Query, user: i64, places: &[Stand]) -> Result<bool> {
    let mut kinds: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for stand in places {
        kinds.entry(stand.scope).or_default().push(stand.id);
    }
    for (scope, ids) in kinds {
        let here = match scope {
            "customer" => "customer_id = ANY($2) AND $3 <> ''",
            _ => "scope_id = ANY($2) AND scope = $3",
        };
        let sql = format!(
            "SELECT 1 FROM grants WHERE user_id = $1 AND {here} \
             UNION ALL SELECT 1 FROM eligibilities WHERE user_id = $1 AND {here} LIMIT 1"
        );
        if !query.query(&sql, &vals![user, settled(ids), scope]).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Keys of the people whom what a transaction did at an instant can have touched: whose grants began or ended, and who hold roles
/// that have a new revision.
pub async fn touched(tx: &mut Tx, at: Time) -> Result<Vec<i64>> {
    // A grant whose end was changed is a row that was closed and one that was opened, of one person.
    let sql = "SELECT user_id FROM grants WHERE created = $1 AND revoked_at IS NULL AND user_id IS NOT NULL \
               UNION SELECT user_id FROM grants WHERE revoked_at = $1 AND user_id IS NOT NULL \
               UNION SELECT g.user_id FROM grants g WHERE g.revoked_at IS NULL AND g.user_id IS NOT NULL \
               AND g.role_id IN (SELECT v.role_id FROM role_versions v WHERE v.at = $1)";
    let rows = tx.query(sql, &vals![at]).await?;
    rows.iter().map(|row| row.get(0)).collect::<Result<Vec<i64>>>().map(settled)
}

/// Which of these organizations have nobody who can sign in and holds a role of this name: identifier and name of each.
pub async fn without(tx: &mut Tx, customers: Vec<i64>, role: &str, now: Time) -> Result<Vec<(Uuid, String)>> {
    let sql = "SELECT c.uuid, c.name FROM customers c WHERE c.id = ANY($1) AND c.id NOT IN (SELECT g.scope_id FROM grants g \
               JOIN users u ON u.id = g.user_id JOIN roles r ON r.id = g.role_id WHERE g.scope = 'customer' AND r.name = $2 \
               AND r.is_active AND u.is_active AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $3)) \
               ORDER BY c.name LIMIT 100";
    let rows = tx.query(sql, &vals![customers, role, now]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Projects, whether anybody holds a role on them or not.
pub async fn projects(query: &mut dyn Query, ids: &[i64]) -> Result<Vec<Named>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT 'project', p.id, p.uuid, p.name, p.customer_id, c.name FROM projects p \
               JOIN customers c ON c.id = p.customer_id WHERE p.id = ANY($1)";
    query.query(sql, &vals![ids.to_vec()]).await?.iter().map(read_named).collect()
}

fn settled(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// A scope as people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its kind.
    pub scope: String,
    /// Key of its row.
    pub id: i64,
    /// Its public identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// Key of the organization that it belongs to.
    pub customer_id: i64,
    /// Name of that organization.
    pub customer_name: String,
}

/// The scopes of one kind with these keys, as the grants on them name them.
pub async fn named(query: &mut dyn Query, scope: &str, ids: &[i64]) -> Result<Vec<Named>> {
    let sql = "SELECT g.scope, g.scope_id, g.scope_uuid, g.scope_name, g.customer_id, COALESCE(c.name, '') FROM grants g \
               LEFT JOIN customers c ON c.id = g.customer_id WHERE g.id IN (SELECT max(n.id) FROM grants n \
               WHERE n.scope = $1 AND n.scope_id = ANY($2) GROUP BY n.scope_id)";
    query.query(sql, &vals![scope, ids.to_vec()]).await?.iter().map(read_named).collect()
}

fn read_named(row: &Row) -> Result<Named> {
    Ok(Named {
        scope: row.get(0)?,
        id: row.get(1)?,
        uuid: row.get(2)?,
        name: row.get(3)?,
        customer_id: row.get(4)?,
        customer_name: row.get(5)?,
    })
}

/// Something that happened to access: one line of a timeline.
#[derive(Debug, Clone)]
pub struct Moment {
    /// When.
    pub at: Time,
    /// What: `granted`, `end_changed`, `revoked`, `expired`, `role_changed`, `eligible`, `eligibility_changed` or
    /// `eligibility_revoked`.
    pub what: String,
    /// The grant, or the eligibility.
    pub grant: Uuid,
    /// Whose.
    pub user: (Uuid, String, String),
    /// The role: identifier and name.
    pub role: (Uuid, String),
    /// Where: kind, identifier, name; empty for a change of a role.
    pub scope: (String, Uuid, String),
    /// Who did it: name to sign in with; empty for the program.
    pub by: String,
    /// When it was to end by itself.
    pub until: Option<Time>,
    /// Why it ended; or where it came from, for one that a rule made.
    pub why: String,
}

/// Of whom, or of what, a timeline is.
#[derive(Debug, Clone)]
pub enum Of {
    /// A person.
    User(i64),
    /// A scope: its kind and key.
    Scope(String, i64),
}

/// What happened to access between two instants, the latest first. Changes of roles are told for roles that were held there then.
pub async fn moments(
    query: &mut dyn Query,
    of: &Of,
    (from, until): (Time, Time),
    (offset, limit): (i64, i64),
) -> Result<Vec<Moment>> {
    let (of, mut values): (&str, Vec<Val>) = match of {
        Of::User(id) => ("g.user_id = $1 AND $2 = ''", vec![Val::Int(*id), Val::from("")]),
        Of::Scope(scope, id) => ("g.scope_id = $1 AND g.scope = $2", vec![Val::Int(*id), Val::from(scope.as_str())]),
    };
    let about = "g.uuid, u.uuid, u.username, TRIM(u.first_name || ' ' || u.last_name), r.uuid, r.name, g.scope, g.scope_uuid, \
                 g.scope_name";
    let tables = "FROM grants g JOIN users u ON u.id = g.user_id JOIN roles r ON r.id = g.role_id";
    let eligibilities = "FROM eligibilities g JOIN users u ON u.id = g.user_id JOIN roles r ON r.id = g.role_id";
    let sql = format!(
        "SELECT g.valid_from, CASE WHEN g.created = g.valid_from THEN 'granted' ELSE 'end_changed' END, {about}, \
         COALESCE(b.username, ''), g.expires_at, g.source, g.id {tables} LEFT JOIN users b ON b.id = g.granted_by \
         WHERE {of} AND g.valid_from >= $3 AND g.valid_from <= $4 \
         UNION ALL SELECT g.revoked_at, 'revoked', {about}, \
         COALESCE(b.username, ''), g.expires_at, g.revoke_reason, g.id {tables} LEFT JOIN users b ON b.id = g.revoked_by \
         WHERE {of} AND g.revoked_at >= $3 AND g.revoked_at <= $4 AND g.revoke_reason <> $5 \
         AND (g.expires_at IS NULL OR g.expires_at > g.revoked_at) \
         UNION ALL SELECT g.expires_at, 'expired', {about}, '', g.expires_at, '', g.id {tables} \
         WHERE {of} AND g.expires_at >= $3 AND g.expires_at <= $4 AND (g.revoked_at IS NULL OR g.revoked_at >= g.expires_at) \
         UNION ALL SELECT v.at, 'role_changed', {about}, COALESCE(b.username, ''), g.expires_at, \
         CASE WHEN v.is_active THEN '' ELSE 'disabled' END, g.id {tables} \
         JOIN role_versions v ON v.role_id = g.role_id AND v.revision > 1 AND v.at >= g.valid_from \
         AND (g.revoked_at IS NULL OR v.at < g.revoked_at) LEFT JOIN users b ON b.id = v.by_user \
         WHERE {of} AND v.at >= $3 AND v.at <= $4 \
         UNION ALL SELECT g.valid_from, CASE WHEN g.created = g.valid_from THEN 'eligible' ELSE 'eligibility_changed' END, \
         {about}, COALESCE(b.username, ''), g.expires_at, '', g.id {eligibilities} \
         LEFT JOIN users b ON b.id = g.granted_by WHERE {of} AND g.valid_from >= $3 AND g.valid_from <= $4 \
         UNION ALL SELECT g.revoked_at, 'eligibility_revoked', {about}, \
         COALESCE(b.username, ''), g.expires_at, g.revoke_reason, g.id {eligibilities} \
         LEFT JOIN users b ON b.id = g.revoked_by \
         WHERE {of} AND g.revoked_at >= $3 AND g.revoked_at <= $4 AND NOT g.superseded \
         ORDER BY 1 DESC, 15 DESC, 2 DESC LIMIT $6 OFFSET $7"
    );
    values.extend(vals![from, until, crate::grant::store::SUPERSEDED, limit, offset].to_vec());
    let read = |row: &Row| {
        Ok(Moment {
            at: row.get(0)?,
            what: row.get(1)?,
            grant: row.get(2)?,
            user: (row.get(3)?, row.get(4)?, row.get(5)?),
            role: (row.get(6)?, row.get(7)?),
            scope: (row.get(8)?, row.get(9)?, row.get(10)?),
            by: row.get(11)?,
            until: row.get(12)?,
            why: row.get(13)?,
        })
    };
    query.query(&sql, &values).await?.iter().map(read).collect()
}
