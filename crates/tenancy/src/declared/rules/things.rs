//! Divisions, roles, organizations, projects, guards: what has to be made, changed and removed.

use super::{
    super::{
        Item, Problems,
        kinds::{DIVISION, GUARD, Key, Kind, Means, ORGANIZATION, PROJECT, ROLE},
        step::{Difference, Links, Ref, Sign, Step},
        store::Thing,
    },
    choices,
    find::Found,
};
use crate::{access::installation::Choices, customer, guard, project};
use serde_json::Value;
use std::collections::BTreeMap;
use stoa_kernel::action::Action;

/// What a declared thing refers to, by key: every one that is meant.
pub type Wanted = BTreeMap<&'static str, Vec<Ref>>;

/// What each declared thing refers to.
pub fn wanted(found: &Found<'_>, problems: &mut Problems) -> Vec<Wanted> {
    let of = |item: &Item, problems: &mut Problems| {
        let mut all = Wanted::new();
        for key in item.kind.keys {
            let Some(words) = item.words.get(key.key) else { continue };
            let refs: Vec<Ref> = match key.refers_to() {
                Some(list) => words.iter().filter_map(|said| found.meant(list, said, problems)).collect(),
                None if key.means == Means::People => {
                    let people = words.iter().filter_map(|said| found.person(said, problems));
                    people.map(|person| Ref::There(person.uuid)).collect()
                }
                None => continue,
            };
            all.insert(key.key, refs);
        }
        all
    };
    found.declared.items.iter().map(|item| of(item, problems)).collect()
}

/// The declared things of a kind in the order in which they are made and changed: what others lie below comes first.
///
/// Divisions that would lie below themselves are a problem.
pub fn order(found: &Found<'_>, wanted: &[Wanted], kind: &Kind, problems: &mut Problems) -> Vec<usize> {
    let items = found.declared.items.iter().enumerate().filter(|(_, item)| item.kind.list == kind.list);
    let mut order: Vec<(usize, usize)> = Vec::new();
    for (at, item) in items {
        let (mut depth, mut above) = (0, parent(found, wanted, found.reference(at)));
        while let Some(next) = above.filter(|_| kind.list == DIVISION.list) {
            depth += 1;
            if depth > found.declared.items.len() + found.present.things.len() {
                problems.add(&item.place, format!("The division {} would lie below itself.", item.name()));
                break;
            }
            above = parent(found, wanted, next);
        }
        order.push((depth, at));
    }
    // Stable: the rest is as it is written.
    order.sort_by_key(|(depth, _)| *depth);
    order.into_iter().map(|(_, at)| at).collect()
}

/// The division above one, as it will be.
fn parent(found: &Found<'_>, wanted: &[Wanted], one: Ref) -> Option<Ref> {
    let declared = found.declaration_of(one).and_then(|item| wanted.get(item)?.get("parent"));
    match (declared, one) {
        (Some(refs), _) => refs.first().copied(),
        (None, Ref::There(uuid)) => found.with(uuid)?.one("parent").map(|(uuid, _)| Ref::There(*uuid)),
        (None, Ref::Made(_)) => None,
    }
}

