//! Taking permissions out of a role, or putting them back, as a part of another action. Only staff do it, as by hand.

use super::{
    actions::{by, changed, within_reach},
    rules, store,
};
use crate::access::permissions::{Permission, PermissionSet};
use serde_json::Value;
use stoa_kernel::{
    Error, Result,
    access::{Found, Needs},
    action::Cx,
    event::{Change, Event},
};

/// What is done with permissions of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revision {
    /// They are taken out.
    Take,
    /// They are put back.
    PutBack,
}

/// Takes permissions out of a role, whose row has this key, or puts them back: its next revision. Gives the event that says so.
///
/// # Errors
/// Forbidden for who is not staff; conflict if the role does not carry what is taken, or carries what is put back; not found if it
/// was removed.
pub async fn revise(cx: &mut Cx<'_>, id: i64, revision: Revision, permissions: &[Permission]) -> Result<Event> {
    cx.decide(&Needs::Staff, &Found::default()).required()?;
    let role = store::stored(cx.tx, id).await?;
    let before = store::carried(cx.tx, id).await?;
    let mut after = before;
    for permission in permissions {
        let (done, why) = match revision {
            Revision::Take => (after.remove(*permission), "does not carry"),
            Revision::PutBack => (after.insert(*permission), "already carries"),
        };
        if !done {
            return Err(Error::Conflict(format!("The role {} {why} {permission}.", role.name)));
        }
    }
    if revision == Revision::PutBack {
        within_reach(cx, &role.name, &permissions.iter().map(|one| one.id()).collect())?;
    }
    let words = |set: &PermissionSet| Value::from_iter(set.iter().map(|one| one.name()));
    store::carry(cx.tx, id, &rules::permissions(&words(&after))?).await?;
    store::next_revision(cx.tx, id, by(cx), cx.now).await?;
    let change = Change { field: "permissions".into(), before: words(&before), after: words(&after) };
    Ok(changed(&role, vec![change]))
}
