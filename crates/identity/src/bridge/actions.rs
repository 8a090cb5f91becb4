//! What identity services do here.

use super::{METHOD, rules, store};
use crate::oidc::profile;
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Check, Field, Input},
    id, record,
};
use stoa_tenancy::{
    settings::Settings,
    token::store as tokens,
    user::{
        actions as user_actions, rules as user_rules,
        store::{self as users, Brief, NewUser},
        views::USERS,
    },
    version,
};

const USERNAME: Field = Field::text("username", 128, "Name of the user, in the whole federation.").required();
const SOURCE: Field = Field::text("source", 100, "Who says so: kind and name, such as isd:campus.")
    .required()
    .check(Check::By(rules::source));

/// What a source can send: whose it is, and the profile.
const FIELDS: &[Field] = &{
    let mut all = [USERNAME; profile::ATTRIBUTES.len() + 2];
    all[1] = SOURCE;
    let mut at = 0;
    while at < profile::ATTRIBUTES.len() {
        all[at + 2] = profile::ATTRIBUTES[at];
        at += 1;
    }
    all
};

/// Makes or updates a user, as a source says.
pub static PUSH: Action = Action {
    name: "identity_bridge.push",
    about: "Make or update a user as an identity service says. What it may write is a setting; other fields are ignored.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: FIELDS,
    events: &["user_update_succeeded", "user_creation_succeeded", "user_activated"],
    run: |cx, input| Box::pin(push(cx, input)),
};

/// Notes that a user is no longer a source's.
pub static REMOVE: Action = Action {
    name: "identity_bridge.remove",
    about: "Note that a user is no longer an identity service's: what it said is withdrawn, and the account may be deactivated.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[USERNAME, SOURCE],
    events: &["user_update_succeeded", "user_deactivated"],
    run: |cx, input| Box::pin(remove(cx, input)),
};

fn refused<T>(why: &str) -> Result<T> {
    Err(Error::Forbidden(Box::new(Decision::rule(why))))
}

/// Only staff and identity managers speak for sources, with a whole credential.
async fn may_speak(cx: &mut Cx<'_>, settings: &Settings, source: &str) -> Result<()> {
    let whole = cx.actor.narrow.is_none() && cx.actor.impersonator.is_none();
    let speaks = cx.actor.is_staff() || {
        let own = store::standing(cx.tx, cx.actor.id).await?;
        own.manager && own.managed.iter().any(|managed| managed == source)
    };
    if !whole || !speaks {
        return refused("You do not have permission to speak for this source.");
    }
    match settings.is_on("FEDERATED_IDENTITY_SYNC_ENABLED") {
        true => Ok(()),
        false => Err(Error::Conflict("The identity bridge is not enabled.".into())),
    }
}

/// The bridge touches people whom sources know, and nobody who has power over others.
fn may_touch(cx: &Cx<'_>, user: &Brief, standing: &store::Standing) -> Result<()> {
    let local = standing.password && standing.active.is_empty();
    let strong = user.staff || user.support || standing.manager || user.id == cx.actor.id;
    if strong || local {
        return refused("This account is not one of the identity bridge.");
    }
    Ok(())
}

async fn push(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let settings = Settings::load(&mut *cx.tx).await?;
    let source = input.text("source").unwrap_or_default().to_owned();
    may_speak(cx, &settings, &source).await?;
    // Names of accounts are lower case here; federations compare theirs in any case.
    let username = input.text("username").unwrap_or_default().to_lowercase();
    let allowed = settings.texts("FEDERATED_IDENTITY_SYNC_ALLOWED_ATTRIBUTES");
    let said: Map<String, Value> = profile::ATTRIBUTES
        .iter()
        .filter(|field| input.has(field.name) && allowed.iter().any(|name| name == field.name))
        .filter_map(|field| Some((field.name.to_owned(), cx.body.get(field.name)?.clone())))
        .collect();
    let (user_id, created) = match users::id_of(cx.tx, &username).await? {
        Some(user_id) => (user_id, false),
        None => (create(cx, &settings, &username).await?, true),
    };
    let before = users::brief(cx.tx, user_id).await?;
    let mut standing = store::standing(cx.tx, user_id).await?;
    if !created {
        may_touch(cx, &before, &standing)?;
    }
    let mut changes = profile::apply(cx, user_id, &source, &said).await?;
    let updated: Vec<Value> = changes.iter().map(|change| change.field.clone().into()).collect();
    if !standing.active.contains(&source) {
        let was: Value = standing.active.clone().into();
        standing.active.push(source.clone());
        changes.push(set_sources(cx, user_id, was, &standing.active).await?);
    }
    // Who was deactivated because sources dropped him comes back with one; who was deactivated by a person does not.
    let back = !before.active && !standing.deactivated;
    if back {
        let columns = vec![("is_active", Val::Bool(true)), ("deactivation_reason", Val::from(""))];
        users::set(cx.tx, user_id, columns).await?;
    }
    let user = users::brief(cx.tx, user_id).await?;
    let answer = json!({"uuid": id::hex(&user.uuid), "created": created, "updated_fields": updated});
    if !created && !back && changes.is_empty() {
        return Ok(Done::unchanged().answer(answer));
    }
    version::store::write(cx, &USERS, user_actions::UPDATE.fields, user.uuid, &format!("Pushed by {source}")).await?;
    let name = &user.username;
    let event = if created {
        user.event("user_creation_succeeded", format!("User {name} has been created by the source {source}."))
    } else if back {
        user.event("user_activated", format!("User {name} has been activated by the source {source}."))
    } else {
        let words = record::describe(&changes);
        user.event("user_update_succeeded", format!("User {name} has been updated by the source {source}. {words}"))
    };
    let event = event.fact("source", source).changes(changes);
    Ok(Done::event(event).made("user", user.id, user.uuid).answer(answer))
}

