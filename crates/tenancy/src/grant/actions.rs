//! What can be done with a team: add somebody, change until when a role lasts, take it away. One set of actions serves every
//! kind of scope; an area makes those of its own kinds:
//!
//! ```ignore
//! pub static ADD_USER: Action = grant::actions::add_user("project.add_user", &PROJECTS, &grant::rules::PROJECT);
//! ```
//!
//! Who may is declared (`needs`), so strangers and those without the permission are refused before anything is read. Then,
//! in this order (reference/permissions.md, section 5): a removed project; role, person and time; further checks of the
//! kind; a blocked organization; one's own role; and for a new grant those of [`admit`].

use super::{
    lent,
    rules::{self, Team},
    scene::{Scene, standing},
    store::{self, NewGrant, Organization, Recorded},
    views::{self, GRANTS},
};
use crate::{
    access::ceiling,
    guard, role,
    settings::{self, Settings},
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Time,
    access::{Actor, Decision, Needs, Reason, decide},
    action::{Action, Cx, Done, Run, Target},
    event::{Change, Event},
    field::{Field, Input, Kind},
    id::{self, Uuid},
    view::View,
};

const FIELDS: &[Field] = &[
    Field::text("role", 255, "Name or identifier of the role.").required(),
    Field::new("user", Kind::Uuid, "Identifier of the person.").required(),
    Field::new("expiration_time", Kind::Time, "When the role ends by itself; null for never.").nullable(),
];

const fn team_action(name: &'static str, about: &'static str, view: &'static View, needs: Needs, run: Run) -> Action {
    Action { name, about, target: Target::Thing(view), needs, from: &[], fields: FIELDS, events: EVENTS, run }
}

const EVENTS: &[&str] = &["role_granted", "role_updated", "role_revoked"];

/// The action that gives somebody a role at a scope that this view shows.
pub const fn add_user(name: &'static str, view: &'static View, team: &'static Team) -> Action {
    let needs = Needs::Permission(team.create.id(), team.places);
    team_action(name, "Give somebody a role here.", view, needs, |cx, input| Box::pin(add(cx, input)))
}

/// The action that changes until when somebody's role lasts.
pub const fn update_user(name: &'static str, view: &'static View, team: &'static Team) -> Action {
    let needs = Needs::Permission(team.update.id(), team.places);
    team_action(name, "Change until when somebody has a role here.", view, needs, |cx, input| {
        Box::pin(update(cx, input))
    })
}

/// The action that takes somebody's role away.
pub const fn delete_user(name: &'static str, view: &'static View, team: &'static Team) -> Action {
    let needs = Needs::Permission(team.delete.id(), team.places);
    team_action(name, "Take a role here away from somebody.", view, needs, |cx, input| Box::pin(delete(cx, input)))
}

/// Takes a grant away by its own identifier.
pub static REVOKE: Action = Action {
    name: "grant.revoke",
    about: "Take a role away from somebody, by the identifier of the grant.",
    target: Target::Thing(&GRANTS),
    needs: views::REVOKE,
    from: &[],
    fields: REASON,
    events: &["role_revoked"],
    run: |cx, input| Box::pin(revoke(cx, input)),
};

/// Gives a role again that was taken away.
pub static RESTORE: Action = Action {
    name: "grant.restore",
    about: "Give a role again that was taken away or that ended.",
    target: Target::Thing(&GRANTS),
    needs: views::RESTORE,
    from: &[],
    fields: REASON,
    events: EVENTS,
    run: |cx, input| Box::pin(restore(cx, input)),
};

const REASON: &[Field] = &[Field::text("reason", 255, "Why.")];

async fn add(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let scene = Scene::load(cx, &input, |team| team.create).await?;
    let (_, event) = give(cx, &scene).await?;
    Ok(Done::event(event).answer(expiry(scene.until)))
}

