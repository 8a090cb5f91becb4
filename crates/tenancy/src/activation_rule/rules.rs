//! What an activation takes, from values alone: of several voices the strictest counts, and nothing loosens.

use stoa_kernel::error::Invalid;

/// The most hours that any activation lasts.
pub const MOST_HOURS: i64 = 720;
/// The longest reason, in characters.
pub const MOST_REASON: i64 = 1_000;

/// What an activation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// For how many hours at most.
    pub max_hours: i64,
    /// Whether somebody else must approve it.
    pub approval: bool,
    /// Whether it takes a sign-in with a second factor.
    pub second_factor: bool,
    /// How many characters the reason has at least.
    pub min_reason: i64,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms { max_hours: MOST_HOURS, approval: false, second_factor: false, min_reason: 1 }
    }
}

impl Terms {
    /// The stricter of two.
    pub fn and(self, other: Terms) -> Terms {
        Terms {
            max_hours: self.max_hours.min(other.max_hours),
            approval: self.approval || other.approval,
            second_factor: self.second_factor || other.second_factor,
            min_reason: self.min_reason.max(other.min_reason),
        }
    }

    /// What is wrong with what somebody asks for, by field.
    ///
    /// # Errors
    /// Invalid for too many hours and for a reason that is too short.
    pub fn check(self, hours: i64, reason: &str) -> stoa_kernel::Result<()> {
        let mut invalid = Invalid::default();
        if hours > self.max_hours {
            invalid.add("hours", format!("The role can be activated for at most {} hours here.", self.max_hours));
        }
        let length = i64::try_from(reason.chars().count()).unwrap_or(i64::MAX);
        if length < self.min_reason {
            invalid.add("reason", format!("A reason has at least {} characters here.", self.min_reason));
        }
        invalid.done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms() -> impl Strategy<Value = Terms> {
        (1..=MOST_HOURS, any::<bool>(), any::<bool>(), 1..=MOST_REASON).prop_map(
            |(max_hours, approval, second_factor, min_reason)| Terms { max_hours, approval, second_factor, min_reason },
        )
    }

    proptest! {
        #[test]
        fn nothing_loosens(one in terms(), other in terms(), hours in 1..=MOST_HOURS, reason in "[a-z]{0,40}") {
            let both = one.and(other);
            prop_assert_eq!(both, other.and(one));
            prop_assert_eq!(both.and(one), both);
            prop_assert_eq!(one.and(Terms::default()), one);
            let alone = one.check(hours, &reason).is_ok() && other.check(hours, &reason).is_ok();
            prop_assert_eq!(both.check(hours, &reason).is_ok(), alone);
            prop_assert_eq!(both.approval, one.approval || other.approval);
            prop_assert_eq!(both.second_factor, one.second_factor || other.second_factor);
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let terms = Terms { max_hours: 4, min_reason: 10, ..Terms::default() };
        let Err(stoa_kernel::Error::Invalid(invalid)) = terms.check(5, "Short.") else { panic!("it passes") };
        assert_eq!(invalid.fields.keys().map(String::as_str).collect::<Vec<_>>(), ["hours", "reason"]);
        assert!(terms.check(4, "Ten chars.").is_ok());
    }
}
