//! When a name is locked, and when a token ends.

use stoa_kernel::Time;

/// Seconds after a sign-in within which credentials can be changed without proving oneself again.
pub const FRESH_SECONDS: i64 = 900;

/// Seconds for which a locked name stays locked, and within which failures count together.
pub const LOCK_SECONDS: i64 = 600;
/// Failures of one name from one address after which that pair is locked.
const FAILURES_PER_ADDRESS: i64 = 4;
/// Addresses with failures for one name from which on each of them has a single attempt.
const ADDRESSES_PER_NAME: i64 = 5;

/// Whether an attempt is refused before the password is looked at: `failures` of this name from this address, and the number
/// of `addresses` from which this name has failed, both within [`LOCK_SECONDS`].
///
/// The lock is on the pair, so nobody locks somebody else out. Where many addresses try one name, each has one attempt
/// instead of four: guessing from many machines gains little, and the owner at a fresh address still gets in.
pub fn is_locked(failures: i64, addresses: i64) -> bool {
    let most = if addresses >= ADDRESSES_PER_NAME { 1 } else { FAILURES_PER_ADDRESS };
    failures >= most
}

/// When a token ends that was last used at an instant, whose user gives it a lifetime after each use, and which never
/// outlives `ends_at`; `None` for never.
pub fn expiry(used: Time, lifetime: Option<i64>, ends_at: Option<Time>) -> Option<Time> {
    let idle = lifetime.map(|seconds| used.plus_seconds(seconds));
    [idle, ends_at].into_iter().flatten().min()
}

/// The instant that no use moves: `days` after the sign-in, and not after `until`, where the proof itself ends sooner. Only
/// a login token of a user who wants his tokens to live for ever has none.
pub fn end(created: Time, days: i64, until: Option<Time>, endless: bool) -> Option<Time> {
    let longest = (!endless).then(|| created.plus_seconds(days.max(1) * 86_400));
    [longest, until].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_attempts_then_locked_and_one_where_many_try() {
        assert!(!is_locked(3, 1));
        assert!(is_locked(4, 1));
        assert!(!is_locked(0, 100));
        assert!(is_locked(1, 5));
        assert!(!is_locked(1, 4));
    }

    #[test]
    fn no_use_moves_the_end() {
        let at = |seconds| Time(0).plus_seconds(seconds);
        assert_eq!(expiry(at(100), Some(60), Some(at(1000))), Some(at(160)));
        assert_eq!(expiry(at(990), Some(60), Some(at(1000))), Some(at(1000)));
        assert_eq!(expiry(at(990), None, Some(at(1000))), Some(at(1000)));
        assert_eq!(expiry(at(990), None, None), None);
        assert_eq!(end(at(0), 1, None, false), Some(at(86_400)));
        assert_eq!(end(at(0), 1, Some(at(60)), false), Some(at(60)));
        assert_eq!(end(at(0), 1, Some(at(60)), true), Some(at(60)));
        assert_eq!(end(at(0), 1, None, true), None);
    }
}
