//! The server is killed between any two statements of a call that changes who may do what: all of it is there afterwards, or nothing
//! (design.md, invariant 10).
//!
//! The server that dies is this test program itself, started once more to run [`answers_one_call`]; it dies before the statement, or beside
//! the commit, that it is told.

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env,
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};
use stoa_kernel::store::Engine;
use stoa_testing::{Lab, Person, both, thing};

const CALL: &str = "STOA_KILLS_CALL";
const DAY: i64 = 86_400;
/// For how long nobody uses what is taken away: the clock moves by it for each of the two worlds in which that is done.
const UNUSED: i64 = 40 * DAY;

/// Something that is done in one call.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Give,
    Prolong,
    Revoke,
    EditRole,
    MakeGuard,
    ChangeGuard,
    MakeEligible,
    Activate,
    Approve,
    Narrow,
    RemoveProject,
}

const DEEDS: &[Deed] = &[
    Deed::Give,
    Deed::Prolong,
    Deed::Revoke,
    Deed::EditRole,
    Deed::MakeGuard,
    Deed::ChangeGuard,
    Deed::MakeEligible,
    Deed::Activate,
    Deed::Approve,
    Deed::Narrow,
    Deed::RemoveProject,
];

/// The call that does it.
struct Call {
    by: Person,
    method: &'static str,
    path: String,
    body: Value,
}

