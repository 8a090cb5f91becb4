//! What can be done with reviews.

use super::{
    store,
    views::{CUSTOMER_REVIEWS, PROJECT_REVIEWS},
};
use crate::{access::permissions::Permission, customer, project};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::Input,
};

/// How many reviews one run of [`OPEN`] opens of each kind; the job runs it again at once while it finds as many.
pub const BATCH: i64 = 100;

/// Opens the reviews that are due. For the program itself; a run that records nothing found none.
pub static OPEN: Action = Action {
    name: "permission_review.open",
    about: "Open the reviews of roles that are due.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["customer_permission_review_created", "project_permission_review_created"],
    run: |cx, _| Box::pin(open(cx)),
};

/// Closes the review of an organization.
pub static CLOSE_CUSTOMER: Action = Action {
    name: "customer_permission_review.close",
    about: "Close the review of the roles in an organization.",
    target: Target::Thing(&CUSTOMER_REVIEWS),
    needs: Needs::Permission(Permission::CustomerListPermissionReviews.id(), &["customer"]),
    from: &[],
    fields: &[],
    events: &["customer_permission_review_closed"],
    run: |cx, input| Box::pin(close_customer(cx, input)),
};

/// Closes the review of a project.
pub static CLOSE_PROJECT: Action = Action {
    name: "project_permission_review.close",
    about: "Close the review of the roles in a project.",
    target: Target::Thing(&PROJECT_REVIEWS),
    needs: Needs::Permission(Permission::ProjectReviewMembership.id(), &["project", "customer"]),
    from: &[],
    fields: &[],
    events: &["project_permission_review_closed"],
    run: |cx, input| Box::pin(close_project(cx, input)),
};

async fn open(cx: &mut Cx<'_>) -> Result<Done> {
    let mut events = Vec::new();
    for due in store::due(cx.tx, "customer", cx.now, BATCH).await? {
        let uuid = cx.uuid();
        if store::open(cx.tx, uuid, "customer", &due, cx.now).await?.is_some() {
            let message = format!("A review of the roles in {} has been created.", due.name);
            let facts = customer::store::facts(cx.tx, due.id).await?;
            let event = Event::new("customer_permission_review_created", message).facts(facts);
            events.push(event.feed("customer", due.id));
        }
    }
    for due in store::due(cx.tx, "project", cx.now, BATCH).await? {
        let uuid = cx.uuid();
        if store::open(cx.tx, uuid, "project", &due, cx.now).await?.is_some() {
            let message = format!("A review of the roles in {} has been created.", due.name);
            let facts = project::store::facts(cx.tx, due.id).await?;
            let event = Event::new("project_permission_review_created", message).facts(facts);
            events.push(event.feed("project", due.id).feed("customer", due.customer_id));
        }
    }
    Ok(Done { events, ..Done::unchanged() })
}

/// Closes the review that was found, and gives the key of what it is about.
async fn close(cx: &mut Cx<'_>) -> Result<i64> {
    let reviewer = (cx.actor.id != 0).then_some(cx.actor.id);
    if !store::close(cx.tx, cx.found.id, reviewer, cx.now).await? {
        return Err(Error::invalid("Review is already closed."));
    }
    store::scope_of(cx.tx, cx.found.id).await?.ok_or(Error::NotFound)
}

async fn close_customer(cx: &mut Cx<'_>, _: Input) -> Result<Done> {
    let customer = close(cx).await?;
    let message = format!("The review of the roles in {} has been closed.", cx.found.name);
    let facts = customer::store::facts(cx.tx, customer).await?;
    let event = Event::new("customer_permission_review_closed", message).facts(facts);
    Ok(Done::event(event.feed("customer", customer)))
}

async fn close_project(cx: &mut Cx<'_>, _: Input) -> Result<Done> {
    let project = close(cx).await?;
    let message = format!("The review of the roles in {} has been closed.", cx.found.name);
    let facts = project::store::facts(cx.tx, project).await?;
    let customer = cx.found.places.iter().find(|stand| stand.place == "customer").map(|stand| stand.id);
    let event = Event::new("project_permission_review_closed", message).facts(facts).feed("project", project);
    Ok(Done::event(match customer {
        Some(customer) => event.feed("customer", customer),
        None => event,
    }))
}
