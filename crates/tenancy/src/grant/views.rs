//! What is seen of grants: the team of one scope, one's own roles, and the grants that one may revoke or restore.

use super::rules::{TEAMS, Team, scope_of};
use crate::{access::permissions::Permission::*, file_url};
use stoa_kernel::{
    Result, Val,
    access::{Actor, Needs, Stop},
    field::Kind::{Bool, File, Text, Time, Uuid},
    id,
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// Grants that are not over, of people who can sign in.
const OPEN: &str = "g.revoked_at IS NULL AND u.is_active AND (g.expires_at IS NULL OR g.expires_at > {now})";

const JOINS: &[Join] = &[
    Join("u", "JOIN users u ON u.id = g.user_id"),
    Join("r", "JOIN roles r ON r.id = g.role_id"),
    Join("c", "LEFT JOIN customers c ON c.id = g.customer_id"),
    Join("project", "LEFT JOIN projects project ON g.scope = 'project' AND project.id = g.scope_id"),
    Join("giver", "LEFT JOIN users giver ON giver.id = g.granted_by"),
    Join("image", "LEFT JOIN files image ON image.id = u.image_id"),
];

const FULL_NAME: &str = "TRIM(u.first_name || ' ' || u.last_name)";
const GIVER: &str = "TRIM(giver.first_name || ' ' || giver.last_name)";

#[rustfmt::skip]
const TEAM_COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "g.uuid", "Identifier of the grant."),
    Column::new("created", Time, "g.created", "When the role was given."),
    Column::new("expiration_time", Time, "g.expires_at", "When it ends by itself.").nullable(),
    Column::new("role_name", Text, "r.name", "Name of the role."),
    Column::new("role_uuid", Uuid, "r.uuid", "Identifier of the role."),
    Column::new("user_email", Text, "u.email", "The person's address."),
    Column::new("user_full_name", Text, FULL_NAME, "The person's first and last name."),
    Column::new("user_username", Text, "u.username", "The person's name to sign in with."),
    Column::new("user_uuid", Uuid, "u.uuid", "Identifier of the person."),
    Column::new("user_image", File, file_url!("image"), "The person's picture.").nullable().absent(),
    Column::new("created_by_full_name", Text, GIVER, "Who gave the role.").nullable().absent(),
    Column::new("created_by_uuid", Uuid, "giver.uuid", "Identifier of who gave the role.").nullable().absent(),
    Column::new("source", Text, "g.source", "The rule or synchronization that gave the role; empty for a person."),
];

/// The filters by person that every list of grants has.
const BY_USER: Filter = Filter::new("user", Test::Uuid("u.uuid = ANY($)"), "Identifier of the person.");
const BY_URL: Filter = Filter::new("user_url", Test::Link("user", "u.uuid = ANY($)"), "Address of the person.");
const BY_USERNAME: Filter = Filter::new("username", Test::Equals("u.username"), "The person's name to sign in with.");
const BY_FULL_NAME: Filter =
    Filter::new("full_name", Test::Contains(&[FULL_NAME]), "Part of first and last name, any case.");
const BY_NATIVE_NAME: Filter =
    Filter::new("native_name", Test::Contains(&["u.native_name"]), "Part of the native name, any case.");
const BY_SLUG: Filter = Filter::new("user_slug", Test::Equals("u.slug"), "The person's short name.");

#[rustfmt::skip]
const ORDERS: &[Order] = &[
    Order::new("username", "u.username"),
    Order::new("full_name", "u.first_name, u.last_name"),
    Order::new("native_name", "u.native_name"),
    Order::new("email", "u.email"),
    Order::new("expiration_time", "g.expires_at").nullable(),
    Order::new("created", "g.created"),
    Order::new("role", "r.name"),
];

/// The team of one scope, as a list in it: [`within`] says of which; whoever may see the team sees all of it.
pub static TEAM: View = View {
    name: "team",
    thing: "grant",
    about: "People who have a role in a scope.",
    from: "grants g",
    joins: JOINS,
    key: "g.id",
    lookup: "g.uuid",
    always: OPEN,
    needs: Needs::SignedIn,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: TEAM_COLUMNS,
    filters: &[
        BY_USER,
        BY_URL,
        BY_USERNAME,
        BY_FULL_NAME,
        BY_NATIVE_NAME,
        BY_SLUG,
        Filter::new("role", Test::By(by_role), "Name or identifier of the role; may repeat."),
        Filter::new(
            "search_string",
            Test::Contains(&["u.first_name", "u.last_name", FULL_NAME, "u.email", "u.username"]),
            "Part of a name or of the address, any case.",
        ),
    ],
    orders: ORDERS,
    default_order: "u.username",
    places: &[],
    state: None,
    label: "r.name",
    owner: Some("g.user_id"),
};

