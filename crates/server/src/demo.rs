//! A believable installation: two universities and a company, two providers, people of every role, offerings in every state,
//! orders in every state. Everything is made through the API itself, by the people whose roles allow it, so the demo also
//! shows what the roles do.

use crate::{admin, config::Config, serve};
use axum::{Router, body::Body, http::Request};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};
use stoa_kernel::{Error, Result, door::Core};
use tower::ServiceExt;

/// The password of everybody in the demo.
pub const PASSWORD: &str = "stoa-demo-2026";

/// A public key of nobody, for show.
const DEMO_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID2puMStfdmcriFm5N7BG/HpQ4iehXEog/rbSRXO3vDQ anna@demo.example";

struct Person {
    name: &'static str,
    first: &'static str,
    last: &'static str,
    title: &'static str,
    /// What he is, for the list that is printed.
    about: &'static str,
}

const PEOPLE: &[Person] = &[
    Person { name: "staff", first: "Sofia", last: "Tamm", title: "Operator", about: "staff: everything" },
    Person {
        name: "support",
        first: "Samir",
        last: "Haddad",
        title: "Support agent",
        about: "support agent: sees everything, changes nothing",
    },
    Person {
        name: "olga",
        first: "Olga",
        last: "Lindqvist",
        title: "Dean of research",
        about: "owner of Northern University",
    },
    Person { name: "otto", first: "Otto", last: "Meier", title: "Head of IT", about: "owner of Lakeside University" },
    Person {
        name: "bianca",
        first: "Bianca",
        last: "Rossi",
        title: "Research director",
        about: "owner of Meridian Biotech",
    },
    Person {
        name: "henrik",
        first: "Henrik",
        last: "Saar",
        title: "Director",
        about: "owner of the National HPC Centre (a provider)",
    },
    Person {
        name: "maria",
        first: "Maria",
        last: "Kask",
        title: "Service manager",
        about: "service manager of the National HPC Centre: approves orders",
    },
    Person {
        name: "felix",
        first: "Felix",
        last: "Brandt",
        title: "Product owner",
        about: "manager of one offering, GPU partition",
    },
    Person {
        name: "piotr",
        first: "Piotr",
        last: "Nowak",
        title: "Professor",
        about: "manager of the project Climate models",
    },
    Person {
        name: "anna",
        first: "Anna",
        last: "Berg",
        title: "Research engineer",
        about: "administrator of Climate models: orders resources",
    },
    Person {
        name: "milan",
        first: "Milan",
        last: "Horvat",
        title: "PhD student",
        about: "member of Climate models: uses what is there",
    },
    Person {
        name: "grace",
        first: "Grace",
        last: "Okafor",
        title: "Group leader",
        about: "manager of Genome atlas, administrator of Climate models until next month",
    },
    Person {
        name: "lukas",
        first: "Lukas",
        last: "Weber",
        title: "Developer",
        about: "administrator of Genome atlas and of Protein screening",
    },
    Person { name: "nina", first: "Nina", last: "Petrova", title: "Visiting researcher", about: "nobody's member yet" },
];

/// Fills an empty database; does nothing if there are users already.
pub async fn fill_if_empty(core: &Arc<Core>) -> Result<()> {
    if is_empty(core).await? { fill(core).await } else { Ok(()) }
}

async fn is_empty(core: &Arc<Core>) -> Result<bool> {
    Ok(core.store.query("SELECT id FROM users LIMIT 1", &[]).await?.is_empty())
}

/// Fills an empty database.
///
/// # Errors
/// A conflict if there are users already.
pub async fn fill(core: &Arc<Core>) -> Result<()> {
    if !is_empty(core).await? {
        return Err(Error::Conflict("The database is not empty; the demo goes into an empty one.".into()));
    }
    let mut demo = Demo::new(core).await?;
    demo.people().await?;
    demo.organizations().await?;
    demo.projects().await?;
    demo.offerings().await?;
    demo.orders().await
}

