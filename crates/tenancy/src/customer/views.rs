//! What is seen of organizations: everybody sees those where he holds a role, or holds one in what belongs to them.

use super::rules;
use crate::{access::permissions::Permission, division, vocabulary::countries::NAME_SQL};
use stoa_kernel::{
    Result, Val,
    access::{Actor, Needs},
    field::Kind::{Amount, Bool, File, Float, Int, Json, Link, Object, Rows, Text, Texts, Time, Uuid},
    id,
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View, like, truth},
};

/// What an organization is called where one line must do.
pub const DISPLAY_NAME: &str = "CASE WHEN c.abbreviation <> '' THEN c.abbreviation \
     WHEN c.domain <> '' THEN c.name || ' (' || c.domain || ')' ELSE c.name END";

/// Projects that the caller sees: all for staff, support agents and those who may list the organization's projects; else
/// those where he holds a role.
const PROJECTS: &str = "(SELECT count(*) FROM projects p WHERE p.customer_id = c.id AND NOT p.is_removed AND ({staff} \
     OR c.id IN (SELECT g.scope_id FROM grants g JOIN roles r ON r.id = g.role_id AND r.is_active \
     AND r.permissions LIKE '%\"PROJECT.LIST\"%' WHERE g.user_id = {holder} AND g.scope = 'customer' \
     AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > {now})) \
     OR p.id IN (SELECT g.scope_id FROM grants g WHERE g.user_id = {holder} AND g.scope = 'project' \
     AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > {now}))))";

/// People with a role on the organization or its projects; for callers without a role on the organization itself, people
/// on the projects that they are on.
const USERS: &str = "(SELECT count(DISTINCT g.user_id) FROM grants g \
     LEFT JOIN projects p ON g.scope = 'project' AND p.id = g.scope_id \
     WHERE g.customer_id = c.id AND g.scope IN ('customer', 'project') AND g.revoked_at IS NULL \
     AND (g.expires_at IS NULL OR g.expires_at > {now}) AND (g.scope = 'customer' OR NOT p.is_removed) AND ({staff} \
     OR c.id IN (SELECT own.scope_id FROM grants own WHERE own.user_id = {holder} AND own.scope = 'customer' \
     AND own.revoked_at IS NULL AND (own.expires_at IS NULL OR own.expires_at > {now})) \
     OR g.scope = 'project' AND g.scope_id IN (SELECT own.scope_id FROM grants own WHERE own.user_id = {holder} \
     AND own.scope = 'project' AND own.revoked_at IS NULL AND (own.expires_at IS NULL OR own.expires_at > {now}))))";

/// The divisions of an organization.
const GROUPS: &str = "(SELECT JSON_ROWS({row} ORDER BY d.name, d.id) FROM customer_groups cg \
     JOIN organization_groups d ON d.id = cg.group_id LEFT JOIN organization_groups parent ON parent.id = d.parent_id \
     LEFT JOIN organization_group_types kind ON kind.id = d.type_id WHERE cg.customer_id = c.id)";

