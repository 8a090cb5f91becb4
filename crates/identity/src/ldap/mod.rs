//! The directory (LDAP): people whose accounts and passwords live elsewhere.
//!
//! Who is unknown here, or known as a person of the directory, is looked up there ([`client`]) and signs in with the password
//! of the directory. An account that was made otherwise is never touched, whatever the directory calls its people: accounts are
//! bound to what the directory calls an entry for ever, not to a name, which can be given away (security cases C6 and C12).
//!
//! Who leaves the directory is refused at his next sign-in, and a job looks again and again for those who were let in before: who
//! is gone is switched off, and with that all his sessions and tokens. The network is never spoken to inside a transaction.

pub mod actions;
pub mod client;
pub mod jobs;
pub mod rules;
pub mod store;

use crate::sign_in;
use client::Answer;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use stoa_kernel::{
    Error, Result,
    door::{Caller, Core, Registry},
    store::jobs::Runner,
};
use stoa_tenancy::token::{
    login::{self, Pair},
    store::{self as tokens, Claimant},
};
use tokio::sync::Semaphore;

/// What an account that came from the directory is called.
pub const METHOD: &str = "ldap";

/// Registers what can be done here.
pub fn register(registry: &mut Registry) {
    registry.actions.extend([&actions::ADMIT, &actions::GONE]);
}

/// What happens here periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    jobs::register(core, runner);
}

/// What the operator sets about the directory.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Address: `ldaps://host` or `ldap://host`; the latter goes on under StartTLS.
    pub url: String,
    /// Whether `ldap://` goes on without encryption. For tests on one machine.
    pub insecure: bool,
    /// File with certificates that are trusted in place of the machine's, in PEM.
    pub ca_file: Option<std::path::PathBuf>,
    /// Name of the account with which entries are looked for; empty to look without one.
    pub bind_dn: String,
    /// Its password.
    pub bind_password: String,
    /// Where nobody looks first: the name of an entry with `{username}` in it. Empty to look.
    pub user_dn: String,
    /// Below which entry people are.
    pub base: String,
    /// Which entries are people who may sign in, with `{username}` in it.
    pub filter: String,
    /// The attributes.
    pub attributes: Attributes,
    /// Whether people who come for the first time get an account.
    pub create_users: bool,
    /// Minutes after which somebody is looked for again.
    pub recheck_minutes: i64,
    /// Milliseconds before which nobody is refused, so that the time does not tell where a name is known.
    pub refuse_after: u64,
}

/// Which attribute of an entry is what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// What the directory calls the entry for ever.
    pub id: String,
    /// The name to sign in with.
    pub username: String,
    /// The address to write to.
    pub email: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        // The password stays out of every log.
        f.debug_struct("ldap::Settings").field("url", &self.url).field("base", &self.base).finish_non_exhaustive()
    }
}

/// The directory of an installation. One of them is put into the core ([`Core::with`]), if the operator has one.
pub struct Directory {
    /// What is set about it.
    pub settings: Settings,
    slots: Semaphore,
}

/// People who are looked up at the same time.
const SLOTS: usize = 8;

impl Directory {
    /// A directory with these settings.
    pub fn new(settings: Settings) -> Directory {
        Directory { settings, slots: Semaphore::new(SLOTS) }
    }
}

/// The directory of this installation.
pub fn directory(core: &Core) -> Option<&Directory> {
    core.get::<Arc<Directory>>().map(AsRef::as_ref)
}

/// The user whose name and password these are, and where that was checked; `None` if it is nobody, which has been counted.
/// Who is known here otherwise is checked here, if `local` is open.
///
/// # Errors
/// As [`login::check`]; unavailable if the directory does not answer.
pub async fn verify(
    core: &Arc<Core>,
    caller: &Caller,
    directory: &Directory,
    pair: Pair<'_>,
    local: bool,
) -> Result<Option<(Claimant, &'static str)>> {
    let floor = tokio::time::sleep(Duration::from_millis(directory.settings.refuse_after));
    let name = pair.username.to_lowercase();
    let known = tokens::claimant(&mut core.store.reader(), &name).await?;
    let found = match known.is_none_or(|known| known.registration_method == METHOD) {
        true => {
            there(core, caller, directory, Pair { username: &name, ..pair }).await?.map(|user| (user, sign_in::LDAP))
        }
        false if local => login::check(core, caller, pair).await?.map(|user| (user, sign_in::LOCAL)),
        false => {
            login::failed(core, caller, &name).await?;
            None
        }
    };
    if found.is_none() {
        floor.await;
    }
    Ok(found)
}

/// The user whom the directory knows by these. As with passwords that are kept here, the lock is asked again inside the slot, and
/// a failure is counted before the slot is left.
async fn there(core: &Arc<Core>, caller: &Caller, directory: &Directory, pair: Pair<'_>) -> Result<Option<Claimant>> {
    login::unlocked(core, caller, pair.username).await?;
    let _slot = directory.slots.acquire().await.map_err(Error::broken)?;
    login::unlocked(core, caller, pair.username).await?;
    let admitted = match client::authenticate(&directory.settings, pair.username, pair.password).await? {
        Answer::Right(entry) => {
            let body = json!({
                "directory_id": entry.id,
                "dn": entry.dn,
                "username": entry.username,
                "email": entry.email,
                "first_name": entry.first_name,
                "last_name": entry.last_name,
                "create": directory.settings.create_users,
            });
            let system = Caller { request: caller.request.clone(), ..Caller::system() };
            login::run(core, &system, &actions::ADMIT, body).await?["user_id"].as_i64()
        }
        Answer::Wrong => None,
    };
    let Some(id) = admitted else {
        login::failed(core, caller, pair.username).await?;
        return Ok(None);
    };
    tokens::claimant_by_id(&mut core.store.reader(), id).await
}