fn by_role(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let values: Vec<&String> = values.iter().filter(|value| !value.is_empty()).collect();
    if values.is_empty() {
        return Ok(());
    }
    let ids: Vec<id::Uuid> = values.iter().filter_map(|value| id::parse(value)).collect();
    let names: Vec<String> =
        values.iter().filter(|value| id::parse(value).is_none()).map(ToString::to_string).collect();
    clause.push("(r.uuid = ANY($) OR r.name = ANY($))", [Val::from(ids), Val::from(names)]);
    Ok(())
}

/// The condition that ties [`TEAM`] to a scope of this kind.
pub const fn within(team: &Team) -> &'static str {
    match team.scope.as_bytes() {
        b"customer" => "g.scope = 'customer' AND g.scope_id = $",
        b"project" => "g.scope = 'project' AND g.scope_id = $",
        b"service_provider" => "g.scope = 'service_provider' AND g.scope_id = $",
        b"offering" => "g.scope = 'offering' AND g.scope_id = $",
        b"resource" => "g.scope = 'resource' AND g.scope_id = $",
        b"call_organizer" => "g.scope = 'call_organizer' AND g.scope_id = $",
        b"call" => "g.scope = 'call' AND g.scope_id = $",
        b"proposal" => "g.scope = 'proposal' AND g.scope_id = $",
        _ => panic!("a team of an unknown kind of scope"),
    }
}

/// The kind of scope as filters and facts of the wire name it.
const MODEL: &str = "CASE g.scope WHEN 'service_provider' THEN 'serviceprovider' \
     WHEN 'call_organizer' THEN 'callmanagingorganisation' ELSE g.scope END";

#[rustfmt::skip]
const PERMISSION_COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "g.uuid", "Identifier of the grant."),
    Column::new("user_uuid", Uuid, "u.uuid", "Identifier of the person."),
    Column::new("user_name", Text, FULL_NAME, "The person's first and last name."),
    Column::new("user_slug", Text, "u.slug", "The person's short name."),
    Column::new("user_username", Text, "u.username", "The person's name to sign in with."),
    Column::new("user_email", Text, "u.email", "The person's address."),
    Column::new("created", Time, "g.created", "When the role was given."),
    Column::new("expiration_time", Time, "g.expires_at", "When it ends by itself.").nullable(),
    Column::new("is_active", Bool, "g.revoked_at IS NULL", "Whether nobody revoked it."),
    Column::new("created_by_full_name", Text, GIVER, "Who gave the role.").nullable().absent(),
    Column::new("created_by_username", Text, "giver.username", "Who gave the role.").nullable().absent(),
    Column::new("revoke_reason", Text, "g.revoke_reason", "Why it ended."),
    Column::new("source", Text, "g.source", "The rule or synchronization that gave the role; empty for a person."),
    Column::new("role_name", Text, "r.name", "Name of the role."),
    Column::new("role_description", Text, "{label:r.description}", "What people call the role."),
    Column::new("role_uuid", Uuid, "r.uuid", "Identifier of the role."),
    Column::new("scope_type", Text, MODEL, "The kind of thing on which it is given.").nullable(),
    Column::new("scope_uuid", Uuid, "g.scope_uuid", "Identifier of that thing."),
    Column::new("scope_name", Text, "g.scope_name", "Name of that thing."),
    Column::new("scope_is_removed", Bool, "COALESCE(project.is_removed, false)", "Whether that thing is removed."),
    Column::new("customer_uuid", Uuid, "c.uuid", "The organization that it belongs to.").nullable(),
    Column::new("customer_name", Text, "c.name", "Name of that organization.").nullable(),
    Column::new("project_uuid", Uuid, "project.uuid", "The project, if it is one.").nullable(),
];

