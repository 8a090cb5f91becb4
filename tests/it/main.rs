//! The tests.

mod store;
