//! From rows to JSON, by the kinds of the columns; no tree of values is built on the way.
//!
//! The two engines hold some values differently (SQLite has no booleans, times, dates or uuids, and rows within a row arrive as
//! JSON), so every value first becomes a [`Cell`], and one function writes it.

use super::links::Links;
use serde_json::{Map, Value, value::RawValue};
use std::{borrow::Cow, fmt::Write};
use stoa_kernel::{
    Date, Time, Val,
    access::Actor,
    field::Kind,
    id::{self, Uuid},
    money::Amount,
    view::{Column, View},
};

/// What rendering needs to know besides the values.
#[derive(Debug, Clone, Copy)]
pub struct Renderer<'a> {
    /// The addresses of things.
    pub links: &'a Links,
    /// Scheme and host for absolute links, without a slash at the end.
    pub base: &'a str,
    /// Who will read it.
    pub actor: &'a Actor,
}

/// A value as either engine, or JSON, holds it.
#[derive(Debug, Clone)]
enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Uuid(Uuid),
    Uuids(&'a [Uuid]),
    Time(Time),
    Date(Date),
    /// A JSON list or object.
    Json(Cow<'a, str>),
}

impl<'a> From<&'a Val> for Cell<'a> {
    fn from(val: &'a Val) -> Cell<'a> {
        match val {
            Val::Null | Val::Ints(_) | Val::Texts(_) => Cell::Null,
            Val::Bool(x) => Cell::Bool(*x),
            Val::Int(x) => Cell::Int(*x),
            Val::Float(x) => Cell::Float(*x),
            Val::Text(x) => Cell::Text(Cow::Borrowed(x)),
            Val::Uuid(x) => Cell::Uuid(*x),
            Val::Uuids(x) => Cell::Uuids(x),
            Val::Time(x) => Cell::Time(*x),
            Val::Date(x) => Cell::Date(*x),
            Val::Bytes(x) => Uuid::from_slice(x).map_or(Cell::Null, Cell::Uuid),
        }
    }
}

impl<'a> From<&'a RawValue> for Cell<'a> {
    fn from(raw: &'a RawValue) -> Cell<'a> {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'n') | None => Cell::Null,
            Some(b't') => Cell::Bool(true),
            Some(b'f') => Cell::Bool(false),
            Some(b'[' | b'{') => Cell::Json(Cow::Borrowed(text)),
            Some(b'"') => Cell::Text(match text.contains('\\') {
                false => Cow::Borrowed(text.trim_matches('"')),
                true => Cow::Owned(serde_json::from_str(text).unwrap_or_default()),
            }),
            Some(_) => text.parse().map(Cell::Int).or(text.parse().map(Cell::Float)).unwrap_or(Cell::Null),
        }
    }
}

impl<'a> From<&'a Value> for Cell<'a> {
    fn from(value: &'a Value) -> Cell<'a> {
        match value {
            Value::Null => Cell::Null,
            Value::Bool(x) => Cell::Bool(*x),
            Value::Number(x) => x.as_i64().map(Cell::Int).or(x.as_f64().map(Cell::Float)).unwrap_or(Cell::Null),
            Value::String(x) => Cell::Text(Cow::Borrowed(x)),
            Value::Array(_) | Value::Object(_) => Cell::Json(Cow::Owned(value.to_string())),
        }
    }
}

/// Whether a row of this view can be the asking user himself: only in a view of users, whose rows belong to themselves.
pub fn rows_are_users(view: &View) -> bool {
    view.owner.is_some_and(|owner| owner == view.key)
}

