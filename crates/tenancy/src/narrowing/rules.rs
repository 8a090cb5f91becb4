//! Decisions about narrowings, from values alone: since when something is unused, and what an input names.

use crate::{access::permissions::Permission, role::rules::Version, uses::rules::Days};
use serde_json::Value;
use std::collections::BTreeSet;
use stoa_kernel::{
    Date, Error, Result, Time,
    id::{self, Uuid},
};

/// The kinds of things that can be unused, as questions name them.
pub const KINDS: &[&str] = &["grant", "permission", "token", "staff"];
/// Items of one narrowing at most.
pub const MOST: usize = 200;
/// Days that a question can be about.
pub const DAYS_MAX: i64 = 3_650;
/// Days of a question that names none.
pub const DAYS: i64 = 90;

/// Before which day something must have been used last to be unused, and what counts as use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutoff {
    /// That day: what was used on it or later is used.
    pub day: Date,
    /// Whether to appear in a list is no use.
    pub ignore_lists: bool,
}

impl Cutoff {
    /// Unused for this many whole days.
    pub fn of(today: Date, days: i64, ignore_lists: bool) -> Cutoff {
        Cutoff { day: today.plus_days(-days), ignore_lists }
    }

    /// Whether a subject as a whole was used. Only here can lists be left out: a permission that a list asked for counts, as there
    /// are those that do nothing but show.
    pub fn is_used(&self, days: Option<&Days>) -> bool {
        let last = days.and_then(|days| if self.ignore_lists { days.done } else { days.last() });
        last.is_some_and(|last| last >= self.day)
    }

    /// Whether a permission was used.
    pub fn is_used_permission(&self, days: Option<&Days>) -> bool {
        days.and_then(Days::last).is_some_and(|last| last >= self.day)
    }

    /// Whether something is so old that it could have been used for all that time.
    pub fn is_old(&self, since: Time) -> bool {
        since < self.day.start()
    }

    /// Whether uses are recorded for all that time.
    pub fn is_known(&self, recorded_since: Option<Date>) -> bool {
        recorded_since.is_some_and(|since| since < self.day)
    }
}

/// Since when an active role carries a permission without a break; `None` if it does not. Versions in order of their revisions.
pub fn carried_since(versions: &[Version], permission: &str) -> Option<Time> {
    let so = |version: &Version| version.is_active && version.permissions.contains(permission);
    if !versions.last().is_some_and(so) {
        return None;
    }
    let start = versions.iter().rposition(|version| !so(version)).map_or(0, |at| at + 1);
    versions.get(start).and_then(|version| Time::parse(&version.at))
}

