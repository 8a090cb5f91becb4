//! The SQL of offerings.

use super::{Offering, State};
use stoa_kernel::{
    Error, Query, Result, Time, Tx,
    event::Event,
    id::{Uuid, hex},
    vals,
};

/// The table.
pub const TABLE: &str = "offerings";

/// An offering as rules need it.
pub async fn load(query: &mut dyn Query, id: i64) -> Result<Option<Offering>> {
    let sql = "SELECT o.id, o.uuid, o.name, o.slug, o.type, o.state, o.shared, o.billable, o.customer_id, o.provider_id, \
               o.project_id, o.category_id, o.parent_id, o.options, o.resource_options, o.plugin_options, o.backend_id, \
               o.backend_id_rules, \
               (SELECT JSON_ROWS(JSON_ROW(g.group_id) ORDER BY g.group_id) FROM offering_groups g WHERE g.offering_id = o.id) \
               FROM offerings o WHERE o.id = $1";
    let rows = query.query(sql, &vals![id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let state: String = row.get(5)?;
    Ok(Some(Offering {
        id: row.get(0)?,
        uuid: row.get(1)?,
        name: row.get(2)?,
        slug: row.get(3)?,
        kind: row.get(4)?,
        state: State::parse(&state).ok_or_else(|| Error::broken(format!("offering in state {state}")))?,
        shared: row.get(6)?,
        billable: row.get(7)?,
        customer_id: row.get(8)?,
        provider_id: row.get(9)?,
        project_id: row.get(10)?,
        category_id: row.get(11)?,
        parent_id: row.get(12)?,
        options: row.get(13)?,
        resource_options: row.get(14)?,
        plugin_options: row.get(15)?,
        backend_id: row.get(16)?,
        backend_id_rules: row.get(17)?,
        groups: row.rows(18)?.iter().map(|row| row.get(0)).collect::<Result<_>>()?,
    }))
}

/// An event about an offering: with the facts and in the feeds of the offering, its provider and its organization.
pub async fn event(tx: &mut Tx, id: i64, kind: &'static str, message: impl Into<String>) -> Result<Event> {
    let sql = "SELECT o.uuid, o.name, o.type, o.state, o.provider_id, c.id, c.uuid, c.name, c.abbreviation, s.uuid \
               FROM offerings o JOIN customers c ON c.id = o.customer_id \
               LEFT JOIN service_providers s ON s.id = o.provider_id WHERE o.id = $1";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    let uuid = |at: usize| row.get::<Option<Uuid>>(at).map(|uuid| uuid.as_ref().map(hex));
    let mut event = Event::new(kind, message)
        .fact("offering_uuid", uuid(0)?)
        .fact("offering_name", row.get::<String>(1)?)
        .fact("offering_type", row.get::<String>(2)?)
        .fact("offering_state", row.get::<String>(3)?)
        .fact("customer_uuid", uuid(6)?)
        .fact("customer_name", row.get::<String>(7)?)
        .fact("customer_abbreviation", row.get::<String>(8)?)
        .feed("offering", id)
        .feed("customer", row.get(5)?);
    if let Some(provider) = row.get::<Option<i64>>(4)? {
        event = event.fact("service_provider_uuid", uuid(9)?).feed("service_provider", provider);
    }
    Ok(event)
}

/// The organization that provides an offering, as rules need it.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Key of the organization.
    pub customer_id: i64,
    /// Key of its provider profile, if it has one.
    pub provider_id: Option<i64>,
    /// Whether it is blocked.
    pub blocked: bool,
    /// Whether it is archived.
    pub archived: bool,
}

/// An organization as a provider.
pub async fn provider(query: &mut dyn Query, customer_id: i64) -> Result<Provider> {
    let sql = "SELECT c.id, s.id, c.blocked, c.archived FROM customers c \
               LEFT JOIN service_providers s ON s.customer_id = c.id WHERE c.id = $1";
    let rows = query.query(sql, &vals![customer_id]).await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    Ok(Provider { customer_id: row.get(0)?, provider_id: row.get(1)?, blocked: row.get(2)?, archived: row.get(3)? })
}

/// Notes that an offering, or something within it, changed.
pub async fn touch(tx: &mut Tx, id: i64, now: Time) -> Result<()> {
    tx.execute("UPDATE offerings SET modified = $1 WHERE id = $2", &vals![now, id]).await.map(|_| ())
}

/// Moves an offering from one state to another. False if somebody else moved it in between.
pub async fn move_state(tx: &mut Tx, id: i64, from: State, to: State, reason: &str, now: Time) -> Result<bool> {
    let sql = "UPDATE offerings SET state = $1, paused_reason = $2, modified = $3 WHERE id = $4 AND state = $5";
    Ok(tx.execute(sql, &vals![to.text(), reason, now, id, from.text()]).await? == 1)
}

/// Whether an offering, or its parent, has a plan that is not archived.
pub async fn has_plan(query: &mut dyn Query, id: i64, parent_id: Option<i64>) -> Result<bool> {
    let ids: Vec<i64> = [Some(id), parent_id].into_iter().flatten().collect();
    let sql = "SELECT 1 FROM plans WHERE offering_id = ANY($1) AND NOT archived LIMIT 1";
    Ok(!query.query(sql, &vals![ids]).await?.is_empty())
}

/// Whether an offering has or had resources.
pub async fn has_resources(query: &mut dyn Query, id: i64) -> Result<bool> {
    let rows = query.query("SELECT 1 FROM resources WHERE offering_id = $1 LIMIT 1", &vals![id]).await?;
    Ok(!rows.is_empty())
}

/// Whether a provider's name is used by a resource: of the offering, or of any offering in the given condition's scope.
pub async fn backend_id_used(
    query: &mut dyn Query,
    id: i64,
    scope: BackendScope,
    backend_id: &str,
    live: bool,
) -> Result<bool> {
    let offerings = match scope {
        BackendScope::Offering => "SELECT id FROM offerings WHERE id = $2",
        BackendScope::Group => {
            "SELECT f.id FROM offerings f JOIN offerings o ON o.id = f.id OR (o.backend_id <> '' \
             AND o.backend_id = f.backend_id) WHERE o.id = $2"
        }
        BackendScope::Provider => {
            "SELECT f.id FROM offerings f JOIN offerings o ON o.customer_id = f.customer_id WHERE o.id = $2"
        }
        BackendScope::Category => {
            "SELECT f.id FROM offerings f JOIN offerings o ON o.customer_id = f.customer_id \
             AND o.category_id = f.category_id WHERE o.id = $2"
        }
    };
    let live = if live { " AND state <> 'Terminated'" } else { "" };
    let sql = format!("SELECT 1 FROM resources WHERE backend_id = $1 AND offering_id IN ({offerings}){live} LIMIT 1");
    Ok(!query.query(&sql, &vals![backend_id, id]).await?.is_empty())
}

/// Within what a provider's name of a resource is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackendScope {
    /// The offering.
    Offering,
    /// Offerings with the same provider's name.
    Group,
    /// All offerings of the organization.
    Provider,
    /// Those of them in the same category.
    Category,
}

