//! What providers see of who uses what they offer; each list has its own permission (reference/marketplace.md, section 3).
//!
//! The lists of one provider or of one offering are narrowed by the surface, with [`OfProvider`] and [`OfOffering`]; without
//! that a person sees the consumers of all providers for which he may.

use stoa_kernel::{
    Result,
    access::{Actor, Needs, Permission as Id},
    field::Kind::{Bool, Date, Int, Json, Link, Object, Rows, Text, Texts, Time, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};
use stoa_tenancy::access::permissions::Permission;

/// The condition that a key is among what live resources of the actor's providers point to by a column.
macro_rules! consumed {
    ($actor:ident, $clause:ident, $key:literal, $permission:expr, $column:literal) => {{
        let permission: Id = $permission.id();
        $clause.key_in(
            $key,
            &[
                (
                    concat!(
                        "SELECT ",
                        $column,
                        " FROM resources r JOIN offerings f ON f.id = r.offering_id \
                         WHERE r.state <> 'Terminated' AND f.customer_id = ANY($)"
                    ),
                    $actor.scopes("customer", Some(permission)),
                ),
                (
                    concat!(
                        "SELECT ",
                        $column,
                        " FROM resources r JOIN offerings f ON f.id = r.offering_id \
                         WHERE r.state <> 'Terminated' AND f.provider_id = ANY($)"
                    ),
                    $actor.scopes("service_provider", Some(permission)),
                ),
                (
                    concat!(
                        "SELECT ",
                        $column,
                        " FROM resources r WHERE r.state <> 'Terminated' \
                         AND r.offering_id = ANY($)"
                    ),
                    $actor.scopes("offering", Some(permission)),
                ),
            ],
        );
    }};
}

/// People with a role on a project that has live resources, as a selection of keys: from grants of projects.
const PEOPLE: &str = "SELECT DISTINCT w.user_id FROM grants w JOIN resources r ON r.project_id = w.scope_id \
     JOIN offerings f ON f.id = r.offering_id WHERE w.scope = 'project' AND w.revoked_at IS NULL \
     AND r.state <> 'Terminated' AND ";

fn people(actor: &Actor, clause: &mut Clause, key: &str, permission: Id) {
    let by = |column: &str| format!("{PEOPLE}{column} = ANY($)");
    let (customer, provider, offering) = (by("f.customer_id"), by("f.provider_id"), by("f.id"));
    clause.key_in(
        key,
        &[
            (customer.as_str(), actor.scopes("customer", Some(permission))),
            (provider.as_str(), actor.scopes("service_provider", Some(permission))),
            (offering.as_str(), actor.scopes("offering", Some(permission))),
        ],
    );
}

/// Conditions that narrow to one provider, by its key.
pub struct OfProvider;

impl OfProvider {
    /// Organizations.
    pub const CUSTOMERS: &str = "c.id IN (SELECT r.customer_id FROM resources r JOIN offerings f ON f.id = r.offering_id \
         WHERE r.state <> 'Terminated' AND f.provider_id = $)";
    /// Projects.
    pub const PROJECTS: &str = "p.id IN (SELECT r.project_id FROM resources r JOIN offerings f ON f.id = r.offering_id \
         WHERE r.state <> 'Terminated' AND f.provider_id = $)";
    /// People.
    pub const USERS: &str = "u.id IN (SELECT w.user_id FROM grants w JOIN resources r ON r.project_id = w.scope_id \
         JOIN offerings f ON f.id = r.offering_id WHERE w.scope = 'project' AND w.revoked_at IS NULL \
         AND r.state <> 'Terminated' AND f.provider_id = $)";
    /// Keys.
    pub const KEYS: &str = "k.user_id IN (SELECT w.user_id FROM grants w JOIN resources r ON r.project_id = w.scope_id \
         JOIN offerings f ON f.id = r.offering_id WHERE w.scope = 'project' AND w.revoked_at IS NULL \
         AND r.state <> 'Terminated' AND f.provider_id = $)";
    /// Roles on projects.
    pub const GRANTS: &str = "w.scope_id IN (SELECT r.project_id FROM resources r JOIN offerings f \
         ON f.id = r.offering_id WHERE r.state <> 'Terminated' AND f.provider_id = $)";
    /// Offerings.
    pub const OFFERINGS: &str = "o.provider_id = $";
}

/// Conditions that narrow to one offering, by its key.
pub struct OfOffering;

impl OfOffering {
    /// Organizations.
    pub const CUSTOMERS: &str =
        "c.id IN (SELECT r.customer_id FROM resources r WHERE r.state <> 'Terminated' AND r.offering_id = $)";
    /// Projects.
    pub const PROJECTS: &str =
        "p.id IN (SELECT r.project_id FROM resources r WHERE r.state <> 'Terminated' AND r.offering_id = $)";
    /// People.
    pub const USERS: &str = "u.id IN (SELECT w.user_id FROM grants w JOIN resources r ON r.project_id = w.scope_id \
         WHERE w.scope = 'project' AND w.revoked_at IS NULL AND r.state <> 'Terminated' AND r.offering_id = $)";
}

const PROJECT_OF: &[Column] =
    &[Column::new("uuid", Uuid, "h.uuid", "Identifier."), Column::new("name", Text, "h.name", "Name.")];
const USER_OF: &[Column] = &[
    Column::new("uuid", Uuid, "h.uuid", "Identifier."),
    Column::new("username", Text, "h.username", "Name to sign in with."),
    Column::new("full_name", Text, "TRIM(h.first_name || ' ' || h.last_name)", "First and last name."),
];

/// What a provider sees of an organization: only what has to do with somebody's resources at a provider of the actor would be
/// right for its projects and people too, so these are those with any live resource.
const CUSTOMER: &[Column] = &[
    Column::new("uuid", Uuid, "c.uuid", "Identifier."),
    Column::new("name", Text, "c.name", "Name."),
    Column::new("slug", Text, "c.slug", "Short name for addresses."),
    Column::new("abbreviation", Text, "c.abbreviation", "Abbreviation."),
    Column::new("phone_number", Text, "c.phone_number", "Telephone number."),
    Column::new("email", Text, "c.email", "Address to write to."),
    // Both are filled by billing.
    Column::new("payment_profiles", Rows("PaymentProfile", PAYMENT), "NULL", "How it pays."),
    Column::new("billing_price_estimate", Object, "NULL", "What it pays.").nullable().absent(),
    Column::new(
        "projects_count",
        Int,
        "(SELECT count(DISTINCT r.project_id) FROM resources r WHERE r.customer_id = c.id \
         AND r.state <> 'Terminated' AND r.offering_id IN (SELECT f.id FROM offerings f JOIN grants v \
         ON v.customer_id = f.customer_id WHERE v.user_id = {holder} AND v.revoked_at IS NULL))",
        "Number of its projects with resources of one's providers.",
    ),
    Column::new(
        "users_count",
        Int,
        "(SELECT count(DISTINCT w.user_id) FROM grants w JOIN resources r \
         ON r.project_id = w.scope_id WHERE w.scope = 'project' AND w.revoked_at IS NULL AND r.customer_id = c.id \
         AND r.state <> 'Terminated' AND r.offering_id IN (SELECT f.id FROM offerings f JOIN grants v \
         ON v.customer_id = f.customer_id WHERE v.user_id = {holder} AND v.revoked_at IS NULL))",
        "Number of people in those projects.",
    ),
    Column::new(
        "projects",
        Rows("ProviderProject", PROJECT_OF),
        "(SELECT JSON_ROWS({row} ORDER BY h.name, h.id) FROM projects h WHERE h.customer_id = c.id AND h.id IN \
         (SELECT r.project_id FROM resources r JOIN offerings f ON f.id = r.offering_id JOIN grants v \
         ON v.customer_id = f.customer_id WHERE v.user_id = {holder} AND v.revoked_at IS NULL AND r.state <> 'Terminated'))",
        "Its projects with resources of one's providers.",
    ),
    Column::new(
        "users",
        Rows("ProviderUser", USER_OF),
        "(SELECT JSON_ROWS({row} ORDER BY h.username, h.id) FROM users h WHERE h.id IN (SELECT w.user_id FROM grants w \
         JOIN resources r ON r.project_id = w.scope_id JOIN offerings f ON f.id = r.offering_id JOIN grants v \
         ON v.customer_id = f.customer_id WHERE v.user_id = {holder} AND v.revoked_at IS NULL AND w.scope = 'project' \
         AND w.revoked_at IS NULL AND r.customer_id = c.id AND r.state <> 'Terminated'))",
        "People in those projects.",
    ),
];

const PAYMENT: &[Column] = &[
    Column::new("uuid", Uuid, "NULL", "Identifier."),
    Column::new("name", Text, "NULL", "Name."),
    Column::new("is_active", Bool, "NULL", "Whether it is in use."),
];

const CUSTOMER_FILTERS: &[Filter] = &[
    Filter::new("name", Test::Contains(&["c.name"]), "Part of the name, any case."),
    Filter::new("name_exact", Test::Equals("c.name"), "The name."),
    Filter::new("native_name", Test::Contains(&["c.native_name"]), "Part of the name in its language."),
    Filter::new("abbreviation", Test::Contains(&["c.abbreviation"]), "Part of the abbreviation."),
    Filter::new("contact_details", Test::Contains(&["c.contact_details"]), "Part of the contact details."),
    Filter::new("registration_code", Test::Contains(&["c.registration_code"]), "Part of the registration code."),
    Filter::new("agreement_number", Test::Contains(&["c.agreement_number"]), "Part of the number of the agreement."),
    Filter::new("backend_id", Test::Equals("c.backend_id"), "Name in another system."),
    Filter::new("slug", Test::Equals("c.slug"), "Short name for addresses."),
    Filter::new("archived", Test::Bool("c.archived"), "Whether it is archived."),
    Filter::new("query", Test::Contains(&["c.name", "c.native_name", "c.abbreviation", "c.email"]), "Part of a name."),
    Filter::new(
        "organization_group_uuid",
        Test::Uuid(
            "c.id IN (SELECT m.customer_id FROM customer_groups m JOIN organization_groups g ON g.id = m.group_id \
             WHERE g.uuid = ANY($))",
        ),
        "Identifier of a group that it belongs to.",
    ),
    Filter::new(
        "organization_group_name",
        Test::By(|clause, _, values| {
            if let Some(part) = values.last().filter(|part| !part.is_empty()) {
                clause.push(
                    "c.id IN (SELECT m.customer_id FROM customer_groups m JOIN organization_groups g ON g.id = m.group_id \
                     WHERE FOLD(g.name) LIKE $ ESCAPE '\\')",
                    [stoa_kernel::view::like(part)],
                );
            }
            Ok(())
        }),
        "Part of the name of a group that it belongs to.",
    ),
    Filter::new(
        "owned_by_current_user",
        Test::Flag(
            "c.id IN (SELECT w.scope_id FROM grants w JOIN roles v ON v.id = w.role_id WHERE w.scope = 'customer' \
             AND w.user_id = {holder} AND w.revoked_at IS NULL AND v.name = 'CUSTOMER.OWNER')",
            "",
        ),
        "Whether one is its owner.",
    ),
    Filter::new(
        "current_user_has_project_create_permission",
        Test::Flag(
            "c.id IN (SELECT w.scope_id FROM grants w JOIN roles v ON v.id = w.role_id WHERE w.scope = 'customer' \
             AND w.user_id = {holder} AND w.revoked_at IS NULL AND v.permissions LIKE '%\"PROJECT.CREATE\"%')",
            "",
        ),
        "Whether one may make projects in it.",
    ),
    Filter::new(
        "user_uuid",
        Test::Uuid(
            "c.id IN (SELECT w.customer_id FROM grants w JOIN users q ON q.id = w.user_id WHERE w.revoked_at IS NULL \
             AND q.uuid = ANY($))",
        ),
        "Identifier of somebody who belongs to it.",
    ),
];

const CUSTOMER_ORDERS: &[Order] = &[Order::new("name", "c.name"), Order::new("abbreviation", "c.abbreviation")];

/// Organizations with resources.
pub static CONSUMER_CUSTOMERS: View = View {
    name: "consumer_customers",
    thing: "consumer_customer",
    about: "Organizations that have resources of a provider.",
    from: "customers c",
    joins: &[],
    key: "c.id",
    lookup: "c.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        consumed!(actor, clause, "c.id", Permission::ServiceProviderListCustomers, "r.customer_id")
    },
    columns: CUSTOMER,
    filters: CUSTOMER_FILTERS,
    orders: CUSTOMER_ORDERS,
    default_order: "c.name",
    places: &[PlaceColumn("itself", "customer", "c.id")],
    state: None,
    label: "c.name",
    owner: None,
};

