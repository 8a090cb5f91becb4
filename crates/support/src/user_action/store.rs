//! The SQL of user actions.

use super::rules;
use serde_json::{Value, json};
use stoa_kernel::{Query, Result, Time, Tx, Val, clock::Clock, id::Uuid, vals};

/// An active person with a role that carries a permission; `$` takes the permission as it stands in a role.
const HOLDERS: &str = "JOIN roles x ON x.id = g.role_id AND x.is_active JOIN users u ON u.id = g.user_id AND u.is_active \
     WHERE g.revoked_at IS NULL AND x.permissions LIKE";

/// Something that needs a person's attention.
#[derive(Debug)]
pub struct Todo {
    user_id: i64,
    kind: &'static str,
    order_id: Option<i64>,
    resource_id: i64,
    title: String,
    description: String,
    urgency: &'static str,
    due: Option<Time>,
    days: Option<i64>,
    corrective: Value,
    route: (&'static str, Value),
}

fn carrying(permission: &str) -> String {
    format!("%\"{permission}\"%")
}

/// Orders that have waited for at least so many hours, each with everybody who can decide about it.
pub async fn waiting_orders(tx: &mut Tx, hours: i64, user: Option<i64>, now: Time) -> Result<Vec<Todo>> {
    let mut found = Vec::new();
    let sides = [
        (
            "consumer",
            "g.customer_id = o.customer_id AND (g.scope = 'customer' OR (g.scope = 'project' AND g.scope_id = o.project_id))",
        ),
        (
            "provider",
            "g.customer_id = f.customer_id AND (g.scope IN ('customer', 'service_provider') \
                      OR (g.scope = 'offering' AND g.scope_id = f.id))",
        ),
    ];
    for (side, who) in sides {
        let sql = format!(
            "SELECT DISTINCT g.user_id, o.id, o.uuid, o.resource_id, r.name, o.type, o.created FROM orders o \
             JOIN offerings f ON f.id = o.offering_id JOIN resources r ON r.id = o.resource_id JOIN grants g ON {who} \
             {HOLDERS} $1 AND (g.expires_at IS NULL OR g.expires_at > $2) AND o.state = $3 AND o.created <= $4 \
             AND ($5 = 0 OR g.user_id = $6)"
        );
        let (state, only) = (format!("pending-{side}"), user.unwrap_or_default());
        let since = now.plus_seconds(-hours * 3600);
        for row in tx.query(&sql, &vals![carrying("ORDER.APPROVE"), now, state, since, only, only]).await? {
            let (order, name, kind): (Uuid, String, String) = (row.get(2)?, row.get(4)?, row.get(5)?);
            let hours = (now.0 - row.get::<Time>(6)?.0) / 3_600_000_000;
            found.push(Todo {
                user_id: row.get(0)?,
                kind: "pending_order",
                order_id: Some(row.get(1)?),
                resource_id: row.get(3)?,
                title: format!("Order for {name} waits for approval"),
                description: format!(
                    "An order of type {kind} for {name} has waited for {hours} hours for your decision."
                ),
                urgency: rules::urgency_of_wait(hours),
                due: None,
                days: None,
                corrective: rules::for_order(&order, side),
                route: ("marketplace-orders.details", json!({"order_uuid": stoa_kernel::id::hex(&order)})),
            });
        }
    }
    Ok(found)
}

/// Resources that end soon, each with everybody who can order changes of it.
pub async fn ending_resources(tx: &mut Tx, user: Option<i64>, now: Time) -> Result<Vec<Todo>> {
    let sql = format!(
        "SELECT DISTINCT g.user_id, r.id, r.uuid, r.name, r.end_date FROM resources r JOIN grants g \
         ON g.customer_id = r.customer_id AND (g.scope = 'customer' OR (g.scope = 'project' AND g.scope_id = r.project_id)) \
         {HOLDERS} $1 AND (g.expires_at IS NULL OR g.expires_at > $2) AND r.end_date >= $3 AND r.end_date <= $4 \
         AND r.state NOT IN ('Terminated', 'Terminating') AND ($5 = 0 OR g.user_id = $6)"
    );
    let (today, last) = (now.date(), now.plus_seconds(rules::EXPIRY_DAYS * 86_400).date());
    let only = user.unwrap_or_default();
    let mut found = Vec::new();
    for row in tx.query(&sql, &vals![carrying("ORDER.CREATE"), now, today, last, only, only]).await? {
        let (resource, name): (Uuid, String) = (row.get(2)?, row.get(3)?);
        let end = row.get::<stoa_kernel::Date>(4)?;
        let due = end.start();
        let days = (due.0 - today.start().0) / 86_400_000_000;
        found.push(Todo {
            user_id: row.get(0)?,
            kind: "expiring_resource",
            order_id: None,
            resource_id: row.get(1)?,
            title: format!("{name} ends in {days} days"),
            description: format!("The resource {name} ends on {end}."),
            urgency: rules::urgency_of_end(days),
            due: Some(due),
            days: Some(days),
            corrective: rules::for_resource(&resource),
            route: ("marketplace-resource-details", json!({"resource_uuid": stoa_kernel::id::hex(&resource)})),
        });
    }
    Ok(found)
}

/// Notes what needs whom. What is known keeps its identifier and whether it is silenced.
pub async fn note(tx: &mut Tx, clock: &Clock, todo: &Todo, now: Time) -> Result<()> {
    let place = match todo.order_id {
        Some(_) => "(user_id, action_type, order_id) WHERE order_id IS NOT NULL",
        None => "(user_id, action_type, resource_id) WHERE order_id IS NULL",
    };
    let sql = format!(
        "INSERT INTO user_actions (uuid, user_id, action_type, order_id, resource_id, title, description, urgency, due_date, \
         days_until_due, corrective_actions, route_name, route_params, created, modified, seen) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT {place} DO UPDATE SET \
         title = excluded.title, description = excluded.description, urgency = excluded.urgency, \
         due_date = excluded.due_date, days_until_due = excluded.days_until_due, \
         corrective_actions = excluded.corrective_actions, modified = excluded.modified, seen = excluded.seen"
    );
    let (route, params) = (todo.route.0, todo.route.1.to_string());
    let values = vals![
        clock.uuid(),
        todo.user_id,
        todo.kind,
        todo.order_id,
        todo.resource_id,
        todo.title.clone(),
        todo.description.clone(),
        todo.urgency,
        todo.due,
        todo.days,
        todo.corrective.to_string(),
        route,
        params,
        now,
        now,
        now
    ];
    tx.execute(&sql, &values).await.map(|_| ())
}

/// Forgets what no longer needs anybody: what an older refresh saw last.
pub async fn forget(tx: &mut Tx, kind: &str, user: Option<i64>, now: Time) -> Result<()> {
    let only = user.unwrap_or_default();
    let sql = "DELETE FROM user_actions WHERE action_type = $1 AND seen < $2 AND ($3 = 0 OR user_id = $4)";
    tx.execute(sql, &vals![kind, now, only, only]).await.map(|_| ())
}

/// Notes when a kind was computed.
pub async fn computed(tx: &mut Tx, kind: &str, now: Time) -> Result<()> {
    let sql = "UPDATE user_action_providers SET last_execution = $1, last_execution_status = 'success' WHERE action_type = $2";
    tx.execute(sql, &vals![now, kind]).await.map(|_| ())
}

/// Silences one row, for good or until an instant.
pub async fn silence(tx: &mut Tx, id: i64, until: Option<Time>, now: Time) -> Result<()> {
    let sql = "UPDATE user_actions SET is_silenced = $1, silenced_until = $2, modified = $3 WHERE id = $4";
    tx.execute(sql, &vals![until.is_none(), until, now, id]).await.map(|_| ())
}

/// Ends the silence of one row.
pub async fn unsilence(tx: &mut Tx, id: i64, now: Time) -> Result<()> {
    let sql = "UPDATE user_actions SET is_silenced = false, silenced_until = NULL, modified = $1 WHERE id = $2";
    tx.execute(sql, &vals![now, id]).await.map(|_| ())
}

/// Silences all rows of a user that are of a type and urgency, where these are given. Gives how many.
pub async fn silence_all(
    tx: &mut Tx,
    user: i64,
    (kind, urgency): (&str, &str),
    until: Option<Time>,
    now: Time,
) -> Result<u64> {
    let sql = "UPDATE user_actions SET is_silenced = $1, silenced_until = $2, modified = $3 WHERE user_id = $4 \
               AND ($5 = '' OR action_type = $6) AND ($7 = '' OR urgency = $8)";
    tx.execute(sql, &vals![until.is_none(), until, now, user, kind, kind, urgency, urgency]).await
}

/// Somebody who is mailed what needs attention.
#[derive(Debug)]
pub struct Reader {
    /// Key of the user.
    pub id: i64,
    /// Where the letter goes.
    pub email: String,
    /// First and last name.
    pub full_name: String,
    /// The language of the letter.
    pub language: String,
}

/// What is not silenced, of a row `a`.
const LOUD: &str = "NOT a.is_silenced AND (a.silenced_until IS NULL OR a.silenced_until <= $1)";

/// People who want mail and were mailed nothing today, and for whom today is a day on which they are reminded of something: the
/// first so many after a key. One person is found whatever the day.
pub async fn readers(tx: &mut Tx, only: Option<i64>, after: i64, most: i64, now: Time) -> Result<Vec<Reader>> {
    let days = rules::REMINDER_DAYS.map(|day| day.to_string()).join(", ");
    let (due, fresh) = match only {
        Some(_) => (String::new(), "u.id = $2"),
        None => (
            format!("AND (a.action_type = 'pending_order' OR a.days_until_due IN ({days}))"),
            "u.id > $2 AND NOT EXISTS (SELECT 1 FROM user_action_digests d WHERE d.user_id = u.id AND d.sent = $3)",
        ),
    };
    let sql = format!(
        "SELECT u.id, u.email, u.first_name, u.last_name, u.preferred_language FROM users u WHERE {fresh} AND u.is_active \
         AND u.notifications_enabled AND u.email <> '' \
         AND EXISTS (SELECT 1 FROM user_actions a WHERE a.user_id = u.id AND {LOUD} {due}) ORDER BY u.id LIMIT {most}"
    );
    let values = match only {
        Some(user) => vals![now, user].to_vec(),
        None => vals![now, after, now.date()].to_vec(),
    };
    let read = |row: &stoa_kernel::Row| {
        let full_name = format!("{} {}", row.get::<String>(2)?, row.get::<String>(3)?).trim().to_owned();
        Ok(Reader { id: row.get(0)?, email: row.get(1)?, full_name, language: row.get(4)? })
    };
    tx.query(&sql, &values).await?.iter().map(read).collect()
}

/// What needs the attention of these people, by person, the most urgent of each first.
pub async fn loud(tx: &mut Tx, users: Vec<i64>, now: Time) -> Result<Vec<(i64, Value)>> {
    let sql = format!(
        "SELECT a.user_id, a.title, a.description, a.urgency, a.due_date FROM user_actions a WHERE {LOUD} \
         AND a.user_id = ANY($2) ORDER BY CASE a.urgency WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END, a.due_date, a.id"
    );
    let read = |row: &stoa_kernel::Row| {
        let due: Option<Time> = row.get(4)?;
        let (title, description, urgency): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let due = due.map(|due| due.date().to_string());
        Ok((row.get(0)?, json!({"title": title, "description": description, "urgency": urgency, "due": due})))
    };
    tx.query(&sql, &vals![now, users]).await?.iter().map(read).collect()
}

/// Notes that somebody was mailed today what needs attention.
pub async fn mailed(tx: &mut Tx, user: i64, now: Time) -> Result<()> {
    let sql = "INSERT INTO user_action_digests (user_id, sent) VALUES ($1, $2) ON CONFLICT (user_id) \
               DO UPDATE SET sent = excluded.sent";
    tx.execute(sql, &vals![user, now.date()]).await.map(|_| ())
}

/// Notes what a user did about a row.
pub async fn executed(tx: &mut Tx, user: i64, label: &str, error: &str, metadata: &Value, now: Time) -> Result<()> {
    let sql = "INSERT INTO user_action_executions (user_id, label, at, success, error_message, metadata) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    tx.execute(sql, &vals![user, label, now, error.is_empty(), error, metadata.to_string()]).await.map(|_| ())
}

/// Forgets what users did before an instant.
pub async fn forget_executions(tx: &mut Tx, before: Time) -> Result<()> {
    tx.execute("DELETE FROM user_action_executions WHERE at < $1", &vals![before]).await.map(|_| ())
}

/// What can be done about a row that is a user's own: its list of corrective actions.
pub async fn corrective(query: &mut dyn Query, user: i64, uuid: Uuid) -> Result<Option<Value>> {
    let sql = "SELECT corrective_actions FROM user_actions WHERE uuid = $1 AND user_id = $2";
    let rows = query.query(sql, &[Val::Uuid(uuid), Val::Int(user)]).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// Sums of what a user has to do now: by urgency and type, and how much is overdue.
pub async fn counts(query: &mut dyn Query, user: i64, now: Time) -> Result<Vec<(String, String, i64, i64)>> {
    let sql = "SELECT urgency, action_type, count(*), sum(CASE WHEN due_date < $1 THEN 1 ELSE 0 END) FROM user_actions \
               WHERE user_id = $2 AND NOT is_silenced AND (silenced_until IS NULL OR silenced_until <= $3) \
               GROUP BY urgency, action_type";
    let rows = query.query(sql, &vals![now, user, now]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).collect()
}
