//! Web hooks and mail hooks, with a real receiver: what arrives, in which order, how often, for whom, and what is told of it.

use serde_json::{Value, json};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};
use stoa_kernel::{Val, vals};
use stoa_server::{config::Config, serve, start};
use stoa_support::{
    hook::send::Pump,
    outbound::{Outbound, Policy},
};
use stoa_tenancy::user::password::Passwords;
use stoa_testing::{Lab, Person, Reply, Thing, World, both};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// One request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Arrived {
    /// Headers, their names in lower case.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: String,
}

impl Arrived {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What a receiver answers: a status and further headers; the path says nothing to it.
type Answer = Box<dyn Fn(&Arrived) -> (u16, String) + Send + Sync>;

/// A web server of our own that writes down what arrives.
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    answer: Arc<Mutex<Answer>>,
    said: Arc<Mutex<String>>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn listen(at: &str) -> Receiver {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<Mutex<Answer>> = Arc::new(Mutex::new(Box::new(|_| (200, String::new()))));
        let said = Arc::new(Mutex::new(String::new()));
        let (to, how, what) = (arrived.clone(), answer.clone(), said.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(receive(stream, to.clone(), how.clone(), what.lock().unwrap().clone()));
            }
        });
        Receiver { address, arrived, answer, said }
    }

    /// From now on it answers so.
    pub fn answers(&self, status: u16) {
        self.answers_by(move |_| (status, String::new()));
    }

    /// From now on this is the body of its answers.
    pub fn says(&self, body: &str) {
        *self.said.lock().unwrap() = body.to_owned();
    }

    /// From now on it answers as a function says.
    pub fn answers_by(&self, how: impl Fn(&Arrived) -> (u16, String) + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Box::new(how);
    }

    /// What has arrived.
    pub fn all(&self) -> MutexGuard<'_, Vec<Arrived>> {
        self.arrived.lock().unwrap()
    }

    /// The types of the events that have arrived.
    pub fn types(&self) -> Vec<String> {
        self.all().iter().map(|one| one.headers["x-stoa-event"].clone()).collect()
    }

    /// An address at it.
    pub fn url(&self) -> String {
        format!("http://{}/in?key=hidden", self.address)
    }
}

async fn receive(
    mut stream: TcpStream,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    answer: Arc<Mutex<Answer>>,
    said: String,
) -> Option<()> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut one = Arrived::default();
    for line in String::from_utf8_lossy(&bytes[..head]).lines().skip(1) {
        let (name, value) = line.split_once(':')?;
        one.headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length: usize = one.headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    while bytes.len() < head + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    one.body = String::from_utf8_lossy(&bytes[head + 4..]).into_owned();
    let (status, more) = (answer.lock().unwrap())(&one);
    arrived.lock().unwrap().push(one);
    if status == 0 {
        // Never answers.
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        return None;
    }
    let said = if status == 204 { String::new() } else { said };
    let text =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n{said}", said.len());
    stream.write_all(text.as_bytes()).await.ok()
}

/// The same Lab with another client for addresses that users choose.
pub fn calling(mut lab: Lab, outbound: Outbound) -> Lab {
    let core = start::core(lab.core.store.clone(), lab.core.clock.clone());
    lab.core = Arc::new(core.with(Arc::new(Passwords::cheap())).with(outbound));
    let nothing: [(String, String); 0] = [];
    lab.router = serve::app(lab.core.clone(), &Config::load(&Default::default(), nothing).unwrap());
    lab
}

/// The same Lab, which may call this machine.
pub fn at_home(lab: Lab) -> Lab {
    calling(lab, Outbound::new(Policy { networks: vec!["127.0.0.1/32".parse().unwrap()], plain_http: true }))
}

/// Lets everything that is due happen, hooks included, until they are served.
pub async fn run(lab: &Lab) {
    lab.advance(6);
    lab.run_jobs().await;
    Pump::idle(&lab.core).await;
}