/// The short form of an organization with resources of an offering.
pub static OFFERING_CUSTOMERS: View = View {
    name: "offering_customers",
    thing: "consumer_customer",
    about: "Organizations that have resources of an offering.",
    from: "customers c",
    joins: &[],
    key: "c.id",
    lookup: "c.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| consumed!(actor, clause, "c.id", Permission::OfferingUpdate, "r.customer_id"),
    columns: &[
        Column::new("uuid", Uuid, "c.uuid", "Identifier."),
        Column::new("name", Text, "c.name", "Name."),
        Column::new("slug", Text, "c.slug", "Short name for addresses."),
        Column::new("abbreviation", Text, "c.abbreviation", "Abbreviation."),
        Column::new("phone_number", Text, "c.phone_number", "Telephone number."),
        Column::new("email", Text, "c.email", "Address to write to."),
    ],
    filters: CUSTOMER_FILTERS,
    orders: CUSTOMER_ORDERS,
    default_order: "c.name",
    places: &[PlaceColumn("itself", "customer", "c.id")],
    state: None,
    label: "c.name",
    owner: None,
};

const RESOURCES_OF_PROJECT: &str =
    "(SELECT count(*) FROM resources r WHERE r.project_id = p.id AND r.state <> 'Terminated')";
const USERS_OF_PROJECT: &str = "(SELECT count(DISTINCT w.user_id) FROM grants w WHERE w.scope = 'project' \
     AND w.scope_id = p.id AND w.revoked_at IS NULL)";

