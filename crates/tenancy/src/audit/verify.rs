//! Verification: reads an export line by line and says everything that is wrong with it. Values only: no database, no
//! settings, no clock, and of the events only those in memory that were altered.

mod closing;

use super::{
    export::{End, FORM, Header, Line, SealLine},
    rules::{CAUSE, Checkpoint, Event, Hash, Kind, PublicKey, Seal, genesis, key_id},
};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use stoa_kernel::{
    Time,
    id::{self, Uuid},
};

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// An event, a seal or a checkpoint is not as it was.
    Changed,
    /// Something is not there.
    Missing,
    /// Something is not in its place.
    Reordered,
    /// Something is there that was never sealed, or twice.
    Inserted,
    /// The chain or the file ends too early.
    CutTail,
    /// A signature is wrong.
    BadSignature,
    /// A key signs that nobody named.
    UnknownKey,
    /// The file can't be read as an export.
    Unreadable,
}

/// One thing that is wrong, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What kind of thing.
    pub fault: Fault,
    /// The words.
    pub words: String,
}

/// What a verification came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Everything that is wrong; empty if nothing is.
    pub findings: Vec<Finding>,
    /// What whoever reads it should know besides.
    pub remarks: Vec<String>,
    /// Seals that were read.
    pub seals: i64,
    /// Events that were redacted lawfully.
    pub redacted: usize,
    /// Events that were removed lawfully.
    pub removed: usize,
    /// Checkpoints of the export.
    pub checkpoints: usize,
    /// The position up to which a checkpoint signs the chain.
    pub signed: i64,
}

/// Seconds after which it is remarkable that an event was not sealed before a checkpoint.
const LATE: i64 = 3600;

/// Positions and numbers that can be.
const POSITIONS: std::ops::Range<i64> = 1..1 << 60;

/// An event that its own seal does not explain (yet).
enum Open {
    /// It is not there.
    Absent(i64),
    /// It is there, in other words.
    Altered(i64, Box<Event>),
}

/// Reads an export.
#[derive(Default)]
pub struct Verifier {
    report: Report,
    header: Option<Header>,
    end: Option<End>,
    /// Checkpoints that were published, by number.
    published: BTreeMap<i64, Checkpoint>,
    trusted: Vec<PublicKey>,
    /// Whether anything but the export itself says which keys are right.
    confirmed: bool,
    /// The last checkpoint that was read.
    last: Option<Checkpoint>,
    signers: HashSet<PublicKey>,
    /// What must be at a position, by whose word, and when that was said.
    marks: BTreeMap<i64, Vec<(Hash, String, Time)>>,
    newest_mark: Option<Time>,
    next: i64,
    before: Option<Hash>,
    /// Positions that were skipped: first and last.
    gaps: BTreeMap<i64, i64>,
    seen: HashSet<i64>,
    open: HashMap<i64, Open>,
    /// By what cause how many events were altered, and where the first time.
    claims: HashMap<(Uuid, Kind), (i64, i64)>,
    /// What events say of how many they altered.
    causes: HashMap<(Uuid, Kind), i64>,
    late: i64,
}

impl Verifier {
    /// Expects the checkpoints that were published, and these keys.
    pub fn new(published: Vec<Checkpoint>, trusted: Vec<PublicKey>) -> Verifier {
        let confirmed = !published.is_empty() || !trusted.is_empty();
        let mut verifier = Verifier { trusted, confirmed, next: 1, ..Verifier::default() };
        for checkpoint in published {
            let what = format!("The published checkpoint {}", checkpoint.number);
            if !checkpoint.is_signed() {
                verifier.find(Fault::BadSignature, format!("{what} has a wrong signature."));
                continue;
            }
            if let Some(known) = verifier.published.get(&checkpoint.number)
                && *known != checkpoint
            {
                verifier.find(Fault::Changed, format!("{what} was published twice, with different content."));
                continue;
            }
            verifier.published.insert(checkpoint.number, checkpoint);
        }
        verifier
    }

    fn find(&mut self, fault: Fault, words: String) {
        self.report.findings.push(Finding { fault, words });
    }

    /// Reads a line, which has this number in the file.
    pub fn line(&mut self, number: usize, text: &str) {
        match serde_json::from_str::<Line>(text) {
            Err(error) => {
                self.find(Fault::Unreadable, format!("Line {number} can't be read: {error}."));
            }
            Ok(_) if self.end.is_some() => {
                self.find(Fault::Inserted, format!("Line {number} stands behind the end of the export."));
            }
            Ok(Line::Header(header)) if self.header.is_none() && number == 1 => self.header(header),
            Ok(Line::Header(_)) => self.find(Fault::Inserted, format!("Line {number} is a second header.")),
            Ok(_) if self.header.is_none() => {
                if number == 1 {
                    self.find(Fault::Missing, "The export has no header.".into());
                }
            }
            Ok(Line::Checkpoint(checkpoint)) => self.checkpoint(number, checkpoint),
            Ok(Line::Seal(line)) => self.seal(*line),
            Ok(Line::End(end)) => self.end = Some(end),
        }
    }

