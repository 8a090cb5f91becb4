//! The attributes that offerings of a category have: a value of the right type for each that is required.

use serde_json::{Map, Value};
use stoa_kernel::{Error, Result, error::Invalid};

/// Checks the attributes of an offering against what its category asks for, and fills in defaults.
///
/// # Errors
/// Invalid, with `attributes` for what is missing and with its own key for what is wrong.
pub fn check_attributes(descriptions: &[Value], attributes: &mut Map<String, Value>) -> Result<()> {
    let mut missing = Vec::new();
    let mut invalid = Invalid::default();
    for description in descriptions {
        let Some(key) = description.get("key").and_then(Value::as_str) else { continue };
        let empty = attributes.get(key).is_none_or(|value| value.is_null() || value == "");
        if empty {
            match description.get("default").filter(|default| !default.is_null()) {
                Some(default) => {
                    attributes.insert(key.to_owned(), default.clone());
                }
                None if description.get("required") == Some(&Value::Bool(true)) => missing.push(key),
                None => {}
            }
            continue;
        }
        if let Some(message) = attributes.get(key).and_then(|value| wrong(description, value)) {
            invalid.add(key, message);
        }
    }
    if !missing.is_empty() {
        missing.sort_unstable();
        return Err(Error::field("attributes", format!("These attributes are required: {}", missing.join(", "))));
    }
    invalid.done()
}

/// What is wrong with a value, if anything is.
fn wrong(description: &Value, value: &Value) -> Option<String> {
    let known = |value: &Value| {
        let options = description.get("options").and_then(Value::as_array);
        options.is_some_and(|options| options.iter().any(|option| option.get("key") == Some(value)))
    };
    let fits = match description.get("type").and_then(Value::as_str) {
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64(),
        Some("string" | "text") => value.is_string(),
        Some("choice") => known(value),
        Some("list") => value.as_array().is_some_and(|values| values.iter().all(known)),
        _ => true,
    };
    (!fits).then(|| "The value is not valid for this attribute.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(attributes: Value) -> Result<Value> {
        let descriptions = [
            json!({"key": "cores", "type": "integer", "required": true}),
            json!({"key": "support", "type": "choice", "options": [{"key": "email"}, {"key": "phone"}], "default": "email"}),
            json!({"key": "os", "type": "list", "options": [{"key": "linux"}, {"key": "bsd"}]}),
            json!({"key": "ha", "type": "boolean"}),
        ];
        let Value::Object(mut attributes) = attributes else { panic!() };
        check_attributes(&descriptions, &mut attributes).map(|()| Value::Object(attributes))
    }

    fn fields(attributes: Value) -> Vec<String> {
        match check(attributes) {
            Err(Error::Invalid(invalid)) => invalid.fields.into_keys().collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_missing_is_named_and_defaults_are_filled_in() {
        assert_eq!(fields(json!({})), ["attributes"]);
        assert_eq!(
            check(json!({"cores": 2, "own": "x"})).unwrap(),
            json!({"cores": 2, "own": "x", "support": "email"})
        );
    }

    #[test]
    fn a_value_has_the_type_of_its_attribute() {
        assert_eq!(
            fields(json!({"cores": "2", "ha": 1, "os": ["linux", "dos"], "support": "fax"})),
            ["cores", "ha", "os", "support"]
        );
        assert!(check(json!({"cores": 2, "ha": false, "os": ["linux"], "support": "phone"})).is_ok());
    }
}
