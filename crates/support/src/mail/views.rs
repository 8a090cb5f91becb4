//! What is seen of mail: staff see the switchboard and the templates, staff and support agents the log.

use stoa_kernel::{
    Error, Result, Val,
    access::{Actor, Needs},
    field::Kind::{Bool, Choice, Int, Link, Object, Rows, Text, Texts, Time, Uuid},
    time::Date,
    view::{Clause, Column, Filter, Order, PlaceColumn, Test, View},
};

/// The words of the states of a mail.
pub const STATES: &[&str] = &["sent", "waiting", "failed"];

const TEMPLATE: &[Column] = &[
    Column::new("uuid", Uuid, "t.uuid", "Identifier."),
    Column::new("url", Link("notification_template"), "t.uuid", "Address of the template."),
    Column::new("path", Text, "t.path", "Which kind of mail it is for, and which part of it."),
    Column::new("name", Text, "t.name", "Name."),
    Column::new("content", Text, "COALESCE(t.override_text, t.original)", "The text that is used.").nullable(),
    Column::new("original_content", Text, "t.original", "The text that ships.").nullable(),
    Column::new("is_content_overridden", Bool, "(t.override_text IS NOT NULL)", "Whether staff have changed the text."),
];

/// Every kind of mail.
pub static NOTIFICATIONS: View = View {
    name: "notifications",
    thing: "notification",
    about: "The switchboard of mail: which kinds leave the house.",
    from: "notifications n",
    joins: &[],
    key: "n.id",
    lookup: "n.uuid",
    always: "NOT n.is_removed",
    needs: Needs::Staff,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: &[
        Column::new("uuid", Uuid, "n.uuid", "Identifier."),
        Column::new("url", Link("notification"), "n.uuid", "Address of the kind of mail."),
        Column::new("key", Text, "n.key", "Its key, module and name."),
        Column::new("description", Text, "n.description", "What it is for."),
        Column::new("enabled", Bool, "n.is_enabled", "Whether such mail leaves the house."),
        Column::new("created", Time, "n.created", "When it came to the switchboard."),
        Column::new(
            "templates",
            Rows("NotificationTemplateDetailSerializers", TEMPLATE),
            "(SELECT JSON_ROWS({row} ORDER BY t.path DESC, t.id) FROM notification_templates t WHERE t.key = n.key)",
            "Subject, text and HTML.",
        ),
        Column::new("context_schema", Object, "n.context_schema", "What the templates may say, with a sentence each."),
    ],
    filters: &[
        Filter::new("key", Test::Contains(&["n.key"]), "Part of the key, any case."),
        Filter::new("name", Test::Contains(&["n.key"]), "Part of the key, any case."),
        Filter::new("name_exact", Test::Equals("n.key"), "The key."),
        Filter::new("description", Test::Contains(&["n.description"]), "Part of what it is for, any case."),
        Filter::new("query", Test::Contains(&["n.key", "n.description"]), "Part of key or description, any case."),
        Filter::new(
            "is_overridden",
            Test::Flag(
                "n.key IN (SELECT o.key FROM notification_templates o WHERE o.override_text IS NOT NULL)",
                "n.key NOT IN (SELECT o.key FROM notification_templates o WHERE o.override_text IS NOT NULL)",
            ),
            "Whether staff have changed a text of it.",
        ),
    ],
    orders: &[],
    default_order: "n.key",
    places: &[PlaceColumn("itself", "notification", "n.id")],
    state: None,
    label: "n.key",
    owner: None,
};

/// Every template.
pub static TEMPLATES: View = View {
    name: "notification_templates",
    thing: "notification_template",
    about: "Templates of mail: the shipped text, and the text that staff put in its place.",
    from: "notification_templates t",
    joins: &[],
    key: "t.id",
    lookup: "t.uuid",
    always: "",
    needs: Needs::Staff,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: TEMPLATE,
    filters: &[
        Filter::new("path", Test::Contains(&["t.path"]), "Part of the path, any case."),
        Filter::new("path_exact", Test::Equals("t.path"), "The path."),
        Filter::new("name", Test::Contains(&["t.name"]), "Part of the name, any case."),
        Filter::new("name_exact", Test::Equals("t.name"), "The name."),
        Filter::new(
            "is_overridden",
            Test::Flag("t.override_text IS NOT NULL", "t.override_text IS NULL"),
            "Whether staff have changed the text.",
        ),
    ],
    orders: &[],
    default_order: "t.path",
    places: &[PlaceColumn("itself", "notification_template", "t.id")],
    state: None,
    label: "t.path",
    owner: None,
};

/// Every mail that was sent or should have been.
pub static MAILS: View = View {
    name: "mails",
    thing: "mail",
    about: "Mail that was sent or should have been. One-time codes are masked. For staff and support agents.",
    from: "mails m",
    joins: &[],
    key: "m.id",
    lookup: "m.uuid",
    always: "",
    needs: Needs::StaffOrSupport,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: &[
        Column::new("uuid", Uuid, "m.uuid", "Identifier."),
        Column::new("url", Link("mail"), "m.uuid", "Address of this entry."),
        Column::new("sent_at", Time, "m.sent_at", "When it was sent, or last tried."),
        Column::new("subject", Text, "m.subject", "Subject."),
        Column::new("body", Text, "m.body", "The plain text; one-time codes are masked."),
        Column::new("emails", Texts, "m.emails", "To whom."),
        Column::new("key", Text, "m.key", "The kind of mail."),
        Column::new("state", Choice("EmailLogState", STATES), "m.state", "What became of it."),
        Column::new("attempts", Int, "m.attempts", "How often it was tried."),
        Column::new("error_message", Text, "m.error", "Why it was not accepted; empty if it was."),
    ],
    filters: &[
        Filter::new("subject", Test::Contains(&["m.subject"]), "Part of the subject, any case."),
        Filter::new("body", Test::Contains(&["m.body"]), "Part of the text, any case."),
        Filter::new("emails", Test::Contains(&["m.emails"]), "Part of an address, any case."),
        Filter::new("sent_at", Test::By(on_day), "The day on which it was sent or last tried."),
        Filter::new("state", Test::AnyOf("m.state", STATES), "What became of it; can be repeated."),
        Filter::new("key", Test::AnyText("m.key"), "The kind of mail; can be repeated."),
    ],
    orders: &[Order::new("sent_at", "m.sent_at"), Order::new("subject", "m.subject")],
    default_order: "m.sent_at DESC",
    places: &[PlaceColumn("itself", "mail", "m.id")],
    state: None,
    label: "m.subject",
    owner: None,
};

fn on_day(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let Some(text) = values.last().filter(|text| !text.is_empty()) else { return Ok(()) };
    let day = Date::parse(text).ok_or_else(|| Error::field("sent_at", "Enter a valid date."))?;
    clause.push("(m.sent_at >= $ AND m.sent_at < $)", [Val::Time(day.start()), Val::Time(day.plus_days(1).start())]);
    Ok(())
}
