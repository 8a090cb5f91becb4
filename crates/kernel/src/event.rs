//! The record: one event for each action that succeeded, written in the same transaction (design.md, section 5).
//!
//! The event row is the audit row, the feed, and the source of web hooks, mails and message queues.

use crate::{Query, Result, Row, access::Actor, id::Uuid, store::Tx, time::Time, vals};
use serde_json::{Map, Value, json};

/// A field that an action changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Name of the field.
    pub field: String,
    /// What it was.
    pub before: Value,
    /// What it is now.
    pub after: Value,
}

/// What an event says.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its type, from the catalogue of event types.
    pub kind: &'static str,
    /// The sentence for people.
    pub message: String,
    /// Flat facts: `project_uuid`, `role_name`, …; strings, numbers, booleans and nulls only.
    pub context: Map<String, Value>,
    /// The scopes in whose feeds it appears: kind and key.
    pub feeds: Vec<(&'static str, i64)>,
    /// What changed.
    pub changes: Vec<Change>,
}

impl Event {
    /// An event with a sentence; facts, feeds and changes are added to it.
    pub fn new(kind: &'static str, message: impl Into<String>) -> Event {
        Event { kind, message: message.into(), context: Map::new(), feeds: Vec::new(), changes: Vec::new() }
    }

    /// Adds a fact.
    pub fn fact(mut self, name: impl Into<String>, value: impl Into<Value>) -> Event {
        self.context.insert(name.into(), value.into());
        self
    }

    /// Adds facts.
    pub fn facts(mut self, facts: Map<String, Value>) -> Event {
        self.context.extend(facts);
        self
    }

    /// Shows the event in the feed of a scope.
    pub fn feed(mut self, scope: &'static str, id: i64) -> Event {
        if !self.feeds.contains(&(scope, id)) {
            self.feeds.push((scope, id));
        }
        self
    }

    /// Records what changed.
    pub fn changes(mut self, changes: Vec<Change>) -> Event {
        self.changes = changes;
        self
    }
}

/// What the record knows about the call besides the event itself.
#[derive(Debug, Clone)]
pub struct Origin<'a> {
    /// Name of the action, such as `project.create`.
    pub action: &'static str,
    /// Who did it.
    pub actor: &'a Actor,
    /// Identifier of the request.
    pub request: &'a str,
    /// The thing it was done to, if there is one: kind and key.
    pub thing: Option<(&'static str, i64)>,
    /// When.
    pub now: Time,
    /// The event's public identifier.
    pub uuid: Uuid,
}

/// Writes one event. Called by the door only (invariant 1).
pub(crate) async fn record(tx: &mut Tx, origin: Origin<'_>, event: &Event) -> Result<i64> {
    let mut context = event.context.clone();
    let actor = origin.actor;
    if actor.id != 0 {
        context.entry("user_uuid").or_insert_with(|| crate::id::hex(&actor.uuid).into());
        context.entry("user_username").or_insert_with(|| actor.username.clone().into());
        context.entry("user_full_name").or_insert_with(|| actor.full_name.clone().into());
        context.entry("user_is_staff").or_insert(actor.staff.into());
        context.entry("user_is_support").or_insert(actor.support.into());
    }
    if let Some(address) = actor.address {
        context.entry("ip_address").or_insert_with(|| address.to_string().into());
    }
    if let Some(by) = &actor.impersonator {
        context.insert("user_impersonator_uuid".into(), crate::id::hex(&by.uuid).into());
        context.insert("user_impersonator_username".into(), by.username.clone().into());
        context.insert("user_impersonator_full_name".into(), by.full_name.clone().into());
    }
    if let Some(narrow) = &actor.narrow {
        context.insert("auth_method".into(), "personal_access_token".into());
        context.insert("pat_uuid".into(), crate::id::hex(&narrow.uuid).into());
    }
    let changes: Vec<Value> = event
        .changes
        .iter()
        .map(|change| json!({"field": change.field, "before": change.before, "after": change.after}))
        .collect();
    let row = tx
        .one(
            "INSERT INTO events (uuid, created, event_type, action, message, context, changes, actor_id, thing, thing_id, \
             request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            &vals![
                origin.uuid,
                origin.now,
                event.kind,
                origin.action,
                &event.message,
                Value::Object(context),
                Value::Array(changes),
                (actor.id != 0).then_some(actor.id),
                origin.thing.map(|thing| thing.0),
                origin.thing.map(|thing| thing.1),
                origin.request,
            ],
        )
        .await?;
    let id: i64 = row.ok_or_else(|| crate::Error::broken("an event got no key"))?.get(0)?;
    for (scope, scope_id) in &event.feeds {
        tx.execute(
            "INSERT INTO event_feeds (scope, scope_id, event_id) VALUES ($1, $2, $3)",
            &vals![*scope, *scope_id, id],
        )
        .await?;
    }
    Ok(id)
}

