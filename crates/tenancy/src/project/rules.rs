//! Decisions about projects, from values alone.

use stoa_kernel::Date;

/// Whether a project has ended: its end date and the days of grace after it are over. The end date itself still belongs to
/// the project (reference/structure.md, section 4).
pub fn has_ended(end: Option<Date>, grace_days: Option<i64>, today: Date) -> bool {
    end.is_some_and(|end| end.plus_days(grace_days.unwrap_or(0)) < today)
}
