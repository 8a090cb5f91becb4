//! Public identifiers: how they are read and printed.
//!
//! Inside, rows are joined by `i64` keys that no surface shows; outside, a thing is named by its uuid,
//! printed as 32 hexadecimal digits (reference/api-conventions.md, section 2).

pub use uuid::Uuid;

/// Reads a uuid in either form, 32 hexadecimal digits or with hyphens, in any case. Nothing else is accepted
/// (no braces, no `urn:`).
pub fn parse(text: &str) -> Option<Uuid> {
    let plain = matches!(text.len(), 32 | 36) && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    plain.then(|| Uuid::try_parse(text).ok()).flatten()
}

/// The 32 lower-case hexadecimal digits of a uuid.
pub fn hex(id: &Uuid) -> String {
    id.simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_same_uuid_and_nothing_else_does() {
        let id = parse("0123456789abcdef0123456789ABCDEF").unwrap();
        assert_eq!(parse("01234567-89ab-cdef-0123-456789abcdef"), Some(id));
        assert_eq!(hex(&id), "0123456789abcdef0123456789abcdef");
        for wrong in ["", "1", "{01234567-89ab-cdef-0123-456789abcdef}", "urn:uuid:0", &"g".repeat(32)] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
