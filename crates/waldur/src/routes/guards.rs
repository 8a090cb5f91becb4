//! `/api/access/guards/`: rules from above that deny.

use crate::route::Route;
use stoa_tenancy::guard::{
    actions::{CREATE, CREATE_FOR_ALL, DELETE, UPDATE},
    views::GUARDS,
};

const TAG: &str = "access";
const ALL: &str = "/api/access/guards/";
const ONE: &str = "/api/access/guards/{uuid}/";
const SHAPE: &str = "Guard";

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("guard", ALL)];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "access_guards_list", TAG, SHAPE, &GUARDS),
    Route::create(ALL, "access_guards_create", TAG, SHAPE, &CREATE, &GUARDS),
    Route::create("/api/access/guards/create_for_all/", "access_guards_create_for_all", TAG, SHAPE, &CREATE_FOR_ALL, &GUARDS)
        .request("GuardForAllRequest"),
    Route::retrieve(ONE, "access_guards_retrieve", TAG, SHAPE, &GUARDS),
    Route::put(ONE, "access_guards_update", TAG, SHAPE, &UPDATE, &GUARDS).request("GuardForAllRequest"),
    Route::patch(ONE, "access_guards_partial_update", TAG, SHAPE, &UPDATE, &GUARDS),
    Route::destroy(ONE, "access_guards_destroy", TAG, &DELETE),
];
