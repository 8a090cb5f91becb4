//! What listens to others' events: a profile's protected fields stay as their provider says.

use super::store;
use crate::oidc::profile::ATTRIBUTES;
use stoa_kernel::{
    Error, Result,
    action::{Cx, Listener},
    event::Event,
};
use stoa_tenancy::settings::Settings;

/// Registration methods whose people can't change their profile at all.
const CLOSED: &str = "PROTECT_USER_DETAILS_FOR_REGISTRATION_METHODS";

/// Takes back a change of a user by himself that touches what only his provider changes: the change and its event go together.
pub const PROTECT: Listener =
    Listener { event: "user_update_succeeded", run: |cx, event| Box::pin(protect(cx, event)) };

async fn protect(cx: &mut Cx<'_>, event: &Event) -> Result<()> {
    if cx.actor.is_staff() || cx.actor.system || event.changes.is_empty() {
        return Ok(());
    }
    // Identity managers and sources speak for providers; they change others, never themselves.
    let Some((_, user_id)) = event.feeds.iter().find(|(scope, _)| *scope == "user") else { return Ok(()) };
    if cx.actor.signed_in() && cx.actor.id != *user_id {
        return Ok(());
    }
    let (method, protected) = store::protected(cx.tx, *user_id).await?;
    let closed = Settings::load(&mut *cx.tx).await?.texts(CLOSED).contains(&method);
    let is_attribute = |name: &str| ATTRIBUTES.iter().any(|field| field.name == name);
    let touched = |name: &String| protected.contains(name) || closed && is_attribute(name);
    match event.changes.iter().find(|change| touched(&change.field)) {
        Some(change) => {
            Err(Error::field(&change.field, "Only the identity provider of the account changes this field."))
        }
        None => Ok(()),
    }
}
