//! Prices: what a plan costs, and what an order will cost (reference/orders-and-resources.md, section 4).
//!
//! Everything is exact and checked: a sum that does not fit is refused, never wrapped or rounded silently. The one rounding is
//! where a limit in backend units does not make whole measured units; it goes half away from zero at seven places.

use super::{Part, views::UNIT};
use crate::component::{Billing, Component};
use serde_json::Value;
use std::collections::BTreeMap;
use stoa_kernel::{
    Date, Error, Result,
    error::Invalid,
    field::{Check, Field, Input, Kind, Mode},
    money::Amount,
};

/// What can be sent of a plan. Its unit price is computed and what is sent for it is ignored.
pub const FIELDS: &[Field] = &[
    Field::text("name", 150, "Name.").required().check(Check::Visible).stored(),
    Field::text("description", 10_000, "Description.").stored(),
    Field::text("article_code", 30, "Code for accounting.").stored(),
    Field::new("max_amount", Kind::Int, "How many resources may have it at once.")
        .min(1)
        .max(32_767)
        .nullable()
        .stored(),
    Field::new("archived", Kind::Bool, "Whether new resources can't have it.").stored(),
    Field::new("unit", UNIT, "The unit of time, or of another kind, for which prices are.").stored(),
    Field::text("backend_id", 255, "The provider's own name for it.").stored(),
];

/// Limits by type of component.
pub type Limits = BTreeMap<String, i64>;

/// What an order costs, in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// What comes again with every span of the plan: the fixed price and that of the limits.
    pub recurring: Amount,
    /// What is paid once, when it begins or when the plan is switched.
    pub once: Amount,
}

impl Cost {
    /// Both together.
    ///
    /// # Errors
    /// Invalid for a sum beyond the range.
    pub fn total(self) -> Result<Amount> {
        self.recurring.plus(self.once).ok_or_else(too_much)
    }
}

fn too_much() -> Error {
    Error::invalid("The price is too large.")
}

/// The sum of values that may each be beyond the range.
pub fn sum(values: impl IntoIterator<Item = Option<Amount>>) -> Result<Amount> {
    values.into_iter().try_fold(Amount::ZERO, |total, value| total.plus(value?)).ok_or_else(too_much)
}

fn parts_of(parts: &[Part], billing: Billing) -> impl Iterator<Item = &Part> {
    parts.iter().filter(move |part| part.component.billing == billing)
}

/// What a plan costs by itself: price times amount over its fixed components.
pub fn unit_price(parts: &[Part]) -> Result<Amount> {
    sum(parts_of(parts, Billing::Fixed).map(|part| part.price.times(part.amount)))
}

/// What is paid once when a resource begins: the prices of components that are billed once.
pub fn init_price(parts: &[Part]) -> Result<Amount> {
    sum(parts_of(parts, Billing::Once).map(|part| Some(part.price)))
}

/// What is paid when a resource changes to this plan.
pub fn switch_price(parts: &[Part]) -> Result<Amount> {
    sum(parts_of(parts, Billing::OnSwitch).map(|part| Some(part.price)))
}

/// What the limits cost: price times limit over the components that are billed by limit. A negative limit is no limit and is
/// not charged in advance.
pub fn limits_price(parts: &[Part], limits: &Limits) -> Result<Amount> {
    sum(parts_of(parts, Billing::Limit).map(|part| {
        let limit = limits.get(&part.component.kind).copied().unwrap_or(0).max(0);
        times_over(part.price, limit, part.component.factor)
    }))
}

