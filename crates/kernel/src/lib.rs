//! The frame of Stoa. It knows no business word, no HTTP and no HTML (ARCHITECTURE.md, invariant 8).
//!
//! What can be *done* is an [`action::Action`], what can be *seen* is a [`view::View`]; both are constants.
//! [`door::perform`] runs every action and [`door::look`] every view, for every surface. Start reading there.

pub mod access;
pub mod action;
pub mod clock;
pub mod door;
pub mod error;
pub mod event;
pub mod field;
mod guard;
pub mod id;
pub mod money;
pub mod narrow;
pub mod record;
pub mod series;
pub mod state;
pub mod store;
pub mod time;
pub mod used;
pub mod val;
pub mod view;

pub use error::{Error, Result};
pub use store::{Query, Row, Store, Tx};
pub use time::{Date, Time};
pub use val::Val;
