//! `/api/user-permissions/`: who has which role where.

use crate::{
    route::{Answer, Route},
    routes::Area,
};
use stoa_kernel::{field::Kind::Text, view::Column};
use stoa_tenancy::grant::{
    actions::{RESTORE, REVOKE},
    views::USER_PERMISSIONS,
};

/// The operations on grants by their own identifiers.
pub static AREA: Area = Area { routes: ROUTES, links: &[("user_permission", "/api/user-permissions/")] };

const DETAIL: &[Column] = &[Column::new("detail", Text, "", "What happened.")];

#[rustfmt::skip]
static ROUTES: &[Route] = &[
    Route::list("/api/user-permissions/", "user_permissions_list", "user-permissions", "Permission", &USER_PERMISSIONS),
    Route::retrieve("/api/user-permissions/{uuid}/", "user_permissions_retrieve", "user-permissions", "Permission",
        &USER_PERMISSIONS),
    Route::act("/api/user-permissions/{uuid}/revoke/", "user_permissions_revoke", "user-permissions", &REVOKE,
        Answer::Json(200, DETAIL)).request("UserRolePermissionActionRequest"),
    Route::act("/api/user-permissions/{uuid}/restore/", "user_permissions_restore", "user-permissions", &RESTORE,
        Answer::Json(200, DETAIL)).request("UserRolePermissionActionRequest"),
];
