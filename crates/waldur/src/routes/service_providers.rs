//! Service providers: their profiles, teams, secret codes, and who uses what they offer.

use super::{
    offering_answers::{COURSE_ACCOUNT, PROJECT_SERVICE_ACCOUNT, nothing_in},
    teams::EXPIRY,
};
use crate::route::{Answer, Own, Route, Shape, Verb};
use stoa_kernel::{
    access::Needs,
    field::{
        Field,
        Kind::{Date, Float, Int, Text, Time, Uuid},
    },
    view::Column,
};
use stoa_market::{
    consumer::views::{
        CONSUMER_CUSTOMER_PROJECTS, CONSUMER_CUSTOMERS, CONSUMER_KEYS, CONSUMER_PERMISSIONS, CONSUMER_PROJECTS,
        CONSUMER_USERS, OfProvider,
    },
    offering::views::BILLABLE_OFFERINGS,
    provider::{
        actions::{
            ADD_USER, AGENT_CONFIG, CREATE, DELETE, DELETE_USER, NEW_SECRET, SET_USERNAME, SHOW_SECRET, UPDATE,
            UPDATE_USER,
        },
        views::{PROVIDERS, STATISTICS_OF_PROVIDERS, at_provider},
    },
};
use stoa_tenancy::{
    access::permissions::Permission,
    grant::{
        rules::SERVICE_PROVIDER,
        views::{TEAM, within},
    },
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[
    ("service_provider", "/api/marketplace-service-providers/"),
    // Organizations, where an offering or a profile is made in one.
    ("provider_customer", "/api/customers/"),
];

const TAG: &str = "marketplace-service-providers";
const ALL: &str = "/api/marketplace-service-providers/";
const ONE: &str = "/api/marketplace-service-providers/{uuid}/";
const SHAPE: &str = "ServiceProvider";

/// Who may see a list: support agents, who see everything, and who holds its permission.
macro_rules! lists {
    ($permission:ident) => {
        Needs::Any(&[Needs::StaffOrSupport, at_provider(Permission::$permission)])
    };
}

const SECRET: &[Column] = &[Column::new("api_secret_code", Text, "", "The secret code.")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "marketplace_service_providers_list", TAG, SHAPE, &PROVIDERS),
    Route::create(ALL, "marketplace_service_providers_create", TAG, SHAPE, &CREATE, &PROVIDERS),
    Route::retrieve(ONE, "marketplace_service_providers_retrieve", TAG, SHAPE, &PROVIDERS),
    Route::put(ONE, "marketplace_service_providers_update", TAG, SHAPE, &UPDATE, &PROVIDERS),
    Route::patch(ONE, "marketplace_service_providers_partial_update", TAG, SHAPE, &UPDATE, &PROVIDERS),
    Route::destroy(ONE, "marketplace_service_providers_destroy", TAG, &DELETE),
    Route::list_in("/api/marketplace-service-providers/{uuid}/list_users/",
        "marketplace_service_providers_list_users_list", TAG, "UserRoleDetails", &TEAM, &PROVIDERS,
        SERVICE_PROVIDER.list, within(&SERVICE_PROVIDER)),
    Route::act("/api/marketplace-service-providers/{uuid}/add_user/", "marketplace_service_providers_add_user", TAG,
        &ADD_USER, Answer::Json(201, EXPIRY)).shape("UserRoleExpirationTime").request("UserRoleCreateRequest"),
    Route::act("/api/marketplace-service-providers/{uuid}/update_user/", "marketplace_service_providers_update_user", TAG,
        &UPDATE_USER, Answer::Json(200, EXPIRY)).shape("UserRoleExpirationTime").request("UserRoleUpdateRequest"),
    Route::act("/api/marketplace-service-providers/{uuid}/delete_user/", "marketplace_service_providers_delete_user", TAG,
        &DELETE_USER, Answer::Empty(200)).request("UserRoleDeleteRequest"),
    Route::act("/api/marketplace-service-providers/{uuid}/api_secret_code/", "service_provider_api_secret_code_retrieve",
        TAG, &SHOW_SECRET, Answer::Json(200, SECRET)).method(Verb::Get).shape("ServiceProviderApiSecretCode"),
    Route::act("/api/marketplace-service-providers/{uuid}/api_secret_code/", "service_provider_api_secret_code_generate",
        TAG, &NEW_SECRET, Answer::Json(200, SECRET)).shape("ServiceProviderApiSecretCode"),
    Route::act("/api/marketplace-service-providers/{uuid}/set_offerings_username/",
        "marketplace_service_providers_set_offerings_username", TAG, &SET_USERNAME, Answer::Empty(201))
        .request("SetOfferingsUsernameRequest"),
    Route::act("/api/marketplace-service-providers/{uuid}/generate_site_agent_config/",
        "marketplace_service_providers_generate_site_agent_config", TAG, &AGENT_CONFIG, Answer::Empty(200))
        .request("SiteAgentConfigGenerationRequest"),
    Route::retrieve_in("/api/marketplace-service-providers/{uuid}/stat/", "marketplace_service_providers_stat_retrieve",
        TAG, "ServiceProviderStatistics", &STATISTICS_OF_PROVIDERS, &PROVIDERS, lists!(ServiceProviderGetStatistics),
        "s.id = $"),
    Route::own(Verb::Get, "/api/marketplace-service-providers/{uuid}/revenue/",
        "marketplace_service_providers_revenue_list", TAG, "ServiceProviderRevenues", &REVENUE)
        .about("What a provider earned, by month; billing fills it."),
    Route::list_in("/api/marketplace-service-providers/{service_provider_uuid}/customers/",
        "marketplace_service_providers_customers_list", TAG, "MarketplaceProviderCustomer", &CONSUMER_CUSTOMERS,
        &PROVIDERS, lists!(ServiceProviderListCustomers), OfProvider::CUSTOMERS),
    Route::list_in("/api/marketplace-service-providers/{service_provider_uuid}/user_customers/",
        "marketplace_service_providers_user_customers_list", TAG, "MarketplaceProviderCustomer", &CONSUMER_CUSTOMERS,
        &PROVIDERS, lists!(ServiceProviderListUserCustomers), OfProvider::CUSTOMERS)
        .about("Organizations to which a person belongs and that have resources of a provider."),
    Route::list_in("/api/marketplace-service-providers/{service_provider_uuid}/customer_projects/",
        "marketplace_service_providers_customer_projects_list", TAG, "MarketplaceProviderCustomerProject",
        &CONSUMER_CUSTOMER_PROJECTS, &PROVIDERS, lists!(ServiceProviderListCustomerProjects), OfProvider::PROJECTS),
    Route::list_in("/api/marketplace-service-providers/{service_provider_uuid}/projects/",
        "marketplace_service_providers_projects_list", TAG, "Project", &CONSUMER_PROJECTS, &PROVIDERS,
        lists!(ServiceProviderListProjects), OfProvider::PROJECTS),
    Route::list_in("/api/marketplace-service-providers/{service_provider_uuid}/project_permissions/",
        "marketplace_service_providers_project_permissions_list", TAG, "ProjectPermissionLog", &CONSUMER_PERMISSIONS,
        &PROVIDERS, lists!(ServiceProviderListProjectPermissions), OfProvider::GRANTS),
    Route::list_in("/api/marketplace-service-providers/{service_provider_uuid}/keys/",
        "marketplace_service_providers_keys_list", TAG, "SshKey", &CONSUMER_KEYS, &PROVIDERS,
        lists!(ServiceProviderListKeys), OfProvider::KEYS),
    Route::list_in("/api/marketplace-service-providers/{service_provider_uuid}/users/",
        "marketplace_service_providers_users_list", TAG, "MarketplaceServiceProviderUser", &CONSUMER_USERS, &PROVIDERS,
        lists!(ServiceProviderListUsers), OfProvider::USERS),
    Route::list_in("/api/marketplace-service-providers/{service_provider_uuid}/offerings/",
        "marketplace_service_providers_offerings_list", TAG, "ProviderOffering", &BILLABLE_OFFERINGS, &PROVIDERS,
        Needs::SignedIn, OfProvider::OFFERINGS),
    Route::own(Verb::Get, "/api/marketplace-service-providers/{service_provider_uuid}/course_accounts/",
        "marketplace_service_providers_course_accounts_list", TAG, "CourseAccount", &COURSE_ACCOUNTS)
        .about("Course accounts at a provider; none until course accounts are there."),
    Route::own(Verb::Get, "/api/marketplace-service-providers/{service_provider_uuid}/project_service_accounts/",
        "marketplace_service_providers_project_service_accounts_list", TAG, "ProjectServiceAccount", &SERVICE_ACCOUNTS)
        .about("Service accounts at a provider; none until service accounts are there."),
    Route::own(Verb::Get, "/api/marketplace-service-providers/{uuid}/robot_account_customers/",
        "marketplace_service_providers_robot_account_customers_list", TAG, "NameUUID", &ROBOT_CUSTOMERS)
        .about("Organizations with robot accounts at a provider; none until robot accounts are there."),
    Route::own(Verb::Get, "/api/marketplace-service-providers/{uuid}/robot_account_projects/",
        "marketplace_service_providers_robot_account_projects_list", TAG, "NameUUID", &ROBOT_PROJECTS)
        .about("Projects with robot accounts at a provider; none until robot accounts are there."),
    Route::own(Verb::Get, "/api/marketplace-service-providers/{service_provider_uuid}/compliance/checklists_summary/",
        "service_provider_checklists_summary", TAG, "ServiceProviderChecklistSummary", &CHECKLISTS)
        .about("Checklists of a provider's offerings; none until checklists are there."),
    Route::own(Verb::Get, "/api/marketplace-service-providers/{service_provider_uuid}/compliance/compliance_overview/",
        "service_provider_compliance_overview", TAG, "ServiceProviderComplianceOverview", &COMPLIANCE)
        .about("Who answered the checklists of a provider's offerings; nobody until checklists are there."),
    Route::own(Verb::Get, "/api/marketplace-service-providers/{service_provider_uuid}/compliance/offering_users/",
        "service_provider_offering_users_compliance", TAG, "ServiceProviderOfferingUserCompliance", &COMPLIANT_USERS)
        .about("Users of a provider's offerings and their checklists; none until accounts at offerings are there."),
];

