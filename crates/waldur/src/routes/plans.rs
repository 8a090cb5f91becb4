//! Plans, for the people of providers.

use super::history;
use crate::route::{Answer, Own, Route, Shape, Verb};
use stoa_kernel::{
    access::Needs,
    field::{Field, Kind},
};
use stoa_market::plan::{
    actions::{
        ARCHIVE, CREATE, DELETE, DELETE_GROUPS, UPDATE, UPDATE_DISCOUNTS, UPDATE_GROUPS, UPDATE_PRICES, UPDATE_QUOTAS,
    },
    views::{PLAN_USAGE, PLANS},
};
use stoa_tenancy::version::views::VERSIONS;

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("plan", "/api/marketplace-plans/")];

const TAG: &str = "marketplace-plans";
const ALL: &str = "/api/marketplace-plans/";
const ONE: &str = "/api/marketplace-plans/{uuid}/";
const SHAPE: &str = "ProviderPlanDetails";

/// The versions of one plan, by its key.
const OF_PLAN: &str = "v.thing = 'plan' AND v.thing_id = $";

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "marketplace_plans_list", TAG, SHAPE, &PLANS),
    Route::create(ALL, "marketplace_plans_create", TAG, SHAPE, &CREATE, &PLANS),
    Route::list("/api/marketplace-plans/usage_stats/", "marketplace_plans_usage_stats_list", TAG, "PlanUsageResponse",
        &PLAN_USAGE),
    Route::retrieve(ONE, "marketplace_plans_retrieve", TAG, SHAPE, &PLANS),
    Route::put(ONE, "marketplace_plans_update", TAG, SHAPE, &UPDATE, &PLANS),
    Route::patch(ONE, "marketplace_plans_partial_update", TAG, SHAPE, &UPDATE, &PLANS),
    Route::destroy(ONE, "marketplace_plans_destroy", TAG, &DELETE),
    Route::act("/api/marketplace-plans/{uuid}/archive/", "marketplace_plans_archive", TAG, &ARCHIVE, Answer::Empty(200)),
    Route::act("/api/marketplace-plans/{uuid}/update_prices/", "marketplace_plans_update_prices", TAG, &UPDATE_PRICES,
        Answer::Empty(200)).request("PricesUpdateRequest"),
    Route::act("/api/marketplace-plans/{uuid}/update_quotas/", "marketplace_plans_update_quotas", TAG, &UPDATE_QUOTAS,
        Answer::Empty(200)).request("QuotasUpdateRequest"),
    Route::act("/api/marketplace-plans/{uuid}/update_discounts/", "marketplace_plans_update_discounts", TAG,
        &UPDATE_DISCOUNTS, Answer::Empty(200)).request("DiscountsUpdateRequest"),
    Route::act("/api/marketplace-plans/{uuid}/update_organization_groups/",
        "marketplace_plans_update_organization_groups", TAG, &UPDATE_GROUPS, Answer::Empty(200))
        .request("OrganizationGroupsRequest"),
    Route::act("/api/marketplace-plans/{uuid}/delete_organization_groups/",
        "marketplace_plans_delete_organization_groups", TAG, &DELETE_GROUPS, Answer::Empty(204)),
    Route::own(Verb::Get, "/api/marketplace-plans/{uuid}/history/", "marketplace_plans_history_list", TAG,
        "VersionHistory", &HISTORY).about("How a plan was after each change. For staff and support agents."),
    Route::own(Verb::Get, "/api/marketplace-plans/{uuid}/history/at/", "marketplace_plans_history_at_retrieve", TAG,
        "VersionHistory", &HISTORY_AT).about("How a plan was at an instant. For staff and support agents."),
];

static HISTORY: Own =
    Own::new(|surface, asked| Box::pin(history::list(surface, asked, &PLANS, OF_PLAN)), Needs::StaffOrSupport)
        .query(&[
            Field::new("page", Kind::Int, "Number of the page."),
            Field::new("page_size", Kind::Int, "Rows of a page."),
            Field::new("created_after", Kind::Text, "Versions at or after this instant."),
            Field::new("created_before", Kind::Text, "Versions before this instant."),
            Field::new("offering", Kind::Text, "The offering of the plan."),
            Field::new("offering_uuid", Kind::Text, "Identifier of the offering of the plan."),
            Field::new("offering_slug", Kind::Text, "Short name of the offering of the plan."),
            Field::new("parent_offering_uuid", Kind::Text, "Identifier of the offering's parent."),
        ])
        .answer(200, Shape::Rows(&VERSIONS));

static HISTORY_AT: Own =
    Own::new(|surface, asked| Box::pin(history::at(surface, asked, &PLANS, OF_PLAN)), Needs::StaffOrSupport)
        .query(&[Field::new("timestamp", Kind::Text, "The instant.").required()])
        .answer(200, Shape::Row(&VERSIONS));
