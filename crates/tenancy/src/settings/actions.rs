//! What can be done with the installation as a whole. Only staff do it.

use super::{
    ADMINISTRATORS_APPROVE, INSTALLATION_TYPE, MANAGERS_APPROVE, ONE_MANAGER, PREAPPROVED_ONLY, Settings, feature_key,
    rules, store,
};
use crate::{
    access::roles::Installation,
    file, role,
    vocabulary::{
        features,
        settings::{Setting, SettingKind},
    },
};
use serde_json::{Value, json};
use stoa_kernel::{
    Result, Time, Tx, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    error::Invalid,
    event::{Change, Event},
    field::{Field, Input, Kind},
    record,
};

const FIELDS: &[Field] = &[
    Field::new("type", Kind::Choice("InstallationType", &["cloud", "academic", "academic_shared"]), "The type."),
    Field::new("project_managers_approve_orders", Kind::Bool, "Whether managers of projects approve orders."),
    Field::new(
        "project_administrators_approve_orders",
        Kind::Bool,
        "Whether administrators of projects approve orders of public offerings; yes if only a type is chosen.",
    ),
    Field::new(
        "project_managers_add_preapproved_users_only",
        Kind::Bool,
        "Whether managers of projects add only people whom the organization knows.",
    ),
    Field::new("only_one_project_manager", Kind::Bool, "Whether a project has one manager at most."),
];

/// Field and setting.
const KEYS: &[(&str, &str)] = &[
    ("type", INSTALLATION_TYPE),
    ("project_managers_approve_orders", MANAGERS_APPROVE),
    ("project_administrators_approve_orders", ADMINISTRATORS_APPROVE),
    ("project_managers_add_preapproved_users_only", PREAPPROVED_ONLY),
    ("only_one_project_manager", ONE_MANAGER),
];

/// Whether setting this settles what the shipped roles are called and carry.
pub fn settles(key: &str) -> bool {
    KEYS.iter().any(|(_, one)| *one == key)
}