/// One's own roles; staff and support agents see everybody's.
pub static USER_PERMISSIONS: View = View {
    name: "user_permissions",
    thing: "user_permission",
    about: "Who has which role where: one's own roles, or everybody's for staff and support agents.",
    from: "grants g",
    joins: JOINS,
    key: "g.id",
    lookup: "g.uuid",
    always: "g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > {now})",
    needs: Needs::SignedIn,
    visible: own,
    columns: PERMISSION_COLUMNS,
    filters: &[
        BY_USER,
        BY_URL,
        BY_USERNAME,
        BY_FULL_NAME,
        BY_NATIVE_NAME,
        BY_SLUG,
        Filter::new("scope_type", Test::By(by_scope), "The kind of thing on which it is given."),
        Filter::new("scope_uuid", Test::UuidLoose("g.scope_uuid = ANY($)"), "Identifier of that thing."),
        Filter::new("scope_name", Test::Contains(&["g.scope_name"]), "Part of the name of that thing, any case."),
        Filter::new("role_name", Test::Contains(&["r.name"]), "Part of the role's name, any case."),
        Filter::new("role_uuid", Test::Uuid("r.uuid = ANY($)"), "Identifier of the role."),
        Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "The organization that it belongs to."),
        Filter::new("expiration_time", Test::From("g.expires_at"), "Ends at or after this instant."),
        Filter::new("created", Test::From("g.created"), "Given at or after this instant."),
        Filter::new("created_before", Test::Until("g.created"), "Given before this instant."),
        Filter::new("modified", Test::From("g.valid_from"), "Changed at or after this instant."),
        Filter::new("modified_before", Test::Until("g.valid_from"), "Changed before this instant."),
        Filter::new("is_active", Test::Bool("g.revoked_at IS NULL"), "Whether nobody revoked it."),
    ],
    orders: ORDERS,
    default_order: "g.created DESC",
    places: &[],
    state: None,
    label: "r.name",
    owner: Some("g.user_id"),
};

/// One's own grants, without those in organizations that do not let one in from here (reference/permissions.md, section 7).
fn own(actor: &Actor, clause: &mut Clause) {
    clause.push("g.user_id = {actor}", []);
    let walled = actor.grants.iter().filter(|held| held.stopped == Some(Stop::Network));
    let walled: Vec<id::Uuid> = walled.map(|held| held.uuid).collect();
    if !walled.is_empty() {
        clause.push(" AND g.uuid <> ALL($)", [Val::from(walled)]);
    }
}

fn by_scope(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let wanted: Vec<String> = values.iter().filter(|value| !value.is_empty()).cloned().collect();
    if !wanted.is_empty() {
        let known: Vec<String> = wanted.iter().filter_map(|name| scope_of(name)).map(ToOwned::to_owned).collect();
        clause.push("g.scope = ANY($)", [Val::from(known)]);
    }
    Ok(())
}

/// What it takes to revoke a grant: the permission of its kind of scope, there or on the organization.
pub const REVOKE: Needs = Needs::Any(&[
    Needs::Permission(
        CustomerDeletePermission.id(),
        &["organization", "service_provider", "service_provider.customer"],
    ),
    Needs::Permission(ProjectDeletePermission.id(), &["project", "project.customer"]),
    Needs::Permission(OfferingDeletePermission.id(), &["offering", "offering.customer"]),
    Needs::Permission(ResourceDeletePermission.id(), &["resource", "resource.customer"]),
    Needs::Permission(CallDeletePermission.id(), &["call", "call.customer"]),
    Needs::Permission(ProposalDeletePermission.id(), &["proposal", "proposal.customer"]),
]);

/// What it takes to restore a grant.
pub const RESTORE: Needs = Needs::Any(&[
    Needs::Permission(
        CustomerCreatePermission.id(),
        &["organization", "service_provider", "service_provider.customer"],
    ),
    Needs::Permission(ProjectCreatePermission.id(), &["project", "project.customer"]),
    Needs::Permission(OfferingCreatePermission.id(), &["offering", "offering.customer"]),
    Needs::Permission(ResourceCreatePermission.id(), &["resource", "resource.customer"]),
    Needs::Permission(CallCreatePermission.id(), &["call", "call.customer"]),
    Needs::Permission(ProposalManage.id(), &["proposal", "proposal.customer"]),
]);

