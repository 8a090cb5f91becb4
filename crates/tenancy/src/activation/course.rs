//! What happens in an activation's course, by whatever hand: it starts, and it ends.

use super::{State, letters, store, store::Activation};
use crate::{
    activation_rule,
    eligibility::{
        course::{event, person},
        store::Eligibility,
    },
    grant::{
        actions::closed,
        behalf::{self, Loan},
        rules as teams, store as grants,
    },
};
use stoa_kernel::{
    Error, Result, Time,
    access::Stop,
    action::Cx,
    event::Event,
    id::{self, Uuid},
};

/// Why an activation is over whose time is over.
const TIME_IS_OVER: &str = "Its time was over";
/// Why an activation is over whose grant was closed elsewhere.
const TAKEN_AWAY: &str = "The role was taken away";
/// Why a request is over about which nobody decided.
const UNDECIDED: &str = "Nobody decided about it in time";

/// What the record says of an activation.
pub async fn told(cx: &mut Cx<'_>, kind: &'static str, activation: &Activation) -> Event {
    let of = &activation.of;
    let (who, role, scope) = (person(of), &of.role_name, &of.scope_name);
    let hours = activation.hours;
    let message = match kind {
        "activation_requested" => format!("User {who} asks to activate the role {role} in {scope} for {hours} hours."),
        "activation_approved" => format!("That user {who} activates the role {role} in {scope} has been approved."),
        "activation_rejected" => format!("That user {who} activates the role {role} in {scope} has been rejected."),
        "activation_cancelled" => format!("The wish of user {who} to activate the role {role} in {scope} is over."),
        "activation_started" => format!("User {who} has activated the role {role} in {scope} for {hours} hours."),
        _ => format!("The role {role} that user {who} had activated in {scope} has ended."),
    };
    let event = event(cx, kind, of, message).await;
    event
        .fact("activation_uuid", id::hex(&of.uuid))
        .fact("eligibility_uuid", id::hex(&activation.eligibility))
        .fact("hours", hours)
}

/// Starts an activation that waits or was just made: looks at everything as it is now, and gives the role until its end.
///
/// # Errors
/// Invalid or conflict, with the reason, for whatever stands against it; nothing is given then.
pub async fn start(cx: &mut Cx<'_>, activation: &mut Activation, held: &Eligibility) -> Result<Vec<Event>> {
    let state = activation.state.to(State::Active)?;
    let terms = activation_rule::store::terms(cx.tx, held.of.customer_id, held.of.role_id).await?.and(held.terms);
    terms.check(activation.hours, &activation.reason)?;
    if terms.second_factor && !activation.second_factor {
        return Err(Error::Conflict("It takes a sign-in with a second factor by now: ask again with one.".into()));
    }
    let by = held.by.ok_or_else(|| Error::invalid("The person who offered this role is no longer active."))?;
    let ends = cx.now.plus_seconds(activation.hours * 3_600);
    let ends = held.of.until.map_or(ends, |until| until.min(ends));
    let of = &held.of;
    let source = format!("{}{}", teams::ELIGIBILITY, id::hex(&of.uuid));
    let loan = Loan {
        by,
        scope: (&of.scope, of.scope_uuid),
        role: of.role_uuid,
        person: of.user_uuid,
        until: ends,
        source: &source,
    };
    let (grant, granted) = behalf::lend(cx, loan).await?;
    counts(cx, of.user_uuid, grant).await?;
    store::start(cx.tx, activation.id, state, grant, ends, cx.now).await?;
    (activation.state, activation.grant, activation.of.until) = (state, Some(grant), Some(ends));
    let started = told(cx, "activation_started", activation).await;
    let started = started.fact("ends", ends.to_string()).fact("reason", activation.reason.clone());
    Ok(vec![started, granted.fact("activation_uuid", id::hex(&activation.of.uuid))])
}

/// Whether a role that was just given lets its holder do anything: on something that has ended it would not.
async fn counts(cx: &mut Cx<'_>, user: Uuid, grant: Uuid) -> Result<()> {
    let actor = cx.core.actor_in(&mut *cx.tx, user, cx.now).await?.ok_or(Error::NotFound)?;
    let stop = actor.grants.iter().find(|held| held.uuid == grant).and_then(|held| held.stopped);
    match stop {
        Some(Stop::ScopeEnded | Stop::ScopeRemoved) => {
            Err(Error::invalid("What the role is on has ended, so the role would let nothing be done there."))
        }
        _ => Ok(()),
    }
}

/// Ends what waits or runs because of an eligibility.
pub async fn stop(cx: &mut Cx<'_>, eligibility: Uuid, by: Option<i64>, reason: &str) -> Result<Vec<Event>> {
    match store::unfinished(cx.tx, eligibility).await? {
        Some(activation) => end(cx, &activation, by, reason).await,
        None => Ok(Vec::new()),
    }
}

/// Notes the end of what waits or runs because of an eligibility, if it is over by now.
pub async fn note_end(cx: &mut Cx<'_>, eligibility: Uuid) -> Result<Vec<Event>> {
    let Some(activation) = store::unfinished(cx.tx, eligibility).await? else { return Ok(Vec::new()) };
    match is_over(cx, &activation).await? {
        Some(reason) => end(cx, &activation, None, reason).await,
        None => Ok(Vec::new()),
    }
}

/// Why an activation is over, if it is.
pub async fn is_over(cx: &mut Cx<'_>, activation: &Activation) -> Result<Option<&'static str>> {
    Ok(match (activation.state, activation.grant) {
        (State::Pending, _) => (activation.deadline <= cx.now).then_some(UNDECIDED),
        (State::Active, Some(grant)) => match grants::unrevoked(cx.tx, grant).await? {
            None if grants::has_expired(cx.tx, grant).await? => Some(TIME_IS_OVER),
            None => Some(TAKEN_AWAY),
            Some(open) => open.until.is_some_and(|until| until <= cx.now).then_some(TIME_IS_OVER),
        },
        _ => None,
    })
}

/// Ends an activation: closes its grant, and tells its holder unless he did it himself. One that waits is cancelled, or has
/// lapsed if nobody did that.
pub async fn end(cx: &mut Cx<'_>, activation: &Activation, by: Option<i64>, reason: &str) -> Result<Vec<Event>> {
    let next = match activation.state {
        State::Pending if reason == UNDECIDED => State::Lapsed,
        State::Pending => State::Cancelled,
        _ => State::Ended,
    };
    let state = activation.state.to(next)?;
    store::end(cx.tx, activation.id, state, by, reason, cx.now).await?;
    let kind = if activation.state == State::Pending { "activation_cancelled" } else { "activation_ended" };
    let mut events = vec![told(cx, kind, activation).await.fact("reason", reason)];
    if let Some(grant) = activation.grant {
        events.extend(close_grant(cx, grant, by, reason).await?);
    }
    if by != Some(activation.of.user_id) {
        letters::ended(cx, activation, reason).await?;
    }
    Ok(events)
}

async fn close_grant(cx: &mut Cx<'_>, grant: Uuid, by: Option<i64>, reason: &str) -> Result<Vec<Event>> {
    let Some(open) = grants::unrevoked(cx.tx, grant).await? else { return Ok(Vec::new()) };
    let over = |until: Time| until <= cx.now;
    let reason = if open.until.is_some_and(over) { grants::EXPIRED } else { reason };
    let recorded = grants::recorded(cx.tx, open.id).await?;
    if !grants::revoke(cx.tx, open.id, by, reason, cx.now).await? {
        return Ok(Vec::new());
    }
    closed(cx, &[recorded], reason).await
}
