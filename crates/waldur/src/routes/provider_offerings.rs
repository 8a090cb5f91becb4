//! Offerings, for the people of their providers.

use super::history;
use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use http::HeaderValue;
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result,
    access::{Actor, Found, Needs, decide},
    field::{
        Field,
        Kind::{Bool, Date, Float, Int, Rows, Text, Texts, Time, Uuid},
    },
    id,
    view::{Column, View},
};
use stoa_market::{
    component::actions as component,
    offering::{
        actions::{
            ADD_USER, DELETE, DELETE_USER, UPDATE_USER, at_offering, create::CREATE, later, parts, state, update,
        },
        store,
        views::{OFFERINGS, OFFERINGS_BY_PROVIDER, PARTITION, PROVIDER_OFFERINGS, STATISTICS},
    },
    order::views::ORDERS,
    provider::consumers::{CONSUMER_PROJECTS, CONSUMER_USERS, OFFERING_CUSTOMERS, OfOffering},
};
use stoa_tenancy::{
    access::permissions::Permission,
    grant::{
        rules::OFFERING,
        views::{TEAM, within},
    },
    version::views::VERSIONS,
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] =
    &[("offering", "/api/marketplace-provider-offerings/"), ("offering", "/api/marketplace-public-offerings/")];

const TAG: &str = "marketplace-provider-offerings";
const ALL: &str = "/api/marketplace-provider-offerings/";
const ONE: &str = "/api/marketplace-provider-offerings/{uuid}/";
const SHAPE: &str = "ProviderOfferingDetails";

/// What giving a role and changing its end answer.
pub const EXPIRY: &[Column] =
    &[Column::new("expiration_time", Time, "", "When the role ends by itself; null for never.").nullable()];

const STATE: Answer = Answer::Json(
    200,
    &[Column::new("detail", Text, "", "What was done."), Column::new("state", Text, "", "The state now.")],
);
const UUID: &[Column] = &[Column::new("uuid", Uuid, "", "Identifier.")];
const DONE: Answer = Answer::Empty(200);
const GONE: Answer = Answer::Empty(204);

/// The versions of one offering, by its key.
const OF_OFFERING: &str = "v.thing = 'offering' AND v.thing_id = $";

/// The orders of one offering, by its key; each person sees those that he may.
const ORDERS_OF: &str = "o.offering_id = $";

/// Who may see who uses an offering and how much: its people with the permission to change it, and support agents.
const INSIDERS: Needs = Needs::Any(&[Needs::StaffOrSupport, at_offering(Permission::OfferingUpdate)]);

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
    Route::list("/api/marketplace-provider-offerings/groups/", "marketplace_provider_offerings_groups_list", TAG,
        "OfferingGroups", &OFFERINGS_BY_PROVIDER),
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
    Route::list_in(path!("customers"), "marketplace_provider_offerings_customers_list", TAG, "ProviderOfferingCustomer",
        &OFFERING_CUSTOMERS, &PROVIDER_OFFERINGS, INSIDERS, OfOffering::CUSTOMERS),
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
    act!("import_resource", &later::IMPORT, DONE).request("ImportResourceRequest"),
    act!("export_offering", &later::EXPORT, Answer::Json(200, EXPORTED)).shape("OfferingExportResponse")
        .request("OfferingExportParametersRequest"),
    act!("add_partition", &later::PARTITIONS, Answer::Json(201, PARTITION)).shape("OfferingPartition")
        .request("OfferingPartitionRequest"),
    Route::act(path!("update_partition"), "marketplace_provider_offerings_update_partition_partial_update", TAG,
        &later::PARTITIONS, Answer::Json(200, PARTITION)).shape("OfferingPartition").method(Verb::Patch),
    act!("remove_partition", &later::PARTITIONS, GONE).request("RemovePartitionRequest"),
    act!("add_software_catalog", &later::SOFTWARE, Answer::Json(201, UUID)).shape("SoftwareCatalogUUID")
        .request("OfferingSoftwareCatalogRequest"),
    Route::act(path!("update_software_catalog"),
        "marketplace_provider_offerings_update_software_catalog_partial_update", TAG, &later::SOFTWARE,
        Answer::Json(200, SOFTWARE)).shape("OfferingSoftwareCatalog").method(Verb::Patch),
    act!("remove_software_catalog", &later::SOFTWARE, GONE).request("RemoveSoftwareCatalogRequest"),
];

