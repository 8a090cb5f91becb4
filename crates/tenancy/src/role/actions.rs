//! What can be done with roles. Only staff do it (mission R3), and every change is the role's next revision.

use super::{
    rules,
    store::{self, Stored},
    views::ROLES,
};
use crate::access::{ceiling, permissions::Permission};
use serde_json::json;
use stoa_kernel::{
    Error, Result, Val,
    access::{Decision, Needs, PermissionSet, Reason},
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Check, Field, Input, Kind},
    id, record,
};

#[rustfmt::skip]
const FIELDS: &[Field] = &[
    Field::text("name", 150, "Name, unique among all roles.").required().check(Check::Visible).stored(),
    Field::text("content_type", 50, "The kind of thing on which it is granted.").required()
        .check(Check::By(rules::scope_problem)).stored_in("scope"),
    Field::new("permissions", Kind::Texts, "What it carries; replaces what it carried.").required().stored(),
    Field::new("is_active", Kind::Bool, "Whether it can be granted and what it carries counts.").stored(),
    Field::text("description", 4096, "What people call it.").stored(),
    Field::text("description_en", 4096, "The description in English.").nullable().stored(),
    Field::text("description_et", 4096, "The description in Estonian.").nullable().stored(),
    Field::text("description_lt", 4096, "The description in Lithuanian.").nullable().stored(),
    Field::text("description_lv", 4096, "The description in Latvian.").nullable().stored(),
    Field::text("description_ru", 4096, "The description in Russian.").nullable().stored(),
    Field::text("description_it", 4096, "The description in Italian.").nullable().stored(),
    Field::text("description_de", 4096, "The description in German.").nullable().stored(),
    Field::text("description_da", 4096, "The description in Danish.").nullable().stored(),
    Field::text("description_sv", 4096, "The description in Swedish.").nullable().stored(),
    Field::text("description_es", 4096, "The description in Spanish.").nullable().stored(),
    Field::text("description_fr", 4096, "The description in French.").nullable().stored(),
    Field::text("description_nb", 4096, "The description in Norwegian.").nullable().stored(),
    Field::text("description_ar", 4096, "The description in Arabic.").nullable().stored(),
    Field::text("description_cs", 4096, "The description in Czech.").nullable().stored(),
    Field::text("description_bg", 4096, "The description in Bulgarian.").nullable().stored(),
    Field::text("description_el", 4096, "The description in Greek.").nullable().stored(),
    Field::text("description_km", 4096, "The description in Khmer.").nullable().stored(),
    Field::text("description_hr", 4096, "The description in Croatian.").nullable().stored(),
    Field::text("description_mk", 4096, "The description in Macedonian.").nullable().stored(),
    Field::text("description_sq", 4096, "The description in Albanian.").nullable().stored(),
];

#[rustfmt::skip]
const DESCRIPTIONS: &[Field] = &[
    Field::text("description", 4096, "What people call it.").stored(),
    Field::text("description_en", 4096, "The description in English.").nullable().stored(),
    Field::text("description_et", 4096, "The description in Estonian.").nullable().stored(),
    Field::text("description_lt", 4096, "The description in Lithuanian.").nullable().stored(),
    Field::text("description_lv", 4096, "The description in Latvian.").nullable().stored(),
    Field::text("description_ru", 4096, "The description in Russian.").nullable().stored(),
    Field::text("description_it", 4096, "The description in Italian.").nullable().stored(),
    Field::text("description_de", 4096, "The description in German.").nullable().stored(),
    Field::text("description_da", 4096, "The description in Danish.").nullable().stored(),
    Field::text("description_sv", 4096, "The description in Swedish.").nullable().stored(),
    Field::text("description_es", 4096, "The description in Spanish.").nullable().stored(),
    Field::text("description_fr", 4096, "The description in French.").nullable().stored(),
    Field::text("description_nb", 4096, "The description in Norwegian.").nullable().stored(),
    Field::text("description_ar", 4096, "The description in Arabic.").nullable().stored(),
    Field::text("description_cs", 4096, "The description in Czech.").nullable().stored(),
    Field::text("description_bg", 4096, "The description in Bulgarian.").nullable().stored(),
    Field::text("description_el", 4096, "The description in Greek.").nullable().stored(),
    Field::text("description_km", 4096, "The description in Khmer.").nullable().stored(),
    Field::text("description_hr", 4096, "The description in Croatian.").nullable().stored(),
    Field::text("description_mk", 4096, "The description in Macedonian.").nullable().stored(),
    Field::text("description_sq", 4096, "The description in Albanian.").nullable().stored(),
];

