//! Roles and grants over a real store, through the one door.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use stoa_kernel::{
    Error, Store, Val,
    action::{Action, Done},
    clock::Clock,
    door::{Call, Caller, Core, Credential, Registry},
    field::Mode,
    id::{self, Uuid},
    store::Options,
    vals,
    view::{Ask, View},
};
use stoa_tenancy::{
    access::{directory::Directory, explain},
    grant::{
        actions::{RESTORE, REVOKE},
        jobs,
        rules::{CUSTOMER, PROJECT},
        teams::{CUSTOMER_ADD_USER, PROJECT_ADD_USER, PROJECT_DELETE_USER, PROJECT_UPDATE_USER},
        views::{TEAM, USER_PERMISSIONS, within},
    },
    role::{
        self,
        actions::{CREATE, DELETE, DISABLE, ENABLE, UPDATE},
        views::ROLES,
    },
    settings,
};

struct Lab {
    core: Arc<Core>,
    clock: Clock,
    folder: PathBuf,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

type Outcome = Result<Done, Error>;

static COUNT: AtomicU32 = AtomicU32::new(0);

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

const STAFF: u128 = 1;
const OWNER: u128 = 2;
const MANAGER: u128 = 3;
const ADMIN: u128 = 4;
const ANN: u128 = 5;
const OUTSIDER: u128 = 6;
const ACME: u128 = 101;
const APOLLO: u128 = 201;
const ZEUS: u128 = 202;

impl Lab {
    async fn new() -> Lab {
        let folder = std::env::temp_dir().join(format!(
            "stoa-roles-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::create_dir_all(&folder).unwrap();
        // A PostgreSQL database that is named is emptied first; the default is a SQLite file.
        let url = match std::env::var("ROLES_TEST_URL") {
            Ok(url) => url,
            Err(_) => format!("sqlite:{}", folder.join("stoa.db").display()),
        };
        let store = Store::open(&url, Options::default()).await.unwrap();
        let record = [stoa_kernel::event::MIGRATION];
        let migrations = [stoa_kernel::store::MIGRATIONS, &record, stoa_tenancy::MIGRATIONS].concat();
        store.migrate(&migrations).await.unwrap();
        let clock = Clock::new();
        let given = clock.clone();
        store
            .write(move |tx| {
                let clock = given.clone();
                Box::pin(async move { role::store::install_shipped(tx, &clock).await })
            })
            .await
            .unwrap();
        let mut registry = Registry::default();
        stoa_tenancy::register(&mut registry);
        let core = Arc::new(Core::new(store, clock.clone(), Box::new(Directory::default()), registry));
        let lab = Lab { core, clock, folder };
        lab.people().await;
        lab
    }

    async fn run(&self, sql: &'static str, values: Vec<Val>) {
        let values: Arc<[Val]> = values.into();
        self.core
            .store
            .write(move |tx| {
                let values = values.clone();
                Box::pin(async move { tx.execute(sql, &values).await })
            })
            .await
            .unwrap();
    }

    async fn people(&self) {
        let now = self.core.now();
        for (n, name) in [
            (STAFF, "staff"),
            (OWNER, "owner"),
            (MANAGER, "manager"),
            (ADMIN, "admin"),
            (ANN, "ann"),
            (OUTSIDER, "out"),
        ] {
            let sql = "INSERT INTO users (id, uuid, username, first_name, email, is_staff, date_joined, modified) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
            let email = format!("{name}@uni.example");
            let values = vals![n as i64, uuid(n), name, name, email, n == STAFF, now, now].to_vec();
            self.run(sql, values).await;
        }
        let sql = "INSERT INTO customers (id, uuid, created, modified, name, accounting_start_date) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        self.run(sql, vals![ACME as i64, uuid(ACME), now, now, "Acme", now].to_vec()).await;
        for (n, name) in [(APOLLO, "Apollo"), (ZEUS, "Zeus")] {
            let sql =
                "INSERT INTO projects (id, uuid, customer_id, created, modified, name) VALUES ($1, $2, $3, $4, $5, $6)";
            self.run(sql, vals![n as i64, uuid(n), ACME as i64, now, now, name].to_vec()).await;
        }
        self.add(STAFF, "CUSTOMER.OWNER", OWNER, ACME).await.unwrap();
        self.add(OWNER, "PROJECT.MANAGER", MANAGER, APOLLO).await.unwrap();
        self.add(MANAGER, "PROJECT.ADMIN", ADMIN, APOLLO).await.unwrap_err();
        self.add(OWNER, "PROJECT.ADMIN", ADMIN, APOLLO).await.unwrap();
    }

    fn caller(who: u128) -> Caller {
        Caller { credential: Credential::Trusted(uuid(who)), request: "test".into(), ..Caller::default() }
    }

    async fn perform(&self, who: u128, action: &'static Action, target: Option<Uuid>, body: Value) -> Outcome {
        let target = target.map(|uuid| id::hex(&uuid));
        self.core.perform(&Lab::caller(who), Call { action, via: None, target, body, mode: Mode::Partial }).await
    }

    async fn add(&self, who: u128, role: &str, user: u128, on: u128) -> Outcome {
        self.add_until(who, role, user, on, Value::Null).await
    }

    async fn add_until(&self, who: u128, role: &str, user: u128, on: u128, until: Value) -> Outcome {
        let action = if on == ACME { &CUSTOMER_ADD_USER } else { &PROJECT_ADD_USER };
        let body = json!({"role": role, "user": id::hex(&uuid(user)), "expiration_time": until});
        self.perform(who, action, Some(uuid(on)), body).await
    }

    async fn team(&self, on: u128) -> Vec<String> {
        let team = if on == ACME { &CUSTOMER } else { &PROJECT };
        let ask = Ask {
            within: vec![(within(team), vec![Val::Int(on as i64)])],
            fields: vec!["user_username".into(), "role_name".into()],
            limit: 100,
            ..Ask::default()
        };
        let actor = self.core.actor(&Lab::caller(STAFF)).await.unwrap();
        let page = self.core.look(&actor, &TEAM, &ask).await.unwrap();
        // Columns come in the order of the view: role, then person.
        let read =
            |row: &stoa_kernel::Row| format!("{} {}", row.get::<String>(3).unwrap(), row.get::<String>(2).unwrap());
        page.rows.iter().map(read).collect()
    }

    async fn number(&self, sql: &str) -> i64 {
        self.core.store.query(sql, &[]).await.unwrap()[0].get(0).unwrap()
    }

    async fn role(&self, name: &str) -> Uuid {
        let rows = self.core.store.query("SELECT uuid FROM roles WHERE name = $1", &vals![name]).await.unwrap();
        rows[0].get(0).unwrap()
    }

    fn later(&self, seconds: i64) -> Value {
        self.clock.now().plus_seconds(seconds).to_string().into()
    }

    async fn count(&self, who: u128, view: &'static View, filters: &[(&str, &str)]) -> i64 {
        let filters = filters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let ask = Ask { filters, limit: 50, ..Ask::default() };
        let actor = self.core.actor(&Lab::caller(who)).await.unwrap();
        self.core.look(&actor, view, &ask).await.unwrap().total
    }
}

#[track_caller]
fn refused(outcome: Outcome, words: &str) {
    match outcome {
        Err(error) => assert!(error.to_string().contains(words), "{error} instead of {words}"),
        Ok(_) => panic!("allowed, instead of {words}"),
    }
}

#[tokio::test]
async fn a_team_is_changed_by_the_rules() {
    let lab = Lab::new().await;
    assert_eq!(lab.team(APOLLO).await, ["admin PROJECT.ADMIN", "manager PROJECT.MANAGER"]);
    // Administrators manage no team; outsiders do not even see the project.
    refused(lab.add(ADMIN, "PROJECT.ADMIN", ANN, APOLLO).await, "forbidden");
    refused(lab.add(OUTSIDER, "PROJECT.ADMIN", ANN, APOLLO).await, "not found");
    refused(lab.add(MANAGER, "CUSTOMER.OWNER", ANN, ACME).await, "forbidden");
    // Input.
    refused(lab.add(OWNER, "NO.SUCH", ANN, APOLLO).await, "Role is not found.");
    refused(lab.add(OWNER, "PROJECT.ADMIN", 77, APOLLO).await, "User is not found.");
    let past = lab.later(-5);
    refused(lab.add_until(OWNER, "PROJECT.ADMIN", ANN, APOLLO, past).await, "greater than current time");
    refused(lab.add(OWNER, "PROJECT.ADMIN", ADMIN, APOLLO).await, "User has already the same role in this scope.");
    refused(lab.add(OWNER, "CUSTOMER.OWNER", ANN, APOLLO).await, "Role is not valid for this scope.");
    refused(lab.add(OWNER, "PROJECT.MEMBER", ANN, APOLLO).await, "Role is not active.");
    // One's own role.
    refused(lab.add(MANAGER, "PROJECT.ADMIN", MANAGER, APOLLO).await, "User can not manage own role.");
    lab.add(OWNER, "PROJECT.ADMIN", OWNER, APOLLO).await.unwrap();
    // A manager adds people whom the organization knows, and administrators who may approve what he may not.
    refused(lab.add(MANAGER, "PROJECT.ADMIN", ANN, APOLLO).await, "people of its organization only");
    lab.add(OWNER, "PROJECT.ADMIN", ANN, ZEUS).await.unwrap();
    lab.add(MANAGER, "PROJECT.ADMIN", ANN, APOLLO).await.unwrap();
    // A closed organization, a removed project.
    lab.run("UPDATE customers SET blocked = true", vec![]).await;
    refused(lab.add(STAFF, "PROJECT.ADMIN", OUTSIDER, APOLLO).await, "Customer is not available.");
    lab.run("UPDATE customers SET blocked = false", vec![]).await;
    lab.run("UPDATE projects SET is_removed = true WHERE name = 'Zeus'", vec![]).await;
    refused(
        lab.add(STAFF, "PROJECT.ADMIN", OUTSIDER, ZEUS).await,
        "Cannot manage team members for terminated projects.",
    );
}

#[tokio::test]
async fn patterns_let_in_and_keep_out() {
    let lab = Lab::new().await;
    lab.run(r#"UPDATE projects SET user_email_patterns = '["x@"]' WHERE name = 'Apollo'"#, vec![]).await;
    let words = "does not match the project restrictions";
    refused(lab.add(STAFF, "PROJECT.ADMIN", ANN, APOLLO).await, words);
    lab.run(r#"UPDATE projects SET user_email_patterns = '["ann@.*example"]' WHERE name = 'Apollo'"#, vec![]).await;
    // Whom the pattern names, a manager may add although the organization does not know him.
    lab.add(MANAGER, "PROJECT.ADMIN", ANN, APOLLO).await.unwrap();
    refused(lab.add(MANAGER, "PROJECT.ADMIN", OUTSIDER, APOLLO).await, words);
    lab.run(r#"UPDATE customers SET user_email_patterns = '["x@"]'"#, vec![]).await;
    refused(lab.add(STAFF, "CUSTOMER.READER", ANN, ACME).await, "does not match the customer restrictions");
}

#[tokio::test]
async fn nobody_hands_on_what_he_does_not_hold() {
    let lab = Lab::new().await;
    let body =
        json!({"name": "PROJECT.CHIEF", "content_type": "project", "permissions": ["PROJECT.LIST", "PROJECT.DELETE"]});
    lab.perform(STAFF, &CREATE, None, body).await.unwrap();
    lab.add(OWNER, "PROJECT.ADMIN", ANN, ZEUS).await.unwrap();
    let outcome = lab.add(MANAGER, "PROJECT.CHIEF", ANN, APOLLO).await;
    refused(outcome, "carries more than the granter holds there: PROJECT.DELETE");
    assert!(lab.number("SELECT count(*) FROM refusals").await > 0, "a refusal goes on record");
    lab.add(OWNER, "PROJECT.CHIEF", ANN, APOLLO).await.unwrap();
}

#[tokio::test]
async fn ends_are_changed_without_losing_the_past() {
    let lab = Lab::new().await;
    let body = |until: Value| json!({"role": "PROJECT.ADMIN", "user": id::hex(&uuid(ADMIN)), "expiration_time": until});
    let started = lab.clock.now();
    lab.clock.advance(10);
    let soon = lab.later(100);
    let done = lab.perform(OWNER, &PROJECT_UPDATE_USER, Some(uuid(APOLLO)), body(soon.clone())).await.unwrap();
    assert_eq!((done.answer["expiration_time"].clone(), done.events[0].kind), (soon.clone(), "role_updated"));
    let again = lab.perform(OWNER, &PROJECT_UPDATE_USER, Some(uuid(APOLLO)), body(soon)).await.unwrap();
    assert!(again.events.is_empty());
    // The same role for longer is an extension; for as long it is the same.
    let (sooner, later) = (lab.later(50), lab.later(200));
    let same = "User has already the same role in this scope.";
    refused(lab.add_until(OWNER, "PROJECT.ADMIN", ADMIN, APOLLO, sooner).await, same);
    lab.add_until(OWNER, "PROJECT.ADMIN", ADMIN, APOLLO, later).await.unwrap();
    assert_eq!(lab.number("SELECT count(DISTINCT uuid) FROM grants WHERE user_id = 4").await, 1);
    assert_eq!(lab.number("SELECT count(*) FROM grants WHERE user_id = 4").await, 3);
    // Its time is over: it counts no more, the sweep puts that on record, and it can be given anew.
    lab.clock.advance(300);
    assert_eq!(lab.team(APOLLO).await, ["manager PROJECT.MANAGER"]);
    refused(
        lab.perform(OWNER, &PROJECT_UPDATE_USER, Some(uuid(APOLLO)), body(Value::Null)).await,
        "does not have this role",
    );
    let call = Call { action: &jobs::EXPIRE, via: None, target: None, body: Value::Null, mode: Mode::Whole };
    let swept = lab.core.perform(&Caller::system(), call.clone()).await.unwrap();
    assert_eq!(swept.events.len(), 1);
    assert!(lab.core.perform(&Caller::system(), call).await.unwrap().events.is_empty());
    lab.add(OWNER, "PROJECT.ADMIN", ADMIN, APOLLO).await.unwrap();
    // The past is as it was.
    let before = lab.core.actor_at(uuid(ADMIN), started.plus_seconds(5)).await.unwrap().unwrap();
    assert_eq!(before.grants.len(), 1);
    assert!(before.grants[0].until.is_none() && before.grants[0].counts());
    let deleted = lab.perform(OWNER, &PROJECT_DELETE_USER, Some(uuid(APOLLO)), body(Value::Null)).await.unwrap();
    assert_eq!(deleted.events[0].message, "User admin has lost role of PROJECT.ADMIN in Apollo.");
    let nothing = lab.perform(OWNER, &PROJECT_DELETE_USER, Some(uuid(APOLLO)), body(Value::Null)).await.unwrap();
    assert!(nothing.events.is_empty());
}

#[tokio::test]
async fn the_same_grant_twice_at_once_is_one() {
    let lab = Arc::new(Lab::new().await);
    for round in 0..10 {
        let user = if round % 2 == 0 { ANN } else { OUTSIDER };
        let project = if round < 2 { APOLLO } else { ZEUS };
        let body = json!({"role": "PROJECT.ADMIN", "user": id::hex(&uuid(user))});
        let all = (0..8).map(|_| lab.perform(OWNER, &PROJECT_ADD_USER, Some(uuid(project)), body.clone()));
        let outcomes = futures::future::join_all(all).await;
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(made, 1, "{outcomes:?}");
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            refused(outcome, "User has already the same role in this scope.");
        }
        lab.perform(OWNER, &PROJECT_DELETE_USER, Some(uuid(project)), body).await.unwrap();
    }
}

#[tokio::test]
async fn a_grant_is_revoked_and_restored_by_its_identifier() {
    let lab = Lab::new().await;
    let rows = lab.core.store.query("SELECT uuid FROM grants WHERE user_id = 4", &[]).await.unwrap();
    let grant: Uuid = rows[0].get(0).unwrap();
    refused(lab.perform(OUTSIDER, &REVOKE, Some(grant), json!({})).await, "not found");
    refused(lab.perform(ADMIN, &REVOKE, Some(grant), json!({})).await, "forbidden");
    refused(lab.perform(MANAGER, &RESTORE, Some(grant), json!({})).await, "active already");
    lab.perform(MANAGER, &REVOKE, Some(grant), json!({"reason": "holidays"})).await.unwrap();
    refused(lab.perform(MANAGER, &REVOKE, Some(grant), json!({})).await, "revoked already");
    assert_eq!(lab.count(ADMIN, &USER_PERMISSIONS, &[]).await, 0);
    // The manager can't restore a stranger by himself: nothing ties the person to the organization any more.
    refused(lab.perform(MANAGER, &RESTORE, Some(grant), json!({})).await, "people of its organization only");
    lab.perform(OWNER, &RESTORE, Some(grant), json!({})).await.unwrap();
    assert_eq!(lab.count(ADMIN, &USER_PERMISSIONS, &[("scope_type", "project")]).await, 1);
    assert_eq!(lab.count(STAFF, &USER_PERMISSIONS, &[("role_name", "owner"), ("scope_type", "customer")]).await, 1);
    assert_eq!(lab.count(OWNER, &USER_PERMISSIONS, &[]).await, 1);
}

#[tokio::test]
async fn a_changed_role_counts_at_the_next_request_and_tells_what_differs() {
    let lab = Lab::new().await;
    let member = lab.role("PROJECT.MEMBER").await;
    refused(lab.perform(OWNER, &ENABLE, Some(member), json!({})).await, "forbidden");
    lab.perform(STAFF, &ENABLE, Some(member), json!({})).await.unwrap();
    assert!(lab.perform(STAFF, &ENABLE, Some(member), json!({})).await.unwrap().events.is_empty());
    lab.add(OWNER, "PROJECT.MEMBER", ANN, APOLLO).await.unwrap();
    let started = lab.clock.now();
    lab.clock.advance(60);
    let admin = lab.role("PROJECT.ADMIN").await;
    refused(lab.perform(STAFF, &UPDATE, Some(admin), json!({"name": "X.Y"})).await, "Changing name for system role");
    refused(
        lab.perform(STAFF, &UPDATE, Some(admin), json!({"permissions": ["A", "B"]})).await,
        "Invalid permissions A,B",
    );
    refused(lab.perform(STAFF, &UPDATE, Some(admin), json!({"content_type": "customer"})).await, "Role is still used.");
    lab.perform(STAFF, &UPDATE, Some(admin), json!({"permissions": ["PROJECT.CREATE_PERMISSION"]})).await.unwrap();
    let actor = lab.core.actor(&Lab::caller(ADMIN)).await.unwrap();
    assert_eq!(actor.grants[0].role.permissions.indexes().count(), 1);
    let before = lab.core.actor_at(uuid(ADMIN), started).await.unwrap().unwrap();
    assert!(before.grants[0].role.permissions.indexes().count() > 20);
    let (name, versions) = role::store::versions(&mut lab.core.store.reader(), admin).await.unwrap().unwrap();
    let shipped = stoa_tenancy::access::roles::shipped(&name);
    let found = role::rules::differences(shipped, Default::default(), &versions);
    assert!(found.iter().all(|one| one.by == "staff") && found.len() > 20);
    // A disabled role stops counting.
    lab.perform(STAFF, &DISABLE, Some(member), json!({})).await.unwrap();
    assert!(!lab.core.actor(&Lab::caller(ANN)).await.unwrap().grants[0].counts());
    // Own roles.
    let body = json!({"name": "PROJECT.AUDITOR", "content_type": "project", "permissions": ["PROJECT.LIST"]});
    let made = lab.perform(STAFF, &CREATE, None, body.clone()).await.unwrap().uuid.unwrap();
    refused(lab.perform(STAFF, &CREATE, None, body.clone()).await, "Name should be unique.");
    refused(lab.perform(STAFF, &DELETE, Some(admin), json!({})).await, "Destroying of system role");
    lab.add(OWNER, "PROJECT.AUDITOR", OUTSIDER, APOLLO).await.unwrap();
    refused(lab.perform(STAFF, &DELETE, Some(made), json!({})).await, "Role is still used.");
    let user = json!({"role": "PROJECT.AUDITOR", "user": id::hex(&uuid(OUTSIDER))});
    lab.perform(OWNER, &PROJECT_DELETE_USER, Some(uuid(APOLLO)), user).await.unwrap();
    lab.perform(STAFF, &DELETE, Some(made), json!({})).await.unwrap();
    refused(lab.perform(STAFF, &DELETE, Some(made), json!({})).await, "not found");
    lab.perform(STAFF, &CREATE, None, body).await.unwrap();
    let shown = lab.count(STAFF, &ROLES, &[("content_type", "project,customer"), ("is_active", "true")]).await;
    assert_eq!(shown, 5);
}

#[tokio::test]
async fn a_type_changes_labels_and_the_cells_of_its_matrix() {
    let lab = Lab::new().await;
    let label = async |name: &str| -> (String, bool, i64) {
        let sql = "SELECT description, is_active, revision FROM roles WHERE name = $1";
        let rows = lab.core.store.query(sql, &vals![name]).await.unwrap();
        (rows[0].get(0).unwrap(), rows[0].get(1).unwrap(), rows[0].get(2).unwrap())
    };
    assert_eq!(label("CUSTOMER.OWNER").await.0, "Owner");
    let update = &settings::actions::UPDATE;
    refused(lab.perform(OWNER, update, None, json!({"type": "academic"})).await, "forbidden");
    let body = json!({"type": "academic_shared", "project_managers_approve_orders": true});
    lab.perform(STAFF, update, None, body).await.unwrap();
    assert_eq!(label("CUSTOMER.OWNER").await.0, "Resource allocator");
    assert_eq!(label("PROJECT.MEMBER").await, ("Member".into(), true, 2));
    assert_eq!(label("CUSTOMER.SUPPORT").await.2, 1, "a role that the type does not touch has no new revision");
    let manager = lab.core.actor(&Lab::caller(MANAGER)).await.unwrap();
    let approve = stoa_tenancy::access::permissions::Permission::OrderApprove.id();
    assert!(manager.grants[0].role.permissions.contains(approve));
    assert_eq!(manager.grants[0].role.description, "PI");
    let member = lab.role("PROJECT.MEMBER").await;
    lab.perform(STAFF, &UPDATE, Some(member), json!({"description": "Apprentice"})).await.unwrap();
    lab.perform(STAFF, update, None, json!({"type": "cloud"})).await.unwrap();
    assert_eq!(label("PROJECT.MEMBER").await.0, "Apprentice");
    lab.perform(STAFF, update, None, json!({"only_one_project_manager": true})).await.unwrap();
    refused(lab.add(OWNER, "PROJECT.MANAGER", ANN, APOLLO).await, "Project already has an active project manager.");
}

#[tokio::test]
async fn an_explanation_names_what_is_missing_and_who_could_give_it() {
    let lab = Lab::new().await;
    let scope = format!("http://h/api/projects/{}/", id::hex(&uuid(APOLLO)));
    let ask =
        async |user: &str, action: &str, at| explain::explain(&lab.core, user, action, Some(&scope), at).await.unwrap();
    let yes = ask("owner", "project.add_user", None).await;
    assert_eq!((yes["allowed"].clone(), yes["reasons"][0]["scope_name"].clone()), (true.into(), "Acme".into()));
    let no = ask("admin", "project.add_user", None).await;
    assert_eq!(no["allowed"], false);
    assert_eq!(no["reasons"][0]["could_grant"], json!(["manager", "owner", "staff"]), "{no}");
    let out = ask("out", "PROJECT.LIST", None).await;
    assert!(out["sentence"].as_str().unwrap().starts_with("Refused."), "{out}");
    let actor = lab.core.actor(&Lab::caller(OUTSIDER)).await.unwrap();
    let question = explain::Question { user: "owner", action: "PROJECT.LIST", scope: Some(&scope), at: None };
    assert!(explain::explain_to(&lab.core, &actor, question).await.is_err());
    let actor = lab.core.actor(&Lab::caller(ADMIN)).await.unwrap();
    let question = explain::Question { user: "", action: "project.update_user", scope: Some(&scope), at: None };
    assert_eq!(explain::explain_to(&lab.core, &actor, question).await.unwrap()["allowed"], false);
    // Before he had the role, he could not.
    let past = lab.clock.now().plus_seconds(-3600);
    assert_eq!(ask("owner", "project.add_user", Some(past)).await["allowed"], false);
}
