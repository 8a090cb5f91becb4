//! Files into trees that know their lines: TOML and YAML mean the same here.
//!
//! Of YAML, what makes one text of another is left out: anchors, aliases, tags and several documents in a file.

use super::{Place, Problems};
use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;
use std::sync::Arc;
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

/// Levels of a tree.
const DEEPEST: usize = 32;

/// A part of a tree.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub what: What,
}

/// What a part of a tree is.
#[derive(Debug, Clone)]
pub enum What {
    /// A text, a number, true, false or nothing.
    Plain(Value),
    /// A list.
    List(Vec<Node>),
    /// A table, in the order of the text: key, where the key is, value.
    Table(Vec<(String, Place, Node)>),
}

impl Node {
    /// As JSON, without the places.
    pub fn value(&self) -> Value {
        match &self.what {
            What::Plain(value) => value.clone(),
            What::List(list) => list.iter().map(Node::value).collect(),
            What::Table(table) => table.iter().map(|(key, _, node)| (key.clone(), node.value())).collect(),
        }
    }

    /// Its text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.what {
            What::Plain(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

/// Reads a file by the end of its name: `.toml`, `.yaml` or `.yml`. `None` if it can't be read; the problem is told.
pub fn parse(name: &str, text: &str, problems: &mut Problems) -> Option<Node> {
    let file: Arc<str> = name.into();
    let read = if name.ends_with(".toml") { toml_tree(&file, text) } else { yaml_tree(&file, text) };
    read.map_err(|(place, what)| problems.add(&place, what)).ok()
}

type Read<T> = Result<T, (Place, String)>;

/// Finds lines by offsets.
struct Lines<'a> {
    file: &'a Arc<str>,
    ends: Vec<usize>,
}

impl Lines<'_> {
    fn at(&self, offset: usize) -> Place {
        Place { file: self.file.clone(), line: self.ends.partition_point(|end| *end < offset) + 1 }
    }
}

fn toml_tree(file: &Arc<str>, text: &str) -> Read<Node> {
    let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
    let lines = Lines { file, ends };
    let table = DeTable::parse(text).map_err(|error| {
        let place = lines.at(error.span().map_or(0, |span| span.start));
        (place, error.message().to_owned())
    })?;
    Ok(Node { place: lines.at(0), what: toml_table(table.into_inner(), &lines) })
}

fn toml_table(table: DeTable<'_>, lines: &Lines<'_>) -> What {
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let entry = |(key, value): (Spanned<DeString<'_>>, Spanned<DeValue<'_>>)| {
        let place = lines.at(key.span().start);
        (key.into_inner().into_owned(), place, toml_node(value, lines))
    };
    What::Table(entries.into_iter().map(entry).collect())
}

fn toml_node(value: Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Node {
    let place = lines.at(value.span().start);
    let what = match value.into_inner() {
        DeValue::Table(table) => toml_table(table, lines),
        DeValue::Array(list) => What::List(list.into_iter().map(|one| toml_node(one, lines)).collect()),
        DeValue::String(text) => What::Plain(Value::String(text.into_owned())),
        DeValue::Boolean(truth) => What::Plain(truth.into()),
        DeValue::Datetime(time) => What::Plain(time.to_string().into()),
        DeValue::Integer(number) => {
            let whole = i64::from_str_radix(number.as_str(), number.radix()).ok();
            What::Plain(whole.map_or_else(|| number.as_str().into(), Value::from))
        }
        DeValue::Float(number) => {
            let float = number.as_str().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            What::Plain(float.map_or_else(|| number.as_str().into(), Value::Number))
        }
    };
    Node { place, what }
}

/// A list or table of YAML that is not at its end.
enum Begun {
    List(Place, Vec<Node>),
    Table(Place, Vec<(String, Place, Node)>, Option<(String, Place)>),
}

fn yaml_tree(file: &Arc<str>, text: &str) -> Read<Node> {
    let mut open: Vec<Begun> = Vec::new();
    let (mut root, mut documents) = (None, 0);
    for event in Parser::new_from_str(text) {
        let place = |line: usize| Place { file: file.clone(), line: line.max(1) };
        let (event, span) = event.map_err(|error| (place(error.marker().line()), error.info().to_owned()))?;
        let place = place(span.start.line());
        let no = |what: &str| Err((place.clone(), what.to_owned()));
        let done = match event {
            Event::Alias(_) => return no("Aliases are not read: write it out."),
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                if anchor != 0 =>
            {
                return no("Anchors are not read: write it out.");
            }
            Event::Scalar(_, _, _, Some(_)) | Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                return no("Tags are not read.");
            }
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return no("A file is one document.");
                }
                continue;
            }
            Event::SequenceStart(..) => {
                open.push(Begun::List(place, Vec::new()));
                if open.len() > DEEPEST {
                    return Err((
                        Place { file: file.clone(), line: span.start.line() },
                        "It is nested too deep.".into(),
                    ));
                }
                continue;
            }
            Event::MappingStart(..) => {
                if matches!(open.last(), Some(Begun::Table(_, _, None))) || open.len() >= DEEPEST {
                    return no("A key is a text, and nothing is nested so deep.");
                }
                open.push(Begun::Table(place, Vec::new(), None));
                continue;
            }
            Event::Scalar(text, style, ..) => {
                if let Some(Begun::Table(_, entries, key @ None)) = open.last_mut() {
                    if entries.iter().any(|(known, ..)| *known == text) {
                        return no(&format!("The key {text} is there twice."));
                    }
                    *key = Some((text.into_owned(), place));
                    continue;
                }
                let value = if style == ScalarStyle::Plain { plain(&text) } else { Value::String(text.into_owned()) };
                Node { place, what: What::Plain(value) }
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Begun::List(place, list)) => Node { place, what: What::List(list) },
                Some(Begun::Table(place, entries, _)) => Node { place, what: What::Table(entries) },
                None => continue,
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
        };
        match open.last_mut() {
            Some(Begun::List(_, list)) => list.push(done),
            Some(Begun::Table(_, entries, key)) => match key.take() {
                Some((name, at)) => entries.push((name, at, done)),
                None => return Err((done.place, "A key is a text.".into())),
            },
            None => root = Some(done),
        }
    }
    let empty = || Node { place: Place { file: file.clone(), line: 1 }, what: What::Table(Vec::new()) };
    Ok(root.filter(|node| !matches!(&node.what, What::Plain(Value::Null))).unwrap_or_else(empty))
}

