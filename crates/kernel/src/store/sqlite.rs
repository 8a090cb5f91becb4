//! SQLite: readers in place, own threads for long reads, and one writer thread that commits in groups.

use super::{Link, Options, Row, Shared, Synchronous, Tx, dialect};
use crate::{Error, Result, Val, id::Uuid};
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use rusqlite::{
    Connection, OpenFlags, Statement,
    config::DbConfig,
    ffi,
    functions::FunctionFlags,
    types::{Value, ValueRef},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    rc::Rc,
    sync::{Arc, mpsc},
    thread,
};
use tokio::sync::oneshot;

/// Works that share one commit at most.
const GROUP: usize = 64;
/// Idle reader connections kept; more are opened when needed and closed after.
const IDLE_READERS: usize = 16;

/// An open SQLite file.
pub(super) struct Sqlite {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    long: mpsc::Sender<LongRead>,
    writer: mpsc::Sender<Command>,
    shared: Arc<Shared>,
}

type LongRead = Box<dyn FnOnce(&Connection) + Send>;

enum Command {
    Work(Box<dyn Work>),
    Close(oneshot::Sender<Result<()>>),
}

impl Sqlite {
    pub(super) fn open(path: &Path, options: &Options, shared: Arc<Shared>) -> Result<Sqlite> {
        let writer = connect(path, Role::Writer(options.sqlite_synchronous))?;
        // Readers need the file to be there in WAL mode already, so they come second.
        let (long, reads) = mpsc::channel::<LongRead>();
        let reads = Arc::new(Mutex::new(reads));
        for i in 0..options.readers.max(1) {
            let connection = connect(path, Role::Reader)?;
            let reads = reads.clone();
            start(&format!("store-reader-{i}"), move || {
                loop {
                    let next = reads.lock().recv();
                    let Ok(read) = next else { break };
                    // A panic in a read drops its sender, which tells the caller; the thread and the others go on.
                    let _ = catch_unwind(AssertUnwindSafe(|| read(&connection)));
                }
            })?;
        }
        let (sender, commands) = mpsc::channel();
        let tx = Tx::new(Link::Sqlite(writer), shared.clone());
        start("store-writer", move || Writer { tx, commands }.run())?;
        Ok(Sqlite { path: path.to_owned(), idle: Mutex::default(), long, writer: sender, shared })
    }

    /// Runs on the calling thread.
    pub(super) fn query(&self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path, Role::Reader)?,
        };
        let answer = query(&connection, &self.shared, sql, params);
        let mut idle = self.idle.lock();
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        answer
    }

    /// Runs on one of the reader threads.
    pub(super) async fn query_long(&self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        let (reply, answer) = oneshot::channel();
        let (sql, params, shared) = (sql.to_owned(), params.to_vec(), self.shared.clone());
        let read: LongRead = Box::new(move |connection| {
            if !reply.is_closed() {
                let _ = reply.send(query(connection, &shared, &sql, &params));
            }
        });
        self.long.send(read).map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(Error::broken("a read panicked")))
    }

    pub(super) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Waiting { work, reply, outcome: None });
        self.writer.send(Command::Work(work)).map_err(|_| closed())?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    pub(super) async fn close(&self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.writer.send(Command::Close(reply)).map_err(|_| closed())?;
        let done = answer.await.unwrap_or_else(|_| Err(closed()));
        self.idle.lock().clear();
        done
    }

    pub(super) async fn backup(&self, target: &Path) -> Result<()> {
        if target.exists() {
            return Err(Error::Conflict(format!("{} exists already", target.display())));
        }
        let Some(name) = target.to_str().map(str::to_owned) else {
            return Err(Error::invalid("the name of the backup is not UTF-8"));
        };
        let (source, target) = (self.path.clone(), target.to_owned());
        let (reply, answer) = oneshot::channel();
        start("store-backup", move || {
            let copy = || {
                let connection = connect(&source, Role::Backup)?;
                connection.execute("VACUUM INTO ?1", [name]).map_err(|e| explain(e, "VACUUM INTO"))?;
                let synced = std::fs::File::open(&target).and_then(|file| file.sync_all());
                synced.map_err(|e| Error::Unavailable(format!("the backup could not be written: {e}")))
            };
            let _ = reply.send(copy());
        })?;
        answer.await.unwrap_or_else(|_| Err(Error::broken("the backup panicked")))
    }
}

