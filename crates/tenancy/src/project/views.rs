//! What is seen of projects: everybody sees those where he holds a role, and those of organizations whose projects he may
//! list. Removed ones are hidden from lists unless asked for.

use crate::{
    access::permissions::Permission,
    customer::views::{NO_COSTS, USER_FILTERS},
    vocabulary::oecd::{CODES, LABEL_SQL},
};
use stoa_kernel::{
    Error, Result, Val,
    access::{Actor, Needs},
    field::{
        Kind::{Bool, Choice, Date, File, Int, Json, Link, Object, Rows, Text, Texts, Time, Uuid},
        Who,
    },
    id,
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View, like, truth},
};

/// The kinds of projects.
pub const KINDS: &[&str] = &["default", "course", "public"];

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("project"), "p.uuid", "Address of the project."),
    Column::new("uuid", Uuid, "p.uuid", "Identifier."),
    Column::new("name", Text, "p.name", "Name."),
    Column::new("slug", Text, "p.slug", "Short name in addresses."),
    Column::new("customer", Link("customer"), "c.uuid", "The organization."),
    Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of the organization."),
    Column::new("customer_name", Text, "c.name", "Name of the organization."),
    Column::new("customer_slug", Text, "c.slug", "Short name of the organization in addresses."),
    Column::new("customer_native_name", Text, "c.native_name", "Name of the organization in its own language."),
    Column::new("customer_abbreviation", Text, "c.abbreviation", "Abbreviation of the organization."),
    Column::new("description", Text, "p.description", "Description; HTML."),
    Column::new("customer_display_billing_info_in_projects", Bool, "c.display_billing_info_in_projects",
        "Whether it shows costs."),
    Column::new("created", Time, "p.created", "When it was made."),
    Column::new("type", Link("project_type"), "type.uuid", "The type.").nullable(),
    Column::new("type_name", Text, "type.name", "Name of the type.").nullable(),
    Column::new("type_uuid", Uuid, "type.uuid", "Identifier of the type.").nullable(),
    Column::new("backend_id", Text, "p.backend_id", "Its identifier elsewhere."),
    Column::new("start_date", Date, "p.start_date", "The day from which on it can be used.").nullable(),
    Column::new("end_date", Date, "p.end_date", "The last day on which it can be used.").nullable(),
    Column::new("end_date_requested_by", Link("user"), "requester.uuid", "Who set the end.").nullable(),
    Column::new("end_date_updated_at", Time, "p.end_date_updated_at", "When the end was set.").nullable(),
    Column::new("oecd_fos_2007_code", Choice("OecdFos2007CodeEnum", CODES), "p.oecd_fos_2007_code",
        "Field of science.").nullable(),
    Column::new("oecd_fos_2007_label", Text, LABEL_SQL, "Name of the field of science."),
    Column::new("is_industry", Bool, "p.is_industry", "Whether it is a project with industry."),
    Column::new("image", File, crate::file_url!("image"), "Picture.").nullable(),
    Column::new("max_service_accounts", Int, "p.max_service_accounts", "Most service accounts.").nullable(),
    Column::new("kind", Choice("ProjectKindEnum", KINDS), "p.kind", "Kind."),
    Column::new("is_removed", Bool, "p.is_removed", "Whether it is removed."),
    Column::new("termination_metadata", Json, "p.termination_metadata", "Who had which role when it was removed.").nullable(),
    Column::new("staff_notes", Text, "p.staff_notes", "Notes for staff and support agents; HTML.").only(Who::Support),
    Column::new("grace_period_days", Int, "p.grace_period_days",
        "Days between its end and the end of its resources; takes the place of the organization's.").nullable(),
    Column::new("customer_grace_period_days", Int, "c.grace_period_days", "The organization's days of grace.").nullable(),
    Column::new("user_email_patterns", Texts, "p.user_email_patterns",
        "Patterns of e-mail addresses whose holders may get a role."),
    Column::new("user_affiliations", Texts, "p.user_affiliations", "Affiliations whose holders may get a role."),
    Column::new("user_identity_sources", Texts, "p.user_identity_sources",
        "Identity providers whose people may get a role."),
    // What billing fills.
    Column::new("project_credit", Text, "NULL", "What is left of its credit.").nullable(),
    Column::new("billing_price_estimate", Object, NO_COSTS, "Costs of this month."),
    // What the marketplace fills.
    Column::new("resources_count", Int, "0", "Number of its active resources."),
    Column::new("marketplace_resource_count", Object, "'{}'", "Number of its resources by category."),
];

