//! Types of projects.

use crate::route::Route;
use stoa_tenancy::project_type::{
    actions::{CREATE, DELETE, UPDATE},
    views::PROJECT_TYPES,
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("project_type", "/api/project-types/")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/project-types/", "project_types_list", "project-types", "ProjectType", &PROJECT_TYPES),
    Route::retrieve("/api/project-types/{uuid}/", "project_types_retrieve", "project-types", "ProjectType", &PROJECT_TYPES),
    // The original keeps its types in an admin tool; here staff keep them through the API.
    Route::create("/api/project-types/", "project_types_create", "project-types", "ProjectType", &CREATE, &PROJECT_TYPES),
    Route::put("/api/project-types/{uuid}/", "project_types_update", "project-types", "ProjectType", &UPDATE, &PROJECT_TYPES),
    Route::patch("/api/project-types/{uuid}/", "project_types_partial_update", "project-types", "ProjectType", &UPDATE, &PROJECT_TYPES),
    Route::destroy("/api/project-types/{uuid}/", "project_types_destroy", "project-types", &DELETE),
];
