//! A step of a plan: one call of an action, and what it is in words.

use super::Place;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt};
use stoa_kernel::{
    Error, Result,
    action::Action,
    door::Call,
    field::Mode,
    id::{self, Uuid},
};

/// A thing that a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ref {
    /// One that is there.
    There(Uuid),
    /// One that an earlier step makes: the position of its declaration.
    Made(usize),
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It makes something.
    Make,
    /// It changes something.
    Change,
    /// It removes something.
    Remove,
}

impl Sign {
    /// The character that stands for it.
    pub fn mark(self) -> &'static str {
        match self {
            Sign::Make => "+",
            Sign::Change => "~",
            Sign::Remove => "-",
        }
    }
}

/// A difference in one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The key as it is declared.
    pub key: String,
    /// What is there.
    pub before: Value,
    /// What is declared.
    pub after: Value,
}

/// One call, and what it is in words.
#[derive(Debug, Clone)]
pub struct Step {
    /// The action.
    pub action: &'static Action,
    /// What it is done to.
    pub on: Option<Ref>,
    /// The input, without what refers to things.
    pub body: Map<String, Value>,
    /// What refers to things, by field: one, several, or (`None`) none.
    pub links: Vec<(&'static str, Links)>,
    /// How the input is read.
    pub mode: Mode,
    /// The position of the declaration whose thing it makes.
    pub makes: Option<usize>,
    /// Where it is declared; what is removed is declared nowhere.
    pub place: Option<Place>,
    /// What it does.
    pub sign: Sign,
    /// Of what kind the thing is.
    pub kind: &'static str,
    /// What the thing is called.
    pub name: String,
    /// What becomes different.
    pub changes: Vec<Difference>,
}

/// The things that a field of an input refers to.
#[derive(Debug, Clone, PartialEq)]
pub enum Links {
    /// None, or one.
    One(Option<Ref>),
    /// A list.
    Many(Vec<Ref>),
}

impl Step {
    /// A step without input.
    pub fn new(action: &'static Action, sign: Sign, kind: &'static str, name: impl Into<String>) -> Step {
        Step {
            action,
            on: None,
            body: Map::new(),
            links: Vec::new(),
            mode: if sign == Sign::Change { Mode::Partial } else { Mode::Whole },
            makes: None,
            place: None,
            sign,
            kind,
            name: name.into(),
            changes: Vec::new(),
        }
    }

    /// The call, now that the things are there that earlier steps made.
    ///
    /// # Errors
    /// Broken, if the steps stand in an order that does not work.
    pub fn call(&self, made: &BTreeMap<usize, Uuid>) -> Result<Call> {
        let uuid = |one: &Ref| match one {
            Ref::There(uuid) => Ok(id::hex(uuid)),
            Ref::Made(item) => {
                let uuid = made.get(item).map(id::hex);
                uuid.ok_or_else(|| Error::broken(format!("{self} comes before what it needs")))
            }
        };
        let mut body = self.body.clone();
        for (field, links) in &self.links {
            let value = match links {
                Links::One(None) => Value::Null,
                Links::One(Some(one)) => uuid(one)?.into(),
                Links::Many(many) => many.iter().map(uuid).collect::<Result<Vec<_>>>()?.into(),
            };
            body.insert((*field).to_owned(), value);
        }
        let target = self.on.as_ref().map(uuid).transpose()?;
        Ok(Call { action: self.action, via: None, target, body: body.into(), mode: self.mode })
    }

    /// As data.
    pub fn told(&self) -> Value {
        let changes: Vec<Value> =
            self.changes.iter().map(|one| json!({"key": one.key, "before": one.before, "after": one.after})).collect();
        json!({
            "sign": self.sign.mark(),
            "kind": self.kind,
            "name": self.name,
            "action": self.action.name,
            "at": self.place.as_ref().map(ToString::to_string),
            "changes": changes,
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} {} {}", self.sign.mark(), self.kind, self.name)
    }
}
