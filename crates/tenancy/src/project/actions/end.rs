//! Removing a project, recovering it, and moving it to another organization.

use super::{MAY_CREATE, MAY_DELETE, end_marks, updated};
use crate::{
    access::permissions::Permission,
    customer,
    eligibility::{self, store::Which},
    grant::{
        self,
        store::{NewGrant, Recorded},
    },
    guard,
    project::{ProjectGuards, State, rules, store, views::PROJECTS},
    review, role, role_availability,
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Time,
    access::{Needs, Stand},
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Field, Input, Kind},
    id, record,
};

/// Removes a project; it can be recovered.
pub static DELETE: Action = Action {
    name: "project.delete",
    about: "Remove a project without active resources. Its roles end; it can be recovered.",
    target: Target::Thing(&PROJECTS),
    needs: MAY_DELETE,
    from: &[State::Active.text()],
    fields: &[],
    events: &[
        "project_deletion_succeeded",
        "role_revoked",
        "eligibility_revoked",
        "activation_cancelled",
        "activation_ended",
    ],
    run: |cx, _| Box::pin(delete(cx)),
};

/// Recovers a removed project.
pub static RECOVER: Action = Action {
    name: "project.recover",
    about: "Recover a removed project.",
    target: Target::Thing(&PROJECTS),
    needs: MAY_CREATE,
    from: &[],
    fields: &[
        Field::new("restore_team_members", Kind::Bool, "Give people the roles back that they had; staff only."),
        Field::new("send_invitations_to_previous_members", Kind::Bool, "Invite the people who had a role."),
        Field::new("end_date", Kind::Date, "The last day on which it can be used.").nullable().stored(),
    ],
    events: &["project_update_succeeded", "role_granted"],
    run: |cx, input| Box::pin(recover(cx, input)),
};

/// Moves a project to another organization.
pub static MOVE: Action = Action {
    name: "project.move",
    about: "Move a project to another organization: takes the right to delete it here and to make projects there.",
    target: Target::Thing(&PROJECTS),
    needs: MAY_DELETE,
    from: &[],
    fields: &[
        Field::new("customer", Kind::Link("customer"), "The organization to which it goes.").required(),
        Field::new("preserve_permissions", Kind::Bool, "Whether its people keep their roles.").required(),
    ],
    events: &[
        "project_update_succeeded",
        "role_revoked",
        "eligibility_revoked",
        "activation_cancelled",
        "activation_ended",
    ],
    run: |cx, input| Box::pin(move_to(cx, input)),
};

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let id = cx.found.id;
    let held = store::hold(cx.tx, id).await?;
    customer::store::require_open(cx.tx, held.customer_id).await?;
    let core = cx.core;
    for guard in ProjectGuards::of(core) {
        guard(cx, id).await?;
    }
    let facts = store::facts(cx.tx, id).await?;
    let reason = "The project has been deleted.";
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let revoked = grant::store::revoke_all(cx.tx, "project", id, by, reason, cx.now).await?;
    // What was activated for some hours does not come back with the project.
    let lent = grant::store::activated(cx.tx, revoked.iter().map(|grant| grant.uuid).collect()).await?;
    let roles: Vec<Value> = revoked.iter().filter(|grant| !lent.contains(&grant.uuid)).map(saved).collect();
    let metadata = json!({
        "terminated_at": cx.now.to_string(),
        "terminated_by": cx.actor.username,
        "user_roles": roles,
    });
    if !store::remove(cx.tx, id, by, &metadata, cx.now).await? {
        return Err(Error::Conflict("Cannot modify an object in its current state.".into()));
    }
    let event = Event::new("project_deletion_succeeded", format!("Project {} has been deleted.", cx.found.name))
        .facts(facts)
        .feed("project", id)
        .feed("customer", held.customer_id);
    let mut ends = grant::actions::closed(cx, &revoked, reason).await?;
    ends.extend(eligibility::course::close_all(cx, Which::At("project", id), reason).await?);
    Ok(ends.into_iter().fold(Done::event(event), Done::and))
}

/// A role as it is kept while its project is removed.
fn saved(one: &Recorded) -> Value {
    json!({
        "user_uuid": id::hex(&one.user_uuid),
        "user_username": one.username,
        "user_full_name": one.full_name,
        "role_uuid": id::hex(&one.role_uuid),
        "role_name": one.role_name,
        "expiration_time": one.until.map(|until| until.to_string()),
    })
}

async fn recover(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    let held = store::hold(cx.tx, id).await?;
    customer::store::require_open(cx.tx, held.customer_id).await?;
    if !held.removed {
        return Err(Error::invalid("Project is not removed."));
    }
    if input.bool("send_invitations_to_previous_members") == Some(true) {
        // SWITCH: with invitations, invite those whom the saved roles name.
        let text = "Previous members can't be invited from here yet; invite them to the recovered project.";
        return Err(Error::field("send_invitations_to_previous_members", text));
    }
    let end = input.date("end_date");
    rules::not_past("end_date", end, cx.today())?;
    let mut metadata = held.termination_metadata.clone();
    let mut granted = Vec::new();
    if input.bool("restore_team_members") == Some(true) {
        cx.decide(&Needs::Staff, &cx.found).required()?;
        let roles = metadata.as_mut().and_then(|metadata| metadata.get_mut("user_roles")).and_then(Value::as_array_mut);
        let roles = roles.ok_or_else(|| Error::invalid("Project has no saved team members."))?;
        for role in roles {
            if let Some(event) = restore(cx, role, held.customer_id).await? {
                role["restored"] = true.into();
                granted.push(event);
            }
        }
    }
    if !store::recover(cx.tx, id, metadata, cx.now).await? {
        return Err(Error::Conflict("Cannot modify an object in its current state.".into()));
    }
    let mut changes = vec![Change { field: "is_removed".into(), before: true.into(), after: false.into() }];
    let marks = if end.is_some() { end_marks(cx).to_vec() } else { Vec::new() };
    changes.extend(record::update(cx, store::TABLE, id, RECOVER.fields, &input, marks).await?);
    let done = updated(cx, held.customer_id, changes).await?;
    Ok(granted.into_iter().fold(done, Done::and))
}

