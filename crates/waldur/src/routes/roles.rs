//! `/api/roles/`, where roles can be given and where they are hidden, and `/api/access/roles/`: roles that an organization's owners
//! make for it.

use crate::{
    route::{Answer, Own, Route, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::json;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    field::Kind::{Bool, Int, Json, Text},
    id,
    view::Column,
};
use stoa_tenancy::{
    access::roles::shipped,
    role::{
        actions::{CLONE, CREATE, CREATE_OWN, DELETE, DESCRIBE, DISABLE, ENABLE, UPDATE},
        hygiene, rules, store,
        views::{ROLE_DESCRIPTIONS, ROLES},
    },
    role_availability::{self, views::AVAILABILITIES},
    role_concealment::{self, views::CONCEALMENTS},
    settings::Settings,
};

const DETAIL: &[Column] = &[Column::new("detail", Text, "", "What happened.")];

/// The things.
pub static LINKS: &[(&str, &str)] = &[("role", "/api/roles/")];

/// The operations on roles.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/roles/", "roles_list", "roles", "RoleDetails", &ROLES),
    Route::create("/api/roles/", "roles_create", "roles", "RoleDetails", &CREATE, &ROLES).request("RoleModifyRequest"),
    Route::retrieve("/api/roles/{uuid}/", "roles_retrieve", "roles", "RoleDetails", &ROLES),
    Route::put("/api/roles/{uuid}/", "roles_update", "roles", "RoleDetails", &UPDATE, &ROLES)
        .request("RoleModifyRequest"),
    Route::patch("/api/roles/{uuid}/", "roles_partial_update", "roles", "RoleDetails", &UPDATE, &ROLES),
    Route::destroy("/api/roles/{uuid}/", "roles_destroy", "roles", &DELETE),
    Route::act("/api/roles/{uuid}/enable/", "roles_enable", "roles", &ENABLE, Answer::Json(200, DETAIL)),
    Route::act("/api/roles/{uuid}/disable/", "roles_disable", "roles", &DISABLE, Answer::Json(200, DETAIL)),
    Route::act("/api/roles/{uuid}/update_descriptions/", "roles_update_descriptions_update", "roles", &DESCRIBE,
        Answer::Object(&ROLE_DESCRIPTIONS, 200))
        .method(Verb::Put).shape("RoleDescription").request("RoleDescriptionRequest"),
    Route::own(Verb::Get, "/api/roles/{uuid}/differences/", "roles_differences_retrieve", "roles", "RoleDifferences",
        &DIFFERENCES)
        .about("What differs from the role as it ships in this type of installation, since when and by whom."),
    Route::own(Verb::Get, "/api/roles/hygiene_report/", "roles_hygiene_report_retrieve", "roles", "RoleHygieneReport", &HYGIENE)
        .about("What deserves a look about roles: permissions that mean nothing where a role is given, and the like."),
    Route::act("/api/roles/{uuid}/clone_to_customer/", "roles_clone_to_customer", "roles", &CLONE,
        Answer::Object(&ROLES, 200)).shape("RoleDetails").request("RoleCloneRequest"),
    Route::create("/api/access/roles/", "access_roles_create", "access", "RoleDetails", &CREATE_OWN, &ROLES)
        .request("OwnRoleRequest"),
    Route::list("/api/customer-role-concealments/", "customer_role_concealments_list", "customer-role-concealments",
        "CustomerRoleConcealment", &CONCEALMENTS),
    Route::create("/api/customer-role-concealments/", "customer_role_concealments_create", "customer-role-concealments",
        "CustomerRoleConcealment", &role_concealment::actions::CREATE, &CONCEALMENTS),
    Route::retrieve("/api/customer-role-concealments/{uuid}/", "customer_role_concealments_retrieve",
        "customer-role-concealments", "CustomerRoleConcealment", &CONCEALMENTS),
    Route::destroy("/api/customer-role-concealments/{uuid}/", "customer_role_concealments_destroy",
        "customer-role-concealments", &role_concealment::actions::DELETE),
    Route::list("/api/role-availabilities/", "role_availabilities_list", "role-availabilities", "RoleAvailabilityDetails",
        &AVAILABILITIES),
    Route::create("/api/role-availabilities/", "role_availabilities_create", "role-availabilities",
        "RoleAvailabilityDetails", &role_availability::actions::CREATE, &AVAILABILITIES),
    Route::retrieve("/api/role-availabilities/{uuid}/", "role_availabilities_retrieve", "role-availabilities",
        "RoleAvailabilityDetails", &AVAILABILITIES),
    Route::destroy("/api/role-availabilities/{uuid}/", "role_availabilities_destroy", "role-availabilities",
        &role_availability::actions::DELETE),
];

#[rustfmt::skip]
static DIFFERENCES: Own = Own::new(|surface, asked| Box::pin(differences(surface, asked)), Needs::StaffOrSupport)
    .object(200, &[
        Column::new("name", Text, "", "Name of the role."),
        Column::new("shipped", Bool, "", "Whether such a role ships."),
        Column::new("differences", Json, "", "What differs: what, value, shipped, since, by."),
    ]);

#[rustfmt::skip]
static HYGIENE: Own = Own::new(|surface, _| Box::pin(look_over(surface)), Needs::StaffOrSupport)
    .object(200, &[
        Column::new("roles_checked", Int, "", "How many roles were looked over."),
        Column::new("roles_with_findings", Int, "", "Of how many something was found."),
        Column::new("error_count", Int, "", "How many findings are errors."),
        Column::new("warning_count", Int, "", "How many are warnings."),
        Column::new("info_count", Int, "", "How many are just worth knowing."),
        Column::new("findings", Json, "", "What was found: check, severity, message, details, and the role: role_uuid, role_name, \
            role_description, scope_type, is_system_role."),
    ]);

async fn look_over(surface: &Surface) -> Result<Reply> {
    Ok(Reply::json(200, &hygiene::report(&surface.core).await?))
}

async fn differences(surface: &Surface, asked: Asked) -> Result<Reply> {
    let uuid = id::parse(asked.param("uuid")).ok_or(Error::NotFound)?;
    let mut reader = surface.core.store.reader();
    let (name, versions) = store::versions(&mut reader, uuid).await?.ok_or(Error::NotFound)?;
    let choices = Settings::load(&mut reader).await?.choices();
    let found = rules::differences(shipped(&name), choices, &versions);
    let body = json!({"name": name, "shipped": shipped(&name).is_some(), "differences": found});
    Ok(Reply::json(200, &body))
}
