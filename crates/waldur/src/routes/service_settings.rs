//! Accounts at external services.

use crate::route::Route;
use stoa_tenancy::provider_account::views::PROVIDER_ACCOUNTS;

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("service_settings", "/api/service-settings/")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/service-settings/", "service_settings_list", "service-settings", "ServiceSettings", &PROVIDER_ACCOUNTS),
    Route::retrieve("/api/service-settings/{uuid}/", "service_settings_retrieve", "service-settings", "ServiceSettings",
        &PROVIDER_ACCOUNTS),
];
