//! Groups of organizations as things of the market know them: an offering or a plan is open to all organizations, or to those
//! of some groups.

pub mod store;
pub mod views;
