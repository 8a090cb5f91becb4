//! What is seen of links to other systems: everybody who is signed in sees all of them.

use stoa_kernel::{
    access::Needs,
    field::Kind::{File, Link, Text, Time, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "l.uuid", "Identifier."),
    Column::new("url", Link("external_link"), "l.uuid", "Address of this entry."),
    Column::new("name", Text, "l.name", "Name."),
    Column::new("description", Text, "l.description", "What is found there."),
    Column::new("link", Text, "l.link", "Where it leads."),
    Column::new("image", File, stoa_tenancy::file_url!("image"), "Picture.").nullable(),
    Column::new("created", Time, "l.created", "When it was made."),
    Column::new("modified", Time, "l.modified", "When it was last changed."),
];

/// Every link.
pub static EXTERNAL_LINKS: View = View {
    name: "external_links",
    thing: "external_link",
    about: "Links to other systems.",
    from: "external_links l",
    joins: &[Join("image", "LEFT JOIN files image ON image.id = l.image_id")],
    key: "l.id",
    lookup: "l.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: COLUMNS,
    filters: &[Filter::new(
        "query",
        Test::Contains(&["l.name", "l.description", "l.link"]),
        "Part of name, description or address, any case.",
    )],
    orders: &[
        Order::new("name", "l.name"),
        Order::new("link", "l.link"),
        Order::new("created", "l.created"),
        Order::new("modified", "l.modified"),
    ],
    default_order: "l.name",
    places: &[PlaceColumn("itself", "external_link", "l.id")],
    state: None,
    label: "l.name",
    owner: None,
};
