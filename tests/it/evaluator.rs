//! A second, naive evaluator over random worlds: plain loops over rows that plain statements read. Check, list, find and
//! explanation must agree with it (design.md, section 3).

use crate::gallery::{self, text_of};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRng, TestRunner},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
};
use stoa_kernel::{
    Date, Time,
    access::{Actor, Barred, Decision, Found, Needs, Stop, decide},
    action::Target,
    id::{self, Uuid},
    store::Row,
    vals,
    view::{Ask, View},
};
use stoa_tenancy::access::{explain, what, who};
use stoa_testing::{Lab, Person, Thing, thing};
use stoa_waldur::route::Run;

/// Roles that are given, and the kind of thing they are given on.
const ROLES: &[(&str, &str)] = &[
    ("CUSTOMER.OWNER", "customer"),
    ("CUSTOMER.SUPPORT", "customer"),
    ("CUSTOMER.READER", "customer"),
    ("PROJECT.ADMIN", "project"),
    ("PROJECT.MANAGER", "project"),
    ("PROJECT.MEMBER", "project"),
    ("CUSTOMER.MANAGER", "service_provider"),
    ("OFFERING.MANAGER", "offering"),
];
const USERS: usize = 5;
/// The one address from which walled organizations let people in.
const INSIDE: &str = "10.7.7.7";

/// Something that happens to a world. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Grant {
        user: usize,
        role: usize,
        on: usize,
        hours: Option<i64>,
    },
    Revoke {
        user: usize,
        role: usize,
        on: usize,
    },
    /// Somebody is made eligible for a role, which by itself lets him do nothing.
    Entitle {
        user: usize,
        role: usize,
        on: usize,
    },
    /// Somebody activates the roles that he may activate.
    Activate {
        user: usize,
        hours: i64,
    },
    Disable {
        role: usize,
    },
    Enable {
        role: usize,
    },
    Strip {
        role: usize,
        keep: usize,
    },
    EndProject {
        project: usize,
        days: i64,
    },
    Remove {
        project: usize,
    },
    Wall {
        customer: usize,
    },
    Support {
        user: usize,
    },
    /// A personal access token of a user (or, after the last, of staff).
    Mint {
        user: usize,
        scopes: Vec<usize>,
        bind: Vec<(usize, usize)>,
    },
    /// A guard of the installation or of an organization.
    Guard(Rule),
    /// Removes a guard, or makes it deny something else.
    Lift {
        which: usize,
        other: Option<usize>,
    },
    Wait {
        hours: i64,
    },
}

/// What a guard of these worlds says; numbers choose.
#[derive(Debug, Clone)]
struct Rule {
    kind: usize,
    permissions: Vec<usize>,
    of: Option<usize>,
    place: Option<(usize, usize)>,
    roles: Vec<usize>,
    user: Option<usize>,
    own: bool,
    staff: bool,
    condition: usize,
    within: usize,
}

fn rule() -> impl Strategy<Value = Rule> {
    let what = (0..6_usize, prop::collection::vec(0..DENIED.len(), 1..4), prop::option::of(0..3_usize));
    let place = prop::option::of((0..2_usize, 0..4_usize));
    let whom = (prop::collection::vec(0..ROLES.len(), 0..4), prop::option::weighted(0.2, 0..USERS));
    (what, place, whom, any::<[bool; 2]>(), 0..6_usize, 0..3_usize).prop_map(
        |((kind, permissions, of), place, (roles, user), [own, staff], condition, within)| Rule {
            kind,
            permissions,
            of,
            place,
            roles,
            user,
            own,
            staff,
            condition,
            within,
        },
    )
}

/// What guards of these worlds deny, or leave under a ceiling.
const DENIED: &[&str] = &[
    "PROJECT.LIST",
    "PROJECT.UPDATE",
    "PROJECT.*",
    "ORDER.*",
    "ORDER.APPROVE",
    "RESOURCE.*",
    "RESOURCE.LIST",
    "CUSTOMER.*",
    "OFFERING.UPDATE",
    "*",
    "STAFF.ACCESS",
    "SUPPORT.ACCESS",
];

fn step() -> impl Strategy<Value = Step> {
    let (user, role, on) = (0..USERS, 0..ROLES.len(), 0..4_usize);
    let hours = prop_oneof![Just(None), (1..60_i64).prop_map(Some)];
    prop_oneof![
        10 => (user.clone(), role.clone(), on.clone(), hours)
            .prop_map(|(user, role, on, hours)| Step::Grant { user, role, on, hours }),
        4 => (user.clone(), role.clone(), on.clone()).prop_map(|(user, role, on)| Step::Entitle { user, role, on }),
        2 => (user.clone(), 1..40_i64).prop_map(|(user, hours)| Step::Activate { user, hours }),
        3 => (user.clone(), role.clone(), on).prop_map(|(user, role, on)| Step::Revoke { user, role, on }),
        1 => role.clone().prop_map(|role| Step::Disable { role }),
        1 => role.clone().prop_map(|role| Step::Enable { role }),
        1 => (role, 0..7_usize).prop_map(|(role, keep)| Step::Strip { role, keep }),
        1 => (0..4_usize, 0..3_i64).prop_map(|(project, days)| Step::EndProject { project, days }),
        1 => (0..4_usize).prop_map(|project| Step::Remove { project }),
        1 => (0..3_usize).prop_map(|customer| Step::Wall { customer }),
        1 => user.prop_map(|user| Step::Support { user }),
        4 => mint(),
        4 => rule().prop_map(Step::Guard),
        1 => (0..4_usize, prop::option::of(0..DENIED.len())).prop_map(|(which, other)| Step::Lift { which, other }),
        2 => (1..40_i64).prop_map(|hours| Step::Wait { hours }),
    ]
}

/// What tokens of these worlds may carry: what the roles here carry and actions here need, and staff power.
const CARRIED: &[&str] = &[
    "PROJECT.LIST",
    "RESOURCE.LIST",
    "ORDER.LIST",
    "PROJECT.UPDATE",
    "ORDER.APPROVE",
    "ORDER.CREATE",
    "PROJECT.CREATE",
    "PROJECT.CREATE_PERMISSION",
    "CUSTOMER.CREATE_PERMISSION",
    "CUSTOMER.CONTACT_UPDATE",
    "OFFERING.UPDATE",
    "OFFERING.PAUSE",
    "RESOURCE.TERMINATE",
    "RESOURCE.UPDATE",
    "CUSTOMER.UPDATE",
    "STAFF.ACCESS",
    "SUPPORT.ACCESS",
];

fn mint() -> impl Strategy<Value = Step> {
    let scopes = prop::collection::vec(0..CARRIED.len(), 1..9);
    let bind = prop_oneof![Just(vec![]), prop::collection::vec((0..5_usize, 0..4_usize), 1..3)];
    (0..=USERS, scopes, bind).prop_map(|(user, scopes, bind)| Step::Mint { user, scopes, bind })
}

/// The fixed part of a world: who and what there is before anything happens.
struct Stage {
    users: Vec<Person>,
    customers: Vec<Thing>,
    projects: Vec<Thing>,
    provider: Thing,
    offering: Thing,
    resource: String,
    tokens: Mutex<Vec<Person>>,
    guards: Mutex<Vec<String>>,
}