/// Makes a world in which it can be done, and says how.
async fn prepared(lab: &Lab, deed: Deed) -> Call {
    let acme = lab.organization("Acme").await;
    let project = lab.project(&acme, "Apollo").await;
    let owner = lab.member(&acme, "CUSTOMER.OWNER").await;
    let manager = lab.member(&project, "PROJECT.MANAGER").await;
    let person = lab.user("eva").await;
    let call = |by: &Person, method, path: String, body| Call { by: by.clone(), method, path, body };
    let wish = |extra: Value| {
        let mut body = json!({"scope": project.url, "role": "PROJECT.ADMIN", "user": person.uuid});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let eligible =
        async |extra: Value| thing(lab.post(&owner, "/api/access/eligibilities/", wish(extra)).await.is(201));
    let guard =
        json!({"name": "Nobody removes", "kind": "deny", "permissions": ["PROJECT.DELETE"], "customer": acme.url});
    match deed {
        Deed::Give => {
            let body = json!({"role": "PROJECT.ADMIN", "user": person.uuid});
            call(&owner, "POST", format!("{}add_user/", project.url), body)
        }
        Deed::Prolong => {
            let until = lab.core.now().plus_seconds(DAY).to_string();
            let body = json!({"role": "PROJECT.MANAGER", "user": manager.uuid, "expiration_time": until});
            call(&owner, "POST", format!("{}update_user/", project.url), body)
        }
        Deed::Revoke => {
            let body = json!({"role": "PROJECT.MANAGER", "user": manager.uuid});
            call(&owner, "POST", format!("{}delete_user/", project.url), body)
        }
        Deed::EditRole => {
            let name = format!("KIND{}", acme.uuid);
            let mut body =
                json!({"name": name, "content_type": "project", "permissions": ["PROJECT.LIST"], "is_active": true});
            let role = lab.post(&lab.staff, "/api/roles/", body.clone()).await.is(201).text("uuid");
            lab.grant(&project, &name, &person).await;
            body["permissions"] = json!(["PROJECT.LIST", "ORDER.LIST"]);
            call(&lab.staff, "PUT", format!("/api/roles/{role}/"), body)
        }
        Deed::MakeGuard => call(&owner, "POST", "/api/access/guards/".into(), guard),
        Deed::ChangeGuard => {
            let made = lab.post(&owner, "/api/access/guards/", guard).await.is(201);
            call(&owner, "PATCH", made.text("url"), json!({"permissions": ["PROJECT.DELETE", "PROJECT.UPDATE"]}))
        }
        Deed::MakeEligible => call(&owner, "POST", "/api/access/eligibilities/".into(), wish(json!({}))),
        Deed::Activate => {
            let made = eligible(json!({})).await;
            call(&person, "POST", format!("{}activate/", made.url), json!({"hours": 1, "reason": "It is down."}))
        }
        Deed::Approve => {
            let made = eligible(json!({"needs_approval": true})).await;
            let asked = json!({"hours": 1, "reason": "It is down."});
            let asked = lab.post(&person, &format!("{}activate/", made.url), asked).await.is(201);
            call(&owner, "POST", format!("{}approve/", asked.text("url")), json!({"comment": "Good luck."}))
        }
        Deed::Narrow => {
            lab.grant(&project, "PROJECT.ADMIN", &person).await;
            lab.advance(UNUSED);
            let owner = lab.signed_in(&owner.name).await;
            let unused = format!("/api/access/unused/items/?days=30&kind=grant&scope=project:{}", project.uuid);
            let rows = lab.all(&owner, &unused).await;
            let items: Vec<&Value> = rows.iter().map(|row| &row["item"]).collect();
            assert_eq!(items.len(), 2, "{rows:?}");
            let body = json!({"days": 30, "items": items, "reason": "Spring cleaning"});
            call(&owner, "POST", "/api/access/narrowings/".into(), body)
        }
        Deed::RemoveProject => call(&owner, "DELETE", project.url, Value::Null),
    }
}

/// Answers one call, unless it is to die before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the part of a server that dies; run by the tests below"]
async fn answers_one_call() {
    let Ok(call) = env::var(CALL) else { return };
    let call: Value = serde_json::from_str(&call).unwrap();
    let text = |key: &str| call[key].as_str().unwrap();
    let lab = Lab::quietly(text("database")).await;
    lab.advance(call["later"].as_i64().unwrap());
    let by =
        Person { name: text("name").into(), uuid: text("uuid").into(), token: text("token").into(), address: None };
    let steps = AtomicU64::new(call["at"].as_u64().unwrap());
    lab.core.store.watch(move || {
        if steps.fetch_sub(1, Ordering::Relaxed) == 1 {
            // No handler runs, nothing is flushed.
            std::process::abort();
        }
    });
    let reply = lab.send(&by, text("method"), text("path"), call["body"].clone()).await;
    println!("answered {}", reply.status);
}

/// Has the call answered by a server that dies at this step; what it answered, if it did.
fn answer(lab: &Lab, call: &Call, at: u64, later: i64) -> Option<u16> {
    let told = json!({"database": lab.url, "at": at, "later": later, "name": call.by.name, "uuid": call.by.uuid,
        "token": call.by.token, "method": call.method, "path": call.path, "body": call.body});
    let ran = Command::new(env::current_exe().unwrap())
        .args(["--exact", "kills::answers_one_call", "--ignored", "--nocapture"])
        .env(CALL, told.to_string())
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    out.lines().find_map(|line| line.strip_prefix("answered ")?.parse().ok())
}

/// Every row of every table, in words that are the same for two worlds made alike, and how often it is there. What says when
/// somebody signed in, or which role he used, is left out: that is written beside the calls.
async fn rows(lab: &Lab) -> BTreeMap<String, i64> {
    let (tables, is_sqlite) = match lab.core.store.engine() {
        Engine::Sqlite => ("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", true),
        Engine::Postgres => ("SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'", false),
    };
    let list = async |sql: &str| {
        let rows = lab.core.store.query(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter().map(|row| row.get::<Option<String>>(0).unwrap().unwrap_or_default()).collect::<Vec<_>>()
    };
    if !is_sqlite {
        // The database learns that a client is dead from its connection, and ends what it was about to do.
        let busy = "SELECT CAST(pid AS TEXT) FROM pg_stat_activity WHERE datname = current_database() \
                    AND pid <> pg_backend_pid() AND state <> 'idle'";
        while !list(busy).await.is_empty() {
            tokio::task::yield_now().await;
        }
    }
    let mut all = BTreeMap::new();
    for table in list(tables).await {
        if table.contains("tokens") || table == "uses" {
            continue;
        }
        let row = match is_sqlite {
            true => {
                let columns = list(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
                columns.iter().map(|column| format!("quote({column})")).collect::<Vec<_>>().join(" || ',' || ")
            }
            false => "CAST(t AS TEXT)".to_owned(),
        };
        for row in list(&format!("SELECT {row} FROM {table} t")).await {
            *all.entry(format!("{table}: {}", without_numbers(&row))).or_default() += 1;
        }
    }
    all
}

/// A text with a sign for everything that is a number, an instant or an identifier.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for letter in text.chars().chain([' ']) {
        if letter.is_ascii_hexdigit() || letter == '-' {
            run.push(letter);
            continue;
        }
        match run.len() >= 32 {
            true => out.push('#'),
            false => run.chars().for_each(|one| match one.is_ascii_digit() {
                true if out.ends_with('#') => {}
                true => out.push('#'),
                false => out.push(one),
            }),
        }
        run.clear();
        out.push(letter);
    }
    out
}

/// What is there more often or less often than before.
fn changes(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    let count = |rows: &BTreeMap<String, i64>, key: &str| rows.get(key).copied().unwrap_or(0);
    let keys = before.keys().chain(after.keys());
    keys.map(|key| (key.clone(), count(after, key) - count(before, key))).filter(|(_, more)| *more != 0).collect()
}

both! {
    async fn a_call_that_dies_anywhere_is_whole_or_not_there(lab: Lab) {
        for deed in DEEDS {
            let call = prepared(&lab, *deed).await;
            let before = rows(&lab).await;
            let reply = lab.send(&call.by, call.method, &call.path, call.body.clone()).await;
            assert!(reply.status < 300, "{deed:?}: {} {}", reply.status, reply.body);
            let whole = changes(&before, &rows(&lab).await);
            let call = prepared(&lab, *deed).await;
            let before = rows(&lab).await;
            let later = if let Deed::Narrow | Deed::RemoveProject = deed { 2 * UNUSED } else { 0 };
            for at in 1.. {
                let answered = answer(&lab, &call, at, later);
                let changed = changes(&before, &rows(&lab).await);
                if answered.is_none() && changed.is_empty() {
                    continue;
                }
                assert!(answered.is_none_or(|status| status < 300), "{deed:?} at {at}: {answered:?}");
                assert_eq!(changed, whole, "{deed:?}, killed at step {at}");
                assert!(at > 4, "{deed:?} took {at} steps");
                break;
            }
        }
    }
}
