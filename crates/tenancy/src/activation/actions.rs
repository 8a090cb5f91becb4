//! Activating a role, deciding about that, and ending it.

use super::{
    State, WAITS_SECONDS, course, letters, store,
    store::Activation,
    views::{ACTIVATIONS, DECIDE, END},
};
use crate::{
    activation_rule::{
        self,
        rules::{MOST_HOURS, MOST_REASON},
    },
    eligibility::{self, store::Eligibility, views::ELIGIBILITIES},
    grant::{direct, store as grants, store::Recorded},
    role,
};
use stoa_kernel::{
    Error, Result,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    field::{Check, Field, Input, Kind},
};

const PENDING: &[&str] = &[State::Pending.text()];

/// Activates a role.
pub static ACTIVATE: Action = Action {
    name: "eligibility.activate",
    about: "Activate a role for some hours. Where it takes approval, it waits for that for a day.",
    target: Target::Thing(&ELIGIBILITIES),
    needs: Needs::InPerson(&Needs::Own),
    from: &[eligibility::State::Open.text()],
    fields: &[
        Field::new("hours", Kind::Int, "For how many hours.").min(1).max(MOST_HOURS).required(),
        Field::text("reason", MOST_REASON, "Why.").required().check(Check::Visible),
    ],
    events: &[
        "activation_requested",
        "activation_started",
        "role_granted",
        "activation_cancelled",
        "activation_ended",
        "role_revoked",
    ],
    run: |cx, input| Box::pin(activate(cx, input)),
};

/// Approves an activation, which starts at once.
pub static APPROVE: Action = Action {
    name: "activation.approve",
    about: "Approve that somebody else activates a role, which starts at once. Takes what giving him the role takes.",
    target: Target::Thing(&ACTIVATIONS),
    needs: DECIDE,
    from: PENDING,
    fields: &[Field::text("comment", 1000, "What is to be said about it.")],
    events: &["activation_approved", "activation_started", "role_granted"],
    run: |cx, input| Box::pin(approve(cx, input)),
};

/// Rejects an activation.
pub static REJECT: Action = Action {
    name: "activation.reject",
    about: "Reject that somebody else activates a role.",
    target: Target::Thing(&ACTIVATIONS),
    needs: DECIDE,
    from: PENDING,
    fields: &[Field::text("comment", 1000, "Why.").required().check(Check::Visible)],
    events: &["activation_rejected"],
    run: |cx, input| Box::pin(reject(cx, input)),
};

/// Takes back one's own wish to activate a role.
pub static CANCEL: Action = Action {
    name: "activation.cancel",
    about: "Take back one's own wish to activate a role, before anybody has decided.",
    target: Target::Thing(&ACTIVATIONS),
    needs: Needs::Own,
    from: PENDING,
    fields: &[],
    events: &["activation_cancelled"],
    run: |cx, _| Box::pin(cancel(cx)),
};

/// Ends an activation before its time.
pub static DEACTIVATE: Action = Action {
    name: "activation.deactivate",
    about: "End an activated role before its time.",
    target: Target::Thing(&ACTIVATIONS),
    needs: END,
    from: &[State::Active.text()],
    fields: &[Field::text("reason", 255, "Why.")],
    events: &["activation_ended", "role_revoked"],
    run: |cx, input| Box::pin(deactivate(cx, input)),
};

