//! Projects that the program makes for somebody: by a group invitation, or by a rule for new people.
//!
//! The name comes from a template, and two people can have the same name. A template that names the person means a project
//! of this person: it is used again only if it was made for him, or if he holds the role there already; whoever else
//! resolves to the same name gets a project with a name of its own. A template that names nobody means one project for all.

pub mod rules;
pub mod store;

use crate::{
    access::permissions::Permission,
    customer,
    grant::store::Person,
    project::{actions::CREATE, views::PROJECTS},
};
use serde_json::json;
use std::collections::BTreeMap;
use stoa_kernel::{
    Error, Result,
    access::{Actor, Found, Needs},
    action::Cx,
    event::Event,
    field::{Input, Mode},
    id::{self, Uuid},
};

/// Which project somebody gets.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Key of the organization.
    pub customer_id: i64,
    /// The name that the template gives.
    pub name: &'a str,
    /// Who gets it.
    pub person: &'a Person,
    /// Key of the role that he gets there.
    pub role_id: i64,
    /// Whether it is his own, or one for all.
    pub personal: bool,
}

/// What there is.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// This project is meant.
    Existing(Uuid),
    /// A project with this name is to be made.
    New(String),
}

/// How many names are tried.
const TRIES: usize = 100;

/// Finds the project that is meant, or the name of the one to make. Nobody else makes one in this organization meanwhile, so
/// what is found here holds until the transaction ends. Also says how many live projects have the name of the template.
///
/// # Errors
/// A conflict if every name that could be made of it is taken.
pub async fn look(cx: &mut Cx<'_>, wanted: Wanted<'_>) -> Result<(Place, usize)> {
    customer::store::lock(cx.tx, wanted.customer_id).await?;
    let mut count = 0;
    for number in 0..TRIES {
        let name = rules::name(wanted.name, &wanted.person.username, number);
        let known = store::named(cx.tx, &wanted, &name, cx.now).await?;
        if number == 0 {
            count = known.len();
        }
        if let Some((uuid, _)) = known.iter().find(|(_, own)| *own || !wanted.personal) {
            return Ok((Place::Existing(*uuid), count));
        }
        if known.is_empty() {
            return Ok((Place::New(name), count));
        }
    }
    Err(Error::Conflict("Every name for the new project is taken.".into()))
}

/// Makes a project in the name of an actor, who must have the right to make projects there. For a personal one it is noted
/// whose it is.
///
/// # Errors
/// As the creation of a project; forbidden if the actor may not make one.
pub async fn make(
    cx: &mut Cx<'_>,
    maker: &Actor,
    customer: &Found,
    (name, description): (&str, &str),
    owner: Option<i64>,
) -> Result<(Found, Vec<Event>)> {
    let (core, now) = (cx.core, cx.now);
    let body = json!({"name": name, "description": description, "customer": id::hex(&customer.uuid)});
    let mut input = Input::read(CREATE.fields, &body, Mode::Whole)?;
    input.set("customer", customer.id);
    let (mode, links, found) = (Mode::Whole, BTreeMap::new(), customer.clone());
    let mut inner = Cx { tx: &mut *cx.tx, core, actor: maker, found, links, now, mode, body: &body };
    inner.decide(&Needs::Permission(Permission::ProjectCreate.id(), &["itself"]), customer).required()?;
    let done = (CREATE.run)(&mut inner, input).await?;
    let uuid = done.uuid.ok_or_else(|| Error::broken("a project without an identifier"))?;
    let found = cx.find(&PROJECTS, uuid).await?.ok_or(Error::NotFound)?;
    if let Some(owner) = owner {
        store::note(cx.tx, found.id, owner).await?;
    }
    Ok((found, done.events))
}
