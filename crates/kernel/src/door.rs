//! The one door: [`Core::perform`] runs every action, [`Core::look`] every view, for every surface (design.md, section 1).
//!
//! No other code decides access or writes events.

pub use crate::series::Series;
use crate::{
    access::{Actor, Decision, Found, Held, Stand, Use, Used, decide},
    action::{Action, Cx, Done, Listener, Target},
    clock::Clock,
    error::{Error, Invalid, Result},
    event::{self, Origin},
    field::{Field, Input, Kind, Mode},
    id::Uuid,
    store::{Query, Row, Store, Tx},
    time::Time,
    val::Val,
    vals,
    view::{Ask, Column, View},
};
use futures::future::BoxFuture;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

/// How a caller proves who he is.
#[derive(Debug, Clone, Default)]
pub enum Credential {
    /// Not at all.
    #[default]
    None,
    /// A secret that was presented: the scheme in lower case and the rest.
    Secret(&'static str, String),
    /// The user with this identifier; for the program's own commands, never from the wire.
    Trusted(Uuid),
    /// The user with this identifier, whom a token of a trusted issuer proves: a program acts for him. The surface has verified it.
    Issued(Uuid),
    /// The program itself.
    System,
}

/// A caller: who he says he is, and from where he calls.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// His proof.
    pub credential: Credential,
    /// Identifier of the user as whom a staff member wants to act.
    pub impersonate: Option<String>,
    /// His address.
    pub address: Option<IpAddr>,
    /// What his program calls itself, shortened; empty if it does not.
    pub agent: String,
    /// Identifier of the request.
    pub request: String,
    /// Whether this is a call that a user may make who is held up otherwise ([`Actor::held_up`]).
    pub exempt: bool,
    /// Code of the language in which he reads labels; empty for the installation's own.
    pub language: &'static str,
    /// What his call relies on; kept where the surface says so.
    pub used: Used,
}

impl Caller {
    /// The program itself.
    pub fn system() -> Caller {
        Caller { credential: Credential::System, request: "system".into(), ..Caller::default() }
    }
}

/// Turns a caller into an actor. Implemented by the area that knows people.
pub trait Directory: Send + Sync {
    /// The actor with all its grants, in one query (two while impersonating).
    ///
    /// # Errors
    /// Unauthenticated for a proof that does not hold.
    fn actor<'a>(&'a self, query: &'a mut dyn Query, caller: &'a Caller, now: Time) -> BoxFuture<'a, Result<Actor>>;

    /// The user with this identifier as he was at an instant, or (`None`) as he is: his grants and what their roles carried then.
    /// `None` if there is no such user.
    fn actor_at<'a>(
        &'a self,
        query: &'a mut dyn Query,
        user: Uuid,
        at: Option<Time>,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Actor>>>;

    /// The same for the users with these keys, in the order of their keys, in a number of queries that does not grow with theirs.
    fn actors_at<'a>(
        &'a self,
        query: &'a mut dyn Query,
        users: &'a [i64],
        at: Option<Time>,
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Actor>>>;
}

/// What is done, beside the request, when the stamp of last use of a token is due to move ([`Actor::token`]). An area puts it
/// into the core with [`Core::with`].
pub struct TokenDue(pub fn(&Core, i64));

/// What is done, beside the request, when a narrowed credential was used ([`Actor::narrow`]). An area puts it into the core with
/// [`Core::with`].
pub struct NarrowUsed(pub fn(&Core, &Actor, &Caller));

/// What is told of everything on which a call that succeeded relied ([`Core::used`]), beside the request: it neither waits nor
/// fails. An area puts it into the core with [`Core::with`].
pub struct Relied(pub fn(&Core, HashSet<Use>));

/// What is done, beside the request, when a credential was refused. An area puts it into the core with [`Core::with`].
pub struct CredentialRefused(pub fn(&Core, &Caller));

