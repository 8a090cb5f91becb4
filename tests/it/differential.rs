//! The same operations on both engines give the same answers, up to identifiers and times.

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use stoa_kernel::Time;
use stoa_testing::{Lab, Person, Reply, Thing, thing};

const ROLES: &[&str] = &["CUSTOMER.OWNER", "PROJECT.ADMIN", "PROJECT.MANAGER", "PROJECT.MEMBER", "CUSTOMER.MANAGER"];
const ACTIONS: &[&str] = &[
    "approve_by_consumer",
    "approve_by_provider",
    "reject_by_consumer",
    "reject_by_provider",
    "cancel",
    "set_state_done",
];
const LISTS: &[&str] = &[
    "/api/customers/?o=name",
    "/api/projects/?o=-name",
    "/api/projects/?query=%C3%84",
    "/api/users/?o=username&page_size=3",
    "/api/user-permissions/",
    "/api/marketplace-orders/",
    "/api/marketplace-resources/?o=name",
    "/api/marketplace-provider-offerings/",
    "/api/marketplace-public-offerings/",
    "/api/marketplace-resources/?state=OK&state=Creating",
    "/api/roles/",
    "/api/events/?page_size=50",
    "/api/users/me/",
];
/// Names that two collations would sort and fold differently.
const NAMES: &[&str] =
    &["alpha", "Beta", "ämter", "Äther", "éclair", "Zoo", "_x", "10", "9", "ß", "İstanbul", "straße", "a b", "A-B"];

/// A call; numbers choose among what there is at that moment.
#[derive(Debug, Clone)]
enum Op {
    Organization { name: usize },
    Project { by: usize, organization: usize, name: usize },
    Rename { by: usize, project: usize, name: usize },
    Remove { by: usize, project: usize },
    Grant { by: usize, role: usize, on: usize, user: usize, hours: Option<i64> },
    Revoke { by: usize, role: usize, on: usize, user: usize },
    Order { by: usize, project: usize, amount: i64 },
    Act { by: usize, order: usize, action: usize },
    Limits { by: usize, order: usize, amount: i64 },
    Terminate { by: usize, order: usize },
    List { by: usize, list: usize },
    Wait { hours: i64 },
}

fn op() -> impl Strategy<Value = Op> {
    let (by, n, name) = (0..6_usize, 0..64_usize, 0..NAMES.len());
    let hours = prop_oneof![Just(None), (1..30_i64).prop_map(Some)];
    prop_oneof![
        1 => name.clone().prop_map(|name| Op::Organization { name }),
        3 => (by.clone(), n.clone(), name.clone()).prop_map(|(by, organization, name)| Op::Project { by, organization, name }),
        2 => (by.clone(), n.clone(), name).prop_map(|(by, project, name)| Op::Rename { by, project, name }),
        1 => (by.clone(), n.clone()).prop_map(|(by, project)| Op::Remove { by, project }),
        6 => (by.clone(), n.clone(), n.clone(), by.clone(), hours)
            .prop_map(|(by, role, on, user, hours)| Op::Grant { by, role, on, user, hours }),
        2 => (by.clone(), n.clone(), n.clone(), by.clone()).prop_map(|(by, role, on, user)| Op::Revoke { by, role, on, user }),
        5 => (by.clone(), n.clone(), 0..30_i64).prop_map(|(by, project, amount)| Op::Order { by, project, amount }),
        8 => (by.clone(), n.clone(), 0..ACTIONS.len()).prop_map(|(by, order, action)| Op::Act { by, order, action }),
        2 => (by.clone(), n.clone(), 0..30_i64).prop_map(|(by, order, amount)| Op::Limits { by, order, amount }),
        1 => (by.clone(), n.clone()).prop_map(|(by, order)| Op::Terminate { by, order }),
        5 => (by, 0..LISTS.len()).prop_map(|(by, list)| Op::List { by, list }),
        1 => (1..10_i64).prop_map(|hours| Op::Wait { hours }),
    ]
}

