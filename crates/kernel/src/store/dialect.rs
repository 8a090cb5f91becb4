//! The one place that knows how the engines' SQL differs. Everybody writes PostgreSQL's spelling with a few words of our
//! own; [`Dialect::text`] turns it into what the engine takes, once per text.
//!
//! | written | PostgreSQL | SQLite |
//! |---|---|---|
//! | `$1` | `$1` | `?1` |
//! | `$1::bigint`, `$1::uuid[]`, … | as it is | `?1` |
//! | `x = ANY($1)` | as it is | `x IN (SELECT value FROM rarray(?1))` |
//! | `x <> ALL($1)` | as it is | `x NOT IN (SELECT value FROM rarray(?1))` |
//! | `FOR UPDATE`, `FOR SHARE`, `… SKIP LOCKED` | as it is | nothing: the writer is alone |
//! | `FOLD(x)` | `lower((x) COLLATE "default")` | `fold(x)`, lower case for all of Unicode |
//! | `GREATEST(a, b)`, `LEAST(a, b)` | as it is | `max(a, b)`, `min(a, b)`; the arguments must not be NULL |
//! | `JSON_ROWS(x ORDER BY y)` | `coalesce(json_agg(…), '[]')` | `json_group_array(…)` |
//! | `JSON_MAP(key, x)` | `coalesce(json_object_agg(…), '{}')` | `json_group_object(…)` |
//! | `JSON_ROW(a, b)` | `json_build_array(a, b)` | `json_array(a, b)` |
//! | `HEXID(x)`, a uuid inside JSON | `(x)` | `hexid(x)`, in the same form with hyphens |
//! | `COLLATE "C"` | as it is | nothing: it is the default |
//!
//! `LIKE` heeds case on both; where a pattern escapes something it says `ESCAPE '\'`, as only PostgreSQL has that by default.
//! `now()` and its relatives are refused on both: time is a parameter.
//!
//! In migrations, `CREATE TABLE` and `ADD COLUMN` have
//! their types mapped ([`sqlite_type`]), identity columns become `INTEGER PRIMARY KEY AUTOINCREMENT`, tables become `STRICT`, and indexes lose
//! `INCLUDE (…)` and `NULLS LAST`. `INTEGER` and `SMALLINT` get a check, as SQLite would hold 64 bits in them.

use super::Engine;
use crate::{Error, Result};
use parking_lot::RwLock;
use std::{collections::HashMap, sync::Arc};

/// Rewrites SQL for one engine and remembers the outcome.
pub(super) struct Dialect {
    engine: Engine,
    known: RwLock<HashMap<Box<str>, Arc<str>>>,
}

/// Texts remembered before all are forgotten: lists make a new text per combination of filters, not per request.
const REMEMBERED: usize = 8192;

impl Dialect {
    pub(super) fn new(engine: Engine) -> Dialect {
        Dialect { engine, known: RwLock::default() }
    }

    /// The text for the engine.
    pub(super) fn text(&self, sql: &str) -> Result<Arc<str>> {
        if let Some(found) = self.known.read().get(sql) {
            return Ok(found.clone());
        }
        let made: Arc<str> = rewrite(self.engine, sql)?.into();
        let mut known = self.known.write();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(sql.into(), made.clone());
        Ok(made)
    }

    /// The text of a migration for the engine.
    pub(super) fn migration(&self, sql: &str) -> Result<String> {
        match self.engine {
            Engine::Postgres => rewrite(self.engine, sql),
            Engine::Sqlite => {
                tokens(sql).split_inclusive(|t| *t == ";").map(ddl).collect::<Result<Vec<_>>>().map(|all| all.concat())
            }
        }
    }
}

/// `table.a,b` from the name of a unique index, `ux_<table>__<a>__<b>`.
pub(super) fn duplicate_of_index(name: &str) -> Option<String> {
    let (table, columns) = name.strip_prefix("ux_")?.split_once("__")?;
    Some(format!("{table}.{}", columns.replace("__", ",")))
}

