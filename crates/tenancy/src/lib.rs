//! People, organizations, divisions, projects, roles, grants and tokens: who there is, and who may do what.
//!
//! Inside, one folder per thing, always with the same rooms (design.md, section 2). [`division`] is the smallest whole one:
//! read it first.

pub mod access;
pub mod division;
pub mod file;
pub mod grant;
pub mod key;
pub mod project;
pub mod record;
pub mod role;
pub mod settings;
pub mod subnet;
pub mod token;
pub mod user;
pub mod version;
pub mod vocabulary;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::Migration,
};

/// The tables of this area.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "0002_tenancy", sql: include_str!("migrations/0002_tenancy.sql") }];

/// Registers this area's actions, views and listeners.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&division::views::DIVISIONS, &version::views::VERSIONS]);
    registry.actions.extend([&division::actions::CREATE, &division::actions::UPDATE, &division::actions::DELETE]);
    user::register(registry);
    token::register(registry);
    key::register(registry);
    record::register(registry);
}

/// Puts what this area needs into the core.
pub fn equip(core: Core) -> Core {
    core.with(Arc::new(user::password::Passwords::default()))
}