/// The steps that make or change a declared thing; and those that shut it, for after everything else.
pub fn steps(
    found: &Found<'_>,
    wanted: &[Wanted],
    at: usize,
    choices: Choices,
    problems: &mut Problems,
) -> (Vec<Step>, Vec<Step>) {
    let item = &found.declared.items[at];
    let mut fields: BTreeMap<&'static str, Value> =
        item.fields.iter().map(|(name, said)| (*name, said.value.clone())).collect();
    if item.kind.list == ROLE.list
        && let Some(permissions) = choices::permissions(found, at, choices, problems)
    {
        fields.insert("permissions", permissions);
    }
    let thing = found.thing(at);
    let mut changes = differences(item, thing, fields);
    // Shut for good only when everything else is done; opened before anything is.
    let closing = |(field, one): &(&'static str, Difference)| item.kind.shut.contains(field) && one.after == true;
    let (late, now): (Vec<_>, Vec<_>) = changes.drain(..).partition(closing);
    let mut steps = Vec::new();
    let base = match thing {
        None => Step::new(create(item.kind, &wanted[at]), Sign::Make, item.kind.name, item.name()),
        Some(thing) => {
            let step = Step::new(item.kind.update, Sign::Change, item.kind.name, thing.handle());
            Step { on: Some(Ref::There(thing.uuid)), ..step }
        }
    };
    let mut main = Step { place: Some(item.place.clone()), makes: thing.is_none().then_some(at), ..base };
    put(&mut main, now);
    for key in item.kind.keys {
        let Some(refs) = wanted[at].get(key.key) else { continue };
        if let Some((difference, links)) = compare(found, key, thing, refs) {
            match apart(item.kind, key, thing) {
                Some(action) => {
                    let step = Step::new(action, Sign::Change, item.kind.name, main.name.clone());
                    let mut step = Step { on: Some(found.reference(at)), place: main.place.clone(), ..step };
                    step.links.push((key.field, links));
                    step.changes.push(difference);
                    if item.kind.list == PROJECT.list {
                        step.body.insert("preserve_permissions".into(), true.into());
                    }
                    steps.push(step);
                }
                None if thing.is_some() && is_fixed(item.kind, key.field) => {
                    let place = item.words[key.key].first().map_or(&item.place, |said| &said.place);
                    problems.add(place, fixed(item, &difference.key));
                }
                None => {
                    // Of two keys that say one field, the one that says something counts.
                    let at = if links == Links::One(None) { 0 } else { main.links.len() };
                    main.links.insert(at, (key.field, links));
                    main.changes.push(difference);
                }
            }
        }
    }
    for said in main.body.keys().filter_map(|field| item.fields.get_key_value(field.as_str())) {
        if thing.is_some() && is_fixed(item.kind, said.0) {
            problems.add(&said.1.place, fixed(item, item.kind.key_of(said.0)));
        }
    }
    let places: Vec<&str> = ["on_organization", "on_project"]
        .into_iter()
        .filter(|key| wanted[at].get(key).is_some_and(|refs| !refs.is_empty()))
        .collect();
    if places.len() > 1 {
        problems.add(&item.place, "A guard is on an organization or on a project, and not on both.");
    }
    if thing.is_none() {
        missing(item, &wanted[at], main.action, problems);
    }
    if thing.is_none() || !main.changes.is_empty() {
        // Opening a shut organization comes before its divisions are set.
        steps.insert(0, main.clone());
    }
    let mut closing = Vec::new();
    if !late.is_empty() {
        let step = Step::new(item.kind.update, Sign::Change, item.kind.name, main.name.clone());
        let mut step = Step { on: Some(found.reference(at)), place: main.place.clone(), ..step };
        put(&mut step, late);
        closing.push(step);
    }
    (steps, closing)
}

fn put(step: &mut Step, changes: Vec<(&'static str, Difference)>) {
    for (field, difference) in changes {
        step.body.insert(field.to_owned(), difference.after.clone());
        step.changes.push(difference);
    }
}

/// The fields in which a thing differs from what is declared.
fn differences(
    item: &Item,
    thing: Option<&Thing>,
    fields: BTreeMap<&'static str, Value>,
) -> Vec<(&'static str, Difference)> {
    let before = |name: &str| thing.map_or(Value::Null, |thing| thing.fields.get(name).cloned().unwrap_or_default());
    let difference = |(name, after): (&'static str, Value)| {
        let before = before(name);
        let key = item.kind.key_of(name).to_owned();
        (thing.is_none() || before != after).then_some((name, Difference { key, before, after }))
    };
    fields.into_iter().filter_map(difference).collect()
}

/// In what a thing refers to others than declared.
fn compare(found: &Found<'_>, key: &Key, thing: Option<&Thing>, refs: &[Ref]) -> Option<(Difference, Links)> {
    let there = thing.and_then(|thing| thing.refs.get(key.key)).map_or(&[][..], Vec::as_slice);
    let mut before: Vec<Ref> = there.iter().map(|(uuid, _)| Ref::There(*uuid)).collect();
    let mut after = refs.to_vec();
    before.sort_unstable();
    after.sort_unstable();
    after.dedup();
    if before == after {
        return None;
    }
    let many = key.is_many();
    let shown = |names: Vec<&str>| match many {
        true => names.into_iter().collect(),
        false => names.first().map_or(Value::Null, |name| (*name).into()),
    };
    let before = shown(there.iter().map(|(_, name)| name.as_str()).collect());
    let names = shown(refs.iter().map(|one| found.name(*one)).collect());
    let difference = Difference { key: key.key.to_owned(), before, after: names };
    Some((difference, if many { Links::Many(after) } else { Links::One(after.first().copied()) }))
}

/// What makes a thing: a guard that is no organization's is made for the installation.
fn create(kind: &Kind, wanted: &Wanted) -> &'static Action {
    let of_one = wanted.get("organization").is_some_and(|refs| !refs.is_empty());
    if kind.list == GUARD.list && !of_one { &guard::actions::CREATE_FOR_ALL } else { kind.create }
}

/// Whether a field stays as it is once a thing is made.
fn is_fixed(kind: &Kind, name: &str) -> bool {
    kind.create.fields.iter().any(|field| field.name == name && field.fixed)
}

fn fixed(item: &Item, key: &str) -> String {
    format!("{key} of the {} {} can't be changed once it is made.", item.kind.name, item.name())
}

/// The action of its own by which a key is set, where it is not a part of making and changing.
fn apart(kind: &Kind, key: &Key, thing: Option<&Thing>) -> Option<&'static Action> {
    match (kind.list, key.key, thing) {
        ("organizations", "divisions", _) => Some(&customer::actions::SET_GROUPS),
        ("projects", "organization", Some(_)) => Some(&project::actions::MOVE),
        _ => None,
    }
}

