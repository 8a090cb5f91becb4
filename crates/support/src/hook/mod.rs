//! Hooks: a person's wish to be told of events, by a call to a web address or by mail.
//!
//! An event is recorded without a look at hooks. A job reads the record in its order ([`jobs`]), finds the hooks that want an
//! event and whose owner is permitted to see it at that moment, and notes a delivery for each; mail hooks get a letter at once.
//! Deliveries are sent beside the job ([`send`]), so that a slow receiver holds up nobody else. What became of each is in its row,
//! which the hook's owner can read.

pub mod actions;
pub mod jobs;
pub mod rules;
pub mod send;
pub mod store;
pub mod views;

pub use jobs::jobs;

use stoa_kernel::door::Registry;

stoa_kernel::states! {
    /// What became of an event for a web hook.
    pub enum State {
        // It is sent, or tried again, when its time comes.
        Pending = "pending" -> [Delivered, Failed, Withheld],
        // The receiver took it.
        Delivered = "delivered" -> [Pending],
        // It was tried as often as it is tried, or the hook was switched off.
        Failed = "failed" -> [Pending],
        // It was not sent: the hook's owner may no longer see the event, or the event is gone.
        Withheld = "withheld" -> [Pending],
    }
}

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::WEB_HOOKS, &views::EMAIL_HOOKS, &views::HOOKS, &views::DELIVERIES]);
    registry.actions.extend([
        &actions::web::CREATE,
        &actions::web::UPDATE,
        &actions::web::DELETE,
        &actions::web::ROTATE,
        &actions::web::TEST,
        &actions::web::REDELIVER,
        &actions::web::SWITCH_OFF,
        &actions::email::CREATE,
        &actions::email::UPDATE,
        &actions::email::DELETE,
        &actions::email::CONFIRM,
    ]);
}
