//! The SQL of resources, their plan periods and endpoints.

use super::{State, rules::Endpoint};
use crate::{order::rules, plan::rules::Limits};
use serde_json::Value;
use stoa_kernel::{Date, Error, Query, Result, Time, Tx, Val, action::Cx, field::Input, id::Uuid, record, vals};

/// The table.
pub const TABLE: &str = "resources";

/// A resource as rules need it.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Key.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// Name.
    pub name: String,
    /// How it is.
    pub state: State,
    /// The project it belongs to.
    pub project_id: i64,
    /// The offering it is served by.
    pub offering_id: i64,
    /// Its plan.
    pub plan_id: Option<i64>,
    /// Its limits.
    pub limits: Limits,
    /// What its order asked for.
    pub attributes: Value,
    /// Its options.
    pub options: Value,
    /// The provider's name for it.
    pub backend_id: String,
    /// When it was ordered.
    pub created: Time,
    /// Its last day.
    pub end_date: Option<Date>,
}

/// Locks a resource and reads it.
pub async fn lock(tx: &mut Tx, id: i64) -> Result<Resource> {
    let sql = "SELECT id, uuid, name, state, project_id, offering_id, plan_id, limits, attributes, options, backend_id, created, \
               end_date FROM resources WHERE id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    let state: String = row.get(3)?;
    Ok(Resource {
        id: row.get(0)?,
        uuid: row.get(1)?,
        name: row.get(2)?,
        state: State::parse(&state).ok_or_else(|| Error::broken(format!("resource in state {state}")))?,
        project_id: row.get(4)?,
        offering_id: row.get(5)?,
        plan_id: row.get(6)?,
        limits: rules::read_limits(&row.get(7)?)?,
        attributes: row.get(8)?,
        options: row.get(9)?,
        backend_id: row.get(10)?,
        created: row.get(11)?,
        end_date: row.get(12)?,
    })
}