/// No costs yet.
pub const NO_COSTS: &str = "'{\"total\": \"0.0000000000\", \"current\": \"0.0000000000\", \"tax\": \"0.0000000000\", \
     \"tax_current\": \"0.0000000000\"}'";

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("customer"), "c.uuid", "Address of the organization."),
    Column::new("uuid", Uuid, "c.uuid", "Identifier."),
    Column::new("created", Time, "c.created", "When it was made."),
    Column::new("organization_groups", Rows("OrganizationGroup", division::views::COLUMNS), GROUPS,
        "The groups that it belongs to."),
    Column::new("display_name", Text, DISPLAY_NAME, "What it is called where one line must do."),
    Column::new("backend_id", Text, "c.backend_id", "Its identifier elsewhere."),
    Column::new("image", File, crate::file_url!("image"), "Picture.").nullable(),
    Column::new("blocked", Bool, "c.blocked", "Whether nothing can be done in it."),
    Column::new("archived", Bool, "c.archived", "Whether it is kept for the record only."),
    Column::new("display_billing_info_in_projects", Bool, "c.display_billing_info_in_projects",
        "Whether its projects show costs."),
    Column::new("default_tax_percent", Amount(2), "c.default_tax_percent", "Tax on its invoices, in percent."),
    Column::new("accounting_start_date", Time, "c.accounting_start_date", "From when on it is billed."),
    Column::new("projects_count", Int, PROJECTS, "Number of its projects that the caller sees."),
    Column::new("users_count", Int, USERS, "Number of people with a role in it, as far as the caller sees."),
    Column::new("sponsor_number", Int, "c.sponsor_number", "Identifier of the sponsor who covers the costs.").nullable(),
    Column::new("country_name", Text, NAME_SQL, "Name of the country."),
    Column::new("max_service_accounts", Int, "c.max_service_accounts", "Most service accounts.").nullable(),
    Column::new("project_metadata_checklist", Uuid, "c.project_metadata_checklist",
        "The checklist that its projects answer.").nullable(),
    Column::new("grace_period_days", Int, "c.grace_period_days",
        "Days between the end of a project and the end of its resources.").nullable(),
    Column::new("user_email_patterns", Texts, "c.user_email_patterns",
        "Patterns of e-mail addresses whose holders may get a role."),
    Column::new("user_affiliations", Texts, "c.user_affiliations", "Affiliations whose holders may get a role."),
    Column::new("user_identity_sources", Texts, "c.user_identity_sources",
        "Identity providers whose people may get a role."),
    Column::new("name", Text, "c.name", "Name."),
    Column::new("slug", Text, "c.slug", "Short name in addresses."),
    Column::new("native_name", Text, "c.native_name", "Name in its own language."),
    Column::new("abbreviation", Text, "c.abbreviation", "Abbreviation."),
    Column::new("description", Text, "c.description", "Description."),
    Column::new("contact_details", Text, "c.contact_details", "How to reach it."),
    Column::new("agreement_number", Text, "c.agreement_number", "Number of the agreement with it."),
    Column::new("email", Text, "c.email", "E-mail address."),
    Column::new("phone_number", Text, "c.phone_number", "Phone number."),
    Column::new("access_subnets", Text, "c.access_subnets",
        "Networks from which it lets its people in, separated by commas."),
    Column::new("registration_code", Text, "c.registration_code", "Registration code."),
    Column::new("homepage", Text, "c.homepage", "Address on the web."),
    Column::new("domain", Text, "c.domain", "The domain that it belongs to."),
    Column::new("vat_code", Text, "c.vat_code", "VAT number."),
    Column::new("postal", Text, "c.postal", "Postal code."),
    Column::new("address", Text, "c.address", "Address."),
    Column::new("bank_name", Text, "c.bank_name", "Name of its bank."),
    Column::new("latitude", Float, "c.latitude", "Where it is.").nullable(),
    Column::new("longitude", Float, "c.longitude", "Where it is.").nullable(),
    Column::new("bank_account", Text, "c.bank_account", "Bank account."),
    Column::new("country", Text, "c.country", "Code of the country; empty for none."),
    Column::new("notification_emails", Text, "c.notification_emails", "Where to write to, separated by commas."),
    Column::new("city", Text, "c.city", "City."),
    Column::new("state", Text, "c.state", "State or county."),
    Column::new("parish", Text, "c.parish", "Parish."),
    Column::new("street", Text, "c.street", "Street."),
    Column::new("house_nr", Text, "c.house_nr", "Number of the house."),
    Column::new("apartment_nr", Text, "c.apartment_nr", "Number of the apartment."),
    Column::new("household", Text, "c.household", "Household."),
    // What billing fills.
    Column::new("payment_profiles", Json, "'[]'", "How it pays."),
    Column::new("customer_credit", Text, "NULL", "What is left of its credit.").nullable(),
    Column::new("customer_unallocated_credit", Text, "NULL", "Credit that no project has.").nullable(),
    Column::new("billing_price_estimate", Object, NO_COSTS, "Costs of this month."),
    // What the marketplace fills.
    Column::new("is_service_provider", Bool, "FALSE", "Whether it serves others."),
    Column::new("service_provider", Link("service_provider"), "NULL", "It as a service provider.").nullable(),
    Column::new("service_provider_uuid", Uuid, "NULL", "Identifier of it as a service provider.").nullable(),
    // What calls fill.
    Column::new("call_managing_organization_uuid", Text, "NULL", "Identifier of it as one that manages calls.").nullable(),
];

