//! Letters about requests: to those who can approve one when it is submitted, and to its author when it is reviewed.

use super::{State, store};
use crate::{
    access::permissions::Permission::{CustomerCreatePermission, ProjectCreatePermission},
    customer,
    grant::store::Person,
    group_invitation::store::Stored as Invitation,
    letter::{self, Letter},
};
use serde_json::{Value, json};
use stoa_kernel::{
    Result,
    access::Found,
    action::Cx,
    id::{self, Uuid},
};

/// The page on which one's requests, and those that one may review, are.
const PAGE: &str = "/profile/permission-requests/";

/// What letters about a request say.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    /// The request.
    pub uuid: Uuid,
    /// Who asks.
    pub person: &'a Person,
    /// What it is for.
    pub scope: &'a Found,
    /// Name of the role.
    pub role: &'a str,
}

impl Told<'_> {
    fn context(&self) -> Value {
        json!({
            "permission_request_uuid": id::hex(&self.uuid),
            "requester_full_name": self.person.name(),
            "requester_username": self.person.username,
            "requester_email": self.person.traits.email,
            "scope_type": self.scope.thing,
            "scope_name": self.scope.name,
            "scope_uuid": id::hex(&self.scope.uuid),
            "role_name": self.role,
            "link": PAGE,
        })
    }
}

/// Writes to everybody who can approve a request and wants letters, and to the addresses of the organization; to staff only
/// if there is nobody else.
pub async fn submitted(cx: &mut Cx<'_>, told: &Told<'_>, invitation: &Invitation) -> Result<()> {
    let permission = if told.scope.thing == "project" { ProjectCreatePermission } else { CustomerCreatePermission };
    let permission = if invitation.auto_create_project { ProjectCreatePermission } else { permission };
    let (here, above) = ((told.scope.thing, told.scope.id, permission), (invitation.customer_id, permission));
    let mut readers = store::approvers(cx.tx, here, above, told.person.id, cx.now).await?;
    let contact = customer::store::contact(cx.tx, invitation.customer_id).await?;
    let addresses = [contact["email"].as_str(), contact["notification_emails"].as_str()];
    for address in addresses.into_iter().flatten().flat_map(|list| list.split(',')).map(str::trim) {
        if !address.is_empty() && !readers.iter().any(|(known, _)| known == address) {
            readers.push((address.to_owned(), String::new()));
        }
    }
    if readers.is_empty() {
        readers = store::staff(cx.tx, told.person.id).await?;
    }
    for (to, language) in &readers {
        send(cx, told, (to, language), "users.permission_request_submitted", told.context()).await?;
    }
    Ok(())
}

/// Writes to the author of a request what became of it.
pub async fn reviewed(cx: &mut Cx<'_>, told: &Told<'_>, state: State, comment: Option<&str>) -> Result<()> {
    let Some((to, language)) = store::reader(cx.tx, told.person.id).await? else { return Ok(()) };
    let key = match state {
        State::Approved => "users.permission_request_approved",
        _ => "users.permission_request_rejected",
    };
    let mut context = told.context();
    context["comment"] = comment.unwrap_or_default().into();
    context["reviewer_full_name"] = cx.actor.full_name.clone().into();
    send(cx, told, (&to, &language), key, context).await
}

async fn send(
    cx: &mut Cx<'_>,
    told: &Told<'_>,
    (to, language): (&str, &str),
    key: &'static str,
    context: Value,
) -> Result<()> {
    let unique = Some(format!("{key}:{}:{to}", id::hex(&told.uuid)));
    letter::queue(cx.tx, cx.now, Letter { to, key, context, language, unique }).await
}