/// What is told of every page that a watched actor was shown ([`Actor::watched`]), beside the request: it neither waits nor
/// fails. An area puts it into the core with [`Core::with`].
pub struct Looked(pub fn(&Core, &Actor, &'static View, &Page));

/// Everything that the areas registered.
#[derive(Default)]
pub struct Registry {
    /// Every action.
    pub actions: Vec<&'static Action>,
    /// Every view.
    pub views: Vec<&'static View>,
    /// What listens to events.
    pub listeners: Vec<Listener>,
    /// Views of areas below with what areas above add to them ([`View::with`]); each takes the place of its namesake.
    pub fuller: Vec<&'static View>,
}

/// The core of a running installation.
pub struct Core {
    /// The database.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    directory: Box<dyn Directory>,
    registry: Registry,
    /// The view in which a link to a kind of thing is looked up.
    things: HashMap<&'static str, &'static View>,
    /// Values of the installation that areas put here (their settings), by type.
    settings: HashMap<std::any::TypeId, Box<dyn std::any::Any + Send + Sync>>,
}

/// A call of an action.
#[derive(Debug, Clone)]
pub struct Call {
    /// The action.
    pub action: &'static Action,
    /// The view in which the target must be visible, if not the action's own.
    pub via: Option<&'static View>,
    /// The lookup value of the target, as text (a uuid in most views).
    pub target: Option<String>,
    /// The input.
    pub body: Value,
    /// Whether the input is a whole or a part.
    pub mode: Mode,
}

/// A page of a view.
#[derive(Debug)]
pub struct Page {
    /// The columns; value `i + 2` of a row belongs to column `i`, value 0 is the row's key.
    pub columns: Vec<&'static Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How many rows all pages have together.
    pub total: i64,
}

impl Core {
    /// A core over a store. The first view of a kind of thing is the one in which links to it are looked up.
    pub fn new(store: Store, clock: Clock, directory: Box<dyn Directory>, registry: Registry) -> Core {
        let mut things = HashMap::new();
        for view in &registry.views {
            things.entry(view.thing).or_insert(*view);
        }
        Core { store, clock, directory, registry, things, settings: HashMap::new() }
    }

    /// Puts a value of the installation here, such as an area's settings.
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Core {
        self.settings.insert(std::any::TypeId::of::<T>(), Box::new(value));
        self
    }

    /// A value that [`Core::with`] put here.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.settings.get(&std::any::TypeId::of::<T>()).and_then(|value| value.downcast_ref())
    }

    /// Every action.
    pub fn actions(&self) -> &[&'static Action] {
        &self.registry.actions
    }

    /// Every view.
    pub fn views(&self) -> &[&'static View] {
        &self.registry.views
    }

    /// This view with what areas above have added to it. Everything that reads a view goes through here.
    pub fn full(&self, view: &'static View) -> &'static View {
        self.registry.fuller.iter().rev().find(|fuller| fuller.name == view.name).copied().unwrap_or(view)
    }

    /// The view in which a link to this kind of thing is looked up.
    pub fn view_of(&self, thing: &str) -> Option<&'static View> {
        self.things.get(thing).copied()
    }

    /// The action with this name.
    pub fn action(&self, name: &str) -> Option<&'static Action> {
        self.registry.actions.iter().find(|action| action.name == name).copied()
    }

    /// The present.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Who calls.
    pub async fn actor(&self, caller: &Caller) -> Result<Actor> {
        let loaded = self.directory.actor(&mut self.store.reader(), caller, self.now()).await;
        match &loaded {
            Ok(actor) => self.credential_used(actor, caller),
            Err(error) => self.credential_refused(caller, error),
        }
        loaded.map(|actor| Actor { language: caller.language, used: caller.used.clone(), ..actor })
    }

    /// Says that a call has succeeded: what it relied on counts as used. A surface does so once, when it has the answer.
    pub fn used(&self, used: &Used) {
        let relied = used.take();
        if let (false, Some(hook)) = (relied.is_empty(), self.get::<Relied>()) {
            (hook.0)(self, relied);
        }
    }

    pub(crate) fn credential_used(&self, actor: &Actor, caller: &Caller) {
        if let (Some((token, true)), Some(due)) = (actor.token, self.get::<TokenDue>()) {
            (due.0)(self, token);
        }
        if let (Some(_), Some(used)) = (&actor.narrow, self.get::<NarrowUsed>()) {
            (used.0)(self, actor, caller);
        }
    }

    pub(crate) fn credential_refused(&self, caller: &Caller, error: &Error) {
        if let (Error::Unauthenticated(_), Credential::Secret(..)) = (error, &caller.credential)
            && let Some(refused) = self.get::<CredentialRefused>()
        {
            (refused.0)(self, caller);
        }
    }

    /// Who calls, as a transaction sees it. Unlike [`Core::actor`], it notes no use of the credential.
    pub async fn actor_of(&self, query: &mut dyn Query, caller: &Caller) -> Result<Actor> {
        self.directory.actor(query, caller, self.now()).await
    }

    /// A user as he was at an instant, or (`None`) as he is.
    pub async fn actor_at(&self, user: Uuid, at: impl Into<Option<Time>>) -> Result<Option<Actor>> {
        self.actor_in(&mut self.store.reader(), user, at).await
    }

    /// The same as a transaction (or whatever is asked) sees it.
    pub async fn actor_in(
        &self,
        query: &mut dyn Query,
        user: Uuid,
        at: impl Into<Option<Time>>,
    ) -> Result<Option<Actor>> {
        self.directory.actor_at(query, user, at.into(), self.now()).await
    }

    /// Users, by key, as they were at an instant, or (`None`) as they are.
    pub async fn actors_in(
        &self,
        query: &mut dyn Query,
        users: &[i64],
        at: impl Into<Option<Time>>,
    ) -> Result<Vec<Actor>> {
        self.directory.actors_at(query, users, at.into(), self.now()).await
    }

    /// Users, by key, as they are to a call whose instant this is.
    pub async fn actors_to(&self, query: &mut dyn Query, users: &[i64], now: Time) -> Result<Vec<Actor>> {
        self.directory.actors_at(query, users, None, now).await
    }

    /// Runs an action in one transaction: load → hide or refuse → check the state → read the input → do → record → listeners
    /// → commit. A change and its event commit together or not at all (invariant 10).
    ///
    /// # Errors
    /// Not found for what the actor may not see; forbidden with the decision; invalid, conflict and the rest as the action
    /// finds them. Refusals go on record.
    pub async fn perform(self: &Arc<Self>, caller: &Caller, call: Call) -> Result<Done> {
        let now = self.now();
        let (core, caller, call) = (self.clone(), Arc::new(caller.clone()), Arc::new(call));
        let (inner_caller, inner_call) = (caller.clone(), call.clone());
        let result = self
            .store
            .write(move |tx| {
                let (core, caller, call) = (core.clone(), inner_caller.clone(), inner_call.clone());
                Box::pin(async move { core.perform_in(tx, &caller, &call, now).await })
            })
            .await;
        match result {
            Ok((done, actor)) => {
                self.credential_used(&actor, &caller);
                Ok(done)
            }
            Err(error) => {
                self.credential_refused(&caller, &error);
                if let Error::Forbidden(decision) = &error {
                    self.record_refusal(&caller, &call, decision, now).await;
                }
                Err(error)
            }
        }
    }

    /// The part of [`Core::perform`] that is in the transaction; see also [`crate::series`].
    pub(crate) async fn perform_in(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        call: &Call,
        now: Time,
    ) -> Result<(Done, Actor)> {
        let action = call.action;
        let actor = self.directory.actor(&mut *tx, caller, now).await?;
        let actor = Actor { language: caller.language, used: caller.used.clone(), ..actor };
        // Strangers learn nothing, not even that a target is missing.
        decide_sign_in(&actor, action)?;
        let found = self.target(tx, &actor, call, now).await?;
        action.decide(&actor, &found).required()?;
        let done = self.run(tx, caller, &actor, call, found, now).await?;
        Ok((done, actor))
    }

    async fn target(&self, tx: &mut Tx, actor: &Actor, call: &Call, now: Time) -> Result<Found> {
        match call.action.target {
            Target::Nothing => Ok(Found::default()),
            Target::Thing(view) => {
                let view = call.via.unwrap_or(view);
                let lookup = lookup_value(view, call.target.as_deref().unwrap_or("")).ok_or(Error::NotFound)?;
                find(tx, actor, view, &lookup, true, now).await?.ok_or(Error::NotFound)
            }
            Target::Parent(field, view) => {
                let at = call.action.fields.iter().position(|f| f.name == field);
                let only: &'static [Field] = match at {
                    Some(at) => &call.action.fields[at..=at],
                    None => return Err(Error::broken(format!("{} has no field {field}", call.action.name))),
                };
                let input = Input::read(only, &call.body, Mode::Whole)?;
                let Some(uuid) = input.uuid(field) else {
                    return Err(Error::field(field, "This field may not be null."));
                };
                let found = find(tx, actor, view, &Val::Uuid(uuid), true, now).await?;
                found.ok_or_else(|| Error::field(field, "Invalid hyperlink - Object does not exist."))
            }
        }
    }

    async fn run(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        actor: &Actor,
        call: &Call,
        found: Found,
        now: Time,
    ) -> Result<Done> {
        let action = call.action;
        if !action.from.is_empty() && !found.state.as_deref().is_some_and(|state| action.from.contains(&state)) {
            return Err(Error::Conflict(format!("Valid states for operation: {}.", action.from.join(", "))));
        }
        let mut input = Input::read(action.fields, &call.body, call.mode)?;
        let links = self.links(tx, actor, action.fields, &mut input, now).await?;
        let thing = (found.id != 0).then_some((found.thing, found.id));
        let mut cx = Cx { tx, core: self, actor, found, links, now, mode: call.mode, body: &call.body };
        let done = (action.run)(&mut cx, input).await?;
        for event in &done.events {
            if !action.events.contains(&event.kind) {
                return Err(Error::broken(format!("{} records the undeclared event {}", action.name, event.kind)));
            }
            let origin = Origin {
                action: action.name,
                actor,
                request: &caller.request,
                thing: done.thing.or(thing),
                now,
                uuid: self.clock.uuid(),
            };
            event::record(cx.tx, origin, event).await?;
            for listener in self.registry.listeners.iter().filter(|listener| listener.event == event.kind) {
                (listener.run)(&mut cx, event).await?;
            }
        }
        Ok(done)
    }

    /// Finds what the links of an input name, among what the actor sees, and puts their keys in place of the uuids.
    async fn links(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        fields: &'static [Field],
        input: &mut Input,
        now: Time,
    ) -> Result<BTreeMap<&'static str, Vec<Found>>> {
        let mut links = BTreeMap::new();
        let mut invalid = Invalid::default();
        for field in fields {
            let (Kind::Link(thing) | Kind::Links(thing)) = field.kind else { continue };
            let uuids: Vec<Uuid> = match input.val(field.name) {
                Some(Val::Uuid(uuid)) => vec![*uuid],
                Some(Val::Uuids(uuids)) => uuids.to_vec(),
                _ => continue,
            };
            let view = self.view_of(thing).ok_or_else(|| Error::broken(format!("no view shows a {thing}")))?;
            let mut all = Vec::new();
            for uuid in uuids {
                match find(tx, actor, view, &Val::Uuid(uuid), true, now).await? {
                    Some(found) => all.push(found),
                    None => invalid.add(field.name, "Invalid hyperlink - Object does not exist."),
                }
            }
            match field.kind {
                Kind::Link(_) => all.first().map(|found| found.id).into_iter().for_each(|id| input.set(field.name, id)),
                _ => input.set(field.name, all.iter().map(|found| found.id).collect::<Vec<i64>>()),
            }
            links.insert(field.name, all);
        }
        invalid.done()?;
        Ok(links)
    }

    pub(crate) async fn record_refusal(&self, caller: &Caller, call: &Call, decision: &Decision, now: Time) {
        let reasons = serde_json::to_string(&decision.because).unwrap_or_default();
        let actor = self.actor(caller).await.ok().filter(|actor| actor.id != 0);
        let by = actor.as_ref().and_then(|actor| actor.impersonator.as_ref()).map(|by| by.uuid);
        let token = actor.as_ref().and_then(|actor| actor.narrow.as_ref()).map(|narrow| narrow.uuid);
        let values = vals![
            now,
            actor.map(|actor| actor.id),
            by,
            token,
            call.action.name,
            call.target.clone(),
            reasons,
            &caller.request
        ];
        let values: Arc<[Val]> = Arc::from(values.to_vec());
        let written = self
            .store
            .write(move |tx| {
                let values = values.clone();
                Box::pin(async move {
                    let sql = "INSERT INTO refusals (created, actor_id, impersonator, token, action, target, reasons, \
                               request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
                    tx.execute(sql, &values).await
                })
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(%error, "a refusal was not recorded");
        }
    }

    /// Runs a view.
    ///
    /// # Errors
    /// Forbidden where the view as a whole is not the actor's; invalid for filters and orders that can't be read.
    pub async fn look(&self, actor: &Actor, view: &'static View, ask: &Ask) -> Result<Page> {
        let view = self.full(view);
        decide(actor, &view.needs, &Found::default()).required()?;
        let now = self.now();
        if ask.limit == 0 {
            let count = view.count(actor, ask, now)?;
            let rows = self.store.query_long(&count.text, &count.params).await?;
            let total = rows.first().map_or(Ok(0), |row| row.get(0))?;
            return Ok(Page { columns: Vec::new(), rows: Vec::new(), total });
        }
        let (statement, relied) = match ask.one {
            Some(_) => actor.looking(|| view.select(actor, ask, now)),
            None => (view.select(actor, ask, now), HashSet::new()),
        };
        let statement = statement?;
        let (sql, params) = (&statement.clause.text, &statement.clause.params);
        let rows = match ask.one {
            Some(_) => self.store.query(sql, params).await?,
            None => self.store.query_long(sql, params).await?,
        };
        let total = match rows.first() {
            Some(row) => row.get(1)?,
            // Beyond the last page no row carries the total.
            None if ask.offset > 0 => {
                let count = view.count(actor, ask, now)?;
                let rows = self.store.query_long(&count.text, &count.params).await?;
                rows.first().map_or(Ok(0), |row| row.get(0))?
            }
            None => 0,
        };
        if let (Some(_), Some(row)) = (&ask.one, rows.first()) {
            actor.opened(relied, &stands(view, row, 2 + statement.columns.len())?);
        }
        let page = Page { columns: statement.columns, rows, total };
        if let (true, Some(looked)) = (actor.watched, self.get::<Looked>()) {
            (looked.0)(self, actor, view, &page);
        }
        Ok(page)
    }

    /// Finds one thing of a view and what a decision on it needs, outside a transaction.
    pub async fn find(&self, actor: &Actor, view: &'static View, lookup: &str) -> Result<Found> {
        let lookup = lookup_value(view, lookup).ok_or(Error::NotFound)?;
        find(&mut self.store.reader(), actor, view, &lookup, true, self.now()).await?.ok_or(Error::NotFound)
    }

    /// Asks who of many actors sees a thing through a view.
    pub fn sight<'a>(&'a self, view: &'static View, found: &'a Found) -> Sight<'a> {
        Sight { core: self, view, found, now: self.now(), answers: HashMap::new() }
    }
}

