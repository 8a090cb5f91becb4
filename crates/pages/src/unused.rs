//! What nobody used, at a glance, and taking it away in one step (mission R7). Nothing here needs a script: what is chosen is a
//! form, what it would change is another page, and what was taken away is given back by a button.

use crate::{
    api::{Api, Visitor, text},
    shell::{Message, Shell, go, page as render, plain},
};
use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Rows that are shown at once.
const SHOWN: usize = 200;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    days: String,
    #[serde(default)]
    ignore_lists: String,
    #[serde(default)]
    scope: String,
}

impl Asked {
    fn days(&self) -> i64 {
        self.days.parse().ok().filter(|days| (1..=3650).contains(days)).unwrap_or(90)
    }

    fn ignores(&self) -> bool {
        self.ignore_lists == "true"
    }

    fn query(&self) -> String {
        format!("days={}&ignore_lists={}&scope={}", self.days(), self.ignores(), address(&self.scope))
    }
}

/// What of a scope may stand in an address.
fn address(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_')).take(100).collect()
}

#[derive(Template)]
#[template(path = "unused.html")]
struct Unused {
    shell: Shell,
    title: &'static str,
    problem: String,
    days: i64,
    ignore_lists: bool,
    scope: String,
    rows: Vec<Row>,
    more: bool,
    can: bool,
    /// What the choice would change; `None` if that was not asked.
    change: Option<Change>,
    made: Vec<Made>,
}

struct Row {
    /// The item as it is sent, in JSON.
    item: String,
    sentence: String,
    why: String,
    allowed: bool,
    chosen: bool,
    since: String,
    last: String,
    /// For how many days it is unused.
    age: i64,
}

struct Change {
    sentence: String,
    lines: Vec<String>,
}

struct Made {
    uuid: String,
    made: String,
    by: String,
    items: usize,
    applied: bool,
}

/// The page.
pub async fn page(State(api): State<Api>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    show(&api, &visitor, &asked, &[], Shown::default()).await
}

#[derive(Default)]
struct Shown {
    problem: String,
    change: Option<Change>,
}

/// What was chosen on the page, and what is to be done with it; `item` comes once for each.
pub async fn narrow(State(api): State<Api>, visitor: Visitor, Form(sent): Form<Vec<(String, String)>>) -> Response {
    let value =
        |name: &str| sent.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
    let asked = Asked { days: value("days"), ignore_lists: value("ignore_lists"), scope: value("scope") };
    let chosen: Vec<String> = sent.iter().filter(|(key, _)| key == "item").map(|(_, value)| value.clone()).collect();
    let items: Vec<Value> = chosen.iter().filter_map(|item| serde_json::from_str(item).ok()).collect();
    let body = json!({"days": asked.days(), "ignore_lists": asked.ignores(), "items": items});
    if value("do") == "try" {
        let answer = api.simulate(&visitor, "/api/access/narrowings/", body).await;
        let shown = match answer.ok() {
            true => Shown { change: Some(change(&answer.body)), ..Shown::default() },
            false => Shown { problem: answer.problem(), change: None },
        };
        return show(&api, &visitor, &asked, &chosen, shown).await;
    }
    let answer = api.post(&visitor, "/api/access/narrowings/", body).await;
    match answer.ok() {
        true => go(&answer, &format!("/access/unused/?{}", asked.query())),
        false => show(&api, &visitor, &asked, &chosen, Shown { problem: answer.problem(), change: None }).await,
    }
}

/// Undoes a narrowing.
pub async fn undo(State(api): State<Api>, visitor: Visitor, Path(uuid): Path<String>) -> Response {
    let answer = api.post(&visitor, &format!("/api/access/narrowings/{}/undo/", plain(&uuid)), json!({})).await;
    match answer.ok() {
        true => go(&answer, "/access/unused/"),
        false => {
            let shown = Shown { problem: answer.problem(), change: None };
            show(&api, &visitor, &Asked::default(), &[], shown).await
        }
    }
}

async fn show(api: &Api, visitor: &Visitor, asked: &Asked, chosen: &[String], shown: Shown) -> Response {
    let shell = Shell::of(api, visitor).await;
    if !shell.signed_in() {
        return Redirect::to("/sign-in/?next=/access/unused/").into_response();
    }
    let path = format!("/api/access/unused/items/?{}&page_size={SHOWN}", asked.query());
    let answer = api.get(visitor, &path).await;
    if !answer.ok() && shown.problem.is_empty() {
        let message = Message {
            shell,
            title: "This can't be shown".into(),
            text: answer.problem(),
            link: "/access/unused/".into(),
            label: "What nobody used".into(),
        };
        return render(StatusCode::BAD_REQUEST, &message);
    }
    let rows: Vec<Row> = answer.rows().iter().map(|value| row(value, chosen)).collect();
    let made = api.get(visitor, "/api/access/narrowings/?page_size=10").await;
    let page = Unused {
        title: "What nobody used",
        problem: shown.problem,
        days: asked.days(),
        ignore_lists: asked.ignores(),
        scope: address(&asked.scope),
        more: rows.len() == SHOWN,
        can: rows.iter().any(|row| row.allowed),
        rows,
        change: shown.change,
        made: made.rows().iter().map(narrowing).collect(),
        shell,
    };
    render(StatusCode::OK, &page)
}

fn row(value: &Value, chosen: &[String]) -> Row {
    let item = value["item"].to_string();
    let last = [text(value, "/last_used"), text(value, "/last_listed")].into_iter().max().unwrap_or_default();
    Row {
        chosen: chosen.contains(&item),
        item,
        sentence: text(value, "/sentence"),
        why: text(value, "/why"),
        allowed: value["allowed"] == true,
        since: text(value, "/since").chars().take(10).collect(),
        last: if last.is_empty() { "never".into() } else { last },
        age: value["unused_days"].as_i64().unwrap_or_default(),
    }
}

fn change(told: &Value) -> Change {
    let words = |list: &Value| {
        let names: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        names.join(", ")
    };
    let line = |one: &Value| {
        format!("{} at {}: no longer {}", text(one, "/user/full_name"), text(one, "/scope/name"), words(&one["lost"]))
    };
    let of = |key: &str| told[key].as_array().cloned().unwrap_or_default();
    let mut lines: Vec<String> = of("touches").iter().map(|touch| text(touch, "/text")).collect();
    lines.extend(of("differences").iter().take(SHOWN).map(line));
    Change { sentence: text(told, "/sentence"), lines }
}

fn narrowing(row: &Value) -> Made {
    Made {
        uuid: text(row, "/uuid"),
        made: text(row, "/made").chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect(),
        by: text(row, "/made_by_full_name"),
        items: row["items"].as_array().map_or(0, Vec::len),
        applied: text(row, "/state") == "applied",
    }
}
