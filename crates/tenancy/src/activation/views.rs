//! What is seen of activations: one's own, and those at scopes whose team one manages.

use super::State;
use crate::{
    eligibility::views::{PLACES, by_scope, own_or_managed},
    grant::views::{RESTORE as GIVE, REVOKE as TAKE},
};
use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, Choice, Int, Link, Text, Time, Uuid},
    view::{Column, Filter, Join, Order, Test, View},
};

/// What it takes to approve or reject: to give the role by hand, in person.
pub const DECIDE: Needs = Needs::InPerson(&GIVE);

/// What it takes to end one: that it is one's own, or to take the role away by hand.
pub const END: Needs = Needs::Any(&[Needs::Own, TAKE]);

/// Where it is. What ended and what lapsed counts as that at once, whether or not a job has noted it.
const STATE: &str = "CASE WHEN a.state = 'pending' AND a.deadline <= {now} THEN 'lapsed' \
     WHEN a.state = 'active' AND g.id IS NULL THEN 'ended' ELSE a.state END";

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("activation"), "a.uuid", "Address."),
    Column::new("uuid", Uuid, "a.uuid", "Identifier."),
    Column::new("eligibility", Link("eligibility"), "a.eligibility_uuid", "The eligibility."),
    Column::new("eligibility_uuid", Uuid, "a.eligibility_uuid", "Identifier of the eligibility."),
    Column::new("state", Choice("ActivationState", State::TEXTS), STATE, "Where it is."),
    Column::new("own", Bool, "(a.user_id = {actor})", "Whether it is one's own."),
    Column::new("user_uuid", Uuid, "u.uuid", "Who activates the role."),
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
    Column::new("hours", Int, "a.hours", "For how many hours."),
    Column::new("reason", Text, "a.reason", "Why."),
    Column::new("created", Time, "a.created", "When it was asked for."),
    Column::new("deadline", Time, "a.deadline", "Until when it can be approved."),
    Column::new("decided", Time, "a.decided", "When it was approved or rejected.").nullable(),
    Column::new("decided_by_uuid", Uuid, "judge.uuid", "Who approved or rejected it.").nullable(),
    Column::new("decided_by_full_name", Text, "TRIM(judge.first_name || ' ' || judge.last_name)",
        "Who approved or rejected it.").nullable(),
    Column::new("comment", Text, "a.comment", "What he said."),
    Column::new("grant_uuid", Uuid, "a.grant_uuid", "The grant that it is.").nullable(),
    Column::new("started", Time, "a.started", "When it started.").nullable(),
    Column::new("ends", Time, "COALESCE(g.expires_at, a.ends)", "When it ends by itself.").nullable(),
    Column::new("ended", Time, "a.ended", "When it ended, lapsed or was cancelled.").nullable(),
    Column::new("ended_by_full_name", Text, "TRIM(closer.first_name || ' ' || closer.last_name)",
        "Who ended it, if that did not happen by itself.").nullable(),
    Column::new("end_reason", Text, "a.end_reason", "Why it ended."),
];

/// Activations.
#[rustfmt::skip]
pub static ACTIVATIONS: View = View {
    name: "activations",
    thing: "activation",
    about: "Roles that were activated or are to be: one's own, and those of people whose team one manages.",
    from: "activations a",
    joins: &[
        Join("u", "JOIN users u ON u.id = a.user_id"),
        Join("r", "JOIN roles r ON r.id = a.role_id"),
        Join("c", "LEFT JOIN customers c ON c.id = a.customer_id"),
        // The grant while it counts. At most one row of a grant is open.
        Join("g", "LEFT JOIN grants g ON g.uuid = a.grant_uuid AND g.revoked_at IS NULL AND g.expires_at > {now}"),
        Join("judge", "LEFT JOIN users judge ON judge.id = a.decided_by"),
        Join("closer", "LEFT JOIN users closer ON closer.id = a.ended_by"),
    ],
    key: "a.id",
    lookup: "a.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| own_or_managed("activations", actor, clause),
    columns: COLUMNS,
    filters: &[
        Filter::new("state", Test::AnyOf(STATE, State::TEXTS), "Where it is; may repeat."),
        Filter::new("own", Test::Bool("(a.user_id = {actor})"), "Whether it is one's own."),
        Filter::new("eligibility_uuid", Test::Uuid("a.eligibility_uuid = ANY($)"), "Identifier of the eligibility."),
        Filter::new("user_uuid", Test::Uuid("a.user_id IN (SELECT id FROM users WHERE uuid = ANY($))"), "Who activates the role."),
        Filter::new("role_name", Test::Contains(&["r.name"]), "Part of the role's name, any case."),
        Filter::new("scope_type", Test::By(by_scope), "The kind of thing on which the role is."),
        Filter::new("scope_uuid", Test::UuidLoose("a.scope_uuid = ANY($)"), "Identifier of that thing."),
        Filter::new("customer_uuid", Test::Uuid("a.customer_id IN (SELECT id FROM customers WHERE uuid = ANY($))"),
            "Identifier of the organization."),
    ],
    orders: &[
        Order::new("created", "a.created"),
        Order::new("ends", "a.ends").nullable(),
        Order::new("scope_name", "a.scope_name"),
    ],
    default_order: "a.created DESC",
    places: PLACES,
    state: Some(STATE),
    label: "a.scope_name",
    owner: Some("a.user_id"),
};
