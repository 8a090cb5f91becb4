//! The teams of organizations and projects: `list_users`, `add_user`, `update_user`, `delete_user`. Those of other things are
//! in the tables of their areas, made in the same way.

use crate::route::{Answer, Route};
use stoa_kernel::{field::Kind::Time, view::Column};
use stoa_tenancy::grant::{
    rules::{CUSTOMER, PROJECT},
    teams::{
        CUSTOMER_ADD_USER, CUSTOMER_DELETE_USER, CUSTOMER_UPDATE_USER, PROJECT_ADD_USER, PROJECT_DELETE_USER,
        PROJECT_UPDATE_USER,
    },
    views::{TEAM, within},
};
use stoa_tenancy::{customer::views::CUSTOMERS, project::views::PROJECTS};

/// What giving a role and changing its end answer.
pub const EXPIRY: &[Column] =
    &[Column::new("expiration_time", Time, "", "When the role ends by itself; null for never.").nullable()];

/// The operations on teams; the things themselves are elsewhere.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list_in("/api/customers/{uuid}/list_users/", "customers_list_users_list", "customers", "UserRoleDetails",
        &TEAM, &CUSTOMERS, CUSTOMER.list, within(&CUSTOMER)),
    Route::act("/api/customers/{uuid}/add_user/", "customers_add_user", "customers", &CUSTOMER_ADD_USER,
        Answer::Json(201, EXPIRY)).shape("UserRoleExpirationTime").request("UserRoleCreateRequest"),
    Route::act("/api/customers/{uuid}/update_user/", "customers_update_user", "customers", &CUSTOMER_UPDATE_USER,
        Answer::Json(200, EXPIRY)).shape("UserRoleExpirationTime").request("UserRoleUpdateRequest"),
    Route::act("/api/customers/{uuid}/delete_user/", "customers_delete_user", "customers", &CUSTOMER_DELETE_USER,
        Answer::Empty(200)).request("UserRoleDeleteRequest"),
    Route::list_in("/api/projects/{uuid}/list_users/", "projects_list_users_list", "projects", "UserRoleDetails",
        &TEAM, &PROJECTS, PROJECT.list, within(&PROJECT)),
    Route::act("/api/projects/{uuid}/add_user/", "projects_add_user", "projects", &PROJECT_ADD_USER,
        Answer::Json(201, EXPIRY)).shape("UserRoleExpirationTime").request("UserRoleCreateRequest"),
    Route::act("/api/projects/{uuid}/update_user/", "projects_update_user", "projects", &PROJECT_UPDATE_USER,
        Answer::Json(200, EXPIRY)).shape("UserRoleExpirationTime").request("UserRoleUpdateRequest"),
    Route::act("/api/projects/{uuid}/delete_user/", "projects_delete_user", "projects", &PROJECT_DELETE_USER,
        Answer::Empty(200)).request("UserRoleDeleteRequest"),
];
