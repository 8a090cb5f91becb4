//! Deciding about invitations of others, with the code of a mailed link. For a staff member's convenience without signing in:
//! the code is random, of this invitation and this person, short-lived, and worth one decision.

use super::{event, proceed};
use crate::{
    access::directory,
    invitation::{
        State, letters, rules,
        store::{self, Code, Invitation},
    },
    settings::Settings,
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Run, Target},
    event::Event,
    field::{Field, Input},
    id,
};

const FIELDS: &[Field] = &[Field::text("token", 500, "The code of the mailed link.").secret()];

const fn deciding(name: &'static str, about: &'static str, events: &'static [&'static str], run: Run) -> Action {
    Action { name, about, target: Target::Nothing, needs: Needs::Nothing, from: &[], fields: FIELDS, events, run }
}

/// Approves an invitation.
pub static APPROVE: Action = deciding(
    "invitation.approve",
    "Approve the invitation that a link mailed to staff is about.",
    &["user_invitation_approved", "user_creation_succeeded"],
    |cx, input| Box::pin(approve(cx, input)),
);

/// Rejects an invitation.
pub static REJECT: Action = deciding(
    "invitation.reject",
    "Reject the invitation that a link mailed to staff is about.",
    &["user_invitation_rejected"],
    |cx, input| Box::pin(reject(cx, input)),
);

/// Who decides, about what.
struct Decision {
    invitation: Invitation,
    by: i64,
    settings: Settings,
    event: Event,
}

/// Reads what a code stands for. What is forged, used up or too old gets one answer.
async fn decision(cx: &mut Cx<'_>, input: &Input, kind: &'static str) -> Result<Decision> {
    let wrong = |text: &str| Error::field("token", text);
    let token = input.text("token").filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| wrong("token is required parameter"))?;
    let settings = Settings::load(&mut *cx.tx).await?;
    let presented = store::code(&mut *cx.tx, &directory::hash(token), Code::Decide).await?;
    let age = rules::decision_age(&settings);
    let fresh = presented.filter(|presented| presented.created.plus_seconds(age) > cx.now);
    let presented = fresh.ok_or_else(|| wrong("Invalid signature."))?;
    let by = presented.user_id.unwrap_or(0);
    let (uuid, username) = store::staff(cx.tx, by).await?.ok_or_else(|| wrong("Invalid user UUID."))?;
    let invitation = store::hold(cx.tx, presented.invitation_id).await?;
    if invitation.state()? != State::Requested {
        return Err(wrong("Invalid invitation UUID."));
    }
    let event = event(kind, &invitation).fact("decided_by_uuid", id::hex(&uuid)).fact("decided_by_username", username);
    Ok(Decision { invitation, by, settings, event })
}

/// Uses the decision up: every code of the invitation, and its state.
async fn settle(cx: &mut Cx<'_>, invitation: &Invitation, to: State) -> Result<()> {
    store::forget_codes(cx.tx, invitation.id).await?;
    match store::step(cx.tx, invitation.id, State::Requested, to).await? {
        true => Ok(()),
        false => Err(Error::field("token", "Invalid invitation UUID.")),
    }
}

async fn approve(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let Decision { invitation, by, settings, event } = decision(cx, &input, "user_invitation_approved").await?;
    settle(cx, &invitation, rules::approved_state(cx.today(), invitation.start)).await?;
    let expires = rules::expires(&settings, cx.now, invitation.start);
    store::decided(cx.tx, invitation.id, by, expires).await?;
    let more = proceed(cx, invitation.id, &settings, true).await?;
    letters::tell_inviter(cx, "users.invitation_approved", &invitation).await?;
    let done = Done::event(event).made("invitation", invitation.id, invitation.uuid);
    Ok(more.into_iter().fold(done, Done::and))
}

async fn reject(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let Decision { invitation, by, event, .. } = decision(cx, &input, "user_invitation_rejected").await?;
    settle(cx, &invitation, State::Rejected).await?;
    store::decided(cx.tx, invitation.id, by, invitation.expires).await?;
    letters::tell_inviter(cx, "users.invitation_rejected", &invitation).await?;
    Ok(Done::event(event).made("invitation", invitation.id, invitation.uuid))
}