/// One installation with what was made in it so far.
struct Side {
    lab: Lab,
    people: Vec<Person>,
    organizations: Vec<Thing>,
    projects: Vec<Thing>,
    orders: Vec<Thing>,
    offering: Thing,
    provider: Thing,
    /// Identifiers in the order in which they were first seen.
    known: HashMap<String, usize>,
}

impl Side {
    async fn set(lab: Lab) -> Side {
        for role in ["PROJECT.MEMBER", "CUSTOMER.SUPPORT"] {
            lab.enable_role(role).await;
        }
        let mut people = vec![lab.staff.clone()];
        for (number, first) in NAMES.iter().enumerate().take(6).skip(1) {
            let name = format!("person{number}");
            let body = json!({"username": name, "email": format!("{name}@example.org"), "first_name": first});
            lab.make("/api/users/", body).await;
            people.push(lab.signed_in(&name).await);
        }
        let centre = lab.organization("Centre").await;
        let provider = lab.provider(&centre).await;
        let category = lab.category().await;
        let components = json!([{"type": "storage", "name": "Storage", "measured_unit": "GB", "billing_type": "limit",
            "limit_period": "month", "min_value": 1, "max_value": 25, "max_available_limit": 61}]);
        let offering = lab.offering(&centre, &category, "Cluster", json!({"components": components})).await;
        lab.grant(&centre, "CUSTOMER.OWNER", &people[5]).await;
        let acme = lab.organization("Acme").await;
        lab.grant(&acme, "CUSTOMER.OWNER", &people[1]).await;
        let apollo = lab.project(&acme, "Apollo").await;
        let (organizations, projects) = (vec![acme, centre], vec![apollo]);
        Side { lab, people, organizations, projects, orders: Vec::new(), offering, provider, known: HashMap::new() }
    }

    fn target(&self, role: usize, on: usize) -> (&'static str, &Thing) {
        let role = ROLES[role % ROLES.len()];
        match role {
            "CUSTOMER.OWNER" => (role, &self.organizations[on % self.organizations.len()]),
            "CUSTOMER.MANAGER" => (role, &self.provider),
            _ => (role, &self.projects[on % self.projects.len()]),
        }
    }

    fn order(&self, at: usize) -> Option<&Thing> {
        (!self.orders.is_empty()).then(|| &self.orders[at % self.orders.len()])
    }

    fn resource(&self, at: usize) -> Option<String> {
        let uuid = self.order(at)?.body["marketplace_resource_uuid"].as_str()?;
        Some(format!("/api/marketplace-resources/{uuid}/"))
    }

    async fn run(&mut self, op: &Op) -> Option<Reply> {
        let by = |by: &usize| self.people[*by].clone();
        let lab = &self.lab;
        let project = |at: usize| &self.projects[at % self.projects.len()];
        Some(match op {
            Op::Organization { name } => {
                let reply = lab.post(&lab.staff, "/api/customers/", json!({"name": NAMES[*name]})).await;
                self.organizations.push(thing(reply.clone().is(201)));
                reply
            }
            Op::Project { by: who, organization, name } => {
                let organization = &self.organizations[organization % self.organizations.len()];
                let body = json!({"name": NAMES[*name], "customer": organization.url});
                let reply = lab.post(&by(who), "/api/projects/", body).await;
                if reply.status == 201 {
                    self.projects.push(thing(reply.clone()));
                }
                reply
            }
            Op::Rename { by: who, project: at, name } => {
                lab.patch(&by(who), &project(*at).url, json!({"name": NAMES[*name]})).await
            }
            Op::Remove { by: who, project: at } => lab.delete(&by(who), &project(*at).url).await,
            Op::Grant { by: who, role, on, user, hours } => {
                let (role, on) = self.target(*role, *on);
                let until = hours.map(|hours| lab.core.now().plus_seconds(hours * 3_600).to_string());
                let body = json!({"role": role, "user": by(user).uuid, "expiration_time": until});
                lab.post(&by(who), &format!("{}add_user/", on.url), body).await
            }
            Op::Revoke { by: who, role, on, user } => {
                let (role, on) = self.target(*role, *on);
                let body = json!({"role": role, "user": by(user).uuid});
                lab.post(&by(who), &format!("{}delete_user/", on.url), body).await
            }
            Op::Order { by: who, project: at, amount } => {
                let reply = lab.order(&by(who), project(*at), &self.offering, json!({"storage": amount})).await;
                if reply.status == 201 {
                    self.orders.push(thing(reply.clone()));
                }
                reply
            }
            Op::Act { by: who, order, action } => {
                let path = format!("{}{}/", self.order(*order)?.url, ACTIONS[*action]);
                lab.post(&by(who), &path, json!({})).await
            }
            Op::Limits { by: who, order, amount } => {
                let path = format!("{}update_limits/", self.resource(*order)?);
                lab.post(&by(who), &path, json!({"limits": {"storage": amount}})).await
            }
            Op::Terminate { by: who, order } => {
                let path = format!("{}terminate/", self.resource(*order)?);
                lab.post(&by(who), &path, json!({})).await
            }
            Op::List { by: who, list } => lab.get(&by(who), LISTS[*list]).await,
            Op::Wait { hours } => {
                lab.advance(hours * 3_600);
                lab.run_jobs().await;
                for at in 0..self.people.len() {
                    self.people[at] = self.lab.signed_in(&self.people[at].name).await;
                }
                self.lab.staff = self.people[0].clone();
                return None;
            }
        })
    }

