//! The tests.

mod generated;
mod catalogue;
mod orders;
mod organizations;
mod store;
