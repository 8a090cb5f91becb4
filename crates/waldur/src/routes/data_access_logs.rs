//! Who read whose profile.

use crate::route::Route;
use stoa_tenancy::data_access::{actions::DELETE, views::ALL};

/// The collection.
pub static LINKS: &[(&str, &str)] = &[("data_access", "/api/data-access-logs/")];

const TAG: &str = "data-access-logs";

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/data-access-logs/", "data_access_logs_list", TAG, "GlobalUserDataAccessLog", &ALL),
    Route::retrieve("/api/data-access-logs/{uuid}/", "data_access_logs_retrieve", TAG, "GlobalUserDataAccessLog", &ALL),
    Route::destroy("/api/data-access-logs/{uuid}/", "data_access_logs_destroy", TAG, &DELETE),
];
