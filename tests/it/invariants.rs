//! Invariants of the source (design.md, section 12), kept by reading it. Comments and tests inside the files do not count.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A source file: its path from the workspace, and its lines without comments and without its tests.
struct Source {
    path: String,
    lines: Vec<(usize, String)>,
}

impl Source {
    fn read(root: &Path, path: &Path) -> Source {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let mut lines = Vec::new();
        for (number, line) in text.lines().enumerate() {
            // Tests stand at the end of a file.
            if line.trim_start().starts_with("#[cfg(test)]") {
                break;
            }
            let code = line.split("//").next().unwrap_or_default();
            // An address in a text is no comment.
            let code = if line.contains("://") { line } else { code };
            // A room only for tests.
            if line.starts_with("#![cfg(test)]") {
                break;
            }
            if !line.trim_start().starts_with("//") {
                lines.push((number + 1, code.to_owned()));
            }
        }
        Source { path: name, lines }
    }

    fn is_under(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Where a line satisfies the test.
    fn places(&self, test: impl Fn(&str) -> bool) -> Vec<String> {
        let found = self.lines.iter().filter(|(_, line)| test(line));
        found.map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim())).collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Every source file of the crates that are part of the server (the Lab is not).
fn sources() -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(Source::read(&root, &path));
            }
        }
    }
    let of_tests = ["crates/testing/", "crates/waldur/src/sample.rs"];
    found.retain(|source| source.path.contains("/src/") && !of_tests.iter().any(|path| source.is_under(path)));
    assert!(found.len() > 30, "the sources were not found");
    found
}

fn none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// Whether a line has a text that is a statement, or begins one.
fn has_statement(line: &str) -> bool {
    let begins = |text: &str| {
        let text = text.trim_start();
        let verbs = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "WITH ", "CREATE TABLE ", "LOCK "];
        verbs.iter().any(|verb| text.starts_with(verb)) || text.starts_with("UPDATE ") && text.contains(" SET ")
    };
    line.split('"').skip(1).step_by(2).any(begins)
}

/// Whether a line has a text with a part of a statement: a selection inside an expression.
fn has_selection(line: &str) -> bool {
    line.contains('"') && line.contains("(SELECT ")
}

/// Whether the file is a room for statements (invariant 2).
fn holds_statements(source: &Source) -> bool {
    let frame = ["crates/kernel/src/", "crates/server/src/scale.rs", "crates/tenancy/src/access/directory.rs"];
    ["store.rs", "views.rs"].contains(&source.name())
        || source.path.contains("/store/")
        || frame.iter().any(|path| source.is_under(path))
}

/// Whether the file is a table of columns or filters, whose cells are expressions.
fn holds_expressions(source: &Source) -> bool {
    !source.places(|line| ["Column::new(", "Filter::new(", "View {"].iter().any(|word| line.contains(word))).is_empty()
}

/// Files that hold statements outside their rooms, with the reason. May only shrink.
const STATEMENTS_ELSEWHERE: &[(&str, &str)] = &[
    ("crates/server/src/admin.rs", "a command looks up the user whom it is about"),
    ("crates/server/src/demo.rs", "it looks whether there is anybody yet"),
];

#[test]
fn only_store_and_views_hold_sql() {
    let (mut wrong, mut needed) = (Vec::new(), BTreeSet::new());
    for source in sources().iter().filter(|source| !holds_statements(source)) {
        let expressions = holds_expressions(source);
        let places = source.places(|line| has_statement(line) || !expressions && has_selection(line));
        if STATEMENTS_ELSEWHERE.iter().any(|(path, _)| *path == source.path) {
            if !places.is_empty() {
                needed.insert(source.path.clone());
            }
        } else {
            wrong.extend(places);
        }
    }
    none("SQL outside store.rs and views.rs", wrong);
    for (path, why) in STATEMENTS_ELSEWHERE {
        assert!(needed.contains(*path), "{path} ({why}) has no SQL any more: take it off the list");
    }
}

/// Tables whose columns have different writers, with the reason. May only shrink.
const SHARED_TABLES: &[(&str, &str)] =
    &[("offering_components", "the component's own columns, and the sum that is reserved of it, which orders keep")];

#[test]
fn every_table_has_one_writer() {
    let mut writers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        // The measuring data set is loaded into everything, by intent.
        if source.path == "crates/server/src/scale.rs" {
            continue;
        }
        let words: Vec<&str> = source.lines.iter().flat_map(|(_, line)| line.split_whitespace()).collect();
        for (at, word) in words.iter().enumerate() {
            let word = word.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
            let table = match (word, words.get(at + 1), words.get(at + 2)) {
                ("INSERT", Some(&"INTO"), Some(table)) | ("DELETE", Some(&"FROM"), Some(table)) => table,
                ("UPDATE", Some(table), Some(&"SET")) => table,
                _ => continue,
            };
            let table = table.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let lower = table.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if lower && !table.is_empty() {
                // A writer is a thing: its folder (or, outside the areas, its file).
                let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let folder = folder.trim_end_matches("/actions").trim_end_matches("/store").to_owned();
                writers.entry(table.to_owned()).or_default().insert(folder);
            }
        }
    }
    for (table, why) in SHARED_TABLES {
        let count = writers.remove(*table).map_or(0, |writers| writers.len());
        assert!(count > 1, "{table} ({why}) has one writer now: take it off the list");
    }
    let shared = writers.iter().filter(|(_, writers)| writers.len() > 1);
    none("tables with several writers", shared.map(|(table, writers)| format!("{table}: {writers:?}")).collect());
    assert!(writers.len() > 10, "the writers were not found: {writers:?}");
}

