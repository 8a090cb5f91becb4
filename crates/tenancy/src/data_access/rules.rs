//! What of a page is somebody's profile, and how reads of it gather.

use std::collections::BTreeMap;
use stoa_kernel::{
    Time,
    access::Actor,
    door::Page,
    id::Uuid,
    view::{Column, View},
};

/// Entries in memory at most; a page of 300 people is 300 of them.
const MOST: usize = 20_000;

/// What tells something about a person. Names and identifiers of rows, and what the installation decides about an account,
/// do not.
#[rustfmt::skip]
pub const PERSONAL: &[&str] = &[
    "username", "full_name", "first_name", "last_name", "native_name", "email", "requested_email", "phone_number",
    "civil_number", "organization", "job_title", "affiliations", "image", "birth_date", "gender", "personal_title",
    "place_of_birth", "address", "country_of_residence", "nationality", "nationalities", "organization_country",
    "organization_type", "organization_registry_code", "organization_vat_code", "organization_address",
    "eduperson_assurance", "uid_number", "primary_gid", "identity_source", "permissions", "ip_address", "user_username",
    "user_full_name", "user_native_name", "user_email", "user_image",
];

/// What a row's key is the key of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Of a user.
    User,
    /// Of a grant, whose user is meant.
    Grant,
}

/// The views that show profiles.
const VIEWS: &[(&str, Key)] =
    &[("users", Key::User), ("customer_users", Key::User), ("project_other_users", Key::User), ("team", Key::Grant)];

/// One reader's look at one page.
#[derive(Debug)]
pub struct Read {
    reader: Reader,
    fields: String,
    key: Key,
    rows: Vec<i64>,
}

/// Who read, how and when; the hour is part of it, as reads of one hour count together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reader {
    /// The person, also where he acts as somebody else.
    pub uuid: Uuid,
    /// `staff`, `support`, `organization_member` or `self`.
    pub kind: &'static str,
    /// The view.
    pub view: &'static str,
    /// From where.
    pub address: Option<String>,
    /// The hour.
    pub hour: Time,
    /// Key of the reader's own row; 0 where he acts as somebody else.
    pub own: i64,
}

impl Read {
    /// What is to be noted of a page; nothing if it shows nobody's profile.
    pub fn of(actor: &Actor, view: &View, page: &Page, now: Time) -> Option<Read> {
        let (name, key) = VIEWS.iter().find(|(name, _)| *name == view.name).copied()?;
        if actor.id == 0 || page.rows.is_empty() {
            return None;
        }
        let fields = personal(&page.columns);
        if fields.is_empty() {
            return None;
        }
        let (uuid, kind, own) = match &actor.impersonator {
            Some(staff) => (staff.uuid, "staff", 0),
            None if actor.is_staff() => (actor.uuid, "staff", actor.id),
            None if actor.sees_all() => (actor.uuid, "support", actor.id),
            None => (actor.uuid, "organization_member", actor.id),
        };
        let address = actor.address.map(|address| address.to_string());
        let reader = Reader { uuid, kind, view: name, address, hour: hour_of(now), own };
        let rows = page.rows.iter().filter_map(|row| row.get(0).ok()).collect();
        Some(Read { reader, fields: serde_json::to_string(&fields).unwrap_or_default(), key, rows })
    }
}

fn personal(columns: &[&'static Column]) -> Vec<&'static str> {
    columns.iter().map(|column| column.name).filter(|name| PERSONAL.contains(name)).collect()
}

/// The beginning of the hour of an instant.
pub fn hour_of(now: Time) -> Time {
    let hour = 3600 * Time::SECOND;
    Time(now.0.div_euclid(hour) * hour)
}

/// What has gathered: for a reader, the fields and the row, how often.
#[derive(Debug, Default)]
pub struct Reads {
    /// How often what was read.
    pub entries: BTreeMap<(Reader, String, Key, i64), i64>,
    /// Reads for which there was no room.
    pub lost: u64,
}

impl Reads {
    /// Adds a read. Says whether it is the first.
    pub fn add(&mut self, read: Read) -> bool {
        let first = self.entries.is_empty() && self.lost == 0;
        for row in read.rows {
            let key = (read.reader.clone(), read.fields.clone(), read.key, row);
            if self.entries.len() >= MOST && !self.entries.contains_key(&key) {
                self.lost += 1;
            } else {
                *self.entries.entry(key).or_default() += 1;
            }
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: Vec<i64>) -> Read {
        let reader = Reader {
            uuid: Uuid::nil(),
            kind: "staff",
            view: "users",
            address: None,
            hour: hour_of(Time(7_300 * Time::SECOND)),
            own: 1,
        };
        Read { reader, fields: r#"["email"]"#.into(), key: Key::User, rows }
    }

    #[test]
    fn reads_of_one_hour_count_together_and_memory_is_bounded() {
        let mut reads = Reads::default();
        assert!(reads.add(read(vec![1, 2])));
        assert!(!reads.add(read(vec![2])));
        assert_eq!(reads.entries.values().copied().collect::<Vec<_>>(), [1, 2]);
        reads.add(read((0..30_000).collect()));
        assert_eq!((reads.entries.len(), reads.lost), (MOST, 10_000));
    }

    #[test]
    fn an_hour_begins_at_its_beginning() {
        assert_eq!(hour_of(Time(7_300 * Time::SECOND)), Time(7_200 * Time::SECOND));
        assert_eq!(hour_of(Time(-1)), Time(-3_600 * Time::SECOND));
    }
}
