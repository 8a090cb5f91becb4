//! What is seen of the log of reading: staff and support agents see all of it, a person sees what kind of reader read his.

use stoa_kernel::{
    Date, Error, Result, Val,
    access::{Actor, Needs},
    field::{
        Kind::{Choice, Object, OneRow, Text, Texts, Time, Uuid},
        Who,
    },
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View, like},
};

/// The kinds of people who read a profile.
pub const ACCESSOR_TYPES: &[&str] = &["staff", "support", "organization_member", "service_provider", "self"];

const ACCESSOR: &[Column] = &[
    Column::new("uuid", Uuid, "x.uuid", "Identifier."),
    Column::new("username", Text, "x.username", "Name to sign in with."),
    Column::new("full_name", Text, "TRIM(x.first_name || ' ' || x.last_name)", "First and last name."),
];
const TARGET: &[Column] = &[
    Column::new("uuid", Uuid, "u.uuid", "Identifier."),
    Column::new("username", Text, "u.username", "Name to sign in with."),
    Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
];

const BY: &str = "(SELECT {row} FROM users x WHERE x.id = l.accessor_id)";
const CONTEXT: &str = "'{\"list\":\"' || l.list || '\",\"reads\":' || l.reads || '}'";
const UUID: Column = Column::new("uuid", Uuid, "l.uuid", "Identifier.");
const AT: Column = Column::new("timestamp", Time, "l.at", "When; the first time within the hour.");
const TYPE: Column =
    Column::new("accessor_type", Choice("AccessorTypeEnum", ACCESSOR_TYPES), "l.accessor_type", "What kind of reader.");
const FIELDS: Column = Column::new("accessed_fields", Texts, "l.fields", "What was read.");

const COLUMNS: &[Column] = &[
    UUID,
    AT,
    TYPE,
    FIELDS,
    Column::new(
        "accessor_category",
        Text,
        "CASE l.accessor_type WHEN 'staff' THEN 'Platform staff' WHEN 'support' THEN 'Support staff' \
         WHEN 'organization_member' THEN 'Organization member' WHEN 'service_provider' THEN 'Service provider' \
         ELSE 'Yourself' END",
        "What kind of reader, in words.",
    ),
    Column::new("accessor", OneRow("AccessorUser", ACCESSOR), BY, "Who read it.").absent().only(Who::Support),
    Column::new("ip_address", Text, "l.address", "From which address.").nullable().only(Who::Support),
    Column::new("context", Object, CONTEXT, "In which list, and how often within the hour.").only(Who::Support),
];

fn last(values: &[String]) -> Option<&str> {
    values.last().map(String::as_str).filter(|value| !value.is_empty())
}

fn until_day(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let Some(text) = last(values) else { return Ok(()) };
    let day = Date::parse(text).ok_or_else(|| Error::field("end_date", "Enter a valid date."))?;
    clause.push("l.at < $", [Val::Time(day.plus_days(1).start())]);
    Ok(())
}

const BY_TYPE: Filter =
    Filter::new("accessor_type", Test::AnyOf("l.accessor_type", ACCESSOR_TYPES), "What kind of reader.");
const FROM: Filter = Filter::new("start_date", Test::From("l.at"), "On or after this day.");
const UNTIL: Filter = Filter::new("end_date", Test::By(until_day), "On or before this day.");

const BASE: View = View {
    name: "data_accesses",
    thing: "data_access_of_user",
    about: "Who has read a user's profile; the user sees what kind of reader it was.",
    from: "data_accesses l",
    joins: &[],
    key: "l.id",
    lookup: "l.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.push("l.user_id = {actor}", []),
    columns: COLUMNS,
    filters: &[BY_TYPE, FROM, UNTIL],
    orders: &[],
    default_order: "l.at DESC",
    places: &[],
    state: None,
    label: "l.accessor_type",
    owner: None,
};

/// Who read whose profile; surfaces narrow it to one user with [`ACCESSES_OF`].
pub static ACCESSES: View = BASE;

/// The condition that ties [`ACCESSES`] to one user, by key.
pub const ACCESSES_OF: &str = "l.user_id = $";

/// Part of a name or an address of the person or of the reader.
fn query(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let Some(text) = last(values) else { return Ok(()) };
    let mut open = "(";
    for table in ["u", "x"] {
        for column in ["username", "first_name || ' ' || {}.last_name", "email"] {
            let sql = format!("{open}FOLD({table}.{}) LIKE $ ESCAPE '\\'", column.replace("{}", table));
            clause.push(&sql, [like(text)]);
            open = " OR ";
        }
    }
    clause.text.push(')');
    Ok(())
}

/// The whole log, for staff and support agents.
pub static ALL: View = View {
    name: "data_access_logs",
    thing: "data_access",
    about: "Who has read whose profile. For staff and support agents.",
    joins: &[Join("u", "JOIN users u ON u.id = l.user_id"), Join("x", "JOIN users x ON x.id = l.accessor_id")],
    needs: Needs::StaffOrSupport,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: &[
        UUID,
        AT,
        TYPE,
        FIELDS,
        Column::new(
            "user",
            OneRow("TargetUser", TARGET),
            "(SELECT {row} FROM users u WHERE u.id = l.user_id)",
            "Whose profile.",
        ),
        Column::new("accessor", OneRow("AccessorUser", ACCESSOR), BY, "Who read it."),
        Column::new("ip_address", Text, "l.address", "From which address.").nullable(),
        Column::new("context", Object, CONTEXT, "In which list, and how often within the hour."),
    ],
    filters: &[
        BY_TYPE,
        FROM,
        UNTIL,
        Filter::new(
            "accessor_uuid",
            Test::Uuid("l.accessor_id IN (SELECT id FROM users WHERE uuid = ANY($))"),
            "The reader.",
        ),
        Filter::new("user_uuid", Test::Uuid("l.user_id IN (SELECT id FROM users WHERE uuid = ANY($))"), "The person."),
        Filter::new("query", Test::By(query), "Part of a name or an address of the person or the reader, any case."),
    ],
    orders: &[
        Order::new("timestamp", "l.at"),
        Order::new("accessor_type", "l.accessor_type"),
        Order::new("accessor_username", "x.username"),
        Order::new("user_username", "u.username"),
    ],
    places: &[PlaceColumn("itself", "data_access", "l.id")],
    ..BASE
};