#[test]
fn only_the_store_knows_the_engine() {
    let engine = |line: &str| {
        let words =
            ["rusqlite", "tokio_postgres", "deadpool", "Engine::Sqlite", "Engine::Postgres", "sqlite_", "pg_catalog"];
        words.iter().any(|word| line.contains(word))
    };
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_under("crates/kernel/src/store/")) {
        wrong.extend(source.places(engine));
    }
    // Programs name the engine to people; they never choose SQL by it.
    wrong.retain(|place| !place.starts_with("crates/server/") && !place.starts_with("crates/kernel/src/lib.rs"));
    none("the engine is known outside the store", wrong);
}

#[test]
fn only_the_clock_reads_time_and_randomness() {
    let reads = |line: &str| {
        let words = [
            "Timestamp::now",
            "SystemTime::now",
            "Zoned::now",
            "new_v4",
            "now_v7",
            "getrandom",
            "rand::",
            "OsRng",
            "thread_rng",
        ];
        words.iter().any(|word| line.contains(word))
    };
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.path != "crates/kernel/src/clock.rs") {
        wrong.extend(source.places(reads));
    }
    none("time or randomness outside clock.rs", wrong);
}

#[test]
fn no_http_below_the_surfaces() {
    let http =
        |line: &str| ["axum::", "http::", "hyper::", "tower::", "StatusCode"].iter().any(|word| line.contains(word));
    let mut wrong = Vec::new();
    for area in ["kernel", "tenancy", "market", "billing", "calls", "support", "infra"] {
        for source in sources().iter().filter(|source| source.is_under(&format!("crates/{area}/"))) {
            wrong.extend(source.places(http));
        }
        let manifest = root().join(format!("crates/{area}/Cargo.toml"));
        let manifest = fs::read_to_string(manifest).unwrap_or_default();
        let of_http = manifest
            .lines()
            .filter(|line| ["axum", "hyper", "tower", "http"].iter().any(|name| line.starts_with(name)));
        wrong.extend(of_http.map(|line| format!("crates/{area}/Cargo.toml: {line}")));
    }
    none("HTTP below the surfaces", wrong);
}

#[test]
fn areas_depend_downwards_only() {
    let below: &[(&str, &[&str])] = &[
        ("kernel", &[]),
        ("tenancy", &["kernel"]),
        ("market", &["kernel", "tenancy"]),
        ("billing", &["kernel", "tenancy", "market"]),
        ("calls", &["kernel", "tenancy", "market"]),
        ("support", &["kernel", "tenancy", "market"]),
        ("infra", &["kernel", "tenancy", "market"]),
    ];
    let mut wrong = Vec::new();
    for (area, allowed) in below {
        let manifest = fs::read_to_string(root().join(format!("crates/{area}/Cargo.toml"))).unwrap_or_default();
        for line in manifest.lines().filter_map(|line| line.strip_prefix("stoa-")) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if !allowed.contains(&name) {
                wrong.push(format!("{area} depends on {name}"));
            }
        }
    }
    none("a dependence against the direction", wrong);
}

#[test]
fn the_kernel_knows_no_business_word() {
    let words = ["customer", "project", "offering", "invoice", "proposal", "organization", "resource_", "waldur"];
    let business = |line: &str| {
        let line = line.to_lowercase();
        words.iter().any(|word| line.contains(word))
    };
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.is_under("crates/kernel/")) {
        wrong.extend(source.places(business));
    }
    none("business words in the kernel", wrong);
}

#[test]
fn only_the_door_writes_events_and_decides() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !source.is_under("crates/kernel/src/")) {
        if source.path == "crates/server/src/scale.rs" {
            continue;
        }
        let writes = |line: &str| {
            ["INSERT INTO events", "INSERT INTO event_feeds", "INSERT INTO refusals", "event::record("]
                .iter()
                .any(|w| line.contains(w))
        };
        wrong.extend(source.places(writes));
    }
    none("events written past the door", wrong);
}

#[test]
fn surfaces_alone_know_urls() {
    let mut wrong = Vec::new();
    for area in ["kernel", "tenancy", "market", "billing", "calls", "support", "infra"] {
        for source in sources().iter().filter(|source| source.is_under(&format!("crates/{area}/"))) {
            wrong.extend(source.places(|line| line.contains("\"/api/") || line.contains("\"/api-auth")));
        }
    }
    none("addresses of the API below the surfaces", wrong);
}

#[test]
fn runtime_paths_do_not_panic() {
    let panics = |line: &str| {
        [".unwrap()", ".expect(", "todo!(", "unimplemented!(", "unsafe ", "dbg!("]
            .iter()
            .any(|word| line.contains(word))
    };
    let mut wrong = Vec::new();
    for source in sources() {
        wrong.extend(source.places(panics));
    }
    none("panics on runtime paths", wrong);
}

#[test]
fn files_stay_readable() {
    let mut long = Vec::new();
    for source in sources().iter().filter(|source| source.name() == "actions.rs") {
        if source.lines.len() > 440 {
            long.push(format!("{}: {} lines of code; make it a folder", source.path, source.lines.len()));
        }
    }
    none("actions.rs beyond 400 lines", long);
}
