//! What can be done with hooks: everybody with his own, staff and support agents with all (reference/events-and-quotas.md,
//! section 4).

pub mod email;
pub mod web;

use super::{rules, store};
use stoa_kernel::{
    Error, Result,
    access::{Decision, Needs},
    action::Cx,
    event::Event,
    field::{Field, Input, Kind},
    id,
};
use stoa_tenancy::user::store as users;

/// Who changes a hook.
const KEEPERS: Needs = Needs::Any(&[Needs::Own, Needs::StaffOrSupport]);

const IS_ACTIVE: Field = Field::new("is_active", Kind::Bool, "Whether it is told anything.").stored();
const EVENT_TYPES: Field = Field::new("event_types", Kind::Texts, "Types of events of which it is told.").stored();
const EVENT_GROUPS: Field = Field::new("event_groups", Kind::Texts, "Groups of types of which it is told.").stored();

/// A hook tells everything that its owner may see, for as long as he may. So whoever acts with less than the owner's whole
/// power, or in his name, can't make one or point one elsewhere: nothing widens a token.
fn in_person(cx: &Cx<'_>) -> Result<()> {
    let refused = |text: &str| Err(Error::Forbidden(Box::new(Decision::rule(text))));
    if cx.actor.narrow.is_some() || cx.actor.impersonator.is_some() {
        return refused("A hook tells all that its owner may see: only the owner, signed in, can set it up.");
    }
    if cx.actor.id == 0 {
        return refused("Hooks belong to users.");
    }
    Ok(())
}

/// Puts the types and groups that are stored in place of those that were sent; whether there were any.
fn choose(input: &mut Input) -> Result<bool> {
    let Some((types, groups)) = rules::chosen(input.json("event_types"), input.json("event_groups"))? else {
        return Ok(false);
    };
    input.set("event_types", serde_json::json!(types).to_string());
    input.set("event_groups", serde_json::json!(groups).to_string());
    Ok(true)
}

/// Checks what a new hook needs, with its owner's row locked so that parallel calls count right; gives the owner.
async fn begin(cx: &mut Cx<'_>, input: &mut Input) -> Result<users::Brief> {
    in_person(cx)?;
    if !choose(input)? {
        return Err(Error::invalid("Please specify list of event_types or event_groups."));
    }
    let owner = users::brief(cx.tx, cx.actor.id).await?;
    if store::count(cx.tx, owner.id).await? >= rules::HOOKS_MAX {
        return Err(Error::LimitExceeded(format!("A user can have at most {} hooks.", rules::HOOKS_MAX)));
    }
    Ok(owner)
}

/// The event of something done to a hook; its owner reads it.
fn event(kind: &'static str, message: impl Into<String>, hook: &id::Uuid, owner: i64) -> Event {
    Event::new(kind, message).fact("hook_uuid", id::hex(hook)).feed("user", owner)
}
