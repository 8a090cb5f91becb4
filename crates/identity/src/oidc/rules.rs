//! What tokens must say, where people may be sent, and what is derived from what. No database, no clock, no network.

use crate::provider::rules::origin;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use stoa_kernel::Time;
use url::Url;

/// Seconds by which clocks may differ.
const LEEWAY_SECONDS: i64 = 60;
/// Seconds within which somebody must come back from the provider.
pub const STATE_SECONDS: i64 = 600;
/// Seconds within which a portal must exchange its code.
pub const CODE_SECONDS: i64 = 60;
/// Seconds for which a message of the provider that somebody signed out is taken.
const LOGOUT_SECONDS: i64 = 300;
/// The longest subject.
const SUBJECT_MAX: usize = 255;
/// The event that a message about signing out carries.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A value that only the browser with this cookie, in this sign-in, can have caused: nonce and PKCE verifier.
pub fn derived(what: &str, browser: &str, state: &str) -> String {
    let mut hash = Sha256::new();
    for piece in [what, "\0", browser, "\0", state] {
        hash.update(piece);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// The S256 challenge of a PKCE verifier.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// Whether a cookie's value is one of ours: 64 hexadecimal digits.
pub fn is_browser(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn seconds(now: Time) -> i64 {
    now.0 / Time::SECOND
}

fn number(claims: &Value, name: &str) -> Option<i64> {
    let value = &claims[name];
    value.as_i64().or_else(|| value.as_f64().filter(|n| n.abs() < 9e15).map(|n| n as i64))
}

fn audiences(claims: &Value) -> Vec<&str> {
    match &claims["aud"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Checks issuer and times, which every token has.
fn common(claims: &Value, issuer: &str, now: Time) -> Result<(), &'static str> {
    let now = seconds(now);
    if claims["iss"].as_str() != Some(issuer) {
        return Err("another issuer");
    }
    if number(claims, "exp").is_none_or(|exp| exp.saturating_add(LEEWAY_SECONDS) <= now) {
        return Err("expired");
    }
    if number(claims, "iat").is_none_or(|iat| iat.saturating_sub(LEEWAY_SECONDS) > now) {
        return Err("issued in the future");
    }
    if number(claims, "nbf").is_some_and(|nbf| nbf.saturating_sub(LEEWAY_SECONDS) > now) {
        return Err("not valid yet");
    }
    Ok(())
}

/// The subject of a token.
pub fn subject(claims: &Value) -> Option<&str> {
    let fine = |sub: &&str| (1..=SUBJECT_MAX).contains(&sub.len()) && !sub.chars().any(char::is_control);
    claims["sub"].as_str().filter(fine)
}

/// Checks what an identity token says (OpenID Connect Core, 3.1.3.7).
///
/// # Errors
/// What is wrong.
pub fn identity(
    claims: &Value,
    issuer: &str,
    client: &str,
    nonce: Option<&str>,
    now: Time,
) -> Result<(), &'static str> {
    common(claims, issuer, now)?;
    let audiences = audiences(claims);
    if !audiences.contains(&client) {
        return Err("another audience");
    }
    let party = claims["azp"].as_str();
    if party.is_some_and(|party| party != client) || (audiences.len() > 1 && party.is_none()) {
        return Err("another authorized party");
    }
    if nonce.is_some_and(|nonce| claims["nonce"].as_str() != Some(nonce)) {
        return Err("another nonce");
    }
    if claims.get("events").is_some() {
        return Err("a message, not an identity");
    }
    subject(claims).map(|_| ()).ok_or("no subject")
}

/// Checks a message that somebody signed out (OpenID Connect Back-Channel Logout, 2.6); gives subject and session.
///
/// # Errors
/// What is wrong.
pub fn signed_out(
    claims: &Value,
    issuer: &str,
    client: &str,
    now: Time,
) -> Result<(Option<String>, Option<String>, Time), &'static str> {
    // Older providers send no end; the time of issue limits them all.
    let mut bounded = claims.clone();
    if bounded.get("exp").is_none() {
        bounded["exp"] = (seconds(now) + 1).into();
    }
    common(&bounded, issuer, now)?;
    let issued = number(claims, "iat").unwrap_or_default();
    if issued + LOGOUT_SECONDS < seconds(now) {
        return Err("too old");
    }
    if !audiences(claims).contains(&client) {
        return Err("another audience");
    }
    if !claims["events"][LOGOUT_EVENT].is_object() {
        return Err("not about signing out");
    }
    if claims.get("nonce").is_some() {
        return Err("an identity, not a message");
    }
    let sid = claims["sid"].as_str().filter(|sid| !sid.is_empty()).map(ToOwned::to_owned);
    let subject = subject(claims).map(ToOwned::to_owned);
    if sid.is_none() && subject.is_none() {
        return Err("about nobody");
    }
    let until =
        Time::from_micros(issued.saturating_add(LEEWAY_SECONDS).saturating_mul(Time::SECOND)).ok_or("no time")?;
    Ok((subject, sid, until))
}

/// Checks an access token for the API.
///
/// # Errors
/// What is wrong.
pub fn access(header: &Value, claims: &Value, issuer: &str, audience: &str, now: Time) -> Result<(), &'static str> {
    common(claims, issuer, now)?;
    let kind = header["typ"].as_str().unwrap_or("JWT").to_ascii_lowercase();
    let kind = kind.strip_prefix("application/").unwrap_or(&kind);
    if !matches!(kind, "at+jwt" | "jwt") {
        return Err("not an access token");
    }
    // An identity token or a message about signing out proves nobody at the API.
    if ["nonce", "at_hash", "c_hash", "events"].iter().any(|name| claims.get(*name).is_some()) {
        return Err("not an access token");
    }
    // What Keycloak calls its kinds.
    if matches!(claims["typ"].as_str(), Some("ID" | "Refresh" | "Offline" | "Logout")) {
        return Err("not an access token");
    }
    if !audiences(claims).contains(&audience) {
        return Err("another audience");
    }
    subject(claims).map(|_| ()).ok_or("no subject")
}

/// A claim by its name, or by the names of its parts with dots between.
pub fn claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    let found = claims.get(name).or_else(|| name.split('.').try_fold(claims, |value, part| value.get(part)));
    found.filter(|value| !value.is_null())
}