fn closed() -> Error {
    Error::Unavailable("the database is closed".into())
}

fn start(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(body);
    started.map(drop).map_err(|e| Error::Unavailable(format!("no thread for {name}: {e}")))
}

enum Role {
    Writer(Synchronous),
    Reader,
    Backup,
}

fn connect(path: &Path, role: Role) -> Result<Connection> {
    let make = || -> rusqlite::Result<Connection> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if matches!(role, Role::Writer(_)) {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let connection = Connection::open_with_flags(path, flags)?;
        connection.set_prepared_statement_cache_capacity(128);
        // Without the last line LIKE would ignore the case of ASCII letters here and heed it on PostgreSQL.
        connection.execute_batch(
            "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
             PRAGMA mmap_size = 0; PRAGMA cache_size = -4096; PRAGMA case_sensitive_like = ON;",
        )?;
        // With statistics of values (STAT4) SQLite plans a statement anew for every new parameter, which costs more than to
        // run it; a plan that stays is also one that tests can look at.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        match role {
            Role::Writer(synchronous) => connection.execute_batch(&format!(
                "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864; PRAGMA synchronous = {};",
                match synchronous {
                    Synchronous::Normal => "NORMAL",
                    Synchronous::Full => "FULL",
                }
            ))?,
            Role::Reader => connection.execute_batch("PRAGMA query_only = ON")?,
            Role::Backup => {}
        }
        rusqlite::vtab::array::load_module(&connection)?;
        let pure = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
        connection.create_scalar_function("fold", 1, pure, |context| {
            // Letter by letter, as PostgreSQL's lower() does it: no rule for a sigma at the end of a word.
            let text: Option<String> = context.get(0)?;
            Ok(text.map(|text| text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect::<String>()))
        })?;
        connection.create_scalar_function("hexid", 1, pure, |context| {
            let bytes: Option<Vec<u8>> = context.get(0)?;
            Ok(bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok()).map(|id| id.hyphenated().to_string()))
        })?;
        Ok(connection)
    };
    make().map_err(|e| Error::Unavailable(format!("the database {} cannot be opened: {e}", path.display())))
}

/// Runs one statement and reads all its rows.
pub(super) fn query(connection: &Connection, shared: &Shared, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
    let mut all = Vec::new();
    run(connection, shared, sql, params, &mut |row| all.push(row))?;
    Ok(all)
}

/// Runs one statement; the number of rows that it changed.
pub(super) fn execute(connection: &Connection, shared: &Shared, sql: &str, params: &[Val]) -> Result<u64> {
    run(connection, shared, sql, params, &mut drop)?;
    Ok(connection.changes())
}

/// Runs several statements without parameters, in our spelling of definitions.
pub(super) fn batch(connection: &Connection, shared: &Shared, sql: &str) -> Result<()> {
    let text = shared.dialect.migration(sql)?;
    connection.execute_batch(&text).map_err(|e| explain(e, &text))
}

/// Runs the same statement for many rows of parameters.
pub(super) fn repeat(connection: &Connection, shared: &Shared, sql: &str, rows: &[Vec<Val>]) -> Result<()> {
    let text = shared.statement(sql, &[])?;
    let mut statement = connection.prepare_cached(&text).map_err(|e| explain(e, sql))?;
    for row in rows {
        super::check(row)?;
        bind(&mut statement, row).and_then(|()| statement.raw_execute().map(drop)).map_err(|e| explain(e, sql))?;
    }
    Ok(())
}

