#![cfg(test)]
//! Chains made from values, and what verification says of them.

use super::{
    export::{End, FORM, Header, Line, SealLine},
    key::Key,
    rules::{CAUSE, Checkpoint, Event, Hash, Hex, Kind, Seal, Signature, genesis, key_id},
    verify::{Fault, Report, Verifier},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use stoa_kernel::{Time, clock::Clock, id::Uuid};

/// A chain in the making, as lines.
struct Book {
    installation: Uuid,
    position: i64,
    hash: Hash,
    seals: Vec<SealLine>,
    checkpoints: Vec<Checkpoint>,
    key: Key,
}

fn key() -> Key {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("stoa-key-{}-{number}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let key = Key::make(&path, &Clock::new()).unwrap();
    std::fs::remove_file(&path).unwrap();
    key
}

impl Book {
    fn new() -> Book {
        let installation = Uuid::from_u128(7);
        let hash = genesis(&installation);
        Book { installation, position: 0, hash, seals: vec![], checkpoints: vec![], key: key() }
    }

    fn push(&mut self, kind: Kind, id: i64, content: Option<&Event>, cause: Option<Uuid>) {
        self.position += 1;
        let salt = content.map(|_| Hex([self.position as u8; 16]));
        let told = content.zip(salt).map(|(event, salt)| event.told(&salt)).unwrap_or_default();
        let fixed = content.map(Event::fixed).unwrap_or_default();
        let seal = Seal { position: self.position, kind, event: id, fixed, told, cause };
        self.hash = seal.hash(&self.hash);
        self.seals.push(SealLine {
            position: self.position,
            kind: kind.text().into(),
            event: id,
            fixed,
            told,
            salt,
            cause,
            hash: self.hash,
            content: content.filter(|_| kind == Kind::Event).cloned(),
        });
    }

    fn event(&mut self, event: &Event) {
        self.push(Kind::Event, event.id, Some(event), None);
    }

    /// The words of an event are now those of `event`.
    fn redact(&mut self, event: &Event, cause: Uuid) {
        let old = self.seals.iter_mut().find(|seal| seal.event == event.id).unwrap();
        (old.salt, old.content) = (None, Some(event.clone()));
        self.push(Kind::Redacted, event.id, Some(event), Some(cause));
    }

    fn remove(&mut self, id: i64, cause: Uuid) {
        let old = self.seals.iter_mut().find(|seal| seal.event == id).unwrap();
        (old.salt, old.content) = (None, None);
        self.push(Kind::Removed, id, None, Some(cause));
    }

    fn checkpoint(&mut self, hands_over: bool) {
        let next = hands_over.then(key);
        let last = self.checkpoints.last();
        let mut checkpoint = Checkpoint {
            number: last.map_or(1, |last| last.number + 1),
            installation: self.installation,
            position: self.position,
            hash: self.hash,
            instant: Time(self.position),
            previous: last.map(Checkpoint::digest).unwrap_or_default(),
            key_id: key_id(&self.key.public()),
            key: self.key.public(),
            next_key: next.as_ref().map(Key::public),
            signature: Signature::default(),
        };
        checkpoint.signature = self.key.sign(&checkpoint.text());
        self.checkpoints.push(checkpoint);
        self.key = next.unwrap_or_else(|| std::mem::replace(&mut self.key, key()));
        if !hands_over {
            // The key is not copied; a chain without rotation is tested with one checkpoint.
            self.key = key();
        }
    }

    fn lines(&self) -> Vec<Line> {
        let header = Header {
            form: FORM,
            installation: self.installation,
            exported: Time(0),
            from: 1,
            before: genesis(&self.installation),
            keys: vec![],
        };
        let mut lines = vec![Line::Header(header)];
        lines.extend(self.checkpoints.iter().cloned().map(Line::Checkpoint));
        lines.extend(self.seals.iter().cloned().map(|seal| Line::Seal(Box::new(seal))));
        lines.push(Line::End(End { position: self.position }));
        lines
    }

    fn texts(&self) -> Vec<String> {
        self.lines().iter().map(|line| serde_json::to_string(line).unwrap()).collect()
    }
}

fn check(lines: &[String], published: &[Checkpoint]) -> Report {
    let mut verifier = Verifier::new(published.to_vec(), vec![]);
    lines.iter().enumerate().for_each(|(at, line)| verifier.line(at + 1, line));
    verifier.finish()
}

fn event(id: i64, message: &str) -> Event {
    Event {
        id,
        uuid: Uuid::from_u128(id as u128),
        created: Time(id),
        event_type: "x".into(),
        action: "x.x".into(),
        actor_id: (id % 2 == 0).then_some(id),
        thing: Some("project".into()),
        thing_id: Some(id),
        request_id: "r".into(),
        feeds: vec![("project".into(), id), ("customer".into(), 1)],
        message: message.into(),
        context: "{\"a\":1}".into(),
        changes: "[]".into(),
    }
}

fn causing(id: i64, kind: &str, count: &str, number: i64, cause: Uuid) -> Event {
    let context = json!({count: number, CAUSE: stoa_kernel::id::hex(&cause)}).to_string();
    Event { event_type: kind.into(), context, ..event(id, "Done.") }
}

/// A chain with everything that there is: two keys, a redaction, a removal.
fn full(messages: &[String]) -> Book {
    let mut book = Book::new();
    for (at, message) in messages.iter().enumerate() {
        book.event(&event(at as i64 + 1, message));
    }
    let (erased, removed, count) = (Uuid::from_u128(100), Uuid::from_u128(200), messages.len() as i64);
    book.event(&causing(count + 1, "user_erased", "redacted_events", 1, erased));
    book.redact(&event(1, "Somebody did it."), erased);
    book.checkpoint(true);
    book.event(&causing(count + 2, "events_removed", "count", 1, removed));
    book.remove(2, removed);
    book.checkpoint(false);
    book
}

#[test]
fn a_chain_with_lawful_changes_is_fine() {
    let book = full(&["One.".into(), "Two.".into(), "Three.".into()]);
    let report = check(&book.texts(), &book.checkpoints);
    assert_eq!(report.findings, []);
    assert_eq!((report.seals, report.redacted, report.removed, report.checkpoints), (7, 1, 1, 2));
    assert_eq!(report.signed, 7);
}

#[test]
fn a_seal_that_was_made_anew_is_found_by_the_next_one() {
    // Each hash covers the one before: a forged seal fits its event and itself, but what follows does not fit it.
    let book = full(&["One.".into(), "Two.".into(), "Three.".into(), "Four.".into()]);
    let lines = book.lines();
    for at in 0..lines.len() {
        let Line::Seal(seal) = &lines[at] else { continue };
        let Some(content) = seal.content.clone().filter(|_| seal.salt.is_some()) else { continue };
        let before = match &lines[at - 1] {
            Line::Seal(before) => before.hash,
            _ => genesis(&book.installation),
        };
        let content = Event { message: "Nothing.".into(), ..content };
        let mut forged = seal.clone();
        forged.told = content.told(&seal.salt.unwrap());
        let (kind, told) = (Kind::Event, forged.told);
        let link = Seal { position: seal.position, kind, event: seal.event, fixed: seal.fixed, told, cause: None };
        (forged.hash, forged.content) = (link.hash(&before), Some(content));
        let mut lines = lines.clone();
        lines[at] = Line::Seal(forged);
        let texts: Vec<String> = lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        let faults: Vec<Fault> = check(&texts, &[]).findings.iter().map(|one| one.fault).collect();
        assert_eq!(faults, [Fault::Changed], "position {}", seal.position);
    }
}

#[test]
fn forms_are_what_they_were() {
    // Computed by another program. A form that changes makes every chain that there is unverifiable: it gets a successor instead.
    let event = event(2, "One.");
    assert_eq!(event.fixed().to_string(), FIXED);
    assert_eq!(event.told(&Hex([1; 16])).to_string(), TOLD);
    let seal = Seal {
        position: 1,
        kind: Kind::Redacted,
        event: 2,
        fixed: Hex([2; 32]),
        told: Hex([3; 32]),
        cause: Some(Uuid::from_u128(4)),
    };
    assert_eq!(seal.hash(&genesis(&Uuid::from_u128(5))).to_string(), SEAL);
}

const FIXED: &str = "a12a9b1c66b6afee606d08edef41d6a3caa44be6e237e47fadf8e622ddeeec5b";
const TOLD: &str = "11a4893bf9462157e7ee7e304663ffd5504d911e29bde52b80310ef38341c99c";
const SEAL: &str = "413fa0b181d8b79753fbfe23bee38577acda229d95f6c7b0b11e8ae606afb33c";

#[test]
fn no_two_events_have_one_form() {
    let base = event(1, "ab");
    let moved = Event { action: "x".into(), event_type: "x.x".into(), ..base.clone() };
    assert_ne!(base.fixed(), moved.fixed());
    let none = Event { thing: None, ..base.clone() };
    let empty = Event { thing: Some(String::new()), ..base.clone() };
    assert_ne!(none.fixed(), empty.fixed());
    let (mut one, mut two) = (base.clone(), base.clone());
    (one.message, one.context) = ("a".into(), "bc".into());
    (two.message, two.context) = ("ab".into(), "c".into());
    assert_ne!(one.told(&Hex([0; 16])), two.told(&Hex([0; 16])));
    // The order in which feeds are read does not count.
    let turned = Event { feeds: base.feeds.iter().rev().cloned().collect(), ..base.clone() };
    assert_eq!(base.fixed(), turned.fixed());
}

#[test]
fn keys_are_read_as_they_were_written_and_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::temp_dir().join(format!("stoa-key-modes-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    assert!(Key::read(&path).unwrap().is_none());
    let key = Key::make(&path, &Clock::new()).unwrap();
    assert_eq!(Key::read(&path).unwrap().unwrap().public(), key.public());
    assert!(Key::make(&path, &Clock::new()).is_err(), "a key is never written over");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(Key::read(&path).unwrap_err().to_string().contains("0600"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let secret = std::fs::read_to_string(&path).unwrap().lines().nth(1).unwrap().to_owned();
    std::fs::write(&path, secret.clone()).unwrap();
    assert!(!Key::read(&path).unwrap_err().to_string().contains(&secret));
    assert!(!format!("{key:?}").contains(&secret));
    std::fs::remove_file(&path).unwrap();
}

/// Every place of a line where a value stands.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| leaves(value, &format!("{path}/{name}"), found)),
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(at, value)| leaves(value, &format!("{path}/{at}"), found))
        }
        _ => found.push(path.to_owned()),
    }
}

/// Something else of the same kind.
fn other(value: &Value, by: u8) -> Value {
    match value {
        Value::Number(number) => json!(number.as_i64().unwrap() + 1 + i64::from(by)),
        Value::String(text) => {
            // One digit or letter becomes another.
            let at = usize::from(by) % text.len().max(1);
            let change = |(here, c): (usize, char)| match (here == at, c) {
                (false, c) => c,
                (true, '0') => '1',
                (true, _) => '0',
            };
            match text.is_empty() {
                true => json!("x"),
                false => json!(text.chars().enumerate().map(change).collect::<String>()),
            }
        }
        Value::Null => json!("00000000000000000000000000000001"),
        other => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_change_of_any_value_is_found(
        messages in prop::collection::vec("[a-z0-9 ]{1,12}", 3..6), line: prop::sample::Index, leaf: prop::sample::Index,
        by: u8,
    ) {
        let book = full(&messages);
        let mut lines = book.texts();
        let at = line.index(lines.len());
        let mut value: Value = serde_json::from_str(&lines[at]).unwrap();
        let mut all = Vec::new();
        leaves(&value, "", &mut all);
        // The first is for people only; a salt that is not there commits to nothing, and neither does another in its place.
        all.retain(|path| path != "/exported" && !(path == "/salt" && value["salt"].is_null()));
        let path = &all[leaf.index(all.len())];
        let place = value.pointer_mut(path).unwrap();
        *place = other(place, by);
        lines[at] = value.to_string();
        prop_assert!(!check(&lines, &[]).findings.is_empty(), "{path} of {}", lines[at]);
    }

    #[test]
    fn loss_reorder_doubling_and_a_cut_are_found(
        messages in prop::collection::vec("[a-z]{1,5}", 3..6), one: prop::sample::Index, two: prop::sample::Index,
    ) {
        let book = full(&messages);
        let lines = book.texts();
        let (a, b) = (one.index(lines.len()), two.index(lines.len()));
        let mut lost = lines.clone();
        lost.remove(a);
        // The last checkpoint is missed by what was published only.
        prop_assert!(!check(&lost, &book.checkpoints).findings.is_empty(), "without line {}", a + 1);
        let mut doubled = lines.clone();
        doubled.insert(b, lines[a].clone());
        prop_assert!(!check(&doubled, &[]).findings.is_empty(), "line {} again at {}", a + 1, b + 1);
        if a != b {
            let mut turned = lines.clone();
            turned.swap(a, b);
            prop_assert!(!check(&turned, &[]).findings.is_empty(), "lines {} and {} exchanged", a + 1, b + 1);
        }
        let cut = check(&lines[..a], &book.checkpoints);
        prop_assert!(cut.findings.iter().any(|one| one.fault == Fault::CutTail), "cut after {a}");
    }

    #[test]
    fn nothing_that_is_read_makes_it_fail(text in "\\PC{0,80}", position: i64, number: i64) {
        let book = full(&["One.".into(), "Two.".into()]);
        let mut lines = book.texts();
        lines.insert(2, text);
        for line in &mut lines {
            let mut value: Value = serde_json::from_str(line).unwrap_or_default();
            for (name, new) in [("position", position), ("number", number), ("from", number), ("event", position)] {
                if value.get(name).is_some() {
                    value[name] = json!(new);
                }
            }
            *line = value.to_string();
        }
        check(&lines, &book.checkpoints);
    }

    #[test]
    fn digits_read_back(bytes: [u8; 32]) {
        prop_assert_eq!(Hex::<32>::parse(&Hex(bytes).to_string()), Some(Hex(bytes)));
    }
}
