//! Roles: named sets of permissions for one kind of scope (mission R1–R3, R8).
//!
//! Every change of a role writes its next revision, so that it counts at the very next request, and a decision can be asked
//! as of any instant. A removed role keeps its row for the record of those who held it.
//!
//! Roles of the installation are for all; an organization's own are for it alone. They were copied for it by staff or made by its
//! owners, and their names have its short name in them. Where a role can be given is in [`crate::role_availability`], where it is
//! hidden in [`crate::role_concealment`]; [`offered`] asks both.

pub mod actions;
pub mod hygiene;
pub mod offered;
pub mod revise;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers actions and views.
pub fn register(registry: &mut Registry) {
    use actions::{CLONE, CREATE, CREATE_OWN, DELETE, DESCRIBE, DISABLE, ENABLE, UPDATE};
    registry.views.extend([&views::ROLES, &views::ROLE_DESCRIPTIONS]);
    registry.actions.extend([&CREATE, &CREATE_OWN, &CLONE, &UPDATE, &DESCRIBE, &ENABLE, &DISABLE, &DELETE]);
}
