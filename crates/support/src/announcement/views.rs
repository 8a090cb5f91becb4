//! What is seen of announcements: everybody who is signed in sees all of them, and asks for those that are shown now.

use super::TYPES;
use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, Choice, Json, Text, Time, Uuid},
    view::{Column, Filter, Order, PlaceColumn, Test, View},
};

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "a.uuid", "Identifier."),
    Column::new("description", Text, "a.description", "What is announced."),
    Column::new("active_from", Time, "a.active_from", "Shown from this instant."),
    Column::new("active_to", Time, "a.active_to", "Shown until this instant."),
    Column::new("is_active", Bool, "(a.active_from <= {now} AND a.active_to > {now})", "Whether it is shown now."),
    Column::new("type", Choice("AdminAnnouncementTypeEnum", TYPES), "a.type", "How loud it is."),
    Column::new("created", Time, "a.created", "When it was made."),
    // Announcements that are born from a maintenance come with maintenances; until then no row has these.
    Column::new("maintenance_uuid", Text, "NULL", "The maintenance that it announces.").nullable().absent(),
    Column::new("maintenance_name", Text, "NULL", "Name of the maintenance.").nullable().absent(),
    Column::new("maintenance_type", Text, "NULL", "Kind of the maintenance.").nullable().absent(),
    Column::new("maintenance_state", Text, "NULL", "State of the maintenance.").nullable().absent(),
    Column::new("maintenance_scheduled_start", Time, "NULL", "When the maintenance begins.").nullable().absent(),
    Column::new("maintenance_scheduled_end", Time, "NULL", "When the maintenance ends.").nullable().absent(),
    Column::new("maintenance_service_provider", Text, "NULL", "Whose maintenance it is.").nullable().absent(),
    Column::new("maintenance_affected_offerings", Json, "NULL", "What the maintenance touches.").nullable().absent(),
    Column::new("maintenance_external_reference_url", Text, "NULL", "More about the maintenance.").nullable().absent(),
];

/// Every announcement.
pub static ANNOUNCEMENTS: View = View {
    name: "admin_announcements",
    thing: "admin_announcement",
    about: "Announcements of the operator.",
    from: "admin_announcements a",
    joins: &[],
    key: "a.id",
    lookup: "a.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: COLUMNS,
    filters: &[
        Filter::new("description", Test::Contains(&["a.description"]), "Part of the text, any case."),
        Filter::new(
            "is_active",
            Test::Flag(
                "(a.active_from <= {now} AND a.active_to > {now})",
                "(a.active_from > {now} OR a.active_to <= {now})",
            ),
            "Whether it is shown now.",
        ),
        Filter::new("type", Test::AnyOf("a.type", TYPES), "How loud it is; can be repeated."),
    ],
    orders: &[
        Order::new("active_from", "a.active_from"),
        Order::new("active_to", "a.active_to"),
        Order::new("created", "a.created"),
        // The wire calls it so; an announcement has no name but its text.
        Order::new("name", "a.description"),
        Order::new("type", "a.type"),
    ],
    default_order: "a.created DESC",
    places: &[PlaceColumn("itself", "admin_announcement", "a.id")],
    state: None,
    label: "a.description",
    owner: None,
};
