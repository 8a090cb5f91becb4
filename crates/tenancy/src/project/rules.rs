//! Decisions about projects, from values alone.

use stoa_kernel::{Date, Error, Result};

/// Whether a project has ended: its end date and the days of grace after it are over. The end date itself still belongs to
/// the project (reference/structure.md, section 4).
pub fn has_ended(end: Option<Date>, grace_days: Option<i64>, today: Date) -> bool {
    end.is_some_and(|end| end.plus_days(grace_days.unwrap_or(0)) < today)
}

/// A day that is set can't be over.
///
/// # Errors
/// Invalid, on the field.
pub fn not_past(field: &str, day: Option<Date>, today: Date) -> Result<()> {
    match day {
        Some(day) if day < today => Err(Error::field(field, "Cannot be earlier than the current date.")),
        _ => Ok(()),
    }
}

/// Elements that a description keeps, without their attributes.
const KEPT: &[&str] = &[
    "p",
    "br",
    "b",
    "i",
    "u",
    "s",
    "em",
    "strong",
    "ul",
    "ol",
    "li",
    "code",
    "pre",
    "blockquote",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "sub",
    "sup",
    "table",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
];

/// Elements whose content goes with them.
const DROPPED: &[&str] = &["script", "style", "iframe", "object", "embed", "template", "noscript"];

/// HTML without anything that could act: of elements only [`KEPT`] stay, bare; every other `<` becomes text. Written to be
/// safe rather than complete: what it lets through is a fixed set of texts.
pub fn clean_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at].replace('>', "&gt;"));
        rest = &rest[at..];
        let Some((name, closing, length)) = tag(rest) else {
            out.push_str("&lt;");
            rest = &rest[1..];
            continue;
        };
        rest = &rest[length..];
        if KEPT.contains(&name.as_str()) {
            out.push_str(if closing { "</" } else { "<" });
            out.push_str(&name);
            out.push('>');
        } else if DROPPED.contains(&name.as_str()) && !closing {
            let end = rest.to_ascii_lowercase().find(&format!("</{name}"));
            rest = end.map_or("", |end| &rest[end..]);
        }
    }
    out.push_str(&rest.replace('>', "&gt;"));
    out
}

/// The tag with which a text begins: its name in lower case, whether it closes, and its length. A comment is a tag without
/// a name.
fn tag(text: &str) -> Option<(String, bool, usize)> {
    if let Some(comment) = text.strip_prefix("<!") {
        let end = if comment.starts_with("--") {
            comment.find("-->").map(|at| at + 3)
        } else {
            comment.find('>').map(|at| at + 1)
        };
        return Some((String::new(), false, end.map_or(text.len(), |end| end + 2)));
    }
    let closing = text.starts_with("</");
    let inner = &text[if closing { 2 } else { 1 }..];
    if !inner.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let name: String = inner.chars().take_while(char::is_ascii_alphanumeric).collect();
    let end = text.find('>')?;
    Some((name.to_ascii_lowercase(), closing, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_day_belongs_to_the_project() {
        let day = |text| Date::parse(text).unwrap();
        let end = Some(day("2026-03-01"));
        assert!(!has_ended(end, None, day("2026-03-01")));
        assert!(has_ended(end, None, day("2026-03-02")));
        assert!(!has_ended(end, Some(3), day("2026-03-04")));
        assert!(has_ended(end, Some(3), day("2026-03-05")));
        assert!(!has_ended(None, None, day("2026-03-05")));
    }

    #[test]
    fn what_could_act_is_gone() {
        for (dirty, clean) in [
            ("plain & simple", "plain & simple"),
            ("1 < 2 > 0", "1 &lt; 2 &gt; 0"),
            ("<p class=x>Hi <b onclick='go()'>you</b></p>", "<p>Hi <b>you</b></p>"),
            ("a<script>alert(1)</script>b", "ab"),
            ("a<ScRiPt src=//x>", "a"),
            ("<img src=x onerror=go()>", ""),
            ("<a href='javascript:go()'>x</a>", "x"),
            ("a<!-- <b> -->c", "ac"),
            ("<b", "&lt;b"),
        ] {
            assert_eq!(clean_html(dirty), clean, "{dirty}");
        }
    }

    proptest! {
        #[test]
        fn only_bare_known_elements_are_left(dirty in r#"[a-z<>/!'"= -]{0,80}"#) {
            let clean = clean_html(&dirty);
            for part in clean.split('<').skip(1) {
                let name = part.split('>').next().unwrap_or("").trim_start_matches('/');
                prop_assert!(KEPT.contains(&name), "{dirty} became {clean}");
            }
            prop_assert_eq!(clean_html(&clean), clean.clone());
        }
    }
}
