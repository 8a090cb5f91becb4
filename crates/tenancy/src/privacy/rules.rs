//! How a person is made unrecognizable in the record, from values alone.

use crate::user::store::{Brief, Fate};
use serde_json::{Value, json};
use stoa_kernel::{
    event::{Change, Told},
    id::{self, Uuid},
    record,
};

/// The columns of a profile that an export has.
#[rustfmt::skip]
pub const PROFILE: &[&str] = &[
    "uuid", "username", "slug", "first_name", "last_name", "native_name", "email", "requested_email", "phone_number",
    "civil_number", "job_title", "organization", "description", "is_active", "is_staff", "is_support",
    "is_identity_manager", "registration_method", "identity_source", "date_joined", "agreement_date",
    "notifications_enabled", "preferred_language", "affiliations", "birth_date", "gender", "personal_title",
    "place_of_birth", "address", "country_of_residence", "nationality", "nationalities", "organization_country",
    "organization_type", "organization_registry_code", "organization_vat_code", "organization_address",
    "eduperson_assurance", "uid_number", "primary_gid", "managed_isds", "active_isds", "attribute_sources",
    "deactivation_reason", "erasure_requested_at", "image", "token_lifetime",
];

/// Facts that hold what the person himself wrote.
const OWN_WORDS: &[&str] = &["ssh_key_name", "email"];

/// What stands in the place of what was erased.
const ERASED: &str = "(erased)";

/// The name that stays of an erased person: made from the identifier, so it is the same whenever it is made.
pub fn pseudonym(uuid: &Uuid) -> String {
    format!("erased-{}", &id::hex(uuid)[..12])
}

/// The words by which a person is known in the record.
#[derive(Debug)]
pub struct Words {
    uuid: String,
    pseudonym: String,
    /// The longest first, so that no part of a longer one is left.
    known: Vec<String>,
}

impl Words {
    /// Those of a user.
    pub fn of(user: &Brief, fate: &Fate, pseudonym: &str) -> Words {
        let civil = fate.civil_number.clone().unwrap_or_default();
        let all = [
            user.username.clone(),
            user.full_name(),
            user.email.clone(),
            user.native_name.clone(),
            civil,
            fate.phone_number.clone(),
        ];
        Words { uuid: id::hex(&user.uuid), pseudonym: pseudonym.to_owned(), known: sorted(all.into()) }
    }

    /// Puts the pseudonym in the place of everything by which an event tells who the person was.
    pub fn redact(&self, told: &mut Told) {
        let mut words = self.known.clone();
        let changes = changes_of(told);
        // The sentence may quote what changed; the whole quotation goes.
        if told.about && !changes.is_empty() {
            let quoted = record::describe(&changes);
            told.message = told.message.replace(&quoted, "Details were erased.");
            words.extend(changes.iter().flat_map(|one| [text(&one.before), text(&one.after)]).flatten());
            told.changes =
                changes.iter().map(|one| json!({"field": one.field, "before": ERASED, "after": ERASED})).collect();
        }
        // He may have had other names then: the facts tell them.
        for who in ["user", "affected_user"] {
            if told.context.get(&format!("{who}_uuid")).and_then(Value::as_str) != Some(self.uuid.as_str()) {
                continue;
            }
            for what in ["username", "full_name", "native_name"] {
                let Some(fact) = told.context.get_mut(&format!("{who}_{what}")) else { continue };
                words.extend(text(fact));
                *fact = if what == "username" { self.pseudonym.clone().into() } else { "".into() };
            }
            if who == "user" {
                told.context.remove("ip_address");
                for name in OWN_WORDS {
                    let Some(fact) = told.context.get_mut(*name) else { continue };
                    words.extend(text(fact));
                    *fact = ERASED.into();
                }
            }
        }
        if told.context.get("user_uuid").is_none() {
            // A sign-in that failed: nobody did it but whoever was there.
            told.context.remove("ip_address");
        }
        let words = sorted(words);
        told.message = self.without(&told.message, &words);
        for (_, fact) in &mut told.context {
            if let Some(known) = fact.as_str().filter(|text| words.iter().any(|word| text.contains(word.as_str()))) {
                *fact = self.without(known, &words).into();
            }
        }
        told.context.insert("redacted".into(), true.into());
    }

    fn without(&self, text: &str, words: &[String]) -> String {
        words.iter().fold(text.to_owned(), |text, word| replaced(&text, word, &self.pseudonym))
    }
}

/// A text with whole words replaced: what is part of a longer word is another word.
fn replaced(text: &str, word: &str, by: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let after = &rest[at + word.len()..];
        let part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let inside = part(rest[..at].chars().next_back().or(out.chars().next_back().filter(|_| at == 0)))
            || part(after.chars().next());
        out.push_str(&rest[..at]);
        out.push_str(if inside { word } else { by });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Words worth looking for, the longest first.
fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.retain(|word| word.chars().count() > 2 && word != ERASED);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn changes_of(told: &Told) -> Vec<Change> {
    let read = |one: &Value| Change {
        field: one["field"].as_str().unwrap_or_default().to_owned(),
        before: one["before"].clone(),
        after: one["after"].clone(),
    };
    told.changes.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        Words {
            uuid: "0123456789abcdef0123456789abcdef".into(),
            pseudonym: "erased-0123456789ab".into(),
            known: sorted(vec!["ann".into(), "Ann Lee".into(), "ann@example.org".into(), "".into()]),
        }
    }

    fn told(message: &str, context: Value, changes: Value, about: bool) -> Told {
        Told {
            message: message.into(),
            context: context.as_object().unwrap().clone(),
            changes: changes.as_array().unwrap().clone(),
            about,
        }
    }

    #[test]
    fn names_of_then_and_now_give_way_to_the_pseudonym() {
        let mut event = told(
            "User Ann Smith (ann) has lost a role in Hannover.",
            json!({"affected_user_uuid": words().uuid, "affected_user_full_name": "Ann Smith", "affected_user_username": "ann",
                   "user_uuid": "f", "user_username": "boss", "ip_address": "10.0.0.1"}),
            json!([]),
            false,
        );
        words().redact(&mut event);
        assert_eq!(event.message, "User erased-0123456789ab (erased-0123456789ab) has lost a role in Hannover.");
        assert_eq!(event.context["affected_user_full_name"], "");
        assert_eq!(
            (&event.context["user_username"], &event.context["ip_address"]),
            (&json!("boss"), &json!("10.0.0.1"))
        );
        assert_eq!(event.context["redacted"], true);
    }

    #[test]
    fn what_changed_in_a_profile_is_gone_and_where_somebody_was_too() {
        let changes = json!([{"field": "phone_number", "before": "", "after": "+372 555"},
                             {"field": "birth_date", "before": null, "after": "1990-01-01"}]);
        let quoted = "phone_number has been changed from '' to '+372 555'. \
                      birth_date has been changed from 'null' to '1990-01-01'.";
        let context = json!({"user_uuid": words().uuid, "user_username": "ann", "ip_address": "10.0.0.1"});
        let mut event = told(&format!("User ann has been updated. {quoted}"), context, changes, true);
        words().redact(&mut event);
        assert_eq!(event.message, "User erased-0123456789ab has been updated. Details were erased.");
        let left = json!([event.changes, event.context]).to_string();
        assert!(!left.contains("372") && !left.contains("1990") && !left.contains("10.0.0.1"), "{left}");
    }

    #[test]
    fn a_pseudonym_is_the_same_each_time() {
        let uuid = id::parse(&words().uuid).unwrap();
        assert_eq!(pseudonym(&uuid), "erased-0123456789ab");
    }
}
