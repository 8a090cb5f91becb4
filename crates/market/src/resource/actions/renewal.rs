//! Extending what was paid in advance (reference/orders-and-resources.md, sections 4 and 5).

use super::locked;
use crate::{
    order::{
        Kind as Type,
        place::{self, CONSUMER},
        rules as order_rules,
    },
    plan::{self, Part, rules::Limits},
    resource::{State, actions::consumer, store::Resource, views::RESOURCES},
};
use serde_json::{Value, json};
use stoa_kernel::{
    Date, Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input, Kind},
    money::Amount,
};
use stoa_tenancy::access::permissions::Permission;

const MONTHS: &str = "Months by which it is extended.";

/// Asks for a later end.
pub static RENEW: Action = Action {
    name: "resource.renew",
    about: "Order a later end, and maybe higher limits, for a resource that is paid in advance.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetLimits.id(), CONSUMER),
    from: &[State::Ok.text()],
    fields: &[
        Field::new("extension_months", Kind::Int, MONTHS).required().min(12).max(60),
        Field::new("limits", Kind::Object, "Higher limits."),
        Field::text("request_comment", 255, "Why."),
    ],
    events: &["marketplace_order_created", "marketplace_resource_update_requested"],
    run: |cx, input| Box::pin(renew(cx, input)),
};

/// Says what a later end would cost.
pub static ESTIMATE: Action = Action {
    name: "resource.estimate_renewal",
    about: "Say what a later end of a resource that is paid in advance would cost.",
    target: Target::Thing(&RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetLimits.id(), CONSUMER),
    from: &[],
    fields: &[
        Field::new("extension_months", Kind::Int, MONTHS).required().min(1).max(60),
        Field::new("limits", Kind::Object, "Higher limits."),
    ],
    events: &[],
    run: |cx, input| Box::pin(estimate(cx, input)),
};

/// What a renewal would be.
struct Renewal {
    months: i64,
    limits: Limits,
    old_end: Date,
    new_end: Date,
    parts: Vec<Part>,
}

async fn read(cx: &mut Cx<'_>, resource: &Resource, input: &Input) -> Result<Renewal> {
    let none = || Error::invalid("Nothing of this resource is paid in advance.");
    let plan = plan::store::load(cx.tx, resource.plan_id.ok_or_else(none)?).await?.ok_or_else(none)?;
    let parts: Vec<Part> = plan.parts.into_iter().filter(|part| part.component.is_prepaid).collect();
    if parts.is_empty() {
        return Err(none());
    }
    let mut limits = resource.limits.clone();
    for (kind, limit) in input.json("limits").map_or(Ok(Limits::new()), order_rules::read_limits)? {
        if limits.get(&kind).is_some_and(|before| limit < *before) {
            return Err(Error::field("limits", "A renewal can't lower limits."));
        }
        limits.insert(kind, limit);
    }
    let months = input.int("extension_months").unwrap_or(1);
    let old_end = resource.end_date.map_or(cx.today(), |end| end.max(cx.today()));
    let new_end = Date(old_end.0.saturating_add(jiff::Span::new().months(months)));
    Ok(Renewal { months, limits, old_end, new_end, parts })
}

/// What the months of a renewal cost, and what higher limits cost until the old end.
fn prices(renewal: &Renewal, resource: &Resource, today: Date) -> Result<(Amount, Amount)> {
    let once =
        |limits: &Limits, months| Ok::<_, Error>(plan::rules::create_cost(&renewal.parts, limits, Some(months))?.once);
    let subscription = once(&renewal.limits, renewal.months)?;
    if renewal.limits == resource.limits || renewal.old_end <= today {
        return Ok((subscription, Amount::ZERO));
    }
    let left = order_rules::months_between(today, renewal.old_end);
    let (new, old) = (once(&renewal.limits, left)?, once(&resource.limits, left)?);
    Ok((subscription, Amount(new.0 - old.0)))
}

async fn renew(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let renewal = read(cx, &resource, &input).await?;
    let (subscription, more) = prices(&renewal, &resource, cx.today())?;
    let total = subscription.plus(more).ok_or_else(|| Error::invalid("The price is too large."))?;
    let attributes = json!({
        "action": "renew",
        "extension_months": renewal.months,
        "old_limits": order_rules::limits_json(&resource.limits),
        "old_end_date": resource.end_date.map(|day| day.to_string()),
        "new_end_date": renewal.new_end.to_string(),
        "renewal_cost": total.fixed(10),
        "renewal_date": cx.now.to_string(),
    });
    let mut wish = consumer::wish(&resource, Type::Update, attributes);
    wish.limits = renewal.limits;
    let comment = input.text("request_comment").filter(|text| !text.is_empty());
    wish.more.extend(comment.map(|text| ("request_comment", Val::from(text))));
    wish.more.push(("cost", total.into()));
    Ok(place::place(cx, wish).await?.done())
}

async fn estimate(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let renewal = read(cx, &resource, &input).await?;
    let (subscription, more) = prices(&renewal, &resource, cx.today())?;
    let total = subscription.plus(more).ok_or_else(|| Error::invalid("The price is too large."))?;
    let left = renewal.old_end.0.since(cx.today().0).map_or(0, |span| i64::from(span.get_days()));
    let mut components: Vec<Value> = Vec::new();
    for part in &renewal.parts {
        let limit = |limits: &Limits| limits.get(&part.component.kind).copied().unwrap_or(0);
        let price = plan::rules::create_cost(std::slice::from_ref(part), &renewal.limits, Some(renewal.months))?.once;
        components.push(json!({
            "component_type": part.component.kind,
            "component_name": part.component.name,
            "billing_type": part.component.billing.text(),
            "billing_period": part.component.limit_period.map(|period| period.text()),
            "current_limit": limit(&resource.limits),
            "new_limit": limit(&renewal.limits),
            "unit_price": part.price.fixed(10),
            "measured_unit": part.component.measured_unit,
            "period_description": format!("{} months", renewal.months),
            "total": price.fixed(10),
        }));
    }
    Ok(Done::unchanged().answer(json!({
        "components": components,
        "subscription_total": subscription.fixed(10),
        "limit_change_total": more.fixed(10),
        "total": total.fixed(10),
        "remaining_days": left,
        "new_end_date": renewal.new_end.to_string(),
    })))
}
