//! Types of events by group, and the kinds of things that have feeds.

use crate::vocabulary::events::{GROUPS, types_of};
use serde_json::{Map, Value, json};

/// What the wire calls the kinds of things with feeds, and our names for them.
pub const SCOPE_TYPES: &[(&str, &str)] = &[
    ("core.sshpublickey", "ssh_key"),
    ("core.user", "user"),
    ("marketplace.offering", "offering"),
    ("marketplace.order", "order"),
    ("marketplace.resource", "resource"),
    ("marketplace.serviceprovider", "service_provider"),
    ("structure.accesssubnet", "access_subnet"),
    ("structure.customer", "customer"),
    ("structure.project", "project"),
];

/// Group to types.
pub fn groups() -> Value {
    let of = |group: &str| types_of(group).map(|one| one.name).collect::<Vec<_>>();
    Value::Object(GROUPS.iter().map(|(group, _)| ((*group).to_owned(), json!(of(group)))).collect::<Map<_, _>>())
}

/// The kinds of things with feeds, as the wire calls them.
pub fn scope_types() -> Value {
    SCOPE_TYPES.iter().map(|(name, _)| *name).collect()
}

/// The types of these groups, without repetition.
pub fn types_in(groups: &[String]) -> Vec<String> {
    let mut types: Vec<String> =
        groups.iter().flat_map(|group| types_of(group)).map(|one| one.name.to_owned()).collect();
    types.sort_unstable();
    types.dedup();
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_name_their_types() {
        assert!(groups()["ssh"].as_array().unwrap().contains(&json!("ssh_key_creation_succeeded")));
        let types = types_in(&["ssh".into(), "users".into(), "unknown".into()]);
        assert!(types.contains(&"user_activated".to_owned()));
        assert_eq!(types.iter().filter(|name| *name == "ssh_key_creation_succeeded").count(), 1);
    }
}
