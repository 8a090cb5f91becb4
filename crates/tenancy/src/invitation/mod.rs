//! Invitations of a person to a role, by mail (reference/invitations.md, section 1).
//!
//! Two names, two powers. The **identifier** of an invitation is in lists and events; with it only the person accepts to whom
//! it is addressed. The **code** is in the mailed link alone, stored as its hash; whoever holds it may accept, as far as the
//! installation lets another account than the invited one (settings VALIDATE_INVITATION_EMAIL and
//! ENABLE_STRICT_CHECK_ACCEPTING_INVITATION) and the civil number fits. So to list invitations is not to hold them.
//!
//! An invitation is an offer, not a right: when it is accepted, who made it must still be able to make it
//! ([`crate::grant::behalf`]).

pub mod actions;
pub mod jobs;
pub mod letters;
pub mod rules;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

stoa_kernel::states! {
    /// Where an invitation stands.
    pub enum State {
        Project = "project" -> [Pending, Requested, Canceled, Expired],
        Requested = "requested" -> [Pending, Project, Rejected],
        Rejected = "rejected" -> [],
        Pending = "pending" -> [Pending, Project, Requested, Accepted, Canceled, Expired],
        Accepted = "accepted" -> [],
        Canceled = "canceled" -> [Pending, Project, Requested],
        Expired = "expired" -> [Pending, Project, Requested],
    }
}

stoa_kernel::states! {
    /// How far its letter has come.
    pub enum Execution {
        Scheduled = "Scheduled" -> [Scheduled, Processing, Ok, Erred],
        Processing = "Processing" -> [Scheduled, Ok, Erred],
        Ok = "OK" -> [Scheduled, Ok, Erred],
        Erred = "Erred" -> [Scheduled, Ok, Erred],
    }
}

/// Kind of the job that hands an invitation to the system that sends its letter (`INVITATION_USE_WEBHOOKS`). Its payload is
/// what that system is told.
pub const HAND_OVER: &str = "invitation.hand_over";
/// Of that, the links: paths until they are handed over.
pub const HANDED_LINKS: &[&str] = &["redirect_url", "redirect_scope_url"];

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::INVITATIONS, &views::MANAGED_INVITATIONS, &views::INVITATION_DETAILS]);
    registry.actions.extend([
        &actions::CREATE,
        &actions::CHECK_DUPLICATES,
        &actions::UPDATE,
        &actions::SEND,
        &actions::CANCEL,
        &actions::DELETE,
        &actions::REMOVE,
        &actions::CHECK,
        &actions::ACCEPT,
        &actions::APPROVE,
        &actions::REJECT,
        &jobs::EXPIRE,
        &jobs::REMIND,
        &jobs::START,
    ]);
    registry.listeners.extend(jobs::LISTENERS);
}

/// What happens here later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    jobs::add(core, runner);
}
