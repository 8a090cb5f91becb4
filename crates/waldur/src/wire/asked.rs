//! A request as an operation gets it, and what an operation with a function of its own can do with it.

use super::{
    Reply, Surface,
    body::{self, Names},
    links::Named,
    query::{self, Paging},
    render::{Renderer, list, rows_are_users},
};
use http::header;
use serde_json::Value;
use stoa_kernel::{
    Error, Result, Val,
    access::{Actor, Found, Needs, decide},
    action::{Action, Done},
    door::{Call, Caller, Page, lookup_value},
    field::{Field, Input, Mode, Who},
    view::{Ask, Column, Test, View},
};

/// A request.
#[derive(Debug)]
pub struct Asked {
    /// Who calls.
    pub caller: Caller,
    /// The caller with his grants, where the operation is not open to strangers; else see [`Asked::actor`].
    pub actor: Option<Actor>,
    /// The path parameters, in order.
    pub path: Vec<(&'static str, String)>,
    /// The query parameters, in the order sent.
    pub query: Vec<(String, String)>,
    /// The body, under the names of the fields, with uuids in place of addresses; an empty object if there was none.
    pub body: Value,
    /// Whether only the difference is asked for that the operation would make; see [`SIMULATE`](super::caller::SIMULATE).
    pub simulate: bool,
    /// Whether only the headers are wanted.
    pub head: bool,
    /// Scheme and host for absolute links, without a slash at the end.
    pub base: String,
    /// The absolute address of the request without its query.
    pub address: String,
    /// Whether a page of this server caused the request.
    pub same_site: bool,
    /// The cookies as they were sent: names with values, separated by semicolons.
    pub cookies: String,
}

impl Asked {
    /// A path parameter; empty if the path has none of this name.
    pub fn param(&self, name: &str) -> &str {
        self.path.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// A query parameter; of repeated ones the last counts.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut pairs = self.cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value)
    }

    /// All values of a query parameter.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body by a table of fields, for operations that run no action.
    ///
    /// # Errors
    /// Invalid, with every field that is wrong.
    pub fn input(&self, fields: &'static [Field]) -> Result<Input> {
        Input::read(fields, &self.body, Mode::Whole)
    }

    /// The caller with his grants; a stranger where nobody is signed in.
    ///
    /// # Errors
    /// Unauthenticated for a credential that does not hold.
    pub async fn actor(&self, surface: &Surface) -> Result<Actor> {
        match &self.actor {
            Some(actor) => Ok(actor.clone()),
            None => surface.core.actor(&self.caller).await,
        }
    }

