//! What is seen of versions: staff and support agents see them, under the thing whose versions they are.

use stoa_kernel::{
    access::Needs,
    field::Kind::{Int, Object, OneRow, Text, Time, Uuid},
    view::{Column, Filter, Order, Test, View},
};

const USER: &[Column] = &[
    Column::new("uuid", Uuid, "u.uuid", "Identifier."),
    Column::new("username", Text, "u.username", "Name to sign in with."),
    Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
];

const COLUMNS: &[Column] = &[
    Column::new("id", Int, "v.id", "Number of the version."),
    Column::new("revision_date", Time, "v.at", "When it came about."),
    Column::new(
        "revision_user",
        OneRow("RevisionUser", USER),
        "(SELECT {row} FROM users u WHERE u.id = v.by_user)",
        "Who brought it about.",
    )
    .nullable(),
    Column::new("revision_comment", Text, "v.comment", "What was done."),
    Column::new("serialized_data", Object, "v.data", "How the thing was then."),
];

/// Every version. Surfaces narrow it to one thing with [`OF_CUSTOMER`] and the like.
pub static VERSIONS: View = View {
    name: "versions",
    thing: "version",
    about: "How a thing was after each change. For staff and support agents.",
    from: "versions v",
    joins: &[],
    key: "v.id",
    lookup: "v.id",
    always: "",
    needs: Needs::StaffOrSupport,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: COLUMNS,
    filters: &[
        Filter::new("created_after", Test::From("v.at"), "At or after this instant."),
        Filter::new("created_before", Test::Until("v.at"), "Before this instant."),
    ],
    orders: &[Order::new("revision_date", "v.at")],
    default_order: "v.at DESC",
    places: &[],
    state: None,
    label: "v.comment",
    owner: None,
};

/// The versions of one organization, by its key.
pub const OF_CUSTOMER: &str = "v.thing = 'customer' AND v.thing_id = $";
/// The versions of one project, by its key.
pub const OF_PROJECT: &str = "v.thing = 'project' AND v.thing_id = $";
/// The versions of one user, by its key.
pub const OF_USER: &str = "v.thing = 'user' AND v.thing_id = $";
/// Those that had come about by an instant; the newest of them is how the thing was then.
pub const UP_TO: &str = "v.at <= $";
