//! What is seen of uses and narrowings: grants with their last use, for those who may see the team; narrowings, for whoever made
//! one, and for those who may take away roles wherever it did.

use super::{State, unused::Question};
use crate::{
    access::permissions::Permission::{CustomerViewTeam, ProjectViewTeam},
    grant::rules::TEAMS,
};
use stoa_kernel::{
    Val,
    access::{Actor, Needs},
    field::Kind::{Bool, Choice, Date, Int, Link, Rows, Text, Time, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

const HOLDER: &str = "TRIM(u.first_name || ' ' || u.last_name)";

#[rustfmt::skip]
const UNUSED_COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "g.uuid", "Identifier of the grant."),
    Column::new("user_uuid", Uuid, "u.uuid", "Who holds the role."),
    Column::new("user_username", Text, "u.username", "His name to sign in with."),
    Column::new("user_full_name", Text, HOLDER, "His first and last name."),
    Column::new("role_uuid", Uuid, "r.uuid", "Identifier of the role."),
    Column::new("role_name", Text, "r.name", "Name of the role."),
    Column::new("scope_type", Text, "g.scope", "The kind of thing on which the role is."),
    Column::new("scope_uuid", Uuid, "g.scope_uuid", "Identifier of that thing."),
    Column::new("scope_name", Text, "g.scope_name", "Name of that thing."),
    Column::new("customer_uuid", Uuid, "c.uuid", "The organization that it belongs to.").nullable(),
    Column::new("customer_name", Text, "c.name", "Name of that organization.").nullable(),
    Column::new("created", Time, "g.created", "When the role was given."),
    Column::new("expiration_time", Time, "g.expires_at", "When it ends by itself.").nullable(),
    Column::new("last_used", Date, "s.last_done", "The day on which it was last used to do or open something.").nullable(),
    Column::new("last_listed", Date, "s.last_listed", "The day on which it last let something appear in a list.").nullable(),
    Column::new("days_used", Int, "COALESCE(s.days, 0)", "On how many days it was used, as long as uses are recorded."),
    Column::new("permissions_used", Int,
        "(SELECT count(*) FROM uses p WHERE p.subject = g.uuid AND p.permission <> '')",
        "How many permissions were used through it, as long as uses are recorded."),
    Column::new("recorded_since", Date, "(SELECT w.since FROM use_recording w WHERE w.id = 1)",
        "Since when uses are recorded.").nullable(),
];

/// Open grants with their last use. Which of them are unused is a condition of the question.
pub static UNUSED_GRANTS: View = View {
    name: "unused_grants",
    thing: "grant",
    about: "Roles that people hold, with the day on which each was last used.",
    from: "(SELECT * FROM grants WHERE revoked_at IS NULL) g",
    joins: &[
        Join("u", "JOIN users u ON u.id = g.user_id"),
        Join("r", "JOIN roles r ON r.id = g.role_id"),
        Join("c", "LEFT JOIN customers c ON c.id = g.customer_id"),
        Join("s", "LEFT JOIN uses s ON s.subject = g.uuid AND s.permission = ''"),
    ],
    key: "g.id",
    lookup: "g.uuid",
    always: "(g.expires_at IS NULL OR g.expires_at > {now})",
    needs: Needs::SignedIn,
    visible: of_teams,
    columns: UNUSED_COLUMNS,
    filters: &[
        Filter::new("user_uuid", Test::Uuid("u.uuid = ANY($)"), "Who holds the role."),
        Filter::new("role_name", Test::Contains(&["r.name"]), "Part of the role's name, any case."),
        Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "The organization that it belongs to."),
    ],
    orders: &[
        Order::new("created", "g.created"),
        Order::new("last_used", "s.last_done").nullable(),
        Order::new("username", "u.username"),
    ],
    default_order: "g.created",
    places: &[
        PlaceColumn("itself", "grant", "g.id"),
        PlaceColumn("customer", "customer", "g.customer_id"),
        PlaceColumn("project", "project", "CASE WHEN g.scope = 'project' THEN g.scope_id END"),
    ],
    state: None,
    label: "g.scope_name",
    owner: Some("g.user_id"),
};

/// The conditions under which a row of [`UNUSED_GRANTS`] is unused. Before uses are recorded for so long, none is.
pub fn only_unused(question: &Question) -> Vec<(&'static str, Vec<Val>)> {
    let day = question.cutoff.day;
    let mut all: Vec<(&'static str, Vec<Val>)> = vec![
        ("(SELECT w.since FROM use_recording w WHERE w.id = 1) < $", vec![day.into()]),
        ("g.created < $", vec![day.start().into()]),
        ("(s.last_done IS NULL OR s.last_done < $)", vec![day.into()]),
    ];
    if !question.cutoff.ignore_lists {
        all.push(("(s.last_listed IS NULL OR s.last_listed < $)", vec![day.into()]));
    }
    match &question.scope {
        Some(scope) if scope.thing == "customer" => all.push(("g.customer_id = $", vec![scope.id.into()])),
        Some(scope) => all.push(("g.scope = $ AND g.scope_id = $", vec![scope.thing.into(), scope.id.into()])),
        None => {}
    }
    all
}

