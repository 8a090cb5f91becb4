//! What the provider's people and agents tell about a resource. Nothing here goes through an order.

use super::{UPDATED, locked, told};
use crate::{
    component,
    offering::{self, Offering},
    order::{self, place::PROVIDER, rules as order_rules, store as orders},
    resource::{
        State,
        rules::{self, Endpoint},
        store::{self, Resource},
        views::PROVIDER_RESOURCES,
    },
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input, Kind},
};
use stoa_tenancy::access::permissions::Permission;

/// The fields of changed options.
pub const OPTIONS: &[Field] = &[Field::new("options", Kind::Json, "Options by their keys.").nullable()];

/// Says that a resource is well.
pub static SET_OK: Action = Action {
    name: "resource.set_ok",
    about: "Say that a resource is well; what was said about errors is cleared.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetState.id(), PROVIDER),
    from: &[
        State::Ok.text(),
        State::Erred.text(),
        State::Creating.text(),
        State::Updating.text(),
        State::Terminating.text(),
    ],
    fields: &[],
    events: &["marketplace_resource_state_changed"],
    run: |cx, _| Box::pin(set_ok(cx)),
};

/// Says that a resource erred.
pub static SET_ERRED: Action = Action {
    name: "resource.set_erred",
    about: "Say that a resource is not well, and why.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetState.id(), PROVIDER),
    from: &[
        State::Ok.text(),
        State::Erred.text(),
        State::Creating.text(),
        State::Updating.text(),
        State::Terminating.text(),
    ],
    fields: &[
        Field::text("error_message", 10_000, "What went wrong."),
        Field::text("error_traceback", 100_000, "Details of what went wrong."),
    ],
    events: &["marketplace_resource_erred_on_backend"],
    run: |cx, input| Box::pin(set_erred(cx, input)),
};

/// Sets the provider's name for a resource.
pub static SET_BACKEND_ID: Action = Action {
    name: "resource.set_backend_id",
    about: "Set the provider's name for a resource, by the offering's rules for such names.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetBackendId.id(), PROVIDER),
    from: &[],
    fields: &[Field::text("backend_id", 255, "The provider's name for it.")],
    events: &[UPDATED],
    run: |cx, input| Box::pin(set_backend_id(cx, input)),
};

/// Sets what the provider says about a resource.
pub static SET_BACKEND_METADATA: Action = Action {
    name: "resource.set_backend_metadata",
    about: "Set what the provider says about a resource.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetBackendMetadata.id(), PROVIDER),
    from: &[],
    fields: &[Field::new("backend_metadata", Kind::Object, "What the provider says.").required()],
    events: &[UPDATED],
    run: |cx, input| Box::pin(set_backend_metadata(cx, input)),
};

/// Sets the name of a resource at the remote system.
pub static SET_EFFECTIVE_ID: Action = Action {
    name: "resource.set_effective_id",
    about: "Set the name of a resource at the remote system that serves it.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetBackendId.id(), PROVIDER),
    from: &[],
    fields: &[Field::text("effective_id", 255, "The remote name.")],
    events: &[UPDATED],
    run: |cx, input| Box::pin(set_effective_id(cx, input)),
};

/// Sets the addresses at which a resource is reached.
pub static SET_ENDPOINTS: Action = Action {
    name: "resource.set_endpoints",
    about: "Set the addresses at which a resource is reached.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetBackendMetadata.id(), PROVIDER),
    from: &[],
    fields: &[Field::new("endpoints", Kind::Json, "Names and addresses.").required()],
    events: &[UPDATED],
    run: |cx, input| Box::pin(set_endpoints(cx, input)),
};

/// Sets the limits that a resource has at its provider.
pub static SET_LIMITS: Action = Action {
    name: "resource.set_limits",
    about: "Say which limits a resource has at its provider, without an order.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetState.id(), PROVIDER),
    from: &[
        State::Ok.text(),
        State::Erred.text(),
        State::Creating.text(),
        State::Updating.text(),
        State::Terminating.text(),
    ],
    fields: &[Field::new("limits", Kind::Object, "Limits by type of component; those not sent stay.").required()],
    events: &["marketplace_resource_update_limits_succeeded"],
    run: |cx, input| Box::pin(set_limits(cx, input)),
};

