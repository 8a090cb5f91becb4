//! What can be done with personal access tokens. Everything here is done in person: a token makes, changes and ends none, and
//! nobody does it in somebody's place (security cases C4 and C9).

use super::{
    rules,
    store::{self, New, Stored},
    views::PERSONAL_TOKENS,
};
use crate::{access::permissions::Permission, settings::Settings, user::store as users};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Time, Val,
    access::{Actor, Decision, Found, Needs},
    action::{Action, Cx, Done, Target},
    door,
    error::Invalid,
    event::{Change, Event},
    field::{Check, Field, Input, Kind},
    id,
};

/// Whose it is, and staff for robots: the view shows nobody else's.
pub(super) const HIS: Needs = Needs::InPerson(&Needs::Any(&[Needs::Own, Needs::Staff]));

const ALLOWED_NETWORKS: Field =
    Field::new("allowed_networks", Kind::Texts, "Networks from which it can be used; none for everywhere.");

/// Makes a token, which is shown this once.
pub static CREATE: Action = Action {
    name: "own_token.create",
    about: "Make a personal access token, which is shown this once.",
    target: Target::Nothing,
    needs: Needs::InPerson(&Needs::SignedIn),
    from: &[],
    fields: &[
        Field::text("name", 150, "Name.").required().check(Check::Visible),
        Field::new("scopes", Kind::Texts, "Names of the permissions that pass.").required(),
        Field::new("expires_at", Kind::Time, "When it ends.").required(),
        Field::new("allowed_scopes", Kind::Json, "The things to which it is bound: `type` and `uuid` of each."),
        ALLOWED_NETWORKS,
        Field::new("user", Kind::Uuid, "The robot that gets it, for staff; left out for oneself."),
    ],
    events: &["pat_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Gives a token a new secret.
pub static ROTATE: Action = Action {
    name: "own_token.rotate",
    about: "Put a new token in the place of one, alike in all and ending at the same time. The old one ends.",
    target: Target::Thing(&PERSONAL_TOKENS),
    needs: HIS,
    from: &[],
    fields: &[],
    events: &["pat_rotated"],
    run: |cx, _| Box::pin(rotate(cx)),
};

/// Changes where a token can be used.
pub static SET_NETWORKS: Action = Action {
    name: "own_token.set_networks",
    about: "Set the networks from which a personal access token can be used.",
    target: Target::Thing(&PERSONAL_TOKENS),
    needs: HIS,
    from: &[],
    fields: &[ALLOWED_NETWORKS.required()],
    events: &["pat_network_acl_updated"],
    run: |cx, input| Box::pin(set_networks(cx, input)),
};

/// Ends a token.
pub static REVOKE: Action = Action {
    name: "own_token.revoke",
    about: "End a personal access token. It stays on record.",
    target: Target::Thing(&PERSONAL_TOKENS),
    needs: HIS,
    from: &[],
    fields: &[],
    events: &["pat_revoked"],
    run: |cx, _| Box::pin(revoke(cx)),
};

fn refused(why: &str) -> Error {
    Error::Forbidden(Box::new(Decision::rule(why)))
}

/// Refuses new tokens where the installation has none, and to a user who may not have any.
pub(super) async fn open(cx: &mut Cx<'_>, settings: &Settings, user_id: i64) -> Result<()> {
    if !settings.is_on(rules::ENABLED) {
        return Err(refused("Personal access tokens are switched off on this installation."));
    }
    if !store::may_have(cx.tx, user_id).await? {
        return Err(refused("The user may not have personal access tokens."));
    }
    Ok(())
}

/// Who gets the token: the actor himself, or the robot that staff name.
async fn holder(cx: &mut Cx<'_>, input: &Input) -> Result<Actor> {
    let Some(uuid) = input.uuid("user").filter(|uuid| *uuid != cx.actor.uuid) else {
        if cx.actor.id == 0 {
            return Err(refused("Tokens belong to users."));
        }
        return Ok(cx.actor.clone());
    };
    if !cx.actor.is_staff() {
        return Err(refused("Only staff make tokens for others, and only for robots."));
    }
    let missing = || Error::field("user", "There is no such robot.");
    store::robot(cx.tx, uuid).await?.ok_or_else(missing)?;
    cx.core.actor_in(&mut *cx.tx, uuid, cx.now).await?.ok_or_else(missing)
}

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let holder = holder(cx, &input).await?;
    let settings = Settings::load(&mut *cx.tx).await?;
    open(cx, &settings, holder.id).await?;
    let mut invalid = Invalid::default();
    let mut wrong = |field: &str, why: String| invalid.add(field, why);
    let scopes = rules::permissions(input.json("scopes").unwrap_or(&Value::Null), holder.staff, holder.support)
        .map_err(|why| wrong("scopes", why))
        .unwrap_or_default();
    let networks = rules::networks(sent(&input, "allowed_networks"), settings.int(rules::NETWORKS).unwrap_or(0))
        .map_err(|why| wrong("allowed_networks", why))
        .unwrap_or_default();
    let until = input.time("expires_at").unwrap_or_default();
    let days = settings.int(rules::LIFETIME_DAYS).unwrap_or(0);
    if until <= cx.now {
        wrong("expires_at", "Expiration time should be greater than current time.".into());
    } else if until > cx.now.plus_seconds(days.saturating_mul(86_400)) {
        wrong("expires_at", format!("A token lasts for {days} days at most."));
    }
    invalid.done()?;
    let bindings = bindings(cx, &holder, sent(&input, "allowed_scopes"), &scopes).await?;
    // The user's row is locked, so that parallel calls count right.
    let user = users::brief(cx.tx, holder.id).await?;
    let most = settings.int(rules::PER_USER).unwrap_or(0);
    if store::count_active(cx.tx, user.id, cx.now).await? >= most {
        return Err(Error::invalid(format!("A user can have at most {most} personal access tokens.")));
    }
    let scopes = Value::from(scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>());
    let plan = Plan {
        user_id: user.id,
        name: input.text("name").unwrap_or_default(),
        scopes,
        networks: networks.into(),
        until,
    };
    let (made, secret) = make(cx, &plan).await?;
    for binding in &bindings {
        store::bind(cx.tx, made.id, binding).await?;
    }
    let message = format!("Personal access token {} of user {} has been created.", made.name, user.username);
    let event = about(&user, "pat_created", message, &made).fact("pat_scopes", plan.scopes.to_string());
    let answer = shown(cx, &made, &secret).await?;
    Ok(Done::event(event).made("own_token", made.id, made.uuid).answer(answer))
}

/// What is to be made.
struct Plan<'a> {
    user_id: i64,
    name: &'a str,
    scopes: Value,
    networks: Value,
    until: Time,
}

