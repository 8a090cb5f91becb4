//! What can be done: an action is a constant that names who may do it, in which states, what can be sent, what it records,
//! and the function that contains only the rule.

use crate::{
    access::{Actor, Decision, Found, Needs, decide, decide_on},
    clock::Clock,
    door::Core,
    error::Result,
    event::Event,
    field::{Field, Input, Mode},
    id::Uuid,
    store::Tx,
    time::{Date, Time},
    val::Val,
    view::View,
};
use futures::future::BoxFuture;
use serde_json::Value;
use std::collections::BTreeMap;

/// Something that can be done.
pub struct Action {
    /// Thing and verb: `offering.pause`.
    pub name: &'static str,
    /// A sentence.
    pub about: &'static str,
    /// What it is done to.
    pub target: Target,
    /// Who may do it.
    pub needs: Needs,
    /// The states in which it can be done; empty for any.
    pub from: &'static [&'static str],
    /// What can be sent.
    pub fields: &'static [Field],
    /// The types of events that it may record; the first is the usual one. Empty for actions that leave no record.
    pub events: &'static [&'static str],
    /// The function.
    pub run: Run,
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Action {
    /// Decides whether an actor may run it on a thing, whatever its state.
    pub fn decide(&self, actor: &Actor, thing: &Found) -> Decision {
        decide_on(actor, &self.needs, thing)
    }
}

/// The function of an action: `run: |cx, input| Box::pin(pause(cx, input))`.
pub type Run = for<'a, 't> fn(&'a mut Cx<'t>, Input) -> BoxFuture<'a, Result<Done>>;

/// What an action is done to.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Nothing that exists: staff makes an organization.
    Nothing,
    /// A thing that is visible in this view (surfaces may name another view of the same thing).
    Thing(&'static View),
    /// The thing that a field of the input names, in which something is made: a project's `customer`. Invisible things are
    /// an error of that field.
    Parent(&'static str, &'static View),
}

/// What happens around an action while it runs: the transaction, who acts, on what, when.
pub struct Cx<'t> {
    /// The transaction.
    pub tx: &'t mut Tx,
    /// The core, for its registries and settings.
    pub core: &'t Core,
    /// Who acts.
    pub actor: &'t Actor,
    /// What he acts on; empty for [`Target::Nothing`].
    pub found: Found,
    /// Things that links of the input name, by field.
    pub links: BTreeMap<&'static str, Vec<Found>>,
    /// The present.
    pub now: Time,
    /// Whether the input is a whole or a part.
    pub mode: Mode,
    /// The input as it was sent, for rules about fields that may only be sent back unchanged.
    pub body: &'t Value,
}

impl Cx<'_> {
    /// Today, in UTC.
    pub fn today(&self) -> Date {
        self.now.date()
    }

    /// The clock, for fresh identifiers and secrets; the present is [`Cx::now`].
    pub fn clock(&self) -> &Clock {
        &self.core.clock
    }

    /// A fresh public identifier.
    pub fn uuid(&self) -> Uuid {
        self.core.clock.uuid()
    }

    /// Finds a thing of a view that the actor sees.
    pub async fn visible(&mut self, view: &'static View, lookup: impl Into<Val>) -> Result<Option<Found>> {
        crate::door::find(self.tx, self.actor, view, &lookup.into(), true, self.now).await
    }

    /// Finds a thing of a view whether or not the actor sees it.
    pub async fn find(&mut self, view: &'static View, lookup: impl Into<Val>) -> Result<Option<Found>> {
        crate::door::find(self.tx, self.actor, view, &lookup.into(), false, self.now).await
    }

    /// Somebody else in whose name something is done within this call, with the power that he has now: what it takes of it counts
    /// as used, as if he had called. `None` if there is no such user.
    pub async fn on_behalf_of(&mut self, user: Uuid) -> Result<Option<Actor>> {
        let found = self.core.actor_in(&mut *self.tx, user, self.now).await?;
        Ok(found.map(|other| other.within_call_of(self.actor)))
    }

    /// Decides a further question about the actor, on another thing or for a field that needs more than the action.
    pub fn decide(&self, needs: &Needs, thing: &Found) -> Decision {
        decide(self.actor, needs, thing)
    }

    /// Nothing, if the user himself acts; see [`Needs::InPerson`].
    ///
    /// # Errors
    /// Forbidden for a narrowed credential, for a token of an issuer, and for staff in somebody's place.
    pub fn in_person(&self) -> Result<()> {
        decide(self.actor, &Needs::InPerson(&Needs::SignedIn), &Found::default()).required().map(|_| ())
    }

    /// The thing that a link of the input names.
    pub fn link(&self, field: &str) -> Option<&Found> {
        self.links.get(field).and_then(|found| found.first())
    }
}

/// What an action did.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// The thing that it made or changed; the target if not set.
    pub uuid: Option<Uuid>,
    /// Kind and key of that thing, for the record.
    pub thing: Option<(&'static str, i64)>,
    /// What goes on record. Empty only if nothing changed.
    pub events: Vec<Event>,
    /// What the surface answers, for actions whose answer is not the thing itself.
    pub answer: Value,
}

impl Done {
    /// One event.
    pub fn event(event: Event) -> Done {
        Done { events: vec![event], ..Done::default() }
    }

    /// Nothing changed, so nothing goes on record.
    pub fn unchanged() -> Done {
        Done::default()
    }

    /// Names the thing that was made.
    pub fn made(mut self, thing: &'static str, id: i64, uuid: Uuid) -> Done {
        self.thing = Some((thing, id));
        self.uuid = Some(uuid);
        self
    }

    /// Adds an event.
    pub fn and(mut self, event: Event) -> Done {
        self.events.push(event);
        self
    }

    /// Sets the answer.
    pub fn answer(mut self, answer: Value) -> Done {
        self.answer = answer;
        self
    }
}

/// A function that runs in the transaction of every event of one type.
pub struct Listener {
    /// The type of event.
    pub event: &'static str,
    /// The function.
    pub run: for<'a, 't> fn(&'a mut Cx<'t>, &'a Event) -> BoxFuture<'a, Result<()>>,
}
