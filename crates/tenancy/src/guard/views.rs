//! What is seen of guards: staff and support agents see all, others those of the organizations whose people they may list.

use super::rules::{KINDS, WITHIN};
use crate::access::permissions::Permission::{CustomerCreatePermission, CustomerListUsers};
use stoa_kernel::{
    Val,
    access::Needs,
    field::Kind::{Bool, Choice, Int, Link, Rows, Text, Texts, Time, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// What it takes to make, change and remove a guard of an organization: to bring people in there. Those of the installation stand at
/// no place, so they are for staff.
pub const MANAGE: Needs = Needs::Permission(CustomerCreatePermission.id(), &["customer"]);

const ROLE: &[Column] =
    &[Column::new("uuid", Uuid, "r.uuid", "Identifier."), Column::new("name", Text, "r.name", "Name.")];

const PERSON: &[Column] = &[
    Column::new("uuid", Uuid, "u.uuid", "Identifier."),
    Column::new("username", Text, "u.username", "Name to sign in with."),
    Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
];

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("guard"), "gd.uuid", "Address."),
    Column::new("uuid", Uuid, "gd.uuid", "Identifier."),
    Column::new("name", Text, "gd.name", "Name."),
    Column::new("description", Text, "gd.description", "What it is for."),
    Column::new("sentence", Text, "gd.sentence", "What it says, in words."),
    Column::new("kind", Choice("GuardKind", KINDS), "gd.kind",
        "Whether it denies what it names (deny) or all else (ceiling), or keeps its roles apart (apart)."),
    Column::new("customer", Link("customer"), "c.uuid", "The organization whose it is; none for the installation.").nullable(),
    Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of that organization.").nullable(),
    Column::new("customer_name", Text, "c.name", "Name of that organization.").nullable(),
    Column::new("scope_type", Text, "gd.scope", "Kind of the thing on which it denies: customer or project.").nullable(),
    Column::new("scope_uuid", Uuid, "gd.scope_uuid", "Identifier of that thing.").nullable(),
    Column::new("scope_name", Text, "gd.scope_name", "Name of that thing."),
    Column::new("permissions", Texts, "gd.permissions", "Permissions by name, PROJECT.* or *."),
    Column::new("roles", Rows("GuardRole", ROLE),
        "(SELECT JSON_ROWS({row} ORDER BY r.name) FROM guard_roles l JOIN roles r ON r.id = l.role_id WHERE l.guard_id = gd.id)",
        "The roles through which it denies, or that it keeps apart; none for all."),
    Column::new("users", Rows("GuardPerson", PERSON),
        "(SELECT JSON_ROWS({row} ORDER BY u.username) FROM guard_users l JOIN users u ON u.id = l.user_id WHERE l.guard_id = gd.id)",
        "The people whom it denies; none for everybody."),
    Column::new("own", Bool, "gd.own", "Whether it denies only on one's own things: who ordered does not approve."),
    Column::new("staff", Bool, "gd.staff", "Whether it denies staff too."),
    Column::new("within", Choice("GuardWithin", WITHIN), "gd.within", "How far apart its roles are kept."),
    Column::new("networks", Texts, "gd.networks", "It does not deny who calls from one of these."),
    Column::new("hours", Texts, "gd.hours", "It does not deny in these hours, such as mon-fri 08:00-18:00."),
    Column::new("time_zone", Text, "gd.time_zone", "Where the clocks show those hours."),
    Column::new("second_factor", Bool, "gd.second_factor", "Whether it does not deny who signed in with a second factor."),
    Column::new("assurance", Texts, "gd.assurance", "It does not deny those for whom all of these are vouched."),
    Column::new("starts", Time, "gd.starts", "It denies from then on.").nullable(),
    Column::new("ends", Time, "gd.ends", "It denies until then.").nullable(),
    Column::new("is_active", Bool, "gd.is_active", "Whether it denies at all."),
    Column::new("revision", Int, "gd.revision", "How often it was changed."),
    Column::new("created", Time, "gd.created", "When it was made."),
    Column::new("created_by_full_name", Text, "TRIM(author.first_name || ' ' || author.last_name)", "Who made it.").nullable(),
    Column::new("modified", Time, "gd.modified", "When it was changed last."),
];

/// Guards.
pub static GUARDS: View = View {
    name: "guards",
    thing: "guard",
    about: "Rules from above that deny, whatever roles say.",
    from: "guards gd",
    joins: &[
        Join("c", "LEFT JOIN customers c ON c.id = gd.customer_id"),
        Join("author", "LEFT JOIN users author ON author.id = gd.created_by"),
    ],
    key: "gd.id",
    lookup: "gd.uuid",
    always: "gd.deleted_at IS NULL",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let ids = actor.scopes("customer", Some(CustomerListUsers.id()));
        clause.push("gd.customer_id = ANY($)", [Val::from(ids)]);
    },
    columns: COLUMNS,
    filters: &[
        Filter::new("name", Test::Contains(&["gd.name"]), "Part of the name, any case."),
        Filter::new("kind", Test::AnyOf("gd.kind", KINDS), "Its kind; may repeat."),
        Filter::new("is_active", Test::Bool("gd.is_active"), "Whether it denies at all."),
        Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization whose it is."),
        Filter::new("scope_uuid", Test::Uuid("gd.scope_uuid = ANY($)"), "Identifier of the thing on which it denies."),
    ],
    orders: &[Order::new("name", "gd.name"), Order::new("created", "gd.created")],
    default_order: "gd.name",
    places: &[PlaceColumn("itself", "guard", "gd.id"), PlaceColumn("customer", "customer", "gd.customer_id")],
    state: None,
    label: "gd.name",
    owner: None,
};
