//! What is seen of hooks: one's own; staff and support agents see all. The secret of a web hook is in no view.

use super::State;
use stoa_kernel::{
    Error, Result,
    access::{Actor, Needs},
    field::Kind::{Bool, Choice, Int, Link, Text, Texts, Time, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// How a body is written.
pub const CONTENT_TYPES: &[&str] = &["json", "form"];

/// The columns that hooks of either kind have, and more of them.
#[rustfmt::skip]
macro_rules! columns {
    ($thing:literal, $key:literal; $($more:expr),* $(,)?) => { &[
        Column::new("url", Link($thing), $key, "Address of the hook."),
        Column::new("uuid", Uuid, "h.uuid", "Identifier."),
        Column::new("is_active", Bool, "h.is_active", "Whether it is told anything."),
        Column::new("author_uuid", Uuid, "u.uuid", "Identifier of its owner."),
        Column::new("event_types", Texts, "h.event_types", "The types of events of which it is told."),
        Column::new("event_groups", Texts, "h.event_groups", "The groups of types of which it is told."),
        Column::new("created", Time, "h.created", "When it was made."),
        Column::new("modified", Time, "h.modified", "When it was changed."),
        Column::new("hook_type", Text, "h.kind", "`webhook` or `email`."),
        Column::new("author_fullname", Text, "trim(u.first_name || ' ' || u.last_name)", "First and last name of its owner."),
        Column::new("author_username", Text, "u.username", "Name by which its owner signs in."),
        Column::new("author_email", Text, "u.email", "E-mail address of its owner."),
        Column::new("last_published", Time, "h.last_published", "When it was last told something.").nullable().absent(),
        $($more,)*
    ] };
}

const URL: &str = "h.destination_url";
const PAUSED: &str = "CASE WHEN h.paused_until > {now} THEN h.paused_until END";

/// The columns of a web hook.
#[rustfmt::skip]
pub const WEB_COLUMNS: &[Column] = columns!("web_hook", "h.uuid";
    Column::new("destination_url", Text, URL, "Where events are posted."),
    Column::new("content_type", Choice("WebHookContentTypeEnum", CONTENT_TYPES), "h.content_type", "How they are written."),
    Column::new("failures", Int, "h.failures", "Failures in a row."),
    Column::new("paused_until", Time, PAUSED, "Until when nothing is sent, because nobody was there.").nullable().absent(),
);

/// What is answered when a web hook is made: the same, and its secret.
#[rustfmt::skip]
pub const WEB_MADE: &[Column] = columns!("web_hook", "h.uuid";
    Column::new("destination_url", Text, URL, "Where events are posted."),
    Column::new("content_type", Choice("WebHookContentTypeEnum", CONTENT_TYPES), "h.content_type", "How they are written."),
    Column::new("secret", Text, "", "What signatures are made with. It is shown this once."),
);

const EMAIL_COLUMNS: &[Column] = columns!("email_hook", "h.uuid";
    Column::new("email", Text, "h.email", "Where letters go."),
    Column::new("is_confirmed", Bool, "h.is_confirmed", "Whether the holder of the address agreed; until then nothing is sent."),
);

#[rustfmt::skip]
const ANY_COLUMNS: &[Column] = columns!(
    "web_hook", "CASE WHEN h.kind = 'email' THEN 'email_hook:' ELSE 'web_hook:' END || HEXID(h.uuid)";
    Column::new("destination_url", Text, "CASE WHEN h.kind = 'webhook' THEN h.destination_url END", "Where events are posted.").nullable().absent(),
    Column::new("content_type", Text, "CASE WHEN h.kind = 'webhook' THEN h.content_type END", "How they are written.").nullable().absent(),
    Column::new("email", Text, "CASE WHEN h.kind = 'email' THEN h.email END", "Where letters go.").nullable().absent(),
);

/// The wire has numbers for what it shows in words.
fn content_type(clause: &mut Clause, values: &[String]) -> Result<()> {
    let word = match values.last().map(|value| value.as_str()) {
        None | Some("") => return Ok(()),
        Some("1" | "json") => "json",
        Some("2" | "form") => "form",
        Some(other) => {
            let shown: String = other.chars().take(100).collect();
            let message = format!("Select a valid choice. {shown} is not one of the available choices.");
            return Err(Error::field("content_type", message));
        }
    };
    clause.push("h.content_type = $", [word.into()]);
    Ok(())
}

#[rustfmt::skip]
macro_rules! filters {
    ($($more:expr),* $(,)?) => { &[
        Filter::new("author_email", Test::Equals("u.email"), "E-mail address of the owner."),
        Filter::new("author_fullname", Test::Contains(&["u.first_name || ' ' || u.last_name"]), "Part of the owner's name, any case."),
        Filter::new("author_username", Test::Equals("u.username"), "Name by which the owner signs in."),
        Filter::new("author_uuid", Test::Uuid("u.uuid = ANY($)"), "Identifier of the owner."),
        Filter::new("is_active", Test::Bool("h.is_active"), "Whether it is told anything."),
        Filter::new("last_published", Test::From("h.last_published"), "Told something at or after this instant."),
        Filter::new("query", Test::Contains(&["h.destination_url", "h.email", "u.first_name || ' ' || u.last_name", "u.username", "u.email"]),
            "Part of the address or of what its owner is called, any case."),
        $($more,)*
    ] };
}

fn own(_: &Actor, clause: &mut Clause) {
    clause.push("h.user_id = {actor}", []);
}

const WEB: View = View {
    name: "web_hooks",
    thing: "web_hook",
    about: "Web hooks: events posted to an address.",
    from: "(SELECT * FROM hooks WHERE kind = 'webhook') h",
    joins: &[Join("u", "JOIN users u ON u.id = h.user_id")],
    key: "h.id",
    lookup: "h.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: own,
    columns: WEB_COLUMNS,
    filters: filters!(
        Filter::new(
            "content_type",
            Test::By(|clause, _, values| content_type(clause, values)),
            "How events are written: 1 for JSON, 2 for a form."
        ),
        Filter::new("destination_url", Test::Equals(URL), "Where events are posted."),
    ),
    orders: &[Order::new("created", "h.created")],
    default_order: "h.created DESC",
    places: &[PlaceColumn("itself", "web_hook", "h.id")],
    state: None,
    // Not the address: many carry a secret in their path.
    label: "h.kind",
    owner: Some("h.user_id"),
};

/// Web hooks.
pub static WEB_HOOKS: View = WEB;

/// Mail hooks.
pub static EMAIL_HOOKS: View = View {
    name: "email_hooks",
    thing: "email_hook",
    about: "Mail hooks: events sent as letters.",
    from: "(SELECT * FROM hooks WHERE kind = 'email') h",
    columns: EMAIL_COLUMNS,
    filters: filters!(Filter::new("email", Test::Equals("h.email"), "Where letters go.")),
    places: &[PlaceColumn("itself", "email_hook", "h.id")],
    label: "h.email",
    ..WEB
};

/// Hooks of either kind.
pub static HOOKS: View = View {
    name: "hooks",
    thing: "hook",
    about: "Web hooks and mail hooks.",
    from: "hooks h",
    columns: ANY_COLUMNS,
    filters: filters!(),
    places: &[],
    ..WEB
};

/// What became of each event for a web hook.
pub static DELIVERIES: View = View {
    name: "hook_deliveries",
    thing: "hook_delivery",
    about: "What became of each event for a web hook, newest first. Events that were taken are listed for 30 days.",
    from: "hook_deliveries d",
    joins: &[Join("e", "LEFT JOIN events e ON e.id = d.event_id")],
    key: "d.id",
    lookup: "d.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.push("d.hook_id IN (SELECT id FROM hooks WHERE user_id = {actor})", []),
    columns: &[
        Column::new("uuid", Uuid, "d.uuid", "Identifier; the receiver sees it in X-Stoa-Delivery."),
        Column::new("event_uuid", Uuid, "e.uuid", "Identifier of the event; none for a test.").nullable().absent(),
        Column::new("event_type", Text, "d.event_type", "What kind of thing happened."),
        Column::new("state", Choice("HookDeliveryState", State::TEXTS), "d.state", "Where it is on its way."),
        Column::new("attempts", Int, "d.attempts", "How often it was tried."),
        Column::new("created", Time, "d.created", "When it was to be sent."),
        Column::new("tried_at", Time, "d.tried_at", "When it was last tried.").nullable().absent(),
        Column::new(
            "next_attempt_at",
            Time,
            "CASE WHEN d.state = 'pending' THEN d.next_at END",
            "When it is tried again.",
        )
        .nullable()
        .absent(),
        Column::new("status", Int, "d.status", "The receiver's last answer.").nullable().absent(),
        Column::new("error", Text, "d.error", "What went wrong last, in words."),
    ],
    filters: &[
        Filter::new("event_type", Test::AnyText("d.event_type"), "One or more types."),
        Filter::new("state", Test::AnyOf("d.state", State::TEXTS), "One or more states."),
    ],
    orders: &[Order::new("created", "d.created")],
    default_order: "d.created DESC",
    places: &[],
    state: Some("d.state"),
    label: "d.event_type",
    owner: None,
};

/// The condition that ties deliveries to one hook.
pub const OF_HOOK: &str = "d.hook_id = $";
