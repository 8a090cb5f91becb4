//! What is seen of requests for a role: one's own, and those for organizations and projects whose invitations one may list
//! or whose team one manages. A request shows a person's address, so merely holding a role somewhere is not enough.

use super::State;
use crate::{
    access::permissions::Permission::{CustomerCreatePermission, ProjectCreatePermission},
    group_invitation::views::known,
};
use stoa_kernel::{
    access::{Actor, Needs},
    field::Kind::{Link, Text, Time, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// What it takes to approve or reject a request: as to make its invitation; where a project is made, to give roles in the
/// organization's projects.
pub const REVIEW: Needs = Needs::Any(&[
    Needs::Permission(CustomerCreatePermission.id(), &["customer"]),
    Needs::Permission(ProjectCreatePermission.id(), &["project", "project.customer", "new_project.customer"]),
]);

const JOINS: &[Join] = &[
    Join("i", "JOIN group_invitations i ON i.id = q.invitation_id"),
    Join("c", "JOIN customers c ON c.id = i.customer_id"),
    Join("p", "LEFT JOIN projects p ON i.scope = 'project' AND p.id = i.scope_id"),
    Join(
        "r",
        "JOIN roles r ON r.id = CASE WHEN i.auto_create_project THEN COALESCE(i.project_role_id, i.role_id) \
        ELSE i.role_id END",
    ),
    Join("author", "JOIN users author ON author.id = q.created_by"),
    Join("reviewer", "LEFT JOIN users reviewer ON reviewer.id = q.reviewed_by"),
];

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("permission_request"), "q.uuid", "Address of the request."),
    Column::new("uuid", Uuid, "q.uuid", "Identifier."),
    Column::new("invitation", Link("group_invitation"), "i.uuid", "The invitation that it answers."),
    Column::new("state", Text, "q.state", "Where it is."),
    Column::new("created", Time, "q.created", "When it was made."),
    Column::new("created_by_full_name", Text, "TRIM(author.first_name || ' ' || author.last_name)", "Who asks."),
    Column::new("created_by_username", Text, "author.username", "Who asks."),
    Column::new("created_by_email", Text, "author.email", "Address of who asks."),
    Column::new("reviewed_by_full_name", Text, "TRIM(reviewer.first_name || ' ' || reviewer.last_name)",
        "Who reviewed it.").nullable(),
    Column::new("reviewed_by_username", Text, "reviewer.username", "Who reviewed it.").nullable(),
    Column::new("reviewed_at", Time, "q.reviewed_at", "When it was reviewed.").nullable(),
    Column::new("review_comment", Text, "q.review_comment", "What the reviewer said.").nullable(),
    Column::new("scope_uuid", Uuid, "i.scope_uuid", "Identifier of what it is for."),
    Column::new("scope_name", Text, "CASE WHEN i.scope = 'project' THEN p.name ELSE c.name END", "Name of what it is for."),
    Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of the organization."),
    Column::new("customer_name", Text, "c.name", "Name of the organization."),
    Column::new("role_name", Text, "r.name", "The role that is asked for."),
    Column::new("role_description", Text, "{label:r.description}", "What that role is called."),
    Column::new("project_name_template", Text, "COALESCE(i.project_name_template, '')",
        "Template of the name of the project that is made."),
    Column::new("project_name", Text, "q.project_name", "What the project is to be called."),
    Column::new("project_description", Text, "q.project_description", "What the project is for."),
];

#[rustfmt::skip]
const FILTERS: &[Filter] = &[
    Filter::new("state", Test::AnyOf("q.state", State::TEXTS), "Where it is; may repeat."),
    Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization."),
    Filter::new("invitation", Test::Uuid("i.uuid = ANY($)"), "Identifier of the invitation."),
    Filter::new("created_by", Test::Uuid("author.uuid = ANY($)"), "Identifier of who asks."),
    Filter::new("scope", Test::Link("scope", "i.scope_uuid = ANY($)"), "Address of what it is for."),
];

const BASE: View = View {
    name: "permission_requests",
    thing: "permission_request",
    about: "Requests for a role.",
    from: "permission_requests q",
    joins: JOINS,
    key: "q.id",
    lookup: "q.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible,
    columns: COLUMNS,
    filters: FILTERS,
    orders: &[Order::new("created", "q.created"), Order::new("state", "q.state")],
    default_order: "q.created DESC",
    places: &[
        PlaceColumn("customer", "customer", "CASE WHEN NOT i.auto_create_project THEN i.customer_id END"),
        PlaceColumn("project", "project", "CASE WHEN i.scope = 'project' THEN i.scope_id END"),
        PlaceColumn("project.customer", "customer", "CASE WHEN i.scope = 'project' THEN i.customer_id END"),
        PlaceColumn("new_project.customer", "customer", "CASE WHEN i.auto_create_project THEN i.customer_id END"),
    ],
    state: Some("q.state"),
    label: "author.username",
    owner: Some("q.created_by"),
};

/// The requests that one sees.
pub static PERMISSION_REQUESTS: View = BASE;

/// The requests that one may approve or reject.
pub static REVIEWED: View = View {
    name: "reviewed_permission_requests",
    about: "Requests for a role that one may approve or reject.",
    visible: reviewed,
    ..BASE
};

fn reviewed(actor: &Actor, clause: &mut Clause) {
    let organizations = actor.may_at("customer", CustomerCreatePermission.id());
    let of_projects = actor.may_at("customer", ProjectCreatePermission.id());
    let projects = actor.may_at("project", ProjectCreatePermission.id());
    let parts = [
        (
            "SELECT q.id FROM permission_requests q JOIN group_invitations i ON i.id = q.invitation_id \
          WHERE i.customer_id = ANY($) AND NOT i.auto_create_project",
            organizations,
        ),
        (
            "SELECT q.id FROM permission_requests q JOIN group_invitations i ON i.id = q.invitation_id \
          WHERE i.customer_id = ANY($) AND (i.scope = 'project' OR i.auto_create_project)",
            of_projects,
        ),
        (
            "SELECT q.id FROM permission_requests q JOIN group_invitations i ON i.id = q.invitation_id \
          WHERE i.scope = 'project' AND i.scope_id = ANY($)",
            projects,
        ),
    ];
    clause.key_in("q.id", &parts);
}

fn visible(actor: &Actor, clause: &mut Clause) {
    let mut own = Clause::new(actor, clause.now());
    own.key_in("invitation_id", &known(actor));
    clause.push("q.id IN (SELECT id FROM permission_requests WHERE created_by = {actor}", []);
    if !own.params.is_empty() {
        clause.text.push_str(" UNION SELECT id FROM permission_requests WHERE ");
        clause.key_in("invitation_id", &known(actor));
    }
    clause.text.push(')');
}