const STATUS: &[Column] = &[Column::new("status", Text, "", "What is being done.")];
const UNIQUE: &[Column] = &[
    Column::new("is_unique", Bool, "", "Whether no resource has the name."),
    Column::new("is_valid_format", Bool, "", "Whether the name fits the pattern; null without one.").nullable(),
    Column::new("errors", Texts, "", "What is wrong with the name."),
];
const IMPORTED: &[Column] = &[
    Column::new("imported_offering_uuid", Uuid, "", "Identifier of the offering."),
    Column::new("imported_offering_name", Text, "", "Name of the offering."),
    Column::new("imported_components", Texts, "", "Parts that were read."),
    Column::new("warnings", Texts, "", "What could not be read."),
    Column::new("import_timestamp", Time, "", "When."),
];
const EXPORTED: &[Column] = &[
    Column::new("offering_uuid", Uuid, "", "Identifier of the offering."),
    Column::new("offering_name", Text, "", "Name of the offering."),
    Column::new("export_data", stoa_kernel::field::Kind::Object, "", "The offering, written down."),
    Column::new("exported_components", Texts, "", "Parts that were written."),
    Column::new("export_timestamp", Time, "", "When."),
];
const SOFTWARE: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("created", Time, "", "When it was added."),
    Column::new("modified", Time, "", "When it changed."),
    Column::new("offering", Uuid, "", "Identifier of the offering."),
    Column::new("catalog", Uuid, "", "Identifier of the catalogue."),
    Column::new("offering_name", Text, "", "Name of the offering."),
    Column::new("catalog_name", Text, "", "Name of the catalogue."),
    Column::new("catalog_version", Text, "", "Version of the catalogue."),
    Column::new("enabled_cpu_family", Texts, "", "Families of processors."),
    Column::new("enabled_cpu_microarchitectures", Texts, "", "Architectures of processors."),
    Column::new("partition", Uuid, "", "Identifier of the partition.").nullable(),
    Column::new("partition_name", Text, "", "Name of the partition."),
];

/// A course account.
pub const COURSE_ACCOUNT: &[Column] = &[
    Column::new("url", Text, "", "Address."),
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("created", Time, "", "When it was made."),
    Column::new("modified", Time, "", "When it changed."),
    Column::new("project", Uuid, "", "Identifier of the project."),
    Column::new("project_uuid", Uuid, "", "Identifier of the project."),
    Column::new("project_name", Text, "", "Name of the project."),
    Column::new("project_slug", Text, "", "Short name of the project."),
    Column::new("project_start_date", Date, "", "First day of the project."),
    Column::new("project_end_date", Date, "", "Last day of the project."),
    Column::new("user_uuid", Uuid, "", "Identifier of the user."),
    Column::new("username", Text, "", "Name to sign in with."),
    Column::new("customer_uuid", Uuid, "", "Identifier of the organization."),
    Column::new("customer_name", Text, "", "Name of the organization."),
    Column::new("state", Text, "", "State."),
    Column::new("email", Text, "", "Address to write to."),
    Column::new("description", Text, "", "Description."),
    Column::new("error_message", Text, "", "What went wrong."),
    Column::new("error_traceback", Text, "", "Where it went wrong."),
];

