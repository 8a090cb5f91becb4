//! The measuring data set: one deterministic installation, N times its size (reference/scale-dataset.md), so that figures of
//! different systems can be compared on the same data.

use std::{io::IsTerminal, sync::Arc};
use stoa_kernel::{
    Error, Result, Time, Val,
    clock::Clock,
    door::Core,
    id::{self, Uuid},
    vals,
};
use stoa_tenancy::{access::directory, user::password};

/// 2026-01-01T00:00:00Z, in microseconds since 1970.
const T0: i64 = 1_767_225_600_000_000;

/// The instant n seconds after the set's beginning.
fn ts(n: i64) -> Time {
    Time(T0 + n * Time::SECOND)
}

/// The identifier of a thing of the set: version 5 in the URL namespace, of `anchor:KIND:I:J…`.
fn uuid(kind: &str, parts: &[String]) -> Uuid {
    let name = parts.iter().fold(format!("anchor:{kind}"), |name, part| format!("{name}:{part}"));
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
}

fn uuid_of(kind: &str, n: i64) -> Uuid {
    uuid(kind, &[n.to_string()])
}

/// The login token of an account of the set: the SHA-1 of `anchor-token-<username>` in hexadecimal digits.
pub fn token(username: &str) -> String {
    // A version-5 uuid is made of a SHA-1, but cut to 16 bytes; the token needs all 20.
    sha1_smol::Sha1::from(format!("anchor-token-{username}")).digest().to_string()
}

/// How far the load has come, shown on a terminal.
pub struct Bar {
    shown: bool,
}

impl Bar {
    /// A bar where a person watches; silent elsewhere.
    pub fn terminal() -> Bar {
        Bar { shown: std::io::stderr().is_terminal() }
    }

    fn step(&self, done: usize, all: usize, what: &str) {
        if self.shown {
            let full = 30 * done / all.max(1);
            eprint!("\r[{}{}] {:>3} % {what:<24}", "█".repeat(full), " ".repeat(30 - full), 100 * done / all.max(1));
            if done == all {
                eprintln!();
            }
        }
    }
}

struct Counts {
    users: i64,
    organizations: i64,
    projects: i64,
    offerings: i64,
}

/// Loads the set into an empty database.
///
/// # Errors
/// A conflict if there are users already.
pub async fn load(core: &Arc<Core>, size: u32, bar: &Bar) -> Result<()> {
    if size == 0 {
        return Err(Error::field("scale", "It must be at least 1."));
    }
    let present = core.store.query("SELECT id FROM users LIMIT 1", &[]).await?;
    if !present.is_empty() {
        return Err(Error::Conflict(
            "The database is not empty; the measuring data set goes into an empty one.".into(),
        ));
    }
    let n = i64::from(size);
    let counts = Counts { users: 20_000 * n, organizations: 1_000 * n, projects: 10_000 * n, offerings: 100 * n };
    let tables = tables(core, &counts).await?;
    let all: usize = tables.iter().map(|table| table.rows.len()).sum();
    let mut done = 0;
    for table in tables {
        let (name, count) = (table.name, table.rows.len());
        bar.step(done, all, name);
        let mut rows = table.rows.into_iter().peekable();
        while rows.peek().is_some() {
            let part: Vec<Vec<Val>> = rows.by_ref().take(20_000).collect();
            core.store.bulk(name, table.columns, part).await?;
        }
        done += count;
    }
    activate_members(core).await?;
    core.store.analyze().await?;
    bar.step(all, all, "done");
    println!(
        "{all} rows: {} users, {} organizations, {} projects.",
        counts.users, counts.organizations, counts.projects
    );
    println!(
        "Every password is anchor-password; user00000 has the token {}; staff {}.",
        token("user00000"),
        token("staff")
    );
    Ok(())
}

