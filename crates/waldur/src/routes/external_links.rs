//! `external-links`.

use crate::route::Route;
use stoa_support::external_link::{actions as act, views::EXTERNAL_LINKS};

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/external-links/", "external_links_list", "external-links", "ExternalLink", &EXTERNAL_LINKS),
    Route::create("/api/external-links/", "external_links_create", "external-links", "ExternalLink", &act::CREATE, &EXTERNAL_LINKS),
    Route::retrieve("/api/external-links/{uuid}/", "external_links_retrieve", "external-links", "ExternalLink", &EXTERNAL_LINKS),
    Route::put("/api/external-links/{uuid}/", "external_links_update", "external-links", "ExternalLink", &act::UPDATE, &EXTERNAL_LINKS),
    Route::patch("/api/external-links/{uuid}/", "external_links_partial_update", "external-links", "ExternalLink", &act::UPDATE, &EXTERNAL_LINKS),
    Route::destroy("/api/external-links/{uuid}/", "external_links_destroy", "external-links", &act::DELETE),
];
/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("external_link", "/api/external-links/")];