impl Renderer<'_> {
    /// Writes a row as an object. `own` says whether the row is the asking user himself; `val` gives the value of the column
    /// at a position.
    pub fn row<'v>(&self, out: &mut String, columns: &[&Column], own: bool, val: impl Fn(usize) -> &'v Val) {
        let cells = columns.iter().enumerate().map(|(at, column)| (*column, Cell::from(val(at))));
        self.object(out, cells, own);
    }

    /// Writes an object that an action answered: keys that the columns describe by their kinds, others as they are.
    pub fn answer(&self, out: &mut String, columns: &[Column], answer: &Value) {
        match answer {
            Value::Object(map) if !columns.is_empty() => self.map(out, columns, map, false),
            other => push(out, other),
        }
    }

    /// Writes a list of such objects.
    pub fn answers(&self, out: &mut String, columns: &[Column], answer: &Value) {
        let items = answer.as_array().map_or(&[][..], Vec::as_slice);
        list(out, items, |out, item| self.answer(out, columns, item));
    }

    fn map(&self, out: &mut String, columns: &[Column], map: &Map<String, Value>, own: bool) {
        out.push('{');
        let mut first = true;
        for (key, value) in map {
            let column = columns.iter().find(|column| column.name == key);
            if column.is_some_and(|c| !c.who.includes(self.actor, own) || (c.absent && value.is_null())) {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            text(out, key);
            out.push(':');
            match column {
                Some(column) => self.value(out, column, Cell::from(value), own),
                None => push(out, value),
            }
        }
        out.push('}');
    }

    fn object<'c>(&self, out: &mut String, cells: impl Iterator<Item = (&'c Column, Cell<'c>)>, own: bool) {
        out.push('{');
        let mut first = true;
        for (column, cell) in cells {
            if !column.who.includes(self.actor, own) || (column.absent && matches!(cell, Cell::Null)) {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(',');
            }
            text(out, column.name);
            out.push(':');
            self.value(out, column, cell, own);
        }
        out.push('}');
    }

    fn value(&self, out: &mut String, column: &Column, cell: Cell, own: bool) {
        let before = out.len();
        let written = match cell {
            Cell::Null => {
                out.push_str(empty(column));
                Some(())
            }
            cell => self.kind(out, column.kind, cell, own),
        };
        if written.is_none() {
            // Our fault, but one odd value must not hide the whole list.
            tracing::error!(column = column.name, kind = ?column.kind, "a value does not fit its column");
            out.truncate(before);
            out.push_str(if column.nullable { "null" } else { empty(column) });
        }
    }

    /// Writes a value that is not null; `None` if it does not fit the kind.
    fn kind(&self, out: &mut String, kind: Kind, cell: Cell, own: bool) -> Option<()> {
        match (kind, cell) {
            (Kind::Text | Kind::Choice(..), Cell::Text(x)) => text(out, &x),
            (Kind::Text | Kind::Choice(..), Cell::Int(x)) => put(out, format_args!("\"{x}\"")),
            (Kind::Text, Cell::Uuid(x)) => hex(out, &x),
            (Kind::Text, Cell::Json(x)) => text(out, &x),
            (Kind::Bool, Cell::Bool(x)) => out.push_str(if x { "true" } else { "false" }),
            (Kind::Bool, Cell::Int(x)) => out.push_str(if x != 0 { "true" } else { "false" }),
            (Kind::Int, Cell::Int(x)) => put(out, format_args!("{x}")),
            (Kind::Int, Cell::Float(x)) if x.fract() == 0.0 && x.abs() < 9e15 => put(out, format_args!("{}", x as i64)),
            (Kind::Int, Cell::Text(x)) => put(out, format_args!("{}", x.parse::<i64>().ok()?)),
            (Kind::Int, Cell::Bool(x)) => out.push(if x { '1' } else { '0' }),
            (Kind::Float, Cell::Float(x)) if x.is_finite() => put(out, format_args!("{x}")),
            (Kind::Float, Cell::Int(x)) => put(out, format_args!("{x}")),
            (Kind::Amount(places), cell) => put(out, format_args!("\"{}\"", amount(cell)?.fixed(places))),
            (Kind::AmountNumber, cell) => put(out, format_args!("{}", amount(cell)?)),
            (Kind::Uuid, cell) => hex(out, &uuid(&cell)?),
            (Kind::Time, Cell::Time(x)) => put(out, format_args!("\"{x}\"")),
            (Kind::Time, Cell::Int(x)) => put(out, format_args!("\"{}\"", Time::from_micros(x)?)),
            (Kind::Time, Cell::Text(x)) => put(out, format_args!("\"{}\"", Time::parse(&x)?)),
            (Kind::Date, Cell::Date(x)) => put(out, format_args!("\"{x}\"")),
            (Kind::Date, Cell::Time(x)) => put(out, format_args!("\"{}\"", x.date())),
            (Kind::Date, Cell::Text(x)) => {
                let day = Date::parse(&x).or_else(|| Time::parse(&x).map(Time::date))?;
                put(out, format_args!("\"{day}\""));
            }
            (Kind::Link(thing), cell) => self.link(out, thing, &cell)?,
            (Kind::Links(thing), Cell::Uuids(all)) => list(out, all, |out, x| {
                // Every uuid makes a link, so nothing is lost here.
                let _ = self.link(out, thing, &Cell::Uuid(*x));
            }),
            (Kind::Links(thing), Cell::Text(x) | Cell::Json(x)) => {
                let all: Vec<&RawValue> = serde_json::from_str(&x).ok()?;
                let all: Vec<Cell> = all.into_iter().map(Cell::from).filter(|cell| uuid(cell).is_some()).collect();
                list(out, &all, |out, cell| {
                    let _ = self.link(out, thing, cell);
                });
            }
            (Kind::File, Cell::Uuid(x)) => put(out, format_args!("\"{}/media/{}/\"", self.base, x.simple())),
            (Kind::File, Cell::Text(x)) => match x.as_ref() {
                "" => out.push_str("null"),
                path if path.starts_with('/') => text(out, &format!("{}{path}", self.base)),
                address => text(out, address),
            },
            (Kind::Texts | Kind::Json | Kind::Object, Cell::Text(x) | Cell::Json(x)) => match (kind, x.as_ref()) {
                (Kind::Texts, "") => out.push_str("[]"),
                (Kind::Object, "") => out.push_str("{}"),
                // Stored JSON goes out as it is, but only if it is JSON.
                (_, json) if serde_json::from_str::<&RawValue>(json).is_ok() => out.push_str(json.trim()),
                // Within a row, JSON may already stand without its own quotes.
                (Kind::Json, other) => text(out, other),
                _ => return None,
            },
            (Kind::Json, Cell::Int(x)) => put(out, format_args!("{x}")),
            (Kind::Json, Cell::Float(x)) if x.is_finite() => put(out, format_args!("{x}")),
            (Kind::Json, Cell::Bool(x)) => put(out, format_args!("{x}")),
            (Kind::Rows(_, columns), Cell::Text(x) | Cell::Json(x)) => {
                let rows: Vec<&RawValue> = serde_json::from_str(&x).ok()?;
                let rows: Vec<&RawValue> = rows.into_iter().filter(|row| row.get() != "null").collect();
                let mut fits = true;
                list(out, &rows, |out, row| fits &= self.inner(out, columns, row.get(), own).is_some());
                fits.then_some(())?;
            }
            (Kind::OneRow(_, columns), Cell::Text(x) | Cell::Json(x)) => self.inner(out, columns, &x, own)?,
            _ => return None,
        }
        Some(())
    }

    /// Writes a row within a row: values in the order of the columns, or (in what actions answer) an object.
    fn inner(&self, out: &mut String, columns: &[Column], json: &str, own: bool) -> Option<()> {
        if json.trim_start().starts_with('{') {
            self.map(out, columns, &serde_json::from_str(json).ok()?, own);
            return Some(());
        }
        if json.trim() == "null" {
            out.push_str("null");
            return Some(());
        }
        let values: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        if values.len() != columns.len() {
            return None;
        }
        self.object(out, columns.iter().zip(values.into_iter().map(Cell::from)), own);
        Some(())
    }

    fn link(&self, out: &mut String, thing: &str, cell: &Cell) -> Option<()> {
        let mut key = [0; 32];
        let (thing, key): (&str, Cow<str>) = match cell {
            Cell::Int(x) => (thing, x.to_string().into()),
            Cell::Text(x) if x.is_empty() => {
                out.push_str("null");
                return Some(());
            }
            cell => match (uuid(cell), cell) {
                (Some(uuid), _) => (thing, Cow::Borrowed(&*uuid.simple().encode_lower(&mut key))),
                // `kind:uuid` where the kind differs from row to row, and a name where names identify.
                (None, Cell::Text(x)) => match x.split_once(':') {
                    Some((kind, rest)) if self.links.collection(kind).is_some() => {
                        (kind, id::parse(rest).map_or(Cow::Borrowed(rest), |uuid| id::hex(&uuid).into()))
                    }
                    _ => (thing, Cow::Owned(segment(x))),
                },
                _ => return None,
            },
        };
        let collection = self.links.collection(thing)?;
        text(out, &format!("{}{collection}{key}/", self.base));
        Some(())
    }
}