/// PROJECT.MEMBER is active in this set.
async fn activate_members(core: &Arc<Core>) -> Result<()> {
    let call = stoa_kernel::door::Call {
        action: core.action("role.enable").ok_or_else(|| Error::broken("no action role.enable"))?,
        via: None,
        target: Some(role_uuid(core, "PROJECT.MEMBER").await?),
        body: serde_json::Value::Null,
        mode: stoa_kernel::field::Mode::Partial,
    };
    core.perform(&stoa_kernel::door::Caller::system(), call).await.map(|_| ())
}

async fn role_uuid(core: &Arc<Core>, name: &str) -> Result<String> {
    let rows = core.store.query("SELECT uuid FROM roles WHERE name = $1", &vals![name]).await?;
    let row = rows.first().ok_or_else(|| Error::broken(format!("no role {name}")))?;
    Ok(id::hex(&row.get(0)?))
}

struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Vec<Val>>,
}

async fn role_id(core: &Core, name: &str) -> Result<i64> {
    let rows = core.store.query("SELECT id FROM roles WHERE name = $1", &vals![name]).await?;
    rows.first().ok_or_else(|| Error::broken(format!("the shipped role {name} is missing")))?.get(0)
}

async fn tables(core: &Core, counts: &Counts) -> Result<Vec<Table>> {
    let owner = role_id(core, "CUSTOMER.OWNER").await?;
    let project_roles = [
        role_id(core, "PROJECT.ADMIN").await?,
        role_id(core, "PROJECT.MANAGER").await?,
        role_id(core, "PROJECT.MEMBER").await?,
    ];
    let (users, tokens) = people(&core.clock, counts)?;
    let mut tables = vec![users, tokens, organizations(counts), projects(counts), grants(counts, owner, project_roles)];
    tables.extend(market(counts));
    tables.extend(events(counts));
    Ok(tables)
}

/// Keys: ordinary users are 1 + u; the four special accounts follow.
fn people(clock: &Clock, counts: &Counts) -> Result<(Table, Table)> {
    let shared = password::hash_password(clock, "anchor-password")?;
    let admin = password::hash_password(clock, "admin")?;
    let (mut rows, mut tokens) = (Vec::new(), Vec::new());
    let mut add = |name: String,
                   first: String,
                   last: String,
                   organization: String,
                   at: Time,
                   flags: (bool, bool),
                   password: &str| {
        let key = rows.len() as i64 + 1;
        let lifetime: Option<i64> = None;
        tokens.push(
            vals![key, uuid_of("token", key), key, directory::hash(&token(&name)), "login", "LOCAL_SIGNIN", at, at]
                .to_vec(),
        );
        rows.push(
            vals![
                key,
                uuid("user", std::slice::from_ref(&name)),
                &name,
                &name,
                format!("{name}@example.com"),
                first,
                last,
                organization,
                flags.0,
                flags.1,
                password,
                lifetime,
                at,
                at,
                at,
            ]
            .to_vec(),
        );
    };
    for u in 0..counts.users {
        let (first, last) = (format!("First{u:05}"), format!("Last{u:05}"));
        add(format!("user{u:05}"), first, last, format!("Org {:03}", u % 100), ts(u), (false, false), &shared);
    }
    for (name, flags, password) in [
        ("staff", (true, false), &shared),
        ("support", (false, true), &shared),
        ("plain", (false, false), &shared),
        ("admin", (true, false), &admin),
    ] {
        add(name.to_owned(), name.to_owned(), String::new(), String::new(), ts(0), flags, password);
    }
    let users = Table {
        name: "users",
        columns: &[
            "id",
            "uuid",
            "username",
            "slug",
            "email",
            "first_name",
            "last_name",
            "organization",
            "is_staff",
            "is_support",
            "password",
            "token_lifetime",
            "date_joined",
            "agreement_date",
            "modified",
        ],
        rows,
    };
    let columns = &["id", "uuid", "user_id", "hash", "kind", "method", "created", "used"];
    Ok((users, Table { name: "tokens", columns, rows: tokens }))
}

