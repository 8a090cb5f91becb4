//! What listens to others' events: a profile's protected fields stay as their provider says.

use super::store;
use stoa_kernel::{
    Error, Result,
    action::{Cx, Listener},
    event::Event,
};

/// Takes back a change of a user by himself that touches what only his provider changes: the change and its event go together.
pub const PROTECT: Listener =
    Listener { event: "user_update_succeeded", run: |cx, event| Box::pin(protect(cx, event)) };

async fn protect(cx: &mut Cx<'_>, event: &Event) -> Result<()> {
    if cx.actor.is_staff() || cx.actor.system || event.changes.is_empty() {
        return Ok(());
    }
    let Some((_, user_id)) = event.feeds.iter().find(|(scope, _)| *scope == "user") else { return Ok(()) };
    let protected = store::protected(cx.tx, *user_id).await?;
    match event.changes.iter().find(|change| protected.contains(&change.field)) {
        Some(change) => Err(Error::field(&change.field, "Only the identity provider of the account changes this field.")),
        None => Ok(()),
    }
}
