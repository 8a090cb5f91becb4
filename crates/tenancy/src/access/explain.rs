//! Why somebody may do something, or what is missing and who could give it (mission R5, R6): the same decision as the one
//! that guards the action, in words and as data, now or as of an instant.
//!
//! The past is the past of grants and roles; where a thing stood is taken from the present, since things hardly ever move.

use super::{ceiling, permissions};
use crate::{
    eligibility,
    grant::{
        rules::{Team, team},
        store,
    },
    role::{self, store::Givable},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use stoa_kernel::{
    Error, Result, Time,
    access::{Actor, Decision, Found, Needs, PermissionSet, Place, Reason, Role, Scope, Stand, decide},
    action::{Action, Target},
    door::Core,
    id,
    view::View,
};

/// A question.
#[derive(Debug, Clone, Default)]
pub struct Question<'a> {
    /// Name to sign in with, or identifier, of the person; empty for the asker himself.
    pub user: &'a str,
    /// An action (`project.update`) or a permission (`PROJECT.UPDATE`).
    pub action: &'a str,
    /// The thing: its address, `KIND:IDENTIFIER`, or its identifier. Without one, an action that is done to nothing.
    pub scope: Option<&'a str>,
    /// The instant; the present if not given.
    pub at: Option<Time>,
}

/// Every place at which a permission can count, for questions about a permission instead of an action.
const EVERYWHERE: &[Place] = &[
    "itself",
    "project",
    "project.customer",
    "offering",
    "offering.customer",
    "service_provider",
    "service_provider.customer",
    "resource",
    "call",
    "call_organizer",
    "customer",
];

/// Answers a question of the program itself, which may know everything.
pub async fn explain(
    core: &Arc<Core>,
    user: &str,
    action: &str,
    scope: Option<&str>,
    at: Option<Time>,
) -> Result<Value> {
    explain_to(core, &Actor::system(), Question { user, action, scope, at }).await
}

/// Answers a question of somebody. He asks about himself on what he sees; about others only where he may see the team.
///
/// # Errors
/// Invalid for what does not exist or is not visible, forbidden for people who are not his to ask about.
pub async fn explain_to(core: &Core, asker: &Actor, question: Question<'_>) -> Result<Value> {
    let subject = Subject::read(core, question.action)?;
    let found = match question.scope {
        Some(scope) => find(core, asker, &subject, scope).await?,
        None => Found::default(),
    };
    if found.thing.is_empty() && !matches!(subject, Subject::Action(Action { target: Target::Nothing, .. })) {
        return Err(Error::field("scope", "Which thing is it about?"));
    }
    let person = person(core, asker, question.user, &found).await?;
    let at = question.at.unwrap_or_else(|| core.now());
    let decision = match question.at {
        None if !person.is_active => Decision::deny(Reason::UserDisabled),
        _ => {
            let actor = actor(core, asker, &person, question.at).await?;
            decide_all(core, &actor, &subject, &found).await?
        }
    };
    let mut decision = with_help(core, asker, decision, &found).await?;
    if person.id == asker.id || asker.sees_all() || sees_team(asker, &found) {
        eligible(core, &person, &mut decision, &found, at).await?;
    }
    Ok(json!({
        "allowed": decision.allowed,
        "reasons": reasons(core, &decision).await?,
        "sentence": decision.to_string(),
        "user": {"uuid": id::hex(&person.uuid), "username": person.username, "full_name": person.full_name},
        "action": question.action,
        "scope": (!found.thing.is_empty())
            .then(|| json!({"type": found.thing, "uuid": id::hex(&found.uuid), "name": found.name})),
        "at": at.to_string(),
    }))
}

/// What the question is about: an action, or a permission by itself.
pub(crate) enum Subject {
    Action(&'static Action),
    Permission(permissions::Permission),
}

impl Subject {
    pub(crate) fn read(core: &Core, name: &str) -> Result<Subject> {
        if let Some(action) = core.action(name) {
            return Ok(Subject::Action(action));
        }
        let permission = permissions::Permission::parse(name).map(Subject::Permission);
        permission.ok_or_else(|| Error::field("action", "There is no such action or permission."))
    }

