//! The tests.

mod generated;
mod organizations;

mod catalogue;
mod store;
