//! The page behind the link of an invitation.

use crate::{
    api::{Api, Visitor},
    shell::{Message, Shell, page as render, plain},
};
use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use serde_json::json;

#[derive(Template)]
#[template(path = "invitation.html")]
struct Invitation {
    shell: Shell,
    title: &'static str,
    problem: String,
    uuid: String,
    text: &'static str,
    what: Option<What>,
}

/// What is offered.
struct What {
    by: String,
    role: String,
    scope: String,
    organization: String,
    email: String,
    expires: String,
    text: String,
}

/// What everybody is told who may not see an invitation, or follows a link that never was one.
const NOTHING: &str = "There is no open invitation for you here. It may have been accepted, taken back, or meant for \
                       another account.";
const SIGN_IN: &str = "Sign in, and you see what you are offered. If you have no account yet, signing in with your \
                       institution makes one.";

/// The page.
pub async fn page(State(api): State<Api>, visitor: Visitor, Path(uuid): Path<String>) -> Response {
    show(&api, &visitor, plain(&uuid), String::new()).await
}

async fn show(api: &Api, visitor: &Visitor, uuid: &str, problem: String) -> Response {
    let shell = Shell::of(api, visitor).await;
    let what = match shell.signed_in() {
        false => None,
        true => {
            let details = api.get(visitor, &format!("/api/user-invitations/{uuid}/details/")).await;
            details.ok().then(|| What {
                by: details.text("/created_by_full_name"),
                role: match details.text("/role_description") {
                    text if text.is_empty() => details.text("/role_name"),
                    text => text,
                },
                scope: details.text("/scope_name"),
                organization: details.text("/customer_name"),
                email: details.text("/email"),
                expires: details.text("/expires").chars().take(10).collect(),
                text: details.text("/extra_invitation_text"),
            })
        }
    };
    let text = if shell.signed_in() { NOTHING } else { SIGN_IN };
    let status = if what.is_none() && shell.signed_in() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let uuid = uuid.to_owned();
    render(status, &Invitation { shell, title: "Invitation", problem, uuid, text, what })
}

/// Accepts.
pub async fn accept(State(api): State<Api>, visitor: Visitor, Path(uuid): Path<String>) -> Response {
    let uuid = plain(&uuid);
    let answer = api.post(&visitor, &format!("/api/user-invitations/{uuid}/accept/"), json!({})).await;
    if !answer.ok() {
        let problem = if answer.status == StatusCode::NOT_FOUND { NOTHING.to_owned() } else { answer.problem() };
        return show(&api, &visitor, uuid, problem).await;
    }
    let message = Message {
        shell: Shell::of(&api, &visitor).await,
        title: "Welcome".into(),
        text: "You have accepted the invitation.".into(),
        link: "/account/".into(),
        label: "See your roles".into(),
    };
    render(StatusCode::OK, &message)
}