/// Gives the role, or extends the grant that is open: the grant and its event.
pub(super) async fn give(cx: &mut Cx<'_>, scene: &Scene) -> Result<(Uuid, Event)> {
    if !scene.person.is_active && !cx.actor.is_staff() {
        return Err(Error::invalid("Only staff users can assign roles to deactivated users."));
    }
    let open = scene.open(cx).await?;
    let same = || Error::invalid("User has already the same role in this scope.");
    if open.as_ref().is_some_and(|open| rules::covers(open.until, scene.until)) {
        return Err(same());
    }
    admit(cx, scene).await?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    if let Some(open) = open {
        return Ok((open.uuid, change_end(cx, scene, &open).await?));
    }
    let new = NewGrant {
        uuid: cx.uuid(),
        user_id: scene.person.id,
        role_id: scene.role.id,
        scope: scene.team.scope,
        scope_id: scene.scope.id,
        scope_uuid: scene.scope.uuid,
        scope_name: &scene.scope.name,
        customer_id: scene.customer_id,
        by,
        until: scene.until,
        source: &scene.source,
        now: cx.now,
    };
    // Two who grant the same at the same moment: the second one is told what he would have been told a moment later.
    let uuid = store::grant(cx.tx, new).await.map_err(|error| match error {
        Error::Duplicate(key) if key == store::KEY => same(),
        other => other,
    })?;
    let recorded = scene.recorded(uuid, scene.until);
    Ok((uuid, event("role_granted", &recorded, scene.team, &scene.organization, None)))
}

/// Whether this person may get this role here from this actor: scope, role, the scope's own limits, and the ceiling.
pub(super) async fn admit(cx: &mut Cx<'_>, scene: &Scene) -> Result<()> {
    suits(cx, scene).await?;
    let settings = settings::Settings::load(&mut *cx.tx).await?;
    one_manager(cx, scene, &settings).await?;
    restrictions(scene)?;
    under_ceiling(cx, scene).required()?;
    lent_is_not_kept(cx, scene).await?;
    kept_apart(cx, scene).await?;
    if preapproved_only(scene, &settings) && !is_preapproved(cx, scene).await? {
        Decision::rule(NOT_PREAPPROVED).required()?;
    }
    Ok(())
}

/// Whether the role is one of this kind of scope and can be given there: by anybody, staff included.
pub(super) async fn suits(cx: &mut Cx<'_>, scene: &Scene) -> Result<()> {
    if scene.role.scope != scene.team.scope {
        return Err(Error::invalid("Role is not valid for this scope."));
    }
    if !scene.role.active {
        return Err(Error::invalid("Role is not active."));
    }
    role::offered::require(cx.tx, scene.role.id, scene.customer_id, &scene.scope.places).await
}

/// Refuses a second manager of a project where the installation wants one.
pub(super) async fn one_manager(cx: &mut Cx<'_>, scene: &Scene, settings: &Settings) -> Result<()> {
    if scene.role.name == "PROJECT.MANAGER"
        && settings.is_on(settings::ONE_MANAGER)
        && store::has_manager(cx.tx, scene.scope.id, scene.role.id, scene.person.id, cx.now).await?
    {
        return Err(Error::invalid("Project already has an active project manager."));
    }
    Ok(())
}

/// Nobody gives himself, by a role that he activated for some hours, one that outlasts it (docs/just-in-time.md). What he could
/// give himself without that role he still can.
async fn lent_is_not_kept(cx: &mut Cx<'_>, scene: &Scene) -> Result<()> {
    if scene.person.id != cx.actor.id || cx.actor.is_staff() {
        return Ok(());
    }
    let Some(own) = lent::without(cx).await? else { return Ok(()) };
    let needs = Needs::Permission(scene.team.create.id(), scene.team.places);
    let reach = ceiling::reach(&own, &scene.above());
    if decide(&own, &needs, &scene.scope).allowed && ceiling::beyond(&scene.role.permissions, reach.as_ref()).is_empty()
    {
        return Ok(());
    }
    Decision::rule(lent::KEPT).required().map(|_| ())
}

/// Why somebody whom the organization does not know is refused.
pub(super) const NOT_PREAPPROVED: &str =
    "Managers of this project add people of its organization only; its owners add others.";

/// Whether this actor may add only people whom the organization knows (mission J2).
pub(super) fn preapproved_only(scene: &Scene, settings: &Settings) -> bool {
    let installation = || settings.is_on(settings::PREAPPROVED_ONLY);
    let project = scene.project.as_ref();
    !scene.from_above && project.is_some_and(|project| project.preapproved_only.unwrap_or_else(installation))
}