fn decide_sign_in(actor: &Actor, action: &Action) -> Result<()> {
    if actor.signed_in() || matches!(action.needs, crate::access::Needs::Nothing) {
        return Ok(());
    }
    decide(actor, &crate::access::Needs::SignedIn, &Found::default()).required().map(|_| ())
}

/// The value by which a view finds one row, from its text on the wire: a uuid, a whole number or a name.
pub fn lookup_value(view: &View, text: &str) -> Option<Val> {
    if view.lookup.ends_with(".uuid") {
        return crate::id::parse(text).map(Val::Uuid);
    }
    if view.lookup.ends_with(".id") {
        return text.parse().ok().map(Val::Int);
    }
    (!text.contains('\0') && text.len() <= 300).then(|| Val::from(text))
}

/// Who of many actors sees one thing, in few statements; see [`Core::sight`].
pub struct Sight<'a> {
    core: &'a Core,
    view: &'static View,
    found: &'a Found,
    now: Time,
    /// What was asked already, by statement and values.
    answers: HashMap<String, bool>,
}

impl Sight<'_> {
    /// Whether an actor sees the thing. Nobody sees less for what else he holds or is, so somebody unknown who holds only what he
    /// holds where the thing stands is asked about first: for all who hold the same there, that is one statement.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sees(&mut self, actor: &Actor) -> Result<bool> {
        let here = |held: &Held| self.found.places.iter().any(|at| at.scope == held.scope && at.id == held.scope_id);
        let mut like = actor.clone();
        like.id = -1;
        like.grants.retain(here);
        Ok(self.ask(&like).await? || self.ask(actor).await?)
    }

    async fn ask(&mut self, actor: &Actor) -> Result<bool> {
        let lookup = lookup_value(self.view, &crate::id::hex(&self.found.uuid));
        let Some(lookup) = lookup else { return Ok(false) };
        let clause = self.view.find(actor, &lookup, true, self.now)?;
        let question = format!("{} {:?}", clause.text, clause.params);
        if let Some(answer) = self.answers.get(&question) {
            return Ok(*answer);
        }
        let answer = !self.core.store.query(&clause.text, &clause.params).await?.is_empty();
        self.answers.insert(question, answer);
        Ok(answer)
    }
}

