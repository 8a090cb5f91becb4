//! Questions about access: a decision in process, and why, who, what and what if over HTTP, beside what they are meant to take.

use crate::{Client, Outcome, Server, run};
use serde_json::{Value, json};
use std::{hint::black_box, path::Path, sync::Arc, time::Instant};
use stoa_kernel::{
    Time,
    access::{Actor, Found, Guard, Held, Needs, Permission, PermissionSet, Role, Stand, decide},
    id::Uuid,
};
use stoa_server::scale;

/// Grants of the role whose change is tried out.
const HELD: usize = 10_000;

/// Loads a data set of this scale and measures.
pub async fn measure(engine: &str, url: &str, data: &Path, size: u64) -> Outcome<()> {
    run(url, data, &["demo", "--scale", &size.to_string()]).await?;
    let server = Server::start(url, data).await?;
    let mut client = Client::open(&server.address).await?;
    println!("\n## {engine}, scale {size}\n");
    println!("| question | aim | p50 ms | p99 ms |\n|---|---|---|---|");
    let staff = scale::token("staff");
    let uuids = async |client: &mut Client, path: &str| -> Outcome<Vec<String>> {
        let (_, body) = client.call("GET", path, &staff, None).await?;
        let rows: Value = serde_json::from_slice(&body)?;
        let all = rows.as_array().into_iter().flatten();
        Ok(all.filter_map(|row| row["uuid"].as_str().map(str::to_owned)).collect())
    };
    let mut projects = uuids(&mut client, "/api/projects/?page_size=300&field=uuid").await?;
    let last = 10_000 * size / 300 - 1;
    projects.extend(uuids(&mut client, &format!("/api/projects/?page_size=300&page={last}&field=uuid")).await?);
    let user = |n: usize| format!("user{:05}", n * 7919 % 20_000);
    let project = |n: usize| &projects[n % projects.len()];
    let why = |n: usize| format!("explain/?user={}&action=project.update&scope=project:{}", user(n), project(n));
    ask(&mut client, "why (explain)", "5 ms", 400, why).await?;
    let who = |n: usize| format!("who/?action=project.update&scope=project:{}", project(n));
    ask(&mut client, "who can", "50 ms", 400, who).await?;
    ask(&mut client, "what can somebody", "", 400, |n| format!("what/?user={}", user(n))).await?;
    let timeline = |n: usize| format!("timeline/?scope=project:{}", project(n));
    ask(&mut client, "timeline of a project", "", 400, timeline).await?;
    tried(
        &mut client,
        &projects,
        &uuids(&mut Client::open(&server.address).await?, "/api/users/?page_size=300&field=uuid").await?,
    )
    .await
}

async fn ask(client: &mut Client, name: &str, aim: &str, count: usize, path: impl Fn(usize) -> String) -> Outcome<()> {
    let staff = scale::token("staff");
    let mut times = Vec::new();
    for n in 0..count {
        let path = format!("/api/access/{}", path(n));
        let began = Instant::now();
        let (status, body) = client.call("GET", &path, &staff, None).await?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        if status != 200 {
            return Err(format!("{path}: {status} {}", String::from_utf8_lossy(&body)).into());
        }
    }
    line(name, aim, times);
    Ok(())
}

fn line(name: &str, aim: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
    println!("| {name} | {aim} | {:.2} | {:.2} |", at(0.5), at(0.99));
}

/// Tries out an edit of a role that ten thousand grants give.
async fn tried(client: &mut Client, projects: &[String], users: &[String]) -> Outcome<()> {
    let staff = scale::token("staff");
    let mut body = json!({"name": "BENCH", "content_type": "project", "is_active": true, "permissions": ["PROJECT.LIST", "ORDER.CREATE"]});
    let (status, made) = client.call("POST", "/api/roles/", &staff, Some(&body)).await?;
    let made: Value = serde_json::from_slice(&made)?;
    let uuid = made["uuid"].as_str().ok_or_else(|| format!("{status} {made}"))?.to_owned();
    for n in 0..HELD {
        let (project, user) = (&projects[n % projects.len()], &users[n / projects.len()]);
        let grant = json!({"role": uuid, "user": user});
        let (status, answer) =
            client.call("POST", &format!("/api/projects/{project}/add_user/"), &staff, Some(&grant)).await?;
        if status != 201 {
            return Err(format!("{status} {}", String::from_utf8_lossy(&answer)).into());
        }
    }
    body["permissions"] = json!(["PROJECT.LIST"]);
    client.headers = "x-simulate: true\r\n".into();
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let (status, answer) = client.call("PUT", &format!("/api/roles/{uuid}/"), &staff, Some(&body)).await?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        let answer: Value = serde_json::from_slice(&answer)?;
        // Who has the same from the organization above loses nothing.
        if status != 200 || answer["count"].as_u64().unwrap_or_default() < HELD as u64 * 9 / 10 {
            return Err(format!("{status}: {} differences", answer["count"]).into());
        }
    }
    client.headers.clear();
    line(&format!("what if: a role that {HELD} grants give"), "1 s", times);
    Ok(())
}

/// A decision in process: an actor with ten grants under three guards, on a thing of two places.
pub fn decision() {
    let set: PermissionSet = (0..60).map(|index| Permission { index, name: "P" }).collect();
    let wanted = Permission { index: 59, name: "P" };
    let role = Arc::new(Role {
        id: 1,
        uuid: Uuid::nil(),
        name: "role".into(),
        description: String::new(),
        scope: "project".into(),
        active: true,
        permissions: set,
    });
    let grants = (0..10).map(|id| Held {
        uuid: Uuid::nil(),
        role: role.clone(),
        scope: "project".into(),
        scope_id: id,
        owner_id: 1,
        until: None,
        since: Time::default(),
        stopped: None,
    });
    let guard =
        |id: i64| Arc::new(Guard { place: Some(("project".into(), 100 + id)), permissions: set, ..Guard::default() });
    let actor = Actor { id: 1, grants: grants.collect(), guards: (0..3).map(guard).collect(), ..Actor::default() };
    let needs = Needs::Permission(wanted, &["itself", "customer"]);
    let places =
        vec![Stand { place: "itself", scope: "project", id: 9 }, Stand { place: "customer", scope: "customer", id: 1 }];
    let thing = Found { thing: "project", id: 9, places, ..Found::default() };
    let rounds = 1_000_000_u32;
    for (name, actor) in
        [("allowed by the tenth grant", actor.clone()), ("refused", Actor { grants: Vec::new(), ..actor })]
    {
        let began = Instant::now();
        for _ in 0..rounds {
            black_box(decide(black_box(&actor), &needs, black_box(&thing)));
        }
        println!(
            "| a decision in process, {name} | 1 µs | {:.2} µs | |",
            began.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
        );
    }
}
