//! What can be subscribed to.

use serde_json::Value;
use stoa_kernel::{
    Result,
    error::Invalid,
    id::{self, Uuid},
};

/// Kinds of things of which an agent can be told (reference/site-agent.md; the newest client has 18).
pub const OBJECT_TYPES: &[&str] = &[
    "call",
    "course_account",
    "importable_resources",
    "offering_resources_sync",
    "offering_user",
    "order",
    "proposal",
    "resource",
    "resource_api_key_rotation",
    "resource_end_date_change_request",
    "resource_periodic_limits",
    "service_account",
    "service_provider_account",
    "service_provider_project_group",
    "user_lifecycle",
    "user_profile",
    "user_role",
    "user_ssh_key",
];

/// Subscriptions that one user can have, queues of a subscription, and scopes of a consumer.
pub const MAX: i64 = 200;

/// What a consumer can be bound to: the word on the wire and the kind of thing.
pub const SCOPES: &[(&str, &str)] = &[
    ("customer", "customer"),
    ("project", "project"),
    ("offering", "offering"),
    ("resource", "resource"),
    ("service_provider", "service_provider"),
    ("user", "user"),
];

/// Checks what is to be observed: a list of objects with a known `object_type`, and at most `object_id`, `object_uuid` and
/// `offering_uuid` besides.
///
/// # Errors
/// Invalid, with what is wrong.
pub fn check_objects(objects: &Value) -> Result<()> {
    let mut invalid = Invalid::default();
    let mut wrong = |message: &str| invalid.add("observable_objects", message);
    match objects.as_array() {
        None => wrong("Expected a list of items."),
        Some(all) if all.len() > MAX as usize => wrong("Too many items."),
        Some(all) => {
            for one in all {
                let kind = one.get("object_type").and_then(Value::as_str);
                let uuid = |name: &str| {
                    one.get(name).is_none_or(|value| value.is_null() || value.as_str().and_then(id::parse).is_some())
                };
                if !kind.is_some_and(|kind| OBJECT_TYPES.contains(&kind)) {
                    wrong(&format!("Each item must have 'object_type', one of: {}.", OBJECT_TYPES.join(", ")));
                } else if !one.get("object_id").is_none_or(|value| value.is_null() || value.is_i64()) {
                    wrong("'object_id' must be an integer.");
                } else if !uuid("object_uuid") || !uuid("offering_uuid") {
                    wrong("'object_uuid' and 'offering_uuid' must be valid UUIDs.");
                }
            }
        }
    }
    invalid.done()
}

/// The virtual host of a user: the broker keeps people apart by it.
pub fn vhost(user: &Uuid) -> String {
    id::hex(user)
}

/// The name of a queue, as agents compute it too.
pub fn queue_name(subscription: &Uuid, offering: &Uuid, object_type: &str) -> String {
    format!("subscription_{}_offering_{}_{object_type}", id::hex(subscription), id::hex(offering))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_have_a_known_type() {
        for right in [json!([]), json!([{"object_type": "order"}, {"object_type": "resource", "object_id": 1}])] {
            assert!(check_objects(&right).is_ok(), "{right}");
        }
        for wrong in [
            json!({}),
            json!(["order"]),
            json!([{}]),
            json!([{"object_type": "nonsense"}]),
            json!([{"object_type": "order", "object_id": "x"}]),
            json!([{"object_type": "order", "offering_uuid": "x"}]),
        ] {
            assert!(check_objects(&wrong).is_err(), "{wrong}");
        }
    }
}
