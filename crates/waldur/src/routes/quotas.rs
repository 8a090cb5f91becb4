//! Counts of organizations and projects, for staff and support agents.

use crate::route::Route;
use stoa_tenancy::quota::views::{CUSTOMER_QUOTAS, PROJECT_QUOTAS};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/customer-quotas/", "customer_quotas_list", "customer-quotas", "CustomerQuotas", &CUSTOMER_QUOTAS),
    Route::list("/api/project-quotas/", "project_quotas_list", "project-quotas", "ProjectQuotas", &PROJECT_QUOTAS),
];