#[rustfmt::skip]
const FILTERS: &[Filter] = &[
    Filter::new("name", Test::Contains(&["c.name"]), "Part of the name, any case."),
    Filter::new("name_exact", Test::Equals("c.name"), "The name."),
    Filter::new("native_name", Test::Contains(&["c.native_name"]), "Part of the native name, any case."),
    Filter::new("abbreviation", Test::Contains(&["c.abbreviation"]), "Part of the abbreviation, any case."),
    Filter::new("contact_details", Test::Contains(&["c.contact_details"]), "Part of the contact details, any case."),
    Filter::new("description", Test::Contains(&["c.description"]), "Part of the description, any case."),
    Filter::new("slug", Test::Contains(&["c.slug"]), "Part of the slug, any case."),
    Filter::new("registration_code", Test::Equals("c.registration_code"), "The registration code."),
    Filter::new("agreement_number", Test::Equals("c.agreement_number"), "The number of the agreement."),
    Filter::new("backend_id", Test::Equals("c.backend_id"), "Its identifier elsewhere."),
    Filter::new("archived", Test::Bool("c.archived"), "Whether it is archived."),
    Filter::new("query", Test::By(by_query), "Part of a name, the abbreviation, domain, a code or number; or the uuid."),
    Filter::new("organization_group_uuid", Test::Uuid("c.id IN (SELECT cg.customer_id FROM customer_groups cg \
        JOIN organization_groups cd ON cd.id = cg.group_id WHERE cd.uuid = ANY($))"), "Group; repeatable."),
    Filter::new("organization_group_name", Test::By(by_group_name), "Part of the name of a group, any case."),
    Filter::new("owned_by_current_user", Test::By(by_owned), "Where the caller is the owner."),
    Filter::new("current_user_has_project_create_permission", Test::By(by_project_create),
        "Where the caller may make projects."),
    Filter::new("current_user_has_role", Test::By(by_role), "Where the caller holds this role (name or uuid); repeatable."),
    Filter::new("user_uuid", Test::By(by_user), "What this user would see, as far as the caller sees it."),
    Filter::new("accounting_is_running",
        Test::Flag("c.accounting_start_date <= {now}", "c.accounting_start_date > {now}"), "Whether it is billed now."),
    // What the marketplace and calls know. Until they are there, no organization has resources or serves others.
    Filter::new("has_resources", Test::Flag("FALSE", ""), "Whether it has resources."),
    Filter::new("is_service_provider", Test::Flag("FALSE", ""), "Whether it serves others."),
    Filter::new("is_call_managing_organization", Test::Flag("FALSE", ""), "Whether it manages calls."),
    Filter::new("service_provider_uuid", Test::Uuid("c.uuid = ANY($) AND FALSE"), "It as a service provider."),
];