/// A web hook of a person.
pub async fn hook(lab: &Lab, by: &Person, url: &str, wants: Value) -> Reply {
    let mut body = json!({"destination_url": url});
    body.as_object_mut().unwrap().extend(wants.as_object().unwrap().clone());
    lab.post(by, "/api/hooks-web/", body).await
}

/// The deliveries of a hook, oldest first.
async fn log(lab: &Lab, by: &Person, hook: &Reply) -> Vec<Value> {
    let mut all = lab.all(by, &format!("{}deliveries/", hook.text("url"))).await;
    all.reverse();
    all
}

async fn rename(lab: &Lab, project: &Thing, name: &str) {
    lab.patch(&lab.staff, &project.url, json!({"name": name})).await.is(200);
}

async fn texts(lab: &Lab, sql: &str, values: &[Val]) -> Vec<String> {
    let rows = lab.core.store.query(sql, values).await.unwrap();
    rows.iter().map(|row| row.get(0).unwrap()).collect()
}

/// The signature of a body as a receiver checks it, with a program that is not ours.
async fn openssl(secret: &str, text: &str) -> Option<String> {
    let path = std::env::temp_dir().join(format!("stoa-hook-{}-{}", std::process::id(), text.len()));
    std::fs::write(&path, text).unwrap();
    let run = std::process::Command::new("openssl").args(["dgst", "-sha256", "-hmac", secret]).arg(&path).output();
    let _ = std::fs::remove_file(&path);
    let said = String::from_utf8_lossy(&run.ok()?.stdout).into_owned();
    said.split_whitespace().last().map(str::to_owned)
}

