//! How fast Stoa answers, at scale 1, on both stores: requests per second, p50, p99 and CPU per request, beside the floor.
//!
//! `cargo run --release -p stoa-bench [sqlite] [postgres] [seal|access] [--seconds N] [--connections N] [--scale N]` builds on a
//! `stoa` that was built with `cargo build --release`; with `seal` it measures the sealing of the record alone, which needs none,
//! with `access` questions about access. It prints a Markdown table; docs/benchmarks.md keeps the last one with what it says.

mod access;
mod seal;

use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use stoa_kernel::{Store, store::Options, vals};
use stoa_server::scale;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let at = words.iter().position(|word| word == name);
        at.and_then(|at| words.get(at + 1)).and_then(|word| word.parse().ok()).unwrap_or(default)
    };
    let plan =
        Plan { time: Duration::from_secs(number("--seconds", 5)), connections: number("--connections", 8) as usize };
    let sealing = words.iter().any(|word| word == "seal");
    let asking = words.iter().any(|word| word == "access").then(|| number("--scale", 1));
    if asking.is_some() {
        println!("| question | aim | p50 | p99 |\n|---|---|---|---|");
        access::decision();
    }
    let all = !words.iter().any(|word| word == "sqlite" || word == "postgres");
    if all || words.iter().any(|word| word == "sqlite") {
        let folder = std::env::temp_dir().join(format!("stoa-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let url = format!("sqlite:{}", folder.join("stoa.db").display());
        let done = match (sealing, asking) {
            (true, _) => seal::measure("SQLite", &url).await,
            (_, Some(size)) => access::measure("SQLite", &url, &folder, size).await,
            _ => measure("SQLite", &url, &folder, &plan).await,
        };
        std::fs::remove_dir_all(&folder)?;
        done?;
    }
    if all || words.iter().any(|word| word == "postgres") {
        match stoa_testing::postgres::fresh_database().await {
            Some(url) if sealing => seal::measure("PostgreSQL", &url).await?,
            Some(url) if asking.is_some() => {
                access::measure("PostgreSQL", &url, &std::env::temp_dir(), asking.unwrap_or(1)).await?;
            }
            Some(url) => measure("PostgreSQL", &url, &std::env::temp_dir(), &plan).await?,
            None => eprintln!("no PostgreSQL was found"),
        }
    }
    Ok(())
}

struct Plan {
    time: Duration,
    connections: usize,
}

/// A server under measurement.
struct Server {
    child: Child,
    address: String,
    started_in: Duration,
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/stoa")
}

async fn run(url: &str, data: &Path, words: &[&str]) -> Outcome<()> {
    let status = Command::new(program()).args(words).args(["--database", url]).arg("--data").arg(data).status().await?;
    if status.success() { Ok(()) } else { Err(format!("stoa {words:?}: {status}").into()) }
}

impl Server {
    async fn start(url: &str, data: &Path) -> Outcome<Server> {
        let address = {
            let free = std::net::TcpListener::bind("127.0.0.1:0")?;
            free.local_addr()?.to_string()
        };
        let began = Instant::now();
        let child = Command::new(program())
            .args(["serve", "--listen", &address, "--database", url])
            .arg("--data")
            .arg(data)
            .env("STOA_LOG", "warn")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        for _ in 0..1000 {
            if let Ok(mut client) = Client::open(&address).await
                && client.call("GET", "/readyz", "", None).await.is_ok_and(|(status, _)| status == 200)
            {
                return Ok(Server { child, address, started_in: began.elapsed() });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err("the server did not get ready".into())
    }

    /// CPU microseconds that the server, and all PostgreSQL processes, have used.
    fn cpu(&self) -> (u64, u64) {
        let own = self.child.id().map_or(0, cpu_of);
        let mut postgres = 0;
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            if name.trim() == "postgres" {
                postgres += cpu_of(pid);
            }
        }
        (own, postgres)
    }

    /// Resident memory in MB.
    fn memory(&self) -> u64 {
        let status = self.child.id().and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/status")).ok());
        let line = status.iter().flat_map(|text| text.lines()).find(|line| line.starts_with("VmRSS"));
        line.and_then(|line| line.split_whitespace().nth(1)).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
    }
}

fn cpu_of(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    // A tick is a hundredth of a second.
    (ticks(11) + ticks(12)) * 10_000
}

/// A connection that is kept.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// Further lines of the head of every request.
    headers: String,
}

impl Client {
    async fn open(address: &str) -> Outcome<Client> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, buffer: Vec::with_capacity(64 * 1024), headers: String::new() })
    }

    async fn call(&mut self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Outcome<(u16, Vec<u8>)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: stoa\r\ncontent-length: {}\r\n", body.len());
        if !token.is_empty() {
            request.push_str(&format!("authorization: Token {token}\r\n"));
        }
        if !body.is_empty() {
            request.push_str("content-type: application/json\r\n");
        }
        request.push_str(&self.headers);
        request.push_str("\r\n");
        request.push_str(&body);
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end])?.to_ascii_lowercase();
            let status = head.split(' ').nth(1).and_then(|n| n.parse().ok()).ok_or("no status")?;
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length: usize = length.map_or(Ok(0), |n| n.trim().parse())?;
            while self.buffer.len() < end + 4 + length {
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    return Err("the answer was cut".into());
                }
            }
            return Ok((status, self.buffer[end + 4..end + 4 + length].to_vec()));
        }
    }
}