const fn role_action(name: &'static str, about: &'static str, run: stoa_kernel::action::Run) -> Action {
    Action {
        name,
        about,
        target: Target::Thing(&ROLES),
        needs: Needs::Staff,
        from: &[],
        fields: &[],
        events: &["role_definition_updated"],
        run,
    }
}

/// Makes a role.
pub static CREATE: Action = Action {
    target: Target::Nothing,
    fields: FIELDS,
    events: &["role_definition_created"],
    ..role_action("role.create", "Make a role.", |cx, input| Box::pin(create(cx, input)))
};

/// Changes a role.
pub static UPDATE: Action = Action {
    fields: FIELDS,
    ..role_action("role.update", "Change what a role carries, its texts, or whether it is active.", |cx, input| {
        Box::pin(update(cx, input))
    })
};

/// Changes the texts of a role.
pub static DESCRIBE: Action = Action {
    fields: DESCRIPTIONS,
    ..role_action("role.describe", "Change what a role is called, by language.", |cx, input| {
        Box::pin(describe(cx, input))
    })
};

/// Removes a role that nobody holds.
pub static DELETE: Action = Action {
    events: &["role_definition_deleted"],
    ..role_action("role.delete", "Remove a role that does not ship and that nobody holds.", |cx, _| {
        Box::pin(delete(cx))
    })
};

/// Enables a role.
pub static ENABLE: Action =
    role_action("role.enable", "Enable a role: it can be granted, and what it carries counts.", |cx, _| {
        Box::pin(switch(cx, true, "enabled"))
    });

/// Disables a role.
pub static DISABLE: Action = role_action(
    "role.disable",
    "Disable a role: it can't be granted, and what it carries stops counting for those who hold it.",
    |cx, _| Box::pin(switch(cx, false, "disabled")),
);

fn duplicate(error: Error) -> Error {
    error.on_duplicate("roles.name", "name", "Name should be unique.")
}

pub(super) fn by(cx: &Cx<'_>) -> Option<i64> {
    (cx.actor.id != 0).then_some(cx.actor.id)
}

