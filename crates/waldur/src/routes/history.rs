//! The history of a thing: how it was after each change, for staff and support agents.

use crate::wire::{Asked, Reply, Surface, query};
use stoa_kernel::{
    Error, Result, Time, Val,
    access::{Actor, decide},
    view::{Ask, View},
};
use stoa_tenancy::version::views::{UP_TO, VERSIONS};

/// The versions of the thing that the path names. Filters of the collection apply to the thing itself: if it is not among
/// what they find, it is not found.
pub async fn list(surface: &Surface, asked: Asked, parent: &'static View, within: &'static str) -> Result<Reply> {
    let (actor, key) = thing(surface, &asked, parent).await?;
    surface.page(&asked, &actor, &VERSIONS, vec![(within, vec![key])]).await
}

/// How the thing that the path names was at an instant.
pub async fn at(surface: &Surface, asked: Asked, parent: &'static View, within: &'static str) -> Result<Reply> {
    let (actor, key) = thing(surface, &asked, parent).await?;
    let required = || Error::field("timestamp", "This parameter is required.");
    let text = asked.value("timestamp").filter(|text| !text.is_empty()).ok_or_else(required)?;
    let wrong = || Error::field("timestamp", "Invalid timestamp format. Use ISO 8601 format.");
    let time = Time::parse(text).ok_or_else(wrong)?;
    let within = vec![(within, vec![key]), (UP_TO, vec![Val::Time(time)])];
    let ask = Ask { within, limit: 1, ..Ask::default() };
    let json = surface.one(&asked, &actor, &VERSIONS, ask).await?.ok_or(Error::NotFound)?;
    Ok(Reply::raw_json(200, json))
}

/// The caller and the key of the thing.
async fn thing(surface: &Surface, asked: &Asked, parent: &'static View) -> Result<(Actor, Val)> {
    let actor = asked.actor(surface).await?;
    decide(&actor, &VERSIONS.needs, &Default::default()).required()?;
    let key = visible(surface, asked, &actor, parent, &VERSIONS).await?;
    Ok((actor, key))
}

/// The key of the thing that the path names, if the caller sees it and the collection's filters find it; names that mean
/// something in the list below it don't count.
pub async fn visible(
    surface: &Surface,
    asked: &Asked,
    actor: &Actor,
    parent: &'static View,
    list: &'static View,
) -> Result<Val> {
    let found = surface.core.find(actor, parent, asked.param("uuid")).await?;
    let mut filters = query::ask(&asked.query).filters;
    filters.retain(|(name, _)| {
        let of = |view: &View| view.filters.iter().any(|filter| filter.name == name.as_str());
        of(parent) && !of(list)
    });
    if !filters.is_empty() {
        let ask = Ask { filters, ..Ask::one(found.uuid) };
        if surface.core.look(actor, parent, &Ask { fields: vec!["uuid".into()], ..ask }).await?.rows.is_empty() {
            return Err(Error::NotFound);
        }
    }
    Ok(Val::Int(found.id))
}