/// Every organization.
pub static CUSTOMERS: View = View {
    name: "customers",
    thing: "customer",
    about: "Organizations.",
    from: "customers c",
    joins: &[Join("image", "LEFT JOIN files image ON image.id = c.image_id")],
    key: "c.id",
    lookup: "c.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| clause.push("c.id = ANY($)", [Val::from(rules::visible(actor))]),
    columns: COLUMNS,
    filters: FILTERS,
    orders: &[
        Order::new("abbreviation", "c.abbreviation"),
        Order::new("accounting_start_date", "c.accounting_start_date"),
        Order::new("agreement_number", "c.agreement_number"),
        Order::new("contact_details", "c.contact_details"),
        Order::new("created", "c.created"),
        Order::new("description", "c.description"),
        Order::new("name", "c.name"),
        Order::new("native_name", "c.native_name"),
        Order::new("registration_code", "c.registration_code"),
    ],
    default_order: "c.name",
    places: &[PlaceColumn("itself", "customer", "c.id")],
    state: None,
    label: "c.name",
    owner: None,
};

type Applied = Result<()>;

fn last(values: &[String]) -> &str {
    values.last().map_or("", String::as_str)
}

fn by_query(clause: &mut Clause, _: &Actor, values: &[String]) -> Applied {
    let text = last(values);
    let columns =
        ["c.name", "c.native_name", "c.abbreviation", "c.domain", "c.registration_code", "c.agreement_number"];
    for (at, column) in columns.into_iter().enumerate() {
        let open = if at == 0 { "(" } else { " OR " };
        clause.push(&format!("{open}FOLD({column}) LIKE $ ESCAPE '\\'"), [like(text)]);
    }
    if let Some(uuid) = id::parse(text) {
        clause.push(" OR c.uuid = $", [Val::Uuid(uuid)]);
    }
    clause.text.push(')');
    Ok(())
}

fn by_group_name(clause: &mut Clause, _: &Actor, values: &[String]) -> Applied {
    let sql = "c.id IN (SELECT cg.customer_id FROM customer_groups cg JOIN organization_groups cd ON cd.id = cg.group_id \
               WHERE FOLD(cd.name) LIKE $ ESCAPE '\\')";
    clause.push(sql, [like(last(values))]);
    Ok(())
}

/// Restricts to keys if the value is true; else to nothing in particular.
fn where_true(clause: &mut Clause, values: &[String], ids: impl FnOnce() -> Vec<i64>) -> Applied {
    match truth(last(values)) {
        Some(true) => clause.push("c.id = ANY($)", [Val::from(ids())]),
        _ => clause.text.push_str("TRUE"),
    }
    Ok(())
}

fn by_owned(clause: &mut Clause, actor: &Actor, values: &[String]) -> Applied {
    where_true(clause, values, || held(actor, |role| role == "CUSTOMER.OWNER"))
}

/// Keys of the organizations where an actor holds such a role.
fn held(actor: &Actor, role: impl Fn(&str) -> bool) -> Vec<i64> {
    let grants = actor.showing(|held| held.scope == "customer" && role(&held.role.name));
    grants.iter().map(|held| held.scope_id).collect()
}

fn by_project_create(clause: &mut Clause, actor: &Actor, values: &[String]) -> Applied {
    if actor.is_staff() {
        clause.text.push_str("TRUE");
        return Ok(());
    }
    where_true(clause, values, || actor.may_at("customer", Permission::ProjectCreate.id()))
}

fn by_role(clause: &mut Clause, actor: &Actor, values: &[String]) -> Applied {
    let asked = |held: &stoa_kernel::access::Held| {
        values.iter().any(|value| *value == held.role.name || id::parse(value) == Some(held.role.uuid))
    };
    let grants = actor.showing(|held| held.scope == "customer" && asked(held));
    let ids: Vec<i64> = grants.iter().map(|held| held.scope_id).collect();
    clause.push("c.id = ANY($)", [Val::from(ids)]);
    Ok(())
}

