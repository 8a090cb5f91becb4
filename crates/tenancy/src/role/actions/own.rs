//! Roles that an organization's owners make for it, under their own ceiling; and what becomes of its own roles when it is called
//! otherwise or removed.

use super::{created, event, settle_permissions, taken};
use crate::{
    access::permissions::Permission::CustomerCreatePermission,
    customer::{self, views::CUSTOMERS},
    role::{
        rules,
        store::{self, Stored},
    },
    role_availability,
};
use stoa_kernel::{
    Error, Result, Val,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Check, Field, Input, Kind},
    record,
};

#[rustfmt::skip]
const OWN_FIELDS: &[Field] = &[
    Field::new("customer", Kind::Link("customer"), "The organization.").required().stored_in("customer_id"),
    Field::text("name", 150, "What the organization calls it; its short name comes before it.").required()
        .check(Check::Visible).stored(),
    Field::new("content_type", Kind::Choice("OwnRoleType", rules::OWN_SCOPES), "The kind of thing on which it is granted.")
        .required().stored_in("scope"),
    Field::new("permissions", Kind::Texts, "What it carries: nothing beyond what its maker holds there.").required().stored(),
    Field::new("is_active", Kind::Bool, "Whether it can be granted and what it carries counts.").stored(),
    Field::text("description", 4096, "What people call it.").stored(),
];

/// Makes a role of an organization's own.
pub static CREATE_OWN: Action = Action {
    name: "role.create_own",
    about: "Make a role of an organization's own, which carries nothing beyond what its maker holds there.",
    target: Target::Parent("customer", &CUSTOMERS),
    needs: Needs::Permission(CustomerCreatePermission.id(), &["itself"]),
    from: &[],
    fields: OWN_FIELDS,
    events: &["role_definition_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    let customer = cx.found.id;
    // Held: the count stays as it is, and so does the name.
    customer::store::lock(cx.tx, customer).await?;
    customer::store::require_open(cx.tx, customer).await?;
    if store::own::count(cx.tx, customer).await? >= rules::MOST_OWN {
        let text = format!("An organization has at most {} roles of its own.", rules::MOST_OWN);
        return Err(Error::LimitExceeded(text));
    }
    settle_permissions(cx, &mut input, None).await?;
    let scope = input.text("content_type").unwrap_or_default().to_owned();
    let slug = store::own::slug(cx.tx, customer).await?;
    let short = rules::short_name(input.text("name").unwrap_or_default(), &scope, &slug)?;
    let name = free_name(cx, (&scope, &slug, &short), customer, 0, Taken::Refuse).await?;
    let uuid = cx.uuid();
    let more = vec![
        ("uuid", Val::Uuid(uuid)),
        ("created", Val::Time(cx.now)),
        ("revision", Val::Int(0)),
        ("name", Val::from(name)),
        ("short_name", Val::from(short)),
        ("made_by_owner", Val::Bool(true)),
    ];
    let id = record::insert(cx.tx, store::TABLE, OWN_FIELDS, &input, more).await.map_err(taken)?;
    kept(cx, id, customer).await?;
    created(cx, id, uuid).await
}

/// Says that a role can be given in its organization only.
pub(super) async fn kept(cx: &mut Cx<'_>, id: i64, customer: i64) -> Result<()> {
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let uuid = cx.uuid();
    role_availability::store::insert(cx.tx, id, ("customer", customer), uuid, by, cx.now).await.map(|_| ())
}

/// What to do where the organization itself has a role of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Say so.
    Refuse,
    /// Take the next number, as for a role of somebody else's, which is not told.
    Number,
}

/// A free name for an organization's own role: kind, short name of the organization, what they call it.
pub(super) async fn free_name(
    cx: &mut Cx<'_>,
    (scope, slug, short): (&str, &str, &str),
    customer: i64,
    except: i64,
    on_own: Taken,
) -> Result<String> {
    for number in 1..1_000 {
        let name = rules::own_name(scope, slug, short, number);
        match store::own::holder_of(cx.tx, &name, customer, except).await? {
            None => return Ok(name),
            Some(true) if on_own == Taken::Refuse => break,
            Some(_) => {}
        }
    }
    Err(Error::field("name", "Name should be unique."))
}

/// Checks and puts into form what an input changes of the name and the kind of an organization's own role. Gives further columns.
pub(super) async fn settle_name(cx: &mut Cx<'_>, role: &Stored, input: &mut Input) -> Result<Vec<(&'static str, Val)>> {
    let Some(owner) = &role.owner else { return Ok(Vec::new()) };
    let scope = input.text("content_type").unwrap_or(&role.scope).to_owned();
    let sent = input.text("name").filter(|name| *name != role.name).map(str::to_owned);
    if sent.is_none() && scope == role.scope {
        return Ok(Vec::new());
    }
    if role.is_copy {
        let field = if sent.is_some() { "name" } else { "content_type" };
        return Err(Error::field(field, "A role that was copied for an organization keeps its name and kind."));
    }
    if !rules::OWN_SCOPES.contains(&scope.as_str()) {
        return Err(Error::field("content_type", "Invalid content type."));
    }
    let slug = store::own::slug(cx.tx, owner.id).await?;
    let short = match &sent {
        Some(sent) => rules::short_name(sent, &scope, &slug)?,
        None => role.short_name.clone(),
    };
    let name = free_name(cx, (&scope, &slug, &short), owner.id, role.id, Taken::Refuse).await?;
    input.set("name", name);
    Ok(vec![("short_name", Val::from(short))])
}

/// Calls the own roles of an organization by its new short name; it holds the organization.
///
/// # Errors
/// Those of the store.
pub async fn renamed(cx: &mut Cx<'_>, customer: i64) -> Result<Vec<Event>> {
    let slug = store::own::slug(cx.tx, customer).await?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let mut events = Vec::new();
    for role in store::own::of(cx.tx, customer).await? {
        let name = (role.scope.as_str(), slug.as_str(), role.short_name.as_str());
        let name = free_name(cx, name, customer, role.id, Taken::Number).await?;
        if name == role.name {
            continue;
        }
        store::own::rename(cx.tx, role.id, &name, by, cx.now).await?;
        let role_now = store::stored(cx.tx, role.id).await?;
        let changes = vec![Change { field: "name".into(), before: role.name.into(), after: name.into() }];
        let message = format!("Role {} has been updated. {}", role_now.name, record::describe(&changes));
        events.push(event("role_definition_updated", message, &role_now).changes(changes));
    }
    Ok(events)
}

/// Removes the own roles of an organization that is removed, in which nobody holds one any more.
///
/// # Errors
/// Those of the store.
pub async fn closed(cx: &mut Cx<'_>, customer: i64) -> Result<Vec<Event>> {
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    let mut events = Vec::new();
    for role in store::own::of(cx.tx, customer).await? {
        let stored = store::stored(cx.tx, role.id).await?;
        store::delete(cx.tx, role.id, by, cx.now).await?;
        let message = format!("Role {} has been deleted.", role.name);
        events.push(event("role_definition_deleted", message, &stored));
    }
    Ok(events)
}
