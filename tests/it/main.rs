//! The tests.

mod generated;
mod orders;

mod store;
