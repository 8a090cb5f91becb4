//! Resources as providers see them.

use super::{
    history,
    resources::{AT, HISTORY_QUERY, OPTIONS, ORDER, SLUG, STATUS, UPDATED, details, glauth, offering},
};
use crate::route::{Answer, Own, Route, Shape, Verb};
use stoa_kernel::access::Needs;
use stoa_market::{
    offering::views::OFFERINGS,
    resource::{
        actions::{
            consumer::{PULL, RESTORE, TERMINATE, UPDATE_OPTIONS},
            plain::{SET_END_DATE, UPDATE},
            provider, staff,
        },
        views::{
            BELOW, PERIODS_OF, PLAN_PERIODS, PROVIDER_RESOURCES, SUBRESOURCE_OFFERINGS, TEAM, TEAM_OF, VERSIONS_OF,
        },
    },
};
use stoa_tenancy::version::views::VERSIONS;

const TAG: &str = "marketplace-provider-resources";
const ALL: &str = "/api/marketplace-provider-resources/";
const ONE: &str = "/api/marketplace-provider-resources/{uuid}/";

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "marketplace_provider_resources_list", TAG, "Resource", &PROVIDER_RESOURCES),
    Route::retrieve(ONE, "marketplace_provider_resources_retrieve", TAG, "Resource", &PROVIDER_RESOURCES),
    Route::act(ONE, "marketplace_provider_resources_update", TAG, &UPDATE, UPDATED).method(Verb::Put)
        .shape("ResourceUpdate").request("ResourceUpdateRequest").via(&PROVIDER_RESOURCES),
    Route::act(ONE, "marketplace_provider_resources_partial_update", TAG, &UPDATE, UPDATED).method(Verb::Patch)
        .shape("ResourceUpdate").request("PatchedResourceUpdateRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/terminate/", "marketplace_provider_resources_terminate", TAG, &TERMINATE,
        ORDER).shape("OrderUUID").request("ResourceTerminateRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/restore/", "marketplace_provider_resources_restore", TAG, &RESTORE,
        Answer::Object(&PROVIDER_RESOURCES, 200)).shape("Resource").request("ResourceRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/update_options/", "marketplace_provider_resources_update_options", TAG, &UPDATE_OPTIONS,
        OPTIONS).shape("ResourceResponseStatus").request("ResourceOptionsRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/update_options_direct/", "marketplace_provider_resources_update_options_direct", TAG, &provider::UPDATE_OPTIONS,
        STATUS).shape("ResourceResponseStatus").request("ResourceOptionsRequest"),
    Route::act("/api/marketplace-provider-resources/{uuid}/pull/", "marketplace_provider_resources_pull", TAG, &PULL,
        Answer::Empty(202)).via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_as_ok/", "marketplace_provider_resources_set_as_ok", TAG, &provider::SET_OK,
        Answer::Empty(200)),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_state_ok/", "marketplace_provider_resources_set_state_ok", TAG, &provider::SET_OK,
        STATUS).shape("ResourceResponseStatus"),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_as_erred/", "marketplace_provider_resources_set_as_erred", TAG, &provider::SET_ERRED,
        Answer::Empty(200)).request("ResourceSetStateErredRequest"),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_backend_id/", "marketplace_provider_resources_set_backend_id", TAG, &provider::SET_BACKEND_ID,
        STATUS).shape("ResourceResponseStatus").request("ResourceBackendIDRequest"),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_backend_metadata/", "marketplace_provider_resources_set_backend_metadata", TAG, &provider::SET_BACKEND_METADATA,
        STATUS).shape("ResourceResponseStatus").request("ResourceBackendMetadataRequest"),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_limits/", "marketplace_provider_resources_set_limits", TAG, &provider::SET_LIMITS,
        STATUS).shape("ResourceResponseStatus").request("ResourceSetLimitsRequest"),
    Route::act("/api/marketplace-provider-resources/{uuid}/submit_report/", "marketplace_provider_resources_submit_report", TAG, &provider::SUBMIT_REPORT,
        STATUS).shape("ResourceResponseStatus").request("ResourceReportRequest"),
    Route::act("/api/marketplace-provider-resources/{uuid}/refresh_last_sync/", "marketplace_provider_resources_refresh_last_sync", TAG, &provider::REFRESH_LAST_SYNC,
        Answer::Empty(200)),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_end_date_by_provider/", "marketplace_provider_resources_set_end_date_by_provider", TAG, &provider::SET_END_DATE,
        Answer::Empty(200)).request("ResourceEndDateByProviderRequest"),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_keycloak_scopes/", "marketplace_provider_resources_set_keycloak_scopes", TAG, &provider::SET_KEYCLOAK_SCOPES,
        STATUS).shape("ResourceResponseStatus").request("ResourceKeycloakScopesRequest"),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_paused/", "marketplace_provider_resources_set_paused", TAG, &staff::SET_PAUSED,
        STATUS).request("ResourcePausedRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_downscaled/", "marketplace_provider_resources_set_downscaled", TAG, &staff::SET_DOWNSCALED,
        STATUS).request("ResourceDownscaledRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_restrict_member_access/", "marketplace_provider_resources_set_restrict_member_access", TAG, &staff::SET_RESTRICTED,
        STATUS).request("ResourceRestrictMemberAccessRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_end_date_by_staff/", "marketplace_provider_resources_set_end_date_by_staff", TAG, &staff::SET_END_DATE,
        Answer::Empty(200)).request("ResourceEndDateByProviderRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_slug/", "marketplace_provider_resources_set_slug", TAG, &staff::SET_SLUG,
        SLUG).request("ResourceSlugRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/move_resource/", "marketplace_provider_resources_move_resource", TAG, &staff::MOVE,
        Answer::Object(&PROVIDER_RESOURCES, 200)).shape("Resource").request("MoveResourceRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/unlink/", "marketplace_provider_resources_unlink", TAG, &staff::UNLINK,
        Answer::Empty(204)).via(&PROVIDER_RESOURCES),
    Route::own(Verb::Get, "/api/marketplace-provider-resources/{uuid}/details/", "marketplace_provider_resources_details_retrieve", TAG,
        "", &DETAILS).about("What stands behind a resource; nothing, where its offering has no such thing."),
    Route::own(Verb::Get, "/api/marketplace-provider-resources/{uuid}/offering/", "marketplace_provider_resources_offering_retrieve", TAG,
        "PublicOfferingDetails", &OFFERING).about("The offering of a resource."),
    Route::list_in("/api/marketplace-provider-resources/{uuid}/offering_for_subresources/",
        "marketplace_provider_resources_offering_for_subresources_list", TAG, "SubresourceOffering", &SUBRESOURCE_OFFERINGS,
        &PROVIDER_RESOURCES, Needs::SignedIn, BELOW),
    Route::list_in("/api/marketplace-provider-resources/{uuid}/plan_periods/", "marketplace_provider_resources_plan_periods_list", TAG,
        "ResourcePlanPeriod", &PLAN_PERIODS, &PROVIDER_RESOURCES, Needs::SignedIn, PERIODS_OF),
    Route::list_in("/api/marketplace-provider-resources/{uuid}/team/", "marketplace_provider_resources_team_list", TAG,
        "ProjectUser", &TEAM, &PROVIDER_RESOURCES, Needs::SignedIn, TEAM_OF),
    Route::own(Verb::Get, "/api/marketplace-provider-resources/{uuid}/glauth_users_config/",
        "marketplace_provider_resources_glauth_users_config_retrieve", TAG, "", &GLAUTH)
        .about("Accounts of a resource's people in the format of GLauth."),
    Route::own(Verb::Get, "/api/marketplace-provider-resources/{uuid}/history/",
        "marketplace_provider_resources_history_list", TAG, "VersionHistory", &HISTORY)
        .about("How a resource was after each change. For staff and support agents."),
    Route::own(Verb::Get, "/api/marketplace-provider-resources/{uuid}/history/at/", "marketplace_provider_resources_history_at_retrieve",
        TAG, "VersionHistory", &HISTORY_AT).about("How a resource was at an instant. For staff and support agents."),
    // Newer than the official description.
    Route::act("/api/marketplace-provider-resources/{uuid}/set_end_date/", "marketplace_provider_resources_set_end_date", TAG,
        &SET_END_DATE, Answer::Empty(200)).request("ResourceEndDateRequest").via(&PROVIDER_RESOURCES),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_effective_id/", "marketplace_provider_resources_set_effective_id",
        TAG, &provider::SET_EFFECTIVE_ID, STATUS).shape("ResourceResponseStatus").request("ResourceEffectiveIDRequest"),
    Route::act("/api/marketplace-provider-resources/{uuid}/set_endpoints/", "marketplace_provider_resources_set_endpoints", TAG,
        &provider::SET_ENDPOINTS, STATUS).shape("ResourceResponseStatus").request("ResourceEndpointsRequest"),
];

static DETAILS: Own =
    Own::new(|s, a| Box::pin(details(s, a, &PROVIDER_RESOURCES)), Needs::SignedIn).answer(204, Shape::Empty);
static OFFERING: Own =
    Own::new(|s, a| Box::pin(offering(s, a, &PROVIDER_RESOURCES)), Needs::SignedIn).answer(200, Shape::Row(&OFFERINGS));
static GLAUTH: Own = Own::new(|s, a| Box::pin(glauth(s, a, &PROVIDER_RESOURCES)), Needs::SignedIn)
    .answer(200, Shape::Other("text/plain"));
static HISTORY: Own =
    Own::new(|s, a| Box::pin(history::list(s, a, &PROVIDER_RESOURCES, VERSIONS_OF)), Needs::StaffOrSupport)
        .query(HISTORY_QUERY)
        .answer(200, Shape::Rows(&VERSIONS))
        .counts();
static HISTORY_AT: Own =
    Own::new(|s, a| Box::pin(history::at(s, a, &PROVIDER_RESOURCES, VERSIONS_OF)), Needs::StaffOrSupport)
        .query(AT)
        .answer(200, Shape::Row(&VERSIONS));
