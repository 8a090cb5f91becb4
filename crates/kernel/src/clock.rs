//! The only place that reads time and randomness (invariant 5). Both are handed on as values, so that a test can move
//! the clock instead of sleeping.

use crate::{id::Uuid, time::Time};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// A source of the present and of randomness. Copies share their offset.
#[derive(Clone, Default, Debug)]
pub struct Clock {
    moved: Arc<AtomicI64>,
}

impl Clock {
    /// The clock of the machine.
    pub fn new() -> Clock {
        Clock::default()
    }

    /// The present instant.
    #[allow(clippy::disallowed_methods, reason = "this is the place the lint points to")]
    pub fn now(&self) -> Time {
        let real = jiff::Timestamp::now().as_microsecond();
        Time(real + self.moved.load(Ordering::Relaxed))
    }

    /// Moves this clock and its copies by a number of seconds. For tests.
    pub fn advance(&self, seconds: i64) {
        self.moved.fetch_add(seconds * Time::SECOND, Ordering::Relaxed);
    }

    /// A fresh, unguessable public identifier (version 4: it tells nothing about when or where it was made).
    #[allow(clippy::disallowed_methods, reason = "this is the place the lint points to")]
    pub fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }

    /// Unguessable bytes for a secret.
    pub fn secret<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        // The operating system's generator fails only when there is none; a server without one must not hand out secrets.
        getrandom::fill(&mut bytes).unwrap_or_else(|error| panic!("no source of randomness: {error}"));
        bytes
    }
}
