//! What is seen of logins: staff see who is signed in. Nobody sees a token.

use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, Int, Link, Text, Time, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

const COLUMNS: &[Column] = &[
    Column::new("url", Link("auth_token"), "u.id", "Address of the login; it is named by the key of its user."),
    Column::new("created", Time, CREATED, "When the newest live token was made."),
    Column::new("user", Link("user"), "u.uuid", "Whose login it is."),
    Column::new("user_first_name", Text, "u.first_name", "First name."),
    Column::new("user_last_name", Text, "u.last_name", "Last name."),
    Column::new("user_username", Text, "u.username", "Name to sign in with."),
    Column::new("user_is_active", Bool, "u.is_active", "Whether the account is active."),
    Column::new("user_token_lifetime", Int, "u.token_lifetime", "Seconds after its last use at which a token ends.")
        .nullable(),
    Column::new("token", Text, "NULL", "The token, in the moment in which it is made; nobody can see it later.")
        .nullable()
        .absent(),
];

const CREATED: &str = "(SELECT max(t.created) FROM tokens t WHERE t.user_id = u.id \
     AND (t.expires_at IS NULL OR t.expires_at > {now}))";

/// A live token for each user who has one.
const BASE: View = View {
    name: "logins",
    thing: "auth_token",
    about: "Who is signed in: users with a live login token.",
    from: "users u",
    joins: &[],
    key: "u.id",
    lookup: "u.id",
    always: "u.id IN (SELECT t.user_id FROM tokens t WHERE t.expires_at IS NULL OR t.expires_at > {now})",
    needs: Needs::Staff,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: COLUMNS,
    filters: &[],
    orders: &[],
    default_order: "u.username",
    places: &[PlaceColumn("itself", "user", "u.id")],
    state: None,
    label: "u.username",
    owner: None,
};

/// Users with a live login token, by the key of the user.
pub static LOGINS: View = BASE;

/// The same, by the identifier of the user.
pub static LOGIN_OF_USER: View = View {
    name: "login_of_user",
    about: "When a user's newest login token was made, and how long it lives. Nobody sees the token itself.",
    lookup: "u.uuid",
    ..BASE
};

#[rustfmt::skip]
const SESSION: &[Column] = &[
    Column::new("uuid", Uuid, "t.uuid", "Identifier."),
    Column::new("url", Link("session"), "t.uuid", "Address of the session."),
    Column::new("kind", Text, "t.kind", "`session` for a browser, `login` for a token that programs send."),
    Column::new("method", Text, "t.method", "How the user proved himself."),
    Column::new("factor", Text, "t.factor", "The second factor that was shown; empty for none."),
    Column::new("user_agent", Text, "t.user_agent", "What the program calls itself that signed in."),
    Column::new("address", Text, "t.address", "The address from which it was signed in."),
    Column::new("created", Time, "t.created", "When it began."),
    Column::new("used", Time, "t.used", "When it was used last, within the time in which that is noted."),
    Column::new("expires_at", Time, "t.expires_at", "When it ends unless it is used.").nullable(),
    Column::new("ends_at", Time, "t.ends_at", "When it ends whatever its use.").nullable(),
    Column::new("is_current", Bool, "(t.id = {token})", "Whether this is asked with it."),
    Column::new("user", Link("user"), "u.uuid", "Whose it is."),
    Column::new("user_uuid", Uuid, "u.uuid", "Identifier of its user."),
    Column::new("user_username", Text, "u.username", "Name with which its user signs in."),
];

/// Sessions and login tokens that last: everybody's own, for staff all.
pub static SESSIONS: View = View {
    name: "sessions",
    thing: "session",
    about: "Sessions and login tokens that last.",
    from: "tokens t",
    joins: &[Join("u", "JOIN users u ON u.id = t.user_id")],
    key: "t.id",
    lookup: "t.uuid",
    always: "(t.expires_at IS NULL OR t.expires_at > {now})",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.push("t.user_id = {actor}", []),
    columns: SESSION,
    filters: &[Filter::new(
        "user_uuid",
        Test::Uuid("t.user_id IN (SELECT id FROM users WHERE uuid = ANY($))"),
        "Whose they are, for staff.",
    )],
    orders: &[Order::new("created", "t.created"), Order::new("used", "t.used")],
    default_order: "t.used DESC",
    places: &[PlaceColumn("itself", "session", "t.id")],
    state: None,
    label: "t.method",
    owner: Some("t.user_id"),
};
