//! The tests.

mod catalogue;
mod generated;
mod orders;
mod organizations;

mod people;
mod store;
