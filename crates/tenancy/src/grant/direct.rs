//! Giving a role as a part of another action, such as the approval of a request or a rule for new people. The actor of the
//! context gives it: his authority and his ceiling count, and everything that a scope says about its people.

use super::{
    actions::{admit, give as give_in},
    behalf::Given,
    rules,
    scene::Scene,
    store::Person,
};
use stoa_kernel::{
    Result,
    access::{Found, Needs, Role},
    action::Cx,
};

/// Gives a role for ever, unless the person holds it so already. `source` names the rule or synchronization that does it;
/// it is empty for a person.
///
/// # Errors
/// Forbidden for what the actor may not hand on; invalid for what nobody may.
pub async fn give(cx: &mut Cx<'_>, scope: Found, role: Role, person: Person, source: &str) -> Result<Given> {
    let mut scene = Scene::of_new(cx, scope, role, person, None).await?;
    if let Some(open) = scene.open(cx).await?.filter(|open| rules::covers(open.until, None)) {
        return Ok(Given { uuid: open.uuid, event: None });
    }
    source.clone_into(&mut scene.source);
    let (uuid, event) = give_in(cx, &scene).await?;
    Ok(Given { uuid, event: Some(event) })
}

/// What [`give`] would do, without doing it: whether it would make a grant (or the person holds the role already).
///
/// # Errors
/// As [`give`].
pub async fn would_give(cx: &mut Cx<'_>, scope: Found, role: Role, person: Person) -> Result<bool> {
    let scene = Scene::of_new(cx, scope, role, person, None).await?;
    if scene.open(cx).await?.is_some_and(|open| rules::covers(open.until, None)) {
        return Ok(false);
    }
    admit(cx, &scene).await.map(|()| true)
}

/// Whether the actor of the context could give the role here by hand, whether or not the person holds it already.
///
/// # Errors
/// As [`give`]; forbidden where he may not give roles at all.
pub async fn may_give(cx: &mut Cx<'_>, scope: Found, role: Role, person: Person) -> Result<()> {
    let scene = Scene::of_new(cx, scope, role, person, None).await?;
    cx.decide(&Needs::Permission(scene.team.create.id(), scene.team.places), &scene.scope).required()?;
    admit(cx, &scene).await
}