/// What an event tells, for [`redact`].
#[derive(Debug)]
pub struct Told {
    /// The sentence.
    pub message: String,
    /// The facts.
    pub context: Map<String, Value>,
    /// What changed: `{"field", "before", "after"}` each.
    pub changes: Vec<Value>,
    /// Whether the thing that it was done to is the scope that is redacted.
    pub about: bool,
}

/// Events that are redacted at a time.
const REDACTED_AT_ONCE: i64 = 500;

/// Rewrites what the record tells of one scope: the one exception to a record that is never changed, for people who have a
/// right to be forgotten. Which events there are, of what type, when, by and on what does not change. Meant are the events
/// in the scope's feed, those that the actor caused, and those of one type that say exactly this. Gives how many there were.
///
/// Called by an action, whose own event says that it was done and names `cause`: every event that is rewritten is noted
/// under it, so that the seal of the record knows a lawful change from any other ([`Alteration`]).
pub async fn redact(
    tx: &mut Tx,
    scope: (&'static str, i64),
    actor: i64,
    saying: (&str, &str),
    cause: Uuid,
    edit: &(dyn Fn(&mut Told) + Sync),
) -> Result<u64> {
    let (mut after, mut count) = (0_i64, 0);
    loop {
        let sql = "SELECT id, message, context, changes, thing, thing_id FROM events WHERE id > $1 AND id IN (\
                   SELECT event_id FROM event_feeds WHERE scope = $2 AND scope_id = $3 \
                   UNION SELECT id FROM events WHERE actor_id = $4 \
                   UNION SELECT id FROM events WHERE event_type = $5 AND message = $6) ORDER BY id LIMIT $7";
        let values = vals![after, scope.0, scope.1, actor, saying.0, saying.1, REDACTED_AT_ONCE];
        let rows = tx.query(sql, &values).await?;
        let Some(last) = rows.last() else { return Ok(count) };
        after = last.get(0)?;
        let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
        alter(tx, "redacted", cause, ids).await?;
        for row in &rows {
            let (thing, thing_id): (Option<String>, Option<i64>) = (row.get(4)?, row.get(5)?);
            let (context, changes): (Value, Value) = (row.get(2)?, row.get(3)?);
            let mut told = Told {
                message: row.get(1)?,
                context: context.as_object().cloned().unwrap_or_default(),
                changes: changes.as_array().cloned().unwrap_or_default(),
                about: thing.as_deref() == Some(scope.0) && thing_id == Some(scope.1),
            };
            edit(&mut told);
            let sql = "UPDATE events SET message = $1, context = $2, changes = $3 WHERE id = $4";
            let (context, changes) = (Value::Object(told.context), Value::Array(told.changes));
            tx.execute(sql, &vals![told.message, context, changes, row.get::<i64>(0)?]).await?;
            count += 1;
        }
    }
}

/// Removes up to `limit` events that are older than an instant, but none of the types to keep; gives their number. For the
/// operator's rule on how long the record is kept; the caller puts on record that it happened, naming `cause`, under which
/// every removed event is noted ([`Alteration`]).
pub async fn forget(tx: &mut Tx, before: Time, keep: &[&str], limit: i64, cause: Uuid) -> Result<i64> {
    let sql = "SELECT id FROM events WHERE created < $1 AND event_type <> ALL($2) ORDER BY created LIMIT $3";
    let keep: Vec<String> = keep.iter().map(|name| (*name).to_owned()).collect();
    let rows = tx.query(sql, &vals![before, keep, limit]).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    alter(tx, "removed", cause, ids.clone()).await?;
    tx.execute("DELETE FROM event_feeds WHERE event_id = ANY($1)", &vals![ids.clone()]).await?;
    let gone = tx.execute("DELETE FROM events WHERE id = ANY($1)", &vals![ids]).await?;
    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
}

/// A lawful change of an event that was written before, which the seal of the record has not taken notice of yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Alteration {
    /// Its key.
    pub id: i64,
    /// Key of the event.
    pub event: i64,
    /// Whether the event was removed; otherwise it was redacted.
    pub removed: bool,
    /// What the event that says so names.
    pub cause: Uuid,
}

