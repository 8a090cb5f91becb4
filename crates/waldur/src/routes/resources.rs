//! Resources as consumers see them, and the operations that providers have on them too.

use super::{customers::parent, history};
use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use http::HeaderValue;
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    field::{
        Field,
        Kind::{Amount, Bool, Date, Int, Rows, Text, Texts, Time, Uuid},
    },
    view::{Ask, Column, View},
};
use stoa_market::{
    offering::views::OFFERINGS,
    resource::{
        actions::{
            consumer::{PULL, REALLOCATE, RESTORE, SWITCH_PLAN, TERMINATE, UPDATE_LIMITS, UPDATE_OPTIONS},
            plain::{SET_END_DATE, SUGGEST_NAME, UPDATE},
            renewal::{ESTIMATE, RENEW},
            staff,
        },
        views::{BELOW, PERIODS_OF, PLAN_PERIODS, RESOURCES, SUBRESOURCE_OFFERINGS, TEAM, TEAM_OF, VERSIONS_OF},
    },
};
use stoa_tenancy::version::views::VERSIONS;

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] =
    &[("resource", "/api/marketplace-resources/"), ("resource", "/api/marketplace-provider-resources/")];

const TAG: &str = "marketplace-resources";
const ALL: &str = "/api/marketplace-resources/";
const ONE: &str = "/api/marketplace-resources/{uuid}/";

/// The answer of an action that placed an order.
pub const ORDER: Answer = Answer::Json(200, &[Column::new("order_uuid", Uuid, "", "Identifier of the order.")]);
/// The answer of an action that says what happened.
pub const STATUS: Answer = Answer::Json(200, &[Column::new("status", Text, "", "What happened.")]);
/// The answer of a change of options: what happened, and the order if one was placed.
pub const OPTIONS: Answer = Answer::Json(
    200,
    &[
        Column::new("status", Text, "", "What happened."),
        Column::new("order_uuid", Uuid, "", "Identifier of the order, if one was placed.").nullable().absent(),
    ],
);
/// The answer of a change of name, description and last day.
pub const UPDATED: Answer = Answer::Json(
    200,
    &[
        Column::new("name", Text, "", "Name."),
        Column::new("description", Text, "", "Description."),
        Column::new("end_date", Date, "", "Its last day.").nullable(),
    ],
);