/// Sets the last day of a resource for the provider.
pub static SET_END_DATE: Action = Action {
    name: "resource.set_end_date_by_provider",
    about: "Set the last day of a resource, a week ahead at least.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Any(&[Needs::Permission(Permission::ResourceSetEndDate.id(), PROVIDER), Needs::StaffOrSupport]),
    from: &[],
    fields: &[Field::new("end_date", Kind::Date, "Its last day.").nullable()],
    events: &["marketplace_resource_update_end_date_succeeded"],
    run: |cx, input| Box::pin(set_end_date(cx, input)),
};

/// Sets what people can choose from as scopes of memberships.
pub static SET_KEYCLOAK_SCOPES: Action = Action {
    name: "resource.set_keycloak_scopes",
    about: "Set the scopes that memberships of a resource can have, where its offering keeps them in Keycloak.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceUpdateOptions.id(), PROVIDER),
    from: &[],
    fields: &[Field::new("keycloak_available_scopes", Kind::Json, "The scopes.").required()],
    events: &[],
    // Memberships in Keycloak are a later capability: no offering has them switched on.
    run: |_, _| Box::pin(async { Err(Error::invalid("Keycloak integration is not enabled for this offering.")) }),
};

/// Says that the provider looks after a resource.
pub static REFRESH_LAST_SYNC: Action = Action {
    name: "resource.refresh_last_sync",
    about: "Say that the provider looks after a resource at this moment. Too frequent to go on record.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceSetState.id(), PROVIDER),
    from: &[],
    fields: &[],
    events: &[],
    run: |cx, _| Box::pin(refresh_last_sync(cx)),
};

/// Reports on a resource.
pub static SUBMIT_REPORT: Action = Action {
    name: "resource.submit_report",
    about: "Report on a resource in sections of a header and a body.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceSubmitReport.id(), PROVIDER),
    from: &[],
    fields: &[Field::new("report", Kind::Json, "The sections.").required()],
    events: &[UPDATED],
    run: |cx, input| Box::pin(submit_report(cx, input)),
};

/// Sets options for the provider.
pub static UPDATE_OPTIONS: Action = Action {
    name: "resource.update_options_direct",
    about: "Say which options a resource has at its provider, without an order.",
    target: Target::Thing(&PROVIDER_RESOURCES),
    needs: Needs::Permission(Permission::ResourceUpdateOptions.id(), PROVIDER),
    from: &[],
    fields: OPTIONS,
    events: &[UPDATED],
    run: |cx, input| Box::pin(update_options(cx, input)),
};

fn status(text: impl Into<String>) -> Value {
    json!({"status": text.into()})
}

/// Sets columns of a locked resource, if they differ, and tells about it.
async fn change(cx: &mut Cx<'_>, resource: &Resource, column: &'static str, value: Val, what: &str) -> Result<Done> {
    store::set(cx.tx, resource.id, cx.now, vec![(column, value)]).await?;
    let message = format!("Resource {} has been updated: {what}.", resource.name);
    let event = told(cx, resource, UPDATED, &message).await?;
    Ok(Done::event(event).answer(status(format!("Resource {column} has been changed."))))
}

async fn set_ok(cx: &mut Cx<'_>) -> Result<Done> {
    let resource = locked(cx).await?;
    let answer = status("Resource state has been set to OK.");
    let cleared = vec![("error_message", Val::from("")), ("error_traceback", "".into())];
    if resource.state == State::Ok {
        store::set(cx.tx, resource.id, cx.now, cleared).await?;
        return Ok(Done::unchanged().answer(answer));
    }
    let mut columns = vec![("state", Val::from(resource.state.to(State::Ok)?.text()))];
    columns.extend(cleared);
    store::set(cx.tx, resource.id, cx.now, columns).await?;
    let message = format!("Resource {} has been marked as OK.", resource.name);
    Ok(Done::event(told(cx, &resource, "marketplace_resource_state_changed", &message).await?).answer(answer))
}