/// Splits a text into words, parameters, literals, symbols and gaps (blanks and comments); joined, they are the text again.
fn tokens(sql: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let while_ = |f: fn(char) -> bool| rest.find(|c| !f(c)).unwrap_or(rest.len());
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match first {
            c if c.is_whitespace() => while_(char::is_whitespace),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |i| i + 2),
            // A doubled quote inside a literal ends it and begins the next one at once, which is just as good here.
            '\'' | '"' => rest[1..].find(first).map_or(rest.len(), |i| i + 2),
            '$' => 1 + rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1),
            c if word(c) => while_(|c| c.is_alphanumeric() || c == '_'),
            _ if ["::", "<>", "<=", ">=", "||", "!="].iter().any(|s| rest.starts_with(s)) => 2,
            c => c.len_utf8(),
        };
        let (token, next) = rest.split_at(end);
        all.push(token);
        rest = next;
    }
    all
}

fn is_gap(token: &str) -> bool {
    token.starts_with(char::is_whitespace) || token.starts_with("--") || token.starts_with("/*")
}

/// A position among tokens that steps over gaps.
#[derive(Clone, Copy)]
struct Cursor<'t, 's> {
    all: &'t [&'s str],
    at: usize,
}

impl<'t, 's> Cursor<'t, 's> {
    /// The next token that is not a gap, stepping past it; an empty text at the end.
    fn next(&mut self) -> &'s str {
        while let Some(token) = self.all.get(self.at) {
            self.at += 1;
            if !is_gap(token) {
                return token;
            }
        }
        ""
    }

    fn peek(mut self) -> &'s str {
        self.next()
    }

    /// Steps past these words if they come next, in any case.
    fn take(&mut self, words: &[&str]) -> bool {
        let mut ahead = *self;
        let found = words.iter().all(|word| ahead.next().eq_ignore_ascii_case(word));
        if found {
            *self = ahead;
        }
        found
    }

    /// Having stepped past `(`: what is inside, stepping past the matching `)`.
    fn inside(&mut self) -> &'t [&'s str] {
        let start = self.at;
        let mut depth = 1;
        while let Some(token) = self.all.get(self.at) {
            self.at += 1;
            match *token {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return &self.all[start..self.at - 1];
            }
        }
        &self.all[start..]
    }
}

fn rewrite(engine: Engine, sql: &str) -> Result<String> {
    let mut out = String::with_capacity(sql.len() + 32);
    rewrite_into(engine, &tokens(sql), &mut out)?;
    Ok(out)
}

