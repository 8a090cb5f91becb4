//! Decisions about orders, from values alone.

use super::{Kind, State};
use crate::{
    component::{Billing, Component, Period},
    offering::Offering,
    plan::rules::Limits,
};
use serde_json::Value;
use stoa_kernel::{Date, Error, Result, Time};

/// The largest limit that can be asked for, so that sums over all resources stay far inside 64 bits.
pub const LIMIT_MAX: i64 = 1_000_000_000_000;

/// What the consumer's side knows about who places an order; see [`consumer_reviews`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Placer {
    /// He is staff, or the program itself.
    pub staff: bool,
    /// He holds `ORDER.APPROVE_PRIVATE` at the project or its organization.
    pub approves_private: bool,
    /// He holds `ORDER.APPROVE` at the project or its organization.
    pub approves: bool,
    /// He may terminate resources in the name of the provider.
    pub provides: bool,
}

/// Whether an order waits for the consumer's side: the first line that fits decides (reference/orders-and-resources.md,
/// section 3.1; installation-matrices.md, section 9).
pub fn consumer_reviews(placer: Placer, offering: &Offering, kind: Kind, own: bool, has_attachment: bool) -> bool {
    if offering.flag("require_purchase_order_upload") && !has_attachment && kind == Kind::Create {
        return true;
    }
    if placer.staff {
        return false;
    }
    if offering.is_private() {
        return !placer.approves_private;
    }
    let trusts = offering.flag("auto_approve_in_service_provider_projects") && !offering.flag("disable_autoapprove");
    if offering.shared && own && trusts {
        return false;
    }
    if kind == Kind::Terminate && placer.provides {
        return false;
    }
    !placer.approves
}

/// Whether an order waits for the provider. `provides` says whether who reviewed it for the consumer acts for the provider
/// too (section 3.2).
pub fn provider_reviews(offering: &Offering, provides: bool) -> bool {
    let flag =
        |name: &str, default: bool| offering.plugin_options.get(name).and_then(Value::as_bool).unwrap_or(default);
    match offering.kind.as_str() {
        "Marketplace.Basic" | "Marketplace.Slurm" => true,
        "Waldur.RemoteOffering" => !(flag("auto_approve_remote_orders", false) || provides),
        "Marketplace.Script" => !flag("auto_approve_marketplace_script", true),
        _ => false,
    }
}

/// What decides where an order goes once the consumer's side has agreed.
#[derive(Debug, Clone, Copy)]
pub struct Gates {
    /// The first day of the project.
    pub project_start: Option<Date>,
    /// The first day on which the order may be executed.
    pub order_start: Option<Date>,
    /// Whether the provider reviews it.
    pub provider: bool,
}

/// Where an order goes once the consumer's side has agreed. A day that is today holds nothing up.
pub fn after_consumer(gates: Gates, today: Date) -> State {
    if gates.project_start.is_some_and(|day| day > today) { State::PendingProject } else { after_project(gates, today) }
}

/// Where an order goes once its project has begun.
pub fn after_project(gates: Gates, today: Date) -> State {
    if gates.provider {
        State::PendingProvider
    } else if gates.order_start.is_some_and(|day| day > today) {
        State::PendingStartDate
    } else {
        State::Executing
    }
}

/// Whether the provider's side moves orders of this type of offering itself; others are moved by what provisions them.
pub fn is_moved_by_hand(offering_kind: &str) -> bool {
    matches!(offering_kind, "Marketplace.Slurm" | "Marketplace.Basic" | "Support.OfferingTemplate")
}

/// Whether orders of this type of offering can be canceled.
pub fn can_cancel(offering_kind: &str) -> bool {
    matches!(offering_kind, "Marketplace.Basic" | "Support.OfferingTemplate")
}

/// Whether the limits of resources of this type of offering can change.
pub fn can_update_limits(offering_kind: &str) -> bool {
    !matches!(
        offering_kind,
        "SlurmInvoices.SlurmPackage"
            | "Marketplace.Booking"
            | "OpenStack.Instance"
            | "OpenStack.Volume"
            | "Marketplace.Rancher"
            | "Azure.VirtualMachine"
            | "Azure.SQLServer"
    )
}

/// What an order changes, told by what its attributes hold (section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The end of what was paid in advance, and maybe the limits.
    Renewal,
    /// The limits.
    Limits,
    /// The options.
    Options,
    /// The plan.
    Plan,
}

