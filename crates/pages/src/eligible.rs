//! Roles that one may activate, and activations that wait for somebody's approval: the pages to which their letters lead.

use crate::{
    api::{Answer, Api, Visitor, text},
    shell::{Shell, go, page as render, plain},
};
use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

const ROLES: &str = "/access/roles/";
const WAITING: &str = "/access/activations/";
/// Rows that are shown at once.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "eligible.html")]
struct Roles {
    shell: Shell,
    title: &'static str,
    roles: Vec<Role>,
    problem: String,
}

/// A role that one may activate, or has activated.
struct Role {
    uuid: String,
    role: String,
    scope: String,
    hours: i64,
    /// What it takes, a sentence each.
    takes: Vec<&'static str>,
    until: String,
    run: Option<Run>,
}

/// The activation that waits or runs.
struct Run {
    uuid: String,
    active: bool,
    reason: String,
    until: String,
}

#[derive(Template)]
#[template(path = "activations.html")]
struct Waiting {
    shell: Shell,
    title: &'static str,
    items: Vec<Item>,
    problem: String,
}

struct Item {
    uuid: String,
    person: String,
    role: String,
    scope: String,
    hours: i64,
    reason: String,
    until: String,
}

/// What somebody asks for, as the form sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wish {
    hours: String,
    reason: String,
}

/// A decision as the form sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Decision {
    decision: String,
    comment: String,
}

/// The roles that one may activate.
pub async fn roles(State(api): State<Api>, visitor: Visitor) -> Response {
    show_roles(&api, &visitor, None).await
}

/// Activates one.
pub async fn activate(
    State(api): State<Api>,
    visitor: Visitor,
    Path(uuid): Path<String>,
    Form(wish): Form<Wish>,
) -> Response {
    let hours: Value = wish.hours.trim().parse::<i64>().map_or(Value::Null, Value::from);
    let body = json!({"hours": hours, "reason": wish.reason.trim()});
    let answer = api.post(&visitor, &format!("/api/access/eligibilities/{}/activate/", plain(&uuid)), body).await;
    done(&api, &visitor, answer).await
}

/// Ends what runs, or takes back what waits.
pub async fn end(
    State(api): State<Api>,
    visitor: Visitor,
    Path(uuid): Path<String>,
    Form(sent): Form<Decision>,
) -> Response {
    let verb = if sent.decision == "cancel" { "cancel" } else { "deactivate" };
    let answer = api.post(&visitor, &format!("/api/access/activations/{}/{verb}/", plain(&uuid)), json!({})).await;
    done(&api, &visitor, answer).await
}

async fn done(api: &Api, visitor: &Visitor, answer: Answer) -> Response {
    if answer.ok() { go(&answer, ROLES) } else { show_roles(api, visitor, Some(answer)).await }
}

async fn show_roles(api: &Api, visitor: &Visitor, failed: Option<Answer>) -> Response {
    let shell = Shell::of(api, visitor).await;
    if !shell.signed_in() {
        return Redirect::to(&format!("/sign-in/?next={ROLES}")).into_response();
    }
    let eligible = format!("/api/access/eligibilities/?state=open&own=true&o=scope_name&page_size={SHOWN}");
    let eligible = api.get(visitor, &eligible).await;
    let running = format!("/api/access/activations/?state=active&state=pending&own=true&page_size={SHOWN}");
    let running = api.get(visitor, &running).await;
    let roles = eligible.rows().iter().map(|row| role(row, running.rows())).collect();
    let problem = failed.as_ref().map(Answer::problem).unwrap_or_default();
    let page = Roles { shell, title: "Roles you may activate", roles, problem };
    render(status(failed.as_ref()), &page)
}

fn role(row: &Value, running: &[Value]) -> Role {
    let takes = [
        ("asks_approval", "Somebody else approves it."),
        ("asks_second_factor", "Sign in with a second factor or a passkey."),
    ];
    let run = running.iter().find(|one| one["eligibility_uuid"] == row["uuid"]);
    Role {
        uuid: text(row, "/uuid"),
        role: text(row, "/role_name"),
        scope: text(row, "/scope_name"),
        hours: row["asks_hours"].as_i64().unwrap_or(1),
        takes: takes.into_iter().filter(|(key, _)| row[*key] == true).map(|(_, sentence)| sentence).collect(),
        until: minute(&text(row, "/expiration_time")),
        run: run.map(self::run),
    }
}

fn run(row: &Value) -> Run {
    let active = text(row, "/state") == "active";
    let until = if active { text(row, "/ends") } else { text(row, "/deadline") };
    Run { uuid: text(row, "/uuid"), active, reason: text(row, "/reason"), until: minute(&until) }
}

/// Activations of others that wait.
pub async fn waiting(State(api): State<Api>, visitor: Visitor) -> Response {
    show_waiting(&api, &visitor, None).await
}

/// Approves or rejects one.
pub async fn decide(
    State(api): State<Api>,
    visitor: Visitor,
    Path(uuid): Path<String>,
    Form(sent): Form<Decision>,
) -> Response {
    let verb = if sent.decision == "approve" { "approve" } else { "reject" };
    let body = json!({"comment": sent.comment.trim()});
    let answer = api.post(&visitor, &format!("/api/access/activations/{}/{verb}/", plain(&uuid)), body).await;
    if answer.ok() { go(&answer, WAITING) } else { show_waiting(&api, &visitor, Some(answer)).await }
}

async fn show_waiting(api: &Api, visitor: &Visitor, failed: Option<Answer>) -> Response {
    let shell = Shell::of(api, visitor).await;
    if !shell.signed_in() {
        return Redirect::to(&format!("/sign-in/?next={WAITING}")).into_response();
    }
    let waits = format!("/api/access/activations/?state=pending&own=false&o=created&page_size={SHOWN}");
    let waits = api.get(visitor, &waits).await;
    let items = waits.rows().iter().map(item).collect();
    let problem = failed.as_ref().map(Answer::problem).unwrap_or_default();
    render(status(failed.as_ref()), &Waiting { shell, title: "Roles that wait for approval", items, problem })
}

fn item(row: &Value) -> Item {
    let person = text(row, "/user_full_name");
    Item {
        uuid: text(row, "/uuid"),
        person: if person.is_empty() { text(row, "/user_username") } else { person },
        role: text(row, "/role_name"),
        scope: text(row, "/scope_name"),
        hours: row["hours"].as_i64().unwrap_or_default(),
        reason: text(row, "/reason"),
        until: minute(&text(row, "/deadline")),
    }
}

fn status(failed: Option<&Answer>) -> StatusCode {
    failed.map_or(StatusCode::OK, |answer| answer.status)
}

fn minute(time: &str) -> String {
    time.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}