    pub(super) fn view(&self) -> Option<&'static View> {
        match self {
            Subject::Action(Action { target: Target::Thing(view) | Target::Parent(_, view), .. }) => Some(view),
            _ => None,
        }
    }
}

/// The person in question, if the asker may ask about him.
pub(super) async fn person(core: &Core, asker: &Actor, name: &str, found: &Found) -> Result<store::Person> {
    let own = || Error::field("user", "Whom is it about?");
    let mut reader = core.store.reader();
    if name.is_empty() && asker.id == 0 {
        return Err(own());
    }
    let name = if name.is_empty() { asker.username.as_str() } else { name };
    let person = store::person_named(&mut reader, name).await?;
    let himself = person.as_ref().is_some_and(|person| person.id == asker.id);
    if !himself && !asker.sees_all() && !sees_team(asker, found) {
        let text = "Only those who may see the team there, staff and support agents ask about others.";
        Decision::rule(text).required()?;
    }
    person.ok_or_else(|| Error::field("user", "User is not found."))
}

async fn actor(core: &Core, asker: &Actor, person: &store::Person, at: Option<Time>) -> Result<Actor> {
    match at {
        // What his own credential narrows is part of the answer.
        None if person.id == asker.id => Ok(asker.unnoted()),
        _ => {
            let then = core.actor_at(person.uuid, at.unwrap_or_else(|| core.now())).await?.ok_or(Error::NotFound)?;
            Ok(if person.id == asker.id { as_narrow(asker, then) } else { then })
        }
    }
}

/// The asker as he was, with what his credential leaves of him: looking back widens no token (invariant 9).
pub(super) fn as_narrow(asker: &Actor, then: Actor) -> Actor {
    match &asker.narrow {
        Some(narrow) => then.narrowed(narrow.clone()),
        None => then,
    }
}

/// Whether the asker may know of everybody and everything: a credential that is bound to some things never does.
pub(crate) fn knows_all(asker: &Actor) -> bool {
    asker.sees_all() && asker.bound().is_none()
}

pub(super) async fn decide_all(core: &Core, actor: &Actor, subject: &Subject, found: &Found) -> Result<Decision> {
    let mut decision = match subject {
        Subject::Action(action) => action.decide(actor, found),
        Subject::Permission(permission) => decide(actor, &Needs::Permission(permission.id(), EVERYWHERE), found),
    };
    if let Subject::Permission(_) = subject {
        for reason in &mut decision.because {
            if let Reason::Missing { places, .. } = reason {
                *places = found.places.iter().map(|stand| stand.place).collect();
            }
        }
    }
    let Some(view) = subject.view() else { return Ok(decision) };
    match core.find(actor, view, &id::hex(&found.uuid)).await {
        Ok(_) => {}
        Err(Error::NotFound) => {
            let text = format!("The user does not see this {}, so it does not exist for him.", found.thing);
            decision.allowed = false;
            decision.because.insert(0, Reason::Rule { text });
        }
        Err(other) => return Err(other),
    }
    Ok(decision)
}

/// The thing in question, among what the asker sees.
pub(crate) async fn find(core: &Core, asker: &Actor, subject: &Subject, scope: &str) -> Result<Found> {
    let missing = || Error::field("scope", "The thing does not exist, or you do not see it.");
    let (kind, rest) = match scope.split_once(':') {
        Some((kind, rest)) if !rest.starts_with("//") => (Some(kind), rest),
        _ => (None, scope),
    };
    let uuid = rest.split('/').rev().find_map(id::parse).ok_or_else(missing)?;
    let views: Vec<&'static View> = match (subject.view(), kind) {
        (Some(view), _) => vec![view],
        (None, Some(kind)) => core.view_of(kind).into_iter().collect(),
        // The first view of each kind of thing.
        (None, None) => core
            .views()
            .iter()
            .copied()
            .filter(|view| view.lookup.ends_with(".uuid") && !view.places.is_empty())
            .filter(|view| core.view_of(view.thing).is_some_and(|first| std::ptr::eq(first, *view)))
            .collect(),
    };
    for view in views {
        match core.find(asker, view, &id::hex(&uuid)).await {
            Err(Error::NotFound) => {}
            other => return other,
        }
    }
    Err(missing())
}

