//! What an offering may be, decided from values alone.

use serde_json::Value;
use stoa_kernel::{Error, Result};

/// The kind of provisioning that is done by hand, or by whatever the provider has behind the API.
pub const BASIC: &str = "Marketplace.Basic";

/// The kinds of provisioning that there are.
pub const KINDS: &[&str] = &[BASIC];

/// The types of a field in the form of an order (reference/marketplace.md, 5.7).
const OPTION_TYPES: &[&str] = &[
    "boolean",
    "integer",
    "money",
    "string",
    "text",
    "html_text",
    "select_string",
    "select_string_multi",
    "select_openstack_tenant",
    "select_multiple_openstack_tenants",
    "select_openstack_instance",
    "select_multiple_openstack_instances",
    "date",
    "time",
    "conditional_cascade",
    "component_multiplier",
    "single_datacenter_k8s_config",
    "multi_datacenter_k8s_config",
    "storage_folder_manager",
];

/// Checks a form: an object `options` of fields with a type and a label, and a list `order` of their keys.
pub fn check_options(field: &'static str, form: &Value) -> Result<()> {
    let wrong = |message: String| Err(Error::field(field, message));
    if let Some(order) = form.get("order") {
        let keys = order.as_array().is_some_and(|keys| keys.iter().all(Value::is_string));
        if !keys {
            return wrong("order: Expected a list of keys.".into());
        }
    }
    let Some(options) = form.get("options") else { return Ok(()) };
    let Some(options) = options.as_object() else {
        return wrong("options: Expected a dictionary of items.".into());
    };
    for (key, option) in options {
        let Some(option) = option.as_object() else {
            return wrong(format!("{key}: Expected a dictionary of items."));
        };
        if option.get("label").and_then(Value::as_str).is_none_or(str::is_empty) {
            return wrong(format!("{key}: label: This field is required."));
        }
        match option.get("type").map(|kind| (kind, kind.as_str())) {
            Some((_, Some(kind))) if OPTION_TYPES.contains(&kind) => {}
            Some((kind, _)) => return wrong(format!("{key}: type: \"{kind}\" is not a valid choice.")),
            None => {}
        }
    }
    Ok(())
}

/// Checks the rules for the provider's names of resources: a pattern of at most 200 characters and where names are unique
/// (reference/marketplace.md, 5.9).
pub fn check_backend_id_rules(rules: &Value) -> Result<()> {
    let wrong = |message: &str| Err(Error::field("backend_id_rules", message));
    let Some(rules) = rules.as_object() else { return wrong("Expected a dictionary of items.") };
    if let Some(format) = rules.get("format") {
        match format.get("regex").map(Value::as_str) {
            Some(Some(pattern)) if pattern.chars().count() > 200 => {
                return wrong("format: The pattern has more than 200 characters.");
            }
            Some(None) => return wrong("format: The pattern is not a text."),
            _ if !format.is_object() => return wrong("format: Expected a dictionary of items."),
            _ => {}
        }
    }
    if let Some(uniqueness) = rules.get("uniqueness") {
        let scopes = ["offering", "offering_group", "service_provider", "service_provider_category"];
        let scope = uniqueness.get("scope").and_then(Value::as_str);
        if !scope.is_some_and(|scope| scopes.contains(&scope)) {
            return wrong("uniqueness: The scope is not a valid choice.");
        }
    }
    Ok(())
}

/// Whether the rules for the provider's names ask for one in the whole of something wider than the offering.
pub fn uniqueness_scope(rules: &Value) -> Option<&str> {
    rules.get("uniqueness")?.get("scope")?.as_str()
}

/// The bounds that a new offering gives to a component: least, most, and what all resources have together.
pub fn read_bounds(kind: &str, bounds: &Value) -> Result<[Option<i64>; 3]> {
    let mut all = [None; 3];
    for (at, name) in ["min", "max", "max_available_limit"].into_iter().enumerate() {
        match bounds.get(name) {
            None | Some(Value::Null) => {}
            Some(value) => match value.as_i64().filter(|n| (0..=2_147_483_647).contains(n)) {
                Some(n) => all[at] = Some(n),
                None => return Err(Error::field("limits", format!("{kind}: {name}: A valid integer is required."))),
            },
        }
    }
    Ok(all)
}

/// Checks a pair of coordinates.
pub fn check_place(latitude: Option<f64>, longitude: Option<f64>) -> Result<()> {
    if latitude.is_some_and(|x| x.abs() > 90.0) {
        return Err(Error::field("latitude", "Ensure this value is between -90 and 90."));
    }
    if longitude.is_some_and(|x| x.abs() > 180.0) {
        return Err(Error::field("longitude", "Ensure this value is between -180 and 180."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_form_has_typed_fields_with_labels() {
        let good = json!({"order": ["os"], "options": {"os": {"type": "string", "label": "OS"}}});
        assert!(check_options("options", &good).is_ok());
        assert!(check_options("options", &json!({})).is_ok());
        for wrong in [
            json!({"order": [1]}),
            json!({"order": "os"}),
            json!({"options": []}),
            json!({"options": {"os": 1}}),
            json!({"options": {"os": {"type": "string"}}}),
            json!({"options": {"os": {"type": "color", "label": "OS"}}}),
            json!({"options": {"os": {"type": null, "label": "OS"}}}),
        ] {
            assert!(check_options("options", &wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rules_for_names_are_patterns_and_scopes() {
        let good =
            json!({"format": {"regex": "^[a-z]+$"}, "uniqueness": {"scope": "offering", "include_terminated": true}});
        assert!(check_backend_id_rules(&good).is_ok() && check_backend_id_rules(&json!({})).is_ok());
        assert_eq!(uniqueness_scope(&good), Some("offering"));
        for wrong in [
            json!([]),
            json!({"format": {"regex": 1}}),
            json!({"format": {"regex": "a".repeat(201)}}),
            json!({"format": "x"}),
            json!({"uniqueness": {"scope": "world"}}),
            json!({"uniqueness": {}}),
        ] {
            assert!(check_backend_id_rules(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bounds_are_whole_numbers() {
        assert_eq!(read_bounds("cpu", &json!({"min": 1, "max": 9})).unwrap(), [Some(1), Some(9), None]);
        assert!(read_bounds("cpu", &json!({"min": -1})).is_err());
        assert!(read_bounds("cpu", &json!({"max": "many"})).is_err());
    }
}
