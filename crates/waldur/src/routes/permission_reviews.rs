//! Reviews of the roles in organizations and projects.

use crate::route::{Answer, Route};
use stoa_tenancy::review::{
    actions::{CLOSE_CUSTOMER, CLOSE_PROJECT},
    views::{CUSTOMER_REVIEWS, PROJECT_REVIEWS},
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[
    ("customer_permission_review", "/api/customer-permissions-reviews/"),
    ("project_permission_review", "/api/project-permissions-reviews/"),
];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/customer-permissions-reviews/", "customer_permissions_reviews_list", "customer-permissions-reviews", "CustomerPermissionReview", &CUSTOMER_REVIEWS),
    Route::retrieve("/api/customer-permissions-reviews/{uuid}/", "customer_permissions_reviews_retrieve", "customer-permissions-reviews", "CustomerPermissionReview", &CUSTOMER_REVIEWS),
    Route::act("/api/customer-permissions-reviews/{uuid}/close/", "customer_permissions_reviews_close", "customer-permissions-reviews", &CLOSE_CUSTOMER, Answer::Empty(200)),
    Route::list("/api/project-permissions-reviews/", "project_permissions_reviews_list", "project-permissions-reviews", "ProjectPermissionReview", &PROJECT_REVIEWS),
    Route::retrieve("/api/project-permissions-reviews/{uuid}/", "project_permissions_reviews_retrieve", "project-permissions-reviews", "ProjectPermissionReview", &PROJECT_REVIEWS),
    Route::act("/api/project-permissions-reviews/{uuid}/close/", "project_permissions_reviews_close", "project-permissions-reviews", &CLOSE_PROJECT, Answer::Empty(200)),
];
