//! What is seen of subscriptions: one's own; staff and support agents see all.

use super::rules::OBJECT_TYPES;
use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, Choice, Json, Link, Text, Texts, Time, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// What is said of delivery while there is no broker.
const NO_BROKER: &str = "'No message broker is configured: read the list of events, or use a web hook.'";
const FULL_NAME: &str = "trim(u.first_name || ' ' || u.last_name)";

/// Subscriptions.
pub static SUBSCRIPTIONS: View = View {
    name: "event_subscriptions",
    thing: "event_subscription",
    about: "Subscriptions of agents to events.",
    from: "event_subscriptions s",
    joins: &[Join("u", "JOIN users u ON u.id = s.user_id")],
    key: "s.id",
    lookup: "s.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.push("s.user_id = {actor}", []),
    columns: &[
        Column::new("uuid", Uuid, "s.uuid", "Identifier."),
        Column::new("url", Link("event_subscription"), "s.uuid", "Address of the subscription."),
        Column::new("description", Text, "s.description", "Description."),
        Column::new("user", Link("user"), "u.uuid", "Whose it is."),
        Column::new("user_uuid", Uuid, "u.uuid", "Identifier of its user."),
        Column::new("user_username", Text, "u.username", "Name by which its user signs in."),
        Column::new("user_full_name", Text, FULL_NAME, "First and last name of its user."),
        Column::new("observable_objects", Json, "s.observable_objects", "Of what it is told."),
        Column::new("created", Time, "s.created", "When it was made."),
        Column::new("modified", Time, "s.modified", "When it was changed."),
        Column::new("source_ip", Text, "s.source_ip", "From where it was made.").nullable(),
        Column::new("delivery", Text, NO_BROKER, "How its events come."),
    ],
    filters: &[
        Filter::new("user_username", Test::Equals("u.username"), "Name by which its user signs in."),
        Filter::new("user_uuid", Test::UuidLoose("u.uuid = ANY($)"), "Identifier of its user."),
    ],
    orders: &[Order::new("created", "s.created")],
    default_order: "s.created DESC",
    places: &[PlaceColumn("itself", "event_subscription", "s.id")],
    state: None,
    label: "s.description",
    owner: Some("s.user_id"),
};

/// Queues of subscriptions.
pub static QUEUES: View = View {
    name: "event_subscription_queues",
    thing: "event_subscription_queue",
    about: "Queues of agents' subscriptions.",
    from: "event_subscription_queues q",
    joins: &[Join("s", "JOIN event_subscriptions s ON s.id = q.subscription_id")],
    key: "q.id",
    lookup: "q.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| {
        clause.push("q.subscription_id IN (SELECT id FROM event_subscriptions WHERE user_id = {actor})", []);
    },
    columns: &[
        Column::new("uuid", Uuid, "q.uuid", "Identifier."),
        Column::new("url", Link("event_subscription_queue"), "q.uuid", "Address of the queue."),
        Column::new("event_subscription", Link("event_subscription"), "s.uuid", "The subscription."),
        Column::new("event_subscription_uuid", Uuid, "s.uuid", "Identifier of the subscription."),
        Column::new("offering_uuid", Uuid, "q.offering_uuid", "Identifier of the offering."),
        Column::new(
            "object_type",
            Choice("ObservableObjectTypeEnum", OBJECT_TYPES),
            "q.object_type",
            "Of what it is told.",
        ),
        Column::new("queue_name", Text, "q.queue_name", "Its name at the broker."),
        Column::new("vhost", Text, "q.vhost", "Its virtual host at the broker."),
        Column::new("created", Time, "q.created", "When it was made."),
        Column::new("delivery", Text, NO_BROKER, "How its events come."),
    ],
    filters: &[
        Filter::new("event_subscription_uuid", Test::Uuid("s.uuid = ANY($)"), "Identifier of the subscription."),
        Filter::new("object_type", Test::Equals("q.object_type"), "Of what it is told."),
        Filter::new("offering_uuid", Test::Uuid("q.offering_uuid = ANY($)"), "Identifier of the offering."),
    ],
    orders: &[Order::new("created", "q.created")],
    default_order: "q.created DESC",
    places: &[PlaceColumn("itself", "event_subscription_queue", "q.id")],
    state: None,
    label: "q.queue_name",
    owner: Some("s.user_id"),
};

/// Consumers, which newer agents have in place of subscriptions.
pub static CONSUMERS: View = View {
    name: "event_consumers",
    thing: "event_consumer",
    about: "Consumers of events, one for a user.",
    from: "event_consumers n",
    joins: &[Join("u", "JOIN users u ON u.id = n.user_id")],
    key: "n.id",
    lookup: "n.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.push("n.user_id = {actor}", []),
    columns: &[
        Column::new("uuid", Uuid, "n.uuid", "Identifier."),
        Column::new("object_types", Texts, "n.object_types", "Of what it is told; of everything if none is named."),
        Column::new("scopes", Json, "n.scopes", "Where; everywhere if nothing is named."),
        Column::new("is_global", Bool, "(n.scopes = '[]')", "Whether it is told of everything everywhere."),
        Column::new("rmq_username", Text, "n.uuid", "Its name at the broker."),
        Column::new("queue_created", Bool, "FALSE", "Whether the broker has its queue."),
        Column::new("user_uuid", Uuid, "u.uuid", "Identifier of its user."),
        Column::new("user_username", Text, "u.username", "Name by which its user signs in."),
        Column::new("user_full_name", Text, FULL_NAME, "First and last name of its user."),
        Column::new("user_is_staff", Bool, "u.is_staff", "Whether its user is staff."),
        Column::new("auth_kind", Text, "''", "With what it was registered, where that is known."),
        Column::new(
            "auth_token_prefix",
            Text,
            "''",
            "The beginning of the personal token with which it was registered.",
        ),
        Column::new("auth_token_name", Text, "''", "The name of that token."),
        Column::new("authorized_via", Text, "''", "What allowed it, where that is known."),
        Column::new("delivery_blocked_reason", Text, NO_BROKER, "Why it is told nothing.").nullable(),
        Column::new("created", Time, "n.created", "When it was made."),
        Column::new("modified", Time, "n.modified", "When it was changed."),
    ],
    filters: &[
        Filter::new(
            "is_global",
            Test::Flag("n.scopes = '[]'", "n.scopes <> '[]'"),
            "Whether it is told of everything.",
        ),
        Filter::new("user_username", Test::Equals("u.username"), "Name by which its user signs in."),
        Filter::new("user_uuid", Test::Uuid("u.uuid = ANY($)"), "Identifier of its user."),
    ],
    orders: &[Order::new("created", "n.created")],
    default_order: "n.created DESC",
    places: &[PlaceColumn("itself", "event_consumer", "n.id")],
    state: None,
    label: "u.username",
    owner: Some("n.user_id"),
};
