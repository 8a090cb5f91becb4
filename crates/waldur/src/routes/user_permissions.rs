//! `/api/user-permissions/`: who has which role where.

use crate::route::{Answer, Route};
use stoa_kernel::{field::Kind::Text, view::Column};
use stoa_tenancy::grant::{
    actions::{RESTORE, REVOKE},
    views::USER_PERMISSIONS,
};

const DETAIL: &[Column] = &[Column::new("detail", Text, "", "What happened.")];

/// The things.
pub static LINKS: &[(&str, &str)] = &[("user_permission", "/api/user-permissions/")];

/// The operations on grants by their own identifiers.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/user-permissions/", "user_permissions_list", "user-permissions", "Permission", &USER_PERMISSIONS),
    Route::retrieve("/api/user-permissions/{uuid}/", "user_permissions_retrieve", "user-permissions", "Permission",
        &USER_PERMISSIONS),
    Route::act("/api/user-permissions/{uuid}/revoke/", "user_permissions_revoke", "user-permissions", &REVOKE,
        Answer::Json(200, DETAIL)).request("UserRolePermissionActionRequest"),
    Route::act("/api/user-permissions/{uuid}/restore/", "user_permissions_restore", "user-permissions", &RESTORE,
        Answer::Json(200, DETAIL)).request("UserRolePermissionActionRequest"),
];
