//! Organizations.

use super::history;
use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result,
    access::{Actor, Found, Needs, decide},
    field::{
        Field,
        Kind::{Bool, Float, Int, Json, OneRow, Rows, Text, Time, Uuid},
    },
    view::{Column, View},
};
use stoa_tenancy::{
    access::permissions::Permission,
    customer::{
        actions::{CONTACT_UPDATE, CREATE, DELETE, SET_GROUPS, UPDATE},
        views::{CUSTOMER_USERS, CUSTOMERS, USERS_OF},
    },
    settings::Settings,
    version::views::{OF_CUSTOMER, VERSIONS},
    vocabulary::countries,
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("customer", "/api/customers/")];

const TAG: &str = "customers";
const ALL: &str = "/api/customers/";
const ONE: &str = "/api/customers/{uuid}/";
const LIST_USERS: Needs =
    Needs::Any(&[Needs::StaffOrSupport, Needs::Permission(Permission::CustomerListUsers.id(), &["itself"])]);

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "customers_list", TAG, "Customer", &CUSTOMERS),
    Route::create(ALL, "customers_create", TAG, "Customer", &CREATE, &CUSTOMERS),
    Route::own(Verb::Get, "/api/customers/countries/", "customers_countries_list", TAG, "Country", &COUNTRIES)
        .about("Countries that an organization can choose from."),
    Route::retrieve(ONE, "customers_retrieve", TAG, "Customer", &CUSTOMERS),
    Route::put(ONE, "customers_update", TAG, "Customer", &UPDATE, &CUSTOMERS),
    Route::patch(ONE, "customers_partial_update", TAG, "Customer", &UPDATE, &CUSTOMERS),
    Route::destroy(ONE, "customers_destroy", TAG, &DELETE),
    Route::act("/api/customers/{uuid}/contact/", "customers_contact", TAG, &CONTACT_UPDATE, Answer::Json(200, CONTACT))
        .shape("CustomerContactUpdate").request("CustomerContactUpdateRequest"),
    Route::act("/api/customers/{uuid}/update_organization_groups/", "customers_update_organization_groups", TAG,
        &SET_GROUPS, Answer::Empty(200)).request("OrganizationGroupsRequest"),
    Route::list_in("/api/customers/{customer_uuid}/users/", "customers_users_list", TAG, "CustomerUser",
        &CUSTOMER_USERS, &CUSTOMERS, LIST_USERS, USERS_OF),
    Route::own(Verb::Get, "/api/customers/{uuid}/history/", "customers_history_list", TAG, "VersionHistory", &HISTORY)
        .about("How the organization was after each change. For staff and support agents."),
    Route::own(Verb::Get, "/api/customers/{uuid}/history/at/", "customers_history_at_retrieve", TAG, "VersionHistory",
        &HISTORY_AT).about("How the organization was at an instant. For staff and support agents."),
    Route::own(Verb::Get, "/api/customers/{uuid}/stats/", "customers_stats_retrieve", TAG, "ComponentsUsageStats", &STATS)
        .about("What the organization's resources use."),
    Route::own(Verb::Get, "/api/customers/{customer_uuid}/project-metadata-compliance-details/",
        "customers_project_metadata_compliance_details_list", TAG, "ProjectDetailsResponse", &COMPLIANCE_DETAILS)
        .about("How its projects answer the checklist, in detail."),
    Route::own(Verb::Get, "/api/customers/{customer_uuid}/project-metadata-compliance-overview/",
        "customers_project_metadata_compliance_overview_list", TAG, "ComplianceOverview", &COMPLIANCE_OVERVIEW)
        .about("How its projects answer the checklist, in sum."),
    Route::own(Verb::Get, "/api/customers/{customer_uuid}/project-metadata-compliance-projects/",
        "customers_project_metadata_compliance_projects_list", TAG, "ProjectAnswer", &COMPLIANCE_PROJECTS)
        .about("How its projects answer the checklist, by project."),
    Route::own(Verb::Get, "/api/customers/{customer_uuid}/project-metadata-question-answers/",
        "customers_project_metadata_question_answers_list", TAG, "QuestionAnswer", &QUESTION_ANSWERS)
        .about("How its projects answer the checklist, by question."),
    Route::own(Verb::Get, "/api/customers/{uuid}/project-digest-config/", "customers_project_digest_config_retrieve",
        TAG, "ProjectDigestConfig", &DIGEST).about("When the organization is told by mail about its projects."),
    Route::own(Verb::Put, "/api/customers/{uuid}/update-project-digest-config/",
        "customers_update_project_digest_config_update", TAG, "ProjectDigestConfig", &DIGEST_UPDATE)
        .about("Set when the organization is told by mail about its projects."),
    Route::own(Verb::Patch, "/api/customers/{uuid}/update-project-digest-config/",
        "customers_update_project_digest_config_partial_update", TAG, "ProjectDigestConfig", &DIGEST_UPDATE)
        .about("Set when the organization is told by mail about its projects."),
    Route::own(Verb::Post, "/api/customers/{uuid}/project-digest-config/preview/",
        "customers_project_digest_config_preview", TAG, "ProjectDigestPreviewResponse", &DIGEST_PREVIEW)
        .about("Show the mail about one project."),
    Route::own(Verb::Post, "/api/customers/{uuid}/project-digest-config/send-test/",
        "customers_project_digest_config_send_test", TAG, "", &DIGEST_TEST).about("Send the mail to oneself."),
];

