//! What happens in a campaign's course, whether by hand or by itself: items are made, and silence is carried out.

use super::{
    Decision, State, letters, rules,
    store::{
        self, Campaign,
        items::{self, Decided, Item},
    },
};
use crate::grant::{
    revise::{Revision, revise},
    rules as teams,
    store::{self as grants},
};
use std::collections::{BTreeMap, HashMap};
use stoa_kernel::{
    Error, Result,
    access::{self, Actor, Found, Stand},
    action::Cx,
    event::Event,
    id,
};

/// How many items are made or settled in one transaction.
pub const BATCH: i64 = 200;

/// What the record says of a campaign: in the feeds of what it is about.
pub async fn event(cx: &mut Cx<'_>, kind: &'static str, campaign: &Campaign, message: String) -> Result<Event> {
    let (customer, project) = store::place(cx.tx, campaign).await?;
    let mut event = about(Event::new(kind, message), campaign).fact("campaign_scope", campaign.scope.clone());
    if let Some(customer) = customer {
        event = event.fact("customer_uuid", id::hex(&customer));
    }
    if let Some(project) = project {
        event = event.fact("project_uuid", id::hex(&project));
    }
    if let Some(customer) = campaign.customer_id {
        event = event.feed("customer", customer);
    }
    Ok(match (campaign.scope.as_str(), campaign.scope_id) {
        ("project", Some(project)) => event.feed("project", project),
        _ => event,
    })
}

/// Says of an event which campaign it belongs to.
pub fn about(event: Event, campaign: &Campaign) -> Event {
    event.fact("campaign_uuid", id::hex(&campaign.uuid)).fact("campaign_name", campaign.name.clone())
}

/// What the record says of an item whose grant stays as it is. In no feed, as not everybody who reads one may see the
/// campaign; and without the holder's name, which the record would keep longer than his account.
pub fn noted(kind: &'static str, campaign: &Campaign, item: &Item, message: String) -> Event {
    about(Event::new(kind, message), campaign)
        .fact("item_uuid", id::hex(&item.uuid))
        .fact("grant_uuid", id::hex(&item.grant_uuid))
        .fact("role_name", item.role_name.clone())
        .fact("scope_type", teams::team(&item.scope).map_or(item.scope.as_str(), |team| team.model))
        .fact("scope_uuid", id::hex(&item.scope_uuid))
        .fact("scope_name", item.scope_name.clone())
        .fact("affected_user_uuid", item.user_uuid.clone())
}

/// Notes what was decided about a grant that stays as it is, or is gone.
pub async fn note(cx: &mut Cx<'_>, campaign: &Campaign, item: &Item, decided: Decided<'_>) -> Result<Event> {
    item.decision.to(decided.decision)?;
    items::decide(cx.tx, item.id, decided, cx.now).await?;
    let what = match decided.decision {
        Decision::Gone => "had ended already",
        Decision::Withheld => "could not be ended",
        _ if decided.by_default => "has been kept, as nobody decided",
        _ => "has been kept",
    };
    let (role, scope) = (&item.role_name, &item.scope_name);
    let message = format!("A role of {role} in {scope} {what} (review campaign {}).", campaign.name);
    let event = noted("review_campaign_item_decided", campaign, item, message)
        .fact("decision", decided.decision.text())
        .fact("by_default", decided.by_default);
    let why = if decided.note.is_empty() { decided.reason } else { decided.note };
    Ok(if why.is_empty() { event } else { event.fact("reason", why) })
}

/// Makes the next items of a campaign that starts, and says who reviews them; gives how many. After the last ones it is
/// active, and its reviewers get their first letter.
pub async fn take(cx: &mut Cx<'_>, campaign: &Campaign) -> Result<usize> {
    let started = campaign.started.ok_or_else(|| Error::broken("a campaign starts without an instant"))?;
    let grants = items::take(cx.tx, campaign, started, BATCH).await?;
    let named = store::named(cx.tx, campaign.id).await?;
    let mut known: HashMap<(String, i64, i64), Vec<rules::Candidate>> = HashMap::new();
    let mut made = 0;
    for grant in &grants {
        let uuid = cx.uuid();
        let Some(item) = items::insert(cx.tx, campaign.id, uuid, grant).await? else { continue };
        made += 1;
        let Some(team) = teams::team(&grant.scope) else { continue };
        let place = (grant.scope.as_str(), grant.scope_id, grant.customer_id);
        let key = (grant.scope.clone(), grant.scope_id, grant.customer_id);
        if !known.contains_key(&key) {
            let found = items::candidates(cx.tx, place, team.delete, &named, cx.now).await?;
            known.insert(key.clone(), found);
        }
        let candidates = known.get(&key).map(Vec::as_slice).unwrap_or_default();
        for user in rules::reviewers(&campaign.reviewed_by, candidates, grant.user_id) {
            items::assign(cx.tx, (campaign.id, item), user, place, None).await?;
        }
    }
    match grants.last() {
        Some(last) if grants.len() as i64 == BATCH => store::set_taken(cx.tx, campaign.id, last.id).await?,
        _ => {
            store::set_state(cx.tx, campaign.id, campaign.state.to(State::Active)?).await?;
            letters::send(cx.tx, campaign, 0, cx.now).await?;
        }
    }
    Ok(made)
}

/// Starts a draft in the name of the actor of the context: makes its first items.
///
/// # Errors
/// Conflict if it is no draft; invalid if its end is over.
pub async fn begin(cx: &mut Cx<'_>, campaign: &Campaign) -> Result<Event> {
    whole_credential(cx, &campaign.silence)?;
    let starting = Campaign { state: campaign.state.to(State::Starting)?, started: Some(cx.now), ..campaign.clone() };
    if campaign.due <= cx.now {
        return Err(Error::field("due", "The end must be in the future."));
    }
    store::start(cx.tx, campaign.id, cx.actor.id, cx.now).await?;
    take(cx, &starting).await?;
    let message = format!("Review campaign {} has been started.", campaign.name);
    event(cx, "review_campaign_started", campaign, message).await
}

