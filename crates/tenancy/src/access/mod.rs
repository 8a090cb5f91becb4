//! What can be allowed, and what ships as allowed to whom.
//!
//! Start with [`permissions`], the closed list of what a role can allow; [`roles`] has the roles that ship and what
//! they are called in each type of installation.

pub mod ceiling;
pub mod directory;
pub mod explain;
pub mod installation;
pub mod matrix;
pub mod permissions;
pub mod roles;
pub mod simulate;
pub mod store;
pub mod timeline;
pub mod what;
pub mod who;
