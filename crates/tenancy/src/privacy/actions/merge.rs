//! Merging: one person came twice, and one of the accounts takes the place of the other.
//!
//! Staff do it, and only between accounts of regular people: neither side gains anything that both together did not have.
//! Roles move as a revocation and a grant, each on record, where the rules of the scope let the staying account in; what can't
//! move is named in the answer. The account that goes stays as a tombstone that names the other one: orders, resources and
//! the record keep pointing at it.

use crate::{
    agreement, data_access,
    eligibility::{self, store::Which},
    grant::{
        actions as grants,
        rules::{self as teams, Team},
        store::{self as held, NewGrant, Organization, Person, Recorded},
    },
    guard, key, role,
    settings::{self, Settings},
    token,
    user::{
        actions as users,
        store::{self, Brief, Fate},
        views::USERS,
    },
};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result, Time, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Field, Input, Kind},
    id,
};

/// Roles of one account that are moved at most.
const MOST: usize = 2000;

/// Merges an account into another one of the same person.
pub static MERGE: Action = Action {
    name: "user.merge",
    about: "Merge an account into another one of the same person: roles, keys and consents move, the account is switched off.",
    target: Target::Thing(&USERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::new("into", Kind::Link("user"), "The account that stays.").required(),
        Field::new("dry_run", Kind::Bool, "Only tell what would happen."),
    ],
    events: &[
        "user_merged",
        "role_revoked",
        "role_granted",
        "role_updated",
        "guard_updated",
        "eligibility_revoked",
        "activation_cancelled",
        "activation_ended",
    ],
    run: |cx, input| Box::pin(merge(cx, input)),
};

/// What becomes of one role.
enum Fortune {
    /// It moves.
    Moves,
    /// The staying account has it, for less long: it gets the longer time.
    Extends(held::Open),
    /// The staying account has it for as long.
    Held,
    /// It ends, and this is why it does not move.
    Left(&'static str),
}

/// One role and what becomes of it.
struct Step {
    grant: Recorded,
    organization: Organization,
    fortune: Fortune,
}

async fn merge(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    cx.in_person()?;
    let into = input.int("into").unwrap_or_default();
    // Both rows are locked in one order, so that two merges can't wait for each other.
    let (first, second) = (cx.found.id.min(into), cx.found.id.max(into));
    if first == second {
        return Err(Error::field("into", "An account can't be merged into itself."));
    }
    store::brief(cx.tx, first).await?;
    store::brief(cx.tx, second).await?;
    let (from, to) = (store::brief(cx.tx, cx.found.id).await?, store::brief(cx.tx, into).await?);
    let (fate_from, fate_to) = (store::fate(cx.tx, from.id).await?, store::fate(cx.tx, to.id).await?);
    plain(&from, &fate_from).map_err(Error::invalid)?;
    plain(&to, &fate_to).map_err(|why| Error::field("into", why))?;
    if !to.active {
        return Err(Error::field("into", "The account that stays is not active."));
    }
    let steps = plan(cx, &from, &to).await?;
    let told: Vec<Value> = steps.iter().map(tell).collect();
    let dry = input.bool("dry_run") == Some(true);
    let answer = json!({"dry_run": dry, "user": id::hex(&from.uuid), "into": id::hex(&to.uuid), "roles": told});
    if dry {
        return Ok(Done::unchanged().answer(answer));
    }
    let mut done = Done::event(event(&from, &to)).answer(answer);
    for event in move_roles(cx, &from, &to, steps).await? {
        done = done.and(event);
    }
    for event in guard::actions::follow(cx, from.id, to.id).await? {
        done = done.and(event);
    }
    move_things(cx, &from, &to).await?;
    bury(cx, &from, &to).await?;
    Ok(done)
}

/// Accounts with power of their own, and those that are gone already, are not merged (security case C6).
fn plain(user: &Brief, fate: &Fate) -> Result<(), &'static str> {
    if user.staff || user.support || fate.identity_manager {
        return Err("Accounts of staff, support agents and identity managers are not merged.");
    }
    if fate.robot {
        return Err("Accounts of robots are not merged.");
    }
    match fate.erased || fate.merged_into.is_some() {
        true => Err("The account is gone already."),
        false => Ok(()),
    }
}

