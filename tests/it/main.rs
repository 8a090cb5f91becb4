//! The tests, one module for each promise.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::cloned_ref_to_slice_refs, reason = "a list of one reads best as a list")]

mod announcements;
mod audit;
mod audit_lab;
mod autoprovisioning;
mod budgets;
mod catalogue;
mod crash;
mod differential;
mod directories;
mod evaluator;
mod gallery;
mod generated;
mod golden_access;
mod grid;
mod group_invitations;
mod hooks;
mod invariants;
mod invitations;
mod limits;
mod mail;
mod main_job;
mod oidc;
mod orders;
mod organizations;
mod pages;
mod passkeys;
mod people;
mod permission_requests;
mod personal_tokens;
mod pictures;
mod plans;
mod privacy;
mod questions;
mod records;
mod registries;
mod reviews;
mod second_factors;
mod security_access;
mod security_authority;
mod security_credentials;
mod security_invitations;
mod security_leaks;
mod security_outbound;
mod security_requests;
mod security_shape;
mod security_takeover;
mod sessions;
mod settings;
mod store;
mod subscriptions;
mod two_nodes;
mod user_actions;
mod users_life;
