//! What needs a user's attention.

use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::Action,
    door::Call,
    field::{Field, Kind, Mode},
    id,
    view::Column,
};
use stoa_market::order::actions::review::{
    APPROVE_BY_CONSUMER, APPROVE_BY_PROVIDER, REJECT_BY_CONSUMER, REJECT_BY_PROVIDER,
};
use stoa_support::user_action::{
    actions::{EXECUTED, REFRESH, SILENCE, SILENCE_ALL, UNSILENCE},
    rules::URGENCIES,
    store,
    views::{ALL_USER_ACTIONS, USER_ACTION_EXECUTIONS, USER_ACTION_PROVIDERS, USER_ACTIONS},
};

/// Kinds of things and their collections.
pub const LINKS: &[(&str, &str)] = &[
    ("user_action", "/api/user-actions/"),
    ("user_action_execution", "/api/user-action-executions/"),
    ("user_action_provider", "/api/user-action-providers/"),
];

const TAG: &str = "user-actions";
const SILENCED: &[Column] = &[
    Column::new("status", Kind::Text, "", "What happened."),
    Column::new("duration_days", Kind::Int, "", "For how many days.").nullable(),
];
const ALL_SILENCED: &[Column] = &[
    Column::new("status", Kind::Text, "", "What happened."),
    Column::new("count", Kind::Int, "", "How many."),
    Column::new("duration_days", Kind::Int, "", "For how many days.").nullable(),
];
const STATUS: &[Column] = &[Column::new("status", Kind::Text, "", "What happened.")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/user-actions/", "user_actions_list", TAG, "UserAction", &LIST)
        .about("What needs one's attention; staff name somebody else with `user_uuid`."),
    Route::own(Verb::Get, "/api/user-actions/summary/", "user_actions_summary_retrieve", TAG, "UserActionSummary", &SUMMARY)
        .about("How much needs one's attention."),
    Route::act("/api/user-actions/bulk_silence/", "user_actions_bulk_silence", TAG, &SILENCE_ALL, Answer::Json(200, ALL_SILENCED))
        .shape("BulkSilenceResponse").request("SilenceActionRequest"),
    Route::own(Verb::Post, "/api/user-actions/update_actions/", "user_actions_update_actions", TAG, "UpdateActionsResponse", &UPDATE)
        .about("Compute anew what needs whose attention.").request("UpdateActionsRequest"),
    Route::retrieve("/api/user-actions/{uuid}/", "user_actions_retrieve", TAG, "UserAction", &USER_ACTIONS),
    Route::act("/api/user-actions/{uuid}/silence/", "user_actions_silence", TAG, &SILENCE, Answer::Json(200, SILENCED))
        .shape("SilenceActionResponse").request("SilenceActionRequest"),
    Route::act("/api/user-actions/{uuid}/unsilence/", "user_actions_unsilence", TAG, &UNSILENCE, Answer::Json(200, STATUS))
        .shape("UnsilenceActionResponse"),
    Route::own(Verb::Post, "/api/user-actions/{uuid}/execute_action/", "user_actions_execute_action", TAG,
        "ExecuteActionResponse", &EXECUTE).about("Do something about it.").request("ExecuteActionRequest"),
    Route::list("/api/user-action-executions/", "user_action_executions_list", "user-action-executions",
        "UserActionExecution", &USER_ACTION_EXECUTIONS),
    Route::retrieve("/api/user-action-executions/{id}/", "user_action_executions_retrieve", "user-action-executions",
        "UserActionExecution", &USER_ACTION_EXECUTIONS),
    Route::list("/api/user-action-providers/", "user_action_providers_list", "user-action-providers",
        "UserActionProvider", &USER_ACTION_PROVIDERS),
    Route::retrieve("/api/user-action-providers/{id}/", "user_action_providers_retrieve", "user-action-providers",
        "UserActionProvider", &USER_ACTION_PROVIDERS),
];

static LIST: Own = Own::new(|surface, asked| Box::pin(list(surface, asked)), Needs::SignedIn)
    .query(ASKED)
    .answer(200, Shape::Rows(&USER_ACTIONS))
    .counts();

/// The filters and orders of the view, as this operation has a function of its own.
#[rustfmt::skip]
const ASKED: &[Field] = &[
    Field::text("action_type", 100, "What kind of thing it is."),
    Field::new("created_after", Kind::Time, "Noticed at this instant or later."),
    Field::new("created_before", Kind::Time, "Noticed before this instant."),
    Field::new("due_within_days", Kind::Int, "Due within so many days."),
    Field::new("include_silenced", Kind::Bool, "Whether what is silenced is listed too."),
    Field::new("is_silenced", Kind::Bool, "Whether it is silenced for good."),
    Field::text("o", 200, "Order: `created`, `urgency`, `due_date`, `action_type`; with a hyphen before it, the other way round."),
    Field::new("overdue", Kind::Bool, "Whether its day is over."),
    Field::new("urgency", Kind::Choice("UrgencyEnum", URGENCIES), "How urgent it is."),
    Field::new("user_uuid", Kind::Uuid, "Whose attention it needs; for staff."),
];

