//! `/api/access/explain/`: why somebody may do something, or what is missing; `/api/access/checkpoints/`: the signed
//! checkpoints of the record.

use crate::{
    route::{Own, Route, Verb},
    wire::{Asked, Reply, Surface},
};
use stoa_kernel::{
    Error, Result, Time,
    access::Needs,
    field::{
        Field,
        Kind::{self, Bool, Json, Text},
    },
    view::Column,
};
use stoa_tenancy::{
    access::explain::{Question, explain_to},
    audit::views::CHECKPOINTS,
};

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/access/explain/", "access_explain_retrieve", "access", "Explanation", &EXPLAIN)
        .about("Why somebody may do something, or what is missing and who could give it; now, or as of an instant."),
    Route::list("/api/access/checkpoints/", "access_checkpoints_list", "access", "AuditCheckpoint", &CHECKPOINTS),
];

#[rustfmt::skip]
static EXPLAIN: Own = Own::new(|surface, asked| Box::pin(explain(surface, asked)), Needs::SignedIn)
    .query(&[
        Field::text("user", 150, "Name or identifier of the person; oneself if left out."),
        Field::text("action", 100, "An action such as project.update, or a permission such as PROJECT.UPDATE."),
        Field::text("scope", 500, "Address or identifier of the thing."),
        Field::new("at", Kind::Time, "The instant in question; now if left out."),
    ])
    .object(200, &[
        Column::new("allowed", Bool, "", "Whether it is allowed."),
        Column::new("reasons", Json, "", "Why, or why not: data, each with its sentence as text."),
        Column::new("sentence", Text, "", "The whole in words."),
        Column::new("user", Json, "", "The person: uuid, username, full_name."),
        Column::new("action", Text, "", "The action or permission."),
        Column::new("scope", Json, "", "The thing: type, uuid, name.").nullable(),
        Column::new("at", Kind::Time, "", "The instant."),
    ]);

async fn explain(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let at = match asked.value("at").filter(|text| !text.is_empty()) {
        Some(text) => Some(Time::parse(text).ok_or_else(|| Error::field("at", "Enter a valid date/time."))?),
        None => None,
    };
    let question = Question {
        user: asked.value("user").unwrap_or_default(),
        action: asked.value("action").unwrap_or_default(),
        scope: asked.value("scope").filter(|text| !text.is_empty()),
        at,
    };
    if question.action.is_empty() {
        return Err(Error::field("action", "This field is required."));
    }
    Ok(Reply::json(200, &explain_to(&surface.core, &actor, question).await?))
}