/// What stands for null in a column that is never null: clients' parsers refuse a null there.
fn empty(column: &Column) -> &'static str {
    match column.kind {
        Kind::Texts | Kind::Rows(..) | Kind::Links(_) => "[]",
        Kind::Text if !column.nullable => "\"\"",
        Kind::Object if !column.nullable => "{}",
        _ => "null",
    }
}

fn amount(cell: Cell) -> Option<Amount> {
    match cell {
        Cell::Int(x) => Some(Amount(x)),
        // A sum of 64-bit integers has no fraction on either engine.
        Cell::Float(x) if x.fract() == 0.0 && x.abs() < 9e15 => Some(Amount(x as i64)),
        Cell::Text(x) => Amount::parse(&x),
        _ => None,
    }
}

fn uuid(cell: &Cell) -> Option<Uuid> {
    match cell {
        Cell::Uuid(x) => Some(*x),
        Cell::Text(x) => id::parse(x),
        _ => None,
    }
}

/// A name as one segment of a path.
fn segment(name: &str) -> String {
    let mut out = String::new();
    super::query::encode(&mut out, name);
    out.replace('+', "%20")
}

fn hex(out: &mut String, uuid: &Uuid) {
    out.push('"');
    out.push_str(uuid.simple().encode_lower(&mut [0; 32]));
    out.push('"');
}