#[rustfmt::skip]
const FILTERS: &[Filter] = &[
    Filter::new("name", Test::Contains(&["p.name"]), "Part of the name, any case."),
    Filter::new("name_exact", Test::Equals("p.name"), "The name."),
    Filter::new("slug", Test::Contains(&["p.slug"]), "Part of the slug, any case."),
    Filter::new("description", Test::Contains(&["p.description"]), "Part of the description, any case."),
    Filter::new("backend_id", Test::Equals("p.backend_id"), "Its identifier elsewhere."),
    Filter::new("customer", Test::By(by_customer), "Identifier of the organization; repeatable, or separated by commas."),
    Filter::new("customer_name", Test::Contains(&["c.name"]), "Part of the organization's name, any case."),
    Filter::new("customer_native_name", Test::Contains(&["c.native_name"]),
        "Part of the organization's native name, any case."),
    Filter::new("customer_abbreviation", Test::Contains(&["c.abbreviation"]),
        "Part of the organization's abbreviation, any case."),
    Filter::new("created", Test::From("p.created"), "Made at or after this instant."),
    Filter::new("created_before", Test::Until("p.created"), "Made before this instant."),
    Filter::new("modified", Test::From("p.modified"), "Changed at or after this instant."),
    Filter::new("modified_before", Test::Until("p.modified"), "Changed before this instant."),
    Filter::new("is_removed", Test::Bool("p.is_removed"), "Whether it is removed; with `include_terminated`."),
    Filter::new("include_terminated", Test::Unhide, "Removed ones too."),
    Filter::new("conceal_finished_projects", Test::Flag("(p.end_date IS NULL OR p.end_date >= {today})", ""),
        "Without those whose end is over."),
    Filter::new("can_manage", Test::By(by_manager), "Where the caller is manager, or owner of the organization."),
    Filter::new("can_admin", Test::By(by_admin), "Where the caller is administrator."),
    Filter::new("current_user_has_role", Test::By(by_role), "Where the caller holds this role (name or uuid); repeatable."),
    Filter::new("user_uuid", Test::By(by_user), "What this user would see, as far as the caller sees it."),
    Filter::new("accounting_is_running",
        Test::Flag("c.accounting_start_date <= {now}", "c.accounting_start_date > {now}"),
        "Whether the organization is billed now."),
    Filter::new("query", Test::By(by_query), "Part of the name or slug; or the uuid."),
];

/// Every project.
pub static PROJECTS: View = View {
    name: "projects",
    thing: "project",
    about: "Projects.",
    from: "projects p",
    joins: JOINS,
    key: "p.id",
    lookup: "p.uuid",
    always: "NOT p.is_removed",
    needs: Needs::SignedIn,
    visible,
    columns: COLUMNS,
    filters: FILTERS,
    orders: &[
        Order::new("name", "p.name"),
        Order::new("created", "p.created"),
        Order::new("customer_name", "c.name"),
        Order::new("customer_native_name", "c.native_name"),
        Order::new("customer_abbreviation", "c.abbreviation"),
        Order::new("start_date", "p.start_date").nullable(),
        Order::new("end_date", "p.end_date").nullable(),
        // Costs come with billing; until then all cost the same.
        Order::new("estimated_cost", "p.id * 0"),
    ],
    default_order: "p.name",
    places: PLACES,
    state: Some("CASE WHEN p.is_removed THEN 'Removed' ELSE 'Active' END"),
    label: "p.name",
    owner: None,
};

const JOINS: &[Join] = &[
    Join("c", "JOIN customers c ON c.id = p.customer_id"),
    Join("type", "LEFT JOIN project_types type ON type.id = p.type_id"),
    Join("image", "LEFT JOIN files image ON image.id = p.image_id"),
    Join("requester", "LEFT JOIN users requester ON requester.id = p.end_date_requested_by"),
];

