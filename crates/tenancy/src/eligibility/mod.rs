//! Eligibilities: roles that somebody does not hold, and may activate for some hours ("just in time").
//!
//! An eligibility lets its holder do nothing. It is made by the rules by which roles are given ([`crate::grant`]), and like a
//! grant it is never overwritten: to revoke it closes its row, to change it closes its row and opens another with the same
//! identifier. At most one row of a person, a role and a scope is open.
//!
//! What its holder does with it is an [`crate::activation`], whose power is an ordinary grant that ends by itself; what an
//! organization asks of activations is an [`crate::activation_rule`].

pub mod actions;
pub mod course;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::ELIGIBILITIES);
    registry.actions.extend([&actions::CREATE, &actions::UPDATE, &actions::REVOKE]);
}

stoa_kernel::states! {
    /// Whether an eligibility can be used. It is over when it was revoked or its time is over.
    pub enum State {
        Open = "open" -> [Over],
        Over = "over" -> [],
    }
}
