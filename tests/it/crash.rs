//! The server is killed while it writes: what it has answered is there afterwards, and nothing is there by half
//! (design.md, invariant 10; C16).
//!
//! The server that dies is this test program itself, started once more to run [`writes_until_it_is_killed`].

use serde_json::json;
use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};
use stoa_testing::Lab;

const DATABASE: &str = "STOA_CRASH_DATABASE";

/// Makes projects, changes them, and activates a role on them, four at a time, and prints what was answered, until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the part of a server that dies; run by the tests below"]
async fn writes_until_it_is_killed() {
    let Ok(url) = env::var(DATABASE) else { return };
    let lab = std::sync::Arc::new(Lab::again(&url).await);
    let acme = lab.organization("Acme").await;
    let writers = (0..4).map(|writer| {
        let (lab, acme) = (lab.clone(), acme.clone());
        tokio::spawn(async move {
            for number in 0.. {
                let name = format!("P {writer} {number}");
                let made =
                    lab.post(&lab.staff, "/api/projects/", json!({"name": name, "customer": acme.url})).await.is(201);
                println!("made {}", made.text("uuid"));
                lab.patch(&lab.staff, &made.text("url"), json!({"description": "Changed."})).await.is(200);
                println!("changed {}", made.text("uuid"));
                let body = json!({"scope": made.text("url"), "role": "PROJECT.ADMIN", "user": lab.staff.uuid});
                let eligible = lab.post(&lab.staff, "/api/access/eligibilities/", body).await.is(201);
                let path = format!("{}activate/", eligible.text("url"));
                let started = lab.post(&lab.staff, &path, json!({"hours": 1, "reason": "Now."})).await.is(201);
                println!("activated {}", started.text("uuid"));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// Runs the writer over a database and kills it after so many answers; what it had answered.
fn killed_after(answers: usize, url: &str) -> Vec<String> {
    let mut writer = Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::writes_until_it_is_killed", "--ignored", "--nocapture"])
        .env(DATABASE, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines().map_while(Result::ok);
    let is_answer = |line: &String| ["made ", "changed ", "activated "].iter().any(|word| line.starts_with(word));
    let mut told: Vec<String> = lines.by_ref().filter(is_answer).take(answers).collect();
    // SIGKILL: no handler runs, nothing is flushed.
    writer.kill().unwrap();
    writer.wait().unwrap();
    // What it managed to say before it died was answered too.
    told.extend(lines.filter(is_answer));
    assert!(told.len() >= answers, "the writer ended by itself after {} answers", told.len());
    told
}

async fn whole(url: &str, told: &[String]) {
    let lab = Lab::again(url).await;
    let read = |sql: &'static str| {
        let lab = &lab;
        async move {
            let rows = lab.core.store.query(sql, &[]).await.unwrap();
            rows.iter().map(|row| (row.get::<i64>(0).unwrap(), row.get::<i64>(1).unwrap())).collect::<BTreeSet<_>>()
        }
    };
    let rows = lab.all(&lab.staff, "/api/projects/").await;
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let made: BTreeSet<String> = rows.iter().map(|row| text(row, "uuid")).collect();
    let changed: BTreeSet<String> =
        rows.iter().filter(|row| row["description"] == "Changed.").map(|row| text(row, "uuid")).collect();
    let rows = lab.all(&lab.staff, "/api/access/activations/").await;
    let activated: BTreeSet<String> = rows.iter().map(|row| text(row, "uuid")).collect();
    for line in told {
        let (what, uuid) = line.split_once(' ').unwrap();
        let there = match what {
            "made" => &made,
            "changed" => &changed,
            _ => &activated,
        };
        assert!(there.contains(uuid), "{line} was answered and is lost");
    }
    // Each project with its one event, each change with its one, and no event without its project.
    let projects = read("SELECT id, 1 FROM projects").await;
    let made_events =
        read("SELECT thing_id, count(*) FROM events WHERE event_type = 'project_creation_succeeded' GROUP BY thing_id")
            .await;
    assert_eq!(projects, made_events);
    let changed_projects = read("SELECT id, 1 FROM projects WHERE description = 'Changed.'").await;
    let changed_events =
        read("SELECT thing_id, count(*) FROM events WHERE event_type = 'project_update_succeeded' GROUP BY thing_id")
            .await;
    assert_eq!(changed_projects, changed_events);
    // Each eligibility with its one event; each activation with its grant, its one event and that of the grant.
    let eligible = read("SELECT id, 1 FROM eligibilities").await;
    let sql = "SELECT thing_id, count(*) FROM events WHERE event_type = 'eligibility_granted' GROUP BY thing_id";
    assert_eq!(eligible, read(sql).await);
    let activations = read("SELECT id, 1 FROM activations WHERE state = 'active'").await;
    let sql = "SELECT a.id, count(*) FROM activations a JOIN grants g ON g.uuid = a.grant_uuid GROUP BY a.id";
    assert_eq!(activations, read(sql).await);
    for kind in ["activation_started", "role_granted"] {
        let sql = if kind == "role_granted" {
            "SELECT thing_id, count(*) FROM events WHERE event_type = 'role_granted' AND thing = 'activation' GROUP BY thing_id"
        } else {
            "SELECT thing_id, count(*) FROM events WHERE event_type = 'activation_started' GROUP BY thing_id"
        };
        assert_eq!(activations, read(sql).await, "{kind}");
    }
    let lent = read("SELECT count(*), 0 FROM grants WHERE source <> ''").await;
    assert_eq!(lent, BTreeSet::from([(i64::try_from(activations.len()).unwrap(), 0)]));
    let feeds = "SELECT count(*), 0 FROM event_feeds f LEFT JOIN events e ON e.id = f.event_id WHERE e.id IS NULL";
    assert_eq!(read(feeds).await, BTreeSet::from([(0, 0)]));
}

async fn survives(lab: Lab) {
    // The folder of the Lab must stay until the end.
    lab.core.store.close().await;
    let mut told = Vec::new();
    for answers in [40, 1, 75] {
        told.extend(killed_after(answers, &lab.url));
        whole(&lab.url, &told).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_it_has_answered_on_sqlite() {
    survives(Lab::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_it_has_answered_on_postgres() {
    if let Some(lab) = Lab::postgres().await {
        survives(lab).await;
    }
}