both! {
    async fn a_hook_is_told_of_events_in_order_and_signed(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let receiver = Receiver::listen("127.0.0.1:0").await;
        let owner = world.person("owner");
        rename(&lab, &world.apollo, "Before").await;
        let made = hook(&lab, owner, &receiver.url(), json!({"event_groups": ["projects"]})).await.is(201);
        let secret = made.text("secret");
        assert!(lab.get(owner, &made.text("url")).await.is(200).body.get("secret").is_none());
        for number in 0..5 {
            rename(&lab, &world.apollo, &format!("Apollo {number}")).await;
        }
        rename(&lab, &world.hermes, "Not mine").await;
        run(&lab).await;
        run(&lab).await;
        let arrived = receiver.all().clone();
        assert_eq!(arrived.len(), 5, "{arrived:?}");
        for (number, one) in arrived.iter().enumerate() {
            let body = one.json();
            assert_eq!(body["event_type"], "project_update_succeeded");
            assert_eq!(body["context"]["project_uuid"], world.apollo.uuid);
            assert!(body["message"].as_str().unwrap().contains(&format!("Apollo {number}")), "{body}");
            assert!(body["created"].as_str().unwrap().ends_with('Z'));
            assert_eq!(one.headers["content-type"], "application/json");
            let signed = &one.headers["x-stoa-signature"];
            let (time, mac) = signed.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).unwrap();
            let age = lab.core.now().0 / 1_000_000 - time.parse::<i64>().unwrap();
            assert!((0..60).contains(&age), "{age}");
            if let Some(expected) = openssl(&secret, &format!("{time}.{}", one.body)).await {
                assert_eq!(mac, expected);
            }
        }
        let log = log(&lab, owner, &made).await;
        assert_eq!(log.len(), 5);
        assert!(log.iter().all(|one| one["state"] == "delivered" && one["attempts"] == 1 && one["status"] == 200), "{log:?}");
        assert_eq!(log[0]["uuid"], arrived[0].headers["x-stoa-delivery"].as_str());
    }

    async fn a_form_is_sent_where_one_is_asked_for(lab: Lab) {
        let lab = at_home(lab);
        let receiver = Receiver::listen("127.0.0.1:0").await;
        let wants = json!({"event_types": ["customer_creation_succeeded"], "content_type": "form"});
        hook(&lab, &lab.staff, &receiver.url(), wants).await.is(201);
        lab.organization("Acme & Co").await;
        run(&lab).await;
        let arrived = receiver.all().clone();
        assert_eq!(arrived[0].headers["content-type"], "application/x-www-form-urlencoded");
        assert!(arrived[0].body.contains("event_type=customer_creation_succeeded"), "{}", arrived[0].body);
        assert!(arrived[0].body.contains("Acme+%26+Co"), "{}", arrived[0].body);
    }

    async fn what_fails_is_tried_again_later_and_not_all_the_time(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let receiver = Receiver::listen("127.0.0.1:0").await;
        let owner = world.person("owner");
        let made = hook(&lab, owner, &receiver.url(), json!({"event_groups": ["projects"]})).await.is(201);
        receiver.answers(500);
        rename(&lab, &world.apollo, "One").await;
        run(&lab).await;
        assert_eq!(receiver.all().len(), 1);
        let failed = &log(&lab, owner, &made).await[0];
        assert_eq!((&failed["state"], &failed["status"]), (&json!("pending"), &json!(500)));
        assert!(failed["next_attempt_at"].is_string() && failed["error"] == "The receiver answered 500.");
        // Nothing is sent before its time, however often the server looks.
        for _ in 0..3 {
            lab.run_jobs().await;
            Pump::idle(&lab.core).await;
        }
        assert_eq!(receiver.all().len(), 1);
        // Two days pass in steps of an hour: the waits grow, and the receiver is asked eleven times at most.
        for _ in 0..48 {
            lab.advance(3600);
            run(&lab).await;
        }
        assert_eq!(receiver.all().len(), 11);
        let owner = &lab.signed_in(&owner.name).await;
        assert_eq!(log(&lab, owner, &made).await[0]["state"], "failed");
        // The same delivery each time, so that a receiver can tell.
        let ids: std::collections::HashSet<String> =
            receiver.all().iter().map(|one| one.headers["x-stoa-delivery"].clone()).collect();
        assert_eq!(ids.len(), 1);
        // By hand it goes once more, and now it is taken.
        receiver.answers(200);
        let path = format!("{}deliveries/{}/redeliver/", made.text("url"), failed["uuid"].as_str().unwrap());
        lab.post(owner, &path, Value::Null).await.is(202);
        lab.post(owner, &path, Value::Null).await.is(409);
        run(&lab).await;
        assert_eq!(receiver.all().len(), 12);
        assert_eq!(log(&lab, owner, &made).await[0]["state"], "delivered");
    }

    async fn one_event_that_is_not_taken_does_not_hold_up_others(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let receiver = Receiver::listen("127.0.0.1:0").await;
        receiver.answers_by(|one| (if one.body.contains("to 'Poison'") { 500 } else { 200 }, String::new()));
        let owner = world.person("owner");
        let made = hook(&lab, owner, &receiver.url(), json!({"event_groups": ["projects"]})).await.is(201);
        for name in ["Poison", "Two", "Three"] {
            rename(&lab, &world.zeus, name).await;
        }
        run(&lab).await;
        let states: Vec<Value> = log(&lab, owner, &made).await.iter().map(|one| one["state"].clone()).collect();
        assert_eq!(states, ["pending", "delivered", "delivered"]);
    }

    async fn a_receiver_that_is_away_is_left_alone_and_then_gets_everything_in_order(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let receiver = Receiver::listen("127.0.0.1:0").await;
        receiver.answers(503);
        let owner = world.person("owner");
        hook(&lab, owner, &receiver.url(), json!({"event_groups": ["projects"]})).await.is(201);
        for number in 0..30 {
            rename(&lab, &world.apollo, &format!("Apollo {number}")).await;
        }
        run(&lab).await;
        run(&lab).await;
        let asked = receiver.all().len();
        assert!(asked <= 2, "{asked} requests to a receiver that is away");
        receiver.answers(200);
        receiver.all().clear();
        lab.advance(60);
        for _ in 0..4 {
            run(&lab).await;
        }
        let names: Vec<String> = receiver.all().iter().map(|one| one.json()["message"].to_string()).collect();
        assert_eq!(names.len(), 30);
        for (number, message) in names.iter().enumerate() {
            assert!(message.contains(&format!("'Apollo {number}'")), "{number}: {message}");
        }
    }

    async fn a_hook_of_somebody_who_lost_the_role_is_silent(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let (members, owners) = (Receiver::listen("127.0.0.1:0").await, Receiver::listen("127.0.0.1:0").await);
        let (member, owner) = (world.person("project member"), world.person("owner"));
        let wants = json!({"event_groups": ["projects", "customers", "permissions", "auth", "users"]});
        let made = hook(&lab, member, &members.url(), wants.clone()).await.is(201);
        hook(&lab, owner, &owners.url(), wants).await.is(201);
        run(&lab).await;
        members.all().clear();
        owners.all().clear();
        // The member is told of the project, not of the organization, and nobody of a failed sign-in.
        rename(&lab, &world.apollo, "Seen").await;
        lab.patch(&lab.staff, &world.acme.url, json!({"abbreviation": "AC"})).await.is(200);
        let wrong = json!({"username": member.name, "password": "wrong-horse"});
        lab.post(&lab.nobody(), "/api-auth/password/", wrong).await.is(401);
        run(&lab).await;
        assert_eq!(members.types(), ["project_update_succeeded"]);
        assert_eq!(owners.types(), ["project_update_succeeded", "customer_update_succeeded"]);
        // One event waits for its next attempt when the role is taken away: it is not sent any more.
        members.answers(500);
        rename(&lab, &world.apollo, "Half").await;
        run(&lab).await;
        let before = members.all().len();
        members.answers(200);
        let role = json!({"role": "PROJECT.MEMBER", "user": member.uuid});
        lab.post(&lab.staff, &format!("{}delete_user/", world.apollo.url), role).await.is(200);
        rename(&lab, &world.apollo, "Unseen").await;
        lab.advance(600);
        run(&lab).await;
        // That he lost it he is told: the event is in his own feed.
        let later = members.types().split_off(before);
        assert_eq!(later, ["role_revoked"]);
        let states: Vec<Value> = log(&lab, member, &made).await.iter().map(|one| one["state"].clone()).collect();
        assert!(states.contains(&json!("withheld")), "{states:?}");
        assert!(owners.all().iter().any(|one| one.body.contains("Unseen")));
        // Who may not sign in is told nothing at all.
        lab.patch(&lab.staff, &format!("/api/users/{}/", owner.uuid), json!({"is_active": false})).await.is(200);
        let before = owners.all().len();
        rename(&lab, &world.apollo, "Later").await;
        run(&lab).await;
        assert_eq!(owners.all().len(), before);
    }

    async fn staff_are_told_everything_that_is_in_a_feed(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let receiver = Receiver::listen("127.0.0.1:0").await;
        let wants = json!({"event_groups": ["projects", "auth"]});
        hook(&lab, &lab.staff, &receiver.url(), wants).await.is(201);
        rename(&lab, &world.hermes, "Somewhere").await;
        let wrong = json!({"username": "nobody", "password": "wrong-horse"});
        lab.post(&lab.nobody(), "/api-auth/password/", wrong).await.is(401);
        run(&lab).await;
        assert_eq!(receiver.types(), ["project_update_succeeded"]);
    }

    async fn a_receiver_that_wants_nothing_any_more_switches_its_hook_off(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let receiver = Receiver::listen("127.0.0.1:0").await;
        receiver.answers(410);
        let owner = world.person("owner");
        let made = hook(&lab, owner, &receiver.url(), json!({"event_groups": ["projects"]})).await.is(201);
        rename(&lab, &world.apollo, "One").await;
        rename(&lab, &world.apollo, "Two").await;
        run(&lab).await;
        assert_eq!(receiver.all().len(), 1);
        assert_eq!(lab.get(owner, &made.text("url")).await.is(200).body["is_active"], false);
        let letters = texts(&lab, "SELECT payload FROM jobs WHERE kind = 'mail' AND payload LIKE $1",
            &vals!["%structure.web_hook_switched_off%"]).await;
        assert_eq!(letters.len(), 1);
        assert!(!letters[0].contains("hidden"), "{}", letters[0]);
        rename(&lab, &world.apollo, "Three").await;
        run(&lab).await;
        assert_eq!(receiver.all().len(), 1);
    }

    async fn a_hook_that_fails_for_a_day_is_switched_off(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        // Nobody listens there.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/");
        let made = hook(&lab, owner, &url, json!({"event_groups": ["projects"]})).await.is(201);
        for number in 0..60 {
            rename(&lab, &world.apollo, &format!("Apollo {number}")).await;
            lab.advance(1800);
            run(&lab).await;
        }
        let owner = lab.signed_in(&owner.name).await;
        let shown = lab.get(&owner, &made.text("url")).await.is(200);
        assert_eq!(shown.body["is_active"], false, "{}", shown.body);
    }

    async fn a_test_tells_what_came_of_it(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let receiver = Receiver::listen("127.0.0.1:0").await;
        let owner = world.person("owner");
        let made = hook(&lab, owner, &receiver.url(), json!({"event_groups": ["ssh"]})).await.is(201);
        let path = format!("{}test/", made.text("url"));
        let told = lab.post(owner, &path, Value::Null).await.is(200);
        assert_eq!((told.text("state"), told.body["status"].clone()), ("delivered".to_owned(), json!(200)));
        assert_eq!(receiver.all()[0].json()["context"]["is_test"], true);
        lab.post(owner, &path, Value::Null).await.is(429);
        lab.advance(11);
        receiver.answers(404);
        let told = lab.post(owner, &path, Value::Null).await.is(200);
        assert_eq!((told.text("state"), told.text("error")), ("failed".to_owned(), "The receiver answered 404.".to_owned()));
        lab.post(world.person("neighbour's owner"), &path, Value::Null).await.is(404);
    }

    async fn a_secret_is_shown_once_and_another_takes_its_place(lab: Lab) {
        let lab = at_home(lab);
        let owner = World::build(&lab).await.person("owner").clone();
        let receiver = Receiver::listen("127.0.0.1:0").await;
        let made = hook(&lab, &owner, &receiver.url(), json!({"event_groups": ["ssh"]})).await.is(201);
        let first = made.text("secret");
        let path = format!("{}rotate_secret/", made.text("url"));
        let second = lab.post(&owner, &path, Value::Null).await.is(200).text("secret");
        assert!(first.len() == 64 && second.len() == 64 && first != second);
        // Staff see the hook, but not how to sign in its name.
        lab.post(&lab.staff, &path, Value::Null).await.is_forbidden();
        for person in [&owner, &lab.staff] {
            for list in ["/api/hooks/", "/api/hooks-web/", &made.text("url"), "/api/events/"] {
                let shown = lab.get(person, list).await.is(200).body.to_string();
                assert!(!shown.contains(&first) && !shown.contains(&second), "{list}");
            }
        }
        let kept = texts(&lab, "SELECT context || changes || message FROM events", &[]).await.join("\n");
        assert!(!kept.contains(&first) && !kept.contains(&second) && !kept.contains("hidden"));
        lab.patch(&owner, &made.text("url"), json!({"destination_url": format!("{}2", receiver.url())})).await.is(200);
        let kept = texts(&lab, "SELECT context || changes || message FROM events", &[]).await.join("\n");
        assert!(!kept.contains("hidden"), "an address with a secret is on record");
    }

    async fn everybody_keeps_his_own_hooks(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let (owner, other) = (world.person("owner"), world.person("neighbour's owner"));
        let url = "https://hooks.example.org/in";
        let made = hook(&lab, owner, url, json!({"event_types": ["ssh_key_creation_succeeded"]})).await.is(201);
        let mail = json!({"email": format!("{}@example.org", owner.name), "event_groups": ["ssh", "access_subnets"]});
        let mail = lab.post(owner, "/api/hooks-email/", mail).await.is(201);
        assert_eq!(mail.body["is_confirmed"], true);
        assert_eq!(mail.body["event_types"].as_array().unwrap().len(), 5);
        assert_eq!(mail.body["hook_type"], "email");
        for path in [made.text("url"), mail.text("url")] {
            for method in ["GET", "PATCH", "PUT", "DELETE"] {
                lab.send(other, method, &path, json!({"is_active": false})).await.is(404);
            }
            lab.get(&lab.staff, &path).await.is(200);
            lab.get(world.person("support agent"), &path).await.is(200);
            lab.get(&lab.nobody(), &path).await.is(401);
        }
        // The mixed list names each kind by its own address.
        let rows = lab.all(owner, "/api/hooks/").await;
        let urls: Vec<&str> = rows.iter().map(|row| row["url"].as_str().unwrap()).collect();
        assert_eq!(urls, [mail.text("url"), made.text("url")]);
        assert!(rows[0].get("destination_url").is_none() && rows[1].get("email").is_none());
        assert!(lab.all(other, "/api/hooks/").await.is_empty());
        for (query, count) in [
            (format!("author_uuid={}", owner.uuid), 1), (format!("author_username={}", owner.name), 1),
            (format!("author_email={}%40example.org", owner.name), 1), ("author_fullname=nobody".into(), 0),
            ("content_type=1".into(), 1), ("content_type=2".into(), 0), ("query=EXAMPLE.org".into(), 1),
            ("is_active=false".into(), 0), ("last_published=2020-01-01".into(), 0),
            (format!("destination_url={url}"), 1),
        ] {
            assert_eq!(lab.all(&lab.staff, &format!("/api/hooks-web/?{query}")).await.len(), count, "{query}");
        }
        // Each kind is found under its own address only.
        lab.get(owner, &format!("/api/hooks-email/{}/", made.text("uuid"))).await.is(404);
        let changed = json!({"event_types": ["user_activated"], "is_active": false});
        let changed = lab.patch(owner, &made.text("url"), changed).await.is(200);
        assert_eq!((&changed.body["event_types"], &changed.body["is_active"]), (&json!(["user_activated"]), &json!(false)));
        lab.delete(owner, &made.text("url")).await.is(204);
        lab.delete(&lab.staff, &mail.text("url")).await.is(204);
        assert!(lab.all(owner, "/api/hooks/").await.is_empty());
    }

    async fn what_is_wrong_with_a_hook_is_said(lab: Lab) {
        let lab = at_home(lab);
        let user = lab.user("ada").await;
        let url = "https://hooks.example.org/in";
        let nothing = hook(&lab, &user, url, json!({})).await.is(400);
        assert_eq!(nothing.body["non_field_errors"], json!(["Please specify list of event_types or event_groups."]));
        hook(&lab, &user, url, json!({"event_types": ["nonsense"]})).await.is_invalid("event_types");
        hook(&lab, &user, url, json!({"event_groups": ["nonsense"]})).await.is_invalid("event_groups");
        hook(&lab, &user, url, json!({"event_groups": "ssh"})).await.is_invalid("event_groups");
        hook(&lab, &user, url, json!({"event_groups": ["ssh"], "content_type": "xml"})).await.is_invalid("content_type");
        let long = format!("{url}{}", "x".repeat(200));
        hook(&lab, &user, &long, json!({"event_groups": ["ssh"]})).await.is_invalid("destination_url");
        lab.post(&user, "/api/hooks-email/", json!({"event_groups": ["ssh"]})).await.is_invalid("email");
        lab.post(&lab.nobody(), "/api/hooks-web/", json!({"destination_url": url})).await.is(401);
    }

    async fn who_acts_in_another_s_name_makes_no_hooks(lab: Lab) {
        let lab = at_home(lab);
        let owner = World::build(&lab).await.person("owner").clone();
        let headers = [("x-impersonated-user-uuid", owner.uuid.as_str()), ("content-type", "application/json")];
        let body = json!({"destination_url": "https://hooks.example.org/", "event_groups": ["ssh"]});
        lab.raw(&lab.staff, "POST", "/api/hooks-web/", &headers, body.to_string().into_bytes()).await.is_forbidden();
    }

    async fn letters_go_to_one_s_own_address_and_to_others_who_agreed(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let mail = |email: &str| json!({"email": email, "event_groups": ["projects"]});
        lab.post(owner, "/api/hooks-email/", mail(&format!("{}@EXAMPLE.org", owner.name))).await.is(201);
        let other = lab.post(owner, "/api/hooks-email/", mail("ops@example.net")).await.is(201);
        assert_eq!(other.body["is_confirmed"], false);
        rename(&lab, &world.apollo, "One").await;
        run(&lab).await;
        let letters = || async { texts(&lab, "SELECT payload FROM jobs WHERE kind = 'mail' AND payload LIKE $1 ORDER BY id",
            &vals!["%structure.event_hook%"]).await };
        let first: Value = serde_json::from_str(&letters().await[0]).unwrap();
        assert_eq!(letters().await.len(), 1);
        assert_eq!(first["to"], format!("{}@EXAMPLE.org", owner.name));
        assert_eq!(first["context"]["event_type"], "project_update_succeeded");
        assert_eq!(first["context"]["context"]["project_uuid"], world.apollo.uuid);
        // The holder of the other address agrees, once; strangers' guesses are all answered alike.
        let asked = texts(&lab, "SELECT payload FROM jobs WHERE kind = 'mail' AND payload LIKE $1",
            &vals!["%structure.email_hook_confirm%"]).await;
        let asked: Value = serde_json::from_str(&asked[0]).unwrap();
        assert_eq!(asked["to"], "ops@example.net");
        let code = asked["context"]["link"].as_str().unwrap().split('/').nth(3).unwrap().to_owned();
        for wrong in ["", "x", &"0".repeat(64)] {
            let reply = lab.post(&lab.nobody(), "/api/hooks-email/confirm/", json!({"token": wrong})).await;
            assert!(matches!(reply.status, 400 | 404), "{}", reply.status);
        }
        lab.post(&lab.nobody(), "/api/hooks-email/confirm/", json!({"token": code})).await.is(200);
        lab.post(&lab.nobody(), "/api/hooks-email/confirm/", json!({"token": code})).await.is(404);
        assert_eq!(lab.get(owner, &other.text("url")).await.is(200).body["is_confirmed"], true);
        rename(&lab, &world.apollo, "Two").await;
        run(&lab).await;
        assert_eq!(letters().await.len(), 3);
        // Another address is asked again.
        let moved = lab.patch(owner, &other.text("url"), json!({"email": "dev@example.net"})).await.is(200);
        assert_eq!(moved.body["is_confirmed"], false);
    }

    async fn nobody_fills_a_stranger_s_mailbox(lab: Lab) {
        let lab = at_home(lab);
        let mail = |email: &str| json!({"email": email, "event_groups": ["ssh"]});
        let (ada, bob) = (lab.user("ada").await, lab.user("bob").await);
        for _ in 0..3 {
            let made = lab.post(&ada, "/api/hooks-email/", mail("victim@example.net")).await.is(201);
            lab.delete(&ada, &made.text("url")).await.is(204);
        }
        lab.post(&ada, "/api/hooks-email/", mail("VICTIM@example.net")).await.is(429);
        lab.post(&bob, "/api/hooks-email/", mail("victim@example.net")).await.is(429);
        for number in 0..7 {
            lab.post(&ada, "/api/hooks-email/", mail(&format!("v{number}@example.net"))).await.is(201);
        }
        lab.post(&ada, "/api/hooks-email/", mail("v8@example.net")).await.is(429);
        lab.advance(86_401);
        let ada = lab.signed_in(&ada.name).await;
        lab.post(&ada, "/api/hooks-email/", mail("victim@example.net")).await.is(201);
    }

    async fn an_event_costs_the_same_however_many_hooks_there_are(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let owner = world.person("owner");
        let cost = |name: &'static str| {
            let (lab, apollo) = (&lab, &world.apollo);
            async move {
                let before = lab.core.store.queries();
                lab.patch(owner, &apollo.url, json!({"description": name})).await.is(200);
                lab.core.store.queries() - before
            }
        };
        cost("warm").await;
        let before = cost("one").await;
        for _ in 0..20 {
            hook(&lab, owner, "https://hooks.example.org/", json!({"event_groups": ["projects"]})).await.is(201);
        }
        assert_eq!(cost("two").await, before);
    }

    async fn one_user_has_a_limited_number_of_hooks(lab: Lab) {
        let user = lab.user("ada").await;
        for _ in 0..50 {
            hook(&lab, &user, "https://hooks.example.org/", json!({"event_groups": ["ssh"]})).await.is(201);
        }
        hook(&lab, &user, "https://hooks.example.org/", json!({"event_groups": ["ssh"]})).await.is(400);
    }

    async fn a_slow_receiver_holds_up_nobody_else(lab: Lab) {
        let lab = at_home(lab);
        let world = World::build(&lab).await;
        let (slow, fast) = (Receiver::listen("127.0.0.1:0").await, Receiver::listen("127.0.0.1:0").await);
        slow.answers(0);
        hook(&lab, world.person("owner"), &slow.url(), json!({"event_groups": ["projects"]})).await.is(201);
        hook(&lab, world.person("project admin"), &fast.url(), json!({"event_groups": ["projects"]})).await.is(201);
        rename(&lab, &world.apollo, "One").await;
        lab.advance(6);
        let began = tokio::time::Instant::now();
        lab.run_jobs().await;
        for _ in 0..40 {
            if !fast.all().is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(fast.all().len(), 1);
        assert!(began.elapsed().as_secs() < 5);
        // Jobs of all kinds go on meanwhile.
        lab.run_jobs().await;
        Pump::idle(&lab.core).await;
        let made = lab.all(world.person("owner"), "/api/hooks-web/").await;
        let path = format!("{}deliveries/", made[0]["url"].as_str().unwrap());
        let log = lab.get(world.person("owner"), &path).await.is(200);
        assert_eq!(log.rows()[0]["error"], "The address did not answer in time.");
    }

    async fn two_nodes_send_an_event_once(lab: Lab) {
        let world = World::build(&lab).await;
        let receiver = Receiver::listen("127.0.0.1:0").await;
        let one = at_home(lab);
        let mut two = at_home(Lab::again(&one.url).await);
        two.staff = one.staff.clone();
        hook(&one, world.person("owner"), &receiver.url(), json!({"event_groups": ["projects"]})).await.is(201);
        for number in 0..20 {
            rename(&one, &world.apollo, &format!("Apollo {number}")).await;
        }
        one.advance(6);
        two.advance(6);
        for _ in 0..3 {
            tokio::join!(one.run_jobs(), two.run_jobs());
            Pump::idle(&one.core).await;
            Pump::idle(&two.core).await;
            one.advance(6);
            two.advance(6);
        }
        assert_eq!(receiver.all().len(), 20);
    }
}
