//! What is lent: a role that somebody activated for some hours. He does with it what it allows, and keeps nothing of it
//! (docs/just-in-time.md).

use super::store;
use stoa_kernel::{
    Error, Result,
    access::{Actor, Held},
    action::Cx,
    id::Uuid,
};

/// Why somebody is refused to keep what was lent to him.
pub const KEPT: &str = "Nobody gives himself anything by a role that he activated for some hours.";

/// The actor without the roles that he activated; nothing if he activated none.
pub async fn without(cx: &mut Cx<'_>) -> Result<Option<Actor>> {
    // Those with which he was loaded: one that ended since would count for him as given for good.
    let lent = store::activated(cx.tx, cx.actor.grants.iter().map(|held| held.uuid).collect()).await?;
    let is_lent = |held: &Held| lent.contains(&held.uuid);
    if !cx.actor.grants.iter().any(is_lent) {
        return Ok(None);
    }
    let mut own = cx.actor.clone();
    own.grants.retain(|held| !is_lent(held));
    Ok(Some(own))
}

/// Refuses to give a grant again that was an activation: it would be none any more.
///
/// # Errors
/// Invalid.
pub async fn refuse(cx: &mut Cx<'_>, grant: Uuid) -> Result<()> {
    match store::activated(cx.tx, vec![grant]).await?.is_empty() {
        true => Ok(()),
        false => Err(Error::invalid("The role was activated for some hours. It can be activated again.")),
    }
}
