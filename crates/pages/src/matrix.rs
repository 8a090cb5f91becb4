//! What every role of this installation carries, as a table (mission R8).

use crate::{
    api::{Api, Visitor, text},
    shell::{Shell, page as render},
};
use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use serde_json::Value;

#[derive(Template)]
#[template(path = "matrix.html")]
struct Matrix {
    shell: Shell,
    title: &'static str,
    roles: Vec<Role>,
    groups: Vec<Group>,
}

struct Role {
    name: String,
    called: String,
    active: bool,
    /// What differs from what ships, a sentence each; empty for who may not know.
    changes: Vec<String>,
}

struct Group {
    name: String,
    rows: Vec<Row>,
}

struct Row {
    permission: String,
    about: String,
    cells: Vec<Cell>,
}

struct Cell {
    class: String,
    mark: &'static str,
    label: &'static str,
}

/// The page; who is not signed in is asked to sign in first.
pub async fn page(State(api): State<Api>, visitor: Visitor) -> Response {
    let shell = Shell::of(&api, &visitor).await;
    let answer = api.get(&visitor, "/api/access/matrix/").await;
    if !answer.ok() {
        return Redirect::to("/sign-in/?next=/access/matrix/").into_response();
    }
    let rows = |key: &str| answer.body[key].as_array().cloned().unwrap_or_default();
    let mut groups: Vec<Group> = Vec::new();
    for permission in rows("permissions") {
        let row = Row {
            permission: text(&permission, "/name"),
            about: text(&permission, "/about"),
            cells: permission["cells"].as_array().into_iter().flatten().map(cell).collect(),
        };
        let name = text(&permission, "/group");
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group { name, rows: vec![row] }),
        }
    }
    let roles = rows("roles").iter().map(role).collect();
    render(StatusCode::OK, &Matrix { shell, title: "Roles and permissions", roles, groups })
}

fn role(role: &Value) -> Role {
    Role {
        name: text(role, "/name"),
        called: text(role, "/description"),
        active: role["is_active"] == true,
        changes: role["differences"].as_array().into_iter().flatten().map(change).collect(),
    }
}

fn change(change: &Value) -> String {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let what = match change["what"].as_str().unwrap_or_default() {
        "permission_added" => format!("{} added", word(&change["value"])),
        "permission_removed" => format!("{} removed", word(&change["shipped"])),
        other => format!("{}: {} instead of {}", other, word(&change["value"]), word(&change["shipped"])),
    };
    let by = match text(change, "/by") {
        by if by.is_empty() => String::new(),
        by => format!(" by {by}"),
    };
    format!("{what}, since {}{by}", text(change, "/since").chars().take(10).collect::<String>())
}

fn cell(cell: &Value) -> Cell {
    let class = cell.as_str().unwrap_or_default().to_owned();
    let (mark, label) = match class.as_str() {
        "yes" => ("●", "yes"),
        "added" => ("+", "yes, added here"),
        "removed" => ("−", "no, removed here"),
        _ => ("", "no"),
    };
    Cell { class, mark, label }
}