/// Prints who to sign in as.
pub fn print_people() {
    println!("Sign in with one of these names and the password {PASSWORD}:\n");
    for person in PEOPLE {
        println!("  {:<8} {} {}, {}: {}", person.name, person.first, person.last, person.title, person.about);
    }
    println!();
}

/// The API as one of the people uses it, and what has been made so far, by a short name.
struct Demo {
    core: Arc<Core>,
    router: Router,
    tokens: HashMap<&'static str, String>,
    made: HashMap<&'static str, Value>,
}

impl Demo {
    async fn new(core: &Arc<Core>) -> Result<Demo> {
        let nothing: [(String, String); 0] = [];
        let config = Config::load(&Default::default(), nothing).map_err(Error::broken)?;
        let router = serve::app(core.clone(), &config);
        admin::make_staff(core, "staff").await?;
        let tokens = HashMap::from([("staff", admin::token(core, "staff").await?)]);
        Ok(Demo { core: core.clone(), router, tokens, made: HashMap::new() })
    }

    /// A call as one of the people; any answer but success is an error that says what was asked.
    async fn call(&self, who: &str, method: &str, path: &str, body: Value) -> Result<Value> {
        let token = self.tokens.get(who).ok_or_else(|| Error::broken(format!("{who} has no token")))?;
        let request = Request::builder()
            .method(method)
            .uri(path.strip_prefix("http://demo").unwrap_or(path))
            .header("host", "demo")
            .header("authorization", format!("Token {token}"))
            .header("content-type", "application/json")
            .body(Body::from(if body.is_null() { String::new() } else { body.to_string() }))
            .map_err(Error::broken)?;
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 10_000_000).await.map_err(Error::broken)?;
        if !status.is_success() {
            let text = String::from_utf8_lossy(&bytes);
            return Err(Error::Broken(format!("the demo's {method} {path} by {who} was answered {status}: {text}")));
        }
        Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn post(&self, who: &str, path: &str, body: Value) -> Result<Value> {
        self.call(who, "POST", path, body).await
    }

    /// Makes a thing and remembers it by a short name.
    async fn make(&mut self, who: &str, short: &'static str, path: &str, body: Value) -> Result<()> {
        let made = self.post(who, path, body).await?;
        self.made.insert(short, made);
        Ok(())
    }

    /// A field of something made before.
    fn of(&self, short: &str, field: &str) -> Result<String> {
        let value = self.made.get(short).and_then(|made| made[field].as_str());
        value.map(ToOwned::to_owned).ok_or_else(|| Error::broken(format!("the demo made no {short}.{field}")))
    }

    fn url(&self, short: &str) -> Result<String> {
        self.of(short, "url")
    }

    async fn grant(&self, by: &str, on: &str, role: &str, to: &str, until: Option<String>) -> Result<()> {
        let path = format!("{}add_user/", self.url(on)?);
        let body = json!({"role": role, "user": self.of(to, "uuid")?, "expiration_time": until});
        self.post(by, &path, body).await.map(|_| ())
    }

    async fn people(&mut self) -> Result<()> {
        for person in PEOPLE {
            if person.name != "staff" {
                let body = json!({
                    "username": person.name, "email": format!("{}@demo.example", person.name), "first_name": person.first,
                    "last_name": person.last, "job_title": person.title, "agree_with_policy": true,
                    "is_support": person.name == "support",
                });
                self.make("staff", person.name, "/api/users/", body).await?;
            } else {
                let me = self.call("staff", "GET", "/api/users/me/", Value::Null).await?;
                self.made.insert("staff", me);
                let body = json!({"first_name": person.first, "last_name": person.last, "job_title": person.title,
                                  "agree_with_policy": true});
                self.call("staff", "PATCH", &self.url("staff")?, body).await?;
            }
            // A new password ends every sign-in, so the token comes after it.
            admin::set_password(&self.core, person.name, PASSWORD).await?;
            self.tokens.insert(person.name, admin::token(&self.core, person.name).await?);
        }
        self.post("anna", "/api/keys/", json!({"name": "laptop", "public_key": DEMO_KEY})).await?;
        for role in self
            .call("staff", "GET", "/api/roles/?name=PROJECT.MEMBER", Value::Null)
            .await?
            .as_array()
            .into_iter()
            .flatten()
        {
            let path = format!("/api/roles/{}/enable/", role["uuid"].as_str().unwrap_or_default());
            self.post("staff", &path, Value::Null).await?;
        }
        Ok(())
    }

