//! The SQL of roles and their revisions.

pub mod own;

use super::rules::{self, Version};
use crate::{
    access::{
        directory::read_role,
        installation::{self, Choices},
        permissions::{Permission, PermissionSet},
        roles::{SHIPPED, Shipped, shipped},
    },
    role_availability::{self, rules::Reach},
    role_concealment,
    settings::Settings,
};
use stoa_kernel::{
    Error, Query, Result, Row, Time, Tx,
    access::{self, Actor, Role},
    clock::Clock,
    id::{self, Uuid},
    vals,
};

/// The table.
pub const TABLE: &str = "roles";

/// A role as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Key.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// Name.
    pub name: String,
    /// The kind of scope.
    pub scope: String,
    /// Whether it ships.
    pub is_system: bool,
    /// Whether it can be granted.
    pub is_active: bool,
    /// Grants of it that are not revoked.
    pub holders: i64,
    /// What it carries.
    pub permissions: access::PermissionSet,
    /// The organization whose own it is.
    pub owner: Option<Owner>,
    /// Its name without the organization's part; empty for roles of the installation.
    pub short_name: String,
    /// Whether it is a copy.
    pub is_copy: bool,
}

/// An organization with roles of its own.
#[derive(Debug, Clone)]
pub struct Owner {
    /// Key.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// Name.
    pub name: String,
}

/// A role, locked so that nobody grants it meanwhile.
///
/// # Errors
/// Not found if it was removed.
pub async fn stored(tx: &mut Tx, id: i64) -> Result<Stored> {
    let sql = "SELECT r.id, r.uuid, r.name, r.scope, r.is_system, r.is_active, \
               (SELECT count(*) FROM grants g WHERE g.role_id = r.id AND g.revoked_at IS NULL), r.permissions, r.short_name, \
               r.template_id, c.id, c.uuid, c.name \
               FROM roles r LEFT JOIN customers c ON c.id = r.customer_id \
               WHERE r.id = $1 AND r.deleted_at IS NULL FOR UPDATE OF r";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    let owner = match row.get::<Option<i64>>(10)? {
        Some(id) => Some(Owner { id, uuid: row.get(11)?, name: row.get(12)? }),
        None => None,
    };
    Ok(Stored {
        id: row.get(0)?,
        uuid: row.get(1)?,
        name: row.get(2)?,
        scope: row.get(3)?,
        is_system: row.get(4)?,
        is_active: row.get(5)?,
        holders: row.get(6)?,
        permissions: read_names(&row.get(7)?).iter().map(Permission::id).collect(),
        owner,
        short_name: row.get(8)?,
        is_copy: row.get::<Option<i64>>(9)?.is_some(),
    })
}

const DECIDING: &str = "SELECT id, uuid, name, description, scope, is_active, permissions FROM roles";

/// The role with this name or identifier, held so that it is neither removed nor disabled meanwhile.
pub async fn named(tx: &mut Tx, name: &str) -> Result<Option<Role>> {
    let row = match id::parse(name) {
        Some(uuid) => {
            let sql = format!("{DECIDING} WHERE uuid = $1 AND deleted_at IS NULL FOR SHARE");
            tx.one(&sql, &vals![uuid]).await?
        }
        None => {
            let sql = format!("{DECIDING} WHERE name = $1 AND deleted_at IS NULL FOR SHARE");
            tx.one(&sql, &vals![name]).await?
        }
    };
    row.map(|row| read_role(&row)).transpose()
}

/// The same, as far as somebody knows of it: another organization's own role does not exist for him.
pub async fn known(tx: &mut Tx, actor: &Actor, name: &str) -> Result<Option<Role>> {
    let Some(role) = named(tx, name).await? else { return Ok(None) };
    let reach = role_availability::store::reach(tx, role.id).await?;
    Ok(reach.is_known_to(actor).then_some(role))
}

