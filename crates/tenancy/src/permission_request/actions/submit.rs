//! Answering an invitation.

use super::{event, person};
use crate::{
    customer,
    grant::store as grants,
    group_invitation::{store as invitations, views::BY_LINK},
    permission_request::{
        State,
        fulfil::{self, By, Fulfilled, Offered},
        letters::{self, Told},
        store::{self, New},
    },
    settings::Settings,
};
use serde_json::json;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input},
    id,
};

/// Answers an invitation.
pub static SUBMIT: Action = Action {
    name: "group_invitation.submit_request",
    about: "Answer an invitation: ask for the role that it offers.",
    target: Target::Thing(&BY_LINK),
    needs: Needs::SignedIn,
    from: &[],
    fields: &[
        Field::text("project_name", 500, "What the project is to be called, where the invitation lets one say it."),
        Field::text("project_description", 2000, "What the project is for, where the invitation lets one say it."),
    ],
    events: &[
        "user_permission_request_submitted",
        "user_permission_request_approved",
        "project_creation_succeeded",
        "role_granted",
        "role_updated",
    ],
    run: |cx, input| Box::pin(submit(cx, input)),
};

async fn submit(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    // The program itself is nobody who could hold a role.
    store::hold_person(cx.tx, cx.actor.id).await?;
    let invitation = invitations::answered(cx.tx, cx.found.id).await?;
    let person = person(cx, cx.actor.id).await?;
    if !invitation.is_active {
        return Err(Error::invalid("Only pending invitation can be requested."));
    }
    let offered = Offered::of(cx, invitation).await?;
    check(cx, &offered, &person).await?;
    let custom = offered.stored.allow_custom_project_details && offered.stored.auto_create_project;
    let text = |name: &str| input.text(name).filter(|_| custom).unwrap_or_default();
    let new = New {
        uuid: cx.uuid(),
        author: person.id,
        invitation_id: offered.stored.id,
        project_name: text("project_name"),
        project_description: text("project_description"),
    };
    let uuid = new.uuid;
    let id = store::insert(cx.tx, new, State::Draft.to(State::Pending)?, cx.now).await?;
    let role = offered.parts().granted().name.clone();
    let place = (&offered.scope, offered.stored.customer_id);
    let submitted = event("user_permission_request_submitted", uuid, &person, place, &role);
    let told = Told { uuid, person: &person, scope: &offered.scope, role: &role };
    let mut done = Done::event(submitted);
    let mut given = Fulfilled::default();
    let author = match offered.stored.auto_approve {
        true => fulfil::author(cx, &offered).await?,
        false => None,
    };
    if let Some(author) = &author {
        let request = store::hold(cx.tx, id).await?;
        given = fulfil::fulfil(cx, &offered, &request, &person, By::Author(author)).await?;
        store::review(cx.tx, id, request.state.to(State::Approved)?, Some(author.id), None, cx.now).await?;
        let approved = event("user_permission_request_approved", uuid, &person, place, &role);
        done = done.and(approved.fact("auto_approved", true));
        done.events.append(&mut given.events);
        letters::reviewed(cx, &told, State::Approved, None).await?;
    } else {
        letters::submitted(cx, &told, &offered.stored).await?;
    }
    let answer = json!({
        "uuid": id::hex(&uuid),
        "scope_name": offered.scope.name,
        "scope_uuid": id::hex(&offered.scope.uuid),
        "scope_type": offered.scope.thing,
        "auto_approved": author.is_some(),
        "project_uuid": given.project.map(|(uuid, _)| id::hex(&uuid)),
        "project_created": given.project.map(|(_, made)| made),
    });
    Ok(done.made("permission_request", id, uuid).answer(answer))
}

/// What stands against an answer, in the order in which it is said (reference/invitations.md, section 3).
async fn check(cx: &mut Cx<'_>, offered: &Offered, person: &grants::Person) -> Result<()> {
    let no = |text: &str| Err(Error::invalid(text));
    let (stored, scope) = (&offered.stored, (offered.scope.thing, offered.scope.id));
    let role = offered.parts().granted().id;
    if store::holds(cx.tx, person.id, scope, Some(role), cx.now).await? {
        return no("User already has this role in the scope.");
    }
    let single = Settings::load(&mut *cx.tx).await?.is_on("INVITATION_DISABLE_MULTIPLE_ROLES");
    if single && store::holds(cx.tx, person.id, scope, None, cx.now).await? {
        return no("User already has role within this scope.");
    }
    if !stored.allow_multiple_requests && store::has_asked(cx.tx, person.id, scope.0, scope.1).await? {
        return no("Permission request already exists for this scope.");
    }
    if !stored.restriction.admits(&person.traits) {
        return no("You are not allowed to accept this invitation. \
                   Your email, affiliation or identity source is not among those that it is for.");
    }
    let refused = |scope: &str| {
        let text = format!("User email, affiliation, or identity source does not match the {scope} restrictions.");
        Err(Error::invalid(text))
    };
    customer::store::require_open(cx.tx, stored.customer_id).await?;
    if !grants::organization(cx.tx, stored.customer_id).await?.restriction.admits(&person.traits) {
        return refused("customer");
    }
    if scope.0 == "project" && !grants::project(cx.tx, scope.1).await?.restriction.admits(&person.traits) {
        return refused("project");
    }
    Ok(())
}
