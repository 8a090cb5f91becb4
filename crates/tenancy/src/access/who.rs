//! Who can do something to a thing, and through what (mission R5, R6, R8): every candidate is put to the same decision that guards
//! the action.

use super::{
    explain::{Subject, find, knows_all, may_activate, reasons, sees_team, sees_team_at},
    store,
};
use crate::{eligibility, grant::store::Recorded, role};
use serde_json::{Value, json};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result, Time,
    access::{Actor, Decision, Found, Held, Needs, Reason, Role, Stand},
    action::Target,
    door::{Core, Sight},
    id,
};

/// People who are put to the decision at most; who asks about a thing with more is told so.
const CANDIDATES: usize = 5_000;

/// Answers who can do an action (or has a permission) on a thing, at present or at an instant.
///
/// Staff and support agents are told of everybody. Others ask where they may see the team; they are told the names of people whose
/// roles are on scopes whose team they see, and how many more there are.
///
/// # Errors
/// Invalid for what does not exist or is not visible, forbidden for who may not ask.
pub async fn who(core: &Core, asker: &Actor, action: &str, scope: Option<&str>, at: Option<Time>) -> Result<Value> {
    let subject = Subject::read(core, action)?;
    let found = match scope {
        Some(scope) => find(core, asker, &subject, scope).await?,
        None => Found::default(),
    };
    let on_nothing = matches!(&subject, Subject::Action(action) if matches!(action.target, Target::Nothing));
    if found.thing.is_empty() && !on_nothing {
        return Err(Error::field("scope", "Which thing is it about?"));
    }
    if !knows_all(asker) && !sees_team(asker, &found) {
        let text = "Only those who may see the team there, staff and support agents ask who can.";
        Decision::rule(text).required()?;
    }
    let instant = at.unwrap_or_else(|| core.now());
    let (people, hidden) = people(core, asker, &subject, &found, at).await?;
    let (eligible, eligible_hidden) = eligible(core, asker, &subject, &found, at).await?;
    let everybody = match &subject {
        Subject::Action(action) => open_to_everybody(&action.needs),
        Subject::Permission(_) => false,
    };
    Ok(json!({
        "action": action,
        "scope": (!found.thing.is_empty())
            .then(|| json!({"type": found.thing, "uuid": id::hex(&found.uuid), "name": found.name})),
        "at": instant.to_string(),
        "everybody": everybody,
        "people": people,
        "hidden": hidden,
        "eligible": eligible,
        "eligible_hidden": eligible_hidden,
        "staff": crew(core, &subject, &found, at).await?,
    }))
}

/// Those who can, each with the reasons, and how many more there are whom the asker does not see.
async fn people(
    core: &Core,
    asker: &Actor,
    subject: &Subject,
    found: &Found,
    at: Option<Time>,
) -> Result<(Vec<Value>, usize)> {
    let mut reader = core.store.reader();
    let instant = at.unwrap_or_else(|| core.now());
    let mut keys = store::holders_at(&mut reader, &found.places, within(subject), instant).await?;
    if found.owner != 0 && !keys.contains(&found.owner) {
        keys.push(found.owner);
    }
    if keys.len() > CANDIDATES {
        let text = format!("More than {CANDIDATES} people hold roles there. Ask about a smaller part of it.");
        return Err(Error::field("scope", text));
    }
    let mut sight = sight(core, subject, found);
    let (mut able, mut hidden) = (Vec::new(), 0);
    for actor in core.actors_in(&mut reader, &keys, at).await? {
        let decision = subject.decide(&actor, found);
        // Staff and support agents who can by what they are, are counted apart.
        let is_crew = (actor.staff || actor.support) && !by_role(&decision);
        if !decision.allowed || is_crew || !sees(&mut sight, &actor).await? {
            continue;
        }
        if !knows_all(asker) && actor.id != asker.id && !shown(asker, found, &decision) {
            hidden += 1;
            continue;
        }
        able.push((actor, decision));
    }
    able.sort_by(|a, b| a.0.username.cmp(&b.0.username));
    let decisions: Vec<&Decision> = able.iter().map(|(_, decision)| decision).collect();
    let reasons = reasons(core, &decisions).await?;
    let told = able.iter().zip(reasons).map(|((actor, _), reasons)| told(actor, reasons));
    Ok((told.collect(), hidden))
}

fn told(actor: &Actor, reasons: Vec<Value>) -> Value {
    json!({
        "user": {"uuid": id::hex(&actor.uuid), "username": actor.username, "full_name": actor.full_name},
        "reasons": reasons,
    })
}

/// Whether people who hold roles on other things of an organization can come into question too.
fn within(subject: &Subject) -> bool {
    match subject {
        Subject::Action(action) => reaches_beyond(&action.needs),
        Subject::Permission(_) => false,
    }
}

