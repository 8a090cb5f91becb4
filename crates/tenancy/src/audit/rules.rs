//! The forms that are hashed and signed, from values alone. They are versioned by their first words: a form never changes,
//! it gets a successor.
//!
//! Every text is preceded by its length and every value that may be missing by whether it is there, so no two different
//! events have the same form.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use std::fmt;
use stoa_kernel::{
    Time,
    id::{self, Uuid},
};

/// The fact by which an event says that it altered others: their alterations carry the same value.
pub const CAUSE: &str = "alterations_uuid";

/// Bytes of a fixed number, shown as lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hex<const N: usize>(pub [u8; N]);

/// A SHA-256.
pub type Hash = Hex<32>;
/// What makes a commitment unguessable.
pub type Salt = Hex<16>;
/// The public half of a signing key.
pub type PublicKey = Hex<32>;
/// An Ed25519 signature.
pub type Signature = Hex<64>;

impl<const N: usize> Hex<N> {
    /// Reads exactly as many digits as it takes; `None` for anything else.
    pub fn parse(text: &str) -> Option<Hex<N>> {
        let mut bytes = [0; N];
        if text.len() != 2 * N || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(Hex(bytes))
    }

    /// From a column; `None` if it has another length.
    pub fn of(bytes: &[u8]) -> Option<Hex<N>> {
        bytes.try_into().ok().map(Hex)
    }
}

impl<const N: usize> Default for Hex<N> {
    fn default() -> Hex<N> {
        Hex([0; N])
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Hex<N>, D::Error> {
        let text = String::deserialize(from)?;
        let one_form = |hex: &Hex<N>| hex.to_string() == text;
        Hex::parse(&text).filter(one_form).ok_or_else(|| D::Error::custom(format!("not {} hexadecimal digits", 2 * N)))
    }
}

/// A uuid, shown as 32 hexadecimal digits.
pub(super) mod uuid_text {
    use super::*;

    pub fn serialize<S: Serializer>(uuid: &Uuid, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&id::hex(uuid))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Uuid, D::Error> {
        read(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("not a uuid"))
    }

    pub fn read(text: &str) -> Option<Uuid> {
        id::parse(text).filter(|uuid| id::hex(uuid) == text)
    }
}

/// The same where there may be none.
pub(super) mod uuid_or_null {
    use super::*;

    pub fn serialize<S: Serializer>(uuid: &Option<Uuid>, to: S) -> Result<S::Ok, S::Error> {
        uuid.as_ref().map(id::hex).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Uuid>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| uuid_text::read(&text).ok_or_else(|| D::Error::custom("not a uuid"))).transpose()
    }
}

/// An instant, shown as everywhere.
pub(super) mod time_text {
    use super::*;

    pub fn serialize<S: Serializer>(time: &Time, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(time)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        // One form only, so that no text can be changed without changing what is hashed.
        let text = String::deserialize(from)?;
        Time::parse(&text).filter(|time| time.to_string() == text).ok_or_else(|| D::Error::custom("not an instant"))
    }
}

/// An event as the record has it: every column, and its feeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its key.
    pub id: i64,
    /// Its public identifier.
    #[serde(with = "uuid_text")]
    pub uuid: Uuid,
    /// When it happened.
    #[serde(with = "time_text")]
    pub created: Time,
    /// Its type.
    pub event_type: String,
    /// The action that happened.
    pub action: String,
    /// Key of who did it.
    pub actor_id: Option<i64>,
    /// The kind of thing that it was done to.
    pub thing: Option<String>,
    /// Its key.
    pub thing_id: Option<i64>,
    /// Identifier of the request.
    pub request_id: String,
    /// The scopes in whose feeds it is: kind and key.
    pub feeds: Vec<(String, i64)>,
    /// The sentence.
    pub message: String,
    /// The facts: the text of a JSON object, exactly as it is kept.
    pub context: String,
    /// What changed: the text of a JSON list, exactly as it is kept.
    pub changes: String,
}

/// Writes values one after the other so that no two sequences look alike.
struct Form(Sha256);

impl Form {
    fn new(name: &str) -> Form {
        Form(Sha256::new()).text(name)
    }