/// A list that a later capability fills: empty for those who may ask.
macro_rules! nothing {
    ($permission:ident, $query:expr, $columns:expr) => {
        Own::new(
            |surface, asked| {
                static NEEDS: Needs = lists!($permission);
                Box::pin(nothing_in(surface, asked, &PROVIDERS, &NEEDS))
            },
            Needs::SignedIn,
        )
        .query($query)
        .answer(200, Shape::List($columns))
        .counts()
    };
}

const PAGE: &[Field] = &[];

static REVENUE: Own = nothing!(
    ServiceProviderGetRevenue,
    PAGE,
    &[
        Column::new("total", Int, "", "Sum."),
        Column::new("year", Int, "", "Year."),
        Column::new("month", Int, "", "Month."),
    ]
);

const ACCOUNTS: &[Field] = &[
    Field::new("email", Text, "Address."),
    Field::new("o", Text, "Order."),
    Field::new("project", Uuid, "Identifier of the project."),
    Field::new("project_uuid", Uuid, "Identifier of the project."),
    Field::new("project_start_date_after", Date, "The project starts on or after this day."),
    Field::new("project_start_date_before", Date, "The project starts on or before this day."),
    Field::new("project_end_date_after", Date, "The project ends on or after this day."),
    Field::new("project_end_date_before", Date, "The project ends on or before this day."),
    Field::new("state", Text, "State."),
    Field::new("username", Text, "Name to sign in with."),
];

