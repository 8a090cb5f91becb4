//! Asking the API on behalf of the browser that asked for a page.

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, FromRequestParts},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header, request::Parts};
use http_body_util::BodyExt;
use serde_json::Value;
use std::{convert::Infallible, net::SocketAddr};
use tower::ServiceExt;

/// What of a browser's request says who asks, from where, and whether one of our pages caused it.
const PASSED_ON: &[&str] = &[
    "cookie",
    "host",
    "origin",
    "user-agent",
    "sec-fetch-site",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
];

/// The API.
#[derive(Clone)]
pub struct Api {
    router: Router,
}

/// The browser that asks.
#[derive(Debug, Clone)]
pub struct Visitor {
    headers: HeaderMap,
    peer: Option<SocketAddr>,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visitor, Infallible> {
        let mut headers = HeaderMap::new();
        for name in PASSED_ON {
            for value in parts.headers.get_all(*name) {
                headers.append(HeaderName::from_static(name), value.clone());
            }
        }
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        Ok(Visitor { headers, peer })
    }
}

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body; null for none.
    pub body: Value,
    /// Cookies for the browser.
    pub cookies: Vec<HeaderValue>,
}

impl Answer {
    /// Whether it worked.
    pub fn ok(&self) -> bool {
        self.status.is_success()
    }

    /// A text of the body, by JSON pointer; empty if there is none.
    pub fn text(&self, pointer: &str) -> String {
        text(&self.body, pointer)
    }

    /// What went wrong, in words for people.
    pub fn problem(&self) -> String {
        fn words(value: &Value, into: &mut Vec<String>) {
            match value {
                Value::String(text) => into.push(text.clone()),
                Value::Array(items) => items.iter().for_each(|item| words(item, into)),
                Value::Object(map) => map.values().for_each(|item| words(item, into)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        match self.body.get("detail") {
            Some(detail) => words(detail, &mut found),
            None => words(&self.body, &mut found),
        }
        if found.is_empty() { "This did not work. Try again later.".into() } else { found.join(" ") }
    }

    /// The rows of a list.
    pub fn rows(&self) -> &[Value] {
        self.body.as_array().map_or(&[], Vec::as_slice)
    }
}

/// A text of a JSON value, by pointer; empty if there is none.
pub fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Api {
    /// The API behind this router.
    pub fn new(router: Router) -> Api {
        Api { router }
    }

    /// Reads.
    pub async fn get(&self, visitor: &Visitor, path: &str) -> Answer {
        self.ask(visitor, Method::GET, path, None).await
    }

    /// Does.
    pub async fn post(&self, visitor: &Visitor, path: &str, body: Value) -> Answer {
        self.ask(visitor, Method::POST, path, Some(body)).await
    }

    /// Asks what doing it would change.
    pub async fn simulate(&self, visitor: &Visitor, path: &str, body: Value) -> Answer {
        let mut trying = visitor.clone();
        trying.headers.insert("x-simulate", HeaderValue::from_static("true"));
        self.ask(&trying, Method::POST, path, Some(body)).await
    }

    /// Removes.
    pub async fn delete(&self, visitor: &Visitor, path: &str) -> Answer {
        self.ask(visitor, Method::DELETE, path, None).await
    }

    async fn ask(&self, visitor: &Visitor, method: Method, path: &str, body: Option<Value>) -> Answer {
        let lost = Answer { status: StatusCode::SERVICE_UNAVAILABLE, body: Value::Null, cookies: Vec::new() };
        let content = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let Ok(mut request) = Request::builder().method(method).uri(path).body(content) else {
            return Answer { status: StatusCode::NOT_FOUND, ..lost };
        };
        *request.headers_mut() = visitor.headers.clone();
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(peer) = visitor.peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        // The router answers every request; its error type has no value.
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let Ok(bytes) = body.collect().await else { return lost };
        Answer {
            status: parts.status,
            body: serde_json::from_slice(&bytes.to_bytes()).unwrap_or_default(),
            cookies: parts.headers.get_all(header::SET_COOKIE).iter().cloned().collect(),
        }
    }
}
