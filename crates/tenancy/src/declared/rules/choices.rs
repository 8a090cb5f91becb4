//! Settings, and what they make of the roles that ship.

use super::{
    super::{
        Declaration, Problems,
        kinds::ROLE,
        read::can_be_declared,
        step::{Difference, Ref, Sign, Step},
        store::{Present, Thing},
    },
    find::Found,
};
use crate::{
    access::{
        installation::{self, Choices},
        permissions::{Permission, PermissionSet},
        roles::{Installation, shipped},
    },
    role,
    settings::{self, ADMINISTRATORS_APPROVE, INSTALLATION_TYPE, MANAGERS_APPROVE, actions, feature_key},
    vocabulary::features::FEATURES,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The step that sets settings, the one that sets features, and what is set and not declared.
pub fn steps(declared: &Declaration, present: &Present) -> (Vec<Step>, Vec<String>) {
    let (mut steps, mut left) = (Vec::new(), Vec::new());
    let mut set = Step::new(&actions::SET, Sign::Change, "settings", "of the installation");
    for (key, before, after) in settings_after(declared, present, &mut left) {
        set.place = set.place.or_else(|| declared.settings.get(key).map(|said| said.place.clone()));
        set.body.insert(key.to_owned(), after.clone());
        set.changes.push(Difference { key: key.to_owned(), before, after });
    }
    let mut flags: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut switch = Step::new(&actions::SET_FEATURES, Sign::Change, "features", "of the installation");
    for one in FEATURES {
        let before = present.settings.feature(one.section, one.key);
        let said = declared.features.get(&(one.section.to_owned(), one.key.to_owned()));
        let after = match said {
            Some(said) => said.value,
            None if declared.authoritative.contains("settings") => one.default,
            None => {
                if before != one.default {
                    left.push(feature_key(one.section, one.key));
                }
                continue;
            }
        };
        if before != after {
            switch.place = switch.place.or_else(|| said.map(|said| said.place.clone()));
            flags.entry(one.section).or_default().insert(one.key.to_owned(), after.into());
            let key = format!("{}.{}", one.section, one.key);
            switch.changes.push(Difference { key, before: before.into(), after: after.into() });
        }
    }
    let flags: Map<String, Value> = flags.into_iter().map(|(name, flags)| (name.to_owned(), flags.into())).collect();
    switch.body.insert("flags".into(), flags.into());
    steps.extend([set, switch].into_iter().filter(|step| !step.changes.is_empty()));
    (steps, left)
}

/// The settings that become different: key, before and after. Those that are set and not declared are named beside.
fn settings_after(
    declared: &Declaration,
    present: &Present,
    left: &mut Vec<String>,
) -> Vec<(&'static str, Value, Value)> {
    let mut changed = Vec::new();
    for one in settings::rules::all().filter(|one| can_be_declared(one.kind)) {
        let before = present.settings.value(one.key);
        let default = || serde_json::from_str(one.default).unwrap_or(Value::Null);
        let after = match declared.settings.get(one.key) {
            Some(said) => said.value.clone(),
            None if declared.authoritative.contains("settings") => default(),
            None => {
                if before != default() {
                    left.push(one.key.to_owned());
                }
                continue;
            }
        };
        if before != after {
            changed.push((one.key, before, after));
        }
    }
    changed
}

/// What decides about shipped roles once the settings are set, and whether setting them settles the roles.
fn choices_after(declared: &Declaration, present: &Present) -> (Choices, bool) {
    let changed = settings_after(declared, present, &mut Vec::new());
    let after = |key: &str| {
        let changed = changed.iter().find(|(one, ..)| *one == key).map(|(_, _, after)| after.clone());
        changed.unwrap_or_else(|| present.settings.value(key))
    };
    let choices = Choices {
        installation: after(INSTALLATION_TYPE).as_str().and_then(Installation::parse).unwrap_or_default(),
        managers_approve: after(MANAGERS_APPROVE) == true,
        administrators_approve: after(ADMINISTRATORS_APPROVE) == true,
    };
    (choices, changed.iter().any(|(key, ..)| actions::settles(key)))
}

/// Roles as the settings leave them: what is compared with what is declared.
pub fn settled(declared: &Declaration, present: &Present) -> (Present, Choices) {
    let (choices, settles) = choices_after(declared, present);
    let mut present = present.clone();
    let roles = present.things.iter_mut().filter(|thing| thing.kind.list == ROLE.list && thing.system);
    for thing in roles.filter(|_| settles) {
        let Some(ships) = shipped(thing.text("name")) else { continue };
        let active = thing.fields.get("is_active") == Some(&Value::Bool(true));
        let carried = set(thing.fields.get("permissions"));
        let (label, active, carried) = role::rules::settled(ships, thing.text("description"), active, carried, choices);
        thing.fields.insert("description", label.into());
        thing.fields.insert("is_active", active.into());
        thing.fields.insert("permissions", names(&carried));
    }
    (present, choices)
}

/// What a declared role is to carry, if the declaration says so. What it adds and removes counts from what ships.
pub fn permissions(found: &Found<'_>, item: usize, choices: Choices, problems: &mut Problems) -> Option<Value> {
    let item = &found.declared.items[item];
    if let Some(said) = item.fields.get("permissions") {
        return Some(said.value.clone());
    }
    let named = |key: &str| {
        let words = item.words.get(key).into_iter().flatten();
        words.filter_map(|said| Permission::parse(&said.value)).collect::<Vec<_>>()
    };
    if !item.words.contains_key("add") && !item.words.contains_key("remove") {
        return None;
    }
    let Some(ships) = shipped(item.name()) else {
        problems.add(&item.place, "add and remove are for roles that ship; say permissions.");
        return None;
    };
    let mut carried = installation::permissions(ships, choices);
    for permission in named("add") {
        carried.insert(permission);
    }
    for permission in named("remove") {
        carried.remove(permission);
    }
    Some(names(&carried))
}

/// In what a role that ships was edited: the fields, with what ships.
pub fn edited(thing: &Thing, choices: Choices) -> Vec<(&'static str, Value)> {
    let Some(ships) = shipped(thing.text("name")) else { return Vec::new() };
    let kept = installation::is_shipped_description(ships, thing.text("description"));
    let as_shipped = |field: &'static str| match field {
        "description" if kept => None,
        "description" => Some(ships.labels.of(choices.installation).into()),
        "content_type" => Some(ships.scope.into()),
        "is_active" => Some(installation::active(ships, choices).into()),
        "permissions" => Some(names(&installation::permissions(ships, choices))),
        "name" => None,
        _ => Some(Value::Null),
    };
    let differs = |(name, there): (&&'static str, &Value)| {
        as_shipped(name).filter(|value| value != there).map(|value| (*name, value))
    };
    thing.fields.iter().filter_map(differs).collect()
}

