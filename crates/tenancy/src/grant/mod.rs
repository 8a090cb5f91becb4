//! Grants: who holds which role where, since when, until when, given by whom (mission R4–R6).
//!
//! A grant is never deleted or overwritten. Revoking closes its row; changing its end closes the row and opens another with
//! the same identifier; what is over stays for the record and for questions about the past. At most one row of a person, a
//! role and a scope is open.
//!
//! [`rules`] has the kinds of scopes that have a team, and what each needs; [`actions`] makes the actions of a kind.

pub mod actions;
pub mod jobs;
pub mod rules;
pub mod store;
pub mod views;
