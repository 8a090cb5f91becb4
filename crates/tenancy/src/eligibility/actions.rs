//! Making somebody eligible for a role, changing that, and taking it back.

use super::{
    State, course,
    store::{self, Eligibility},
    views::ELIGIBILITIES,
};
use crate::{
    activation,
    activation_rule::rules::{MOST_HOURS, Terms},
    grant::{
        direct,
        rules::{self as teams, Team},
        store::{self as grants, Recorded},
        views::{RESTORE as GIVE, REVOKE as TAKE},
    },
    role,
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Time,
    access::{Decision, Found, Needs},
    action::{Action, Cx, Done, Target},
    error::Invalid,
    event::Change,
    field::{Field, Input, Kind},
    id,
};

/// For how many hours a role can be activated where nothing is said.
const HOURS_UNSAID: i64 = 8;

const HOURS: Field = Field::new("max_hours", Kind::Int, "For how many hours at most it is activated; 8 if not said.")
    .min(1)
    .max(MOST_HOURS);
const APPROVAL: Field = Field::new("needs_approval", Kind::Bool, "Whether somebody else must approve.");
const FACTOR: Field = Field::new("needs_second_factor", Kind::Bool, "Whether it takes a sign-in with a second factor.");
const UNTIL: Field =
    Field::new("expiration_time", Kind::Time, "When the eligibility ends by itself; null for never.").nullable();

const OPEN: &[&str] = &[State::Open.text()];

