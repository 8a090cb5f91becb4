//! What can be done with resources: [`consumer`] asks for changes, [`plain`] edits what nobody approves, [`renewal`] extends what
//! was paid in advance, [`provider`] tells how things are, [`staff`] cleans up.

pub mod consumer;
pub mod plain;
pub mod provider;
pub mod renewal;
pub mod staff;

use super::store::{self, Resource};
use crate::order::{self, finish};
use stoa_kernel::{
    Result,
    action::{Action, Cx},
    event::Event,
};

/// Every action on resources.
pub const ALL: &[&Action] = &[
    &consumer::TERMINATE,
    &consumer::UPDATE_LIMITS,
    &consumer::SWITCH_PLAN,
    &consumer::UPDATE_OPTIONS,
    &consumer::RESTORE,
    &consumer::REALLOCATE,
    &consumer::PULL,
    &plain::UPDATE,
    &plain::SUGGEST_NAME,
    &plain::SET_END_DATE,
    &renewal::RENEW,
    &renewal::ESTIMATE,
    &provider::SET_OK,
    &provider::SET_ERRED,
    &provider::SET_BACKEND_ID,
    &provider::SET_BACKEND_METADATA,
    &provider::SET_EFFECTIVE_ID,
    &provider::SET_ENDPOINTS,
    &provider::SET_LIMITS,
    &provider::SET_END_DATE,
    &provider::SET_KEYCLOAK_SCOPES,
    &provider::REFRESH_LAST_SYNC,
    &provider::SUBMIT_REPORT,
    &provider::UPDATE_OPTIONS,
    &staff::SET_PAUSED,
    &staff::SET_DOWNSCALED,
    &staff::SET_RESTRICTED,
    &staff::SET_END_DATE,
    &staff::SET_SLUG,
    &staff::MOVE,
    &staff::UNLINK,
];

/// The event of something that was changed about a resource.
pub const UPDATED: &str = "marketplace_resource_updated";

/// Locks the resource that an action is done to.
async fn locked(cx: &mut Cx<'_>) -> Result<Resource> {
    store::lock(cx.tx, cx.found.id).await
}

/// An event about a resource.
async fn told(cx: &mut Cx<'_>, resource: &Resource, kind: &'static str, message: &str) -> Result<Event> {
    let scene = order::store::scene(cx.tx, resource.project_id, resource.offering_id).await?;
    Ok(finish::resource_event(resource, &scene, kind, message))
}
