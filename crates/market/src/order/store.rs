//! The SQL of orders and of what they reserve.

use super::{Kind, State, rules};
use crate::{component::Component, plan::rules::Limits, resource};
use serde_json::Value;
use std::collections::HashMap;
use stoa_kernel::{Date, Error, Query, Result, Row, Time, Tx, Val, field::Input, id::Uuid, record, vals};

/// The table.
pub const TABLE: &str = "orders";

/// An order as rules need it.
#[derive(Debug, Clone)]
pub struct Order {
    /// Key.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// What it asks for.
    pub kind: Kind,
    /// Where it is on its way.
    pub state: State,
    /// The resource that it is about.
    pub resource_id: i64,
    /// The project that the resource belongs to.
    pub project_id: i64,
    /// The offering.
    pub offering_id: i64,
    /// The plan that it asks for.
    pub plan_id: Option<i64>,
    /// The limits that it asks for.
    pub limits: Limits,
    /// Everything else that it asks for.
    pub attributes: Value,
    /// Who placed it.
    pub created_by: Option<i64>,
    /// The first day on which it may be executed.
    pub start_date: Option<Date>,
}

/// Where an order is placed, in names and dates: the project, its organization, and the provider's organization.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The project.
    pub project_id: i64,
    /// Its identifier.
    pub project_uuid: Uuid,
    /// Its name.
    pub project_name: String,
    /// Its short name.
    pub project_slug: String,
    /// Its first day.
    pub project_start: Option<Date>,
    /// Its last day, before any grace.
    pub project_end: Option<Date>,
    /// Days of grace after its last day.
    pub grace_days: Option<i64>,
    /// Whether it is removed.
    pub project_removed: bool,
    /// Whether only certain offerings may be used in it (mission O5).
    pub limits_offerings: bool,
    /// The organization of the project.
    pub customer_id: i64,
    /// Its identifier.
    pub customer_uuid: Uuid,
    /// Its name.
    pub customer_name: String,
    /// Its short name.
    pub customer_slug: String,
    /// Whether it is blocked.
    pub blocked: bool,
    /// Whether it is archived.
    pub archived: bool,
    /// The offering.
    pub offering_id: i64,
    /// Its identifier.
    pub offering_uuid: Uuid,
    /// Its name.
    pub offering_name: String,
    /// The provider's organization.
    pub provider_id: i64,
    /// Its identifier.
    pub provider_uuid: Uuid,
    /// Its name.
    pub provider_name: String,
}

/// The scene of an order in a project for an offering.
pub async fn scene(query: &mut dyn Query, project_id: i64, offering_id: i64) -> Result<Scene> {
    let sql = "SELECT p.id, p.uuid, p.name, p.slug, p.start_date, p.end_date, \
               COALESCE(p.grace_period_days, c.grace_period_days), p.is_removed, p.limit_offerings, \
               c.id, c.uuid, c.name, c.slug, c.blocked, c.archived, f.id, f.uuid, f.name, s.id, s.uuid, s.name \
               FROM projects p JOIN customers c ON c.id = p.customer_id JOIN offerings f ON f.id = $1 \
               JOIN customers s ON s.id = f.customer_id WHERE p.id = $2";
    let rows = query.query(sql, &vals![offering_id, project_id]).await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    Ok(Scene {
        project_id: row.get(0)?,
        project_uuid: row.get(1)?,
        project_name: row.get(2)?,
        project_slug: row.get(3)?,
        project_start: row.get(4)?,
        project_end: row.get(5)?,
        grace_days: row.get(6)?,
        project_removed: row.get(7)?,
        limits_offerings: row.get(8)?,
        customer_id: row.get(9)?,
        customer_uuid: row.get(10)?,
        customer_name: row.get(11)?,
        customer_slug: row.get(12)?,
        blocked: row.get(13)?,
        archived: row.get(14)?,
        offering_id: row.get(15)?,
        offering_uuid: row.get(16)?,
        offering_name: row.get(17)?,
        provider_id: row.get(18)?,
        provider_uuid: row.get(19)?,
        provider_name: row.get(20)?,
    })
}

/// Whether an offering is among those that may be used in a project that limits them.
pub async fn is_allowed(query: &mut dyn Query, project_id: i64, offering: Uuid) -> Result<bool> {
    let sql = "SELECT 1 FROM project_offerings WHERE project_id = $1 AND offering_uuid = $2";
    Ok(!query.query(sql, &vals![project_id, offering]).await?.is_empty())
}

/// Keys of the groups to which an organization belongs.
pub async fn groups_of(query: &mut dyn Query, customer_id: i64) -> Result<Vec<i64>> {
    let sql = "SELECT group_id FROM customer_groups WHERE customer_id = $1";
    query.query(sql, &vals![customer_id]).await?.iter().map(|row| row.get(0)).collect()
}