/// Organizations where somebody else holds a role, or all if he sees all.
fn by_user(clause: &mut Clause, _: &Actor, values: &[String]) -> Applied {
    let Some(uuid) = id::parse(last(values)) else {
        return Err(stoa_kernel::Error::field("user_uuid", "Enter a valid UUID."));
    };
    let sql = "c.id IN (SELECT g.customer_id FROM grants g JOIN users u ON u.id = g.user_id WHERE u.uuid = $ \
               AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > {now}) AND g.scope IN ('customer', \
               'project', 'service_provider', 'call_organizer', 'call', 'resource') UNION \
               SELECT every.id FROM users u JOIN customers every ON u.is_staff OR u.is_support WHERE u.uuid = $)";
    clause.push(sql, [Val::Uuid(uuid), Val::Uuid(uuid)]);
    Ok(())
}

#[rustfmt::skip]
const USER_PROJECTS: &[Column] = &[
    Column::new("url", Link("project"), "p.uuid", "Address of the project."),
    Column::new("uuid", Uuid, "p.uuid", "Identifier."),
    Column::new("name", Text, "p.name", "Name."),
    Column::new("role_name", Text, "r.name", "The role held there."),
    Column::new("expiration_time", Time, "g.expires_at", "When the role ends.").nullable(),
];

#[rustfmt::skip]
const USER_COLUMNS: &[Column] = &[
    Column::new("url", Link("user"), "u.uuid", "Address of the user."),
    Column::new("uuid", Uuid, "u.uuid", "Identifier."),
    Column::new("username", Text, "u.username", "Name to sign in with."),
    Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
    Column::new("email", Text, "u.email", "E-mail address."),
    Column::new("role_name", Text, "(SELECT r.name FROM grants g JOIN roles r ON r.id = g.role_id WHERE g.user_id = u.id \
        AND g.scope = 'customer' AND g.scope_id = m.customer_id AND g.revoked_at IS NULL \
        AND (g.expires_at IS NULL OR g.expires_at > {now}) ORDER BY g.id LIMIT 1)",
        "The role held on the organization itself.").nullable(),
    Column::new("projects", Rows("NestedProjectPermission", USER_PROJECTS),
        "(SELECT JSON_ROWS({row} ORDER BY p.name, g.id) FROM grants g JOIN projects p ON p.id = g.scope_id \
        AND NOT p.is_removed JOIN roles r ON r.id = g.role_id WHERE g.user_id = u.id AND g.scope = 'project' \
        AND g.customer_id = m.customer_id AND g.revoked_at IS NULL \
        AND (g.expires_at IS NULL OR g.expires_at > {now}))", "The organization's projects where a role is held."),
    Column::new("expiration_time", Time, "(SELECT g.expires_at FROM grants g WHERE g.user_id = u.id \
        AND g.scope = 'customer' AND g.scope_id = m.customer_id AND g.revoked_at IS NULL \
        AND (g.expires_at IS NULL OR g.expires_at > {now}) ORDER BY g.id LIMIT 1)",
        "When the role on the organization itself ends.").nullable(),
    Column::new("image", File, crate::file_url!("image"), "Picture.").nullable(),
];

/// Filters by what is known of a user, under the alias `u`; for lists of people.
#[rustfmt::skip]
pub const USER_FILTERS: &[Filter] = &[
    Filter::new("full_name", Test::Contains(&["u.first_name || ' ' || u.last_name"]), "Part of the name, any case."),
    Filter::new("username", Test::Contains(&["u.username"]), "Part of the user name, any case."),
    Filter::new("native_name", Test::Contains(&["u.native_name"]), "Part of the native name, any case."),
    Filter::new("organization", Test::Contains(&["u.organization"]), "Part of the organization's name, any case."),
    Filter::new("job_title", Test::Contains(&["u.job_title"]), "Part of the job title, any case."),
    Filter::new("email", Test::Contains(&["u.email"]), "Part of the e-mail address, any case."),
    Filter::new("phone_number", Test::Contains(&["u.phone_number"]), "Part of the phone number."),
    Filter::new("description", Test::By(by_description), "Part of the description, any case; for staff and support."),
    Filter::new("registration_method", Test::Equals("u.registration_method"), "How the account arose."),
    Filter::new("civil_number", Test::Equals("u.civil_number"), "Civil number."),
    Filter::new("is_active", Test::Bool("u.is_active"), "Whether the account is active."),
    Filter::new("date_joined", Test::From("u.date_joined"), "Joined at or after this instant."),
    Filter::new("modified", Test::From("u.modified"), "Changed at or after this instant."),
    Filter::new("agreement_date", Test::From("u.agreement_date"), "Agreed at or after this instant."),
    Filter::new("user_keyword", Test::Contains(&["u.first_name || ' ' || u.last_name", "u.username", "u.email",
        "u.native_name"]), "Part of a name, the user name or the e-mail address."),
    Filter::new("organization_role", Test::By(by_organization_role), "Role on the organization (name or uuid); repeatable."),
    Filter::new("project_role", Test::By(by_project_role), "Role on one of its projects (name or uuid); repeatable."),
];

