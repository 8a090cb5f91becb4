//! Why somebody may do something, or what is missing and who could give it (mission R5, R6): the same decision as the one
//! that guards the action, in words and as data, now or as of an instant.
//!
//! The past is the past of grants and roles; where a thing stood is taken from the present, since things hardly ever move.

use super::{ceiling, permissions};
use crate::{
    eligibility::{self, store::Eligibility},
    grant::{
        rules::{Team, team},
        store::{self, Holder},
    },
    role::store::{Givable, Offers},
    user::views::USERS,
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
    let tells_eligible = person.id == asker.id || asker.sees_all() || sees_team(asker, &found);
    let decision = match decision.allowed {
        true => decision,
        false => with_help(core, asker, decision, &found, tells_eligible.then_some((&person, at))).await?,
    };
    Ok(json!({
        "allowed": decision.allowed,
        "reasons": reasons(core, &[&decision]).await?.pop().unwrap_or_default(),
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

    /// The decision on a thing that the actor sees.
    pub(super) fn decide(&self, actor: &Actor, found: &Found) -> Decision {
        let permission = match self {
            Subject::Action(action) => return action.decide(actor, found),
            Subject::Permission(permission) => permission,
        };
        let mut decision = decide(actor, &Needs::Permission(permission.id(), EVERYWHERE), found);
        for reason in &mut decision.because {
            if let Reason::Missing { places, .. } = reason {
                *places = found.places.iter().map(|stand| stand.place).collect();
            }
        }
        decision
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
    let unknown = || Error::field("user", "User is not found.");
    let mut reader = core.store.reader();
    if name.is_empty() && asker.id == 0 {
        return Err(own());
    }
    let name = if name.is_empty() { asker.username.as_str() } else { name };
    let person = store::person_named(&mut reader, name).await?;
    let himself = person.as_ref().is_some_and(|person| person.id == asker.id);
    if himself || knows_all(asker) {
        return person.ok_or_else(unknown);
    }
    let seen: Vec<Stand> = found.places.iter().filter(|stand| sees_team_at(asker, found, stand)).cloned().collect();
    if seen.is_empty() {
        let text = "Only those who may see the team there, staff and support agents ask about others.";
        Decision::rule(text).required()?;
    }
    // Whom the asker does not know by a team that he sees, or among the people that he is shown, does not exist for him.
    let person = person.ok_or_else(unknown)?;
    if super::store::is_among(&mut reader, person.id, &seen).await? {
        return Ok(person);
    }
    match core.find(asker, &USERS, &id::hex(&person.uuid)).await {
        Err(Error::NotFound) => Err(unknown()),
        shown => shown.map(|_| person),
    }
}

async fn actor(core: &Core, asker: &Actor, person: &store::Person, at: Option<Time>) -> Result<Actor> {
    match at {
        // What his own credential narrows is part of the answer.
        None if person.id == asker.id => Ok(asker.unnoted()),
        _ => {
            let then = core.actor_at(person.uuid, at).await?.ok_or(Error::NotFound)?;
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

/// What an actor may do, and whether he sees the thing at all.
async fn decide_all(core: &Core, actor: &Actor, subject: &Subject, found: &Found) -> Result<Decision> {
    let mut decision = subject.decide(actor, found);
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
/// asker may see the team. And which role the person could activate that carries it, where that may be told.
async fn with_help(
    core: &Core,
    asker: &Actor,
    mut decision: Decision,
    found: &Found,
    person: Option<(&store::Person, Time)>,
) -> Result<Decision> {
    let helpless = |reason: &Reason| !matches!(reason, Reason::Missing { .. } | Reason::Guarded { .. });
    if decision.because.iter().all(helpless) {
        return Ok(decision);
    }
    let help = Help::read(core, asker, found).await?;
    for reason in &mut decision.because {
        match reason {
            Reason::Guarded { of, could_change, .. } => {
                could_change.extend(of.iter().flat_map(|of| help.changers(found, *of)));
                could_change.push("staff".into());
            }
            Reason::Missing { permission, places, roles, could_grant } => {
                let Some(wanted) = permissions::Permission::parse(permission) else { continue };
                (*roles, *could_grant) = help.givers(asker, found, wanted, places);
            }
            _ => {}
        }
    }
    if let Some((person, at)) = person {
        let held = eligibility::store::of_person(&mut core.store.reader(), person.id, at).await?;
        help.eligible(&held, &mut decision, found);
    }
    Ok(decision)
}

/// What it takes to say what would help: the roles that can be given where a thing stands, and who holds what there.
struct Help {
    offers: Offers,
    /// The places of the thing whose team the asker may see.
    seen: Vec<Stand>,
    /// Who holds what at those places and above them.
    holders: BTreeMap<(Scope, i64), Vec<Holder>>,
}

impl Help {
    async fn read(core: &Core, asker: &Actor, found: &Found) -> Result<Help> {
        let mut reader = core.store.reader();
        let customers = found.places.iter().map(|stand| organization_of(found, stand)).collect();
        let offers = Offers::read(&mut reader, customers).await?;
        let seen = |stand: &&Stand| asker.sees_all() || sees_team_at(asker, found, stand);
        let seen: Vec<Stand> = found.places.iter().filter(seen).cloned().collect();
        let above: Vec<Stand> = seen.iter().flat_map(|stand| scope_at(found, stand).places).collect();
        let holders = store::holders(&mut reader, &above, core.now()).await?;
        Ok(Help { offers, seen, holders })
    }

    fn role(&self, id: i64) -> Option<&Role> {
        self.offers.roles().find(|role| role.id == id)
    }

    fn holders(&self, stand: &Stand) -> &[Holder] {
        self.holders.get(&(stand.scope, stand.id)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The roles that carry a permission at some places of a thing, and the people who could give one of them.
    fn givers(
        &self,
        asker: &Actor,
        found: &Found,
        wanted: permissions::Permission,
        places: &[Place],
    ) -> (Vec<String>, Vec<String>) {
        let (mut roles, mut people) = (BTreeSet::new(), BTreeSet::new());
        for stand in found.places.iter().filter(|stand| places.contains(&stand.place)) {
            let project = if stand.scope == "project" { stand.id } else { 0 };
            let offered = self.offers.at(organization_of(found, stand), project);
            let carrying: Vec<&Givable> = offered
                .filter(|one| one.role.permissions.contains(wanted.id()) && one.role.scope == stand.scope)
                .collect();
            // What an organization's own roles are called is for those who know of them.
            let known = carrying.iter().filter(|one| one.reach.is_known_to(asker));
            roles.extend(known.map(|one| one.role.name.clone()));
            if let (Some(team), true) = (team(stand.scope), self.seen.contains(stand)) {
                people.extend(self.granters(team, &carrying, &scope_at(found, stand)));
            }
        }
        (roles.into_iter().collect(), people.into_iter().chain(["staff".to_owned()]).collect())
    }

    /// People who hold the permission to grant there or above, and whose ceiling leaves room for one of the roles.
    fn granters(&self, team: &Team, carrying: &[&Givable], scope: &Found) -> Vec<String> {
        let mut reach: BTreeMap<i64, (&str, PermissionSet)> = BTreeMap::new();
        for holder in scope.places.iter().flat_map(|stand| self.holders(stand)) {
            let Some(role) = self.role(holder.role_id) else { continue };
            let handed: PermissionSet = ceiling::handed_on(&role.name).iter().map(|one| one.id()).collect();
            let (_, held) = reach.entry(holder.user_id).or_insert((&holder.name, PermissionSet::default()));
            *held = held.union(&role.permissions).union(&handed);
        }
        let grantable = |held: &PermissionSet| {
            held.contains(team.create.id())
                && carrying.iter().any(|one| ceiling::beyond(&one.role.permissions, Some(held)).is_empty())
        };
        reach.into_values().filter(|(_, held)| grantable(held)).map(|(name, _)| name.to_owned()).collect()
    }

    /// People who could change the guards of an organization in which a thing is, where the asker may know of them.
    fn changers(&self, found: &Found, organization: i64) -> BTreeSet<String> {
        let able = |role: &Role| role.permissions.contains(permissions::Permission::CustomerCreatePermission.id());
        let its = |stand: &&Stand| stand.scope == "customer" && stand.id == organization && self.seen.contains(stand);
        let organizations = found.places.iter().filter(its);
        let holders = organizations.flat_map(|stand| self.holders(stand));
        holders.filter(|holder| self.role(holder.role_id).is_some_and(able)).map(|holder| holder.name.clone()).collect()
    }

    /// Says which role somebody could activate that carries what is missing.
    fn eligible(&self, held: &[Eligibility], decision: &mut Decision, found: &Found) {
        let missing = |reason: &Reason| match reason {
            Reason::Missing { permission, places, .. } => Some((*permission, places.clone())),
            _ => None,
        };
        let missing: Vec<(&'static str, Vec<Place>)> = decision.because.iter().filter_map(missing).collect();
        for of in held.iter().map(|held| &held.of) {
            let Some(role) = self.role(of.role_id) else { continue };
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
    }
}

/// Key of the organization to which a place of a thing belongs; 0 if to none.
fn organization_of(found: &Found, stand: &Stand) -> i64 {
    scope_at(found, stand).places.iter().find(|place| place.scope == "customer").map_or(0, |place| place.id)
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

/// The reasons of each decision as data, each with its sentence; a grant with the name of its scope.
pub(super) async fn reasons(core: &Core, decisions: &[&Decision]) -> Result<Vec<Vec<Value>>> {
    let granted = |reason: &Reason| match reason {
        Reason::Grant { grant, .. } | Reason::Stopped { grant, .. } => id::parse(grant),
        _ => None,
    };
    let grants: Vec<_> = decisions.iter().flat_map(|one| &one.because).filter_map(granted).collect();
    let scopes = match grants.is_empty() {
        true => BTreeMap::new(),
        false => store::scopes_of_grants(&mut core.store.reader(), grants).await?,
    };
    let told = |reason: &Reason| {
        let mut data = serde_json::to_value(reason).map_err(Error::broken)?;
        data["text"] = reason.sentence().into();
        if let Some((uuid, name)) = granted(reason).and_then(|grant| scopes.get(&grant)) {
            data["scope_uuid"] = id::hex(uuid).into();
            data["scope_name"] = name.as_str().into();
        }
        Ok(data)
    };
    decisions.iter().map(|one| one.because.iter().map(told).collect()).collect()
}
