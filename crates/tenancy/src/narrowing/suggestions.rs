//! What could be taken away, as items of a narrowing, each with the action that would do it by hand and whether the asker may.
//!
//! Staff power is told of and not suggested: whether somebody is to be staff is no question of use alone.

use super::{
    rules::KINDS,
    store::{self, Place},
    unused::{Question, unused},
};
use crate::grant::rules::team;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use stoa_kernel::{
    Date, Result, Time,
    access::{Actor, Decision, Found, Needs, Reason, Stand, decide},
    door::Core,
    id::{self, Uuid},
};

/// Suggestions of one kind, or of all that can be taken away.
///
/// # Errors
/// Those of the store.
pub async fn suggestions(core: &Core, asker: &Actor, question: &Question, all: bool) -> Result<Vec<Value>> {
    let kinds: Vec<&'static str> = match all {
        true => KINDS.iter().copied().filter(|kind| *kind != "staff").collect(),
        false => vec![question.kind],
    };
    // To ask is not to use: whether he may is not on record.
    let quiet = asker.unnoted();
    let mut found = Vec::new();
    for kind in kinds {
        let rows = unused(core, asker, &question.about(kind)).await?;
        let grants = Grants::of(core, &rows).await?;
        let today = question.cutoff.day.plus_days(question.days);
        found.extend(rows.into_iter().filter_map(|row| suggestion(&quiet, row, &grants, (question.days, today))));
    }
    Ok(found)
}

fn suggestion(asker: &Actor, mut row: Value, grants: &Grants, (days, today): (i64, Date)) -> Option<Value> {
    let uuid = row["uuid"].clone();
    let permission = row["permission"].clone();
    let in_person = || decide(asker, &Needs::InPerson(&Needs::SignedIn), &Found::default());
    let word = |pointer: &str| row.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (item, action, decision, sentence) = match row["kind"].as_str()? {
        "grant" => (
            json!({"kind": "grant", "grant": uuid}),
            "grant.revoke",
            grants.may_revoke(asker, &id::parse(uuid.as_str()?)?),
            format!(
                "{} did not use {} in {} for {days} days.",
                word("/user/username"),
                word("/role/name"),
                word("/scope/name")
            ),
        ),
        "permission" => (
            json!({"kind": "permission", "role": uuid, "permission": permission}),
            "role.update",
            decide(asker, &Needs::Staff, &Found::default()),
            format!(
                "Nobody of {} who hold {} used {} for {days} days.",
                row["role"]["holders"],
                word("/role/name"),
                word("/permission")
            ),
        ),
        "token" => (
            json!({"kind": "token", "token": uuid}),
            "own_token.revoke",
            in_person(),
            format!("The token {} was not used for {days} days.", word("/token")),
        ),
        "scope" => (
            json!({"kind": "scope", "token": uuid, "permission": permission}),
            "own_token.create",
            in_person(),
            format!("The token {} did not use {} for {days} days.", word("/token"), word("/permission")),
        ),
        _ => return None,
    };
    let day = |key: &str| row[key].as_str().and_then(Date::parse);
    let since = || row["since"].as_str().and_then(Time::parse).map(Time::date);
    let last = day("last_used").max(day("last_listed")).or_else(since).unwrap_or(today);
    row["unused_days"] = ((today.start().0 - last.start().0) / (86_400 * Time::SECOND)).into();
    row["item"] = item;
    row["action"] = action.into();
    row["sentence"] = sentence.into();
    row["allowed"] = decision.allowed.into();
    row["why"] = decision.to_string().into();
    Some(row)
}

/// What is to be known of suggested grants besides their use.
#[derive(Default)]
struct Grants {
    /// Where they are.
    places: HashMap<Uuid, Place>,
    /// One owner of each organization that would have none left.
    kept: HashSet<Uuid>,
}

impl Grants {
    async fn of(core: &Core, rows: &[Value]) -> Result<Grants> {
        let grants = rows.iter().filter(|row| row["kind"] == "grant");
        let uuids: Vec<Uuid> = grants.filter_map(|row| row["uuid"].as_str().and_then(id::parse)).collect();
        if uuids.is_empty() {
            return Ok(Grants::default());
        }
        let mut reader = core.store.reader();
        let places = store::places(&mut reader, uuids.clone()).await?;
        let customers = places.values().filter(|(scope, ..)| scope == "customer").map(|(_, id, ..)| *id).collect();
        let owners = store::owners(&mut reader, customers, core.now()).await?;
        let suggested: HashSet<Uuid> = uuids.into_iter().collect();
        Ok(Grants { places, kept: owners.values().filter_map(|owners| last_owner(owners, &suggested)).collect() })
    }

    /// Whether somebody may take a grant away, as far as that is known without doing it.
    fn may_revoke(&self, asker: &Actor, grant: &Uuid) -> Decision {
        let gone = || Decision::rule("The role is no more.");
        let Some((scope, scope_id, customer_id, user_id)) = self.places.get(grant) else { return gone() };
        let Some(team) = team(scope) else { return gone() };
        let stand = |place, scope, id| Stand { place, scope, id };
        let mut places = vec![stand("itself", team.scope, *scope_id)];
        if team.scope != "customer" {
            places.push(stand("customer", "customer", *customer_id));
        }
        let found = Found { thing: team.scope, id: *scope_id, places, ..Found::default() };
        let decision = decide(asker, &Needs::Permission(team.delete.id(), &["itself", "customer"]), &found);
        let from_above = decision.because.iter().any(|reason| match reason {
            Reason::Grant { scope, .. } => scope == "customer",
            other => *other == Reason::Staff,
        });
        match decision.allowed {
            true if self.kept.contains(grant) => Decision::rule("The organization would have no owner left."),
            true if *user_id == asker.id && !from_above => Decision::rule("User can not manage own role."),
            _ => decision,
        }
    }
}

/// The owner who stays, where all owners of an organization are suggested: whoever became it last.
fn last_owner(owners: &[Uuid], suggested: &HashSet<Uuid>) -> Option<Uuid> {
    owners.iter().all(|owner| suggested.contains(owner)).then(|| owners.last().copied()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organization_keeps_an_owner() {
        let [one, two, three] = [1, 2, 3].map(Uuid::from_u128);
        let suggested: HashSet<Uuid> = [one, two].into();
        assert_eq!(last_owner(&[one, two], &suggested), Some(two));
        assert_eq!(last_owner(&[one, three], &suggested), None);
        assert_eq!(last_owner(&[], &suggested), None);
    }
}
