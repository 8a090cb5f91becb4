//! C15: what a user can make the server call. Web hooks are the only addresses that users choose and the server calls; this tries
//! them with internal networks in every form, redirects, and names that resolve to one thing and then to another.

use crate::hooks::{Receiver, calling, hook, run};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use std::{
    net::IpAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use stoa_support::outbound::{Failure, Names, Outbound, Policy};
use stoa_testing::both;

/// A resolver that gives one answer after the other, and the last one ever after.
struct Script {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Script {
    fn new(answers: &[&[&str]]) -> Arc<Script> {
        let answers = answers.iter().map(|one| one.iter().map(|text| text.parse().unwrap()).collect()).collect();
        Arc::new(Script { answers, asked: AtomicUsize::new(0) })
    }
}

impl Names for Script {
    fn resolve(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let at = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let found = self.answers[at].clone();
        Box::pin(async move { Ok(found) })
    }
}

/// What may be called here: one address of this machine, and not the others.
fn one_address() -> Policy {
    Policy { networks: vec!["127.0.0.2/32".parse().unwrap()], plain_http: true }
}

const INSIDE: &[&str] = &[
    "127.0.0.1",
    "127.0.0.53",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
];

#[tokio::test]
async fn c15_a_name_that_leads_inside_is_not_called() {
    for inside in INSIDE {
        for answers in [vec![*inside], vec!["127.0.0.2", *inside], vec![*inside, "8.8.8.8"]] {
            let names = Script::new(&[&answers]);
            let outbound = Outbound::with_names(one_address(), names.clone());
            let said = outbound.post("http://harmless.example.org:8080/", &[], String::new()).await;
            assert!(matches!(said, Err(Failure::Unreachable(_))), "{answers:?}: {said:?}");
            assert_eq!(names.asked.load(Ordering::SeqCst), 1);
        }
    }
}

#[tokio::test]
async fn c15_a_number_that_leads_inside_is_not_called() {
    let victim = Receiver::listen("127.0.0.1:0").await;
    let port = victim.address.port();
    let outbound = Outbound::new(one_address());
    for form in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:0:0:1]",
        "127.0.0.1.",
        "１２７.0.0.1",
        "0",
        "localhost.",
        "user@127.0.0.1",
    ] {
        let said = outbound.post(&format!("http://{form}:{port}/"), &[], String::new()).await;
        assert!(said.is_err(), "{form}: {said:?}");
    }
    assert!(victim.all().is_empty());
    // The receiver is there, and would answer who may call it.
    let outbound = Outbound::new(Policy { networks: vec!["127.0.0.1/32".parse().unwrap()], plain_http: true });
    assert_eq!(outbound.post(&format!("http://127.0.0.1:{port}/"), &[], String::new()).await.unwrap().status, 200);
}