fn run(connection: &Connection, shared: &Shared, sql: &str, params: &[Val], each: &mut dyn FnMut(Row)) -> Result<()> {
    let text = shared.statement(sql, params)?;
    let mut go = || -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(&text)?;
        bind(&mut statement, params)?;
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let values = (0..width).map(|i| row.get_ref(i).map(val));
            each(Row::new(values.collect::<rusqlite::Result<_>>()?));
        }
        Ok(())
    };
    go().map_err(|e| explain(e, sql))
}

fn val(value: ValueRef) -> Val {
    match value {
        ValueRef::Null => Val::Null,
        ValueRef::Integer(x) => Val::Int(x),
        ValueRef::Real(x) => Val::Float(x),
        ValueRef::Text(x) => Val::Text(String::from_utf8_lossy(x).into_owned()),
        ValueRef::Blob(x) => Val::Bytes(x.to_vec()),
    }
}

fn bind(statement: &mut Statement, params: &[Val]) -> rusqlite::Result<()> {
    if statement.parameter_count() != params.len() {
        return Err(rusqlite::Error::InvalidParameterCount(params.len(), statement.parameter_count()));
    }
    fn list(values: impl Iterator<Item = Value>) -> Rc<Vec<Value>> {
        Rc::new(values.collect())
    }
    for (i, param) in params.iter().enumerate() {
        let i = i + 1;
        match param {
            Val::Null => statement.raw_bind_parameter(i, rusqlite::types::Null),
            Val::Bool(x) => statement.raw_bind_parameter(i, x),
            Val::Int(x) => statement.raw_bind_parameter(i, x),
            Val::Float(x) => statement.raw_bind_parameter(i, x),
            Val::Text(x) => statement.raw_bind_parameter(i, x),
            Val::Uuid(x) => statement.raw_bind_parameter(i, x.as_bytes().as_slice()),
            Val::Time(x) => statement.raw_bind_parameter(i, x.0),
            Val::Date(x) => statement.raw_bind_parameter(i, x.to_string()),
            Val::Bytes(x) => statement.raw_bind_parameter(i, x),
            Val::Ints(x) => statement.raw_bind_parameter(i, list(x.iter().map(|x| Value::Integer(*x)))),
            Val::Texts(x) => statement.raw_bind_parameter(i, list(x.iter().map(|x| Value::Text(x.clone())))),
            Val::Uuids(x) => {
                statement.raw_bind_parameter(i, list(x.iter().map(|x| Value::Blob(x.as_bytes().to_vec()))))
            }
        }?;
    }
    Ok(())
}

/// Says what an error of SQLite means for the caller.
fn explain(error: rusqlite::Error, sql: &str) -> Error {
    let rusqlite::Error::SqliteFailure(failure, Some(message)) = &error else {
        return Error::Broken(format!("{error} in: {sql}"));
    };
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            let key = message.strip_prefix("UNIQUE constraint failed: ").unwrap_or(message);
            Error::Duplicate(duplicate(key))
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Error::Dangling(String::new()),
        ffi::SQLITE_CONSTRAINT_CHECK if message.ends_with(dialect::RANGE) => Error::invalid("a number is out of range"),
        _ if message.contains("integer overflow") => Error::invalid("a number is out of range"),
        code => match code & 0xff {
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Error::Unavailable("the database is busy".into()),
            ffi::SQLITE_FULL | ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN | ffi::SQLITE_READONLY | ffi::SQLITE_NOMEM => {
                Error::Unavailable(format!("the database cannot be used: {message}"))
            }
            ffi::SQLITE_TOOBIG => Error::invalid("a value is too long"),
            _ => Error::Broken(format!("{message} in: {sql}")),
        },
    }
}

/// `t.a, t.b` or `index 'ux_t__a__b'` as `t.a,b`.
fn duplicate(key: &str) -> String {
    if let Some(index) = key.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        return dialect::duplicate_of_index(index).unwrap_or_else(|| index.to_owned());
    }
    let mut columns = key.split(", ");
    let first = columns.next().unwrap_or_default().to_owned();
    columns.fold(first, |all, next| all + "," + next.rsplit('.').next().unwrap_or(next))
}