static SUMMARY: Own = Own::new(|surface, asked| Box::pin(summary(surface, asked)), Needs::SignedIn).object(
    200,
    &[
        Column::new("total", Kind::Int, "", "How much there is."),
        Column::new("by_urgency", Kind::Object, "", "How much by urgency."),
        Column::new("by_type", Kind::Object, "", "How much by kind."),
        Column::new("overdue", Kind::Int, "", "How much is overdue."),
    ],
);

static UPDATE: Own = Own::new(|surface, asked| Box::pin(update(surface, asked)), Needs::Staff)
    .body(&[Field::text("provider_action_type", 100, "Only this kind.").nullable()])
    .object(
        202,
        &[
            Column::new("status", Kind::Text, "", "What happened."),
            Column::new("message", Kind::Text, "", "In a sentence."),
            Column::new("provider_action_type", Kind::Text, "", "The kind.").nullable(),
        ],
    );

static EXECUTE: Own = Own::new(|surface, asked| Box::pin(execute(surface, asked)), Needs::SignedIn)
    .body(&[Field::text("action_label", 255, "Label of what is to be done.").required()])
    .object(
        200,
        &[
            Column::new("action", Kind::Text, "", "What was done."),
            Column::new("message", Kind::Text, "", "In a sentence."),
            Column::new("redirect_url", Kind::Text, "", "Where it goes on, for what is done elsewhere.")
                .nullable()
                .absent(),
            Column::new("metadata", Kind::Object, "", "What it was about."),
        ],
    );

async fn list(surface: &Surface, mut asked: Asked) -> Result<Reply> {
    let actor = surface.core.actor(&asked.caller).await?;
    if asked.value("include_silenced").is_none() {
        asked.query.push(("include_silenced".into(), "false".into()));
    }
    let of_another = asked.value("user_uuid").is_some() && actor.sees_all();
    let view = if of_another { &ALL_USER_ACTIONS } else { &USER_ACTIONS };
    surface.page(&asked, &actor, view, vec![]).await
}

async fn summary(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = surface.core.actor(&asked.caller).await?;
    let (mut total, mut overdue) = (0, 0);
    let (mut urgencies, mut types) = (Map::new(), Map::new());
    for (urgency, kind, count, late) in
        store::counts(&mut surface.core.store.reader(), actor.id, surface.core.now()).await?
    {
        total += count;
        overdue += late;
        for (map, key) in [(&mut urgencies, urgency), (&mut types, kind)] {
            let before = map.get(&key).and_then(Value::as_i64).unwrap_or_default();
            map.insert(key, (before + count).into());
        }
    }
    Ok(Reply::json(200, &json!({"total": total, "by_urgency": urgencies, "by_type": types, "overdue": overdue})))
}

async fn update(surface: &Surface, asked: Asked) -> Result<Reply> {
    surface.perform(&asked, &REFRESH, None).await?;
    let kind = asked.body.get("provider_action_type").cloned().unwrap_or_default();
    let answer = json!({
        "status": "completed",
        "message": "What needs attention has been computed anew.",
        "provider_action_type": kind,
    });
    Ok(Reply::json(202, &answer))
}

/// The action behind a label, and the order that it is done to.
fn deed(corrective: &Value, label: &str) -> Option<(Option<&'static Action>, String)> {
    let found = corrective.as_array()?.iter().find(|one| one["label"] == label)?;
    let order = found["metadata"]["order"].as_str().unwrap_or_default().to_owned();
    let action = match (found["category"].as_str(), found["metadata"]["side"].as_str()) {
        (Some("approve"), Some("consumer")) => Some(&APPROVE_BY_CONSUMER),
        (Some("approve"), _) => Some(&APPROVE_BY_PROVIDER),
        (Some("reject"), Some("consumer")) => Some(&REJECT_BY_CONSUMER),
        (Some("reject"), _) => Some(&REJECT_BY_PROVIDER),
        _ => None,
    };
    Some((action, order))
}

async fn execute(surface: &Surface, asked: Asked) -> Result<Reply> {
    let core = &surface.core;
    let input = asked.input(EXECUTE.fields)?;
    let label = input.text("action_label").unwrap_or_default().to_owned();
    let actor = core.actor(&asked.caller).await?;
    let uuid = id::parse(asked.param("uuid")).ok_or(Error::NotFound)?;
    let corrective = store::corrective(&mut core.store.reader(), actor.id, uuid).await?.ok_or(Error::NotFound)?;
    let Some((action, order)) = deed(&corrective, &label) else {
        return Ok(Reply::json(404, &json!({"error": "There is no such action."})));
    };
    let run = |action, target: String, body| {
        core.perform(&asked.caller, Call { action, via: None, target: Some(target), body, mode: Mode::Whole })
    };
    let failed = match action {
        Some(action) => run(action, order.clone(), json!({})).await.err(),
        // Pages are looked at in the browser.
        None => None,
    };
    let told = failed.as_ref().map(ToString::to_string).unwrap_or_default();
    run(&EXECUTED, id::hex(&uuid), json!({"action_label": label, "error_message": told})).await?;
    match failed {
        Some(error) => Err(error),
        None => {
            let answer = json!({"action": label, "message": "Done.", "metadata": {"order": order}});
            Ok(Reply::json(200, &answer))
        }
    }
}
