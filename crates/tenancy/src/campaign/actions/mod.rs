//! What can be done with campaigns: making them, running them, and deciding about their items.

mod decide;
mod plan;
mod run;

pub use decide::{DECIDE, DELEGATE};
pub use plan::{CREATE, CREATE_FOR_ALL, UPDATE};
pub use run::{CANCEL, CLOSE, START};