/// What a new resource costs under a plan with these limits. `months` are the whole months paid in advance for components that
/// are prepaid; at least one counts.
pub fn create_cost(parts: &[Part], limits: &Limits, months: Option<i64>) -> Result<Cost> {
    let (prepaid, plain): (Vec<&Part>, Vec<&Part>) =
        parts_of(parts, Billing::Once).partition(|part| part.component.is_prepaid);
    let prepaid = sum(prepaid.into_iter().map(|part| {
        let limit = limits.get(&part.component.kind).copied().unwrap_or(0).max(0);
        times_over(part.price, limit, part.component.factor)?.times(months.unwrap_or(1).max(1))
    }))?;
    let plain = sum(plain.into_iter().map(|part| Some(part.price)))?;
    let once = prepaid.plus(plain).ok_or_else(too_much)?;
    Ok(Cost { recurring: recurring(parts, limits)?, once })
}

/// What a resource costs again and again under a plan with these limits.
pub fn recurring(parts: &[Part], limits: &Limits) -> Result<Amount> {
    unit_price(parts)?.plus(limits_price(parts, limits)?).ok_or_else(too_much)
}

/// What a resource costs after a change of its plan, with the price of the change.
pub fn switch_cost(new_parts: &[Part], limits: &Limits) -> Result<Cost> {
    Ok(Cost { recurring: recurring(new_parts, limits)?, once: switch_price(new_parts)? })
}

/// The least that a unit of time costs: the fixed price, and the least limits.
pub fn minimal_price(parts: &[Part]) -> Result<Amount> {
    let least = parts_of(parts, Billing::Limit).map(|part| {
        let least = part.component.min_value.unwrap_or(0).max(0);
        part.price.times(least)
    });
    unit_price(parts)?.plus(sum(least)?).ok_or_else(too_much)
}

/// Checks that every price of a plan that lists show is within the range.
pub fn check(parts: &[Part]) -> Result<()> {
    minimal_price(parts).and(init_price(parts)).and(switch_price(parts)).map(|_| ())
}

/// The first day of the month of a day.
pub fn month_of(day: Date) -> Date {
    let text = day.to_string();
    text.get(..7).and_then(|month| Date::parse(&format!("{month}-01"))).unwrap_or(day)
}

/// Reads a map from types of components to values of one field, such as prices.
///
/// # Errors
/// Invalid, under the field, for types that the offering does not have and for wrong values.
pub fn read_map(name: &'static str, map: &Value, components: &[Component], of: &'static [Field]) -> Result<Map> {
    let mut invalid = Invalid::default();
    let mut values = Map::new();
    for (kind, value) in map.as_object().into_iter().flatten() {
        let Some(component) = components.iter().find(|component| component.kind == *kind) else {
            invalid.add(name, format!("Invalid components {kind}."));
            continue;
        };
        match Input::read(of, &serde_json::json!({ "value": value }), Mode::Whole) {
            Ok(input) => {
                values.insert(component.id, input.int("value").unwrap_or(0));
            }
            Err(Error::Invalid(inner)) => {
                let messages = inner.fields.into_values().flatten();
                messages.for_each(|message| invalid.add(name, format!("{kind}: {message}")));
            }
            Err(other) => return Err(other),
        }
    }
    invalid.done()?;
    Ok(values)
}

/// Values by the key of the component.
pub type Map = BTreeMap<i64, i64>;

/// A price in a map.
pub const PRICE: &[Field] = &[Field::new("value", Kind::Amount(10), "What one costs.").required()];
/// An amount in a map.
pub const QUOTA: &[Field] = &[Field::new("value", Kind::Int, "How many are included.").required()];