#[rustfmt::skip]
const CONTACT: &[Column] = &[
    Column::new("contact_details", Text, "", "How to reach it."),
    Column::new("email", Text, "", "E-mail address."),
    Column::new("phone_number", Text, "", "Phone number."),
    Column::new("homepage", Text, "", "Address on the web."),
    Column::new("notification_emails", Text, "", "Where to write to, separated by commas."),
];

/// The thing under which an operation of its own stands.
///
/// # Errors
/// Not found if the caller does not see it; forbidden if he may not.
pub async fn parent(surface: &Surface, asked: &Asked, view: &'static View, needs: &Needs) -> Result<(Actor, Found)> {
    let actor = asked.actor(surface).await?;
    let key = asked.path.first().map_or("", |(_, value)| value.as_str());
    let found = surface.core.find(&actor, view, key).await?;
    decide(&actor, needs, &found).required()?;
    Ok((actor, found))
}

/// The filters of the collection: under one organization they ask whether it is among what they find.
macro_rules! customers_asked {
    ($($more:expr),* $(,)?) => {
        &[
            Field::new("abbreviation", Text, "Part of the abbreviation, any case."),
            Field::new("accounting_is_running", Bool, "Whether it is billed now."),
            Field::new("agreement_number", Text, "The number of the agreement."),
            Field::new("archived", Bool, "Whether it is archived."),
            Field::new("backend_id", Text, "Its identifier elsewhere."),
            Field::new("contact_details", Text, "Part of the contact details, any case."),
            Field::new("current_user_has_project_create_permission", Bool, "Where the caller may make projects."),
            Field::new("has_resources", Text, "Whether it has resources."),
            Field::new("is_call_managing_organization", Bool, "Whether it manages calls."),
            Field::new("is_service_provider", Bool, "Whether it serves others."),
            Field::new("name", Text, "Part of the name, any case."),
            Field::new("name_exact", Text, "The name."),
            Field::new("native_name", Text, "Part of the native name, any case."),
            Field::new("o", Text, "The order."),
            Field::new("organization_group_name", Text, "Part of the name of a group, any case."),
            Field::new("organization_group_uuid", Uuid, "Group; repeatable."),
            Field::new("owned_by_current_user", Bool, "Where the caller is the owner."),
            Field::new("page", Int, "The page, from 1 on."),
            Field::new("page_size", Int, "Rows on a page, 300 at most."),
            Field::new("query", Text, "Part of a name, the abbreviation, domain, a code or number; or the uuid."),
            Field::new("registration_code", Text, "The registration code."),
            Field::new("service_provider_uuid", Uuid, "It as a service provider."),
            Field::new("user_uuid", Uuid, "What this user would see."),
            $($more),*
        ]
    };
}

