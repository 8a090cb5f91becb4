//! What somebody can do, and where; and how that differs between two people or two instants (mission R3, R8).

use super::{
    explain::{Subject, as_narrow, find, knows_all, person, scope_at, sees_team_at},
    permissions::PERMISSIONS,
    store,
};
use crate::eligibility;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stoa_kernel::{
    Error, Result, Time,
    access::{Actor, Decision, Found, Held, PermissionSet, Stand},
    action::Target,
    door::Core,
    id,
};

/// Of whom and when.
#[derive(Debug, Clone, Default)]
pub struct Side<'a> {
    /// Name to sign in with, or identifier; empty for the asker himself.
    pub user: &'a str,
    /// The instant; the present if not given.
    pub at: Option<Time>,
}

/// What somebody holds at one scope.
#[derive(Debug, Clone)]
struct Place {
    named: store::Named,
    permissions: PermissionSet,
    /// What of it passes only under conditions of guards.
    conditional: PermissionSet,
    through: Vec<Value>,
}

/// The scopes of a person by kind and key.
type Places = BTreeMap<(String, i64), Place>;

/// The names of a set of permissions, in the order of their table.
pub fn names(set: &PermissionSet) -> Vec<&'static str> {
    set.indexes().filter_map(|at| PERMISSIONS.get(usize::from(at))).map(|entry| entry.name).collect()
}

/// Answers what somebody can do, by scope; with a thing, which actions he can do to it.
///
/// People ask about themselves; staff and support agents about everybody; others about scopes whose team they see.
///
/// # Errors
/// Invalid for what does not exist or is not visible, forbidden for who may not ask.
pub async fn what(core: &Core, asker: &Actor, side: Side<'_>, scope: Option<&str>) -> Result<Value> {
    let at = side.at.unwrap_or_else(|| core.now());
    let Some(scope) = scope else {
        let (actor, places) = holdings(core, asker, &side).await?;
        let eligible = eligible(core, asker, &actor, at).await?;
        return Ok(json!({
            "user": user(&actor),
            "at": at.to_string(),
            "staff": actor.is_staff(),
            "support": actor.support,
            "disabled": actor.disabled,
            "scopes": places.values().map(shown).collect::<Vec<Value>>(),
            "eligible": eligible,
        }));
    };
    let found = find(core, asker, &Subject::Permission(PERMISSIONS[0].permission), scope).await?;
    let about = person(core, asker, side.user, &found).await?;
    let actor = match side.at {
        None if about.id == asker.id => asker.unnoted(),
        _ => {
            let then = core.actor_at(about.uuid, side.at).await?.ok_or(Error::NotFound)?;
            if about.id == asker.id { as_narrow(asker, then) } else { then }
        }
    };
    let mut actions = Vec::new();
    for action in core.actions() {
        let on_it = matches!(action.target, Target::Thing(view) | Target::Parent(_, view) if view.thing == found.thing);
        if on_it {
            let decision = action.decide(&actor, &found);
            actions.push(json!({
                "action": action.name,
                "about": action.about,
                "allowed": decision.allowed,
                "sentence": decision.to_string(),
            }));
        }
    }
    Ok(json!({
        "user": user(&actor),
        "at": at.to_string(),
        "scope": {"type": found.thing, "uuid": id::hex(&found.uuid), "name": found.name},
        "actions": actions,
    }))
}

/// Answers how two people, or one person at two instants, differ in what they can do.
///
/// # Errors
/// As [`what`].
pub async fn compare(core: &Core, asker: &Actor, one: Side<'_>, other: Side<'_>) -> Result<Value> {
    let (first, mut left) = holdings(core, asker, &one).await?;
    let (second, mut right) = holdings(core, asker, &other).await?;
    let mut keys: Vec<(String, i64)> = left.keys().chain(right.keys()).cloned().collect();
    keys.sort();
    keys.dedup();
    let mut differences = Vec::new();
    for key in keys {
        let (here, there) = (left.remove(&key), right.remove(&key));
        let set = |place: &Option<Place>| place.as_ref().map(|place| place.permissions).unwrap_or_default();
        let (only_here, only_there) = (set(&here).minus(&set(&there)), set(&there).minus(&set(&here)));
        let (true, Some(named)) = (
            !only_here.is_empty() || !only_there.is_empty(),
            here.as_ref().or(there.as_ref()).map(|place| &place.named),
        ) else {
            continue;
        };
        differences.push(json!({
            "scope": scope(named),
            "only_first": names(&only_here),
            "only_second": names(&only_there),
            "first_through": here.map(|place| place.through).unwrap_or_default(),
            "second_through": there.map(|place| place.through).unwrap_or_default(),
        }));
    }
    let side = |actor: &Actor, at: Option<Time>| {
        json!({"user": user(actor), "at": at.unwrap_or_else(|| core.now()).to_string(), "staff": actor.is_staff(),
            "support": actor.support, "disabled": actor.disabled})
    };
    Ok(json!({
        "first": side(&first, one.at),
        "second": side(&second, other.at),
        "differences": differences,
    }))
}

