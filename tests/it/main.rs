//! The tests.

mod generated;

mod people;
mod store;