/// The steps that make roles that ship what they are when nobody edits them, and those that are left as somebody made them:
/// of the roles that are not declared.
pub fn resets(found: &Found<'_>, choices: Choices) -> (Vec<Step>, Vec<String>) {
    let (mut steps, mut left) = (Vec::new(), Vec::new());
    for (at, thing) in found.present.things.iter().enumerate() {
        if thing.kind.list != ROLE.list || !thing.system || found.is_declared(at) {
            continue;
        }
        let edited = edited(thing, choices);
        if !edited.is_empty() && !found.declared.authoritative.contains(ROLE.list) {
            left.push(format!("what was edited in the role {}", thing.handle()));
        } else if !edited.is_empty() {
            let step = Step::new(ROLE.update, Sign::Change, ROLE.name, thing.handle());
            let mut step = Step { on: Some(Ref::There(thing.uuid)), ..step };
            for (field, after) in edited {
                let before = thing.fields.get(field).cloned().unwrap_or_default();
                step.body.insert(field.to_owned(), after.clone());
                step.changes.push(Difference { key: ROLE.key_of(field).to_owned(), before, after });
            }
            steps.push(step);
        }
    }
    (steps, left)
}

/// What a role that ships carries beyond that, and what it does not carry.
pub fn beyond(thing: &Thing, choices: Choices) -> Option<(Vec<&'static str>, Vec<&'static str>)> {
    let ships = shipped(thing.text("name"))?;
    let (here, there) = (set(thing.fields.get("permissions")), installation::permissions(ships, choices));
    let only = |one: &PermissionSet, other: &PermissionSet| {
        one.iter().filter(|permission| !other.contains(*permission)).map(Permission::name).collect::<Vec<_>>()
    };
    Some((only(&here, &there), only(&there, &here)))
}

fn set(names: Option<&Value>) -> PermissionSet {
    let names = names.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    names.filter_map(Permission::parse).collect()
}

fn names(set: &PermissionSet) -> Value {
    let names: BTreeSet<&str> = set.iter().map(Permission::name).collect();
    names.into_iter().collect()
}
