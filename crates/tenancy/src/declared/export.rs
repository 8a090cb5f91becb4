//! What is there, as a declaration: files that say the same again. What is as it ships, and what is empty, is not written.

use super::{
    Declaration,
    kinds::{DIVISION, DIVISION_TYPE, GUARD, Kind, ORGANIZATION, PROJECT, PROJECT_TYPE, ROLE},
    read::can_be_declared,
    rules,
    store::{self, Held, Present, Thing},
};
use crate::{access::installation::Choices, settings, vocabulary::features::FEATURES};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use stoa_kernel::{
    Result,
    door::{Caller, Core},
    id::{self, Uuid},
};

/// Writes what is there into files: name and text of each. With the handle or identifier of an organization, only what is
/// its own.
///
/// # Errors
/// Not found for an organization that is not there.
pub async fn export(core: &Arc<Core>, organization: Option<&str>) -> Result<Vec<(String, String)>> {
    let present = core
        .rehearse(&Caller::system(), |series| {
            Box::pin(async move { store::present(series.tx, &Declaration::default(), true, series.now).await })
        })
        .await?;
    let writer = Writer::new(&present);
    let mut files = Vec::new();
    if organization.is_none() {
        files.push(("settings.toml".into(), writer.settings()));
        files.push(("divisions.toml".into(), writer.list(&[&DIVISION_TYPE, &PROJECT_TYPE, &DIVISION])));
        files.push(("roles.toml".into(), writer.list(&[&ROLE])));
        files.push(("guards.toml".into(), writer.list(&[&GUARD])));
    }
    let wanted = |thing: &&Thing| match organization {
        Some(name) => thing.handle() == name || id::parse(name) == Some(thing.uuid),
        None => true,
    };
    let organizations: Vec<&Thing> = writer.of(&ORGANIZATION).filter(wanted).collect();
    if organizations.is_empty() && organization.is_some() {
        return Err(stoa_kernel::Error::field("organization", "There is no such organization."));
    }
    files.extend(organizations.into_iter().map(|one| {
        let safe: String = writer.key(one).chars().filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        (format!("organization-{safe}.toml"), writer.organization(one))
    }));
    files.retain(|(_, text)| !text.is_empty());
    Ok(files.into_iter().map(|(name, text)| (name, format!("{HEAD}{text}"))).collect())
}

const HEAD: &str = "# Written by `stoa export`. `stoa plan` of this directory says what became different since.\n";

struct Writer<'a> {
    present: &'a Present,
    choices: Choices,
    /// How many things of a kind have a handle.
    namesakes: HashMap<(&'static str, &'a str), usize>,
    teams: HashMap<Uuid, BTreeMap<&'a str, Vec<&'a Held>>>,
}