const COMPONENT: &[Column] = &[
    Column::new("component_type", Text, "", "Type of the component."),
    Column::new("component_name", Text, "", "Name of the component."),
    Column::new("billing_type", Text, "", "How it is billed."),
    Column::new("billing_period", Text, "", "The span of its limit.").nullable(),
    Column::new("current_limit", Int, "", "The limit now."),
    Column::new("new_limit", Int, "", "The limit after."),
    Column::new("unit_price", Text, "", "The price of one."),
    Column::new("measured_unit", Text, "", "What one of it is."),
    Column::new("period_description", Text, "", "The time that is paid."),
    Column::new("total", Text, "", "The price."),
];
const ESTIMATED: Answer = Answer::Json(
    200,
    &[
        Column::new("components", Rows("RenewalEstimateComponent", COMPONENT), "", "By component."),
        Column::new("subscription_total", Amount(10), "", "The price of the months."),
        Column::new("limit_change_total", Amount(10), "", "The price of higher limits until the old end."),
        Column::new("total", Amount(10), "", "Both together."),
        Column::new("remaining_days", Int, "", "Days until the old end."),
        Column::new("new_end_date", Date, "", "The new end."),
    ],
);
const REALLOCATED: Answer = Answer::Json(
    200,
    &[
        Column::new("source_order_uuid", Uuid, "", "Identifier of the order for what is taken."),
        Column::new("target_order_uuids", Texts, "", "Identifiers of the orders for what is given."),
    ],
);
const NAME: Answer = Answer::Json(200, &[Column::new("name", Text, "", "The name.")]);

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "marketplace_resources_list", TAG, "Resource", &RESOURCES),
    Route::act("/api/marketplace-resources/suggest_name/", "marketplace_resources_suggest_name", TAG, &SUGGEST_NAME, NAME)
        .request("ResourceSuggestNameRequest"),
    Route::retrieve(ONE, "marketplace_resources_retrieve", TAG, "Resource", &RESOURCES),
    Route::act(ONE, "marketplace_resources_update", TAG, &UPDATE, UPDATED).method(Verb::Put)
        .shape("ResourceUpdate").request("ResourceUpdateRequest"),
    Route::act(ONE, "marketplace_resources_partial_update", TAG, &UPDATE, UPDATED).method(Verb::Patch)
        .shape("ResourceUpdate").request("PatchedResourceUpdateRequest"),
    Route::act("/api/marketplace-resources/{uuid}/terminate/", "marketplace_resources_terminate", TAG, &TERMINATE,
        ORDER).shape("OrderUUID").request("ResourceTerminateRequest"),
    Route::act("/api/marketplace-resources/{uuid}/update_limits/", "marketplace_resources_update_limits", TAG, &UPDATE_LIMITS,
        ORDER).shape("OrderUUID").request("ResourceUpdateLimitsRequest"),
    Route::act("/api/marketplace-resources/{uuid}/switch_plan/", "marketplace_resources_switch_plan", TAG, &SWITCH_PLAN,
        ORDER).shape("OrderUUID").request("ResourceSwitchPlanRequest"),
    Route::act("/api/marketplace-resources/{uuid}/renew/", "marketplace_resources_renew", TAG, &RENEW,
        ORDER).shape("OrderUUID").request("ResourceRenewRequest"),
    Route::act("/api/marketplace-resources/{uuid}/estimate_renewal/", "marketplace_resources_estimate_renewal", TAG, &ESTIMATE,
        ESTIMATED).shape("RenewalEstimateResponse").request("RenewalEstimateRequestRequest"),
    Route::act("/api/marketplace-resources/{uuid}/reallocate_limits/", "marketplace_resources_reallocate_limits", TAG, &REALLOCATE,
        REALLOCATED).shape("ResourceReallocateLimitsResponse").request("ResourceReallocateLimitsRequest"),
    Route::act("/api/marketplace-resources/{uuid}/restore/", "marketplace_resources_restore", TAG, &RESTORE,
        Answer::Object(&RESOURCES, 200)).shape("Resource").request("ResourceRequest"),
    Route::act("/api/marketplace-resources/{uuid}/update_options/", "marketplace_resources_update_options", TAG, &UPDATE_OPTIONS,
        OPTIONS).shape("ResourceResponseStatus").request("ResourceOptionsRequest"),
    Route::act("/api/marketplace-resources/{uuid}/pull/", "marketplace_resources_pull", TAG, &PULL,
        Answer::Empty(202)),
    Route::act("/api/marketplace-resources/{uuid}/set_paused/", "marketplace_resources_set_paused", TAG, &staff::SET_PAUSED,
        STATUS).request("ResourcePausedRequest"),
    Route::act("/api/marketplace-resources/{uuid}/set_downscaled/", "marketplace_resources_set_downscaled", TAG, &staff::SET_DOWNSCALED,
        STATUS).request("ResourceDownscaledRequest"),
    Route::act("/api/marketplace-resources/{uuid}/set_restrict_member_access/", "marketplace_resources_set_restrict_member_access", TAG, &staff::SET_RESTRICTED,
        STATUS).request("ResourceRestrictMemberAccessRequest"),
    Route::act("/api/marketplace-resources/{uuid}/set_end_date_by_staff/", "marketplace_resources_set_end_date_by_staff", TAG, &staff::SET_END_DATE,
        Answer::Empty(200)).request("ResourceEndDateByProviderRequest"),
    Route::act("/api/marketplace-resources/{uuid}/set_slug/", "marketplace_resources_set_slug", TAG, &staff::SET_SLUG,
        SLUG).request("ResourceSlugRequest"),
    Route::act("/api/marketplace-resources/{uuid}/move_resource/", "marketplace_resources_move_resource", TAG, &staff::MOVE,
        Answer::Object(&RESOURCES, 200)).shape("Resource").request("MoveResourceRequest"),
    Route::act("/api/marketplace-resources/{uuid}/unlink/", "marketplace_resources_unlink", TAG, &staff::UNLINK,
        Answer::Empty(204)),
    Route::own(Verb::Get, "/api/marketplace-resources/{uuid}/details/", "marketplace_resources_details_retrieve", TAG,
        "", &DETAILS).about("What stands behind a resource; nothing, where its offering has no such thing."),
    Route::own(Verb::Get, "/api/marketplace-resources/{uuid}/offering/", "marketplace_resources_offering_retrieve", TAG,
        "PublicOfferingDetails", &OFFERING).about("The offering of a resource."),
    Route::list_in("/api/marketplace-resources/{uuid}/offering_for_subresources/",
        "marketplace_resources_offering_for_subresources_list", TAG, "SubresourceOffering", &SUBRESOURCE_OFFERINGS,
        &RESOURCES, Needs::SignedIn, BELOW),
    Route::list_in("/api/marketplace-resources/{uuid}/plan_periods/", "marketplace_resources_plan_periods_list", TAG,
        "ResourcePlanPeriod", &PLAN_PERIODS, &RESOURCES, Needs::SignedIn, PERIODS_OF),
    Route::list_in("/api/marketplace-resources/{uuid}/team/", "marketplace_resources_team_list", TAG,
        "ProjectUser", &TEAM, &RESOURCES, Needs::SignedIn, TEAM_OF),
    Route::own(Verb::Get, "/api/marketplace-resources/{uuid}/glauth_users_config/",
        "marketplace_resources_glauth_users_config_retrieve", TAG, "", &GLAUTH)
        .about("Accounts of a resource's people in the format of GLauth."),
    Route::own(Verb::Get, "/api/marketplace-resources/{uuid}/history/", "marketplace_resources_history_list", TAG,
        "VersionHistory", &HISTORY).about("How a resource was after each change. For staff and support agents."),
    Route::own(Verb::Get, "/api/marketplace-resources/{uuid}/history/at/", "marketplace_resources_history_at_retrieve", TAG,
        "VersionHistory", &HISTORY_AT).about("How a resource was at an instant. For staff and support agents."),
    // Newer than the official description.
    Route::act("/api/marketplace-resources/{uuid}/set_end_date/", "marketplace_resources_set_end_date", TAG, &SET_END_DATE,
        Answer::Empty(200)).request("ResourceEndDateRequest"),
];

