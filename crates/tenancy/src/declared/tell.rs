//! Plans in sentences: made of what a plan is as data, so that a kept plan reads like a fresh one.

use serde_json::Value;
use std::collections::BTreeMap;

/// Permissions that are told by name.
const NAMED: usize = 12;

/// Things that are told one by one where there may be very many.
const TOLD: usize = 100;

/// How a plan is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tense {
    /// What would be done.
    Would,
    /// What was done.
    Did,
    /// How the world differs from what is declared.
    Differs,
}

/// A plan as lines.
pub fn lines(plan: &Value, tense: Tense) -> Vec<String> {
    let mut lines = Vec::new();
    for step in rows(plan, "steps") {
        let at = step["at"].as_str().map_or_else(String::new, |at| format!("  ({at})"));
        lines.push(format!("{} {} {}{at}", word(step, "sign"), word(step, "kind"), word(step, "name")));
        lines.extend(rows(step, "changes").map(|change| format!("    {}", difference(step, change))));
    }
    lines.push(counted(plan, tense));
    consequences(&plan["consequences"], &mut lines);
    for (key, text) in
        [("remains", "This would still differ afterwards:"), ("not_declared", "Not declared, and left as it is:")]
    {
        let all: Vec<&str> = rows(plan, key).filter_map(Value::as_str).collect();
        if !all.is_empty() {
            lines.push(text.to_owned());
            lines.extend(all.iter().take(TOLD).map(|one| format!("    {one}")));
            if all.len() > TOLD {
                lines.push(format!("    and {} more", all.len() - TOLD));
            }
        }
    }
    lines
}

fn counted(plan: &Value, tense: Tense) -> String {
    let count = |sign: &str| rows(plan, "steps").filter(|step| step["sign"] == sign).count();
    let (made, changed, removed) = (count("+"), count("~"), count("-"));
    if made + changed + removed == 0 {
        return "Everything is as declared: nothing to do.".into();
    }
    match tense {
        Tense::Would => format!("{made} to make, {changed} to change, {removed} to remove."),
        Tense::Did => format!("{made} made, {changed} changed, {removed} removed."),
        Tense::Differs => format!("{made} missing, {changed} different, {removed} too many."),
    }
}

fn difference(step: &Value, change: &Value) -> String {
    let (key, before, after) = (word(change, "key"), &change["before"], &change["after"]);
    if let (Some(before), Some(after)) = (before.as_array(), after.as_array()) {
        let only = |one: &[Value], other: &[Value], sign: &str| {
            let names = one.iter().filter(|name| !other.contains(name)).map(|name| format!("{sign}{}", shown(name)));
            names.collect::<Vec<_>>()
        };
        let all = [only(after, before, "+"), only(before, after, "-")].concat();
        return format!("{key}: {}", if all.is_empty() { "in another order".into() } else { all.join(" ") });
    }
    match word(step, "sign") {
        "+" => format!("{key} = {after}"),
        _ => format!("{key}: {before} → {after}"),
    }
}

fn consequences(told: &Value, lines: &mut Vec<String>) {
    let Some(sentence) = told["sentence"].as_str() else { return };
    lines.push(sentence.to_owned());
    let mut differences = 0;
    for one in rows(told, "differences").take(TOLD) {
        let scope = match one["scope"].is_null() {
            true => "the installation".to_owned(),
            false => format!("{} {}", word(&one["scope"], "type"), word(&one["scope"], "name")),
        };
        lines.push(format!("    {} at {scope}", word(&one["user"], "username")));
        for (key, sign) in [("gained", "+"), ("lost", "-")] {
            let names: Vec<&str> = rows(one, key).filter_map(Value::as_str).collect();
            if !names.is_empty() {
                lines.push(format!("        {sign} {}", named(&names)));
            }
        }
        differences += 1;
    }
    let all = told["count"].as_u64().unwrap_or(0);
    if all > differences {
        lines.push(format!("    and {} more", all - differences));
        for group in rows(told, "summary") {
            let (people, scope) = (&group["people"], word(group, "scope_type"));
            lines.push(format!("    {people} people, scope {scope}"));
            for (key, sign) in [("gained", "+"), ("lost", "-")] {
                let names: Vec<&str> = rows(group, key).filter_map(Value::as_str).collect();
                if !names.is_empty() {
                    lines.push(format!("        {sign} {}", named(&names)));
                }
            }
        }
    }
    lines.extend(rows(told, "touches").map(|one| format!("    {}", word(one, "text"))));
}

/// Permissions by name; many of them by what they are about, as nobody reads a hundred names. As data, all are there.
fn named(names: &[&str]) -> String {
    if names.len() <= NAMED {
        return names.join(", ");
    }
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *groups.entry(name.split('.').next().unwrap_or(name)).or_default() += 1;
    }
    let groups: Vec<String> = groups.iter().map(|(about, count)| format!("{about} ({count})")).collect();
    format!("{} permissions: {}", names.len(), groups.join(", "))
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn rows<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plan_reads_line_by_line() {
        let plan = json!({
            "steps": [
                {"sign": "+", "kind": "project", "name": "climate", "at": "a.toml:3",
                 "changes": [{"key": "name", "before": null, "after": "Climate"}]},
                {"sign": "~", "kind": "role", "name": "PROJECT.ADMIN",
                 "changes": [{"key": "permissions", "before": ["A", "B"], "after": ["B", "C"]}]},
                {"sign": "~", "kind": "project", "name": "x", "changes": [{"key": "name", "before": "x", "after": "y"}]},
            ],
            "not_declared": ["role R"],
            "consequences": {"sentence": "One.", "count": 1, "differences": [
                {"user": {"username": "anna"}, "scope": {"type": "project", "name": "P"}, "gained": ["A"], "lost": []}],
                "touches": [{"text": "Two."}]},
        });
        assert_eq!(
            lines(&plan, Tense::Would),
            [
                "+ project climate  (a.toml:3)",
                "    name = \"Climate\"",
                "~ role PROJECT.ADMIN",
                "    permissions: +C -A",
                "~ project x",
                "    name: \"x\" → \"y\"",
                "1 to make, 2 to change, 0 to remove.",
                "One.",
                "    anna at project P",
                "        + A",
                "    Two.",
                "Not declared, and left as it is:",
                "    role R",
            ]
        );
        let names = ["A.A", "A.B", "A.C", "B.A", "B.B", "C.A", "C.B", "C.C", "C.D", "C.E", "C.F", "C.G", "C.H"];
        assert_eq!(named(&names), "13 permissions: A (3), B (2), C (8)");
        assert_eq!(named(&names[..2]), "A.A, A.B");
        assert_eq!(lines(&json!({}), Tense::Differs), ["Everything is as declared: nothing to do."]);
    }
}
