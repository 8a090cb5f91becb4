//! What is seen of users. Staff and support agents see all of them; others see the active, regular people with whom they
//! share an organization or a project, and themselves.
//!
//! What concerns a person's identity (birth, citizenship, civil number, …) is shown to that person, to staff and to support
//! agents only; and nobody can find out by a filter what he is not shown.

use super::rules::GENDERS;
use crate::agreement;
use stoa_kernel::{
    Error, Result, Val,
    access::{Actor, Needs},
    field::{
        Kind::{Bool, Date, File, Int, Link, Object, OneRow, Rows, Text, Texts, Time, Uuid},
        Who,
    },
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// A grant that counts, of the row's user.
macro_rules! held {
    ($and:literal) => {
        concat!(
            "g.revoked_at IS NULL AND g.valid_from <= {now} AND (g.expires_at IS NULL OR g.expires_at > {now}) AND ",
            $and
        )
    };
}

/// A role somewhere, as `Permission` of 8.0.5 and `MePermission` of newer clients have it.
const PERMISSION: &[Column] = &[
    Column::new("user_uuid", Uuid, "u.uuid", "Identifier of the user."),
    Column::new("user_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name of the user."),
    Column::new("user_slug", Text, "u.slug", "Short name of the user."),
    Column::new("created", Time, "g.created", "Since when."),
    Column::new("expiration_time", Time, "g.expires_at", "Until when.").nullable(),
    Column::new(
        "created_by_full_name",
        Text,
        "COALESCE(TRIM(b.first_name || ' ' || b.last_name), '')",
        "First and last name of who granted it.",
    ),
    Column::new("created_by_username", Text, "COALESCE(b.username, '')", "User name of who granted it."),
    Column::new("role_name", Text, "r.name", "Name of the role."),
    Column::new("role_description", Text, "{label:r.description}", "What the role is called."),
    Column::new("role_uuid", Uuid, "r.uuid", "Identifier of the role."),
    Column::new("scope_type", Text, "g.scope", "Kind of thing on which it is granted."),
    Column::new("scope_uuid", Uuid, "g.scope_uuid", "Identifier of that thing."),
    Column::new("scope_name", Text, "g.scope_name", "Name of that thing."),
    Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of its organization.").nullable().absent(),
    Column::new("customer_name", Text, "c.name", "Name of its organization.").nullable().absent(),
    Column::new(
        "project_uuid",
        Uuid,
        "CASE WHEN g.scope = 'project' THEN g.scope_uuid END",
        "Identifier of the project, where it is one.",
    )
    .nullable(),
    Column::new(
        "resource_uuid",
        Uuid,
        "CASE WHEN g.scope = 'resource' THEN g.scope_uuid END",
        "Identifier of the resource, where it is one.",
    )
    .nullable(),
];

/// The roles of the row's user: all of them for himself, staff and support agents; for others those in scopes that they share
/// with him, and in organizations where they hold a role.
const PERMISSIONS: &str = concat!(
    "(SELECT JSON_ROWS({row} ORDER BY g.id) FROM grants g JOIN roles r ON r.id = g.role_id \
     LEFT JOIN customers c ON c.id = g.customer_id LEFT JOIN users b ON b.id = g.granted_by WHERE g.user_id = u.id AND ",
    held!(
        "({staff} OR g.user_id = {actor} OR g.customer_id IN (SELECT a.scope_id FROM grants a WHERE a.user_id = {holder} \
         AND a.scope = 'customer' AND a.revoked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > {now})) \
         OR (g.scope, g.scope_id) IN (SELECT a.scope, a.scope_id FROM grants a WHERE a.user_id = {holder} \
         AND a.revoked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > {now}))))"
    )
);

/// One row for each attribute that a profile can be required to have: its position, its name, and whether the row's user
/// lacks it.
macro_rules! lacks {
    ($(($at:literal, $name:literal, $lacks:literal))*) => {
        concat!("SELECT 0 AS at, '' AS name, FALSE AS lacks", $(" UNION ALL SELECT ", $at, ", '", $name, "', ", $lacks),*)
    };
}
#[rustfmt::skip]
macro_rules! attributes { () => { lacks! {
    (1, "username", "u.username = ''")
    (2, "full_name", "TRIM(u.first_name || u.last_name) = ''")
    (3, "first_name", "u.first_name = ''")
    (4, "last_name", "u.last_name = ''")
    (5, "email", "u.email = ''")
    (6, "phone_number", "u.phone_number = ''")
    (7, "organization", "u.organization = ''")
    (8, "job_title", "u.job_title = ''")
    (9, "affiliations", "u.affiliations = '[]'")
    (10, "gender", "COALESCE(u.gender, '') = ''")
    (11, "personal_title", "u.personal_title = ''")
    (12, "birth_date", "u.birth_date IS NULL")
    (13, "place_of_birth", "u.place_of_birth = ''")
    (14, "address", "u.address = ''")
    (15, "country_of_residence", "u.country_of_residence = ''")
    (16, "nationality", "u.nationality = ''")
    (17, "nationalities", "u.nationalities = '[]'")
    (18, "organization_country", "u.organization_country = ''")
    (19, "organization_type", "u.organization_type = ''")
    (20, "organization_registry_code", "u.organization_registry_code = ''")
    (21, "organization_vat_code", "u.organization_vat_code = ''")
    (22, "organization_address", "u.organization_address = ''")
    (23, "eduperson_assurance", "u.eduperson_assurance = '[]'")
    (24, "civil_number", "COALESCE(u.civil_number, '') = ''")
    (25, "identity_source", "u.identity_source = ''")
} } }

/// One row from the settings about profiles and the attributes that the row's user lacks.
const PROFILE: &str = concat!(
    "(SELECT {row} FROM (SELECT s.mandatory AS mandatory, s.enforced AS enforced, \
     '[' || COALESCE((SELECT string_agg('\"' || l.name || '\"', ',' ORDER BY l.at) FROM (",
    attributes!(),
    ") l WHERE l.lacks AND s.mandatory LIKE '%\"' || l.name || '\"%'), '') || ']' AS missing \
     FROM (SELECT COALESCE((SELECT value FROM settings WHERE key = 'MANDATORY_USER_ATTRIBUTES'), '[]') AS mandatory, \
     COALESCE((SELECT value FROM settings WHERE key = 'ENFORCE_MANDATORY_USER_ATTRIBUTES'), 'false') AS enforced) s) m)"
);

/// Whether a profile has what the installation requires, in the user's own row.
const COMPLETENESS: &[Column] = &[
    Column::new("is_complete", Bool, "m.missing = '[]'", "Whether the profile has everything that it must have."),
    Column::new("missing_fields", Texts, "m.missing", "What it lacks."),
    Column::new("mandatory_fields", Texts, "m.mandatory", "What it must have."),
    Column::new("enforcement_enabled", Bool, "m.enforced = 'true'", "Whether most calls are refused until then."),
];

/// Whether the profile of the user `u` lacks what it must have and the installation insists on it: while this is so, most of
/// his calls are refused. Staff are never held up.
pub const HELD_UP: &str = concat!(
    "(NOT u.is_staff AND NOT u.is_robot AND COALESCE((SELECT s.value FROM settings s WHERE s.key = 'ENFORCE_MANDATORY_USER_ATTRIBUTES'), \
     'false') = 'true' AND EXISTS (SELECT 1 FROM (",
    attributes!(),
    ") l JOIN settings s ON s.key = 'MANDATORY_USER_ATTRIBUTES' AND s.value LIKE '%\"' || l.name || '\"%' \
     WHERE l.lacks))"
);

/// Whether the way in which the account came about is among those whose people don't change their details themselves.
const PROTECTED: &str = "COALESCE((SELECT s.value LIKE '%\"' || u.registration_method || '\"%' FROM settings s \
     WHERE s.key = 'PROTECT_USER_DETAILS_FOR_REGISTRATION_METHODS'), FALSE)";

/// The columns of a user.
#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("user"), "u.uuid", "Address of the user."),
    Column::new("uuid", Uuid, "u.uuid", "Identifier."),
    Column::new("username", Text, "u.username", "Name to sign in with."),
    Column::new("slug", Text, "u.slug", "Short name in addresses."),
    Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
    Column::new("native_name", Text, "u.native_name", "Name in its own script."),
    Column::new("job_title", Text, "u.job_title", "What the person does."),
    Column::new("email", Text, "u.email", "Address to write to."),
    Column::new("phone_number", Text, "u.phone_number", "Telephone number."),
    Column::new("organization", Text, "u.organization", "The organization that the person is of."),
    Column::new("civil_number", Text, "u.civil_number", "Civil number.").nullable().only(Who::OwnOrSupport),
    Column::new("description", Text, "u.description", "Notes of staff.").only(Who::Support),
    Column::new("is_staff", Bool, "u.is_staff", "Whether the user is staff.").only(Who::Support),
    Column::new("is_active", Bool, "u.is_active", "Whether the account can be used.").only(Who::Support),
    Column::new("is_support", Bool, "u.is_support", "Whether the user is a support agent.").only(Who::Support),
    Column::new("token", Text, "NULL", "The caller's own login token. Only its hash is kept, so only `me` has it.")
        .nullable().absent().only(Who::Own),
    Column::new("token_lifetime", Int, "u.token_lifetime", "Seconds after its last use at which a login token ends.")
        .nullable().only(Who::Own),
    Column::new("token_expires_at", Time, "(SELECT max(t.expires_at) FROM tokens t WHERE t.user_id = u.id)",
        "When the last of the user's login tokens ends.").nullable().only(Who::Own),
    Column::new("registration_method", Text, "u.registration_method", "How the account came about."),
    Column::new("date_joined", Time, "u.date_joined", "When the account was made."),
    Column::new("agreement_date", Time, agreement::DATE,
        "When the user agreed to the terms in force; null if that is still to be done, or to be done again.").nullable(),
    Column::new("notifications_enabled", Bool, "u.notifications_enabled", "Whether the user gets mail."),
    Column::new("preferred_language", Text, "u.preferred_language", "Language code."),
    Column::new("permissions", Rows("Permission", PERMISSION), PERMISSIONS, "The roles of the user."),
    Column::new("requested_email", Text, "(SELECT e.email FROM email_changes e WHERE e.user_id = u.id AND e.email <> '')",
        "The address that waits for confirmation.").nullable().only(Who::OwnOrSupport),
    Column::new("affiliations", Texts, "u.affiliations", "How the person belongs to the organization."),
    Column::new("first_name", Text, "u.first_name", "First name."),
    Column::new("last_name", Text, "u.last_name", "Last name."),
    Column::new("birth_date", Date, "u.birth_date", "Day of birth.").nullable().only(Who::OwnOrSupport),
    // Identity providers are a later capability; until then an account has none.
    Column::new("identity_provider_name", Text, "''", "The identity provider of the account."),
    Column::new("identity_provider_label", Text, "''", "What that provider is called."),
    Column::new("identity_provider_management_url", Text, "''", "Where the account is managed there."),
    Column::new("identity_provider_fields", Texts, "'[]'", "Fields that only that provider changes."),
    Column::new("should_protect_user_details", Bool, PROTECTED, "Whether only that provider changes the profile."),
    Column::new("image", File, crate::file_url!("img"), "Portrait.").nullable(),
    Column::new("identity_source", Text, "u.identity_source", "The identity provider that was used last."),
    Column::new("has_active_session", Bool, "EXISTS (SELECT 1 FROM tokens t WHERE t.user_id = u.id \
        AND (t.expires_at IS NULL OR t.expires_at > {now}))", "Whether the user is signed in somewhere.")
        .only(Who::OwnOrSupport),
    Column::new("has_usable_password", Bool, "u.password <> ''", "Whether the user can sign in with a password.")
        .only(Who::OwnOrSupport),
    // Passkeys are a later capability.
    Column::new("has_passkey", Bool, "FALSE", "Whether the user has a passkey."),
    Column::new("passkey_count", Int, "0", "How many passkeys the user has."),
    Column::new("ip_address", Text, "NULL", "The caller's own address; only `me` has it.").nullable(),
    Column::new("gender", GENDERS, "u.gender", "Gender.").nullable().only(Who::OwnOrSupport),
    Column::new("personal_title", Text, "u.personal_title", "Title, such as Dr."),
    Column::new("place_of_birth", Text, "u.place_of_birth", "Place of birth.").only(Who::OwnOrSupport),
    Column::new("address", Text, "u.address", "Postal address.").only(Who::OwnOrSupport),
    Column::new("country_of_residence", Text, "u.country_of_residence", "Country code.").only(Who::OwnOrSupport),
    Column::new("nationality", Text, "u.nationality", "Country code of the first citizenship.").only(Who::OwnOrSupport),
    Column::new("nationalities", Texts, "u.nationalities", "Country codes of all citizenships.").only(Who::OwnOrSupport),
    Column::new("organization_country", Text, "u.organization_country", "Country code of the organization."),
    Column::new("organization_type", Text, "u.organization_type", "Type of the organization, a SCHAC URN."),
    Column::new("organization_registry_code", Text, "u.organization_registry_code", "Its registration code."),
    Column::new("organization_vat_code", Text, "u.organization_vat_code", "Its VAT number."),
    Column::new("organization_address", Text, "u.organization_address", "Its address."),
    Column::new("eduperson_assurance", Texts, "u.eduperson_assurance", "Assurance profiles that are vouched for.")
        .only(Who::OwnOrSupport),
    Column::new("uid_number", Int, "u.uid_number", "POSIX number of the user.").nullable(),
    Column::new("primary_gid", Int, "u.primary_gid", "POSIX number of the user's group.").nullable(),
    Column::new("is_identity_manager", Bool, "u.is_identity_manager", "Whether the user manages identities of others.")
        .only(Who::OwnOrStaff),
    Column::new("can_use_personal_access_tokens", Bool, "u.can_use_personal_access_tokens",
        "Whether the user can have personal access tokens.").only(Who::OwnOrStaff),
    Column::new("attribute_sources", Object, "u.attribute_sources", "Where each attribute came from, and when.")
        .only(Who::Staff),
    Column::new("managed_isds", Texts, "u.managed_isds", "Sources of identities that the user manages.")
        .only(Who::OwnOrStaff),
    Column::new("active_isds", Texts, "u.active_isds", "Sources that say that the user exists.").only(Who::OwnOrStaff),
    Column::new("deactivation_reason", Text, "u.deactivation_reason", "Why the account is not active.")
        .only(Who::Support),
    Column::new("is_admin_deactivated", Bool, "u.is_admin_deactivated", "Whether a person deactivated it.")
        .only(Who::Support),
    // What became of an account. The wire has no word for it.
    Column::new("merged_into", Link("user"), "(SELECT m.uuid FROM users m WHERE m.id = u.merged_into)",
        "The account that took the place of this one.").nullable().absent().only(Who::Support),
    Column::new("erasure_requested_at", Time, "u.erasure_requested_at", "When the person asked to be erased.")
        .nullable().absent().only(Who::OwnOrSupport),
    Column::new("erased_at", Time, "u.erased_at", "When the person was erased.").nullable().absent().only(Who::Support),
    Column::new("profile_completeness", OneRow("ProfileCompleteness", COMPLETENESS), PROFILE,
        "Whether the profile has what it must have; `me` has it without being asked.").optional().only(Who::Own),
];