/// What is to be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// A grant.
    Grant(Uuid),
    /// A permission of a role.
    Permission(Uuid, &'static str),
    /// A personal access token.
    Token(Uuid),
    /// A permission of a personal access token.
    Scope(Uuid, &'static str),
}

/// The items of an input, each once and in an order that is the same for everybody.
///
/// # Errors
/// Invalid on the field `items`.
pub fn items(sent: &Value) -> Result<BTreeSet<Item>> {
    let wrong = |text: String| Error::field("items", text);
    let sent = sent.as_array().ok_or_else(|| wrong("Expected a list of items.".into()))?;
    if sent.is_empty() {
        return Err(wrong("This list may not be empty.".into()));
    }
    if sent.len() > MOST {
        return Err(wrong(format!("Ensure this field has no more than {MOST} elements.")));
    }
    let mut found = BTreeSet::new();
    for (at, one) in sent.iter().enumerate() {
        let number = at + 1;
        let named = |field: &str| {
            let uuid = one[field].as_str().and_then(id::parse);
            uuid.ok_or_else(|| wrong(format!("Item {number}: {field} must be an identifier.")))
        };
        let permission = || {
            let known = one["permission"].as_str().and_then(Permission::parse);
            known.map(Permission::name).ok_or_else(|| wrong(format!("Item {number}: permission must be a permission.")))
        };
        found.insert(match one["kind"].as_str() {
            Some("grant") => Item::Grant(named("grant")?),
            Some("permission") => Item::Permission(named("role")?, permission()?),
            Some("token") => Item::Token(named("token")?),
            Some("scope") => Item::Scope(named("token")?, permission()?),
            _ => return Err(wrong(format!("Item {number}: kind must be grant, permission, token or scope."))),
        });
    }
    Ok(found)
}

/// What is narrowed, counted in words.
pub fn counted(items: &BTreeSet<Item>) -> String {
    let of = |fits: fn(&Item) -> bool, one: &str, many: &str| match items.iter().filter(|item| fits(item)).count() {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let parts = [
        of(|item| matches!(item, Item::Grant(_)), "grant", "grants"),
        of(|item| matches!(item, Item::Permission(..)), "permission of a role", "permissions of roles"),
        of(|item| matches!(item, Item::Token(_)), "token", "tokens"),
        of(|item| matches!(item, Item::Scope(..)), "permission of a token", "permissions of tokens"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn unused_means_for_all_of_the_days() {
        let cutoff = Cutoff::of(day("2026-04-01"), 31, false);
        assert_eq!(cutoff.day, day("2026-03-01"));
        let on = |done: Option<&str>, listed: Option<&str>| Days { done: done.map(day), listed: listed.map(day) };
        assert!(cutoff.is_used(Some(&on(Some("2026-03-01"), None))));
        assert!(!cutoff.is_used(Some(&on(Some("2026-02-28"), None))) && !cutoff.is_used(None));
        let listed = on(Some("2026-02-01"), Some("2026-03-20"));
        assert!(cutoff.is_used(Some(&listed)));
        let ignoring = Cutoff { ignore_lists: true, ..cutoff };
        assert!(!ignoring.is_used(Some(&listed)) && ignoring.is_used_permission(Some(&listed)));
        assert!(cutoff.is_old(Time::parse("2026-02-28T23:59:59Z").unwrap()));
        assert!(!cutoff.is_old(Time::parse("2026-03-01T00:00:00Z").unwrap()));
        assert!(cutoff.is_known(Some(day("2026-02-28"))));
        assert!(!cutoff.is_known(Some(day("2026-03-01"))) && !cutoff.is_known(None));
    }

    #[test]
    fn a_permission_is_carried_since_the_last_break() {
        let version = |at: &str, active: bool, permissions: &[&str]| Version {
            at: at.into(),
            is_active: active,
            permissions: permissions.iter().map(ToString::to_string).collect(),
            ..Version::default()
        };
        let versions = [
            version("2026-01-01T00:00:00Z", true, &["A", "B"]),
            version("2026-02-01T00:00:00Z", false, &["A", "B"]),
            version("2026-03-01T00:00:00Z", true, &["A"]),
            version("2026-04-01T00:00:00Z", true, &["A", "C"]),
        ];
        assert_eq!(carried_since(&versions, "A"), Time::parse("2026-03-01T00:00:00Z"));
        assert_eq!(carried_since(&versions, "C"), Time::parse("2026-04-01T00:00:00Z"));
        assert_eq!(carried_since(&versions, "B"), None);
        assert_eq!(carried_since(&versions[..2], "A"), None, "a disabled role carries nothing");
    }

    #[test]
    fn items_are_read_once_each_and_what_is_wrong_is_named() {
        let uuid = "0123456789abcdef0123456789abcdef";
        let grant = json!({"kind": "grant", "grant": uuid});
        let permission = json!({"kind": "permission", "role": uuid, "permission": "PROJECT.UPDATE"});
        let read = items(&json!([permission, grant, grant])).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(counted(&read), "1 grant, 1 permission of a role");
        for (sent, why) in [
            (json!({}), "Expected a list of items."),
            (json!([]), "This list may not be empty."),
            (json!([grant, 7]), "Item 2: kind must be grant, permission, token or scope."),
            (json!([{"kind": "grant", "grant": "x"}]), "Item 1: grant must be an identifier."),
            (json!([{"kind": "scope", "token": uuid, "permission": "X"}]), "Item 1: permission must be a permission."),
        ] {
            assert!(items(&sent).unwrap_err().to_string().contains(why), "{sent}");
        }
    }
}
