//! What can be done about a person: [`merge`] two accounts, [`export`] what is known, [`erase`] it.

pub mod erase;
pub mod export;
pub mod merge;
