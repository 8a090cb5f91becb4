//! The market of Stoa: providers publish offerings with plans, projects order resources from them, and orders are approved
//! on both sides (mission M1–M3).
//!
//! One folder per thing, with the rooms of design.md, section 2.

pub mod additions;
pub mod autoprovisioning;
pub mod category;
mod columns;
pub mod component;
pub mod consumer;
pub mod group;
pub mod offering;
pub mod order;
pub mod plan;
pub mod provider;
pub mod resource;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::{Migration, jobs::Runner},
};
use stoa_tenancy::{access::simulate::Touches, project::ProjectGuards};

/// The tables of this area.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "0003_market", sql: include_str!("migrations/0003_market.sql") },
    Migration { name: "0012_autoprovisioning", sql: include_str!("migrations/0012_autoprovisioning.sql") },
];

/// Registers this area's actions, views and listeners.
pub fn register(registry: &mut Registry) {
    registry.fuller.extend(additions::fuller());
    order::register(registry);
    category::register(registry);
    provider::register(registry);
    consumer::register(registry);
    offering::register(registry);
    component::register(registry);
    plan::register(registry);
    resource::register(registry);
    autoprovisioning::register(registry);
}

/// Puts what this area needs into the core.
pub fn equip(core: Core) -> Core {
    core.with(ProjectGuards(vec![|cx, project| Box::pin(resource::store::guard_project(cx, project))]))
        .with(Touches(vec![order::jobs::touched]))
}

/// What this area does later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    plan::jobs::add(core, runner);
    order::jobs::add(core, runner);
    resource::jobs::add(core, runner);
    autoprovisioning::jobs(core, runner);
}

/// The states of this area's things and the moves between them, for the documents.
pub fn states() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    macro_rules! moves {
        ($state:ty) => {
            <$state>::ALL.iter().flat_map(|from| from.next().iter().map(|to| (from.text(), to.text()))).collect()
        };
    }
    vec![("Offering", moves!(offering::State)), ("Order", moves!(order::State)), ("Resource", moves!(resource::State))]
}
