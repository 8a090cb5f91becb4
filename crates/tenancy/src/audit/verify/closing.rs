//! What can be said only when everything was read.

use super::{
    super::rules::{Kind, key_id},
    Fault, Open, Report, Verifier,
};
use stoa_kernel::id;

impl Verifier {
    /// Says what it came to, after the last line.
    pub fn finish(mut self) -> Report {
        if self.report.seals == 0 {
            self.begin();
        }
        let last = self.next - 1;
        match self.end.as_ref().map(|end| end.position) {
            None => self.find(Fault::CutTail, "The file has no end: the export was cut.".into()),
            Some(end) if end > last => {
                self.find(
                    Fault::CutTail,
                    format!("The export says that it ends at position {end}, but {last} is the last."),
                );
            }
            Some(end) if end < last => {
                self.find(Fault::Inserted, format!("The export ends at position {end}, not {last}."))
            }
            Some(_) => {}
        }
        for (first, last) in std::mem::take(&mut self.gaps) {
            let words = if first == last {
                format!("Position {first} is missing.")
            } else {
                format!("Positions {first} to {last} are missing.")
            };
            self.find(Fault::Missing, words);
        }
        for (position, marks) in std::mem::take(&mut self.marks) {
            for (_, who, instant) in marks.into_iter().filter(|_| position > last) {
                let words = format!(
                    "The chain ends at position {last}, but {who} of {instant} signs position {position}: the tail was cut \
                     off (or the checkpoint is younger than the export)."
                );
                self.find(Fault::CutTail, words);
            }
        }
        self.unexplained();
        self.remarks(last);
        self.report
    }

    fn unexplained(&mut self) {
        let mut open: Vec<(i64, i64, bool)> = self
            .open
            .drain()
            .map(|(event, open)| match open {
                Open::Absent(position) => (position, event, true),
                Open::Altered(position, _) => (position, event, false),
            })
            .collect();
        open.sort_unstable();
        for (position, event, absent) in open {
            if absent {
                let words =
                    format!("Event {event} (position {position}) is missing, and nothing on record removed it.");
                self.find(Fault::Missing, words);
            } else {
                let words = format!(
                    "Event {event} (position {position}) does not say what was sealed: its sentence, facts or changes were \
                     altered, and nothing on record did that."
                );
                self.find(Fault::Changed, words);
            }
        }
        let whole = self.header.as_ref().is_none_or(|header| header.from == 1);
        let mut claims: Vec<_> = std::mem::take(&mut self.claims).into_iter().collect();
        claims.sort_by_key(|(_, (_, position))| *position);
        for ((cause, kind), (count, position)) in claims {
            let what = if kind == Kind::Removed { "removed" } else { "redacted" };
            let cause_text = id::hex(&cause);
            match self.causes.get(&(cause, kind)) {
                Some(said) if *said >= count => {}
                Some(said) => {
                    let words = format!("{count} events are {what} under {cause_text}, but its event says {said}.");
                    self.find(Fault::Changed, words);
                }
                None if !whole => self.report.remarks.push(format!(
                    "{count} events are {what} under {cause_text}; the event that says so is not in this part of the chain."
                )),
                None => {
                    let words = format!(
                        "{count} events are {what} under {cause_text} (first at position {position}), but no event on \
                         record says so."
                    );
                    self.find(Fault::Changed, words);
                }
            }
        }
    }

    fn remarks(&mut self, last: i64) {
        for key in std::mem::take(&mut self.trusted) {
            if !self.signers.contains(&key) {
                let words = format!("No checkpoint is signed by the key {} that you named.", key_id(&key));
                self.find(Fault::UnknownKey, words);
            } else {
                self.signers.insert(key);
            }
        }
        let mut remarks = Vec::new();
        match &self.last {
            None => remarks.push("There is no checkpoint: nothing of this is signed.".to_owned()),
            Some(_) if self.report.signed < last => remarks.push(format!(
                "{} seals are younger than the last checkpoint: they are chained, but not signed yet.",
                last - self.report.signed
            )),
            Some(_) => {}
        }
        if !self.confirmed && !self.signers.is_empty() {
            let keys: Vec<String> = self.signers.iter().map(ToString::to_string).collect();
            remarks.push(format!(
                "Nothing but the export itself says whose keys these are: {}. Compare them with what was published.",
                keys.join(", ")
            ));
        }
        if self.header.as_ref().is_some_and(|header| header.from > 1) {
            remarks
                .push("This is a part of the chain: what was before its first position is not looked at.".to_owned());
        }
        if self.late > 0 {
            remarks.push(format!(
                "{} events were sealed although they say that they happened more than an hour before a checkpoint that \
                 stands before them.",
                self.late
            ));
        }
        self.report.remarks.extend(remarks);
    }
}
