//! What can be done with the log of reading: staff remove an entry, which goes on record.

use super::{store, views::ALL};
use stoa_kernel::{
    Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
};

/// Removes an entry.
pub static DELETE: Action = Action {
    name: "data_access.delete",
    about: "Remove an entry from the log of who read whose profile.",
    target: Target::Thing(&ALL),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["data_access_log_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    let (user, reader) = store::names(cx.tx, cx.found.id).await?;
    store::delete(cx.tx, cx.found.id).await?;
    let message = format!("The entry that {reader} read the profile of {user} has been removed.");
    let event = Event::new("data_access_log_deleted", message)
        .fact("affected_user_username", user)
        .fact("accessor_username", reader);
    Ok(Done::event(event))
}