    async fn organizations(&mut self) -> Result<()> {
        self.make("staff", "science", "/api/organization-groups/", json!({"name": "Research and education"})).await?;
        let above = self.url("science")?;
        self.make(
            "staff",
            "universities",
            "/api/organization-groups/",
            json!({"name": "Universities", "parent": above}),
        )
        .await?;
        self.make("staff", "industry", "/api/organization-groups/", json!({"name": "Industry"})).await?;
        for (short, group, owner, body) in [
            (
                "northern",
                "universities",
                "olga",
                json!({"name": "Northern University", "abbreviation": "NU", "country": "EE",
                "email": "research@northern.example", "homepage": "https://northern.example", "domain": "northern.example"}),
            ),
            (
                "lakeside",
                "universities",
                "otto",
                json!({"name": "Lakeside University", "abbreviation": "LU", "country": "FI",
                "email": "it@lakeside.example", "domain": "lakeside.example"}),
            ),
            (
                "meridian",
                "industry",
                "bianca",
                json!({"name": "Meridian Biotech", "abbreviation": "MB", "country": "SE",
                "email": "office@meridian.example"}),
            ),
            (
                "hpc",
                "science",
                "henrik",
                json!({"name": "National HPC Centre", "abbreviation": "NHPC", "country": "EE",
                "email": "service@nhpc.example", "homepage": "https://nhpc.example"}),
            ),
        ] {
            self.make("staff", short, "/api/customers/", body).await?;
            let groups = json!({"organization_groups": [self.url(group)?]});
            self.post("staff", &format!("{}update_organization_groups/", self.url(short)?), groups).await?;
            self.grant("staff", short, "CUSTOMER.OWNER", owner, None).await?;
        }
        Ok(())
    }

    async fn projects(&mut self) -> Result<()> {
        let today = self.core.now().date();
        for (short, name) in [("research", "Research"), ("teaching", "Teaching")] {
            self.make("staff", short, "/api/project-types/", json!({"name": name})).await?;
        }
        for (short, owner, organization, name, about) in [
            ("climate", "olga", "northern", "Climate models", "Regional climate simulations for the Baltic sea."),
            ("genome", "olga", "northern", "Genome atlas", "Population genomics with the university hospital."),
            ("robotics", "otto", "lakeside", "Robotics lab", "Learning to grasp."),
            ("protein", "bianca", "meridian", "Protein screening", "Docking of a compound library."),
        ] {
            let body = json!({"name": name, "description": about, "customer": self.url(organization)?,
                              "type": self.url("research")?});
            self.make(owner, short, "/api/projects/", body).await?;
        }
        let body = json!({"name": "Summer school", "description": "Starts next month.", "customer": self.url("lakeside")?,
                          "start_date": today.plus_days(30).to_string(), "end_date": today.plus_days(60).to_string()});
        self.make("otto", "school", "/api/projects/", body).await?;
        let next_month = self.core.now().plus_seconds(30 * 86_400).to_string();
        self.grant("olga", "climate", "PROJECT.MANAGER", "piotr", None).await?;
        self.grant("olga", "genome", "PROJECT.MANAGER", "grace", None).await?;
        self.grant("olga", "climate", "PROJECT.ADMIN", "anna", None).await?;
        // A manager adds people whom the organization knows already.
        self.grant("piotr", "climate", "PROJECT.ADMIN", "grace", Some(next_month)).await?;
        self.grant("olga", "climate", "PROJECT.MEMBER", "milan", None).await?;
        self.grant("olga", "genome", "PROJECT.ADMIN", "lukas", None).await?;
        self.grant("bianca", "protein", "PROJECT.ADMIN", "lukas", None).await
    }

