//! Money and amounts: fixed-point decimals, never floats (design.md, section 4).
//!
//! An [`Amount`] is a whole number of ten-millionths. Both engines store it as a 64-bit integer, so sums and comparisons
//! in SQL are exact on both. It holds ±922 billion with seven places; finer input is refused, not rounded.

use std::fmt;

/// A fixed-point decimal with seven places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Amount(pub i64);

/// Digits after the point that an amount keeps.
pub const PLACES: u32 = 7;
const ONE: i64 = 10_000_000;

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);

    /// A whole number; `None` beyond ±922 billion.
    pub fn whole(n: i64) -> Option<Amount> {
        n.checked_mul(ONE).map(Amount)
    }

    /// Reads a plain decimal such as `-12.5`; `None` for anything else, for more than seven places that are not zero, and
    /// beyond the range.
    pub fn parse(text: &str) -> Option<Amount> {
        let (negative, digits) = match text.trim().strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.trim()),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let part = part.trim_end_matches('0');
        if (whole.is_empty() && part.is_empty() && !digits.contains('0'))
            || digits.len() > 64
            || part.len() > PLACES as usize
            || !all_digits(whole)
            || !all_digits(part)
        {
            return None;
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let part: i64 = if part.is_empty() { 0 } else { format!("{part:0<7}").parse().ok()? };
        let total = whole.checked_mul(ONE)?.checked_add(part)?;
        Some(Amount(if negative { -total } else { total }))
    }

    /// The sum; `None` beyond the range.
    pub fn plus(self, other: Amount) -> Option<Amount> {
        self.0.checked_add(other.0).map(Amount)
    }

    /// This amount a whole number of times; `None` beyond the range.
    pub fn times(self, n: i64) -> Option<Amount> {
        self.0.checked_mul(n).map(Amount)
    }

    /// Printed with exactly this many places, rounded half away from zero where the amount has more.
    pub fn fixed(self, places: u32) -> String {
        let kept = places.min(PLACES);
        let unit = 10_i128.pow(PLACES - kept);
        let magnitude = i128::from(self.0).abs();
        let rounded = (magnitude + unit / 2) / unit;
        let scale = 10_i128.pow(kept);
        let sign = if self.0 < 0 && rounded != 0 { "-" } else { "" };
        let mut text = format!("{sign}{}", rounded / scale);
        if places > 0 {
            let part = format!("{:0width$}", rounded % scale, width = kept as usize);
            text.push('.');
            text.push_str(&part);
            text.extend(std::iter::repeat_n('0', (places - kept) as usize));
        }
        text
    }

    /// The nearest floating-point number, for the few answers whose format asks for a JSON number.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }
}

/// The shortest exact form: `12.5`, `-3`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let text = self.fixed(PLACES);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let third = Amount::parse("0.1").unwrap().plus(Amount::parse("0.2").unwrap()).unwrap();
        assert_eq!(third, Amount::parse("0.30").unwrap());
        assert_eq!(third.fixed(10), "0.3000000000");
        assert_eq!(Amount::parse("-12.50").unwrap().to_string(), "-12.5");
        assert_eq!(Amount::parse("2.345").unwrap().fixed(2), "2.35");
        assert_eq!(Amount::parse("-0.001").unwrap().fixed(2), "0.00");
        assert_eq!(Amount::parse("10").unwrap().to_string(), "10");
    }

    #[test]
    fn what_is_not_a_plain_decimal_is_refused() {
        for wrong in ["", "-", ".", "1e5", "NaN", "1,5", "0.00000001", "999999999999999", "--1", "1.2.3", "٣"] {
            assert_eq!(Amount::parse(wrong), None, "{wrong}");
        }
    }
}
