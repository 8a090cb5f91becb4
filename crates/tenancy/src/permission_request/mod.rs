//! Requests for a role, made by answering an invitation for a group (reference/invitations.md, section 3).
//!
//! Somebody who manages the scope approves or rejects one, with his own authority; where the invitation says so, it is
//! approved at once, with that of the invitation's author as it is then. An approval, what it makes and what it grants are one
//! transaction: [`fulfil`].

pub mod actions;
pub mod fulfil;
pub mod letters;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::PERMISSION_REQUESTS, &views::REVIEWED]);
    registry.actions.extend([
        &actions::SUBMIT,
        &actions::APPROVE,
        &actions::REJECT,
        &actions::CANCEL,
        &actions::DELETE,
    ]);
}

/// Requests wait for people, so nothing happens here later.
pub fn jobs(_core: &Arc<Core>, _runner: &mut Runner) {}

stoa_kernel::states! {
    /// Where a request is. A draft is submitted in the transaction that makes it.
    pub enum State {
        Draft = "draft" -> [Pending, Canceled],
        Pending = "pending" -> [Approved, Rejected, Canceled],
        Approved = "approved" -> [],
        Rejected = "rejected" -> [],
        Canceled = "canceled" -> [],
    }
}
