//! What can be done with announcements. Only staff do it.

use super::{TYPES, store, views::ANNOUNCEMENTS};
use stoa_kernel::{
    Error, Result, Time, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Field, Input, Kind},
    id, record,
};

const FIELDS: &[Field] = &[
    Field::text("description", 4096, "What is announced.").stored(),
    Field::new("active_from", Kind::Time, "Shown from this instant.").required().stored(),
    Field::new("active_to", Kind::Time, "Shown until this instant.").required().stored(),
    Field::new("type", Kind::Choice("AdminAnnouncementTypeEnum", TYPES), "How loud it is.").stored(),
];

/// Makes an announcement.
pub static CREATE: Action = Action {
    name: "admin_announcement.create",
    about: "Announce something to everybody.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["admin_announcement_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes an announcement.
pub static UPDATE: Action = Action {
    name: "admin_announcement.update",
    about: "Change what is announced, or when.",
    target: Target::Thing(&ANNOUNCEMENTS),
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["admin_announcement_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes an announcement.
pub static DELETE: Action = Action {
    name: "admin_announcement.delete",
    about: "Remove an announcement.",
    target: Target::Thing(&ANNOUNCEMENTS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["admin_announcement_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

fn check_order(from: Time, to: Time) -> Result<()> {
    if from < to { Ok(()) } else { Err(Error::field("active_to", "The end must be after the start.")) }
}

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    if let (Some(from), Some(to)) = (input.time("active_from"), input.time("active_to")) {
        check_order(from, to)?;
    }
    let uuid = cx.uuid();
    let more = vec![("uuid", Val::Uuid(uuid)), ("created", cx.now.into())];
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await?;
    let event = Event::new("admin_announcement_created", "An announcement has been created.")
        .fact("admin_announcement_uuid", id::hex(&uuid))
        .feed("admin_announcement", id);
    Ok(Done::event(event).made("admin_announcement", id, uuid))
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    let (from, to) = store::interval(cx.tx, id).await?;
    check_order(input.time("active_from").unwrap_or(from), input.time("active_to").unwrap_or(to))?;
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, vec![]).await?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let message = format!("An announcement has been updated. {}", record::describe(&changes));
    let event = Event::new("admin_announcement_updated", message)
        .fact("admin_announcement_uuid", id::hex(&cx.found.uuid))
        .feed("admin_announcement", id)
        .changes(changes);
    Ok(Done::event(event))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    store::delete(cx.tx, cx.found.id).await?;
    let event = Event::new("admin_announcement_deleted", "An announcement has been deleted.")
        .fact("admin_announcement_uuid", id::hex(&cx.found.uuid));
    Ok(Done::event(event))
}
