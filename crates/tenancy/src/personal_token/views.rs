//! What is seen of personal access tokens: one's own, and for staff those of robots. Nobody sees the secret.

use stoa_kernel::{
    access::{Actor, Needs},
    field::Kind::{Bool, Int, Rows, Text, Texts, Time, Uuid},
    view::{Clause, Column, Filter, Join, PlaceColumn, Test, View},
};

/// One thing to which a token is bound.
pub const BINDING: &[Column] = &[
    Column::new("type", Text, "b.scope", "Kind of the thing."),
    Column::new("uuid", Uuid, "b.scope_uuid", "Identifier of the thing."),
    Column::new("name", Text, "b.scope_name", "Name that the thing had."),
];

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "t.uuid", "Identifier."),
    Column::new("name", Text, "t.name", "Name."),
    Column::new("token_prefix", Text, "t.prefix", "How the token begins."),
    Column::new("scopes", Texts, "t.scopes", "Names of the permissions that pass."),
    Column::new("allowed_scopes", Rows("AllowedScopeOutput", BINDING),
        "(SELECT JSON_ROWS({row} ORDER BY b.id) FROM personal_token_bindings b WHERE b.token_id = t.id)",
        "The things to which it is bound; none for no bounds."),
    Column::new("allowed_networks", Texts, "t.networks", "Networks from which it can be used; none for everywhere."),
    Column::new("expires_at", Time, "t.expires_at", "When it ends."),
    Column::new("is_active", Bool, "(t.is_active AND t.expires_at > {now})", "Whether it can be used."),
    // Clients take no null here.
    Column::new("last_used_at", Time, "COALESCE(t.last_used_at, t.created)",
        "When it was last used, to ten minutes; when it was made, if never."),
    Column::new("last_used_ip", Text, "COALESCE(t.last_used_ip, '')", "Address from which it was last used; empty if never."),
    Column::new("use_count", Int, "t.use_count", "How often it was used, as of the last note."),
    Column::new("created", Time, "t.created", "When it was made."),
    Column::new("user_uuid", Uuid, "u.uuid", "Identifier of its user."),
    Column::new("user_username", Text, "u.username", "Name of its user."),
];

/// Whose tokens one sees. A token sees itself, so that a program can tell when it ends.
fn visible(actor: &Actor, clause: &mut Clause) {
    if let Some(narrow) = &actor.narrow {
        return clause.push("t.id = $", [narrow.key.into()]);
    }
    clause.text.push_str("t.user_id IN (");
    clause.push("SELECT me.id FROM users me WHERE me.id = {actor}", []);
    if actor.is_staff() {
        clause.text.push_str(" UNION SELECT robot.id FROM users robot WHERE robot.is_robot");
    }
    clause.text.push(')');
}

/// Personal access tokens, those that ended included.
pub static PERSONAL_TOKENS: View = View {
    name: "personal_tokens",
    thing: "own_token",
    about: "One's own personal access tokens; for staff also those of robots.",
    from: "personal_tokens t",
    joins: &[Join("u", "JOIN users u ON u.id = t.user_id")],
    key: "t.id",
    lookup: "t.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible,
    columns: COLUMNS,
    filters: &[
        Filter::new("is_active", Test::Bool("(t.is_active AND t.expires_at > {now})"), "Whether they can be used."),
        Filter::new("user_uuid", Test::Uuid("u.uuid = ANY($)"), "Identifier of their user."),
    ],
    orders: &[],
    default_order: "t.created DESC",
    places: &[PlaceColumn("itself", "own_token", "t.id")],
    state: None,
    label: "t.name",
    owner: Some("t.user_id"),
};