    fn header(&mut self, header: Header) {
        if header.form != FORM {
            self.find(Fault::Unreadable, format!("This program reads exports of form {FORM}, not {}.", header.form));
        }
        if header.from == 1 && header.before != genesis(&header.installation) {
            self.find(Fault::Changed, "The chain does not begin as that of its installation does.".into());
        }
        if !POSITIONS.contains(&header.from) {
            return self.find(Fault::Unreadable, format!("There is no position {}.", header.from));
        }
        self.next = header.from;
        self.before = Some(header.before);
        self.header = Some(header);
    }

    fn checkpoint(&mut self, line: usize, checkpoint: Checkpoint) {
        let number = checkpoint.number;
        let what = format!("Checkpoint {number}");
        if self.report.seals > 0 {
            self.find(Fault::Reordered, format!("{what} (line {line}) stands behind seals."));
        }
        if !POSITIONS.contains(&number) || !POSITIONS.contains(&checkpoint.position) {
            return self.find(Fault::Unreadable, format!("{what} has numbers that can't be."));
        }
        if !checkpoint.is_signed() {
            self.find(Fault::BadSignature, format!("{what} has a wrong signature."));
        } else {
            self.signers.insert(checkpoint.key);
        }
        if self.header.as_ref().is_some_and(|header| header.installation != checkpoint.installation) {
            self.find(Fault::Changed, format!("{what} is of another installation."));
        }
        let (expected, previous, successor, position) = match &self.last {
            Some(last) => (last.number + 1, last.digest(), Some(last.successor()), last.position),
            None => (1, Hash::default(), None, 0),
        };
        if number > expected {
            self.find(Fault::Missing, format!("Checkpoints {expected} to {} are missing.", number - 1));
        } else if number < expected {
            self.find(Fault::Reordered, format!("{what} stands behind checkpoint {}.", expected - 1));
        } else if checkpoint.previous != previous {
            self.find(Fault::Changed, format!("{what} does not follow the one before it."));
        } else if checkpoint.position < position {
            self.find(Fault::Changed, format!("{what} signs less than the one before it."));
        }
        if let Some(expected) = successor.filter(|expected| *expected != checkpoint.key) {
            let (new, old) = (key_id(&checkpoint.key), key_id(&expected));
            if self.trusted.contains(&checkpoint.key) {
                let words =
                    format!("{what} is signed by the key {new}, which the key {old} did not name; you named it.");
                self.report.remarks.push(words);
            } else {
                self.find(Fault::UnknownKey, format!("{what} is signed by the key {new}, which {old} did not name."));
            }
        }
        match self.published.remove(&number) {
            Some(published) if published != checkpoint => {
                self.mark(&published, format!("the published checkpoint {number}"));
                self.find(Fault::Changed, format!("{what} is not the one that was published."));
            }
            _ => {}
        }
        self.mark(&checkpoint, format!("checkpoint {number}"));
        self.report.checkpoints += 1;
        self.last = Some(checkpoint);
    }

    fn mark(&mut self, checkpoint: &Checkpoint, who: String) {
        self.marks.entry(checkpoint.position).or_default().push((checkpoint.hash, who, checkpoint.instant));
    }

    fn seal(&mut self, line: SealLine) {
        let position = line.position;
        if self.report.seals == 0 {
            self.begin();
        }
        self.report.seals += 1;
        if !POSITIONS.contains(&position) {
            return self.find(Fault::Unreadable, format!("There is no position {position}."));
        }
        let Some(kind) = Kind::parse(&line.kind) else {
            return self.find(Fault::Unreadable, format!("Position {position} has the unknown kind {}.", line.kind));
        };
        let (event, fixed, told, cause) = (line.event, line.fixed, line.told, line.cause);
        let seal = Seal { position, kind, event, fixed, told, cause };
        if position >= self.next {
            if position > self.next {
                self.gaps.insert(self.next, position - 1);
                // What it follows is not known.
                self.before = None;
            }
            if self.before.is_some_and(|before| seal.hash(&before) != line.hash) {
                let words = format!(
                    "Position {position} (event {event}) does not follow from the one before it: it was changed, or stands \
                     in the place of another."
                );
                self.find(Fault::Changed, words);
            }
            self.next = position + 1;
            self.before = Some(line.hash);
            self.check_marks(position, &line.hash);
        } else if !self.fill(position) {
            return self.find(Fault::Inserted, format!("Position {position} is there twice."));
        } else {
            self.find(Fault::Reordered, format!("Position {position} (event {event}) stands behind later ones."));
        }
        match kind {
            Kind::Event => self.event(&seal, &line),
            Kind::Redacted | Kind::Removed => self.alteration(&seal, &line),
        }
    }

