//! What a name, a number and a password may look like, and what a profile lacks.

use super::common;
use crate::vocabulary::countries;
use stoa_kernel::field::Kind;

/// The longest password that is looked at, in characters: hashing takes time by length.
pub const PASSWORD_MAX: i64 = 128;
/// The shortest password of most people, as the original has it.
const PASSWORD_MIN: usize = 8;
/// The shortest password of staff, who can do everything.
const STAFF_PASSWORD_MIN: usize = 12;

/// What is wrong with a password for this user; the same words as Django's validators, which clients show as they are.
pub fn weaknesses(password: &str, username: &str, staff: bool, others: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let folded = password.to_lowercase();
    let shortest = if staff { STAFF_PASSWORD_MIN } else { PASSWORD_MIN };
    if password.chars().count() < shortest {
        wrong.push(format!("This password is too short. It must contain at least {shortest} characters."));
    }
    if common::is_common(password) {
        wrong.push("This password is too common.".to_owned());
    }
    if !password.is_empty() && password.chars().all(|c| c.is_ascii_digit()) {
        wrong.push("This password is entirely numeric.".to_owned());
    }
    if is_similar(&folded, username) {
        wrong.push("The password is too similar to the username.".to_owned());
    } else if others.iter().any(|other| is_similar(&folded, other)) {
        wrong.push("The password is too similar to the name or email address.".to_owned());
    }
    wrong
}

/// Whether a password says hardly more than a word about its owner: one contains the other and little is left over.
fn is_similar(password: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    let (longer, shorter) = (password.len().max(word.len()), password.len().min(word.len()));
    let contained = password.contains(&word) || word.contains(password);
    shorter >= 3 && contained && shorter * 10 >= longer * 7
}

/// What is wrong with a name to sign in with.
pub fn username(text: &str) -> Option<String> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.@+-".contains(c);
    (!text.chars().all(fine)).then(|| "Enter a valid username.".to_owned())
}

/// What is wrong with a telephone number.
pub fn phone(text: &str) -> Option<String> {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let fine = !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || " -()".contains(c));
    (!fine).then(|| "Invalid phone number format.".to_owned())
}

/// What is wrong with a country code of two letters.
pub fn country(text: &str) -> Option<String> {
    countries::name(text).is_none().then(|| format!("\"{text}\" is not a valid choice."))
}

/// What is wrong with a gender: the words of today, or the numbers of ISO 5218 that older clients send.
pub fn gender(text: &str) -> Option<String> {
    gender_word(text).is_none().then(|| format!("\"{text}\" is not a valid choice."))
}

/// Why an account is switched off that had roles and has none left. An account with this reason that no person switched off is
/// switched on again with its next role.
pub const NO_ROLES: &str = "All roles were revoked";

/// Why an account is switched off whose person was erased.
pub const ERASED: &str = "Erased";

/// Seconds for which a code that confirms an address can be used, where `EMAIL_CHANGE_MAX_AGE` says nothing.
pub const EMAIL_CHANGE_MAX_AGE: i64 = 86_400;
/// Letters with such a code that one user can cause within [`LETTERS_SECONDS`].
pub const LETTERS_MAX: i64 = 5;
/// See [`LETTERS_MAX`].
pub const LETTERS_SECONDS: i64 = 3600;

/// What a profile says about its person. Where the way in which an account came about is among
/// `PROTECT_USER_DETAILS_FOR_REGISTRATION_METHODS`, people can't change it themselves.
#[rustfmt::skip]
pub const DETAILS: &[&str] = &[
    "first_name", "last_name", "native_name", "email", "job_title", "organization", "phone_number", "birth_date", "gender",
    "personal_title", "place_of_birth", "address", "country_of_residence", "nationality", "nationalities",
    "organization_country", "organization_type", "organization_registry_code", "organization_vat_code",
    "organization_address",
];

/// What gives an account power beyond its own profile. A narrowed credential can't set it, since whoever holds one could make
/// himself a wider one this way (security case C4).
pub const POWERS: &[&str] = &[
    "is_staff",
    "is_support",
    "is_robot",
    "is_identity_manager",
    "managed_isds",
    "can_use_personal_access_tokens",
    "token_lifetime",
];

/// The genders that are stored and shown.
pub const GENDERS: Kind = Kind::Choice("GenderEnum", &["male", "female", "unknown"]);

/// The stored word for a gender as it is sent.
pub fn gender_word(text: &str) -> Option<&'static str> {
    Some(match text {
        "" => "",
        "male" | "1" => "male",
        "female" | "2" => "female",
        "unknown" | "0" | "9" => "unknown",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused_and_good_ones_are_not() {
        for weak in ["123", "1234567", "12345678", "98765432109", "Password1", "annette.b", "annette.b1", "ANNETTE.B"] {
            assert!(!weaknesses(weak, "annette.b", false, &[]).is_empty(), "{weak}");
        }
        for good in ["correct horse", "x9-annette.b-and-much-more", "ünïcode-ok"] {
            assert!(weaknesses(good, "annette.b", false, &["Ann", "b"]).is_empty(), "{good}");
        }
        assert_eq!(weaknesses("ten chars!", "annette.b", true, &[]).len(), 1);
        assert!(weaknesses("ten chars!", "annette.b", false, &[]).is_empty());
        assert!(!weaknesses("blackwood", "annette.b", false, &["Blackwood"]).is_empty());
    }

    #[test]
    fn names_and_numbers() {
        for fine in ["a", "ann.b+c@d-e_9"] {
            assert_eq!(username(fine), None, "{fine}");
        }
        for wrong in ["Ann", "a b", "ä", "a/b"] {
            assert!(username(wrong).is_some(), "{wrong}");
        }
        assert_eq!(phone("+372 (5) 123-4567"), None);
        assert!(phone("+").is_some() && phone("12a").is_some() && phone("1+2").is_some());
        assert_eq!((country("EE"), country("XX").is_some()), (None, true));
        assert_eq!((gender_word("2"), gender_word("female"), gender_word("3")), (Some("female"), Some("female"), None));
    }
}
