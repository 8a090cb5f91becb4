//! Divisions and their types.

use crate::route::Route;
use stoa_tenancy::{
    division::{actions as group, views::DIVISIONS},
    division_type::{actions as kind, views::DIVISION_TYPES},
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[
    ("organization_group", "/api/organization-groups/"),
    ("organization_group_type", "/api/organization-group-types/"),
];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/organization-groups/", "organization_groups_list", "organization-groups", "OrganizationGroup", &DIVISIONS),
    Route::create("/api/organization-groups/", "organization_groups_create", "organization-groups", "OrganizationGroup", &group::CREATE, &DIVISIONS),
    Route::retrieve("/api/organization-groups/{uuid}/", "organization_groups_retrieve", "organization-groups", "OrganizationGroup", &DIVISIONS),
    Route::put("/api/organization-groups/{uuid}/", "organization_groups_update", "organization-groups", "OrganizationGroup", &group::UPDATE, &DIVISIONS),
    Route::patch("/api/organization-groups/{uuid}/", "organization_groups_partial_update", "organization-groups", "OrganizationGroup", &group::UPDATE, &DIVISIONS),
    Route::destroy("/api/organization-groups/{uuid}/", "organization_groups_destroy", "organization-groups", &group::DELETE),
    // Of the 2024 version; later ones have no types.
    Route::list("/api/organization-group-types/", "organization_group_types_list", "organization-group-types", "OrganizationGroupType", &DIVISION_TYPES),
    Route::create("/api/organization-group-types/", "organization_group_types_create", "organization-group-types", "OrganizationGroupType", &kind::CREATE, &DIVISION_TYPES),
    Route::retrieve("/api/organization-group-types/{uuid}/", "organization_group_types_retrieve", "organization-group-types", "OrganizationGroupType", &DIVISION_TYPES),
    Route::put("/api/organization-group-types/{uuid}/", "organization_group_types_update", "organization-group-types", "OrganizationGroupType", &kind::UPDATE, &DIVISION_TYPES),
    Route::patch("/api/organization-group-types/{uuid}/", "organization_group_types_partial_update", "organization-group-types", "OrganizationGroupType", &kind::UPDATE, &DIVISION_TYPES),
    Route::destroy("/api/organization-group-types/{uuid}/", "organization_group_types_destroy", "organization-group-types", &kind::DELETE),
];