/// A person and what he holds at the scopes that the asker may know of.
async fn holdings(core: &Core, asker: &Actor, side: &Side<'_>) -> Result<(Actor, Places)> {
    let mut reader = core.store.reader();
    let unknown = || Error::field("user", "User is not found.");
    let himself = side.user.is_empty() || side.user == asker.username || id::parse(side.user) == Some(asker.uuid);
    let actor = match side.at {
        None if himself && asker.id != 0 => asker.unnoted(),
        at => {
            let uuid = match himself {
                true => asker.uuid,
                false => crate::grant::store::person_named(&mut reader, side.user)
                    .await?
                    .map(|one| one.uuid)
                    .unwrap_or_default(),
            };
            let then = core.actor_at(uuid, at).await?.unwrap_or_default();
            if himself { as_narrow(asker, then) } else { then }
        }
    };
    // What lies outside of what a credential is bound to does not exist for it.
    let actor = if himself { actor.within_bounds() } else { actor };
    let mut keys: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for held in &actor.grants {
        keys.entry(&held.scope).or_default().push(held.scope_id);
    }
    let mut places = Places::new();
    for (scope, ids) in keys {
        for named in store::named(&mut reader, scope, &ids).await? {
            let sees = himself || knows_all(asker) || sees_team_of(core, asker, &named);
            if sees {
                let nothing = PermissionSet::default();
                let place = Place { named, permissions: nothing, conditional: nothing, through: Vec::new() };
                places.insert((place.named.scope.clone(), place.named.id), place);
            }
        }
    }
    if !himself && !knows_all(asker) && places.is_empty() {
        // Whether there is such a person is not for everybody to know.
        let text = "Only those who may see a team that the user is in, staff and support agents ask about others.";
        Decision::rule(text).required()?;
    }
    if actor.id == 0 {
        return Err(unknown());
    }
    for held in &actor.grants {
        let Some(place) = places.get_mut(&(held.scope.clone(), held.scope_id)) else { continue };
        if held.counts() {
            place.permissions = place.permissions.union(&actor.carried(held));
            place.conditional = place.conditional.union(&actor.conditional(held));
        }
        place.through.push(through(held));
    }
    Ok((actor, places))
}

/// The roles that a person does not hold and may activate, at scopes that the asker may know of. They are none of what he can
/// do. A bound credential is told of none.
async fn eligible(core: &Core, asker: &Actor, actor: &Actor, at: Time) -> Result<Vec<Value>> {
    let mut told = Vec::new();
    if actor.id == 0 || asker.bound().is_some() {
        return Ok(told);
    }
    for held in eligibility::store::of_person(&mut core.store.reader(), actor.id, at).await? {
        let of = held.of;
        let named = store::Named {
            scope: of.scope,
            id: of.scope_id,
            uuid: of.scope_uuid,
            name: of.scope_name,
            customer_id: of.customer_id,
            customer_name: String::new(),
        };
        if actor.id == asker.id || knows_all(asker) || sees_team_of(core, asker, &named) {
            told.push(json!({
                "eligibility": id::hex(&of.uuid),
                "role": of.role_name,
                "scope": {"type": named.scope, "uuid": id::hex(&named.uuid), "name": named.name},
                "max_hours": held.terms.max_hours,
                "until": of.until.map(|until| until.to_string()),
            }));
        }
    }
    Ok(told)
}

/// Whether the asker may see the team of a scope.
pub(super) fn sees_team_of(core: &Core, asker: &Actor, named: &store::Named) -> bool {
    let Some(view) = core.view_of(&named.scope) else { return false };
    let stand = Stand { place: "itself", scope: view.thing, id: named.id };
    let organization = Stand { place: "customer", scope: "customer", id: named.customer_id };
    let found =
        Found { thing: view.thing, id: named.id, places: vec![stand.clone(), organization], ..Found::default() };
    sees_team_at(asker, &scope_at(&found, &stand), &stand)
}

fn through(held: &Held) -> Value {
    json!({
        "grant": id::hex(&held.uuid),
        "role": held.role.name,
        "until": held.until.map(|until| until.to_string()),
        "counts": held.counts(),
        "stopped": held.stopped,
    })
}

pub(super) fn scope(named: &store::Named) -> Value {
    json!({
        "type": named.scope,
        "uuid": id::hex(&named.uuid),
        "name": named.name,
        "customer_name": named.customer_name,
    })
}

fn shown(place: &Place) -> Value {
    let mut shown = scope(&place.named);
    shown["permissions"] = names(&place.permissions).into();
    shown["conditional"] = names(&place.conditional).into();
    shown["through"] = place.through.clone().into();
    shown
}

fn user(actor: &Actor) -> Value {
    json!({"uuid": id::hex(&actor.uuid), "username": actor.username, "full_name": actor.full_name})
}