/// The answer of a change of the short name.
pub const SLUG: Answer = Answer::Json(
    200,
    &[Column::new("status", Text, "", "What happened."), Column::new("slug", Text, "", "The short name.")],
);

static DETAILS: Own = Own::new(|s, a| Box::pin(details(s, a, &RESOURCES)), Needs::SignedIn).answer(204, Shape::Empty);
static OFFERING: Own =
    Own::new(|s, a| Box::pin(offering(s, a, &RESOURCES)), Needs::SignedIn).answer(200, Shape::Row(&OFFERINGS));
static GLAUTH: Own =
    Own::new(|s, a| Box::pin(glauth(s, a, &RESOURCES)), Needs::SignedIn).answer(200, Shape::Other("text/plain"));
static HISTORY: Own = Own::new(|s, a| Box::pin(history::list(s, a, &RESOURCES, VERSIONS_OF)), Needs::StaffOrSupport)
    .query(HISTORY_QUERY)
    .answer(200, Shape::Rows(&VERSIONS))
    .counts();
static HISTORY_AT: Own = Own::new(|s, a| Box::pin(history::at(s, a, &RESOURCES, VERSIONS_OF)), Needs::StaffOrSupport)
    .query(AT)
    .answer(200, Shape::Row(&VERSIONS));