fn organizations(counts: &Counts) -> Table {
    let row = |c: i64| {
        vals![
            c + 1,
            uuid_of("customer", c),
            format!("Customer {c:04}"),
            format!("cust-{c:04}"),
            format!("C{c:04}"),
            format!("c{c:04}@example.com"),
            "EE",
            ts(c),
            ts(c),
            ts(c),
        ]
        .to_vec()
    };
    Table {
        name: "customers",
        columns: &[
            "id",
            "uuid",
            "name",
            "slug",
            "abbreviation",
            "email",
            "country",
            "created",
            "modified",
            "accounting_start_date",
        ],
        rows: (0..counts.organizations).map(row).collect(),
    }
}

fn projects(counts: &Counts) -> Table {
    let row = |g: i64| {
        let about = format!("Anchor project {} of customer {}", g % 10, g / 10);
        vals![
            g + 1,
            uuid_of("project", g),
            g / 10 + 1,
            format!("Project {g:05}"),
            format!("proj-{g:05}"),
            about,
            ts(g),
            ts(g)
        ]
        .to_vec()
    };
    Table {
        name: "projects",
        columns: &["id", "uuid", "customer_id", "name", "slug", "description", "created", "modified"],
        rows: (0..counts.projects).map(row).collect(),
    }
}

fn grants(counts: &Counts, owner: i64, project_roles: [i64; 3]) -> Table {
    let mut rows = Vec::new();
    let staff = counts.users + 1;
    let mut add = |id: Uuid,
                   user: i64,
                   role: i64,
                   scope: &str,
                   scope_id: i64,
                   scope_uuid: Uuid,
                   name: String,
                   customer: i64,
                   at: Time,
                   by: i64| {
        let key = rows.len() as i64 + 1;
        rows.push(vals![key, id, user, role, scope, scope_id, scope_uuid, name, customer, at, at, by].to_vec());
    };
    for c in 0..counts.organizations {
        for k in 0..2 {
            let id = uuid("role", &["owner".into(), c.to_string(), k.to_string()]);
            let (uuid, name) = (uuid_of("customer", c), format!("Customer {c:04}"));
            add(id, 2 * c + k + 1, owner, "customer", c + 1, uuid, name, c + 1, ts(c), staff);
        }
    }
    for u in 0..counts.users {
        for k in 0..3_i64 {
            let g = (u + 3337 * k) % counts.projects;
            let id = uuid("role", &["project".into(), u.to_string(), k.to_string()]);
            let role = project_roles[usize::try_from(k).unwrap_or(0)];
            let (uuid, name) = (uuid_of("project", g), format!("Project {g:05}"));
            add(id, u + 1, role, "project", g + 1, uuid, name, g / 10 + 1, ts(u), 2 * (g / 10) + 1);
        }
    }
    Table {
        name: "grants",
        columns: &[
            "id",
            "uuid",
            "user_id",
            "role_id",
            "scope",
            "scope_id",
            "scope_uuid",
            "scope_name",
            "customer_id",
            "created",
            "valid_from",
            "granted_by",
        ],
        rows,
    }
}

fn tenths(n: i64) -> i64 {
    n * 1_000_000
}

