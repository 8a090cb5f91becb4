//! What if: an action is run as it would be, its consequences are looked at, and everything is taken back (mission R3, R5, R7).
//!
//! There is no second evaluator and no model of what an action does: the action itself runs, in a transaction that is never
//! committed, and those whom it touched are loaded after and before it by what loads them for every request. So applying a change
//! gives the numbers that simulating it gave, unless the world changed in between.

use super::{
    explain::knows_all,
    store::{self, Named},
    what::{self, names, sees_team_of},
};
use crate::guard;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use stoa_kernel::{
    Error, Result, Time, Tx,
    access::{Actor, Held, Needs, PermissionSet, Stand},
    action::{Action, Done},
    door::{Call, Caller, Core, Credential, Series},
    id::{self, Uuid},
};

/// Who stands for an organization (mission O3).
const OWNER: &str = "CUSTOMER.OWNER";
/// Differences that are told person by person; the rest is only counted.
const TOLD: usize = 1_000;

/// What one person can do at one scope before and after.
#[derive(Debug, Clone, Default)]
pub struct Difference {
    /// Key of the person.
    pub user_id: i64,
    /// Where: kind and key of the scope; `None` for the whole installation (staff, support agents).
    pub scope: Option<(String, i64)>,
    /// Key of the organization that the scope belongs to.
    pub owner_id: i64,
    /// What he can do only afterwards.
    pub gained: PermissionSet,
    /// What he can do only before.
    pub lost: PermissionSet,
    /// What he can do afterwards only under conditions that there were not before.
    pub conditional: PermissionSet,
    /// For the whole installation: what he becomes (`staff`, `support`), and what he no longer is.
    pub powers: (Vec<&'static str>, Vec<&'static str>),
}

/// Something else that a change touches, in the transaction after it: orders that nobody could approve any more, for example. Areas
/// put theirs into the core with [`Touches`].
pub type Touch =
    for<'a> fn(&'a mut Tx, &'a Core, &'a [Difference], &'a Done, Time) -> BoxFuture<'a, Result<Vec<Value>>>;

/// What else changes touch, by area.
#[derive(Default)]
pub struct Touches(pub Vec<Touch>);

/// Runs an action, looks at what it changes, and takes it back.
///
/// The answer tells of people and scopes that the caller may know of; how many more differences there are is told as a number.
///
/// # Errors
/// Those of the action itself: what is refused can't be simulated either.
pub async fn simulate(core: &Arc<Core>, caller: &Caller, call: Call) -> Result<Value> {
    if !can_be_tried(call.action) {
        return Err(Error::invalid("This can't be simulated."));
    }
    let about = json!({"name": call.action.name, "about": call.action.about});
    let call = Arc::new(call);
    let seen = core.rehearse(caller, move |mut series| {
        let call = call.clone();
        Box::pin(async move {
            look(&mut series, &|series| {
                let call = call.clone();
                Box::pin(async move { series.run(&call).await })
            })
            .await
        })
    });
    tell(core, about, seen.await?)
}

/// Whether an action can be tried out. What proves, redeems or makes credentials can't, but for tokens: whoever tried it would guess
/// without leaving a trace.
pub fn can_be_tried(action: &Action) -> bool {
    match action.needs {
        // What it takes there depends on the scope that is sent, or is decided item by item: so the action decides it and not its needs.
        Needs::AnySignedIn => action.name == "eligibility.create" || action.name.starts_with("access_narrowing."),
        Needs::Nothing | Needs::SignedIn => false,
        Needs::InPerson(_) => action.name.starts_with("own_token."),
        _ => true,
    }
}

/// What was seen of something that was tried out.
pub struct Seen {
    asker: Actor,
    people: BTreeMap<i64, (Uuid, String, String)>,
    scopes: BTreeMap<(String, i64), Named>,
    differences: Vec<Difference>,
    touched: Vec<Value>,
    token: Value,
}

