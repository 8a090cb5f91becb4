//! What can be done with invitations for groups: make one, change it while it is active, cancel it, remove it afterwards.
//! Answering one is [`crate::permission_request::actions::SUBMIT`].

use super::{
    offer,
    rules::Parts,
    store::{self, Stored},
    views::{MANAGE, MANAGED, SCOPES},
};
use crate::{customer::rules::check_patterns, grant::behalf, personal_project::rules::problem, role};
use stoa_kernel::{
    Error, Result, Val,
    access::{Decision, Found, Role},
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Check, Field, Input, Kind},
    id::{self, Uuid},
    record,
};

const SCOPE: Field = Field::new("scope", Kind::Link("scope"), "What it invites to: an organization or a project.");
const ROLE: Field = Field::new("role", Kind::Uuid, "Identifier of the role that it offers.");

/// What can be set when an invitation is made and later.
macro_rules! fields {
    ($($first:expr),*) => {
        &[
            $($first,)*
            Field::new("project_role", Kind::Uuid, "The role in the project that is made, if `role` is none of projects.")
                .nullable(),
            Field::new("is_public", Kind::Bool, "Whether strangers see it; staff only.").stored(),
            Field::new("auto_create_project", Kind::Bool, "Whether a project is made, and the role given there.").stored(),
            Field::new("auto_approve", Kind::Bool, "Whether answers are approved at once.").stored(),
            Field::text("project_name_template", 255,
                "Name of the project that is made; `{username}`, `{email}` and `{full_name}` stand for the person.")
                .nullable().check(Check::By(problem)).stored(),
            Field::new("user_affiliations", Kind::Texts, "Affiliations that may answer.").stored(),
            Field::new("user_email_patterns", Kind::Texts, "Patterns of addresses that may answer.").stored(),
            Field::new("user_identity_sources", Kind::Texts, "Identity providers whose people may answer.").stored(),
            Field::text("custom_text", 500, "What is said about it.").stored(),
            Field::new("allow_multiple_requests", Kind::Bool, "Whether one may answer more than once.").stored(),
            Field::new("allow_custom_project_details", Kind::Bool, "Whether one may say what the project is called.")
                .stored(),
        ]
    };
}

#[rustfmt::skip]
const FIELDS: &[Field] = fields!(SCOPE.required(), ROLE.required());
#[rustfmt::skip]
const CHANGES: &[Field] = fields!(SCOPE, ROLE);