/// Makes parallel orders of one project wait for one another, where a rule counts what the project has.
pub async fn lock_project(tx: &mut Tx, project_id: i64) -> Result<()> {
    tx.query("SELECT id FROM projects WHERE id = $1 FOR UPDATE", &vals![project_id]).await.map(drop)
}

/// Makes parallel orders of one plan wait for one another, and counts its resources that have not ended.
pub async fn lock_plan(tx: &mut Tx, plan_id: i64) -> Result<i64> {
    tx.query("SELECT id FROM plans WHERE id = $1 FOR UPDATE", &vals![plan_id]).await?;
    let sql = "SELECT count(*) FROM resources WHERE plan_id = $1 AND state <> 'Terminated'";
    tx.one(sql, &vals![plan_id]).await?.map_or(Ok(0), |row| row.get(0))
}

/// The distinct people who hold a role in a project, and the names of these roles.
pub async fn team(query: &mut dyn Query, project_id: i64, now: Time) -> Result<(usize, Vec<String>)> {
    let sql = "SELECT DISTINCT g.user_id, r.name FROM grants g JOIN roles r ON r.id = g.role_id \
               WHERE g.scope = 'project' AND g.scope_id = $1 AND g.revoked_at IS NULL AND r.is_active \
               AND (g.expires_at IS NULL OR g.expires_at > $2)";
    let rows = query.query(sql, &vals![project_id, now]).await?;
    let mut people = std::collections::HashSet::new();
    let mut roles = Vec::new();
    for row in &rows {
        people.insert(row.get::<Option<i64>>(0)?);
        roles.push(row.get(1)?);
    }
    Ok((people.len(), roles))
}

/// Locks the resource of an order, then the order, and reads both. Everybody takes these locks in this order.
pub async fn lock(tx: &mut Tx, id: i64) -> Result<(Order, resource::store::Resource)> {
    let row = tx.one("SELECT resource_id FROM orders WHERE id = $1", &vals![id]).await?.ok_or(Error::NotFound)?;
    let resource = resource::store::lock(tx, row.get(0)?).await?;
    let sql = format!("SELECT {COLUMNS} FROM orders WHERE id = $1 FOR UPDATE");
    let row = tx.one(&sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok((read(&row)?, resource))
}

const COLUMNS: &str = "id, uuid, type, state, resource_id, project_id, offering_id, plan_id, limits, attributes, created_by, \
     start_date";

fn read(row: &Row) -> Result<Order> {
    let (kind, state): (String, String) = (row.get(2)?, row.get(3)?);
    Ok(Order {
        id: row.get(0)?,
        uuid: row.get(1)?,
        kind: Kind::parse(&kind).ok_or_else(|| Error::broken(format!("order of type {kind}")))?,
        state: State::parse(&state).ok_or_else(|| Error::broken(format!("order in state {state}")))?,
        resource_id: row.get(4)?,
        project_id: row.get(5)?,
        offering_id: row.get(6)?,
        plan_id: row.get(7)?,
        limits: rules::read_limits(&row.get(8)?)?,
        attributes: row.get(9)?,
        created_by: row.get(10)?,
        start_date: row.get(11)?,
    })
}

/// The order of a resource that is not over, if there is one.
pub async fn open_of(query: &mut dyn Query, resource_id: i64) -> Result<Option<Order>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM orders WHERE resource_id = $1 AND state IN \
         ('pending-consumer', 'pending-provider', 'pending-project', 'pending-start-date', 'executing')"
    );
    query.query(&sql, &vals![resource_id]).await?.first().map(read).transpose()
}

/// The address of the document of an order.
pub async fn attachment(query: &mut dyn Query, id: i64) -> Result<Option<String>> {
    let sql = concat!(
        "SELECT ",
        stoa_tenancy::file_url!("x"),
        " FROM orders o JOIN files x ON x.id = o.attachment_id WHERE o.id = $1"
    );
    query.query(sql, &vals![id]).await?.first().map(|row| row.get(0)).transpose()
}