async fn alter(tx: &mut Tx, what: &str, cause: Uuid, events: Vec<i64>) -> Result<()> {
    // The event may be on its way into the seal at this moment, so nobody waits and nothing is looked up here.
    let sql = "INSERT INTO event_alterations (event_id, what, cause) \
               SELECT id, $1::text, $2::uuid FROM events WHERE id = ANY($3)";
    tx.execute(sql, &vals![what, cause, events]).await.map(drop)
}

/// Up to `limit` alterations that are still to be sealed, in the order of their keys.
pub async fn alterations(query: &mut dyn Query, limit: i64) -> Result<Vec<Alteration>> {
    let sql = "SELECT id, event_id, what, cause FROM event_alterations ORDER BY id LIMIT $1";
    let rows = query.query(sql, &vals![limit]).await?;
    let read = |row: &Row| {
        let removed = row.get::<String>(2)? == "removed";
        Ok(Alteration { id: row.get(0)?, event: row.get(1)?, removed, cause: row.get(3)? })
    };
    rows.iter().map(read).collect()
}

/// Takes alterations off the list, in the transaction that seals them.
pub async fn settle(tx: &mut Tx, alterations: Vec<i64>) -> Result<()> {
    tx.execute("DELETE FROM event_alterations WHERE id = ANY($1)", &vals![alterations]).await.map(drop)
}

/// The tables of the record; the list of alterations came later, with the seal.
pub const MIGRATION: crate::store::Migration = crate::store::Migration {
    name: "0001_record",
    sql: "
CREATE TABLE events (
  id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  uuid UUID NOT NULL,
  created TIMESTAMPTZ NOT NULL,
  event_type TEXT NOT NULL,
  action TEXT NOT NULL,
  message TEXT NOT NULL,
  context TEXT NOT NULL,
  changes TEXT NOT NULL,
  actor_id BIGINT,
  thing TEXT,
  thing_id BIGINT,
  request_id TEXT NOT NULL
);
CREATE UNIQUE INDEX ux_events__uuid ON events (uuid);
CREATE INDEX ix_events_created ON events (created);
CREATE INDEX ix_events_type ON events (event_type, id);

CREATE TABLE event_feeds (
  scope TEXT NOT NULL,
  scope_id BIGINT NOT NULL,
  event_id BIGINT NOT NULL,
  PRIMARY KEY (scope, scope_id, event_id)
);
CREATE INDEX ix_event_feeds_event ON event_feeds (event_id);

CREATE TABLE refusals (
  id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  created TIMESTAMPTZ NOT NULL,
  actor_id BIGINT,
  impersonator UUID,
  token UUID,
  action TEXT NOT NULL,
  target TEXT,
  reasons TEXT NOT NULL,
  request_id TEXT NOT NULL
);
CREATE INDEX ix_refusals_created ON refusals (created);
",
};
