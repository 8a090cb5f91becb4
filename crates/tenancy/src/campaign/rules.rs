//! Decisions about campaigns, from values alone: who reviews, when people are reminded, what silence does.

use stoa_kernel::{Error, Result, Time, error::Invalid};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Who reviews: the named people; those who manage teams from the organization's level; those who manage the team of the
/// very thing, and where there is nobody, as before.
pub const REVIEWED_BY: &[&str] = &["named", "owners", "managers"];

/// What becomes of a grant on which nobody decided.
pub const SILENCE: &[&str] = &["keep", "revoke", "shorten"];

/// Somebody who may take a role away at a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Key of the person.
    pub user_id: i64,
    /// Whether he may because of a role on the thing itself, or on the organization above it.
    pub here: bool,
    /// Whether the campaign names him.
    pub named: bool,
}

/// The reviewers of a grant, in order of their keys, among those who may take it away. Its holder is never one; there may be
/// none, and then those who manage the campaign decide.
pub fn reviewers(reviewed_by: &str, candidates: &[Candidate], holder: i64) -> Vec<i64> {
    let others = || candidates.iter().filter(move |one| one.user_id != holder);
    let keys = |wanted: fn(&Candidate) -> bool| {
        let mut keys: Vec<i64> = others().filter(|one| wanted(one)).map(|one| one.user_id).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    let above = |one: &Candidate| !one.here;
    match reviewed_by {
        "named" => keys(|one| one.named),
        "managers" => match keys(|one| one.here) {
            found if found.is_empty() => keys(above),
            found => found,
        },
        _ => keys(above),
    }
}

/// The instants at which reviewers are reminded: half time, and a day before the end where that is later. (The first letter
/// goes out when the campaign starts.)
pub fn reminders(started: Time, due: Time) -> Vec<Time> {
    let half = Time(started.0 + (due.0 - started.0) / 2);
    let last = due.plus_seconds(-DAY);
    if last > half { vec![half, last] } else { vec![half] }
}

/// How many reminders are due by now.
pub fn reminders_due(started: Time, due: Time, now: Time) -> i64 {
    let over = reminders(started, due).into_iter().filter(|at| *at <= now).count();
    i64::try_from(over).unwrap_or(i64::MAX)
}

/// The end that shortening by silence gives; `None` if the grant ends as early by itself.
pub fn silent_end(now: Time, days: i64, until: Option<Time>) -> Option<Time> {
    let end = now.plus_seconds(days.saturating_mul(DAY));
    until.is_none_or(|until| until > end).then_some(end)
}

/// Whether an end that a reviewer wants lies ahead and before the present one.
///
/// # Errors
/// Invalid on the field `new_end`.
pub fn shortens(wanted: Time, until: Option<Time>, now: Time) -> Result<()> {
    let wrong = |text: &str| Err(Error::field("new_end", text));
    if wanted <= now {
        return wrong("The new end must be in the future.");
    }
    if until.is_some_and(|until| until <= wanted) {
        return wrong("The new end must be earlier than the present one.");
    }
    Ok(())
}

/// What a campaign says of itself, as far as it must fit together.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// One of [`REVIEWED_BY`].
    pub reviewed_by: &'a str,
    /// How many people it names.
    pub named: usize,
    /// One of [`SILENCE`].
    pub silence: &'a str,
    /// For how long a grant lasts that silence shortens.
    pub silence_days: Option<i64>,
    /// When it starts by itself.
    pub starts: Option<Time>,
    /// When it ends.
    pub due: Time,
}

