//! What can be done with requests: submit one by answering an invitation, approve, reject, cancel or remove it.

mod review;
mod submit;

pub use review::{APPROVE, CANCEL, DELETE, REJECT};
pub use submit::SUBMIT;

use crate::grant::store::Person;
use stoa_kernel::{
    Result,
    access::Found,
    action::Cx,
    event::Event,
    id::{self, Uuid},
};

/// What the record says of a request.
fn event(kind: &'static str, uuid: Uuid, person: &Person, (scope, customer_id): (&Found, i64), role: &str) -> Event {
    let word = kind.rsplit('_').next().unwrap_or_default();
    let message = format!("Request of user {} for the role {role} in {} has been {word}.", person.name(), scope.name);
    Event::new(kind, message)
        .fact("permission_request_uuid", id::hex(&uuid))
        .fact("scope_type", scope.thing)
        .fact("scope_uuid", id::hex(&scope.uuid))
        .fact("scope_name", scope.name.clone())
        .fact("role_name", role)
        .fact("affected_user_uuid", id::hex(&person.uuid))
        .fact("affected_user_username", person.username.clone())
        .feed(scope.thing, scope.id)
        .feed("customer", customer_id)
        .feed("user", person.id)
}

/// The person who asks.
async fn person(cx: &mut Cx<'_>, id: i64) -> Result<Person> {
    let person = crate::grant::store::person_by_id(&mut *cx.tx, id).await?;
    person.ok_or(stoa_kernel::Error::NotFound)
}