/// What becomes of every role of the account that goes.
async fn plan(cx: &mut Cx<'_>, from: &Brief, to: &Brief) -> Result<Vec<Step>> {
    let grants = held::held_by(cx.tx, from.id).await?;
    if grants.len() > MOST {
        return Err(Error::LimitExceeded(format!("An account with more than {MOST} roles is not merged.")));
    }
    let person = held::person(&mut *cx.tx, to.uuid).await?.ok_or(Error::NotFound)?;
    let one_manager = Settings::load(&mut *cx.tx).await?.is_on(settings::ONE_MANAGER);
    let mut steps = Vec::new();
    for grant in grants {
        let organization = held::organization(cx.tx, grant.customer_id).await?;
        let fortune = fortune(cx, from.id, &person, &grant, &organization, one_manager).await?;
        steps.push(Step { grant, organization, fortune });
    }
    Ok(steps)
}

async fn fortune(
    cx: &mut Cx<'_>,
    from: i64,
    to: &Person,
    grant: &Recorded,
    organization: &Organization,
    one_manager: bool,
) -> Result<Fortune> {
    if grant.until.is_some_and(|until| until <= cx.now) {
        return Ok(Fortune::Left("its time is over"));
    }
    if teams::team(&grant.scope).is_none() || !role::store::by_id(cx.tx, grant.role_id).await?.active {
        return Ok(Fortune::Left("the role is disabled"));
    }
    if !held::activated(cx.tx, vec![grant.uuid]).await?.is_empty() {
        return Ok(Fortune::Left("it was activated for some hours"));
    }
    if let Some(open) = held::open(cx.tx, to.id, grant.role_id, &grant.scope, grant.scope_id, cx.now).await? {
        let same = teams::covers(open.until, grant.until);
        return Ok(match (same, teams::may_be_extended(&open.source)) {
            (true, _) => Fortune::Held,
            (false, true) => Fortune::Extends(open),
            (false, false) => Fortune::Left("the other account has activated the role for some hours"),
        });
    }
    if grant.scope == "project" {
        let project = held::project(cx.tx, grant.scope_id).await?;
        if project.removed {
            return Ok(Fortune::Left("the project is removed"));
        }
        if !project.restriction.admits(&to.traits) {
            return Ok(Fortune::Left("the project does not let the other account in"));
        }
        if one_manager && grant.role_name == "PROJECT.MANAGER" {
            let managers = held::holders_of(cx.tx, grant.scope_id, grant.role_id, cx.now).await?;
            if managers.iter().any(|manager| ![from, to.id].contains(manager)) {
                return Ok(Fortune::Left("the project has another manager"));
            }
        }
    }
    if matches!(grant.scope.as_str(), "customer" | "project") && !organization.restriction.admits(&to.traits) {
        return Ok(Fortune::Left("the organization does not let the other account in"));
    }
    let place = (grant.scope.as_str(), grant.scope_id, grant.customer_id);
    if guard::store::clash(cx.tx, to.id, grant.role_id, place, cx.now).await?.is_some() {
        return Ok(Fortune::Left("a guard keeps the role apart from one of the other account"));
    }
    Ok(Fortune::Moves)
}

fn tell(step: &Step) -> Value {
    let (outcome, why) = match &step.fortune {
        Fortune::Moves => ("moves", ""),
        Fortune::Extends(_) => ("extends", ""),
        Fortune::Held => ("held", ""),
        Fortune::Left(why) => ("ends", *why),
    };
    json!({
        "role_name": step.grant.role_name,
        "scope_type": step.grant.scope,
        "scope_uuid": id::hex(&step.grant.scope_uuid),
        "scope_name": step.grant.scope_name,
        "expiration_time": step.grant.until.map(|until| until.to_string()),
        "outcome": outcome,
        "reason": why,
    })
}

