//! The tests.

mod generated;

mod catalogue;
mod store;