// Countries are the same for all organizations: the collection's filters are taken and change nothing.
static COUNTRIES: Own = Own::new(|surface, asked| Box::pin(list_countries(surface, asked)), Needs::SignedIn)
    .query(customers_asked!())
    .answer(
        200,
        Shape::List(&[
            Column::new("label", Text, "", "Name of the country."),
            Column::new("value", Text, "", "Its code of two letters."),
        ]),
    )
    .counts();

async fn list_countries(surface: &Surface, asked: Asked) -> Result<Reply> {
    let codes = Settings::load(&mut surface.core.store.reader()).await?.texts("COUNTRIES");
    let known = codes.iter().filter_map(|code| Some((countries::name(code)?, code)));
    let mut all: Vec<(&str, &String)> = known.collect();
    all.sort_unstable();
    let items: Vec<Value> = all.into_iter().map(|(label, value)| json!({"label": label, "value": value})).collect();
    Ok(surface.page_of(&asked, &items))
}

static HISTORY: Own =
    Own::new(|surface, asked| Box::pin(history::list(surface, asked, &CUSTOMERS, OF_CUSTOMER)), Needs::StaffOrSupport)
        .query(customers_asked!(
            Field::new("created_after", Time, "At or after this instant."),
            Field::new("created_before", Time, "Before this instant."),
        ))
        .answer(200, Shape::Rows(&VERSIONS))
        .counts();

static HISTORY_AT: Own =
    Own::new(|surface, asked| Box::pin(history::at(surface, asked, &CUSTOMERS, OF_CUSTOMER)), Needs::StaffOrSupport)
        .query(&[Field::new("timestamp", Time, "The instant.").required()])
        .answer(200, Shape::Row(&VERSIONS));

/// What resources use, by component.
#[rustfmt::skip]
pub const USAGE: &[Column] = &[
    Column::new("components", Rows("ComponentStats", &[
        Column::new("type", Text, "", "Type of the component."),
        Column::new("name", Text, "", "Its name."),
        Column::new("description", Text, "", "Its description."),
        Column::new("measured_unit", Text, "", "Its unit."),
        Column::new("billing_type", Text, "", "How it is billed."),
        Column::new("usage", Int, "", "What was used."),
        Column::new("limit_usage", Int, "", "What was used of limits."),
        Column::new("usage_terminated", Int, "", "What of it terminated resources used."),
        Column::new("limit_usage_terminated", Int, "", "What of limits terminated resources used."),
        Column::new("limit", Int, "", "The limit."),
        Column::new("offering_name", Text, "", "Name of the offering."),
        Column::new("offering_uuid", Uuid, "", "Identifier of the offering."),
    ]), "", "Sums by component."),
];

/// The query of such an operation.
pub const USAGE_QUERY: &[Field] = &[Field::new("for_current_month", Bool, "Only this month.")];

static STATS: Own =
    Own::new(|surface, asked| Box::pin(stats(surface, asked)), Needs::SignedIn).query(USAGE_QUERY).object(200, USAGE);

// The marketplace fills this; until there are resources nothing is used.
async fn stats(surface: &Surface, asked: Asked) -> Result<Reply> {
    parent(surface, &asked, &CUSTOMERS, &Needs::SignedIn).await?;
    Ok(Reply::json(200, &json!({"components": []})))
}

// Checklists fill these; until there are any no project has anything to answer.
async fn nothing(surface: &Surface, asked: Asked) -> Result<Reply> {
    parent(surface, &asked, &CUSTOMERS, &Needs::SignedIn).await?;
    Ok(surface.page_of(&asked, &[]))
}

const fn no_answers(columns: &'static [Column]) -> Own {
    let own = Own::new(|surface, asked| Box::pin(nothing(surface, asked)), Needs::SignedIn);
    own.answer(200, Shape::List(columns)).counts()
}

static COMPLIANCE_DETAILS: Own = no_answers(&[
    Column::new(
        "checklist",
        OneRow(
            "ChecklistInfo",
            &[
                Column::new("uuid", Uuid, "", "Identifier."),
                Column::new("name", Text, "", "Name."),
                Column::new("checklist_type", Text, "", "Type."),
            ],
        ),
        "",
        "The checklist.",
    ),
    Column::new("total_projects", Int, "", "Number of projects."),
    Column::new("projects_with_completions", Int, "", "Projects that began to answer."),
    Column::new("fully_completed_projects", Int, "", "Projects that answered everything."),
    Column::new("projects_requiring_review", Int, "", "Projects whose answers are to be reviewed."),
    Column::new("project_details", Json, "", "Each project's answers."),
]);