/// What a provider sees of a project.
const CUSTOMER_PROJECT: &[Column] = &[
    Column::new("uuid", Uuid, "p.uuid", "Identifier."),
    Column::new("name", Text, "p.name", "Name."),
    Column::new("description", Text, "p.description", "Description."),
    Column::new("end_date", Date, "p.end_date", "Last day.").nullable(),
    Column::new("resources_count", Int, RESOURCES_OF_PROJECT, "Number of its resources."),
    Column::new("users_count", Int, USERS_OF_PROJECT, "Number of its people."),
    Column::new("billing_price_estimate", Object, "NULL", "What it pays.").nullable().absent(),
];

const PROJECT_FILTERS: &[Filter] = &[
    Filter::new("name", Test::Contains(&["p.name"]), "Part of the name, any case."),
    Filter::new("name_exact", Test::Equals("p.name"), "The name."),
    Filter::new("description", Test::Contains(&["p.description"]), "Part of the description, any case."),
    Filter::new("slug", Test::Equals("p.slug"), "Short name for addresses."),
    Filter::new("backend_id", Test::Equals("p.backend_id"), "Name in another system."),
    Filter::new("query", Test::Contains(&["p.name", "p.slug", "customer.name"]), "Part of a name."),
    Filter::new("customer", Test::Uuid("customer.uuid = ANY($)"), "Identifier of the organization."),
    Filter::new("project_customer_uuid", Test::Uuid("customer.uuid = ANY($)"), "Identifier of the organization."),
    Filter::new("customer_name", Test::Contains(&["customer.name"]), "Part of the organization's name."),
    Filter::new("customer_native_name", Test::Contains(&["customer.native_name"]), "Part of its name in its language."),
    Filter::new("customer_abbreviation", Test::Contains(&["customer.abbreviation"]), "Part of its abbreviation."),
    Filter::new("is_removed", Test::Bool("p.is_removed"), "Whether it is removed."),
    Filter::new(
        "conceal_finished_projects",
        Test::Flag("(p.end_date IS NULL OR p.end_date >= {today})", ""),
        "Leave out projects that have ended.",
    ),
    Filter::new(
        "can_admin",
        Test::Flag(
            "p.id IN (SELECT w.scope_id FROM grants w JOIN roles v ON v.id = w.role_id WHERE w.scope = 'project' \
             AND w.user_id = {holder} AND w.revoked_at IS NULL AND v.name = 'PROJECT.ADMIN')",
            "",
        ),
        "Whether one is its administrator.",
    ),
    Filter::new(
        "can_manage",
        Test::Flag(
            "p.id IN (SELECT w.scope_id FROM grants w JOIN roles v ON v.id = w.role_id WHERE w.scope = 'project' \
             AND w.user_id = {holder} AND w.revoked_at IS NULL AND v.name = 'PROJECT.MANAGER')",
            "",
        ),
        "Whether one is its manager.",
    ),
    Filter::new("created", Test::From("p.created"), "Made at or after this instant."),
    Filter::new("created_before", Test::Until("p.created"), "Made before this instant."),
    Filter::new("modified", Test::From("p.modified"), "Changed at or after this instant."),
    Filter::new("modified_before", Test::Until("p.modified"), "Changed before this instant."),
];

