//! `/media/…`: uploaded pictures. A handler of its own, because what it gives is no JSON (docs/generated/exceptions.md).

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use std::sync::Arc;
use stoa_kernel::{door::Core, id};

/// A picture, to whoever knows its address. It never changes, so it may be kept; it can never be run.
pub async fn show(State(core): State<Arc<Core>>, Path(name): Path<String>) -> Response {
    let Some(uuid) = id::parse(&name) else { return StatusCode::NOT_FOUND.into_response() };
    match stoa_tenancy::file::store::load(&mut core.store.reader(), uuid).await {
        Ok(Some((content_type, bytes))) => {
            let headers = [
                ("content-type", content_type),
                ("cache-control", "public, max-age=31536000, immutable".into()),
                ("x-content-type-options", "nosniff".into()),
                ("content-security-policy", "default-src 'none'; sandbox".into()),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "a picture could not be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
