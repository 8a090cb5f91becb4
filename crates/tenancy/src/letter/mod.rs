//! Letters: mail that is to be sent. An action queues one in its own transaction; support's mail renders its template and
//! sends it later, once or, after a failure, again (design.md, section 4: the outbox).

use serde_json::{Value, json};
use stoa_kernel::{
    Result, Time, Tx,
    store::jobs::{self, NewJob},
};

/// Kind of the job that sends a letter.
pub const JOB: &str = "mail";

/// One letter to one address.
#[derive(Debug, Clone)]
pub struct Letter<'a> {
    /// Where it goes.
    pub to: &'a str,
    /// What it is: the key of a notification, such as `users.invitation_created` (reference: notification switchboard).
    pub key: &'static str,
    /// What its templates may say. Addresses of pages are paths under the key `link`: the template puts the portal's address
    /// before them.
    pub context: Value,
    /// The language of its reader, or empty for the installation's.
    pub language: &'a str,
    /// Where set, a letter with the same value that was queued before makes this one nothing.
    pub unique: Option<String>,
}

/// Queues a letter. It is sent only if the transaction commits.
///
/// # Errors
/// Those of the store.
pub async fn queue(tx: &mut Tx, now: Time, letter: Letter<'_>) -> Result<()> {
    let payload = json!({
        "to": letter.to,
        "key": letter.key,
        "context": letter.context,
        "language": letter.language,
    });
    jobs::enqueue(tx, &NewJob { kind: JOB, payload, run_at: now, unique_key: letter.unique }).await.map(|_| ())
}
