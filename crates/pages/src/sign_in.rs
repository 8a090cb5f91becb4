//! Signing in and out, and setting a new password by mail.

use crate::{
    api::{Api, Visitor, text},
    shell::{Message, Shell, go, next, page as render, plain, with_cookies},
};
use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    shell: Shell,
    title: &'static str,
    problem: String,
    note: String,
    username: String,
    next: String,
    providers: Vec<Provider>,
    passwords: bool,
    passkeys: bool,
    reset: bool,
}

struct Provider {
    label: String,
    address: String,
}

#[derive(Template)]
#[template(path = "factor.html")]
struct Factor {
    shell: Shell,
    title: &'static str,
    problem: String,
    challenge: String,
    next: String,
    passkey: bool,
    codes: bool,
}

#[derive(Template)]
#[template(path = "reset.html")]
struct Reset {
    shell: Shell,
    title: &'static str,
    problem: String,
    code: String,
    action: String,
}

/// What a link to the page says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    next: String,
    note: String,
    message: String,
}

/// The form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pair {
    username: String,
    password: String,
    next: String,
}

/// The form of the second step.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Code {
    challenge: String,
    code: String,
    next: String,
}

/// The form of a new password.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewPassword {
    email: String,
    new_password: String,
}

async fn form(api: &Api, visitor: &Visitor, pair: Pair, problem: String, note: String) -> SignIn {
    let shell = Shell::of(api, visitor).await;
    let next = next(&pair.next);
    let providers = match shell.offers("SOCIAL_SIGNUP") {
        false => Vec::new(),
        true => api
            .get(visitor, "/api/identity-providers/?is_active=true")
            .await
            .rows()
            .iter()
            .map(|row| {
                let (name, label) = (text(row, "/provider"), text(row, "/label"));
                let shown = if label.is_empty() { &name } else { &label };
                let query = next.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('?', "%3F");
                Provider {
                    label: format!("Sign in with {shown}"),
                    address: format!("/api-auth/{}/init/?next={query}", plain(&name)),
                }
            })
            .collect(),
    };
    SignIn {
        title: "Sign in",
        problem,
        note,
        username: pair.username,
        next,
        providers,
        passwords: shell.offers("LOCAL_SIGNIN") || shell.offers("LDAP"),
        passkeys: shell.offers("PASSKEY"),
        reset: shell.offers("LOCAL_SIGNIN") && shell.settings["PASSWORD_RESET_ENABLED"] == true,
        shell,
    }
}

/// The page to sign in.
pub async fn page(State(api): State<Api>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let note = match asked.note.as_str() {
        "password" => "The new password is set. Sign in with it.",
        "out" => "You are signed out.",
        _ => "",
    };
    let problem = asked.message.chars().filter(|c| !c.is_control()).take(300).collect();
    let pair = Pair { next: asked.next, ..Pair::default() };
    let form = form(&api, &visitor, pair, problem, note.to_owned()).await;
    if form.shell.signed_in() {
        return Redirect::to(&form.next).into_response();
    }
    render(StatusCode::OK, &form)
}

/// The first step, with a password.
pub async fn password(State(api): State<Api>, visitor: Visitor, Form(pair): Form<Pair>) -> Response {
    let body = json!({"username": pair.username, "password": pair.password});
    let answer = api.post(&visitor, "/api-auth/session/", body).await;
    if answer.ok() {
        return go(&answer, &next(&pair.next));
    }
    let challenge = [answer.text("/pending_passkey_ceremony"), answer.text("/challenge")];
    if let Some(challenge) = challenge.iter().find(|one| !one.is_empty()) {
        let flag = |name: &str| answer.body[name] == true;
        let factor = Factor {
            shell: Shell::of(&api, &visitor).await,
            title: "One more step",
            problem: String::new(),
            challenge: challenge.clone(),
            next: next(&pair.next),
            passkey: flag("passkey_required"),
            codes: flag("totp_required"),
        };
        return render(StatusCode::OK, &factor);
    }
    let problem = answer.problem();
    render(answer.status, &form(&api, &visitor, pair, problem, String::new()).await)
}

/// The second step, with a code.
pub async fn code(State(api): State<Api>, visitor: Visitor, Form(sent): Form<Code>) -> Response {
    let body = json!({"challenge": sent.challenge, "code": sent.code.trim()});
    let answer = api.post(&visitor, "/api-auth/totp/", body).await;
    if answer.ok() {
        return go(&answer, &next(&sent.next));
    }
    let factor = Factor {
        shell: Shell::of(&api, &visitor).await,
        title: "One more step",
        problem: answer.problem(),
        challenge: sent.challenge,
        next: next(&sent.next),
        passkey: false,
        codes: true,
    };
    render(answer.status, &factor)
}

/// Signs out. Where the identity provider has a session too, a link leads there: the browser would not let a form do it.
pub async fn out(State(api): State<Api>, visitor: Visitor) -> Response {
    let answer = api.post(&visitor, "/api-auth/logout/", json!({})).await;
    let there = answer.text("/logout_url");
    if !there.starts_with("https://") && !there.starts_with("http://") {
        return go(&answer, "/sign-in/?note=out");
    }
    let message = Message {
        shell: Shell::of(&api, &visitor).await,
        title: "You are signed out".into(),
        text:
            "Where you signed in you may still be: whoever uses this browser next could come back without a password."
                .into(),
        link: there,
        label: "Sign out there too".into(),
    };
    with_cookies(&answer, render(StatusCode::OK, &message))
}

async fn reset_form(api: &Api, visitor: &Visitor, code: &str, problem: String) -> Reset {
    Reset {
        shell: Shell::of(api, visitor).await,
        title: if code.is_empty() { "Forgot the password?" } else { "Set a new password" },
        problem,
        code: code.to_owned(),
        action: if code.is_empty() { "/password_reset/".into() } else { format!("/password_reset/{code}/") },
    }
}

/// The page that asks for the address.
pub async fn reset_page(State(api): State<Api>, visitor: Visitor) -> Response {
    render(StatusCode::OK, &reset_form(&api, &visitor, "", String::new()).await)
}

/// Asks for a link by mail. The answer is the same whoever asks.
pub async fn reset(State(api): State<Api>, visitor: Visitor, Form(sent): Form<NewPassword>) -> Response {
    let answer = api.post(&visitor, "/api-auth/password/reset/", json!({"email": sent.email.trim()})).await;
    if !answer.ok() {
        return render(answer.status, &reset_form(&api, &visitor, "", answer.problem()).await);
    }
    let message = Message {
        shell: Shell::of(&api, &visitor).await,
        title: "Look into your mail".into(),
        text: "If there is an account with this address, a link to set a new password is on its way.".into(),
        link: "/sign-in/".into(),
        label: "Back to signing in".into(),
    };
    render(StatusCode::OK, &message)
}

/// The page that asks for the new password.
pub async fn new_password_page(State(api): State<Api>, visitor: Visitor, Path(code): Path<String>) -> Response {
    render(StatusCode::OK, &reset_form(&api, &visitor, plain(&code), String::new()).await)
}

/// Sets the new password.
pub async fn new_password(
    State(api): State<Api>,
    visitor: Visitor,
    Path(code): Path<String>,
    Form(sent): Form<NewPassword>,
) -> Response {
    let body = json!({"code": code, "new_password": sent.new_password});
    let answer = api.post(&visitor, "/api-auth/password/reset/confirm/", body).await;
    match answer.ok() {
        true => go(&answer, "/sign-in/?note=password"),
        false => render(answer.status, &reset_form(&api, &visitor, plain(&code), answer.problem()).await),
    }
}
