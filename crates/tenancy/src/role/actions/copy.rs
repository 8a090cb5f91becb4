//! A copy of a role for one organization, which staff make and look after (reference/permissions.md, section 9).

use super::{
    event,
    own::{self, Taken},
};
use crate::{
    role::{
        rules,
        store::{self, own::Copy},
        views::ROLES,
    },
    role_concealment,
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input, Kind},
};

/// Copies a role for an organization.
pub static CLONE: Action = Action {
    name: "role.clone",
    about: "Copy a role for one organization, in which it can be given from then on; the role itself is hidden there.",
    target: Target::Thing(&ROLES),
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::new("customer", Kind::Uuid, "Identifier of the organization.").required(),
        Field::text("description", 4096, "What people call it; as the role that is copied if left out."),
        Field::new(
            "conceal_template",
            Kind::Bool,
            "Whether the role that is copied is hidden there; it is by default.",
        ),
    ],
    events: &["role_definition_created", "role_concealed"],
    run: |cx, input| Box::pin(clone(cx, input)),
};

async fn clone(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let customer = role_concealment::actions::organization(cx, &input).await?;
    let template = store::stored(cx.tx, cx.found.id).await?;
    if template.owner.is_some() {
        return Err(Error::invalid("An organization's own role can't be copied."));
    }
    if !rules::OWN_SCOPES.contains(&template.scope.as_str()) {
        return Err(Error::invalid("Only roles of organizations and projects can be copied."));
    }
    let (uuid, by) = (cx.uuid(), (cx.actor.id != 0).then_some(cx.actor.id));
    let slug = store::own::slug(cx.tx, customer).await?;
    let short = rules::copied_name(&template.name);
    let name = own::free_name(cx, (&template.scope, &slug, &short), customer, 0, Taken::Number).await?;
    let description = input.text("description").filter(|text| !text.is_empty());
    let copy = Copy { template: template.id, customer, uuid, name: (&name, &short), description, now: cx.now };
    let twice = "This role has already been copied for this organization.";
    let made = store::own::copy(cx.tx, copy, by).await;
    let id = made.map_err(|error| error.on_duplicate(store::own::COPY_KEY, "", twice))?;
    own::kept(cx, id, customer).await?;
    let role = store::stored(cx.tx, id).await?;
    let message = format!("Role {name} has been created as a copy of {}.", template.name);
    let event = event("role_definition_created", message, &role).fact("template_name", template.name.clone());
    let done = Done::event(event).made("role", id, uuid);
    if input.bool("conceal_template") == Some(false) {
        return Ok(done);
    }
    let concealed = role_concealment::actions::conceal(cx, &template, customer).await?;
    Ok(concealed.into_iter().fold(done, |done, (_, _, event)| done.and(event)))
}