/// A scope at which a thing stands, as its own team sees it.
pub(super) fn scope_at(found: &Found, stand: &Stand) -> Found {
    let mut places = vec![Stand { place: "itself", ..stand.clone() }];
    let organization = found.places.iter().find(|other| other.scope == "customer" && stand.scope != "customer");
    places.extend(organization.map(|other| Stand { place: "customer", ..other.clone() }));
    Found { thing: stand.scope, id: stand.id, places, ..Found::default() }
}

/// Whether an actor may see the team of a scope at which the thing stands.
pub(super) fn sees_team(actor: &Actor, found: &Found) -> bool {
    found.places.iter().any(|stand| sees_team_at(actor, found, stand))
}

pub(super) fn sees_team_at(actor: &Actor, found: &Found, stand: &Stand) -> bool {
    team(stand.scope).is_some_and(|team| decide(actor, &team.list, &scope_at(found, stand)).allowed)
}

/// Says of every permission that is missing which active roles carry it, and who could grant one: their names where the
/// asker may see the team.
async fn with_help(core: &Core, asker: &Actor, mut decision: Decision, found: &Found) -> Result<Decision> {
    let helpless = |reason: &Reason| !matches!(reason, Reason::Missing { .. } | Reason::Guarded { .. });
    if decision.allowed || decision.because.iter().all(helpless) {
        return Ok(decision);
    }
    let all = role::store::active(&mut core.store.reader()).await?;
    let offered = offered(core, found).await?;
    for reason in &mut decision.because {
        if let Reason::Guarded { set_by, could_change, .. } = reason {
            if *set_by == "organization" {
                could_change.extend(changers(core, asker, &all, found).await?);
            }
            could_change.push("staff".into());
        }
    }
    for reason in &mut decision.because {
        let Reason::Missing { permission, places, roles, could_grant } = reason else { continue };
        let Some(wanted) = permissions::Permission::parse(permission) else { continue };
        let stands: Vec<&Stand> = found.places.iter().filter(|stand| places.contains(&stand.place)).collect();
        let mut names = BTreeSet::new();
        for stand in stands {
            let offered = offered.get(&(stand.scope, stand.id)).map(Vec::as_slice).unwrap_or_default();
            let carrying = offered.iter().filter(|one| one.role.permissions.contains(wanted.id()));
            let carrying: Vec<&Givable> = carrying.filter(|one| one.role.scope == stand.scope).collect();
            // What an organization's own roles are called is for those who know of them.
            let known = carrying.iter().filter(|one| one.reach.is_known_to(asker));
            names.extend(known.map(|one| one.role.name.clone()));
            let carrying: Vec<&Role> = carrying.into_iter().map(|one| &one.role).collect();
            let Some(team) = team(stand.scope) else { continue };
            if sees_team_at(asker, found, stand) || asker.sees_all() {
                let names = granters(core, team, &all, &carrying, &scope_at(found, stand)).await?;
                could_grant.extend(names);
            }
        }
        *roles = names.into_iter().collect();
        could_grant.sort();
        could_grant.dedup();
        could_grant.push("staff".into());
    }
    Ok(decision)
}

