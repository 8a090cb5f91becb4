//! Who calls: the credential, the address, and the host under which the caller knows us.

use super::Settings;
use axum::extract::ConnectInfo;
use http::{HeaderMap, header, request::Parts};
use std::net::{IpAddr, SocketAddr};
use stoa_kernel::{Error, Result, door::Credential};
use stoa_tenancy::vocabulary::languages;

/// The header in which staff name the user as whom they act.
pub const IMPERSONATE: &str = "x-impersonated-user-uuid";

/// How many languages a caller may name; more are not looked at.
const WISHES: usize = 32;

/// The header with which a writing operation is asked to tell what it would change in what people can do, and to do nothing.
pub const SIMULATE: &str = "x-simulate";

/// What a caller is told who brings nothing, or something that is not taken here.
pub const NO_CREDENTIALS: &str = "Authentication credentials were not provided.";

/// The credential of a request. A header is preferred to the session cookie; schemes that are not ours count as nothing.
///
/// # Errors
/// Unauthenticated, in the words that clients know, for a header of our schemes that can't be right.
pub fn credential(headers: &HeaderMap, settings: &Settings) -> Result<Credential> {
    let refuse = |words: &str| Err(Error::Unauthenticated(words.to_owned()));
    let Some(header) = headers.get(header::AUTHORIZATION) else {
        let session = cookie(headers, &settings.session_cookie);
        return Ok(session.map_or(Credential::None, |session| Credential::Secret("session", session)));
    };
    let mut words = header.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (scheme, secret, more) = (words.next().unwrap_or_default(), words.next(), words.next());
    let scheme = match scheme.to_ascii_lowercase().as_slice() {
        b"token" => "token",
        b"bearer" => "bearer",
        b"basic" => return refuse(NO_CREDENTIALS),
        _ => return Ok(Credential::None),
    };
    match (secret, more) {
        (None, _) => refuse("Invalid token. No credentials provided."),
        (Some(_), Some(_)) => refuse("Invalid token. Token string should not contain spaces."),
        (Some(secret), None) => match std::str::from_utf8(secret) {
            Ok(secret) if secret.is_ascii() => Ok(Credential::Secret(scheme, secret.to_owned())),
            _ => refuse("Invalid token header. Token string should not contain invalid characters."),
        },
    }
}

/// The cookies, on one line.
pub fn cookies(headers: &HeaderMap) -> String {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.collect::<Vec<_>>().join("; ")
}

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value.to_owned())
}

/// Code of the language that the caller prefers among those in which labels can be; empty if he names none of them.
pub fn language(headers: &HeaderMap) -> &'static str {
    let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
    let mut best = ("", 0.0);
    for wish in lines.flat_map(|line| line.split(',')).take(WISHES) {
        let (range, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
        let weight: f32 = weight.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(0.0);
        let main = range.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        // "no" is what Norwegian was called before its two written forms had codes.
        let main = if main == "no" { "nb" } else { &main };
        if let Some(known) = languages::language(main).filter(|_| weight > best.1) {
            best = (known.code, weight);
        }
    }
    best.0
}

/// What the caller's program calls itself, in plain characters and not too long.
pub fn agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    text.unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Whether a request that changes something and is proved by a cookie alone comes from our own pages: browsers send cookies
/// along with requests that other sites cause.
pub fn same_site(headers: &HeaderMap, base: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin.eq_ignore_ascii_case(base),
        (None, None) => false,
    }
}

/// From where a request comes, and where it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The caller's address, if the server knows its peer.
    pub address: Option<IpAddr>,
    /// Scheme and host for absolute links, without a slash at the end.
    pub base: String,
}

