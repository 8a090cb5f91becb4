//! Taking away in one step what nobody used, and giving it back in one step. Each is one transaction, and each item is decided by
//! the rules that it has by hand: to be signed in is enough to try, and what is not one's own to do is refused.

use super::{
    State,
    items::{self, Away},
    rules::{self, Cutoff, DAYS_MAX, Item},
    store::{self, New, Taken},
    views::NARROWINGS,
};
use crate::uses;
use serde_json::Value;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    error::Invalid,
    event::Event,
    field::{Field, Input, Kind},
    id::{self, Uuid},
};

/// Takes items away.
pub static MAKE: Action = Action {
    name: "access_narrowing.make",
    about: "Take away, in one step, what nobody used: grants, permissions of roles, tokens and what they carry.",
    target: Target::Nothing,
    needs: Needs::AnySignedIn,
    from: &[],
    fields: &[
        Field::new("days", Kind::Int, "For how many days it must be unused.").required().min(1).max(DAYS_MAX),
        Field::new("ignore_lists", Kind::Bool, "Whether a grant that only let things appear in lists is unused."),
        Field::new(
            "items",
            Kind::Json,
            "What is taken away, as `unused/items/` names it: `kind` grant with `grant`, permission with `role` and `permission`, token \
             with `token`, scope with `token` and `permission`.",
        )
        .required(),
        Field::text("reason", 255, "Why."),
    ],
    events: &["access_narrowed", "role_revoked", "role_definition_updated", "pat_revoked", "pat_scopes_updated"],
    run: |cx, input| Box::pin(make(cx, input)),
};

/// Gives back what a narrowing took away.
pub static UNDO: Action = Action {
    name: "access_narrowing.undo",
    about: "Give back, in one step, what a narrowing took away, by the rules of now.",
    target: Target::Thing(&NARROWINGS),
    needs: Needs::AnySignedIn,
    from: &[State::Applied.text()],
    fields: &[Field::new("partial", Kind::Bool, "Whether to give back what can be, where something can't.")],
    events: &[
        "access_narrowing_undone",
        "role_granted",
        "role_updated",
        "role_definition_updated",
        "pat_restored",
        "pat_scopes_updated",
    ],
    run: |cx, input| Box::pin(undo(cx, input)),
};

async fn make(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let days = input.int("days").unwrap_or(rules::DAYS);
    let cutoff = Cutoff::of(cx.today(), days, input.bool("ignore_lists").unwrap_or(false));
    let wanted = rules::items(input.json("items").unwrap_or(&Value::Null))?;
    let since = uses::store::since(&mut *cx.tx).await?;
    if !cutoff.is_known(since) {
        let since = since.map_or_else(|| "never".to_owned(), |since| since.to_string());
        let text = format!("Uses are recorded since {since}: nothing can be called unused for {days} days.");
        return Err(Error::field("days", text));
    }
    // What this node has in memory counts; written here too, it is the same twice.
    uses::store::write(cx.tx, &uses::pending(cx.core)).await?;
    let note = input.text("reason").unwrap_or_default().trim();
    let reason = match note {
        "" => format!("Not used for {days} days"),
        note => format!("Not used for {days} days: {note}"),
    };
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let new = New { uuid: cx.uuid(), days, ignore_lists: cutoff.ignore_lists, reason: note, by };
    let key = store::insert(cx.tx, &new, cx.now).await?;
    let (roles, others) = items::by_role(wanted.iter());
    let mut away: Vec<Away> = Vec::new();
    for item in others {
        away.push(match item {
            Item::Token(token) => items::take_token(cx, token, None, &cutoff).await?,
            Item::Scope(token, permission) => items::take_token(cx, token, Some(permission), &cutoff).await?,
            Item::Grant(grant) => items::take_grant(cx, grant, &cutoff, &reason).await?,
            Item::Permission(role, permission) => items::take_permissions(cx, role, &[permission], &cutoff).await?,
        });
    }
    for (role, permissions) in roles {
        away.push(items::take_permissions(cx, role, &permissions, &cutoff).await?);
    }
    for one in &away {
        items::keep(cx, key, one).await?;
    }
    let (scope, customer) = common(&away);
    store::place(cx.tx, key, scope, customer).await?;
    let message = format!("Access has been narrowed: {}. {reason}.", rules::counted(&wanted));
    let narrowed = event("access_narrowed", message, &new.uuid, customer).fact("days", days);
    let done = Done::event(narrowed).made("access_narrowing", key, new.uuid);
    Ok(away.into_iter().fold(done, |done, one| done.and(one.event)))
}

/// The scope and the organization in which all of it lies.
fn common(away: &[Away]) -> (Option<(&str, i64)>, Option<i64>) {
    fn one<T: PartialEq + Copy>(mut all: impl Iterator<Item = Option<T>>) -> Option<T> {
        let first = all.next().flatten();
        first.filter(|first| all.all(|other| other == Some(*first)))
    }
    let places = || away.iter().map(|one| one.place.as_ref());
    let scope = one(places().map(|place| place.map(|(scope, id, _)| (scope.as_str(), *id))));
    (scope, one(places().map(|place| place.map(|(_, _, customer)| *customer))))
}

fn event(kind: &'static str, message: String, narrowing: &Uuid, customer: Option<i64>) -> Event {
    let event = Event::new(kind, message).fact("narrowing_uuid", id::hex(narrowing));
    match customer {
        Some(customer) => event.feed("customer", customer),
        None => event,
    }
}

async fn undo(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let narrowing = store::hold(cx.tx, cx.found.id).await?;
    narrowing.state.to(State::Undone)?;
    let partial = input.bool("partial").unwrap_or(false);
    let reason = format!("Narrowing {} was undone", id::hex(&narrowing.uuid));
    let (mut events, mut refused) = (Vec::new(), Invalid::default());
    let taken = store::taken(cx.tx, narrowing.id).await?;
    // The last first: a token is given back before what was taken out of it, if both were.
    for (key, item) in taken.iter().rev() {
        let why = match items::give_back(cx, item, narrowing.made, &reason).await {
            Ok(event) => {
                events.push(event);
                None
            }
            Err(error) => Some(why_not(error, partial, item)?),
        };
        if let Some(why) = &why {
            refused.add("items", why.clone());
        }
        store::settle(cx.tx, *key, why.as_deref()).await?;
    }
    if !partial || events.is_empty() {
        refused.done()?;
    }
    store::undone(cx.tx, narrowing.id, (cx.actor.id != 0).then_some(cx.actor.id), cx.now).await?;
    let message = match taken.len() - events.len() {
        0 => "A narrowing of access has been undone.".to_owned(),
        left => format!("A narrowing of access has been undone, but for {left} of {} items.", taken.len()),
    };
    let undone = event("access_narrowing_undone", message, &narrowing.uuid, narrowing.customer_id);
    Ok(events.into_iter().fold(Done::event(undone), Done::and))
}

/// Why an item could not be given back, in words; what is nobody's rule stays an error, and so does what the caller may not, unless
/// he said that a part will do.
fn why_not(error: Error, partial: bool, item: &Taken) -> Result<String> {
    let why = match error {
        Error::Invalid(invalid) => invalid.fields.into_values().flatten().collect::<Vec<_>>().join(" "),
        Error::Conflict(why) => why,
        Error::Forbidden(decision) if partial => decision.to_string(),
        Error::NotFound => "It is no more.".to_owned(),
        other => return Err(other),
    };
    Ok(format!("{}: {why}", items::words(item)))
}
