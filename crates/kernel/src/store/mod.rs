//! The database: SQLite (embedded, the default) and PostgreSQL behind one small interface.
//!
//! A statement is one text in PostgreSQL's spelling with the few words that `dialect.rs` explains; its parameters are
//! [`Val`]s and its answer is [`Row`]s, on both engines. Nothing is generic over the engine.
//!
//! - Reading: [`Store::query`] for look-ups, [`Store::query_long`] for lists and exports.
//! - Writing: [`Store::write`] takes a closure that gets a [`Tx`]. All of it happens, or nothing.
//! - Both a [`Reader`] and a [`Tx`] are a [`Query`], so that a function can read through either.
//!
//! **Rules of a transaction.** The closure may run more than once, so it has no effect outside the database. It waits for
//! nothing but the database. After a statement has failed, the transaction is lost on both engines: later statements
//! fail, and even `Ok` from the closure is not committed. Where a row may exist already, use `ON CONFLICT`.

mod dialect;
pub mod jobs;
mod migrate;
mod migrations;
mod postgres;
mod row;
mod sqlite;

pub use migrate::Migration;
pub use migrations::MIGRATIONS;
pub use row::{FromVal, Row};

use crate::{Error, Result, Time, Val};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use std::{
    any::Any,
    fmt,
    path::Path,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Which database is behind a store. Only for messages, metrics and tests: SQL never depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// SQLite, in this process.
    Sqlite,
    /// PostgreSQL, or what speaks its protocol.
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        })
    }
}

/// How long SQLite waits for the disk at a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Synchronous {
    /// A power cut can lose the last moments, never the consistency. A crash of the program loses nothing.
    #[default]
    Normal,
    /// A commit that was reported survives a power cut.
    Full,
}

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// SQLite: threads for [`Store::query_long`]. PostgreSQL: connections at most.
    pub readers: usize,
    /// SQLite only.
    pub sqlite_synchronous: Synchronous,
}

impl Default for Options {
    fn default() -> Options {
        let cores = std::thread::available_parallelism().map_or(2, |n| n.get());
        Options { readers: (2 * cores).clamp(4, 16), sqlite_synchronous: Synchronous::default() }
    }
}

/// A database. Copies are the same database.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    backend: Backend,
    shared: Arc<Shared>,
}

enum Backend {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

/// What every connection of a store needs.
struct Shared {
    dialect: dialect::Dialect,
    queries: AtomicU64,
    watch: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Shared {
    /// Tells whoever watches that the next thing is about to happen to the database.
    fn step(&self) {
        if let Some(watch) = self.watch.get() {
            watch();
        }
    }

    /// The engine's text of a statement that is about to run; counts it and refuses parameters that an engine can't hold.
    fn statement(&self, sql: &str, params: &[Val]) -> Result<Arc<str>> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        self.step();
        check(params)?;
        self.dialect.text(sql)
    }
}

/// Refuses what one of the engines can't hold, so that both refuse it alike.
fn check(params: &[Val]) -> Result<()> {
    for param in params {
        match param {
            Val::Text(x) if x.contains('\0') => return Err(Error::invalid("NUL characters are not allowed")),
            Val::Texts(x) if x.iter().any(|x| x.contains('\0')) => {
                return Err(Error::invalid("NUL characters are not allowed"));
            }
            Val::Float(x) if x.is_nan() => return Err(Error::invalid("a number is not a number")),
            Val::Time(x) if Time::from_micros(x.0).is_none() => {
                return Err(Error::invalid("a time is outside the years 1 to 9999"));
            }
            Val::Date(x) if x.0.year() < 1 => return Err(Error::invalid("a day is outside the years 1 to 9999")),
            _ => {}
        }
    }
    Ok(())
}

/// What a statement in a lost transaction gets.
fn failed() -> Error {
    Error::broken("a statement of this transaction failed before; it can't go on")
}

fn panicked(panic: Box<dyn Any + Send>) -> Error {
    let words = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    Error::Broken(format!("a transaction panicked: {}", words.unwrap_or("without words")))
}

impl Store {
    /// Opens `sqlite:/path/file.db` (made if missing; its folder must be there) or `postgres://…`, `postgresql://…`
    /// (several hosts and unix sockets as libpq writes them; without TLS for now: use a local server or a tunnel).
    ///
    /// [`Error::Invalid`] for a text that is neither, [`Error::Unavailable`] if the database can't be reached.
    pub async fn open(url: &str, options: Options) -> Result<Store> {
        let shared = |engine| {
            let (dialect, queries) = (dialect::Dialect::new(engine), AtomicU64::new(0));
            Arc::new(Shared { dialect, queries, watch: OnceLock::new() })
        };
        let (backend, shared) = if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains(":memory:") {
                return Err(Error::invalid("a SQLite database needs a file: sqlite:/path/file.db"));
            }
            let shared = shared(Engine::Sqlite);
            (Backend::Sqlite(sqlite::Sqlite::open(Path::new(path), &options, shared.clone())?), shared)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let shared = shared(Engine::Postgres);
            (Backend::Postgres(postgres::Postgres::open(url, &options, shared.clone()).await?), shared)
        } else {
            return Err(Error::invalid("a database is named sqlite:/path/file.db or postgres://user@host/name"));
        };
        Ok(Store(Arc::new(Inner { backend, shared })))
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        match self.0.backend {
            Backend::Sqlite(_) => Engine::Sqlite,
            Backend::Postgres(_) => Engine::Postgres,
        }
    }