/// What a new thing must say.
fn missing(item: &Item, wanted: &Wanted, create: &Action, problems: &mut Problems) {
    let absent = |field: &&stoa_kernel::field::Field| {
        let key = item.kind.key_of(field.name);
        let carried =
            field.name == "permissions" && (item.words.contains_key("add") || item.words.contains_key("remove"));
        field.required && !item.fields.contains_key(field.name) && !wanted.contains_key(key) && !carried
    };
    let keys: Vec<&str> = create.fields.iter().filter(absent).map(|field| item.kind.key_of(field.name)).collect();
    if !keys.is_empty() {
        let text =
            format!("The {} {} is not there yet; to be made it needs {}.", item.kind.name, item.key, keys.join(", "));
        problems.add(&item.place, text);
    }
}

/// The steps that remove what is not declared, and what is left alone.
pub fn removals(
    found: &Found<'_>,
    wanted: &[Wanted],
    kind: &'static Kind,
    problems: &mut Problems,
) -> (Vec<Step>, Vec<String>) {
    let declared = found.declared;
    let (mut steps, mut left) = (Vec::new(), Vec::new());
    let mut gone: Vec<&Thing> = Vec::new();
    for (at, thing) in found.present.things.iter().enumerate() {
        if thing.kind.list != kind.list || thing.system || thing.is_own_role() || found.is_declared(at) {
            continue;
        }
        let organization =
            || found.declaration_of(Ref::There(thing.one("organization")?.0)).map(|at| &declared.items[at]);
        let ruled = match kind.list {
            "projects" => organization().is_some_and(|one| one.rules_over("projects", &declared.authoritative)),
            // The whole declaration rules over those of the installation only.
            "guards" if thing.one("organization").is_some() => {
                organization().is_some_and(|one| one.authoritative.contains("guards"))
            }
            list => declared.authoritative.contains(list),
        };
        match ruled {
            true => gone.push(thing),
            false => left.push(format!("{} {}", kind.name, thing.handle())),
        }
    }
    for (item, wanted) in declared.items.iter().zip(wanted) {
        for one in wanted.values().flatten() {
            if gone.iter().any(|thing| Ref::There(thing.uuid) == *one) {
                let name = found.name(*one);
                problems.add(&item.place, format!("The {} {name} is not declared and would be removed.", kind.name));
            }
        }
    }
    // Below before above.
    gone.sort_by_key(|thing| std::cmp::Reverse(depth(found, thing)));
    for thing in gone {
        let step = Step::new(kind.delete, Sign::Remove, kind.name, thing.handle());
        steps.push(Step { on: Some(Ref::There(thing.uuid)), ..step });
    }
    (steps, left)
}

/// How far below the top a division is at present.
fn depth(found: &Found<'_>, thing: &Thing) -> usize {
    let (mut depth, mut above) = (0, thing.one("parent"));
    while let Some((uuid, _)) = above.filter(|_| depth < found.present.things.len()) {
        depth += 1;
        above = found.with(*uuid).and_then(|thing| thing.one("parent"));
    }
    depth
}

/// Whether a thing is an organization or project that is removed by these steps.
pub fn is_removed(steps: &[Step], thing: &Thing) -> bool {
    let kinds = [ORGANIZATION.list, PROJECT.list];
    kinds.contains(&thing.kind.list) && steps.iter().any(|step| step.on == Some(Ref::There(thing.uuid)))
}
