//! Export: what the installation knows of a person, for that person and for staff who answer his request.

use super::super::{rules, store};
use crate::{
    agreement, data_access, grant, key, token,
    user::{
        store::{self as people},
        views::USERS,
    },
    version,
};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Result, Row, Time,
    access::Needs,
    action::{Action, Cx, Done, Target},
    id::{self, Uuid},
};

/// Rows of each kind at most; an answer says where there were more.
const MOST: i64 = 2000;

/// Gives what is known of a person.
pub static EXPORT: Action = Action {
    name: "user.export",
    about: "Give everything that is known of a person: profile, roles, keys, sessions, consents, events, readers.",
    target: Target::Thing(&USERS),
    needs: Needs::Any(&[Needs::Staff, Needs::Own]),
    from: &[],
    fields: &[],
    events: &["user_data_accessed"],
    run: |cx, _| Box::pin(export(cx)),
};

async fn export(cx: &mut Cx<'_>) -> Result<Done> {
    cx.in_person()?;
    let user = people::brief(cx.tx, cx.found.id).await?;
    let fields = rules::PROFILE.iter().map(|name| (*name).to_owned()).collect();
    let (_, profile) = version::store::snapshot(cx.tx, &USERS, fields, user.uuid, cx.now).await?;
    let mut cut = Vec::new();
    let mut all = Map::new();
    all.insert("exported_at".into(), cx.now.to_string().into());
    all.insert("profile".into(), profile.into());
    for (name, rows, tell) in [
        ("roles", grant::store::history_of(&mut *cx.tx, user.id, MOST + 1).await?, role as Tell),
        ("ssh_keys", key::store::of_user(&mut *cx.tx, user.id).await?, ssh_key),
        ("sessions", token::store::of_user(&mut *cx.tx, user.id).await?, session),
        ("consents", agreement::store::of_user(&mut *cx.tx, user.id).await?, consent),
        ("profile_readers", data_access::store::of_user(&mut *cx.tx, user.id, MOST + 1).await?, reader),
        ("events", store::events_of(&mut *cx.tx, user.id, MOST + 1).await?, event),
    ] {
        let kept = rows.iter().take(MOST as usize);
        if rows.len() > MOST as usize {
            cut.push(name);
        }
        all.insert(name.into(), kept.map(tell).collect::<Result<Vec<Value>>>()?.into());
    }
    all.insert("cut_short".into(), cut.into());
    let message = format!("Personal data of user {} have been exported by {}.", user.username, cx.actor.username);
    Ok(Done::event(user.event("user_data_accessed", message)).answer(Value::Object(all)))
}

type Tell = fn(&Row) -> Result<Value>;

fn time(row: &Row, at: usize) -> Result<Option<String>> {
    Ok(row.get::<Option<Time>>(at)?.map(|time| time.to_string()))
}

fn role(row: &Row) -> Result<Value> {
    Ok(json!({
        "role": row.get::<String>(0)?,
        "scope_type": row.get::<String>(1)?,
        "scope_name": row.get::<String>(2)?,
        "scope_uuid": id::hex(&row.get::<Uuid>(3)?),
        "since": time(row, 4)?,
        "until": time(row, 5)?,
        "ended": time(row, 6)?,
        "reason": row.get::<String>(7)?,
    }))
}

fn ssh_key(row: &Row) -> Result<Value> {
    Ok(json!({
        "name": row.get::<String>(0)?,
        "public_key": row.get::<String>(1)?,
        "type": row.get::<String>(2)?,
        "fingerprint": row.get::<String>(3)?,
        "created": time(row, 4)?,
    }))
}

fn session(row: &Row) -> Result<Value> {
    Ok(json!({
        "kind": row.get::<String>(0)?,
        "created": time(row, 1)?,
        "used": time(row, 2)?,
        "expires": time(row, 3)?,
    }))
}

fn consent(row: &Row) -> Result<Value> {
    Ok(json!({
        "agreement_type": row.get::<String>(0)?,
        "language": row.get::<String>(1)?,
        "version": row.get::<i64>(2)?,
        "at": time(row, 3)?,
        "ip_address": row.get::<Option<String>>(4)?,
        "how": row.get::<String>(5)?,
    }))
}

fn reader(row: &Row) -> Result<Value> {
    Ok(json!({
        "reader": row.get::<String>(0)?,
        "at": time(row, 1)?,
        "fields": row.get::<Value>(2)?,
        "times": row.get::<i64>(3)?,
    }))
}

/// What an event tells of the person. Whom else it concerns, and from where others acted, is theirs.
fn event(row: &Row) -> Result<Value> {
    let by_himself: bool = row.get(4)?;
    let context: Value = row.get(3)?;
    let address = if by_himself { context["ip_address"].clone() } else { Value::Null };
    Ok(json!({
        "created": time(row, 0)?,
        "event_type": row.get::<String>(1)?,
        "message": row.get::<String>(2)?,
        "by_the_person": by_himself,
        "ip_address": address,
    }))
}