/// The scope and its organization must both let the person in (reference/permissions.md, section 8).
fn restrictions(scene: &Scene) -> Result<()> {
    let refused = |scope: &str| {
        let text = format!("User email, affiliation, or identity source does not match the {scope} restrictions.");
        Err(Error::invalid(text))
    };
    if !matches!(scene.team.scope, "customer" | "project") {
        return Ok(());
    }
    if !scene.organization.restriction.admits(&scene.person.traits) {
        return refused("customer");
    }
    match &scene.project {
        Some(project) if !project.restriction.admits(&scene.person.traits) => refused("project"),
        _ => Ok(()),
    }
}

/// Nobody grants a role that carries what he does not hold there or above (mission R5).
pub(super) fn under_ceiling(cx: &Cx<'_>, scene: &Scene) -> Decision {
    let above = scene.above();
    let reach = ceiling::reach(cx.actor, &above);
    let beyond = ceiling::beyond(&scene.role.permissions, reach.as_ref());
    if beyond.is_empty() {
        ceiling::handed(cx.actor, &above, &scene.role.permissions);
        return Decision { allowed: true, because: Vec::new() };
    }
    Decision::deny(Reason::Ceiling { role: scene.role.name.clone(), beyond })
}

/// Nobody gets a role that a guard keeps apart from one that he holds, whoever gives it.
async fn kept_apart(cx: &mut Cx<'_>, scene: &Scene) -> Result<()> {
    let place = (scene.team.scope, scene.scope.id, scene.customer_id);
    if let Some(clash) = guard::store::clash(cx.tx, scene.person.id, scene.role.id, place, cx.now).await? {
        let (guard, role, (kind, key, owner)) = (&clash.guard, &scene.role.name, &clash.place);
        let (other, on) = match cx.actor.sees_all() || sees_team(cx.actor, kind, *key, *owner) {
            true => (clash.role.as_str(), format!(" on {}", clash.scope_name)),
            false => ("another role", String::new()),
        };
        let text = format!("The guard {guard} keeps the role {role} apart from {other}, which the user has{on}.");
        Decision::rule(text).required()?;
    }
    Ok(())
}

/// Whether an actor may see the team of a scope, and so what others hold there.
fn sees_team(actor: &Actor, kind: &str, key: i64, owner: i64) -> bool {
    rules::team(kind).is_some_and(|team| decide(actor, &team.list, &standing(team, key, owner)).allowed)
}

/// Whether the organization knows the person, or its patterns or the project's name him (mission J2).
pub(super) async fn is_preapproved(cx: &mut Cx<'_>, scene: &Scene) -> Result<bool> {
    let person = &scene.person.traits;
    let here = scene.project.as_ref().is_some_and(|project| project.restriction.names(person));
    if here || scene.organization.restriction.names(person) {
        return Ok(true);
    }
    store::is_known(cx.tx, scene.person.id, scene.customer_id, cx.now).await
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let scene = Scene::load(cx, &input, |team| team.update).await?;
    let Some(open) = scene.open(cx).await? else {
        return Err(Error::invalid("User does not have this role in this scope."));
    };
    if open.until == scene.until {
        return Ok(Done::unchanged().answer(expiry(scene.until)));
    }
    // To extend a role is to give it for longer.
    if rules::extends(scene.until, open.until) {
        under_ceiling(cx, &scene).required()?;
        lent_is_not_kept(cx, &scene).await?;
    }
    let event = change_end(cx, &scene, &open).await?;
    Ok(Done::event(event).answer(expiry(scene.until)))
}

async fn change_end(cx: &mut Cx<'_>, scene: &Scene, open: &store::Open) -> Result<Event> {
    if rules::extends(scene.until, open.until) && !rules::may_be_extended(&open.source) {
        let text =
            "The role was activated for some hours, which are not prolonged. It can be given when they are over.";
        return Err(Error::invalid(text));
    }
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    if !store::set_end(cx.tx, open.id, scene.until, by, cx.now).await? {
        return Err(Error::invalid("User does not have this role in this scope."));
    }
    let words = |until: Option<Time>| until.map_or(Value::Null, |until| until.to_string().into());
    let change = Change { field: "expiration_time".into(), before: words(open.until), after: words(scene.until) };
    let recorded = scene.recorded(open.uuid, scene.until);
    Ok(event("role_updated", &recorded, scene.team, &scene.organization, None).changes(vec![change]))
}