impl Change {
    /// What an Update order changes.
    pub fn of(attributes: &Value) -> Change {
        if attributes.get("action").and_then(Value::as_str) == Some("renew") {
            Change::Renewal
        } else if attributes.get("old_limits").is_some() {
            Change::Limits
        } else if attributes.get("new_options").is_some() {
            Change::Options
        } else {
            Change::Plan
        }
    }

    /// Its text.
    pub const fn text(self) -> &'static str {
        match self {
            Change::Renewal => "renewal",
            Change::Limits => "limits",
            Change::Options => "options",
            Change::Plan => "plan",
        }
    }
}

/// Reads limits from an object of whole numbers.
pub fn read_limits(value: &Value) -> Result<Limits> {
    let wrong = || Error::field("limits", "A valid integer is required.");
    let object = value.as_object().ok_or_else(wrong)?;
    object
        .iter()
        .map(|(kind, limit)| match limit.as_i64() {
            Some(limit) if (-1..=LIMIT_MAX).contains(&limit) => Ok((kind.clone(), limit)),
            Some(_) => Err(Error::field("limits", format!("Ensure this value is between 0 and {LIMIT_MAX}."))),
            None => Err(wrong()),
        })
        .collect()
}

/// Limits as they are stored.
pub fn limits_json(limits: &Limits) -> Value {
    limits.iter().map(|(kind, limit)| (kind.clone(), Value::from(*limit))).collect::<serde_json::Map<_, _>>().into()
}

/// Whether an order can set the limit of a component.
pub fn takes_limit(component: &Component) -> bool {
    component.billing == Billing::Limit || component.billing == Billing::Once && component.is_prepaid
}