    /// Something that reads outside any transaction.
    pub fn reader(&self) -> Reader {
        Reader(self.clone())
    }

    /// Runs a short read: a look-up by key. On SQLite it runs on the calling thread, without a hop; there it can't write.
    pub async fn query(&self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        match &self.0.backend {
            Backend::Sqlite(sqlite) => sqlite.query(sql, params),
            Backend::Postgres(postgres) => postgres.query(sql, params).await,
        }
    }

    /// Runs a read that may take long: a list, an export. On SQLite it runs on a thread of the store's own.
    pub async fn query_long(&self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        match &self.0.backend {
            Backend::Sqlite(sqlite) => sqlite.query_long(sql, params).await,
            Backend::Postgres(postgres) => postgres.query(sql, params).await,
        }
    }

    /// Runs `work` in a transaction and commits if it gives `Ok`; otherwise, and if it panics ([`Error::Broken`]), nothing
    /// of it is kept. When this returns `Ok`, the commit is done and every later read sees it.
    ///
    /// The closure may run several times: on PostgreSQL it is run again (five times at most) after a serialization failure or a
    /// deadlock. See the rules at the top of this module. [`Error::Unavailable`] from a connection that was lost at the
    /// commit leaves open whether it happened.
    ///
    /// ```ignore
    /// store.write(move |tx| Box::pin(async move {
    ///     tx.execute("UPDATE projects SET name = $1 WHERE id = $2", &vals!["new", id]).await
    /// })).await?;
    /// ```
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        match &self.0.backend {
            Backend::Sqlite(sqlite) => sqlite.write(work).await,
            Backend::Postgres(postgres) => postgres.write(&work).await,
        }
    }

    /// Runs `work` in a transaction as [`Store::write`] does, and gives its result, but keeps nothing of it.
    ///
    /// Errors as [`Store::write`].
    pub async fn rehearse<T: Send + 'static>(
        &self,
        work: impl for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        let (found, work) = (Arc::new(Mutex::new(None)), Arc::new(work));
        let outside = found.clone();
        let taken_back = self
            .write(move |tx| {
                let (found, work) = (found.clone(), work.clone());
                Box::pin(async move {
                    *found.lock() = None;
                    *found.lock() = Some(work(tx).await?);
                    // An error is what makes either engine take everything back.
                    Err::<(), Error>(Error::Conflict("This was a rehearsal.".into()))
                })
            })
            .await;
        let found = outside.lock().take();
        match (found, taken_back) {
            (Some(found), Err(Error::Conflict(_))) => Ok(found),
            (_, Err(error)) => Err(error),
            (_, Ok(())) => Err(Error::broken("a rehearsal was committed")),
        }
    }

    /// Loads many rows into a table, all or none, in the order of `columns`. 200,000 small rows take seconds. On SQLite other
    /// writes wait meanwhile. Follow a large load with [`Store::analyze`].
    pub async fn bulk(&self, table: &str, columns: &[&str], rows: Vec<Vec<Val>>) -> Result<()> {
        if rows.iter().any(|row| row.len() != columns.len()) {
            return Err(Error::Broken(format!("bulk load of {table}: a row has not {} values", columns.len())));
        }
        let names = columns.join(", ");
        match &self.0.backend {
            Backend::Sqlite(sqlite) => {
                let places: Vec<_> = (1..=columns.len()).map(|i| format!("${i}")).collect();
                let sql = format!("INSERT INTO {table} ({names}) VALUES ({})", places.join(", "));
                let load = Arc::new((sql, rows));
                sqlite
                    .write(move |tx| {
                        let load = load.clone();
                        Box::pin(async move { tx.repeat(&load.0, &load.1) })
                    })
                    .await
            }
            Backend::Postgres(postgres) => postgres.bulk(table, &names, columns.contains(&"id"), &rows).await,
        }
    }

    /// Refreshes what the planner knows about the tables. After bulk loads, and now and then.
    pub async fn analyze(&self) -> Result<()> {
        self.write(|tx| Box::pin(tx.batch("ANALYZE"))).await
    }

    /// The plan of a statement, a line each, in the engine's words. For tests of plans.
    pub async fn explain(&self, sql: &str, params: &[Val]) -> Result<Vec<String>> {
        let (prefix, column) = match self.engine() {
            Engine::Sqlite => ("EXPLAIN QUERY PLAN ", 3),
            Engine::Postgres => ("EXPLAIN ", 0),
        };
        self.query(&format!("{prefix}{sql}"), params).await?.iter().map(|row| row.get(column)).collect()
    }

    /// Statements run since the store was opened, those that begin and end transactions not counted. For query budgets and
    /// metrics.
    pub fn queries(&self) -> u64 {
        self.0.shared.queries.load(Ordering::Relaxed)
    }

    /// Has this called before each statement, and before and after each commit, by whoever is about to run it. For tests that stop
    /// a server there. Once for a store; later ones are not called.
    pub fn watch(&self, watch: impl Fn() + Send + Sync + 'static) {
        let _ = self.0.shared.watch.set(Box::new(watch));
    }

    /// Whether the database answers; [`Error::Unavailable`] if not.
    pub async fn ping(&self) -> Result<()> {
        self.query("SELECT 1", &[]).await.map(drop)
    }

    /// Copies the database to a new file while it is in use (SQLite). [`Error::Conflict`] if the file exists; PostgreSQL has
    /// pg_dump for this and gives [`Error::Unavailable`].
    pub async fn backup(&self, path: &Path) -> Result<()> {
        match &self.0.backend {
            Backend::Sqlite(sqlite) => sqlite.backup(path).await,
            Backend::Postgres(_) => Err(Error::Unavailable("use pg_dump to back up PostgreSQL".into())),
        }
    }

    /// Finishes the writes that wait and moves everything into the database file. Writing is not possible afterwards.
    pub async fn close(&self) {
        match &self.0.backend {
            Backend::Sqlite(sqlite) => {
                if let Err(error) = sqlite.close().await {
                    tracing::warn!("closing the database: {error}");
                }
            }
            Backend::Postgres(postgres) => postgres.close(),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Store({})", self.engine())
    }
}