    /// An answer without what differs between two installations.
    fn plain(&mut self, reply: &Reply) -> Value {
        let count = reply.header("x-result-count").map(str::to_owned);
        json!([reply.status, count, self.without(&reply.body)])
    }

    fn without(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.word(text)),
            Value::Array(all) => all.iter().map(|one| self.without(one)).collect(),
            Value::Object(all) => {
                let pairs = all.iter().filter(|(key, _)| !["id", "token"].contains(&key.as_str()));
                pairs.map(|(key, value)| (self.word(key), self.without(value))).collect::<Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    /// Identifiers become their number, instants a T, wherever in a text they stand.
    fn word(&mut self, text: &str) -> String {
        if Time::parse(text).is_some() && text.len() > 10 {
            return "T".into();
        }
        let (mut out, mut run) = (String::new(), String::new());
        for c in text.chars().chain(['\n']) {
            if c.is_ascii_hexdigit() {
                run.push(c);
                continue;
            }
            if run.len() == 32 {
                let next = self.known.len();
                out.push_str(&format!("#{}", self.known.entry(std::mem::take(&mut run)).or_insert(next)));
            } else {
                out.push_str(&std::mem::take(&mut run));
            }
            out.push(c);
        }
        // Instants inside sentences.
        let words = out.trim_end_matches('\n').split(' ').map(|word| {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            if bare.len() > 10 && Time::parse(bare).is_some() { "T" } else { word }
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Runs the operations on both; the first answer in which they differ.
async fn difference(ops: &[Op]) -> Option<String> {
    let other = Lab::postgres().await?;
    let (mut one, mut two) = (Side::set(Lab::sqlite().await).await, Side::set(other).await);
    for op in ops {
        let (a, b) = (one.run(op).await, two.run(op).await);
        let (a, b) = (a.map(|reply| one.plain(&reply)), b.map(|reply| two.plain(&reply)));
        if a.as_ref().is_some_and(|a| a[0].as_u64().is_none_or(|status| status >= 500)) {
            return Some(format!("{op:?}: {a:?}"));
        }
        if a != b {
            return Some(format!("{op:?}\nSQLite     {}\nPostgreSQL {}", a.unwrap_or_default(), b.unwrap_or_default()));
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_answer_alike() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = prop::collection::vec(op(), 20..100);
    for case in 0..12 {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        let Some(mut why) = difference(&tree.current()).await else { continue };
        let (mut smallest, mut tries) = (tree.current(), 0);
        while tries < 40 && tree.simplify() {
            loop {
                tries += 1;
                if let Some(other) = difference(&tree.current()).await {
                    (smallest, why) = (tree.current(), other);
                    break;
                }
                if !tree.complicate() {
                    break;
                }
            }
        }
        panic!("sequence {case}: {why}\nafter {smallest:#?}");
    }
}