    async fn offerings(&mut self) -> Result<()> {
        for (short, title, about) in [
            ("computing", "HPC", "Compute time on shared clusters."),
            ("storing", "Storage", "Space for research data."),
            ("machines", "Virtual machines", "Machines of one's own."),
        ] {
            self.make("staff", short, "/api/marketplace-categories/", json!({"title": title, "description": about}))
                .await?;
        }
        self.make(
            "staff",
            "nhpc",
            "/api/marketplace-service-providers/",
            json!({"customer": self.url("hpc")?, "description": "Computing for research and industry."}),
        )
        .await?;
        self.make(
            "staff",
            "lakeside_it",
            "/api/marketplace-service-providers/",
            json!({"customer": self.url("lakeside")?, "description": "Services inside Lakeside University."}),
        )
        .await?;
        self.grant("henrik", "nhpc", "CUSTOMER.MANAGER", "maria", None).await?;
        for (short, by, organization, category, name, shared, components, prices, quotas) in offering_table() {
            let body = json!({
                "name": name, "description": format!("{name} of the {}.", self.of(organization, "name")?),
                "customer": self.url(organization)?, "category": self.url(category)?, "type": "Marketplace.Basic",
                "shared": shared, "billable": shared, "components": components,
                "plans": [{"name": "Standard", "description": "Billed by the month.", "unit": "month", "prices": prices, "quotas": quotas}],
            });
            self.make(by, short, "/api/marketplace-provider-offerings/", body).await?;
        }
        for short in ["cluster", "storage", "gpu", "archive_tape", "vm"] {
            self.post("staff", &format!("{}activate/", self.url(short)?), Value::Null).await?;
        }
        self.grant("henrik", "gpu", "OFFERING.MANAGER", "felix", None).await?;
        let reason = json!({"paused_reason": "The tape robot is being moved."});
        self.post("maria", &format!("{}pause/", self.url("archive_tape")?), reason).await?;
        self.post("maria", &format!("{}archive/", self.url("old_cluster")?), Value::Null).await?;
        for short in ["cluster", "storage", "gpu", "vm"] {
            let fresh = self.call("staff", "GET", &self.url(short)?, Value::Null).await?;
            self.made.insert(short, fresh);
        }
        Ok(())
    }

    /// Places an order and remembers it.
    async fn order(
        &mut self,
        who: &str,
        short: &'static str,
        project: &str,
        offering: &str,
        name: &str,
        limits: Value,
    ) -> Result<()> {
        let plan = self.made.get(offering).map_or(Value::Null, |made| made["plans"][0]["url"].clone());
        let body = json!({
            "offering": self.url(offering)?.replace("provider-offerings", "public-offerings"),
            "project": self.url(project)?, "plan": plan, "limits": limits, "attributes": {"name": name},
            "request_comment": format!("{name}, as agreed."),
        });
        self.make(who, short, "/api/marketplace-orders/", body).await
    }

    async fn step(&self, who: &str, order: &str, steps: &[&str]) -> Result<()> {
        for step in steps {
            let body = match *step {
                "set_state_erred" => {
                    json!({"error_message": "The quota on the file system could not be set.", "error_traceback": ""})
                }
                "reject_by_provider" => json!({"provider_rejection_comment": "Please ask for less first."}),
                _ => Value::Null,
            };
            self.post(who, &format!("{}{step}/", self.url(order)?), body).await?;
        }
        Ok(())
    }