fn rewrite_into(engine: Engine, all: &[&str], out: &mut String) -> Result<()> {
    let mut here = Cursor { all, at: 0 };
    while let Some(token) = all.get(here.at) {
        here.at += 1;
        let call = here.peek() == "(";
        let upper = token.to_ascii_uppercase();
        let word = match (engine, upper.as_str()) {
            (_, "NOW" | "CLOCK_TIMESTAMP" | "DATETIME" | "STRFTIME" | "UNIXEPOCH") if call => {
                return Err(Error::Broken(format!("{token}() in SQL: time is a parameter")));
            }
            (_, "CURRENT_TIMESTAMP" | "CURRENT_DATE" | "CURRENT_TIME") => {
                return Err(Error::Broken(format!("{token} in SQL: time is a parameter")));
            }
            (Engine::Postgres, "FOLD") if call => {
                // A column's own COLLATE "C" would fold ASCII letters only.
                here.next();
                out.push_str("lower((");
                rewrite_into(engine, here.inside(), out)?;
                ") COLLATE \"default\")"
            }
            (Engine::Postgres, "JSON_ROWS" | "JSON_MAP") if call => {
                let start = here.at;
                here.next();
                here.inside();
                if here.take(&["FILTER", "("]) {
                    here.inside();
                }
                let (function, nothing) =
                    if upper == "JSON_MAP" { ("json_object_agg", ", '{}')") } else { ("json_agg", ", '[]')") };
                out.push_str("coalesce(");
                out.push_str(function);
                rewrite_into(engine, &all[start..here.at], out)?;
                nothing
            }
            (Engine::Postgres, "JSON_ROW") if call => "json_build_array",
            (Engine::Postgres, "HEXID") if call => "",
            (Engine::Postgres, _) => token,
            (Engine::Sqlite, "FOLD") if call => "fold",
            (Engine::Sqlite, "JSON_ROWS") if call => "json_group_array",
            (Engine::Sqlite, "JSON_MAP") if call => "json_group_object",
            (Engine::Sqlite, "JSON_ROW") if call => {
                here.next();
                json_array(here.inside(), out)?;
                continue;
            }
            (Engine::Sqlite, "HEXID") if call => "hexid",
            (Engine::Sqlite, "GREATEST") if call => "max",
            (Engine::Sqlite, "LEAST") if call => "min",
            (Engine::Sqlite, "=") if here.take(&["ANY", "("]) => {
                list("IN", here.inside(), out)?;
                continue;
            }
            (Engine::Sqlite, "<>") if here.take(&["ALL", "("]) => {
                list("NOT IN", here.inside(), out)?;
                continue;
            }
            (Engine::Sqlite, "::") => {
                here.next();
                here.take(&["[", "]"]);
                continue;
            }
            (Engine::Sqlite, "COLLATE") if here.take(&["\"C\""]) => continue,
            (Engine::Sqlite, "FOR") if here.take(&["UPDATE"]) || here.take(&["SHARE"]) => {
                if here.take(&["OF"]) {
                    here.next();
                }
                let _ = here.take(&["SKIP", "LOCKED"]) || here.take(&["NOWAIT"]);
                continue;
            }
            (Engine::Sqlite, _) if token.len() > 1 && token.starts_with('$') => {
                out.push('?');
                &token[1..]
            }
            (Engine::Sqlite, _) => token,
        };
        out.push_str(word);
    }
    Ok(())
}

fn list(operator: &str, inside: &[&str], out: &mut String) -> Result<()> {
    out.push_str(operator);
    out.push_str(" (SELECT value FROM rarray(");
    rewrite_into(Engine::Sqlite, inside, out)?;
    out.push_str("))");
    Ok(())
}

/// `JSON_ROW(…)` for SQLite. There, what comes out of a subquery or CASE is a text that happens to be JSON, and would be
/// nested as a string.
fn json_array(inside: &[&str], out: &mut String) -> Result<()> {
    let is_json = |token: &&str| token.eq_ignore_ascii_case("JSON_ROW") || token.eq_ignore_ascii_case("JSON_ROWS");
    out.push_str("json_array(");
    let mut rest = inside;
    while !rest.is_empty() {
        let mut depth = 0;
        let end = rest.iter().position(|token| {
            depth += i32::from(*token == "(") - i32::from(*token == ")");
            depth == 0 && *token == ","
        });
        let (value, next) = rest.split_at(end.unwrap_or(rest.len()));
        let first = Cursor { all: value, at: 0 }.next();
        let nested = value.iter().any(is_json) && !is_json(&first);
        out.push_str(if nested { "json(" } else { "" });
        rewrite_into(Engine::Sqlite, value, out)?;
        out.push_str(if nested { ")" } else { "" });
        out.push_str(if next.is_empty() { "" } else { "," });
        rest = next.get(1..).unwrap_or_default();
    }
    out.push(')');
    Ok(())
}

/// The name, on SQLite, of the checks that a number fits its column.
pub(super) const RANGE: &str = "number_range";

/// SQLite's type for one of ours; tables are strict, so there are only these.
fn sqlite_type(name: &str) -> Result<&'static str> {
    Ok(match name.to_ascii_uppercase().as_str() {
        "BIGINT" | "INTEGER" | "SMALLINT" | "BOOLEAN" | "TIMESTAMPTZ" => "INTEGER",
        "TEXT" | "DATE" | "JSON" | "JSONB" => "TEXT",
        "UUID" | "BYTEA" => "BLOB",
        "DOUBLE" => "REAL",
        _ => return Err(Error::Broken(format!("no type {name} in migrations"))),
    })
}