/// A work in the queue, with the caller who waits for it.
trait Work: Send {
    /// Runs it inside the open transaction; whether it may be committed.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Tells the caller, after the commit or why there was none.
    fn reply(self: Box<Self>, committed: &Result<()>);
}

struct Waiting<T, F> {
    work: F,
    reply: oneshot::Sender<Result<T>>,
    outcome: Option<Result<T>>,
}

impl<T, F> Work for Waiting<T, F>
where
    T: Send,
    F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send,
{
    fn run(&mut self, tx: &mut Tx) -> bool {
        tx.failed = false;
        let ran = catch_unwind(AssertUnwindSafe(|| (self.work)(tx).now_or_never()));
        let outcome = match ran {
            Ok(Some(Ok(_))) if tx.failed => Err(super::failed()),
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(Error::broken("a transaction waited for something that is not the database")),
            Err(panic) => Err(super::panicked(panic)),
        };
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn reply(self: Box<Self>, committed: &Result<()>) {
        let outcome = match (self.outcome, committed) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.clone()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(Error::broken("a work was not run")),
        };
        let _ = self.reply.send(outcome);
    }
}

struct Writer {
    tx: Tx,
    commands: mpsc::Receiver<Command>,
}

impl Writer {
    fn run(mut self) {
        while let Ok(command) = self.commands.recv() {
            let close = match command {
                Command::Work(work) => self.group(work),
                Command::Close(reply) => Some(reply),
            };
            if let Some(reply) = close {
                let _ = self.control("PRAGMA optimize");
                let _ = reply.send(self.control("PRAGMA wal_checkpoint(TRUNCATE)"));
                return;
            }
        }
        let _ = self.control("PRAGMA optimize");
    }

    /// Runs this work and those waiting behind it in one transaction. A request to close that it met on the way is returned.
    fn group(&mut self, first: Box<dyn Work>) -> Option<oneshot::Sender<Result<()>>> {
        let begun = self.control("BEGIN IMMEDIATE");
        if begun.is_err() {
            first.reply(&begun);
            return None;
        }
        let mut done = Vec::new();
        let mut close = None;
        let mut next = Some(first);
        let mut whole = Ok(());
        while let Some(mut work) = next.take() {
            whole = self.one(work.as_mut());
            done.push(work);
            if whole.is_err() || done.len() == GROUP {
                break;
            }
            match self.commands.try_recv() {
                Ok(Command::Work(work)) => next = Some(work),
                Ok(Command::Close(reply)) => close = Some(reply),
                Err(_) => {}
            }
        }
        self.tx.shared.step();
        let committed = whole.and_then(|()| self.control("COMMIT"));
        self.tx.shared.step();
        if committed.is_err() && !self.connection().is_autocommit() {
            let _ = self.control("ROLLBACK");
        }
        for work in done {
            work.reply(&committed);
        }
        close
    }

    /// Runs one work between savepoints. An error here is not the work's: the whole group is lost.
    fn one(&mut self, work: &mut dyn Work) -> Result<()> {
        self.control("SAVEPOINT work")?;
        let keep = work.run(&mut self.tx);
        if self.connection().is_autocommit() {
            // The disk was full or failed, and SQLite rolled back everything.
            return Err(Error::Unavailable("the database gave up the transaction".into()));
        }
        if !keep {
            self.control("ROLLBACK TO work")?;
        }
        self.control("RELEASE work")
    }

    fn connection(&self) -> &Connection {
        match &self.tx.link {
            Link::Sqlite(connection) => connection,
            Link::Postgres(_) => unreachable!("the writer thread has a SQLite connection"),
        }
    }

    fn control(&self, sql: &str) -> Result<()> {
        let go = || -> rusqlite::Result<()> {
            let mut statement = self.connection().prepare_cached(sql)?;
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            Ok(())
        };
        go().map_err(|e| explain(e, sql))
    }
}
