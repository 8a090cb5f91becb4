//! An order asks for one thing about one resource: make it, change it, end it, bring it back (mission M1).
//!
//! It is placed on the consumer's side, approved there and by the provider as far as the rules ask for it, executed, and over:
//! done, erred, canceled or rejected. A resource has at most one order that is not over; an index of the table sees to it.
//!
//! [`place`] makes an order, whatever asked for it; [`finish`] ends one and does to the resource what its end means. Both
//! keep the reservations of limits in step (design.md, section 7): see [`store::reserve`].

pub mod actions;
pub mod finish;
pub mod jobs;
pub mod place;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be seen of orders and done with them.
pub fn register(registry: &mut Registry) {
    registry.views.push(&views::ORDERS);
    registry.actions.extend(actions::ALL);
    registry.listeners.extend(jobs::LISTENERS);
}

/// What an order asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Make the resource.
    Create,
    /// Change its limits, plan, options or end.
    Update,
    /// End it.
    Terminate,
    /// Bring an ended one back.
    Restore,
}

impl Kind {
    /// Every kind's text.
    pub const TEXTS: &'static [&'static str] = &["Create", "Update", "Terminate", "Restore"];

    /// The text that is stored and shown.
    pub const fn text(self) -> &'static str {
        match self {
            Kind::Create => "Create",
            Kind::Update => "Update",
            Kind::Terminate => "Terminate",
            Kind::Restore => "Restore",
        }
    }

    /// Reads the text back.
    pub fn parse(text: &str) -> Option<Kind> {
        [Kind::Create, Kind::Update, Kind::Terminate, Kind::Restore].into_iter().find(|kind| kind.text() == text)
    }
}

stoa_kernel::states! {
    /// Where an order is on its way.
    pub enum State {
        PendingConsumer = "pending-consumer" -> [PendingProject, PendingProvider, PendingStartDate, Executing, Canceled, Rejected, Erred],
        PendingProvider = "pending-provider" -> [PendingStartDate, Executing, Canceled, Rejected, Erred],
        PendingProject = "pending-project" -> [PendingProvider, PendingStartDate, Executing, Canceled, Erred],
        PendingStartDate = "pending-start-date" -> [Executing, Canceled, Erred],
        Executing = "executing" -> [Done, Canceled, Erred],
        Done = "done" -> [],
        Erred = "erred" -> [Executing],
        Canceled = "canceled" -> [],
        Rejected = "rejected" -> [],
    }
}

impl State {
    /// Whether the order is over.
    pub const fn is_over(self) -> bool {
        matches!(self, State::Done | State::Erred | State::Canceled | State::Rejected)
    }
}

/// The states in which nobody works on an order yet.
pub const PENDING: &[&str] = &[
    State::PendingConsumer.text(),
    State::PendingProvider.text(),
    State::PendingProject.text(),
    State::PendingStartDate.text(),
];
