//! Campaigns go on by themselves: drafts start on their day, reviewers are reminded, and what is due closes.

use super::{
    State, course, letters, rules,
    store::{self, Campaign, Waits},
    views::MANAGE,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};
use stoa_kernel::{
    Result,
    access::{Actor, Needs},
    action::{Action, Cx, Done, Target},
    door::{Call, Caller, Core},
    event::Event,
    field::Mode,
    store::jobs::{Periodic, Runner},
};

/// Every minute: an end is an instant, so people expect it to be kept to.
const EVERY_MINUTE: Periodic = Periodic { kind: "review_campaigns.tend", every_seconds: 60 };

/// Does the next thing that a campaign waits for. For the program itself; its answer says whether there was anything.
pub static TEND: Action = Action {
    name: "review_campaign.tend",
    about: "Start, remind of and close the review campaigns for which it is time.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &[
        "review_campaign_started",
        "review_campaign_reminded",
        "review_campaign_cancelled",
        "review_campaign_closed",
        "review_campaign_item_decided",
        "role_revoked",
        "role_updated",
    ],
    run: |cx, _| Box::pin(tend(cx)),
};

async fn tend(cx: &mut Cx<'_>) -> Result<Done> {
    let more = |events| Ok(Done { events, ..Done::unchanged() }.answer(json!({ "more": true })));
    if let Some(campaign) = store::waiting(cx.tx, Waits::Start, cx.now).await? {
        return more(vec![start(cx, &campaign).await?]);
    }
    if let Some(campaign) = store::waiting(cx.tx, Waits::Take, cx.now).await? {
        course::take(cx, &campaign).await?;
        return more(Vec::new());
    }
    let events = remind(cx).await?;
    if !events.is_empty() {
        return more(events);
    }
    let Some(mut campaign) = store::waiting(cx.tx, Waits::Settle, cx.now).await? else {
        return Ok(Done::unchanged().answer(json!({ "more": false })));
    };
    if campaign.state == State::Active {
        campaign.state = campaign.state.to(State::Closing)?;
        store::closing(cx.tx, campaign.id, None, cx.now).await?;
    }
    more(course::settle(cx, &campaign).await?)
}

/// Starts a draft in the name of whoever made it or changed it last, if he may now.
async fn start(cx: &mut Cx<'_>, campaign: &Campaign) -> Result<Event> {
    let author = match campaign.changed_by {
        Some(user) => course::person(cx, user).await?,
        None => None,
    };
    let why = match author {
        Some(author) => match begin_as(cx, &author, campaign).await.map_err(course::why_not) {
            Ok(event) => return Ok(event),
            Err(words) => words?,
        },
        None => "Whoever planned it can no longer sign in.".to_owned(),
    };
    store::cancel(cx.tx, campaign.id, None, &why, cx.now).await?;
    let message = format!("Review campaign {} could not start and has been cancelled. {why}", campaign.name);
    course::event(cx, "review_campaign_cancelled", campaign, message).await
}

async fn begin_as(cx: &mut Cx<'_>, author: &Actor, campaign: &Campaign) -> Result<Event> {
    let (tx, links, found) = (&mut *cx.tx, BTreeMap::new(), course::found(campaign));
    let (core, now, mode, body) = (cx.core, cx.now, cx.mode, cx.body);
    let cx = &mut Cx { tx, core, actor: author, found, links, now, mode, body };
    cx.decide(&MANAGE, &course::found(campaign)).required()?;
    course::begin(cx, campaign).await
}

/// Sends the reminders that are due; of several that were missed only the last one.
async fn remind(cx: &mut Cx<'_>) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for campaign in store::active(cx.tx, cx.now).await? {
        let Some(started) = campaign.started else { continue };
        let round = rules::reminders_due(started, campaign.due, cx.now);
        if round <= campaign.reminded {
            continue;
        }
        letters::send(cx.tx, &campaign, round, cx.now).await?;
        store::set_reminded(cx.tx, campaign.id, round).await?;
        let message = format!("The reviewers of review campaign {} have been reminded.", campaign.name);
        events.push(course::event(cx, "review_campaign_reminded", &campaign, message).await?);
    }
    Ok(events)
}

/// Lets a node see to the campaigns.
pub fn add(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    runner.periodic.push(EVERY_MINUTE);
    runner.handlers.insert(
        EVERY_MINUTE.kind,
        Arc::new(move |_, _, _| {
            let core = core.clone();
            Box::pin(async move {
                loop {
                    let call = Call { action: &TEND, via: None, target: None, body: Value::Null, mode: Mode::Whole };
                    let done = core.perform(&Caller::system(), call).await?;
                    if done.answer["more"] != true {
                        return Ok(());
                    }
                }
            })
        }),
    );
}
