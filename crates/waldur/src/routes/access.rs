//! `/api/access/…`: why somebody may do something or who may, what somebody can do and how that differs, what happened; what every
//! role carries; and the signed checkpoints of the record.

use crate::{
    route::{Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use http::{HeaderValue, header};
use stoa_kernel::{
    Error, Result, Time,
    access::Needs,
    field::{
        Field,
        Kind::{self, Bool, Int, Json, Text},
    },
    view::Column,
};
use stoa_tenancy::{
    access::{
        explain::{Question, explain_to},
        matrix, timeline, what, who,
    },
    audit::views::CHECKPOINTS,
};

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/access/explain/", "access_explain_retrieve", "access", "Explanation", &EXPLAIN)
        .about("Why somebody may do something, or what is missing and who could give it; now, or as of an instant."),
    Route::own(Verb::Get, "/api/access/who/", "access_who_retrieve", "access", "AccessWho", &WHO)
        .about("Who can do something to a thing, and through what; now, or as of an instant."),
    Route::own(Verb::Get, "/api/access/what/", "access_what_retrieve", "access", "AccessWhat", &WHAT)
        .about("What somebody can do, and where; with a thing, which actions on it; now, or as of an instant."),
    Route::own(Verb::Get, "/api/access/compare/", "access_compare_retrieve", "access", "AccessComparison", &COMPARE)
        .about("How two people, or one person at two instants, differ in what they can do."),
    Route::own(Verb::Get, "/api/access/timeline/", "access_timeline_retrieve", "access", "AccessTimeline", &TIMELINE)
        .about("What happened to the roles of a person, or at a thing, the latest first."),
    Route::own(Verb::Get, "/api/access/matrix/", "access_matrix_retrieve", "access", "AccessMatrix", &MATRIX)
        .about("What every role of this installation carries, and in what it differs from what ships."),
    Route::own(Verb::Get, "/api/access/matrix/csv/", "access_matrix_csv_retrieve", "access", "", &MATRIX_CSV)
        .about("The same as a table for a spreadsheet."),
    Route::list("/api/access/checkpoints/", "access_checkpoints_list", "access", "AuditCheckpoint", &CHECKPOINTS),
];

const USER: Field = Field::text("user", 150, "Name or identifier of the person; oneself if left out.");
const ACTION: Field =
    Field::text("action", 100, "An action such as project.update, or a permission such as PROJECT.UPDATE.");
const SCOPE: Field = Field::text("scope", 500, "Address or identifier of the thing.");
const AT: Field = Field::new("at", Kind::Time, "The instant in question; now if left out.");

const PERSON: Column = Column::new("user", Json, "", "The person: uuid, username, full_name.");
const THING: Column = Column::new("scope", Json, "", "The thing: type, uuid, name.").nullable();
const INSTANT: Column = Column::new("at", Kind::Time, "", "The instant.");

#[rustfmt::skip]
static EXPLAIN: Own = Own::new(|surface, asked| Box::pin(explain(surface, asked)), Needs::SignedIn)
    .query(&[USER, ACTION, SCOPE, AT])
    .object(200, &[
        Column::new("allowed", Bool, "", "Whether it is allowed."),
        Column::new("reasons", Json, "", "Why, or why not: data, each with its sentence as text."),
        Column::new("sentence", Text, "", "The whole in words."),
        PERSON,
        Column::new("action", Text, "", "The action or permission."),
        THING,
        INSTANT,
    ]);

async fn explain(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let question =
        Question { user: text(&asked, "user"), action: action(&asked)?, scope: scope(&asked), at: time(&asked, "at")? };
    Ok(Reply::json(200, &explain_to(&surface.core, &actor, question).await?))
}

#[rustfmt::skip]
static WHO: Own = Own::new(|surface, asked| Box::pin(ask_who(surface, asked)), Needs::SignedIn)
    .query(&[ACTION, SCOPE, AT])
    .object(200, &[
        Column::new("action", Text, "", "The action or permission."),
        THING,
        INSTANT,
        Column::new("everybody", Bool, "", "Whether anybody who is signed in can."),
        Column::new("people", Json, "", "Those who can: user, and reasons as in an explanation."),
        Column::new("hidden", Int, "", "How many more can whose roles are where the asker does not see the team."),
        Column::new("staff", Int, "", "How many members of staff and support agents can."),
    ]);

async fn ask_who(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let at = time(&asked, "at")?;
    Ok(Reply::json(200, &who::who(&surface.core, &actor, action(&asked)?, scope(&asked), at).await?))
}

#[rustfmt::skip]
static WHAT: Own = Own::new(|surface, asked| Box::pin(ask_what(surface, asked)), Needs::SignedIn)
    .query(&[USER, SCOPE, AT])
    .object(200, &[
        PERSON,
        INSTANT,
        Column::new("staff", Bool, "", "Whether he is staff.").absent(),
        Column::new("support", Bool, "", "Whether he is a support agent.").absent(),
        Column::new("disabled", Bool, "", "Whether his account can't be used.").absent(),
        Column::new("scopes", Json, "", "Where he holds roles: type, uuid, name, customer_name, permissions, and through which grants.").absent(),
        Column::new("scope", Json, "", "The thing that was asked about: type, uuid, name.").absent(),
        Column::new("actions", Json, "", "The actions on it: action, about, allowed, sentence.").absent(),
    ]);

async fn ask_what(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let side = what::Side { user: text(&asked, "user"), at: time(&asked, "at")? };
    Ok(Reply::json(200, &what::what(&surface.core, &actor, side, scope(&asked)).await?))
}

#[rustfmt::skip]
static COMPARE: Own = Own::new(|surface, asked| Box::pin(compare(surface, asked)), Needs::SignedIn)
    .query(&[
        USER, AT,
        Field::text("other", 150, "Name or identifier of the other person; the same person if left out."),
        Field::new("other_at", Kind::Time, "The other instant; now if left out."),
    ])
    .object(200, &[
        Column::new("first", Json, "", "Who, and when."),
        Column::new("second", Json, "", "Who, and when, it is compared with."),
        Column::new("differences", Json, "", "By scope: what only the first and only the second can do, and through which grants."),
    ]);

async fn compare(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let one = what::Side { user: text(&asked, "user"), at: time(&asked, "at")? };
    let other = match text(&asked, "other") {
        "" => one.user,
        other => other,
    };
    let other = what::Side { user: other, at: time(&asked, "other_at")? };
    Ok(Reply::json(200, &what::compare(&surface.core, &actor, one, other).await?))
}

#[rustfmt::skip]
static TIMELINE: Own = Own::new(|surface, asked| Box::pin(ask_timeline(surface, asked)), Needs::SignedIn)
    .query(&[
        USER, SCOPE,
        Field::new("from", Kind::Time, "Not before this instant."),
        Field::new("until", Kind::Time, "Not after this instant."),
        Field::new("offset", Int, "How many lines to skip."),
    ])
    .object(200, &[
        Column::new("from", Kind::Time, "", "From when."),
        Column::new("until", Kind::Time, "", "Until when."),
        Column::new("moments", Json, "", "What happened: at, what, user, role, scope, by, until, why, and a sentence."),
        Column::new("more", Bool, "", "Whether there is more to ask for by offset."),
    ]);

async fn ask_timeline(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let offset = match text(&asked, "offset") {
        "" => 0,
        text => text
            .parse()
            .ok()
            .filter(|n| (0..=1_000_000).contains(n))
            .ok_or_else(|| Error::field("offset", "A valid integer is required."))?,
    };
    let span = timeline::Span {
        user: text(&asked, "user"),
        scope: scope(&asked),
        from: time(&asked, "from")?,
        until: time(&asked, "until")?,
        offset,
    };
    Ok(Reply::json(200, &timeline::timeline(&surface.core, &actor, span).await?))
}

#[rustfmt::skip]
static MATRIX: Own = Own::new(|surface, asked| Box::pin(show_matrix(surface, asked)), Needs::SignedIn)
    .object(200, &[
        Column::new("roles", Json, "", "The roles: uuid, name, description, content_type, is_active, shipped, customer_uuid and customer_name of an organization's own, and (for staff and support \
            agents) differences from what ships: what, value, shipped, since, by."),
        Column::new("permissions", Json, "", "The permissions: name, group, about, and cells by role: yes, no, added or removed."),
    ]);

async fn show_matrix(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    Ok(Reply::json(200, &matrix::read(&surface.core, &actor).await?.told(actor.sees_all())))
}

static MATRIX_CSV: Own = Own::new(|surface, asked| Box::pin(export_matrix(surface, asked)), Needs::SignedIn)
    .answer(200, Shape::Other("text/csv"));

async fn export_matrix(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let csv = matrix::read(&surface.core, &actor).await?.csv();
    let name = HeaderValue::from_static("attachment; filename=\"permission-matrix.csv\"");
    let reply = Reply::bytes(200, HeaderValue::from_static("text/csv; charset=utf-8"), csv);
    Ok(reply.with(header::CONTENT_DISPOSITION, name))
}

fn text<'a>(asked: &'a Asked, name: &str) -> &'a str {
    asked.value(name).unwrap_or_default()
}

fn scope(asked: &Asked) -> Option<&str> {
    asked.value("scope").filter(|text| !text.is_empty())
}

fn action(asked: &Asked) -> Result<&str> {
    match text(asked, "action") {
        "" => Err(Error::field("action", "This field is required.")),
        action => Ok(action),
    }
}

fn time(asked: &Asked, name: &'static str) -> Result<Option<Time>> {
    match asked.value(name).filter(|text| !text.is_empty()) {
        Some(text) => Ok(Some(Time::parse(text).ok_or_else(|| Error::field(name, "Enter a valid date/time."))?)),
        None => Ok(None),
    }
}