/// A scalar without quotes, by the core schema of YAML 1.2: `no` is a text.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => {
            let number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            let whole = number.then(|| text.parse::<i64>().ok()).flatten().map(Value::from);
            let float = || number.then(|| text.parse::<f64>().ok()).flatten();
            let float = || float().and_then(serde_json::Number::from_f64).map(Value::Number);
            whole.or_else(float).unwrap_or_else(|| text.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(name: &str, text: &str) -> Result<Node, String> {
        let mut problems = Problems::default();
        parse(name, text, &mut problems).ok_or_else(|| format!("{:?}", problems.0))
    }

    #[test]
    fn both_forms_give_the_same_tree() {
        let toml = "x = 1\n[a.\"b c\"]\ntexts = [\"1\", \"no\"]\nday = 2026-01-02\nhalf = 0.5\nyes = true\n";
        let yaml = "x: 1\na:\n  b c:\n    texts: ['1', no]\n    day: 2026-01-02\n    half: 0.5\n    yes: true\n";
        let tree = json!({"x": 1, "a": {"b c": {"texts": ["1", "no"], "day": "2026-01-02", "half": 0.5, "yes": true}}});
        assert_eq!(read("a.toml", toml).unwrap().value(), tree);
        assert_eq!(read("a.yaml", yaml).unwrap().value(), tree);
        assert_eq!(read("a.yaml", "# nothing\n").unwrap().value(), json!({}));
    }

    #[test]
    fn every_part_knows_its_line() {
        for (name, text) in [("a.toml", "\n[a]\n\nb = [\n  1,\n  2]\n"), ("a.yml", "\na:\n\n  b:\n  - 1\n  - 2\n")] {
            let node = read(name, text).unwrap();
            let What::Table(root) = &node.what else { panic!("{node:?}") };
            assert_eq!((root[0].0.as_str(), root[0].1.line), ("a", 2), "{name}");
            let What::Table(inner) = &root[0].2.what else { panic!("{node:?}") };
            assert_eq!(inner[0].1.to_string(), format!("{name}:4"));
            let What::List(list) = &inner[0].2.what else { panic!("{node:?}") };
            assert_eq!((list[0].place.line, list[1].place.line), (5, 6), "{name}");
        }
    }

    #[test]
    fn what_is_no_tree_is_told_with_its_line() {
        for (name, text, line, what) in [
            ("a.toml", "a = 1\nb = \n", 2, ""),
            ("a.toml", "a = 1\na = 2\n", 2, "duplicate"),
            ("a.yaml", "a: 1\nb: [\n", 3, ""),
            ("a.yaml", "a: 1\na: 2\n", 2, "twice"),
            ("a.yaml", "a: &x 1\nb: *x\n", 1, "Anchors"),
            ("a.yaml", "a: 1\n---\nb: 2\n", 2, "one document"),
            ("a.yaml", "a: !!int 1\n", 1, "Tags"),
            ("a.yaml", "? [a]\n: 1\n", 1, "key"),
        ] {
            let problem = read(name, text).unwrap_err();
            assert!(problem.contains(what), "{text}: {problem}");
            assert!(problem.contains(&format!("{name}:{line}")), "{text}: {problem}");
        }
        assert!(read("a.yaml", &"[".repeat(100)).is_err() && read("a.yaml", &"{a: ".repeat(100)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_told(text in "[a-c:{}\\[\\]&*!|>#\"' \n=.0-9-]{0,60}") {
            let _ = read("a.toml", &text);
            let _ = read("a.yaml", &text);
        }
    }
}
