//! What was not used for a number of days (mission R7, R8): limited to what the asker may see.
//!
//! Grants are a page of [`UNUSED_GRANTS`] under the conditions of [`only_unused`]. Permissions of roles and powers of staff are for those
//! who see all, tokens for their own user (those of robots for staff); these are few and told as a whole.

use super::{
    rules::{Cutoff, DAYS, DAYS_MAX, KINDS, carried_since},
    store,
    views::{UNUSED_GRANTS, only_unused},
};
use crate::{
    access::{
        explain::{Subject, find, knows_all},
        permissions::PERMISSIONS,
        roles::shipped,
        store::{self as people, Who},
    },
    personal_token::views::PERSONAL_TOKENS,
    role,
    uses::{
        self,
        rules::{Days, STAFF, SUPPORT},
    },
};
use serde_json::{Value, json};
use std::collections::HashMap;
use stoa_kernel::{
    Date, Error, Result, Row, Time,
    access::{Actor, Found},
    door::{Core, Page},
    id::{self, Uuid},
    store::FromVal,
    view::{Ask, View},
};

/// Grants that one answer takes into account at most, where they are not paged.
pub const MOST: i64 = 1_000;

/// A question about what is unused.
#[derive(Debug, Clone)]
pub struct Question {
    /// Since when.
    pub cutoff: Cutoff,
    /// For how many days.
    pub days: i64,
    /// Where; everywhere if not given.
    pub scope: Option<Found>,
    /// Of which kind: one of [`KINDS`].
    pub kind: &'static str,
}

impl Question {
    /// Reads a question as it was asked: days, whether lists count, the kind, and the thing by its address or `KIND:IDENTIFIER`.
    ///
    /// # Errors
    /// Invalid, with the field.
    pub async fn read(
        core: &Core,
        asker: &Actor,
        (days, ignore_lists, kind): (&str, &str, &str),
        scope: Option<&str>,
    ) -> Result<Question> {
        let days = match days {
            "" => Some(DAYS),
            text => text.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days)),
        };
        let days = days.ok_or_else(|| Error::field("days", format!("Enter a number from 1 to {DAYS_MAX}.")))?;
        let ignore_lists = match ignore_lists {
            "" => false,
            text => stoa_kernel::view::truth(text)
                .ok_or_else(|| Error::field("ignore_lists", "Must be a valid boolean."))?,
        };
        let kind = if kind.is_empty() { KINDS[0] } else { kind };
        let known = KINDS.iter().find(|known| **known == kind).copied();
        let kind = known.ok_or_else(|| Error::field("kind", format!("Choose one of {}.", KINDS.join(", "))))?;
        let scope = match scope {
            Some(scope) => Some(find(core, asker, &Subject::Permission(PERMISSIONS[0].permission), scope).await?),
            None => None,
        };
        let cutoff = Cutoff::of(core.now().date(), days, ignore_lists);
        Ok(Question { cutoff, days, scope, kind })
    }

    /// The same about another kind.
    pub fn about(&self, kind: &'static str) -> Question {
        Question { kind, ..self.clone() }
    }
}

/// What is unused, as objects: all kinds in one form.
///
/// # Errors
/// Those of the store.
pub async fn unused(core: &Core, asker: &Actor, question: &Question) -> Result<Vec<Value>> {
    let mut reader = core.store.reader();
    if !question.cutoff.is_known(uses::store::since(&mut reader).await?) {
        return Ok(Vec::new());
    }
    match question.kind {
        "grant" => unused_grants(core, asker, question).await,
        // What lies in no scope is not told where one is asked about.
        _ if question.scope.is_some() => Ok(Vec::new()),
        "token" => tokens(core, asker, question).await,
        _ if !knows_all(asker) => Ok(Vec::new()),
        "permission" => permissions(core, asker, question).await,
        _ => staff(core, question).await,
    }
}

