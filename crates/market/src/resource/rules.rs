//! Decisions about resources, from values alone.

use crate::order::{rules::limits_json, store::Order};
use serde_json::{Value, json};
use stoa_kernel::{Date, Error, Result};

/// The last day of a resource as the offering's options allow it, or as they set it where none is sent
/// (reference/orders-and-resources.md, section 6.7).
///
/// # Errors
/// Invalid for a day that is past or later than the options allow, and where one is required and none can be had.
pub fn end_date(sent: Option<Date>, options: &Value, created: Date, today: Date) -> Result<Option<Date>> {
    let days = |name: &str| options.get(name).and_then(Value::as_i64);
    let latest = options
        .get("latest_date_for_resource_termination")
        .and_then(Value::as_str)
        .and_then(|text| Date::parse(text.get(..10)?));
    let Some(end) = sent else {
        if options.get("is_resource_termination_date_required").and_then(Value::as_bool) != Some(true) {
            return Ok(None);
        }
        let Some(offset) = days("default_resource_termination_offset_in_days") else {
            return Err(Error::field("end_date", "This field is required."));
        };
        let end = created.plus_days(offset);
        return Ok(Some(latest.map_or(end, |latest| latest.min(end))));
    };
    if end < today {
        return Err(Error::field("end_date", "Cannot be earlier than the current date."));
    }
    if latest.is_some_and(|latest| end > latest) {
        return Err(Error::field("end_date", "End date exceeds global termination limit."));
    }
    if days("max_resource_termination_offset_in_days").is_some_and(|offset| end > created.plus_days(offset)) {
        return Err(Error::field("end_date", "End date exceeds maximum allowed offset."));
    }
    Ok(Some(end))
}

/// What a renewal leaves in the attributes of its resource.
pub fn renewal_entry(order: &Order) -> Value {
    let sent = |key: &str| order.attributes.get(key).cloned().unwrap_or(Value::Null);
    json!({
        "type": "renewal",
        "order_uuid": stoa_kernel::id::hex(&order.uuid),
        "old_limits": sent("old_limits"),
        "new_limits": limits_json(&order.limits),
        "old_end_date": sent("old_end_date"),
        "new_end_date": sent("new_end_date"),
        "cost": sent("renewal_cost"),
        "date": sent("renewal_date"),
    })
}

/// Names and values that a pattern for names of resources can mention.
#[derive(Debug, Clone, Default)]
pub struct NameParts {
    /// `customer_name` and the like, with their values.
    pub words: Vec<(&'static str, String)>,
    /// The form of the order, for `attributes[KEY]`.
    pub attributes: Value,
}

/// A name for a new resource. `{customer_slug}` and the like are replaced; what is unknown in a pattern disappears.
/// `counter` is the number of the try, from 1.
pub fn name(pattern: Option<&str>, parts: &NameParts, counter: u32) -> String {
    let Some(pattern) = pattern.filter(|pattern| !pattern.trim().is_empty()) else {
        let word = |name| parts.words.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value.as_str());
        let base = format!("{}-{}-{}", word("customer_slug"), word("project_slug"), word("offering_slug"));
        let base = base.to_lowercase();
        return if counter == 1 { base } else { format!("{base}-{counter}") };
    };
    let mut name = String::new();
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        name.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else { break };
        let word = &rest[open + 1..open + close];
        if word == "counter" {
            name.push_str(&counter.to_string());
        } else if let Some(key) = word.strip_prefix("attributes[").and_then(|word| word.strip_suffix(']')) {
            match parts.attributes.get(key.trim_matches(['\'', '"'])) {
                Some(Value::String(text)) => name.push_str(text),
                Some(Value::Null) | None => {}
                Some(other) => name.push_str(&other.to_string()),
            }
        } else if let Some((_, value)) = parts.words.iter().find(|(key, _)| *key == word) {
            name.push_str(value);
        }
        rest = &rest[open + close + 1..];
    }
    name.push_str(rest);
    let mut name: String = name.trim().chars().take(140).collect();
    if counter > 1 && !pattern.contains("{counter}") {
        name.push_str(&format!("-{counter}"));
    }
    name
}

/// What is wrong with a provider's name for a resource by the offering's rules of form; an empty name is always right.
pub fn backend_id_error(rules: &Value, backend_id: &str) -> Option<String> {
    let pattern = rules.get("format").and_then(|format| format.get("regex")).and_then(Value::as_str)?;
    if backend_id.is_empty() || pattern.is_empty() || super::pattern::matches(pattern, backend_id) != Some(false) {
        return None;
    }
    let about = rules.get("format").and_then(|format| format.get("description")).and_then(Value::as_str);
    Some(match about.filter(|about| !about.is_empty()) {
        Some(about) => format!("Backend ID does not match the expected format: {about}"),
        None => format!("Backend ID does not match the expected format: {pattern}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn the_last_day_obeys_the_options() {
        let today = day("2026-03-01");
        let none = json!({});
        assert_eq!(end_date(None, &none, today, today).unwrap(), None);
        assert_eq!(end_date(Some(today), &none, today, today).unwrap(), Some(today));
        assert!(end_date(Some(day("2026-02-28")), &none, today, today).is_err());
        let strict = json!({"latest_date_for_resource_termination": "2026-06-01", "max_resource_termination_offset_in_days": 30,
            "is_resource_termination_date_required": true, "default_resource_termination_offset_in_days": 10});
        assert_eq!(end_date(None, &strict, today, today).unwrap(), Some(day("2026-03-11")));
        assert!(end_date(Some(day("2026-06-02")), &strict, today, today).is_err());
        assert!(end_date(Some(day("2026-04-01")), &strict, today, today).is_err());
        assert!(end_date(None, &json!({"is_resource_termination_date_required": true}), today, today).is_err());
    }

    #[test]
    fn names_follow_the_pattern() {
        let parts = NameParts {
            words: vec![("customer_slug", "ACME".into()), ("project_slug", "lab".into()), ("offering_slug", "vm".into())],
            attributes: json!({"size": "m", "n": 3}),
        };
        assert_eq!(name(None, &parts, 1), "acme-lab-vm");
        assert_eq!(name(None, &parts, 2), "acme-lab-vm-2");
        assert_eq!(name(Some("{project_slug}-{attributes[size]}-{attributes['n']}-{counter}"), &parts, 4), "lab-m-3-4");
        assert_eq!(name(Some("{unknown}x{open"), &parts, 2), "x{open-2");
    }
}
