//! Who is to have which role: the steps of grants.

use super::{
    super::{
        Grant, Item, Place, Problems,
        kinds::ROLE,
        step::{Difference, Ref, Sign, Step},
        store::Held,
    },
    find::Found,
    things::is_removed,
};
use crate::grant::teams::{
    CUSTOMER_ADD_USER, CUSTOMER_DELETE_USER, CUSTOMER_UPDATE_USER, PROJECT_ADD_USER, PROJECT_DELETE_USER,
    PROJECT_UPDATE_USER,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use stoa_kernel::{
    Time,
    id::{self, Uuid},
};

/// The role without whose holder an organization stands alone (mission O3).
const OWNER: &str = "CUSTOMER.OWNER";

/// What makes two grants the same one: where, which role, who.
type Key = (Ref, Ref, Uuid);

/// A grant that is declared.
struct Wanted<'a> {
    grant: &'a Grant,
    role: &'a str,
    username: &'a str,
    active: bool,
}

/// The steps of grants: those that end, those that change, those that begin; and what is left alone.
pub fn steps(found: &Found<'_>, removals: &[Step], now: Time, problems: &mut Problems) -> (Vec<Step>, Vec<String>) {
    let wanted = wanted(found, now, problems);
    let mut there: BTreeMap<Key, &Held> = BTreeMap::new();
    for held in &found.present.grants {
        there.insert((Ref::There(held.on), Ref::There(held.role), held.user), held);
    }
    let (mut ends, mut changes, mut begins, mut left) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let ruled = ruled(found);
    for (key, held) in &there {
        if wanted.contains_key(key) {
            continue;
        }
        let Some(thing) = found.with(held.on) else { continue };
        if is_removed(removals, thing) {
            // It ends with its organization or project.
            continue;
        }
        let name = format!("{} to {} on {} {}", held.role_name, held.username, thing.kind.name, thing.handle());
        if ruled.contains(&held.on) {
            let action = if thing.kind.team == Some("customer") { &CUSTOMER_DELETE_USER } else { &PROJECT_DELETE_USER };
            let mut step = Step::new(action, Sign::Remove, "grant", name);
            step.on = Some(key.0);
            step.body.insert("role".into(), id::hex(&held.role).into());
            step.body.insert("user".into(), id::hex(&held.user).into());
            ends.push(step);
        } else {
            left.push(format!("grant {name}"));
        }
    }
    for (key, one) in &wanted {
        let until = |until: Option<Time>| until.map_or(Value::Null, |until| until.to_string().into());
        let (kind, _) = &one.grant.on;
        let organization = kind.team == Some("customer");
        let (sign, action, before) = match there.get(key) {
            Some(held) if held.until == one.grant.until => continue,
            Some(held) if organization => (Sign::Change, &CUSTOMER_UPDATE_USER, until(held.until)),
            Some(held) => (Sign::Change, &PROJECT_UPDATE_USER, until(held.until)),
            None if organization => (Sign::Make, &CUSTOMER_ADD_USER, Value::Null),
            None => (Sign::Make, &PROJECT_ADD_USER, Value::Null),
        };
        let name = format!("{} to {} on {} {}", one.role, one.username, kind.name, found.name(key.0));
        let mut step = Step::new(action, sign, "grant", name);
        step.on = Some(key.0);
        step.place = Some(one.grant.place.clone());
        // One that is there may have had another name before this.
        let role = if let Ref::There(uuid) = &key.1 { id::hex(uuid) } else { one.role.to_owned() };
        step.body.insert("role".into(), role.into());
        step.body.insert("user".into(), id::hex(&key.2).into());
        step.body.insert("expiration_time".into(), until(one.grant.until));
        if sign == Sign::Change || one.grant.until.is_some() {
            step.changes.push(Difference { key: "until".into(), before, after: until(one.grant.until) });
        }
        if sign == Sign::Change { changes.push(step) } else { begins.push(step) }
    }
    owners_stay(found, &there, &wanted, &ends, problems);
    // Where there can be one manager, the new one comes after the old one has gone.
    ends.extend(changes);
    begins.sort_by(|one, other| one.place.cmp(&other.place));
    ends.extend(begins);
    (ends, left)
}

