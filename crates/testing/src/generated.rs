//! Documents that are made from the constants, so that they can't drift: a test compares them with docs/generated on every run,
//! and `STOA_BLESS=1` writes them anew.

use std::{collections::BTreeMap, fmt::Write, path::PathBuf};
use stoa_kernel::{
    access::Needs,
    action::{Action, Target},
    door::Registry,
    field::Kind,
    view::View,
};
use stoa_server::start;
use stoa_tenancy::{
    access::{permissions::PERMISSIONS, roles::SHIPPED},
    vocabulary::events::{EVENT_TYPES, GROUPS},
};
use stoa_waldur::route::{Route, Run};

/// The folder of generated documents.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/generated"))
}

/// Every generated document: its file name and its text.
pub fn documents() -> Vec<(&'static str, String)> {
    let registry = start::registry();
    vec![
        ("roles.md", roles()),
        ("actions.md", actions(&registry)),
        ("views.md", views(&registry)),
        ("events.md", events(&registry)),
        ("states.md", states()),
        ("schema.md", schema()),
        ("exceptions.md", exceptions()),
    ]
}

const MADE: &str = "Made from the code by the tests; `STOA_BLESS=1 cargo test generated` writes it anew.\n";

/// Who may, in words.
pub fn needs(needs: &Needs) -> String {
    match needs {
        Needs::Nothing => "anybody".into(),
        Needs::SignedIn => "anybody signed in".into(),
        Needs::AnySignedIn => "anybody signed in, by a token too".into(),
        Needs::InPerson(inner) => format!("{}, in person", self::needs(inner)),
        Needs::Permission(permission, places) => format!("{} at {}", permission.name, places.join(" or ")),
        Needs::Within(permission, scope, place) => format!("{} on any {scope} of the {place}", permission.name),
        Needs::Role(places) => format!("any role at {}", places.join(" or ")),
        Needs::Own => "the user himself".into(),
        Needs::Staff => "staff".into(),
        Needs::StaffOrSupport => "staff and support agents".into(),
        Needs::Any(several) => several.iter().map(self::needs).collect::<Vec<_>>().join("; or "),
    }
}

fn roles() -> String {
    let mut text = format!("# Shipped roles and what they carry\n\n{MADE}\n");
    text.push_str("| Permission | ");
    text.push_str(&SHIPPED.iter().map(|role| role.code).collect::<Vec<_>>().join(" | "));
    text.push_str(" | What it lets its holder do |\n|---|");
    text.push_str(&"---|".repeat(SHIPPED.len() + 1));
    text.push('\n');
    for entry in PERMISSIONS {
        let held = |role: &&stoa_tenancy::access::roles::Shipped| {
            if role.permissions.contains(&entry.permission) { "●" } else { "" }
        };
        let cells: Vec<&str> = SHIPPED.iter().map(|role| held(&role)).collect();
        let _ = writeln!(text, "| `{}` | {} | {} |", entry.name, cells.join(" | "), entry.about);
    }
    text.push_str("\n| Code | Role | Scope | Active when shipped | What it is |\n|---|---|---|---|---|\n");
    for role in SHIPPED {
        let active = if role.active { "yes" } else { "no" };
        let _ =
            writeln!(text, "| {} | `{}` | {} | {active} | {} |", role.code, role.name, role.scope, role.description);
    }
    text
}

fn sorted(registry: &Registry) -> Vec<&'static Action> {
    let mut all = registry.actions.clone();
    all.sort_by_key(|action| action.name);
    all
}

