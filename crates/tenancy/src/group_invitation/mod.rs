//! Invitations for a group: whoever has the link may ask for the role that one offers, if he fits its patterns
//! (reference/invitations.md, section 2).
//!
//! One offers a role at an organization or a project. With `auto_create_project`, whoever answers gets a role in a project
//! of the organization instead, which is made for it ([`crate::personal_project`]). Public ones can be seen without signing in;
//! only staff make them. Answers are [`crate::permission_request`]; [`offer`] decides whether somebody may make the offer,
//! when it is made and again when it is answered.

pub mod actions;
pub mod offer;
pub mod rules;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    Result,
    action::{Cx, Listener},
    door::{Core, Registry},
    event::Event,
    store::jobs::Runner,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::SCOPES, &views::GROUP_INVITATIONS, &views::BY_LINK, &views::MANAGED]);
    registry.views.extend([&views::OF_ORGANIZATIONS, &views::PROJECTS_OF]);
    registry.actions.extend([&actions::CREATE, &actions::UPDATE, &actions::CANCEL, &actions::DELETE]);
    registry.listeners.push(FOLLOW);
}

/// Group invitations do not expire, so nothing happens here later.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}

/// Invitations follow their project to another organization.
const FOLLOW: Listener = Listener { event: "project_update_succeeded", run: |cx, event| Box::pin(follow(cx, event)) };

async fn follow(cx: &mut Cx<'_>, event: &Event) -> Result<()> {
    if cx.found.thing == "project" && event.changes.iter().any(|change| change.field == "customer") {
        store::follow_project(cx.tx, cx.found.id).await?;
    }
    Ok(())
}
