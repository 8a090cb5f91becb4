//! The evidence as CSV: UTF-8, commas, every value in quotes, lines that end in CR LF. The same evidence always gives the same
//! bytes, so that their hash in the document proves the table.

use super::Evidence;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The table.
pub fn write(evidence: &Evidence) -> String {
    let mut out = String::new();
    line(&mut out, evidence.header.iter().copied());
    for row in &evidence.rows {
        line(&mut out, row.iter().map(String::as_str));
    }
    out
}

/// The SHA-256 of a table, in hexadecimal.
pub fn hash(csv: &str) -> String {
    let mut out = String::new();
    for byte in Sha256::digest(csv.as_bytes()) {
        // Writing to a String can't fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Appends a line.
pub fn line<'a>(out: &mut String, values: impl Iterator<Item = &'a str>) {
    for (at, value) in values.enumerate() {
        out.push_str(if at > 0 { ",\"" } else { "\"" });
        // A spreadsheet takes what begins like this for a formula (security case C17): an apostrophe makes it a text.
        if value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
            out.push('\'');
        }
        out.push_str(&value.replace('"', "\"\""));
        out.push('"');
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_and_formulas_are_texts() {
        let rows = vec![vec!["=1+1".to_owned(), "a \"b\", c\nd".to_owned()], vec!["-".to_owned(), "李".to_owned()]];
        let evidence = Evidence { header: vec!["one", "two"], rows, ..Evidence::default() };
        let csv = write(&evidence);
        assert_eq!(csv, "\"one\",\"two\"\r\n\"'=1+1\",\"a \"\"b\"\", c\nd\"\r\n\"'-\",\"李\"\r\n");
        assert_eq!(hash(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