/// A service account of a project.
pub const PROJECT_SERVICE_ACCOUNT: &[Column] = &[
    Column::new("url", Text, "", "Address."),
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("created", Time, "", "When it was made."),
    Column::new("modified", Time, "", "When it changed."),
    Column::new("username", Text, "", "Name to sign in with."),
    Column::new("description", Text, "", "Description."),
    Column::new("error_message", Text, "", "What went wrong."),
    Column::new("error_traceback", Text, "", "Where it went wrong."),
    Column::new("state", Text, "", "State."),
    Column::new("token", Text, "", "Token.").nullable(),
    Column::new("email", Text, "", "Address to write to."),
    Column::new("expires_at", Text, "", "When it ends.").nullable(),
    Column::new("preferred_identifier", Text, "", "Name that was wished for."),
    Column::new("project", Uuid, "", "Identifier of the project."),
    Column::new("project_uuid", Uuid, "", "Identifier of the project."),
    Column::new("project_name", Text, "", "Name of the project."),
    Column::new("customer_uuid", Uuid, "", "Identifier of the organization."),
    Column::new("customer_name", Text, "", "Name of the organization."),
    Column::new("customer_abbreviation", Text, "", "Abbreviation of the organization."),
];

const CUSTOMER_SERVICE_ACCOUNT: &[Column] = &[
    Column::new("url", Text, "", "Address."),
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("created", Time, "", "When it was made."),
    Column::new("modified", Time, "", "When it changed."),
    Column::new("username", Text, "", "Name to sign in with."),
    Column::new("description", Text, "", "Description."),
    Column::new("error_message", Text, "", "What went wrong."),
    Column::new("error_traceback", Text, "", "Where it went wrong."),
    Column::new("state", Text, "", "State."),
    Column::new("token", Text, "", "Token.").nullable(),
    Column::new("email", Text, "", "Address to write to."),
    Column::new("expires_at", Text, "", "When it ends.").nullable(),
    Column::new("preferred_identifier", Text, "", "Name that was wished for."),
    Column::new("customer", Uuid, "", "Identifier of the organization.").nullable(),
    Column::new("customer_uuid", Uuid, "", "Identifier of the organization."),
    Column::new("customer_name", Text, "", "Name of the organization."),
];

/// The thing that the first path parameter names, if the caller sees it and may do what needs this.
pub(super) async fn parent(
    surface: &Surface,
    asked: &Asked,
    view: &'static View,
    needs: &Needs,
) -> Result<(Actor, Found)> {
    let actor = asked.actor(surface).await?;
    let key = asked.path.first().map_or("", |(_, value)| value.as_str());
    let found = surface.core.find(&actor, view, key).await?;
    decide(&actor, needs, &found).required()?;
    Ok((actor, found))
}

/// A list that a later capability fills: empty, for those who may ask.
pub(super) async fn nothing_in(surface: &Surface, asked: Asked, view: &'static View, needs: &Needs) -> Result<Reply> {
    parent(surface, &asked, view, needs).await?;
    Ok(surface.page_of(&asked, &[]))
}

static HISTORY: Own = Own::new(
    |surface, asked| Box::pin(history::list(surface, asked, &PROVIDER_OFFERINGS, OF_OFFERING)),
    Needs::StaffOrSupport,
)
.answer(200, Shape::Rows(&VERSIONS));

static HISTORY_AT: Own = Own::new(
    |surface, asked| Box::pin(history::at(surface, asked, &PROVIDER_OFFERINGS, OF_OFFERING)),
    Needs::StaffOrSupport,
)
.query(&[Field::new("timestamp", Text, "The instant.").required()])
.answer(200, Shape::Row(&VERSIONS));

static HAS_ACCESS: Own = Own::new(|surface, asked| Box::pin(has_access(surface, asked)), Needs::SignedIn)
    .query(&[Field::new("username", Text, "Name with which the person signs in.").required()])
    .object(200, &[Column::new("has_access", Bool, "", "Whether the person is in such a project.")]);

