//! What is seen of user actions: one's own.

use super::rules::{TYPES, URGENCIES};
use stoa_kernel::{
    Error, Result, Val,
    access::{Actor, Needs},
    field::Kind::{Bool, Choice, Int, Json, Object, Text, Time, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View, truth},
};

const SILENT: &str = "(a.is_silenced OR COALESCE(a.silenced_until > {now}, FALSE))";

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "a.uuid", "Identifier."),
    Column::new("action_type", Text, "a.action_type", "What kind of thing it is."),
    Column::new("title", Text, "a.title", "In a few words."),
    Column::new("description", Text, "a.description", "In a sentence."),
    Column::new("urgency", Choice("UrgencyEnum", URGENCIES), "a.urgency", "How urgent it is."),
    Column::new("due_date", Time, "a.due_date", "Until when.").nullable(),
    Column::new("is_silenced", Bool, "a.is_silenced", "Whether it is silenced for good."),
    Column::new("silenced_until", Time, "a.silenced_until", "Until when it is silenced.").nullable(),
    Column::new("is_temporarily_silenced", Bool, "COALESCE(a.silenced_until > {now}, FALSE)", "Whether it is silenced for a time."),
    Column::new("is_effectively_silenced", Bool, SILENT, "Whether it is silenced now."),
    Column::new("created", Time, "a.created", "When it was noticed."),
    Column::new("modified", Time, "a.modified", "When it changed last."),
    Column::new("related_object_name", Text, "r.name", "Name of what it is about."),
    Column::new("related_object_type", Text, "CASE WHEN a.order_id IS NULL THEN 'resource' ELSE 'order' END", "What it is about."),
    Column::new("corrective_actions", Json, "a.corrective_actions", "What can be done about it."),
    Column::new("days_until_due", Int, "a.days_until_due", "In how many days it is due.").nullable(),
    Column::new("route_name", Text, "a.route_name", "The page about it."),
    Column::new("route_params", Object, "a.route_params", "Parameters of the page."),
    Column::new("project_name", Text, "p.name", "Name of the project."),
    Column::new("project_uuid", Uuid, "p.uuid", "Identifier of the project."),
    Column::new("organization_name", Text, "c.name", "Name of the organization."),
    Column::new("organization_uuid", Uuid, "c.uuid", "Identifier of the organization."),
    Column::new("offering_name", Text, "f.name", "Name of the offering."),
    Column::new("offering_uuid", Uuid, "f.uuid", "Identifier of the offering."),
    Column::new("offering_type", Text, "f.type", "Type of the offering."),
    Column::new("resource_name", Text, "r.name", "Name of the resource."),
    Column::new("resource_uuid", Uuid, "r.uuid", "Identifier of the resource."),
    Column::new("order_type", Text, "COALESCE(o.type, '')", "Type of the order."),
];

/// What is silenced is listed only if that is asked for.
fn silenced(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    if !values.last().and_then(|last| truth(last)).unwrap_or(false) {
        clause.push("NOT (a.is_silenced OR COALESCE(a.silenced_until > {now}, FALSE))", []);
    } else {
        clause.text.push_str("TRUE");
    }
    Ok(())
}

/// Days ahead within which something is due.
fn due_within(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let days: f64 = values
        .last()
        .and_then(|last| last.trim().parse().ok())
        .filter(|days: &f64| days.is_finite() && days.abs() < 100_000.0)
        .ok_or_else(|| Error::field("due_within_days", "Enter a number."))?;
    let until = clause.now().plus_seconds((days * 86_400.0) as i64);
    clause.push("a.due_date <= $", [Val::Time(until)]);
    Ok(())
}

