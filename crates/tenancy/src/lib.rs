//! People, organizations, divisions, projects, roles, grants and tokens: who there is, and who may do what.
//!
//! Inside, one folder per thing, always with the same rooms (design.md, section 2). [`division`] is the smallest whole one:
//! read it first.

pub mod access;
pub mod division;
pub mod file;
pub mod grant;
pub mod project;
pub mod role;
pub mod settings;
pub mod subnet;
pub mod vocabulary;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::{Migration, jobs::Runner},
};

/// The tables of this area.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "0002_tenancy", sql: include_str!("migrations/0002_tenancy.sql") }];

/// Registers this area's actions, views and listeners.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&division::views::DIVISIONS]);
    registry.actions.extend([&division::actions::CREATE, &division::actions::UPDATE, &division::actions::DELETE]);
    role::register(registry);
    grant::register(registry);
    settings::register(registry);
}

/// Gives a core what this area keeps in memory: nothing so far.
pub fn equip(core: Core) -> Core {
    core
}

/// Adds this area's jobs to a node.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    grant::jobs::register(core, runner);
}