#[tokio::test]
async fn c15_a_name_that_changes_its_mind_gains_nothing() {
    let (allowed, victim) = (Receiver::listen("127.0.0.2:0").await, Receiver::listen("127.0.0.1:0").await);
    // Both at one port, so that only the address differs.
    let port = victim.address.port();
    let allowed_too = Receiver::listen(&format!("127.0.0.2:{port}")).await;
    drop(allowed);
    let names = Script::new(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let outbound = Outbound::with_names(one_address(), names.clone());
    let url = format!("http://rebinding.example.org:{port}/");
    assert_eq!(outbound.post(&url, &[], "first".into()).await.unwrap().status, 200);
    // The name was asked for once, and what was judged is what was called.
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    assert_eq!((allowed_too.all().len(), victim.all().len()), (1, 0));
    assert!(outbound.post(&url, &[], "second".into()).await.is_err());
    assert_eq!((allowed_too.all().len(), victim.all().len()), (1, 0));
    assert_eq!(names.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn c15_redirects_are_not_followed_and_proxies_not_used() {
    let (allowed, victim) = (Receiver::listen("127.0.0.2:0").await, Receiver::listen("127.0.0.1:0").await);
    let outbound = Outbound::new(one_address());
    for status in [301, 302, 303, 307, 308] {
        let to = format!("location: http://{}/secret\r\n", victim.address);
        allowed.answers_by(move |_| (status, to.clone()));
        let said = outbound.post(&format!("http://{}/", allowed.address), &[], String::new()).await.unwrap();
        assert_eq!(said.status, status);
    }
    assert!(victim.all().is_empty());
    assert_eq!(allowed.all().len(), 5);
}

#[tokio::test]
async fn c15_a_long_answer_is_not_read_to_its_end() {
    let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let answer = Outbound::new(one_address()).post(&format!("http://{address}/"), &[], String::new()).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 64 * 1024));
}

/// Only the one client calls what users choose; others call what the operator or staff have set.
#[test]
fn c15_there_is_one_client_for_addresses_that_users_choose() {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let calls = ["reqwest::", "TcpStream::connect", "hyper_util::client"];
                if calls.iter().any(|word| text.contains(word)) {
                    found.push(path.display().to_string());
                }
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates"), &mut found);
    // Identity providers are set by staff; reaching them inside the institution's networks is what they are for.
    let known = ["crates/support/src/outbound/", "crates/identity/"];
    found.retain(|path| !known.iter().any(|known| path.contains(known)));
    assert!(found.is_empty(), "these call addresses past the guarded client: {found:?}");
}

both! {
    async fn c15_a_hook_that_leads_inside_is_refused_and_never_called(lab: Lab) {
        let victim = Receiver::listen("127.0.0.1:0").await;
        let port = victim.address.port();
        // As it comes: https to the Internet only.
        let user = lab.user("mallory").await;
        for url in [
            format!("http://127.0.0.1:{port}/"), format!("https://127.0.0.1:{port}/"), format!("https://0x7f.1:{port}/"),
            "https://[::1]/".into(), "https://[::ffff:169.254.169.254]/".into(), "https://169.254.169.254/latest/".into(),
            "https://10.1.2.3/".into(), "https://localhost/".into(), "https://metadata.google.internal/".into(),
            "https://user:secret@example.org/".into(), "https://example.org:22/".into(), "http://example.org/".into(),
            "ftp://example.org/".into(), "javascript:alert(1)".into(), "file:///etc/passwd".into(), "https://".into(),
        ] {
            hook(&lab, &user, &url, json!({"event_groups": ["ssh"]})).await.is_invalid("destination_url");
        }
        let made = hook(&lab, &user, "https://hooks.example.org/", json!({"event_groups": ["ssh"]})).await.is(201);
        let inside = json!({"destination_url": format!("https://127.0.0.1:{port}/")});
        lab.patch(&user, &made.text("url"), inside).await.is_invalid("destination_url");
        assert!(victim.all().is_empty());
    }

    async fn c15_a_name_that_resolves_inside_is_not_called_and_nothing_is_told_of_it(lab: Lab) {
        let victim = Receiver::listen("127.0.0.1:0").await;
        let policy = Policy { plain_http: true, ..Policy::default() };
        let names = Script::new(&[&["127.0.0.1"]]);
        let lab = calling(lab, Outbound::with_names(policy, names.clone()));
        let user = lab.user("mallory").await;
        let url = format!("http://rebinding.example.org:{}/", victim.address.port());
        let made = hook(&lab, &user, &url, json!({"event_groups": ["ssh"]})).await.is(201);
        let told = lab.post(&user, &format!("{}test/", made.text("url")), Value::Null).await.is(200);
        let inside = told.text("error");
        assert_eq!(told.text("state"), "failed");
        assert!(told.body["status"].is_null() && names.asked.load(Ordering::SeqCst) == 1);
        // A name that does not exist is told in the same words: hooks are no way to explore the networks in here.
        let lab = calling(lab, Outbound::with_names(Policy { plain_http: true, ..Policy::default() }, Script::new(&[&[]])));
        lab.advance(11);
        let told = lab.post(&user, &format!("{}test/", made.text("url")), Value::Null).await.is(200);
        assert_eq!(told.text("error"), inside);
        assert!(victim.all().is_empty());
    }

    async fn c15_what_an_address_answers_is_not_shown(lab: Lab) {
        let receiver = Receiver::listen("127.0.0.2:0").await;
        receiver.answers_by(|_| (400, "x-secret: inside\r\n".into()));
        let lab = calling(lab, Outbound::new(one_address()));
        let user = lab.user("mallory").await;
        let made = hook(&lab, &user, &receiver.url(), json!({"event_groups": ["ssh"]})).await.is(201);
        let told = lab.post(&user, &format!("{}test/", made.text("url")), Value::Null).await.is(200);
        assert!(!told.body.to_string().contains("inside"));
        run(&lab).await;
        let log = lab.get(&user, &format!("{}deliveries/", made.text("url"))).await.is(200);
        assert!(!log.body.to_string().contains("inside"));
    }

    async fn c15_other_addresses_that_people_set_are_kept_and_not_called(lab: Lab) {
        // Homepages, endpoints of offerings and of providers' accounts: links for people, which the server does not follow.
        let victim = Receiver::listen("127.0.0.1:0").await;
        let inside = format!("http://{}/", victim.address);
        let world = stoa_testing::World::build(&lab).await;
        lab.patch(&lab.staff, &world.acme.url, json!({"homepage": inside})).await.is(200);
        let path = format!("{}add_endpoint/", world.offering.url);
        let body = json!({"name": "door", "url": inside});
        lab.post(world.person("provider's owner"), &path, body).await.is(201);
        let body = json!({"backend_metadata": {"url": inside}, "backend_id": inside});
        let _ = lab.post(&lab.staff, &format!("{}update_integration/", world.offering.url), body).await;
        run(&lab).await;
        assert!(victim.all().is_empty());
    }
}
