//! What is seen of types of projects: everybody who is signed in sees all of them.

use stoa_kernel::{
    access::Needs,
    field::Kind::{Link, Text, Uuid},
    view::{Column, Filter, Order, PlaceColumn, Test, View},
};

const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "t.uuid", "Identifier."),
    Column::new("url", Link("project_type"), "t.uuid", "Address of the type."),
    Column::new("name", Text, "t.name", "Name."),
    Column::new("description", Text, "t.description", "Description."),
];

/// Every type of projects.
pub static PROJECT_TYPES: View = View {
    name: "project_types",
    thing: "project_type",
    about: "Types of projects.",
    from: "project_types t",
    joins: &[],
    key: "t.id",
    lookup: "t.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: COLUMNS,
    filters: &[
        Filter::new("name", Test::Contains(&["t.name"]), "Part of the name, any case."),
        Filter::new("name_exact", Test::Equals("t.name"), "The name."),
    ],
    orders: &[Order::new("name", "t.name")],
    default_order: "t.name",
    places: &[PlaceColumn("itself", "project_type", "t.id")],
    state: None,
    label: "t.name",
    owner: None,
};
