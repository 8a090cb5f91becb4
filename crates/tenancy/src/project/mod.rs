//! Projects gather and isolate people and resources (mission J1–J4).
//!
//! A project is removed softly: its row stays, its grants end, and it can be recovered. Its organization can say which
//! offerings may be used in it (mission O5): [`store::offers`] answers that to the marketplace.

pub mod actions;
pub mod rules;
pub mod store;
pub mod views;

use futures::future::BoxFuture;
use stoa_kernel::{Result, action::Cx, door::Core};

stoa_kernel::states! {
    /// Whether a project is there.
    pub enum State {
        Active = "Active" -> [Removed],
        Removed = "Removed" -> [Active],
    }
}

/// A question to an area above before a project is removed: gets the project's key, and refuses with a conflict.
pub type Guard = for<'a, 't> fn(&'a mut Cx<'t>, i64) -> BoxFuture<'a, Result<()>>;

/// Everybody who is asked before a project is removed. The program puts this into the core with [`Core::with`]; without it
/// nobody objects.
#[derive(Debug, Clone, Default)]
pub struct ProjectGuards(pub Vec<Guard>);

impl ProjectGuards {
    fn of(core: &Core) -> &[Guard] {
        core.get::<ProjectGuards>().map_or(&[], |guards| guards.0.as_slice())
    }
}
