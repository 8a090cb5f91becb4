//! Projects.

use super::customers::{USAGE, USAGE_QUERY, parent};
use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::json;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    field::{
        Field,
        Kind::{Bool, Float, Json, OneRow, Text, Time, Uuid},
    },
    view::Column,
};
use stoa_tenancy::{
    customer::views::CUSTOMERS,
    project::{
        actions::{CREATE, DELETE, MOVE, RECOVER, SET_OFFERINGS, SYNC_ROLES, UPDATE},
        views::{OTHER_USERS, OTHERS_OF, PROJECT_OFFERINGS, PROJECTS},
    },
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[("project", "/api/projects/")];

const TAG: &str = "projects";
const ALL: &str = "/api/projects/";
const ONE: &str = "/api/projects/{uuid}/";
const OFFERINGS: &str = "/api/projects/{uuid}/offerings/";

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list(ALL, "projects_list", TAG, "Project", &PROJECTS),
    Route::create(ALL, "projects_create", TAG, "Project", &CREATE, &PROJECTS),
    Route::own(Verb::Get, "/api/projects/checklist-template/", "projects_checklist_template_retrieve", TAG,
        "ChecklistTemplate", &TEMPLATE).about("What a new project of an organization is asked."),
    Route::retrieve(ONE, "projects_retrieve", TAG, "Project", &PROJECTS),
    Route::put(ONE, "projects_update", TAG, "Project", &UPDATE, &PROJECTS),
    Route::patch(ONE, "projects_partial_update", TAG, "Project", &UPDATE, &PROJECTS),
    Route::destroy(ONE, "projects_destroy", TAG, &DELETE),
    Route::act("/api/projects/{uuid}/move_project/", "projects_move_project", TAG, &MOVE, Answer::Object(&PROJECTS, 200))
        .shape("Project").request("MoveProjectRequest"),
    Route::act("/api/projects/{uuid}/recover/", "projects_recover", TAG, &RECOVER, Answer::Object(&PROJECTS, 200))
        .shape("Project").request("ProjectRecoveryRequest"),
    Route::act("/api/projects/{uuid}/sync_user_roles/", "projects_sync_user_roles", TAG, &SYNC_ROLES, Answer::Empty(200)),
    Route::list_in("/api/projects/{project_uuid}/other_users/", "projects_other_users_list", TAG, "BasicUser",
        &OTHER_USERS, &PROJECTS, Needs::SignedIn, OTHERS_OF),
    Route::retrieve(OFFERINGS, "projects_offerings_retrieve", TAG, "ProjectOfferings", &PROJECT_OFFERINGS),
    Route::put(OFFERINGS, "projects_offerings_update", TAG, "ProjectOfferings", &SET_OFFERINGS, &PROJECT_OFFERINGS),
    Route::own(Verb::Get, "/api/projects/{uuid}/stats/", "projects_stats_retrieve", TAG, "ComponentsUsageStats", &STATS)
        .about("What the project's resources use."),
    Route::own(Verb::Get, "/api/projects/{uuid}/checklist/", "projects_checklist_retrieve", TAG, "ChecklistResponse",
        &CHECKLIST).about("What the project is asked, and what it answered."),
    Route::own(Verb::Get, "/api/projects/{uuid}/completion_status/", "projects_completion_status_retrieve", TAG,
        "ChecklistCompletion", &COMPLETION).about("How much of what it is asked the project answered."),
    Route::own(Verb::Post, "/api/projects/{uuid}/submit_answers/", "projects_submit_answers", TAG,
        "AnswerSubmitResponse", &SUBMIT).about("Answer what the project is asked."),
];

static STATS: Own =
    Own::new(|surface, asked| Box::pin(stats(surface, asked)), Needs::SignedIn).query(USAGE_QUERY).object(200, USAGE);

// The marketplace fills this; until there are resources nothing is used.
async fn stats(surface: &Surface, asked: Asked) -> Result<Reply> {
    parent(surface, &asked, &PROJECTS, &Needs::SignedIn).await?;
    Ok(Reply::json(200, &json!({"components": []})))
}

// Checklists fill these. Until there are any no organization has chosen one, and this is the answer for that.
async fn no_checklist(surface: &Surface, asked: Asked) -> Result<Reply> {
    parent(surface, &asked, &PROJECTS, &Needs::SignedIn).await?;
    Ok(Reply::detail(400, "No checklist configured"))
}

async fn no_template(surface: &Surface, asked: Asked) -> Result<Reply> {
    let Some(customer) = asked.value("parent_uuid").filter(|text| !text.is_empty()) else {
        return Err(Error::field("parent_uuid", "This field is required."));
    };
    let actor = asked.actor(surface).await?;
    surface.core.find(&actor, &CUSTOMERS, customer).await?;
    Ok(Reply::detail(400, "No checklist configured"))
}

const COMPLETION_COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("is_completed", Bool, "", "Whether all required questions are answered."),
    Column::new("completion_percentage", Float, "", "How much is answered."),
    Column::new("unanswered_required_questions", Json, "", "Required questions without an answer."),
    Column::new("checklist_name", Text, "", "Name of the checklist."),
    Column::new("checklist_description", Text, "", "Description of the checklist."),
    Column::new("created", Time, "", "When it was begun."),
    Column::new("modified", Time, "", "When it was changed last."),
];

const fn unanswered() -> Own {
    Own::new(|surface, asked| Box::pin(no_checklist(surface, asked)), Needs::SignedIn)
}

static CHECKLIST: Own =
    unanswered().query(&[Field::new("include_all", Bool, "Questions too that earlier answers hide.")]).object(
        200,
        &[
            Column::new("checklist", Json, "", "The checklist."),
            Column::new("completion", OneRow("ChecklistCompletion", COMPLETION_COLUMNS), "", "How much is answered."),
            Column::new("questions", Json, "", "Questions and answers."),
        ],
    );
static COMPLETION: Own = unanswered().object(200, COMPLETION_COLUMNS);
static SUBMIT: Own = unanswered().object(
    200,
    &[
        Column::new("detail", Text, "", "What happened."),
        Column::new("completion", OneRow("ChecklistCompletion", COMPLETION_COLUMNS), "", "How much is answered."),
    ],
);
static TEMPLATE: Own = Own::new(|surface, asked| Box::pin(no_template(surface, asked)), Needs::SignedIn)
    .query(&[Field::new("parent_uuid", Uuid, "The organization.").required()])
    .answer(
        200,
        Shape::Object(&[
            Column::new("checklist", Json, "", "The checklist."),
            Column::new("questions", Json, "", "All questions."),
            Column::new("initial_visible_questions", Json, "", "Questions that no answer has to bring up."),
        ]),
    );
