//! What is seen of divisions: everybody who is signed in sees all of them.

use stoa_kernel::{
    access::Needs,
    field::Kind::{Int, Link, Text, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "d.uuid", "Identifier."),
    Column::new("url", Link("organization_group"), "d.uuid", "Address of the group."),
    Column::new("name", Text, "d.name", "Name."),
    Column::new("parent_uuid", Uuid, "parent.uuid", "Identifier of the group above.").nullable().absent(),
    Column::new("parent_name", Text, "COALESCE(parent.name, '')", "Name of the group above."),
    Column::new("parent", Link("organization_group"), "parent.uuid", "The group above.").nullable(),
    Column::new(
        "customers_count",
        Int,
        "(SELECT count(*) FROM customer_groups m WHERE m.group_id = d.id)",
        "Number of organizations in the group.",
    ),
];

/// Every division.
pub static DIVISIONS: View = View {
    name: "organization_groups",
    thing: "organization_group",
    about: "Groups of organizations.",
    from: "organization_groups d",
    joins: &[Join("parent", "LEFT JOIN organization_groups parent ON parent.id = d.parent_id")],
    key: "d.id",
    lookup: "d.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: COLUMNS,
    filters: &[
        Filter::new("name", Test::Contains(&["d.name"]), "Part of the name, any case."),
        Filter::new("name_exact", Test::Equals("d.name"), "The name."),
        Filter::new("parent", Test::UuidLoose("parent.uuid = ANY($)"), "Identifier of the group above."),
    ],
    orders: &[Order::new("name", "d.name")],
    default_order: "d.name",
    places: &[PlaceColumn("itself", "organization_group", "d.id")],
    state: None,
    label: "d.name",
    owner: None,
};
