//! Decisions about invitations, from values alone.

use super::{State, store::Invitation};
use crate::settings::Settings;
use stoa_kernel::{Date, Time};

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// The form in which addresses are compared.
pub fn key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// An address as a stranger is shown it: enough for its owner to know it by.
pub fn masked(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((local, domain)) => format!("{}***@{domain}", local.chars().take(1).collect::<String>()),
        None => "***".into(),
    }
}

/// Days for which an invitation can be accepted, in seconds.
pub fn lifetime(settings: &Settings) -> i64 {
    settings.int("INVITATION_LIFETIME").unwrap_or(7).clamp(0, 3650) * DAY
}

/// For how long staff decide with the link in their mail, in seconds; as long as an invitation lasts where nothing is set.
pub fn decision_age(settings: &Settings) -> i64 {
    settings.int("INVITATION_MAX_AGE").map_or_else(|| lifetime(settings), |days| days.clamp(1, 3650) * DAY)
}

/// When an invitation made now ends: counted from the project's first day where that is still to come.
pub fn expires(settings: &Settings, now: Time, start: Option<Date>) -> Time {
    let base = start.filter(|day| *day > now.date()).map_or(now, Date::start);
    base.plus_seconds(lifetime(settings))
}

/// Where an invitation begins. Staff decide first, where they are to decide: a project that begins later is no way around
/// them.
pub fn first_state(settings: &Settings, staff: bool, today: Date, start: Option<Date>) -> State {
    match settings.is_on("ONLY_STAFF_CAN_INVITE_USERS") && !staff {
        true => State::Requested,
        false => approved_state(today, start),
    }
}

/// Where an invitation goes on that needs no decision (any more).
pub fn approved_state(today: Date, start: Option<Date>) -> State {
    if start.is_some_and(|day| day > today) { State::Project } else { State::Pending }
}

/// Who answers an invitation.
#[derive(Debug, Clone, Default)]
pub struct Answerer {
    /// His address.
    pub email: String,
    /// His civil number.
    pub civil_number: Option<String>,
    /// The language he reads.
    pub language: String,
    /// Whether he takes mail.
    pub notified: bool,
}

impl Answerer {
    /// Whether the invitation names his address.
    pub fn is_addressed(&self, invitation: &Invitation) -> bool {
        !self.email.is_empty() && key(&self.email) == key(&invitation.email)
    }
}

/// Whether the invitation is for this person: a civil number must be his; beyond that his address, the code of the link, or
/// that civil number shows that he is meant. `strict` leaves the address alone.
pub fn is_for(invitation: &Invitation, person: &Answerer, with_code: bool, strict: bool) -> bool {
    let numbered = !invitation.civil_number.is_empty();
    if numbered && person.civil_number.as_deref() != Some(invitation.civil_number.as_str()) {
        return false;
    }
    person.is_addressed(invitation) || (!strict && (with_code || numbered))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn invitation(email: &str, civil_number: &str) -> Invitation {
        Invitation { email: email.into(), civil_number: civil_number.into(), ..Invitation::default() }
    }

    fn person(email: &str, civil_number: Option<&str>) -> Answerer {
        Answerer { email: email.into(), civil_number: civil_number.map(Into::into), ..Answerer::default() }
    }

    #[test]
    fn who_an_invitation_is_for() {
        let plain = invitation("Ann@x.example", "");
        let (ann, bob) = (person("ann@X.example", None), person("bob@x.example", None));
        assert!(is_for(&plain, &ann, false, true) && is_for(&plain, &bob, true, false));
        assert!(!is_for(&plain, &bob, false, false) && !is_for(&plain, &bob, true, true));
        let numbered = invitation("ann@x.example", "EE1");
        assert!(!is_for(&numbered, &ann, true, false));
        assert!(is_for(&numbered, &person("bob@x.example", Some("EE1")), false, false));
        assert!(!is_for(&numbered, &person("bob@x.example", Some("EE1")), false, true));
        assert!(!is_for(&numbered, &person("ann@x.example", Some("EE2")), true, false));
        assert!(!is_for(&invitation("", ""), &person("", None), false, true));
    }

    #[test]
    fn an_invitation_to_a_project_that_begins_later_waits_for_it_but_not_past_staff() {
        let now = Time::parse("2026-05-01T10:00:00Z").unwrap();
        let (today, later) = (now.date(), Some(now.date().plus_days(3)));
        let settings = Settings::default();
        assert_eq!(first_state(&settings, false, today, None), State::Pending);
        assert_eq!(first_state(&settings, false, today, Some(today)), State::Pending);
        assert_eq!(first_state(&settings, false, today, later), State::Project);
        assert_eq!(expires(&settings, now, None), now.plus_seconds(7 * DAY));
        assert_eq!(expires(&settings, now, later).to_string(), "2026-05-11T00:00:00Z");
    }

    #[test]
    fn a_stranger_sees_little_of_an_address() {
        assert_eq!(masked("ann.lee@x.example"), "a***@x.example");
        assert_eq!(masked(""), "***");
    }

    proptest! {
        /// Nobody but the addressee accepts where the installation is strict, and nobody with a wrong number ever.
        #[test]
        fn the_strict_are_strict(email in "[a-c]{1,2}@x", civil in "[12]?", other in "[a-c]{1,2}@x", number in "[12]?", code: bool) {
            let offer = invitation(&email, &civil);
            let answerer = person(&other, Some(&number).filter(|n| !n.is_empty()).map(String::as_str));
            if is_for(&offer, &answerer, code, true) {
                prop_assert_eq!(&email, &other);
            }
            if is_for(&offer, &answerer, code, false) && !civil.is_empty() {
                prop_assert_eq!(&civil, &number);
            }
        }
    }
}
