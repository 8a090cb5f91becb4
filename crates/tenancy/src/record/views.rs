//! What is seen of events.

use super::rules;
use serde_json::Value;
use stoa_kernel::{
    Error, Result, Time, Val,
    access::{Actor, Needs},
    field::Kind::{self, Object, Text, Time as Instant},
    id::{self, Uuid},
    view::{Clause, Column, Filter, Order, Test, View},
};

const COLUMNS: &[Column] = &[
    Column::new("uuid", Kind::Uuid, "e.uuid", "Identifier."),
    Column::new("created", Instant, "e.created", "When it happened."),
    Column::new("event_type", Text, "e.event_type", "What kind of thing happened."),
    Column::new("message", Text, "e.message", "What happened, in a sentence."),
    Column::new("context", Object, "e.context", "Whom and what it concerns."),
];

/// Organizations whose feed the actor reads: those that he owns. The name of the role counts here and not a permission
/// (reference/events-and-quotas.md, section 3).
pub fn owned(actor: &Actor) -> Vec<i64> {
    let owns = actor.showing(|held| held.scope == "customer" && held.role.name == "CUSTOMER.OWNER");
    let mut ids: Vec<i64> = owns.iter().map(|held| held.scope_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn visible(actor: &Actor, clause: &mut Clause) {
    clause.key_in(
        "e.id",
        &[
            ("SELECT event_id FROM event_feeds WHERE scope = 'user' AND scope_id = ANY($)", vec![actor.id]),
            ("SELECT event_id FROM event_feeds WHERE scope = 'customer' AND scope_id = ANY($)", owned(actor)),
            (
                "SELECT event_id FROM event_feeds WHERE scope = 'project' AND scope_id = ANY($)",
                actor.scopes("project", None),
            ),
            (
                "SELECT f.event_id FROM event_feeds f JOIN projects p ON p.id = f.scope_id \
                 WHERE f.scope = 'project' AND p.customer_id = ANY($)",
                actor.scopes("customer", None),
            ),
            (
                "SELECT f.event_id FROM event_feeds f JOIN access_subnets s ON s.id = f.scope_id \
                 WHERE f.scope = 'access_subnet' AND s.customer_id = ANY($)",
                actor.scopes("customer", None),
            ),
            (
                "SELECT event_id FROM event_feeds WHERE scope = 'offering' AND scope_id = ANY($)",
                actor.scopes("offering", None),
            ),
            (
                "SELECT event_id FROM event_feeds WHERE scope = 'service_provider' AND scope_id = ANY($)",
                actor.scopes("service_provider", None),
            ),
        ],
    );
}

/// The condition that the context of an event has this key with one of these texts. It reads every event that the other
/// conditions leave.
fn fact(clause: &mut Clause, column: &str, key: &str, values: &[String]) {
    for (at, value) in values.iter().enumerate() {
        // As the record writes it: compact JSON of flat facts.
        let json = format!("{}:{}", Value::from(key), Value::from(value.as_str()));
        let mut pattern = String::from("%");
        json.chars().for_each(|c| match c {
            '%' | '_' | '\\' => pattern.extend(['\\', c]),
            _ => pattern.push(c),
        });
        pattern.push('%');
        let open = if at == 0 { "(" } else { " OR " };
        clause.push(&format!("{open}{column} LIKE $ ESCAPE '\\'"), [Val::Text(pattern)]);
    }
    clause.text.push(')');
}

/// The uuids that a filter was sent, as digits and as values.
fn uuids(name: &str, values: &[String]) -> Result<Vec<Uuid>> {
    let sent = values.iter().filter(|value| !value.is_empty());
    let read = |value: &String| id::parse(value).ok_or_else(|| Error::field(name, "Enter a valid UUID."));
    sent.map(read).collect()
}

/// Events in the feed of an organization; also of one that is deleted, whose last event still names it.
fn of_customer(clause: &mut Clause, values: &[String]) -> Result<()> {
    let ids = uuids("customer_uuid", values)?;
    if ids.is_empty() {
        return Ok(());
    }
    let hex: Vec<String> = ids.iter().map(id::hex).collect();
    clause.push(
        "e.id IN (SELECT event_id FROM event_feeds WHERE scope = 'customer' AND scope_id IN \
         (SELECT id FROM customers WHERE uuid = ANY($) \
         UNION SELECT x.thing_id FROM events x WHERE x.event_type = 'customer_deletion_succeeded' AND ",
        [Val::from(ids)],
    );
    fact(clause, "x.context", "customer_uuid", &hex);
    clause.text.push_str("))");
    Ok(())
}

/// An instant as seconds since 1970.
fn stamp(clause: &mut Clause, name: &str, values: &[String], sql: &str) -> Result<()> {
    let Some(text) = values.last().filter(|text| !text.is_empty()) else { return Ok(()) };
    let seconds: Option<f64> = text.trim().parse().ok().filter(|n: &f64| n.is_finite() && n.abs() < 1e12);
    // Beyond the calendar there is nothing to find on one side, and everything on the other.
    let time = seconds.map(|seconds| Time::default().plus_seconds(seconds as i64).0 + (seconds.fract() * 1e6) as i64);
    match time.and_then(Time::from_micros) {
        Some(time) => clause.push(sql, [Val::Time(time)]),
        None => return Err(Error::field(name, "Enter a number.")),
    }
    Ok(())
}

const OF_PROJECT: &str = "e.id IN (SELECT f.event_id FROM event_feeds f JOIN projects p ON p.id = f.scope_id \
     WHERE f.scope = 'project' AND p.uuid = ANY($))";
const OF_USER: &str = "e.id IN (SELECT f.event_id FROM event_feeds f JOIN users u ON u.id = f.scope_id \
     WHERE f.scope = 'user' AND u.uuid = ANY($))";

#[rustfmt::skip]
const FILTERS: &[Filter] = &[
    Filter::new("auth_method", Test::By(|clause, _, values| {
        let asked: Vec<String> = values.iter().filter(|value| !value.is_empty()).cloned().collect();
        if !asked.is_empty() {
            fact(clause, "e.context", "auth_method", &asked);
        }
        Ok(())
    }), "How the person was signed in, where the event says so."),
    Filter::new("created_from", Test::By(|clause, _, values| stamp(clause, "created_from", values, "e.created >= $")),
        "At or after this instant, in seconds since 1970."),
    Filter::new("created_to", Test::By(|clause, _, values| stamp(clause, "created_to", values, "e.created < $")),
        "Before this instant, in seconds since 1970."),
    Filter::new("customer_uuid", Test::By(|clause, _, values| of_customer(clause, values)),
        "Events in the feed of this organization."),
    Filter::new("event_type", Test::AnyText("e.event_type"), "One or more types."),
    Filter::new("feature", Test::By(|clause, _, values| {
        let groups: Vec<String> = values.iter().filter(|group| !group.is_empty()).cloned().collect();
        if !groups.is_empty() {
            clause.push("e.event_type = ANY($)", [rules::types_in(&groups).into()]);
        }
        Ok(())
    }), "One or more groups of types."),
    Filter::new("message", Test::Contains(&["e.message"]), "Part of the sentence, any case."),
    Filter::new("pat_uuid", Test::By(|clause, _, values| {
        let hex: Vec<String> = uuids("pat_uuid", values)?.iter().map(id::hex).collect();
        if !hex.is_empty() {
            fact(clause, "e.context", "pat_uuid", &hex);
        }
        Ok(())
    }), "The personal token that the event is about or was used for."),
    Filter::new("project_uuid", Test::Uuid(OF_PROJECT), "Events in the feed of this project."),
    Filter::new("related_user_uuid", Test::Uuid(OF_USER), "Events that concern this user."),
    Filter::new("user_uuid", Test::Uuid("e.actor_id IN (SELECT id FROM users WHERE uuid = ANY($))"), "Who did it."),
];

const BASE: View = View {
    name: "events",
    thing: "event",
    about: "What has happened.",
    from: "events e",
    joins: &[],
    key: "e.id",
    lookup: "e.id",
    always: "",
    needs: Needs::SignedIn,
    visible,
    columns: COLUMNS,
    filters: FILTERS,
    orders: &[Order::new("created", "e.created")],
    default_order: "e.created DESC",
    places: &[],
    state: None,
    label: "e.message",
    owner: None,
};

/// The events that the caller sees, in any feed.
pub static EVENTS: View = BASE;

/// The events in one feed, for a caller who was found to see it: always narrowed with [`IN_FEED`].
pub static FEED: View = View { name: "feed", visible: |_, clause| clause.text.push_str("TRUE"), ..BASE };

/// The events in the feed of one scope: its kind and its key.
pub const IN_FEED: &str = "e.id IN (SELECT event_id FROM event_feeds WHERE scope = $ AND scope_id = $)";
/// The events with these keys that are in any feed: a failed sign-in, for one, is in none and concerns nobody.
pub const IN_ANY_FEED: &str = "e.id IN (SELECT event_id FROM event_feeds WHERE event_id = ANY($))";
/// No event at all.
pub const NONE: &str = "FALSE";
