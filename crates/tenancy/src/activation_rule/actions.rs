//! Making, changing and removing rules for activations.

use super::{
    rules::{MOST_HOURS, MOST_REASON},
    store,
    views::{ACTIVATION_RULES, MANAGE},
};
use crate::{access::permissions::Permission::CustomerCreatePermission, customer, customer::views::CUSTOMERS, role};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Field, Input, Kind},
    id, record,
};

const ROLE: Field = Field::text("role", 255, "Name or identifier of the role; every role if left out.").nullable();
const HOURS: Field = Field::new("max_hours", Kind::Int, "For how many hours at most; null for no further limit.")
    .min(1)
    .max(MOST_HOURS)
    .nullable()
    .stored();
const APPROVAL: Field = Field::new("needs_approval", Kind::Bool, "Whether somebody else must approve.").stored();
const FACTOR: Field =
    Field::new("needs_second_factor", Kind::Bool, "Whether it takes a sign-in with a second factor.").stored();
const REASON: Field = Field::new("min_reason", Kind::Int, "How many characters the reason has at least.")
    .min(1)
    .max(MOST_REASON)
    .stored();

const FIELDS: &[Field] = &[HOURS, APPROVAL, FACTOR, REASON];
const FIELDS_FOR_ALL: &[Field] = &[ROLE, HOURS, APPROVAL, FACTOR, REASON];
const FIELDS_IN: &[Field] = &[
    Field::new("customer", Kind::Link("customer"), "Address of the organization.").required(),
    ROLE,
    HOURS,
    APPROVAL,
    FACTOR,
    REASON,
];

/// Makes a rule of an organization.
pub static CREATE: Action = Action {
    name: "activation_rule.create",
    about: "Say what an organization asks of the activation of roles in it.",
    target: Target::Parent("customer", &CUSTOMERS),
    needs: Needs::Permission(CustomerCreatePermission.id(), &["itself"]),
    from: &[],
    fields: FIELDS_IN,
    events: &["activation_rule_created"],
    run: |cx, input| Box::pin(create_in(cx, input)),
};

/// Makes a rule of the installation.
pub static CREATE_FOR_ALL: Action = Action {
    name: "activation_rule.create_for_all",
    about: "Say what the installation asks of the activation of roles anywhere.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS_FOR_ALL,
    events: &["activation_rule_created"],
    run: |cx, input| Box::pin(create(cx, input, FIELDS_FOR_ALL, store::ALL)),
};

/// Changes a rule.
pub static UPDATE: Action = Action {
    name: "activation_rule.update",
    about: "Change what is asked of the activation of roles. What runs already is not touched.",
    target: Target::Thing(&ACTIVATION_RULES),
    needs: MANAGE,
    from: &[],
    fields: FIELDS,
    events: &["activation_rule_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a rule.
pub static DELETE: Action = Action {
    name: "activation_rule.delete",
    about: "Remove what is asked of the activation of roles.",
    target: Target::Thing(&ACTIVATION_RULES),
    needs: MANAGE,
    from: &[],
    fields: &[],
    events: &["activation_rule_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn create_in(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let customer = cx.found.id;
    customer::store::require_open(cx.tx, customer).await?;
    input.drop("customer");
    create(cx, input, FIELDS_IN, customer).await
}

async fn create(cx: &mut Cx<'_>, input: Input, fields: &'static [Field], customer: i64) -> Result<Done> {
    let role = match input.text("role").filter(|name| !name.is_empty()) {
        Some(name) => {
            let found = role::store::known(cx.tx, cx.actor, name).await?;
            found.ok_or_else(|| Error::field("role", "Role is not found."))?.id
        }
        None => store::ALL,
    };
    let uuid = cx.uuid();
    let columns = vec![
        ("uuid", uuid.into()),
        ("customer_id", customer.into()),
        ("role_id", role.into()),
        ("created", cx.now.into()),
        ("created_by", (cx.actor.id != 0).then_some(cx.actor.id).into()),
    ];
    let twice = |error: Error| error.on_duplicate(store::KEY, "role", "There is such a rule already.");
    let id = record::insert(cx.tx, store::TABLE, fields, &input, columns).await.map_err(twice)?;
    let event = event(cx, "activation_rule_created", "made", id, uuid, Vec::new()).await?;
    Ok(Done::event(event).made("activation_rule", id, uuid))
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, Vec::new()).await?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    Ok(Done::event(event(cx, "activation_rule_updated", "changed", id, uuid, changes).await?))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    let event = event(cx, "activation_rule_deleted", "removed", id, uuid, Vec::new()).await?;
    store::delete(cx.tx, id).await?;
    Ok(Done::event(event))
}

async fn event(
    cx: &mut Cx<'_>,
    kind: &'static str,
    done: &str,
    rule: i64,
    uuid: id::Uuid,
    changes: Vec<Change>,
) -> Result<Event> {
    let (customer, role) = store::about(cx.tx, rule).await?;
    let whose = if role.is_empty() { "every role".to_owned() } else { format!("the role {role}") };
    let mut message = format!("The rule for activations of {whose} has been {done}.");
    if !changes.is_empty() {
        message.push(' ');
        message.push_str(&record::describe(&changes));
    }
    let event = Event::new(kind, message).fact("activation_rule_uuid", id::hex(&uuid)).fact("role_name", role);
    if customer == store::ALL {
        return Ok(event.changes(changes));
    }
    let facts = customer::store::facts(cx.tx, customer).await?;
    Ok(event.facts(facts).feed("customer", customer).changes(changes))
}