/// Finds one row of a view and what a decision on it needs.
pub async fn find(
    query: &mut dyn Query,
    actor: &Actor,
    view: &'static View,
    lookup: &Val,
    visible: bool,
    now: Time,
) -> Result<Option<Found>> {
    let (clause, relied) = actor.looking(|| view.find(actor, lookup, visible, now));
    let clause = clause?;
    let rows = query.query(&clause.text, &clause.params).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let places = stands(view, row, 5)?;
    actor.opened(relied, &places);
    Ok(Some(Found {
        thing: view.thing,
        id: row.get(0)?,
        uuid: row.get::<Option<Uuid>>(1)?.unwrap_or_default(),
        name: row.get::<Option<String>>(2)?.unwrap_or_default(),
        state: row.get(3)?,
        owner: row.get::<Option<i64>>(4)?.unwrap_or(0),
        places,
    }))
}

/// The places at which a row stands, from its values beginning with this one.
fn stands(view: &View, row: &Row, from: usize) -> Result<Vec<Stand>> {
    let mut places = Vec::new();
    for (at, place) in view.places.iter().enumerate() {
        if let Some(id) = row.get::<Option<i64>>(from + at)? {
            places.push(Stand { place: place.0, scope: place.1, id });
        }
    }
    Ok(places)
}
