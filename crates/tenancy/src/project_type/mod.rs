//! Types of projects: a list of words that an installation keeps, such as "research" or "teaching".

pub mod actions;
pub mod store;
pub mod views;
