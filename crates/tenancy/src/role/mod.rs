//! Roles: named sets of permissions for one kind of scope (mission R1–R3, R8).
//!
//! Every change of a role writes its next revision, so that it counts at the very next request, and a decision can be asked
//! as of any instant. A removed role keeps its row for the record of those who held it.

pub mod actions;
pub mod revise;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers actions and views.
pub fn register(registry: &mut Registry) {
    use actions::{CREATE, DELETE, DESCRIBE, DISABLE, ENABLE, UPDATE};
    registry.views.extend([&views::ROLES, &views::ROLE_DESCRIPTIONS]);
    registry.actions.extend([&CREATE, &UPDATE, &DESCRIBE, &ENABLE, &DISABLE, &DELETE]);
}
