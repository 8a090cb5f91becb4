//! From codes to their names inside a statement, so that a list with names stays one statement without a table of names.
//!
//! The text is made while the program is compiled; see [`crate::vocabulary::countries::NAME_SQL`].

/// Writes `CASE column WHEN 'code' THEN 'name' … ELSE '' END`; returns its length. With no room it only counts.
pub const fn case(out: &mut [u8], column: &str, pairs: &[(&str, &str)]) -> usize {
    let mut at = put(out, 0, "CASE ", false);
    at = put(out, at, column, false);
    let mut i = 0;
    while i < pairs.len() {
        at = put(out, at, " WHEN '", false);
        at = put(out, at, pairs[i].0, true);
        at = put(out, at, "' THEN '", false);
        at = put(out, at, pairs[i].1, true);
        at = put(out, at, "'", false);
        i += 1;
    }
    put(out, at, " ELSE '' END", false)
}

/// Copies a text to a place; inside a literal, quotes are doubled.
const fn put(out: &mut [u8], mut at: usize, text: &str, literal: bool) -> usize {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let times = if literal && bytes[i] == b'\'' { 2 } else { 1 };
        let mut n = 0;
        while n < times {
            if at < out.len() {
                out[at] = bytes[i];
            }
            at += 1;
            n += 1;
        }
        i += 1;
    }
    at
}

/// The codes of pairs of code and name.
pub const fn codes<const N: usize>(pairs: &'static [(&'static str, &'static str)]) -> [&'static str; N] {
    let mut codes = [""; N];
    let mut i = 0;
    while i < N {
        codes[i] = pairs[i].0;
        i += 1;
    }
    codes
}

/// Bytes that [`case`] wrote, as text.
pub const fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a label that is no text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_in_literals() {
        const PAIRS: &[(&str, &str)] = &[("CI", "Côte d'Ivoire"), ("EE", "Estonia")];
        const LENGTH: usize = case(&mut [], "c.country", PAIRS);
        let mut bytes = [0; LENGTH];
        case(&mut bytes, "c.country", PAIRS);
        let expected = "CASE c.country WHEN 'CI' THEN 'Côte d''Ivoire' WHEN 'EE' THEN 'Estonia' ELSE '' END";
        assert_eq!(text(&bytes), expected);
        assert_eq!(codes::<2>(PAIRS), ["CI", "EE"]);
    }
}