/// Whether the provider vouches for the mail address: yes, no, or not said.
pub fn vouched(claims: &Value) -> Option<bool> {
    match &claims["email_verified"] {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) => Some(text == "true"),
        _ => None,
    }
}

/// Which of staff and support agent a claim says that somebody is. `setting` names the claim, or `provider:claim` to believe
/// one provider only. `None` where the setting is not about this provider: then nothing changes.
pub fn roles(setting: &str, provider: &str, others: &[String], claims: &Value) -> Option<(bool, bool)> {
    if setting.is_empty() {
        return None;
    }
    let name = match setting.split_once(':') {
        Some((first, rest)) if first == provider => rest,
        Some((first, _)) if others.iter().any(|other| other == first) => return None,
        _ => setting,
    };
    let words: Vec<&str> = match claim(claims, name) {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.split([' ', ',']).collect(),
        _ => Vec::new(),
    };
    Some((words.contains(&"staff"), words.contains(&"support")))
}

/// Whether a text is a path on this server and nothing else, however a browser reads it.
pub fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= 2000
        && !text.starts_with("//")
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
}

/// The path of portals that takes a code.
const PORTAL_PATH: &str = "login_completed/";

/// Where somebody goes once he is signed in: a path here, or a portal's address. `None` where the wish is not allowed.
pub fn target(next: Option<&str>, back: Option<&str>, allowed: &[String], portal: &str) -> Option<String> {
    if let Some(back) = back.filter(|back| !back.is_empty()) {
        let wished = origin(back)?;
        let ours = origin(portal).filter(|_| !portal.is_empty());
        if back.len() > 2000 || !allowed.contains(&wished) && ours.as_ref() != Some(&wished) {
            return None;
        }
        let url = Url::parse(back).ok().filter(|url| url.username().is_empty() && url.password().is_none())?;
        return Some(if url.path() == "/" { format!("{wished}/{PORTAL_PATH}") } else { url.to_string() });
    }
    match next.filter(|next| !next.is_empty()) {
        Some(next) => is_path(next).then(|| next.to_owned()),
        None if portal.is_empty() => Some("/".into()),
        None => Some(format!("{}/{PORTAL_PATH}", portal.trim_end_matches('/'))),
    }
}