/// Sets the type of the installation and the cells of its matrix that can be chosen.
pub static UPDATE: Action = Action {
    name: "installation.update",
    about: "Set the type of the installation and what can be chosen about its roles.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["installation_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Sets any settings. Keys that are none are ignored, as clients expect.
pub static SET: Action = Action {
    name: "settings.update",
    about: "Change settings of the installation.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &rules::FIELDS,
    events: &["settings_updated"],
    run: |cx, input| Box::pin(set(cx, input)),
};

/// Turns feature flags on and off: `{section: {flag: true}}`. Sections and flags that are none are ignored.
pub static SET_FEATURES: Action = Action {
    name: "features.update",
    about: "Turn feature flags on or off.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::new("flags", Kind::Object, "Flags by section and name.").required()],
    events: &["features_updated"],
    run: |cx, input| Box::pin(set_features(cx, input)),
};

async fn set(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    file::store::save(cx, &rules::FIELDS, &mut input).await?;
    let settings = Settings::load(&mut *cx.tx).await?;
    let (mut changes, mut invalid) = (Vec::new(), Invalid::default());
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    for setting in rules::all() {
        let Some(after) = sent(cx, setting, &input).await? else { continue };
        if let Some(problem) = rules::problem(setting, &after) {
            invalid.add(setting.key, problem);
            continue;
        }
        let before = settings.value(setting.key);
        if before == after {
            continue;
        }
        store::set(cx.tx, setting.key, &after, by, cx.now).await?;
        // The record says that a secret changed, and not what it is.
        let told = |value: Value| match setting.kind {
            SettingKind::Secret => Value::Null,
            _ => value,
        };
        changes.push(Change { field: setting.key.into(), before: told(before), after: told(after) });
    }
    invalid.done()?;
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    if changes.iter().any(|change| settles(&change.field)) {
        role::store::settle(cx.tx, by, cx.now).await?;
    }
    let message = format!("Settings have been updated. {}", record::describe(&changes));
    Ok(Done::event(Event::new("settings_updated", message).changes(changes)))
}

/// What was sent for a setting, as it is stored; `None` if nothing was, or a secret was sent back as it was shown.
async fn sent(cx: &mut Cx<'_>, setting: &Setting, input: &Input) -> Result<Option<Value>> {
    if let Some(json) = input.json(setting.key)
        && setting.kind != SettingKind::Image
    {
        return Ok(Some(json.clone()));
    }
    Ok(match input.val(setting.key) {
        None => None,
        Some(Val::Text(text)) if setting.kind == SettingKind::Secret && text.as_str() == rules::MASK => None,
        Some(Val::Text(text)) => Some(text.as_str().into()),
        Some(Val::Bool(truth)) => Some((*truth).into()),
        Some(Val::Int(file)) if setting.kind == SettingKind::Image => {
            Some(file::store::address(&mut *cx.tx, *file).await?.into())
        }
        Some(Val::Int(number)) => Some((*number).into()),
        Some(_) => Some(Value::Null),
    })
}

async fn set_features(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let settings = Settings::load(&mut *cx.tx).await?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let (mut changes, mut known, mut invalid) = (Vec::new(), 0, Invalid::default());
    let sent = input.json("flags").and_then(Value::as_object).cloned().unwrap_or_default();
    for (section, flags) in &sent {
        let Some(flags) = flags.as_object() else {
            if features::SECTIONS.iter().any(|(name, _)| name == section) {
                invalid.add(section, "Dictionary is expected.");
            }
            continue;
        };
        for (flag, value) in flags {
            if features::feature(section, flag).is_none() {
                continue;
            }
            let Some(after) = value.as_bool() else {
                invalid.add(section, format!("{flag}: Must be a valid boolean."));
                continue;
            };
            known += 1;
            let before = settings.feature(section, flag);
            if before != after {
                store::set(cx.tx, &feature_key(section, flag), &after.into(), by, cx.now).await?;
                let (before, after) = (before.into(), after.into());
                changes.push(Change { field: format!("{section}.{flag}"), before, after });
            }
        }
    }
    invalid.done()?;
    let answer = json!({"count": known});
    if changes.is_empty() {
        return Ok(Done::unchanged().answer(answer));
    }
    let message = format!("Features have been updated. {}", record::describe(&changes));
    Ok(Done::event(Event::new("features_updated", message).changes(changes)).answer(answer))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    // Choosing a type chooses its matrix, in which administrators approve (reference/installation-matrices.md, section 9).
    if input.has("type") && !input.has("project_administrators_approve_orders") {
        input.set("project_administrators_approve_orders", true);
    }
    let settings = Settings::load(&mut *cx.tx).await?;
    let mut changes = Vec::new();
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    for (field, key) in KEYS {
        let after = match (input.text(field), input.bool(field)) {
            (Some(text), _) => Value::from(text),
            (None, Some(truth)) => Value::from(truth),
            (None, None) => continue,
        };
        let before = settings.value(key);
        if before != after {
            store::set(cx.tx, key, &after, by, cx.now).await?;
            changes.push(Change { field: (*field).into(), before, after });
        }
    }
    let answer = choices(&Settings::load(&mut *cx.tx).await?);
    if changes.is_empty() {
        return Ok(Done::unchanged().answer(answer));
    }
    role::store::settle(cx.tx, by, cx.now).await?;
    let message = format!("The installation has been updated. {}", record::describe(&changes));
    Ok(Done::event(Event::new("installation_updated", message).changes(changes)).answer(answer))
}

/// What is set, under the names of the fields.
pub fn choices(settings: &Settings) -> Value {
    KEYS.iter().map(|(field, key)| ((*field).to_owned(), settings.value(key))).collect::<serde_json::Map<_, _>>().into()
}

/// Sets the type, and what the shipped roles are called and carry in it, when an installation is set up. Once it runs, staff
/// use [`UPDATE`], which goes on record.
pub async fn apply(tx: &mut Tx, installation: Installation, now: Time) -> Result<()> {
    store::set(tx, INSTALLATION_TYPE, &installation.name().into(), None, now).await?;
    store::set(tx, ADMINISTRATORS_APPROVE, &true.into(), None, now).await?;
    role::store::settle(tx, None, now).await
}