/// Makes a token; gives it and its text.
async fn make(cx: &mut Cx<'_>, plan: &Plan<'_>) -> Result<(Stored, String)> {
    let token = rules::token(plan.until, &cx.clock().secret::<32>());
    let Plan { user_id, name, scopes, networks, until } = plan;
    let new = New { uuid: cx.uuid(), user_id: *user_id, name, token: &token, scopes, networks, expires_at: *until };
    let id = store::insert(cx.tx, &new, cx.now).await?;
    Ok((store::lock(cx.tx, id).await?, token))
}

fn sent<'a>(input: &'a Input, field: &str) -> &'a Value {
    input.json(field).unwrap_or(&Value::Null)
}

/// The things to which a token is to be bound. Its user sees them, and holds one of its permissions there or above; staff need
/// not.
async fn bindings(cx: &mut Cx<'_>, holder: &Actor, sent: &Value, scopes: &[Permission]) -> Result<Vec<Found>> {
    let wrong = |why: String| Error::field("allowed_scopes", why);
    let sent = match sent {
        Value::Null => return Ok(Vec::new()),
        Value::Array(sent) if sent.len() <= rules::BINDINGS_MAX => sent,
        Value::Array(_) => {
            return Err(wrong(format!("Ensure this field has no more than {} elements.", rules::BINDINGS_MAX)));
        }
        _ => return Err(wrong("Expected a list of items.".into())),
    };
    let whole = [Permission::StaffAccess, Permission::SupportAccess];
    if let Some(access) = scopes.iter().find(|scope| !sent.is_empty() && whole.contains(scope)) {
        return Err(wrong(format!("A token with {access} can't be bound to things.")));
    }
    let mut found: Vec<Found> = Vec::new();
    for one in sent {
        let kind = one["type"].as_str().unwrap_or_default();
        let bindable = rules::WALK.kinds.iter().find(|known| **known == kind);
        let view = bindable.and_then(|kind| cx.core.view_of(kind));
        let view = view.ok_or_else(|| wrong("A token can't be bound to things of this type.".into()))?;
        let missing = || wrong("Object does not exist.".into());
        let uuid = one["uuid"].as_str().and_then(id::parse).ok_or_else(missing)?;
        let thing = door::find(cx.tx, holder, view, &Val::Uuid(uuid), true, cx.now).await?.ok_or_else(missing)?;
        if !cx.actor.is_staff() && !rules::holds_any(holder, scopes, &thing) {
            return Err(wrong(format!("You hold none of the permissions on {} or above it.", thing.name)));
        }
        if !found.iter().any(|other| other.thing == thing.thing && other.id == thing.id) {
            found.push(thing);
        }
    }
    Ok(found)
}

