//! The server in process, and its people.

use crate::{Reply, postgres};
use axum::{Router, body::Body, extract::ConnectInfo};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};
use stoa_kernel::{
    Store,
    access::Actor,
    clock::Clock,
    door::{Caller, Core, Credential},
    store::Options,
    vals,
};
use stoa_server::start;
use stoa_tenancy::access::directory;
use tokio::sync::OnceCell;
use tower::ServiceExt;

/// A server in process over a database of its own.
pub struct Lab {
    /// The core.
    pub core: Arc<Core>,
    /// The whole application.
    pub router: Router,
    /// The first staff member.
    pub staff: Person,
    /// Where its database is.
    pub url: String,
    folder: Option<Folder>,
}

/// Somebody who calls.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// Name to sign in with; empty for a stranger.
    pub name: String,
    /// Identifier, 32 digits.
    pub uuid: String,
    /// Login token or personal access token; empty for nobody signed in.
    pub token: String,
    /// Where the calls come from; nobody knows if not set.
    pub address: Option<IpAddr>,
}

impl Person {
    /// The same person, calling from this address.
    pub fn calling_from(&self, address: &str) -> Person {
        let address = address.parse().unwrap_or_else(|error| panic!("{address}: {error}"));
        Person { address: Some(address), ..self.clone() }
    }

    /// How the core is told who calls.
    pub fn caller(&self) -> Caller {
        let credential = match self.token.as_str() {
            "" => Credential::None,
            token => Credential::Secret(scheme(token), token.to_owned()),
        };
        Caller { credential, address: self.address, request: "test".into(), ..Caller::default() }
    }
}

/// The scheme under which a token is presented.
fn scheme(token: &str) -> &'static str {
    if token.starts_with("w_") { "bearer" } else { "token" }
}

