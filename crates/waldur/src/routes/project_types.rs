//! Types of projects.

use crate::route::Route;
use stoa_tenancy::project_type::views::PROJECT_TYPES;

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("project_type", "/api/project-types/")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/project-types/", "project_types_list", "project-types", "ProjectType", &PROJECT_TYPES),
    Route::retrieve("/api/project-types/{uuid}/", "project_types_retrieve", "project-types", "ProjectType", &PROJECT_TYPES),
];
