//! The record: one event for each action that succeeded, written in the same transaction (design.md, section 5).
//!
//! The event row is the audit row, the feed, and the source of web hooks, mails and message queues.

use crate::{Result, access::Actor, id::Uuid, store::Tx, time::Time, vals};
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

/// Removes up to `limit` events that are older than an instant, but none of the types to keep; gives their number. For the
/// operator's rule on how long the record is kept; the caller puts on record that it happened.
pub async fn forget(tx: &mut Tx, before: Time, keep: &[&str], limit: i64) -> Result<i64> {
    let sql = "SELECT id FROM events WHERE created < $1 AND event_type <> ALL($2) ORDER BY created LIMIT $3";
    let keep: Vec<String> = keep.iter().map(|name| (*name).to_owned()).collect();
    let rows = tx.query(sql, &vals![before, keep, limit]).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    tx.execute("DELETE FROM event_feeds WHERE event_id = ANY($1)", &vals![ids.clone()]).await?;
    let gone = tx.execute("DELETE FROM events WHERE id = ANY($1)", &vals![ids]).await?;
    Ok(i64::try_from(gone).unwrap_or(i64::MAX))
}

/// The tables of the record.
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
  action TEXT NOT NULL,
  target TEXT,
  reasons TEXT NOT NULL,
  request_id TEXT NOT NULL
);
CREATE INDEX ix_refusals_created ON refusals (created);
",
};