impl Stage {
    async fn set(lab: &Lab) -> Stage {
        for role in ["CUSTOMER.SUPPORT", "PROJECT.MEMBER"] {
            lab.enable_role(role).await;
        }
        let mut users = Vec::new();
        for _ in 0..USERS {
            users.push(lab.user("user").await);
        }
        lab.post(&lab.staff, "/api/override-settings/", json!({"PAT_ENABLED": true})).await.is(200);
        for user in users.iter().chain([&lab.staff]) {
            let body = json!({"can_use_personal_access_tokens": true});
            lab.patch(&lab.staff, &format!("/api/users/{}/", user.uuid), body).await.is(200);
        }
        let mut customers = Vec::new();
        for name in ["Acme", "Other", "HPC"] {
            customers.push(lab.organization(name).await);
        }
        let mut projects = Vec::new();
        for (at, name) in [(0, "Apollo"), (0, "Zeus"), (1, "Hermes"), (2, "Own")] {
            projects.push(lab.project(&customers[at], name).await);
        }
        let provider = lab.provider(&customers[2]).await;
        let category = lab.category().await;
        let offering = lab.offering(&customers[2], &category, "Cluster", json!({})).await;
        let mut resource = String::new();
        for project in [&projects[0], &projects[2]] {
            for done in [false, true] {
                let order = thing(lab.order(&lab.staff, project, &offering, json!({"storage": 1})).await.is(201));
                order.body["marketplace_resource_uuid"].as_str().unwrap().clone_into(&mut resource);
                if done {
                    for action in ["approve_by_provider", "set_state_done"] {
                        lab.post(&lab.staff, &format!("{}{action}/", order.url), json!({})).await.is(200);
                    }
                }
            }
        }
        Stage {
            users,
            customers,
            projects,
            provider,
            offering,
            resource,
            tokens: Mutex::default(),
            guards: Mutex::default(),
        }
    }

    /// The thing on which a role of this kind is given.
    fn place(&self, kind: &str, on: usize) -> &Thing {
        match kind {
            "customer" => &self.customers[on % self.customers.len()],
            "project" => &self.projects[on % self.projects.len()],
            "service_provider" => &self.provider,
            _ => &self.offering,
        }
    }

    /// The body of a guard. One of three keeps roles apart, one is a ceiling, the rest deny.
    fn guard(&self, rule: &Rule) -> Value {
        let kind = ["apart", "apart", "ceiling", "deny", "deny", "deny"][rule.kind];
        let denied: Vec<&str> = rule.permissions.iter().map(|at| DENIED[*at]).collect();
        let power = denied.iter().any(|name| name.ends_with(".ACCESS"));
        let mut roles: Vec<&str> = rule.roles.iter().map(|at| ROLES[*at].0).collect();
        let scope = rule.place.map(|(kind, on)| self.place(["customer", "project"][kind], on).url.clone());
        let users: Vec<String> = rule.user.iter().map(|at| format!("/api/users/{}/", self.users[*at].uuid)).collect();
        if kind == "apart" {
            roles.extend(["PROJECT.ADMIN", "PROJECT.MANAGER"]);
            let within = ["scope", "organization", "installation"][rule.within];
            let mut body = json!({"name": "apart", "kind": kind, "roles": roles, "scope": scope, "within": within});
            if let Some(of) = rule.of {
                body["customer"] = json!(self.customers[of].url);
            }
            return body;
        }
        let mut body = json!({"name": "guard", "kind": kind, "permissions": denied, "roles": roles, "users": users,
            "own": rule.own, "scope": scope});
        match rule.of {
            Some(of) => body["customer"] = json!(self.customers[of].url),
            None if power => {
                (body["kind"], body["staff"]) = (json!("deny"), json!(true));
                (body["roles"], body["scope"], body["own"]) = (json!([]), Value::Null, json!(false));
            }
            None if rule.staff => (body["staff"], body["roles"]) = (json!(true), json!([])),
            None => {}
        }
        match rule.condition {
            0 => body["networks"] = json!([format!("{INSIDE}/32")]),
            1 => (body["hours"], body["time_zone"]) = (json!(["mon-sun 06:00-18:00"]), json!("Europe/Berlin")),
            2 => body["second_factor"] = json!(true),
            3 => body["assurance"] = json!(["high"]),
            _ => {}
        }
        body
    }

    async fn run(&self, lab: &Lab, step: &Step) {
        let staff = &lab.staff;
        // What is refused (a role held already, a disabled role) is refused: any answer but a fault is part of a world.
        let reply = match *step {
            Step::Grant { user, role, on, hours } => {
                let (role, kind) = ROLES[role];
                let until = hours.map(|hours| lab.core.now().plus_seconds(hours * 3_600).to_string());
                let body = json!({"role": role, "user": self.users[user].uuid, "expiration_time": until});
                lab.post(staff, &format!("{}add_user/", self.place(kind, on).url), body).await
            }
            Step::Revoke { user, role, on } => {
                let (role, kind) = ROLES[role];
                let body = json!({"role": role, "user": self.users[user].uuid});
                lab.post(staff, &format!("{}delete_user/", self.place(kind, on).url), body).await
            }
            Step::Entitle { user, role, on } => {
                let (role, kind) = ROLES[role];
                let scope = format!("{kind}:{}", self.place(kind, on).uuid);
                let body = json!({"scope": scope, "role": role, "user": self.users[user].uuid, "max_hours": 40});
                lab.post(staff, "/api/access/eligibilities/", body).await
            }
            Step::Activate { user, hours } => {
                let user = &lab.signed_in(&self.users[user].name).await.calling_from(INSIDE);
                for row in lab.all(user, "/api/access/eligibilities/?own=true").await {
                    let path = format!("{}activate/", row["url"].as_str().unwrap());
                    let reply = lab.post(user, &path, json!({"hours": hours, "reason": "Needed."})).await;
                    assert!(reply.status < 500, "{} answered {} {}", reply.asked, reply.status, reply.body);
                }
                return;
            }
            Step::Disable { role } => {
                lab.post(staff, &format!("{}disable/", role_path(lab, role).await), Value::Null).await
            }
            Step::Enable { role } => {
                lab.post(staff, &format!("{}enable/", role_path(lab, role).await), Value::Null).await
            }
            Step::Strip { role, keep } => {
                let path = role_path(lab, role).await;
                let was = lab.get(staff, &path).await.is(200).body;
                let kept = was["permissions"].as_array().cloned().unwrap_or_default().into_iter().enumerate();
                let kept: Vec<Value> = kept.filter(|(at, _)| at % 7 <= keep).map(|(_, name)| name).collect();
                let body = json!({"name": was["name"], "content_type": was["content_type"], "permissions": kept});
                lab.put(staff, &path, body).await
            }
            Step::EndProject { project, days } => {
                let day = lab.core.now().date().plus_days(days).to_string();
                lab.patch(staff, &self.projects[project].url, json!({"end_date": day})).await
            }
            Step::Remove { project } => lab.delete(staff, &self.projects[project].url).await,
            Step::Wall { customer } => {
                let body = json!({"inet": format!("{INSIDE}/32"), "customer": self.customers[customer].url});
                lab.post(staff, "/api/access-subnets/", body).await
            }
            Step::Support { user } => {
                let path = format!("/api/users/{}/", self.users[user].uuid);
                lab.patch(staff, &path, json!({"is_support": true})).await
            }
            Step::Mint { user, ref scopes, ref bind } => {
                let owner = self.users.get(user).unwrap_or(&lab.staff);
                let bound: Vec<Value> = bind
                    .iter()
                    .map(|(kind, on)| match *kind {
                        4 => json!({"type": "resource", "uuid": self.resource}),
                        kind => {
                            let kind = ["customer", "project", "service_provider", "offering"][kind];
                            json!({"type": kind, "uuid": self.place(kind, *on).uuid})
                        }
                    })
                    .collect();
                let scopes: Vec<&str> = scopes.iter().map(|at| CARRIED[*at]).collect();
                let body = json!({"name": "token", "scopes": scopes, "allowed_scopes": bound,
                    "expires_at": lab.core.now().plus_seconds(20 * 86_400).to_string()});
                let owner = lab.signed_in(&owner.name).await.calling_from(INSIDE);
                let made = lab.post(&owner, "/api/personal-access-tokens/", body).await;
                if made.status == 201 {
                    let person = Person { token: made.text("token"), ..owner };
                    self.tokens.lock().unwrap().push(person);
                }
                made
            }
            Step::Guard(ref rule) => {
                let body = self.guard(rule);
                let path = match rule.of {
                    Some(_) => "/api/access/guards/",
                    None => "/api/access/guards/create_for_all/",
                };
                let made = lab.post(staff, path, body).await;
                if made.status == 201 {
                    self.guards.lock().unwrap().push(made.text("url"));
                }
                made
            }
            Step::Lift { which, other } => {
                let guards = self.guards.lock().unwrap().clone();
                let Some(url) = guards.get(which % guards.len().max(1)) else { return };
                match other {
                    Some(other) => lab.patch(staff, url, json!({"permissions": [DENIED[other]]})).await,
                    None => lab.delete(staff, url).await,
                }
            }
            Step::Wait { hours } => {
                lab.advance(hours * 3_600);
                return;
            }
        };
        assert!(reply.status < 500, "{} answered {} {}", reply.asked, reply.status, reply.body);
    }
}

