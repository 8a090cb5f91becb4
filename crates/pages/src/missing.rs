//! The page for an address that is not there.

use crate::{
    api::{Api, Visitor},
    shell::{Message, Shell, page},
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::json;

/// A page for people, and for programs the answer that the API gives.
pub async fn answer(
    State(api): State<Api>,
    visitor: Visitor,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if !(reads(&method) && wants_page(&headers) && !uri.path().starts_with("/api")) {
        return (StatusCode::NOT_FOUND, Json(json!({"detail": "Not found."}))).into_response();
    }
    let shell = Shell::of(&api, &visitor).await;
    let (link, label) = if shell.signed_in() { ("/account/", "Your account") } else { ("/sign-in/", "Sign in") };
    let message = Message {
        shell,
        title: "Not found".to_owned(),
        text: "There is no page at this address. It may be misspelt, or what it was about is gone.".to_owned(),
        link: link.to_owned(),
        label: label.to_owned(),
    };
    page(StatusCode::NOT_FOUND, &message)
}

fn reads(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// Whether a browser asks on behalf of a person: programs ask for JSON or for anything.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with("text/html"))
}
