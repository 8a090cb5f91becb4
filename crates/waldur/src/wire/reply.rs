//! Answers.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; empty for none.
    pub body: Bytes,
}

impl Reply {
    /// JSON.
    pub fn json(status: u16, value: &serde_json::Value) -> Reply {
        let headers = vec![(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        Reply { headers, body: value.to_string().into(), ..Reply::empty(status) }
    }

    /// No body.
    pub fn empty(status: u16) -> Reply {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        Reply { status, headers: Vec::new(), body: Bytes::new() }
    }
}
