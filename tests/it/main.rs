//! The tests.

mod generated;
mod organizations;

mod store;
