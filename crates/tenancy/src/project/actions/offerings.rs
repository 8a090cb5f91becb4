//! What a project may use, and telling its providers who is in it.

use super::{MAY_CREATE, updated};
use crate::{
    customer,
    project::{State, store, views::PROJECTS},
};
use serde_json::Value;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Field, Input, Kind},
    id,
};

/// Says which offerings may be used in a project (mission O5).
pub static SET_OFFERINGS: Action = Action {
    name: "project.set_offerings",
    about: "Say which offerings may be used in a project.",
    target: Target::Thing(&PROJECTS),
    needs: MAY_CREATE,
    from: &[State::Active.text()],
    fields: &[
        Field::new("limit_offerings", Kind::Bool, "Whether only the listed offerings may be used.").required(),
        Field::new("offerings", Kind::Texts, "Identifiers of the offerings that may be used."),
    ],
    events: &["project_update_succeeded"],
    run: |cx, input| Box::pin(set_offerings(cx, input)),
};

/// Asks for the roles of a project's people to be sent to its providers.
pub static SYNC_ROLES: Action = Action {
    name: "project.sync_roles",
    about: "Ask for the roles of the project's people to be sent to its providers.",
    target: Target::Thing(&PROJECTS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &[],
    // Message queues come later. Until then providers read roles when they need them, so there is nothing to send.
    run: |_, _| Box::pin(async { Ok(Done::unchanged()) }),
};

async fn set_offerings(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    let held = store::hold(cx.tx, id).await?;
    customer::store::require_open(cx.tx, held.customer_id).await?;
    let before = store::offerings(cx.tx, id).await?;
    let limited = input.bool("limit_offerings").unwrap_or(before.0);
    let offerings = match input.json("offerings").and_then(Value::as_array) {
        Some(list) => list.iter().map(|one| one.as_str().and_then(id::parse)).collect::<Option<Vec<_>>>(),
        None => Some(before.1.clone()),
    };
    let mut offerings = offerings.ok_or_else(|| Error::field("offerings", "Must be a valid UUID."))?;
    offerings.sort_unstable();
    offerings.dedup();
    let mut changes = Vec::new();
    if limited != before.0 {
        changes.push(Change { field: "limit_offerings".into(), before: before.0.into(), after: limited.into() });
    }
    if offerings != before.1 {
        let texts = |list: &[id::Uuid]| Value::from(list.iter().map(id::hex).collect::<Vec<_>>());
        changes.push(Change { field: "offerings".into(), before: texts(&before.1), after: texts(&offerings) });
    }
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    store::set_offerings(cx.tx, id, limited, &offerings, cx.now).await?;
    updated(cx, held.customer_id, changes).await
}