const PROJECT_ORDERS: &[Order] = &[
    Order::new("name", "p.name"),
    Order::new("created", "p.created"),
    Order::new("customer_name", "customer.name"),
    Order::new("customer_abbreviation", "customer.abbreviation"),
    Order::new("customer_native_name", "customer.native_name"),
    Order { name: "start_date", sql: "p.start_date", nullable: true },
    Order { name: "end_date", sql: "p.end_date", nullable: true },
    // Costs come with billing.
    Order::new("estimated_cost", "p.id"),
];

const PROJECT_JOINS: &[Join] = &[
    Join("customer", "JOIN customers customer ON customer.id = p.customer_id"),
    Join("type", "LEFT JOIN project_types type ON type.id = p.type_id"),
];

/// Projects of one organization with resources of a provider.
pub static CONSUMER_CUSTOMER_PROJECTS: View = View {
    name: "consumer_customer_projects",
    thing: "consumer_project",
    about: "Projects of an organization that have resources of a provider.",
    from: "projects p",
    joins: PROJECT_JOINS,
    key: "p.id",
    lookup: "p.uuid",
    always: "NOT p.is_removed",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        consumed!(actor, clause, "p.id", Permission::ServiceProviderListCustomerProjects, "r.project_id");
    },
    columns: CUSTOMER_PROJECT,
    filters: PROJECT_FILTERS,
    orders: PROJECT_ORDERS,
    default_order: "p.name",
    places: &[PlaceColumn("itself", "project", "p.id")],
    state: None,
    label: "p.name",
    owner: None,
};

