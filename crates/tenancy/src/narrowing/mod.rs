//! Least privilege from use: what nobody used is found, suggested, taken away in one step and given back in one step (mission R7,
//! R8).
//!
//! [`unused`] answers what was not used for a number of days: grants, permissions of roles, personal access tokens and what they
//! carry, powers of staff. [`suggestions`] makes items of it. A *narrowing* takes items away, all of them in one transaction and each
//! under the rules that it has by hand: the narrowing itself gives nobody any power, neither to take away nor to give back.
//! [`items`] has what becomes of one item.
//!
//! What counts as use is in [`crate::uses`] and in docs/least-privilege.md.

pub mod actions;
pub mod items;
pub mod rules;
pub mod store;
pub mod suggestions;
pub mod unused;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::UNUSED_GRANTS, &views::NARROWINGS]);
    registry.actions.extend([&actions::MAKE, &actions::UNDO]);
}

stoa_kernel::states! {
    /// Where a narrowing is.
    pub enum State {
        Applied = "applied" -> [Undone],
        Undone = "undone" -> [],
    }
}
