//! How urgent something is, and what can be done about it.

use serde_json::{Value, json};
use stoa_kernel::id::{self, Uuid};

/// The kinds of things that need attention.
pub const TYPES: &[&str] = &["pending_order", "expiring_resource"];
/// How urgent something can be.
pub const URGENCIES: &[&str] = &["low", "medium", "high"];
/// Days before its end from which on a resource needs attention.
pub const EXPIRY_DAYS: i64 = 30;

/// Days before its end on which people are reminded of something (reference/checklists-and-notifications.md, section 2).
pub const REMINDER_DAYS: [i64; 4] = [30, 14, 7, 1];

/// How urgent an order is that has waited for so many hours.
pub fn urgency_of_wait(hours: i64) -> &'static str {
    match hours {
        ..72 => "low",
        72..168 => "medium",
        _ => "high",
    }
}

/// How urgent a resource is that ends in so many days.
pub fn urgency_of_end(days: i64) -> &'static str {
    match days {
        ..=7 => "high",
        8..=14 => "medium",
        _ => "low",
    }
}

/// What can be done about a waiting order, by label. `side` is `consumer` or `provider`.
pub fn for_order(order: &Uuid, side: &str) -> Value {
    let order = id::hex(order);
    let decide = |label: &str, category: &str, severity: &str| {
        json!({
            "label": label,
            "category": category,
            "severity": severity,
            "method": "POST",
            "api_endpoint": true,
            "confirmation_required": true,
            "permissions_required": [format!("ORDER.{}", category.to_uppercase())],
            "metadata": {"order": order, "side": side},
            "route_name": null,
            "route_params": {},
        })
    };
    json!([
        look("View order", "marketplace-orders.details", json!({"order_uuid": order})),
        decide("Approve", "approve", "low"),
        decide("Reject", "reject", "medium"),
    ])
}

/// What can be done about a resource that ends soon, by label.
pub fn for_resource(resource: &Uuid) -> Value {
    json!([look("View resource", "marketplace-resource-details", json!({"resource_uuid": id::hex(resource)}))])
}

fn look(label: &str, route: &str, params: Value) -> Value {
    json!({
        "label": label,
        "category": "view",
        "severity": "safe",
        "method": "GET",
        "api_endpoint": false,
        "confirmation_required": false,
        "permissions_required": [],
        "metadata": {},
        "route_name": route,
        "route_params": params,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgency_grows_with_the_wait_and_towards_the_end() {
        assert_eq!([24, 72, 168].map(urgency_of_wait), ["low", "medium", "high"]);
        assert_eq!([30, 14, 7, 0].map(urgency_of_end), ["low", "medium", "high", "high"]);
    }
}