/// One statement of a migration for SQLite.
fn ddl(all: &[&str]) -> Result<String> {
    let mut here = Cursor { all, at: 0 };
    let mut out = String::new();
    if here.take(&["CREATE", "TABLE"]) {
        while !matches!(here.next(), "(" | "") {}
        out.push_str(&all[..here.at].concat());
        let start = here.at;
        let end = start + here.inside().len();
        columns(&all[start..end], &mut out)?;
        out.push_str(") STRICT");
        out.push_str(&all[here.at..].concat());
        return Ok(out);
    }
    if here.take(&["ALTER", "TABLE"]) {
        here.next();
        if here.take(&["ADD", "COLUMN"]) {
            out.push_str(&all[..here.at].concat());
            columns(&all[here.at..], &mut out)?;
            return Ok(out);
        }
    }
    if here.take(&["CREATE", "UNIQUE", "INDEX"]) || here.take(&["CREATE", "INDEX"]) {
        let mut kept = all[..here.at].to_vec();
        while let Some(token) = all.get(here.at) {
            if here.take(&["INCLUDE", "("]) {
                here.inside();
            } else if !(here.take(&["NULLS", "LAST"]) || here.take(&["NULLS", "FIRST"])) {
                kept.push(token);
                here.at += 1;
            }
        }
        rewrite_into(Engine::Sqlite, &kept, &mut out)?;
        return Ok(out);
    }
    rewrite_into(Engine::Sqlite, all, &mut out)?;
    Ok(out)
}

