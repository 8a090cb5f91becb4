//! The API about itself.

use crate::{
    route::{Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use http::{HeaderValue, header};
use stoa_kernel::{Result, access::Needs, field::Field, field::Kind};

/// The operations.
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/schema/", "schema_retrieve", "schema", "", &SCHEMA)
        .about("The OpenAPI description of this API.")
        .anonymous(),
    Route::own(Verb::Get, "/api/docs/", "docs_retrieve", "schema", "", &DOCS)
        .about("The documentation of this API, for people.")
        .anonymous(),
];

static SCHEMA: Own = Own::new(|surface, asked| Box::pin(schema(surface, asked)), Needs::Nothing)
    .query(&[Field::new("format", Kind::Text, "Ignored: the description is JSON.")])
    .answer(200, Shape::Any);

static DOCS: Own =
    Own::new(|surface, asked| Box::pin(docs(surface, asked)), Needs::Nothing).answer(200, Shape::Other("text/html"));

async fn schema(surface: &Surface, _asked: Asked) -> Result<Reply> {
    let reply = Reply::raw_json(200, surface.schema());
    Ok(reply.with(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
}

async fn docs(surface: &Surface, _asked: Asked) -> Result<Reply> {
    let page = surface.docs();
    let reply = Reply::bytes(200, HeaderValue::from_static("text/html; charset=utf-8"), page.html.clone());
    let reply = reply.with_text(header::CONTENT_SECURITY_POLICY, &page.policy);
    Ok(reply.with(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
}