fn market(counts: &Counts) -> Vec<Table> {
    let categories = Table {
        name: "categories",
        columns: &["id", "uuid", "title"],
        rows: vec![vals![1_i64, uuid("category", &["HPC".into()]), "HPC"].to_vec()],
    };
    let provider = |o: i64| vals![o + 1, uuid_of("provider", o), ts(o), 10 * o + 1].to_vec();
    let providers = Table {
        name: "service_providers",
        columns: &["id", "uuid", "created", "customer_id"],
        rows: (0..counts.offerings).map(provider).collect(),
    };
    let offering = |o: i64| {
        vals![
            o + 1,
            uuid_of("offering", o),
            ts(o),
            ts(o),
            format!("Offering {o:03}"),
            format!("off-{o:03}"),
            10 * o + 1,
            o + 1,
            1_i64,
            "Marketplace.Basic",
            "Active",
        ]
        .to_vec()
    };
    let offerings = Table {
        name: "offerings",
        columns: &[
            "id",
            "uuid",
            "created",
            "modified",
            "name",
            "slug",
            "customer_id",
            "provider_id",
            "category_id",
            "type",
            "state",
        ],
        rows: (0..counts.offerings).map(offering).collect(),
    };
    let mut components = Vec::new();
    let mut plans = Vec::new();
    let mut prices = Vec::new();
    let none: Option<i64> = None;
    let no_text: Option<&str> = None;
    // What the resources of an offering hold together: the sum of 100 + r over its resources.
    let mut used = vec![0_i64; usize::try_from(counts.offerings).unwrap_or(0)];
    for i in 0..5 * counts.projects {
        if let Some(sum) = used.get_mut(usize::try_from(i % counts.offerings).unwrap_or(0)) {
            *sum += 100 + i % 5;
        }
    }
    for o in 0..counts.offerings {
        let cpu = uuid("component", &[o.to_string(), "cpu".into()]);
        let storage = uuid("component", &[o.to_string(), "storage".into()]);
        let held = used.get(usize::try_from(o).unwrap_or(0)).copied().unwrap_or(0);
        components.push(
            vals![2 * o + 1, cpu, o + 1, "cpu", "CPU", "hours", "usage", no_text, none, none, none, 0_i64].to_vec(),
        );
        components.push(
            vals![
                2 * o + 2,
                storage,
                o + 1,
                "storage",
                "Storage",
                "GB",
                "limit",
                "month",
                100_i64,
                1_i64,
                100_000_i64,
                held,
            ]
            .to_vec(),
        );
        plans.push(vals![o + 1, uuid_of("plan", o), ts(o), o + 1, format!("Plan {o:03}"), "month", 0_i64].to_vec());
        prices.push(vals![o + 1, 2 * o + 1, tenths(5)].to_vec());
        prices.push(vals![o + 1, 2 * o + 2, tenths(1)].to_vec());
    }
    let mut tables = vec![
        categories,
        providers,
        offerings,
        Table {
            name: "offering_components",
            columns: &[
                "id",
                "uuid",
                "offering_id",
                "type",
                "name",
                "measured_unit",
                "billing_type",
                "limit_period",
                "default_limit",
                "min_value",
                "max_value",
                "used",
            ],
            rows: components,
        },
        Table {
            name: "plans",
            columns: &["id", "uuid", "created", "offering_id", "name", "unit", "unit_price"],
            rows: plans,
        },
        Table { name: "plan_components", columns: &["plan_id", "component_id", "price"], rows: prices },
    ];
    tables.extend(deliveries(counts));
    tables
}

fn deliveries(counts: &Counts) -> Vec<Table> {
    let (mut resources, mut reservations, mut orders, mut periods) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for i in 0..5 * counts.projects {
        let (g, r) = (i / 5, i % 5);
        let (key, offering) = (i + 1, i % counts.offerings);
        let name = format!("res-{g:05}-{r}");
        let limits = format!("{{\"storage\":{}}}", 100 + r);
        let attributes = format!("{{\"name\":\"{name}\"}}");
        let at = ts(i);
        resources.push(
            vals![
                key,
                uuid("resource", &[g.to_string(), r.to_string()]),
                at,
                at,
                &name,
                &name,
                "OK",
                g + 1,
                g / 10 + 1,
                offering + 1,
                offering + 1,
                &limits,
                &attributes,
                tenths(100 + r),
                at,
            ]
            .to_vec(),
        );
        reservations.push(vals![key, 2 * offering + 2, 100 + r, at].to_vec());
        orders.push(
            vals![
                key,
                uuid("order", &[g.to_string(), r.to_string()]),
                &name,
                at,
                at,
                at,
                "Create",
                "done",
                key,
                g + 1,
                g / 10 + 1,
                offering + 1,
                offering + 1,
                &limits,
                &attributes,
                tenths(100 + r),
                g % counts.users + 1,
                2 * (g / 10) + 1,
                at,
                20 * offering + 1,
                at,
            ]
            .to_vec(),
        );
        periods.push(vals![key, uuid("period", &[g.to_string(), r.to_string()]), key, offering + 1, at].to_vec());
    }
    vec![
        Table {
            name: "resources",
            columns: &[
                "id",
                "uuid",
                "created",
                "modified",
                "name",
                "slug",
                "state",
                "project_id",
                "customer_id",
                "offering_id",
                "plan_id",
                "limits",
                "attributes",
                "cost",
                "last_sync",
            ],
            rows: resources,
        },
        Table {
            name: "reservations",
            columns: &["resource_id", "component_id", "amount", "modified"],
            rows: reservations,
        },
        Table {
            name: "orders",
            columns: &[
                "id",
                "uuid",
                "slug",
                "created",
                "modified",
                "completed_at",
                "type",
                "state",
                "resource_id",
                "project_id",
                "customer_id",
                "offering_id",
                "plan_id",
                "limits",
                "attributes",
                "cost",
                "created_by",
                "consumer_reviewed_by",
                "consumer_reviewed_at",
                "provider_reviewed_by",
                "provider_reviewed_at",
            ],
            rows: orders,
        },
        Table { name: "plan_periods", columns: &["id", "uuid", "resource_id", "plan_id", "start_at"], rows: periods },
    ]
}