async fn activate(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let held = eligibility::store::hold(cx.tx, cx.found.uuid, cx.now).await?;
    let held = held.ok_or_else(|| Error::Conflict("The eligibility is over.".into()))?;
    let mut events = course::note_end(cx, held.of.uuid).await?;
    if let Some(known) = store::unfinished(cx.tx, held.of.uuid).await? {
        return Err(Error::Conflict(match (known.state, known.of.until) {
            (State::Active, Some(ends)) => format!("The role is activated already, until {ends}."),
            _ => "The role waits to be approved already.".into(),
        }));
    }
    let (hours, reason) = (input.int("hours").unwrap_or(1), input.text("reason").unwrap_or_default().trim());
    let terms = activation_rule::store::terms(cx.tx, held.of.customer_id, held.of.role_id).await?.and(held.terms);
    terms.check(hours, reason)?;
    let second_factor = cx.actor.second_factor;
    if terms.second_factor && !second_factor {
        Decision::rule("Activating this role takes a sign-in with a second factor or a passkey.").required()?;
    }
    let mut activation = Activation {
        id: 0,
        of: Recorded { uuid: cx.uuid(), until: None, ..held.of.clone() },
        eligibility: held.of.uuid,
        hours,
        reason: reason.to_owned(),
        second_factor,
        state: State::Pending,
        deadline: cx.now.plus_seconds(WAITS_SECONDS),
        grant: None,
    };
    let busy = |error| match error {
        Error::Duplicate(key) if key == store::KEY => Error::Conflict("The role is activated already.".into()),
        other => other,
    };
    activation.id = store::insert(cx.tx, &activation, cx.now).await.map_err(busy)?;
    if terms.approval {
        letters::asked(cx, &activation).await?;
        let asked = course::told(cx, "activation_requested", &activation).await;
        events.push(asked.fact("reason", activation.reason.clone()));
    } else {
        events.extend(course::start(cx, &mut activation, &held).await?);
    }
    Ok(Done { events, ..Done::default() }.made("activation", activation.id, activation.of.uuid))
}

/// The eligibility and the activation that an action is about, held in that order, if the caller may decide about it now.
async fn undecided(cx: &mut Cx<'_>) -> Result<(Eligibility, Activation)> {
    let uuid = store::eligibility_of(cx.tx, cx.found.id).await?;
    let held = eligibility::store::hold(cx.tx, uuid, cx.now).await?;
    let activation = store::hold(cx.tx, cx.found.id).await?;
    if activation.of.user_id == cx.actor.id {
        Decision::rule("Nobody decides about a role that he activates himself.").required()?;
    }
    if activation.state != State::Pending || activation.deadline <= cx.now {
        return Err(Error::Conflict(format!("Valid states for operation: {}.", PENDING.join(", "))));
    }
    Ok((held.ok_or_else(|| Error::Conflict("The eligibility is over.".into()))?, activation))
}

async fn approve(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (held, mut activation) = undecided(cx).await?;
    // Who approves gives: he must be able to give this role to this person by hand.
    let scope = eligibility::course::scope(cx, &held.of).await?.ok_or(Error::NotFound)?;
    let role = role::store::by_id(cx.tx, held.of.role_id).await?;
    let person = grants::person_by_id(&mut *cx.tx, held.of.user_id).await?.ok_or(Error::NotFound)?;
    direct::may_give(cx, scope, role, person).await?;
    let comment = input.text("comment").unwrap_or_default();
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    store::decide(cx.tx, activation.id, State::Pending, by, comment, cx.now).await?;
    let approved = course::told(cx, "activation_approved", &activation).await;
    let started = course::start(cx, &mut activation, &held).await?;
    letters::decided(cx, &activation, true, comment).await?;
    let done = Done::event(if comment.is_empty() { approved } else { approved.fact("comment", comment) });
    Ok(started.into_iter().fold(done, Done::and))
}

async fn reject(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (_, activation) = undecided(cx).await?;
    let comment = input.text("comment").unwrap_or_default().trim();
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let state = activation.state.to(State::Rejected)?;
    store::decide(cx.tx, activation.id, state, by, comment, cx.now).await?;
    letters::decided(cx, &activation, false, comment).await?;
    Ok(Done::event(course::told(cx, "activation_rejected", &activation).await.fact("comment", comment)))
}

async fn cancel(cx: &mut Cx<'_>) -> Result<Done> {
    let activation = store::hold(cx.tx, cx.found.id).await?;
    activation.state.to(State::Cancelled)?;
    let events = course::end(cx, &activation, Some(cx.actor.id), "Taken back").await?;
    Ok(Done { events, ..Done::default() })
}

async fn deactivate(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let activation = store::hold(cx.tx, cx.found.id).await?;
    activation.state.to(State::Ended)?;
    let reason = input.text("reason").filter(|text| !text.is_empty()).unwrap_or("Ended before its time");
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let events = course::end(cx, &activation, by, reason).await?;
    Ok(Done { events, ..Done::default() })
}