/// A role that can be given in an organization, and whose own it is.
#[derive(Debug, Clone)]
pub struct Givable {
    /// The role.
    pub role: Role,
    /// Where it can be given.
    pub reach: Reach,
}

/// The active roles and where each can be given, as far as some organizations are asked about.
#[derive(Debug)]
pub struct Offers {
    all: Vec<Givable>,
    hidden: Vec<(i64, i64)>,
}

impl Offers {
    /// Reads them for these organizations.
    pub async fn read(query: &mut dyn Query, customers: Vec<i64>) -> Result<Offers> {
        let hidden = role_concealment::store::concealed_in(query, customers).await?;
        let roles = active(query).await?;
        let mut reaches = role_availability::store::reaches(query, roles.iter().map(|role| role.id).collect()).await?;
        let givable = |role: Role| reaches.remove(&role.id).map(|reach| Givable { role, reach });
        Ok(Offers { all: roles.into_iter().filter_map(givable).collect(), hidden })
    }

    /// The active roles, wherever they can be given.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.all.iter().map(|one| &one.role)
    }

    /// Those that can be given in an organization, or on this project of it (0 for any): available there and not hidden.
    pub fn at(&self, customer: i64, project: i64) -> impl Iterator<Item = &Givable> {
        let here = [("project".to_owned(), project)];
        self.all
            .iter()
            .filter(move |one| one.reach.covers(customer, &here) && !self.hidden.contains(&(customer, one.role.id)))
    }
}

/// The role with this key.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Role> {
    let row = tx.one(&format!("{DECIDING} WHERE id = $1 FOR SHARE"), &vals![id]).await?.ok_or(Error::NotFound)?;
    read_role(&row)
}

/// All active roles, for explanations.
pub async fn active(query: &mut dyn Query) -> Result<Vec<Role>> {
    let rows = query.query(&format!("{DECIDING} WHERE is_active AND deleted_at IS NULL ORDER BY name"), &[]).await?;
    rows.iter().map(read_role).collect()
}

/// A role as it is looked over.
#[derive(Debug, Clone, Default)]
pub struct Examined {
    /// Public identifier.
    pub uuid: Uuid,
    /// Name.
    pub name: String,
    /// What people call it.
    pub description: String,
    /// The kind of scope.
    pub scope: String,
    /// Whether it ships.
    pub is_system: bool,
    /// Whether it can be granted.
    pub is_active: bool,
    /// What it carries.
    pub permissions: Vec<String>,
    /// How many places are named at which it can be given.
    pub places: i64,
    /// How many of them are gone.
    pub gone: i64,
}

/// Every role, to be looked over.
pub async fn examined(query: &mut dyn Query) -> Result<Vec<Examined>> {
    let sql = "SELECT r.uuid, r.name, r.description, r.scope, r.is_system, r.is_active, r.permissions, count(a.id), \
               count(CASE WHEN a.id IS NOT NULL AND c.id IS NULL AND p.id IS NULL THEN 1 END) FROM roles r \
               LEFT JOIN role_availabilities a ON a.role_id = r.id \
               LEFT JOIN customers c ON a.scope = 'customer' AND c.id = a.scope_id \
               LEFT JOIN projects p ON a.scope = 'project' AND p.id = a.scope_id AND NOT p.is_removed \
               WHERE r.deleted_at IS NULL GROUP BY r.id ORDER BY r.name";
    let read = |row: &Row| {
        let permissions: serde_json::Value = row.get(6)?;
        let permissions = permissions.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
        Ok(Examined {
            uuid: row.get(0)?,
            name: row.get(1)?,
            description: row.get(2)?,
            scope: row.get(3)?,
            is_system: row.get(4)?,
            is_active: row.get(5)?,
            permissions: permissions.map(ToOwned::to_owned).collect(),
            places: row.get(7)?,
            gone: row.get(8)?,
        })
    };
    query.query(sql, &[]).await?.iter().map(read).collect()
}