/// Grants, open or closed, that one holds or may take away.
pub static GRANTS: View = View {
    name: "grants",
    thing: "grant",
    about: "Grants, open or closed, that one holds or may take away.",
    // An earlier row of a grant whose end was changed (store::SUPERSEDED) is no grant of its own.
    from: "(SELECT * FROM grants WHERE revoke_reason <> 'expiry changed') g",
    joins: JOINS,
    key: "g.id",
    lookup: "g.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: manageable,
    columns: PERMISSION_COLUMNS,
    filters: &[],
    orders: ORDERS,
    default_order: "g.created DESC",
    #[rustfmt::skip]
    places: &[
        PlaceColumn("organization", "customer", "CASE WHEN g.scope = 'customer' THEN g.scope_id END"),
        PlaceColumn("project", "project", "CASE WHEN g.scope = 'project' THEN g.scope_id END"),
        PlaceColumn("project.customer", "customer", "CASE WHEN g.scope = 'project' THEN g.customer_id END"),
        PlaceColumn("service_provider", "service_provider",
            "CASE WHEN g.scope = 'service_provider' THEN g.scope_id END"),
        PlaceColumn("service_provider.customer", "customer",
            "CASE WHEN g.scope = 'service_provider' THEN g.customer_id END"),
        PlaceColumn("offering", "offering", "CASE WHEN g.scope = 'offering' THEN g.scope_id END"),
        PlaceColumn("offering.customer", "customer", "CASE WHEN g.scope = 'offering' THEN g.customer_id END"),
        PlaceColumn("resource", "resource", "CASE WHEN g.scope = 'resource' THEN g.scope_id END"),
        PlaceColumn("resource.customer", "customer", "CASE WHEN g.scope = 'resource' THEN g.customer_id END"),
        PlaceColumn("call", "call", "CASE WHEN g.scope = 'call' THEN g.scope_id END"),
        PlaceColumn("call.customer", "customer",
            "CASE WHEN g.scope IN ('call', 'call_organizer') THEN g.customer_id END"),
        PlaceColumn("proposal", "proposal", "CASE WHEN g.scope = 'proposal' THEN g.scope_id END"),
        PlaceColumn("proposal.customer", "customer", "CASE WHEN g.scope = 'proposal' THEN g.customer_id END"),
    ],
    state: None,
    label: "g.scope_name",
    owner: Some("g.user_id"),
};

/// One's own, and those at scopes (or in organizations) where one holds the permission to take roles away.
fn manageable(actor: &Actor, clause: &mut Clause) {
    let mut parts = vec![("SELECT id FROM grants WHERE user_id = ANY($)", vec![actor.id])];
    for team in TEAMS {
        let permission = team.delete.id();
        parts.push((at_scope(team), actor.may_at(team.scope, permission)));
        if team.scope != "customer" {
            parts.push((in_organization(team), actor.may_at("customer", permission)));
        }
    }
    clause.key_in("g.id", &parts);
}

fn at_scope(team: &Team) -> &'static str {
    match team.scope {
        "customer" => "SELECT id FROM grants WHERE scope = 'customer' AND scope_id = ANY($)",
        "project" => "SELECT id FROM grants WHERE scope = 'project' AND scope_id = ANY($)",
        "service_provider" => "SELECT id FROM grants WHERE scope = 'service_provider' AND scope_id = ANY($)",
        "offering" => "SELECT id FROM grants WHERE scope = 'offering' AND scope_id = ANY($)",
        "resource" => "SELECT id FROM grants WHERE scope = 'resource' AND scope_id = ANY($)",
        "call_organizer" => "SELECT id FROM grants WHERE scope = 'call_organizer' AND scope_id = ANY($)",
        "call" => "SELECT id FROM grants WHERE scope = 'call' AND scope_id = ANY($)",
        _ => "SELECT id FROM grants WHERE scope = 'proposal' AND scope_id = ANY($)",
    }
}

fn in_organization(team: &Team) -> &'static str {
    match team.scope {
        "project" => "SELECT id FROM grants WHERE scope = 'project' AND customer_id = ANY($)",
        "service_provider" => "SELECT id FROM grants WHERE scope = 'service_provider' AND customer_id = ANY($)",
        "offering" => "SELECT id FROM grants WHERE scope = 'offering' AND customer_id = ANY($)",
        "resource" => "SELECT id FROM grants WHERE scope = 'resource' AND customer_id = ANY($)",
        "call_organizer" => "SELECT id FROM grants WHERE scope = 'call_organizer' AND customer_id = ANY($)",
        "call" => "SELECT id FROM grants WHERE scope = 'call' AND customer_id = ANY($)",
        _ => "SELECT id FROM grants WHERE scope = 'proposal' AND customer_id = ANY($)",
    }
}
