//! Offerings, for the people of their providers.

use super::{
    offering_answers::{
        ATTRIBUTE_CONFIG, COMPONENT_STATS, COSTS, COURSE_ACCOUNTS, CUSTOMER_ACCOUNTS, CUSTOMERS, EXPORTED, GLAUTH,
        GROUPS, HAS_ACCESS, HISTORY, HISTORY_AT, IMPORTABLE, IMPORTED, PARTITIONS, PROJECT_ACCOUNTS, SOFTWARE, STATUS,
        TERMS_STATS, UNIQUE, USER_ATTRIBUTES,
    },
    teams::EXPIRY,
};
use crate::route::{Answer, Route, Verb};
use stoa_kernel::{
    access::Needs,
    field::Kind::{Text, Uuid},
    view::Column,
};
use stoa_market::{
    component::actions as component,
    consumer::views::{CONSUMER_PROJECTS, CONSUMER_USERS, OfOffering},
    offering::{
        actions::{
            ADD_USER, DELETE, DELETE_USER, UPDATE_USER, at_offering, create::CREATE, later, parts, state, update,
        },
        views::{OFFERINGS, PROVIDER_OFFERINGS, STATISTICS},
    },
    order::views::ORDERS,
    resource::views::PROVIDER_RESOURCES,
};
use stoa_tenancy::{
    access::permissions::Permission,
    grant::{
        rules::OFFERING,
        views::{TEAM, within},
    },
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] =
    &[("offering", "/api/marketplace-provider-offerings/"), ("offering", "/api/marketplace-public-offerings/")];

const TAG: &str = "marketplace-provider-offerings";
const ALL: &str = "/api/marketplace-provider-offerings/";
const ONE: &str = "/api/marketplace-provider-offerings/{uuid}/";
const SHAPE: &str = "ProviderOfferingDetails";

const STATE: Answer = Answer::Json(
    200,
    &[Column::new("detail", Text, "", "What was done."), Column::new("state", Text, "", "The state now.")],
);
const UUID: &[Column] = &[Column::new("uuid", Uuid, "", "Identifier.")];
const DONE: Answer = Answer::Empty(200);
const GONE: Answer = Answer::Empty(204);

/// The versions of one offering, by its key.
pub(super) const OF_OFFERING: &str = "v.thing = 'offering' AND v.thing_id = $";

/// The orders of one offering, by its key; each person sees those that he may.
const ORDERS_OF: &str = "o.offering_id = $";

/// Who may see who uses an offering and how much: its people with the permission to change it, and support agents.
pub(super) const INSIDERS: Needs = Needs::Any(&[Needs::StaffOrSupport, at_offering(Permission::OfferingUpdate)]);

macro_rules! path {
    ($rest:literal) => {
        concat!("/api/marketplace-provider-offerings/{uuid}/", $rest, "/")
    };
}

/// An action that is named alike in path and operation.
macro_rules! act {
    ($name:literal, $action:expr, $answer:expr) => {
        Route::act(path!($name), concat!("marketplace_provider_offerings_", $name), TAG, $action, $answer)
    };
}

