//! What is seen of where roles can be given: staff and support agents see it; for others the list is empty.

use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, Text, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "a.uuid", "Identifier."),
    Column::new("role_uuid", Uuid, "r.uuid", "Identifier of the role."),
    Column::new("role_name", Text, "r.name", "Name of the role."),
    Column::new("role_content_type", Text, "r.scope", "The kind of thing on which the role is granted.").nullable(),
    Column::new("scope_type", Text, "a.scope", "The kind of place.").nullable(),
    Column::new("scope_uuid", Uuid, "COALESCE(c.uuid, p.uuid)", "Identifier of the place; null if it is gone.").nullable(),
    Column::new("scope_name", Text, "COALESCE(c.name, p.name)", "Name of the place.").nullable(),
    // Profiles of offerings, which name places in the original, are not there.
    Column::new("is_profile_managed", Bool, "FALSE", "Whether the profile of an offering names the place."),
    Column::new("profile_uuid", Text, "NULL", "Identifier of that profile.").nullable(),
    Column::new("profile_name", Text, "NULL", "Name of that profile.").nullable(),
];

/// Every place that is named.
pub static AVAILABILITIES: View = View {
    name: "role_availabilities",
    thing: "role_availability",
    about: "The organizations and projects to which roles are limited.",
    from: "role_availabilities a",
    joins: &[
        Join("r", "JOIN roles r ON r.id = a.role_id"),
        Join("c", "LEFT JOIN customers c ON a.scope = 'customer' AND c.id = a.scope_id"),
        Join("p", "LEFT JOIN projects p ON a.scope = 'project' AND p.id = a.scope_id"),
    ],
    key: "a.id",
    lookup: "a.uuid",
    always: "r.deleted_at IS NULL",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: COLUMNS,
    filters: &[
        Filter::new("role_uuid", Test::Uuid("r.uuid = ANY($)"), "Identifier of the role."),
        Filter::new("role_name", Test::Contains(&["r.name"]), "Part of the role's name, any case."),
        Filter::new("scope_type", Test::Equals("a.scope"), "The kind of place: customer or project."),
        Filter::new("scope_uuid", Test::Uuid("COALESCE(c.uuid, p.uuid) = ANY($)"), "Identifier of the place."),
    ],
    orders: &[Order::new("created", "a.created")],
    default_order: "a.created",
    places: &[PlaceColumn("itself", "role_availability", "a.id")],
    state: None,
    label: "r.name",
    owner: None,
};
