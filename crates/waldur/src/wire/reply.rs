//! Answers.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// An answer. Headers that every answer has (request id, CORS, security) are added by the router.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; empty for none.
    pub body: Bytes,
}

/// The header with the number of rows on all pages.
pub const RESULT_COUNT: HeaderName = HeaderName::from_static("x-result-count");

impl Reply {
    /// No body.
    pub fn empty(status: u16) -> Reply {
        // An unknown status can only come from a table of routes; a test looks at all of them.
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Reply { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// JSON.
    pub fn json(status: u16, value: &Value) -> Reply {
        Reply::raw_json(status, value.to_string())
    }

    /// JSON that is written already.
    pub fn raw_json(status: u16, text: impl Into<Bytes>) -> Reply {
        Reply::bytes(status, HeaderValue::from_static("application/json"), text)
    }

    /// Anything else.
    pub fn bytes(status: u16, content_type: HeaderValue, body: impl Into<Bytes>) -> Reply {
        Reply { body: body.into(), ..Reply::empty(status) }.with(header::CONTENT_TYPE, content_type)
    }

    /// `{"detail": …}`
    pub fn detail(status: u16, detail: impl Into<String>) -> Reply {
        Reply::json(status, &json!({"detail": detail.into()}))
    }

    /// A redirection. An address that can't stand in a header gives a 404 answer.
    pub fn redirect(status: u16, location: &str) -> Reply {
        match HeaderValue::from_str(location) {
            Ok(location) => Reply::empty(status).with(header::LOCATION, location),
            Err(_) => Reply::detail(404, "Not found."),
        }
    }

    /// A count without rows.
    pub fn count(total: i64) -> Reply {
        Reply::empty(200).with(RESULT_COUNT, total.into())
    }

    /// Adds a header.
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Reply {
        self.headers.push((name, value));
        self
    }

    /// Adds a header whose value is made at run time; one that can't stand in a header is left out.
    pub fn with_text(self, name: HeaderName, value: &str) -> Reply {
        match HeaderValue::from_str(value) {
            Ok(value) => self.with(name, value),
            Err(_) => self,
        }
    }
}
