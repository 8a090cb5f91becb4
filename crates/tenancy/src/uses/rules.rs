//! What a use counts for, and how uses gather; from values alone.

use crate::access::permissions::PERMISSIONS;
use std::collections::{BTreeMap, HashSet};
use stoa_kernel::{
    Date,
    access::{Through, Use},
    id::Uuid,
};

/// Rows that wait to be written at most.
const MOST_PENDING: usize = 100_000;
/// Uses of one day that are remembered, so that they are not written again.
const MOST_KNOWN: usize = 500_000;

/// Staff power, as the permission of a user's row.
pub const STAFF: &str = "staff";
/// A support agent's sight, as the permission of a user's row.
pub const SUPPORT: &str = "support";

/// What a row is about: the kind of subject, the subject, and the permission (empty for the subject as a whole).
pub type Key = (&'static str, Uuid, &'static str);

/// The days on which a row was used: to do or open something, and to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Days {
    /// To do something, or to open one thing.
    pub done: Option<Date>,
    /// Only to let something appear in a list.
    pub listed: Option<Date>,
}

impl Days {
    /// The later of the two.
    pub fn last(&self) -> Option<Date> {
        self.done.max(self.listed)
    }

    fn add(&mut self, day: Date, listed: bool) {
        let place = if listed { &mut self.listed } else { &mut self.done };
        *place = (*place).max(Some(day));
    }
}

/// The rows for which a use counts.
///
/// A permission of a grant counts for the grant, for its role, and for the token that let it pass. Staff power that passed through
/// a token took its `STAFF.ACCESS`; where a token let a role show that needed no permission, one that passes is enough, and is kept.
pub fn rows(one: &Use) -> Vec<Key> {
    let mut keys: Vec<Key> = match one.through {
        Through::Grant(grant, role) => {
            vec![
                ("grant", grant, ""),
                ("grant", grant, one.permission),
                ("role", role, ""),
                ("role", role, one.permission),
            ]
        }
        Through::Staff(user) => vec![("user", user, STAFF)],
        Through::Support(user) => vec![("user", user, SUPPORT)],
    };
    if let Some((token, first)) = one.token {
        let first = first.and_then(|at| PERMISSIONS.get(usize::from(at))).map_or("", |entry| entry.name);
        keys.extend([("token", token, ""), ("token", token, one.permission), ("token", token, first)]);
        match one.through {
            Through::Grant(..) => {}
            Through::Staff(_) => keys.push(("token", token, "STAFF.ACCESS")),
            Through::Support(_) => keys.extend([("token", token, "SUPPORT.ACCESS"), ("token", token, "STAFF.ACCESS")]),
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// What was used and is not written yet, and what needs not be looked at again today.
#[derive(Debug, Default)]
pub struct Gathered {
    day: Option<Date>,
    known: HashSet<Use>,
    pending: BTreeMap<Key, Days>,
    lost: bool,
}

impl Gathered {
    /// Whether all of this was noted today already.
    pub fn knows(&self, relied: &HashSet<Use>, today: Date) -> bool {
        self.day == Some(today) && relied.is_subset(&self.known)
    }

    /// Notes uses.
    pub fn add(&mut self, relied: &HashSet<Use>, today: Date) {
        if self.day != Some(today) || self.known.len() > MOST_KNOWN {
            self.known.clear();
            self.day = Some(today);
        }
        for one in relied {
            if self.known.contains(one) {
                continue;
            }
            for key in rows(one) {
                if self.pending.len() >= MOST_PENDING && !self.pending.contains_key(&key) {
                    self.lost = true;
                } else {
                    self.pending.entry(key).or_default().add(today, one.listed);
                }
            }
            self.known.insert(*one);
        }
    }

    /// Takes what is to be written, and whether something was lost.
    pub fn take(&mut self) -> (Vec<(Key, Days)>, bool) {
        (std::mem::take(&mut self.pending).into_iter().collect(), std::mem::take(&mut self.lost))
    }

    /// Takes back what could not be written.
    pub fn put_back(&mut self, rows: Vec<(Key, Days)>, lost: bool) {
        self.lost |= lost;
        for (key, days) in rows {
            if self.pending.len() >= MOST_PENDING && !self.pending.contains_key(&key) {
                self.lost = true;
                continue;
            }
            let place = self.pending.entry(key).or_default();
            *place = Days { done: place.done.max(days.done), listed: place.listed.max(days.listed) };
        }
    }

    /// What waits to be written.
    pub fn pending(&self) -> Vec<(Key, Days)> {
        self.pending.iter().map(|(key, days)| (*key, *days)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);
    const TWO: Uuid = Uuid::from_u128(2);

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn of_grant(permission: &'static str, listed: bool) -> Use {
        Use { through: Through::Grant(ONE, TWO), permission, listed, token: None }
    }

    #[test]
    fn a_use_counts_for_grant_role_and_token() {
        let one = of_grant("PROJECT.UPDATE", false);
        let of_all =
            [("grant", ONE, ""), ("grant", ONE, "PROJECT.UPDATE"), ("role", TWO, ""), ("role", TWO, "PROJECT.UPDATE")];
        assert_eq!(rows(&one), of_all);
        let token = Uuid::from_u128(3);
        let staff =
            Use { through: Through::Staff(ONE), permission: "ROLE.X", listed: false, token: Some((token, None)) };
        assert_eq!(
            rows(&staff),
            [("token", token, ""), ("token", token, "ROLE.X"), ("token", token, "STAFF.ACCESS"), ("user", ONE, STAFF)]
        );
        let shown = Use { token: Some((token, Some(0))), ..of_grant("", true) };
        assert!(rows(&shown).contains(&("token", token, PERMISSIONS[0].name)), "one permission must stay");
    }

    #[test]
    fn what_is_known_today_is_not_written_again_and_tomorrow_it_is() {
        let mut gathered = Gathered::default();
        let relied: HashSet<Use> = [of_grant("A", false), of_grant("", true)].into_iter().collect();
        assert!(!gathered.knows(&relied, day("2026-03-01")));
        gathered.add(&relied, day("2026-03-01"));
        assert!(gathered.knows(&relied, day("2026-03-01")) && !gathered.knows(&relied, day("2026-03-02")));
        let (rows, lost) = gathered.take();
        assert_eq!((rows.len(), lost), (4, false));
        let both = Days { done: Some(day("2026-03-01")), listed: Some(day("2026-03-01")) };
        assert_eq!(rows.iter().find(|(key, _)| *key == ("grant", ONE, "")).unwrap().1, both);
        gathered.add(&relied, day("2026-03-01"));
        assert!(gathered.pending().is_empty(), "written today already");
        gathered.put_back(rows, false);
        assert_eq!(gathered.pending().len(), 4, "what could not be written stays");
    }

    #[test]
    fn what_has_no_room_is_known_to_be_lost() {
        let mut gathered = Gathered::default();
        let many = |from: u128| -> HashSet<Use> {
            let of = |number| Use { through: Through::Staff(Uuid::from_u128(number)), ..of_grant("", false) };
            (from..from + 100_000).map(of).collect()
        };
        gathered.add(&many(0), day("2026-03-01"));
        gathered.add(&many(100_000), day("2026-03-01"));
        let (rows, lost) = gathered.take();
        assert_eq!((rows.len(), lost), (MOST_PENDING, true));
    }
}
