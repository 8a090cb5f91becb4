//! What can be done with roles. Staff do it (mission R3); whoever brings people into an organization does it with the roles that
//! its owners made for it, under his own ceiling ([`own`]). Every change is the role's next revision.

mod copy;
pub mod own;

pub use copy::CLONE;
pub use own::CREATE_OWN;

use super::{
    rules,
    store::{self, Stored},
    views::ROLES,
};
use crate::{
    access::{
        ceiling,
        permissions::Permission::{self, CustomerCreatePermission},
    },
    customer, grant,
};
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

/// Staff; or, for a role that an organization's owners made, whoever brings people into that organization.
const NEEDS: Needs = Needs::Any(&[Needs::Staff, Needs::Permission(CustomerCreatePermission.id(), &["maker"])]);

const fn role_action(name: &'static str, about: &'static str, run: stoa_kernel::action::Run) -> Action {
    Action {
        name,
        about,
        target: Target::Thing(&ROLES),
        needs: NEEDS,
        from: &[],
        fields: &[],
        events: &["role_definition_updated"],
        run,
    }
}

/// Makes a role.
pub static CREATE: Action = Action {
    target: Target::Nothing,
    needs: Needs::Staff,
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

/// What is said where a role has the name that is wanted.
fn taken(error: Error) -> Error {
    error.on_duplicate("roles.name", "name", "Name should be unique.")
}

pub(super) fn by(cx: &Cx<'_>) -> Option<i64> {
    (cx.actor.id != 0).then_some(cx.actor.id)
}

fn event(kind: &'static str, message: String, role: &Stored) -> Event {
    let event = Event::new(kind, message)
        .fact("role_uuid", id::hex(&role.uuid))
        .fact("role_name", role.name.clone())
        .fact("scope_type", role.scope.clone())
        .feed("role", role.id);
    match &role.owner {
        Some(owner) => event
            .fact("customer_uuid", id::hex(&owner.uuid))
            .fact("customer_name", owner.name.clone())
            .feed("customer", owner.id),
        None => event,
    }
}

/// The role in question, held until the transaction ends. That of an organization which is shut stays as it is, but for staff.
async fn held(cx: &mut Cx<'_>) -> Result<Stored> {
    if let Some(customer) = cx.found.at("customer") {
        let (blocked, archived) = customer::store::shut(cx.tx, customer).await?;
        if !cx.actor.is_staff() {
            customer::rules::open(blocked, archived)?;
        }
    }
    store::stored(cx.tx, cx.found.id).await
}

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    settle_permissions(cx, &mut input, None).await?;
    let uuid = cx.uuid();
    let more = vec![("uuid", Val::Uuid(uuid)), ("created", Val::Time(cx.now)), ("revision", Val::Int(0))];
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await.map_err(taken)?;
    created(cx, id, uuid).await
}

/// What every role that is made leaves: its first revision and an event.
async fn created(cx: &mut Cx<'_>, id: i64, uuid: id::Uuid) -> Result<Done> {
    store::next_revision(cx.tx, id, by(cx), cx.now).await?;
    let role = store::stored(cx.tx, id).await?;
    let message = format!("Role {} has been created.", role.name);
    Ok(Done::event(event("role_definition_created", message, &role)).made("role", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let role = held(cx).await?;
    settle_permissions(cx, &mut input, Some(&role)).await?;
    if role.is_system && input.text("name").is_some_and(|name| name != role.name) {
        return Err(Error::field("name", "Changing name for system role is not possible."));
    }
    // A role that somebody holds on a project can't become one of organizations.
    if input.text("content_type").is_some_and(|scope| scope != role.scope) && role.holders > 0 {
        return Err(Error::field("content_type", "Role is still used."));
    }
    let more = own::settle_name(cx, &role, &mut input).await?;
    settle_description(cx, &mut input).await?;
    let changes = record::update(cx, store::TABLE, role.id, FIELDS, &input, more).await.map_err(taken)?;
    revised(cx, &role, changes).await
}

async fn describe(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let role = held(cx).await?;
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
    let role = held(cx).await?;
    let message = format!("The role {} has been {word}", role.name);
    let answer = json!({ "detail": message });
    if role.is_active == on {
        return Ok(Done::unchanged().answer(answer));
    }
    if on {
        under_ceiling(cx, &role.name, &role.permissions)?;
        lent_is_not_kept(cx, &role.permissions).await?;
    }
    store::set_active(cx.tx, role.id, on).await?;
    store::next_revision(cx.tx, role.id, by(cx), cx.now).await?;
    let change = Change { field: "is_active".into(), before: role.is_active.into(), after: on.into() };
    Ok(Done::event(event("role_definition_updated", format!("{message}."), &role).changes(vec![change])).answer(answer))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let role = held(cx).await?;
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

/// Puts the permissions that were sent into the form in which they are stored, and checks what is added to what holders of the role
/// can do: nobody adds what he does not hold at the organization whose role it is, and a narrowed credential nothing that it does
/// not let pass (security case C4). Keeping what others put there adds nothing.
async fn settle_permissions(cx: &mut Cx<'_>, input: &mut Input, before: Option<&Stored>) -> Result<()> {
    let mut after = before.map(|role| role.permissions).unwrap_or_default();
    if let Some(sent) = input.json("permissions") {
        let stored = rules::permissions(sent)?;
        let carried = sent.as_array().into_iter().flatten().filter_map(|name| Permission::parse(name.as_str()?));
        after = carried.map(Permission::id).collect();
        input.set("permissions", stored);
    }
    let none = PermissionSet::default();
    let was = before.map_or((true, &none), |role| (role.is_active, &role.permissions));
    let is = (input.bool("is_active").unwrap_or(was.0), &after);
    let name = before.map(|role| role.name.as_str()).or_else(|| input.text("name")).unwrap_or_default();
    let added = rules::added(was, is);
    under_ceiling(cx, name, &added)?;
    lent_is_not_kept(cx, &added).await
}

/// Nobody puts into a role what he has by one that he activated for some hours: he may hold it, or come to hold it, for good
/// (docs/just-in-time.md).
async fn lent_is_not_kept(cx: &mut Cx<'_>, added: &PermissionSet) -> Result<()> {
    if cx.actor.is_staff() || *added == PermissionSet::default() {
        return Ok(());
    }
    let Some(own) = grant::lent::without(cx).await? else { return Ok(()) };
    match ceiling::beyond(added, ceiling::reach(&own, &cx.found.places).as_ref()).is_empty() {
        true => Ok(()),
        false => Decision::rule(grant::lent::KEPT).required().map(|_| ()),
    }
}

/// Refuses what is beyond what the actor holds at the organization in question; for staff, beyond what their credential lets pass.
fn under_ceiling(cx: &Cx<'_>, role: &str, added: &PermissionSet) -> Result<()> {
    let beyond = ceiling::beyond(added, ceiling::reach(cx.actor, &cx.found.places).as_ref());
    match beyond.is_empty() {
        true => Ok(()),
        false => Decision::deny(Reason::Ceiling { role: role.to_owned(), beyond }).required().map(|_| ()),
    }
}

/// Refuses to put into a role what the credential does not let pass.
pub(super) fn within_reach(cx: &Cx<'_>, role: &str, permissions: &PermissionSet) -> Result<()> {
    let beyond = ceiling::beyond(permissions, ceiling::reach(cx.actor, &[]).as_ref());
    if beyond.is_empty() {
        return Ok(());
    }
    Err(Error::Forbidden(Box::new(Decision::deny(Reason::Ceiling { role: role.to_owned(), beyond }))))
}
