//! The SQL of roles that are an organization's own.

use crate::role::{rules, store::next_revision};
use stoa_kernel::{Error, Result, Time, Tx, id::Uuid, vals};

/// The key of which a second copy is refused: one of a template in an organization.
pub const COPY_KEY: &str = "roles.customer_id,template_id";

/// Short name of an organization, as the names of its own roles have it.
pub async fn slug(tx: &mut Tx, customer: i64) -> Result<String> {
    let row = tx.one("SELECT slug FROM customers WHERE id = $1", &vals![customer]).await?;
    row.ok_or(Error::NotFound)?.get(0)
}

/// How many roles an organization has of its own.
pub async fn count(tx: &mut Tx, customer: i64) -> Result<i64> {
    let sql = "SELECT count(*) FROM roles WHERE customer_id = $1 AND deleted_at IS NULL";
    tx.one(sql, &vals![customer]).await?.map_or(Ok(0), |row| row.get(0))
}

/// Whether a role, other than this one, has a name; and whether that one is the organization's own.
pub async fn holder_of(tx: &mut Tx, name: &str, customer: i64, except: i64) -> Result<Option<bool>> {
    let sql = "SELECT customer_id FROM roles WHERE name = $1 AND deleted_at IS NULL AND id <> $2";
    let row = tx.one(sql, &vals![name, except]).await?;
    row.map(|row| Ok(row.get::<Option<i64>>(0)? == Some(customer))).transpose()
}

/// A copy of a role for an organization.
#[derive(Debug)]
pub struct Copy<'a> {
    /// Key of the role that is copied.
    pub template: i64,
    /// Key of the organization.
    pub customer: i64,
    /// Its public identifier.
    pub uuid: Uuid,
    /// Its name, and the part of it that is not the organization's.
    pub name: (&'a str, &'a str),
    /// What people call it; the template's texts if not given.
    pub description: Option<&'a str>,
    /// The present.
    pub now: Time,
}

/// Copies a role: what it carries, whether it is active, and its texts. Gives its key.
///
/// # Errors
/// A duplicate of [`COPY_KEY`] if the organization has a copy.
pub async fn copy(tx: &mut Tx, copy: Copy<'_>, by: Option<i64>) -> Result<i64> {
    let texts = rules::LANGUAGES.map(|code| format!("description_{code}")).join(", ");
    // A text of one's own replaces those of all languages.
    let (description, texts) = match copy.description {
        Some(_) => ("$9", rules::LANGUAGES.map(|_| "NULL").join(", ")),
        None => ("COALESCE($9, description)", texts),
    };
    let columns = rules::LANGUAGES.map(|code| format!("description_{code}")).join(", ");
    let sql = format!(
        "INSERT INTO roles (uuid, name, short_name, created, customer_id, template_id, made_by_owner, revision, description, \
         scope, is_system, is_active, permissions, {columns}) \
         SELECT $1::uuid, $2::text, $3::text, $4::timestamptz, $5::bigint, $6::bigint, $7::boolean, $8::bigint, \
         {description}::text, scope, false, is_active, permissions, {texts} FROM roles WHERE id = $10 RETURNING id"
    );
    let values = vals![
        copy.uuid,
        copy.name.0,
        copy.name.1,
        copy.now,
        copy.customer,
        copy.template,
        false,
        0_i64,
        copy.description,
        copy.template
    ];
    let row = tx.one(&sql, &values).await?;
    let id = row.ok_or_else(|| Error::broken("a copy of a role got no key"))?.get(0)?;
    next_revision(tx, id, by, copy.now).await?;
    Ok(id)
}

/// An organization's own role, for changing its name.
#[derive(Debug, Clone)]
pub struct Named {
    /// Key.
    pub id: i64,
    /// Name.
    pub name: String,
    /// The part of it that is not the organization's.
    pub short_name: String,
    /// The kind of scope.
    pub scope: String,
}

/// The roles of an organization's own; locked.
pub async fn of(tx: &mut Tx, customer: i64) -> Result<Vec<Named>> {
    let sql = "SELECT id, name, short_name, scope FROM roles WHERE customer_id = $1 AND deleted_at IS NULL ORDER BY id \
               FOR UPDATE";
    let read = |row: &stoa_kernel::Row| {
        Ok(Named { id: row.get(0)?, name: row.get(1)?, short_name: row.get(2)?, scope: row.get(3)? })
    };
    tx.query(sql, &vals![customer]).await?.iter().map(read).collect()
}

/// Gives a role another name.
pub async fn rename(tx: &mut Tx, id: i64, name: &str, by: Option<i64>, now: Time) -> Result<()> {
    tx.execute("UPDATE roles SET name = $1 WHERE id = $2", &vals![name, id]).await?;
    next_revision(tx, id, by, now).await
}