impl BackendScope {
    /// Reads the word of the rules.
    pub fn parse(text: &str) -> Option<BackendScope> {
        match text {
            "offering" => Some(BackendScope::Offering),
            "offering_group" => Some(BackendScope::Group),
            "service_provider" => Some(BackendScope::Provider),
            "service_provider_category" => Some(BackendScope::Category),
            _ => None,
        }
    }
}

/// Adds an endpoint.
pub async fn add_endpoint(tx: &mut Tx, id: i64, uuid: Uuid, name: &str, url: &str) -> Result<()> {
    let sql = "INSERT INTO offering_endpoints (uuid, offering_id, name, url) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, &vals![uuid, id, name, url]).await.map(|_| ())
}

/// Removes an endpoint of an offering. False if there is none.
pub async fn remove_endpoint(tx: &mut Tx, id: i64, uuid: Uuid) -> Result<bool> {
    let sql = "DELETE FROM offering_endpoints WHERE offering_id = $1 AND uuid = $2";
    Ok(tx.execute(sql, &vals![id, uuid]).await? == 1)
}

/// Gives an offering these tags. `None` if one of them does not exist; otherwise whether that changed anything.
pub async fn set_tags(tx: &mut Tx, id: i64, tags: Vec<Uuid>) -> Result<Option<bool>> {
    let mut wanted = tags;
    wanted.sort_unstable();
    wanted.dedup();
    let ids = |rows: Vec<stoa_kernel::Row>| rows.iter().map(|row| row.get::<i64>(0)).collect::<Result<Vec<i64>>>();
    let after = ids(tx.query("SELECT id FROM tags WHERE uuid = ANY($1) ORDER BY id", &vals![wanted.clone()]).await?)?;
    if after.len() != wanted.len() {
        return Ok(None);
    }
    let sql = "SELECT tag_id FROM offering_tags WHERE offering_id = $1 ORDER BY tag_id";
    let before = ids(tx.query(sql, &vals![id]).await?)?;
    if before == after {
        return Ok(Some(false));
    }
    tx.execute("DELETE FROM offering_tags WHERE offering_id = $1", &vals![id]).await?;
    for tag in after {
        tx.execute("INSERT INTO offering_tags (offering_id, tag_id) VALUES ($1, $2)", &vals![id, tag]).await?;
    }
    Ok(Some(true))
}

/// Gives an offering to another organization.
pub async fn set_provider(tx: &mut Tx, id: i64, to: &Provider, now: Time) -> Result<()> {
    let sql = "UPDATE offerings SET customer_id = $1, provider_id = $2, modified = $3 WHERE id = $4";
    tx.execute(sql, &vals![to.customer_id, to.provider_id, now, id]).await.map(|_| ())
}

/// Removes an offering with its plans and components.
///
/// # Errors
/// A dangling reference while resources or other offerings belong to it.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM offerings WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// Whether somebody is in a project with a resource of an offering that is not terminated.
pub async fn is_user(query: &mut dyn Query, id: i64, username: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM users u JOIN grants w ON w.user_id = u.id AND w.scope = 'project' AND w.revoked_at IS NULL \
               JOIN resources r ON r.project_id = w.scope_id WHERE u.username = $1 AND r.offering_id = $2 \
               AND r.state <> 'Terminated' LIMIT 1";
    Ok(!query.query(sql, &vals![username, id]).await?.is_empty())
}

/// Offerings that the organization had before it became a provider belong to the profile from now on.
pub async fn join_provider(tx: &mut Tx, provider_id: i64, customer_id: i64) -> Result<()> {
    let sql = "UPDATE offerings SET provider_id = $1 WHERE customer_id = $2";
    tx.execute(sql, &vals![provider_id, customer_id]).await.map(|_| ())
}

/// The offerings of a profile that ends stay with the organization.
pub async fn leave_provider(tx: &mut Tx, provider_id: i64) -> Result<()> {
    tx.execute("UPDATE offerings SET provider_id = NULL WHERE provider_id = $1", &vals![provider_id]).await.map(|_| ())
}
