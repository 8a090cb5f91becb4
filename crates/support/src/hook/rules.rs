//! What a hook is told, when it is tried again, and what its signature is: values only.

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;
use stoa_kernel::{Error, Result, Time, error::Invalid};
use stoa_tenancy::vocabulary::events;

/// Hooks that one user can have.
pub const HOOKS_MAX: i64 = 50;
/// Seconds between two tests of a hook.
pub const TEST_EVERY: i64 = 10;
/// Letters in a day by which one user may ask holders of addresses to agree.
pub const ASK_PER_USER: i64 = 10;
/// The same to one address, whoever asks.
pub const ASK_PER_ADDRESS: i64 = 3;
/// Seconds for which such a letter can be answered.
pub const ASK_LASTS: i64 = 7 * 86_400;

/// Seconds from one attempt to the next; after the last one a delivery is given up, which is after 22 hours.
pub const RETRIES: &[i64] = &[10, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600, 28_800];
/// Failures in a row after which a hook is switched off, if they last as long as [`OFF_SECONDS`].
pub const OFF_FAILURES: i64 = 15;
/// How long a hook must have failed without a break before it is switched off.
pub const OFF_SECONDS: i64 = 86_400;

/// Seconds to wait after this many attempts, with up to a fifth more or less so that what failed together does not come back
/// together; none if it is given up. `chance` is anything random.
pub fn wait(attempts: i64, chance: [u8; 2]) -> Option<i64> {
    let base = *RETRIES.get(usize::try_from(attempts.max(1) - 1).ok()?)?;
    let chance = i64::from(u16::from_be_bytes(chance));
    Some(base + base * (chance - 32_768) / 163_840)
}

/// Seconds for which nothing is sent to a receiver that was not there this many times in a row: an hour at most.
pub fn pause(failures: i64, chance: [u8; 2]) -> i64 {
    wait(failures.clamp(1, 6), chance).unwrap_or(3600)
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver took it.
    Taken,
    /// The receiver is there but did not take it; others may go on meanwhile.
    NotTaken,
    /// The receiver, or what stands before it, has no time now.
    Away,
    /// The receiver wants nothing any more.
    Gone,
}

/// What a status means.
pub fn verdict(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Taken,
        410 => Verdict::Gone,
        429 | 502 | 503 | 504 => Verdict::Away,
        _ => Verdict::NotTaken,
    }
}

/// An event as it is told.
#[derive(Debug, Clone)]
pub struct Told {
    /// When it happened.
    pub created: Time,
    /// Its type.
    pub event_type: String,
    /// The sentence.
    pub message: String,
    /// Whom and what it concerns.
    pub context: Value,
}

/// The event that a test sends.
pub fn test_event(now: Time) -> Told {
    let context = json!({ "is_test": true });
    Told { created: now, event_type: "custom_notification".into(), message: "This is a test.".into(), context }
}

/// The body of a call and its content type.
pub fn body(told: &Told, content_type: &str) -> (String, &'static str) {
    let created = told.created.to_string();
    if content_type == "form" {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("created", &created).append_pair("message", &told.message);
        form.append_pair("context", &told.context.to_string()).append_pair("event_type", &told.event_type);
        return (form.finish(), "application/x-www-form-urlencoded");
    }
    let body =
        json!({"created": created, "message": told.message, "context": told.context, "event_type": told.event_type});
    (body.to_string(), "application/json")
}

