//! Figures about users, and who can read a profile: sums that are no list of things.

use super::{store, views::USERS};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use stoa_kernel::{
    Result, Row, Val,
    access::{Actor, Needs, decide},
    door::Core,
    id::{self, Uuid},
    view::Ask,
};

/// How many of the users asked for are active and how many are not.
pub async fn by_activity(core: &Core, actor: &Actor, ask: &Ask) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for (status, active) in [("active", true), ("inactive", false)] {
        let mut ask = Ask { limit: 0, ..ask.clone() };
        ask.within.push(("u.is_active = $", vec![Val::Bool(active)]));
        all.push(json!({"status": status, "count": core.look(actor, &USERS, &ask).await?.total}));
    }
    Ok(all)
}

/// How many of the users asked for prefer which language.
pub async fn by_language(core: &Core, actor: &Actor, ask: &Ask) -> Result<Vec<Value>> {
    let rows = store::counts_by(core, actor, ask, "u.preferred_language").await?;
    rows.iter().map(|row| Ok(json!({"language": row.get::<String>(0)?, "count": row.get::<i64>(1)?}))).collect()
}

/// How many of the users asked for joined in which month, oldest first.
pub async fn by_month(core: &Core, actor: &Actor, ask: &Ask) -> Result<Vec<Value>> {
    let mut months = BTreeMap::<String, i64>::new();
    // Engines differ in how they cut a month off an instant; users are few enough to do it here.
    for row in store::counts_by(core, actor, ask, "u.date_joined").await? {
        let joined: stoa_kernel::Time = row.get(0)?;
        let day = joined.date().0;
        *months.entry(format!("{:04}-{:02}", day.year(), day.month())).or_default() += row.get::<i64>(1)?;
    }
    Ok(months.into_iter().map(|(month, count)| json!({"month": month, "count": count})).collect())
}

/// Who can read the profile of a user whom the actor sees: staff and support agents, the people with whom he shares a scope,
/// and providers. The user himself gets counts of the first.
///
/// # Errors
/// Not found; forbidden for anybody but the user, staff and support agents.
pub async fn readers(core: &Core, actor: &Actor, user: &str) -> Result<Value> {
    let found = core.find(actor, &USERS, user).await?;
    decide(actor, &Needs::Any(&[Needs::Own, Needs::StaffOrSupport]), &found).required()?;
    let administrators = administrators(core).await?;
    let scopes = colleagues(core, found.id).await?;
    let people: usize = scopes.iter().filter_map(|scope| scope["users"].as_array().map(Vec::len)).sum();
    let of = |types: &[&str]| {
        let wanted = |one: &&Value| one["access_type"].as_str().is_some_and(|kind| types.contains(&kind));
        administrators.iter().filter(wanted).count()
    };
    let mut administrative = json!({
        "description": "Staff and support users have administrative access to all user profiles.",
        "staff_count": of(&["staff", "staff_and_support"]),
        "support_count": of(&["support", "staff_and_support"]),
    });
    let total = administrators.len();
    if actor.sees_all() {
        administrative["users"] = administrators.into();
    }
    Ok(json!({
        "administrative_access": administrative,
        "organizational_access": scopes,
        // Consents to providers are a later capability.
        "service_provider_access": [],
        "summary": {
            "total_administrative_access": total,
            "total_organizational_access": people,
            "total_provider_access": 0,
        },
    }))
}

async fn administrators(core: &Core) -> Result<Vec<Value>> {
    let rows = store::administrators(core).await?;
    let person = |row: &Row| {
        let access = match (row.get(4)?, row.get(5)?) {
            (true, true) => "staff_and_support",
            (true, false) => "staff",
            _ => "support",
        };
        let mut person = person(row, 0)?;
        person["access_type"] = access.into();
        Ok(person)
    };
    rows.iter().map(person).collect()
}

async fn colleagues(core: &Core, user_id: i64) -> Result<Vec<Value>> {
    let rows = store::colleagues(core, user_id).await?;
    let mut scopes: Vec<Value> = Vec::new();
    for row in &rows {
        let (kind, uuid): (String, String) = (row.get(4)?, id::hex(&row.get::<Uuid>(5)?));
        let mut one = person(row, 0)?;
        one["role"] = row.get::<String>(7)?.into();
        let new = scopes.last().is_none_or(|last| last["scope_uuid"] != uuid.as_str());
        if new {
            let name: String = row.get(6)?;
            scopes.push(json!({"scope_type": kind, "scope_uuid": uuid, "scope_name": name, "users": []}));
        }
        if let Some(users) = scopes.last_mut().and_then(|scope| scope["users"].as_array_mut()) {
            // Two roles of one's own at a scope show everybody there twice.
            if users.last() != Some(&one) {
                users.push(one);
            }
        }
    }
    Ok(scopes)
}

fn person(row: &Row, at: usize) -> Result<Value> {
    let full = format!("{} {}", row.get::<String>(at + 2)?, row.get::<String>(at + 3)?);
    Ok(json!({
        "user_uuid": id::hex(&row.get::<Uuid>(at)?),
        "username": row.get::<String>(at + 1)?,
        "full_name": full.trim(),
    }))
}