    /// What the query asks of a view, apart from the page: filters with uuids in place of addresses, orders, columns.
    fn ask(&self, surface: &Surface, view: &'static View) -> Ask {
        let mut ask = query::ask(&self.query);
        for filter in surface.core.full(view).filters {
            let Test::Link(thing, _) = filter.test else { continue };
            for (name, value) in &mut ask.filters {
                if name == filter.name && !value.is_empty() {
                    *value = match surface.links.read(thing, value) {
                        Named::Key(key) => key,
                        // No uuid has this form, so the filter finds nothing.
                        _ => "elsewhere".into(),
                    };
                }
            }
        }
        ask
    }
}

impl Surface {
    fn renderer<'a>(&'a self, asked: &'a Asked, actor: &'a Actor) -> Renderer<'a> {
        Renderer { links: &self.links, base: &asked.base, actor }
    }

    /// The absolute address of a thing.
    pub fn href(&self, asked: &Asked, thing: &str, key: &str) -> Option<String> {
        self.links.href(&asked.base, thing, key)
    }

    /// A page of a view as the query asks, with its headers. `within` are further conditions with their values.
    ///
    /// # Errors
    /// As [`stoa_kernel::door::Core::look`].
    pub async fn page(
        &self,
        asked: &Asked,
        actor: &Actor,
        view: &'static View,
        within: Vec<(&'static str, Vec<Val>)>,
    ) -> Result<Reply> {
        decide(actor, &view.needs, &Found::default()).required()?;
        let mut paging = match Paging::read(&asked.query) {
            Ok(paging) => paging,
            Err(reply) => return Ok(reply),
        };
        let mut ask = Ask { within, ..asked.ask(self, view) };
        if asked.head || paging.page.is_none() {
            let total = self.core.look(actor, view, &ask).await?.total;
            match paging.number(total) {
                Ok(number) if asked.head => return Ok(headers(Reply::count(total), asked, &paging, number, total)),
                Ok(number) => paging.page = Some(number),
                Err(reply) => return Ok(reply),
            }
        }
        (ask.limit, ask.offset) = (paging.size, paging.offset());
        let page = self.core.look(actor, view, &ask).await?;
        let number = match paging.number(page.total) {
            Ok(number) => number,
            Err(reply) => return Ok(reply),
        };
        let renderer = self.renderer(asked, actor);
        let users = rows_are_users(view);
        let mut out = String::with_capacity(page.rows.len() * page.columns.len() * 24 + 2);
        list(&mut out, &page.rows, |out, row| {
            renderer.row(out, &page.columns, users && is_actor(row.val(0), actor), |at| row.val(at + 2));
        });
        let reply = Reply::raw_json(200, out).with(super::RESULT_COUNT, page.total.into());
        Ok(headers(reply, asked, &paging, number, page.total))
    }

    /// A page of objects that are all at hand, for lists that are no view.
    pub fn page_of(&self, asked: &Asked, items: &[Value]) -> Reply {
        let paging = match Paging::read(&asked.query) {
            Ok(paging) => paging,
            Err(reply) => return reply,
        };
        let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let number = match paging.number(total) {
            Ok(number) => number,
            Err(reply) => return reply,
        };
        if asked.head {
            return headers(Reply::count(total), asked, &paging, number, total);
        }
        let skip = usize::try_from((number - 1) * paging.size).unwrap_or(usize::MAX);
        let shown = items.iter().skip(skip).take(usize::try_from(paging.size).unwrap_or(0));
        let reply = Reply::json(200, &shown.cloned().collect()).with(super::RESULT_COUNT, total.into());
        headers(reply, asked, &paging, number, total)
    }

    /// One row of a view as JSON, with the columns that the query names; `None` if the actor sees no such row.
    ///
    /// # Errors
    /// As [`stoa_kernel::door::Core::look`].
    pub async fn one(&self, asked: &Asked, actor: &Actor, view: &'static View, ask: Ask) -> Result<Option<String>> {
        let page = self.core.look(actor, view, &ask).await?;
        Ok(self.rendered(asked, actor, view, &page))
    }

    fn rendered(&self, asked: &Asked, actor: &Actor, view: &View, page: &Page) -> Option<String> {
        let row = page.rows.first()?;
        let own = rows_are_users(view) && is_actor(row.val(0), actor);
        let mut out = String::new();
        self.renderer(asked, actor).row(&mut out, &page.columns, own, |at| row.val(at + 2));
        Some(out)
    }

    /// One row of a view as the answer to a GET, found by its lookup value as text.
    ///
    /// # Errors
    /// Not found if the actor sees no such row.
    pub async fn retrieve(
        &self,
        asked: &Asked,
        actor: &Actor,
        view: &'static View,
        lookup: &str,
        within: Vec<(&'static str, Vec<Val>)>,
    ) -> Result<Reply> {
        // Who may not open the view learns nothing about its rows.
        decide(actor, &view.needs, &Found::default()).required()?;
        let lookup = lookup_value(view, lookup).ok_or(Error::NotFound)?;
        let fields = asked.values("field").map(str::to_owned).collect();
        // Filters are for lists; but what a list can be made to show can be fetched the same way.
        let mut ask = Ask { fields, within, ..Ask::one(lookup) };
        for filter in self.core.full(view).filters.iter().filter(|filter| matches!(filter.test, Test::Unhide)) {
            ask.filters.extend(asked.values(filter.name).map(|value| (filter.name.to_owned(), value.to_owned())));
        }
        let json = self.one(asked, actor, view, ask).await?.ok_or(Error::NotFound)?;
        Ok(Reply::raw_json(200, json))
    }

    /// The thing that an action made or changed, as a view shows it. If the actor no longer sees it, its uuid only.
    ///
    /// # Errors
    /// As [`stoa_kernel::door::Core::look`].
    pub async fn object(
        &self,
        asked: &Asked,
        view: &'static View,
        status: u16,
        done: &Done,
        target: Option<&str>,
    ) -> Result<Reply> {
        let made = match done.uuid {
            Some(uuid) if view.lookup.ends_with(".uuid") => Some(Val::Uuid(uuid)),
            _ => None,
        };
        let by_key = done.thing.filter(|(thing, _)| view.lookup.ends_with(".id") && *thing == view.thing);
        let lookup = made
            .or_else(|| by_key.map(|(_, id)| Val::Int(id)))
            .or_else(|| target.and_then(|target| lookup_value(view, target)));
        let actor = asked.actor(self).await?;
        if let Some(lookup) = lookup {
            // What the action left is shown even where lists no longer do.
            let ask = Ask { all_rows: true, ..Ask::one(lookup) };
            if let Some(json) = self.one(asked, &actor, view, ask).await? {
                return Ok(Reply::raw_json(status, json));
            }
        }
        let uuid = done.uuid.map(|uuid| stoa_kernel::id::hex(&uuid));
        Ok(Reply::json(status, &uuid.map_or(serde_json::json!({}), |uuid| serde_json::json!({"uuid": uuid}))))
    }

    /// Runs an action for the caller, with the body as it was sent.
    ///
    /// # Errors
    /// As [`stoa_kernel::door::Core::perform`].
    pub async fn perform(&self, asked: &Asked, action: &'static Action, target: Option<&str>) -> Result<Done> {
        let body = asked.body.clone();
        let call = Call { action, via: None, target: target.map(str::to_owned), body, mode: Mode::Whole };
        self.core.perform(&asked.caller, call).await
    }

    pub(super) async fn call(&self, asked: &Asked, call: Call, names: Names) -> Result<Done> {
        let result = self.core.perform(&asked.caller, call).await;
        result.map_err(|error| body::explain(error, names, &asked.body))
    }

    /// `Done::answer` by the columns that describe it.
    pub(super) async fn answered(
        &self,
        asked: &Asked,
        status: u16,
        many: bool,
        columns: &'static [Column],
        answer: &Value,
    ) -> Result<Reply> {
        let as_described = if many { answer.is_array() } else { answer.is_object() };
        debug_assert!(columns.is_empty() || as_described, "{} is not answered as described: {answer}", asked.address);
        // Who reads matters only for columns that not everybody sees.
        let actor = match columns.iter().any(|column| column.who != Who::Everyone) {
            true => asked.actor(self).await?,
            false => Actor::stranger(),
        };
        let renderer = self.renderer(asked, &actor);
        let mut out = String::new();
        match many {
            true => renderer.answers(&mut out, columns, answer),
            false => renderer.answer(&mut out, columns, answer),
        }
        Ok(Reply::raw_json(status, out))
    }

    /// Loads the caller for an operation that is not open, and checks what can be checked without a thing.
    pub(super) async fn admit(&self, asked: &mut Asked, needs: &Needs) -> Result<()> {
        if matches!(needs, Needs::Nothing) {
            return Ok(());
        }
        let actor = self.core.actor(&asked.caller).await?;
        let early = if without_thing(needs) { needs } else { &Needs::SignedIn };
        decide(&actor, early, &Found::default()).required()?;
        asked.actor = Some(actor);
        Ok(())
    }
}

/// Whether who may is known without looking at a thing.
fn without_thing(needs: &Needs) -> bool {
    match needs {
        Needs::Nothing | Needs::SignedIn | Needs::AnySignedIn | Needs::Staff | Needs::StaffOrSupport => true,
        Needs::InPerson(needs) => without_thing(needs),
        Needs::Permission(..) | Needs::Within(..) | Needs::Role(_) | Needs::Own => false,
        Needs::Any(several) => several.iter().all(without_thing),
    }
}

fn is_actor(key: &Val, actor: &Actor) -> bool {
    actor.id != 0 && *key == Val::Int(actor.id)
}

fn headers(reply: Reply, asked: &Asked, paging: &Paging, number: i64, total: i64) -> Reply {
    reply.with_text(header::LINK, &paging.links(&asked.address, &asked.query, number, total))
}