async fn set_erred(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let sent = |name| input.text(name).unwrap_or_default().to_owned();
    let mut columns =
        vec![("error_message", Val::from(sent("error_message"))), ("error_traceback", sent("error_traceback").into())];
    if resource.state != State::Erred {
        columns.push(("state", resource.state.to(State::Erred)?.text().into()));
    }
    store::set(cx.tx, resource.id, cx.now, columns).await?;
    let message = format!("Resource {} has erred on backend.", resource.name);
    let event = told(cx, &resource, "marketplace_resource_erred_on_backend", &message).await?;
    Ok(Done::event(event.fact("error_message", sent("error_message"))))
}

async fn set_backend_id(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let backend_id = input.text("backend_id").unwrap_or_default();
    if backend_id == resource.backend_id {
        return Ok(Done::unchanged().answer(status("Resource backend_id is not changed.")));
    }
    let offering = offering::store::load(cx.tx, resource.offering_id).await?.ok_or(Error::NotFound)?;
    check_backend_id(cx, &resource, &offering, backend_id).await?;
    let what = format!("its name at the provider is {backend_id}");
    change(cx, &resource, "backend_id", backend_id.into(), &what).await
}

/// Checks a provider's name by the offering's rules of form and uniqueness. An empty name is always right.
async fn check_backend_id(cx: &mut Cx<'_>, resource: &Resource, offering: &Offering, backend_id: &str) -> Result<()> {
    if let Some(wrong) = rules::backend_id_error(&offering.backend_id_rules, backend_id) {
        return Err(Error::field("backend_id", wrong));
    }
    let Some(unique) = offering.backend_id_rules.get("uniqueness").filter(|rule| rule.is_object()) else {
        return Ok(());
    };
    if backend_id.is_empty() {
        return Ok(());
    }
    let scope = unique.get("scope").and_then(Value::as_str).unwrap_or("offering");
    let ended_too = unique.get("include_terminated").and_then(Value::as_bool).unwrap_or(true);
    store::lock_names(cx.tx, offering.customer_id).await?;
    let offerings = store::unique_within(cx.tx, offering.id, scope).await?;
    if store::has_backend_id(cx.tx, resource.id, backend_id, offerings, ended_too).await? {
        return Err(Error::field("backend_id", "Another resource has this backend ID already."));
    }
    Ok(())
}

async fn set_backend_metadata(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let sent = input.json("backend_metadata").cloned().unwrap_or_default();
    if store::backend_metadata(cx.tx, resource.id).await? == sent {
        return Ok(Done::unchanged().answer(status("Resource backend_metadata is not changed.")));
    }
    change(cx, &resource, "backend_metadata", sent.into(), "what the provider says about it").await
}

async fn set_effective_id(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let sent = input.text("effective_id").unwrap_or_default();
    change(cx, &resource, "effective_id", sent.into(), "its remote name").await
}

async fn set_endpoints(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let endpoints: Vec<Endpoint> = rules::read_endpoints(input.json("endpoints").unwrap_or(&Value::Null))?;
    let mut rows = Vec::new();
    for endpoint in endpoints {
        rows.push((cx.uuid(), endpoint));
    }
    store::set_endpoints(cx.tx, resource.id, rows).await?;
    let message = format!("Resource {} has been updated: its endpoints.", resource.name);
    let event = told(cx, &resource, UPDATED, &message).await?;
    Ok(Done::event(event).answer(status("Resource endpoints have been changed.")))
}

async fn set_limits(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let mut limits = resource.limits.clone();
    limits.extend(order_rules::read_limits(input.json("limits").unwrap_or(&Value::Null))?);
    let answer = status("Resource limits have been changed.");
    if limits == resource.limits {
        return Ok(Done::unchanged().answer(status("Resource limits are not changed.")));
    }
    let components = component::store::of_offering(cx.tx, resource.offering_id).await?;
    order_rules::check_limits(&components, &limits)?;
    // While a change of limits is on its way, the resource holds the greater of what it has and what it will have.
    let held = match orders::open_of(cx.tx, resource.id).await? {
        Some(open) if open.kind == order::Kind::Update => orders::greater(&limits, &open.limits),
        _ => limits.clone(),
    };
    orders::reserve(cx.tx, resource.id, &components, &held, cx.now).await?;
    let stored = order_rules::limits_json(&limits);
    store::set(cx.tx, resource.id, cx.now, vec![("limits", Val::from(&stored))]).await?;
    let old = order_rules::limits_json(&resource.limits);
    let message = format!("Limits of resource {} have been updated from {old} to {stored}.", resource.name);
    let event = told(cx, &resource, "marketplace_resource_update_limits_succeeded", &message).await?;
    let change = stoa_kernel::event::Change { field: "limits".into(), before: old, after: stored };
    Ok(Done::event(event.changes(vec![change])).answer(answer))
}

