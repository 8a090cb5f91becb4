//! What a token looks like, what it leaves of its user, and to what it can be bound; from values alone.

use crate::{access::permissions::Permission, subnet::rules as subnet};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use std::net::IpAddr;
use stoa_kernel::{
    Time,
    access::{Actor, Bound, Found, Narrow, PermissionSet, Walk},
};

/// The setting that says whether tokens count at all.
pub const ENABLED: &str = "PAT_ENABLED";
/// The setting that says for how many days a token can be made.
pub const LIFETIME_DAYS: &str = "PAT_MAX_LIFETIME_DAYS";
/// The setting that says how many tokens a user can have at a time.
pub const PER_USER: &str = "PAT_MAX_TOKENS_PER_USER";
/// The setting that says how many networks a token can have.
pub const NETWORKS: &str = "PAT_MAX_ACL_ENTRIES";
/// The setting that says how many events about its use a token leaves in an hour.
pub const EVENTS_PER_HOUR: &str = "PAT_MAX_AUDIT_EVENTS_PER_HOUR";

/// Seconds between two notes of a token's use.
pub const NOTE_SECONDS: i64 = 600;
/// Things to which one token can be bound.
pub const BINDINGS_MAX: usize = 100;
/// Characters of a token that are shown to recognize it. They tell nothing of its secret part.
pub const PREFIX: usize = 8;

/// By which places a thing belongs to what a token is bound to (reference/permissions.md, section 1): an offering to its
/// organization, a resource to its offering, its project and the organization that uses it. It does not belong to the
/// organization that provides it, nor does anything belong to a provider's profile.
pub const WALK: Walk = Walk {
    kinds: &[
        "customer",
        "project",
        "offering",
        "resource",
        "resource_project",
        "service_provider",
        "call_organizer",
        "call",
        "proposal",
    ],
    owner: "customer",
    beyond: &[
        ("resource", "offering.customer"),
        ("resource", "service_provider"),
        ("resource_project", "offering.customer"),
        ("resource_project", "service_provider"),
        ("order", "service_provider"),
        ("offering", "service_provider"),
        ("plan", "service_provider"),
        ("call", "call_organizer"),
        ("call", "customer"),
        ("proposal", "call"),
        ("proposal", "call_organizer"),
        ("proposal", "customer"),
    ],
};

/// The kinds of things below each kind, as [`WALK`] has them.
const BELOW: &[(&str, &[&str])] = &[
    ("customer", &["project", "offering", "resource", "resource_project", "service_provider", "call_organizer"]),
    ("project", &["resource", "resource_project"]),
    ("offering", &["resource", "resource_project"]),
    ("resource", &["resource_project"]),
];

/// A token: when it ends and its secret part. The time only tells people when to make another; what counts is stored.
pub fn token(until: Time, secret: &[u8; 32]) -> String {
    format!("w_{}_{}", until.0.div_euclid(Time::SECOND), URL_SAFE_NO_PAD.encode(secret))
}

/// Whether a bearer's text can be one of these tokens.
pub fn is_ours(text: &str) -> bool {
    text.starts_with("w_") && text.len() <= 128
}

/// Whether tokens count, by the stored value of [`ENABLED`]; they don't until somebody says so.
pub fn is_enabled(stored: Option<&Value>) -> bool {
    stored.and_then(Value::as_bool).unwrap_or(false)
}

/// Whether a caller is let in: from anywhere where no networks are named, else only from one of them.
pub fn lets_in(networks: &Value, address: Option<IpAddr>) -> bool {
    let networks = networks.as_array().map(Vec::as_slice).unwrap_or_default();
    networks.is_empty() || networks.iter().filter_map(Value::as_str).any(|inet| subnet::contains(inet, address))
}

/// What a token leaves of its user: the names of its permissions and the pairs of its bindings, as they are stored. A name that
/// this program does not know lets nothing pass.
pub fn narrow(scopes: &Value, bindings: &Value) -> Narrow {
    let names = scopes.as_array().map(Vec::as_slice).unwrap_or_default();
    let permissions: PermissionSet =
        names.iter().filter_map(|name| Permission::parse(name.as_str()?)).map(Permission::id).collect();
    let pairs = bindings.as_array().map(Vec::as_slice).unwrap_or_default();
    let scopes: Vec<(String, i64)> =
        pairs.iter().filter_map(|pair| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.as_i64()?))).collect();
    let bound = (!pairs.is_empty()).then_some(Bound { scopes, walk: WALK });
    // What is bound to something can't see everything.
    let whole = |access: Permission| bound.is_none() && permissions.contains(access.id());
    let (staff, support) = (whole(Permission::StaffAccess), whole(Permission::SupportAccess));
    Narrow { permissions, staff, support: support || staff, bound, ..Narrow::default() }
}

/// Whether an actor holds one of these permissions on a thing, or on something to which it belongs.
pub fn holds_any(actor: &Actor, permissions: &[Permission], thing: &Found) -> bool {
    let counts = |place: &str| !WALK.beyond.contains(&(thing.thing, place));
    let stands: Vec<_> = thing.places.iter().filter(|stand| counts(stand.place)).collect();
    actor.grants.iter().filter(|held| held.counts()).any(|held| {
        let here = stands.iter().any(|stand| stand.scope == held.scope && stand.id == held.scope_id);
        here && permissions.iter().any(|permission| held.role.permissions.contains(permission.id()))
    })
}

