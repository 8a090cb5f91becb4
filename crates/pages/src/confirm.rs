//! The pages behind links of letters that ask for one click: nothing happens before it, so a program that opens links in mails
//! does nothing.

use crate::{
    api::{Api, Visitor},
    shell::{Confirm, Message, Shell, page as render, plain},
};
use axum::{
    Router,
    extract::{Path, State},
    response::Response,
    routing::get,
};
use http::StatusCode;
use serde_json::json;

/// What one click does.
struct Click {
    /// The address of the page, before the code.
    address: &'static str,
    title: &'static str,
    text: &'static str,
    label: &'static str,
    /// The operation that is called, and the field that takes the code.
    operation: &'static str,
    field: &'static str,
    /// What is said when it is done.
    done: &'static str,
}

#[rustfmt::skip]
static CLICKS: &[Click] = &[
    Click {
        address: "/user_email_change/", title: "Confirm your address",
        text: "Mail for your account goes to this address from now on.", label: "Confirm",
        operation: "/api/users/confirm_email/", field: "code", done: "Your new address is in use.",
    },
    Click {
        address: "/invitation_approve/", title: "Approve the invitation",
        text: "The invited person gets a letter and can take the role.", label: "Approve",
        operation: "/api/user-invitations/approve/", field: "token", done: "The invitation is approved.",
    },
    Click {
        address: "/invitation_reject/", title: "Reject the invitation",
        text: "The invitation ends, and who made it is told.", label: "Reject",
        operation: "/api/user-invitations/reject/", field: "token", done: "The invitation is rejected.",
    },
    Click {
        address: "/hooks/confirm/", title: "Get letters about events",
        text: "Somebody set up that letters about events go to this address.", label: "Agree",
        operation: "/api/hooks-email/confirm/", field: "token", done: "Letters about events go to this address.",
    },
];

/// Adds the pages.
pub fn routes(mut router: Router<Api>) -> Router<Api> {
    for click in CLICKS {
        let show = move |State(api): State<Api>, visitor: Visitor, Path(code): Path<String>| async move {
            form(click, &api, &visitor, plain(&code), String::new()).await
        };
        let run = move |State(api): State<Api>, visitor: Visitor, Path(code): Path<String>| async move {
            run(click, &api, &visitor, plain(&code)).await
        };
        router = router.route(&format!("{}{{code}}/", click.address), get(show).post(run));
    }
    router
}

async fn form(click: &Click, api: &Api, visitor: &Visitor, code: &str, problem: String) -> Response {
    let confirm = Confirm {
        shell: Shell::of(api, visitor).await,
        title: click.title.into(),
        text: click.text.into(),
        problem,
        action: format!("{}{code}/", click.address),
        label: click.label.into(),
    };
    render(StatusCode::OK, &confirm)
}

async fn run(click: &Click, api: &Api, visitor: &Visitor, code: &str) -> Response {
    let answer = api.post(visitor, click.operation, json!({click.field: code})).await;
    if !answer.ok() {
        return form(click, api, visitor, code, answer.problem()).await;
    }
    let message = Message {
        shell: Shell::of(api, visitor).await,
        title: "Done".into(),
        text: click.done.into(),
        link: "/account/".into(),
        label: "To your account".into(),
    };
    render(StatusCode::OK, &message)
}
