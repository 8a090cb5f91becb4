//! Activations: somebody uses an [`crate::eligibility`] and holds its role for some hours, with a reason.
//!
//! What the role lets him do comes from an ordinary grant that ends by itself, so there is nothing here that decides about
//! access: this is the request, its approval, and the record of its course. Whatever asks for approval waits for a day; who may
//! give the role by hand may approve, and never the holder himself. When it starts, everything is looked at once more as it is
//! then: the eligibility, the terms, and whether whoever made him eligible could give him the role now.
//!
//! An activation ends with its grant: at its end, by its holder's or another's hand, or with the eligibility. A grant that is
//! closed elsewhere ends it too; a job notes that within a minute, and until then what is shown is right already.

pub mod actions;
pub mod course;
pub mod jobs;
pub mod letters;
pub mod store;
pub mod views;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::jobs::Runner,
};

/// For how long a request for approval waits, in seconds.
pub const WAITS_SECONDS: i64 = 86_400;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    use actions::*;
    registry.views.push(&views::ACTIVATIONS);
    registry.actions.extend([&ACTIVATE, &APPROVE, &REJECT, &CANCEL, &DEACTIVATE, &jobs::TEND]);
}

/// What happens here later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    jobs::add(core, runner);
}

stoa_kernel::states! {
    /// Where an activation is. `Lapsed` was not decided about in time.
    pub enum State {
        Pending = "pending" -> [Active, Rejected, Cancelled, Lapsed],
        Active = "active" -> [Ended],
        Rejected = "rejected" -> [],
        Cancelled = "cancelled" -> [],
        Lapsed = "lapsed" -> [],
        Ended = "ended" -> [],
    }
}