async fn role_path(lab: &Lab, role: usize) -> String {
    let (name, _) = ROLES[role];
    let rows = lab.core.store.query("SELECT uuid FROM roles WHERE name = $1", &vals![name]).await.unwrap();
    format!("/api/roles/{}/", id::hex(&rows[0].get(0).unwrap()))
}

// --- the naive evaluator ---------------------------------------------------------------------------------------------

struct Grant {
    key: i64,
    uuid: Uuid,
    created: Time,
    user: i64,
    role: i64,
    scope: String,
    scope_id: i64,
    customer: i64,
    from: Time,
    until: Option<Time>,
    revoked: Option<Time>,
}

/// What a guard said from an instant on.
struct Said {
    guard: i64,
    revision: i64,
    at: Time,
    says: Value,
}

struct Version {
    role: i64,
    revision: i64,
    at: Time,
    active: bool,
    permissions: BTreeSet<String>,
}

struct Project {
    id: i64,
    customer: i64,
    removed: Option<Time>,
    end: Option<Date>,
    grace: Option<i64>,
}

/// Everything that decides, as it lies in the tables.
struct Tables {
    grants: Vec<Grant>,
    versions: Vec<Version>,
    projects: Vec<Project>,
    /// Organizations and their days of grace.
    customers: Vec<(i64, Option<i64>)>,
    /// Organizations that have a wall; everybody outside [`INSIDE`] stays out.
    walled: Vec<i64>,
    /// Key, staff, support.
    users: Vec<(i64, bool, bool)>,
    /// Changes of who is a support agent: key, when, and what he was before and after, in order.
    turns: Vec<(i64, Time, bool, bool)>,
    /// Key, organization.
    providers: Vec<(i64, i64)>,
    /// Key, organization.
    offerings: Vec<(i64, i64)>,
    /// Key, project, offering.
    resources: Vec<(i64, i64, i64)>,
    /// Key, project, offering.
    orders: Vec<(i64, i64, i64)>,
    said: Vec<Said>,
    /// Keys of the grants that guards keep apart from others, by whom and when.
    parted: Mutex<HashMap<Moment, Arc<BTreeSet<i64>>>>,
}

/// Who, when, from inside, absent: what grants somebody holds depends on.
type Moment = (i64, Time, bool, bool);

/// A personal access token, as it lies in the tables.
struct Token {
    scopes: BTreeSet<String>,
    bound: Vec<(String, i64)>,
    until: Time,
}

impl Token {
    async fn read(lab: &Lab, person: &Person) -> Token {
        let sql = "SELECT id, scopes, expires_at FROM personal_tokens WHERE hash = $1";
        let rows = lab.core.store.query(sql, &vals![stoa_testing::stored(&person.token)]).await.unwrap();
        let id: i64 = rows[0].get(0).unwrap();
        let sql = "SELECT scope, scope_id FROM personal_token_bindings WHERE token_id = $1";
        let bound = lab.core.store.query(sql, &vals![id]).await.unwrap();
        Token {
            scopes: serde_json::from_str(&rows[0].get::<String>(1).unwrap()).unwrap(),
            bound: bound.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect(),
            until: rows[0].get(2).unwrap(),
        }
    }

    fn passes(&self, permission: &str) -> bool {
        self.scopes.contains(permission)
    }
}

/// Who asks, when, from where, with what.
#[derive(Clone, Copy)]
struct Asker<'a> {
    token: Option<&'a Token>,
    user: i64,
    at: Time,
    inside: bool,
    /// He does not ask himself: from where he would call, and how he would sign in, is not known. Walls, and conditions of guards
    /// that depend on it, are left out.
    absent: bool,
}

