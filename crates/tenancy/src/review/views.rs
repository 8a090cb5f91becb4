//! What is seen of reviews: those of organizations and projects whose people one may review.

use crate::access::permissions::Permission;
use stoa_kernel::{
    Val,
    access::Needs,
    field::Kind::{Bool, Link, Text, Time, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

const REVIEWER: &str = "TRIM(u.first_name || ' ' || u.last_name)";

const PLACES_CUSTOMER: &[PlaceColumn] = &[
    PlaceColumn("itself", "customer_permission_review", "v.id"),
    PlaceColumn("customer", "customer", "v.customer_id"),
];
const PLACES_PROJECT: &[PlaceColumn] = &[
    PlaceColumn("itself", "project_permission_review", "v.id"),
    PlaceColumn("project", "project", "v.scope_id"),
    PlaceColumn("customer", "customer", "v.customer_id"),
];

/// Reviews of organizations.
pub static CUSTOMER_REVIEWS: View = View {
    name: "customer_permission_reviews",
    thing: "customer_permission_review",
    about: "Reviews of the roles in organizations.",
    from: "permission_reviews v",
    joins: &[
        Join("c", "JOIN customers c ON c.id = v.scope_id"),
        Join("u", "LEFT JOIN users u ON u.id = v.reviewer_id"),
    ],
    key: "v.id",
    lookup: "v.uuid",
    always: "v.scope = 'customer'",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let may = actor.scopes("customer", Some(Permission::CustomerListPermissionReviews.id()));
        clause.push("v.scope_id = ANY($)", [Val::from(may)]);
    },
    columns: &[
        Column::new("url", Link("customer_permission_review"), "v.uuid", "Address."),
        Column::new("uuid", Uuid, "v.uuid", "Identifier."),
        Column::new("reviewer_full_name", Text, REVIEWER, "Full name of who closed it.").nullable(),
        Column::new("reviewer_uuid", Uuid, "u.uuid", "Identifier of who closed it.").nullable(),
        Column::new("is_pending", Bool, "(v.closed IS NULL)", "Whether it is open."),
        Column::new("created", Time, "v.created", "When it was opened."),
        Column::new("closed", Time, "v.closed", "When it was closed.").nullable(),
        Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of the organization."),
        Column::new("customer_name", Text, "c.name", "Name of the organization."),
    ],
    filters: &[
        Filter::new("closed", Test::From("v.closed"), "Closed at this instant or later."),
        Filter::new("is_pending", Test::Bool("(v.closed IS NULL)"), "Whether it is open."),
        Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization."),
        Filter::new("reviewer_uuid", Test::Uuid("u.uuid = ANY($)"), "Identifier of who closed it."),
    ],
    orders: &[Order::new("created", "v.created"), Order::new("closed", "v.closed").nullable()],
    default_order: "v.created DESC",
    places: PLACES_CUSTOMER,
    state: None,
    label: "c.name",
    owner: None,
};

/// Reviews of projects.
pub static PROJECT_REVIEWS: View = View {
    name: "project_permission_reviews",
    thing: "project_permission_review",
    about: "Reviews of the roles in projects.",
    from: "permission_reviews v",
    joins: &[Join("p", "JOIN projects p ON p.id = v.scope_id"), Join("u", "LEFT JOIN users u ON u.id = v.reviewer_id")],
    key: "v.id",
    lookup: "v.uuid",
    always: "v.scope = 'project'",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let may = |scope| actor.scopes(scope, Some(Permission::ProjectReviewMembership.id()));
        clause.key_in(
            "v.id",
            &[
                ("SELECT id FROM permission_reviews WHERE customer_id = ANY($)", may("customer")),
                ("SELECT id FROM permission_reviews WHERE scope = 'project' AND scope_id = ANY($)", may("project")),
            ],
        );
    },
    columns: &[
        Column::new("url", Link("project_permission_review"), "v.uuid", "Address."),
        Column::new("uuid", Uuid, "v.uuid", "Identifier."),
        Column::new("reviewer_full_name", Text, REVIEWER, "Full name of who closed it.").nullable(),
        Column::new("reviewer_uuid", Uuid, "u.uuid", "Identifier of who closed it.").nullable(),
        Column::new("is_pending", Bool, "(v.closed IS NULL)", "Whether it is open."),
        Column::new("created", Time, "v.created", "When it was opened."),
        Column::new("closed", Time, "v.closed", "When it was closed.").nullable(),
        Column::new("project_uuid", Uuid, "p.uuid", "Identifier of the project."),
        Column::new("project_name", Text, "p.name", "Name of the project."),
    ],
    filters: &[
        Filter::new("closed", Test::From("v.closed"), "Closed at this instant or later."),
        Filter::new("is_pending", Test::Bool("(v.closed IS NULL)"), "Whether it is open."),
        Filter::new("project_uuid", Test::Uuid("p.uuid = ANY($)"), "Identifier of the project."),
        Filter::new("reviewer_uuid", Test::Uuid("u.uuid = ANY($)"), "Identifier of who closed it."),
    ],
    orders: &[Order::new("created", "v.created"), Order::new("closed", "v.closed").nullable()],
    default_order: "v.created DESC",
    places: PLACES_PROJECT,
    state: None,
    label: "p.name",
    owner: None,
};
