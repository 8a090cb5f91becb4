//! What can be done with the installation as a whole. Only staff do it.

use super::{
    ADMINISTRATORS_APPROVE, INSTALLATION_TYPE, MANAGERS_APPROVE, ONE_MANAGER, PREAPPROVED_ONLY, Settings, store,
};
use crate::{access::roles::Installation, role};
use serde_json::Value;
use stoa_kernel::{
    Result, Time, Tx,
    access::Needs,
    action::{Action, Cx, Done, Target},
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