impl Tables {
    async fn read(lab: &Lab) -> Tables {
        let rows = |sql: &'static str| async move {
            lab.core.store.query(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
        };
        fn two(rows: Vec<Row>) -> Vec<(i64, i64)> {
            rows.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect()
        }
        fn three(rows: Vec<Row>) -> Vec<(i64, i64, i64)> {
            rows.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap())).collect()
        }
        let grants = rows(
            "SELECT user_id, role_id, scope, scope_id, customer_id, valid_from, expires_at, revoked_at, id, uuid, created \
             FROM grants WHERE user_id IS NOT NULL",
        )
        .await;
        let versions = rows("SELECT role_id, revision, at, is_active, permissions FROM role_versions").await;
        let projects =
            rows("SELECT id, customer_id, removed_at, is_removed, end_date, grace_period_days FROM projects").await;
        let customers = rows("SELECT id, grace_period_days FROM customers").await;
        let walled = rows("SELECT customer_id FROM access_subnets").await;
        let users = rows("SELECT id, is_staff, is_support FROM users").await;
        let mut turns = Vec::new();
        for row in rows("SELECT thing_id, created, changes FROM events WHERE thing = 'user' ORDER BY id").await {
            for change in row.get::<Value>(2).unwrap().as_array().unwrap() {
                if change["field"] == "is_support" {
                    let was = (change["before"] == true, change["after"] == true);
                    turns.push((row.get(0).unwrap(), row.get(1).unwrap(), was.0, was.1));
                }
            }
        }
        Tables {
            grants: grants
                .iter()
                .map(|row| Grant {
                    user: row.get(0).unwrap(),
                    role: row.get(1).unwrap(),
                    scope: row.get(2).unwrap(),
                    scope_id: row.get(3).unwrap(),
                    customer: row.get(4).unwrap(),
                    from: row.get(5).unwrap(),
                    until: row.get(6).unwrap(),
                    revoked: row.get(7).unwrap(),
                    key: row.get(8).unwrap(),
                    uuid: row.get(9).unwrap(),
                    created: row.get(10).unwrap(),
                })
                .collect(),
            versions: versions
                .iter()
                .map(|row| Version {
                    role: row.get(0).unwrap(),
                    revision: row.get(1).unwrap(),
                    at: row.get(2).unwrap(),
                    active: row.get(3).unwrap(),
                    permissions: serde_json::from_str(&row.get::<String>(4).unwrap()).unwrap(),
                })
                .collect(),
            projects: projects
                .iter()
                .map(|row| {
                    let removed: Option<Time> = row.get(2).unwrap();
                    assert_eq!(removed.is_some(), row.get::<bool>(3).unwrap(), "a removed project knows since when");
                    Project {
                        id: row.get(0).unwrap(),
                        customer: row.get(1).unwrap(),
                        removed,
                        end: row.get(4).unwrap(),
                        grace: row.get(5).unwrap(),
                    }
                })
                .collect(),
            customers: customers.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect(),
            walled: walled.iter().map(|row| row.get(0).unwrap()).collect(),
            users: users.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap())).collect(),
            turns,
            providers: two(rows("SELECT id, customer_id FROM service_providers").await),
            offerings: two(rows("SELECT id, customer_id FROM offerings").await),
            resources: three(rows("SELECT id, project_id, offering_id FROM resources").await),
            orders: three(rows("SELECT id, project_id, offering_id FROM orders").await),
            said: rows("SELECT guard_id, revision, at, definition FROM guard_versions ORDER BY guard_id")
                .await
                .iter()
                .map(|row| Said {
                    guard: row.get(0).unwrap(),
                    revision: row.get(1).unwrap(),
                    at: row.get(2).unwrap(),
                    says: row.get(3).unwrap(),
                })
                .collect(),
            parted: Mutex::default(),
        }
    }

    fn is_staff(&self, asker: Asker) -> bool {
        let passes = asker.token.is_none_or(|token| token.passes("STAFF.ACCESS"));
        passes && !self.barred(asker, "STAFF.ACCESS") && self.users.iter().any(|row| row.0 == asker.user && row.1)
    }

    fn sees_all(&self, asker: Asker) -> bool {
        let passes = asker.token.is_none_or(|token| token.passes("SUPPORT.ACCESS"));
        let passes = passes && !self.barred(asker, "SUPPORT.ACCESS");
        let (mut agent, mut first) = (self.users.iter().any(|row| row.0 == asker.user && row.2), true);
        for (user, when, before, after) in &self.turns {
            if *user == asker.user && first {
                (agent, first) = (*before, false);
            }
            if *user == asker.user && *when <= asker.at {
                agent = *after;
            }
        }
        let staff = self.users.iter().any(|row| row.0 == asker.user && row.1);
        self.is_staff(asker) || passes && (staff || agent)
    }

    /// Whether a thing is one of those to which the asker's token is bound, or belongs to one.
    fn inside(&self, asker: Asker, kind: &str, id: i64) -> bool {
        let Some(token) = asker.token.filter(|token| !token.bound.is_empty()) else { return true };
        let paths: &[&str] = match kind {
            "project" | "offering" | "service_provider" => &["itself", "customer"],
            "resource" => &["itself", "project", "project.customer", "offering"],
            "order" => &["project", "project.customer", "offering", "offering.customer"],
            _ => &["itself"],
        };
        let belongs = |path: &&str| {
            let (kind, id) = self.at(kind, id, path)?;
            token.bound.iter().any(|bound| bound.0 == kind && bound.1 == id).then_some(())
        };
        paths.iter().any(|path| belongs(path).is_some())
    }

    /// What a role was at an instant.
    fn version(&self, role: i64, at: Time) -> Option<&Version> {
        let mut found: Option<&Version> = None;
        for version in &self.versions {
            let newer = found.is_none_or(|found| version.revision > found.revision);
            if version.role == role && version.at <= at && newer {
                found = Some(version);
            }
        }
        found
    }

    fn project(&self, id: i64) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    /// Whether a project's last day, with its days of grace, is over.
    fn has_ended(&self, project: &Project, at: Time) -> bool {
        let of_customer = self.customers.iter().find(|row| row.0 == project.customer).and_then(|row| row.1);
        let grace = project.grace.or(of_customer).unwrap_or(0);
        project.end.is_some_and(|end| end.plus_days(grace) < at.date())
    }

    /// The guards that are in force for the asker: what each said last, unless he fulfils its conditions.
    fn guards(&self, asker: Asker, apart: bool) -> Vec<&Value> {
        let latest = |said: &&Said| {
            let later =
                |other: &Said| other.guard == said.guard && other.revision > said.revision && other.at <= asker.at;
            said.at <= asker.at && !self.said.iter().any(later)
        };
        let all = self.said.iter().filter(latest).map(|said| &said.says);
        let all = all.filter(|says| says["active"] == true && (says["kind"] == "apart") == apart);
        all.filter(|says| apart || !self.fulfils(asker, says)).collect()
    }

    /// Whether there are conditions, and nothing that is known speaks against one of them.
    fn fulfils(&self, asker: Asker, says: &Value) -> bool {
        let some = |field: &str| says[field].as_array().is_some_and(|list| !list.is_empty());
        let named = |key: i64| says["users"].as_array().unwrap().iter().any(|user| user == key);
        if some("users") && !named(asker.user) {
            return true;
        }
        // Nobody in these worlds has a second factor, and nobody's identity is assured.
        if some("assurance") {
            return false;
        }
        if says["second_factor"] == true && !asker.absent || some("networks") && !asker.absent && !asker.inside {
            return false;
        }
        if some("hours") {
            let (_, minute) = asker.at.local(says["time_zone"].as_str().unwrap()).unwrap();
            if !(6 * 60..18 * 60).contains(&minute) {
                return false;
            }
        }
        says["second_factor"] == true || some("networks") || some("hours")
    }

    fn names(says: &Value, permission: &str) -> bool {
        let power = permission.ends_with(".ACCESS");
        let named = says["permissions"].as_array().unwrap().iter().any(|name| {
            let name = name.as_str().unwrap();
            name == permission || name.ends_with('*') && !power && permission.starts_with(name.trim_end_matches('*'))
        });
        if says["kind"] == "ceiling" { !named && !power } else { named }
    }

    /// Whether a guard takes from the asker what he is.
    fn barred(&self, asker: Asker, power: &str) -> bool {
        self.guards(asker, false).iter().any(|says| says["staff"] == true && Tables::names(says, power))
    }

    /// Whether a guard stands between a permission and a thing, through a grant or (with none) as staff. Without a thing: whether it
    /// takes the permission out of the grant altogether.
    fn denied(&self, asker: Asker, permission: &str, grant: Option<&Grant>, thing: Option<&Found>) -> bool {
        self.guards(asker, false).iter().any(|says| {
            if !Tables::names(says, permission) {
                return false;
            }
            let roles = says["roles"].as_array().unwrap();
            let whom = match grant {
                Some(grant) => {
                    (says["customer"].is_null() || says["customer"] == grant.customer)
                        && (roles.is_empty() || roles.iter().any(|role| role == grant.role))
                }
                None => says["staff"] == true && roles.is_empty(),
            };
            let own = says["own"] == true;
            let what = !own || thing.is_some_and(|thing| thing.owner == asker.user && thing.owner != 0);
            let Some((kind, key)) = says["scope"][0].as_str().zip(says["scope"][1].as_i64()) else {
                return whom && what;
            };
            let of_grant = grant.is_some_and(|grant| grant.scope == kind && grant.scope_id == key);
            let here = match thing {
                Some(thing) => of_grant || thing.places.iter().any(|stand| stand.scope == kind && stand.id == key),
                None => of_grant || kind == "customer" && grant.is_some_and(|grant| grant.customer == key),
            };
            whom && what && here
        })
    }

    /// Whether a guard keeps a grant apart from one that was given before.
    fn parted(&self, asker: Asker, grant: &Grant) -> bool {
        let key = (asker.user, asker.at, asker.inside, asker.absent);
        if let Some(known) = self.parted.lock().unwrap().get(&key) {
            return known.contains(&grant.key);
        }
        let mut stopped = BTreeSet::new();
        for says in self.guards(asker, true) {
            let roles = says["roles"].as_array().unwrap();
            let under = |grant: &Grant| {
                let place = says["scope"][0].as_str().zip(says["scope"][1].as_i64());
                let here = place.is_none_or(|(kind, key)| {
                    grant.scope == kind && grant.scope_id == key || kind == "customer" && grant.customer == key
                });
                (says["customer"].is_null() || says["customer"] == grant.customer) && here
            };
            let mut held: Vec<&Grant> = self.grants.iter().filter(|one| self.shows(asker, one) && under(one)).collect();
            held.retain(|one| roles.iter().any(|role| role == one.role) && !stopped.contains(&one.key));
            held.sort_by_key(|one| (one.created, one.uuid));
            let together = |one: &Grant, other: &Grant| match says["within"].as_str().unwrap() {
                "scope" => one.scope == other.scope && one.scope_id == other.scope_id,
                "organization" => one.customer == other.customer,
                _ => true,
            };
            for at in 0..held.len() {
                let earlier = held[..at].iter().filter(|one| !stopped.contains(&one.key));
                if earlier.clone().any(|one| one.role != held[at].role && together(one, held[at])) {
                    stopped.insert(held[at].key);
                }
            }
        }
        let known = stopped.contains(&grant.key);
        self.parted.lock().unwrap().insert(key, Arc::new(stopped));
        known
    }

    /// Whether a grant shows at least, before guards and whatever a token leaves of it.
    fn shows(&self, asker: Asker, grant: &Grant) -> bool {
        let there = grant.user == asker.user && grant.from <= asker.at;
        let over = grant.revoked.is_some_and(|at| at <= asker.at) || grant.until.is_some_and(|at| at <= asker.at);
        let removed = grant.scope == "project"
            && self.project(grant.scope_id).is_some_and(|one| one.removed.is_some_and(|at| at <= asker.at));
        let active = self.version(grant.role, asker.at).is_some_and(|role| role.active);
        let free = asker.absent || self.sees_all(asker) || asker.inside || !self.walled.contains(&grant.customer);
        there && !over && !removed && active && free
    }

    /// Whether a grant lets its holder act, or (with `only_see`) at least see, where its role carries the permission.
    fn holds(&self, asker: Asker, grant: &Grant, permission: Option<&str>, only_see: bool) -> bool {
        self.counts(asker, grant, permission, only_see)
            && !permission.is_some_and(|permission| self.denied(asker, permission, Some(grant), None))
    }

    /// The same for a thing, where guards look at the thing.
    fn holds_on(&self, asker: Asker, grant: &Grant, permission: &str, thing: &Found) -> bool {
        self.counts(asker, grant, Some(permission), false) && !self.denied(asker, permission, Some(grant), Some(thing))
    }

    fn counts(&self, asker: Asker, grant: &Grant, permission: Option<&str>, only_see: bool) -> bool {
        let there = grant.user == asker.user && grant.from <= asker.at;
        let over = grant.revoked.is_some_and(|at| at <= asker.at) || grant.until.is_some_and(|at| at <= asker.at);
        if !there || over {
            return false;
        }
        let Some(role) = self.version(grant.role, asker.at) else { return false };
        if !role.active || permission.is_some_and(|name| !role.permissions.contains(name)) {
            return false;
        }
        if let Some(token) = asker.token
            && (permission.is_some_and(|name| !token.passes(name)) || role.permissions.is_disjoint(&token.scopes))
        {
            return false;
        }
        if grant.scope == "project"
            && let Some(project) = self.project(grant.scope_id)
        {
            if project.removed.is_some_and(|at| at <= asker.at) {
                return false;
            }
            if self.has_ended(project, asker.at) && !only_see {
                return false;
            }
        }
        let free = asker.absent || self.sees_all(asker);
        (free || asker.inside || !self.walled.contains(&grant.customer)) && !self.parted(asker, grant)
    }

    fn has_on(&self, asker: Asker, scope: (&str, i64), permission: &str, thing: &Found) -> bool {
        let mut here = self.grants.iter().filter(|grant| grant.scope == scope.0 && grant.scope_id == scope.1);
        here.any(|grant| self.holds_on(asker, grant, permission, thing))
    }

    fn has(&self, asker: Asker, scope: (&str, i64), permission: Option<&str>, only_see: bool) -> bool {
        let mut here = self.grants.iter().filter(|grant| grant.scope == scope.0 && grant.scope_id == scope.1);
        here.any(|grant| self.holds(asker, grant, permission, only_see))
    }

    /// The scope to which a path leads from a thing: `project.customer`, `offering.customer.service_provider`.
    fn at(&self, kind: &str, id: i64, path: &str) -> Option<(&'static str, i64)> {
        let mut place = (self.kind(kind)?, id);
        if path == "itself" || path == "*" {
            return Some(place);
        }
        for part in path.split('.') {
            let (kind, id) = place;
            let of = |rows: &[(i64, i64, i64)]| rows.iter().find(|row| row.0 == id).copied();
            place = match (kind, part) {
                ("project", "customer") => ("customer", self.project(id)?.customer),
                ("resource", "project") => ("project", of(&self.resources)?.1),
                ("resource", "offering") => ("offering", of(&self.resources)?.2),
                ("order", "project") => ("project", of(&self.orders)?.1),
                ("order", "offering") => ("offering", of(&self.orders)?.2),
                ("resource" | "order", "customer") => self.at(kind, id, "project.customer")?,
                ("resource" | "order", "service_provider") => self.at(kind, id, "offering.service_provider")?,
                ("offering", "customer") => ("customer", self.offerings.iter().find(|row| row.0 == id)?.1),
                ("service_provider", "customer") => ("customer", self.providers.iter().find(|row| row.0 == id)?.1),
                ("customer", "serviceprovider" | "service_provider" | "provider") => {
                    ("service_provider", self.providers.iter().find(|row| row.1 == id)?.0)
                }
                ("offering", "service_provider" | "provider") => {
                    let customer = self.at("offering", id, "customer")?.1;
                    self.at("customer", customer, "service_provider")?
                }
                _ => return None,
            };
        }
        Some(place)
    }

    fn kind(&self, kind: &str) -> Option<&'static str> {
        ["customer", "project", "resource", "order", "offering", "service_provider"].into_iter().find(|k| *k == kind)
    }

    /// The decision about an action. `None` where a place is not one that this evaluator knows.
    fn may(&self, asker: Asker, needs: &Needs, thing: &Found) -> Option<bool> {
        let inside = self.inside(asker, thing.thing, thing.id);
        Some(match needs {
            Needs::Nothing | Needs::AnySignedIn => true,
            Needs::SignedIn => asker.token.is_none(),
            Needs::InPerson(needs) => asker.token.is_none() && self.may(asker, needs, thing)?,
            Needs::Staff => self.is_staff(asker),
            Needs::StaffOrSupport => self.sees_all(asker),
            Needs::Own => asker.token.is_none() && thing.owner == asker.user,
            Needs::Permission(permission, places) => {
                let passes = asker.token.is_none_or(|token| token.passes(permission.name));
                let staff = self.is_staff(asker);
                let mut may = staff && !self.denied(asker, permission.name, None, Some(thing));
                for place in *places {
                    match self.at(thing.thing, thing.id, place) {
                        Some(scope) => may |= !staff && self.has_on(asker, scope, permission.name, thing),
                        None if self.kind(thing.thing).is_none() => return None,
                        None => {}
                    }
                }
                may && passes && inside
            }
            Needs::Role(places) => {
                let mut may = self.is_staff(asker);
                for place in *places {
                    may |= self.has(asker, self.at(thing.thing, thing.id, place)?, None, true);
                }
                may && inside
            }
            Needs::Within(permission, scope, place) => {
                let passes = asker.token.is_none_or(|token| token.passes(permission.name));
                let (_, customer) = self.at(thing.thing, thing.id, place)?;
                let mut here = self.grants.iter().filter(|grant| grant.scope == *scope && grant.customer == customer);
                let held = here.any(|grant| {
                    let bound = self.inside(asker, &grant.scope, grant.scope_id);
                    bound && self.holds_on(asker, grant, permission.name, thing)
                });
                let may = match self.is_staff(asker) {
                    true => !self.denied(asker, permission.name, None, Some(thing)),
                    false => held,
                };
                passes && inside && may
            }
            Needs::Any(several) => {
                let mut may = false;
                for needs in *several {
                    may |= self.may(asker, needs, thing)?;
                }
                may
            }
        })
    }

    /// Whether a row of a view is seen. `None` for views that this evaluator does not know.
    fn sees(&self, asker: Asker, view: &View, id: i64) -> Option<bool> {
        // What is private is private to staff too.
        if view.thing.starts_with("own") {
            return None;
        }
        if self.sees_all(asker) {
            return Some(true);
        }
        let kind = match view.name {
            "provider_resources" => "resource",
            name => name.strip_suffix('s').unwrap_or(name),
        };
        let inside = self.inside(asker, kind, id);
        let consumer = |project: i64, permission: &str| {
            let customer = self.project(project).map_or(0, |project| project.customer);
            self.has(asker, ("project", project), Some(permission), true)
                || self.has(asker, ("customer", customer), Some(permission), true)
        };
        let provider = |offering: i64, permission: Option<&str>| {
            let customer = self.at("offering", offering, "customer").map_or(0, |place| place.1);
            let provider = self.at("customer", customer, "service_provider").map_or(0, |place| place.1);
            self.has(asker, ("offering", offering), permission, true)
                || self.has(asker, ("customer", customer), permission, true)
                || self.has(asker, ("service_provider", provider), permission, true)
        };
        let seen = match view.name {
            "customers" => {
                // Itself, its projects or its provider; a role on an offering shows the offering alone.
                let shows = ["customer", "project", "service_provider", "resource"];
                let mut own = self.grants.iter().filter(|grant| grant.customer == id && shows.contains(&&*grant.scope));
                own.any(|grant| self.holds(asker, grant, None, true))
            }
            "projects" => consumer(id, "PROJECT.LIST") || self.has(asker, ("project", id), None, true),
            "resources" => {
                let resource = self.resources.iter().find(|row| row.0 == id)?;
                consumer(resource.1, "RESOURCE.LIST") || self.has(asker, ("resource", id), None, true)
            }
            "provider_resources" => provider(self.resources.iter().find(|row| row.0 == id)?.2, None),
            "orders" => {
                let order = self.orders.iter().find(|row| row.0 == id)?;
                consumer(order.1, "ORDER.LIST") || provider(order.2, Some("ORDER.LIST"))
            }
            _ => return None,
        };
        Some(seen && inside)
    }
}

