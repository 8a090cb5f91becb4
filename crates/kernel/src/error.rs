//! What can go wrong, named by what one can do about it (design.md, section 10).
//!
//! The words for people and the context for the log are different values; the second never reaches a surface.

use crate::access::Decision;
use std::{collections::BTreeMap, fmt};

/// A result of the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something did not happen.
#[derive(Debug, Clone)]
pub enum Error {
    /// It does not exist, or this actor may not know that it does.
    NotFound,
    /// Nobody is signed in, or not validly: the reason, in words.
    Unauthenticated(String),
    /// The actor sees the thing but may not do this; the decision says why.
    Forbidden(Box<Decision>),
    /// The input is wrong.
    Invalid(Invalid),
    /// The thing is not in a state in which this can be done, or something depends on it.
    Conflict(String),
    /// A limit would be passed.
    LimitExceeded(String),
    /// Too many attempts; seconds until the next may be made.
    TooMany {
        /// Words for people.
        message: String,
        /// Seconds to wait.
        retry_after: u32,
    },
    /// A row with the same key exists: `table.column` (or `table.a,b`). Surfaces show it as invalid input; see
    /// [`Error::on_duplicate`].
    Duplicate(String),
    /// A row that is referred to does not exist, or is still referred to.
    Dangling(String),
    /// Something we depend on does not answer; trying again later may help.
    Unavailable(String),
    /// Our fault. The context goes to the log only.
    Broken(String),
}

/// Wrong input: messages by field; those about the whole under the empty name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Invalid {
    /// Field name to messages.
    pub fields: BTreeMap<String, Vec<String>>,
}

impl Error {
    /// One field is wrong.
    pub fn field(name: impl Into<String>, message: impl Into<String>) -> Error {
        let mut invalid = Invalid::default();
        invalid.add(name, message);
        Error::Invalid(invalid)
    }

    /// The input as a whole is wrong.
    pub fn invalid(message: impl Into<String>) -> Error {
        Error::field("", message)
    }

    /// Our fault, with context for the log.
    pub fn broken(context: impl fmt::Display) -> Error {
        Error::Broken(context.to_string())
    }

    /// Turns the duplicate of one key into a message on a field; other errors pass.
    pub fn on_duplicate(self, key: &str, field: &str, message: &str) -> Error {
        match self {
            Error::Duplicate(found) if found == key => Error::field(field, message),
            other => other,
        }
    }
}

impl Invalid {
    /// Adds a message to a field.
    pub fn add(&mut self, name: impl Into<String>, message: impl Into<String>) {
        self.fields.entry(name.into()).or_default().push(message.into());
    }

    /// `Ok` when nothing was added.
    pub fn done(self) -> Result<()> {
        if self.fields.is_empty() { Ok(()) } else { Err(Error::Invalid(self)) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::NotFound => f.write_str("not found"),
            Error::Unauthenticated(why) => write!(f, "not signed in: {why}"),
            Error::Forbidden(decision) => write!(f, "forbidden: {decision}"),
            Error::Invalid(invalid) => write!(f, "invalid input: {:?}", invalid.fields),
            Error::Conflict(why) => write!(f, "conflict: {why}"),
            Error::LimitExceeded(why) => write!(f, "limit exceeded: {why}"),
            Error::TooMany { message, .. } => write!(f, "too many requests: {message}"),
            Error::Duplicate(key) => write!(f, "duplicate: {key}"),
            Error::Dangling(key) => write!(f, "dangling reference: {key}"),
            Error::Unavailable(why) => write!(f, "unavailable: {why}"),
            Error::Broken(context) => write!(f, "broken: {context}"),
        }
    }
}

impl std::error::Error for Error {}
