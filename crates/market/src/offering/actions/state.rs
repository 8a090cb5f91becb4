//! The life of an offering: each action moves it to a state, from where the table of states allows it.

use super::{PROVIDER_OFFERINGS, at_offering, provider_is_open, state_of};
use crate::offering::{State, store};
use serde_json::json;
use stoa_kernel::{
    Error, Result,
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Field, Kind},
};
use stoa_tenancy::access::permissions::Permission;

const EVENTS: &[&str] = &["marketplace_offering_updated"];

/// Publishes an offering.
pub static ACTIVATE: Action = Action {
    name: "offering.activate",
    about: "Publish an offering, so that it takes orders.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingCreate),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, _| Box::pin(go(cx, State::Active, &[State::Draft, State::Paused], String::new())),
};

/// Takes an offering back.
pub static DRAFT: Action = Action {
    name: "offering.draft",
    about: "Make an offering a draft again, to prepare it anew.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingCreate),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, _| Box::pin(go(cx, State::Draft, State::ALL, String::new())),
};

/// Pauses an offering.
pub static PAUSE: Action = Action {
    name: "offering.pause",
    about: "Take no new resources for an offering; the running ones stay.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingPause),
    from: &[],
    fields: &[Field::new("paused_reason", Kind::Text, "Why, in words that everybody can read.")],
    events: EVENTS,
    run: |cx, input| {
        let reason = input.text("paused_reason").unwrap_or_default().to_owned();
        Box::pin(go(cx, State::Paused, &[State::Active], reason))
    },
};

/// Ends the pause of an offering.
pub static UNPAUSE: Action = Action {
    name: "offering.unpause",
    about: "Take orders for a paused offering again.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingUnpause),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, _| Box::pin(go(cx, State::Active, &[State::Paused], String::new())),
};

/// Archives an offering.
pub static ARCHIVE: Action = Action {
    name: "offering.archive",
    about: "Close an offering for good; nothing of it can be changed any more.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingArchive),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, _| Box::pin(go(cx, State::Archived, State::ALL, String::new())),
};

/// Makes an offering unavailable.
pub static MAKE_UNAVAILABLE: Action = Action {
    name: "offering.make_unavailable",
    about: "Let nothing be done on the resources of an offering, such as during an outage.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingPause),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, _| Box::pin(go(cx, State::Unavailable, &[State::Active], String::new())),
};

/// Makes an offering available again.
pub static MAKE_AVAILABLE: Action = Action {
    name: "offering.make_available",
    about: "Take orders for an offering that was unavailable.",
    target: Target::Thing(&PROVIDER_OFFERINGS),
    needs: at_offering(Permission::OfferingPause),
    from: &[],
    fields: &[],
    events: EVENTS,
    run: |cx, _| Box::pin(go(cx, State::Active, &[State::Unavailable], String::new())),
};

async fn go(cx: &mut Cx<'_>, to: State, from: &[State], reason: String) -> Result<Done> {
    // A forbidden move is invalid input on the wire, not a conflict (reference/marketplace.md, 5.3).
    let invalid = || Error::invalid("Offering state is invalid.");
    let answer = json!({"detail": "Offering state updated.", "state": to.text()});
    let before = state_of(cx)?;
    if before == to && from.contains(&to) {
        return Ok(Done::unchanged().answer(answer));
    }
    if !from.contains(&before) || before.to(to).is_err() {
        return Err(invalid());
    }
    let id = cx.found.id;
    let offering = store::load(cx.tx, id).await?.ok_or(Error::NotFound)?;
    provider_is_open(cx, offering.customer_id).await?;
    if to == State::Active && !store::has_plan(cx.tx, id, offering.parent_id).await? {
        return Err(Error::invalid("Offering needs a plan before it can take orders."));
    }
    if !store::move_state(cx.tx, id, before, to, &reason, cx.now).await? {
        return Err(invalid());
    }
    let change = Change { field: "state".into(), before: before.text().into(), after: to.text().into() };
    let done = super::changed(cx, vec![change]).await?;
    Ok(done.answer(answer))
}