// --- the comparison --------------------------------------------------------------------------------------------------

/// The actor as he would be without any guard.
fn unguarded(actor: &Actor) -> Actor {
    let mut free = Actor { guards: Vec::new(), barred: Barred::default(), ..actor.clone() };
    for held in &mut free.grants {
        held.stopped = held.stopped.filter(|stop| *stop != Stop::Apart);
    }
    free
}

/// Every question about one world. Returns how many were asked.
async fn agree(lab: &Lab, stage: &Stage, instants: &[Time]) -> Result<usize, String> {
    let tables = Tables::read(lab).await;
    let now = lab.core.now();
    let (mut asked, mut counter) = (0, 0);
    let mut people = Vec::new();
    for user in &stage.users {
        // Waiting ends tokens; the people sign in again.
        let person = lab.signed_in(&user.name).await;
        people.push((person.calling_from(INSIDE), true, None));
        people.push((person, false, None));
    }
    let minted: Vec<Person> = stage.tokens.lock().unwrap().clone();
    for person in minted {
        let token = Token::read(lab, &person).await;
        let holds = lab.core.actor(&person.caller()).await.is_ok();
        if holds != (token.until > now) {
            return Err(format!("a token of {} holds: {holds}", person.name));
        }
        if holds {
            people.push((person, true, Some(token)));
        }
    }
    for (person, inside, token) in &people {
        let actor = lab.actor(person).await;
        let free = unguarded(&actor);
        let asker = Asker { token: token.as_ref(), user: actor.id, at: now, inside: *inside, absent: false };
        for view in lab.core.views().iter().copied() {
            asked += listed_exactly_if_fetchable(lab, &actor, view).await?;
            for (id, lookup) in gallery::everything(lab, view).await {
                let Some(naive) = tables.sees(asker, view, id) else { break };
                let found = gallery::found(lab, Some(person), view, &lookup).await;
                if found.is_some() != naive {
                    let rule = if naive { "should" } else { "should not" };
                    return Err(format!("{} {rule} see {} {}", person.name, view.name, text_of(&lookup)));
                }
                asked += 1;
            }
        }
        for action in lab.core.actions() {
            let (Target::Thing(view) | Target::Parent(_, view)) = action.target else { continue };
            for (_, lookup) in gallery::everything(lab, view).await {
                let Some(found) = gallery::found(lab, None, view, &lookup).await else { continue };
                let Some(naive) = tables.may(asker, &action.needs, &found) else { break };
                same(action.decide(&actor, &found), naive, person, action.name, &found, now)?;
                if naive && !action.decide(&free, &found).allowed {
                    return Err(format!("a guard gives {} {} on {}", person.name, action.name, found.name));
                }
                asked += 1;
                // From where somebody else calls is not known, so his explanation leaves walls out; every few questions do.
                if let Some(token) = token {
                    if asked % 11 == 0 && sees(lab, &actor, view, &lookup).await && !found.uuid.is_nil() {
                        told(lab, &actor, action.name, &found, token, naive).await?;
                    }
                } else if *inside && asked % 11 == 0 {
                    let then = lab.core.actor_at(actor.uuid, now).await.map_err(|error| error.to_string())?;
                    let absent = Asker { absent: true, ..asker };
                    let naive = tables.may(absent, &action.needs, &found) == Some(true)
                        && sees(lab, &then.unwrap_or_default(), view, &lookup).await;
                    explained(lab, person, action.name, &found, None, naive).await?;
                }
            }
        }
    }
    // Who can, asked of the present and of each instant; and what each can.
    for at in instants.iter().chain([&now]) {
        for user in &stage.users {
            can(lab, &tables, user, *at).await?;
            asked += 1;
        }
    }
    for action in lab.core.actions() {
        let (Target::Thing(view) | Target::Parent(_, view)) = action.target else { continue };
        for (id, lookup) in gallery::everything(lab, view).await {
            let Some(found) = gallery::found(lab, None, view, &lookup).await else { continue };
            counter += 1;
            if counter % 7 != 0 || found.uuid.is_nil() {
                continue;
            }
            if !able(lab, stage, &tables, action.name, view, id, &found).await? {
                break;
            }
            asked += 1;
        }
    }
    // And as it was.
    for user in &stage.users {
        let uuid = id::parse(&user.uuid).unwrap_or_default();
        for at in instants {
            let Some(actor) = lab.core.actor_at(uuid, *at).await.map_err(|error| error.to_string())? else { continue };
            let asker = Asker { token: None, user: actor.id, at: *at, inside: true, absent: true };
            for action in lab.core.actions() {
                let (Target::Thing(view) | Target::Parent(_, view)) = action.target else { continue };
                for (_, lookup) in gallery::everything(lab, view).await {
                    let Some(found) = gallery::found(lab, None, view, &lookup).await else { continue };
                    let Some(naive) = tables.may(asker, &action.needs, &found) else { break };
                    same(action.decide(&actor, &found), naive, user, action.name, &found, *at)?;
                    asked += 1;
                    if asked % 11 == 0 {
                        let naive = naive && sees(lab, &actor, view, &lookup).await;
                        explained(lab, user, action.name, &found, Some(*at), naive).await?;
                    }
                }
            }
        }
    }
    Ok(asked)
}

