//! What is seen of rules for activations: those of organizations whose team one manages, and those of the installation.

use super::store;
use crate::access::permissions::Permission::CustomerCreatePermission;
use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, Int, Link, Text, Time, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// What it takes to make and change rules of an organization.
pub const MANAGE: Needs = Needs::Permission(CustomerCreatePermission.id(), &["customer"]);

/// Rules for activations.
#[rustfmt::skip]
pub static ACTIVATION_RULES: View = View {
    name: "activation_rules",
    thing: "activation_rule",
    about: "What organizations and the installation ask of the activation of roles.",
    from: "activation_rules v",
    joins: &[
        Join("c", "LEFT JOIN customers c ON c.id = v.customer_id"),
        Join("r", "LEFT JOIN roles r ON r.id = v.role_id"),
        Join("author", "LEFT JOIN users author ON author.id = v.created_by"),
    ],
    key: "v.id",
    lookup: "v.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let mut customers = actor.may_at("customer", CustomerCreatePermission.id());
        customers.push(store::ALL);
        clause.key_in("v.id", &[("SELECT id FROM activation_rules WHERE customer_id = ANY($)", customers)]);
    },
    columns: &[
        Column::new("url", Link("activation_rule"), "v.uuid", "Address."),
        Column::new("uuid", Uuid, "v.uuid", "Identifier."),
        Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of the organization; null for the installation.").nullable(),
        Column::new("customer_name", Text, "c.name", "Name of the organization.").nullable(),
        Column::new("role_uuid", Uuid, "r.uuid", "Identifier of the role; null for every role.").nullable(),
        Column::new("role_name", Text, "r.name", "Name of the role.").nullable(),
        Column::new("max_hours", Int, "v.max_hours", "For how many hours at most.").nullable(),
        Column::new("needs_approval", Bool, "v.needs_approval", "Whether somebody else must approve."),
        Column::new("needs_second_factor", Bool, "v.needs_second_factor", "Whether it takes a sign-in with a second factor."),
        Column::new("min_reason", Int, "v.min_reason", "How many characters the reason has at least."),
        Column::new("created", Time, "v.created", "When it was made."),
        Column::new("created_by_full_name", Text, "TRIM(author.first_name || ' ' || author.last_name)", "Who made it.").nullable(),
    ],
    filters: &[
        Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization."),
        Filter::new("role_uuid", Test::Uuid("r.uuid = ANY($)"), "Identifier of the role."),
    ],
    orders: &[Order::new("created", "v.created")],
    default_order: "v.created DESC",
    places: &[
        PlaceColumn("itself", "activation_rule", "v.id"),
        PlaceColumn("customer", "customer", "NULLIF(v.customer_id, 0)"),
    ],
    state: None,
    label: "COALESCE(r.name, '')",
    owner: None,
};