async fn delete(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let scene = Scene::load(cx, &input, |team| team.delete).await?;
    let Some(open) = scene.open(cx).await? else { return Ok(Done::unchanged()) };
    let reason = "Manual user removal via delete_user API endpoint";
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    if !store::revoke(cx.tx, open.id, by, reason, cx.now).await? {
        return Ok(Done::unchanged());
    }
    let recorded = scene.recorded(open.uuid, open.until);
    Ok(Done::event(event("role_revoked", &recorded, scene.team, &scene.organization, Some(reason))))
}

async fn revoke(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let grant = store::recorded(cx.tx, cx.found.id).await?;
    let scene = Scene::of_grant(cx, &grant, |team| team.delete).await?;
    let reason = input.text("reason").filter(|text| !text.is_empty()).unwrap_or("Manual revocation");
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    if !store::revoke(cx.tx, cx.found.id, by, reason, cx.now).await? {
        return Err(Error::invalid("The role is revoked already."));
    }
    let event = event("role_revoked", &grant, scene.team, &scene.organization, Some(reason));
    Ok(Done::event(event).answer(json!({ "detail": "The role has been revoked." })))
}

async fn restore(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let grant = store::recorded(cx.tx, cx.found.id).await?;
    let mut scene = Scene::of_grant(cx, &grant, |team| team.create).await?;
    cx.decide(&Needs::Permission(scene.team.create.id(), scene.team.places), &scene.scope).required()?;
    lent::refuse(cx, grant.uuid).await?;
    if !store::is_closed(cx.tx, cx.found.id).await? {
        return Err(Error::invalid("The role is active already."));
    }
    // What ended by itself would end again at once.
    scene.until = grant.until.filter(|until| *until > cx.now);
    let (_, event) = give(cx, &scene).await?;
    let event = event.fact("reason", input.text("reason").unwrap_or_default());
    Ok(Done::event(event).answer(json!({ "detail": "The role has been restored." })))
}

fn expiry(until: Option<Time>) -> Value {
    json!({ "expiration_time": until.map(|until| until.to_string()) })
}

/// What the record says of a grant: in the feeds of the scope, its organization and the person.
pub fn event(
    kind: &'static str,
    grant: &Recorded,
    team: &'static Team,
    organization: &Organization,
    reason: Option<&str>,
) -> Event {
    let person = if grant.full_name.is_empty() { &grant.username } else { &grant.full_name };
    let (role, scope) = (&grant.role_name, &grant.scope_name);
    let message = match (kind, grant.until) {
        ("role_granted", _) => format!("User {person} has gained role of {role} in {scope}."),
        ("role_revoked", _) => format!("User {person} has lost role of {role} in {scope}."),
        (_, Some(until)) => format!("Role of {role} of user {person} in {scope} lasts until {until} now."),
        (_, None) => format!("Role of {role} of user {person} in {scope} lasts for ever now."),
    };
    let event = Event::new(kind, message)
        .fact("scope_type", team.model)
        .fact("scope_uuid", id::hex(&grant.scope_uuid))
        .fact("scope_name", scope.clone())
        .fact("role_name", role.clone())
        .fact("role_uuid", id::hex(&grant.role_uuid))
        .fact("grant_uuid", id::hex(&grant.uuid))
        .fact("customer_uuid", id::hex(&organization.uuid))
        .fact("customer_name", organization.name.clone())
        .fact("affected_user_uuid", id::hex(&grant.user_uuid))
        .fact("affected_user_username", grant.username.clone())
        .fact("affected_user_full_name", grant.full_name.clone())
        .feed(team.scope, grant.scope_id)
        .feed("customer", grant.customer_id)
        .feed("user", grant.user_id);
    match reason {
        Some(reason) => event.fact("reason", reason),
        None => event,
    }
}

/// What the record says of grants that another action closed: the removal of a project, an expiry.
pub async fn closed(cx: &mut Cx<'_>, grants: &[Recorded], reason: &str) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for grant in grants {
        let Some(team) = rules::team(&grant.scope) else { continue };
        let organization = store::organization(cx.tx, grant.customer_id).await.unwrap_or_default();
        events.push(event("role_revoked", grant, team, &organization, Some(reason)));
    }
    Ok(events)
}