/// The answer that shows a token this once.
async fn shown(cx: &mut Cx<'_>, made: &Stored, secret: &str) -> Result<Value> {
    let bindings: Vec<Value> = store::bindings(cx.tx, made.id)
        .await?
        .into_iter()
        .map(|(kind, uuid, name)| json!({"type": kind, "uuid": id::hex(&uuid), "name": name}))
        .collect();
    Ok(json!({
        "uuid": id::hex(&made.uuid),
        "name": made.name,
        "token": secret,
        "scopes": made.scopes,
        "allowed_scopes": bindings,
        "allowed_networks": made.networks,
        "expires_at": made.expires_at.to_string(),
        "created": cx.now.to_string(),
    }))
}

/// An event about a token of a user.
pub(super) fn about(user: &users::Brief, kind: &'static str, message: String, token: &Stored) -> Event {
    user.event(kind, message)
        .fact("pat_name", token.name.clone())
        .fact("pat_prefix", token.prefix.clone())
        .fact("affected_pat_uuid", id::hex(&token.uuid))
        .fact("pat_expires_at", token.expires_at.to_string())
}

/// The token in question, which can still be used.
async fn live(cx: &mut Cx<'_>) -> Result<Stored> {
    let token = store::lock(cx.tx, cx.found.id).await?;
    if !token.active || token.expires_at <= cx.now {
        return Err(Error::invalid("The token is not active."));
    }
    Ok(token)
}

async fn rotate(cx: &mut Cx<'_>) -> Result<Done> {
    let settings = Settings::load(&mut *cx.tx).await?;
    let old = live(cx).await?;
    open(cx, &settings, old.user_id).await?;
    let user = users::brief(cx.tx, old.user_id).await?;
    store::end(cx.tx, old.id, cx.now).await?;
    // The new one ends when the old one would have: no exchange extends a lifetime.
    let plan = Plan {
        user_id: old.user_id,
        name: &old.name,
        scopes: old.scopes.clone(),
        networks: old.networks.clone(),
        until: old.expires_at,
    };
    let (made, secret) = make(cx, &plan).await?;
    store::bind_alike(cx.tx, made.id, old.id).await?;
    let message = format!("Personal access token {} of user {} has been rotated.", made.name, user.username);
    let event = about(&user, "pat_rotated", message, &made).fact("previous_pat_uuid", id::hex(&old.uuid));
    let answer = shown(cx, &made, &secret).await?;
    Ok(Done::event(event).made("own_token", made.id, made.uuid).answer(answer))
}

async fn set_networks(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let most = Settings::load(&mut *cx.tx).await?.int(rules::NETWORKS).unwrap_or(0);
    let token = live(cx).await?;
    let networks =
        rules::networks(sent(&input, "allowed_networks"), most).map_err(|why| Error::field("allowed_networks", why))?;
    let networks = Value::from(networks);
    if networks == token.networks {
        return Ok(Done::unchanged());
    }
    store::set_networks(cx.tx, token.id, &networks).await?;
    let user = users::brief(cx.tx, token.user_id).await?;
    let message = format!("Networks of personal access token {} of user {} have been set.", token.name, user.username);
    let change = Change { field: "allowed_networks".into(), before: token.networks.clone(), after: networks };
    Ok(Done::event(about(&user, "pat_network_acl_updated", message, &token).changes(vec![change])))
}

async fn revoke(cx: &mut Cx<'_>) -> Result<Done> {
    let token = store::lock(cx.tx, cx.found.id).await?;
    if !store::end(cx.tx, token.id, cx.now).await? {
        return Ok(Done::unchanged());
    }
    let user = users::brief(cx.tx, token.user_id).await?;
    let message = format!("Personal access token {} of user {} has been revoked.", token.name, user.username);
    Ok(Done::event(about(&user, "pat_revoked", message, &token)))
}

/// A user who is deactivated has no tokens left, not even once he is active again.
pub(super) async fn user_deactivated(cx: &mut Cx<'_>, event: &Event) -> Result<()> {
    let uuid = event.context.get("affected_user_uuid").and_then(Value::as_str).and_then(id::parse);
    let Some(uuid) = uuid else { return Ok(()) };
    if let Some(user) = store::user_of(cx.tx, uuid).await? {
        store::end_all(cx.tx, user, cx.now).await?;
    }
    Ok(())
}
