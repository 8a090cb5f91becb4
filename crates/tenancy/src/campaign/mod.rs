//! Review campaigns: who reviews which roles until when (mission R7).
//!
//! Staff make one for the whole installation, or somebody who manages the team of an organization for it or one of its
//! projects. Starting it makes one *item* for every open grant in its scope, as it is then, and says who reviews it. A
//! reviewer keeps, shortens or revokes, with a reason; what nobody decided on by the due instant gets what the campaign says
//! for silence. What was decided about what, by whom and why, stays as evidence.
//!
//! **A campaign gives nobody any power.** To be a reviewer is to be asked: whoever decides must be able to take that role away
//! by hand at that moment, and silence is carried out with the authority that whoever started (or closed) the campaign has
//! then. A reviewer who can't do it any more no longer sees the item either. Nobody decides about a role of his own.
//!
//! Beside them stand the reviews of Waldur's API ([`crate::review`]), which only say that somebody has looked.

pub mod actions;
pub mod course;
pub mod evidence;
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

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    use actions::*;
    registry.views.extend([&views::CAMPAIGNS, &views::ITEMS, &views::REVIEWERS]);
    registry.actions.extend([&CREATE, &CREATE_FOR_ALL, &UPDATE, &START, &CLOSE, &CANCEL, &DECIDE, &DELEGATE]);
    registry.actions.extend([&jobs::TEND]);
}

/// What happens here later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    jobs::add(core, runner);
}

stoa_kernel::states! {
    /// Where a campaign is. It is starting while its items are made and closing while silence is carried out; both are over
    /// within the same call unless there are many.
    pub enum State {
        Draft = "draft" -> [Starting, Cancelled],
        Starting = "starting" -> [Active, Cancelled],
        Active = "active" -> [Closing, Cancelled],
        Closing = "closing" -> [Closed],
        Closed = "closed" -> [],
        Cancelled = "cancelled" -> [],
    }
}

stoa_kernel::states! {
    /// What was decided about a grant. A grant that was kept or shortened can be decided on again until the campaign closes;
    /// one that is revoked can't come back here. `Gone` ended by itself or by another hand before anybody decided; `Withheld`
    /// is what silence would have done and could not.
    pub enum Decision {
        Open = "open" -> [Kept, Shortened, Revoked, Gone, Withheld],
        Kept = "kept" -> [Kept, Shortened, Revoked, Gone],
        Shortened = "shortened" -> [Shortened, Revoked, Gone],
        Revoked = "revoked" -> [],
        Gone = "gone" -> [],
        Withheld = "withheld" -> [],
    }
}