/// Compares what a user is told to be able to do with what his grants say. From where he would call is not known.
async fn can(lab: &Lab, tables: &Tables, user: &Person, at: Time) -> Result<(), String> {
    let side = what::Side { user: &user.name, at: Some(at) };
    let answer = what::what(&lab.core, &Actor::system(), side, None).await.map_err(|error| error.to_string())?;
    let key = lab.core.store.query("SELECT id FROM users WHERE username = $1", &vals![&user.name]).await;
    let key: i64 = key.unwrap()[0].get(0).unwrap();
    let asker = Asker { token: None, user: key, at, inside: true, absent: true };
    let mut naive: BTreeSet<(String, i64, String)> = BTreeSet::new();
    for grant in &tables.grants {
        let carried = tables.version(grant.role, at).map(|version| version.permissions.clone()).unwrap_or_default();
        for permission in carried.into_iter().filter(|name| tables.holds(asker, grant, Some(name), false)) {
            naive.insert((grant.scope.clone(), grant.scope_id, permission));
        }
    }
    let mut told: BTreeSet<(String, i64, String)> = BTreeSet::new();
    for scope in answer["scopes"].as_array().into_iter().flatten() {
        let uuid = scope["uuid"].as_str().and_then(id::parse).unwrap_or_default();
        let sql = "SELECT scope_id FROM grants WHERE scope_uuid = $1";
        let scope_id: i64 = lab.core.store.query(sql, &vals![uuid]).await.unwrap()[0].get(0).unwrap();
        let kind = scope["type"].as_str().unwrap_or_default();
        for permission in scope["permissions"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            told.insert((kind.to_owned(), scope_id, permission.to_owned()));
        }
    }
    if told == naive {
        return Ok(());
    }
    let (more, less) = (told.difference(&naive).next(), naive.difference(&told).next());
    Err(format!("{} at {at} is told to be able to {more:?} too much, {less:?} too little", user.name))
}

