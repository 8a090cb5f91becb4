//! What is seen of divisions: everybody who is signed in sees all of them.

use stoa_kernel::{
    access::Needs,
    field::Kind::{Int, Link, Text, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// The columns. They stand on the aliases `d`, `parent` and `kind`, also where divisions are listed within another thing.
pub const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "d.uuid", "Identifier."),
    Column::new("url", Link("organization_group"), "d.uuid", "Address of the group."),
    Column::new("name", Text, "d.name", "Name."),
    Column::new("parent_uuid", Uuid, "parent.uuid", "Identifier of the group above.").nullable().absent(),
    Column::new("parent_name", Text, "COALESCE(parent.name, '')", "Name of the group above."),
    Column::new("parent", Link("organization_group"), "parent.uuid", "The group above.").nullable(),
    Column::new("type", Link("organization_group_type"), "kind.uuid", "The type of the group.").nullable().absent(),
    Column::new("type_uuid", Uuid, "kind.uuid", "Identifier of the type.").nullable().absent(),
    Column::new("type_name", Text, "COALESCE(kind.name, '')", "Name of the type."),
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
    joins: &[
        Join("parent", "LEFT JOIN organization_groups parent ON parent.id = d.parent_id"),
        Join("kind", "LEFT JOIN organization_group_types kind ON kind.id = d.type_id"),
    ],
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
        Filter::new("type", Test::UuidLoose("kind.uuid = ANY($)"), "Identifier of the type."),
        Filter::new("type_uuid", Test::UuidLoose("kind.uuid = ANY($)"), "Identifier of the type."),
        Filter::new("type_name", Test::Contains(&["kind.name"]), "Part of the type's name, any case."),
    ],
    orders: &[
        Order::new("name", "d.name"),
        Order::new("parent", "parent.name").nullable(),
        Order::new("type", "kind.name").nullable(),
    ],
    default_order: "d.name",
    places: &[PlaceColumn("itself", "organization_group", "d.id")],
    state: None,
    label: "d.name",
    owner: None,
};
