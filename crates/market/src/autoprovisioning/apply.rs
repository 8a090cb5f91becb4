//! Doing what a rule means for a person. Only the program runs these: [`super::jobs`].

use super::{
    evaluate::{Outcome, Verdict, evaluate, ordered, outcome},
    store::{self, Rule},
    views::RULES,
};
use crate::{
    order::{
        Kind as Type, State,
        place::{self, Wish},
        store as orders,
    },
    plan,
};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::{Found, Needs, Role},
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Field, Input, Kind},
    id,
};
use stoa_tenancy::{
    grant::{behalf, direct, store as grants, store::Person},
    personal_project::{self, Place},
    project::views::PROJECTS,
};

/// What is noted of a grant that a rule made.
pub const SOURCE: &str = "autoprovisioning";

const USER: Field = Field::new("user", Kind::Uuid, "Identifier of the person.").required();

/// Gives a person the project and the roles of a rule that fits him.
pub static APPLY: Action = Action {
    name: "autoprovisioning_rule.apply",
    about: "Give a new person the project and the roles of a rule that fits.",
    target: Target::Thing(&RULES),
    needs: Needs::Staff,
    from: &[],
    fields: &[USER],
    events: &["autoprovisioning_rule_applied", "project_creation_succeeded", "role_granted", "role_updated"],
    run: |cx, input| Box::pin(apply(cx, input)),
};

/// Places the order of a rule that fits.
pub static ORDER: Action = Action {
    name: "autoprovisioning_rule.order",
    about: "Place the order of a rule for a new person, in the project that the rule gave him.",
    target: Target::Thing(&RULES),
    needs: Needs::Staff,
    from: &[],
    fields: &[USER, Field::new("project", Kind::Uuid, "Identifier of the project.").required()],
    events: &["marketplace_order_created", "marketplace_resource_create_requested"],
    run: |cx, input| Box::pin(order(cx, input)),
};

async fn loaded(cx: &mut Cx<'_>, input: &Input) -> Result<(Rule, Person)> {
    let rule = store::hold(cx.tx, cx.found.id).await?;
    let person = grants::person(&mut *cx.tx, input.uuid("user").unwrap_or_default()).await?;
    Ok((rule, person.ok_or(Error::NotFound)?))
}

async fn apply(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (rule, person) = loaded(cx, &input).await?;
    let verdict = evaluate(cx, &rule, person).await?;
    let Some(customer) = verdict.customer.clone().filter(|_| verdict.acts()) else { return Ok(Done::unchanged()) };
    let mut events = Vec::new();
    if let Some((role, Outcome::Given)) = &verdict.customer_role {
        events.extend(give(cx, customer.clone(), role, &verdict.person).await?);
    }
    let project = project(cx, &customer, &verdict, &mut events).await?;
    if let (Some(project), Some((role, _))) = (&project, &verdict.project_role) {
        // A project that was just made says nothing more about its people than its organization did.
        if outcome(cx, project.clone(), role, &verdict.person).await? == Outcome::Given {
            events.extend(give(cx, project.clone(), role, &verdict.person).await?);
        }
    }
    let orders = matches!(verdict.order, Some(Ok(())));
    let answer = json!({"project": project.as_ref().map(|found| id::hex(&found.uuid)), "orders": orders});
    if events.is_empty() {
        return Ok(Done::unchanged().answer(answer));
    }
    let message = format!("Rule {} has been applied to user {}.", rule.name, verdict.person.name());
    let main = Event::new("autoprovisioning_rule_applied", message)
        .fact("autoprovisioning_rule_uuid", id::hex(&rule.uuid))
        .fact("affected_user_uuid", id::hex(&verdict.person.uuid))
        .fact("affected_user_username", verdict.person.username.clone())
        .fact("customer_uuid", id::hex(&customer.uuid))
        .feed("customer", customer.id)
        .feed("user", verdict.person.id);
    let mut done = Done::event(main);
    done.events.extend(events);
    Ok(done.answer(answer))
}

/// The project, made if it is not there.
async fn project(
    cx: &mut Cx<'_>,
    customer: &Found,
    verdict: &Verdict,
    events: &mut Vec<Event>,
) -> Result<Option<Found>> {
    match &verdict.project {
        None => Ok(None),
        Some(Place::Existing(uuid)) => behalf::scope(cx, "project", *uuid).await,
        Some(Place::New(name)) => {
            let owner = verdict.personal.then_some(verdict.person.id);
            let maker = cx.actor;
            let (found, made) = personal_project::make(cx, maker, customer, (name, ""), owner).await?;
            events.extend(made);
            Ok(Some(found))
        }
    }
}

async fn give(cx: &mut Cx<'_>, scope: Found, role: &Role, person: &Person) -> Result<Option<Event>> {
    let given = direct::give(cx, scope, role.clone(), person.clone(), SOURCE).await?;
    Ok(given.event)
}

async fn order(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (rule, person) = loaded(cx, &input).await?;
    let project = cx.find(&PROJECTS, input.uuid("project").unwrap_or_default()).await?.ok_or(Error::NotFound)?;
    let (Some(plan_id), Some(Ok(()))) = (rule.plan_id, ordered(cx, &rule, &person, Some(project.id)).await?) else {
        return Ok(Done::unchanged());
    };
    let plan = plan::store::load(cx.tx, plan_id).await?.ok_or(Error::NotFound)?;
    let wish = Wish {
        kind: Type::Create,
        project_id: project.id,
        offering_id: plan.offering_id,
        plan_id: Some(plan_id),
        limits: rule.limits,
        attributes: rule.attributes,
        resource: None,
        more: vec![("created_by", Val::Int(person.id))],
        start_date: None,
    };
    let placed = place::place(cx, wish).await?;
    // Staff have approved it for both sides by writing the rule.
    let (order, _) = orders::lock(cx.tx, placed.id).await?;
    if order.state != State::Executing {
        let columns = vec![("state", Val::from(order.state.to(State::Executing)?.text()))];
        orders::set(cx.tx, order.id, cx.now, columns).await?;
    }
    Ok(placed.done())
}
