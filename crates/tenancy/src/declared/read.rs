//! Trees into a declaration. Everything that is wrong is told at once, each with file and line.

mod choices;

pub(super) use choices::can_be_declared;

use super::{
    Declaration, Grant, Item, Place, Problems, Said,
    kinds::{KINDS, Kind, LISTS, Means, ORGANIZATION, PROJECT, kind},
    nearest::meant,
    text::{self, Node, What},
};
use crate::{access::permissions::PERMISSIONS, guard, project, role};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
};
use stoa_kernel::{
    Error, Result, Time,
    field::{Field, Input, Kind as FieldKind, Mode},
    id, record,
};

/// What a list of a team or of grants says about one person.
const MEMBER: &[&str] = &["user", "until"];
const GRANT: &[&str] = &["user", "role", "organization", "project", "until"];

/// Reads files, each with its name, in this order.
///
/// # Errors
/// Invalid, naming every place where something is wrong.
pub fn read(files: &[(String, String)]) -> Result<Declaration> {
    let mut reader = Reader::default();
    for (name, text) in files {
        if let Some(tree) = text::parse(name, text, &mut reader.problems) {
            reader.file(&tree);
        }
    }
    reader.problems.done()?;
    Ok(reader.declaration)
}

#[derive(Default)]
struct Reader {
    declaration: Declaration,
    problems: Problems,
    /// Where things are declared, by list and key.
    seen: BTreeMap<(&'static str, String), Place>,
}

type Entry = (String, Place, Node);

/// The texts of a member of a team, or of a grant, by key; and when it ends.
type Member = (BTreeMap<&'static str, Said<String>>, Option<Time>);

impl Reader {
    fn file(&mut self, tree: &Node) {
        for (key, place, node) in self.table(tree) {
            match key.as_str() {
                "authoritative" => {
                    let lists = self.lists(node, LISTS);
                    self.declaration.authoritative.extend(lists);
                }
                "settings" => self.settings(node),
                "features" => self.features(node),
                "grants" => self.grants(node),
                list => match kind(list) {
                    Some(kind) => self.items(kind, node),
                    None => {
                        let known = KINDS.iter().map(|kind| kind.list);
                        let known = known.chain(["authoritative", "settings", "features", "grants"]);
                        self.problems
                            .add(place, format!("{key} is no list that can be declared.{}", meant(key, known)));
                    }
                },
            }
        }
    }

    /// The entries of a table; nothing is an empty one.
    fn table<'n>(&mut self, node: &'n Node) -> &'n [Entry] {
        match &node.what {
            What::Table(entries) => entries,
            What::Plain(Value::Null) => &[],
            _ => {
                self.problems.add(&node.place, "A table is expected here.");
                &[]
            }
        }
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        let text = node.text().filter(|text| !text.is_empty()).map(ToOwned::to_owned);
        if text.is_none() {
            self.problems.add(&node.place, "A text is expected here.");
        }
        text
    }

    /// A text, or several in a list.
    fn texts(&mut self, node: &Node) -> Vec<Said<String>> {
        let nodes = match &node.what {
            What::List(list) => list.as_slice(),
            What::Plain(Value::Null) => &[],
            _ => slice::from_ref(node),
        };
        let said = |node: &Node| Some(Said { value: self.text(node)?, place: node.place.clone() });
        nodes.iter().filter_map(said).collect()
    }

