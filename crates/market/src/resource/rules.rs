//! Decisions about resources, from values alone.

use crate::order::{rules::limits_json, store::Order};
use serde_json::{Value, json};
use stoa_kernel::{Date, Error, Result, id::Uuid};

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
        rest = &rest[open..];
        let Some(close) = rest.find('}') else { break };
        let word = &rest[1..close];
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
        rest = &rest[close + 1..];
    }
    name.push_str(rest);
    let mut name: String = name.trim().chars().take(140).collect();
    if counter > 1 && !pattern.contains("{counter}") {
        name.push_str(&format!("-{counter}"));
    }
    name
}

/// An address at which a resource is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name.
    pub name: String,
    /// The address; any scheme, for not everything is reached by a browser.
    pub url: String,
}

/// Reads endpoints from a list of names and addresses.
pub fn read_endpoints(value: &Value) -> Result<Vec<Endpoint>> {
    let wrong = |message: &str| Error::field("endpoints", message);
    let list = value.as_array().filter(|list| list.len() <= 100).ok_or_else(|| wrong("Expected a list of items."))?;
    let read = |item: &Value| {
        let text = |key: &str, max| {
            let text = item.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())?;
            (text.chars().count() <= max).then(|| text.to_owned())
        };
        Some(Endpoint { name: text("name", 150)?, url: text("url", 2000)? })
    };
    list.iter().map(|item| read(item).ok_or_else(|| wrong("Each endpoint needs a name and an address."))).collect()
}

/// Reads a report: sections of a header and a body, at least one.
pub fn read_report(value: &Value) -> Result<Value> {
    let wrong = |message: &str| Error::field("report", message);
    let list = value.as_array().ok_or_else(|| wrong("Expected a list of items."))?;
    if list.is_empty() || list.len() > 100 {
        return Err(wrong("Report object should contain at least one and at most 100 sections."));
    }
    let section = |item: &Value| {
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        Some(json!({"header": text("header")?, "body": text("body")?}))
    };
    list.iter().map(|item| section(item).ok_or_else(|| wrong("Each section needs a header and a body."))).collect()
}

/// The identifier in an address that stands alone or under `url`.
pub fn read_link(value: &Value) -> Option<Uuid> {
    let text = value.get("url").unwrap_or(value).as_str()?;
    stoa_kernel::id::parse(text.trim_end_matches('/').rsplit('/').next()?)
}

/// What is wrong with a provider's name for a resource by the offering's rules of form; an empty name is always right.
pub fn backend_id_error(rules: &Value, backend_id: &str) -> Option<String> {
    let pattern = rules.get("format").and_then(|format| format.get("regex")).and_then(Value::as_str)?;
    if backend_id.is_empty() || pattern.is_empty() || matches(pattern, backend_id) != Some(false) {
        return None;
    }
    let about = rules.get("format").and_then(|format| format.get("description")).and_then(Value::as_str);
    Some(match about.filter(|about| !about.is_empty()) {
        Some(about) => format!("Backend ID does not match the expected format: {about}"),
        None => format!("Backend ID does not match the expected format: {pattern}"),
    })
}

/// Whether a pattern fits a whole text; `None` for a pattern that is none. The engine takes time in proportion to the text,
/// whatever the pattern, and the size limit bounds its memory.
fn matches(pattern: &str, text: &str) -> Option<bool> {
    let whole = format!("^(?:{pattern})$");
    let regex = regex::RegexBuilder::new(&whole).size_limit(1 << 18).build().ok()?;
    Some(regex.is_match(text))
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
    fn names_at_the_provider_fit_their_pattern_as_a_whole() {
        let rules = json!({"format": {"regex": "[a-z]+-[0-9]+", "description": "like hpc-1"}});
        assert_eq!(backend_id_error(&rules, "hpc-1"), None);
        assert_eq!(backend_id_error(&rules, ""), None);
        assert!(backend_id_error(&rules, "x hpc-1").is_some_and(|wrong| wrong.ends_with("like hpc-1")));
        assert_eq!(backend_id_error(&json!({"format": {"regex": "["}}), "x"), None);
    }

    #[test]
    fn links_stand_alone_or_under_url() {
        let uuid = "0123456789abcdef0123456789abcdef";
        let link = format!("http://stoa.test/api/projects/{uuid}/");
        assert_eq!(read_link(&json!({"url": link})).map(|id| stoa_kernel::id::hex(&id)).as_deref(), Some(uuid));
        assert!(read_link(&json!(link)).is_some() && read_link(&json!({"url": "x"})).is_none());
    }

    #[test]
    fn names_follow_the_pattern() {
        let parts = NameParts {
            words: vec![
                ("customer_slug", "ACME".into()),
                ("project_slug", "lab".into()),
                ("offering_slug", "vm".into()),
            ],
            attributes: json!({"size": "m", "n": 3}),
        };
        assert_eq!(name(None, &parts, 1), "acme-lab-vm");
        assert_eq!(name(None, &parts, 2), "acme-lab-vm-2");
        assert_eq!(name(Some("{project_slug}-{attributes[size]}-{attributes['n']}-{counter}"), &parts, 4), "lab-m-3-4");
        assert_eq!(name(Some("{unknown}x{open"), &parts, 2), "x{open-2");
    }
}