/// Compares who is told to be able with whom the naive evaluator finds able. False where it does not know the view.
async fn able(
    lab: &Lab,
    stage: &Stage,
    tables: &Tables,
    action: &str,
    view: &View,
    row: i64,
    found: &Found,
) -> Result<bool, String> {
    let (scope, now) = (format!("{}:{}", found.thing, id::hex(&found.uuid)), lab.core.now());
    let answer = who::who(&lab.core, &Actor::system(), action, Some(&scope), None).await;
    let answer = answer.map_err(|error| format!("asking who can {action} on {scope}: {error}"))?;
    let told: Vec<&str> =
        answer["people"].as_array().into_iter().flatten().filter_map(|one| one["user"]["username"].as_str()).collect();
    let Some(needs) = lab.core.action(action).map(|action| &action.needs) else { return Ok(false) };
    for user in &stage.users {
        let keys = lab
            .core
            .store
            .query("SELECT id, is_staff OR is_support FROM users WHERE username = $1", &vals![&user.name])
            .await
            .unwrap();
        let (key, crew): (i64, bool) = (keys[0].get(0).unwrap(), keys[0].get(1).unwrap());
        let asker = Asker { token: None, user: key, at: now, inside: true, absent: true };
        let (Some(may), Some(sees)) = (tables.may(asker, needs, found), tables.sees(asker, view, row)) else {
            return Ok(false);
        };
        // That everybody may is told once, and not of each; staff and support agents are counted.
        if crew || answer["everybody"] == true {
            continue;
        }
        if told.contains(&user.name.as_str()) != (may && sees) {
            return Err(format!(
                "{} can {action} on {scope}: {} naively, but told are {told:?}",
                user.name,
                may && sees
            ));
        }
    }
    Ok(true)
}