/// Counts a change: the role's next revision, with a copy of what it is now.
pub async fn next_revision(tx: &mut Tx, id: i64, by: Option<i64>, now: Time) -> Result<()> {
    tx.execute("UPDATE roles SET revision = revision + 1 WHERE id = $1", &vals![id]).await?;
    let sql = "INSERT INTO role_versions \
               (role_id, revision, at, by_user, name, description, scope, is_active, permissions) \
               SELECT id, revision, $1, $2, name, description, scope, is_active, permissions FROM roles WHERE id = $3";
    tx.execute(sql, &vals![now, by, id]).await.map(|_| ())
}

/// Whether one of its texts, a column of the table, says something.
pub async fn has_text(tx: &mut Tx, id: i64, column: &'static str) -> Result<bool> {
    let sql = format!("SELECT 1 FROM roles WHERE id = $1 AND {column} <> ''");
    Ok(tx.one(&sql, &vals![id]).await?.is_some())
}

/// What a role carries, as it is stored.
pub async fn carried(tx: &mut Tx, id: i64) -> Result<PermissionSet> {
    let row = tx.one("SELECT permissions FROM roles WHERE id = $1", &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(read_names(&row.get(0)?))
}

/// Sets what a role carries.
pub async fn carry(tx: &mut Tx, id: i64, permissions: &str) -> Result<()> {
    tx.execute("UPDATE roles SET permissions = $1 WHERE id = $2", &vals![permissions, id]).await.map(drop)
}

/// Enables or disables a role.
pub async fn set_active(tx: &mut Tx, id: i64, on: bool) -> Result<()> {
    tx.execute("UPDATE roles SET is_active = $1 WHERE id = $2", &vals![on, id]).await.map(|_| ())
}

/// Removes a role. Its row stays for the record of those who held it; its name is free again.
pub async fn delete(tx: &mut Tx, id: i64, by: Option<i64>, now: Time) -> Result<()> {
    let sql = "UPDATE roles SET is_active = $1, deleted_at = $2 WHERE id = $3";
    tx.execute(sql, &vals![false, now, id]).await?;
    next_revision(tx, id, by, now).await
}

/// Makes the shipped roles that are missing, as the installation's type has them. What staff made of those that are there
/// stays.
pub async fn install_shipped(tx: &mut Tx, clock: &Clock) -> Result<()> {
    let now = clock.now();
    let choices = Settings::load(&mut *tx).await?.choices();
    for role in SHIPPED {
        // The same identifier in every installation, so that what refers to a shipped role can be carried over.
        let uuid = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("stoa:role:{}", role.name).as_bytes());
        let sql = "INSERT INTO roles (uuid, name, description, scope, is_system, is_active, permissions, revision, created) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                   ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING RETURNING id";
        let row = tx
            .one(
                sql,
                &vals![
                    uuid,
                    role.name,
                    role.labels.of(choices.installation),
                    role.scope,
                    true,
                    installation::active(role, choices),
                    names(&installation::permissions(role, choices)),
                    0_i64,
                    now
                ],
            )
            .await?;
        if let Some(row) = row {
            next_revision(tx, row.get(0)?, None, now).await?;
        }
    }
    Ok(())
}

/// Brings the shipped roles in line with the installation's choices: their labels (unless somebody wrote a text of his own),
/// the cells of the matrix, and members of projects where the type has them. Everything else stays as it is.
pub async fn settle(tx: &mut Tx, by: Option<i64>, now: Time) -> Result<()> {
    let choices = Settings::load(&mut *tx).await?.choices();
    let sql = "SELECT id, name, description, is_active, permissions FROM roles WHERE is_system AND deleted_at IS NULL \
               ORDER BY id FOR UPDATE";
    for row in tx.query(sql, &[]).await? {
        let name: String = row.get(1)?;
        if let Some(role) = shipped(&name) {
            settle_one(tx, role, &row, choices, by, now).await?;
        }
    }
    Ok(())
}

