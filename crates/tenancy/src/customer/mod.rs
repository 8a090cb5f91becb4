//! Organizations: companies, departments, faculties, institutes (mission O1). On the wire an organization is a `customer`.
//!
//! An organization that is blocked or archived can be seen, but nothing is done in it: whoever does something there asks
//! [`store::require_open`] first.

pub mod actions;
pub mod rules;
pub mod store;
pub mod views;
