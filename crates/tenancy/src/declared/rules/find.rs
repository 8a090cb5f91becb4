//! Which thing a name means.

use super::super::{
    Declaration, Item, Place, Problems, Said,
    kinds::{GUARD, ORGANIZATION, kind},
    nearest::meant,
    step::Ref,
    store::{Person, Present, Thing},
};
use std::collections::{BTreeMap, HashMap};
use stoa_kernel::id::{self, Uuid};

/// What was declared beside what is there.
pub struct Found<'a> {
    /// What was declared.
    pub declared: &'a Declaration,
    /// What is there.
    pub present: &'a Present,
    /// For each declared thing, the position of the one that is there.
    pub there: Vec<Option<usize>>,
    /// For each thing that is there, the position of its declaration.
    declared_as: HashMap<usize, usize>,
    by_uuid: HashMap<Uuid, usize>,
    by_handle: HashMap<(&'static str, &'a str), Vec<usize>>,
    items: HashMap<(&'static str, &'a str), usize>,
}

impl<'a> Found<'a> {
    /// Finds the things that are declared among those that are there.
    pub fn new(declared: &'a Declaration, present: &'a Present, problems: &mut Problems) -> Found<'a> {
        let mut by_uuid = HashMap::new();
        let mut by_handle: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, thing) in present.things.iter().enumerate() {
            by_uuid.insert(thing.uuid, at);
            by_handle.entry((thing.kind.list, thing.handle())).or_default().push(at);
        }
        let mut items = HashMap::new();
        for (at, item) in declared.items.iter().enumerate() {
            items.entry((item.kind.list, item.name())).or_insert(at);
        }
        // A key is the nearer name: it goes before what other things are called.
        items.extend(declared.items.iter().enumerate().map(|(at, item)| ((item.kind.list, item.key.as_str()), at)));
        let (there, declared_as) = (vec![None; declared.items.len()], HashMap::new());
        let mut found = Found { declared, present, there, declared_as, by_uuid, by_handle, items };
        // Organizations before projects, which are looked for in theirs.
        let mut order: Vec<usize> = (0..declared.items.len()).collect();
        order.sort_by_key(|at| declared.items[*at].kind.rank());
        for at in order {
            let item = &declared.items[at];
            let there = match item.uuid {
                Some(uuid) => found.identified(item, uuid, problems),
                None if item.kind.list == GUARD.list => found.guard(item, problems),
                None => found.called(item.kind.list, item.name(), &item.place, problems),
            };
            let there = there.filter(|there| item.uuid.is_some() || found.is_at_home(item, *there, problems));
            if let Some(first) = there.and_then(|there| found.declared_as.insert(there, at)) {
                let first = &declared.items[first].place;
                problems.add(&item.place, format!("{} is the {} of {first}.", item.key, item.kind.name));
            }
            if let Some(role) = there.map(|there| &present.things[there]).filter(|thing| thing.is_own_role()) {
                let text = format!("{} is a role of an organization's own, which is not declared.", role.handle());
                problems.add(&item.place, text);
            }
            found.there[at] = there;
        }
        found.strangers(problems);
        found
    }

    /// The organization whose guard is declared, or (`None`) the installation; what it refers to is told elsewhere.
    fn home(&self, item: &Item) -> Option<Ref> {
        let said = item.words.get("organization")?.first()?;
        self.meant(ORGANIZATION.list, said, &mut Problems::default())
    }

    /// The guard that is called so in its organization, or among those of the installation: names are told apart there only.
    fn guard(&self, item: &Item, problems: &mut Problems) -> Option<usize> {
        let home = self.home(item);
        let all = self.by_handle.get(&(GUARD.list, item.name())).map_or(&[][..], Vec::as_slice);
        let is_home =
            |at: &usize| self.present.things[*at].one("organization").map(|(uuid, _)| Ref::There(*uuid)) == home;
        let all: Vec<usize> = all.iter().copied().filter(is_home).collect();
        self.only(&all, item.name(), &item.place, problems)
    }

    /// Guards that would be made: once each; and not where one that nobody declares is called so elsewhere, which is how a guard
    /// looks whose organization was changed in its declaration.
    fn strangers(&self, problems: &mut Problems) {
        let mut made: BTreeMap<(&str, Option<Ref>), &Place> = BTreeMap::new();
        for (at, item) in self.declared.items.iter().enumerate() {
            if item.kind.list != GUARD.list || item.uuid.is_some() || self.there[at].is_some() {
                continue;
            }
            if let Some(first) = made.insert((item.name(), self.home(item)), &item.place) {
                problems.add(&item.place, format!("A guard {} is declared at {first} already.", item.name()));
            }
            let all = self.by_handle.get(&(GUARD.list, item.name())).map_or(&[][..], Vec::as_slice);
            if let Some(other) = all.iter().find(|at| !self.is_declared(**at)) {
                let home = self.present.things[*other].one("organization");
                let whose = home.map_or("the installation", |(_, name)| name);
                let said = item.words.get("organization").and_then(|said| said.first());
                let text = format!(
                    "There is a guard {} of {whose}, and whose guard one is never changes. Say so, or choose another name.",
                    item.name()
                );
                problems.add(said.map_or(&item.place, |said| &said.place), text);
            }
        }
    }

    fn identified(&self, item: &Item, uuid: Uuid, problems: &mut Problems) -> Option<usize> {
        let one = self.by_uuid.get(&uuid).copied();
        let one = one.filter(|one| self.present.things[*one].kind.list == item.kind.list);
        if one.is_none() {
            let text = format!("There is no {} with the uuid {}.", item.kind.name, id::hex(&uuid));
            problems.add(&item.place, text);
        }
        one
    }

    /// Whether a thing that was found by its name alone stands where its declaration says. A project of another organization
    /// that happens to be called so is neither taken over nor doubled.
    fn is_at_home(&self, item: &Item, there: usize, problems: &mut Problems) -> bool {
        let (thing, said) = (&self.present.things[there], item.words.get("organization").and_then(|said| said.first()));
        let (Some((home, name)), Some(said)) = (thing.one("organization"), said) else { return true };
        // What it refers to is told where all references are read.
        let wanted = self.meant(ORGANIZATION.list, said, &mut Problems::default());
        if wanted.is_none_or(|wanted| wanted == Ref::There(*home)) {
            return true;
        }
        let (key, uuid) = (item.name(), id::hex(&thing.uuid));
        let text =
            format!("There is a project {key} in {name}. To move it, say its uuid, {uuid}; or choose another name.");
        problems.add(&item.place, text);
        false
    }

    /// The one thing of a kind that is called so.
    fn called(&self, list: &'static str, name: &str, place: &Place, problems: &mut Problems) -> Option<usize> {
        let all = self.by_handle.get(&(list, name)).map_or(&[][..], Vec::as_slice);
        self.only(all, name, place, problems)
    }

    fn only(&self, all: &[usize], name: &str, place: &Place, problems: &mut Problems) -> Option<usize> {
        if all.len() > 1 {
            let which: Vec<String> = all.iter().map(|at| id::hex(&self.present.things[*at].uuid)).collect();
            let text = format!("{name} is not one thing but {}: say which by uuid, {}.", all.len(), which.join(" or "));
            problems.add(place, text);
        }
        all.first().copied()
    }

    /// What a declared thing is: there, or still to be made.
    pub fn reference(&self, item: usize) -> Ref {
        self.thing(item).map_or(Ref::Made(item), |thing| Ref::There(thing.uuid))
    }

    /// The thing that is there for a declared one.
    pub fn thing(&self, item: usize) -> Option<&'a Thing> {
        self.there.get(item).copied().flatten().map(|at| &self.present.things[at])
    }

    /// The thing that is there with this identifier.
    pub fn with(&self, uuid: Uuid) -> Option<&'a Thing> {
        self.by_uuid.get(&uuid).map(|at| &self.present.things[*at])
    }

    /// The declaration of a thing.
    pub fn declaration_of(&self, one: Ref) -> Option<usize> {
        match one {
            Ref::Made(item) => Some(item),
            Ref::There(uuid) => self.declared_as.get(self.by_uuid.get(&uuid)?).copied(),
        }
    }

    /// Whether a thing that is there, by its position, is declared.
    pub fn is_declared(&self, at: usize) -> bool {
        self.declared_as.contains_key(&at)
    }

    /// What a thing, or somebody who is named, is called.
    pub fn name(&self, one: Ref) -> &'a str {
        match one {
            Ref::Made(item) => self.declared.items.get(item).map_or("", |item| item.name()),
            Ref::There(uuid) => {
                let person = || self.present.people.iter().find(|person| person.uuid == uuid);
                let thing = self.with(uuid).map(Thing::handle);
                thing.or_else(|| person().map(|person| person.username.as_str())).unwrap_or_default()
            }
        }
    }

    /// The thing of a kind that a text means: a declared one by its key or its name, one that is there by its name or its
    /// identifier.
    pub fn meant(&self, list: &'static str, said: &Said<String>, problems: &mut Problems) -> Option<Ref> {
        if let Some(item) = self.items.get(&(list, said.value.as_str())) {
            return Some(self.reference(*item));
        }
        let there = self.called(list, &said.value, &said.place, problems).or_else(|| {
            let at = self.by_uuid.get(&id::parse(&said.value)?).copied()?;
            (self.present.things[at].kind.list == list).then_some(at)
        });
        if let Some(at) = there {
            return Some(Ref::There(self.present.things[at].uuid));
        }
        let known = self.items.keys().chain(self.by_handle.keys()).filter(|(of, _)| *of == list).map(|(_, name)| *name);
        let what = kind(list).map_or("thing", |kind| kind.name);
        problems.add(&said.place, format!("There is no {what} {}.{}", said.value, meant(&said.value, known)));
        None
    }

    /// The person whom a text means: by the name to sign in with, or by an address that nobody else has.
    pub fn person(&self, said: &Said<String>, problems: &mut Problems) -> Option<&'a Person> {
        let people = &self.present.people;
        let address = said.value.to_lowercase();
        let mut all = people.iter().filter(|person| !address.is_empty() && person.email.to_lowercase() == address);
        if let Some(person) = people.iter().find(|person| person.username == said.value) {
            // Whoever chooses somebody's address for a name does not take his place.
            if all.any(|other| other.uuid != person.uuid) {
                let text = format!("{} is the name of one user and the address of another.", said.value);
                problems.add(&said.place, text);
                return None;
            }
            return Some(person);
        }
        match (all.next(), all.next()) {
            (Some(person), None) => Some(person),
            (None, _) => {
                problems.add(&said.place, format!("There is no user {}.", said.value));
                None
            }
            (Some(_), Some(_)) => {
                problems.add(&said.place, format!("Several users have the address {}: use a name.", said.value));
                None
            }
        }
    }
}