/// Column definitions and table constraints, separated by commas: maps the word after a column's name.
fn columns(all: &[&str], out: &mut String) -> Result<()> {
    let mut here = Cursor { all, at: 0 };
    while here.at < all.len() {
        let start = here.at;
        let name = here.next();
        if !["CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", ";", ""]
            .iter()
            .any(|w| name.eq_ignore_ascii_case(w))
        {
            out.push_str(&all[start..here.at].concat());
            out.push(' ');
            let written = here.next();
            let ty = sqlite_type(written)?;
            out.push_str(ty);
            if ty == "REAL" {
                here.take(&["PRECISION"]);
            }
            if here.take(&["GENERATED", "BY", "DEFAULT", "AS", "IDENTITY", "PRIMARY", "KEY"]) {
                // Without it SQLite gives the key of a deleted last row again, and the record would name somebody else.
                out.push_str(" PRIMARY KEY AUTOINCREMENT");
            }
            let range = match written.to_ascii_uppercase().as_str() {
                "INTEGER" => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
                "SMALLINT" => Some((i64::from(i16::MIN), i64::from(i16::MAX))),
                _ => None,
            };
            if let Some((least, most)) = range {
                out.push_str(&format!(" CONSTRAINT {RANGE} CHECK ({name} BETWEEN {least} AND {most})"));
            }
        } else {
            here.at = start;
        }
        let start = here.at;
        let mut depth = 0;
        while let Some(token) = all.get(here.at) {
            here.at += 1;
            match *token {
                "(" => depth += 1,
                ")" => depth -= 1,
                "," if depth == 0 => break,
                _ => {}
            }
        }
        rewrite_into(Engine::Sqlite, &all[start..here.at], out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(sql: &str) -> [String; 2] {
        [Engine::Postgres, Engine::Sqlite].map(|engine| rewrite(engine, sql).unwrap())
    }

    #[test]
    fn each_rule_of_the_table() {
        for (written, postgres, sqlite) in [
            ("SELECT $1::bigint, $12", "SELECT $1::bigint, $12", "SELECT ?1, ?12"),
            (
                "x = ANY($1) AND y <> ALL ( $2::uuid[] )",
                "",
                "x IN (SELECT value FROM rarray(?1)) AND y NOT IN (SELECT value FROM rarray( ?2 ))",
            ),
            ("a FOR UPDATE SKIP LOCKED", "", "a "),
            ("a for update", "", "a "),
            ("a FOR SHARE OF b NOWAIT", "", "a "),
            (
                "FOLD(x) = fold($1)",
                "lower((x) COLLATE \"default\") = lower(($1) COLLATE \"default\")",
                "fold(x) = fold(?1)",
            ),
            ("greatest(a, LEAST(b, c))", "", "max(a, min(b, c))"),
            (
                "JSON_ROWS(JSON_ROW(HEXID(a), b) ORDER BY b)",
                "coalesce(json_agg(json_build_array((a), b) ORDER BY b), '[]')",
                "json_group_array(json_array(hexid(a), b) ORDER BY b)",
            ),
            ("JSON_MAP(a, b)", "coalesce(json_object_agg(a, b), '{}')", "json_group_object(a, b)"),
            (
                "JSON_ROW(a, f(b, c), (SELECT JSON_ROW(d, e)))",
                "json_build_array(a, f(b, c), (SELECT json_build_array(d, e)))",
                "json_array(a, f(b, c),json( (SELECT json_array(d, e))))",
            ),
            ("ORDER BY a COLLATE \"C\" NULLS LAST", "", "ORDER BY a  NULLS LAST"),
            ("'= ANY($1) FOR UPDATE it''s FOLD(' || \"$2\"", "", "'= ANY($1) FOR UPDATE it''s FOLD(' || \"$2\""),
            ("fold, now_x -- now() $1\n/* $2::x */", "", "fold, now_x -- now() $1\n/* $2::x */"),
        ] {
            let postgres = if postgres.is_empty() { written } else { postgres };
            assert_eq!(both(written), [postgres, sqlite], "{written}");
        }
        for refused in ["SELECT now()", "SELECT current_timestamp"] {
            assert!(rewrite(Engine::Postgres, refused).is_err());
            assert!(rewrite(Engine::Sqlite, refused).is_err());
        }
    }

    #[test]
    fn migrations_keep_names_and_map_types() {
        let sql = "-- People; all of them.\nCREATE TABLE IF NOT EXISTS people (
            id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, uuid UUID NOT NULL, text TEXT COLLATE \"C\" NOT NULL DEFAULT 'a, b',
            born DATE, share DOUBLE PRECISION, active BOOLEAN NOT NULL DEFAULT true, size SMALLINT NOT NULL, UNIQUE (uuid, text),
            CONSTRAINT c CHECK (share >= 0), boss BIGINT REFERENCES people (id)
        );
        CREATE UNIQUE INDEX ux_people__uuid ON people (uuid, born DESC NULLS LAST) INCLUDE (share, id) WHERE active;
        ALTER TABLE people ADD COLUMN date TIMESTAMPTZ;";
        let expected = "-- People; all of them.\nCREATE TABLE IF NOT EXISTS people (
            id INTEGER PRIMARY KEY AUTOINCREMENT, uuid BLOB NOT NULL, text TEXT  NOT NULL DEFAULT 'a, b',
            born TEXT, share REAL, active INTEGER NOT NULL DEFAULT true, size INTEGER CONSTRAINT number_range CHECK (size BETWEEN -32768 AND 32767) NOT NULL, UNIQUE (uuid, text),
            CONSTRAINT c CHECK (share >= 0), boss INTEGER REFERENCES people (id)
        ) STRICT;
        CREATE UNIQUE INDEX ux_people__uuid ON people (uuid, born DESC) WHERE active;
        ALTER TABLE people ADD COLUMN date INTEGER;";
        assert_eq!(Dialect::new(Engine::Sqlite).migration(sql).unwrap(), expected);
        assert_eq!(Dialect::new(Engine::Postgres).migration(sql).unwrap(), sql);
        assert!(Dialect::new(Engine::Sqlite).migration("CREATE TABLE a (b MONEY)").is_err());
    }

    #[test]
    fn index_names_tell_the_columns() {
        assert_eq!(duplicate_of_index("ux_roles__name").as_deref(), Some("roles.name"));
        assert_eq!(
            duplicate_of_index("ux_user_roles__user_id__role_id").as_deref(),
            Some("user_roles.user_id,role_id")
        );
        assert_eq!(duplicate_of_index("roles_pkey"), None);
    }
}
