//! Decisions about roles, from values alone.

use crate::access::{
    installation::{self, Choices},
    permissions::{Permission, PermissionSet as Carried},
    roles::Shipped,
};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use stoa_kernel::{Error, Result, access::PermissionSet};

/// What a role that ships becomes when the installation's choices are made: its label (unless somebody wrote a text of his
/// own), whether it is active, and what it carries.
pub fn settled(
    role: &Shipped,
    text: &str,
    active: bool,
    carried: Carried,
    choices: Choices,
) -> (String, bool, Carried) {
    let kept = !installation::is_shipped_description(role, text);
    let label = if kept { text } else { role.labels.of(choices.installation) };
    let active = active || installation::active(role, choices) && !role.active;
    (label.to_owned(), active, installation::settle(role.name, carried, choices))
}

/// The kinds of things on which a role can be granted, as the wire names them.
pub const SCOPES: &[&str] = &[
    "customer",
    "project",
    "offering",
    "service_provider",
    "call",
    "call_organizer",
    "proposal",
    "resource",
    "resource_project",
];

/// The kinds of scopes that an organization's own roles have.
pub const OWN_SCOPES: &[&str] = &["customer", "project"];

/// Most roles that an organization has of its own.
pub const MOST_OWN: i64 = 100;

/// Most characters of what an organization calls a role of its own.
pub const SHORT_NAME: usize = 80;

/// Codes of the languages in which a role has a text.
pub const LANGUAGES: [&str; 20] = [
    "en", "et", "lt", "lv", "ru", "it", "de", "da", "sv", "es", "fr", "nb", "ar", "cs", "bg", "el", "km", "hr", "mk",
    "sq",
];

/// The full name of an organization's own role: its kind, whose it is, what they call it. It has the organization's short name in
/// it, so that a name that is taken says nothing of other organizations. `number` tells apart what would be the same otherwise.
pub fn own_name(scope: &str, slug: &str, short: &str, number: usize) -> String {
    let name = format!("{}.{slug}.{short}", scope.to_uppercase());
    if number > 1 { format!("{name}-{number}") } else { name }
}

/// What an organization calls a role of its own, from what was sent: its full name may be sent back.
///
/// # Errors
/// Invalid for a name that is too long, or nothing.
pub fn short_name(sent: &str, scope: &str, slug: &str) -> Result<String> {
    let short = sent.trim();
    let short = short.strip_prefix(&own_name(scope, slug, "", 1)).unwrap_or(short).trim();
    match short.chars().count() {
        0 => Err(Error::field("name", "This field may not be blank.")),
        1..=SHORT_NAME => Ok(short.to_owned()),
        _ => Err(Error::field("name", format!("Ensure this field has no more than {SHORT_NAME} characters."))),
    }
}

/// What a copy of a role is called: its name without the kind.
pub fn copied_name(template: &str) -> String {
    let name = template.split_once('.').map_or(template, |(_, rest)| rest);
    name.chars().take(SHORT_NAME).collect()
}

/// What a change adds to what holders of a role can do. What it carried while it was disabled counted for nobody.
pub fn added(before: (bool, &PermissionSet), after: (bool, &PermissionSet)) -> PermissionSet {
    match (before, after) {
        ((false, _), (true, all)) => *all,
        ((_, old), (_, new)) => new.minus(old),
    }
}

/// The permissions of an input, checked, in order and each once, as they are stored.
///
/// # Errors
/// Invalid, naming the texts that are no permission.
pub fn permissions(sent: &Value) -> Result<String> {
    let names: Vec<&str> = sent.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let unknown: Vec<&str> = names.iter().copied().filter(|name| Permission::parse(name).is_none()).collect();
    if !unknown.is_empty() {
        let shown: String = unknown.join(",").chars().take(500).collect();
        return Err(Error::field("permissions", format!("Invalid permissions {shown}")));
    }
    let sorted: BTreeSet<&str> = names.into_iter().collect();
    Ok(Value::from_iter(sorted).to_string())
}

/// What is wrong with the kind of scope in an input.
pub fn scope_problem(text: &str) -> Option<String> {
    (!SCOPES.contains(&text)).then(|| "Invalid content type.".to_owned())
}

/// A role at one revision.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Version {
    /// Since when.
    pub at: String,
    /// Who made it so; empty for the program.
    pub by: String,
    /// Its description.
    pub description: String,
    /// Whether it can be granted.
    pub is_active: bool,
    /// The kind of scope.
    pub scope: String,
    /// What it carries.
    pub permissions: BTreeSet<String>,
}

/// One thing in which a role differs from what shipped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// `permission_added`, `permission_removed`, `description`, `is_active` or `content_type`.
    pub what: &'static str,
    /// What it is now: a permission's name, a text, or whether it is active.
    pub value: Value,
    /// What ships.
    pub shipped: Value,
    /// Since when.
    pub since: String,
    /// Who made it so; empty for the program.
    pub by: String,
}