/// A project as providers see it: the official form, without what is the organization's own business.
const PROJECT: &[Column] = &[
    Column::new("url", Link("project"), "p.uuid", "Address of the project."),
    Column::new("uuid", Uuid, "p.uuid", "Identifier."),
    Column::new("name", Text, "p.name", "Name."),
    Column::new("slug", Text, "p.slug", "Short name for addresses."),
    Column::new("customer", Link("customer"), "customer.uuid", "The organization."),
    Column::new("customer_uuid", Uuid, "customer.uuid", "Identifier of the organization."),
    Column::new("customer_name", Text, "customer.name", "Name of the organization."),
    Column::new("customer_slug", Text, "customer.slug", "Short name of the organization for addresses."),
    Column::new("customer_native_name", Text, "customer.native_name", "Name of the organization in its language."),
    Column::new("customer_abbreviation", Text, "customer.abbreviation", "Abbreviation of the organization."),
    Column::new("description", Text, "p.description", "Description."),
    Column::new(
        "customer_display_billing_info_in_projects",
        Bool,
        "customer.display_billing_info_in_projects",
        "Whether projects show costs.",
    ),
    Column::new("created", Time, "p.created", "When it was made."),
    Column::new("type", Link("project_type"), "type.uuid", "Its type.").nullable(),
    Column::new("type_name", Text, "type.name", "Name of its type.").nullable(),
    Column::new("type_uuid", Uuid, "type.uuid", "Identifier of its type.").nullable(),
    Column::new("backend_id", Text, "p.backend_id", "Name in another system."),
    Column::new("start_date", Date, "p.start_date", "First day.").nullable(),
    Column::new("end_date", Date, "p.end_date", "Last day.").nullable(),
    Column::new(
        "end_date_requested_by",
        Link("user"),
        "(SELECT q.uuid FROM users q WHERE q.id = p.end_date_requested_by)",
        "Who set the last day.",
    )
    .nullable(),
    Column::new("oecd_fos_2007_code", Text, "p.oecd_fos_2007_code", "Code of its field of science.").nullable(),
    Column::new("is_industry", Bool, "p.is_industry", "Whether it is for industry."),
    Column::new("resources_count", Int, RESOURCES_OF_PROJECT, "Number of its resources."),
    Column::new("kind", Text, "p.kind", "What it is for."),
    Column::new("is_removed", Bool, "p.is_removed", "Whether it is removed."),
];

/// Projects with resources of a provider.
pub static CONSUMER_PROJECTS: View = View {
    name: "consumer_projects",
    thing: "consumer_project",
    about: "Projects that have resources of a provider.",
    from: "projects p",
    joins: PROJECT_JOINS,
    key: "p.id",
    lookup: "p.uuid",
    always: "NOT p.is_removed",
    needs: Needs::SignedIn,
    visible: |actor, clause| consumed!(actor, clause, "p.id", Permission::ServiceProviderListProjects, "r.project_id"),
    columns: PROJECT,
    filters: PROJECT_FILTERS,
    orders: PROJECT_ORDERS,
    default_order: "p.name",
    places: &[PlaceColumn("itself", "project", "p.id")],
    state: None,
    label: "p.name",
    owner: None,
};

