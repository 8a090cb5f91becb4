//! What can be done with agreements. Only staff do it; people agree by changing their own account
//! ([`crate::user::actions::UPDATE`]).

use super::{
    store::{self, Text},
    views::AGREEMENTS,
};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Field, Input, Kind},
    id, record,
};

/// The types of agreements.
pub const TYPES: Kind = Kind::Choice("AgreementTypeEnum", &["TOS", "PP"]);

/// The longest text, in characters.
const TEXT_MAX: i64 = 500_000;

const FIELDS: &[Field] = &[
    Field::text("content", TEXT_MAX, "The text, as HTML.").required().stored(),
    Field::new("agreement_type", TYPES, "Terms of service or privacy policy.").required().stored(),
    Field::text("language", 10, "Language code; empty for those whose language has no text of its own.").stored(),
    Field::new("requires_consent", Kind::Bool, "Whether those who agreed to an earlier text are asked again."),
];

/// Puts a text into force.
pub static CREATE: Action = Action {
    name: "user_agreement.create",
    about: "Put terms or a privacy policy into force in one language.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["user_agreement_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a text.
pub static UPDATE: Action = Action {
    name: "user_agreement.update",
    about: "Put another text in the place of one; the earlier one stays on record as a version.",
    target: Target::Thing(&AGREEMENTS),
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["user_agreement_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Takes a text out of force.
pub static DELETE: Action = Action {
    name: "user_agreement.delete",
    about: "Take terms or a privacy policy out of force; versions and consents stay on record.",
    target: Target::Thing(&AGREEMENTS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["user_agreement_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let text = Text {
        kind: input.text("agreement_type").unwrap_or_default().to_owned(),
        language: input.text("language").unwrap_or_default().to_owned(),
        content: input.text("content").unwrap_or_default().to_owned(),
    };
    let uuid = cx.uuid();
    let (version, since) = keep(cx, &text, input.bool("requires_consent") == Some(true)).await?;
    let more = vec![
        ("uuid", Val::Uuid(uuid)),
        ("version", Val::Int(version)),
        ("consent_from", since),
        ("created", Val::Time(cx.now)),
        ("modified", Val::Time(cx.now)),
    ];
    let made = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await;
    let id = made.map_err(taken)?;
    let message = format!("{} has been put into force.", text.name());
    Ok(Done::event(event("user_agreement_created", message, &text, uuid, version)).made("user_agreement", id, uuid))
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    store::lock(cx.tx, id).await?;
    let changed = record::update(cx, store::TABLE, id, FIELDS, &input, vec![("modified", Val::Time(cx.now))]).await;
    // A text is long, and its versions hold it: the record says only that it changed.
    let mut changes: Vec<Change> = changed.map_err(taken)?.into_iter().map(without_text).collect();
    let again = input.bool("requires_consent") == Some(true);
    if again {
        changes.push(Change { field: "requires_consent".into(), before: false.into(), after: true.into() });
    }
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let text = store::text(cx.tx, id).await?;
    let (version, since) = keep(cx, &text, again).await?;
    let mut columns = vec![("version", Val::Int(version)), ("modified", Val::Time(cx.now))];
    if again {
        columns.push(("consent_from", since));
    }
    record::set(cx.tx, store::TABLE, id, columns).await?;
    let message = format!("{} has been changed to version {version}.", text.name());
    Ok(Done::event(event("user_agreement_updated", message, &text, uuid, version).changes(changes)))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let text = store::text(cx.tx, cx.found.id).await?;
    store::delete(cx.tx, cx.found.id).await?;
    let message = format!("{} has been taken out of force.", text.name());
    Ok(Done::event(event("user_agreement_deleted", message, &text, cx.found.uuid, 0)))
}

/// Keeps a text as the next version of its type and language. Gives its number, and since when consent is required for it.
async fn keep(cx: &mut Cx<'_>, text: &Text, requires_consent: bool) -> Result<(i64, Val)> {
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let uuid = cx.uuid();
    let version = store::keep(cx.tx, uuid, text, requires_consent, by, cx.now).await.map_err(taken)?;
    Ok((version, if requires_consent { Val::Time(cx.now) } else { Val::Null }))
}

fn taken(error: Error) -> Error {
    match error {
        Error::Duplicate(_) => Error::invalid("There is a text of this type in this language already."),
        other => other,
    }
}

fn without_text(change: Change) -> Change {
    match change.field.as_str() {
        "content" => Change { before: "(earlier text)".into(), after: "(new text)".into(), ..change },
        _ => change,
    }
}

fn event(kind: &'static str, message: String, text: &Text, uuid: id::Uuid, version: i64) -> Event {
    Event::new(kind, message)
        .fact("agreement_uuid", id::hex(&uuid))
        .fact("agreement_type", text.kind.clone())
        .fact("agreement_language", text.language.clone())
        .fact("agreement_version", version)
}
