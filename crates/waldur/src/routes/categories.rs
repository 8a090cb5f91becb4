//! Categories of the marketplace.

use crate::route::Route;
use stoa_market::category::{
    actions::{CREATE, DELETE, UPDATE},
    views::CATEGORIES,
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] =
    &[("category", "/api/marketplace-categories/"), ("category_group", "/api/marketplace-category-groups/")];

const TAG: &str = "marketplace-categories";
const ALL: &str = "/api/marketplace-categories/";
const ONE: &str = "/api/marketplace-categories/{uuid}/";
const SHAPE: &str = "MarketplaceCategory";

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "marketplace_categories_list", TAG, SHAPE, &CATEGORIES),
    Route::create(ALL, "marketplace_categories_create", TAG, SHAPE, &CREATE, &CATEGORIES),
    Route::retrieve(ONE, "marketplace_categories_retrieve", TAG, SHAPE, &CATEGORIES),
    Route::put(ONE, "marketplace_categories_update", TAG, SHAPE, &UPDATE, &CATEGORIES),
    Route::patch(ONE, "marketplace_categories_partial_update", TAG, SHAPE, &UPDATE, &CATEGORIES),
    Route::destroy(ONE, "marketplace_categories_destroy", TAG, &DELETE),
];
