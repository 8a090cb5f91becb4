//! Giving what a request asks for: the role, and first the project in which it is given, where the invitation makes one.

use super::store::Stored;
use crate::{
    grant::{behalf, direct, store::Person},
    group_invitation::{offer, rules::Parts, store::Stored as Invitation},
    personal_project::{
        self, Place, Wanted,
        rules::{DEFAULT, is_personal, resolve},
    },
    project::views::PROJECTS,
    role,
};
use std::collections::BTreeMap;
use stoa_kernel::{
    Error, Result,
    access::{Actor, Found, Role},
    action::Cx,
    event::Event,
    id::Uuid,
};

/// An invitation with what it names.
#[derive(Debug)]
pub struct Offered {
    /// The invitation.
    pub stored: Invitation,
    /// Its organization or project.
    pub scope: Found,
    /// Its role.
    pub role: Role,
    /// Its role in a project that is made.
    pub project_role: Option<Role>,
}

impl Offered {
    /// Reads what an invitation names.
    ///
    /// # Errors
    /// Invalid if the scope is gone.
    pub async fn of(cx: &mut Cx<'_>, stored: Invitation) -> Result<Offered> {
        let offered = Offered::even_gone(cx, stored).await?;
        match offered.scope.state.as_deref() {
            Some("Removed") => Err(Error::invalid("The role is offered at something that no longer exists.")),
            _ => Ok(offered),
        }
    }

    /// The same; a project may be removed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn even_gone(cx: &mut Cx<'_>, stored: Invitation) -> Result<Offered> {
        let scope = behalf::scope(cx, &stored.scope, stored.scope_uuid).await?;
        let scope = scope.ok_or_else(|| Error::broken("an invitation without its scope"))?;
        let role = role::store::by_id(cx.tx, stored.role_id).await?;
        let project_role = match stored.project_role_id {
            Some(id) => Some(role::store::by_id(cx.tx, id).await?),
            None => None,
        };
        Ok(Offered { stored, scope, role, project_role })
    }

    /// Its parts, for decisions.
    pub fn parts(&self) -> Parts<'_> {
        Parts {
            scope: self.scope.thing,
            role: &self.role,
            project_role: self.project_role.as_ref(),
            auto_create: self.stored.auto_create_project,
            public: self.stored.is_public,
        }
    }
}

/// In whose name a role is given.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// The caller, who approves.
    Caller,
    /// The author of the invitation, as he is now.
    Author(&'a Actor),
}

/// What was done.
#[derive(Debug, Default)]
pub struct Fulfilled {
    /// What goes on record.
    pub events: Vec<Event>,
    /// The project in which the role was given, and whether it was made for it.
    pub project: Option<(Uuid, bool)>,
}

/// The author of an invitation, if he could make it now: so that it may be fulfilled in his name. A refusal is no error: the
/// request then waits for somebody who can.
pub async fn author(cx: &mut Cx<'_>, offered: &Offered) -> Result<Option<Actor>> {
    let Some(id) = offered.stored.author else { return Ok(None) };
    let person = crate::grant::store::person_by_id(&mut *cx.tx, id).await?;
    let Some(person) = person.filter(|person| person.is_active) else { return Ok(None) };
    let Some(actor) = cx.on_behalf_of(person.uuid).await? else { return Ok(None) };
    if offered.stored.is_public && !actor.is_staff() {
        return Ok(None);
    }
    let (core, now, mode, body, found) = (cx.core, cx.now, cx.mode, cx.body, offered.scope.clone());
    let mut his = Cx { tx: &mut *cx.tx, core, actor: &actor, found, links: BTreeMap::new(), now, mode, body };
    match offer::check(&mut his, &offered.scope, offered.parts()).await {
        Ok(()) => Ok(Some(actor)),
        Err(Error::Forbidden(_) | Error::Invalid(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Gives what a request asks for.
///
/// # Errors
/// Whatever stands against the role or the project; then nothing of it stays.
pub async fn fulfil(
    cx: &mut Cx<'_>,
    offered: &Offered,
    request: &Stored,
    person: &Person,
    by: By<'_>,
) -> Result<Fulfilled> {
    let role = offered.parts().granted().clone();
    let mut done = Fulfilled::default();
    let scope = match offered.stored.auto_create_project {
        true => project(cx, offered, request, (person, &role), by, &mut done).await?,
        false => offered.scope.clone(),
    };
    let given = match by {
        By::Caller => direct::give(cx, scope, role, person.clone(), "").await?,
        By::Author(_) => {
            let author = offered.stored.author.unwrap_or_default();
            behalf::grant(cx, author, (scope.thing, scope.uuid), role.uuid, person.uuid, None).await?
        }
    };
    done.events.extend(given.event);
    Ok(done)
}

/// The project that is meant, made if there is none. What a person calls it himself is always his own: otherwise he would
/// choose by its name whose project he enters.
async fn project(
    cx: &mut Cx<'_>,
    offered: &Offered,
    request: &Stored,
    (person, role): (&Person, &Role),
    by: By<'_>,
    done: &mut Fulfilled,
) -> Result<Found> {
    let template = offered.stored.template.as_deref().filter(|text| !text.is_empty()).unwrap_or(DEFAULT);
    let custom = offered.stored.allow_custom_project_details && !request.project_name.is_empty();
    let (name, personal) = match custom {
        true => (request.project_name.clone(), true),
        false => (resolve(template, person), is_personal(template)),
    };
    let customer_id = offered.scope.id;
    let wanted = Wanted { customer_id, name: &name, person, role_id: role.id, personal };
    let (place, _) = personal_project::look(cx, wanted).await?;
    let maker = match by {
        By::Caller => cx.actor,
        By::Author(actor) => actor,
    };
    match place {
        Place::Existing(uuid) => {
            done.project = Some((uuid, false));
            cx.find(&PROJECTS, uuid).await?.ok_or(Error::NotFound)
        }
        Place::New(name) => {
            let texts = (name.as_str(), request.project_description.as_str());
            let owner = personal.then_some(person.id);
            let (found, events) = personal_project::make(cx, maker, &offered.scope, texts, owner).await?;
            done.project = Some((found.uuid, true));
            done.events.extend(events);
            Ok(found)
        }
    }
}