/// Makes an invitation.
pub static CREATE: Action = Action {
    name: "group_invitation.create",
    about: "Invite whoever has the link to ask for a role.",
    target: Target::Parent("scope", &SCOPES),
    needs: MANAGE,
    from: &[],
    fields: FIELDS,
    events: &["user_group_invitation_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes an invitation.
pub static UPDATE: Action = Action {
    name: "group_invitation.update",
    about: "Change an invitation that can be answered.",
    target: Target::Thing(&MANAGED),
    needs: MANAGE,
    from: &[],
    fields: CHANGES,
    events: &["user_group_invitation_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Cancels an invitation.
pub static CANCEL: Action = Action {
    name: "group_invitation.cancel",
    about: "Cancel an invitation, so that nobody can answer it any more.",
    target: Target::Thing(&MANAGED),
    needs: MANAGE,
    from: &[],
    fields: &[],
    events: &["user_group_invitation_canceled"],
    run: |cx, _| Box::pin(cancel(cx)),
};

/// Removes a canceled invitation.
pub static DELETE: Action = Action {
    name: "group_invitation.delete",
    about: "Remove a canceled invitation, with what was answered.",
    target: Target::Thing(&MANAGED),
    needs: MANAGE,
    from: &[],
    fields: &[],
    events: &["user_group_invitation_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// An invitation as it will be: where, and which roles.
struct Terms {
    scope: Found,
    role: Role,
    project_role: Option<Role>,
    auto_create: bool,
    public: bool,
}

impl Terms {
    fn parts(&self) -> Parts<'_> {
        let Terms { scope, role, project_role, auto_create, public } = self;
        Parts {
            scope: scope.thing,
            role,
            project_role: project_role.as_ref(),
            auto_create: *auto_create,
            public: *public,
        }
    }

    /// Whether the actor may make this offer.
    async fn check(&self, cx: &mut Cx<'_>, input: &Input) -> Result<()> {
        if let Some(wrong) = input.json("user_email_patterns").and_then(check_patterns) {
            return Err(Error::field("user_email_patterns", wrong));
        }
        if self.public && !cx.actor.is_staff() {
            Decision::rule("Only staff users can create public invitations.").required()?;
        }
        offer::check(cx, &self.scope, self.parts()).await
    }

    fn columns(&self) -> Result<Vec<(&'static str, Val)>> {
        Ok(vec![
            ("scope", self.scope.thing.into()),
            ("scope_id", self.scope.id.into()),
            ("scope_uuid", self.scope.uuid.into()),
            ("customer_id", organization(&self.scope)?.into()),
            ("role_id", self.role.id.into()),
            ("project_role_id", self.project_role.as_ref().map(|role| role.id).into()),
        ])
    }

    fn event(&self, kind: &'static str, uuid: Uuid, done: &str) -> Result<Event> {
        let (role, scope) = (&self.parts().granted().name, &self.scope.name);
        let event = Event::new(kind, format!("Group invitation for the role {role} in {scope} has been {done}."))
            .fact("group_invitation_uuid", id::hex(&uuid))
            .fact("scope_type", self.scope.thing)
            .fact("scope_uuid", id::hex(&self.scope.uuid))
            .fact("scope_name", scope.clone())
            .fact("role_name", role.clone())
            .feed(self.scope.thing, self.scope.id)
            .feed("customer", organization(&self.scope)?);
        Ok(event)
    }
}

/// Key of the organization of a scope.
fn organization(scope: &Found) -> Result<i64> {
    let place = if scope.thing == "customer" { "itself" } else { "customer" };
    scope.at(place).ok_or_else(|| Error::broken("a scope without an organization"))
}

/// The organization or project that a scope of [`SCOPES`] is.
async fn scope_of(cx: &mut Cx<'_>, found: &Found) -> Result<Found> {
    let kind = if found.at("project").is_some() { "project" } else { "customer" };
    let scope = behalf::scope(cx, kind, found.uuid).await?.ok_or(Error::NotFound)?;
    if kind == "project" && scope.state.as_deref() == Some("Removed") {
        return Err(Error::field("scope", "Project is removed."));
    }
    Ok(scope)
}

async fn role_of(cx: &mut Cx<'_>, field: &str, uuid: Uuid) -> Result<Role> {
    let role = role::store::known(cx.tx, cx.actor, &id::hex(&uuid)).await?;
    role.ok_or_else(|| Error::field(field, "Role is not found."))
}

async fn create(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let scope = scope_of(cx, &cx.found.clone()).await?;
    let role = role_of(cx, "role", input.uuid("role").unwrap_or_default()).await?;
    let project_role = match input.uuid("project_role") {
        Some(uuid) => Some(role_of(cx, "project_role", uuid).await?),
        None => None,
    };
    let auto_create = input.bool("auto_create_project") == Some(true);
    let terms = Terms { scope, role, project_role, auto_create, public: input.bool("is_public") == Some(true) };
    terms.check(cx, &input).await?;
    let uuid = cx.uuid();
    let mut more = terms.columns()?;
    let by = (cx.actor.id != 0).then_some(cx.actor.id);
    more.extend([("uuid", Val::Uuid(uuid)), ("created", cx.now.into()), ("created_by", by.into())]);
    let id = record::insert(cx.tx, store::TABLE, FIELDS, &input, more).await?;
    let event = terms.event("user_group_invitation_created", uuid, "created")?;
    Ok(Done::event(event).made("group_invitation", id, uuid))
}

/// The terms of a stored invitation.
async fn terms_of(cx: &mut Cx<'_>, stored: &Stored) -> Result<Terms> {
    let scope = behalf::scope(cx, &stored.scope, stored.scope_uuid).await?.ok_or(Error::NotFound)?;
    let role = role::store::by_id(cx.tx, stored.role_id).await?;
    let project_role = match stored.project_role_id {
        Some(id) => Some(role::store::by_id(cx.tx, id).await?),
        None => None,
    };
    Ok(Terms { scope, role, project_role, auto_create: stored.auto_create_project, public: stored.is_public })
}

/// Whoever changes an invitation must be able to make it as it will be: otherwise he could hand on, by somebody else's
/// invitation, what is not his to hand on.
async fn update(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let stored = store::hold(cx.tx, cx.found.id).await?;
    if !stored.is_active {
        return Err(Error::invalid("Only active invitations can be edited."));
    }
    let mut terms = terms_of(cx, &stored).await?;
    let mut changes = Vec::new();
    if let Some(uuid) = cx.link("scope").map(|found| found.uuid).filter(|uuid| *uuid != stored.scope_uuid) {
        let found = cx.visible(&SCOPES, uuid).await?;
        let found = found.ok_or_else(|| Error::field("scope", "Invalid hyperlink - Object does not exist."))?;
        cx.decide(&MANAGE, &found).required()?;
        let scope = scope_of(cx, &found).await?;
        changes.push(change("scope", &terms.scope.name, &scope.name));
        terms.scope = scope;
    }
    if let Some(uuid) = input.uuid("role").filter(|uuid| *uuid != terms.role.uuid) {
        let role = role_of(cx, "role", uuid).await?;
        changes.push(change("role", &terms.role.name, &role.name));
        terms.role = role;
    }
    let before = terms.project_role.as_ref().map(|role| role.uuid);
    if input.has("project_role") && input.uuid("project_role") != before {
        let role = match input.uuid("project_role") {
            Some(uuid) => Some(role_of(cx, "project_role", uuid).await?),
            None => None,
        };
        let name = |role: &Option<Role>| role.as_ref().map(|role| role.name.clone()).unwrap_or_default();
        changes.push(change("project_role", &name(&terms.project_role), &name(&role)));
        terms.project_role = role;
    }
    terms.auto_create = input.bool("auto_create_project").unwrap_or(terms.auto_create);
    terms.public = input.bool("is_public").unwrap_or(terms.public);
    terms.check(cx, &input).await?;
    if !changes.is_empty() {
        record::set(cx.tx, store::TABLE, stored.id, terms.columns()?).await?;
    }
    changes.extend(record::update(cx, store::TABLE, stored.id, CHANGES, &input, vec![]).await?);
    if changes.is_empty() {
        return Ok(Done::unchanged());
    }
    let mut event = terms.event("user_group_invitation_updated", stored.uuid, "updated")?;
    event.message = format!("{} {}", event.message, record::describe(&changes));
    Ok(Done::event(event.changes(changes)))
}

fn change(field: &str, before: &str, after: &str) -> Change {
    Change { field: field.into(), before: before.into(), after: after.into() }
}

async fn cancel(cx: &mut Cx<'_>) -> Result<Done> {
    let stored = store::hold(cx.tx, cx.found.id).await?;
    if !store::cancel(cx.tx, stored.id).await? {
        return Err(Error::invalid("Only pending invitation can be canceled."));
    }
    let terms = terms_of(cx, &stored).await?;
    Ok(Done::event(terms.event("user_group_invitation_canceled", stored.uuid, "canceled")?))
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let stored = store::hold(cx.tx, cx.found.id).await?;
    let terms = terms_of(cx, &stored).await?;
    if !store::delete(cx.tx, stored.id).await? {
        return Err(Error::invalid("Only canceled invitation can be deleted."));
    }
    Ok(Done::event(terms.event("user_group_invitation_deleted", stored.uuid, "deleted")?))
}