/// One's own, and those of teams that one may see: of a whole organization; or of an organization and its projects, where one
/// may see the team of one of them.
fn of_teams(actor: &Actor, clause: &mut Clause) {
    let parts = [
        ("SELECT id FROM grants WHERE user_id = ANY($)", vec![actor.id]),
        ("SELECT id FROM grants WHERE customer_id = ANY($)", actor.may_at("customer", CustomerViewTeam.id())),
        (
            "SELECT id FROM grants WHERE scope IN ('customer', 'project') AND customer_id IN \
             (SELECT customer_id FROM projects WHERE id = ANY($))",
            actor.may_at("project", ProjectViewTeam.id()),
        ),
    ];
    clause.key_in("g.id", &parts);
}

#[rustfmt::skip]
const ITEM: &[Column] = &[
    Column::new("kind", Text, "i.kind", "What was taken away: grant, permission, token or scope."),
    Column::new("target_uuid", Uuid, "i.target_uuid", "Identifier of the grant, the role or the token."),
    Column::new("permission", Text, "i.permission", "The permission, of a role or of a token."),
    Column::new("user_uuid", Uuid, "n.uuid", "Who held it.").nullable(),
    Column::new("user_full_name", Text, "TRIM(n.first_name || ' ' || n.last_name)", "His first and last name.").nullable(),
    Column::new("role_name", Text, "i.role_name", "Name of the role."),
    Column::new("scope_type", Text, "i.scope", "The kind of thing on which the role was."),
    Column::new("scope_name", Text, "i.scope_name", "Name of that thing, or of the token."),
    Column::new("outcome", Text, "i.outcome", "taken, given_back or kept_away."),
    Column::new("note", Text, "i.note", "Why it could not be given back."),
];

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("access_narrowing"), "v.uuid", "Address."),
    Column::new("uuid", Uuid, "v.uuid", "Identifier."),
    Column::new("state", Choice("AccessNarrowingState", State::TEXTS), "v.state", "Where it is."),
    Column::new("days", Int, "v.days", "For how many days what was taken away was unused."),
    Column::new("ignore_lists", Bool, "v.ignore_lists", "Whether to appear in a list was no use."),
    Column::new("reason", Text, "v.reason", "Why."),
    Column::new("made", Time, "v.made", "When it was made."),
    Column::new("made_by_uuid", Uuid, "maker.uuid", "Who made it.").nullable(),
    Column::new("made_by_full_name", Text, "TRIM(maker.first_name || ' ' || maker.last_name)", "Who made it.").nullable(),
    Column::new("undone", Time, "v.undone", "When it was undone.").nullable(),
    Column::new("undone_by_full_name", Text, "TRIM(undoer.first_name || ' ' || undoer.last_name)", "Who undid it.").nullable(),
    Column::new("items", Rows("AccessNarrowingItem", ITEM),
        "(SELECT JSON_ROWS({row} ORDER BY i.id) FROM narrowing_items i LEFT JOIN users n ON n.id = i.user_id \
         WHERE i.narrowing_id = v.id)", "What was taken away."),
];

/// Narrowings.
pub static NARROWINGS: View = View {
    name: "access_narrowings",
    thing: "access_narrowing",
    about: "What was taken away in one step as nobody used it: one's own narrowings, and those wherever one may take away roles.",
    from: "narrowings v",
    joins: &[
        Join("maker", "LEFT JOIN users maker ON maker.id = v.made_by"),
        Join("undoer", "LEFT JOIN users undoer ON undoer.id = v.undone_by"),
    ],
    key: "v.id",
    lookup: "v.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: made_or_managed,
    columns: COLUMNS,
    filters: &[
        Filter::new("state", Test::AnyOf("v.state", State::TEXTS), "Where it is; may repeat."),
        Filter::new("made_after", Test::From("v.made"), "Made at this instant or later."),
        Filter::new("made_before", Test::Until("v.made"), "Made before this instant."),
    ],
    orders: &[Order::new("made", "v.made")],
    default_order: "v.made DESC",
    places: &[
        PlaceColumn("itself", "access_narrowing", "v.id"),
        PlaceColumn("customer", "customer", "v.customer_id"),
        PlaceColumn("project", "project", "CASE WHEN v.scope = 'project' THEN v.scope_id END"),
    ],
    state: Some("v.state"),
    label: "v.state",
    owner: Some("v.made_by"),
};

/// One's own, and those of which everything lies where one may take roles away: all in one scope, or all in one organization.
fn made_or_managed(actor: &Actor, clause: &mut Clause) {
    let mut parts = vec![("SELECT id FROM narrowings WHERE made_by = ANY($)".to_owned(), vec![actor.id])];
    for team in TEAMS {
        let (scope, permission) = (team.scope, team.delete.id());
        let here = format!("SELECT id FROM narrowings WHERE scope = '{scope}' AND ");
        parts.push((format!("{here}scope_id = ANY($)"), actor.may_at(scope, permission)));
        if scope != "customer" {
            parts.push((format!("{here}customer_id = ANY($)"), actor.may_at("customer", permission)));
        }
    }
    // Where it took roles of several kinds, the organization's own permission decides.
    let several = "SELECT id FROM narrowings WHERE scope = '' AND customer_id = ANY($)";
    let managed = crate::access::permissions::Permission::CustomerDeletePermission.id();
    parts.push((several.to_owned(), actor.may_at("customer", managed)));
    let parts: Vec<(&str, Vec<i64>)> = parts.iter().map(|(sql, ids)| (sql.as_str(), ids.clone())).collect();
    clause.key_in("v.id", &parts);
}
