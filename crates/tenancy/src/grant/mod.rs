//! Grants: who holds which role where, since when, until when, given by whom (mission R4–R6).
//!
//! A grant is never deleted or overwritten. Revoking closes its row; changing its end closes the row and opens another with
//! the same identifier; what is over stays for the record and for questions about the past. At most one row of a person, a
//! role and a scope is open.
//!
//! [`rules`] has the kinds of scopes that have a team, and what each needs; [`actions`] makes the actions of a kind.

pub mod actions;
pub mod behalf;
pub mod direct;
pub mod jobs;
pub mod lent;
pub mod revise;
pub mod rules;
mod scene;
pub mod store;
pub mod teams;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers actions and views.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::GRANTS, &views::USER_PERMISSIONS, &views::TEAM]);
    registry.actions.extend([&actions::REVOKE, &actions::RESTORE, &jobs::EXPIRE]);
    registry.actions.extend([&teams::CUSTOMER_ADD_USER, &teams::CUSTOMER_UPDATE_USER, &teams::CUSTOMER_DELETE_USER]);
    registry.actions.extend([&teams::PROJECT_ADD_USER, &teams::PROJECT_UPDATE_USER, &teams::PROJECT_DELETE_USER]);
}