/// Makes somebody eligible for a role. What it takes depends on the scope, so it is decided on that, by the same decision.
pub static CREATE: Action = Action {
    name: "eligibility.create",
    about: "Make somebody eligible for a role: he may activate it for hours. Takes what giving the role takes.",
    target: Target::Nothing,
    needs: Needs::AnySignedIn,
    from: &[],
    fields: &[
        Field::text("scope", 2000, "Address of the thing on which the role is, or KIND:IDENTIFIER.").required(),
        Field::text("role", 255, "Name or identifier of the role.").required(),
        Field::new("user", Kind::Uuid, "Identifier of the person.").required(),
        HOURS,
        APPROVAL,
        FACTOR,
        UNTIL,
    ],
    events: &["eligibility_granted"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes an eligibility.
pub static UPDATE: Action = Action {
    name: "eligibility.update",
    about: "Change for how long and how a role can be activated. Whoever changes it gives it from then on.",
    target: Target::Thing(&ELIGIBILITIES),
    needs: GIVE,
    from: OPEN,
    fields: &[HOURS, APPROVAL, FACTOR, UNTIL],
    events: &["eligibility_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Takes an eligibility back.
pub static REVOKE: Action = Action {
    name: "eligibility.revoke",
    about: "Take an eligibility back. What was activated with it ends at once.",
    target: Target::Thing(&ELIGIBILITIES),
    needs: TAKE,
    from: OPEN,
    fields: &[Field::text("reason", 255, "Why.")],
    events: course::ENDS,
    run: |cx, input| Box::pin(revoke(cx, input)),
};

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (scope, team) = scope(cx, input.text("scope").unwrap_or_default()).await?;
    cx.decide(&Needs::Permission(team.create.id(), team.places), &scope).required()?;
    let mut invalid = Invalid::default();
    let role = role::store::known(cx.tx, cx.actor, input.text("role").unwrap_or_default()).await?;
    if role.is_none() {
        invalid.add("role", "Role is not found.");
    }
    let person = grants::person(&mut *cx.tx, input.uuid("user").unwrap_or_default()).await?;
    if person.as_ref().is_none_or(|person| !person.is_active) {
        invalid.add("user", "User is not found or not active.");
    }
    let until = input.time("expiration_time");
    if until.is_some_and(|until| until <= cx.now) {
        invalid.add("expiration_time", "Expiration time should be greater than current time.");
    }
    invalid.done()?;
    let (role, person) = (role.ok_or(Error::NotFound)?, person.ok_or(Error::NotFound)?);
    direct::may_give(cx, scope.clone(), role.clone(), person.clone()).await?;
    let of = Recorded {
        uuid: cx.uuid(),
        user_id: person.id,
        user_uuid: person.uuid,
        username: person.username,
        full_name: person.full_name,
        role_id: role.id,
        role_name: role.name,
        role_uuid: role.uuid,
        scope: team.scope.to_owned(),
        scope_id: scope.id,
        scope_uuid: scope.uuid,
        scope_name: scope.name.clone(),
        customer_id: scope.at(team.owner).ok_or_else(|| Error::broken("a scope without an organization"))?,
        until,
    };
    let terms = terms(&input, Terms { max_hours: HOURS_UNSAID, ..Terms::default() });
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let twice =
        |error: Error| error.on_duplicate(store::KEY, "", "User is eligible for this role in this scope already.");
    let id = store::insert(cx.tx, &of, terms, by, cx.now).await.map_err(twice)?;
    let message = format!("User {} may activate the role {} in {}.", course::person(&of), of.role_name, of.scope_name);
    let event = course::event(cx, "eligibility_granted", &of, message).await;
    let event = event.fact("eligibility_uuid", id::hex(&of.uuid)).fact("max_hours", terms.max_hours);
    Ok(Done::event(event).made("eligibility", id, of.uuid))
}

/// The scope that an address, an identifier or `KIND:IDENTIFIER` names, as far as the caller sees it.
async fn scope(cx: &mut Cx<'_>, text: &str) -> Result<(Found, &'static Team)> {
    let missing = || Error::field("scope", "Invalid hyperlink - Object does not exist.");
    let kind = text.split_once(':').and_then(|(kind, _)| teams::scope_of(kind));
    let last = text.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').rsplit(['/', ':']).next();
    let uuid = last.and_then(id::parse).ok_or_else(missing)?;
    for team in teams::TEAMS.iter().filter(|team| kind.is_none_or(|kind| kind == team.scope)) {
        let Some(view) = cx.core.view_of(team.scope) else { continue };
        if let Some(found) = cx.visible(view, uuid).await? {
            return Ok((found, team));
        }
    }
    Err(missing())
}

/// What an input says of the terms.
fn terms(input: &Input, known: Terms) -> Terms {
    Terms {
        max_hours: input.int("max_hours").unwrap_or(known.max_hours),
        approval: input.bool("needs_approval").unwrap_or(known.approval),
        second_factor: input.bool("needs_second_factor").unwrap_or(known.second_factor),
        ..known
    }
}

/// The open eligibility that an action is about.
async fn held(cx: &mut Cx<'_>) -> Result<Eligibility> {
    let held = store::hold(cx.tx, cx.found.uuid, cx.now).await?;
    held.ok_or_else(|| Error::Conflict("The eligibility is over.".into()))
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let held = held(cx).await?;
    // Who holds the role for some hours could otherwise let himself hold it for more.
    if held.of.user_id == cx.actor.id {
        Decision::rule("Nobody changes what lets himself activate a role.").required()?;
    }
    let terms = terms(&input, held.terms);
    let until = if input.has("expiration_time") { input.time("expiration_time") } else { held.of.until };
    let changes = changes(&held, terms, until);
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    if until.is_some_and(|until| until <= cx.now) {
        return Err(Error::field("expiration_time", "Expiration time should be greater than current time."));
    }
    if let Some(ends) = activation::store::runs_until(cx.tx, held.of.uuid).await?
        && until.is_some_and(|until| until < ends)
    {
        let text = format!("It is activated until {ends}. End that first, or choose a later time.");
        return Err(Error::field("expiration_time", text));
    }
    // To change it is to give it anew.
    let scope = course::scope(cx, &held.of).await?.ok_or(Error::NotFound)?;
    let role = role::store::by_id(cx.tx, held.of.role_id).await?;
    let person = grants::person_by_id(&mut *cx.tx, held.of.user_id).await?.ok_or(Error::NotFound)?;
    direct::may_give(cx, scope, role, person).await?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let id = store::change(cx.tx, &held, until, terms, by, cx.now).await?;
    let of = &held.of;
    let message = format!(
        "What lets user {} activate the role {} in {} has been changed.",
        course::person(of),
        of.role_name,
        of.scope_name
    );
    let event = course::event(cx, "eligibility_updated", of, message).await;
    let event = event.fact("eligibility_uuid", id::hex(&of.uuid)).changes(changes);
    Ok(Done::event(event).made("eligibility", id, of.uuid))
}

fn changes(held: &Eligibility, terms: Terms, until: Option<Time>) -> Vec<Change> {
    let end = |until: Option<Time>| until.map_or(Value::Null, |until| until.to_string().into());
    let (was, is) = (held.terms, terms);
    let all = [
        ("max_hours", json!(was.max_hours), json!(is.max_hours)),
        ("needs_approval", json!(was.approval), json!(is.approval)),
        ("needs_second_factor", json!(was.second_factor), json!(is.second_factor)),
        ("expiration_time", end(held.of.until), end(until)),
    ];
    let changed = all.into_iter().filter(|(_, before, after)| before != after);
    changed.map(|(field, before, after)| Change { field: field.into(), before, after }).collect()
}

async fn revoke(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let held = held(cx).await?;
    let reason = input.text("reason").filter(|text| !text.is_empty()).unwrap_or("Manual revocation");
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let events = course::close(cx, &held, by, reason).await?;
    Ok(Done { events, ..Done::default() })
}
