//! What becomes of one item: it is taken away, or given back. Each time as it would be by hand, with the authority and the rules of
//! this moment; nothing is decided here but whether it is still unused.

use super::{
    rules::{Cutoff, Item, carried_since},
    store::{self, Taken},
    views::UNUSED_GRANTS,
};
use crate::{
    access::permissions::Permission,
    grant::{
        revise::{Revision, give_again, revise},
        store as grants,
    },
    personal_token::{self, views::PERSONAL_TOKENS},
    role::{self, revise as roles},
    uses,
};
use stoa_kernel::{
    Error, Result, Time,
    access::Found,
    action::Cx,
    event::Event,
    id::{self, Uuid},
};

/// Where something that was taken away lies: kind and key of the scope, key of the organization.
pub type Place = (String, i64, i64);

/// An item that was taken away: its event, what is kept of it, and where it lies.
pub struct Away {
    /// What goes on record.
    pub event: Event,
    /// What is kept of it, one line per permission.
    pub taken: Vec<Taken>,
    /// Where it lies; `None` for what is in no scope.
    pub place: Option<Place>,
}

fn wrong(text: impl Into<String>) -> Error {
    Error::field("items", text.into())
}

fn used(what: &str, uuid: &Uuid) -> Error {
    wrong(format!("The {what} {} was used meanwhile, or is too new to be called unused.", id::hex(uuid)))
}

/// Takes a grant away.
///
/// # Errors
/// Invalid on the field `items` for what the actor does not see or what was used; forbidden for what is not his to take away.
pub async fn take_grant(cx: &mut Cx<'_>, uuid: Uuid, cutoff: &Cutoff, reason: &str) -> Result<Away> {
    let missing = || wrong(format!("The grant {} does not exist.", id::hex(&uuid)));
    let found = cx.visible(&UNUSED_GRANTS, uuid).await?.ok_or_else(missing)?;
    let open = grants::open_row(cx.tx, uuid, cx.now).await?.ok_or_else(missing)?;
    let grant = grants::recorded(cx.tx, open.id).await?;
    let event = revise(cx, open.id, Revision::Revoke, reason).await.map_err(|error| about(error, &found))?;
    let given = cutoff.is_old(grants::created(cx.tx, open.id).await?);
    let days = uses::store::of(&mut *cx.tx, vec![uuid]).await?;
    if !given || cutoff.is_used(days.get(&(uuid, String::new())).map(|(days, _)| days)) {
        return Err(used("grant", &uuid));
    }
    let taken = Taken {
        kind: "grant".into(),
        target_id: open.id,
        target_uuid: uuid,
        user_id: Some(grant.user_id),
        role_name: grant.role_name.clone(),
        scope: grant.scope.clone(),
        scope_name: grant.scope_name.clone(),
        ..Taken::default()
    };
    Ok(Away { event, taken: vec![taken], place: Some((grant.scope, grant.scope_id, grant.customer_id)) })
}

/// Names the thing that a rule refused.
fn about(error: Error, found: &Found) -> Error {
    match error {
        Error::Invalid(invalid) => {
            let words: Vec<String> = invalid.fields.into_values().flatten().collect();
            wrong(format!("{} ({}): {}", found.name, id::hex(&found.uuid), words.join(" ")))
        }
        other => other,
    }
}

/// Takes permissions out of a role.
///
/// # Errors
/// As [`take_grant`]; only staff do it.
pub async fn take_permissions(
    cx: &mut Cx<'_>,
    uuid: Uuid,
    permissions: &[&'static str],
    cutoff: &Cutoff,
) -> Result<Away> {
    let missing = || wrong(format!("The role {} does not exist.", id::hex(&uuid)));
    let role = role::store::named(cx.tx, &id::hex(&uuid)).await?.ok_or_else(missing)?;
    let known: Vec<Permission> = permissions.iter().filter_map(|name| Permission::parse(name)).collect();
    // Who may not change roles is told so before he learns what they are used for.
    let (_, versions) = role::store::versions(&mut *cx.tx, uuid).await?.ok_or_else(missing)?;
    let event = roles::revise(cx, role.id, roles::Revision::Take, &known).await?;
    let days = uses::store::of(&mut *cx.tx, vec![uuid]).await?;
    for name in permissions {
        let old = carried_since(&versions, name).is_some_and(|since| cutoff.is_old(since));
        if !old || cutoff.is_used_permission(days.get(&(uuid, (*name).to_owned())).map(|(days, _)| days)) {
            return Err(used(&format!("permission {name} of the role"), &uuid));
        }
    }
    let taken = |name: &&'static str| Taken {
        kind: "permission".into(),
        target_id: role.id,
        target_uuid: uuid,
        permission: (*name).into(),
        role_name: role.name.clone(),
        ..Taken::default()
    };
    Ok(Away { event, taken: permissions.iter().map(taken).collect(), place: None })
}