fn event(kind: &'static str, message: String, role: &Stored) -> Event {
    Event::new(kind, message)
        .fact("role_uuid", id::hex(&role.uuid))
        .fact("role_name", role.name.clone())
        .fact("scope_type", role.scope.clone())
        .feed("role", role.id)
}

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    settle_permissions(cx, &mut input)?;
    let uuid = cx.uuid();
    let more = vec![("uuid", Val::Uuid(uuid)), ("created", Val::Time(cx.now)), ("revision", Val::Int(0))];
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await.map_err(duplicate)?;
    store::next_revision(cx.tx, id, by(cx), cx.now).await?;
    let role = store::stored(cx.tx, id).await?;
    let message = format!("Role {} has been created.", role.name);
    Ok(Done::event(event("role_definition_created", message, &role)).made("role", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let role = store::stored(cx.tx, cx.found.id).await?;
    settle_permissions(cx, &mut input)?;
    if role.is_system && input.text("name").is_some_and(|name| name != role.name) {
        return Err(Error::field("name", "Changing name for system role is not possible."));
    }
    // A role that somebody holds on a project can't become one of organizations.
    if input.text("content_type").is_some_and(|scope| scope != role.scope) && role.holders > 0 {
        return Err(Error::field("content_type", "Role is still used."));
    }
    settle_description(cx, &mut input).await?;
    let changes = record::update(cx, store::TABLE, role.id, FIELDS, &input, vec![]).await.map_err(duplicate)?;
    revised(cx, &role, changes).await
}

async fn describe(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let role = store::stored(cx.tx, cx.found.id).await?;
    settle_description(cx, &mut input).await?;
    let changes = record::update(cx, store::TABLE, role.id, DESCRIPTIONS, &input, vec![]).await?;
    revised(cx, &role, changes).await
}

async fn revised(cx: &mut Cx<'_>, role: &Stored, changes: Vec<Change>) -> Result<Done> {
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    store::next_revision(cx.tx, role.id, by(cx), cx.now).await?;
    Ok(Done::event(changed(role, changes)))
}

/// What the record says of a changed role.
pub(super) fn changed(role: &Stored, changes: Vec<Change>) -> Event {
    let message = format!("Role {} has been updated. {}", role.name, record::describe(&changes));
    event("role_definition_updated", message, role).changes(changes)
}

async fn switch(cx: &mut Cx<'_>, on: bool, word: &str) -> Result<Done> {
    let role = store::stored(cx.tx, cx.found.id).await?;
    let message = format!("The role {} has been {word}", role.name);
    let answer = json!({ "detail": message });
    if role.is_active == on {
        return Ok(Done::unchanged().answer(answer));
    }
    store::set_active(cx.tx, role.id, on).await?;
    store::next_revision(cx.tx, role.id, by(cx), cx.now).await?;
    let change = Change { field: "is_active".into(), before: role.is_active.into(), after: on.into() };
    Ok(Done::event(event("role_definition_updated", format!("{message}."), &role).changes(vec![change])).answer(answer))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let role = store::stored(cx.tx, cx.found.id).await?;
    if role.is_system {
        return Err(Error::invalid("Destroying of system role is not available."));
    }
    if role.holders > 0 {
        return Err(Error::invalid("Role is still used."));
    }
    store::delete(cx.tx, role.id, by(cx), cx.now).await?;
    let message = format!("Role {} has been deleted.", role.name);
    Ok(Done::event(event("role_definition_deleted", message, &role)))
}

/// What was sent as description is in the language in which it was shown ([`ROLES`]): who sends back what he was shown changes
/// nothing.
async fn settle_description(cx: &mut Cx<'_>, input: &mut Input) -> Result<()> {
    let shown = format!("description_{}", cx.actor.language);
    let shown = DESCRIPTIONS.iter().map(|field| field.name).find(|name| *name == shown);
    if let (Some(shown), Some(sent)) = (shown, input.val("description").cloned())
        && store::has_text(cx.tx, cx.found.id, shown).await?
    {
        input.drop("description");
        if !input.has(shown) {
            input.set(shown, sent);
        }
    }
    Ok(())
}

/// Checks the permissions that were sent, and puts them in the form in which they are stored. A narrowed credential puts
/// nothing into a role that it does not let pass: who holds the role would be wider than it (security case C4).
fn settle_permissions(cx: &Cx<'_>, input: &mut Input) -> Result<()> {
    if let Some(sent) = input.json("permissions") {
        let stored = rules::permissions(sent)?;
        let carried = sent.as_array().into_iter().flatten().filter_map(|name| Permission::parse(name.as_str()?));
        let carried: PermissionSet = carried.map(Permission::id).collect();
        within_reach(cx, input.text("name").unwrap_or_default(), &carried)?;
        input.set("permissions", stored);
    }
    Ok(())
}

/// Refuses to put into a role what the credential does not let pass.
pub(super) fn within_reach(cx: &Cx<'_>, role: &str, permissions: &PermissionSet) -> Result<()> {
    let beyond = ceiling::beyond(permissions, ceiling::reach(cx.actor, &[]).as_ref());
    if beyond.is_empty() {
        return Ok(());
    }
    Err(Error::Forbidden(Box::new(Decision::deny(Reason::Ceiling { role: role.to_owned(), beyond }))))
}
