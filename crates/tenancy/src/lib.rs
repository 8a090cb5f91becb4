//! The tenancy of Stoa.

pub mod access;
pub mod vocabulary;
