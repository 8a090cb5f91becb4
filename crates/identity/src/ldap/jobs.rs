//! Looking again for those who were let in: who left the directory does not stay signed in here (security case C8).

use super::{Directory, actions, client, store};
use serde_json::json;
use std::sync::Arc;
use stoa_kernel::{
    Result,
    door::{Caller, Core},
    store::jobs::{Periodic, Runner},
};
use stoa_tenancy::token::login;

/// People who are looked for in one go.
const BATCH: i64 = 500;

/// Lets a node look every minute for those who are due.
pub fn register(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    runner.periodic.push(Periodic { kind: "directory.recheck", every_seconds: 60 });
    runner.handlers.insert(
        "directory.recheck",
        Arc::new(move |_, _, _| {
            let core = core.clone();
            Box::pin(async move {
                match super::directory(&core) {
                    Some(directory) => recheck(&core, directory).await,
                    None => Ok(()),
                }
            })
        }),
    );
}

/// Looks for those who were not looked for lately. A directory that does not answer switches nobody off.
///
/// # Errors
/// Unavailable.
pub async fn recheck(core: &Arc<Core>, directory: &Directory) -> Result<()> {
    let settings = &directory.settings;
    // Who has no account to look with, and may not look without one, learns of it at the next sign-in only.
    if !settings.user_dn.is_empty() && settings.bind_dn.is_empty() {
        return Ok(());
    }
    let before = core.now().plus_seconds(-60 * settings.recheck_minutes);
    let due = store::due(&core.store, before, BATCH).await?;
    if due.is_empty() {
        return Ok(());
    }
    let mut ldap = client::service(settings).await?;
    let mut seen = Vec::new();
    for one in due {
        if client::is_there(&mut ldap, settings, &one.directory_id).await? {
            seen.push(one.user_id);
        } else {
            login::run(core, &Caller::system(), &actions::GONE, json!({"user_id": one.user_id})).await?;
        }
    }
    store::seen(&core.store, seen, core.now()).await
}
