//! Web hooks.

use super::{EVENT_GROUPS, EVENT_TYPES, IS_ACTIVE, KEEPERS, begin, choose, event, in_person};
use crate::{
    hook::{
        rules, store,
        views::{CONTENT_TYPES, WEB_HOOKS},
    },
    outbound::Outbound,
};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    event::Change,
    field::{Field, Input, Kind},
    id, record,
};
use stoa_tenancy::{
    letter::{self, Letter},
    user::store as users,
};

const FIELDS: &[Field] = &[
    Field::text("destination_url", 200, "Where events are posted.").required().stored(),
    Field::new("content_type", Kind::Choice("WebHookContentTypeEnum", CONTENT_TYPES), "How events are written.")
        .stored(),
    IS_ACTIVE,
    EVENT_TYPES,
    EVENT_GROUPS,
];

/// Makes a web hook. The answer has its secret, this once.
pub static CREATE: Action = Action {
    name: "web_hook.create",
    about: "Have events posted to a web address.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: FIELDS,
    events: &["web_hook_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a web hook.
pub static UPDATE: Action = Action {
    name: "web_hook.update",
    about: "Change where events are posted, which, or whether any.",
    target: Target::Thing(&WEB_HOOKS),
    needs: KEEPERS,
    from: &[],
    fields: FIELDS,
    events: &["web_hook_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a web hook.
pub static DELETE: Action = Action {
    name: "web_hook.delete",
    about: "Remove a web hook and what is known of its deliveries.",
    target: Target::Thing(&WEB_HOOKS),
    needs: KEEPERS,
    from: &[],
    fields: &[],
    events: &["web_hook_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// Gives a web hook another secret, which the answer has this once. The old one no longer counts.
pub static ROTATE: Action = Action {
    name: "web_hook.rotate_secret",
    about: "Give a web hook another secret; the answer shows it this once.",
    target: Target::Thing(&WEB_HOOKS),
    needs: Needs::Own,
    from: &[],
    fields: &[],
    events: &["web_hook_secret_rotated"],
    run: |cx, _| Box::pin(rotate(cx)),
};

/// Notes that a test event is to be sent. The surface sends it at once, outside of the transaction.
pub static TEST: Action = Action {
    name: "web_hook.test",
    about: "Send a test event to a web hook now.",
    target: Target::Thing(&WEB_HOOKS),
    needs: KEEPERS,
    from: &[],
    fields: &[],
    events: &["web_hook_tested"],
    run: |cx, _| Box::pin(test(cx)),
};

/// Sends an event once more.
pub static REDELIVER: Action = Action {
    name: "web_hook.redeliver",
    about: "Send an event to a web hook once more.",
    target: Target::Thing(&WEB_HOOKS),
    needs: KEEPERS,
    from: &[],
    fields: &[Field::new("delivery", Kind::Uuid, "The delivery to repeat.").required()],
    events: &["web_hook_redelivered"],
    run: |cx, input| Box::pin(redeliver(cx, input)),
};

/// Switches a web hook off whose receiver takes nothing, and tells its owner. For the program itself.
pub static SWITCH_OFF: Action = Action {
    name: "web_hook.switch_off",
    about: "Switch off a web hook whose receiver takes nothing.",
    target: Target::Thing(&WEB_HOOKS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["web_hook_switched_off"],
    run: |cx, _| Box::pin(switch_off(cx)),
};

fn fresh_secret(cx: &Cx<'_>) -> String {
    cx.clock().secret::<32>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether an address may be called at all; what its name resolves to is judged at every call.
fn judge(cx: &Cx<'_>, input: &Input) -> Result<()> {
    let Some(address) = input.text("destination_url") else { return Ok(()) };
    let read = Outbound::of(cx.core).read(address);
    read.map(drop).map_err(|message| Error::field("destination_url", message))
}

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let owner = begin(cx, &mut input).await?;
    judge(cx, &input)?;
    let (uuid, secret) = (cx.uuid(), fresh_secret(cx));
    let more = vec![
        ("uuid", Val::Uuid(uuid)),
        ("kind", "webhook".into()),
        ("user_id", Val::Int(owner.id)),
        ("secret", Val::from(&secret)),
        ("created", Val::Time(cx.now)),
        ("modified", Val::Time(cx.now)),
    ];
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await?;
    let address = input.text("destination_url").unwrap_or_default();
    let host = rules::host(address);
    let texts = |name: &str| -> serde_json::Value {
        input.text(name).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| json!([]))
    };
    let answer = json!({
        "url": id::hex(&uuid), "uuid": id::hex(&uuid), "is_active": input.bool("is_active").unwrap_or(true),
        "author_uuid": id::hex(&owner.uuid), "event_types": texts("event_types"), "event_groups": texts("event_groups"),
        "created": cx.now.to_string(), "modified": cx.now.to_string(), "hook_type": "webhook",
        "author_fullname": owner.full_name(), "author_username": owner.username, "author_email": owner.email,
        "destination_url": address, "content_type": input.text("content_type").unwrap_or("json"), "secret": secret,
    });
    let event = event("web_hook_created", format!("A web hook to {host} has been created."), &uuid, owner.id)
        .fact("hook_host", host);
    Ok(Done::event(event).made("web_hook", id, uuid).answer(answer))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    in_person(cx)?;
    choose(&mut input)?;
    judge(cx, &input)?;
    let (id, uuid, now) = (cx.found.id, cx.found.uuid, cx.now);
    let before = store::brief(cx.tx, id).await?;
    let changes = record::update(cx, store::TABLE, id, FIELDS, &input, vec![("modified", Val::Time(now))]).await?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    // Another address, or a new start: what failed before no longer counts.
    let moved = changes.iter().any(|change| change.field == "destination_url");
    if moved || (input.bool("is_active") == Some(true) && !before.is_active) {
        store::forgive(cx.tx, id).await?;
    }
    let changes: Vec<Change> = changes.into_iter().map(plain).collect();
    let host = rules::host(input.text("destination_url").unwrap_or(&before.destination_url));
    let message = format!("The web hook to {host} has been updated.");
    let event = event("web_hook_updated", message, &uuid, before.user_id).fact("hook_host", host).changes(changes);
    Ok(Done::event(event))
}

/// A change as the record may know it: of an address the host only.
fn plain(change: Change) -> Change {
    let host = |value: serde_json::Value| value.as_str().map(rules::host).into();
    match change.field.as_str() {
        "destination_url" => Change { before: host(change.before), after: host(change.after), ..change },
        _ => change,
    }
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    let hook = store::brief(cx.tx, id).await?;
    store::delete(cx.tx, id).await?;
    let host = rules::host(&hook.destination_url);
    let event = event("web_hook_deleted", format!("The web hook to {host} has been deleted."), &uuid, hook.user_id);
    Ok(Done::event(event.fact("hook_host", host)))
}

async fn rotate(cx: &mut Cx<'_>) -> Result<Done> {
    in_person(cx)?;
    let (id, uuid, secret) = (cx.found.id, cx.found.uuid, fresh_secret(cx));
    let hook = store::brief(cx.tx, id).await?;
    store::set_secret(cx.tx, id, &secret, cx.now).await?;
    let host = rules::host(&hook.destination_url);
    let message = format!("The web hook to {host} has got a new secret.");
    let event = event("web_hook_secret_rotated", message, &uuid, hook.user_id).fact("hook_host", host);
    Ok(Done::event(event).answer(json!({ "secret": secret })))
}

async fn test(cx: &mut Cx<'_>) -> Result<Done> {
    in_person(cx)?;
    let (id, uuid, delivery) = (cx.found.id, cx.found.uuid, cx.uuid());
    let hook = store::brief(cx.tx, id).await?;
    if !store::add_test(cx.tx, id, delivery, cx.now).await? {
        let message = "The hook was tested a moment ago.".to_owned();
        return Err(Error::TooMany { message, retry_after: rules::TEST_EVERY as u32 });
    }
    let host = rules::host(&hook.destination_url);
    let event = event("web_hook_tested", format!("The web hook to {host} has been tested."), &uuid, hook.user_id);
    let answer = json!({"hook": id, "delivery": id::hex(&delivery)});
    Ok(Done::event(event.fact("hook_host", host)).answer(answer))
}

async fn redeliver(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    in_person(cx)?;
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    let hook = store::brief(cx.tx, id).await?;
    if !hook.is_active {
        return Err(Error::Conflict("The hook is switched off.".into()));
    }
    let delivery = input.uuid("delivery").ok_or(Error::NotFound)?;
    let kind = store::redeliver(cx.tx, id, delivery, cx.now).await?;
    let host = rules::host(&hook.destination_url);
    let message = format!("An event is sent to the web hook to {host} once more.");
    let event = event("web_hook_redelivered", message, &uuid, hook.user_id)
        .fact("hook_host", host)
        .fact("delivery_uuid", id::hex(&delivery))
        .fact("delivered_event_type", kind);
    Ok(Done::event(event).answer(json!({"uuid": id::hex(&delivery), "state": "pending"})))
}

async fn switch_off(cx: &mut Cx<'_>) -> Result<Done> {
    if !cx.actor.system {
        return Err(Error::Forbidden(Box::new(Decision::rule("The program does this by itself."))));
    }
    let (id, uuid) = (cx.found.id, cx.found.uuid);
    let hook = store::brief(cx.tx, id).await?;
    if !store::switch_off(cx.tx, id, cx.now).await? {
        return Ok(Done::unchanged());
    }
    let host = rules::host(&hook.destination_url);
    let owner = users::brief(cx.tx, hook.user_id).await?;
    if !owner.email.is_empty() {
        let since = hook.failing_since.unwrap_or(cx.now).to_string();
        let context = json!({"host": host, "failures": hook.failures, "since": since, "user_full_name": owner.full_name(),
                             "link": "/profile/notifications/"});
        let (key, unique) = ("structure.web_hook_switched_off", None);
        letter::queue(cx.tx, cx.now, Letter { to: &owner.email, key, context, language: "", unique }).await?;
    }
    let message = format!("The web hook to {host} has been switched off: its receiver takes nothing.");
    Ok(Done::event(event("web_hook_switched_off", message, &uuid, owner.id).fact("hook_host", host)))
}