/// Something that was made.
#[derive(Debug, Clone, Default)]
pub struct Thing {
    /// Its address.
    pub url: String,
    /// Identifier, 32 digits.
    pub uuid: String,
    /// The whole answer.
    pub body: Value,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let name = format!("stoa-lab-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Migrates and prepares a store once; every Lab gets a copy.
async fn prepare(url: &str) {
    let store = Store::open(url, Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
    store.migrate(&start::migrations()).await.unwrap_or_else(|error| panic!("{error}"));
    start::prepare(&store, &Clock::new()).await.unwrap_or_else(|error| panic!("{error}"));
    store.close().await;
}

async fn sqlite_template() -> &'static Path {
    static TEMPLATE: OnceCell<Folder> = OnceCell::const_new();
    let folder = TEMPLATE
        .get_or_init(|| async {
            let folder = Folder::new();
            prepare(&format!("sqlite:{}", folder.0.join("stoa.db").display())).await;
            folder
        })
        .await;
    &folder.0
}

async fn postgres_template() -> Option<&'static str> {
    static TEMPLATE: OnceCell<Option<String>> = OnceCell::const_new();
    let made = TEMPLATE.get_or_init(|| async {
        let url = postgres::fresh_database().await?;
        prepare(&url).await;
        Some(url)
    });
    made.await.as_deref()
}

impl Lab {
    /// A Lab over a SQLite file.
    pub async fn sqlite() -> Lab {
        let folder = Folder::new();
        let to = folder.0.join("stoa.db");
        let from = sqlite_template().await.join("stoa.db");
        std::fs::copy(&from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        Lab::over(&format!("sqlite:{}", to.display()), Some(folder)).await
    }

    /// A Lab over a PostgreSQL database, where there is a PostgreSQL.
    pub async fn postgres() -> Option<Lab> {
        let url = postgres::copy_of(postgres_template().await?).await?;
        Some(Lab::over(&url, None).await)
    }

    /// Another Lab over the same engine, with nobody in it.
    pub async fn deserted(&self) -> Option<Lab> {
        if !self.url.starts_with("sqlite:") {
            return Some(Lab::empty(&postgres::copy_of(postgres_template().await?).await?, None).await);
        }
        let folder = Folder::new();
        let (from, to) = (sqlite_template().await.join("stoa.db"), folder.0.join("stoa.db"));
        std::fs::copy(&from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        Some(Lab::empty(&format!("sqlite:{}", to.display()), Some(folder)).await)
    }

    async fn over(url: &str, folder: Option<Folder>) -> Lab {
        let mut lab = Lab::empty(url, folder).await;
        lab.staff = lab.first_staff().await;
        lab
    }

    async fn empty(url: &str, folder: Option<Folder>) -> Lab {
        let store = Store::open(url, Options::default()).await.unwrap_or_else(|error| panic!("{error}"));
        let core = start::core(store, Clock::new());
        let (core, router) = over_core(core);
        Lab { core, router, staff: Person::default(), url: url.to_owned(), folder }
    }

    /// This Lab with more in its core, such as a mailer: `lab.with(|core| core.with(smtp.mailer()))`.
    pub fn with(self, more: impl FnOnce(Core) -> Core) -> Lab {
        let core = start::core(self.core.store.clone(), self.core.clock.clone());
        let (core, router) = over_core(more(core));
        Lab { core, router, ..self }
    }

    /// A Lab over a database that a Lab has made before, with the same staff member.
    pub async fn again(url: &str) -> Lab {
        let mut lab = Lab::quietly(url).await;
        lab.staff = lab.signed_in("staff").await;
        lab
    }

    /// The same without anybody signing in: nothing is written.
    pub async fn quietly(url: &str) -> Lab {
        Lab::empty(url, None).await
    }

    /// A Lab over the measuring data set, whose `staff` is the staff member.
    pub async fn measured_sqlite() -> Lab {
        let folder = Folder::new();
        let to = folder.0.join("stoa.db");
        let from = sqlite_template().await.join("stoa.db");
        std::fs::copy(&from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        Lab::measured(&format!("sqlite:{}", to.display()), Some(folder)).await
    }

    /// The same over a PostgreSQL database, where there is a PostgreSQL.
    pub async fn measured_postgres() -> Option<Lab> {
        let url = postgres::copy_of(postgres_template().await?).await?;
        Some(Lab::measured(&url, None).await)
    }

    async fn measured(url: &str, folder: Option<Folder>) -> Lab {
        let mut lab = Lab::empty(url, folder).await;
        let loaded = stoa_server::scale::load(&lab.core, 1, &stoa_server::scale::Bar::terminal()).await;
        loaded.unwrap_or_else(|error| panic!("{error}"));
        lab.core.store.analyze().await.unwrap_or_else(|error| panic!("{error}"));
        lab.staff = lab.signed_in("staff").await;
        lab
    }

    /// Where files of this Lab may be put.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(|folder| folder.0.as_path())
    }

    async fn first_staff(&self) -> Person {
        let name = "staff";
        stoa_server::admin::make_staff(&self.core, name).await.unwrap_or_else(|error| panic!("{error}"));
        let staff = self.signed_in(name).await;
        // Stays signed in however the clock is moved.
        let path = format!("/api/users/{}/", staff.uuid);
        self.patch(&staff, &path, json!({"token_lifetime": null})).await.is(200);
        self.signed_in(name).await
    }

    /// A token for a user who exists.
    pub async fn signed_in(&self, name: &str) -> Person {
        let token = stoa_server::admin::token(&self.core, name).await.unwrap_or_else(|error| panic!("{error}"));
        let rows = self.core.store.query("SELECT uuid FROM users WHERE username = $1", &vals![name]).await;
        let uuid = rows.ok().and_then(|rows| rows.first().and_then(|row| row.get(0).ok())).unwrap_or_default();
        Person { name: name.to_owned(), uuid: stoa_kernel::id::hex(&uuid), token, address: None }
    }

    /// Nobody who is signed in.
    pub fn nobody(&self) -> Person {
        Person::default()
    }

    /// Moves the clock.
    pub fn advance(&self, seconds: i64) {
        self.core.clock.advance(seconds);
    }

    /// Runs the jobs that are due at the clock's present.
    pub async fn run_jobs(&self) {
        let runner = stoa_server::serve::runner(&self.core);
        runner.run_due(self.core.now()).await.unwrap_or_else(|error| panic!("{error}"));
        stoa_tenancy::uses::flush(&self.core).await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// The actor that a person is at this moment.
    pub async fn actor(&self, person: &Person) -> Actor {
        self.core.actor(&person.caller()).await.unwrap_or_else(|error| panic!("{}: {error}", person.name))
    }

    /// Every row of a list, through all its pages.
    pub async fn all(&self, person: &Person, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let (joint, mut page) = (if path.contains('?') { '&' } else { '?' }, 1);
        loop {
            let reply = self.get(person, &format!("{path}{joint}page_size=100&page={page}")).await.is(200);
            rows.extend(reply.rows().iter().cloned());
            let total = reply.header("x-result-count").and_then(|count| count.parse().ok()).unwrap_or(0);
            if rows.len() >= total {
                assert_eq!(rows.len(), total, "{}: rows of all pages and X-Result-Count", reply.asked);
                return rows;
            }
            page += 1;
        }
    }

    /// What HEAD counts.
    pub async fn count(&self, person: &Person, path: &str) -> usize {
        let reply = self.send(person, "HEAD", path, Value::Null).await.is(200);
        let count = reply.header("x-result-count").and_then(|count| count.parse().ok());
        count.unwrap_or_else(|| panic!("{} has no X-Result-Count", reply.asked))
    }

    /// The statements that a call ran.
    pub async fn statements_of(&self, person: &Person, method: &str, path: &str) -> u64 {
        let before = self.core.store.queries();
        self.send(person, method, path, Value::Null).await;
        self.core.store.queries() - before
    }

    /// A call with a JSON body (none if null).
    pub async fn send(&self, person: &Person, method: &str, path: &str, body: Value) -> Reply {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.raw(person, method, path, &[("content-type", "application/json")], bytes).await
    }

    /// A call with any headers and body.
    pub async fn raw(
        &self,
        person: &Person,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Reply {
        let path = path.strip_prefix("http://stoa.test").unwrap_or(path);
        let mut request = http::Request::builder().method(method).uri(path).header("host", "stoa.test");
        if !person.token.is_empty() {
            request = request.header("authorization", format!("{} {}", scheme(&person.token), person.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let asked = format!("{method} {path} by {}", if person.name.is_empty() { "nobody" } else { &person.name });
        let mut request = request.body(Body::from(body)).unwrap_or_else(|error| panic!("{asked}: {error}"));
        if let Some(address) = person.address {
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 40_000)));
        }
        let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let bytes = response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let body = match bytes.len() {
            0 => Value::Null,
            _ => serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        };
        Reply { asked, status, headers, body }
    }

    /// GET.
    pub async fn get(&self, person: &Person, path: &str) -> Reply {
        self.send(person, "GET", path, Value::Null).await
    }

    /// POST.
    pub async fn post(&self, person: &Person, path: &str, body: Value) -> Reply {
        self.send(person, "POST", path, body).await
    }

    /// PATCH.
    pub async fn patch(&self, person: &Person, path: &str, body: Value) -> Reply {
        self.send(person, "PATCH", path, body).await
    }

    /// PUT.
    pub async fn put(&self, person: &Person, path: &str, body: Value) -> Reply {
        self.send(person, "PUT", path, body).await
    }

    /// DELETE.
    pub async fn delete(&self, person: &Person, path: &str) -> Reply {
        self.send(person, "DELETE", path, Value::Null).await
    }

    /// Makes a thing as staff.
    pub async fn make(&self, path: &str, body: Value) -> Thing {
        thing(self.post(&self.staff, path, body).await.is(201))
    }

    /// A user without roles, signed in.
    pub async fn user(&self, name: &str) -> Person {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let username = format!("{name}{number}");
        let body = json!({"username": username, "email": format!("{username}@example.org"), "first_name": name,
                          "last_name": "Test", "agree_with_policy": true});
        self.make("/api/users/", body).await;
        self.signed_in(&username).await
    }

    /// An organization.
    pub async fn organization(&self, name: &str) -> Thing {
        self.make("/api/customers/", json!({"name": name})).await
    }

    /// A project.
    pub async fn project(&self, organization: &Thing, name: &str) -> Thing {
        self.make("/api/projects/", json!({"name": name, "customer": organization.url})).await
    }

    /// An organization's profile as a service provider.
    pub async fn provider(&self, organization: &Thing) -> Thing {
        self.make("/api/marketplace-service-providers/", json!({"customer": organization.url})).await
    }

    /// A category of offerings.
    pub async fn category(&self) -> Thing {
        self.make("/api/marketplace-categories/", json!({"title": "HPC"})).await
    }

    /// An active offering with one limit component `storage` (price 0.1 a month) and a plan; give `extra` to change it.
    pub async fn offering(&self, organization: &Thing, category: &Thing, name: &str, extra: Value) -> Thing {
        let mut body = json!({
            "name": name, "category": category.url, "customer": organization.url, "type": "Marketplace.Basic",
            "shared": true, "billable": true,
            "components": [{"type": "storage", "name": "Storage", "measured_unit": "GB", "billing_type": "limit",
                            "limit_period": "month", "min_value": 1, "max_value": 100_000}],
            "plans": [{"name": "Standard", "unit": "month", "prices": {"storage": 0.1}, "quotas": {"storage": 0}}],
        });
        if let (Some(body), Some(extra)) = (body.as_object_mut(), extra.as_object()) {
            body.extend(extra.clone());
        }
        let made = self.make("/api/marketplace-provider-offerings/", body).await;
        self.post(&self.staff, &format!("{}activate/", made.url), Value::Null).await.is(200);
        thing(self.get(&self.staff, &made.url).await.is(200))
    }

    /// Gives a role on a thing.
    pub async fn grant(&self, on: &Thing, role: &str, to: &Person) {
        let path = format!("{}add_user/", on.url);
        self.post(&self.staff, &path, json!({"role": role, "user": to.uuid})).await.is(201);
    }

    /// A new user with a role on a thing, signed in.
    pub async fn member(&self, on: &Thing, role: &str) -> Person {
        let person = self.user(&role.to_lowercase().replace('.', "-")).await;
        self.grant(on, role, &person).await;
        person
    }

    /// Switches a shipped role on that ships switched off.
    pub async fn enable_role(&self, name: &str) {
        let roles = self.get(&self.staff, &format!("/api/roles/?name={name}")).await.is(200);
        for uuid in roles.column("uuid") {
            self.post(&self.staff, &format!("/api/roles/{uuid}/enable/"), Value::Null).await.is(200);
        }
    }

    /// An order for a resource of an offering.
    pub async fn order(&self, by: &Person, project: &Thing, offering: &Thing, limits: Value) -> Reply {
        let plan = offering.body["plans"][0]["url"].clone();
        let body = json!({"offering": self.public(offering), "project": project.url, "plan": plan, "limits": limits,
                          "attributes": {"name": "vm"}});
        self.post(by, "/api/marketplace-orders/", body).await
    }

    /// An offering's address in the public catalogue.
    pub fn public(&self, offering: &Thing) -> String {
        offering.url.replace("provider-offerings", "public-offerings")
    }
}

/// Reads an answer as a thing.
#[track_caller]
pub fn thing(reply: Reply) -> Thing {
    Thing { url: reply.text("url"), uuid: reply.text("uuid"), body: reply.body }
}

fn over_core(core: Core) -> (Arc<Core>, Router) {
    // Real passwords cost a tenth of a second each.
    let cheap = Arc::new(stoa_tenancy::user::password::Passwords::cheap());
    let core = Arc::new(core.with(cheap));
    let router = stoa_server::serve::app(core.clone(), &config());
    (core, router)
}

fn config() -> stoa_server::config::Config {
    static CONFIG: OnceLock<stoa_server::config::Config> = OnceLock::new();
    CONFIG
        .get_or_init(|| {
            let nothing: [(String, String); 0] = [];
            stoa_server::config::Config::load(&Default::default(), nothing).unwrap_or_else(|error| panic!("{error}"))
        })
        .clone()
}

/// A believable small world: two organizations that use, one that provides, and people of every role at the right place,
/// at a neighbour's place, and at none.
pub struct World {
    /// An organization that uses.
    pub acme: Thing,
    /// Its project.
    pub apollo: Thing,
    /// Another project of it.
    pub zeus: Thing,
    /// The neighbour.
    pub other: Thing,
    /// The neighbour's project.
    pub hermes: Thing,
    /// An organization that provides.
    pub hpc: Thing,
    /// Its profile as a provider.
    pub provider: Thing,
    /// A shared, active offering.
    pub offering: Thing,
    /// The people, by what they are.
    pub cast: Vec<(&'static str, Person)>,
}

impl World {
    /// Builds the world.
    pub async fn build(lab: &Lab) -> World {
        for role in ["CUSTOMER.SUPPORT", "PROJECT.MEMBER"] {
            lab.enable_role(role).await;
        }
        let acme = lab.organization("Acme").await;
        let other = lab.organization("Other").await;
        let hpc = lab.organization("HPC centre").await;
        let (apollo, zeus) = (lab.project(&acme, "Apollo").await, lab.project(&acme, "Zeus").await);
        let hermes = lab.project(&other, "Hermes").await;
        let provider = lab.provider(&hpc).await;
        let category = lab.category().await;
        let offering = lab.offering(&hpc, &category, "Cluster", json!({})).await;
        let support = lab.user("support").await;
        lab.patch(&lab.staff, &format!("/api/users/{}/", support.uuid), json!({"is_support": true})).await.is(200);
        let mut cast = vec![("staff", lab.staff.clone()), ("support agent", support)];
        for (who, on, role) in [
            ("owner", &acme, "CUSTOMER.OWNER"),
            ("customer support", &acme, "CUSTOMER.SUPPORT"),
            ("project manager", &apollo, "PROJECT.MANAGER"),
            ("project admin", &apollo, "PROJECT.ADMIN"),
            ("project member", &apollo, "PROJECT.MEMBER"),
            ("manager of another project", &zeus, "PROJECT.MANAGER"),
            ("neighbour's owner", &other, "CUSTOMER.OWNER"),
            ("neighbour's project admin", &hermes, "PROJECT.ADMIN"),
            ("provider's owner", &hpc, "CUSTOMER.OWNER"),
            ("service manager", &provider, "CUSTOMER.MANAGER"),
            ("offering manager", &offering, "OFFERING.MANAGER"),
        ] {
            cast.push((who, lab.member(on, role).await));
        }
        cast.push(("user without roles", lab.user("plain").await));
        cast.push(("nobody", lab.nobody()));
        World { acme, apollo, zeus, other, hermes, hpc, provider, offering, cast }
    }

    /// One of the cast.
    #[track_caller]
    pub fn person(&self, who: &str) -> &Person {
        &self.cast.iter().find(|(name, _)| *name == who).unwrap_or_else(|| panic!("no {who} in the cast")).1
    }
}

/// What is stored of a token; for tests that look.
pub fn stored(token: &str) -> String {
    directory::hash(token)
}
