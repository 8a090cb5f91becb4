//! Prometheus metrics: requests by route and answer, their duration, and the database's statements.

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use std::{sync::Arc, time::Instant};
use stoa_kernel::door::Core;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    method: String,
    path: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Path {
    method: String,
    path: String,
}

/// The metrics of a running server.
pub struct Metrics {
    registry: Registry,
    requests: Family<Route, Counter>,
    seconds: Family<Path, Histogram>,
    running: Gauge,
    statements: Gauge,
    core: Arc<Core>,
}

impl Metrics {
    /// Metrics of a core.
    pub fn new(core: Arc<Core>) -> Arc<Metrics> {
        let mut registry = Registry::with_prefix("stoa");
        let requests = Family::<Route, Counter>::default();
        // From 100 microseconds to some 6 seconds.
        let seconds = Family::<Path, Histogram>::new_with_constructor(|| {
            Histogram::new(prometheus_client::metrics::histogram::exponential_buckets(0.0001, 2.0, 17))
        });
        let (running, statements) = (Gauge::default(), Gauge::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time to the answer", seconds.clone());
        registry.register("http_requests_running", "Requests being answered", running.clone());
        registry.register("database_statements", "Statements run on the database since the start", statements.clone());
        Arc::new(Metrics { registry, requests, seconds, running, statements, core })
    }
}

/// Measures every request. The path is the route's pattern, never what a caller sent, so that the number of series is bound.
pub async fn measure(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let path = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    #[allow(clippy::disallowed_methods, reason = "a duration is measured, no time is taken")]
    let start = Instant::now();
    metrics.running.inc();
    let response = next.run(request).await;
    metrics.running.dec();
    let status = response.status().as_u16();
    metrics
        .seconds
        .get_or_create(&Path { method: method.clone(), path: path.clone() })
        .observe(start.elapsed().as_secs_f64());
    metrics.requests.get_or_create(&Route { method, path, status }).inc();
    response
}

/// `/metrics`
pub async fn show(State(metrics): State<Arc<Metrics>>) -> Response {
    metrics.statements.set(i64::try_from(metrics.core.store.queries()).unwrap_or(i64::MAX));
    let mut text = String::new();
    match encode(&mut text, &metrics.registry) {
        Ok(()) => {
            ([("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
        }
        Err(_) => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