/// The kinds of things to which an actor can bind a permission: where he holds it, and what is below.
pub fn targets(actor: &Actor, permission: Permission) -> Vec<&'static str> {
    let means = permission.scopes();
    let here = |kind: &str| {
        let mut held = actor.grants.iter().filter(|held| held.counts() && held.scope == kind);
        actor.is_staff() || held.any(|held| held.role.permissions.contains(permission.id()))
    };
    let above = |kind: &str| BELOW.iter().any(|(top, below)| below.contains(&kind) && here(top));
    let mut kinds = WALK.kinds.iter().copied().filter(|kind| means.contains(kind));
    let found: Vec<_> = kinds.by_ref().filter(|kind| here(kind) || above(kind)).collect();
    found
}

/// The permissions that were asked for, once each and in order.
///
/// # Errors
/// What is wrong, in words.
pub fn permissions(sent: &Value, staff: bool, support: bool) -> Result<Vec<Permission>, String> {
    let mut found = Vec::new();
    for name in sent.as_array().map(Vec::as_slice).unwrap_or_default() {
        let name = name.as_str().unwrap_or_default();
        let shown: String = name.chars().take(100).collect();
        let permission = Permission::parse(name).ok_or_else(|| format!("\"{shown}\" is not a valid permission."))?;
        match permission {
            Permission::StaffAccess if !staff => return Err(format!("Only staff can use {name}.")),
            Permission::SupportAccess if !staff && !support => {
                return Err(format!("Only staff and support agents can use {name}."));
            }
            _ => found.push(permission),
        }
    }
    found.sort_unstable();
    found.dedup();
    if found.is_empty() { Err("This list may not be empty.".into()) } else { Ok(found) }
}

/// The networks that were sent, each in its one spelling and once.
///
/// # Errors
/// What is wrong, in words.
pub fn networks(sent: &Value, most: i64) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for inet in sent.as_array().map(Vec::as_slice).unwrap_or_default() {
        let inet = inet.as_str().unwrap_or_default();
        let spelled = subnet::spelled(inet).ok_or_else(|| subnet::check(inet).unwrap_or_default())?;
        if !found.contains(&spelled) {
            found.push(spelled);
        }
    }
    match i64::try_from(found.len()) {
        Ok(count) if count <= most => Ok(found),
        _ => Err(format!("Ensure this field has no more than {most} elements.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use stoa_kernel::access::Stand;

    #[test]
    fn a_token_tells_when_it_ends_and_has_256_bits() {
        let token = token(Time::parse("2026-03-01T00:00:00Z").unwrap(), &[255; 32]);
        assert_eq!(token, format!("w_1772323200_{}", "_".repeat(42) + "8"));
        assert!(is_ours(&token) && !is_ours("eyJhbGciOi") && !is_ours(&format!("w_{}", "x".repeat(200))));
    }

    #[test]
    fn what_is_bound_passes_no_staff_power() {
        let free = narrow(&json!(["STAFF.ACCESS", "PROJECT.LIST", "NO.SUCH"]), &json!([]));
        assert!(free.staff && free.support && free.bound.is_none());
        let bound = narrow(&json!(["STAFF.ACCESS"]), &json!([["project", 7]]));
        assert!(!bound.staff && !bound.support && bound.bound.is_some());
        // What can't be read binds to nothing that exists, rather than to everything.
        assert!(narrow(&json!([]), &json!([[7]])).bound.is_some_and(|bound| bound.scopes.is_empty()));
        let agent = narrow(&json!(["SUPPORT.ACCESS"]), &json!([]));
        assert!(!agent.staff && agent.support);
    }

    #[test]
    fn a_resource_belongs_to_its_consumer_and_not_to_its_provider() {
        let stand = |place, scope, id| Stand { place, scope, id };
        let places = vec![
            stand("itself", "resource", 1),
            stand("project", "project", 2),
            stand("customer", "customer", 3),
            stand("offering", "offering", 4),
            stand("offering.customer", "customer", 5),
            stand("service_provider", "service_provider", 6),
        ];
        let resource = Found { thing: "resource", id: 1, places: places.clone(), ..Found::default() };
        let order = Found { thing: "order", ..resource.clone() };
        let holds = |found: &Found, kind: &str, id: i64| {
            narrow(&json!([]), &json!([[kind, id]])).bound.is_some_and(|bound| bound.holds(found))
        };
        for (kind, id) in [("resource", 1), ("project", 2), ("customer", 3), ("offering", 4)] {
            assert!(holds(&resource, kind, id), "{kind}");
        }
        for (kind, id) in [("customer", 5), ("service_provider", 6), ("project", 3)] {
            assert!(!holds(&resource, kind, id), "{kind}");
        }
        assert!(holds(&order, "customer", 5) && holds(&order, "customer", 3));
    }

    #[test]
    fn permissions_and_networks_are_checked() {
        assert_eq!(permissions(&json!(["PROJECT.LIST", "PROJECT.LIST"]), false, false).unwrap().len(), 1);
        for wrong in [json!([]), json!(["PROJECT.EAT"]), json!(["STAFF.ACCESS"]), json!(["SUPPORT.ACCESS"]), json!([7])]
        {
            assert!(permissions(&wrong, false, false).is_err(), "{wrong}");
        }
        assert!(permissions(&json!(["SUPPORT.ACCESS"]), false, true).is_ok());
        let twice = json!(["192.0.2.7", "192.0.2.7/32", "2001:db8::/32"]);
        assert_eq!(networks(&twice, 2).unwrap(), ["192.0.2.7/32", "2001:db8::/32"]);
        assert!(networks(&twice, 1).is_err() && networks(&json!(["x"]), 9).is_err());
        assert!(lets_in(&json!([]), None) && !lets_in(&json!(["192.0.2.0/24"]), None));
        assert!(lets_in(&json!(["192.0.2.0/24"]), "192.0.2.9".parse().ok()));
    }
}
