//! When a name is locked, and when a token ends.

use stoa_kernel::Time;

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

/// When a token ends that was last used at an instant; `None` for never.
pub fn expiry(used: Time, lifetime: Option<i64>) -> Option<Time> {
    lifetime.map(|seconds| used.plus_seconds(seconds))
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
}
