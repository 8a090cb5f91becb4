//! A PostgreSQL server for tests, where its programs are found.
//!
//! Programs are looked for in `PG_BIN`, then where `initdb` is in `PATH`, then in Debian's folders by version; a server that
//! runs already can be named in `DATABASE_URL_TEST` instead (its user must be allowed to create databases). If there is
//! none, tests are skipped, unless `REQUIRE_PG` is set: then they fail.
//!
//! One server serves all tests of one target folder, whichever process comes first starts it (`target/stoa-postgres.lock`
//! keeps the others waiting), and it **keeps running**, because processes of tests come and go: about 40 MB that wait for
//! the next run. It listens on a unix socket only, in `/tmp/stoa-pg-…`, and does not care for the disk (`fsync=off`). To end it:
//! `pg_ctl -D /tmp/stoa-pg-…/data stop`; removing the folder after that is fine.
//!
//! Databases of tests are named after their process and dropped by a later process, once theirs has ended.

use std::{
    env,
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};
use stoa_kernel::store::{Options, Store};

/// The URL of the server without a database's name, `postgres://user@host/`; `None` if there is no PostgreSQL and none is
/// required. Starts the server if it does not run.
pub fn url() -> Option<String> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    let found = URL.get_or_init(|| {
        if let Ok(given) = env::var("DATABASE_URL_TEST") {
            return Some(format!("{}/", given.trim_end_matches('/')));
        }
        let programs = programs()?;
        Some(start(&programs).unwrap_or_else(|error| panic!("PostgreSQL in {}: {error}", programs.display())))
    });
    if found.is_none() {
        assert!(env::var_os("REQUIRE_PG").is_none(), "REQUIRE_PG is set, but no PostgreSQL was found (see PG_BIN)");
        eprintln!("skipped on PostgreSQL: its programs were not found");
    }
    found.clone()
}

/// The URL of a new, empty database.
pub async fn fresh_database() -> Option<String> {
    create("template0").await
}

/// The URL of a new database that is a copy of this one (a name, or a URL from [`fresh_database`]), to which nobody may be
/// connected at the moment. Takes about 0.2 s, much less than many migrations.
pub async fn copy_of(template: &str) -> Option<String> {
    create(template.rsplit('/').next().unwrap_or(template)).await
}

async fn create(template: &str) -> Option<String> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let url = url()?;
    let admin = Store::open(&format!("{url}postgres"), Options { readers: 1, ..Options::default() }).await;
    let admin = admin.unwrap_or_else(|error| panic!("{url}: {error}"));
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    if count == 0 {
        drop_left_over(&admin).await;
    }
    let name = format!("t_{}_{count}", std::process::id());
    // The same process id may have been here before.
    let _ = admin.query(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), &[]).await;
    let sql = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log ENCODING 'UTF8' LOCALE 'C.UTF-8'");
    admin.query(&sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    admin.close().await;
    Some(format!("{url}{name}"))
}

/// Drops the databases of test processes that have ended.
async fn drop_left_over(admin: &Store) {
    let found = admin.query("SELECT datname FROM pg_database WHERE datname LIKE 't\\_%'", &[]).await;
    for row in found.unwrap_or_default() {
        let Ok(name) = row.get::<String>(0) else { continue };
        let pid = name.split('_').nth(1).and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Another process may do the same at this moment.
            let _ = admin.query(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"), &[]).await;
        }
    }
}

/// The folder of PostgreSQL's programs.
fn programs() -> Option<PathBuf> {
    let works = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file();
    if let Some(given) = env::var_os("PG_BIN") {
        return Some(given.into());
    }
    let on_path = env::var_os("PATH").map(|path| env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    // A link or wrapper in the path leads to a folder that has only a part of the programs: follow it.
    let real = on_path.iter().filter_map(|folder| folder.join("initdb").canonicalize().ok());
    let real: Vec<PathBuf> = real.filter_map(|program| program.parent().map(Path::to_owned)).collect();
    let mut debian: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    debian.sort();
    real.into_iter().chain(debian.into_iter().rev().map(|(_, folder)| folder)).find(works)
}

/// Starts the server unless it runs; gives its URL.
fn start(programs: &Path) -> io::Result<String> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    fs::create_dir_all(&target)?;
    let target = target.canonicalize()?;
    let mut hasher = DefaultHasher::new();
    (&target, programs).hash(&mut hasher);
    let home = PathBuf::from(format!("/tmp/stoa-pg-{:016x}", hasher.finish()));
    let data = home.join("data");
    let url = format!("postgres://postgres@{}/", home.to_string_lossy().replace('/', "%2F"));

    let lock = File::create(target.join("stoa-postgres.lock"))?;
    lock.lock()?;
    // PostgreSQL refuses to run as root: its own account then, or nobody's.
    let account = if fs::metadata("/proc/self")?.uid() == 0 { Some(account()?) } else { None };
    let command = |program: &str| {
        let mut command = Command::new(programs.join(program));
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        if let Some((uid, gid)) = account {
            command.uid(uid).gid(gid);
        }
        command
    };
    let run = |command: &mut Command| -> io::Result<()> {
        let status = command.status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
    };
    if command("pg_ctl").arg("-D").arg(&data).arg("status").status()?.success() {
        return Ok(url);
    }
    if !data.join("stoa-ready").exists() {
        // Never made, or not to the end.
        let _ = fs::remove_dir_all(&home);
        fs::create_dir(&home)?;
        if let Some((uid, gid)) = account {
            chown(&home, Some(uid), Some(gid))?;
        }
        let mut initdb = command("initdb");
        initdb.arg("-D").arg(&data).args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]);
        run(&mut initdb)?;
        File::create(data.join("stoa-ready"))?;
    }
    let options = format!(
        "-c listen_addresses='' -c unix_socket_directories={} -c fsync=off -c full_page_writes=off \
         -c synchronous_commit=off -c max_connections=300 -c shared_buffers=64MB -c deadlock_timeout=100ms",
        home.display()
    );
    let log = home.join("log");
    run(command("pg_ctl").arg("-D").arg(&data).arg("-l").arg(log).arg("-o").arg(options).args(["-w", "start"]))?;
    Ok(url)
}

/// User and group of `postgres`, else of `nobody`.
fn account() -> io::Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd")?;
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody")).ok_or_else(|| io::Error::other("neither postgres nor nobody is a user"))
}