fn actions(registry: &Registry) -> String {
    let mut text = format!(
        "# What can be done\n\n{MADE}\n| Action | What it does | Done to | Who may | In states | Records |\n|---|---|---|---|---|---|\n"
    );
    for action in sorted(registry) {
        let target = match action.target {
            Target::Nothing => "nothing".into(),
            Target::Thing(view) => view.thing.to_owned(),
            Target::Parent(field, view) => format!("the {} named by `{field}`", view.thing),
        };
        let states = if action.from.is_empty() { "any".into() } else { action.from.join(", ") };
        let _ = writeln!(
            text,
            "| `{}` | {} | {target} | {} | {states} | {} |",
            action.name,
            action.about,
            needs(&action.needs),
            action.events.join(", "),
        );
    }
    text
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Choice(name, values) => format!("{name}: {}", values.join(", ")),
        Kind::Link(thing) => format!("link to a {thing}"),
        Kind::Links(thing) => format!("links to {thing}s"),
        Kind::Rows(name, _) => format!("list of {name}"),
        Kind::OneRow(name, _) => name.to_owned(),
        Kind::Amount(places) => format!("decimal, {places} places"),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn views(registry: &Registry) -> String {
    let mut all: Vec<&'static View> = registry.views.clone();
    all.sort_by_key(|view| view.name);
    let mut text = format!("# What can be seen\n\n{MADE}");
    for view in all {
        let view = registry.fuller.iter().rev().find(|fuller| fuller.name == view.name).copied().unwrap_or(view);
        let _ = writeln!(
            text,
            "\n## {}\n\n{} Open to {}.\n\n| Column | Type | What it is |\n|---|---|---|",
            view.name,
            view.about,
            needs(&view.needs)
        );
        for column in view.columns {
            let _ = writeln!(text, "| `{}` | {} | {} |", column.name, kind(column.kind), column.about);
        }
        let filters: Vec<String> = view.filters.iter().map(|filter| format!("`{}`", filter.name)).collect();
        let orders: Vec<String> = view.orders.iter().map(|order| format!("`{}`", order.name)).collect();
        if !filters.is_empty() {
            let _ = writeln!(text, "\nFilters: {}.", filters.join(", "));
        }
        if !orders.is_empty() {
            let _ = writeln!(text, "\nOrders: {}.", orders.join(", "));
        }
    }
    text
}

fn events(registry: &Registry) -> String {
    let mut by = BTreeMap::<&str, Vec<&str>>::new();
    for action in sorted(registry) {
        for event in action.events {
            by.entry(event).or_default().push(action.name);
        }
    }
    let mut text =
        format!("# What goes on record\n\n{MADE}\nTypes without an action are those of capabilities to come.\n");
    for (group, about) in GROUPS {
        let _ = writeln!(text, "\n## {group}\n\n{about}\n\n| Event | What has happened | Recorded by |\n|---|---|---|");
        for event in EVENT_TYPES.iter().filter(|event| event.group == *group) {
            let actions = by.get(event.name).map_or(String::new(), |actions| actions.join(", "));
            let _ = writeln!(text, "| `{}` | {} | {actions} |", event.name, event.about);
        }
    }
    text
}

fn states() -> String {
    let mut text = format!("# States and moves\n\n{MADE}");
    for (name, moves) in stoa_market::states() {
        let _ = writeln!(text, "\n## {name}\n\n```mermaid\nstateDiagram-v2");
        for (from, to) in moves {
            let quiet = |state: &str| state.replace(['-', ' '], "_");
            let _ = writeln!(text, "    {} --> {}", quiet(from), quiet(to));
        }
        text.push_str("```\n");
    }
    text
}

fn schema() -> String {
    let mut text = format!("# Tables\n\n{MADE}\nWritten for PostgreSQL; the store maps the types for SQLite.\n");
    for migration in start::migrations() {
        let _ = writeln!(text, "\n## {}\n\n```sql\n{}\n```", migration.name, migration.sql.trim());
    }
    text
}

fn exceptions() -> String {
    let mut text = format!(
        "# Operations with a function of their own\n\n{MADE}\nEverything else is a line of a table. This list may only shrink.\n\n| Operation | Path |\n|---|---|\n"
    );
    let mut own: Vec<&Route> = stoa_waldur::routes::all().filter(|route| matches!(route.run, Run::Own(_))).collect();
    own.sort_by_key(|route| route.op);
    for route in own {
        let _ = writeln!(text, "| `{}` | {} {} |", route.op, route.method.text(), route.path);
    }
    text.push_str("| `media` | GET /media/{name}/ |\n| `healthz`, `readyz`, `metrics` | GET |\n");
    text
}
