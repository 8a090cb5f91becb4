//! Grants on behalf of somebody who is not the caller: the one who invited, or who wrote an invitation for a group.
//!
//! What an invitation promised is no right of its own (security case C7). When it is answered, its author is looked at as he
//! is **now**: he must still be active, may still bring people in there, and hold what the role carries by now. The grant is
//! his.

use super::{
    actions::{self, give, suits, under_ceiling},
    rules::{self, Team, Traits},
    scene::Scene,
    store::{self, Person},
};
use crate::{access::permissions::Permission::CustomerCreatePermission, role, settings::Settings};
use std::collections::BTreeMap;
use stoa_kernel::{
    Error, Result, Time,
    access::{Actor, Decision, Found, Needs, Role, decide},
    action::Cx,
    event::Event,
    id::{self, Uuid},
};

/// The events that a grant may record: part of `events` of every action that calls [`grant`].
pub const EVENTS: &[&str] = &["role_granted", "role_updated"];

/// A grant that was made.
#[derive(Debug)]
pub struct Given {
    /// The grant.
    pub uuid: Uuid,
    /// What goes on record; `None` if the person had the role already for at least as long.
    pub event: Option<Event>,
}

/// The scope of this kind with this identifier, whoever sees it; `None` if there is none, or no such kind.
pub async fn scope(cx: &mut Cx<'_>, kind: &str, uuid: Uuid) -> Result<Option<Found>> {
    match rules::team(kind).and_then(|team| cx.core.view_of(team.scope)) {
        Some(view) => cx.find(view, uuid).await,
        None => Ok(None),
    }
}

/// Whether somebody may bring people into a scope by invitation: with the permission to grant there or above, or, being one
/// who manages the team of its organization, into anything of the organization (reference/invitations.md, section 1).
pub fn may_invite(actor: &Actor, team: &Team, scope: &Found) -> Decision {
    let there = decide(actor, &Needs::Permission(team.create.id(), team.places), scope);
    if there.allowed {
        return there;
    }
    let above = decide(actor, &Needs::Permission(CustomerCreatePermission.id(), &["customer"]), scope);
    if above.allowed { above } else { there }
}

/// Gives a role to a person in the name of another user, if that user could do it now.
///
/// # Errors
/// Invalid, with a reason, for whatever stands against it; nothing is granted then.
pub async fn grant(
    cx: &mut Cx<'_>,
    by: i64,
    (kind, scope_uuid): (&str, Uuid),
    role: Uuid,
    person: Uuid,
    until: Option<Time>,
) -> Result<Given> {
    let offer = Offer::of(cx, by, (kind, scope_uuid), role, person).await?;
    if !may_invite(&offer.actor, offer.team, &offer.scope).allowed {
        return Err(no_more());
    }
    let Offer { giver, actor, scope, role, person, .. } = offer;
    let (tx, links, found) = (&mut *cx.tx, BTreeMap::new(), scope.clone());
    let (core, now, mode, body) = (cx.core, cx.now, cx.mode, cx.body);
    let cx = &mut Cx { tx, core, actor: &actor, found, links, now, mode, body };
    give_as(cx, &giver, scope, role, person, until).await.map_err(in_words)
}

/// A role that somebody may hold for a time because another one made him eligible for it.
#[derive(Debug, Clone, Copy)]
pub struct Loan<'a> {
    /// Key of the one who made him eligible.
    pub by: i64,
    /// Kind and identifier of the scope.
    pub scope: (&'a str, Uuid),
    /// The role.
    pub role: Uuid,
    /// The person.
    pub person: Uuid,
    /// Until when.
    pub until: Time,
    /// What the grant says of where it comes from.
    pub source: &'a str,
}

/// Gives a role for a time in the name of another user, if that user could give it by hand now: the grant and its event.
///
/// # Errors
/// Invalid, with a reason, for whatever stands against it; conflict if the person holds the role there already.
pub async fn lend(cx: &mut Cx<'_>, loan: Loan<'_>) -> Result<(Uuid, Event)> {
    let offer = Offer::of(cx, loan.by, loan.scope, loan.role, loan.person).await?;
    let needs = Needs::Permission(offer.team.create.id(), offer.team.places);
    if !decide(&offer.actor, &needs, &offer.scope).allowed {
        return Err(no_more());
    }
    let Offer { giver, actor, scope, role, person, .. } = offer;
    let (tx, links, found) = (&mut *cx.tx, BTreeMap::new(), scope.clone());
    let (core, now, mode, body) = (cx.core, cx.now, cx.mode, cx.body);
    let cx = &mut Cx { tx, core, actor: &actor, found, links, now, mode, body };
    let mut scene = Scene::of_new(cx, scope, role, person, Some(loan.until)).await.map_err(in_words)?;
    if scene.open(cx).await?.is_some() {
        return Err(Error::Conflict("The person holds this role here already.".into()));
    }
    loan.source.clone_into(&mut scene.source);
    let (uuid, event) = give(cx, &scene).await.map_err(in_words)?;
    let event = event.fact("granted_by_uuid", id::hex(&giver.uuid)).fact("granted_by_username", giver.username.clone());
    Ok((uuid, event))
}

