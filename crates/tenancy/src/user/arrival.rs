//! Somebody has arrived: signed up, or signed in with what his home says of him now. Areas above do something for him then,
//! as a job right after the transaction (the marketplace: rules for new people).

use serde_json::json;
use stoa_kernel::{
    Result, Time, Tx,
    id::{self, Uuid},
    store::jobs::{self, NewJob},
};

/// Kind of the job; its payload is `{"user": …}`. Whoever runs it must bear that it comes again.
pub const JOB: &str = "user.arrived";

/// Notes that a user has arrived. The sign-in calls this when it has made the account and whenever it has refreshed what it
/// knows of the person; it counts only if the transaction commits.
///
/// # Errors
/// Those of the store.
pub async fn note(tx: &mut Tx, now: Time, user: Uuid) -> Result<()> {
    let payload = json!({ "user": id::hex(&user) });
    jobs::enqueue(tx, &NewJob { kind: JOB, payload, run_at: now, unique_key: None }).await.map(|_| ())
}
