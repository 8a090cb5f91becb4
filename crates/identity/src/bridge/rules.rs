//! Names of sources, who speaks for them, and when somebody who was dropped is deactivated.

use serde_json::{Map, Value};
use stoa_kernel::Time;

/// Days after which what a source said counts as stale.
pub const STALE_DAYS: i64 = 30;

/// What is wrong with the name of a source.
pub fn source(text: &str) -> Option<String> {
    let fine = text.split_once(':').is_some_and(|(kind, name)| {
        let letters = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase());
        let rest = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        letters && rest
    });
    (!fine).then(|| "Source must match ^[a-z]+:[a-zA-Z0-9._-]+$, such as isd:campus.".to_owned())
}

/// Whether somebody whom a source has dropped is deactivated, by the policy.
pub fn is_over(policy: &str, left: &[String]) -> bool {
    policy != "all_isds_removed" || left.is_empty()
}

/// Fields whose last word is older than [`STALE_DAYS`], of one source or of all.
pub fn stale(sources: &Map<String, Value>, source: Option<&str>, now: Time) -> Vec<String> {
    let past = now.plus_seconds(-STALE_DAYS * 86_400);
    let old = |told: &Value| told["timestamp"].as_str().and_then(Time::parse).is_none_or(|at| at < past);
    let meant = |told: &Value| source.is_none_or(|source| told["source"] == source);
    sources.iter().filter(|(_, told)| meant(told) && old(told)).map(|(name, _)| name.clone()).collect()
}

/// When a source last said something.
pub fn latest(sources: &Map<String, Value>, source: &str) -> Option<Time> {
    let told = sources.values().filter(|told| told["source"] == source);
    told.filter_map(|told| told["timestamp"].as_str().and_then(Time::parse)).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_a_kind_and_a_name() {
        assert_eq!(source("isd:campus-1.x_Y"), None);
        for wrong in ["", "isd", "isd:", ":x", "ISD:x", "isd:a b", "isd:a:b", "i1:x"] {
            assert!(source(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn the_policy_decides_who_is_over() {
        let left = ["isd:b".to_owned()];
        assert!(
            is_over("any_isd_removed", &left)
                && !is_over("all_isds_removed", &left)
                && is_over("all_isds_removed", &[])
        );
    }
}
