//! What happens to tokens beside requests: their use is noted now and then, refusals and ends go on record.
//!
//! Requests only count in memory ([`Uses`]); a write comes at most every ten minutes, or when an address is new. What is put on
//! record goes through a job, since only actions write events.

use super::{actions::about, rules, store};
use crate::user::store as users;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use stoa_kernel::{
    Result,
    access::{Actor, Decision, Needs},
    action::{Action, Cx, Done, Target},
    door::{Call, Caller, Core, Credential, CredentialRefused, NarrowUsed},
    event::Event,
    field::{Field, Input, Kind, Mode},
    store::jobs::{Periodic, Runner},
};

/// Puts something about a token on record. For the program itself.
pub static NOTE: Action = Action {
    name: "own_token.note",
    about: "Record that a personal access token was used from a new address, or was refused.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::new("token", Kind::Int, "Key of the token.").required(),
        Field::new("event", Kind::Choice("PatNote", NOTED), "What happened.").required(),
        Field::text("ip_address", 45, "From where.").nullable(),
    ],
    events: NOTED,
    run: |cx, input| Box::pin(note(cx, input)),
};

const NOTED: &[&str] = &["pat_used_from_new_ip", "pat_access_denied_from_ip", "pat_authentication_rejected"];

/// Ends tokens whose time is over. For the program itself; they stopped counting at that time already.
pub static EXPIRE: Action = Action {
    name: "own_token.expire",
    about: "Put the end of personal access tokens on record whose time is over.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["pat_expired"],
    run: |cx, _| Box::pin(expire(cx)),
};

/// How many are ended in one transaction.
const BATCH: i64 = 200;

const SWEEP: Periodic = Periodic { kind: "personal_token.expire", every_seconds: 600 };

fn by_program(cx: &Cx<'_>) -> Result<()> {
    match cx.actor.system {
        true => Ok(()),
        false => Decision::rule("Only the program itself records this.").required().map(|_| ()),
    }
}

async fn note(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    by_program(cx)?;
    let Some(token) = store::known(cx.tx, input.int("token").unwrap_or_default()).await? else {
        return Ok(Done::unchanged());
    };
    let user = users::brief(cx.tx, token.user_id).await?;
    let address = input.text("ip_address").unwrap_or("an unknown address");
    let (name, of) = (&token.name, &user.username);
    let wanted = input.text("event").unwrap_or_default();
    let (kind, message) = match NOTED.iter().find(|kind| **kind == wanted) {
        Some(kind @ &"pat_used_from_new_ip") => (
            *kind,
            format!("Personal access token {name} of user {of} has been used from {address} for the first time."),
        ),
        Some(kind @ &"pat_access_denied_from_ip") => {
            (*kind, format!("Personal access token {name} of user {of} has been refused from {address}."))
        }
        Some(kind) => (*kind, format!("Personal access token {name} of user {of} does not hold and has been refused.")),
        None => return Ok(Done::unchanged()),
    };
    Ok(Done::event(about(&user, kind, message, &token).fact("ip_address", input.text("ip_address"))))
}

async fn expire(cx: &mut Cx<'_>) -> Result<Done> {
    by_program(cx)?;
    let mut events: Vec<Event> = Vec::new();
    for token in store::end_overdue(cx.tx, BATCH, cx.now).await? {
        let user = users::brief(cx.tx, token.user_id).await?;
        let message = format!("Personal access token {} of user {} has expired.", token.name, user.username);
        events.push(about(&user, "pat_expired", message, &token));
    }
    Ok(Done { events, ..Done::unchanged() })
}

/// What happens here later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    runner.periodic.push(SWEEP);
    let sweeping = core.clone();
    runner.handlers.insert(
        SWEEP.kind,
        Arc::new(move |_, _, _| {
            let core = sweeping.clone();
            Box::pin(async move { sweep(&core).await })
        }),
    );
    let noting = core.clone();
    runner.handlers.insert(
        store::NOTE,
        Arc::new(move |_, job, _| {
            let core = noting.clone();
            Box::pin(async move { perform(&core, &NOTE, job.payload).await.map(|_| ()) })
        }),
    );
}

async fn sweep(core: &Arc<Core>) -> Result<()> {
    while !perform(core, &EXPIRE, json!({})).await?.events.is_empty() {}
    Ok(())
}

async fn perform(core: &Arc<Core>, action: &'static Action, body: Value) -> Result<Done> {
    core.perform(&Caller::system(), Call { action, via: None, target: None, body, mode: Mode::Whole }).await
}

/// How often tokens were used since it was last noted, on this node.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<i64, Use>>);

#[derive(Debug, Default)]
struct Use {
    count: i64,
    /// The request that was counted last: one request may ask several times who calls.
    request: String,
    /// A note is being written.
    noting: bool,
}

impl Uses {
    /// Counts a use. Gives how many are to be noted, if it is time and nobody does so yet.
    fn count(&self, token: i64, request: &str, due: bool) -> Option<i64> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let this = uses.entry(token).or_default();
        if this.request != request {
            this.count += 1;
            request.clone_into(&mut this.request);
        }
        if !due || this.noting {
            return None;
        }
        this.noting = true;
        Some(std::mem::take(&mut this.count))
    }

    /// A note was written, or not.
    fn noted(&self, token: i64, lost: i64) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(this) = uses.get_mut(&token) {
            this.noting = false;
            this.count += lost;
        }
    }
}

/// Puts what is needed here into the core.
pub fn equip(core: Core) -> Core {
    core.with(Arc::new(Uses::default())).with(NarrowUsed(used)).with(CredentialRefused(refused))
}

fn used(core: &Core, actor: &Actor, caller: &Caller) {
    let (Some(narrow), Some(uses)) = (&actor.narrow, core.get::<Arc<Uses>>()) else { return };
    let Some(count) = uses.count(narrow.key, &caller.request, narrow.due) else { return };
    let (uses, store, now, key, address) = (uses.clone(), core.store.clone(), core.now(), narrow.key, actor.address);
    tokio::spawn(async move {
        let noted = async {
            let most = store::limit(&store, rules::EVENTS_PER_HOUR).await?;
            store::touch(&store, key, address, count, most, now).await
        };
        let lost = match noted.await {
            Ok(()) => 0,
            Err(error) => {
                tracing::warn!(%error, "the use of a personal access token was not noted");
                count
            }
        };
        uses.noted(key, lost);
    });
}

fn refused(core: &Core, caller: &Caller) {
    let Credential::Secret("bearer", token) = &caller.credential else { return };
    if !rules::is_ours(token) {
        return;
    }
    let (store, now, token, address) = (core.store.clone(), core.now(), token.clone(), caller.address);
    tokio::spawn(async move {
        let noted = async {
            let most = store::limit(&store, rules::EVENTS_PER_HOUR).await?;
            store::refused(&store, &token, address, most, now).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a refused personal access token was not noted");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_once_and_noted_by_one() {
        let uses = Uses::default();
        assert_eq!(uses.count(7, "a", false), None);
        assert_eq!(uses.count(7, "a", false), None);
        assert_eq!(uses.count(7, "b", true), Some(2));
        assert_eq!(uses.count(7, "c", true), None);
        uses.noted(7, 0);
        assert_eq!(uses.count(7, "d", true), Some(2));
        uses.noted(7, 2);
        assert_eq!(uses.count(7, "d", true), Some(2));
    }
}
