//! Decisions about organizations, from values alone.

use crate::grant::rules::{pattern_problem, texts};
use ipnet::IpNet;
use regex::Regex;
use std::net::IpAddr;
use stoa_kernel::{Error, Result, access::Actor, field};

/// Kinds of scopes whose roles make their organization visible (reference/permissions.md, section 7). A role on an offering
/// or a proposal does not.
const SHOWING: &[&str] = &["customer", "project", "service_provider", "call_organizer", "call", "resource"];

/// Keys of the organizations that an actor sees.
pub fn visible(actor: &Actor) -> Vec<i64> {
    let showing = actor.showing(|held| SHOWING.contains(&held.scope.as_str()));
    let mut ids: Vec<i64> = showing.iter().map(|held| held.owner_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whether something can be done in an organization.
///
/// # Errors
/// Invalid, in the official words, for a blocked or archived one.
pub fn open(blocked: bool, archived: bool) -> Result<()> {
    if blocked {
        return Err(Error::invalid("Blocked organization is not available."));
    }
    if archived {
        return Err(Error::invalid("Archived organization is not available."));
    }
    Ok(())
}

/// What is wrong with a phone number.
pub fn check_phone(text: &str) -> Option<String> {
    let rest = text.strip_prefix('+').unwrap_or(text);
    let right = !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || " -()".contains(c));
    (!right).then(|| "Invalid phone number format.".into())
}

/// What is wrong with a list of addresses, separated by commas.
pub fn check_emails(text: &str) -> Option<String> {
    let wrong = text.split(',').map(str::trim).find(|email| !field::is_email(email));
    wrong.map(|_| "Enter a comma-separated list of valid email addresses.".into())
}

/// The networks of a list that is separated by commas; `None` if one is no network.
pub fn networks(text: &str) -> Option<Vec<IpNet>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok().or_else(|| part.parse::<IpAddr>().ok().map(IpNet::from))).collect()
}

/// What is wrong with such a list.
pub fn check_networks(text: &str) -> Option<String> {
    networks(text).is_none().then(|| "Enter a comma separated list of IPv4 or IPv6 CIDR addresses.".into())
}

/// How a country's VAT numbers look, without the country's code before them.
const VAT: &[(&str, &str)] = &[
    ("AT", r"U\d{8}"),
    ("BE", r"[01]\d{9}"),
    ("BG", r"\d{9,10}"),
    ("CY", r"\d{8}[A-Z]"),
    ("CZ", r"\d{8,10}"),
    ("DE", r"\d{9}"),
    ("DK", r"\d{8}"),
    ("EE", r"\d{9}"),
    ("ES", r"[A-Z0-9]\d{7}[A-Z0-9]"),
    ("FI", r"\d{8}"),
    ("FR", r"[A-HJ-NP-Z0-9]{2}\d{9}"),
    ("GB", r"\d{9}|\d{12}|(GD|HA)\d{3}"),
    ("GR", r"\d{9}"),
    ("HR", r"\d{11}"),
    ("HU", r"\d{8}"),
    ("IE", r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}"),
    ("IT", r"\d{11}"),
    ("LT", r"\d{9}|\d{12}"),
    ("LU", r"\d{8}"),
    ("LV", r"\d{11}"),
    ("MT", r"\d{8}"),
    ("NL", r"\d{9}B\d{2}"),
    ("PL", r"\d{10}"),
    ("PT", r"\d{9}"),
    ("RO", r"\d{2,10}"),
    ("SE", r"\d{12}"),
    ("SI", r"\d{8}"),
    ("SK", r"\d{10}"),
];

/// Whether a VAT number has its country's form; with the country's code before it or without. Countries whose form is not
/// known here take letters and digits.
pub fn is_vat(code: &str, country: &str) -> bool {
    let code: String = code.to_uppercase().chars().filter(|c| !" -.".contains(*c)).collect();
    if !code.is_ascii() {
        return false;
    }
    // Without a country, the first two characters of the number say it. Greece has another code here.
    let country = if country.is_empty() { code.get(..2).unwrap_or_default() } else { country };
    let country = if country == "EL" { "GR" } else { country };
    let prefix = if country == "GR" { "EL" } else { country };
    let number = code.strip_prefix(prefix).unwrap_or(&code);
    match VAT.iter().find(|(known, _)| *known == country) {
        Some((_, form)) => Regex::new(&format!("^(?:{form})$")).is_ok_and(|form| form.is_match(number)),
        None => !number.is_empty() && number.chars().all(|c| c.is_ascii_alphanumeric()),
    }
}

/// What is wrong with a list of patterns of e-mail addresses.
pub fn check_patterns(list: &serde_json::Value) -> Option<String> {
    texts(list).iter().find_map(|pattern| match pattern.is_empty() {
        true => Some("A pattern may not be empty.".into()),
        false => pattern_problem(pattern),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_pattern_is_refused() {
        let check = |pattern: &str| check_patterns(&serde_json::json!(["ok", pattern]));
        assert!(check("(").is_some() && check("").is_some() && check(r"(?=x)").is_some());
        assert!(check("(a+)+$").is_none() && check(r".*@ut\.ee").is_none());
    }

    #[test]
    fn vat_numbers_have_the_form_of_their_country() {
        for (code, country) in [("EE100366327", "EE"), ("100366327", "EE"), ("EL123456789", "GR"), ("EE100366327", "")]
        {
            assert!(is_vat(code, country), "{code} {country}");
        }
        for (code, country) in [("12", "EE"), ("LV100366327", "EE"), ("", "EE"), ("?", "NO"), ("EE1", ""), ("é1", "")]
        {
            assert!(!is_vat(code, country), "{code} {country}");
        }
        assert!(is_vat("123456789MVA", "NO"));
    }

    #[test]
    fn contacts_are_checked() {
        assert_eq!(check_phone("+372 (55) 12-34"), None);
        assert!(check_phone("call me").is_some() && check_phone("+").is_some() && check_phone("+37+2").is_some());
        assert_eq!(check_emails("a@b.ee, c@d.ee"), None);
        assert!(check_emails("a@b.ee,").is_some());
        assert_eq!(check_networks("10.0.0.0/8, ::1"), None);
        assert!(check_networks("10.0.0.0/33").is_some());
    }
}