/// Makes an order.
///
/// # Errors
/// Invalid if the resource has one that is not over.
pub async fn insert(tx: &mut Tx, columns: Vec<(&'static str, Val)>) -> Result<i64> {
    record::insert(tx, TABLE, &[], &Input::default(), columns)
        .await
        .map_err(|error| error.on_duplicate("orders.resource_id", "", "Pending order for resource already exists."))
}

/// Changes an order that is locked.
pub async fn set(tx: &mut Tx, id: i64, now: Time, mut columns: Vec<(&'static str, Val)>) -> Result<()> {
    columns.push(("modified", Val::Time(now)));
    record::set(tx, TABLE, id, columns)
        .await
        .map_err(|error| error.on_duplicate("orders.resource_id", "", "Pending order for resource already exists."))
}

/// Removes an order.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM orders WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// Lets the orders of a resource follow it to another project.
pub async fn follow_resource(tx: &mut Tx, resource_id: i64, project_id: i64, customer_id: i64) -> Result<()> {
    let sql = "UPDATE orders SET project_id = $1, customer_id = $2 WHERE resource_id = $3";
    tx.execute(sql, &vals![project_id, customer_id, resource_id]).await.map(|_| ())
}

/// Lets the orders of a project follow it to another organization.
pub async fn follow_project(tx: &mut Tx, project_id: i64) -> Result<()> {
    let sql = "UPDATE orders SET customer_id = (SELECT p.customer_id FROM projects p WHERE p.id = orders.project_id) \
               WHERE project_id = $1";
    tx.execute(sql, &vals![project_id]).await.map(|_| ())
}

/// Makes a resource hold these limits of its offering's components, no more and no less: takes what is missing, gives back
/// what is left over. Taking is a conditional update of the component's sum, component by component in the order of their
/// keys, so that no number of parallel orders passes a limit (design.md, section 7).
///
/// # Errors
/// Invalid where a limit of all resources together would be passed.
pub async fn reserve(
    tx: &mut Tx,
    resource_id: i64,
    components: &[Component],
    limits: &Limits,
    now: Time,
) -> Result<()> {
    let rows =
        tx.query("SELECT component_id, amount FROM reservations WHERE resource_id = $1", &vals![resource_id]).await?;
    let held: HashMap<i64, i64> = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_>>()?;
    let mut components: Vec<&Component> = components.iter().filter(|c| rules::takes_limit(c)).collect();
    components.sort_by_key(|component| component.id);
    for component in components {
        let before = held.get(&component.id).copied().unwrap_or(0);
        // A negative limit means none; what has no bound holds nothing of one.
        let after = limits.get(&component.kind).copied().unwrap_or(0).max(0);
        if after > before {
            take(tx, resource_id, component, after - before, after, now).await?;
        } else if after < before {
            let sql = "UPDATE offering_components SET used = used - $1 WHERE id = $2";
            tx.execute(sql, &vals![before - after, component.id]).await?;
        }
        if after == 0 && before != 0 {
            let sql = "DELETE FROM reservations WHERE resource_id = $1 AND component_id = $2";
            tx.execute(sql, &vals![resource_id, component.id]).await?;
        } else if after != before {
            let sql = "INSERT INTO reservations (resource_id, component_id, amount, modified) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (resource_id, component_id) \
                       DO UPDATE SET amount = excluded.amount, modified = excluded.modified";
            tx.execute(sql, &vals![resource_id, component.id, after, now]).await?;
        }
    }
    Ok(())
}

/// Takes more of a component, if all resources together stay below what is available. The update locks the component's row
/// until the transaction ends, so the sum for the cap over a span, which is read after it, is exact.
async fn take(tx: &mut Tx, resource_id: i64, component: &Component, more: i64, after: i64, now: Time) -> Result<()> {
    let sql = "UPDATE offering_components SET used = used + $1 WHERE id = $2 \
               AND (max_available_limit IS NULL OR max_available_limit <= 0 OR used + $3 < max_available_limit)";
    if tx.execute(sql, &vals![more, component.id, more]).await? == 0 {
        let row = tx
            .one("SELECT max_available_limit - used FROM offering_components WHERE id = $1", &vals![component.id])
            .await?;
        let left = row.map_or(Ok(None), |row| row.get::<Option<i64>>(0))?.unwrap_or(0);
        let kind = &component.kind;
        return Err(Error::field(
            "limits",
            format!(
                "Requested {kind} cannot be provisioned due to offering safety limit. You can allocate up to {} of {kind}.",
                (left - 1).max(0)
            ),
        ));
    }
    let Some(cap) = component.limit_amount.filter(|cap| *cap > 0) else { return Ok(()) };
    let since = rules::cap_since(component.limit_period, now.date());
    let sql = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM reservations WHERE component_id = $1 \
               AND resource_id <> $2 AND modified >= $3";
    let since = since.unwrap_or(Time(0));
    let row = tx.one(sql, &vals![component.id, resource_id, since]).await?;
    let others: i64 = row.map_or(Ok(0), |row| row.get(0))?;
    if others + after > cap {
        return Err(Error::field("limits", rules::cap_message(component.limit_period, cap)));
    }
    Ok(())
}

/// A component whose sum is not what its resources hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Miscount {
    /// Key of the component.
    pub component_id: i64,
    /// The sum that is kept.
    pub used: i64,
    /// The sum of reservations.
    pub reserved: i64,
    /// The sum of what the limits of resources that have not ended and of orders that are not over ask for.
    pub asked: i64,
}

/// Counts again: every component whose kept sum, reservations and limits differ. Empty if all is well.
pub async fn recount(query: &mut dyn Query) -> Result<Vec<Miscount>> {
    let sql = "SELECT c.id, c.offering_id, c.type, c.used, \
               (SELECT CAST(COALESCE(SUM(r.amount), 0) AS BIGINT) FROM reservations r WHERE r.component_id = c.id) \
               FROM offering_components c WHERE c.billing_type = 'limit' OR (c.billing_type = 'one' AND c.is_prepaid)";
    let components = query.query(sql, &[]).await?;
    let sql = "SELECT r.offering_id, r.limits, o.limits FROM resources r LEFT JOIN orders o ON o.resource_id = r.id \
               AND o.state IN ('pending-consumer', 'pending-provider', 'pending-project', 'pending-start-date', 'executing') \
               AND o.type = 'Update' WHERE r.state <> 'Terminated'";
    let mut asked = HashMap::<(i64, String), i64>::new();
    for row in query.query(sql, &[]).await? {
        let has = rules::read_limits(&row.get(1)?)?;
        let wants = row.get::<Option<Value>>(2)?.map_or(Ok(Limits::new()), |limits| rules::read_limits(&limits))?;
        for (kind, limit) in greater(&has, &wants) {
            *asked.entry((row.get(0)?, kind)).or_default() += limit.max(0);
        }
    }
    let mut wrong = Vec::new();
    for row in components {
        let asked = asked.get(&(row.get(1)?, row.get(2)?)).copied().unwrap_or(0);
        let count = Miscount { component_id: row.get(0)?, used: row.get(3)?, reserved: row.get(4)?, asked };
        if count.used != count.reserved || count.reserved != count.asked {
            wrong.push(count);
        }
    }
    Ok(wrong)
}

/// For each component the greater of two limits: what a resource holds while a change of its limits is on its way.
pub fn greater(one: &Limits, other: &Limits) -> Limits {
    let mut both = one.clone();
    for (kind, limit) in other {
        let held = both.entry(kind.clone()).or_insert(*limit);
        *held = (*held).max(*limit);
    }
    both
}

/// Identifiers of the orders that wait for a day that has come: of their project, or their own.
pub async fn due(query: &mut dyn Query, today: Date) -> Result<Vec<Uuid>> {
    let sql = "SELECT o.uuid FROM orders o JOIN projects p ON p.id = o.project_id WHERE o.state = 'pending-project' \
               AND NOT p.is_removed AND (p.start_date IS NULL OR p.start_date <= $1) UNION ALL \
               SELECT o.uuid FROM orders o WHERE o.state = 'pending-start-date' \
               AND (o.start_date IS NULL OR o.start_date <= $2)";
    query.query(sql, &vals![today, today]).await?.iter().map(|row| row.get(0)).collect()
}

/// Orders that wait for the consumer's approval in these projects, or in projects of these organizations, where nobody who can sign
/// in holds one of these roles: identifier and name of each, a hundred at most.
pub async fn without_approver(
    tx: &mut Tx,
    roles: Vec<i64>,
    projects: Vec<i64>,
    customers: Vec<i64>,
    now: Time,
) -> Result<Vec<(Uuid, String)>> {
    let sql = "SELECT o.uuid, r.name FROM orders o JOIN resources r ON r.id = o.resource_id JOIN projects p ON p.id = o.project_id \
               WHERE o.state = 'pending-consumer' AND o.id IN (SELECT id FROM orders WHERE project_id = ANY($1) \
               UNION SELECT n.id FROM orders n JOIN projects q ON q.id = n.project_id WHERE q.customer_id = ANY($2)) \
               AND p.id NOT IN (SELECT g.scope_id FROM grants g JOIN users u ON u.id = g.user_id WHERE g.scope = 'project' \
               AND u.is_active AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $3) AND g.role_id = ANY($4)) \
               AND p.customer_id NOT IN (SELECT g.scope_id FROM grants g JOIN users u ON u.id = g.user_id \
               WHERE g.scope = 'customer' AND u.is_active AND g.revoked_at IS NULL \
               AND (g.expires_at IS NULL OR g.expires_at > $3) AND g.role_id = ANY($4)) ORDER BY o.id LIMIT 100";
    let rows = tx.query(sql, &vals![projects, customers, now, roles]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
