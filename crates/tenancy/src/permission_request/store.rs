//! The SQL of requests for a role.

use super::State;
use crate::access::permissions::Permission;
use stoa_kernel::{Error, Result, Time, Tx, id::Uuid, vals};

/// The table.
pub const TABLE: &str = "permission_requests";

/// A request as rules need it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// Who asks.
    pub author: i64,
    /// The invitation that it answers.
    pub invitation_id: i64,
    /// Where it is.
    pub state: State,
    /// What the project is to be called.
    pub project_name: String,
    /// What the project is for.
    pub project_description: String,
}

/// A request to make.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Identifier.
    pub uuid: Uuid,
    /// Who asks.
    pub author: i64,
    /// The invitation that it answers.
    pub invitation_id: i64,
    /// What the project is to be called.
    pub project_name: &'a str,
    /// What the project is for.
    pub project_description: &'a str,
}

/// Makes a request that waits; gives its key.
pub async fn insert(tx: &mut Tx, new: New<'_>, state: State, now: Time) -> Result<i64> {
    let sql = "INSERT INTO permission_requests (uuid, created, created_by, invitation_id, state, project_name, \
               project_description) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
    let values =
        vals![new.uuid, now, new.author, new.invitation_id, state.text(), new.project_name, new.project_description];
    tx.one(sql, &values).await?.ok_or_else(|| Error::broken("a request got no key"))?.get(0)
}

/// A request, which nobody else reviews until the transaction ends.
///
/// # Errors
/// Not found.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<Stored> {
    let sql = "SELECT id, uuid, created_by, invitation_id, state, project_name, project_description \
               FROM permission_requests WHERE id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    let state: String = row.get(4)?;
    Ok(Stored {
        id: row.get(0)?,
        uuid: row.get(1)?,
        author: row.get(2)?,
        invitation_id: row.get(3)?,
        state: State::parse(&state).ok_or_else(|| Error::broken(format!("a request is {state}")))?,
        project_name: row.get(5)?,
        project_description: row.get(6)?,
    })
}

/// Notes how a request was reviewed.
pub async fn review(
    tx: &mut Tx,
    id: i64,
    state: State,
    by: Option<i64>,
    comment: Option<&str>,
    now: Time,
) -> Result<()> {
    let sql = "UPDATE permission_requests SET state = $1, reviewed_by = $2, reviewed_at = $3, review_comment = $4 \
               WHERE id = $5";
    tx.execute(sql, &vals![state.text(), by, now, comment.map(str::to_owned), id]).await.map(|_| ())
}

/// Sets where a request is.
pub async fn set_state(tx: &mut Tx, id: i64, state: State) -> Result<()> {
    tx.execute("UPDATE permission_requests SET state = $1 WHERE id = $2", &vals![state.text(), id]).await.map(|_| ())
}

/// Removes a request.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM permission_requests WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// Whether somebody has a request for a scope that waits or was approved.
pub async fn has_asked(tx: &mut Tx, user_id: i64, scope: &str, scope_id: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM permission_requests q JOIN group_invitations i ON i.id = q.invitation_id \
               WHERE q.created_by = $1 AND i.scope = $2 AND i.scope_id = $3 AND q.state IN ('pending', 'approved') LIMIT 1";
    Ok(tx.one(sql, &vals![user_id, scope, scope_id]).await?.is_some())
}

/// Whether somebody holds a role at a scope: this one, or (`None`) any.
pub async fn holds(
    tx: &mut Tx,
    user_id: i64,
    (scope, scope_id): (&str, i64),
    role_id: Option<i64>,
    now: Time,
) -> Result<bool> {
    let sql = "SELECT 1 FROM grants WHERE user_id = $1 AND scope = $2 AND scope_id = $3 AND revoked_at IS NULL \
               AND (expires_at IS NULL OR expires_at > $4) AND ($5::bigint IS NULL OR role_id = $6::bigint) LIMIT 1";
    Ok(tx.one(sql, &vals![user_id, scope, scope_id, now, role_id, role_id]).await?.is_some())
}

/// Keeps others from making a request for the same person until the transaction ends.
pub async fn hold_person(tx: &mut Tx, user_id: i64) -> Result<()> {
    let row = tx.one("SELECT id FROM users WHERE id = $1 FOR UPDATE", &vals![user_id]).await?;
    row.ok_or(Error::NotFound).map(|_| ())
}

/// Somebody to write to: address and language.
pub type Reader = (String, String);

/// Who can approve, and wants letters: those whose role carries the permission on the scope or, where another one is
/// named, on its organization.
pub async fn approvers(
    tx: &mut Tx,
    (scope, scope_id, permission): (&str, i64, Permission),
    (customer_id, above): (i64, Permission),
    except: i64,
    now: Time,
) -> Result<Vec<Reader>> {
    let carries = |permission: Permission| format!("%\"{}\"%", permission.id().name);
    let sql = "SELECT DISTINCT u.email, u.preferred_language FROM grants g JOIN roles r ON r.id = g.role_id \
               JOIN users u ON u.id = g.user_id WHERE g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $1) \
               AND r.is_active AND u.is_active AND u.notifications_enabled AND u.email <> '' AND u.id <> $2 \
               AND (g.scope = $3 AND g.scope_id = $4 AND r.permissions LIKE $5 \
               OR g.scope = 'customer' AND g.scope_id = $6 AND r.permissions LIKE $7) ORDER BY 1, 2";
    let values = vals![now, except, scope, scope_id, carries(permission), customer_id, carries(above)];
    readers(&tx.query(sql, &values).await?)
}

/// Staff who want letters.
pub async fn staff(tx: &mut Tx, except: i64) -> Result<Vec<Reader>> {
    let sql = "SELECT DISTINCT email, preferred_language FROM users WHERE is_staff AND is_active \
               AND notifications_enabled AND email <> '' AND id <> $1 ORDER BY 1, 2";
    readers(&tx.query(sql, &vals![except]).await?)
}

fn readers(rows: &[stoa_kernel::Row]) -> Result<Vec<Reader>> {
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Where somebody is written to, and whether he wants letters.
pub async fn reader(tx: &mut Tx, user_id: i64) -> Result<Option<Reader>> {
    let sql = "SELECT email, preferred_language FROM users WHERE id = $1 AND is_active AND notifications_enabled \
               AND email <> ''";
    let row = tx.one(sql, &vals![user_id]).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}
