//! The tests.

mod generated;
mod organizations;

mod people;
mod store;