impl Frame<'_> {
    /// Whether it fits together.
    ///
    /// # Errors
    /// Invalid, with every field that is wrong.
    pub fn check(&self, now: Time) -> Result<()> {
        let mut invalid = Invalid::default();
        if self.due <= now {
            invalid.add("due", "The end must be in the future.");
        }
        if self.starts.is_some_and(|starts| starts >= self.due) {
            invalid.add("starts", "The start must be before the end.");
        }
        if self.silence == "shorten" && self.silence_days.is_none() {
            invalid.add("silence_days", "This field is required to shorten.");
        }
        match (self.reviewed_by, self.named) {
            ("named", 0) => invalid.add("reviewers", "Name at least one reviewer."),
            ("named", _) | (_, 0) => {}
            _ => invalid.add("reviewers", "Reviewers are named only where reviewed_by is named."),
        }
        invalid.done()
    }
}

/// Why a grant ended or was shortened, as the record and the grant say it.
pub fn because(campaign: &str, reason: &str) -> String {
    match reason {
        "" => format!("Review campaign {campaign}: nobody decided."),
        reason => format!("Review campaign {campaign}: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(user_id: i64, here: bool, named: bool) -> Candidate {
        Candidate { user_id, here, named }
    }

    #[test]
    fn reviewers_are_found_by_rule_and_never_the_holder() {
        let all = [at(3, false, false), at(1, true, false), at(2, true, true), at(3, true, false), at(4, false, true)];
        assert_eq!(reviewers("owners", &all, 9), [3, 4]);
        assert_eq!(reviewers("owners", &all, 3), [4]);
        assert_eq!(reviewers("managers", &all, 1), [2, 3]);
        assert_eq!(reviewers("managers", &[at(1, true, false), at(3, false, false)], 1), [3], "nobody else is here");
        assert_eq!(reviewers("named", &all, 2), [4]);
        assert_eq!(reviewers("named", &[at(1, true, false)], 9), [0_i64; 0]);
    }

    #[test]
    fn reminders_come_at_half_time_and_on_the_last_day() {
        let start = Time::parse("2026-03-01T00:00:00Z").unwrap();
        let days = |days: i64| start.plus_seconds(days * DAY);
        assert_eq!(reminders(start, days(14)), [days(7), days(13)]);
        assert_eq!(reminders(start, days(2)), [days(1)], "both fall together");
        assert_eq!(reminders(start, days(1)).len(), 1);
        assert_eq!(reminders_due(start, days(14), days(6)), 0);
        assert_eq!(reminders_due(start, days(14), days(7)), 1);
        assert_eq!(reminders_due(start, days(14), days(20)), 2);
    }

    #[test]
    fn shortening_never_lengthens() {
        let now = Time::parse("2026-03-01T00:00:00Z").unwrap();
        let later = |days: i64| now.plus_seconds(days * DAY);
        assert_eq!(silent_end(now, 30, None), Some(later(30)));
        assert_eq!(silent_end(now, 30, Some(later(31))), Some(later(30)));
        assert_eq!(silent_end(now, 30, Some(later(30))), None);
        assert!(shortens(later(1), None, now).is_ok());
        assert!(shortens(now, None, now).is_err());
        assert!(shortens(later(2), Some(later(2)), now).is_err());
    }

    #[test]
    fn a_frame_that_does_not_fit_is_named_by_field() {
        let now = Time::parse("2026-03-01T00:00:00Z").unwrap();
        let fits = Frame {
            reviewed_by: "owners",
            named: 0,
            silence: "keep",
            silence_days: None,
            starts: None,
            due: now.plus_seconds(DAY),
        };
        assert!(fits.check(now).is_ok());
        for (frame, field) in [
            (Frame { due: now, ..fits }, "due"),
            (Frame { starts: Some(fits.due), ..fits }, "starts"),
            (Frame { silence: "shorten", ..fits }, "silence_days"),
            (Frame { reviewed_by: "named", ..fits }, "reviewers"),
            (Frame { named: 1, ..fits }, "reviewers"),
        ] {
            let Err(Error::Invalid(invalid)) = frame.check(now) else { panic!("{frame:?} fits") };
            assert_eq!(invalid.fields.keys().collect::<Vec<_>>(), [field]);
        }
    }
}