/// A price times a number of backend units, of which `factor` make one measured unit.
fn times_over(price: Amount, limit: i64, factor: i64) -> Option<Amount> {
    let factor = i128::from(factor.max(1));
    let exact = i128::from(price.0) * i128::from(limit);
    let rounded = (exact.abs() + factor / 2) / factor * exact.signum();
    i64::try_from(rounded).ok().map(Amount)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Component;
    use stoa_kernel::id::Uuid;

    fn part(kind: &str, billing: Billing, price: &str, amount: i64) -> Part {
        Part { component: component(kind, billing), amount, price: Amount::parse(price).unwrap(), future_price: None }
    }

    fn component(kind: &str, billing: Billing) -> Component {
        Component {
            id: 1,
            uuid: Uuid::nil(),
            kind: kind.into(),
            name: kind.into(),
            measured_unit: String::new(),
            billing,
            factor: 1,
            limit_period: None,
            limit_amount: None,
            min_value: None,
            max_value: None,
            max_available_limit: None,
            default_limit: None,
            is_boolean: false,
            is_builtin: false,
            is_prepaid: false,
        }
    }

    fn limits(pairs: &[(&str, i64)]) -> Limits {
        pairs.iter().map(|(kind, limit)| ((*kind).to_owned(), *limit)).collect()
    }

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    #[test]
    fn the_worked_example_of_the_reference() {
        let parts = [
            part("cpu", Billing::Fixed, "10", 3),
            part("storage", Billing::Limit, "5", 0),
            part("setup", Billing::Once, "20", 1),
            part("traffic", Billing::Usage, "7", 9),
            part("move", Billing::OnSwitch, "3", 1),
        ];
        assert_eq!(unit_price(&parts).unwrap(), amount("30"));
        assert_eq!(init_price(&parts).unwrap(), amount("20"));
        assert_eq!(switch_price(&parts).unwrap(), amount("3"));
        let cost = create_cost(&parts, &limits(&[("storage", 8)]), None).unwrap();
        assert_eq!((cost.recurring, cost.once), (amount("70"), amount("20")));
        assert_eq!(cost.total().unwrap(), amount("90"));
        assert_eq!(switch_cost(&parts, &limits(&[("storage", 2)])).unwrap().total().unwrap(), amount("43"));
    }

    #[test]
    fn backend_units_are_charged_as_measured_units() {
        let mut ram = part("ram", Billing::Limit, "0.5", 0);
        ram.component.factor = 1024;
        assert_eq!(limits_price(&[ram.clone()], &limits(&[("ram", 2048)])).unwrap(), amount("1"));
        assert_eq!(limits_price(&[ram], &limits(&[("ram", 1)])).unwrap(), amount("0.0004883"));
    }

    #[test]
    fn what_is_prepaid_is_paid_for_its_months() {
        let mut node = part("node", Billing::Once, "2", 0);
        node.component.is_prepaid = true;
        let parts = [node, part("setup", Billing::Once, "20", 1)];
        let cost = create_cost(&parts, &limits(&[("node", 3)]), Some(4)).unwrap();
        assert_eq!((cost.recurring, cost.once), (Amount::ZERO, amount("44")));
        assert_eq!(create_cost(&parts, &limits(&[("node", 3)]), Some(0)).unwrap().once, amount("26"));
    }

    #[test]
    fn no_limit_and_unknown_limits_cost_nothing() {
        let parts = [part("storage", Billing::Limit, "5", 0)];
        assert_eq!(limits_price(&parts, &limits(&[("storage", -1), ("other", 9)])).unwrap(), Amount::ZERO);
        assert_eq!(limits_price(&parts, &Limits::new()).unwrap(), Amount::ZERO);
    }

    #[test]
    fn a_month_begins_on_its_first_day() {
        let day = |text: &str| Date::parse(text).unwrap();
        assert_eq!(month_of(day("2026-02-28")), day("2026-02-01"));
        assert_eq!(month_of(day("2026-02-01")), day("2026-02-01"));
    }

    #[test]
    fn a_price_beyond_the_range_is_refused() {
        let parts = [part("cpu", Billing::Fixed, "900000000000", 2)];
        assert!(unit_price(&parts).is_err());
        let parts = [part("cpu", Billing::Limit, "900000000000", 0)];
        assert!(limits_price(&parts, &limits(&[("cpu", i64::MAX)])).is_err());
        let two = [part("a", Billing::Once, "900000000000", 1), part("b", Billing::Once, "900000000000", 1)];
        assert!(init_price(&two).is_err());
        assert!(Cost { recurring: amount("900000000000"), once: amount("900000000000") }.total().is_err());
    }
}
