//! Whether somebody may offer a role to whoever answers. Asked of the author when he makes or changes an invitation, and
//! again, as he is then, when an answer is to be approved at once (security case C7).

use super::rules::Parts;
use crate::{
    access::{ceiling, permissions::Permission},
    customer,
    grant::behalf,
    role,
};
use stoa_kernel::{
    Result,
    access::{Decision, Found, Needs, Reason},
    action::Cx,
};

/// Whether the actor of this context may make this offer at this scope.
///
/// # Errors
/// Forbidden for what he may not hand on; invalid for what nobody may.
pub async fn check(cx: &mut Cx<'_>, scope: &Found, parts: Parts<'_>) -> Result<()> {
    parts.check()?;
    if !parts.auto_create {
        return behalf::would_allow(cx, scope, parts.role.clone(), None).await;
    }
    customer::store::require_open(cx.tx, scope.id).await?;
    // Who offers a project makes it, and gives the role there.
    for permission in [Permission::ProjectCreate, Permission::ProjectCreatePermission] {
        cx.decide(&Needs::Permission(permission.id(), &["itself"]), scope).required()?;
    }
    let reach = ceiling::reach(cx.actor, &scope.places);
    let role = parts.granted();
    role::offered::require(cx.tx, role.id, scope.id, &scope.places).await?;
    let beyond = ceiling::beyond(&role.permissions, reach.as_ref());
    if beyond.is_empty() {
        return Ok(());
    }
    Decision::deny(Reason::Ceiling { role: role.name.clone(), beyond }).required().map(|_| ())
}
