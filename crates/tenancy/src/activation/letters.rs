//! Letters about activations: to those who may approve one, and to its holder when somebody decided or when it ended without
//! his doing.

use super::store::Activation;
use crate::{
    eligibility::course::person,
    grant::rules::team,
    letter::{self, Letter},
    permission_request::store as readers,
};
use serde_json::{Value, json};
use stoa_kernel::{Result, action::Cx, id};

/// The page on which one's roles to activate are.
const OWN: &str = "/access/roles/";
/// The page on which activations wait for approval.
const WAITING: &str = "/access/activations/";

fn context(activation: &Activation, link: &str) -> Value {
    let of = &activation.of;
    json!({
        "activation_uuid": id::hex(&of.uuid),
        "full_name": person(of),
        "username": of.username,
        "role_name": of.role_name,
        "scope_type": of.scope,
        "scope_name": of.scope_name,
        "hours": activation.hours,
        "reason": activation.reason,
        "deadline": activation.deadline.to_string(),
        "link": link,
    })
}

/// To everybody whose role lets him give roles there; to staff only if there is nobody else.
pub async fn asked(cx: &mut Cx<'_>, activation: &Activation) -> Result<()> {
    let of = &activation.of;
    let Some(team) = team(&of.scope) else { return Ok(()) };
    let (here, above) = ((of.scope.as_str(), of.scope_id, team.create), (of.customer_id, team.create));
    let mut to = readers::approvers(cx.tx, here, above, of.user_id, cx.now).await?;
    if to.is_empty() {
        to = readers::staff(cx.tx, of.user_id).await?;
    }
    for (to, language) in &to {
        let key = "access.activation_requested";
        let unique = Some(format!("{key}:{}:{to}", id::hex(&of.uuid)));
        let context = context(activation, WAITING);
        letter::queue(cx.tx, cx.now, Letter { to, key, context, language, unique }).await?;
    }
    Ok(())
}

/// To the holder: what was decided.
pub async fn decided(cx: &mut Cx<'_>, activation: &Activation, approved: bool, comment: &str) -> Result<()> {
    let key = if approved { "access.activation_approved" } else { "access.activation_rejected" };
    let mut context = context(activation, OWN);
    context["comment"] = comment.into();
    context["by"] = cx.actor.full_name.clone().into();
    context["ends"] = activation.of.until.map(|ends| ends.to_string()).into();
    to_holder(cx, activation, key, context).await
}

/// To the holder: it has ended, and why.
pub async fn ended(cx: &mut Cx<'_>, activation: &Activation, why: &str) -> Result<()> {
    let mut context = context(activation, OWN);
    context["why"] = why.into();
    to_holder(cx, activation, "access.activation_ended", context).await
}

async fn to_holder(cx: &mut Cx<'_>, activation: &Activation, key: &'static str, context: Value) -> Result<()> {
    let Some((to, language)) = readers::reader(cx.tx, activation.of.user_id).await? else { return Ok(()) };
    let unique = Some(format!("{key}:{}", id::hex(&activation.of.uuid)));
    letter::queue(cx.tx, cx.now, Letter { to: &to, key, context, language: &language, unique }).await
}
