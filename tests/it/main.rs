//! The tests, one module for each promise.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "a list of one reads best as a list")]

mod budgets;
mod catalogue;
mod crash;
mod differential;
mod evaluator;
mod gallery;
mod generated;
mod golden_access;
mod grid;
mod invariants;
mod limits;
mod main_job;
mod orders;
mod organizations;
mod people;
mod pictures;
mod plans;
mod records;
mod registries;
mod security_access;
mod security_leaks;
mod security_shape;
mod store;
