//! Names in filters and entries, computed from values.

use super::Attributes;
use ldap3::{SearchEntry, dn_escape, ldap_escape};

/// A person of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the directory calls the entry for ever.
    pub id: String,
    /// Where it is.
    pub dn: String,
    /// The name to sign in with, in lower case.
    pub username: String,
    /// The address to write to; empty if there is none.
    pub email: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
}

/// A filter with a name in it, which means nothing but itself there.
pub fn filter(template: &str, username: &str) -> String {
    template.replace("{username}", &ldap_escape(username))
}

/// A filter for the entry that the directory calls so for ever, if it is still one of the people who may sign in.
pub fn again(template: &str, attribute: &str, id: &str) -> String {
    let value = match id.strip_prefix(BINARY) {
        Some(digits) => {
            digits.as_bytes().chunks(2).map(|pair| format!("\\{}", String::from_utf8_lossy(pair))).collect()
        }
        None => ldap_escape(id).into_owned(),
    };
    format!("(&{}({attribute}={value}))", template.replace("{username}", "*"))
}

/// What stands before the digits of an identifier that is no text.
const BINARY: &str = "hex:";

/// The name of an entry with a name in it, which means nothing but itself there.
pub fn dn(template: &str, username: &str) -> String {
    template.replace("{username}", &dn_escape(username))
}

/// Reads an entry. `None` if it has no name that can be one here, or nothing that stays.
pub fn entry(found: &SearchEntry, attributes: &Attributes) -> Option<Entry> {
    // Names of attributes are the same in any case.
    let text = |name: &str| {
        let values = found.attrs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, values)| values);
        values.and_then(|values| values.first()).map(|value| value.trim().to_owned()).unwrap_or_default()
    };
    let bytes = |name: &str| {
        let values = found.bin_attrs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, values)| values);
        let bytes = values.and_then(|values| values.first())?;
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("{BINARY}{digits}"))
    };
    let id = match text(&attributes.id) {
        text if !text.is_empty() => text,
        _ => bytes(&attributes.id)?,
    };
    let username = text(&attributes.username).to_lowercase();
    let fits = |username: &String| !username.is_empty() && username.chars().count() <= 128;
    let short = |text: String, most: usize| text.chars().take(most).collect::<String>();
    Some(username).filter(fits).filter(|username| stoa_tenancy::user::rules::username(username).is_none()).map(
        |username| Entry {
            id,
            dn: found.dn.clone(),
            username,
            email: Some(text(&attributes.email))
                .filter(|email| stoa_kernel::field::is_email(email))
                .unwrap_or_default(),
            first_name: short(text(&attributes.first_name), 100),
            last_name: short(text(&attributes.last_name), 100),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_nothing_but_itself() {
        assert_eq!(filter("(uid={username})", "*)(uid=*"), "(uid=\\2a\\29\\28uid=\\2a)");
        assert_eq!(again("(uid={username})", "entryUUID", "a*"), "(&(uid=*)(entryUUID=a\\2a))");
        assert_eq!(again("(uid={username})", "objectGUID", "hex:ff01"), "(&(uid=*)(objectGUID=\\ff\\01))");
        assert_eq!(dn("uid={username},ou=people", "a,ou=admins"), "uid=a\\2cou\\3dadmins,ou=people");
    }

    fn attributes() -> Attributes {
        let text = str::to_owned;
        Attributes {
            id: text("entryUUID"),
            username: text("uid"),
            email: text("mail"),
            first_name: text("givenName"),
            last_name: text("sn"),
        }
    }

    fn found(pairs: &[(&str, &str)]) -> SearchEntry {
        let attrs = pairs.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect();
        SearchEntry { dn: "uid=ann".into(), attrs, bin_attrs: Default::default() }
    }

    #[test]
    fn entries_are_read_whatever_the_case() {
        let ann = entry(&found(&[("ENTRYUUID", "1"), ("UID", "Ann"), ("mail", "a@b.example")]), &attributes()).unwrap();
        assert_eq!((ann.id.as_str(), ann.username.as_str(), ann.email.as_str()), ("1", "ann", "a@b.example"));
        for none in [&[("uid", "ann")][..], &[("entryUUID", "1")], &[("entryUUID", "1"), ("uid", "a b")]] {
            assert_eq!(entry(&found(none), &attributes()), None, "{none:?}");
        }
        let mut binary = found(&[("uid", "ann")]);
        binary.bin_attrs.insert("entryUUID".into(), vec![vec![0xff, 0x01]]);
        assert_eq!(entry(&binary, &attributes()).unwrap().id, "hex:ff01");
    }
}