    /// Before the first seal: published checkpoints that the export does not have, and the position before it.
    fn begin(&mut self) {
        let known = self.last.as_ref().map_or(0, |last| last.number);
        for (number, checkpoint) in std::mem::take(&mut self.published) {
            if number <= known {
                self.find(Fault::Missing, format!("The published checkpoint {number} is not among the checkpoints."));
            } else {
                let words =
                    format!("The published checkpoint {number} of {} is not in the export.", checkpoint.instant);
                self.find(Fault::CutTail, words);
            }
            self.signers.insert(checkpoint.key);
            self.mark(&checkpoint, format!("the published checkpoint {number}"));
        }
        if let Some((from, before)) = self.header.as_ref().map(|header| (header.from, header.before)) {
            self.check_marks(from - 1, &before);
        }
        self.marks.retain(|position, _| *position >= self.next);
    }

    fn check_marks(&mut self, position: i64, hash: &Hash) {
        for (expected, who, instant) in self.marks.remove(&position).unwrap_or_default() {
            self.newest_mark = self.newest_mark.max(Some(instant));
            if expected != *hash {
                let words = format!(
                    "At position {position} the chain is not what {who} says: something up to there was changed, removed or \
                     put in, and the chain was made anew."
                );
                self.find(Fault::Changed, words);
            } else {
                self.report.signed = self.report.signed.max(position);
            }
        }
    }

    /// Whether a position was skipped; it is no longer.
    fn fill(&mut self, position: i64) -> bool {
        let Some((first, last)) = self.gaps.range(..=position).next_back().map(|(a, b)| (*a, *b)) else { return false };
        if position > last {
            return false;
        }
        self.gaps.remove(&first);
        if first < position {
            self.gaps.insert(first, position - 1);
        }
        if position < last {
            self.gaps.insert(position + 1, last);
        }
        true
    }

    fn event(&mut self, seal: &Seal, line: &SealLine) {
        let position = seal.position;
        if !self.seen.insert(seal.event) {
            return self.find(Fault::Inserted, format!("Event {} is sealed twice, again at {position}.", seal.event));
        }
        let Some(content) = &line.content else {
            self.open.insert(seal.event, Open::Absent(position));
            return;
        };
        if content.id != seal.event || content.fixed() != seal.fixed {
            let words = format!(
                "Event {} (position {position}) is not the one that was sealed: its type, instant, author, thing, request \
                 or feeds were changed.",
                seal.event
            );
            return self.find(Fault::Changed, words);
        }
        if self.newest_mark.is_some_and(|mark| content.created.plus_seconds(LATE) < mark) {
            self.late += 1;
        }
        if line.salt.is_some_and(|salt| content.told(&salt) == seal.told) {
            self.cause(content);
        } else {
            self.open.insert(seal.event, Open::Altered(position, Box::new(content.clone())));
        }
    }

    fn alteration(&mut self, seal: &Seal, line: &SealLine) {
        let position = seal.position;
        let Some(cause) = seal.cause else {
            return self
                .find(Fault::Changed, format!("Position {position} alters event {} without a cause.", seal.event));
        };
        let claim = self.claims.entry((cause, seal.kind)).or_insert((0, position));
        claim.0 += 1;
        if seal.kind == Kind::Removed {
            self.report.removed += 1;
            if matches!(self.open.get(&seal.event), Some(Open::Absent(_))) {
                self.open.remove(&seal.event);
            }
            return;
        }
        self.report.redacted += 1;
        let whole = self.header.as_ref().is_none_or(|header| header.from == 1);
        if whole && !self.seen.contains(&seal.event) {
            let words = format!("Position {position} redacts event {}, which was not sealed before.", seal.event);
            return self.find(Fault::Inserted, words);
        }
        let explains =
            |event: &Event| event.fixed() == seal.fixed && line.salt.is_some_and(|salt| event.told(&salt) == seal.told);
        if let Some(Open::Altered(_, content)) = self.open.get(&seal.event)
            && explains(content)
        {
            let content = content.clone();
            self.open.remove(&seal.event);
            self.cause(&content);
        }
    }

    /// Notes how many events an event says that it altered.
    fn cause(&mut self, event: &Event) {
        let (kind, count) = match event.event_type.as_str() {
            "user_erased" => (Kind::Redacted, "redacted_events"),
            "events_removed" => (Kind::Removed, "count"),
            _ => return,
        };
        let facts: Value = serde_json::from_str(&event.context).unwrap_or_default();
        if let Some(cause) = facts[CAUSE].as_str().and_then(id::parse) {
            self.causes.insert((cause, kind), facts[count].as_i64().unwrap_or(0));
        }
    }
}

/// Reads a file of published checkpoints, and says which of its lines can't be read.
pub fn published(text: &str) -> (Vec<Checkpoint>, Vec<Finding>) {
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(checkpoint) => read.push(checkpoint),
            Err(error) => {
                let words = format!("Line {} of the published checkpoints can't be read: {error}.", at + 1);
                wrong.push(Finding { fault: Fault::Unreadable, words });
            }
        }
    }
    (read, wrong)
}