/// The description of a user is for staff and support agents, and so is finding by it.
fn by_description(clause: &mut Clause, actor: &Actor, values: &[String]) -> Applied {
    match actor.sees_all() {
        true => clause.push("FOLD(u.description) LIKE $ ESCAPE '\\'", [like(last(values))]),
        false => clause.text.push_str("TRUE"),
    }
    Ok(())
}

fn by_organization_role(clause: &mut Clause, _: &Actor, values: &[String]) -> Applied {
    let sql = "u.id IN (SELECT g.user_id FROM grants g JOIN roles r ON r.id = g.role_id WHERE g.scope = 'customer' \
               AND g.scope_id = m.customer_id AND g.revoked_at IS NULL AND (r.name = ANY($) OR r.uuid = ANY($)))";
    clause.push(sql, roles(values));
    Ok(())
}

fn by_project_role(clause: &mut Clause, _: &Actor, values: &[String]) -> Applied {
    let sql = "u.id IN (SELECT g.user_id FROM grants g JOIN roles r ON r.id = g.role_id WHERE g.scope = 'project' \
               AND g.customer_id = m.customer_id AND g.revoked_at IS NULL AND (r.name = ANY($) OR r.uuid = ANY($)))";
    clause.push(sql, roles(values));
    Ok(())
}

fn roles(values: &[String]) -> [Val; 2] {
    let uuids: Vec<id::Uuid> = values.iter().filter_map(|value| id::parse(value)).collect();
    [Val::from(values.to_vec()), Val::from(uuids)]
}

/// People with a role on an organization or its projects. Surfaces narrow it to one organization with [`USERS_OF`].
pub static CUSTOMER_USERS: View = View {
    name: "customer_users",
    thing: "customer_user",
    about: "People with a role in an organization or one of its projects.",
    from: "(SELECT DISTINCT g.user_id, g.customer_id FROM grants g LEFT JOIN projects p ON g.scope = 'project' \
           AND p.id = g.scope_id WHERE g.scope IN ('customer', 'project') AND g.revoked_at IS NULL \
           AND g.user_id IS NOT NULL AND (g.scope = 'customer' OR NOT p.is_removed)) m JOIN users u ON u.id = m.user_id",
    joins: &[Join("image", "LEFT JOIN files image ON image.id = u.image_id")],
    key: "u.id",
    lookup: "u.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let ids = actor.may_at("customer", Permission::CustomerListUsers.id());
        clause.push("m.customer_id = ANY($)", [Val::from(ids)]);
    },
    columns: USER_COLUMNS,
    filters: USER_FILTERS,
    orders: &[
        Order::new("concatenated_name", "u.first_name, u.last_name, u.username"),
        Order::new("username", "u.username"),
        Order::new("email", "u.email"),
    ],
    default_order: "u.first_name, u.last_name, u.username",
    places: &[],
    state: None,
    label: "u.username",
    owner: None,
};

/// The people of one organization, by its key.
pub const USERS_OF: &str = "m.customer_id = $";