fn no_more() -> Error {
    Error::invalid("The person who offered this role may no longer give it here.")
}

/// What is known before a role is given in somebody's name.
struct Offer {
    giver: Person,
    actor: Actor,
    team: &'static Team,
    scope: Found,
    role: Role,
    person: Person,
}

impl Offer {
    async fn of(cx: &mut Cx<'_>, by: i64, place: (&str, Uuid), role: Uuid, person: Uuid) -> Result<Offer> {
        let no = |text: &str| Error::invalid(text);
        let giver = store::person_by_id(&mut *cx.tx, by).await?.filter(|giver| giver.is_active);
        let giver = giver.ok_or_else(|| no("The person who offered this role is no longer active."))?;
        let actor = cx.on_behalf_of(giver.uuid).await?.ok_or(Error::NotFound)?;
        let gone = || no("The role is offered at something that no longer exists.");
        let team = rules::team(place.0).ok_or_else(gone)?;
        let scope = scope(cx, place.0, place.1).await?.ok_or_else(gone)?;
        let role = role::store::named(cx.tx, &id::hex(&role)).await?.ok_or_else(|| no("Role is not found."))?;
        let person = store::person(&mut *cx.tx, person).await?.filter(|person| person.is_active);
        let person = person.ok_or_else(|| no("User is not found or not active."))?;
        Ok(Offer { giver, actor, team, scope, role, person })
    }
}

/// Gives the role as the actor of this context, who is the giver.
async fn give_as(
    cx: &mut Cx<'_>,
    giver: &Person,
    scope: Found,
    role: Role,
    person: Person,
    until: Option<Time>,
) -> Result<Given> {
    let scene = Scene::of_new(cx, scope, role, person, until).await?;
    if let Some(open) = scene.open(cx).await?.filter(|open| rules::covers(open.until, until)) {
        return Ok(Given { uuid: open.uuid, event: None });
    }
    let (uuid, event) = give(cx, &scene).await?;
    let event = event.fact("granted_by_uuid", id::hex(&giver.uuid)).fact("granted_by_username", giver.username.clone());
    Ok(Given { uuid, event: Some(event) })
}

/// What the giver may not do is no refusal of the caller: it is a reason why this can't be answered.
fn in_words(error: Error) -> Error {
    match error {
        Error::Forbidden(decision) => {
            let because: Vec<String> = decision.because.iter().map(|reason| reason.sentence()).collect();
            Error::invalid(format!("The person who offered this role may no longer give it. {}", because.join(" ")))
        }
        other => other,
    }
}

/// Whether the caller may offer this role here, to somebody at an address or (`None`) to whoever will answer. What depends
/// on the person himself is found out when he answers.
///
/// # Errors
/// Forbidden for what the caller may not hand on; invalid for what nobody may; an address that can't get in is an error of
/// the field `email`.
pub async fn would_allow(cx: &mut Cx<'_>, scope: &Found, role: Role, email: Option<&str>) -> Result<()> {
    let team = rules::team(scope.thing).ok_or_else(|| Error::broken("an offer at an unknown kind of scope"))?;
    may_invite(cx.actor, team, scope).required()?;
    let traits = Traits { email: email.unwrap_or_default().to_owned(), ..Traits::default() };
    let person = Person { is_active: true, traits, ..Person::default() };
    let scene = Scene::of_new(cx, scope.clone(), role, person, None).await?;
    suits(cx, &scene).await?;
    if let Some(email) = email {
        admits_address(cx, &scene, email).await?;
    }
    under_ceiling(cx, &scene).required().map(|_| ())
}

async fn admits_address(cx: &mut Cx<'_>, scene: &Scene, email: &str) -> Result<()> {
    let settings = Settings::load(&mut *cx.tx).await?;
    actions::one_manager(cx, scene, &settings).await?;
    let refused = |scope: &str| {
        let text = format!("Email does not match the membership restrictions of the {scope}.");
        Err(Error::field("email", text))
    };
    if matches!(scene.team.scope, "customer" | "project") && scene.organization.restriction.refuses_address(email) {
        return refused("customer");
    }
    if scene.project.as_ref().is_some_and(|project| project.restriction.refuses_address(email)) {
        return refused("project");
    }
    if actions::preapproved_only(scene, &settings) && !is_known(cx, scene, email).await? {
        return Err(Error::field("email", actions::NOT_PREAPPROVED));
    }
    Ok(())
}

/// Whether the organization's or the project's patterns name this address, or somebody of the organization has it.
async fn is_known(cx: &mut Cx<'_>, scene: &Scene, email: &str) -> Result<bool> {
    let known = actions::is_preapproved(cx, scene).await?;
    Ok(known || store::is_known_address(cx.tx, email, scene.customer_id, cx.now).await?)
}