/// Makes a resource.
pub async fn insert(tx: &mut Tx, columns: Vec<(&'static str, Val)>) -> Result<i64> {
    record::insert(tx, TABLE, &[], &Input::default(), columns).await
}

/// Changes a resource that is locked.
pub async fn set(tx: &mut Tx, id: i64, now: Time, mut columns: Vec<(&'static str, Val)>) -> Result<()> {
    columns.push(("modified", Val::Time(now)));
    record::set(tx, TABLE, id, columns).await
}

/// Removes a resource, and with it its orders, periods and endpoints. What it holds of limits must have been given back.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("UPDATE resources SET parent_id = NULL WHERE parent_id = $1", &vals![id]).await?;
    tx.execute("DELETE FROM resources WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// Lets the resources of a project follow it to another organization.
pub async fn follow_project(tx: &mut Tx, project_id: i64) -> Result<()> {
    let sql = "UPDATE resources SET customer_id = (SELECT p.customer_id FROM projects p WHERE p.id = resources.project_id) \
               WHERE project_id = $1";
    tx.execute(sql, &vals![project_id]).await.map(|_| ())
}

/// Ends the plan period of a resource that is open, if one is.
pub async fn close_period(tx: &mut Tx, id: i64, now: Time) -> Result<()> {
    let sql = "UPDATE plan_periods SET end_at = $1 WHERE resource_id = $2 AND end_at IS NULL";
    tx.execute(sql, &vals![now, id]).await.map(|_| ())
}

/// Opens a plan period, unless one is open.
pub async fn open_period(tx: &mut Tx, id: i64, uuid: Uuid, plan_id: i64, now: Time) -> Result<()> {
    let sql = "INSERT INTO plan_periods (uuid, resource_id, plan_id, start_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (resource_id) WHERE end_at IS NULL DO NOTHING";
    tx.execute(sql, &vals![uuid, id, plan_id, now]).await.map(|_| ())
}

/// The attributes of the resources of a project and an offering that have not ended.
pub async fn live_attributes(query: &mut dyn Query, project_id: i64, offering_id: i64) -> Result<Vec<Value>> {
    let sql = "SELECT attributes FROM resources WHERE project_id = $1 AND offering_id = $2 AND state <> 'Terminated'";
    query.query(sql, &vals![project_id, offering_id]).await?.iter().map(|row| row.get(0)).collect()
}

/// The description of a resource.
pub async fn description(query: &mut dyn Query, id: i64) -> Result<String> {
    let rows = query.query("SELECT description FROM resources WHERE id = $1", &vals![id]).await?;
    rows.first().map_or(Ok(String::new()), |row| row.get(0))
}

/// What the provider says about a resource.
pub async fn backend_metadata(query: &mut dyn Query, id: i64) -> Result<Value> {
    let rows = query.query("SELECT backend_metadata FROM resources WHERE id = $1", &vals![id]).await?;
    rows.first().map_or(Ok(Value::Null), |row| row.get(0))
}

/// One of the flags of a resource: `paused`, `downscaled` or `restrict_member_access`.
pub async fn flag(query: &mut dyn Query, id: i64, column: &'static str) -> Result<bool> {
    let rows = query.query(&format!("SELECT {column} FROM resources WHERE id = $1"), &vals![id]).await?;
    rows.first().map_or(Ok(false), |row| row.get(0))
}

/// Stamps a resource as looked after.
pub async fn touch(tx: &mut Tx, id: i64, now: Time) -> Result<()> {
    tx.execute("UPDATE resources SET last_sync = $1 WHERE id = $2", &vals![now, id]).await.map(|_| ())
}

/// Replaces the endpoints of a resource.
pub async fn set_endpoints(tx: &mut Tx, id: i64, endpoints: Vec<(Uuid, Endpoint)>) -> Result<()> {
    tx.execute("DELETE FROM resource_endpoints WHERE resource_id = $1", &vals![id]).await?;
    for (uuid, endpoint) in endpoints {
        let sql = "INSERT INTO resource_endpoints (uuid, resource_id, name, url) VALUES ($1, $2, $3, $4)";
        tx.execute(sql, &vals![uuid, id, endpoint.name, endpoint.url]).await?;
    }
    Ok(())
}

/// The name of a plan of an offering.
pub async fn plan_name(query: &mut dyn Query, offering_id: i64, plan: Uuid) -> Result<Option<String>> {
    let sql = "SELECT name FROM plans WHERE uuid = $1 AND offering_id = $2";
    query.query(sql, &vals![plan, offering_id]).await?.first().map(|row| row.get(0)).transpose()
}

/// Makes those who give names at one provider wait for one another.
pub async fn lock_names(tx: &mut Tx, customer_id: i64) -> Result<()> {
    tx.query("SELECT id FROM service_providers WHERE customer_id = $1 FOR UPDATE", &vals![customer_id]).await.map(drop)
}

/// Whether a resource of a project has this name.
pub async fn has_name(query: &mut dyn Query, project_id: i64, name: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM resources WHERE project_id = $1 AND name = $2 AND state <> 'Terminated' LIMIT 1";
    Ok(!query.query(sql, &vals![project_id, name]).await?.is_empty())
}

/// Whether another resource within these offerings has this name at its provider.
pub async fn has_backend_id(
    query: &mut dyn Query,
    but: i64,
    backend_id: &str,
    offerings: Vec<i64>,
    ended_too: bool,
) -> Result<bool> {
    let live = if ended_too { "" } else { " AND state <> 'Terminated'" };
    let sql =
        format!("SELECT 1 FROM resources WHERE backend_id = $1 AND id <> $2 AND offering_id = ANY($3){live} LIMIT 1");
    Ok(!query.query(&sql, &vals![backend_id, but, offerings]).await?.is_empty())
}

/// Keys of the offerings within which names at the provider must be unique: one, those that share its own backend name,
/// those of its provider, or those of its provider and category.
pub async fn unique_within(query: &mut dyn Query, offering_id: i64, scope: &str) -> Result<Vec<i64>> {
    let same = match scope {
        "offering_group" => "b.backend_id = a.backend_id AND a.backend_id <> ''",
        "service_provider" => "b.customer_id = a.customer_id",
        "service_provider_category" => "b.customer_id = a.customer_id AND b.category_id = a.category_id",
        _ => "FALSE",
    };
    let sql = format!("SELECT b.id FROM offerings a JOIN offerings b ON b.id = a.id OR ({same}) WHERE a.id = $1");
    query.query(&sql, &vals![offering_id]).await?.iter().map(|row| row.get(0)).collect()
}

/// Identifiers of the resources whose last day has come and that no order is about.
pub async fn expired(query: &mut dyn Query, today: Date) -> Result<Vec<Uuid>> {
    let sql = "SELECT uuid FROM resources WHERE end_date <= $1 AND state IN ('OK', 'Erred') AND id NOT IN \
               (SELECT resource_id FROM orders WHERE state IN ('pending-provider', 'pending-project', 'pending-start-date', \
               'executing')) ORDER BY id";
    query.query(sql, &vals![today]).await?.iter().map(|row| row.get(0)).collect()
}

/// Refuses that a project is removed while it has resources that are not terminated.
pub async fn guard_project(cx: &mut Cx<'_>, project_id: i64) -> Result<()> {
    let sql = "SELECT count(*) FROM resources WHERE project_id = $1 AND state <> 'Terminated'";
    let row = cx.tx.one(sql, &vals![project_id]).await?;
    if row.map_or(Ok(0), |row| row.get::<i64>(0))? > 0 {
        let text = "Project contains active resources. Please remove them before deleting project.";
        return Err(Error::Conflict(text.into()));
    }
    Ok(())
}

/// Projects among these that have resources which are not terminated: identifier, name and number of resources.
pub async fn running_in(tx: &mut Tx, projects: Vec<i64>) -> Result<Vec<(Uuid, String, i64)>> {
    let sql = "SELECT p.uuid, p.name, count(*) FROM resources r JOIN projects p ON p.id = r.project_id \
               WHERE p.id = ANY($1) AND r.state <> 'Terminated' GROUP BY p.uuid, p.name ORDER BY p.name, p.uuid LIMIT 100";
    let rows = tx.query(sql, &vals![projects]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}