/// In what a role differs from what ships under these choices, since when and by whom (mission R8). Versions in the order of
/// their revisions. A role that does not ship differs in everything that it carries.
pub fn differences(shipped: Option<&Shipped>, choices: Choices, versions: &[Version]) -> Vec<Difference> {
    let Some(now) = versions.last() else { return Vec::new() };
    let base = shipped.map(|role| Version {
        description: role.labels.of(choices.installation).to_owned(),
        is_active: installation::active(role, choices),
        scope: role.scope.to_owned(),
        permissions: installation::permissions(role, choices).iter().map(|one| one.name().to_owned()).collect(),
        ..Version::default()
    });
    let empty = Version { description: now.description.clone(), is_active: now.is_active, ..Version::default() };
    let base = base.unwrap_or(Version { scope: now.scope.clone(), ..empty });
    // It is so since the last revision before which it was not.
    let since = |so: &dyn Fn(&Version) -> bool| {
        let start = versions.iter().rposition(|version| !so(version)).map_or(0, |at| at + 1);
        versions.get(start).map_or((String::new(), String::new()), |version| (version.at.clone(), version.by.clone()))
    };
    let difference = |what, value: Value, shipped: Value, so: &dyn Fn(&Version) -> bool| {
        let (since, by) = since(so);
        Difference { what, value, shipped, since, by }
    };
    let mut all = Vec::new();
    for name in now.permissions.difference(&base.permissions) {
        let so = |version: &Version| version.permissions.contains(name);
        all.push(difference("permission_added", name.clone().into(), Value::Null, &so));
    }
    for name in base.permissions.difference(&now.permissions) {
        let so = |version: &Version| !version.permissions.contains(name);
        all.push(difference("permission_removed", Value::Null, name.clone().into(), &so));
    }
    if now.description != base.description && shipped.is_none_or(|role| role.description != now.description) {
        let so = |version: &Version| version.description == now.description;
        all.push(difference("description", now.description.clone().into(), base.description.into(), &so));
    }
    if now.is_active != base.is_active {
        let so = |version: &Version| version.is_active == now.is_active;
        all.push(difference("is_active", now.is_active.into(), base.is_active.into(), &so));
    }
    if now.scope != base.scope {
        let so = |version: &Version| version.scope == now.scope;
        all.push(difference("content_type", now.scope.clone().into(), base.scope.into(), &so));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::roles::shipped;
    use serde_json::json;

    #[test]
    fn permissions_are_checked_sorted_and_each_once() {
        let stored = permissions(&json!(["PROJECT.LIST", "ORDER.LIST", "PROJECT.LIST"])).unwrap();
        assert_eq!(stored, r#"["ORDER.LIST","PROJECT.LIST"]"#);
        let error = permissions(&json!(["A", "PROJECT.LIST", "B"])).unwrap_err();
        assert!(error.to_string().contains("Invalid permissions A,B"), "{error}");
    }

    #[test]
    fn names_of_own_roles_have_whose_they_are_and_go_there_and_back() {
        let name = own_name("project", "acme", "Lab assistant", 1);
        assert_eq!(name, "PROJECT.acme.Lab assistant");
        assert_eq!(own_name("customer", "acme", "READER", 3), "CUSTOMER.acme.READER-3");
        for sent in [name.as_str(), " Lab assistant ", "Lab assistant"] {
            assert_eq!(short_name(sent, "project", "acme").unwrap(), "Lab assistant");
        }
        for wrong in ["", "  ", "PROJECT.acme.", &"x".repeat(81)] {
            assert!(short_name(wrong, "project", "acme").is_err(), "{wrong:?}");
        }
        assert_eq!(copied_name("PROJECT.ADMIN"), "ADMIN");
        assert_eq!(copied_name("EDITOR"), "EDITOR");
    }

    #[test]
    fn enabling_adds_everything_and_keeping_adds_nothing() {
        let set = |all: &[Permission]| all.iter().map(|one| one.id()).collect::<PermissionSet>();
        let (list, both) =
            (set(&[Permission::ProjectList]), set(&[Permission::ProjectList, Permission::ProjectUpdate]));
        assert_eq!(added((true, &list), (true, &both)), set(&[Permission::ProjectUpdate]));
        assert!(added((true, &both), (true, &list)).is_empty());
        assert!(added((true, &both), (false, &both)).is_empty());
        assert_eq!(added((false, &both), (true, &both)), both);
        assert_eq!(added((false, &list), (false, &both)), set(&[Permission::ProjectUpdate]));
    }

    fn version(at: &str, by: &str, is_active: bool, permissions: &[&str]) -> Version {
        Version {
            at: at.into(),
            by: by.into(),
            description: "Organization reader".into(),
            scope: "customer".into(),
            is_active,
            permissions: permissions.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_difference_knows_since_when_and_by_whom() {
        let reader = shipped("CUSTOMER.READER");
        let versions = [
            version("1", "", true, &["CUSTOMER.VIEW_TEAM"]),
            version("2", "ann", true, &["CUSTOMER.VIEW_TEAM", "INVITATION.LIST"]),
            version("3", "bob", true, &["CUSTOMER.VIEW_TEAM"]),
            version("4", "cid", false, &["CUSTOMER.VIEW_TEAM", "INVITATION.LIST"]),
            version("5", "dan", false, &["INVITATION.LIST"]),
        ];
        assert!(differences(reader, Choices::default(), &versions[..1]).is_empty());
        let found = differences(reader, Choices::default(), &versions);
        let told: Vec<_> = found.iter().map(|one| (one.what, one.since.as_str(), one.by.as_str())).collect();
        assert_eq!(
            told,
            [("permission_added", "4", "cid"), ("permission_removed", "5", "dan"), ("is_active", "4", "cid")]
        );
    }

    #[test]
    fn an_own_role_differs_in_all_that_it_carries() {
        let versions = [version("1", "ann", true, &["PROJECT.LIST"])];
        let found = differences(None, Choices::default(), &versions);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].what, found[0].by.as_str()), ("permission_added", "ann"));
    }
}