async fn has_access(surface: &Surface, asked: Asked) -> Result<Reply> {
    let (_, found) = parent(surface, &asked, &PROVIDER_OFFERINGS, &INSIDERS).await?;
    let Some(username) = asked.value("username").filter(|name| !name.is_empty()) else {
        return Err(Error::field("username", "This field is required."));
    };
    let has = store::is_user(&mut surface.core.store.reader(), found.id, username).await?;
    Ok(Reply::json(200, &json!({ "has_access": has })))
}

macro_rules! nothing {
    ($query:expr, $columns:expr) => {
        Own::new(|surface, asked| Box::pin(nothing_in(surface, asked, &PROVIDER_OFFERINGS, &INSIDERS)), Needs::SignedIn)
            .query($query)
            .answer(200, Shape::List($columns))
            .counts()
    };
}

const SPAN: &[Field] =
    &[Field::new("start", Text, "First month, as YYYY-MM."), Field::new("end", Text, "Last month, as YYYY-MM.")];
const ANY: &[Field] = &[];

static COSTS: Own = nothing!(
    SPAN,
    &[
        Column::new("period", Text, "", "Month."),
        Column::new("price", Float, "", "Sum without tax."),
        Column::new("tax", Float, "", "Tax."),
        Column::new("total", Float, "", "Sum with tax."),
    ]
);
static COMPONENT_STATS: Own = nothing!(
    SPAN,
    &[
        Column::new("period", Text, "", "Month."),
        Column::new("billing_period", Text, "", "Month."),
        Column::new("date", Text, "", "Last day of the month."),
        Column::new("usage", Int, "", "Usage."),
        Column::new("description", Text, "", "Description."),
        Column::new("measured_unit", Text, "", "What one of it is."),
        Column::new("type", Text, "", "Type of the component."),
        Column::new("name", Text, "", "Name of the component."),
    ]
);
static IMPORTABLE: Own = nothing!(
    ANY,
    &[
        Column::new("backend_id", Text, "", "The backend's name of it."),
        Column::new("name", Text, "", "Name."),
        Column::new("type", Text, "", "Type."),
        Column::new("description", Text, "", "Description."),
    ]
);
static COURSE_ACCOUNTS: Own = nothing!(ANY, COURSE_ACCOUNT);
static PROJECT_ACCOUNTS: Own = nothing!(ANY, PROJECT_SERVICE_ACCOUNT);
static CUSTOMER_ACCOUNTS: Own = nothing!(ANY, CUSTOMER_SERVICE_ACCOUNT);

const SERIES: &[Column] =
    &[Column::new("date", Date, "", "Day."), Column::new("count", Int, "", "Number on that day.")];
const ADOPTION: &[Column] =
    &[Column::new("version", Text, "", "Version."), Column::new("users_count", Int, "", "Users who agreed to it.")];

static TERMS_STATS: Own = Own::new(|surface, asked| Box::pin(terms_stats(surface, asked)), Needs::SignedIn).object(
    200,
    &[
        Column::new("active_users_count", Int, "", "Users who agree now."),
        Column::new("total_users_count", Int, "", "Users."),
        Column::new("active_users_percentage", Float, "", "Part of them in percent."),
        Column::new("accepted_consents_count", Int, "", "Agreements."),
        Column::new("revoked_consents_count", Int, "", "Agreements that were taken back."),
        Column::new("total_consents_count", Int, "", "Both."),
        Column::new("revoked_consents_over_time", Rows("TimeSeriesToSData", SERIES), "", "By day."),
        Column::new("tos_version_adoption", Rows("VersionAdoption", ADOPTION), "", "By version."),
        Column::new("active_users_over_time", Rows("TimeSeriesToSData", SERIES), "", "By day."),
        Column::new("accepted_consents_over_time", Rows("TimeSeriesToSData", SERIES), "", "By day."),
    ],
);