/// Ends a token, or takes a permission out of it.
///
/// # Errors
/// As [`take_grant`]; it is done in person.
pub async fn take_token(
    cx: &mut Cx<'_>,
    uuid: Uuid,
    permission: Option<&'static str>,
    cutoff: &Cutoff,
) -> Result<Away> {
    cx.in_person()?;
    let missing = || wrong(format!("The token {} does not exist.", id::hex(&uuid)));
    let found = cx.visible(&PERSONAL_TOKENS, uuid).await?.ok_or_else(missing)?;
    let event = match permission {
        None => personal_token::revise::end(cx, found.id).await?,
        Some(name) => personal_token::revise::set_scope(cx, found.id, name, false).await?,
    };
    let (made, last) = personal_token::store::lifetime(cx.tx, found.id).await?;
    let days = uses::store::of(&mut *cx.tx, vec![uuid]).await?;
    let days = days.get(&(uuid, permission.unwrap_or_default().to_owned())).map(|(days, _)| days);
    let presented = permission.is_none() && last.is_some_and(|last| !cutoff.is_old(last));
    if presented || !cutoff.is_old(made) || cutoff.is_used_permission(days) {
        return Err(used("token", &uuid));
    }
    let taken = Taken {
        kind: if permission.is_some() { "scope" } else { "token" }.into(),
        target_id: found.id,
        target_uuid: uuid,
        permission: permission.unwrap_or_default().into(),
        user_id: Some(found.owner),
        scope_name: found.name,
        ..Taken::default()
    };
    Ok(Away { event, taken: vec![taken], place: None })
}

/// Gives one thing back that was taken away at an instant.
///
/// # Errors
/// Forbidden for what the actor may not give now; invalid and conflict for what nobody may, as the world has moved on.
pub async fn give_back(cx: &mut Cx<'_>, taken: &Taken, made: Time, reason: &str) -> Result<Event> {
    match (taken.kind.as_str(), Permission::parse(&taken.permission)) {
        ("grant", _) => give_again(cx, taken.target_id, reason).await,
        ("permission", Some(permission)) => {
            roles::revise(cx, taken.target_id, roles::Revision::PutBack, &[permission]).await
        }
        ("token", _) => {
            cx.in_person()?;
            personal_token::revise::revive(cx, taken.target_id, made).await
        }
        ("scope", _) => {
            cx.in_person()?;
            personal_token::revise::set_scope(cx, taken.target_id, &taken.permission, true).await
        }
        _ => Err(Error::invalid("The permission is no more.")),
    }
}

/// How an item is told in words.
pub fn words(taken: &Taken) -> String {
    let Taken { permission, role_name, scope_name, .. } = taken;
    match taken.kind.as_str() {
        "grant" => format!("{role_name} in {scope_name}"),
        "permission" => format!("{permission} of {role_name}"),
        "token" => format!("The token {scope_name}"),
        _ => format!("{permission} of the token {scope_name}"),
    }
}

/// The permissions of each role among items, and the other items, in order.
pub fn by_role<'a>(items: impl Iterator<Item = &'a Item>) -> (Vec<(Uuid, Vec<&'static str>)>, Vec<Item>) {
    let (mut roles, mut others): (Vec<(Uuid, Vec<&'static str>)>, Vec<Item>) = (Vec::new(), Vec::new());
    for item in items {
        match (*item, roles.last_mut()) {
            (Item::Permission(role, permission), Some((last, names))) if *last == role => names.push(permission),
            (Item::Permission(role, permission), _) => roles.push((role, vec![permission])),
            (other, _) => others.push(other),
        }
    }
    (roles, others)
}

/// Notes what was taken away.
pub async fn keep(cx: &mut Cx<'_>, narrowing: i64, away: &Away) -> Result<()> {
    for taken in &away.taken {
        store::take(cx.tx, narrowing, taken).await?;
    }
    Ok(())
}