/// Gives back a role that was saved when its project was removed: to a person who can sign in, whom project and
/// organization let in and who does not hold it, if the role is in use and offered there and its time is not over.
async fn restore(cx: &mut Cx<'_>, saved: &Value, customer_id: i64) -> Result<Option<Event>> {
    let text = |name: &str| saved.get(name).and_then(Value::as_str).unwrap_or_default();
    let until = Time::parse(text("expiration_time"));
    let role = role::store::named(cx.tx, text("role_uuid")).await?;
    let person = match id::parse(text("user_uuid")) {
        Some(uuid) => grant::store::person(&mut *cx.tx, uuid).await?,
        None => None,
    };
    let (Some(role), Some(person)) = (role, person) else { return Ok(None) };
    let organization = grant::store::organization(cx.tx, customer_id).await?;
    let project = grant::store::project(cx.tx, cx.found.id).await?;
    let places = [Stand { place: "itself", scope: "project", id: cx.found.id }];
    let offered = match role::offered::require(cx.tx, role.id, customer_id, &places).await {
        Err(Error::Invalid(_)) => false,
        asked => asked.map(|()| true)?,
    };
    let welcome =
        offered && organization.restriction.admits(&person.traits) && project.restriction.admits(&person.traits);
    let id = cx.found.id;
    let open = grant::store::open(cx.tx, person.id, role.id, "project", id, cx.now).await?;
    let clash = guard::store::clash(cx.tx, person.id, role.id, ("project", id, customer_id), cx.now).await?;
    let welcome = welcome && clash.is_none();
    if !welcome || !role.active || !person.is_active || until.is_some_and(|until| until <= cx.now) || open.is_some() {
        return Ok(None);
    }
    let new = NewGrant {
        uuid: cx.uuid(),
        user_id: person.id,
        role_id: role.id,
        scope: "project",
        scope_id: id,
        scope_uuid: cx.found.uuid,
        scope_name: &cx.found.name,
        customer_id,
        by: (cx.actor.id != 0).then_some(cx.actor.id),
        until,
        source: "",
        now: cx.now,
    };
    let recorded = Recorded {
        uuid: grant::store::grant(cx.tx, new).await?,
        user_id: person.id,
        user_uuid: person.uuid,
        username: person.username,
        full_name: person.full_name,
        role_id: role.id,
        role_name: role.name,
        role_uuid: role.uuid,
        scope: "project".into(),
        scope_id: id,
        scope_uuid: cx.found.uuid,
        scope_name: cx.found.name.clone(),
        customer_id,
        until,
    };
    let reason = Some("The project has been recovered.");
    Ok(Some(grant::actions::event("role_granted", &recorded, &grant::rules::PROJECT, &organization, reason)))
}

async fn move_to(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    let target = cx.link("customer").cloned().ok_or(Error::NotFound)?;
    cx.decide(&Needs::Permission(Permission::ProjectCreate.id(), &["itself"]), &target).required()?;
    let held = store::hold(cx.tx, id).await?;
    if held.customer_id == target.id {
        return Err(Error::field("customer", "New customer must be different than current one."));
    }
    customer::store::require_open(cx.tx, held.customer_id).await?;
    customer::store::require_open(cx.tx, target.id).await?;
    let before = store::facts(cx.tx, id).await?;
    let reason = "The project has been moved to another organization.";
    let (mut revoked, mut unable) = (Vec::new(), Vec::new());
    if input.bool("preserve_permissions") == Some(true) {
        grant::store::moved(cx.tx, "project", id, target.id).await?;
        eligibility::course::moved(cx.tx, "project", id, target.id).await?;
    } else {
        let by = (cx.actor.id != 0).then_some(cx.actor.id);
        revoked = grant::store::revoke_all(cx.tx, "project", id, by, reason, cx.now).await?;
        unable = eligibility::course::close_all(cx, Which::At("project", id), reason).await?;
    }
    let mut ends = grant::actions::closed(cx, &revoked, reason).await?;
    ends.extend(unable);
    store::set_customer(cx.tx, id, target.id, cx.now).await?;
    review::store::moved(cx.tx, "project", id, target.id).await?;
    let left = role_availability::actions::arrived(cx, id).await?;
    let old = before.get("customer_name").cloned().unwrap_or_default();
    let change = Change { field: "customer".into(), before: old, after: target.name.clone().into() };
    let mut done = updated(cx, target.id, vec![change]).await?;
    for event in &mut done.events {
        let old = before.get("customer_uuid").cloned().unwrap_or_default();
        *event = event.clone().fact("old_customer_uuid", old).feed("customer", held.customer_id);
    }
    Ok(ends.into_iter().chain(left).fold(done, Done::and))
}