async fn set_end_date(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let end = input.date("end_date");
    if end.is_some_and(|end| end < cx.today().plus_days(7)) {
        return Err(Error::field("end_date", "Please set at least 7 days for end date."));
    }
    end_date(cx, &resource, end).await
}

/// Sets the last day of a locked resource.
pub async fn end_date(cx: &mut Cx<'_>, resource: &Resource, end: Option<stoa_kernel::Date>) -> Result<Done> {
    if end == resource.end_date {
        return Ok(Done::unchanged());
    }
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let columns = vec![
        ("end_date", Val::from(end)),
        ("end_date_requested_by", by.into()),
        ("end_date_updated_at", cx.now.into()),
    ];
    store::set(cx.tx, resource.id, cx.now, columns).await?;
    let shown = end.map_or_else(|| "none".to_owned(), |day| day.to_string());
    let message = format!("End date of resource {} has been updated to {shown}.", resource.name);
    Ok(Done::event(told(cx, resource, "marketplace_resource_update_end_date_succeeded", &message).await?))
}

async fn refresh_last_sync(cx: &mut Cx<'_>) -> Result<Done> {
    store::touch(cx.tx, cx.found.id, cx.now).await?;
    Ok(Done::unchanged())
}

async fn submit_report(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let report = rules::read_report(input.json("report").unwrap_or(&Value::Null))?;
    let mut done = change(cx, &resource, "report", report.into(), "its report").await?;
    done.answer = status("Report is submitted");
    Ok(done)
}

async fn update_options(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let resource = locked(cx).await?;
    let offering = offering::store::load(cx.tx, resource.offering_id).await?.ok_or(Error::NotFound)?;
    set_options(cx, &resource, &offering, &input).await
}

/// The options that were sent; only those of the offering's form for resources can be.
pub fn sent_options(offering: &Offering, input: &Input) -> Result<Value> {
    let sent = input.json("options").cloned().unwrap_or_else(|| json!({}));
    let Some(options) = sent.as_object() else {
        return Err(Error::field("options", "Expected a dictionary of items."));
    };
    let form = offering.resource_options.get("options").and_then(Value::as_object);
    if let Some(unknown) = options.keys().find(|key| form.is_none_or(|form| !form.contains_key(*key))) {
        return Err(Error::field("options", format!("{unknown}: This option can't be set.")));
    }
    // What is not sent stays, so nothing is required here.
    let form: serde_json::Map<String, Value> = form
        .into_iter()
        .flatten()
        .filter(|(key, _)| options.contains_key(*key))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    order_rules::check_attributes(&json!({"options": form}), &sent).map_err(|error| match error {
        Error::Invalid(invalid) => {
            Error::field("options", invalid.fields.into_values().flatten().collect::<Vec<_>>().join(" "))
        }
        other => other,
    })?;
    Ok(sent)
}

/// Sets options of a locked resource directly.
pub async fn set_options(cx: &mut Cx<'_>, resource: &Resource, offering: &Offering, input: &Input) -> Result<Done> {
    let sent = sent_options(offering, input)?;
    let mut options = resource.options.as_object().cloned().unwrap_or_default();
    options.extend(sent.as_object().cloned().unwrap_or_default());
    let options = Value::Object(options);
    if options == resource.options {
        return Ok(Done::unchanged().answer(status("Resource options are not changed.")));
    }
    let mut done = change(cx, resource, "options", options.into(), "its options").await?;
    done.answer = status("Resource options are submitted");
    Ok(done)
}
