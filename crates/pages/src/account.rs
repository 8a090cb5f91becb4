//! What a person manages of the own account.

use crate::{
    api::{Answer, Api, Visitor, text},
    shell::{Shell, go, page as render, plain},
};
use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "account.html")]
struct Account {
    shell: Shell,
    title: &'static str,
    note: String,
    problem: String,
    username: String,
    email: String,
    roles: Vec<Role>,
    passkeys: Vec<Passkey>,
    sessions: Vec<Session>,
    codes: bool,
    enrolment: Option<Enrolment>,
    recovery: Vec<String>,
}

struct Role {
    role: String,
    scope: String,
    until: String,
}

struct Passkey {
    uuid: String,
    name: String,
    detail: String,
}

struct Session {
    uuid: String,
    agent: String,
    address: String,
    used: String,
    current: bool,
}

/// A secret for an app, in the moment in which it is made.
struct Enrolment {
    secret: String,
    /// The QR code, as an address with the picture in it.
    picture: String,
}

/// What a link to the page says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    note: String,
}

/// A form with a code.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Code {
    code: String,
}

/// What there is to say beside the account itself.
#[derive(Default)]
struct Extra {
    note: String,
    problem: String,
    enrolment: Option<Enrolment>,
    recovery: Vec<String>,
}

/// The bare address: the account, or signing in.
pub async fn home(State(api): State<Api>, visitor: Visitor) -> Response {
    let signed_in = Shell::of(&api, &visitor).await.signed_in();
    Redirect::to(if signed_in { "/account/" } else { "/sign-in/" }).into_response()
}

/// The page.
pub async fn page(State(api): State<Api>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let note = match asked.note.as_str() {
        "passkey" => "The passkey works from now on.",
        "codes-off" => "Codes are no longer asked for.",
        "ended" => "Ended.",
        _ => "",
    };
    show(&api, &visitor, Extra { note: note.to_owned(), ..Extra::default() }).await
}

fn day(row: &Value, pointer: &str) -> String {
    text(row, pointer).chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

async fn show(api: &Api, visitor: &Visitor, extra: Extra) -> Response {
    let shell = Shell::of(api, visitor).await;
    if !shell.signed_in() {
        return Redirect::to("/sign-in/?next=/account/").into_response();
    }
    let roles = shell.me["permissions"].as_array().map_or(&[][..], Vec::as_slice).iter().map(|row| Role {
        role: match text(row, "/role_description") {
            words if words.is_empty() => text(row, "/role_name"),
            words => words,
        },
        scope: text(row, "/scope_name"),
        until: day(row, "/expiration_time").chars().take(10).collect(),
    });
    let roles = roles.collect();
    let passkeys = api.get(visitor, "/api/passkeys/").await;
    let passkeys = passkeys.rows().iter().filter(|row| row["is_active"] != false).map(|row| Passkey {
        uuid: text(row, "/uuid"),
        name: text(row, "/name"),
        detail: format!("added {}", day(row, "/created").chars().take(10).collect::<String>()),
    });
    let passkeys = passkeys.collect();
    let sessions = api.get(visitor, "/api/sessions/?page_size=100").await;
    let sessions = sessions.rows().iter().map(|row| Session {
        uuid: text(row, "/uuid"),
        agent: program(&text(row, "/user_agent")),
        address: text(row, "/address"),
        used: day(row, "/used"),
        current: row["is_current"] == true,
    });
    let sessions = sessions.collect();
    let codes = api.get(visitor, "/api/second-factors/").await;
    let account = Account {
        title: "Account",
        note: extra.note,
        problem: extra.problem,
        username: text(&shell.me, "/username"),
        email: text(&shell.me, "/email"),
        roles,
        passkeys,
        sessions,
        codes: codes.body["totp"] == true,
        enrolment: extra.enrolment,
        recovery: extra.recovery,
        shell,
    };
    render(StatusCode::OK, &account)
}

async fn done(api: &Api, visitor: &Visitor, answer: Answer, to: &str) -> Response {
    match answer.ok() {
        true => go(&answer, to),
        false => show(api, visitor, Extra { problem: answer.problem(), ..Extra::default() }).await,
    }
}

/// Ends one session.
pub async fn end_session(State(api): State<Api>, visitor: Visitor, Path(uuid): Path<String>) -> Response {
    let answer = api.delete(&visitor, &format!("/api/sessions/{}/", plain(&uuid))).await;
    done(&api, &visitor, answer, "/account/?note=ended#sessions").await
}

/// Ends all other sessions.
pub async fn end_others(State(api): State<Api>, visitor: Visitor) -> Response {
    let answer = api.post(&visitor, "/api/sessions/end_others/", json!({})).await;
    done(&api, &visitor, answer, "/account/?note=ended#sessions").await
}

/// Revokes a passkey.
pub async fn revoke_passkey(State(api): State<Api>, visitor: Visitor, Path(uuid): Path<String>) -> Response {
    let answer = api.post(&visitor, &format!("/api/passkeys/{}/revoke/", plain(&uuid)), json!({})).await;
    done(&api, &visitor, answer, "/account/#passkeys").await
}

/// Begins with codes of an app: the secret is shown this once.
pub async fn enrol(State(api): State<Api>, visitor: Visitor) -> Response {
    let answer = api.post(&visitor, "/api/second-factors/totp/", json!({})).await;
    let extra = match answer.ok() {
        true => {
            let picture = format!("data:image/svg+xml;base64,{}", STANDARD.encode(answer.text("/qr")));
            Extra { enrolment: Some(Enrolment { secret: answer.text("/secret"), picture }), ..Extra::default() }
        }
        false => Extra { problem: answer.problem(), ..Extra::default() },
    };
    show(&api, &visitor, extra).await
}

/// Turns codes on; the recovery codes are shown this once.
pub async fn confirm(State(api): State<Api>, visitor: Visitor, Form(sent): Form<Code>) -> Response {
    let answer = api.post(&visitor, "/api/second-factors/totp/confirm/", json!({"code": sent.code.trim()})).await;
    let codes = answer.body["recovery_codes"].as_array().map_or(&[][..], Vec::as_slice);
    let extra = match answer.ok() {
        true => Extra {
            recovery: codes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            note: "Signing in with a password asks for a code from now on.".into(),
            ..Extra::default()
        },
        false => Extra { problem: answer.problem(), ..Extra::default() },
    };
    show(&api, &visitor, extra).await
}

/// Turns codes off.
pub async fn remove(State(api): State<Api>, visitor: Visitor, Form(sent): Form<Code>) -> Response {
    let answer = api.post(&visitor, "/api/second-factors/totp/remove/", json!({"code": sent.code.trim()})).await;
    done(&api, &visitor, answer, "/account/?note=codes-off#codes").await
}

/// What people call a program by what it calls itself: browser and system where they are known, else its first words. A browser
/// names its ancestors, too, so the youngest is looked for first.
fn program(agent: &str) -> String {
    const BROWSERS: &[(&str, &str)] =
        &[("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    const SYSTEMS: &[(&str, &str)] = &[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let known =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (known(BROWSERS), known(SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.into(),
        _ => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn programs_have_names_that_people_know() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36";
        assert_eq!(program(chrome), "Chrome on Linux");
        assert_eq!(
            program(&format!("{chrome} Edg/148.0").replace("X11; Linux x86_64", "Windows NT 10.0")),
            "Edge on Windows"
        );
        assert_eq!(program("python-httpx/0.28.1"), "python-httpx/0.28.1");
        assert_eq!(program(""), "");
    }
}