/// Something that statements can be read through: a [`Reader`] or a [`Tx`].
pub trait Query: Send {
    /// Runs one statement and gives all its rows.
    fn query<'a>(&'a mut self, sql: &'a str, params: &'a [Val]) -> BoxFuture<'a, Result<Vec<Row>>>;

    /// Whether all that it sees is committed. What is not may be taken back, so nobody remembers it.
    fn sees_committed(&self) -> bool {
        true
    }
}

/// Reads outside any transaction; each statement sees what is committed when it begins.
#[derive(Clone, Debug)]
pub struct Reader(Store);

impl Query for Reader {
    fn query<'a>(&'a mut self, sql: &'a str, params: &'a [Val]) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(self.0.query(sql, params))
    }
}

/// An open transaction; see [`Store::write`].
pub struct Tx {
    link: Link,
    shared: Arc<Shared>,
    /// A statement failed.
    failed: bool,
    /// It failed in a way that another run may not.
    again: bool,
}

enum Link {
    Sqlite(rusqlite::Connection),
    Postgres(postgres::Session),
}

impl Tx {
    fn new(link: Link, shared: Arc<Shared>) -> Tx {
        Tx { link, shared, failed: false, again: false }
    }

    /// Runs one statement and gives all its rows. Errors: [`Error::Duplicate`] and [`Error::Dangling`] for keys,
    /// [`Error::Invalid`] for values that can't be held, [`Error::Unavailable`], or [`Error::Broken`] for wrong SQL.
    pub async fn query(&mut self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        self.go()?;
        let result = match &self.link {
            Link::Sqlite(connection) => sqlite::query(connection, &self.shared, sql, params),
            Link::Postgres(session) => session.query(&self.shared, sql, params, &mut self.again).await,
        };
        self.note(result)
    }