/// One kind of request; gets the number of the request.
type Make = Arc<dyn Fn(usize) -> (&'static str, String, String, Option<Value>) + Send + Sync>;

async fn load(server: &Server, plan: &Plan, name: &str, expected: u16, make: Make) -> Outcome<()> {
    let counter = Arc::new(AtomicUsize::new(0));
    let (own, postgres) = server.cpu();
    let began = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..plan.connections {
        let (counter, make, address, time) = (counter.clone(), make.clone(), server.address.clone(), plan.time);
        tasks.push(tokio::spawn(async move {
            let mut client = Client::open(&address).await?;
            let mut times = Vec::new();
            while began.elapsed() < time {
                let (method, path, token, body) = make(counter.fetch_add(1, Ordering::Relaxed));
                let sent = Instant::now();
                let (status, answer) = client.call(method, &path, &token, body.as_ref()).await?;
                times.push(sent.elapsed().as_micros() as u64);
                if status != expected {
                    return Err(format!("{method} {path}: {status} {}", String::from_utf8_lossy(&answer)).into());
                }
            }
            Outcome::Ok(times)
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let elapsed = began.elapsed().as_secs_f64();
    let (own_after, postgres_after) = server.cpu();
    times.sort_unstable();
    let count = times.len().max(1);
    let at =
        |share: f64| times.get(((count as f64 * share) as usize).min(count - 1)).copied().unwrap_or(0) as f64 / 1000.0;
    println!(
        "| {name} | {:.0} | {:.2} | {:.2} | {} | {} |",
        count as f64 / elapsed,
        at(0.5),
        at(0.99),
        (own_after - own) / count as u64,
        (postgres_after.saturating_sub(postgres)) / count as u64,
    );
    Ok(())
}

async fn measure(engine: &str, url: &str, data: &Path, plan: &Plan) -> Outcome<()> {
    let began = Instant::now();
    run(url, data, &["demo", "--scale", "1"]).await?;
    let loaded = began.elapsed();
    let server = Server::start(url, data).await?;
    println!("\n## {engine}\n");
    println!(
        "The data set was loaded in {:.1} s; the server was ready in {:.0} ms.\n",
        loaded.as_secs_f64(),
        server.started_in.as_secs_f64() * 1000.0
    );
    println!(
        "| request, {} connections | requests/s | p50 ms | p99 ms | server CPU µs | PostgreSQL CPU µs |",
        plan.connections
    );
    println!("|---|---|---|---|---|---|");
    let get = |path: &'static str, who: fn(usize) -> String| -> Make {
        Arc::new(move |n| ("GET", path.to_owned(), who(n), None))
    };
    let user: fn(usize) -> String = |n| scale::token(&format!("user{:05}", n * 7919 % 20_000));
    let staff: fn(usize) -> String = |_| scale::token("staff");
    load(&server, plan, "floor: a constant through the same router", 200, get("/healthz", |_| String::new())).await?;
    load(&server, plan, "me", 200, get("/api/users/me/", user)).await?;
    load(&server, plan, "list: a user's projects", 200, get("/api/projects/", user)).await?;
    load(
        &server,
        plan,
        "list: a user's projects, three fields",
        200,
        get("/api/projects/?field=uuid&field=name&field=url", user),
    )
    .await?;
    load(&server, plan, "list: all projects, page of 10", 200, get("/api/projects/", staff)).await?;
    load(&server, plan, "list: all projects, page of 100", 200, get("/api/projects/?page_size=100", staff)).await?;
    load(&server, plan, "list: a user's resources", 200, get("/api/marketplace-resources/", user)).await?;
    let rows = first_rows(&server).await?;
    let projects = rows.projects.clone();
    load(
        &server,
        plan,
        "retrieve: a project",
        200,
        Arc::new(move |n| {
            ("GET", format!("/api/projects/{}/", projects[n % projects.len()]), scale::token("staff"), None)
        }),
    )
    .await?;
    writes(&server, plan, &rows).await?;
    println!("\nResident memory after it: {} MB.", server.memory());
    drop(server);
    floor_statement(url, plan).await
}

struct Rows {
    projects: Vec<String>,
    customers: Vec<String>,
    users: Vec<String>,
    offering: String,
    plan: String,
}

async fn first_rows(server: &Server) -> Outcome<Rows> {
    let mut client = Client::open(&server.address).await?;
    let token = scale::token("staff");
    let mut list = async |path: &str| -> Outcome<Value> {
        let (_, body) = client.call("GET", path, &token, None).await?;
        Ok(serde_json::from_slice(&body)?)
    };
    let uuids = |rows: &Value| -> Vec<String> {
        rows.as_array().into_iter().flatten().filter_map(|row| row["uuid"].as_str().map(str::to_owned)).collect()
    };
    let projects = uuids(&list("/api/projects/?page_size=300&field=uuid").await?);
    let customers = uuids(&list("/api/customers/?page_size=300&field=uuid").await?);
    let users = uuids(&list("/api/users/?page_size=300&field=uuid").await?);
    let offerings = list("/api/marketplace-public-offerings/?page_size=1").await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Rows {
        projects,
        customers,
        users,
        offering: text(&offerings[0]["url"]),
        plan: text(&offerings[0]["plans"][0]["url"]),
    })
}

async fn writes(server: &Server, plan: &Plan, rows: &Rows) -> Outcome<()> {
    let staff = scale::token("staff");
    let (token, customers) = (staff.clone(), rows.customers.clone());
    load(
        server,
        plan,
        "create a project",
        201,
        Arc::new(move |n| {
            let customer = format!("http://stoa/api/customers/{}/", customers[n % customers.len()]);
            (
                "POST",
                "/api/projects/".into(),
                token.clone(),
                Some(json!({"name": format!("Bench {n}"), "customer": customer})),
            )
        }),
    )
    .await?;
    let (token, projects, users) = (staff.clone(), rows.projects.clone(), rows.users.clone());
    let pair = move |n: usize| (projects[n % projects.len()].clone(), users[n / projects.len() % users.len()].clone());
    let granted = pair.clone();
    let one = token.clone();
    // Every request of these two concerns another pair of project and user.
    let count = 2_000;
    let began = Instant::now();
    load_exactly(
        server,
        plan,
        "grant a role",
        201,
        count,
        Arc::new(move |n| {
            let (project, user) = granted(n);
            let body = json!({"role": "PROJECT.MEMBER", "user": user, "expiration_time": "2030-01-01T00:00:00Z"});
            ("POST", format!("/api/projects/{project}/add_user/"), one.clone(), Some(body))
        }),
    )
    .await?;
    load_exactly(
        server,
        plan,
        "revoke a role",
        200,
        count,
        Arc::new(move |n| {
            let (project, user) = pair(n);
            (
                "POST",
                format!("/api/projects/{project}/delete_user/"),
                token.clone(),
                Some(json!({"role": "PROJECT.MEMBER", "user": user})),
            )
        }),
    )
    .await?;
    let _ = began;
    let (projects, offering, plan_url) = (rows.projects.clone(), rows.offering.clone(), rows.plan.clone());
    load(
        server,
        plan,
        "place an order",
        201,
        Arc::new(move |n| {
            let project = format!("http://stoa/api/projects/{}/", projects[n % projects.len()]);
            let body = json!({"offering": offering, "project": project, "plan": plan_url, "limits": {"storage": 1},
                          "attributes": {"name": format!("bench-{n}")}});
            ("POST", "/api/marketplace-orders/".into(), staff.clone(), Some(body))
        }),
    )
    .await
}

/// As [`load`], but for a number of requests instead of a time, because each can be made only once.
async fn load_exactly(
    server: &Server,
    plan: &Plan,
    name: &str,
    expected: u16,
    count: usize,
    make: Make,
) -> Outcome<()> {
    let counter = Arc::new(AtomicUsize::new(0));
    let (own, postgres) = server.cpu();
    let began = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..plan.connections {
        let (counter, make, address) = (counter.clone(), make.clone(), server.address.clone());
        tasks.push(tokio::spawn(async move {
            let mut client = Client::open(&address).await?;
            let mut times = Vec::new();
            loop {
                let n = counter.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return Outcome::Ok(times);
                }
                let (method, path, token, body) = make(n);
                let sent = Instant::now();
                let (status, answer) = client.call(method, &path, &token, body.as_ref()).await?;
                times.push(sent.elapsed().as_micros() as u64);
                // The data set may hold some of these grants already.
                if status != expected && status != 400 {
                    return Err(format!("{method} {path}: {status} {}", String::from_utf8_lossy(&answer)).into());
                }
            }
        }));
    }
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    let elapsed = began.elapsed().as_secs_f64();
    let (own_after, postgres_after) = server.cpu();
    times.sort_unstable();
    let at =
        |share: f64| times.get(((count as f64 * share) as usize).min(count - 1)).copied().unwrap_or(0) as f64 / 1000.0;
    println!(
        "| {name} | {:.0} | {:.2} | {:.2} | {} | {} |",
        count as f64 / elapsed,
        at(0.5),
        at(0.99),
        (own_after - own) / count as u64,
        (postgres_after.saturating_sub(postgres)) / count as u64,
    );
    Ok(())
}

/// The other floor: one prepared statement, in process, without HTTP.
async fn floor_statement(url: &str, plan: &Plan) -> Outcome<()> {
    let store = Store::open(url, Options::default()).await?;
    let rows = store.query("SELECT uuid FROM projects LIMIT 300", &[]).await?;
    let uuids = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<stoa_kernel::id::Uuid>, _>>()?;
    let began = Instant::now();
    let mut count = 0_usize;
    while began.elapsed() < plan.time.min(Duration::from_secs(2)) {
        let uuid = uuids[count % uuids.len()];
        store.query("SELECT id, name, slug, description, created FROM projects WHERE uuid = $1", &vals![uuid]).await?;
        count += 1;
    }
    println!(
        "\nFloor: one prepared point statement, one after the other, in process: {:.1} µs.",
        began.elapsed().as_micros() as f64 / count as f64
    );
    store.close().await;
    Ok(())
}
