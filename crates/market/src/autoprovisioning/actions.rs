//! What staff do with rules: make, change, remove, and ask what they would do for somebody.

use super::{
    evaluate::evaluate,
    store::{self, Rule},
    views::RULES,
};
use crate::{offering, order::rules::read_limits, plan};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::{Needs, Role},
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Check, Field, Input, Kind, Mode},
    id::{self, Uuid},
    record,
};
use stoa_tenancy::{customer::rules::check_patterns, grant::store as grants, personal_project::rules::problem, role};

#[rustfmt::skip]
const FIELDS: &[Field] = &[
    Field::text("name", 150, "Name.").required().check(Check::Visible).stored(),
    Field::new("user_affiliations", Kind::Texts, "Affiliations that it fits; one is enough.").stored(),
    Field::new("user_email_patterns", Kind::Texts, "Patterns of addresses that it fits, from their start; one is enough.")
        .stored(),
    Field::new("user_identity_sources", Kind::Texts, "Identity providers whose people it fits; one is enough.").stored(),
    Field::new("user_nationalities", Kind::Texts, "Nationalities; where set, one must fit too.").stored(),
    Field::new("user_organization_types", Kind::Texts, "Types of organizations; where set, one must fit too.").stored(),
    Field::new("user_assurance_levels", Kind::Texts, "Levels of assurance; where set, all must be there too.").stored(),
    Field::new("user_claims", Kind::Object, "Other claims; can't be used."),
    Field::new("customer", Kind::Link("customer"), "The organization.").nullable().stored_in("customer_id"),
    Field::new("use_user_organization_as_customer_name", Kind::Bool,
        "Take the one organization that is called like the person's, if where he signs in says which that is.").stored(),
    Field::new("create_project", Kind::Bool, "Whether the person gets a project.").stored(),
    Field::text("project_name_template", 255,
        "Name of the project; `{username}`, `{email}` and `{full_name}` stand for the person.").nullable()
        .check(Check::By(problem)).stored(),
    Field::new("revoke_when_unmatched", Kind::Bool, "End roles when the rule fits no longer; can't be used."),
    Field::new("project_role", Kind::Link("role"), "The role in the project.").nullable(),
    Field::text("project_role_name", 150, "The same by its name.").nullable().not_blank(),
    Field::new("customer_role", Kind::Link("role"), "The role in the organization.").nullable(),
    Field::text("customer_role_name", 150, "The same by its name.").nullable().not_blank(),
    Field::new("plan", Kind::Link("plan"), "The plan that is ordered.").nullable().stored_in("plan_id"),
    Field::new("plan_attributes", Kind::Object, "What the form of the order says.").stored(),
    Field::new("plan_limits", Kind::Object, "The limits of the order.").stored(),
];