static COMPLIANCE_OVERVIEW: Own = no_answers(&[
    Column::new("total_projects", Int, "", "Number of projects."),
    Column::new("projects_with_completions", Int, "", "Projects that began to answer."),
    Column::new("fully_completed_projects", Int, "", "Projects that answered everything."),
    Column::new("projects_requiring_review", Int, "", "Projects whose answers are to be reviewed."),
    Column::new("average_completion_percentage", Float, "", "How much is answered on average."),
]);

static COMPLIANCE_PROJECTS: Own = no_answers(&[
    Column::new("project_uuid", Uuid, "", "Identifier of the project."),
    Column::new("project_name", Text, "", "Name of the project."),
    Column::new("completion_uuid", Text, "", "Identifier of its answers.").nullable(),
    Column::new("completion_percentage", Float, "", "How much is answered."),
    Column::new("is_completed", Bool, "", "Whether everything is answered."),
    Column::new("requires_review", Bool, "", "Whether the answers are to be reviewed."),
    Column::new("answers_count", Int, "", "Number of answers."),
    Column::new("unanswered_required_count", Int, "", "Number of required questions without an answer."),
]);

static QUESTION_ANSWERS: Own = no_answers(&[
    Column::new("question_uuid", Uuid, "", "Identifier of the question."),
    Column::new("question_description", Text, "", "The question."),
    Column::new("question_type", Text, "", "Type of the question."),
    Column::new("required", Bool, "", "Whether it must be answered."),
    Column::new("order", Int, "", "Its place."),
    Column::new("min_value", Text, "", "Smallest answer.").nullable(),
    Column::new("max_value", Text, "", "Greatest answer.").nullable(),
    Column::new("total_projects", Int, "", "Number of projects."),
    Column::new("answered_projects_count", Int, "", "Projects that answered it."),
    Column::new("project_answers", Json, "", "Each project's answer."),
    Column::new("question_options", Json, "", "What can be answered."),
]);

// Mails about projects come with notifications. Until then they are off, whatever the setting says.
async fn no_digest(surface: &Surface, asked: Asked) -> Result<Reply> {
    parent(surface, &asked, &CUSTOMERS, &Needs::Permission(Permission::CustomerUpdate.id(), &["itself"])).await?;
    Err(Error::invalid("Project digest feature is not enabled."))
}

const fn digest() -> Own {
    Own::new(|surface, asked| Box::pin(no_digest(surface, asked)), Needs::SignedIn)
}

#[rustfmt::skip]
const DIGEST_COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("is_enabled", Bool, "", "Whether it is sent."),
    Column::new("frequency", Text, "", "How often: weekly, biweekly or monthly."),
    Column::new("enabled_sections", Json, "", "What it tells."),
    Column::new("day_of_week", Int, "", "On which day of the week, from 0 for Sunday."),
    Column::new("day_of_month", Int, "", "On which day of the month."),
    Column::new("last_sent_at", Text, "", "When it was sent last.").nullable(),
    Column::new("available_sections", Json, "", "What it can tell."),
];

static DIGEST: Own = digest().object(200, DIGEST_COLUMNS);
static DIGEST_UPDATE: Own = digest()
    .body(&[
        Field::new("is_enabled", Bool, "Whether it is sent."),
        Field::text("frequency", 10, "How often: weekly, biweekly or monthly."),
        Field::new("enabled_sections", Json, "What it tells."),
        Field::new("day_of_week", Int, "On which day of the week, from 0 for Sunday.").max(6),
        Field::new("day_of_month", Int, "On which day of the month.").min(1).max(28),
    ])
    .object(200, DIGEST_COLUMNS);
static DIGEST_PREVIEW: Own = digest().body(&[Field::new("project_uuid", Uuid, "The project.").required()]).object(
    200,
    &[
        Column::new("subject", Text, "", "Subject."),
        Column::new("html_body", Text, "", "Body as HTML."),
        Column::new("text_body", Text, "", "Body as text."),
    ],
);
static DIGEST_TEST: Own = digest();
