//! What is seen of eligibilities: one's own, and those at scopes whose team one manages. Activations ([`crate::activation`])
//! stand at the same places and are seen by the same people, so their view has the same alias for its table.

use super::State;
use crate::grant::rules::{TEAMS, scope_of};
use stoa_kernel::{
    Result, Val,
    access::{Actor, Needs},
    field::Kind::{Bool, Choice, Int, Link, Text, Time, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// Where an eligibility or an activation is.
#[rustfmt::skip]
pub const PLACES: &[PlaceColumn] = &[
    PlaceColumn("organization", "customer", "CASE WHEN a.scope = 'customer' THEN a.scope_id END"),
    PlaceColumn("project", "project", "CASE WHEN a.scope = 'project' THEN a.scope_id END"),
    PlaceColumn("project.customer", "customer", "CASE WHEN a.scope = 'project' THEN a.customer_id END"),
    PlaceColumn("service_provider", "service_provider", "CASE WHEN a.scope = 'service_provider' THEN a.scope_id END"),
    PlaceColumn("service_provider.customer", "customer",
        "CASE WHEN a.scope = 'service_provider' THEN a.customer_id END"),
    PlaceColumn("offering", "offering", "CASE WHEN a.scope = 'offering' THEN a.scope_id END"),
    PlaceColumn("offering.customer", "customer", "CASE WHEN a.scope = 'offering' THEN a.customer_id END"),
    PlaceColumn("resource", "resource", "CASE WHEN a.scope = 'resource' THEN a.scope_id END"),
    PlaceColumn("resource.customer", "customer", "CASE WHEN a.scope = 'resource' THEN a.customer_id END"),
    PlaceColumn("call", "call", "CASE WHEN a.scope = 'call' THEN a.scope_id END"),
    PlaceColumn("call.customer", "customer", "CASE WHEN a.scope IN ('call', 'call_organizer') THEN a.customer_id END"),
    PlaceColumn("proposal", "proposal", "CASE WHEN a.scope = 'proposal' THEN a.scope_id END"),
    PlaceColumn("proposal.customer", "customer", "CASE WHEN a.scope = 'proposal' THEN a.customer_id END"),
];

/// The rows of a table that are one's own, and those at scopes (or in organizations) where one may give or take away roles.
pub fn own_or_managed(table: &str, actor: &Actor, clause: &mut Clause) {
    let select = format!("SELECT id FROM {table} WHERE");
    let mut parts = vec![(format!("{select} user_id = ANY($)"), vec![actor.id])];
    for team in TEAMS {
        let scope = team.scope;
        let managed = |kind: &str| {
            let mut ids = actor.may_at(kind, team.create.id());
            ids.extend(actor.may_at(kind, team.delete.id()));
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        parts.push((format!("{select} scope = '{scope}' AND scope_id = ANY($)"), managed(scope)));
        if scope != "customer" {
            parts.push((format!("{select} scope = '{scope}' AND customer_id = ANY($)"), managed("customer")));
        }
    }
    let parts: Vec<(&str, Vec<i64>)> = parts.iter().map(|(sql, ids)| (sql.as_str(), ids.clone())).collect();
    clause.key_in("a.id", &parts);
}

/// The filter by kind of scope, in either of its spellings.
pub fn by_scope(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let wanted: Vec<&String> = values.iter().filter(|value| !value.is_empty()).collect();
    if !wanted.is_empty() {
        let known: Vec<String> = wanted.iter().filter_map(|name| scope_of(name)).map(ToOwned::to_owned).collect();
        clause.push("a.scope = ANY($)", [Val::from(known)]);
    }
    Ok(())
}

/// Whether it can be used now.
const STATE: &str = "CASE WHEN a.revoked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > {now}) THEN 'open' \
     ELSE 'over' END";

/// What the rules of the organization and the installation say about a role here.
macro_rules! rule {
    ($what:literal, $and:literal) => {
        concat!(
            "(SELECT ",
            $what,
            " FROM activation_rules rule WHERE rule.customer_id IN (0, a.customer_id) AND rule.role_id IN (0, a.role_id)",
            $and,
            ")"
        )
    };
}

/// The activation that waits or runs.
const RUNNING: &str = "(SELECT run.uuid FROM activations run LEFT JOIN grants g ON g.uuid = run.grant_uuid \
     AND g.revoked_at IS NULL AND g.expires_at > {now} WHERE run.eligibility_uuid = a.uuid \
     AND (run.state = 'pending' AND run.deadline > {now} OR run.state = 'active' AND g.id IS NOT NULL) LIMIT 1)";

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("eligibility"), "a.uuid", "Address."),
    Column::new("uuid", Uuid, "a.uuid", "Identifier."),
    Column::new("state", Choice("EligibilityState", State::TEXTS), STATE, "Whether it can be used."),
    Column::new("user_uuid", Uuid, "u.uuid", "Who may activate the role."),
    Column::new("user_username", Text, "u.username", "His name to sign in with."),
    Column::new("user_full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "His first and last name."),
    Column::new("role_uuid", Uuid, "r.uuid", "Identifier of the role."),
    Column::new("role_name", Text, "r.name", "Name of the role."),
    Column::new("role_description", Text, "{label:r.description}", "What people call the role."),
    Column::new("scope_type", Text, "a.scope", "The kind of thing on which the role is."),
    Column::new("scope_uuid", Uuid, "a.scope_uuid", "Identifier of that thing."),
    Column::new("scope_name", Text, "a.scope_name", "Name of that thing."),
    Column::new("customer_uuid", Uuid, "c.uuid", "The organization that it belongs to.").nullable(),
    Column::new("customer_name", Text, "c.name", "Name of that organization.").nullable(),
    Column::new("max_hours", Int, "a.max_hours", "For how many hours at most, as it says itself."),
    Column::new("needs_approval", Bool, "a.needs_approval", "Whether it says itself that somebody else must approve."),
    Column::new("needs_second_factor", Bool, "a.needs_second_factor",
        "Whether it says itself that it takes a sign-in with a second factor."),
    Column::new("asks_hours", Int, concat!("LEAST(a.max_hours, COALESCE(", rule!("min(rule.max_hours)", ""), ", a.max_hours))"),
        "For how many hours at most, with the rules of the organization and the installation."),
    Column::new("asks_approval", Bool,
        concat!("(a.needs_approval OR ", rule!("count(*)", " AND rule.needs_approval"), " > 0)"),
        "Whether somebody else must approve, with those rules."),
    Column::new("asks_second_factor", Bool,
        concat!("(a.needs_second_factor OR ", rule!("count(*)", " AND rule.needs_second_factor"), " > 0)"),
        "Whether it takes a sign-in with a second factor, with those rules."),
    Column::new("asks_reason", Int, concat!("COALESCE(", rule!("max(rule.min_reason)", ""), ", 1)"),
        "How many characters the reason has at least."),
    Column::new("activation_uuid", Uuid, RUNNING, "The activation that waits or runs.").nullable(),
    Column::new("created", Time, "a.created", "When it was made."),
    Column::new("modified", Time, "a.valid_from", "When it was changed last."),
    Column::new("created_by_full_name", Text, "TRIM(giver.first_name || ' ' || giver.last_name)",
        "Who made or changed it, and in whose name the role is given.").nullable(),
    Column::new("created_by_username", Text, "giver.username", "His name to sign in with.").nullable(),
    Column::new("expiration_time", Time, "a.expires_at", "When it ends by itself.").nullable(),
    Column::new("revoked", Time, "a.revoked_at", "When it ended.").nullable(),
    Column::new("revoke_reason", Text, "a.revoke_reason", "Why it ended."),
];

/// Eligibilities.
#[rustfmt::skip]
pub static ELIGIBILITIES: View = View {
    name: "eligibilities",
    thing: "eligibility",
    about: "Roles that may be activated for hours: one's own, and those of people whose team one manages.",
    // An earlier row of one that was changed is none of its own.
    from: "(SELECT * FROM eligibilities WHERE NOT superseded) a",
    joins: &[
        Join("u", "JOIN users u ON u.id = a.user_id"),
        Join("r", "JOIN roles r ON r.id = a.role_id"),
        Join("c", "LEFT JOIN customers c ON c.id = a.customer_id"),
        Join("giver", "LEFT JOIN users giver ON giver.id = a.granted_by"),
    ],
    key: "a.id",
    lookup: "a.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| own_or_managed("eligibilities", actor, clause),
    columns: COLUMNS,
    filters: &[
        Filter::new("state", Test::AnyOf(STATE, State::TEXTS), "Whether it can be used."),
        Filter::new("own", Test::Bool("(a.user_id = {actor})"), "Whether one may activate it oneself."),
        Filter::new("user_uuid", Test::Uuid("a.user_id IN (SELECT id FROM users WHERE uuid = ANY($))"), "Who may activate the role."),
        Filter::new("role_uuid", Test::Uuid("a.role_id IN (SELECT id FROM roles WHERE uuid = ANY($))"), "Identifier of the role."),
        Filter::new("role_name", Test::Contains(&["r.name"]), "Part of the role's name, any case."),
        Filter::new("scope_type", Test::By(by_scope), "The kind of thing on which the role is."),
        Filter::new("scope_uuid", Test::UuidLoose("a.scope_uuid = ANY($)"), "Identifier of that thing."),
        Filter::new("customer_uuid", Test::Uuid("a.customer_id IN (SELECT id FROM customers WHERE uuid = ANY($))"),
            "Identifier of the organization."),
    ],
    orders: &[
        Order::new("created", "a.created"),
        Order::new("expiration_time", "a.expires_at").nullable(),
        Order::new("scope_name", "a.scope_name"),
    ],
    default_order: "a.created DESC",
    places: PLACES,
    state: Some(STATE),
    label: "a.scope_name",
    owner: Some("a.user_id"),
};