/// The grants that are declared, and whose time is not over.
fn wanted<'a>(found: &Found<'a>, now: Time, problems: &mut Problems) -> BTreeMap<Key, Wanted<'a>> {
    let mut all: BTreeMap<Key, Wanted<'a>> = BTreeMap::new();
    for grant in &found.declared.grants {
        let (kind, name) = &grant.on;
        let on = found.meant(kind.list, name, problems);
        let role = found.meant(ROLE.list, &grant.role, problems);
        let person = found.person(&grant.user, problems);
        let (Some(on), Some(role), Some(person)) = (on, role, person) else { continue };
        let scope = scope_of(found, role);
        if Some(scope) != kind.team {
            let text = format!("{} has the scope {scope}, and not {}.", grant.role.value, kind.name);
            problems.add(&grant.role.place, text);
            continue;
        }
        if let Some(first) = all.get(&(on, role, person.uuid)) {
            let text = format!("This grant is declared at {} already.", first.grant.place);
            problems.add(&grant.place, text);
            continue;
        }
        // One whose time is over is one that is not there.
        if grant.until.is_none_or(|until| until > now) {
            let (role_name, username) = (found.name(role), person.username.as_str());
            let one = Wanted { grant, role: role_name, username, active: person.active };
            all.insert((on, role, person.uuid), one);
        }
    }
    all
}

/// The kind of scope on which a role is granted, as it will be.
fn scope_of<'a>(found: &Found<'a>, role: Ref) -> &'a str {
    let declared = found.declaration_of(role).and_then(|item| found.declared.items[item].fields.get("content_type"));
    let there = || match role {
        Ref::There(uuid) => found.with(uuid).map(|thing| thing.text("content_type")),
        Ref::Made(_) => None,
    };
    declared.and_then(|said| said.value.as_str()).or_else(there).unwrap_or_default()
}

/// The organizations and projects over whose team the declaration is authoritative.
fn ruled(found: &Found<'_>) -> BTreeSet<Uuid> {
    let whole = &found.declared.authoritative;
    let organization = |item: &Item, at: usize| -> Option<&Item> {
        let said = item.words.get("organization").and_then(|words| words.first());
        let quiet = &mut Problems::default();
        let above = match said {
            Some(said) => found.meant("organizations", said, quiet)?,
            None => Ref::There(found.thing(at)?.one("organization")?.0),
        };
        found.declaration_of(above).map(|at| &found.declared.items[at])
    };
    let rules = |(at, item): (usize, &Item)| {
        let above = || organization(item, at).is_some_and(|item| item.authoritative.contains("grants"));
        let ruled = item.kind.team.is_some() && (item.rules_over("grants", whole) || above());
        ruled.then(|| found.thing(at).map(|thing| thing.uuid)).flatten()
    };
    found.declared.items.iter().enumerate().filter_map(rules).collect()
}

/// Nobody takes the last owner who can sign in from an organization.
fn owners_stay(
    found: &Found<'_>,
    there: &BTreeMap<Key, &Held>,
    wanted: &BTreeMap<Key, Wanted<'_>>,
    ends: &[Step],
    problems: &mut Problems,
) {
    let owned = |on: Ref| {
        let stays = there.iter().any(|(key, held)| {
            let ended = !wanted.contains_key(key);
            key.0 == on && held.role_name == OWNER && held.active && !ended
        });
        stays || wanted.iter().any(|(key, one)| key.0 == on && one.role == OWNER && one.active)
    };
    let mut told = BTreeSet::new();
    for ((on, ..), held) in there.iter().filter(|(_, held)| held.role_name == OWNER && held.active) {
        let ends_here = ends.iter().any(|step| step.on == Some(*on));
        if ends_here && !owned(*on) && told.insert(held.on) {
            let place = found.declaration_of(*on).map(|item| found.declared.items[item].place.clone());
            let unknown = || Place { file: "".into(), line: 0 };
            let text =
                format!("The last owner of {} stays, {}: declare somebody as {OWNER}.", found.name(*on), held.username);
            problems.add(&place.unwrap_or_else(unknown), text);
        }
    }
}