/// What a provider sees of a person: how to call and reach him, and nothing that he did not mean for strangers. More comes with
/// accounts at offerings, where the person agrees to it.
const USER: &[Column] = &[
    Column::new("uuid", Uuid, "u.uuid", "Identifier."),
    Column::new("username", Text, "u.username", "Name to sign in with."),
    Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
    Column::new("first_name", Text, "u.first_name", "First name."),
    Column::new("last_name", Text, "u.last_name", "Last name."),
    Column::new("organization", Text, "u.organization", "Where the person works."),
    Column::new("email", Text, "u.email", "Address to write to."),
    Column::new("phone_number", Text, "u.phone_number", "Telephone number."),
    Column::new(
        "projects_count",
        Int,
        "(SELECT count(DISTINCT w.scope_id) FROM grants w JOIN resources r \
         ON r.project_id = w.scope_id JOIN offerings f ON f.id = r.offering_id JOIN grants v \
         ON v.customer_id = f.customer_id WHERE v.user_id = {holder} AND v.revoked_at IS NULL AND w.scope = 'project' \
         AND w.user_id = u.id AND w.revoked_at IS NULL AND r.state <> 'Terminated')",
        "Number of projects with resources of one's providers.",
    ),
    Column::new("registration_method", Text, "u.registration_method", "How the account came about."),
    Column::new("affiliations", Texts, "u.affiliations", "Affiliations."),
    Column::new("is_active", Bool, "u.is_active", "Whether the account is in use."),
    Column::new("job_title", Text, "u.job_title", "Job title."),
    // The rest of a person's attributes is told to offerings to which he consented.
    Column::new("gender", Int, "NULL", "Gender.").nullable(),
    Column::new("personal_title", Text, "''", "Title."),
    Column::new("place_of_birth", Text, "''", "Place of birth."),
    Column::new("country_of_residence", Text, "''", "Country of residence."),
    Column::new("nationality", Text, "''", "Nationality."),
    Column::new("nationalities", Texts, "'[]'", "Nationalities."),
    Column::new("organization_country", Text, "''", "Country of the employer."),
    Column::new("organization_type", Text, "''", "Type of the employer."),
    Column::new("organization_registry_code", Text, "''", "Registration code of the employer."),
    Column::new("eduperson_assurance", Texts, "'[]'", "How well the identity is assured."),
    Column::new("civil_number", Text, "NULL", "Civil number.").nullable(),
    Column::new("birth_date", Date, "NULL", "Date of birth.").nullable(),
    Column::new("identity_source", Text, "u.identity_source", "Where the identity comes from."),
    Column::new("active_isds", Json, "'[]'", "Who vouches for the person."),
];

/// People in projects with resources of a provider.
pub static CONSUMER_USERS: View = View {
    name: "consumer_users",
    thing: "consumer_user",
    about: "People in projects that have resources of a provider.",
    from: "users u",
    joins: &[],
    key: "u.id",
    lookup: "u.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| people(actor, clause, "u.id", Permission::ServiceProviderListUsers.id()),
    columns: USER,
    filters: &[
        Filter::new("username", Test::Equals("u.username"), "Name to sign in with."),
        Filter::new("full_name", Test::Contains(FULL_NAME), "Part of the full name."),
        Filter::new("native_name", Test::Contains(&["u.native_name"]), "Part of the name in its language."),
        Filter::new("email", Test::Contains(&["u.email"]), "Part of the address to write to."),
        Filter::new("organization", Test::Contains(&["u.organization"]), "Part of where the person works."),
        Filter::new("job_title", Test::Contains(&["u.job_title"]), "Part of the job title."),
        Filter::new("phone_number", Test::Contains(&["u.phone_number"]), "Part of the telephone number."),
        Filter::new("registration_method", Test::Equals("u.registration_method"), "How the account came about."),
        Filter::new("is_active", Test::Bool("u.is_active"), "Whether the account is in use."),
        Filter::new("description", Test::Contains(&["u.description"]), "Part of the description."),
        Filter::new("is_staff", Test::Bool("u.is_staff"), "Whether the person is staff."),
        Filter::new("is_support", Test::Bool("u.is_support"), "Whether the person is a support agent."),
        Filter::new("agreement_date", Test::From("u.agreement_date"), "Agreed to the terms at or after this instant."),
        Filter::new("organization_roles", Test::By(organization_roles), "Names of roles that the person has."),
        Filter::new("project_roles", Test::By(project_roles), "Names of roles that the person has."),
        Filter::new("user_keyword", Test::Contains(PERSON), "Part of a name or address."),
        Filter::new("query", Test::Contains(PERSON), "Part of a name or address."),
        Filter::new(
            "username_list",
            Test::By(|clause, _, values| {
                let names: Vec<String> =
                    values.iter().flat_map(|v| v.split(',')).map(|n| n.trim().to_owned()).collect();
                if names.iter().any(|name| !name.is_empty()) {
                    clause.push("u.username = ANY($)", [names.into()]);
                }
                Ok(())
            }),
            "Names to sign in with, separated by commas.",
        ),
        Filter::new(
            "project_uuid",
            Test::Uuid(
                "u.id IN (SELECT w.user_id FROM grants w JOIN projects q ON q.id = w.scope_id WHERE w.scope = 'project' \
                 AND w.revoked_at IS NULL AND q.uuid = ANY($))",
            ),
            "Identifier of a project of the person.",
        ),
        Filter::new(
            "customer_uuid",
            Test::Uuid(
                "u.id IN (SELECT w.user_id FROM grants w JOIN customers q ON q.id = w.customer_id \
                 WHERE w.revoked_at IS NULL AND q.uuid = ANY($))",
            ),
            "Identifier of an organization of the person.",
        ),
        Filter::new("date_joined", Test::From("u.date_joined"), "Here since this instant or later."),
        Filter::new("modified", Test::From("u.modified"), "Changed at or after this instant."),
    ],
    orders: &[
        Order::new("username", "u.username"),
        Order::new("full_name", "u.first_name, u.last_name"),
        Order::new("native_name", "u.native_name"),
        Order::new("email", "u.email"),
        Order::new("organization", "u.organization"),
        Order::new("job_title", "u.job_title"),
        Order::new("phone_number", "u.phone_number"),
        Order::new("is_active", "u.is_active"),
        Order::new("registration_method", "u.registration_method"),
    ],
    default_order: "u.username",
    places: &[],
    state: None,
    label: "u.username",
    owner: None,
};

