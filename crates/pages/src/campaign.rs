//! What a reviewer decides in a review campaign: the page to which its letters lead (mission R7).

use crate::{
    api::{Api, Visitor, text},
    shell::{Message, Shell, go, page as render, plain},
};
use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "campaign.html")]
struct Campaign {
    shell: Shell,
    title: String,
    uuid: String,
    description: String,
    due: String,
    silence: &'static str,
    /// Whether decisions are still taken.
    active: bool,
    /// Whether the reader sees the whole campaign with its evidence.
    whole: bool,
    items: Vec<Item>,
    /// Whether more waits than is shown.
    more: bool,
    problem: String,
}

/// Items that are shown at once, of those that wait and of those that are decided.
const SHOWN: usize = 100;

struct Item {
    uuid: String,
    person: String,
    role: String,
    scope: String,
    since: String,
    until: String,
    decision: String,
    reason: String,
    open: bool,
}

/// A decision as the form sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Decision {
    campaign: String,
    decision: String,
    reason: String,
    new_end: String,
}

/// The page.
pub async fn page(State(api): State<Api>, visitor: Visitor, Path(uuid): Path<String>) -> Response {
    show(&api, &visitor, plain(&uuid), String::new()).await
}

/// Takes one decision, and shows the rest.
pub async fn decide(
    State(api): State<Api>,
    visitor: Visitor,
    Path(item): Path<String>,
    Form(sent): Form<Decision>,
) -> Response {
    let mut body = json!({"decision": sent.decision, "reason": sent.reason.trim()});
    if !sent.new_end.is_empty() {
        // A browser's field for a day; it ends with that day.
        body["new_end"] = format!("{}T23:59:59Z", sent.new_end).into();
    }
    let answer = api.post(&visitor, &format!("/api/access/campaign-items/{}/decide/", plain(&item)), body).await;
    let campaign = plain(&sent.campaign);
    match answer.ok() {
        true => go(&answer, &format!("/access/campaigns/{campaign}/")),
        false => show(&api, &visitor, campaign, answer.problem()).await,
    }
}

async fn show(api: &Api, visitor: &Visitor, uuid: &str, problem: String) -> Response {
    let shell = Shell::of(api, visitor).await;
    if !shell.signed_in() {
        return Redirect::to(&format!("/sign-in/?next=/access/campaigns/{uuid}/")).into_response();
    }
    let campaign = api.get(visitor, &format!("/api/access/campaigns/{uuid}/")).await;
    if !campaign.ok() {
        let message = Message {
            shell,
            title: "Not found".into(),
            text: "There is no such campaign, or nothing in it is yours to decide any more.".into(),
            link: "/account/".into(),
            label: "Your account".into(),
        };
        return render(StatusCode::NOT_FOUND, &message);
    }
    // What waits comes first.
    let ask = |query: &str| format!("/api/access/campaigns/{uuid}/items/?{query}&page_size={SHOWN}");
    let open = api.get(visitor, &ask("decision=open")).await;
    let other = "decision=kept&decision=shortened&decision=revoked&decision=gone&decision=withheld";
    let decided = api.get(visitor, &ask(other)).await;
    let whole = api.get(visitor, &format!("/api/access/campaigns/{uuid}/reviewers/?page_size=1")).await.ok();
    let page = Campaign {
        title: campaign.text("/name"),
        uuid: uuid.to_owned(),
        description: campaign.text("/description"),
        due: minute(&campaign.text("/due")),
        silence: match campaign.text("/silence").as_str() {
            "revoke" => "is revoked",
            "shorten" => "is shortened",
            _ => "is kept",
        },
        active: campaign.text("/state") == "active",
        whole,
        more: open.rows().len() == SHOWN,
        items: open.rows().iter().chain(decided.rows()).map(item).collect(),
        problem,
        shell,
    };
    render(StatusCode::OK, &page)
}

fn item(row: &Value) -> Item {
    let person = text(row, "/user_full_name");
    let decision = text(row, "/decision");
    Item {
        uuid: text(row, "/uuid"),
        person: if person.is_empty() { text(row, "/user_username") } else { person },
        role: text(row, "/role_name"),
        scope: text(row, "/scope_name"),
        since: text(row, "/granted").chars().take(10).collect(),
        until: text(row, "/expiration_time").chars().take(10).collect(),
        open: matches!(decision.as_str(), "open" | "kept" | "shortened"),
        reason: text(row, "/reason"),
        decision,
    }
}

fn minute(time: &str) -> String {
    time.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}