static COURSE_ACCOUNTS: Own = nothing!(ServiceProviderListCourseAccounts, ACCOUNTS, COURSE_ACCOUNT);
static SERVICE_ACCOUNTS: Own = nothing!(ServiceProviderListServiceAccounts, ACCOUNTS, PROJECT_SERVICE_ACCOUNT);

const NAMED: &[Column] = &[Column::new("name", Text, "", "Name."), Column::new("uuid", Uuid, "", "Identifier.")];

static ROBOT_CUSTOMERS: Own = nothing!(
    ServiceProviderGetRobotAccountCustomers,
    &[Field::new("customer_name", Text, "Part of the organization's name.")],
    NAMED
);
static ROBOT_PROJECTS: Own = nothing!(
    ServiceProviderGetRobotAccountProjects,
    &[Field::new("project_name", Text, "Part of the project's name.")],
    NAMED
);

static CHECKLISTS: Own = nothing!(
    ServiceProviderGetStatistics,
    PAGE,
    &[
        Column::new("checklist_uuid", Uuid, "", "Identifier of the checklist."),
        Column::new("checklist_name", Text, "", "Name of the checklist."),
        Column::new("questions_count", Int, "", "Number of its questions."),
        Column::new("offerings_count", Int, "", "Number of offerings that use it."),
    ]
);
static COMPLIANCE: Own = nothing!(
    ServiceProviderGetStatistics,
    PAGE,
    &[
        Column::new("offering_uuid", Uuid, "", "Identifier of the offering."),
        Column::new("offering_name", Text, "", "Name of the offering."),
        Column::new("checklist_name", Text, "", "Name of the checklist.").nullable(),
        Column::new("total_users", Int, "", "Number of its users."),
        Column::new("users_with_completions", Int, "", "Users who began."),
        Column::new("completed_users", Int, "", "Users who are done."),
        Column::new("pending_users", Int, "", "Users who are not done."),
        Column::new("compliance_rate", Float, "", "Part of the users who are done."),
    ]
);
static COMPLIANT_USERS: Own = nothing!(
    ServiceProviderListUsers,
    &[
        Field::new("compliance_status", Text, "How far the user is."),
        Field::new("offering_uuid", Uuid, "Identifier of the offering."),
    ],
    &[
        Column::new("uuid", Uuid, "", "Identifier."),
        Column::new("user_full_name", Text, "", "Name of the user."),
        Column::new("user_email", Text, "", "Address of the user."),
        Column::new("offering_name", Text, "", "Name of the offering."),
        Column::new("checklist_name", Text, "", "Name of the checklist.").nullable(),
        Column::new("username", Text, "", "Name at the offering.").nullable(),
        Column::new("state", Int, "", "State of the account."),
        Column::new("completion_percentage", Int, "", "How far the user is.").nullable(),
        Column::new("compliance_status", Text, "", "How far the user is, in a word."),
        Column::new("last_updated", Time, "", "When it last changed.").nullable(),
        Column::new("created", Time, "", "When the account was made."),
    ]
);