fn events(counts: &Counts) -> Vec<Table> {
    let (mut rows, mut feeds) = (Vec::new(), Vec::new());
    let staff = counts.users + 1;
    for c in 0..counts.organizations {
        let key = rows.len() as i64 + 1;
        let context = serde_json::json!({
            "customer_uuid": id::hex(&uuid_of("customer", c)), "customer_name": format!("Customer {c:04}"),
            "user_username": "staff",
        });
        let message = format!("Customer Customer {c:04} has been created.");
        let kind = ("customer_creation_succeeded", "customer.create", "customer");
        rows.push(event(
            key,
            uuid("event", &["customer".into(), c.to_string()]),
            ts(c),
            kind,
            message,
            context,
            staff,
            c + 1,
        ));
        feeds.push(vals!["customer", c + 1, key].to_vec());
    }
    for g in 0..counts.projects {
        let key = rows.len() as i64 + 1;
        let context = serde_json::json!({
            "project_uuid": id::hex(&uuid_of("project", g)), "project_name": format!("Project {g:05}"),
            "customer_uuid": id::hex(&uuid_of("customer", g / 10)), "customer_name": format!("Customer {:04}", g / 10),
            "user_username": "staff",
        });
        let message = format!("Project Project {g:05} has been created.");
        let kind = ("project_creation_succeeded", "project.create", "project");
        let id = uuid("event", &["project".into(), g.to_string()]);
        rows.push(event(key, id, ts(1000 + g), kind, message, context, staff, g + 1));
        feeds.push(vals!["project", g + 1, key].to_vec());
        feeds.push(vals!["customer", g / 10 + 1, key].to_vec());
    }
    vec![
        Table {
            name: "events",
            columns: &[
                "id",
                "uuid",
                "created",
                "event_type",
                "action",
                "thing",
                "message",
                "context",
                "changes",
                "actor_id",
                "thing_id",
                "request_id",
            ],
            rows,
        },
        Table { name: "event_feeds", columns: &["scope", "scope_id", "event_id"], rows: feeds },
    ]
}

#[allow(clippy::too_many_arguments, reason = "one row of one table")]
fn event(
    key: i64,
    id: Uuid,
    at: Time,
    kind: (&str, &str, &str),
    message: String,
    context: serde_json::Value,
    actor: i64,
    thing: i64,
) -> Vec<Val> {
    vals![key, id, at, kind.0, kind.1, kind.2, message, context, "[]", actor, thing, "scale"].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_the_published_ones() {
        assert_eq!(token("user00000").len(), 40);
        assert_eq!(ts(0).to_string(), "2026-01-01T00:00:00Z");
    }
}