fn reaches_beyond(needs: &Needs) -> bool {
    match needs {
        Needs::Nothing | Needs::SignedIn | Needs::AnySignedIn | Needs::Within(..) => true,
        Needs::Permission(..) | Needs::Role(_) | Needs::Own | Needs::Staff | Needs::StaffOrSupport => false,
        Needs::InPerson(needs) => reaches_beyond(needs),
        Needs::Any(several) => several.iter().any(reaches_beyond),
    }
}

/// Who of many people sees the thing, if who sees it matters.
fn sight<'a>(core: &'a Core, subject: &Subject, found: &'a Found) -> Option<Sight<'a>> {
    subject.view().map(|view| core.sight(view, found))
}

async fn sees(sight: &mut Option<Sight<'_>>, actor: &Actor) -> Result<bool> {
    match sight {
        Some(sight) => sight.sees(actor).await,
        None => Ok(true),
    }
}

/// Those who can't and could by activating a role: each is put to the decision as if he held it. And how many more there are.
async fn eligible(
    core: &Core,
    asker: &Actor,
    subject: &Subject,
    found: &Found,
    at: Option<Time>,
) -> Result<(Vec<Value>, usize)> {
    let mut reader = core.store.reader();
    let instant = at.unwrap_or_else(|| core.now());
    let could = eligibility::store::at_places(&mut reader, &found.places, instant).await?;
    if could.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let all = role::store::active(&mut reader).await?;
    let mut keys: Vec<i64> = could.iter().map(|held| held.of.user_id).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut sight = sight(core, subject, found);
    let (mut people, mut hidden) = (Vec::new(), 0);
    for actor in core.actors_in(&mut reader, &keys, at).await? {
        if actor.disabled || subject.decide(&actor, found).allowed && sees(&mut sight, &actor).await? {
            continue;
        }
        let mut reasons = Vec::new();
        let mut known = knows_all(asker) || actor.id == asker.id;
        for held in could.iter().filter(|held| held.of.user_id == actor.id) {
            let Some(role) = all.iter().find(|role| role.id == held.of.role_id) else { continue };
            let mut then = actor.clone();
            then.grants.push(as_held(&held.of, role.clone(), instant));
            let decision = subject.decide(&then, found);
            let through = decision.because.iter().find_map(|reason| match reason {
                Reason::Grant { permission, .. } => Some(*permission),
                _ => None,
            });
            if let (true, Some(permission)) = (decision.allowed, through)
                && sees(&mut sight, &then).await?
            {
                known = known || shown(asker, found, &decision);
                let reason = may_activate(&held.of, permission);
                reasons.push(json!({"eligibility": id::hex(&held.of.uuid), "role": held.of.role_name,
                    "scope": held.of.scope, "scope_uuid": id::hex(&held.of.scope_uuid),
                    "scope_name": held.of.scope_name, "text": reason.sentence()}));
            }
        }
        match (reasons.is_empty(), known) {
            (true, _) => {}
            (false, false) => hidden += 1,
            (false, true) => people.push((actor, reasons)),
        }
    }
    people.sort_by(|a, b| a.0.username.cmp(&b.0.username));
    Ok((people.into_iter().map(|(actor, reasons)| told(&actor, reasons)).collect(), hidden))
}

/// A role that somebody could activate, as if he held it.
fn as_held(of: &Recorded, role: Role, at: Time) -> Held {
    Held {
        uuid: of.uuid,
        role: Arc::new(role),
        scope: of.scope.clone(),
        scope_id: of.scope_id,
        owner_id: of.customer_id,
        since: at,
        until: None,
        stopped: None,
    }
}

/// Whether it is allowed by a role, or as it is about one's own.
fn by_role(decision: &Decision) -> bool {
    decision.because.iter().any(|reason| matches!(reason, Reason::Grant { .. } | Reason::Own))
}

/// Whether the asker sees the team of the scope through which it is allowed.
fn shown(asker: &Actor, found: &Found, decision: &Decision) -> bool {
    decision.because.iter().any(|reason| match reason {
        Reason::Grant { scope, scope_id, .. } => {
            let here = |stand: &&Stand| stand.scope == *scope && stand.id == *scope_id;
            found.places.iter().find(here).is_some_and(|stand| sees_team_at(asker, found, stand))
        }
        _ => false,
    })
}

/// How many members of staff and support agents can.
async fn crew(core: &Core, subject: &Subject, found: &Found, at: Option<Time>) -> Result<usize> {
    let mut reader = core.store.reader();
    let keys: Vec<i64> = store::accounts(&mut reader, store::Who::Crew).await?.iter().map(|one| one.id).collect();
    let mut count = 0;
    for actor in core.actors_in(&mut reader, &keys, at).await? {
        let decision = subject.decide(&actor, found);
        count += usize::from(decision.allowed && !by_role(&decision));
    }
    Ok(count)
}

/// Whether anybody who is signed in may.
fn open_to_everybody(needs: &Needs) -> bool {
    match needs {
        Needs::Nothing | Needs::SignedIn | Needs::AnySignedIn => true,
        Needs::InPerson(needs) => open_to_everybody(needs),
        Needs::Any(several) => several.iter().any(open_to_everybody),
        _ => false,
    }
}