/// Reads [`Route`]. What proxies say is believed only if the peer is a proxy that the operator trusts. Of the addresses in
/// `X-Forwarded-For` it is the last one that no trusted proxy has: what stands before it anybody may have written.
pub fn route(parts: &Parts, settings: &Settings) -> Route {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let trusted = |address: &IpAddr| settings.trusted_proxies.iter().any(|net| net.contains(address));
    let behind_proxy = peer.as_ref().is_some_and(trusted);
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let forwarded = |name: &str| behind_proxy.then(|| text(name)?.split(',').next().map(str::trim)).flatten();
    let mut address = peer;
    if behind_proxy {
        let lines = parts.headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        for hop in hops.iter().rev() {
            let Ok(hop) = hop.parse::<IpAddr>() else { break };
            address = Some(hop.to_canonical());
            if !trusted(&hop.to_canonical()) {
                break;
            }
        }
    }
    let base = match &settings.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            let scheme = if forwarded("x-forwarded-proto") == Some("https") { "https" } else { "http" };
            let host = forwarded("x-forwarded-host").or(text("host")).or(parts.uri.authority().map(|a| a.as_str()));
            let plain = |host: &&str| {
                !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
            };
            format!("{scheme}://{}", host.filter(plain).unwrap_or("localhost"))
        }
    };
    Route { address, base }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri("/api/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn proved(value: &str) -> Result<(&'static str, String), String> {
        let parts = with(&[("authorization", value), ("cookie", "sessionid=abc")]);
        match credential(&parts.headers, &Settings::default()) {
            Ok(Credential::Secret(scheme, secret)) => Ok((scheme, secret)),
            Ok(_) => Ok(("", String::new())),
            Err(Error::Unauthenticated(words)) => Err(words),
            Err(other) => Err(other.to_string()),
        }
    }

    #[test]
    fn headers_are_read_as_the_original_does() {
        assert_eq!(proved("Token abc").unwrap(), ("token", "abc".into()));
        assert_eq!(proved("tOKEN   abc").unwrap(), ("token", "abc".into()));
        assert_eq!(proved("Bearer w_1_x").unwrap(), ("bearer", "w_1_x".into()));
        assert_eq!(proved("Digest x").unwrap(), ("", String::new()));
        assert_eq!(proved("Token").unwrap_err(), "Invalid token. No credentials provided.");
        assert_eq!(proved("Token a b").unwrap_err(), "Invalid token. Token string should not contain spaces.");
        let invalid = "Invalid token header. Token string should not contain invalid characters.";
        assert_eq!(proved("Token ä").unwrap_err(), invalid);
        assert_eq!(proved("Basic eDp5").unwrap_err(), NO_CREDENTIALS);
        let parts = with(&[("cookie", "a=1; sessionid=abc; b=2")]);
        let found = credential(&parts.headers, &Settings::default()).unwrap();
        assert!(matches!(found, Credential::Secret("session", secret) if secret == "abc"));
    }

    #[test]
    fn proxies_are_believed_only_if_trusted() {
        let headers = [
            ("host", "inside:8000"),
            ("x-forwarded-for", "6.6.6.6, 1.2.3.4, 10.0.0.2"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "outside.example"),
        ];
        let mut parts = with(&headers);
        parts.extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 5))));
        let strict = route(&parts, &Settings::default());
        assert_eq!((strict.address, strict.base.as_str()), (Some([10, 0, 0, 1].into()), "http://inside:8000"));
        let proxied = Settings { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..Settings::default() };
        let believed = route(&parts, &proxied);
        assert_eq!((believed.address, believed.base.as_str()), (Some([1, 2, 3, 4].into()), "https://outside.example"));
        let public = Settings { public_url: Some("https://stoa.example/".into()), ..Settings::default() };
        assert_eq!(route(&parts, &public).base, "https://stoa.example");
        assert_eq!(route(&with(&[("host", "a\"b")]), &Settings::default()).base, "http://localhost");
        assert_eq!(route(&with(&[]), &proxied).address, None);
    }

    #[test]
    fn a_cookie_alone_proves_nothing_to_other_sites() {
        let from = |headers: &[(&str, &str)]| same_site(&with(headers).headers, "https://h");
        assert!(from(&[("origin", "https://h")]) && from(&[("sec-fetch-site", "same-origin")]));
        assert!(!from(&[("origin", "https://evil")]) && !from(&[]) && !from(&[("origin", "null")]));
        assert!(!from(&[("sec-fetch-site", "cross-site"), ("origin", "https://h")]));
    }
}
