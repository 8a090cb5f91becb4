//! What is seen of roles that are hidden in organizations: staff and support agents see it; for others the list is empty.

use stoa_kernel::{
    access::Needs,
    field::Kind::{Text, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "k.uuid", "Identifier."),
    Column::new("role", Uuid, "r.uuid", "Identifier of the role."),
    Column::new("role_name", Text, "r.name", "Name of the role."),
    Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of the organization.").nullable(),
    Column::new("customer_name", Text, "c.name", "Name of the organization.").nullable(),
];

/// Every role that is hidden somewhere.
pub static CONCEALMENTS: View = View {
    name: "role_concealments",
    thing: "role_concealment",
    about: "Roles that can't be given in an organization any more.",
    from: "role_concealments k",
    joins: &[Join("r", "JOIN roles r ON r.id = k.role_id"), Join("c", "JOIN customers c ON c.id = k.customer_id")],
    key: "k.id",
    lookup: "k.uuid",
    always: "r.deleted_at IS NULL",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: COLUMNS,
    filters: &[
        Filter::new("role_uuid", Test::Uuid("r.uuid = ANY($)"), "Identifier of the role."),
        Filter::new("scope_uuid", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization."),
    ],
    orders: &[Order::new("created", "k.created")],
    default_order: "k.created",
    places: &[PlaceColumn("itself", "role_concealment", "k.id")],
    state: None,
    label: "r.name",
    owner: None,
};