const PLACES: &[PlaceColumn] =
    &[PlaceColumn("itself", "project", "p.id"), PlaceColumn("customer", "customer", "p.customer_id")];

/// The projects that an actor sees.
pub fn visible(actor: &Actor, clause: &mut Clause) {
    let listing = actor.scopes("customer", Some(Permission::ProjectList.id()));
    clause.key_in(
        "p.id",
        &[
            ("SELECT id FROM projects WHERE customer_id = ANY($)", listing),
            ("SELECT id FROM projects WHERE id = ANY($)", actor.scopes("project", None)),
        ],
    );
}

#[rustfmt::skip]
const OFFERING: &[Column] = &[Column::new("uuid", Uuid, "po.offering_uuid", "Identifier of the offering.")];

/// Which offerings may be used in a project (mission O5).
pub static PROJECT_OFFERINGS: View = View {
    name: "project_offerings",
    thing: "project_offerings",
    about: "Which offerings may be used in a project.",
    from: "projects p",
    joins: &[],
    key: "p.id",
    lookup: "p.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible,
    columns: &[
        Column::new("project", Link("project"), "p.uuid", "The project."),
        Column::new("project_uuid", Uuid, "p.uuid", "Identifier of the project."),
        Column::new(
            "limit_offerings",
            Bool,
            "p.limit_offerings",
            "Whether only the listed offerings may be used; otherwise all that its organization may use.",
        ),
        Column::new(
            "offerings",
            Rows("ProjectOffering", OFFERING),
            "(SELECT JSON_ROWS({row} ORDER BY po.offering_uuid) FROM project_offerings po WHERE po.project_id = p.id)",
            "The offerings that may be used.",
        ),
    ],
    filters: &[],
    orders: &[],
    default_order: "p.id",
    places: PLACES,
    state: None,
    label: "p.name",
    owner: None,
};

/// People on other projects of the same organization. Surfaces narrow it to one project with [`OTHERS_OF`].
pub static OTHER_USERS: View = View {
    name: "project_other_users",
    thing: "project_other_user",
    about: "People on other projects of the organization, who are not on this one.",
    from: "users u",
    joins: &[Join("image", "LEFT JOIN files image ON image.id = u.image_id")],
    key: "u.id",
    lookup: "u.uuid",
    always: "u.is_active",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let listing = actor.scopes("customer", Some(Permission::ProjectList.id()));
        let of_customers = "SELECT user_id FROM grants WHERE customer_id = ANY($) AND scope = 'project' \
                            AND revoked_at IS NULL";
        let of_projects =
            "SELECT user_id FROM grants WHERE scope_id = ANY($) AND scope = 'project' AND revoked_at IS NULL";
        let projects = actor.scopes("project", None);
        clause.key_in("u.id", &[(of_customers, listing), (of_projects, projects)]);
    },
    columns: &[
        Column::new("url", Link("user"), "u.uuid", "Address of the user."),
        Column::new("uuid", Uuid, "u.uuid", "Identifier."),
        Column::new("username", Text, "u.username", "Name to sign in with."),
        Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
        Column::new("native_name", Text, "u.native_name", "Name in its own language."),
        Column::new("email", Text, "u.email", "E-mail address."),
        Column::new("image", File, crate::file_url!("image"), "Picture.").nullable(),
    ],
    filters: USER_FILTERS.split_at(USER_FILTERS.len() - 2).0,
    orders: &[Order::new("concatenated_name", "u.first_name, u.last_name, u.username")],
    default_order: "u.first_name, u.last_name, u.username",
    places: &[],
    state: None,
    label: "u.username",
    owner: None,
};

/// The people on other projects of one project's organization, by the project's key.
pub const OTHERS_OF: &str = "u.id IN (SELECT g.user_id FROM projects here \
     JOIN projects p ON p.customer_id = here.customer_id AND p.id <> here.id AND NOT p.is_removed \
     JOIN grants g ON g.scope = 'project' AND g.scope_id = p.id AND g.revoked_at IS NULL \
     LEFT JOIN grants already ON already.scope = 'project' AND already.scope_id = here.id \
     AND already.user_id = g.user_id AND already.revoked_at IS NULL WHERE here.id = $ AND already.id IS NULL)";