fn organization_roles(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    has_role(clause, "customer", values)
}

fn project_roles(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    has_role(clause, "project", values)
}

/// The person has a role of one of these names on a scope of this kind.
fn has_role(clause: &mut Clause, scope: &str, values: &[String]) -> Result<()> {
    if values.iter().any(|name| !name.is_empty()) {
        clause.push(
            "u.id IN (SELECT w.user_id FROM grants w JOIN roles v ON v.id = w.role_id WHERE w.revoked_at IS NULL \
             AND w.scope = $ AND v.name = ANY($))",
            [scope.into(), values.to_vec().into()],
        );
    }
    Ok(())
}

const FULL_NAME: &[&str] = &["(u.first_name || ' ' || u.last_name)"];
const PERSON: &[&str] = &["u.username", "u.first_name", "u.last_name", "u.native_name", "u.email"];

/// SSH keys of people in projects with resources of a provider.
pub static CONSUMER_KEYS: View = View {
    name: "consumer_keys",
    thing: "consumer_key",
    about: "SSH keys of people in projects that have resources of a provider.",
    from: "ssh_keys k",
    joins: &[Join("u", "JOIN users u ON u.id = k.user_id")],
    key: "k.id",
    lookup: "k.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| people(actor, clause, "k.user_id", Permission::ServiceProviderListKeys.id()),
    columns: &[
        Column::new("url", Link("ssh_key"), "k.uuid", "Address of the key."),
        Column::new("uuid", Uuid, "k.uuid", "Identifier."),
        Column::new("name", Text, "k.name", "Name."),
        Column::new("public_key", Text, "k.public_key", "The public key."),
        Column::new("fingerprint_md5", Text, "k.fingerprint_md5", "MD5 fingerprint."),
        Column::new("fingerprint_sha256", Text, "k.fingerprint_sha256", "SHA-256 fingerprint."),
        Column::new("fingerprint_sha512", Text, "k.fingerprint_sha512", "SHA-512 fingerprint."),
        Column::new("user_uuid", Uuid, "u.uuid", "Identifier of its owner."),
        Column::new("is_shared", Bool, "k.is_shared", "Whether everybody may use it."),
        Column::new("type", Text, "k.type", "Its type."),
    ],
    filters: &[
        Filter::new("name", Test::Contains(&["k.name"]), "Part of the name, any case."),
        Filter::new("name_exact", Test::Equals("k.name"), "The name."),
        Filter::new("uuid", Test::Uuid("k.uuid = ANY($)"), "Identifier."),
        Filter::new("user_uuid", Test::Uuid("u.uuid = ANY($)"), "Identifier of its owner."),
        Filter::new("fingerprint_md5", Test::Equals("k.fingerprint_md5"), "MD5 fingerprint."),
        Filter::new("fingerprint_sha256", Test::Equals("k.fingerprint_sha256"), "SHA-256 fingerprint."),
        Filter::new("fingerprint_sha512", Test::Equals("k.fingerprint_sha512"), "SHA-512 fingerprint."),
        Filter::new("is_shared", Test::Bool("k.is_shared"), "Whether everybody may use it."),
        Filter::new("created", Test::From("k.created"), "Added at or after this instant."),
        Filter::new("created_before", Test::Until("k.created"), "Added before this instant."),
        Filter::new("modified", Test::From("k.modified"), "Changed at or after this instant."),
        Filter::new("modified_before", Test::Until("k.modified"), "Changed before this instant."),
    ],
    orders: &[Order::new("name", "k.name")],
    default_order: "k.name",
    places: &[],
    state: None,
    label: "k.name",
    owner: None,
};