async fn move_roles(cx: &mut Cx<'_>, from: &Brief, to: &Brief, steps: Vec<Step>) -> Result<Vec<Event>> {
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let reason = format!("Merged into {}", to.username);
    let closed = held::revoke_person(cx.tx, from.id, by, &reason, cx.now).await?;
    let mut events = grants::closed(cx, &closed, &reason).await?;
    // What somebody may activate does not move: whoever gave it gives it to the account that stays.
    events.extend(eligibility::course::close_all(cx, Which::Of(from.id), &reason).await?);
    for Step { grant, organization, fortune } in steps {
        let Some(team) = teams::team(&grant.scope) else { continue };
        let mine = Recorded {
            user_id: to.id,
            user_uuid: to.uuid,
            username: to.username.clone(),
            full_name: to.full_name(),
            ..grant
        };
        events.extend(match fortune {
            Fortune::Moves => Some(give(cx, by, mine, team, &organization).await?),
            Fortune::Extends(open) => extend(cx, by, &open, mine, team, &organization).await?,
            Fortune::Held | Fortune::Left(_) => None,
        });
    }
    Ok(events)
}

async fn give(
    cx: &mut Cx<'_>,
    by: Option<i64>,
    grant: Recorded,
    team: &'static Team,
    organization: &Organization,
) -> Result<Event> {
    let new = NewGrant {
        uuid: cx.uuid(),
        user_id: grant.user_id,
        role_id: grant.role_id,
        scope: &grant.scope,
        scope_id: grant.scope_id,
        scope_uuid: grant.scope_uuid,
        scope_name: &grant.scope_name,
        customer_id: grant.customer_id,
        by,
        until: grant.until,
        source: "merge",
        now: cx.now,
    };
    let uuid = held::grant(cx.tx, new).await?;
    Ok(grants::event("role_granted", &Recorded { uuid, ..grant }, team, organization, Some("Merged accounts")))
}

async fn extend(
    cx: &mut Cx<'_>,
    by: Option<i64>,
    open: &held::Open,
    grant: Recorded,
    team: &'static Team,
    organization: &Organization,
) -> Result<Option<Event>> {
    let until: Option<Time> = grant.until;
    if !held::set_end(cx.tx, open.id, until, by, cx.now).await? {
        return Ok(None);
    }
    let grant = Recorded { uuid: open.uuid, ..grant };
    Ok(Some(grants::event("role_updated", &grant, team, organization, Some("Merged accounts"))))
}

/// What is not a role: keys, consents, and who read the profile.
async fn move_things(cx: &mut Cx<'_>, from: &Brief, to: &Brief) -> Result<()> {
    key::store::hand_over(cx.tx, from.id, to.id).await?;
    agreement::store::hand_over(cx.tx, from.id, to.id).await?;
    data_access::store::hand_over(cx.tx, from.id, to.id).await?;
    if let (None, Some(agreed)) = (to.agreed, from.agreed) {
        store::set(cx.tx, to.id, vec![("agreement_date", Val::Time(agreed)), ("modified", Val::Time(cx.now))]).await?;
    }
    Ok(())
}

/// Switches the account off for good, with a pointer to the one that stays.
async fn bury(cx: &mut Cx<'_>, from: &Brief, to: &Brief) -> Result<()> {
    token::store::end_every(cx.tx, from.id).await?;
    store::forget_email(cx.tx, from.id).await?;
    let columns = vec![
        ("is_active", Val::Bool(false)),
        ("is_admin_deactivated", Val::Bool(true)),
        ("deactivation_reason", Val::Text(format!("Merged into {}", to.username))),
        ("merged_into", Val::Int(to.id)),
        ("password", Val::from("")),
        ("modified", Val::Time(cx.now)),
    ];
    store::set(cx.tx, from.id, columns).await?;
    users::keep(cx, from.uuid, "Merged").await
}

fn event(from: &Brief, to: &Brief) -> Event {
    let message = format!("User {} has been merged into {}.", from.username, to.username);
    from.event("user_merged", message)
        .fact("merged_into_uuid", id::hex(&to.uuid))
        .fact("merged_into_username", to.username.clone())
        .feed("user", to.id)
}