async fn create(cx: &mut Cx<'_>, settings: &Settings, username: &str) -> Result<i64> {
    if let Some(wrong) = user_rules::username(username) {
        return Err(Error::field("username", wrong));
    }
    let new = NewUser {
        username: username.to_owned(),
        token_lifetime: settings.int("TOKEN_LIFETIME").or(Some(users::TOKEN_LIFETIME)),
        ..NewUser::default()
    };
    let clock = cx.clock().clone();
    let (user_id, _) = users::create_user(cx.tx, &clock, cx.now, new).await?;
    users::set(cx.tx, user_id, vec![("registration_method", Val::from(METHOD))]).await?;
    Ok(user_id)
}

async fn set_sources(cx: &mut Cx<'_>, user_id: i64, before: Value, after: &[String]) -> Result<Change> {
    let after: Value = after.to_vec().into();
    let columns = vec![("active_isds", Val::from(after.clone())), ("modified", Val::Time(cx.now))];
    users::set(cx.tx, user_id, columns).await?;
    Ok(Change { field: "active_isds".into(), before, after })
}

async fn remove(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let settings = Settings::load(&mut *cx.tx).await?;
    let source = input.text("source").unwrap_or_default().to_owned();
    may_speak(cx, &settings, &source).await?;
    let user_id = users::id_of(cx.tx, &input.text("username").unwrap_or_default().to_lowercase()).await?;
    let user_id = user_id.ok_or(Error::NotFound)?;
    let before = users::brief(cx.tx, user_id).await?;
    let mut standing = store::standing(cx.tx, user_id).await?;
    may_touch(cx, &before, &standing)?;
    if !standing.active.contains(&source) {
        return Ok(Done::unchanged().answer(json!({"uuid": id::hex(&before.uuid), "deactivated": false})));
    }
    let mut changes = profile::withdraw(cx, user_id, &source).await?;
    let was: Value = standing.active.clone().into();
    standing.active.retain(|active| *active != source);
    changes.push(set_sources(cx, user_id, was, &standing.active).await?);
    let over =
        before.active && rules::is_over(&settings.text("FEDERATED_IDENTITY_DEACTIVATION_POLICY"), &standing.active);
    if over {
        let reason = format!("Removed by the source {source}");
        users::set(cx.tx, user_id, vec![("is_active", Val::Bool(false)), ("deactivation_reason", Val::from(reason))])
            .await?;
        tokens::end_all(cx.tx, user_id).await?;
    }
    let user = users::brief(cx.tx, user_id).await?;
    version::store::write(cx, &USERS, user_actions::UPDATE.fields, user.uuid, &format!("Removed by {source}")).await?;
    let name = &user.username;
    let event = match over {
        true => user.event(
            "user_deactivated",
            format!("User {name} has been deactivated: the source {source} has dropped him."),
        ),
        false => user.event("user_update_succeeded", format!("User {name} is no longer known to the source {source}.")),
    };
    let event = event.fact("source", source).changes(changes);
    let answer = json!({"uuid": id::hex(&user.uuid), "deactivated": over});
    Ok(Done::event(event).made("user", user.id, user.uuid).answer(answer))
}