/// Says which role the person could activate that carries what is missing.
async fn eligible(core: &Core, person: &store::Person, decision: &mut Decision, found: &Found, at: Time) -> Result<()> {
    let missing = |reason: &Reason| match reason {
        Reason::Missing { permission, places, .. } => Some((*permission, places.clone())),
        _ => None,
    };
    let missing: Vec<(&'static str, Vec<Place>)> = decision.because.iter().filter_map(missing).collect();
    if decision.allowed || missing.is_empty() {
        return Ok(());
    }
    let all = role::store::active(&mut core.store.reader()).await?;
    for held in eligibility::store::of_person(&mut core.store.reader(), person.id, at).await? {
        let of = &held.of;
        let Some(role) = all.iter().find(|role| role.id == of.role_id) else { continue };
        let stand = found.places.iter().filter(|stand| stand.scope == of.scope && stand.id == of.scope_id);
        let stands: Vec<&Stand> = stand.collect();
        let helps = missing.iter().find(|(permission, places)| {
            let carried = permissions::Permission::parse(permission).map(permissions::Permission::id);
            carried.is_some_and(|carried| role.permissions.contains(carried))
                && stands.iter().any(|stand| places.contains(&stand.place))
        });
        if let Some((permission, _)) = helps {
            decision.because.push(may_activate(of, permission));
        }
    }
    Ok(())
}

/// That somebody may activate a role.
pub(super) fn may_activate(of: &store::Recorded, permission: &'static str) -> Reason {
    Reason::Eligible {
        eligibility: id::hex(&of.uuid),
        role: of.role_name.clone(),
        scope: of.scope.clone(),
        scope_name: of.scope_name.clone(),
        permission,
    }
}

/// People who could change the guards of the organization in which a thing is, where the asker may know of them.
async fn changers(core: &Core, asker: &Actor, all: &[Role], found: &Found) -> Result<Vec<String>> {
    let able = |role: &Role| role.permissions.contains(permissions::Permission::CustomerCreatePermission.id());
    let mut names = Vec::new();
    for stand in found.places.iter().filter(|stand| stand.scope == "customer") {
        if !sees_team_at(asker, found, stand) && !asker.sees_all() {
            continue;
        }
        for holder in store::holders(&mut core.store.reader(), stand.scope, stand.id, core.now()).await? {
            if all.iter().any(|role| role.id == holder.role_id && able(role)) && !names.contains(&holder.name) {
                names.push(holder.name);
            }
        }
    }
    Ok(names)
}

/// The roles that are offered at each place of a thing.
async fn offered(core: &Core, found: &Found) -> Result<BTreeMap<(Scope, i64), Vec<Givable>>> {
    let mut all = BTreeMap::new();
    for stand in &found.places {
        let scope = scope_at(found, stand);
        let customer = scope.places.iter().find(|place| place.scope == "customer").map_or(0, |place| place.id);
        let project = if stand.scope == "project" { stand.id } else { 0 };
        let givable = role::store::givable(&mut core.store.reader(), customer, project).await?;
        all.insert((stand.scope, stand.id), givable);
    }
    Ok(all)
}

/// People who hold the permission to grant there or above, and whose ceiling leaves room for one of the roles.
async fn granters(core: &Core, team: &Team, all: &[Role], carrying: &[&Role], scope: &Found) -> Result<Vec<String>> {
    let mut reach: BTreeMap<String, PermissionSet> = BTreeMap::new();
    for stand in &scope.places {
        for holder in store::holders(&mut core.store.reader(), stand.scope, stand.id, core.now()).await? {
            let Some(role) = all.iter().find(|role| role.id == holder.role_id) else { continue };
            let handed: PermissionSet = ceiling::handed_on(&role.name).iter().map(|one| one.id()).collect();
            let held = reach.entry(holder.name).or_default();
            *held = held.union(&role.permissions).union(&handed);
        }
    }
    let grantable = |held: &PermissionSet| {
        let mut fitting = carrying.iter().filter(|role| role.scope == team.scope);
        held.contains(team.create.id()) && fitting.any(|role| ceiling::beyond(&role.permissions, Some(held)).is_empty())
    };
    Ok(reach.into_iter().filter(|(_, held)| grantable(held)).map(|(name, _)| name).collect())
}

/// The reasons as data, each with its sentence; a grant with the name of its scope.
pub(super) async fn reasons(core: &Core, decision: &Decision) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for reason in &decision.because {
        let mut data = serde_json::to_value(reason).map_err(Error::broken)?;
        data["text"] = reason.sentence().into();
        if let Reason::Grant { grant, .. } | Reason::Stopped { grant, .. } = reason {
            let uuid = id::parse(grant).unwrap_or_default();
            if let Some((uuid, name)) = store::scope_of_grant(&mut core.store.reader(), uuid).await? {
                data["scope_uuid"] = id::hex(&uuid).into();
                data["scope_name"] = name.into();
            }
        }
        all.push(data);
    }
    Ok(all)
}