async fn settle_one(
    tx: &mut Tx,
    role: &Shipped,
    row: &Row,
    choices: Choices,
    by: Option<i64>,
    now: Time,
) -> Result<()> {
    let (id, text, active): (i64, String, bool) = (row.get(0)?, row.get(2)?, row.get(3)?);
    let carried = read_names(&row.get(4)?);
    let (label, enabled, settled) = rules::settled(role, &text, active, carried, choices);
    if label == text && settled == carried && enabled == active {
        return Ok(());
    }
    let sql = "UPDATE roles SET description = $1, is_active = $2, permissions = $3 WHERE id = $4";
    tx.execute(sql, &vals![label, enabled, names(&settled), id]).await?;
    next_revision(tx, id, by, now).await
}

fn names(set: &PermissionSet) -> serde_json::Value {
    set.iter().map(Permission::name).collect()
}

fn read_names(stored: &serde_json::Value) -> PermissionSet {
    let names = stored.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
    names.filter_map(Permission::parse).collect()
}

/// Every revision of a role, the first one first; and its name. `None` if there is no such role.
pub async fn versions(query: &mut dyn Query, uuid: Uuid) -> Result<Option<(String, Vec<Version>)>> {
    let sql = "SELECT r.name, v.at, COALESCE(u.username, ''), v.description, v.is_active, v.scope, v.permissions \
               FROM roles r JOIN role_versions v ON v.role_id = r.id LEFT JOIN users u ON u.id = v.by_user \
               WHERE r.uuid = $1 AND r.deleted_at IS NULL ORDER BY v.revision";
    let rows = query.query(sql, &vals![uuid]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let versions = rows.iter().map(read_version).collect::<Result<_>>()?;
    Ok(Some((first.get(0)?, versions)))
}

/// A role with all its revisions, the first one first.
#[derive(Debug, Clone)]
pub struct Story {
    /// Its public identifier.
    pub uuid: Uuid,
    /// Its name.
    pub name: String,
    /// The organization whose own it is: identifier and name.
    pub owner: Option<(Uuid, String)>,
    /// What it was.
    pub versions: Vec<Version>,
}

/// Every role that somebody knows of, with all its revisions, by kind of scope and name: those of the installation, and those of
/// the organizations in which he holds a role.
pub async fn stories(query: &mut dyn Query, actor: &Actor) -> Result<Vec<Story>> {
    let sql = "SELECT r.name, v.at, COALESCE(u.username, ''), v.description, v.is_active, v.scope, v.permissions, r.uuid, \
               c.uuid, c.name FROM roles r JOIN role_versions v ON v.role_id = r.id LEFT JOIN users u ON u.id = v.by_user \
               LEFT JOIN customers c ON c.id = r.customer_id \
               WHERE r.deleted_at IS NULL AND ($1 OR r.customer_id IS NULL OR r.customer_id = ANY($2)) \
               ORDER BY r.scope, r.name, r.id, v.revision";
    let mut all: Vec<Story> = Vec::new();
    for row in &query.query(sql, &vals![actor.sees_all(), actor.within_bounds().owners()]).await? {
        let (uuid, version) = (row.get(7)?, read_version(row)?);
        if let Some(story) = all.last_mut().filter(|story| story.uuid == uuid) {
            story.versions.push(version);
            continue;
        }
        let owner = match row.get::<Option<Uuid>>(8)? {
            Some(uuid) => Some((uuid, row.get(9)?)),
            None => None,
        };
        all.push(Story { uuid, name: row.get(0)?, owner, versions: vec![version] });
    }
    Ok(all)
}

fn read_version(row: &Row) -> Result<Version> {
    let permissions: serde_json::Value = row.get(6)?;
    let permissions = permissions.as_array().into_iter().flatten().filter_map(|one| one.as_str());
    Ok(Version {
        at: row.get::<Time>(1)?.to_string(),
        by: row.get(2)?,
        description: row.get(3)?,
        is_active: row.get(4)?,
        scope: row.get(5)?,
        permissions: permissions.map(ToOwned::to_owned).collect(),
    })
}
