//! Declared access: a directory of files says which divisions, roles, organizations, projects, team members, guards and settings
//! there are to be; a plan says what it would take, and what people could do more or less; applying it is one transaction
//! (docs/declared-access.md).
//!
//! The way through this room: [`text`] reads files into trees that know their lines, [`read`] makes a [`Declaration`] of them,
//! [`store`] reads what of it is there at present, [`rules`] compares the two and gives [`step::Step`]s, [`apply`] tries these
//! out or runs them, [`tell`] says it to people, and [`export`] writes files from what is there.
//!
//! A step is a call of an action that exists, run through the door: so every rule holds, everything goes on record under the
//! name of who applies, and there is nothing here that could be done and not be done by hand.
//!
//! **What is not declared is left alone.** A list is only cleared of what is not declared where the declaration calls itself
//! authoritative for that list.

pub mod apply;
pub mod export;
mod kinds;
mod nearest;
mod read;
mod rules;
mod step;
mod store;
mod tell;
mod text;

pub use kinds::{KINDS, Kind};
pub use read::read;
pub use tell::{Tense, lines};

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};
use stoa_kernel::{Error, Time, error::Invalid, id::Uuid};

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Something that is written somewhere.
#[derive(Debug, Clone)]
pub struct Said<T> {
    /// What.
    pub value: T,
    /// Where.
    pub place: Place,
}

/// Everything that a directory declares.
#[derive(Debug, Clone, Default)]
pub struct Declaration {
    /// The lists for which the whole declaration is authoritative.
    pub authoritative: BTreeSet<&'static str>,
    /// Settings by key.
    pub settings: BTreeMap<&'static str, Said<Value>>,
    /// Feature flags by section and name.
    pub features: BTreeMap<(String, String), Said<bool>>,
    /// Things, in the order of files and lines.
    pub items: Vec<Item>,
    /// Who is to have which role where.
    pub grants: Vec<Grant>,
}

/// A declared thing.
#[derive(Debug, Clone)]
pub struct Item {
    /// Of what kind.
    pub kind: &'static Kind,
    /// What the declaration calls it.
    pub key: String,
    /// Which one it is, where its name is not enough to find it.
    pub uuid: Option<Uuid>,
    /// Fields of its action, as the record would show them.
    pub fields: BTreeMap<&'static str, Said<Value>>,
    /// What it refers to, by key; and other lists of words.
    pub words: BTreeMap<&'static str, Vec<Said<String>>>,
    /// The lists of it for which the declaration is authoritative.
    pub authoritative: BTreeSet<&'static str>,
    /// Where.
    pub place: Place,
}

/// A declared membership in a team.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Kind and name of the organization or project.
    pub on: (&'static Kind, Said<String>),
    /// Name of the role.
    pub role: Said<String>,
    /// Name to sign in with, or address.
    pub user: Said<String>,
    /// When it ends by itself.
    pub until: Option<Time>,
    /// Where.
    pub place: Place,
}

impl Declaration {
    /// A digest of what is declared: the same for two texts that mean the same.
    pub fn digest(&self) -> String {
        let items: Vec<String> = self.items.iter().map(Item::meaning).collect();
        let said = |grant: &Grant| {
            let (kind, on) = &grant.on;
            let until = grant.until.map(|until| until.to_string());
            format!("{} {:?} {:?} {:?} {until:?}", kind.list, on.value, grant.role.value, grant.user.value)
        };
        let grants: Vec<String> = self.grants.iter().map(said).collect();
        let settings: Vec<String> = self.settings.iter().map(|(key, said)| format!("{key}={}", said.value)).collect();
        let features: Vec<String> = self.features.iter().map(|(key, said)| format!("{key:?}={}", said.value)).collect();
        digest(&format!("{:?} {settings:?} {features:?} {items:?} {grants:?}", self.authoritative))
    }
}

impl Item {
    /// What the thing that it declares is called: the value of its kind's handle.
    pub fn name(&self) -> &str {
        self.fields.get(self.kind.handle).and_then(|said| said.value.as_str()).unwrap_or(&self.key)
    }

    /// Whether the declaration, as a whole or here, is authoritative for a list of it.
    pub fn rules_over(&self, list: &str, whole: &BTreeSet<&'static str>) -> bool {
        self.authoritative.contains(list) || whole.contains(list)
    }

    fn meaning(&self) -> String {
        let fields: Vec<String> = self.fields.iter().map(|(name, said)| format!("{name}={}", said.value)).collect();
        let words = |list: &Vec<Said<String>>| list.iter().map(|said| said.value.clone()).collect::<Vec<_>>();
        let words: Vec<String> = self.words.iter().map(|(key, list)| format!("{key}={:?}", words(list))).collect();
        let (kind, key) = (self.kind.list, &self.key);
        format!("{kind} {key:?} {:?} {fields:?} {words:?} {:?}", self.uuid, self.authoritative)
    }
}

/// SHA-256 in hexadecimal digits.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with a declaration, each with its place. All of it is told at once.
#[derive(Debug, Default)]
struct Problems(Vec<(String, String)>);

impl Problems {
    fn add(&mut self, place: &Place, what: impl Into<String>) {
        self.0.push((place.to_string(), what.into()));
    }

    fn done(self) -> Result<(), Error> {
        let mut invalid = Invalid::default();
        self.0.into_iter().for_each(|(place, what)| invalid.add(place, what));
        invalid.done()
    }
}
