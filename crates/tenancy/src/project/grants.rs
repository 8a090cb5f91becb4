//! Grants at a project or organization that ends, until `grant/` is here.
//!
//! SWITCH: replace by `crate::grant::store::{revoke_all, grant, moved, renamed, Revoked}`, which have these signatures.

use serde_json::{Map, Value};
use stoa_kernel::{
    Result, Row, Time, Tx,
    action::Cx,
    event::Event,
    id::{self, Uuid},
    vals,
};

/// A grant that was closed, for the record.
#[derive(Debug, Clone)]
pub struct Revoked {
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
    /// Name of the role.
    pub role_name: String,
    /// Identifier of the role.
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

fn read(row: &Row) -> Result<Revoked> {
    Ok(Revoked {
        uuid: row.get(1)?,
        user_id: row.get(2)?,
        user_uuid: row.get(3)?,
        username: row.get(4)?,
        full_name: row.get(5)?,
        role_name: row.get(6)?,
        role_uuid: row.get(7)?,
        scope: row.get(8)?,
        scope_id: row.get(9)?,
        scope_uuid: row.get(10)?,
        scope_name: row.get(11)?,
        customer_id: row.get(12)?,
        until: row.get(13)?,
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
    let sql = "SELECT g.id, g.uuid, g.user_id, u.uuid, u.username, TRIM(u.first_name || ' ' || u.last_name), r.name, r.uuid, \
               g.scope, g.scope_id, g.scope_uuid, g.scope_name, g.customer_id, g.expires_at \
               FROM grants g JOIN users u ON u.id = g.user_id JOIN roles r ON r.id = g.role_id \
               WHERE g.scope = $1 AND g.scope_id = $2 AND g.revoked_at IS NULL ORDER BY g.id FOR UPDATE OF g";
    let rows = tx.query(sql, &vals![scope, scope_id]).await?;
    let ids = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<i64>>>()?;
    let sql = "UPDATE grants SET revoked_at = $1, revoked_by = $2, revoke_reason = $3 \
               WHERE id = ANY($4) AND revoked_at IS NULL";
    tx.execute(sql, &vals![now, by, reason, ids]).await?;
    rows.iter().map(read).collect()
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

/// The facts of a grant for the record.
pub fn facts(grant: &Revoked, model: &str) -> Map<String, Value> {
    let mut facts = Map::new();
    let pairs = [
        ("scope_type", model.to_owned()),
        ("scope_uuid", id::hex(&grant.scope_uuid)),
        ("scope_name", grant.scope_name.clone()),
        ("role_name", grant.role_name.clone()),
        ("role_uuid", id::hex(&grant.role_uuid)),
        ("grant_uuid", id::hex(&grant.uuid)),
        ("affected_user_uuid", id::hex(&grant.user_uuid)),
        ("affected_user_username", grant.username.clone()),
        ("affected_user_full_name", grant.full_name.clone()),
    ];
    facts.extend(pairs.map(|(name, value)| (name.to_owned(), value.into())));
    facts
}

/// The event of a grant that ended because its scope ended or moved.
pub fn revoked(grant: &Revoked, scope: &'static str, reason: &str) -> Event {
    let person = if grant.full_name.is_empty() { &grant.username } else { &grant.full_name };
    let message = format!("User {person} has lost role of {} in {}.", grant.role_name, grant.scope_name);
    Event::new("role_revoked", message)
        .facts(facts(grant, scope))
        .fact("reason", reason)
        .feed(scope, grant.scope_id)
        .feed("customer", grant.customer_id)
        .feed("user", grant.user_id)
}

/// Gives back a role that was saved when its project was removed: to a person who can sign in and does not hold it, if the
/// role is in use and its time is not over. SWITCH: through `grant::store::grant`, with the scope's restrictions.
pub async fn restore(cx: &mut Cx<'_>, saved: &Value, customer: i64) -> Result<Option<Event>> {
    let text = |name: &str| saved.get(name).and_then(Value::as_str).unwrap_or_default();
    let (Some(user), Some(role)) = (id::parse(text("user_uuid")), id::parse(text("role_uuid"))) else {
        return Ok(None);
    };
    let until = Time::parse(text("expiration_time"));
    if until.is_some_and(|until| until <= cx.now) {
        return Ok(None);
    }
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let sql = "INSERT INTO grants (uuid, user_id, role_id, scope, scope_id, scope_uuid, scope_name, customer_id, created, \
               valid_from, granted_by, source, expires_at) \
               SELECT $1::uuid, u.id, r.id, 'project', $2::bigint, $3::uuid, $4::text, $5::bigint, $6::timestamptz, \
               $7::timestamptz, $8::bigint, 'recovery', $9::timestamptz FROM users u JOIN roles r ON r.uuid = $10 \
               WHERE u.uuid = $11 AND u.is_active AND r.is_active ON CONFLICT DO NOTHING RETURNING user_id";
    let (uuid, id) = (cx.uuid(), cx.found.id);
    let values = vals![uuid, id, cx.found.uuid, &cx.found.name, customer, cx.now, cx.now, by, until, role, user];
    let Some(row) = cx.tx.one(sql, &values).await? else { return Ok(None) };
    let name = if text("user_full_name").is_empty() { text("user_username") } else { text("user_full_name") };
    let message = format!("User {name} has gained role of {} in {}.", text("role_name"), cx.found.name);
    let event = Event::new("role_granted", message)
        .fact("scope_type", "project")
        .fact("scope_uuid", id::hex(&cx.found.uuid))
        .fact("scope_name", cx.found.name.clone())
        .fact("role_name", text("role_name"))
        .fact("affected_user_uuid", text("user_uuid"))
        .fact("affected_user_username", text("user_username"))
        .fact("reason", "The project has been recovered.")
        .feed("project", id)
        .feed("customer", customer)
        .feed("user", row.get(0)?);
    Ok(Some(event))
}