/// Makes a rule.
pub static CREATE: Action = Action {
    name: "autoprovisioning_rule.create",
    about: "Make a rule that gives new people a role, a project and an order.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["autoprovisioning_rule_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a rule.
pub static UPDATE: Action = Action {
    name: "autoprovisioning_rule.update",
    about: "Change a rule; what it gave stays.",
    target: Target::Thing(&RULES),
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["autoprovisioning_rule_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a rule.
pub static DELETE: Action = Action {
    name: "autoprovisioning_rule.delete",
    about: "Remove a rule; what it gave stays.",
    target: Target::Thing(&RULES),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["autoprovisioning_rule_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// Says what every rule would do for a person now.
pub static DRY_RUN: Action = Action {
    name: "autoprovisioning_rule.dry_run",
    about: "Say what every rule would do for a person now, and why; nothing is changed.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::new("user", Kind::Link("user"), "The person.").required()],
    events: &[],
    run: |cx, _| Box::pin(dry_run(cx)),
};

/// Says whether a rule fits a person.
pub static TEST_MATCH: Action = Action {
    name: "autoprovisioning_rule.test_match",
    about: "Say whether a rule fits a person, and what it would do; nothing is changed.",
    target: Target::Thing(&RULES),
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::new("user_uuid", Kind::Uuid, "Identifier of the person.").required()],
    events: &[],
    run: |cx, input| Box::pin(test_match(cx, input)),
};

/// A role that an input names by its address or by its name: `None` if it says nothing, `Some(None)` for none.
async fn role_in(
    cx: &mut Cx<'_>,
    input: &Input,
    (link, name): (&'static str, &'static str),
    scope: &str,
) -> Result<Option<Option<Role>>> {
    let linked = cx.link(link).map(|found| found.uuid);
    let text = match (linked, input.text(name)) {
        (Some(_), Some(_)) => {
            return Err(Error::field(link, format!("Only one of {link} and {name} can be set.")));
        }
        (Some(uuid), None) => id::hex(&uuid),
        (None, Some(text)) => text.to_owned(),
        (None, None) => return Ok((input.has(link) || input.has(name)).then_some(None)),
    };
    let field = if linked.is_some() { link } else { name };
    let role = role::store::named(cx.tx, &text).await?.ok_or_else(|| Error::field(field, "Role is not found."))?;
    if role.scope != scope {
        return Err(Error::field(field, format!("The role should be a role of a {scope}.")));
    }
    Ok(Some(Some(role)))
}

/// The roles of an input, by column: only those of which it says something.
async fn roles(cx: &mut Cx<'_>, input: &Input) -> Result<Vec<(&'static str, Option<Role>)>> {
    let mut found = Vec::new();
    let project = role_in(cx, input, ("project_role", "project_role_name"), "project").await?;
    found.extend(project.map(|role| ("project_role_id", role)));
    let customer = role_in(cx, input, ("customer_role", "customer_role_name"), "customer").await?;
    found.extend(customer.map(|role| ("customer_role_id", role)));
    Ok(found)
}

/// Checks a rule as it will be.
async fn check(
    cx: &mut Cx<'_>,
    input: &Input,
    before: Option<&Rule>,
    roles: &[(&'static str, Option<Role>)],
) -> Result<()> {
    if let Some(wrong) = input.json("user_email_patterns").and_then(check_patterns) {
        return Err(Error::field("user_email_patterns", wrong));
    }
    // Leaving a condition out of account would let in whom the rule does not mean.
    if input.json("user_claims").is_some_and(|claims| claims != &json!({})) {
        return Err(Error::field("user_claims", "Rules don't look at other claims; use affiliations."));
    }
    if input.bool("revoke_when_unmatched") == Some(true) {
        return Err(Error::field("revoke_when_unmatched", "Roles that a rule gave are not taken away by it."));
    }
    let customer = if input.has("customer") { input.int("customer") } else { before.and_then(|rule| rule.customer_id) };
    let by_name = input.bool("use_user_organization_as_customer_name");
    let by_name = by_name.unwrap_or(before.is_some_and(|rule| rule.by_organization));
    match (customer, by_name) {
        (None, false) => return Err(Error::field("customer", "Either an organization or the user's own is needed.")),
        (Some(_), true) => {
            return Err(Error::field("customer", "Only one of an organization and the user's own can be set."));
        }
        _ => {}
    }
    let creates = input.bool("create_project").unwrap_or(before.is_none_or(|rule| rule.create_project));
    let role = |column: &str, before: Option<i64>| {
        let sent = roles.iter().find(|(known, _)| *known == column);
        sent.map_or(before.is_some(), |(_, role)| role.is_some())
    };
    if creates && !role("project_role_id", before.and_then(|rule| rule.project_role_id)) {
        return Err(Error::field("project_role", "Either project_role or project_role_name is needed."));
    }
    if !creates && !role("customer_role_id", before.and_then(|rule| rule.customer_role_id)) {
        return Err(Error::field("customer_role", "A rule without a project needs a role in the organization."));
    }
    if let Some(limits) = input.json("plan_limits") {
        read_limits(limits).map_err(|error| match error {
            Error::Invalid(invalid) => {
                Error::field("plan_limits", invalid.fields.into_values().flatten().collect::<Vec<_>>().join(" "))
            }
            other => other,
        })?;
    }
    if let Some(plan) = input.int("plan") {
        let plan = plan::store::load(cx.tx, plan).await?.ok_or(Error::NotFound)?;
        let offering = offering::store::load(cx.tx, plan.offering_id).await?.ok_or(Error::NotFound)?;
        if !offering.state.sells() {
            return Err(Error::field("plan", "The offering of the plan is not active."));
        }
        if !creates {
            return Err(Error::field("plan", "A rule without a project orders nothing."));
        }
    }
    Ok(())
}

fn event(kind: &'static str, uuid: Uuid, name: &str, done: &str) -> Event {
    Event::new(kind, format!("Rule {name} for new people has been {done}."))
        .fact("autoprovisioning_rule_uuid", id::hex(&uuid))
        .fact("autoprovisioning_rule_name", name)
}

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let roles = roles(cx, &input).await?;
    check(cx, &input, None, &roles).await?;
    let uuid = cx.uuid();
    let mut more = vec![("uuid", Val::Uuid(uuid)), ("created", cx.now.into())];
    more.extend(roles.iter().map(|(column, role)| (*column, Val::from(role.as_ref().map(|role| role.id)))));
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await?;
    let name = input.text("name").unwrap_or_default();
    Ok(Done::event(event("autoprovisioning_rule_created", uuid, name, "created")).made(
        "autoprovisioning_rule",
        id,
        uuid,
    ))
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let before = store::hold(cx.tx, cx.found.id).await?;
    let mut roles = roles(cx, &input).await?;
    // A whole that says nothing of a role leaves it; what is sent as null takes it away.
    if cx.mode == Mode::Whole {
        roles.retain(|(column, role)| *column != "project_role_id" || role.is_some() || !before.create_project);
    }
    check(cx, &input, Some(&before), &roles).await?;
    let mut changes = record::update(cx, store::TABLE, before.id, FIELDS, &input, vec![]).await?;
    for (column, role) in &roles {
        let (held, field) = match *column {
            "project_role_id" => (before.project_role_id, "project_role"),
            _ => (before.customer_role_id, "customer_role"),
        };
        let wanted = role.as_ref().map(|role| role.id);
        if held != wanted {
            record::set(cx.tx, store::TABLE, before.id, vec![(*column, wanted.into())]).await?;
            let (was, is) =
                (held.map_or(Value::Null, |_| "(another)".into()), role.as_ref().map(|role| role.name.clone()));
            changes.push(Change { field: field.into(), before: was, after: is.into() });
        }
    }
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let mut event = event("autoprovisioning_rule_updated", before.uuid, &before.name, "updated");
    event.message = format!("{} {}", event.message, record::describe(&changes));
    Ok(Done::event(event.changes(changes)))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let rule = store::hold(cx.tx, cx.found.id).await?;
    store::delete(cx.tx, rule.id).await?;
    Ok(Done::event(event("autoprovisioning_rule_deleted", rule.uuid, &rule.name, "deleted")))
}

async fn dry_run(cx: &mut Cx<'_>) -> Result<Done> {
    let uuid = cx.link("user").map(|found| found.uuid).unwrap_or_default();
    let mut answers = Vec::new();
    for rule in store::all(&mut *cx.tx).await? {
        let person = grants::person(&mut *cx.tx, uuid).await?.ok_or(Error::NotFound)?;
        answers.push(evaluate(cx, &rule, person).await?.shown(&rule));
    }
    Ok(Done::unchanged().answer(Value::Array(answers)))
}

async fn test_match(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let rule = store::hold(cx.tx, cx.found.id).await?;
    let person = grants::person(&mut *cx.tx, input.uuid("user_uuid").unwrap_or_default()).await?;
    let person = person.ok_or_else(|| Error::field("user_uuid", "User is not found."))?;
    let verdict = evaluate(cx, &rule, person).await?;
    let candidate = |one: &store::Candidate| json!({"uuid": id::hex(&one.uuid), "name": one.name, "abbreviation": one.abbreviation, "url": id::hex(&one.uuid)});
    Ok(Done::unchanged().answer(json!({
        "would_provision": verdict.acts(),
        "block_reason": verdict.reason(),
        "user_username": verdict.person.username,
        "user_email": verdict.details.known.email,
        "user_organization": verdict.details.organization,
        "user_registration_method": verdict.details.registration_method,
        "user_identity_source": verdict.details.known.identity_source,
        "user_affiliations": verdict.details.known.affiliations,
        "user_claims": {},
        "unconfigured_claims": [],
        "user_is_protected": verdict.protected,
        "filter_results": verdict.checks.iter().map(super::rules::Check::shown).collect::<Vec<_>>(),
        "customer_lookup_performed": rule.by_organization && verdict.matched,
        "customer_candidates": verdict.candidates.iter().map(candidate).collect::<Vec<_>>(),
        "customer_lookup_ambiguous": verdict.candidates.len() > 1,
        "resolved_project_name": verdict.project_name,
        "project_action": verdict.project_action().filter(|_| verdict.acts()),
    })))
}
