//! The tests.

mod generated;
mod orders;
mod organizations;

mod people;
mod store;