    /// Runs one statement and gives the number of rows that it changed. Errors as [`Tx::query`].
    pub async fn execute(&mut self, sql: &str, params: &[Val]) -> Result<u64> {
        self.go()?;
        let result = match &self.link {
            Link::Sqlite(connection) => sqlite::execute(connection, &self.shared, sql, params),
            Link::Postgres(session) => session.execute(&self.shared, sql, params, &mut self.again).await,
        };
        self.note(result)
    }

    /// The first row of an answer, if there is one. Errors as [`Tx::query`].
    pub async fn one(&mut self, sql: &str, params: &[Val]) -> Result<Option<Row>> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Marks this moment of the transaction, for [`Tx::back`].
    pub async fn mark(&mut self) -> Result<()> {
        self.batch("SAVEPOINT mark").await
    }

    /// Takes back what was done since [`Tx::mark`]; the mark stays.
    pub async fn back(&mut self) -> Result<()> {
        self.batch("ROLLBACK TO SAVEPOINT mark").await
    }

    /// Runs definitions in the spelling of migrations, or other statements without parameters.
    async fn batch(&mut self, sql: &str) -> Result<()> {
        self.go()?;
        let result = match &self.link {
            Link::Sqlite(connection) => sqlite::batch(connection, &self.shared, sql),
            Link::Postgres(session) => session.batch(&self.shared, sql, &mut self.again).await,
        };
        self.note(result)
    }

    /// Runs one statement for many rows of parameters. PostgreSQL copies instead.
    fn repeat(&mut self, sql: &str, rows: &[Vec<Val>]) -> Result<()> {
        self.go()?;
        let result = match &self.link {
            Link::Sqlite(connection) => sqlite::repeat(connection, &self.shared, sql, rows),
            Link::Postgres(_) => Err(Error::broken("PostgreSQL copies")),
        };
        self.note(result)
    }

    fn go(&self) -> Result<()> {
        if self.failed { Err(failed()) } else { Ok(()) }
    }

    fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        self.failed |= result.is_err();
        result
    }
}

impl Query for Tx {
    fn query<'a>(&'a mut self, sql: &'a str, params: &'a [Val]) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(Tx::query(self, sql, params))
    }

    fn sees_committed(&self) -> bool {
        false
    }
}