/// A portal's address with the code.
pub fn with_code(target: &str, code: &str, method: &str) -> Option<String> {
    let mut url = Url::parse(target).ok()?;
    url.query_pairs_mut().append_pair("code", code).append_pair("method", method);
    Some(url.to_string())
}

/// The name of a new account: the claim's value if that can be one, else one made of the provider's name and the subject.
pub fn username(wished: Option<&str>, provider: &str, subject: &str) -> String {
    let folded = wished.unwrap_or_default().to_lowercase();
    let fine = !folded.is_empty() && folded.len() <= 128 && stoa_tenancy::user::rules::username(&folded).is_none();
    if fine { folded } else { unlike(provider, subject) }
}

/// A name that nobody else has: the provider and a part of the subject's hash.
pub fn unlike(provider: &str, subject: &str) -> String {
    let hash = Sha256::digest(format!("{provider}\0{subject}"));
    format!("{provider}-{}", hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Claims of an identity token and of the person, which must be of one subject; the token's own win, as it is signed.
pub fn merged(token: &Value, person: Option<&Value>) -> Option<Value> {
    let Some(person) = person else { return Some(token.clone()) };
    if person["sub"].as_str() != token["sub"].as_str() || token["sub"].is_null() {
        return None;
    }
    let mut all: Map<String, Value> = person.as_object()?.clone();
    all.extend(token.as_object()?.clone());
    Some(Value::Object(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Time = Time(1_800_000_000 * Time::SECOND);

    fn token() -> Value {
        json!({"iss": "https://id", "aud": "us", "sub": "ann", "exp": 1_800_000_300, "iat": 1_800_000_000, "nonce": "n"})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut token = token();
        token[name] = value;
        token
    }

    #[test]
    fn an_identity_token_is_for_us_now_and_from_the_issuer() {
        let check = |token: &Value| identity(token, "https://id", "us", Some("n"), NOW);
        assert_eq!(check(&token()), Ok(()));
        assert_eq!(check(&with("aud", json!(["us"]))), Ok(()));
        assert_eq!(check(&with("exp", json!(i64::MAX))), Ok(()));
        let mut two = with("aud", json!(["us", "them"]));
        assert!(check(&two).is_err());
        two["azp"] = json!("us");
        assert_eq!(check(&two), Ok(()));
        for (name, value) in [
            ("iss", json!("https://other")),
            ("iss", json!("https://id/")),
            ("aud", json!("them")),
            ("aud", json!([])),
            ("aud", json!(null)),
            ("azp", json!("them")),
            ("exp", json!(1_799_999_000)),
            ("exp", json!(i64::MIN)),
            ("exp", json!(null)),
            ("exp", json!("1800000300")),
            ("iat", json!(1_800_000_100)),
            ("iat", json!(i64::MAX)),
            ("iat", json!(null)),
            ("nbf", json!(1_800_000_100)),
            ("nonce", json!("m")),
            ("nonce", json!(null)),
            ("sub", json!("")),
            ("sub", json!(7)),
            ("sub", json!("a\u{0}")),
            ("events", json!({})),
        ] {
            assert!(check(&with(name, value.clone())).is_err(), "{name} {value}");
        }
    }

    #[test]
    fn a_message_about_signing_out_is_no_identity_and_the_reverse() {
        let message = json!({"iss": "https://id", "aud": "us", "sub": "ann", "iat": 1_800_000_000, "jti": "1", "sid": "s",
            "events": {LOGOUT_EVENT: {}}});
        assert!(signed_out(&message, "https://id", "us", NOW).is_ok());
        assert!(signed_out(&token(), "https://id", "us", NOW).is_err());
        assert!(identity(&message, "https://id", "us", None, NOW).is_err());
        assert!(signed_out(&message, "https://id", "us", NOW.plus_seconds(400)).is_err());
        let mut with_nonce = message.clone();
        with_nonce["nonce"] = json!("n");
        assert!(signed_out(&with_nonce, "https://id", "us", NOW).is_err());
    }

    #[test]
    fn an_access_token_is_for_the_api_and_nothing_else() {
        let mut claims = token();
        claims.as_object_mut().unwrap().remove("nonce");
        claims["aud"] = json!("api");
        let check = |header: Value, claims: &Value| access(&header, claims, "https://id", "api", NOW);
        assert_eq!(check(json!({"typ": "at+jwt"}), &claims), Ok(()));
        assert!(check(json!({"typ": "logout+jwt"}), &claims).is_err());
        assert!(check(json!({}), &with("aud", json!("api"))).is_err(), "it has a nonce");
        claims["aud"] = json!("us");
        assert!(check(json!({}), &claims).is_err());
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        let allowed = ["https://portal.example".to_owned()];
        let to = |next: Option<&str>, back: Option<&str>| target(next, back, &allowed, "https://home.example/");
        assert_eq!(to(Some("/a?b=c"), None).as_deref(), Some("/a?b=c"));
        assert_eq!(to(None, None).as_deref(), Some("https://home.example/login_completed/"));
        assert_eq!(
            to(None, Some("https://portal.example")).as_deref(),
            Some("https://portal.example/login_completed/")
        );
        assert_eq!(to(None, Some("https://home.example/x/")).as_deref(), Some("https://home.example/x/"));
        for next in ["//evil", "/\\evil", "https://evil", "evil", "/\tx", "/a b", "\\/evil", "/%0d\n"] {
            assert_eq!(to(Some(next), None), None, "{next}");
        }
        for back in [
            "https://evil",
            "https://portal.example.evil",
            "https://portal.example@evil/",
            "//portal.example",
            "http://portal.example",
            "javascript:alert(1)",
            "https://portal.example:8443/",
            "https://x@portal.example/",
        ] {
            assert_eq!(to(None, Some(back)), None, "{back}");
        }
        assert_eq!(target(None, None, &[], "").as_deref(), Some("/"));
        assert_eq!(
            with_code("https://p/x?a=b", "c", "keycloak").as_deref(),
            Some("https://p/x?a=b&code=c&method=keycloak")
        );
    }

    #[test]
    fn roles_come_from_the_claim_of_the_provider_that_is_believed() {
        let claims = json!({"roles": ["staff", "x"], "realm_access": {"roles": "support other"}, "urn:x": ["support"]});
        let others = ["eduteams".to_owned(), "keycloak".to_owned()];
        let roles = |setting: &str, provider: &str| roles(setting, provider, &others, &claims);
        assert_eq!(roles("", "keycloak"), None);
        assert_eq!(roles("roles", "keycloak"), Some((true, false)));
        assert_eq!(roles("realm_access.roles", "keycloak"), Some((false, true)));
        assert_eq!(roles("missing", "keycloak"), Some((false, false)));
        assert_eq!(roles("keycloak:roles", "keycloak"), Some((true, false)));
        assert_eq!(roles("keycloak:roles", "eduteams"), None);
        assert_eq!(roles("urn:x", "keycloak"), Some((false, true)));
    }

    #[test]
    fn claims_of_two_people_are_not_mixed() {
        let (token, ann, bob) =
            (json!({"sub": "ann", "a": 1}), json!({"sub": "ann", "a": 2, "b": 3}), json!({"sub": "bob"}));
        assert_eq!(merged(&token, Some(&ann)), Some(json!({"sub": "ann", "a": 1, "b": 3})));
        assert_eq!((merged(&token, Some(&bob)), merged(&token, None)), (None, Some(token.clone())));
        assert_eq!(merged(&json!({}), Some(&json!({}))), None);
    }

    #[test]
    fn a_new_account_has_a_name_that_can_be_one() {
        assert_eq!(username(Some("Ann@Example.org"), "keycloak", "1"), "ann@example.org");
        for wished in [None, Some(""), Some("a b"), Some("ä"), Some("a/b")] {
            assert!(username(wished, "keycloak", "1").starts_with("keycloak-"), "{wished:?}");
        }
        assert_ne!(unlike("keycloak", "1"), unlike("keycloak", "2"));
    }
}