impl<'a> Writer<'a> {
    fn new(present: &'a Present) -> Writer<'a> {
        let mut namesakes: HashMap<_, usize> = HashMap::new();
        for thing in &present.things {
            *namesakes.entry((thing.kind.list, thing.handle())).or_default() += 1;
        }
        let mut teams: HashMap<Uuid, BTreeMap<&str, Vec<&Held>>> = HashMap::new();
        for held in &present.grants {
            teams.entry(held.on).or_default().entry(&held.role_name).or_default().push(held);
        }
        Writer { present, choices: present.settings.choices(), namesakes, teams }
    }

    /// The things of a kind, by their names.
    fn of(&self, kind: &Kind) -> impl Iterator<Item = &'a Thing> + use<'a> {
        let mut all: Vec<&Thing> = self.present.things.iter().filter(|thing| thing.kind.list == kind.list).collect();
        all.sort_by_key(|thing| (thing.handle(), thing.uuid));
        all.into_iter()
    }

    /// What a declaration calls a thing: its handle, if it alone has it.
    fn key(&self, thing: &Thing) -> String {
        match self.is_alone(thing.kind, thing.handle()) {
            true => thing.handle().to_owned(),
            false => {
                let uuid = id::hex(&thing.uuid);
                format!("{}-{}", thing.handle(), &uuid[uuid.len() - 12..]).trim_start_matches('-').to_owned()
            }
        }
    }

    fn is_alone(&self, kind: &Kind, handle: &str) -> bool {
        !handle.is_empty() && self.namesakes.get(&(kind.list, handle)) == Some(&1)
    }

    fn settings(&self) -> String {
        let mut text = String::new();
        for one in settings::rules::all().filter(|one| can_be_declared(one.kind)) {
            let value = self.present.settings.value(one.key);
            if serde_json::from_str::<Value>(one.default).is_ok_and(|default| default != value) {
                line(&mut text, one.key, &value);
            }
        }
        let mut text = if text.is_empty() { text } else { format!("\n[settings]\n{text}") };
        let mut section = "";
        for one in FEATURES {
            let value = self.present.settings.feature(one.section, one.key);
            if value != one.default {
                if section != one.section {
                    text.push_str(&format!("\n[features.{}]\n", one.section));
                    section = one.section;
                }
                line(&mut text, one.key, &value.into());
            }
        }
        text
    }

    /// Those of the installation.
    fn list(&self, kinds: &[&'static Kind]) -> String {
        let things = kinds.iter().flat_map(|kind| self.of(kind)).filter(|thing| thing.one("organization").is_none());
        things.map(|thing| self.thing(thing)).collect()
    }

    fn organization(&self, organization: &Thing) -> String {
        let own = |thing: &&Thing| thing.one("organization").is_some_and(|(uuid, _)| *uuid == organization.uuid);
        let things = self.of(&PROJECT).chain(self.of(&GUARD)).filter(own).map(|thing| self.thing(thing));
        things.fold(self.thing(organization), |text, thing| text + &thing)
    }

    /// A thing with its team; nothing for a role that is as it ships.
    fn thing(&self, thing: &Thing) -> String {
        let (mut text, key) = (String::new(), self.key(thing));
        if !self.is_alone(thing.kind, thing.handle()) {
            line(&mut text, "uuid", &id::hex(&thing.uuid).into());
        }
        let edited = rules::edited(thing, self.choices);
        let edited: Vec<&str> = edited.iter().map(|(name, _)| *name).collect();
        for field in thing.kind.fields() {
            let value = thing.fields.get(field.name).unwrap_or(&Value::Null);
            let said = match field.name {
                name if name == thing.kind.handle => key != thing.handle(),
                // What a role that ships carries is told by what it adds and removes.
                name if thing.system => name != "permissions" && edited.contains(&name),
                _ => !is_nothing(field.name, value),
            };
            if said {
                line(&mut text, thing.kind.key_of(field.name), value);
            }
        }
        if let Some((add, remove)) = rules::beyond(thing, self.choices).filter(|_| thing.system) {
            for (key, names) in [("add", add), ("remove", remove)] {
                if !names.is_empty() {
                    line(&mut text, key, &names.into());
                }
            }
        }
        if thing.system && text.is_empty() {
            return String::new();
        }
        self.refs(thing, &mut text);
        let head = format!("{}.{}", thing.kind.list, bare(&key));
        let mut text = format!("\n[{head}]\n{text}");
        if let Some(team) = self.teams.get(&thing.uuid) {
            text.push_str(&format!("\n[{head}.team]\n"));
            team.iter().for_each(|(role, people)| members(&mut text, role, people));
        }
        text
    }

    fn refs(&self, thing: &Thing, text: &mut String) {
        for key in thing.kind.keys {
            let Some(refs) = thing.refs.get(key.key) else { continue };
            let kind = key.refers_to().and_then(super::kinds::kind);
            let name = |(uuid, handle): &(Uuid, String)| match kind {
                Some(kind) if !self.is_alone(kind, handle) => id::hex(uuid),
                _ => handle.clone(),
            };
            let value = match key.is_many() {
                true => refs.iter().map(name).collect(),
                false => refs.first().map_or(Value::Null, |one| name(one).into()),
            };
            line(text, key.key, &value);
        }
    }
}

fn members(text: &mut String, role: &str, people: &[&Held]) {
    let member = |held: &&Held| match held.until {
        None => json!(held.username),
        Some(until) => json!({"user": held.username, "until": until.to_string()}),
    };
    line(text, &bare(role), &people.iter().map(member).collect());
}

/// Whether a value says nothing: it is what it would be if nobody said it.
fn is_nothing(field: &str, value: &Value) -> bool {
    match field {
        "kind" => value == "default",
        "display_billing_info_in_projects" | "is_active" => *value == true,
        "default_tax_percent" => value == "0",
        "within" => value == "organization",
        "time_zone" => value == "UTC",
        _ => {
            let empty =
                value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(|map| map.is_empty());
            empty || value.is_null() || *value == false || value == ""
        }
    }
}

/// A line `key = value`. A value that TOML can't say, such as nothing inside a list, becomes a remark.
fn line(text: &mut String, key: &str, value: &Value) {
    match written(value, 0) {
        Some(value) => text.push_str(&format!("{key} = {value}\n")),
        None => {
            text.push_str(&format!("# {key} holds something empty in a list or table, which can't be written here.\n"))
        }
    }
}

fn written(value: &Value, depth: usize) -> Option<String> {
    Some(match value {
        Value::Null if depth == 0 => "\"\"".into(),
        Value::Null => return None,
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(list) => {
            let all: Vec<String> = list.iter().map(|one| written(one, depth + 1)).collect::<Option<_>>()?;
            match all.iter().map(|one| one.len() + 2).sum::<usize>() > 100 && depth == 0 {
                true => format!("[\n    {},\n]", all.join(",\n    ")),
                false => format!("[{}]", all.join(", ")),
            }
        }
        Value::Object(map) => {
            let entry =
                |(key, value): (&String, &Value)| Some(format!("{} = {}", bare(key), written(value, depth + 1)?));
            let all: Vec<String> = map.iter().map(entry).collect::<Option<_>>()?;
            format!("{{ {} }}", all.join(", "))
        }
    })
}

/// A key, in quotes where it needs them.
fn bare(key: &str) -> String {
    let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if plain { key.to_owned() } else { quoted(key) }
}

/// A text as TOML writes it: as JSON does, but for one character.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_written_as_toml_reads_them() {
        let mut text = String::new();
        for (key, value) in [
            ("a", json!("x\n\"y\"\\\u{7f}\u{1}é")),
            ("b", json!(["a", 1, true, {"k k": 0.5}])),
            ("c", json!(null)),
            ("d", json!([null])),
            ("e", json!({"f": []})),
        ] {
            line(&mut text, &bare(key), &value);
        }
        let read: toml::Table = text.parse().unwrap();
        assert_eq!(read["a"].as_str(), Some("x\n\"y\"\\\u{7f}\u{1}é"));
        assert_eq!(read["b"][3]["k k"].as_float(), Some(0.5));
        assert!(read["c"].as_str() == Some("") && !read.contains_key("d") && read["e"]["f"].as_array().is_some());
    }

    proptest! {
        #[test]
        fn any_key_and_text_reads_back(key in ".{0,12}", text in "(?s).{0,40}") {
            let written = format!("{} = {}\n", bare(&key), quoted(&text));
            let read: toml::Table = written.parse().unwrap();
            prop_assert_eq!(read[&key].as_str(), Some(text.as_str()));
        }
    }
}