/// What is tried out: a call or several in the transaction of a rehearsal. Gives what was done in all, and who did it.
pub type Trial<'w> = &'w (dyn for<'a, 't> Fn(&'a mut Series<'t>) -> BoxFuture<'a, Result<(Done, Actor)>> + Send + Sync);

/// Tries something out in a rehearsal, and looks at what it changes.
///
/// # Errors
/// Those of what is tried out.
pub async fn look(rehearsal: &mut Series<'_>, trial: Trial<'_>) -> Result<Seen> {
    let now = rehearsal.now;
    // Whom it touches is known when it is done; how things were before, when it is taken back. So it is done twice.
    let (done, asker) = trial(rehearsal).await?;
    let mut projects = projects(&done);
    let mut keys = store::touched(rehearsal.tx, now).await?;
    keys.extend(feeds(&done, "user"));
    for says in guard::store::changed(rehearsal.tx, now).await? {
        keys.extend(guard::store::concerned(rehearsal.tx, &says).await?);
        // What is denied on a project is taken from roles on its organization too.
        projects.extend(says.scope.filter(|(kind, _)| kind == "project").map(|(_, project)| project));
    }
    projects.sort_unstable();
    projects.dedup();
    let projects_after = store::projects(rehearsal.tx, &projects).await?;
    rehearsal.back().await?;
    let projects_before = store::projects(rehearsal.tx, &projects).await?;
    let mut around: Vec<Stand> = Vec::new();
    for project in projects_before.iter().chain(&projects_after) {
        around.push(Stand { place: "itself", scope: "project", id: project.id });
        around.push(Stand { place: "customer", scope: "customer", id: project.customer_id });
    }
    keys.extend(store::holders_at(rehearsal.tx, &around, true, now).await?);
    keys.sort_unstable();
    keys.dedup();
    let before = rehearsal.core.actors_to(rehearsal.tx, &keys, now).await?;
    let mut scopes = named(rehearsal.tx, &before).await?;
    let (done, _) = trial(rehearsal).await?;
    let after = rehearsal.core.actors_to(rehearsal.tx, &keys, now).await?;
    scopes.extend(named(rehearsal.tx, &after).await?);
    let home = |projects: &[Named]| projects.iter().map(|project| (project.id, project.customer_id)).collect::<Homes>();
    let homes = (home(&projects_before), home(&projects_after));
    scopes.extend(projects_after.into_iter().map(|project| ((project.scope.clone(), project.id), project)));
    let differences = differences(&before, &after, &homes);
    let mut touched = ownerless(rehearsal.tx, &differences, now).await?;
    let core = rehearsal.core.clone();
    for touch in core.get::<Touches>().map(|touches| &touches.0[..]).unwrap_or_default() {
        touched.extend(touch(rehearsal.tx, &core, &differences, &done, now).await?);
    }
    let token = token(rehearsal, &done).await?;
    let people = before.iter().chain(&after);
    let people = people.map(|one| (one.id, (one.uuid, one.username.clone(), one.full_name.clone()))).collect();
    Ok(Seen { asker, people, scopes, differences, touched, token })
}

fn feeds<'a>(done: &'a Done, scope: &'a str) -> impl Iterator<Item = i64> + 'a {
    let all = done.events.iter().flat_map(|event| event.feeds.iter());
    all.filter(move |(kind, _)| *kind == scope).map(|(_, id)| *id)
}

/// The projects that it changed: a move, an end or a removal changes what roles around them are worth.
fn projects(done: &Done) -> Vec<i64> {
    let changed = done.events.iter().filter(|event| event.kind.starts_with("project_"));
    let mut ids: Vec<i64> = changed
        .flat_map(|event| event.feeds.iter())
        .filter(|(kind, _)| *kind == "project")
        .map(|(_, id)| *id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The scopes of people's grants.
async fn named(tx: &mut Tx, actors: &[Actor]) -> Result<BTreeMap<(String, i64), Named>> {
    let mut keys: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    for held in actors.iter().flat_map(|actor| &actor.grants) {
        keys.entry(&held.scope).or_default().insert(held.scope_id);
    }
    let mut all = BTreeMap::new();
    for (scope, ids) in keys {
        let ids: Vec<i64> = ids.into_iter().collect();
        for named in store::named(tx, scope, &ids).await? {
            all.insert((named.scope.clone(), named.id), named);
        }
    }
    Ok(all)
}

/// Where projects are: key of the project and of its organization.
type Homes = BTreeMap<i64, i64>;

/// What each person can do at each scope where he held or holds a role, or at a project that changed.
fn differences(before: &[Actor], after: &[Actor], homes: &(Homes, Homes)) -> Vec<Difference> {
    let nobody = Actor::default();
    let mut pairs: BTreeMap<i64, (&Actor, &Actor)> = BTreeMap::new();
    for actor in before {
        pairs.insert(actor.id, (actor, &nobody));
    }
    for actor in after {
        pairs.entry(actor.id).or_insert((&nobody, actor)).1 = actor;
    }
    let mut all = Vec::new();
    for (user_id, (one, other)) in pairs {
        let powers = |actor: &Actor| {
            let named = [("staff", actor.is_staff()), ("support", actor.support && actor.sees_all())];
            named.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect::<Vec<_>>()
        };
        let (was, is) = (powers(one), powers(other));
        if was != is {
            let gained = is.iter().filter(|power| !was.contains(power)).copied().collect();
            let lost = was.iter().filter(|power| !is.contains(power)).copied().collect();
            all.push(Difference { user_id, powers: (gained, lost), ..Difference::default() });
        }
        let mut scopes: BTreeMap<(&str, i64), i64> = BTreeMap::new();
        for held in one.grants.iter().chain(&other.grants) {
            scopes.insert((&held.scope, held.scope_id), held.owner_id);
        }
        for (project, home) in homes.0.iter().chain(&homes.1) {
            scopes.insert(("project", *project), *home);
        }
        for ((scope, id), owner_id) in scopes {
            let home = |homes: &Homes| match scope {
                "project" => homes.get(&id).copied().unwrap_or(owner_id),
                _ => owner_id,
            };
            let (had, has) = (effective(one, scope, id, home(&homes.0)), effective(other, scope, id, home(&homes.1)));
            let before = conditional(one, scope, id, home(&homes.0));
            let conditional = conditional(other, scope, id, home(&homes.1)).minus(&before);
            if had != has || !conditional.is_empty() {
                let (gained, lost) = (has.minus(&had), had.minus(&has));
                let scope = Some((scope.to_owned(), id));
                all.push(Difference { user_id, scope, owner_id, gained, lost, conditional, ..Difference::default() });
            }
        }
    }
    all
}

/// What roles at a scope, and at the organization that it belongs to, let somebody do there.
fn effective(actor: &Actor, scope: &str, id: i64, owner: i64) -> PermissionSet {
    let here =
        |held: &&Held| held.scope == scope && held.scope_id == id || held.scope == "customer" && held.scope_id == owner;
    let counting = actor.grants.iter().filter(|held| held.counts()).filter(here);
    let at = |kind: &str, key: i64| kind == scope && key == id || kind == "customer" && key == owner;
    counting.fold(PermissionSet::default(), |set, held| set.union(&actor.carried_at(held, &at)))
}

/// What of that passes only under conditions of guards, of which nothing is known about whom a change touches: what no other role
/// gives without them.
fn conditional(actor: &Actor, scope: &str, id: i64, owner: i64) -> PermissionSet {
    let here =
        |held: &&Held| held.scope == scope && held.scope_id == id || held.scope == "customer" && held.scope_id == owner;
    let counting = || actor.grants.iter().filter(|held| held.counts()).filter(here);
    let at = |kind: &str, key: i64| kind == scope && key == id || kind == "customer" && key == owner;
    let none = PermissionSet::default;
    let under = counting().fold(none(), |set, held| set.union(&actor.conditional_at(held, &at)));
    let free = counting()
        .fold(none(), |set, held| set.union(&actor.carried_at(held, &at).minus(&actor.conditional_at(held, &at))));
    under.minus(&free)
}

/// Organizations whose last owner it takes.
async fn ownerless(tx: &mut Tx, differences: &[Difference], now: Time) -> Result<Vec<Value>> {
    let lost = differences.iter().filter(|one| !one.lost.is_empty()).filter_map(|one| one.scope.as_ref());
    let customers: BTreeSet<i64> = lost.filter(|(scope, _)| scope == "customer").map(|(_, id)| *id).collect();
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    let without = store::without(tx, customers.into_iter().collect(), OWNER, now).await?;
    let told = without.into_iter().map(|(uuid, name)| {
        let text = format!("The organization {name} would be without an owner.");
        json!({"what": "organization_without_owner", "uuid": id::hex(&uuid), "name": name, "text": text})
    });
    Ok(told.collect())
}

/// What a credential that the action made can do: its permissions, and at how many scopes.
async fn token(rehearsal: &mut Series<'_>, done: &Done) -> Result<Value> {
    let Some(secret) = done.answer["token"].as_str() else { return Ok(Value::Null) };
    let credential = Credential::Secret("bearer", secret.to_owned());
    let caller = Caller { credential, ..Caller::default() };
    let Ok(actor) = rehearsal.core.actor_of(rehearsal.tx, &caller).await else { return Ok(Value::Null) };
    let Some(narrow) = &actor.narrow else { return Ok(Value::Null) };
    Ok(json!({
        "permissions": names(&narrow.permissions),
        "staff": actor.is_staff(),
        "support": actor.sees_all(),
        "scopes": actor.grants.iter().filter(|held| held.counts()).count(),
    }))
}

/// What equal differences have in common: the kind of scope, what is gained, what is lost, and what is under conditions now.
type Alike = (String, Vec<&'static str>, Vec<&'static str>, Vec<&'static str>);

/// The answer for the one who asked, about what was tried out.
pub fn tell(core: &Core, action: Value, seen: Seen) -> Result<Value> {
    let Seen { asker, people, scopes, differences, touched, token } = seen;
    let mut shown = Vec::new();
    let mut groups: BTreeMap<Alike, BTreeSet<i64>> = BTreeMap::new();
    let (mut hidden, mut everybody) = (0, BTreeSet::new());
    for difference in &differences {
        let named = difference.scope.as_ref().and_then(|key| scopes.get(key));
        let known = knows_all(&asker)
            || difference.user_id == asker.id && asker.narrow.is_none()
            || named.is_some_and(|named| sees_team_of(core, &asker, named));
        if !known {
            hidden += 1;
            continue;
        }
        everybody.insert(difference.user_id);
        let gained: Vec<&'static str> = difference.powers.0.iter().copied().chain(names(&difference.gained)).collect();
        let lost: Vec<&'static str> = difference.powers.1.iter().copied().chain(names(&difference.lost)).collect();
        let kind = difference.scope.as_ref().map_or("installation", |(kind, _)| kind.as_str());
        let conditional = names(&difference.conditional);
        groups
            .entry((kind.to_owned(), gained.clone(), lost.clone(), conditional.clone()))
            .or_default()
            .insert(difference.user_id);
        if shown.len() < TOLD {
            let (uuid, username, full_name) = people.get(&difference.user_id).cloned().unwrap_or_default();
            shown.push(json!({
                "user": {"uuid": id::hex(&uuid), "username": username, "full_name": full_name},
                "scope": named.map(what::scope),
                "gained": gained,
                "lost": lost,
                "conditional": conditional,
            }));
        }
    }
    let total = differences.len() - hidden;
    let groups: Vec<Value> = groups
        .into_iter()
        .map(|((scope_type, gained, lost, conditional), people)| {
            let people = people.len();
            json!({"scope_type": scope_type, "gained": gained, "lost": lost, "conditional": conditional, "people": people})
        })
        .collect();
    Ok(json!({
        "sentence": sentence(everybody.len(), total, hidden, touched.len()),
        "action": action,
        "people": everybody.len(),
        "count": total,
        "hidden": hidden,
        "summary": groups,
        "differences": shown,
        "touches": touched,
        "token": token,
    }))
}

fn sentence(people: usize, count: usize, hidden: usize, touched: usize) -> String {
    let counted = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    };
    let mut text = match count {
        0 => "Nobody whom you may know of could do more or less.".to_owned(),
        _ => format!(
            "{} could do more or less, at {} in all.",
            counted(people, "person", "people"),
            counted(count, "place", "places")
        ),
    };
    if hidden > 0 {
        let differences = counted(hidden, "more difference is", "more differences are");
        text.push_str(&format!(" {differences} where you don't see the team."));
    }
    if touched > 0 {
        text.push_str(&format!(" It touches {}.", counted(touched, "other thing", "other things")));
    }
    text
}