async fn unused_grants(core: &Core, asker: &Actor, question: &Question) -> Result<Vec<Value>> {
    let ask = Ask { within: only_unused(question), limit: MOST, ..Ask::default() };
    let page = core.look(asker, &UNUSED_GRANTS, &ask).await?;
    let told = |row: &Row| {
        let row = Cells(&page, row);
        Ok(json!({
            "kind": "grant",
            "uuid": row.uuid("uuid")?,
            "user": {
                "uuid": row.uuid("user_uuid")?,
                "username": row.text("user_username")?,
                "full_name": row.text("user_full_name")?,
            },
            "role": {"uuid": row.uuid("role_uuid")?, "name": row.text("role_name")?},
            "scope": {
                "type": row.text("scope_type")?,
                "uuid": row.uuid("scope_uuid")?,
                "name": row.text("scope_name")?,
                "customer_name": row.text("customer_name")?,
            },
            "permission": null,
            "since": row.time("created")?,
            "last_used": row.day("last_used")?,
            "last_listed": row.day("last_listed")?,
            "days_used": row.get::<i64>("days_used")?,
        }))
    };
    page.rows.iter().map(told).collect()
}

/// A row of a page, by the names of its columns.
struct Cells<'a>(&'a Page, &'a Row);

impl Cells<'_> {
    fn get<T: FromVal>(&self, name: &str) -> Result<Option<T>> {
        let at = self.0.columns.iter().position(|column| column.name == name);
        let at = at.ok_or_else(|| Error::broken(format!("no column {name}")))?;
        self.1.get(at + 2)
    }

    fn uuid(&self, name: &str) -> Result<Value> {
        Ok(self.get::<Uuid>(name)?.map(|uuid| id::hex(&uuid)).into())
    }

    fn text(&self, name: &str) -> Result<Value> {
        Ok(self.get::<String>(name)?.into())
    }

    fn time(&self, name: &str) -> Result<Value> {
        Ok(self.get::<Time>(name)?.map(|time| time.to_string()).into())
    }

    fn day(&self, name: &str) -> Result<Value> {
        Ok(self.get::<Date>(name)?.map(|day| day.to_string()).into())
    }
}

/// When something was used: how it is told.
fn told(days: Option<&(Days, i64)>) -> (Value, Value, i64) {
    let day = |day: Option<Date>| day.map_or(Value::Null, |day| day.to_string().into());
    days.map_or((Value::Null, Value::Null, 0), |(days, count)| (day(days.done), day(days.listed), *count))
}

type Recorded = HashMap<(Uuid, String), (Days, i64)>;

/// Permissions that an active role carries and that nobody used through any grant of it, though somebody could have.
async fn permissions(core: &Core, asker: &Actor, question: &Question) -> Result<Vec<Value>> {
    let mut reader = core.store.reader();
    let cutoff = &question.cutoff;
    let stories = role::store::stories(&mut reader, asker).await?;
    let recorded: Recorded = uses::store::of(&mut reader, stories.iter().map(|story| story.uuid).collect()).await?;
    let holders = store::holders(&mut reader, cutoff.day.start(), core.now()).await?;
    let mut rows = Vec::new();
    for story in &stories {
        let Some(holders) = holders.get(&story.uuid) else { continue };
        let carried = story.versions.last().map(|version| &version.permissions);
        for name in carried.into_iter().flatten() {
            let Some(since) = carried_since(&story.versions, name).filter(|since| cutoff.is_old(*since)) else {
                continue;
            };
            let days = recorded.get(&(story.uuid, name.clone()));
            if cutoff.is_used_permission(days.map(|(days, _)| days)) {
                continue;
            }
            let (last_used, last_listed, days_used) = told(days);
            rows.push(json!({
                "kind": "permission",
                "uuid": id::hex(&story.uuid),
                "user": null,
                "role": {"uuid": id::hex(&story.uuid), "name": story.name, "shipped": shipped(&story.name).is_some(),
                    "holders": holders},
                "scope": null,
                "permission": name,
                "since": since.to_string(),
                "last_used": last_used,
                "last_listed": last_listed,
                "days_used": days_used,
            }));
        }
    }
    Ok(rows)
}