    /// Names of lists for which somebody is authoritative.
    fn lists(&mut self, node: &Node, known: &'static [&'static str]) -> BTreeSet<&'static str> {
        let mut lists = BTreeSet::new();
        for said in self.texts(node) {
            match known.iter().find(|list| **list == said.value) {
                Some(list) => _ = lists.insert(*list),
                None => {
                    let text = format!("{} is no list here: {}.", said.value, known.join(", "));
                    self.problems.add(&said.place, text);
                }
            }
        }
        lists
    }

    /// Notes where something is declared; a second time is a problem.
    fn once(&mut self, list: &'static str, key: &str, place: &Place) -> bool {
        match self.seen.insert((list, key.to_owned()), place.clone()) {
            None => true,
            Some(first) => {
                self.problems.add(place, format!("{key} is declared at {first} already."));
                false
            }
        }
    }

    fn items(&mut self, kind: &'static Kind, node: &Node) {
        if let What::List(list) = &node.what {
            // A list of names is short for things of which nothing else is said.
            for node in list {
                if let Some(key) = self.text(node) {
                    let empty = Node { place: node.place.clone(), what: What::Table(Vec::new()) };
                    self.item(kind, &key, &node.place, &empty);
                }
            }
            return;
        }
        for (key, place, node) in self.table(node) {
            self.item(kind, key, place, node);
        }
    }

    fn item(&mut self, kind: &'static Kind, key: &str, place: &Place, node: &Node) {
        if !self.once(kind.list, key, place) {
            return;
        }
        let mut item = Item {
            kind,
            key: key.to_owned(),
            uuid: None,
            fields: BTreeMap::new(),
            words: BTreeMap::new(),
            authoritative: BTreeSet::new(),
            place: place.clone(),
        };
        for (name, at, node) in self.table(node) {
            let special = kind.keys.iter().find(|one| one.key == name && one.means != Means::Field);
            match (name.as_str(), special) {
                (_, Some(key)) => {
                    let words = self.texts(node);
                    if matches!(key.means, Means::One(_)) && words.len() > 1 {
                        self.problems.add(at, format!("{name} is one {}.", list_of(key.means)));
                    }
                    if key.means == Means::Permissions {
                        words.iter().for_each(|said| self.permission(kind, said));
                    }
                    item.words.insert(key.key, words);
                }
                ("uuid", _) => {
                    item.uuid = node.text().and_then(id::parse);
                    if item.uuid.is_none() {
                        self.problems.add(at, "Must be a valid UUID.");
                    }
                }
                ("authoritative", _) if !kind.lists.is_empty() => item.authoritative = self.lists(node, kind.lists),
                ("team", _) if kind.team.is_some() => self.team(kind, key, node),
                _ => match kind.field_of(name) {
                    Some(field) => {
                        if let Some(value) = self.field(kind, field, at, node) {
                            item.fields.insert(field.name, Said { value, place: at.clone() });
                        }
                    }
                    None => {
                        let near = meant(name, kind.known());
                        self.problems.add(at, format!("{name} is no key of {}.{near}", kind.list));
                    }
                },
            }
        }
        let said = |value: &str| Said { value: Value::from(value), place: place.clone() };
        item.fields.entry(kind.handle).or_insert_with(|| said(key));
        if let (Some(both), true) =
            (item.words.get("add").or(item.words.get("remove")), item.fields.contains_key("permissions"))
        {
            let place = both.first().map_or(place, |said| &said.place);
            self.problems.add(place, "A role says permissions, or what it adds and removes, and not both.");
        }
        self.declaration.items.push(item);
    }

    fn permission(&mut self, kind: &Kind, said: &Said<String>) {
        let problem = match kind.list {
            // Those of guards may be patterns.
            "guards" if guard::rules::is_known(&said.value) => None,
            "guards" => Some(format!("There is no permission {}", said.value)),
            _ => role::rules::permissions(&json!([said.value])).err().map(|error| words(&error)),
        };
        if let Some(problem) = problem {
            let near = meant(&said.value, PERMISSIONS.iter().map(|one| one.name));
            self.problems.add(&said.place, format!("{problem}.{near}"));
        }
    }

    /// The value of a field as the record would show it.
    fn field(&mut self, kind: &Kind, field: &'static Field, at: &Place, node: &Node) -> Option<Value> {
        if field.name == "permissions" {
            self.texts(node).iter().for_each(|said| self.permission(kind, said));
        }
        let mut value = self.value(field, at, node.value())?;
        match (kind.list, field.name) {
            // What is stored is what these make of it, so this is what is compared.
            ("guards", name) if matches!(field.kind, FieldKind::Texts) => match guard::rules::texts(name, &value) {
                Ok(texts) => value = texts.into(),
                Err(error) => self.problems.add(at, words(&error)),
            },
            ("guards", "time_zone") if value == "" => value = "UTC".into(),
            ("projects", "description" | "staff_notes") => {
                value = project::rules::clean_html(value.as_str().unwrap_or_default()).into();
            }
            _ => {}
        }
        if field.name == "permissions" {
            // Their order means nothing.
            let names: BTreeSet<&str> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            value = names.into_iter().collect();
        }
        Some(value)
    }

    fn value(&mut self, field: &'static Field, at: &Place, value: Value) -> Option<Value> {
        let body = json!({ field.name: value });
        match Input::read(slice::from_ref(field), &body, Mode::Partial) {
            Ok(input) => input.val(field.name).map(|val| record::to_json(field.kind, val)),
            Err(error) => {
                self.problems.add(at, words(&error));
                None
            }
        }
    }

    fn team(&mut self, kind: &'static Kind, key: &str, node: &Node) {
        for (role, at, people) in self.table(node) {
            let nodes = match &people.what {
                What::List(list) => list.as_slice(),
                _ => slice::from_ref(people),
            };
            for node in nodes {
                let said = |value: &str, place: &Place| Said { value: value.to_owned(), place: place.clone() };
                let member = match &node.what {
                    What::Table(entries) => self.member(entries, MEMBER, &node.place),
                    _ => self.text(node).map(|user| (BTreeMap::from([("user", said(&user, &node.place))]), None)),
                };
                let Some((mut words, until)) = member else { continue };
                let Some(user) = words.remove("user") else { continue };
                let (on, role) = ((kind, said(key, at)), said(role, at));
                self.declaration.grants.push(Grant { on, role, user, until, place: node.place.clone() });
            }
        }
    }

    fn grants(&mut self, node: &Node) {
        let What::List(list) = &node.what else {
            return self.problems.add(&node.place, "A list of grants is expected here.");
        };
        for node in list {
            let entries = self.table(node);
            let Some((mut words, until)) = self.member(entries, GRANT, &node.place) else { continue };
            let on = match (words.remove("organization"), words.remove("project")) {
                (Some(on), None) => Some((&ORGANIZATION, on)),
                (None, Some(on)) => Some((&PROJECT, on)),
                _ => None,
            };
            match (on, words.remove("role"), words.remove("user")) {
                (Some(on), Some(role), Some(user)) => {
                    self.declaration.grants.push(Grant { on, role, user, until, place: node.place.clone() });
                }
                _ => {
                    let text = "A grant says user, role, and either organization or project.";
                    self.problems.add(&node.place, text);
                }
            }
        }
    }

    /// The texts of a member or a grant by key, and its end.
    fn member(&mut self, entries: &[Entry], known: &'static [&'static str], place: &Place) -> Option<Member> {
        let before = self.problems.0.len();
        let (mut words, mut until) = (BTreeMap::new(), None);
        for (key, at, node) in entries {
            match known.iter().find(|one| *one == key) {
                None => {
                    let near = meant(key, known.iter().copied());
                    self.problems.add(at, format!("{key} is no key of grants.{near}"));
                }
                Some(&"until") => {
                    until = node.text().and_then(Time::parse);
                    if until.is_none() {
                        self.problems.add(at, "until is an instant, such as 2027-01-31T12:00:00Z, or a day.");
                    }
                }
                Some(key) => {
                    if let Some(value) = self.text(node) {
                        words.insert(*key, Said { value, place: at.clone() });
                    }
                }
            }
        }
        if !words.contains_key("user") && self.problems.0.len() == before {
            self.problems.add(place, "user is missing.");
        }
        (self.problems.0.len() == before).then_some((words, until))
    }
}

fn list_of(means: Means) -> &'static str {
    match means {
        Means::One(list) | Means::Many(list) => kind(list).map_or("thing", |kind| kind.name),
        _ => "list of permissions",
    }
}

/// The words of an error, with the fields that they are about.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::Invalid(invalid) => {
            let told = |(field, messages): (&String, &Vec<String>)| match field.as_str() {
                "" => messages.join(" "),
                field => format!("{field}: {}", messages.join(" ")),
            };
            invalid.fields.iter().map(told).collect::<Vec<_>>().join(" ")
        }
        Error::Forbidden(decision) => decision.to_string(),
        Error::NotFound => "It is not there, or not to be seen.".into(),
        Error::Conflict(text) | Error::LimitExceeded(text) => text.clone(),
        other => other.to_string(),
    }
}
