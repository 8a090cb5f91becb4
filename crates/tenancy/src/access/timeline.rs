//! What happened to the access of a person or of a scope, in order of time (mission R6, R8).

use super::{
    explain::{Subject, find, knows_all, sees_team},
    permissions::PERMISSIONS,
    store::{self, Moment, Of},
};
use crate::grant::rules::ELIGIBILITY;
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Time,
    access::{Actor, Decision},
    door::Core,
    id,
};

/// Lines of a timeline that are told at once.
pub const PAGE: i64 = 200;

/// A question about the past.
#[derive(Debug, Clone, Default)]
pub struct Span<'a> {
    /// Name to sign in with, or identifier, of a person; the asker himself where neither this nor a scope is given.
    pub user: &'a str,
    /// The thing; its address, `KIND:IDENTIFIER`, or its identifier.
    pub scope: Option<&'a str>,
    /// From when; from the beginning if not given.
    pub from: Option<Time>,
    /// Until when; until now if not given or later.
    pub until: Option<Time>,
    /// Lines to skip.
    pub offset: i64,
}

/// Answers what happened, the latest first.
///
/// A person's timeline is for himself, staff and support agents; a scope's for those who may see its team.
///
/// # Errors
/// Invalid for what does not exist or is not visible, forbidden for who may not ask.
pub async fn timeline(core: &Core, asker: &Actor, span: Span<'_>) -> Result<Value> {
    let refuse = |text: &str| Decision::rule(text).required().map(drop);
    let mut reader = core.store.reader();
    let of = match span.scope {
        Some(_) if !span.user.is_empty() => {
            return Err(Error::field("user", "Ask about a person or about a thing, not both."));
        }
        Some(scope) => {
            let found = find(core, asker, &Subject::Permission(PERMISSIONS[0].permission), scope).await?;
            if !knows_all(asker) && !sees_team(asker, &found) {
                refuse("Only those who may see the team there, staff and support agents ask what happened there.")?;
            }
            Of::Scope(found.thing.to_owned(), found.id)
        }
        None => {
            let name = if span.user.is_empty() { asker.username.as_str() } else { span.user };
            let person = crate::grant::store::person_named(&mut reader, name).await?;
            if person.as_ref().is_none_or(|person| person.id != asker.id) && !knows_all(asker) {
                refuse("Only staff and support agents ask what happened to others.")?;
            }
            if asker.narrow.is_some() && !knows_all(asker) {
                refuse("All that happened to oneself is asked signed in, without a narrowed token.")?;
            }
            Of::User(person.ok_or_else(|| Error::field("user", "User is not found."))?.id)
        }
    };
    let now = core.now();
    let from = span.from.unwrap_or(Time(0));
    let until = span.until.filter(|until| *until < now).unwrap_or(now);
    let moments = store::moments(&mut reader, &of, (from, until), (span.offset.max(0), PAGE + 1)).await?;
    let more = moments.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    let shown: Vec<Value> = moments.iter().take(moments.len() - usize::from(more)).map(line).collect();
    Ok(json!({"from": from.to_string(), "until": until.to_string(), "moments": shown, "more": more}))
}

fn line(moment: &Moment) -> Value {
    let (user, username, full_name) = &moment.user;
    let (role, role_name) = &moment.role;
    let (scope, scope_uuid, scope_name) = &moment.scope;
    json!({
        "at": moment.at.to_string(),
        "what": moment.what,
        "grant": id::hex(&moment.grant),
        "user": {"uuid": id::hex(user), "username": username, "full_name": full_name},
        "role": {"uuid": id::hex(role), "name": role_name},
        "scope": {"type": scope, "uuid": id::hex(scope_uuid), "name": scope_name},
        "by": moment.by,
        "until": moment.until.map(|until| until.to_string()),
        "why": moment.why,
        "sentence": sentence(moment),
    })
}

fn sentence(moment: &Moment) -> String {
    let ((_, username, full_name), (_, role), (scope, _, name)) = (&moment.user, &moment.role, &moment.scope);
    let person = if full_name.is_empty() { username } else { full_name };
    let by = if moment.by.is_empty() { String::new() } else { format!(" by {}", moment.by) };
    let until = moment.until.map(|until| format!(" until {until}")).unwrap_or_default();
    match moment.what.as_str() {
        "granted" if moment.why.starts_with(ELIGIBILITY) => {
            format!("{person} activated the role {role} on the {scope} {name}{until}; he was made eligible{by}.")
        }
        "eligible" => format!("{person} may activate the role {role} on the {scope} {name}{until}{by}."),
        "eligibility_changed" => {
            format!("What lets {person} activate the role {role} on the {scope} {name} was changed{by}.")
        }
        "eligibility_revoked" => format!("{person} may no longer activate the role {role} on the {scope} {name}{by}."),
        "granted" => format!("{person} got the role {role} on the {scope} {name}{until}{by}."),
        "end_changed" => format!(
            "The role {role} of {person} on the {scope} {name} lasts{}{by}.",
            if until.is_empty() { " without end" } else { &until }
        ),
        "expired" => format!("The role {role} of {person} on the {scope} {name} expired."),
        "role_changed" if moment.why == "disabled" => {
            format!("The role {role} of {person} on the {scope} {name} was disabled{by}.")
        }
        "role_changed" => format!("What the role {role} of {person} on the {scope} {name} carries was changed{by}."),
        _ => format!("The role {role} of {person} on the {scope} {name} was revoked{by}."),
    }
}
