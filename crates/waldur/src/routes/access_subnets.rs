//! Networks from which organizations let their people in.

use crate::route::{Answer, Route};
use stoa_tenancy::subnet::{
    actions::{CREATE, DELETE, UPDATE},
    views::{ACCESS_SUBNETS, COLUMNS},
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("access_subnet", "/api/access-subnets/")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/access-subnets/", "access_subnets_list", "access-subnets", "AccessSubnet", &ACCESS_SUBNETS),
    Route::act("/api/access-subnets/", "access_subnets_create", "access-subnets", &CREATE, Answer::Json(201, COLUMNS))
        .shape("AccessSubnet").request("AccessSubnetRequest"),
    Route::retrieve("/api/access-subnets/{uuid}/", "access_subnets_retrieve", "access-subnets", "AccessSubnet", &ACCESS_SUBNETS),
    Route::put("/api/access-subnets/{uuid}/", "access_subnets_update", "access-subnets", "AccessSubnet", &UPDATE, &ACCESS_SUBNETS),
    Route::patch("/api/access-subnets/{uuid}/", "access_subnets_partial_update", "access-subnets", "AccessSubnet", &UPDATE, &ACCESS_SUBNETS),
    Route::destroy("/api/access-subnets/{uuid}/", "access_subnets_destroy", "access-subnets", &DELETE),
];