fn last(values: &[String]) -> &str {
    values.last().map_or("", String::as_str)
}

fn by_customer(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let all = values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty());
    let uuids: Option<Vec<_>> = all.map(id::parse).collect();
    let uuids = uuids.ok_or_else(|| Error::field("customer", "Enter a valid UUID."))?;
    if uuids.is_empty() {
        clause.text.push_str("TRUE");
    } else {
        clause.push("p.customer_id IN (SELECT id FROM customers WHERE uuid = ANY($))", [Val::from(uuids)]);
    }
    Ok(())
}

fn by_query(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let text = last(values);
    clause.push("(FOLD(p.name) LIKE $ ESCAPE '\\' OR FOLD(p.slug) LIKE $ ESCAPE '\\'", [like(text), like(text)]);
    if let Some(uuid) = id::parse(text) {
        clause.push(" OR p.uuid = $", [Val::Uuid(uuid)]);
    }
    clause.text.push(')');
    Ok(())
}

/// Keys of the scopes of a kind where an actor holds such a role.
fn held(actor: &Actor, scope: &str, role: impl Fn(&stoa_kernel::access::Role) -> bool) -> Vec<i64> {
    let grants = actor.showing(|held| held.scope == scope && role(&held.role));
    grants.iter().map(|held| held.scope_id).collect()
}

fn by_manager(clause: &mut Clause, actor: &Actor, values: &[String]) -> Result<()> {
    if truth(last(values)) != Some(true) {
        clause.text.push_str("TRUE");
        return Ok(());
    }
    let owned = held(actor, "customer", |role| role.name == "CUSTOMER.OWNER");
    let managed = held(actor, "project", |role| role.name == "PROJECT.MANAGER");
    let (of_customers, of_projects) =
        ("SELECT id FROM projects WHERE customer_id = ANY($)", "SELECT id FROM projects WHERE id = ANY($)");
    clause.key_in("p.id", &[(of_customers, owned), (of_projects, managed)]);
    Ok(())
}

fn by_admin(clause: &mut Clause, actor: &Actor, values: &[String]) -> Result<()> {
    match truth(last(values)) {
        Some(true) => {
            let administered = held(actor, "project", |role| role.name == "PROJECT.ADMIN");
            clause.push("p.id = ANY($)", [Val::from(administered)]);
        }
        _ => clause.text.push_str("TRUE"),
    }
    Ok(())
}

fn by_role(clause: &mut Clause, actor: &Actor, values: &[String]) -> Result<()> {
    let asked = |role: &stoa_kernel::access::Role| {
        values.iter().any(|value| *value == role.name || id::parse(value) == Some(role.uuid))
    };
    clause.push("p.id = ANY($)", [Val::from(held(actor, "project", asked))]);
    Ok(())
}

/// Projects where somebody else holds a role or whose organization lets him list them, or all if he sees all.
fn by_user(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let uuid = id::parse(last(values)).ok_or_else(|| Error::field("user_uuid", "Enter a valid UUID."))?;
    let sql = "p.id IN (SELECT g.scope_id FROM grants g JOIN users u ON u.id = g.user_id WHERE u.uuid = $ \
               AND g.scope = 'project' AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > {now}) \
               UNION SELECT every.id FROM grants g JOIN users u ON u.id = g.user_id JOIN roles r ON r.id = g.role_id \
               JOIN projects every ON every.customer_id = g.scope_id WHERE u.uuid = $ AND g.scope = 'customer' \
               AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > {now}) AND r.is_active \
               AND r.permissions LIKE '%\"PROJECT.LIST\"%' \
               UNION SELECT every.id FROM users u JOIN projects every ON u.is_staff OR u.is_support WHERE u.uuid = $)";
    clause.push(sql, [Val::Uuid(uuid), Val::Uuid(uuid), Val::Uuid(uuid)]);
    Ok(())
}
