//! The market of Stoa: providers publish offerings with plans, projects order resources from them, and orders are approved
//! on both sides (mission M1–M3).
//!
//! One folder per thing, with the rooms of design.md, section 2.

pub mod category;
pub mod component;
pub mod group;
pub mod offering;
pub mod plan;
pub mod provider;

use stoa_kernel::{door::Registry, store::Migration};

/// The tables of this area.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "0003_market", sql: include_str!("migrations/0003_market.sql") }];

/// Registers this area's actions, views and listeners.
#[expect(unused_variables, reason = "the first things register here next")]
pub fn register(registry: &mut Registry) {}