/// Those with a grant that counts and of which the condition holds; callers who don't see everything find only grants in
/// scopes that they share, so that a filter tells them nothing new.
fn holders(clause: &mut Clause, actor: &Actor, condition: &str, value: Val) {
    clause.push("u.id IN (SELECT g.user_id FROM grants g JOIN roles r ON r.id = g.role_id WHERE ", []);
    clause.push(held!(""), []);
    clause.push(condition, [value]);
    if !actor.sees_all() {
        let (customers, projects) = (actor.scopes("customer", None), actor.scopes("project", None));
        clause.push(
            " AND (g.customer_id = ANY($) OR g.scope = 'project' AND g.scope_id = ANY($) \
             OR g.scope = 'customer' AND g.scope_id = ANY($) OR g.user_id = {actor})",
            [customers.into(), projects.into(), visible_customers(actor).into()],
        );
    }
    clause.push(")", []);
}

/// Organizations where the actor holds a role, on them or on one of their projects.
fn visible_customers(actor: &Actor) -> Vec<i64> {
    let here = actor.showing(|held| matches!(held.scope.as_str(), "customer" | "project"));
    let mut ids: Vec<i64> = here.iter().map(|held| held.owner_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn visible(actor: &Actor, clause: &mut Clause) {
    clause.text.push('(');
    clause.key_in(
        "u.id",
        &[
            (
                concat!("SELECT g.user_id FROM grants g WHERE ", held!("g.scope = 'customer' AND g.scope_id = ANY($)")),
                visible_customers(actor),
            ),
            (
                concat!("SELECT g.user_id FROM grants g WHERE ", held!("g.scope = 'project' AND g.scope_id = ANY($)")),
                actor.scopes("project", None),
            ),
            (
                concat!(
                    "SELECT g.user_id FROM grants g WHERE ",
                    held!("g.scope = 'project' AND g.customer_id = ANY($)")
                ),
                actor.scopes("customer", None),
            ),
            ("SELECT me.id FROM users me WHERE me.id = ANY($)", vec![actor.id]),
        ],
    );
    clause.push(" AND (u.is_active AND NOT u.is_staff OR u.id = {actor}))", []);
}

/// A condition on what only staff and support agents see, or the user himself: others find nobody but themselves.
fn hidden(clause: &mut Clause, actor: &Actor, sql: &str, value: Val) {
    clause.push(sql, [value]);
    if !actor.sees_all() {
        clause.push(" AND u.id = {actor}", []);
    }
}

/// The last value that was sent, unless it is empty.
fn last(values: &[String]) -> Option<&str> {
    values.last().map(String::as_str).filter(|value| !value.is_empty())
}

/// Staff and support agents find staff by it; for others there is nobody (reference/users-and-auth.md, section 4).
fn flag(clause: &mut Clause, actor: &Actor, values: &[String], sql: &str) {
    let Some(truth) = last(values).and_then(stoa_kernel::view::truth) else { return };
    match actor.sees_all() {
        true => clause.push(sql, [Val::Bool(truth)]),
        false => clause.text.push_str("FALSE"),
    }
}

fn uuids(name: &str, values: &[String]) -> Result<Vec<stoa_kernel::id::Uuid>> {
    let read = values.iter().filter(|value| !value.is_empty()).map(|value| stoa_kernel::id::parse(value));
    read.collect::<Option<_>>().ok_or_else(|| Error::field(name, "Enter a valid UUID."))
}

fn of_customer(clause: &mut Clause, actor: &Actor, values: &[String]) -> Result<()> {
    let ids = uuids("customer_uuid", values)?;
    if !ids.is_empty() {
        let sql =
            "g.scope IN ('customer', 'project') AND g.customer_id IN (SELECT id FROM customers WHERE uuid = ANY($))";
        holders(clause, actor, sql, ids.into());
    }
    Ok(())
}

fn of_project(clause: &mut Clause, actor: &Actor, values: &[String]) -> Result<()> {
    let ids = uuids("project_uuid", values)?;
    if !ids.is_empty() {
        holders(clause, actor, "g.scope = 'project' AND g.scope_uuid = ANY($)", ids.into());
    }
    Ok(())
}

fn with_role(clause: &mut Clause, actor: &Actor, values: &[String], sql: &str) {
    let names: Vec<String> = values.iter().filter(|value| !value.is_empty()).cloned().collect();
    if !names.is_empty() {
        holders(clause, actor, sql, names.into());
    }
}

/// Part of a name, an address or (for those who see it) a civil number; two words also match first and last name in turn.
fn query(clause: &mut Clause, actor: &Actor, values: &[String]) -> Result<()> {
    let Some(text) = last(values).map(str::trim).filter(|text| !text.is_empty()) else { return Ok(()) };
    let like = stoa_kernel::view::like;
    clause.text.push('(');
    for (at, column) in ["u.first_name", "u.last_name", "u.username", "u.email"].iter().enumerate() {
        let open = if at == 0 { "" } else { " OR " };
        clause.push(&format!("{open}FOLD({column}) LIKE $ ESCAPE '\\'"), [like(text)]);
    }
    if actor.sees_all() {
        clause.push(" OR FOLD(COALESCE(u.civil_number, '')) LIKE $ ESCAPE '\\'", [like(text)]);
    }
    if let Some((first, second)) = text.split_once(char::is_whitespace) {
        let sql = " OR FOLD(u.first_name) LIKE $ ESCAPE '\\' AND FOLD(u.last_name) LIKE $ ESCAPE '\\'";
        clause.push(sql, [like(first), like(second.trim())]);
        clause.push(sql, [like(second.trim()), like(first)]);
    }
    clause.text.push(')');
    Ok(())
}

#[rustfmt::skip]
const FILTERS: &[Filter] = &[
    Filter::new("agreement_date", Test::From(agreement::DATE), "Agreed to the terms at or after this instant."),
    Filter::new("civil_number", Test::By(|clause, actor, values| {
        if let Some(text) = last(values) {
            hidden(clause, actor, "u.civil_number = $", text.into());
        }
        Ok(())
    }), "The civil number."),
    Filter::new("customer_uuid", Test::By(of_customer), "People of this organization and its projects."),
    Filter::new("date_joined", Test::From("u.date_joined"), "Made at or after this instant."),
    Filter::new("description", Test::By(|clause, actor, values| {
        match last(values) {
            Some(text) if actor.sees_all() => clause.push("u.description = $", [text.into()]),
            Some(_) => clause.text.push_str("FALSE"),
            None => {}
        }
        Ok(())
    }), "The notes of staff."),
    Filter::new("email", Test::Contains(&["u.email"]), "Part of the address, any case."),
    Filter::new("erasure_requested", Test::By(|clause, actor, values| {
        flag(clause, actor, values, "(u.erasure_requested_at IS NOT NULL) = $");
        Ok(())
    }), "Whether the person asked to be erased; for staff and support agents."),
    Filter::new("full_name", Test::Contains(&["u.first_name || ' ' || u.last_name"]), "Part of the name, any case."),
    Filter::new("is_active", Test::Bool("u.is_active"), "Whether the account can be used."),
    Filter::new("is_staff", Test::By(|clause, actor, values| { flag(clause, actor, values, "u.is_staff = $"); Ok(()) }),
        "Whether the user is staff; for staff and support agents."),
    Filter::new("is_support", Test::By(|clause, actor, values| { flag(clause, actor, values, "u.is_support = $"); Ok(()) }),
        "Whether the user is a support agent; for staff and support agents."),
    Filter::new("job_title", Test::Contains(&["u.job_title"]), "Part of what the person does, any case."),
    Filter::new("modified", Test::From("u.modified"), "Changed at or after this instant."),
    Filter::new("native_name", Test::Contains(&["u.native_name"]), "Part of the name in its own script, any case."),
    Filter::new("organization", Test::Contains(&["u.organization"]), "Part of the organization's name, any case."),
    Filter::new("organization_roles", Test::By(|clause, actor, values| {
        with_role(clause, actor, values, "g.scope = 'customer' AND r.name = ANY($)");
        Ok(())
    }), "Who holds one of these roles on an organization."),
    Filter::new("phone_number", Test::Equals("u.phone_number"), "The telephone number."),
    Filter::new("project_roles", Test::By(|clause, actor, values| {
        with_role(clause, actor, values, "g.scope = 'project' AND r.name = ANY($)");
        Ok(())
    }), "Who holds one of these roles on a project."),
    Filter::new("project_uuid", Test::By(of_project), "People of this project."),
    Filter::new("query", Test::By(query), "Part of a name or of the address, any case."),
    Filter::new("registration_method", Test::Equals("u.registration_method"), "How the account came about."),
    Filter::new("user_keyword",
        Test::Contains(&["u.first_name || ' ' || u.last_name", "u.native_name", "u.username", "u.email"]),
        "Part of a name or of the address, any case."),
    Filter::new("username", Test::Equals("u.username"), "The name to sign in with."),
    Filter::new("username_list", Test::By(|clause, _, values| {
        if let Some(names) = last(values) {
            let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
            clause.push("u.username = ANY($)", [names.into()]);
        }
        Ok(())
    }), "Names to sign in with, separated by commas."),
];

#[rustfmt::skip]
const ORDERS: &[Order] = &[
    Order::new("description", "u.description"), Order::new("email", "u.email"),
    Order::new("full_name", "u.first_name, u.last_name"), Order::new("is_active", "u.is_active"),
    Order::new("is_staff", "u.is_staff"), Order::new("is_support", "u.is_support"),
    Order::new("job_title", "u.job_title"), Order::new("native_name", "u.native_name"),
    Order::new("organization", "u.organization"), Order::new("phone_number", "u.phone_number"),
    Order::new("registration_method", "u.registration_method"), Order::new("username", "u.username"),
];

const BASE: View = View {
    name: "users",
    thing: "user",
    about: "Users: people and robots.",
    from: "users u",
    joins: &[Join("img", "LEFT JOIN files img ON img.id = u.image_id")],
    key: "u.id",
    lookup: "u.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible,
    columns: COLUMNS,
    filters: FILTERS,
    orders: ORDERS,
    default_order: "u.username",
    places: &[PlaceColumn("itself", "user", "u.id")],
    state: None,
    label: "u.username",
    owner: Some("u.id"),
};

/// Every user that the caller sees.
pub static USERS: View = BASE;

#[rustfmt::skip]
const IDENTITY_COLUMNS: &[Column] = &[
    Column::new("active_isds", Texts, "u.active_isds", "Sources that say that the user exists."),
    Column::new("managed_isds", Texts, "u.managed_isds", "Sources of identities that the user manages."),
    Column::new("attribute_sources", Object, "u.attribute_sources", "Where each attribute came from, and when."),
    // The identity bridge is a later capability; nothing has come through it.
    Column::new("stale_attributes", Texts, "'[]'", "Attributes that no source has confirmed for long."),
    Column::new("effective_bridge_fields", Texts, "'[]'", "Fields that a source may write."),
    Column::new("is_federated", Bool, "u.active_isds <> '[]'", "Whether any source says that the user exists."),
];

/// What the identity bridge knows of a user.
pub static IDENTITY: View = View {
    name: "user_identity",
    about: "What sources of identities say about a user.",
    needs: Needs::Staff,
    columns: IDENTITY_COLUMNS,
    filters: &[],
    orders: &[],
    ..BASE
};