fn put(out: &mut String, what: std::fmt::Arguments) {
    // Writing to a String can't fail.
    let _ = out.write_fmt(what);
}

fn push(out: &mut String, value: &Value) {
    put(out, format_args!("{value}"));
}

/// Writes a JSON list.
pub fn list<T>(out: &mut String, items: &[T], mut each: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(']');
}

/// Writes a text as JSON.
pub fn text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => put(out, format_args!("\\u{control:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use stoa_kernel::field::Who;

    const HEX: &str = "0123456789abcdef0123456789abcdef";
    const HYPHENS: &str = "01234567-89ab-cdef-0123-456789abcdef";
    const INNER: &[Column] = &[
        Column::new("url", Kind::Link("project"), "p.uuid", ""),
        Column::new("uuid", Kind::Uuid, "p.uuid", ""),
        Column::new("since", Kind::Time, "p.since", ""),
        Column::new("day", Kind::Date, "p.day", "").nullable(),
        Column::new("active", Kind::Bool, "p.active", ""),
        Column::new("price", Kind::Amount(2), "p.price", ""),
        Column::new("free", Kind::Json, "p.free", "").nullable(),
        Column::new("deep", Kind::Rows("Deep", DEEP), "(…)", ""),
        Column::new("notes", Kind::Text, "p.notes", "").only(Who::Support),
        Column::new("end", Kind::Time, "p.end", "").absent(),
    ];
    const DEEP: &[Column] = &[Column::new("name", Kind::Text, "d.name", "")];

    fn links() -> Links {
        Links::new([("project", "/api/projects/"), ("user", "/api/users/"), ("event", "/api/events/")])
    }

    fn shown_to(actor: &Actor, own: bool, columns: &[Column], vals: &[Val]) -> String {
        let links = links();
        let renderer = Renderer { links: &links, base: "http://h", actor };
        let mut out = String::new();
        renderer.row(&mut out, &columns.iter().collect::<Vec<_>>(), own, |at| &vals[at]);
        out
    }

    fn shown(kind: Kind, val: impl Into<Val>) -> Value {
        let text = shown_to(&Actor::stranger(), false, &[Column::new("x", kind, "", "").nullable()], &[val.into()]);
        serde_json::from_str::<Value>(&text).unwrap()["x"].take()
    }

    fn uuid() -> Uuid {
        id::parse(HEX).unwrap()
    }

    #[test]
    fn every_kind_looks_the_same_from_both_engines() {
        let time = Time::parse("2026-03-01T10:20:30.123456Z").unwrap();
        let day = Date::parse("2026-03-01").unwrap();
        let address = json!(format!("http://h/api/projects/{HEX}/"));
        let cases: Vec<(Kind, Vec<Val>, Value)> = vec![
            (Kind::Text, vec!["a\"\\\n\u{1}é".into()], json!("a\"\\\n\u{1}é")),
            (Kind::Choice("S", &["OK"]), vec!["OK".into()], json!("OK")),
            (Kind::Bool, vec![true.into(), 1.into()], json!(true)),
            (Kind::Bool, vec![false.into(), 0.into()], json!(false)),
            (Kind::Int, vec![7.into(), 7.0.into(), "7".into()], json!(7)),
            (Kind::Float, vec![1.5.into()], json!(1.5)),
            (Kind::Amount(10), vec![15_000_000_i64.into()], json!("1.5000000000")),
            (Kind::AmountNumber, vec![15_000_000_i64.into()], json!(1.5)),
            (
                Kind::Uuid,
                vec![uuid().into(), Val::Bytes(uuid().as_bytes().to_vec()), HEX.into(), HYPHENS.into()],
                json!(HEX),
            ),
            (Kind::Time, vec![time.into(), time.0.into()], json!("2026-03-01T10:20:30.123456Z")),
            (Kind::Date, vec![day.into(), "2026-03-01".into()], json!("2026-03-01")),
            (Kind::Link("project"), vec![uuid().into(), Val::Bytes(uuid().as_bytes().to_vec())], address.clone()),
            (Kind::Link("scope"), vec![format!("project:{HYPHENS}").into()], address.clone()),
            (Kind::Link("user"), vec!["a b/+".into()], json!("http://h/api/users/a%20b%2F%2B/")),
            (Kind::Link("event"), vec![12.into()], json!("http://h/api/events/12/")),
            (Kind::Links("project"), vec![format!("[\"{HYPHENS}\"]").into(), vec![uuid()].into()], json!([address])),
            (Kind::Texts, vec!["[\"a\",\"b\"]".into()], json!(["a", "b"])),
            (Kind::Json, vec!["{\"a\": [1, null]}".into()], json!({"a": [1, null]})),
            (Kind::Object, vec!["{\"a\": 1}".into()], json!({"a": 1})),
            (Kind::File, vec!["/media/a.png".into()], json!("http://h/media/a.png")),
            (Kind::File, vec!["".into(), Val::Null], json!(null)),
            (
                Kind::File,
                vec![uuid().into(), Val::Bytes(uuid().as_bytes().to_vec())],
                json!(format!("http://h/media/{HEX}/")),
            ),
            (Kind::Texts, vec![Val::Null], json!([])),
            (Kind::Rows("R", INNER), vec![Val::Null, "[]".into()], json!([])),
            (Kind::OneRow("R", INNER), vec![Val::Null, "null".into()], json!(null)),
            (Kind::Time, vec![Val::Null], json!(null)),
        ];
        for (kind, vals, expected) in cases {
            for val in vals {
                assert_eq!(shown(kind, val.clone()), expected, "{kind:?} {val:?}");
            }
        }
    }

    #[test]
    fn rows_within_a_row_look_the_same_from_both_engines() {
        let postgres = format!(
            "[[\"{HYPHENS}\", \"{HYPHENS}\", \"2026-03-01T11:20:30.5+01:00\", \"2026-03-01\", true, 15000000,\n \
             {{\"a\" : 1}}, [[\"x\\ny\"]], \"secret\", null]]"
        );
        let sqlite = format!(
            "[[\"{HYPHENS}\",\"{HYPHENS}\",1772360430500000,\"2026-03-01\",1,15000000,\
             \"{{\\\"a\\\":1}}\",\"[[\\\"x\\\\ny\\\"]]\",\"secret\",null]]"
        );
        let expected = json!([{
            "url": format!("http://h/api/projects/{HEX}/"), "uuid": HEX, "since": "2026-03-01T10:20:30.500000Z",
            "day": "2026-03-01", "active": true, "price": "1.50", "free": {"a": 1}, "deep": [{"name": "x\ny"}]
        }]);
        assert_eq!(shown(Kind::Rows("R", INNER), postgres.as_str()), expected);
        assert_eq!(shown(Kind::Rows("R", INNER), sqlite.as_str()), expected);
        let one = &sqlite[1..sqlite.len() - 1];
        assert_eq!(shown(Kind::OneRow("R", INNER), one), expected[0]);
    }

    #[test]
    fn what_is_not_for_the_reader_is_left_out() {
        let columns = [
            Column::new("a", Kind::Text, "", "").only(Who::Own),
            Column::new("b", Kind::Text, "", "").only(Who::OwnOrSupport),
            Column::new("c", Kind::Text, "", "").only(Who::OwnOrStaff),
            Column::new("d", Kind::Text, "", "").absent(),
            Column::new("e", Kind::Text, "", ""),
        ];
        let vals = ["1".into(), "2".into(), "3".into(), Val::Null, Val::Null];
        let staff = Actor { id: 1, staff: true, ..Actor::default() };
        let support = Actor { id: 2, support: true, ..Actor::default() };
        let other = Actor { id: 3, ..Actor::default() };
        assert_eq!(shown_to(&other, false, &columns, &vals), r#"{"e":""}"#);
        assert_eq!(shown_to(&other, true, &columns, &vals), r#"{"a":"1","b":"2","c":"3","e":""}"#);
        assert_eq!(shown_to(&support, false, &columns, &vals), r#"{"b":"2","e":""}"#);
        assert_eq!(shown_to(&staff, false, &columns, &vals), r#"{"b":"2","c":"3","e":""}"#);
    }

    #[test]
    fn what_does_not_fit_is_null_and_the_rest_stays() {
        for (kind, val) in [
            (Kind::Time, Val::from("yesterday")),
            (Kind::Object, Val::from("{broken")),
            (Kind::Rows("R", INNER), Val::from("[[1]]")),
            (Kind::Link("unknown"), Val::from(uuid())),
            (Kind::Float, Val::Float(f64::NAN)),
        ] {
            assert_eq!(shown(kind, val), json!(null));
        }
    }

    #[test]
    fn the_answer_of_an_action_is_shown_by_its_columns() {
        const COLUMNS: &[Column] = &[
            Column::new("project", Kind::Link("project"), "", ""),
            Column::new("end", Kind::Time, "", "").nullable(),
            Column::new("items", Kind::Rows("I", DEEP), "", ""),
        ];
        let links = links();
        let actor = Actor::stranger();
        let renderer = Renderer { links: &links, base: "http://h", actor: &actor };
        let answer = json!({"project": HYPHENS, "end": null, "items": [{"name": "x"}], "more": [1]});
        let mut out = String::new();
        renderer.answers(&mut out, COLUMNS, &json!([answer]));
        let expected = json!([{"project": format!("http://h/api/projects/{HEX}/"), "end": null, "items": [{"name": "x"}], "more": [1]}]);
        assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
    }
}
