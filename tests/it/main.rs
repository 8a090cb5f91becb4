//! The tests.

mod generated;

mod store;