    fn bytes(mut self, bytes: &[u8]) -> Form {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    fn text(self, text: &str) -> Form {
        self.bytes(text.as_bytes())
    }

    fn number(self, number: i64) -> Form {
        self.bytes(&number.to_be_bytes())
    }

    fn maybe<T>(mut self, value: Option<T>, write: impl FnOnce(Form, T) -> Form) -> Form {
        self.0.update([u8::from(value.is_some())]);
        match value {
            Some(value) => write(self, value),
            None => self,
        }
    }

    fn hash(self) -> Hash {
        Hex(self.0.finalize().into())
    }
}

impl Event {
    /// The commitment to what never changes: which event it is, of what type, when, by whom, on what, in which feeds.
    pub fn fixed(&self) -> Hash {
        let mut feeds: Vec<&(String, i64)> = self.feeds.iter().collect();
        feeds.sort();
        let form = Form::new("stoa/event/fixed/1")
            .number(self.id)
            .bytes(self.uuid.as_bytes())
            .number(self.created.0)
            .text(&self.event_type)
            .text(&self.action)
            .maybe(self.actor_id, Form::number)
            .maybe(self.thing.as_deref(), Form::text)
            .maybe(self.thing_id, Form::number)
            .text(&self.request_id)
            .number(feeds.len() as i64);
        feeds.iter().fold(form, |form, (scope, id)| form.text(scope).number(*id)).hash()
    }

    /// The commitment to what an erasure may redact: sentence, facts and changes.
    pub fn told(&self, salt: &Salt) -> Hash {
        let form = Form::new("stoa/event/told/1").bytes(&salt.0);
        form.text(&self.message).text(&self.context).text(&self.changes).hash()
    }
}

/// What a seal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An event is on record.
    Event,
    /// Its words were redacted; these are the new ones.
    Redacted,
    /// It was removed.
    Removed,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Kind] = &[Kind::Event, Kind::Redacted, Kind::Removed];

    /// Its name, in the table and in exports.
    pub fn text(self) -> &'static str {
        match self {
            Kind::Event => "event",
            Kind::Redacted => "redacted",
            Kind::Removed => "removed",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.text() == text)
    }
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Seal {
    /// Its position, from 1, without gaps.
    pub position: i64,
    /// What it says.
    pub kind: Kind,
    /// Key of the event.
    pub event: i64,
    /// [`Event::fixed`]; zeros for a removal.
    pub fixed: Hash,
    /// [`Event::told`]; zeros for a removal.
    pub told: Hash,
    /// What the event names that redacted or removed it.
    pub cause: Option<Uuid>,
}

impl Seal {
    /// The hash of this link, which follows one with the hash `before`.
    pub fn hash(&self, before: &Hash) -> Hash {
        Form::new("stoa/seal/1")
            .bytes(&before.0)
            .number(self.position)
            .text(self.kind.text())
            .number(self.event)
            .bytes(&self.fixed.0)
            .bytes(&self.told.0)
            .maybe(self.cause, |form, cause| form.bytes(cause.as_bytes()))
            .hash()
    }
}

/// What the first link follows: every installation has a chain of its own.
pub fn genesis(installation: &Uuid) -> Hash {
    Form::new("stoa/chain/1").bytes(installation.as_bytes()).hash()
}

/// The short name of a key, for people: the first 16 digits of its SHA-256.
pub fn key_id(key: &PublicKey) -> String {
    Hex::<32>(Sha256::digest(key.0).into()).to_string()[..16].to_owned()
}

/// A signed statement: at this instant the chain ended at this position with this hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// Whose chain it is.
    #[serde(with = "uuid_text")]
    pub installation: Uuid,
    /// Where the chain ended.
    pub position: i64,
    /// The hash there.
    pub hash: Hash,
    /// When.
    #[serde(with = "time_text")]
    pub instant: Time,
    /// [`Checkpoint::digest`] of the one before; zeros for the first.
    pub previous: Hash,
    /// [`key_id`] of the key, for people; it is not part of what is signed.
    pub key_id: String,
    /// The key that signs it.
    pub key: PublicKey,
    /// The key that signs from now on, where this one hands over.
    pub next_key: Option<PublicKey>,
    /// The signature of [`Checkpoint::text`].
    pub signature: Signature,
}

impl Checkpoint {
    /// What is signed, a line for each value.
    pub fn text(&self) -> String {
        let next = self.next_key.map_or_else(|| "-".to_owned(), |key| key.to_string());
        format!(
            "stoa-checkpoint-1\ninstallation {}\nnumber {}\nposition {}\nhash {}\ninstant {}\nprevious {}\nkey {}\nnext {next}\n",
            id::hex(&self.installation),
            self.number,
            self.position,
            self.hash,
            self.instant,
            self.previous,
            self.key,
        )
    }

    /// By what the next checkpoint names this one.
    pub fn digest(&self) -> Hash {
        Hex(Sha256::digest(self.text()).into())
    }

    /// Whether the signature is that of the key which it names.
    pub fn is_signed(&self) -> bool {
        let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, self.key.0);
        key_id(&self.key) == self.key_id && key.verify(self.text().as_bytes(), &self.signature.0).is_ok()
    }

    /// The key that signs the next one.
    pub fn successor(&self) -> PublicKey {
        self.next_key.unwrap_or(self.key)
    }
}
