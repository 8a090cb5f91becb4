//! What tells people and systems what happened or what to do: mail, hooks, subscriptions, announcements, user actions.

pub mod announcement;
pub mod external_link;
mod hand_over;
pub mod hook;
pub mod mail;
pub mod outbound;
pub mod subscription;
pub mod user_action;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Registry},
    store::{Migration, jobs::Runner},
};

/// The tables of this area.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "0013_mail", sql: include_str!("migrations/0013_mail.sql") },
    Migration { name: "0014_hooks", sql: include_str!("migrations/0014_hooks.sql") },
    Migration { name: "0015_notices", sql: include_str!("migrations/0015_notices.sql") },
    Migration { name: "0016_user_actions", sql: include_str!("migrations/0016_user_actions.sql") },
];

/// Registers this area's actions, views and listeners.
pub fn register(registry: &mut Registry) {
    mail::register(registry);
    hook::register(registry);
    subscription::register(registry);
    announcement::register(registry);
    external_link::register(registry);
    user_action::register(registry);
}

/// Puts what this area needs into the core.
pub fn equip(core: Core) -> Core {
    core.with(outbound::Outbound::new(outbound::Policy::default()))
        .with(hook::send::Pump::default())
        .with(mail::delivered())
}

/// What this area does later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    mail::jobs(core, runner);
    hand_over::jobs(core, runner);
    hook::jobs(core, runner);
    subscription::jobs(core, runner);
    announcement::jobs(core, runner);
    external_link::jobs(core, runner);
    user_action::jobs(core, runner);
}