/// Roles on projects with resources of a provider.
pub static CONSUMER_PERMISSIONS: View = View {
    name: "consumer_permissions",
    thing: "consumer_permission",
    about: "Who has which role on projects that have resources of a provider.",
    from: "grants w",
    joins: &[
        Join("role", "JOIN roles role ON role.id = w.role_id"),
        Join("u", "JOIN users u ON u.id = w.user_id"),
        Join("giver", "LEFT JOIN users giver ON giver.id = w.granted_by"),
        Join("p", "JOIN projects p ON p.id = w.scope_id"),
        Join("customer", "JOIN customers customer ON customer.id = w.customer_id"),
    ],
    key: "w.id",
    lookup: "w.uuid",
    always: "w.scope = 'project' AND w.revoked_at IS NULL AND w.user_id IS NOT NULL",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        consumed!(actor, clause, "w.scope_id", Permission::ServiceProviderListProjectPermissions, "r.project_id");
    },
    columns: &[
        Column::new("created", Time, "w.created", "When the role was given."),
        Column::new("expiration_time", Time, "w.expires_at", "When it ends.").nullable(),
        Column::new("created_by", Link("user"), "giver.uuid", "Who gave it.").nullable(),
        Column::new(
            "created_by_full_name",
            Text,
            "TRIM(giver.first_name || ' ' || giver.last_name)",
            "Name of who gave it.",
        )
        .nullable(),
        Column::new("created_by_username", Text, "giver.username", "Name with which he signs in.").nullable(),
        Column::new("project", Link("project"), "p.uuid", "The project."),
        Column::new("project_uuid", Uuid, "p.uuid", "Identifier of the project."),
        Column::new("project_name", Text, "p.name", "Name of the project."),
        Column::new("project_created", Time, "p.created", "When the project was made."),
        Column::new("project_end_date", Date, "p.end_date", "Last day of the project.").nullable().absent(),
        Column::new("customer_uuid", Uuid, "customer.uuid", "Identifier of the organization."),
        Column::new("customer_name", Text, "customer.name", "Name of the organization."),
        Column::new("role", Text, "role.name", "Name of the role."),
        Column::new("role_name", Text, "role.name", "Name of the role."),
        Column::new("user", Link("user"), "u.uuid", "Who has it."),
        Column::new("user_full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
        Column::new("user_native_name", Text, "u.native_name", "Name in the person's language."),
        Column::new("user_username", Text, "u.username", "Name to sign in with."),
        Column::new("user_uuid", Uuid, "u.uuid", "Identifier of the person."),
        Column::new("user_email", Text, "u.email", "Address to write to."),
    ],
    filters: &[
        Filter::new("user", Test::Uuid("u.uuid = ANY($)"), "Identifier of who has it."),
        Filter::new("user_url", Test::Link("user", "u.uuid = ANY($)"), "Who has it."),
        Filter::new("user_slug", Test::Equals("u.slug"), "Short name of who has it."),
        Filter::new("username", Test::Contains(&["u.username"]), "Part of the name to sign in with."),
        Filter::new("full_name", Test::Contains(FULL_NAME), "Part of the full name."),
        Filter::new("native_name", Test::Contains(&["u.native_name"]), "Part of the name in the person's language."),
        Filter::new("role_name", Test::Equals("role.name"), "Name of the role."),
        Filter::new("role_uuid", Test::Uuid("role.uuid = ANY($)"), "Identifier of the role."),
        Filter::new("scope_name", Test::Contains(&["p.name"]), "Part of the project's name."),
        Filter::new("scope_type", Test::Equals("w.scope"), "What it is a role on."),
        Filter::new("scope_uuid", Test::UuidLoose("p.uuid = ANY($)"), "Identifier of the project."),
        Filter::new("customer_uuid", Test::Uuid("customer.uuid = ANY($)"), "Identifier of the organization."),
        Filter::new("expiration_time", Test::From("w.expires_at"), "It ends at or after this instant."),
        Filter::new("created", Test::From("w.created"), "Given at or after this instant."),
        Filter::new("created_before", Test::Until("w.created"), "Given before this instant."),
        Filter::new("modified", Test::From("w.created"), "Changed at or after this instant."),
    ],
    orders: &[
        Order::new("created", "w.created"),
        Order { name: "expiration_time", sql: "w.expires_at", nullable: true },
        Order::new("role", "role.name"),
        Order::new("username", "u.username"),
        Order::new("full_name", "u.first_name, u.last_name"),
        Order::new("native_name", "u.native_name"),
        Order::new("email", "u.email"),
    ],
    default_order: "w.created DESC",
    places: &[],
    state: None,
    label: "role.name",
    owner: None,
};