/// A list or an object with a function of its own.
macro_rules! own {
    ($name:literal, $op:literal, $shape:literal, $own:expr, $about:literal) => {
        Route::own(Verb::Get, path!($name), concat!("marketplace_provider_offerings_", $op), TAG, $shape, $own)
            .about($about)
    };
}

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "marketplace_provider_offerings_list", TAG, SHAPE, &PROVIDER_OFFERINGS),
    Route::create(ALL, "marketplace_provider_offerings_create", TAG, SHAPE, &CREATE, &PROVIDER_OFFERINGS)
        .request("OfferingCreateRequest"),
    Route::own(Verb::Get, "/api/marketplace-provider-offerings/groups/", "marketplace_provider_offerings_groups_list",
        TAG, "OfferingGroups", &GROUPS).about("Active shared offerings by the organization that provides them."),
    Route::act("/api/marketplace-provider-offerings/import_offering/", "marketplace_provider_offerings_import_offering",
        TAG, &later::IMPORT_OFFERING, Answer::Json(200, IMPORTED)).shape("OfferingImportResponse")
        .request("OfferingImportParametersRequest"),
    Route::retrieve(ONE, "marketplace_provider_offerings_retrieve", TAG, SHAPE, &PROVIDER_OFFERINGS),
    Route::destroy(ONE, "marketplace_provider_offerings_destroy", TAG, &DELETE),
    act!("activate", &state::ACTIVATE, STATE).shape("DetailState"),
    act!("draft", &state::DRAFT, STATE).shape("DetailState"),
    act!("pause", &state::PAUSE, STATE).shape("DetailState").request("OfferingPauseRequest"),
    act!("unpause", &state::UNPAUSE, STATE).shape("DetailState"),
    act!("archive", &state::ARCHIVE, STATE).shape("DetailState"),
    act!("make_available", &state::MAKE_AVAILABLE, STATE).shape("DetailState"),
    act!("make_unavailable", &state::MAKE_UNAVAILABLE, STATE).shape("DetailState"),
    act!("update_overview", &update::OVERVIEW_ACTION, DONE).request("OfferingOverviewUpdateRequest"),
    act!("update_description", &update::CATEGORY_ACTION, DONE).request("OfferingDescriptionUpdateRequest"),
    act!("update_location", &update::LOCATION_ACTION, DONE).request("OfferingLocationUpdateRequest"),
    act!("update_attributes", &update::ATTRIBUTES_ACTION, DONE),
    act!("update_options", &update::OPTIONS_ACTION, DONE).request("OfferingOptionsUpdateRequest"),
    act!("update_resource_options", &update::RESOURCE_OPTIONS_ACTION, DONE)
        .request("OfferingResourceOptionsUpdateRequest"),
    act!("update_integration", &update::INTEGRATION_ACTION, DONE).request("OfferingIntegrationUpdateRequest"),
    act!("update_backend_id_rules", &update::BACKEND_ID_RULES_ACTION, DONE)
        .request("OfferingBackendIdRulesUpdateRequest"),
    act!("set_backend_metadata", &update::BACKEND_METADATA_ACTION, DONE).request("OfferingBackendMetadataRequest"),
    act!("update_image", &update::IMAGE_ACTION, DONE).request("OfferingImageRequest"),
    act!("delete_image", &update::DELETE_IMAGE, GONE),
    act!("update_thumbnail", &update::THUMBNAIL_ACTION, DONE).request("OfferingThumbnailRequest"),
    act!("delete_thumbnail", &update::DELETE_THUMBNAIL, GONE),
    act!("update_organization_groups", &parts::UPDATE_GROUPS, DONE).request("OrganizationGroupsRequest"),
    act!("delete_organization_groups", &parts::DELETE_GROUPS, GONE),
    act!("update_tags", &parts::UPDATE_TAGS, DONE).request("TagsRequest"),
    act!("delete_tags", &parts::DELETE_TAGS, GONE),
    act!("add_endpoint", &parts::ADD_ENDPOINT, Answer::Json(201, UUID)).shape("EndpointUUID")
        .request("NestedEndpointRequest"),
    act!("delete_endpoint", &parts::DELETE_ENDPOINT, GONE).request("EndpointUUIDRequest"),
    act!("create_offering_component", &component::CREATE, Answer::Empty(201)).request("OfferingComponentRequest"),
    act!("update_offering_component", &component::UPDATE, DONE).request("UpdateOfferingComponentRequest"),
    act!("remove_offering_component", &component::REMOVE, DONE).request("RemoveOfferingComponentRequest"),
    act!("move_offering", &update::MOVE, Answer::Object(&OFFERINGS, 200))
        .shape("PublicOfferingDetails").request("MoveOfferingRequest"),
    act!("check_unique_backend_id", &update::CHECK_BACKEND_ID, Answer::Json(200, UNIQUE))
        .shape("CheckUniqueBackendIDResponse").request("CheckUniqueBackendIDRequest"),
    act!("add_user", &ADD_USER, Answer::Json(201, EXPIRY)).shape("UserRoleExpirationTime")
        .request("UserRoleCreateRequest"),
    act!("update_user", &UPDATE_USER, Answer::Json(200, EXPIRY)).shape("UserRoleExpirationTime")
        .request("UserRoleUpdateRequest"),
    act!("delete_user", &DELETE_USER, Answer::Empty(200)).request("UserRoleDeleteRequest"),
    Route::list_in(path!("list_users"), "marketplace_provider_offerings_list_users_list", TAG, "UserRoleDetails", &TEAM,
        &PROVIDER_OFFERINGS, OFFERING.list, within(&OFFERING)),
    own!("customers", "customers_list", "ProviderOfferingCustomer", &CUSTOMERS,
        "Organizations that have resources of an offering."),
    Route::list_in(path!("list_customer_projects"), "marketplace_provider_offerings_list_customer_projects_list", TAG,
        "Project", &CONSUMER_PROJECTS, &PROVIDER_OFFERINGS, INSIDERS, OfOffering::PROJECTS),
    Route::list_in(path!("list_customer_users"), "marketplace_provider_offerings_list_customer_users_list", TAG, "User",
        &CONSUMER_USERS, &PROVIDER_OFFERINGS, INSIDERS, OfOffering::USERS),
    Route::retrieve_in(path!("stats"), "marketplace_provider_offerings_stats_retrieve", TAG, "", &STATISTICS,
        &PROVIDER_OFFERINGS, INSIDERS, "o.id = $"),
    Route::list_in(path!("orders"), "marketplace_provider_offerings_orders_list", TAG, "OrderDetails", &ORDERS,
        &PROVIDER_OFFERINGS, Needs::SignedIn, ORDERS_OF),
    Route::retrieve_in(path!("orders/{order_uuid}"), "marketplace_provider_offerings_orders_retrieve", TAG,
        "OrderDetails", &ORDERS, &PROVIDER_OFFERINGS, Needs::SignedIn, ORDERS_OF),
    own!("history", "history_list", "VersionHistory", &HISTORY,
        "How an offering was after each change. For staff and support agents."),
    own!("history/at", "history_at_retrieve", "VersionHistory", &HISTORY_AT,
        "How an offering was at an instant. For staff and support agents."),
    own!("user_has_resource_access", "user_has_resource_access_retrieve", "UserHasResourceAccess", &HAS_ACCESS,
        "Whether a person is in a project with a resource of an offering."),
    own!("costs", "costs_list", "ProviderOfferingCosts", &COSTS, "What an offering brought in, by month; billing fills it."),
    own!("component_stats", "component_stats_list", "OfferingComponentStat", &COMPONENT_STATS,
        "Usage of an offering by component and month; usage reports fill it."),
    own!("importable_resources", "importable_resources_list", "ImportableResource", &IMPORTABLE,
        "Resources of the backend that could be taken over; offerings of this type have no backend."),
    own!("list_course_accounts", "list_course_accounts_list", "CourseAccount", &COURSE_ACCOUNTS,
        "Course accounts at an offering; none until course accounts are there."),
    own!("list_project_service_accounts", "list_project_service_accounts_list", "ProjectServiceAccount",
        &PROJECT_ACCOUNTS, "Service accounts of projects at an offering; none until service accounts are there."),
    own!("list_customer_service_accounts", "list_customer_service_accounts_list", "CustomerServiceAccount",
        &CUSTOMER_ACCOUNTS, "Service accounts of organizations at an offering; none until service accounts are there."),
    own!("tos_stats", "tos_stats_retrieve", "ToSConsentDashboard", &TERMS_STATS,
        "Who agreed to the terms of an offering; nobody until terms are there."),
    own!("glauth_users_config", "glauth_users_config_retrieve", "", &GLAUTH,
        "Accounts at an offering as a file for GLauth; empty until accounts at offerings are there."),
    own!("user-attribute-config", "user_attribute_config_retrieve", "OfferingUserAttributeConfig", &ATTRIBUTE_CONFIG,
        "What of its users an offering is told."),
    Route::act(path!("update-user-attribute-config"), "marketplace_provider_offerings_update_user_attribute_config", TAG,
        &later::USER_ATTRIBUTES, Answer::Json(200, USER_ATTRIBUTES)).shape("OfferingUserAttributeConfig"),
    Route::act(path!("update-user-attribute-config"),
        "marketplace_provider_offerings_update_user_attribute_config_update", TAG, &later::USER_ATTRIBUTES,
        Answer::Json(200, USER_ATTRIBUTES)).shape("OfferingUserAttributeConfig").method(Verb::Put),
    Route::act(path!("update-user-attribute-config"),
        "marketplace_provider_offerings_update_user_attribute_config_partial_update", TAG, &later::USER_ATTRIBUTES,
        Answer::Json(200, USER_ATTRIBUTES)).shape("OfferingUserAttributeConfig").method(Verb::Patch),
    Route::act(path!("delete-user-attribute-config"),
        "marketplace_provider_offerings_delete_user_attribute_config_destroy", TAG, &later::USER_ATTRIBUTES, GONE)
        .method(Verb::Delete),
    act!("update_compliance_checklist", &later::CHECKLIST, DONE).request("OfferingComplianceChecklistUpdateRequest"),
    act!("refresh_offering_usernames", &later::USERNAMES, Answer::Json(200, STATUS)).shape("ResourceResponseStatus"),
    act!("sync", &later::SYNC, Answer::Empty(202)),
    act!("import_resource", &later::IMPORT, Answer::Object(&PROVIDER_RESOURCES, 200)).shape("Resource")
        .request("ImportResourceRequest"),
    act!("export_offering", &later::EXPORT, Answer::Json(200, EXPORTED)).shape("OfferingExportResponse")
        .request("OfferingExportParametersRequest"),
    act!("add_partition", &later::PARTITIONS, Answer::Json(201, PARTITIONS)).shape("OfferingPartition")
        .request("OfferingPartitionRequest"),
    Route::act(path!("update_partition"), "marketplace_provider_offerings_update_partition_partial_update", TAG,
        &later::PARTITIONS, Answer::Json(200, PARTITIONS)).shape("OfferingPartition").method(Verb::Patch),
    act!("remove_partition", &later::PARTITIONS, GONE).request("RemovePartitionRequest"),
    act!("add_software_catalog", &later::SOFTWARE, Answer::Json(201, UUID)).shape("SoftwareCatalogUUID")
        .request("OfferingSoftwareCatalogRequest"),
    Route::act(path!("update_software_catalog"),
        "marketplace_provider_offerings_update_software_catalog_partial_update", TAG, &later::SOFTWARE,
        Answer::Json(200, SOFTWARE)).shape("OfferingSoftwareCatalog").method(Verb::Patch),
    act!("remove_software_catalog", &later::SOFTWARE, GONE).request("RemoveSoftwareCatalogRequest"),
];
