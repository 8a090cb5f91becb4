//! What is seen of access subnets: those of the organizations on which one holds a role directly.

use stoa_kernel::{
    Val,
    access::Needs,
    field::Kind::{Bool, Json, Link, Text, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// The columns.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "s.uuid", "Identifier."),
    Column::new("inet", Text, "s.inet", "The network."),
    Column::new("description", Text, "s.description", "Description."),
    Column::new("customer", Link("customer"), "c.uuid", "The organization."),
    Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of the organization."),
    Column::new("customer_name", Text, "c.name", "Name of the organization."),
    // A subnet always holds for the organization as a whole; subnets of offerings come with the infrastructure.
    Column::new("scoped_offerings", Json, "'[]'", "The offerings that it is limited to."),
    Column::new("is_staff_managed", Bool, "FALSE", "Whether only staff may change it."),
];

/// Every access subnet.
pub static ACCESS_SUBNETS: View = View {
    name: "access_subnets",
    thing: "access_subnet",
    about: "Networks from which organizations let their people in.",
    from: "access_subnets s",
    joins: &[Join("c", "JOIN customers c ON c.id = s.customer_id")],
    key: "s.id",
    lookup: "s.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| clause.push("s.customer_id = ANY($)", [Val::from(actor.scopes("customer", None))]),
    columns: COLUMNS,
    filters: &[
        Filter::new("inet", Test::Contains(&["s.inet"]), "Part of the network."),
        Filter::new("description", Test::Contains(&["s.description"]), "Part of the description, any case."),
        Filter::new("customer", Test::Link("customer", "c.uuid = ANY($)"), "The organization."),
        Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization."),
    ],
    orders: &[Order::new("inet", "s.inet")],
    default_order: "s.inet",
    places: &[PlaceColumn("itself", "access_subnet", "s.id"), PlaceColumn("customer", "customer", "s.customer_id")],
    state: None,
    label: "s.inet",
    owner: None,
};
