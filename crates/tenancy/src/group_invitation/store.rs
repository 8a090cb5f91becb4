//! The SQL of invitations for groups.

use crate::grant::rules::Restriction;
use stoa_kernel::{Error, Result, Tx, id::Uuid, vals};

/// The table.
pub const TABLE: &str = "group_invitations";

/// An invitation as rules need it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// Who made it.
    pub author: Option<i64>,
    /// The kind of its scope.
    pub scope: String,
    /// Key of the scope.
    pub scope_id: i64,
    /// Identifier of the scope.
    pub scope_uuid: Uuid,
    /// Key of the organization.
    pub customer_id: i64,
    /// Key of the role.
    pub role_id: i64,
    /// Key of the role in a project that is made.
    pub project_role_id: Option<i64>,
    /// Whether it can be answered.
    pub is_active: bool,
    /// Whether strangers see it.
    pub is_public: bool,
    /// Whether a project is made for whoever answers.
    pub auto_create_project: bool,
    /// Whether answers are approved at once.
    pub auto_approve: bool,
    /// The name of the project that is made.
    pub template: Option<String>,
    /// Who may answer.
    pub restriction: Restriction,
    /// Whether one may answer more than once.
    pub allow_multiple_requests: bool,
    /// Whether one may say what the project is called.
    pub allow_custom_project_details: bool,
}

/// An invitation, which nobody changes until the transaction ends.
///
/// # Errors
/// Not found.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<Stored> {
    load(tx, id, "FOR UPDATE").await
}

/// An invitation, which nobody cancels until the transaction ends; several can answer it at a time.
///
/// # Errors
/// Not found.
pub async fn answered(tx: &mut Tx, id: i64) -> Result<Stored> {
    load(tx, id, "FOR SHARE").await
}

async fn load(tx: &mut Tx, id: i64, lock: &str) -> Result<Stored> {
    let sql = format!(
        "SELECT id, uuid, created_by, scope, scope_id, scope_uuid, customer_id, role_id, project_role_id, is_active, \
         is_public, auto_create_project, auto_approve, project_name_template, user_email_patterns, user_affiliations, \
         user_identity_sources, allow_multiple_requests, allow_custom_project_details \
         FROM group_invitations WHERE id = $1 {lock}"
    );
    let row = tx.one(&sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(Stored {
        id: row.get(0)?,
        uuid: row.get(1)?,
        author: row.get(2)?,
        scope: row.get(3)?,
        scope_id: row.get(4)?,
        scope_uuid: row.get(5)?,
        customer_id: row.get(6)?,
        role_id: row.get(7)?,
        project_role_id: row.get(8)?,
        is_active: row.get(9)?,
        is_public: row.get(10)?,
        auto_create_project: row.get(11)?,
        auto_approve: row.get(12)?,
        template: row.get(13)?,
        restriction: Restriction::read(&row.get(14)?, &row.get(15)?, &row.get(16)?),
        allow_multiple_requests: row.get(17)?,
        allow_custom_project_details: row.get(18)?,
    })
}

/// Makes an invitation one that can't be answered. Says whether it could.
pub async fn cancel(tx: &mut Tx, id: i64) -> Result<bool> {
    let sql = "UPDATE group_invitations SET is_active = false WHERE id = $1 AND is_active";
    Ok(tx.execute(sql, &vals![id]).await? == 1)
}

/// Removes a canceled invitation with its answers. Says whether it was one.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM group_invitations WHERE id = $1 AND NOT is_active", &vals![id]).await? == 1)
}

/// Lets the invitations of a project follow it to another organization.
pub async fn follow_project(tx: &mut Tx, project_id: i64) -> Result<()> {
    let sql = "UPDATE group_invitations SET customer_id = (SELECT p.customer_id FROM projects p WHERE p.id = $1) \
               WHERE scope = 'project' AND scope_id = $2";
    tx.execute(sql, &vals![project_id, project_id]).await.map(|_| ())
}