    async fn orders(&mut self) -> Result<()> {
        // An owner's order needs no approval on his side; the provider approves and delivers.
        self.order("olga", "done1", "climate", "cluster", "climate-cpu", json!({"cpu": 20_000})).await?;
        self.step("maria", "done1", &["approve_by_provider", "set_state_done"]).await?;
        self.order("olga", "done2", "genome", "storage", "genome-data", json!({"storage": 500})).await?;
        self.step("maria", "done2", &["approve_by_provider", "set_state_done"]).await?;
        self.order("bianca", "done3", "protein", "cluster", "screening-cpu", json!({"cpu": 5_000})).await?;
        self.step("maria", "done3", &["approve_by_provider", "set_state_done"]).await?;
        self.order("otto", "done4", "robotics", "vm", "gripper-control", json!({"cores": 4})).await?;
        self.step("otto", "done4", &["approve_by_provider", "set_state_done"]).await?;
        // An administrator's order of a shared offering waits for the organization.
        self.order("anna", "waits_consumer", "climate", "storage", "climate-archive", json!({"storage": 2_000}))
            .await?;
        self.order("anna", "approved", "climate", "gpu", "climate-gpu", json!({"gpu": 500})).await?;
        self.step("olga", "approved", &["approve_by_consumer"]).await?;
        self.order("lukas", "rejected_consumer", "genome", "gpu", "genome-gpu", json!({"gpu": 9_000})).await?;
        self.step("olga", "rejected_consumer", &["reject_by_consumer"]).await?;
        self.order("bianca", "rejected", "protein", "gpu", "screening-gpu", json!({"gpu": 10_000})).await?;
        self.step("maria", "rejected", &["reject_by_provider"]).await?;
        self.order("olga", "executing", "genome", "cluster", "genome-cpu", json!({"cpu": 8_000})).await?;
        self.step("maria", "executing", &["approve_by_provider"]).await?;
        self.order("olga", "erred", "climate", "storage", "climate-scratch", json!({"storage": 100})).await?;
        self.step("maria", "erred", &["approve_by_provider"]).await?;
        self.step("maria", "erred", &["set_state_erred"]).await?;
        self.order("bianca", "canceled", "protein", "storage", "screening-results", json!({"storage": 300})).await?;
        self.step("bianca", "canceled", &["cancel"]).await?;
        // The project starts next month, and so does its order.
        self.order("otto", "waits_start", "school", "vm", "school-machines", json!({"cores": 16})).await
    }
}

type OfferingRow = (&'static str, &'static str, &'static str, &'static str, &'static str, bool, Value, Value, Value);

fn offering_table() -> Vec<OfferingRow> {
    let limit = |kind: &str, name: &str, unit: &str, most: i64| {
        json!([{"type": kind, "name": name, "measured_unit": unit, "billing_type": "limit", "limit_period": "month",
                "min_value": 1, "max_value": most}])
    };
    vec![
        (
            "cluster",
            "henrik",
            "hpc",
            "computing",
            "Cluster hours",
            true,
            limit("cpu", "CPU", "hours", 1_000_000),
            json!({"cpu": 0.02}),
            json!({"cpu": 0}),
        ),
        (
            "storage",
            "henrik",
            "hpc",
            "storing",
            "Project storage",
            true,
            limit("storage", "Storage", "GB", 100_000),
            json!({"storage": 0.05}),
            json!({"storage": 0}),
        ),
        (
            "gpu",
            "henrik",
            "hpc",
            "computing",
            "GPU partition",
            true,
            limit("gpu", "GPU", "hours", 50_000),
            json!({"gpu": 0.9}),
            json!({"gpu": 0}),
        ),
        (
            "archive_tape",
            "henrik",
            "hpc",
            "storing",
            "Tape archive",
            true,
            limit("tape", "Tape", "TB", 1_000),
            json!({"tape": 1.5}),
            json!({"tape": 0}),
        ),
        (
            "quantum",
            "henrik",
            "hpc",
            "computing",
            "Quantum pilot",
            true,
            limit("shots", "Shots", "thousand", 1_000),
            json!({"shots": 3}),
            json!({"shots": 0}),
        ),
        (
            "old_cluster",
            "henrik",
            "hpc",
            "computing",
            "Cluster of 2019",
            true,
            limit("cpu", "CPU", "hours", 1_000),
            json!({"cpu": 0.05}),
            json!({"cpu": 0}),
        ),
        (
            "vm",
            "otto",
            "lakeside",
            "machines",
            "Campus machines",
            false,
            limit("cores", "Cores", "cores", 64),
            json!({"cores": 4}),
            json!({"cores": 0}),
        ),
    ]
}
