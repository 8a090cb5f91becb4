//! Deciding about an item, and handing that on to somebody else.
//!
//! Who may is asked twice: the door asks for what revoking the grant by hand takes, at the grant's own scope; and then one must
//! be asked by the campaign, or manage it. To keep a role takes as much as to revoke it, since it holds silence off.

use crate::{
    campaign::{
        Decision, State, course, rules,
        store::{
            self, Campaign,
            items::{self, Decided, Item},
        },
        views::{self, ITEMS, MANAGE},
    },
    grant::{
        revise::{Revision, revise},
        store as grants,
    },
    user::views::USERS,
};
use stoa_kernel::{
    Error, Result,
    access::{self, decide},
    action::{Action, Cx, Done, Target},
    field::{Field, Input, Kind},
    id,
};

/// Where one can still decide.
const UNDECIDED: &[&str] = &[Decision::Open.text(), Decision::Kept.text(), Decision::Shortened.text()];

/// Decides about an item.
pub static DECIDE: Action = Action {
    name: "review_campaign_item.decide",
    about: "Decide about a role that is reviewed: keep, shorten or revoke it. Shortening and revoking take effect at once.",
    target: Target::Thing(&ITEMS),
    needs: views::DECIDE,
    from: UNDECIDED,
    fields: &[
        Field::new("decision", Kind::Choice("ReviewDecision", &["keep", "shorten", "revoke"]), "What is decided.")
            .required(),
        Field::text("reason", 1000, "Why; required to shorten and to revoke."),
        Field::new("new_end", Kind::Time, "When a shortened role ends; earlier than now's end.").nullable(),
    ],
    events: &["review_campaign_item_decided", "role_revoked", "role_updated"],
    run: |cx, input| Box::pin(decide_item(cx, input)),
};

/// Hands an item on.
pub static DELEGATE: Action = Action {
    name: "review_campaign_item.delegate",
    about: "Hand the decision about a role on to somebody else who may take that role away.",
    target: Target::Thing(&ITEMS),
    needs: views::DECIDE,
    from: UNDECIDED,
    fields: &[Field::new("user", Kind::Uuid, "Identifier of the person who is to decide.").required()],
    events: &["review_campaign_item_delegated"],
    run: |cx, input| Box::pin(delegate(cx, input)),
};

/// The campaign and the item, held, if the actor may decide about it now.
async fn entitled(cx: &mut Cx<'_>) -> Result<(Campaign, Item)> {
    let campaign = items::campaign_of(cx.tx, cx.found.id).await?;
    let campaign = store::share(cx.tx, campaign).await?;
    let item = items::hold(cx.tx, cx.found.id).await?;
    let asked = items::is_assigned(cx.tx, item.id, cx.actor.id).await?;
    if !asked && !cx.decide(&MANAGE, &course::found(&campaign)).allowed {
        access::Decision::rule("You are not asked to review this role.").required()?;
    }
    if item.user_id == cx.actor.id {
        access::Decision::rule("Nobody decides about a role of his own.").required()?;
    }
    if campaign.state != State::Active || campaign.due <= cx.now {
        return Err(Error::Conflict("The campaign is not on.".into()));
    }
    if !UNDECIDED.contains(&item.decision.text()) {
        return Err(Error::Conflict(format!("The role is {} already.", item.decision.text())));
    }
    Ok((campaign, item))
}

async fn decide_item(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (campaign, item) = entitled(cx).await?;
    let reason = input.text("reason").unwrap_or_default().trim();
    let wanted = input.text("decision").unwrap_or_default();
    let new_end = input.time("new_end");
    match (wanted, new_end) {
        ("shorten", None) => return Err(Error::field("new_end", "This field is required.")),
        ("keep" | "revoke", Some(_)) => return Err(Error::field("new_end", "An end is for shortening.")),
        _ => {}
    }
    if reason.is_empty() && wanted != "keep" {
        return Err(Error::field("reason", "This field is required."));
    }
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let decided = Decided { decision: Decision::Kept, reason, new_end, by_default: false, by, note: "" };
    let gone = Decided { decision: Decision::Gone, reason: "", new_end: None, ..decided };
    let Some(open) = grants::open_row(cx.tx, item.grant_uuid, cx.now).await? else {
        return course::note(cx, &campaign, &item, gone).await.map(Done::event);
    };
    let (revision, decision) = match new_end {
        Some(until) => {
            rules::shortens(until, open.until, cx.now)?;
            (Revision::Until(until), Decision::Shortened)
        }
        None if wanted == "revoke" => (Revision::Revoke, Decision::Revoked),
        None => {
            if item.decision == Decision::Kept && item.decided_by == by && item.reason == reason {
                return Ok(Done::unchanged());
            }
            return course::note(cx, &campaign, &item, decided).await.map(Done::event);
        }
    };
    item.decision.to(decision)?;
    let because = rules::because(&campaign.name, reason);
    let event = revise(cx, open.id, revision, &because).await?;
    items::decide(cx.tx, item.id, Decided { decision, ..decided }, cx.now).await?;
    Ok(Done::event(course::about(event, &campaign).fact("item_uuid", id::hex(&item.uuid))))
}

async fn delegate(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (campaign, item) = entitled(cx).await?;
    let no = |text: &str| Error::field("user", text);
    let uuid = input.uuid("user").unwrap_or_default();
    let Some(person) = cx.visible(&USERS, uuid).await? else { return Err(no("User is not found.")) };
    if person.id == item.user_id {
        return Err(no("Nobody decides about a role of his own."));
    }
    if person.id == cx.actor.id {
        return Err(no("Choose somebody else."));
    }
    let other = course::person(cx, person.id).await?.ok_or_else(|| no("The person can't sign in."))?;
    if !decide(&other, &views::DECIDE, &cx.found).allowed {
        return Err(no("The person may not take this role away, and so can't decide about it."));
    }
    items::dismiss(cx.tx, item.id, cx.actor.id).await?;
    let place = (item.scope.as_str(), item.scope_id, item.customer_id);
    items::assign(cx.tx, (campaign.id, item.id), person.id, place, Some((cx.actor.id, cx.now))).await?;
    let message = format!(
        "The decision about a role of {} in {} has been handed on (review campaign {}).",
        item.role_name, item.scope_name, campaign.name
    );
    let event = course::noted("review_campaign_item_delegated", &campaign, &item, message);
    Ok(Done::event(event.fact("delegate_uuid", id::hex(&person.uuid))))
}