async fn terms_stats(surface: &Surface, asked: Asked) -> Result<Reply> {
    parent(surface, &asked, &PROVIDER_OFFERINGS, &INSIDERS).await?;
    Ok(Reply::json(
        200,
        &json!({
            "active_users_count": 0, "total_users_count": 0, "active_users_percentage": 0.0,
            "accepted_consents_count": 0, "revoked_consents_count": 0, "total_consents_count": 0,
            "revoked_consents_over_time": [], "tos_version_adoption": [], "active_users_over_time": [],
            "accepted_consents_over_time": [],
        }),
    ))
}

static GLAUTH: Own = Own::new(|surface, asked| Box::pin(glauth(surface, asked)), Needs::SignedIn)
    .answer(200, Shape::Other("text/plain"));

async fn glauth(surface: &Surface, asked: Asked) -> Result<Reply> {
    parent(surface, &asked, &PROVIDER_OFFERINGS, &INSIDERS).await?;
    Ok(Reply::bytes(200, HeaderValue::from_static("text/plain; charset=utf-8"), ""))
}

/// What of a person an offering could be told, and whether it is by default.
const TOLD: &[(&str, bool)] = &[
    ("username", true),
    ("full_name", true),
    ("email", true),
    ("phone_number", false),
    ("organization", false),
    ("job_title", false),
    ("affiliations", false),
    ("gender", false),
    ("personal_title", false),
    ("place_of_birth", false),
    ("country_of_residence", false),
    ("nationality", false),
    ("nationalities", false),
    ("organization_country", false),
    ("organization_type", false),
    ("organization_registry_code", false),
    ("eduperson_assurance", false),
    ("civil_number", false),
    ("birth_date", false),
    ("identity_source", false),
    ("active_isds", false),
];

const fn told(name: &'static str) -> Column {
    Column::new(name, Bool, "", "Whether the offering is told this.")
}

const USER_ATTRIBUTES: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("created", Time, "", "When it was chosen."),
    Column::new("modified", Time, "", "When it was changed."),
    Column::new("offering_uuid", Uuid, "", "Identifier of the offering."),
    Column::new("offering_name", Text, "", "Name of the offering."),
    told("expose_username"),
    told("expose_full_name"),
    told("expose_email"),
    told("expose_phone_number"),
    told("expose_organization"),
    told("expose_job_title"),
    told("expose_affiliations"),
    told("expose_gender"),
    told("expose_personal_title"),
    told("expose_place_of_birth"),
    told("expose_country_of_residence"),
    told("expose_nationality"),
    told("expose_nationalities"),
    told("expose_organization_country"),
    told("expose_organization_type"),
    told("expose_organization_registry_code"),
    told("expose_eduperson_assurance"),
    told("expose_civil_number"),
    told("expose_birth_date"),
    told("expose_identity_source"),
    told("expose_active_isds"),
    Column::new("exposed_fields", Texts, "", "Names of what it is told."),
    Column::new("is_default", Bool, "", "Whether nobody chose."),
];

static ATTRIBUTE_CONFIG: Own =
    Own::new(|surface, asked| Box::pin(attribute_config(surface, asked)), Needs::SignedIn).object(200, USER_ATTRIBUTES);

/// What every offering is told, for nobody can choose yet. It has the identifier of its offering.
async fn attribute_config(surface: &Surface, asked: Asked) -> Result<Reply> {
    let (_, found) = parent(surface, &asked, &PROVIDER_OFFERINGS, &INSIDERS).await?;
    let uuid = id::hex(&found.uuid);
    let now = surface.core.now().to_string();
    let mut answer = json!({"uuid": uuid, "created": now, "modified": now, "offering_uuid": uuid,
                            "offering_name": found.name, "is_default": true});
    let exposed = TOLD.iter().filter(|(_, told)| *told).map(|(name, _)| Value::from(*name)).collect();
    answer["exposed_fields"] = Value::Array(exposed);
    for (name, told) in TOLD {
        answer[format!("expose_{name}")] = (*told).into();
    }
    Ok(Reply::json(200, &answer))
}