/// Whether an actor finds a thing: what he does not see, he may do nothing to.
async fn sees(lab: &Lab, actor: &Actor, view: &'static View, lookup: &stoa_kernel::Val) -> bool {
    let found = stoa_kernel::door::find(&mut lab.core.store.reader(), actor, view, lookup, true, lab.core.now()).await;
    found.unwrap_or_else(|error| panic!("{}: {error}", view.name)).is_some()
}

/// Asks for the explanation of a decision and compares its answer.
async fn explained(
    lab: &Lab,
    who: &Person,
    action: &str,
    found: &Found,
    at: Option<Time>,
    naive: bool,
) -> Result<(), String> {
    if found.uuid.is_nil() {
        // It has no identifier by which to ask.
        return Ok(());
    }
    let scope = format!("{}:{}", found.thing, id::hex(&found.uuid));
    let answer = explain::explain(&lab.core, &who.name, action, Some(&scope), at).await;
    let answer = answer.map_err(|error| format!("explaining {action} on {scope}: {error}"))?;
    let reasons = answer["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty());
    if answer["allowed"] != naive || !reasons {
        return Err(format!("{action} on {scope} for {} is explained as {answer}, not {naive}", who.name));
    }
    Ok(())
}

/// Asks, with a token, for the explanation of what it may.
async fn told(lab: &Lab, actor: &Actor, action: &str, found: &Found, token: &Token, naive: bool) -> Result<(), String> {
    let scope = format!("{}:{}", found.thing, id::hex(&found.uuid));
    let question = explain::Question { action, scope: Some(&scope), ..explain::Question::default() };
    let answer = explain::explain_to(&lab.core, actor, question).await;
    let answer = answer.map_err(|error| format!("explaining {action} on {scope} to a token: {error}"))?;
    if answer["allowed"] != naive {
        let (scopes, bound) = (&token.scopes, &token.bound);
        return Err(format!("{action} on {scope} with {scopes:?} {bound:?} is explained as {answer}, not {naive}"));
    }
    Ok(())
}

fn same(got: Decision, naive: bool, who: &Person, action: &str, found: &Found, at: Time) -> Result<(), String> {
    if got.because.is_empty() {
        return Err(format!("{action} on {} is decided without a reason", found.name));
    }
    if got.allowed != naive {
        let rule = if naive { "should be allowed" } else { "should be refused" };
        return Err(format!("{action} on {} {} for {} at {at}: {rule}; {got}", found.thing, found.name, who.name));
    }
    Ok(())
}

/// A row is listed exactly if it is fetched, and the pages together have as many rows as the total says.
pub async fn listed_exactly_if_fetchable(lab: &Lab, actor: &Actor, view: &'static View) -> Result<usize, String> {
    let fault = |error: stoa_kernel::Error| format!("{}: {error}", view.name);
    // A view that is only listed within a parent has its rows once for each parent.
    let nested =
        gallery::routes().any(|route| matches!(route.run, Run::ListIn { view: other, .. } if other.name == view.name));
    let listed_as_such =
        gallery::routes().any(|route| matches!(route.run, Run::List(other) if other.name == view.name));
    if nested && !listed_as_such || !decide(actor, &view.needs, &Found::default()).allowed {
        return Ok(0);
    }
    let (mut listed, mut shown, mut offset) = (BTreeSet::new(), BTreeSet::new(), 0);
    loop {
        let ask = Ask { offset, limit: 7, all_rows: true, ..Ask::default() };
        let page = lab.core.look(actor, view, &ask).await.map_err(fault)?;
        for row in &page.rows {
            listed.extend(row.get::<i64>(0).ok());
            if !shown.insert(format!("{row:?}")) {
                return Err(format!("{}: a row is on two pages: {row:?}", view.name));
            }
        }
        offset += 7;
        if page.rows.is_empty() || offset >= page.total {
            if page.total != shown.len() as i64 {
                return Err(format!("{}: {} rows, but the total is {}", view.name, shown.len(), page.total));
            }
            break;
        }
    }
    let mut fetched = BTreeSet::new();
    for (id, lookup) in gallery::everything(lab, view).await {
        let mut reader = lab.core.store.reader();
        let now = lab.core.now();
        if stoa_kernel::door::find(&mut reader, actor, view, &lookup, true, now).await.map_err(fault)?.is_some() {
            fetched.insert(id);
        }
    }
    if listed != fetched {
        let difference: Vec<_> = listed.symmetric_difference(&fetched).collect();
        return Err(format!("{} for {}: listed or fetched, not both: {difference:?}", view.name, actor.username));
    }
    Ok(fetched.len())
}

async fn world(lab: Lab, steps: &[Step], moments: &[usize]) -> Result<usize, String> {
    let stage = Stage::set(&lab).await;
    let mut instants = vec![lab.core.now()];
    for step in steps {
        stage.run(&lab, step).await;
        instants.push(lab.core.now());
    }
    let chosen: Vec<Time> = moments.iter().map(|at| instants[at % instants.len()]).collect();
    agree(&lab, &stage, &chosen).await
}

/// How many worlds: more on demand, by `STOA_WORLDS`.
fn asked_for(usual: u32) -> u32 {
    std::env::var("STOA_WORLDS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Runs worlds from a fixed seed; the first that fails is made smaller before it is shown.
async fn worlds(cases: u32, postgres: bool) {
    let rng = TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (prop::collection::vec(step(), 0..40), prop::collection::vec(any::<usize>(), 3));
    let mut asked = 0;
    for case in 0..cases {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        let run = |(steps, moments): (Vec<Step>, Vec<usize>)| async move {
            let lab = match postgres {
                false => Lab::sqlite().await,
                true => match Lab::postgres().await {
                    Some(lab) => lab,
                    None => return Ok(0),
                },
            };
            world(lab, &steps, &moments).await
        };
        match run(tree.current()).await {
            Ok(count) => asked += count,
            Err(mut why) => {
                eprintln!("world {case}: {why}; making it smaller");
                let (mut smallest, mut tries) = (tree.current(), 0);
                while tries < 60 && tree.simplify() {
                    loop {
                        tries += 1;
                        if let Err(other) = run(tree.current()).await {
                            (smallest, why) = (tree.current(), other);
                            break;
                        }
                        if !tree.complicate() {
                            break;
                        }
                    }
                }
                panic!("world {case}: {why}\nafter {:#?}", smallest.0);
            }
        }
    }
    println!("{asked} questions in {cases} worlds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_naive_evaluator_agrees_on_sqlite() {
    worlds(asked_for(32), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_naive_evaluator_agrees_on_postgres() {
    worlds(asked_for(6), true).await;
}

/// A nil uuid finds nothing anywhere.
#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let lab = Lab::sqlite().await;
    for view in lab.core.views().iter().copied().filter(|view| view.lookup.ends_with(".uuid")) {
        let lookup = stoa_kernel::Val::Uuid(Uuid::nil());
        assert!(gallery::found(&lab, None, view, &lookup).await.is_none(), "{}", view.name);
    }
}