/// The header by which a receiver knows who sent a body, and when: `t=<seconds>,v1=<HMAC-SHA256 of "t.body">`.
pub fn signature(secret: &str, now: Time, body: &str) -> Result<String> {
    let seconds = now.0.div_euclid(Time::SECOND);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(Error::broken)?;
    mac.update(format!("{seconds}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("t={seconds},v1={hex}"))
}

/// The types and groups that are stored for those that were sent: of groups the types, in order of the names, together with those
/// named one by one; types alone drop the groups. Of a group's types only those are spelled out that every client can read; what
/// a hook gets is decided by [`wants`], which knows all of them.
///
/// # Errors
/// Invalid for names that are none.
pub fn chosen(types: Option<&Value>, groups: Option<&Value>) -> Result<Option<(Vec<String>, Vec<String>)>> {
    let texts = |value: Option<&Value>| -> Vec<String> {
        let all = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        all.map(str::to_owned).collect()
    };
    let (named, grouped) = (texts(types), texts(groups));
    let mut invalid = Invalid::default();
    let wrong = |name: &String| format!("\"{}\" is not a valid choice.", name.chars().take(100).collect::<String>());
    named.iter().filter(|name| !events::is_of_the_wire(name)).for_each(|name| invalid.add("event_types", wrong(name)));
    let known = |name: &String| events::GROUPS.iter().any(|(group, _)| group == name);
    grouped.iter().filter(|name| !known(name)).for_each(|name| invalid.add("event_groups", wrong(name)));
    invalid.done()?;
    if types.is_none() && groups.is_none() {
        return Ok(None);
    }
    let mut all: BTreeSet<String> = named.into_iter().collect();
    for group in &grouped {
        all.extend(events::shared().filter(|one| one.is_of(group)).map(|one| one.name.to_owned()));
    }
    let grouped: BTreeSet<String> = grouped.into_iter().collect();
    Ok(Some((all.into_iter().collect(), grouped.into_iter().collect())))
}

/// Whether a hook with these types and groups is told of events of a type.
pub fn wants(types: &[String], groups: &[String], kind: &str) -> bool {
    types.iter().any(|one| one == kind)
        || events::event_type(kind).is_some_and(|one| groups.iter().any(|group| one.is_of(group)))
}

/// What is said of a web address where its whole would say too much: many carry a secret in their path.
pub fn host(address: &str) -> String {
    url::Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_become_types_and_unknown_names_are_refused() {
        let (types, groups) = chosen(Some(&json!(["user_activated"])), Some(&json!(["ssh"]))).unwrap().unwrap();
        assert_eq!(types, ["ssh_key_creation_succeeded", "ssh_key_deletion_succeeded", "user_activated"]);
        assert_eq!(groups, ["ssh"]);
        assert_eq!(chosen(Some(&json!(["user_activated"])), None).unwrap().unwrap().1, Vec::<String>::new());
        assert!(chosen(None, None).unwrap().is_none());
        for (types, groups) in [(json!(["nonsense"]), json!([])), (json!([]), json!(["nonsense"]))] {
            assert!(chosen(Some(&types), Some(&groups)).is_err());
        }
        // A type of our own would be refused by clients that read somebody's hooks.
        assert!(chosen(Some(&json!(["web_hook_created"])), None).is_err());
        assert!(wants(&[], &["permissions".into()], "role_definition_updated"));
        assert!(wants(&[], &["users".into()], "web_hook_created") && !wants(&[], &["ssh".into()], "web_hook_created"));
    }

    #[test]
    fn waits_grow_and_end() {
        let sum: i64 = RETRIES.iter().sum();
        assert!((20 * 3600..86_400).contains(&sum), "{sum}");
        for attempts in 1..=RETRIES.len() as i64 {
            let (least, most) = (wait(attempts, [0, 0]).unwrap(), wait(attempts, [255, 255]).unwrap());
            let base = RETRIES[attempts as usize - 1];
            assert!(least >= base * 8 / 10 && most <= base * 12 / 10 && least < most, "{least} {base} {most}");
        }
        assert_eq!(wait(RETRIES.len() as i64 + 1, [0, 0]), None);
        assert!(pause(1000, [255, 255]) <= 3600 * 12 / 10);
    }

    #[test]
    fn a_signature_is_what_the_guide_says() {
        // openssl dgst -sha256 -hmac secret <<< '1000000000.{}' without the line's end.
        let made = signature("secret", Time(1_000_000_000_000_000), "{}").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
        mac.update(b"1000000000.{}");
        let bytes: Vec<u8> = mac.finalize().into_bytes().to_vec();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(made, format!("t=1000000000,v1={hex}"));
    }

    #[test]
    fn a_body_says_four_things_in_either_form() {
        let told = Told { context: json!({"a": "ä&="}), ..test_event(Time(0)) };
        let (json, _) = body(&told, "json");
        let read: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            read.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["created", "message", "context", "event_type"]
        );
        let (form, kind) = body(&told, "form");
        assert_eq!(kind, "application/x-www-form-urlencoded");
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        assert_eq!(pairs[2], ("context".to_owned(), r#"{"a":"ä&="}"#.to_owned()));
    }
}