/// Carries out silence on the next open items of a campaign that closes. After the last ones it is closed.
pub async fn settle(cx: &mut Cx<'_>, campaign: &Campaign) -> Result<Vec<Event>> {
    let open = items::open(cx.tx, campaign.id, BATCH).await?;
    let authority = match campaign.closed_by.or(campaign.started_by) {
        Some(user) => person(cx, user).await?,
        None => None,
    };
    let mut events = Vec::new();
    for item in &open {
        events.push(silence(cx, campaign, item, authority.as_ref()).await?);
    }
    if (open.len() as i64) < BATCH {
        store::set_state(cx.tx, campaign.id, campaign.state.to(State::Closed)?).await?;
        let mut message = format!("Review campaign {} has been closed.", campaign.name);
        let mut counts = BTreeMap::new();
        for (decision, count) in items::counts(cx.tx, campaign.id).await? {
            message.push_str(&format!(" {decision}: {count}."));
            counts.insert(decision, count);
        }
        let closed = event(cx, "review_campaign_closed", campaign, message).await?;
        events.push(counts.into_iter().fold(closed, |event, (name, count)| event.fact(format!("{name}_items"), count)));
    }
    Ok(events)
}

/// Silence that ends roles is carried out later, with all that a person may then: so it is not ordered with a credential that
/// carries less (invariant 9).
///
/// # Errors
/// Forbidden for a narrowed credential, if silence ends roles.
pub fn whole_credential(cx: &Cx<'_>, silence: &str) -> Result<()> {
    if silence != "keep" && cx.actor.narrow.is_some() {
        let text = "What ends roles on silence is planned, started and closed signed in, without a narrowed token.";
        access::Decision::rule(text).required()?;
    }
    Ok(())
}

/// Somebody with the power that he has now, if he can still sign in.
pub async fn person(cx: &mut Cx<'_>, user_id: i64) -> Result<Option<Actor>> {
    let person = grants::person_by_id(&mut *cx.tx, user_id).await?.filter(|person| person.is_active);
    match person {
        Some(person) => cx.on_behalf_of(person.uuid).await,
        None => Ok(None),
    }
}

/// Gives an item on which nobody decided what the campaign says for that, with this person's authority.
async fn silence(cx: &mut Cx<'_>, campaign: &Campaign, item: &Item, authority: Option<&Actor>) -> Result<Event> {
    let none = Decided { decision: Decision::Kept, reason: "", new_end: None, by_default: true, by: None, note: "" };
    let gone = Decided { decision: Decision::Gone, by_default: false, ..none };
    let Some(open) = grants::open_row(cx.tx, item.grant_uuid, cx.now).await? else {
        return note(cx, campaign, item, gone).await;
    };
    let (revision, decision) = match (campaign.silence.as_str(), campaign.silence_days) {
        ("revoke", _) => (Revision::Revoke, Decision::Revoked),
        ("shorten", Some(days)) => match rules::silent_end(cx.now, days, open.until) {
            Some(end) => (Revision::Until(end), Decision::Shortened),
            None => {
                let soon = Decided { note: "It ends as early by itself.", ..none };
                return note(cx, campaign, item, soon).await;
            }
        },
        _ => return note(cx, campaign, item, none).await,
    };
    let because = rules::because(&campaign.name, "");
    let outcome = match authority {
        Some(actor) => {
            let (tx, links) = (&mut *cx.tx, BTreeMap::new());
            let (core, now, mode, body) = (cx.core, cx.now, cx.mode, cx.body);
            let found = Found::default();
            let cx = &mut Cx { tx, core, actor, found, links, now, mode, body };
            revise(cx, open.id, revision, &because).await
        }
        None => Err(Error::invalid("Whoever started the campaign can no longer sign in.")),
    };
    match (outcome, revision) {
        (Ok(event), _) => {
            item.decision.to(decision)?;
            let new_end = if let Revision::Until(end) = revision { Some(end) } else { None };
            items::decide(cx.tx, item.id, Decided { decision, new_end, ..none }, cx.now).await?;
            Ok(about(event, campaign).fact("item_uuid", id::hex(&item.uuid)).fact("by_default", true))
        }
        (Err(Error::Conflict(_)), _) => note(cx, campaign, item, gone).await,
        (Err(error), _) => match why_not(error) {
            Ok(words) => note(cx, campaign, item, Decided { decision: Decision::Withheld, note: &words, ..none }).await,
            Err(error) => Err(error),
        },
    }
}

/// Why something was not done, in words; what is nobody's rule stays an error.
pub fn why_not(error: Error) -> Result<String> {
    match error {
        Error::Invalid(invalid) => Ok(invalid.fields.into_values().flatten().collect::<Vec<_>>().join(" ")),
        Error::Forbidden(decision) => {
            let because: Vec<String> = decision.because.iter().map(|reason| reason.sentence()).collect();
            Ok(format!("Whoever started the campaign may not do it there. {}", because.join(" ")))
        }
        other => Err(other),
    }
}

/// A campaign as a thing on which somebody can be allowed something.
pub fn found(campaign: &Campaign) -> Found {
    let places = campaign.customer_id.map(|id| Stand { place: "customer", scope: "customer", id });
    Found {
        thing: "review_campaign",
        id: campaign.id,
        uuid: campaign.uuid,
        name: campaign.name.clone(),
        state: Some(campaign.state.text().to_owned()),
        places: places.into_iter().collect(),
        ..Found::default()
    }
}
