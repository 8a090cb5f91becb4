//! Who may do what: every action × everyone of the cast × every state of the thing, in one table that somebody who does not
//! program can review. It is compared on every run; `STOA_BLESS=1` rewrites it.

use crate::gallery::{self, Gallery};
use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};
use stoa_kernel::{
    Val,
    access::{Actor, Decision, Found, Needs, Reason},
    action::{Action, Target},
    door,
    view::View,
};
use stoa_testing::{Lab, both};

const HEAD: &str = "\
# Who may do what

Made by a test from what the server really decides, in a small world: Acme uses services in its projects Apollo and Zeus, \
Other is a neighbour with the project Hermes, the HPC centre provides an offering. Every line is something that can be done; \
a new line, or a changed cell, is a change of who may do what, and is to be reviewed as such.

- **✔ why**: may, because of this role (or *own*: it is their own; *all*: everybody who is signed in; *any*: everybody).
- **(✔)**: may, but the thing is not in a state in which it can be done.
- **✘**: sees the thing, and is refused.
- **–**: for this person the thing does not exist.

What is decided further by what is sent (who may be given which role, which orders skip an approval) is in the test grid.
Things are those of Acme, of its project Apollo, and of the HPC centre; a user is Apollo's member.
";

/// Which things stand for their kind: rows of Acme, Apollo, the HPC centre; else the first made.
async fn examples(lab: &Lab, gallery: &Gallery, view: &'static View) -> Vec<(String, Val)> {
    let member = &gallery.person("project member").uuid;
    let mut examples: Vec<(String, Val)> = Vec::new();
    for (_, lookup) in gallery::everything(lab, view).await {
        let Some(found) = gallery::found(lab, None, view, &lookup).await else { continue };
        let uuid = stoa_kernel::id::hex(&found.uuid);
        if view.thing == "user" && uuid != *member {
            continue;
        }
        let state = match view.thing {
            "project" if uuid == gallery.ended.uuid => "ended".to_owned(),
            "project" if uuid == gallery.removed.uuid => "removed".to_owned(),
            "project" => "running".to_owned(),
            "scope" => if found.at("project").is_some() { "project" } else { "organization" }.to_owned(),
            "role" if found.at("maker").is_some() => "made by owners".to_owned(),
            "role" if found.at("customer").is_some() => "copied by staff".to_owned(),
            "role" => "of the installation".to_owned(),
            _ => found.state.clone().unwrap_or_default(),
        };
        if !examples.iter().any(|(known, _)| *known == state) {
            examples.push((state, lookup));
        }
    }
    // Organizations and projects have the same keys, so either may come first.
    if view.thing == "scope" {
        examples.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    examples
}

fn why(decision: &Decision) -> String {
    match decision.because.first() {
        Some(Reason::Grant { role, scope, .. }) => format!("✔ {role} ({scope})"),
        Some(Reason::Staff) => "✔ staff".into(),
        Some(Reason::Support) => "✔ support".into(),
        Some(Reason::Own) => "✔ own".into(),
        Some(Reason::SignedIn) => "✔ all".into(),
        Some(Reason::Open) => "✔ any".into(),
        other => panic!("allowed because of {other:?}"),
    }
}

fn cell(actor: &Actor, action: &Action, found: Option<&Found>) -> String {
    if !actor.signed_in() && !action.decide(actor, &Found::default()).allowed {
        return "✘".into();
    }
    let Some(found) = found else { return "–".into() };
    let decision = action.decide(actor, found);
    if !decision.allowed {
        return "✘".into();
    }
    let now = action.from.is_empty() || found.state.as_deref().is_some_and(|state| action.from.contains(&state));
    if now { why(&decision) } else { "(✔)".into() }
}

/// What is needed, in words.
fn needed(needs: &Needs) -> String {
    match needs {
        Needs::Nothing => "nothing".into(),
        Needs::SignedIn => "to be signed in".into(),
        Needs::AnySignedIn => "to be signed in, by a token too".into(),
        Needs::InPerson(needs) => format!("{}, in person", needed(needs)),
        Needs::Permission(permission, places) => format!("`{}` at {}", permission.name, places.join(" or ")),
        Needs::Within(permission, scope, place) => format!("`{}` at any {scope} of the {place}", permission.name),
        Needs::Role(places) => format!("any role at {}", places.join(" or ")),
        Needs::Own => "it to be their own".into(),
        Needs::Staff => "staff".into(),
        Needs::StaffOrSupport => "staff or support".into(),
        Needs::Any(several) => several.iter().map(needed).collect::<Vec<_>>().join(", or "),
    }
}

/// The views in which an action's target is looked up: its own, and those that routes name instead.
fn views_of(action: &'static Action) -> Vec<&'static View> {
    let own = match action.target {
        Target::Nothing => return Vec::new(),
        Target::Thing(view) | Target::Parent(_, view) => view,
    };
    let mut views = vec![own];
    for route in gallery::routes().filter(|route| route.action().is_some_and(|other| other.name == action.name)) {
        if let Some(via) = route.via
            && !views.iter().any(|view| view.name == via.name)
        {
            views.push(via);
        }
    }
    views
}

/// The table. Lines of one action with the same cells are one line.
async fn table(lab: &Lab) -> String {
    let gallery = Gallery::build(lab).await;
    let cast = &gallery.world.cast;
    let mut actors = Vec::new();
    for (_, person) in cast {
        actors.push(lab.actor(person).await);
    }
    let mut by_thing: BTreeMap<&str, Vec<&'static Action>> = BTreeMap::new();
    for action in lab.core.actions() {
        by_thing.entry(action.name.split('.').next().unwrap_or_default()).or_default().push(action);
    }
    let people = cast.iter().map(|(who, _)| *who).collect::<Vec<_>>();
    let mut text = HEAD.to_owned();
    for (thing, actions) in by_thing {
        let _ = write!(text, "\n## {}\n\n| what | state | {} |\n", thing.replace('_', " "), people.join(" | "));
        let _ = writeln!(text, "|---|---|{}", "---|".repeat(people.len()));
        for action in actions {
            let mut lines: Vec<(Vec<String>, Vec<String>)> = Vec::new();
            let views = views_of(action);
            for view in &views {
                for (state, lookup) in examples(lab, &gallery, view).await {
                    let mut cells = Vec::new();
                    for actor in &actors {
                        let mut reader = lab.core.store.reader();
                        let found = door::find(&mut reader, actor, view, &lookup, true, lab.core.now()).await;
                        cells.push(cell(actor, action, found.unwrap_or_default().as_ref()));
                    }
                    let label = match (views.len(), state.is_empty()) {
                        (1, _) => state,
                        (_, true) => format!("*{}*", view.name.replace('_', " ")),
                        (_, false) => format!("{state} *({})*", view.name.replace('_', " ")),
                    };
                    match lines.iter_mut().find(|(_, known)| *known == cells) {
                        Some((states, _)) => states.push(label),
                        None => lines.push((vec![label], cells)),
                    }
                }
            }
            if views.is_empty() {
                let nothing = Found::default();
                lines.push((vec![], actors.iter().map(|actor| cell(actor, action, Some(&nothing))).collect()));
            }
            if lines.is_empty() {
                lines.push((vec!["*(no example in the world)*".into()], vec![" ".into(); people.len()]));
            }
            for (at, (states, cells)) in lines.iter().enumerate() {
                let what = match at {
                    0 => format!("**{}** {} Needs {}.", action.name, action.about, needed(&action.needs)),
                    _ => "″".into(),
                };
                let _ = writeln!(text, "| {what} | {} | {} |", states.join(", "), cells.join(" | "));
            }
        }
    }
    text
}

fn compare(path: &str, now: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    let known = fs::read_to_string(&path).unwrap_or_default();
    if known == now {
        return;
    }
    if std::env::var_os("STOA_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap_or(&path)).unwrap();
        fs::write(&path, now).unwrap();
        return;
    }
    let first = known.lines().zip(now.lines()).find(|(known, now)| known != now);
    let (was, is) = first.unwrap_or(("(the end)", "(the end)"));
    panic!(
        "{} is not what the server decides; review the change, then run with STOA_BLESS=1.\nwas {was}\nis  {is}",
        path.display()
    );
}

both! {
    async fn the_table_of_who_may_do_what_is_the_reviewed_one(lab: Lab) {
        let table = table(&lab).await;
        compare("golden/access.md", &table);
        compare("../docs/generated/permissions.md", &table);
    }
}
