//! What has happened.

use crate::{
    route::{Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface, links::Named, query},
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::{Actor, Needs},
    field::{Field, Kind},
    id,
    view::{Ask, Column, View},
};
use stoa_tenancy::record::{
    rules, store,
    views::{EVENTS, FEED, IN_FEED, NONE, owned},
};

/// The collections.
pub const LINKS: &[(&str, &str)] = &[("event", "/api/events/")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/events/", "events_list", "events", "Event", &LIST)
        .about("What has happened to a thing; to everything, for staff and support agents."),
    Route::own(Verb::Get, "/api/events/count/", "events_count_retrieve", "events", "EventCount", &COUNT)
        .about("How many events the same question finds."),
    Route::own(Verb::Get, "/api/events/event_groups/", "events_event_groups_retrieve", "events", "", &GROUPS)
        .about("The types of events, by group."),
    Route::own(Verb::Get, "/api/events/scope_types/", "events_scope_types_retrieve", "events", "", &SCOPES)
        .about("The kinds of things that `scope` can name."),
    Route::retrieve("/api/events/{id}/", "events_retrieve", "events", "Event", &EVENTS),
    Route::own(Verb::Get, "/api/events-stats/", "events_stats_list", "events-stats", "EventStats", &STATS)
        .about("How many events happened in which month, newest first."),
];

/// The filters of events, and what comes before them.
#[rustfmt::skip]
macro_rules! events_asked {
    ($($more:expr),* $(,)?) => { &[
        $($more,)*
        Field::text("auth_method", 100, "How the person was signed in, where the event says so."),
        Field::new("created_from", Kind::Float, "At or after this instant, in seconds since 1970."),
        Field::new("created_to", Kind::Float, "Before this instant, in seconds since 1970."),
        Field::new("customer_uuid", Kind::Uuid, "Events in the feed of this organization."),
        Field::new("event_type", Kind::Texts, "One or more types."),
        Field::new("feature", Kind::Texts, "One or more groups of types."),
        Field::text("message", 1000, "Part of the sentence, any case."),
        Field::new("pat_uuid", Kind::Uuid, "The personal token that the event is about or was used for."),
        Field::new("project_uuid", Kind::Uuid, "Events in the feed of this project."),
        Field::new("related_user_uuid", Kind::Uuid, "Events that concern this user."),
        Field::text("scope", 1000, "Address of the thing whose feed is meant."),
        Field::new("user_uuid", Kind::Uuid, "Who did it."),
    ] };
}

static LIST: Own = Own::new(|surface, asked| Box::pin(list(surface, asked)), Needs::SignedIn)
    .query(events_asked!(
        Field::new("field", Kind::Texts, "Names of the fields to show."),
        Field::text("o", 300, "The order: `created` or `-created`."),
    ))
    .answer(200, Shape::Rows(&EVENTS))
    .counts();

async fn list(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let (view, within) = feed(surface, &asked, &actor).await?;
    surface.page(&asked, &actor, view, within).await
}

static COUNT: Own = Own::new(|surface, asked| Box::pin(count(surface, asked)), Needs::SignedIn)
    .query(events_asked!(Field::new("field", Kind::Texts, "Ignored.")))
    .object(200, &[Column::new("count", Kind::Int, "", "How many.")])
    .counts();

async fn count(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let (view, ask) = question(surface, &asked, &actor).await?;
    let total = surface.core.look(&actor, view, &ask).await?.total;
    Ok(if asked.head { Reply::count(total) } else { Reply::json(200, &json!({"count": total})) })
}

static STATS: Own = Own::new(|surface, asked| Box::pin(by_month(surface, asked)), Needs::SignedIn)
    .query(events_asked!())
    .answer(
        200,
        Shape::List(&[
            Column::new("year", Kind::Int, "", "The year."),
            Column::new("month", Kind::Int, "", "The month, from 1."),
            Column::new("count", Kind::Int, "", "How many."),
        ]),
    )
    .counts();

async fn by_month(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let (view, ask) = question(surface, &asked, &actor).await?;
    Ok(surface.page_of(&asked, &store::by_month(&surface.core, &actor, view, &ask).await?))
}

static GROUPS: Own = Own::new(|_, asked| Box::pin(async move { Ok(known(&asked, rules::groups())) }), Needs::SignedIn)
    .query(&[Field::new("field", Kind::Texts, "Ignored.")])
    .answer(200, Shape::Any)
    .counts();

static SCOPES: Own =
    Own::new(|_, asked| Box::pin(async move { Ok(known(&asked, rules::scope_types())) }), Needs::SignedIn)
        .query(&[Field::new("field", Kind::Texts, "Ignored.")])
        .answer(200, Shape::Any)
        .counts();

/// What is the same for everybody, or how much of it there is.
fn known(asked: &Asked, all: Value) -> Reply {
    let many = all.as_object().map(serde_json::Map::len).or(all.as_array().map(Vec::len)).unwrap_or(0);
    if asked.head { Reply::count(i64::try_from(many).unwrap_or(0)) } else { Reply::json(200, &all) }
}

/// What the query asks for, without a page.
async fn question(surface: &Surface, asked: &Asked, actor: &Actor) -> Result<(&'static View, Ask)> {
    let (view, within) = feed(surface, asked, actor).await?;
    Ok((view, Ask { filters: query::ask(&asked.query).filters, within, ..Ask::default() }))
}

type Feed = (&'static View, Vec<(&'static str, Vec<Val>)>);

/// The events among which the query asks: those of the thing that `scope` names, or all for those who see all. Others get
/// none without a scope, whatever else they ask for (reference/events-and-quotas.md, section 3).
async fn feed(surface: &Surface, asked: &Asked, actor: &Actor) -> Result<Feed> {
    let none = Ok((&EVENTS, vec![(NONE, Vec::new())]));
    let Some(scope) = asked.value("scope").filter(|scope| !scope.is_empty()) else {
        return if actor.sees_all() { Ok((&EVENTS, Vec::new())) } else { none };
    };
    let shown: String = scope.chars().take(200).collect();
    let unknown = || Error::field("scope", format!("Can't restore object from url: {shown}"));
    let (thing, key) = named(surface, scope).ok_or_else(unknown)?;
    let view = surface.core.view_of(thing).ok_or_else(unknown)?;
    let found = surface.core.find(actor, view, &key).await.map_err(|error| match error {
        Error::NotFound => unknown(),
        other => other,
    })?;
    let permitted = actor.sees_all()
        || match thing {
            "customer" => owned(actor).contains(&found.id),
            // Others see the person, but not when and from where he signs in.
            "user" => found.id == actor.id,
            _ => true,
        };
    match permitted {
        true => Ok((&FEED, vec![(IN_FEED, vec![Val::from(found.thing), Val::Int(found.id)])])),
        false => none,
    }
}

/// The kind and the key of the thing at an address.
fn named(surface: &Surface, address: &str) -> Option<(&'static str, String)> {
    if id::parse(address.trim()).is_some() {
        return None;
    }
    super::links().find_map(|(thing, _)| match surface.links().read(thing, address) {
        Named::Key(key) => Some((thing, key)),
        _ => None,
    })
}