/// The parameters of a history: those of versions, and those of the list of resources, which apply to the resource itself.
#[rustfmt::skip]
pub const HISTORY_QUERY: &[Field] = &[
    Field::new("backend_id", Text, "As in the list of resources."),
    Field::new("category_uuid", Uuid, "As in the list of resources."),
    Field::new("component_count", Int, "As in the list of resources."),
    Field::new("created", Time, "As in the list of resources."),
    Field::new("customer", Text, "As in the list of resources."),
    Field::new("customer_uuid", Uuid, "As in the list of resources."),
    Field::new("downscaled", Bool, "As in the list of resources."),
    Field::new("has_terminate_date", Bool, "As in the list of resources."),
    Field::new("is_attached", Bool, "As in the list of resources."),
    Field::new("lexis_links_supported", Bool, "As in the list of resources."),
    Field::new("limit_based", Bool, "As in the list of resources."),
    Field::new("limit_component_count", Int, "As in the list of resources."),
    Field::new("modified", Time, "As in the list of resources."),
    Field::new("name", Text, "As in the list of resources."),
    Field::new("name_exact", Text, "As in the list of resources."),
    Field::new("offering", Text, "As in the list of resources."),
    Field::new("offering_billable", Bool, "As in the list of resources."),
    Field::new("offering_shared", Bool, "As in the list of resources."),
    Field::new("offering_slug", Text, "As in the list of resources."),
    Field::new("offering_type", Text, "As in the list of resources."),
    Field::new("offering_uuid", Uuid, "As in the list of resources."),
    Field::new("only_limit_based", Bool, "As in the list of resources."),
    Field::new("only_usage_based", Bool, "As in the list of resources."),
    Field::new("order_state", Text, "As in the list of resources."),
    Field::new("parent_offering_uuid", Uuid, "As in the list of resources."),
    Field::new("paused", Bool, "As in the list of resources."),
    Field::new("plan_uuid", Uuid, "As in the list of resources."),
    Field::new("project_name", Text, "As in the list of resources."),
    Field::new("project_uuid", Uuid, "As in the list of resources."),
    Field::new("provider_uuid", Uuid, "As in the list of resources."),
    Field::new("query", Text, "As in the list of resources."),
    Field::new("restrict_member_access", Bool, "As in the list of resources."),
    Field::new("runtime_state", Text, "As in the list of resources."),
    Field::new("scope", Text, "As in the list of resources."),
    Field::new("service_manager_uuid", Uuid, "As in the list of resources."),
    Field::new("state", Text, "As in the list of resources."),
    Field::new("usage_based", Bool, "As in the list of resources."),
    Field::new("visible_to_providers", Bool, "As in the list of resources."),
    Field::new("visible_to_username", Text, "As in the list of resources."),
    Field::new("created_after", Time, "Versions at or after this instant."),
    Field::new("created_before", Time, "Versions before this instant."),
];

/// The parameter of a look back.
pub const AT: &[Field] = &[Field::text("timestamp", 40, "The instant.").required()];

/// Nothing stands behind resources of the offerings that there are now; infrastructure brings what does.
pub async fn details(surface: &Surface, asked: Asked, view: &'static View) -> Result<Reply> {
    parent(surface, &asked, view, &Needs::SignedIn).await?;
    Ok(Reply::empty(204))
}

/// The offering of a resource, as far as the caller sees it.
pub async fn offering(surface: &Surface, asked: Asked, view: &'static View) -> Result<Reply> {
    let (actor, found) = parent(surface, &asked, view, &Needs::SignedIn).await?;
    let id = found.at("offering").ok_or(Error::NotFound)?;
    let fields = asked.values("field").map(str::to_owned).collect();
    let ask = Ask { within: vec![("o.id = $", vec![Val::Int(id)])], fields, limit: 1, ..Ask::default() };
    let row = surface.one(&asked, &actor, &OFFERINGS, ask).await?.ok_or(Error::NotFound)?;
    Ok(Reply::raw_json(200, row))
}

/// Accounts of users at offerings come later; a file without accounts is valid.
pub async fn glauth(surface: &Surface, asked: Asked, view: &'static View) -> Result<Reply> {
    parent(surface, &asked, view, &Needs::SignedIn).await?;
    Ok(Reply::bytes(200, HeaderValue::from_static("text/plain; charset=utf-8"), ""))
}
