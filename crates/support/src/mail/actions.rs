//! What can be done with mail: switch kinds of it on and off, change its texts, and look at them beforehand. Only staff do
//! it.

use super::{
    kinds::{self, Kind as MailKind, PARTS},
    render, site, store,
    views::{NOTIFICATIONS, TEMPLATES},
};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Check, Field, Input, Kind},
    record,
};
use stoa_tenancy::settings::Settings;

const FIELDS: &[Field] = &[
    Field::text("key", 255, "The key, module and name.").required().check(Check::By(key_form)).stored(),
    Field::text("description", 4096, "What it is for.").stored(),
];

const TEMPLATE_FIELDS: &[Field] = &[
    Field::text("path", 150, "Which kind of mail it is for, and which part of it.").required().stored(),
    Field::text("name", 150, "Name.").required().stored(),
];

/// Puts a kind of mail on the switchboard.
pub static CREATE: Action = Action {
    name: "notification.create",
    about: "Put a kind of mail on the switchboard.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["notification_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Describes a kind of mail anew.
pub static UPDATE: Action = Action {
    name: "notification.update",
    about: "Describe a kind of mail anew.",
    target: Target::Thing(&NOTIFICATIONS),
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["notification_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Takes a kind of mail off the switchboard.
pub static DELETE: Action = Action {
    name: "notification.delete",
    about: "Take a kind of mail off the switchboard: it does not leave the house any more.",
    target: Target::Thing(&NOTIFICATIONS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["notification_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// Switches a kind of mail on.
pub static ENABLE: Action = Action {
    name: "notification.enable",
    about: "Let a kind of mail leave the house.",
    target: Target::Thing(&NOTIFICATIONS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["notification_updated"],
    run: |cx, _| Box::pin(switch(cx, true)),
};

/// Switches a kind of mail off.
pub static DISABLE: Action = Action {
    name: "notification.disable",
    about: "Let a kind of mail not leave the house.",
    target: Target::Thing(&NOTIFICATIONS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["notification_updated"],
    run: |cx, _| Box::pin(switch(cx, false)),
};

/// Adds a template.
pub static CREATE_TEMPLATE: Action = Action {
    name: "notification_template.create",
    about: "Add a template for a kind of mail that has none.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: TEMPLATE_FIELDS,
    events: &["notification_template_created"],
    run: |cx, input| Box::pin(create_template(cx, input)),
};

/// Renames a template.
pub static UPDATE_TEMPLATE: Action = Action {
    name: "notification_template.update",
    about: "Rename a template, or move one that does not ship.",
    target: Target::Thing(&TEMPLATES),
    needs: Needs::Staff,
    from: &[],
    fields: TEMPLATE_FIELDS,
    events: &["notification_template_updated"],
    run: |cx, input| Box::pin(update_template(cx, input)),
};

/// Removes a template.
pub static DELETE_TEMPLATE: Action = Action {
    name: "notification_template.delete",
    about: "Remove a template that does not ship.",
    target: Target::Thing(&TEMPLATES),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["notification_template_deleted"],
    run: |cx, _| Box::pin(delete_template(cx)),
};

/// Puts a text in place of the shipped one.
pub static OVERRIDE: Action = Action {
    name: "notification_template.override",
    about: "Put a text in place of the shipped one; the shipped one itself takes it away again.",
    target: Target::Thing(&TEMPLATES),
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::text("content", render::TEMPLATE_MAX, "The text.").required()],
    events: &["notification_template_updated"],
    run: |cx, input| Box::pin(override_text(cx, input)),
};

/// Shows what a mail would look like.
pub static PREVIEW: Action = Action {
    name: "notification_template.preview",
    about: "Show the mail that a template is part of, with sample values.",
    target: Target::Thing(&TEMPLATES),
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::text("content", render::TEMPLATE_MAX, "A text to try in place of the one that is used."),
        Field::new("context", Kind::Object, "Values in place of the samples."),
    ],
    events: &[],
    run: |cx, input| Box::pin(preview(cx, input)),
};

/// A kind that the program does not know: its templates may say what all may.
static UNKNOWN: MailKind =
    MailKind { key: "", about: "", enabled: true, always: false, facts: &[], words: &[], templates: None };

fn key_form(key: &str) -> Option<String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let good = key.split_once('.').is_some_and(|(module, name)| is_name(module) && is_name(name));
    (!good).then(|| "Enter a module and a name in lower case with a dot between: users.invitation_created.".to_owned())
}

fn key_taken(error: Error) -> Error {
    error.on_duplicate("notifications.key", "key", "Notification with this key already exists.")
}

fn path_taken(error: Error) -> Error {
    let message = "Notification template with this path already exists.";
    error.on_duplicate("notification_templates.path", "path", message)
}

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let key = input.text("key").unwrap_or_default().to_owned();
    let (id, uuid) = match store::restore(cx.tx, &key, input.text("description")).await? {
        Some(restored) => restored,
        None => {
            let uuid = cx.uuid();
            let more = vec![("uuid", Val::Uuid(uuid)), ("created", cx.now.into()), ("is_enabled", true.into())];
            let id = record::insert(cx.tx, store::NOTIFICATIONS, FIELDS, &input, more).await.map_err(key_taken)?;
            (id, uuid)
        }
    };
    let event = Event::new("notification_created", format!("Notification {key} has been created."))
        .fact("notification_key", key)
        .feed("notification", id);
    Ok(Done::event(event).made("notification", id, uuid))
}

async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    let (key, _) = store::notification(cx.tx, id).await?;
    if kinds::kind(&key).is_some() && input.text("key").is_some_and(|sent| sent != key) {
        return Err(Error::field("key", "This kind of mail ships with the program and keeps its key."));
    }
    let changes = record::update(cx, store::NOTIFICATIONS, id, FIELDS, &input, vec![]).await.map_err(key_taken)?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let message = format!("Notification {key} has been updated. {}", record::describe(&changes));
    Ok(Done::event(updated(id, &key, message).changes(changes)))
}

fn updated(id: i64, key: &str, message: String) -> Event {
    Event::new("notification_updated", message).fact("notification_key", key).feed("notification", id)
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    store::remove(cx.tx, cx.found.id).await?;
    let message = format!("Notification {} has been deleted.", cx.found.name);
    Ok(Done::event(Event::new("notification_deleted", message).fact("notification_key", cx.found.name.clone())))
}

async fn switch(cx: &mut Cx<'_>, on: bool) -> Result<Done> {
    let id = cx.found.id;
    let (key, _) = store::notification(cx.tx, id).await?;
    let message = format!("The notification {key} has been {}", if on { "enabled" } else { "disabled" });
    let answer = json!({ "detail": message });
    if !store::switch(cx.tx, id, on).await? {
        return Ok(Done::unchanged().answer(answer));
    }
    let change = Change { field: "enabled".into(), before: (!on).into(), after: on.into() };
    Ok(Done::event(updated(id, &key, format!("{message}.")).changes(vec![change])).answer(answer))
}

fn key_of(path: &str) -> String {
    kinds::of_path(path).map(|(key, _)| key).unwrap_or_default()
}

async fn create_template(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let uuid = cx.uuid();
    let path = input.text("path").unwrap_or_default();
    let more = vec![("uuid", Val::Uuid(uuid)), ("key", key_of(path).into())];
    let id = record::insert(cx.tx, store::TEMPLATES, TEMPLATE_FIELDS, &input, more).await.map_err(path_taken)?;
    let event = Event::new("notification_template_created", format!("Notification template {path} has been created."))
        .fact("notification_template_path", path)
        .feed("notification_template", id);
    Ok(Done::event(event).made("notification_template", id, uuid))
}

async fn update_template(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    let template = store::template(cx.tx, id).await?;
    let path = input.text("path").unwrap_or(&template.path);
    if path != template.path {
        if template.original.is_some() {
            return Err(Error::field("path", "This template ships with the program and keeps its path."));
        }
        store::set_key(cx.tx, id, &key_of(path)).await?;
    }
    let changes =
        record::update(cx, store::TEMPLATES, id, TEMPLATE_FIELDS, &input, vec![]).await.map_err(path_taken)?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let message = format!("Notification template {} has been updated. {}", template.path, record::describe(&changes));
    Ok(Done::event(changed(id, &template.path, message).changes(changes)))
}

fn changed(id: i64, path: &str, message: String) -> Event {
    Event::new("notification_template_updated", message)
        .fact("notification_template_path", path)
        .feed("notification_template", id)
}

async fn delete_template(cx: &mut Cx<'_>) -> Result<Done> {
    let template = store::template(cx.tx, cx.found.id).await?;
    if template.original.is_some() {
        return Err(Error::Conflict("A template that ships with the program can be overridden, not deleted.".into()));
    }
    store::delete_template(cx.tx, cx.found.id).await?;
    let message = format!("Notification template {} has been deleted.", template.path);
    let event = Event::new("notification_template_deleted", message).fact("notification_template_path", template.path);
    Ok(Done::event(event))
}

async fn override_text(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let id = cx.found.id;
    let template = store::template(cx.tx, id).await?;
    let content = input.text("content").unwrap_or_default();
    let site = site(cx.core, &Settings::load(&mut *cx.tx).await?);
    let wrong = |wrong: String| Error::field("content", wrong);
    match kinds::kind(&template.key) {
        Some(kind) => {
            let context = render::context(kind, &render::sample(kind), &site);
            render::render(&template.path, content, &context).map_err(wrong)?;
        }
        // What its context will be, nobody knows.
        None => render::parse(&template.path, content).map_err(wrong)?,
    }
    let answer = json!({"detail": format!("The notification template {} has been overridden", template.path)});
    let same = |known: &Option<String>| known.as_deref().is_some_and(|known| known.trim() == content);
    let after = (!same(&template.original)).then_some(content);
    if after == template.override_text.as_deref() {
        return Ok(Done::unchanged().answer(answer));
    }
    store::set_override(cx.tx, id, after).await?;
    let change = Change {
        field: "content".into(),
        before: template.override_text.or(template.original).into(),
        after: content.into(),
    };
    let message = format!("The text of notification template {} has been changed.", template.path);
    Ok(Done::event(changed(id, &template.path, message).changes(vec![change])).answer(answer))
}

async fn preview(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let template = store::template(cx.tx, cx.found.id).await?;
    let site = site(cx.core, &Settings::load(&mut *cx.tx).await?);
    let mut sources = match template.key.as_str() {
        "" => render::Sources::default(),
        key => store::sources(cx.tx, key).await?,
    };
    let own = PARTS.iter().position(|part| template.path.ends_with(part));
    let own = own.unwrap_or(if template.path.ends_with(".html") { 2 } else { 1 });
    let used = template.override_text.or(template.original).unwrap_or_default();
    sources[own] = input.text("content").map_or(used, str::to_owned);
    let kind = kinds::kind(&template.key).unwrap_or(&UNKNOWN);
    let mut said = render::sample(kind);
    let given: Option<&Map<String, Value>> = input.json("context").and_then(Value::as_object);
    said.extend(given.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    let context = render::context(kind, &said, &site);
    let mail = render::mail(&sources, &context, &site).map_err(|wrong| Error::field("content", wrong))?;
    Ok(Done::unchanged().answer(json!({"subject": mail.subject, "text": mail.text, "html": mail.html})))
}
