//! When a review is due.

use stoa_kernel::Time;

/// Days after a review during which no other is opened.
pub const QUIET_DAYS: i64 = 90;

/// Reviews that were closed before this instant no longer keep the next one away.
pub fn due_before(now: Time) -> Time {
    now.plus_seconds(-QUIET_DAYS * 86_400)
}
