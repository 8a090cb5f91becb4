//! What is declared against what is there: steps, in an order that works. No database, no clock.
//!
//! Settings come first, as they settle what roles carry; then types, divisions from the top, roles, organizations, projects,
//! guards; grants that end, that change and that begin; then what shuts an organization; then removals, the other way round, but
//! for guards: those go before grants that they may forbid.

mod choices;
mod find;
mod team;
mod things;

pub use choices::{beyond, edited};

use super::{
    Declaration, Problems,
    kinds::{GUARD, KINDS, ROLE},
    step::Step,
    store::Present,
};
use find::Found;
use stoa_kernel::{Result, Time};

/// What it takes, and what is left alone.
#[derive(Debug, Default)]
pub struct Steps {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What is there, is not declared, and stays as it is.
    pub left: Vec<String>,
}

/// Compares.
///
/// # Errors
/// Invalid, naming every place where something is wrong.
pub fn steps(declared: &Declaration, present: &Present, now: Time) -> Result<Steps> {
    let mut problems = Problems::default();
    let (present, choices) = choices::settled(declared, present);
    let found = Found::new(declared, &present, &mut problems);
    let wanted = things::wanted(&found, &mut problems);
    let (mut steps, mut left) = choices::steps(declared, &present);
    let mut closing = Vec::new();
    for kind in KINDS {
        if kind.list == ROLE.list {
            let (reset, stays) = choices::resets(&found, choices);
            steps.extend(reset);
            left.extend(stays);
        }
        for item in things::order(&found, &wanted, kind, &mut problems) {
            let (now, late) = things::steps(&found, &wanted, item, choices, &mut problems);
            steps.extend(now);
            closing.extend(late);
        }
    }
    let mut removals = Vec::new();
    for kind in KINDS.iter().rev() {
        let (gone, stays) = things::removals(&found, &wanted, kind, &mut problems);
        if kind.list == GUARD.list {
            steps.extend(gone)
        } else {
            removals.extend(gone)
        }
        left.extend(stays);
    }
    let (grants, stays) = team::steps(&found, &removals, now, &mut problems);
    steps.extend(grants);
    left.extend(stays);
    steps.extend(closing);
    steps.extend(removals);
    problems.done()?;
    Ok(Steps { steps, left })
}
