//! Starting, closing and cancelling campaigns by hand.

use crate::campaign::{
    State, course, store,
    views::{CAMPAIGNS, MANAGE},
};
use stoa_kernel::{
    Result,
    action::{Action, Cx, Done, Target},
};

/// Starts a draft.
pub static START: Action = Action {
    name: "review_campaign.start",
    about: "Start a review campaign: every open role in its scope is put before its reviewers, who get a letter.",
    target: Target::Thing(&CAMPAIGNS),
    needs: MANAGE,
    from: &[State::Draft.text()],
    fields: &[],
    events: &["review_campaign_started"],
    run: |cx, _| Box::pin(start(cx)),
};

/// Closes a campaign before its end.
pub static CLOSE: Action = Action {
    name: "review_campaign.close",
    about: "Close a review campaign before its end: what it says for silence is carried out, with the caller's authority.",
    target: Target::Thing(&CAMPAIGNS),
    needs: MANAGE,
    from: &[State::Active.text()],
    fields: &[],
    events: &["review_campaign_closed", "review_campaign_item_decided", "role_revoked", "role_updated"],
    run: |cx, _| Box::pin(close(cx)),
};

/// Cancels a campaign.
pub static CANCEL: Action = Action {
    name: "review_campaign.cancel",
    about: "Cancel a review campaign: what was decided stays, and nothing is done about the rest.",
    target: Target::Thing(&CAMPAIGNS),
    needs: MANAGE,
    from: &[State::Draft.text(), State::Starting.text(), State::Active.text()],
    fields: &[],
    events: &["review_campaign_cancelled"],
    run: |cx, _| Box::pin(cancel(cx)),
};

async fn start(cx: &mut Cx<'_>) -> Result<Done> {
    let campaign = store::hold(cx.tx, cx.found.id).await?;
    course::begin(cx, &campaign).await.map(Done::event)
}

async fn close(cx: &mut Cx<'_>) -> Result<Done> {
    let mut campaign = store::hold(cx.tx, cx.found.id).await?;
    course::whole_credential(cx, &campaign.silence)?;
    campaign.state = campaign.state.to(State::Closing)?;
    campaign.closed_by = (cx.actor.id != 0).then_some(cx.actor.id);
    store::closing(cx.tx, campaign.id, campaign.closed_by, cx.now).await?;
    let events = course::settle(cx, &campaign).await?;
    Ok(Done { events, ..Done::default() })
}

async fn cancel(cx: &mut Cx<'_>) -> Result<Done> {
    let campaign = store::hold(cx.tx, cx.found.id).await?;
    campaign.state.to(State::Cancelled)?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    store::cancel(cx.tx, campaign.id, by, "", cx.now).await?;
    let message = format!("Review campaign {} has been cancelled.", campaign.name);
    course::event(cx, "review_campaign_cancelled", &campaign, message).await.map(Done::event)
}
