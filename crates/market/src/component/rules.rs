//! What a component may be.

use super::{
    Billing,
    views::{BILLING, PERIOD},
};
use serde_json::Value;
use stoa_kernel::{
    Error, Result,
    error::Invalid,
    field::{Check, Field, Input, Kind, Mode},
};

/// The smallest number that the wire knows.
const MIN: i64 = -2_147_483_648;

/// What can be sent of a component.
pub const FIELDS: &[Field] = &[
    Field::new("billing_type", BILLING, "How it is billed.").required().stored(),
    Field::text("type", 50, "Its key within the offering.").required().check(Check::By(check_key)).stored(),
    Field::text("name", 150, "Name.").required().check(Check::Visible).stored(),
    Field::text("description", 4096, "Description.").stored(),
    Field::text("measured_unit", 30, "What one of it is, such as GB.").stored(),
    Field::new("unit_factor", Kind::Int, "Units of the backend in one measured unit.").min(1).stored(),
    Field::new("limit_period", PERIOD, "The time over which a limit counts.").nullable().stored(),
    Field::new("limit_amount", Kind::Int, "The cap over that time.").min(MIN).nullable().stored(),
    Field::text("article_code", 30, "Code for accounting.").stored(),
    Field::new("max_value", Kind::Int, "The most that one resource may ask for.").min(MIN).nullable().stored(),
    Field::new("min_value", Kind::Int, "The least that one resource may ask for.").min(MIN).nullable().stored(),
    Field::new("max_available_limit", Kind::Int, "All limits stay below this.").min(MIN).nullable().stored(),
    Field::new("is_boolean", Kind::Bool, "Whether it is had or not had.").stored(),
    Field::new("default_limit", Kind::Int, "What a form proposes.").min(MIN).nullable().stored(),
    Field::new("is_prepaid", Kind::Bool, "Whether it is paid in advance.").stored(),
    Field::new("overage_component", Kind::Uuid, "The component that counts use beyond what was paid.").nullable(),
    Field::new("min_prepaid_duration", Kind::Int, "Fewest months paid in advance.").nullable().stored(),
    Field::new("max_prepaid_duration", Kind::Int, "Most months paid in advance.").nullable().stored(),
    Field::new("prepaid_duration_step", Kind::Int, "Step of those months.").nullable().stored(),
    Field::new("min_renewal_duration", Kind::Int, "Fewest months of a renewal.").nullable().stored(),
    Field::new("max_renewal_duration", Kind::Int, "Most months of a renewal.").nullable().stored(),
    Field::new("renewal_duration_step", Kind::Int, "Step of those months.").nullable().stored(),
];

/// Types of components, and keys of attributes: letters, digits and `_ - / :`.
pub fn check_key(text: &str) -> Option<String> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/:".contains(&b));
    (!fits).then(|| "Enter a valid value: letters, digits, underscores, hyphens, slashes and colons.".to_owned())
}

/// Reads the components that are sent with a new offering.
///
/// # Errors
/// Invalid, with all that is wrong under `components`.
pub fn read_all(list: &Value) -> Result<Vec<Input>> {
    let mut inputs: Vec<Input> = Vec::new();
    let mut invalid = Invalid::default();
    for item in list.as_array().into_iter().flatten() {
        match Input::read(FIELDS, item, Mode::Whole).and_then(|input| check(&input).map(|()| input)) {
            Ok(input) if inputs.iter().any(|other| other.text("type") == input.text("type")) => {
                let kind = input.text("type").unwrap_or_default();
                invalid.add("components", format!("The type {kind} is there twice."));
            }
            Ok(input) => inputs.push(input),
            Err(error) => nested("components", error, &mut invalid)?,
        }
    }
    invalid.done()?;
    Ok(inputs)
}

/// Puts what is wrong with an item of a list under the name of the list.
pub fn nested(list: &str, error: Error, invalid: &mut Invalid) -> Result<()> {
    let Error::Invalid(inner) = error else { return Err(error) };
    for (field, messages) in inner.fields {
        for message in messages {
            let message = if field.is_empty() { message } else { format!("{field}: {message}") };
            invalid.add(list, message);
        }
    }
    Ok(())
}

/// Checks that bounds are not the wrong way round.
pub fn check(input: &Input) -> Result<()> {
    let mut invalid = Invalid::default();
    for (least, most) in [("min_value", "max_value"), ("min_prepaid_duration", "max_prepaid_duration")] {
        // 0 and none are no bound.
        if let (Some(min), Some(max @ 1..)) = (input.int(least), input.int(most))
            && min > max
        {
            invalid.add(least, "The least is greater than the most.");
        }
    }
    invalid.done()
}

/// Whether a change of a component changes what its numbers mean: it can't while resources of the offering exist.
pub fn changes_meaning(kind: &str, billing: Billing, input: &Input) -> bool {
    input.text("type").is_some_and(|new| new != kind)
        || input.text("billing_type").is_some_and(|new| new != billing.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn components_of_an_offering_have_types_of_their_own() {
        let one = json!({"type": "cpu", "name": "CPU", "billing_type": "fixed"});
        let other = json!({"type": "ram", "name": "RAM", "billing_type": "limit", "limit_period": ""});
        assert_eq!(read_all(&json!([one, other])).unwrap().len(), 2);
        for wrong in [
            json!([one, one]),
            json!([{"type": "a b", "name": "x", "billing_type": "fixed"}]),
            json!([{"type": "a", "name": "x", "billing_type": "gift"}]),
            json!([{"name": "x"}]),
            json!(["cpu"]),
            json!([{"type": "a", "name": "x", "billing_type": "limit", "min_value": 5, "max_value": 4}]),
        ] {
            let Err(Error::Invalid(invalid)) = read_all(&wrong) else { panic!("{wrong}") };
            assert_eq!(invalid.fields.keys().collect::<Vec<_>>(), ["components"], "{wrong}");
        }
    }

    #[test]
    fn no_bound_is_no_contradiction() {
        let read = |max: i64| {
            let item = json!({"type": "a", "name": "x", "billing_type": "limit", "min_value": 5, "max_value": max});
            read_all(&json!([item]))
        };
        assert!(read(0).is_ok() && read(5).is_ok() && read(4).is_err());
    }
}