/// Tokens that were not presented, and what others carry without need.
async fn tokens(core: &Core, asker: &Actor, question: &Question) -> Result<Vec<Value>> {
    let filters = vec![("is_active".to_owned(), "true".to_owned())];
    let view: &'static View = &PERSONAL_TOKENS;
    let page = core.look(asker, view, &Ask { filters, limit: MOST, ..Ask::default() }).await?;
    let tokens: Vec<Cells<'_>> = page.rows.iter().map(|row| Cells(&page, row)).collect();
    let uuids = tokens.iter().map(|token| token.get("uuid")).collect::<Result<Vec<Option<Uuid>>>>()?;
    let recorded: Recorded =
        uses::store::of(&mut core.store.reader(), uuids.iter().flatten().copied().collect()).await?;
    let (cutoff, mut rows) = (&question.cutoff, Vec::new());
    for (token, uuid) in tokens.iter().zip(uuids) {
        let uuid = uuid.unwrap_or_default();
        if !token.get::<Time>("created")?.is_some_and(|made| cutoff.is_old(made)) {
            continue;
        }
        let days = |name: &str| recorded.get(&(uuid, name.to_owned()));
        let is_used = |name: &str| cutoff.is_used_permission(days(name).map(|(days, _)| days));
        let presented = token.get::<Time>("last_used_at")?.is_some_and(|last| !cutoff.is_old(last));
        if !presented && !is_used("") {
            rows.push(of_token("token", token, Value::Null, days(""))?);
            continue;
        }
        let scopes: Value = token.get("scopes")?.unwrap_or_default();
        let scopes: Vec<&str> = scopes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        // One that uses none of them is left as it is: a token carries one permission at least.
        if scopes.iter().any(|name| is_used(name)) {
            for name in scopes.iter().filter(|name| !is_used(name)) {
                rows.push(of_token("scope", token, (*name).into(), days(name))?);
            }
        }
    }
    Ok(rows)
}

fn of_token(kind: &str, token: &Cells<'_>, permission: Value, days: Option<&(Days, i64)>) -> Result<Value> {
    let (last_used, last_listed, days_used) = told(days);
    Ok(json!({
        "kind": kind,
        "uuid": token.uuid("uuid")?,
        "user": {"uuid": token.uuid("user_uuid")?, "username": token.text("user_username")?, "full_name": null},
        "role": null,
        "scope": null,
        "token": token.text("name")?,
        "permission": permission,
        "since": token.time("created")?,
        "last_used": last_used,
        "last_listed": last_listed,
        "days_used": days_used,
    }))
}

/// Staff who did nothing as staff, and support agents who looked at nothing as such. Who became it since is left out.
async fn staff(core: &Core, question: &Question) -> Result<Vec<Value>> {
    let mut reader = core.store.reader();
    let crew: Vec<_> = people::accounts(&mut reader, Who::Crew).await?.into_iter().filter(|one| one.active).collect();
    let keys: Vec<i64> = crew.iter().map(|one| one.id).collect();
    let recent = people::changes_since(&mut reader, &keys, question.cutoff.day.start()).await?;
    let recorded: Recorded = uses::store::of(&mut reader, crew.iter().map(|one| one.uuid).collect()).await?;
    let mut rows = Vec::new();
    for one in crew {
        let (power, field) = if one.staff { (STAFF, "is_staff") } else { (SUPPORT, "is_support") };
        let changed =
            |changes: &Value| changes.as_array().is_some_and(|all| all.iter().any(|one| one["field"] == field));
        if recent.iter().any(|(user, changes)| *user == one.id && changed(changes)) {
            continue;
        }
        let days = recorded.get(&(one.uuid, power.to_owned()));
        // That the power was in force while he looked at lists is what is told as `last_listed`; a support agent's sight is just that.
        let used = match power {
            STAFF => days.and_then(|(days, _)| days.done).is_some_and(|last| last >= question.cutoff.day),
            _ => question.cutoff.is_used_permission(days.map(|(days, _)| days)),
        };
        if used {
            continue;
        }
        let (last_used, last_listed, days_used) = told(days);
        rows.push(json!({
            "kind": power,
            "uuid": id::hex(&one.uuid),
            "user": {"uuid": id::hex(&one.uuid), "username": one.username, "full_name": one.full_name},
            "role": null,
            "scope": null,
            "permission": null,
            "since": null,
            "last_used": last_used,
            "last_listed": last_listed,
            "days_used": days_used,
        }));
    }
    Ok(rows)
}