/// Checks limits against each component by itself; what all resources hold together is checked where it is reserved.
pub fn check_limits(components: &[Component], limits: &Limits) -> Result<()> {
    let unknown: Vec<&str> = limits
        .keys()
        .filter(|kind| !components.iter().any(|c| c.kind == **kind && takes_limit(c)))
        .map(String::as_str)
        .collect();
    if !unknown.is_empty() {
        return Err(Error::field("limits", format!("Invalid types: {}", unknown.join(", "))));
    }
    for component in components.iter().filter(|component| takes_limit(component)) {
        let Some(&limit) = limits.get(&component.kind) else { continue };
        let bounded = [component.max_value, component.max_available_limit, component.limit_amount]
            .iter()
            .any(|bound| bound.is_some_and(|bound| bound > 0));
        if limit < 0 && bounded {
            return Err(Error::field("limits", format!("The limit {limit} value cannot be less than 0.")));
        }
        match (component.min_value, component.max_value) {
            (_, Some(max)) if max > 0 && limit > max => {
                return Err(Error::field("limits", format!("The limit {limit} value cannot be more than {max}.")));
            }
            (Some(min), _) if min > 0 && limit < min => {
                return Err(Error::field("limits", format!("The limit {limit} value cannot be less than {min}.")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The first instant of the span over which a component's cap on all limits counts; `None` counts all of them.
pub fn cap_since(period: Option<Period>, today: Date) -> Option<Time> {
    let day = today.0;
    let first = match period {
        None | Some(Period::Month) => jiff::civil::date(day.year(), day.month(), 1),
        Some(Period::Quarter) => jiff::civil::date(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
        Some(Period::Year) => jiff::civil::date(day.year(), 1, 1),
        Some(Period::Total) => return None,
    };
    Some(Date(first).start())
}

/// The sentence for a cap that would be passed.
pub fn cap_message(period: Option<Period>, cap: i64) -> String {
    let span = match period {
        None | Some(Period::Month) => "Monthly",
        Some(Period::Quarter) => "Quarterly",
        Some(Period::Year) => "Annual",
        Some(Period::Total) => "Total",
    };
    format!("{span} limit exceeds threshold {cap}.")
}

/// Checks what was sent in the form of an order against the form that the offering describes: required values, types,
/// choices and bounds. Values that the form does not know are kept.
pub fn check_attributes(form: &Value, attributes: &Value) -> Result<()> {
    let Some(options) = form.get("options").and_then(Value::as_object) else { return Ok(()) };
    let mut invalid = stoa_kernel::error::Invalid::default();
    for (key, option) in options {
        let value = attributes.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""));
        let required = option.get("required").and_then(Value::as_bool).unwrap_or(false);
        match value {
            None if required && option.get("default").is_none_or(Value::is_null) => {
                invalid.add("attributes", format!("{key}: This field is required."));
            }
            None => {}
            Some(value) => {
                if let Some(wrong) = check_option(option, value) {
                    invalid.add("attributes", format!("{key}: {wrong}"));
                }
            }
        }
    }
    invalid.done()
}

fn check_option(option: &Value, value: &Value) -> Option<String> {
    let kind = option.get("type").and_then(Value::as_str).unwrap_or("string");
    let choices = option.get("choices").and_then(Value::as_array);
    let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
    let bound = |name: &str| option.get(name).and_then(|b| b.as_f64().or_else(|| b.as_str()?.parse().ok()));
    match kind {
        "boolean" if !value.is_boolean() => Some("Must be a valid boolean.".into()),
        "integer" if value.as_i64().is_none() && value.as_str().is_none_or(|t| t.trim().parse::<i64>().is_err()) => {
            Some("A valid integer is required.".into())
        }
        "integer" | "money" => match number {
            None => Some("A valid number is required.".into()),
            Some(n) if bound("min").is_some_and(|min| n < min) => {
                Some(format!("Ensure this value is greater than or equal to {}.", bound("min").unwrap_or_default()))
            }
            Some(n) if bound("max").is_some_and(|max| n > max) => {
                Some(format!("Ensure this value is less than or equal to {}.", bound("max").unwrap_or_default()))
            }
            Some(_) => None,
        },
        "select_string" => match choices {
            Some(choices) if !choices.contains(value) => Some(format!("\"{}\" is not a valid choice.", plain(value))),
            _ => None,
        },
        "select_string_multi" => match (value.as_array(), choices) {
            (None, _) => Some("Expected a list of items.".into()),
            (Some(values), Some(choices)) => {
                let wrong = values.iter().find(|value| !choices.contains(value))?;
                Some(format!("\"{}\" is not a valid choice.", plain(wrong)))
            }
            _ => None,
        },
        "string" | "text" | "html_text" if !value.is_string() => Some("Not a valid string.".into()),
        "date" if value.as_str().and_then(|text| Date::parse(text.get(..10)?)).is_none() => {
            Some("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.".into())
        }
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    text.chars().take(100).collect()
}

/// The options that a resource keeps of its order's form: those that the offering lets it change later.
pub fn kept_options(resource_form: &Value, attributes: &Value) -> Value {
    let known = resource_form.get("options").and_then(Value::as_object);
    let kept = known.into_iter().flat_map(serde_json::Map::keys);
    kept.filter_map(|key| Some((key.clone(), attributes.get(key)?.clone()))).collect::<serde_json::Map<_, _>>().into()
}

/// The whole months from a day to another that are paid in advance: a started one counts, and at least one.
pub fn months_between(from: Date, to: Date) -> i64 {
    let (from, to) = (from.0, to.0);
    let months = i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
    (months + i64::from(to.day() > from.day())).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offering;
    use serde_json::json;
    use stoa_kernel::id::Uuid;

    fn offering(kind: &str, shared: bool, billable: bool, options: Value) -> Offering {
        Offering {
            id: 1,
            uuid: Uuid::nil(),
            name: "vm".into(),
            slug: "vm".into(),
            kind: kind.into(),
            state: offering::State::Active,
            shared,
            billable,
            customer_id: 1,
            provider_id: None,
            project_id: None,
            category_id: 1,
            parent_id: None,
            options: json!({}),
            resource_options: json!({}),
            plugin_options: options,
            backend_id: String::new(),
            backend_id_rules: json!({}),
            groups: vec![],
        }
    }

    #[test]
    fn the_first_line_that_fits_decides_who_is_asked() {
        let shared = offering("Marketplace.Basic", true, true, json!({}));
        let private = offering("Marketplace.Basic", false, false, json!({}));
        let billable = offering("Marketplace.Basic", false, true, json!({}));
        let trusting =
            offering("Marketplace.Basic", true, true, json!({"auto_approve_in_service_provider_projects": true}));
        let nobody = Placer::default();
        let staff = Placer { staff: true, ..nobody };
        let approver = Placer { approves: true, ..nobody };
        let admin = Placer { approves_private: true, ..nobody };
        let asks = |placer, offering, kind, own| consumer_reviews(placer, offering, kind, own, false);
        assert!(asks(nobody, &shared, Kind::Create, false));
        assert!(!asks(staff, &shared, Kind::Create, false));
        assert!(!asks(approver, &shared, Kind::Create, false));
        // A private offering looks at its own permission only (edge case 1 of the reference).
        assert!(asks(approver, &private, Kind::Create, false));
        assert!(!asks(admin, &private, Kind::Create, false));
        assert!(asks(admin, &billable, Kind::Create, false) && asks(admin, &shared, Kind::Create, false));
        assert!(!asks(nobody, &trusting, Kind::Create, true) && asks(nobody, &trusting, Kind::Create, false));
        let provider = Placer { provides: true, ..nobody };
        assert!(!asks(provider, &shared, Kind::Terminate, false) && asks(provider, &shared, Kind::Update, false));
        let careful = offering("Marketplace.Basic", true, true, json!({"require_purchase_order_upload": true}));
        assert!(asks(staff, &careful, Kind::Create, false));
        assert!(!consumer_reviews(staff, &careful, Kind::Create, false, true));
    }

    #[test]
    fn an_order_waits_for_its_project_then_for_the_provider_then_for_its_day() {
        let day = |text| Date::parse(text).unwrap();
        let today = day("2026-03-01");
        let open = Gates { project_start: None, order_start: None, provider: false };
        assert_eq!(after_consumer(open, today), State::Executing);
        assert_eq!(after_consumer(Gates { project_start: Some(today), ..open }, today), State::Executing);
        let later = Gates { project_start: Some(day("2026-03-02")), provider: true, ..open };
        assert_eq!(after_consumer(later, today), State::PendingProject);
        assert_eq!(after_project(later, today), State::PendingProvider);
        let dated = Gates { order_start: Some(day("2026-03-02")), ..open };
        assert_eq!(after_consumer(dated, today), State::PendingStartDate);
    }

    #[test]
    fn the_provider_is_asked_by_type() {
        for (kind, options, provides, asked) in [
            ("Marketplace.Basic", json!({}), true, true),
            ("Marketplace.Slurm", json!({}), true, true),
            ("Waldur.RemoteOffering", json!({}), false, true),
            ("Waldur.RemoteOffering", json!({}), true, false),
            ("Waldur.RemoteOffering", json!({"auto_approve_remote_orders": true}), false, false),
            ("Marketplace.Script", json!({}), false, false),
            ("Marketplace.Script", json!({"auto_approve_marketplace_script": false}), false, true),
            ("Support.OfferingTemplate", json!({}), false, false),
        ] {
            assert_eq!(provider_reviews(&offering(kind, true, true, options), provides), asked, "{kind}");
        }
    }

    #[test]
    fn limits_are_whole_numbers_in_range() {
        assert_eq!(read_limits(&json!({"cpu": 2})).unwrap().get("cpu"), Some(&2));
        for wrong in [json!([]), json!({"cpu": "2"}), json!({"cpu": 1.5}), json!({"cpu": -2}), json!({"cpu": 1e15})] {
            assert!(read_limits(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_form_is_checked() {
        let form = json!({"order": ["size"], "options": {
            "size": {"type": "select_string", "choices": ["s", "m"], "required": true},
            "count": {"type": "integer", "min": 1, "max": 4},
            "on": {"type": "boolean"},
        }});
        for (attributes, fine) in [
            (json!({"size": "s"}), true),
            (json!({}), false),
            (json!({"size": "xl"}), false),
            (json!({"size": "m", "count": 4, "on": false, "other": [1]}), true),
            (json!({"size": "m", "count": 5}), false),
            (json!({"size": "m", "count": "x"}), false),
            (json!({"size": "m", "on": "yes"}), false),
        ] {
            assert_eq!(check_attributes(&form, &attributes).is_ok(), fine, "{attributes}");
        }
        assert_eq!(kept_options(&form, &json!({"size": "s", "name": "n"})), json!({"size": "s"}));
    }

    #[test]
    fn a_started_month_counts() {
        let months = |from, to| months_between(Date::parse(from).unwrap(), Date::parse(to).unwrap());
        assert_eq!(months("2026-01-31", "2026-02-01"), 1);
        assert_eq!(months("2026-01-01", "2026-03-01"), 2);
        assert_eq!(months("2026-01-01", "2026-03-02"), 3);
        assert_eq!(months("2026-01-01", "2026-01-01"), 1);
    }
}