const BASE: View = View {
    name: "all_user_actions",
    thing: "user_action",
    about: "What needs anybody's attention.",
    from: "user_actions a",
    joins: &[
        Join("o", "LEFT JOIN orders o ON o.id = a.order_id"),
        Join("r", "JOIN resources r ON r.id = a.resource_id"),
        Join("p", "JOIN projects p ON p.id = r.project_id"),
        Join("c", "JOIN customers c ON c.id = r.customer_id"),
        Join("f", "JOIN offerings f ON f.id = r.offering_id"),
        Join("u", "JOIN users u ON u.id = a.user_id"),
    ],
    key: "a.id",
    lookup: "a.uuid",
    always: "",
    needs: Needs::StaffOrSupport,
    visible: |actor, clause| clause.push("a.user_id = $", [Val::Int(actor.id)]),
    columns: COLUMNS,
    filters: &[
        Filter::new("action_type", Test::AnyOf("a.action_type", TYPES), "What kind of thing it is."),
        Filter::new("created_after", Test::From("a.created"), "Noticed at this instant or later."),
        Filter::new("created_before", Test::Until("a.created"), "Noticed before this instant."),
        Filter::new("due_within_days", Test::By(due_within), "Due within so many days."),
        Filter::new("include_silenced", Test::By(silenced), "Whether what is silenced is listed too."),
        Filter::new("is_silenced", Test::Bool("a.is_silenced"), "Whether it is silenced for good."),
        Filter::new(
            "overdue",
            Test::Flag("a.due_date < {now}", "(a.due_date IS NULL OR a.due_date >= {now})"),
            "Whether it is overdue.",
        ),
        Filter::new("urgency", Test::AnyOf("a.urgency", URGENCIES), "How urgent it is."),
        Filter::new("user_uuid", Test::Uuid("u.uuid = ANY($)"), "Whose attention it needs; for staff."),
    ],
    orders: &[
        Order::new("created", "a.created"),
        Order::new("urgency", "CASE a.urgency WHEN 'high' THEN 3 WHEN 'medium' THEN 2 ELSE 1 END"),
        Order::new("due_date", "a.due_date").nullable(),
        Order::new("action_type", "a.action_type"),
    ],
    default_order: "a.created DESC",
    places: &[PlaceColumn("itself", "user_action", "a.id")],
    state: None,
    label: "a.title",
    owner: Some("a.user_id"),
};

/// What needs anybody's attention, for staff who look after one user.
pub static ALL_USER_ACTIONS: View = BASE;

/// What needs the caller's attention. Staff too see their own here.
pub static USER_ACTIONS: View = View {
    name: "user_actions",
    about: "What needs one's attention.",
    always: "a.user_id = {actor}",
    needs: Needs::SignedIn,
    ..BASE
};

/// What the caller did about such things.
pub static USER_ACTION_EXECUTIONS: View = View {
    name: "user_action_executions",
    thing: "user_action_execution",
    about: "What one did about such things.",
    from: "user_action_executions e",
    joins: &[],
    key: "e.id",
    lookup: "e.id",
    always: "e.user_id = {actor}",
    needs: Needs::SignedIn,
    visible: |actor, clause| clause.push("e.user_id = $", [Val::Int(actor.id)]),
    columns: &[
        Column::new("id", Int, "e.id", "Key."),
        Column::new("corrective_action_label", Text, "e.label", "What was done."),
        Column::new("executed_at", Time, "e.at", "When."),
        Column::new("success", Bool, "e.success", "Whether it worked."),
        Column::new("error_message", Text, "e.error_message", "Why it failed."),
        Column::new("execution_metadata", Object, "e.metadata", "What it was about."),
    ],
    filters: &[],
    orders: &[Order::new("executed_at", "e.at")],
    default_order: "e.at DESC",
    places: &[PlaceColumn("itself", "user_action_execution", "e.id")],
    state: None,
    label: "e.label",
    owner: Some("e.user_id"),
};

/// What computes such things, and how it went last.
pub static USER_ACTION_PROVIDERS: View = View {
    name: "user_action_providers",
    thing: "user_action_provider",
    about: "What computes what needs attention.",
    from: "user_action_providers v",
    joins: &[],
    key: "v.id",
    lookup: "v.id",
    always: "",
    needs: Needs::Staff,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: &[
        Column::new("id", Int, "v.id", "Key."),
        Column::new("app_name", Text, "'marketplace'", "The area that computes it."),
        Column::new("provider_class", Text, "v.action_type", "What computes it."),
        Column::new("action_type", Text, "v.action_type", "What kind of thing it computes."),
        Column::new(
            "is_enabled",
            Bool,
            "TRUE",
            "Whether it is computed; the setting `USER_ACTIONS_ENABLED` turns all off.",
        ),
        Column::new("schedule", Text, "'0 */6 * * *'", "When it is computed."),
        Column::new("last_execution", Time, "v.last_execution", "When it was computed last.").nullable(),
        Column::new("last_execution_status", Text, "v.last_execution_status", "How that went."),
    ],
    filters: &[],
    orders: &[],
    default_order: "v.id",
    places: &[PlaceColumn("itself", "user_action_provider", "v.id")],
    state: None,
    label: "v.action_type",
    owner: None,
};
