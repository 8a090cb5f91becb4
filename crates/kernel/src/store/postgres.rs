//! PostgreSQL: a pool of connections with prepared statements, transactions that rerun, and values in binary form.

use super::{Link, Options, Row, Shared, Tx, dialect};
use crate::{Date, Error, Result, Time, Val, clock::Clock};
use bytes::{BufMut, BytesMut};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use futures::{FutureExt, future::BoxFuture, pin_mut};
use std::{error::Error as StdError, fmt, panic::AssertUnwindSafe, str::FromStr, sync::Arc, time::Duration};
use tokio_postgres::{
    Config, NoTls, Statement,
    binary_copy::BinaryCopyInWriter,
    error::SqlState,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

/// Longest wait for a free connection, and for a new one to be made.
const WAIT: Duration = Duration::from_secs(5);
/// Prepared statements kept by a connection at most.
const PREPARED: usize = 1024;
/// Runs of one transaction at most.
const RUNS: u32 = 5;

/// A pool of connections to one database.
pub(super) struct Postgres {
    pool: Pool,
    shared: Arc<Shared>,
}

/// Lists join many small tables to one large one and select in the large one by a union of keys. The planner must consider
/// that selection first, whatever the number of joins, and know that a key is found as fast as a page is read.
const PLANNER: &str = "-c join_collapse_limit=16 -c from_collapse_limit=16 -c random_page_cost=1.1";

impl Postgres {
    pub(super) async fn open(url: &str, options: &Options, shared: Arc<Shared>) -> Result<Postgres> {
        // The message may repeat parts of the URL, but never a password.
        let mut config = Config::from_str(url).map_err(|e| Error::invalid(format!("the database's URL: {e}")))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(WAIT);
        }
        if config.get_application_name().is_none() {
            config.application_name("stoa");
        }
        if config.get_options().is_none() {
            config.options(PLANNER);
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(options.readers.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .build()
            .map_err(Error::broken)?;
        let postgres = Postgres { pool, shared };
        // The text is ours, and so is the answer: only a locale that knows no letters but ASCII gives the wrong one.
        let rows = postgres.query("SELECT lower('Ä') = 'ä'", &[]).await?;
        if !rows.first().is_some_and(|row| row.get(0).unwrap_or(false)) {
            tracing::warn!("the database folds ASCII letters only; create it with LOCALE 'C.UTF-8'");
        }
        Ok(postgres)
    }

    pub(super) async fn query(&self, sql: &str, params: &[Val]) -> Result<Vec<Row>> {
        let text = self.shared.statement(sql, params)?;
        for last in [false, true] {
            let client = self.client().await?;
            match query(&client, &text, params).await {
                Ok(rows) => return Ok(rows),
                // A connection that died in the pool, or a statement prepared before a migration: once more.
                Err(Trouble::Wire(error)) if !last && (gone(&error) || stale(&error)) => {
                    drop(Object::take(client));
                }
                Err(trouble) => return Err(trouble.explain(sql)),
            }
        }
        Err(Error::Unavailable("the database closes its connections".into()))
    }

    pub(super) async fn write<T, F>(&self, work: &F) -> Result<T>
    where
        T: Send,
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Sync,
    {
        let mut run = 1;
        loop {
            let session = Session::begin(self).await?;
            let mut tx = Tx::new(Link::Postgres(session), self.shared.clone());
            let ran = AssertUnwindSafe(async { work(&mut tx).await }).catch_unwind().await;
            let outcome = match ran {
                Ok(Ok(_)) if tx.failed => Err(super::failed()),
                Ok(outcome) => outcome,
                Err(panic) => Err(super::panicked(panic)),
            };
            let mut again = tx.again;
            let Link::Postgres(session) = tx.link else { return Err(Error::broken("not a PostgreSQL transaction")) };
            let outcome = match outcome {
                Ok(value) => {
                    self.shared.step();
                    let committed = session.commit(&mut again).await;
                    self.shared.step();
                    committed.map(|()| value)
                }
                Err(error) => {
                    session.rollback().await;
                    Err(error)
                }
            };
            if outcome.is_ok() || !again || run == RUNS {
                return outcome;
            }
            // Twice as long each time, at random, so that two that met don't meet again.
            let [a, b] = Clock::new().secret::<2>();
            let jitter = u64::from(u16::from_le_bytes([a, b]));
            tokio::time::sleep(Duration::from_micros((5_000 << run) * jitter / 65_536)).await;
            run += 1;
        }
    }

    pub(super) async fn bulk(&self, table: &str, columns: &str, with_id: bool, rows: &[Vec<Val>]) -> Result<()> {
        let session = Session::begin(self).await?;
        let copied = session.copy(table, columns, with_id, rows).await;
        match copied {
            Ok(()) => session.commit(&mut false).await,
            Err(trouble) => {
                session.rollback().await;
                Err(trouble.explain(&format!("COPY {table}")))
            }
        }
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }

    async fn client(&self) -> Result<Object> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(_) => Error::Unavailable("no connection to the database within 5 seconds".into()),
            error => Error::Unavailable(format!("no connection to the database: {}", chain(&error))),
        })
    }
}

/// Prepares a statement, or finds it prepared. The connection forgets all when they are too many, as the server keeps
/// memory for each.
async fn prepare(client: &Object, text: &str) -> Result<Statement, Trouble> {
    if client.statement_cache.size() >= PREPARED {
        client.statement_cache.clear();
    }
    Ok(client.prepare_cached(text).await?)
}

async fn query(client: &Object, text: &str, params: &[Val]) -> Result<Vec<Row>, Trouble> {
    let statement = prepare(client, text).await?;
    let params = wire(&statement, params)?;
    let rows = client.query(&statement, &refs(&params)).await?;
    let row = |row: &tokio_postgres::Row| {
        let values = (0..row.len()).map(|i| row.try_get::<_, Received>(i).map(|received| received.0));
        values.collect::<Result<_, _>>().map(Row::new)
    };
    Ok(rows.iter().map(row).collect::<Result<_, _>>()?)
}

async fn execute(client: &Object, text: &str, params: &[Val]) -> Result<u64, Trouble> {
    let statement = prepare(client, text).await?;
    let params = wire(&statement, params)?;
    Ok(client.execute(&statement, &refs(&params)).await?)
}

/// tokio-postgres panics on a wrong number of parameters; this is an error instead.
fn wire<'v>(statement: &Statement, params: &'v [Val]) -> Result<Vec<Sent<'v>>, Trouble> {
    let wanted = statement.params().len();
    if wanted != params.len() {
        return Err(Trouble::Ours(format!("{} parameters for a statement with {wanted}", params.len())));
    }
    Ok(params.iter().map(Sent).collect())
}

fn refs<'p>(params: &'p [Sent]) -> Vec<&'p (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

/// A connection in an open transaction. Dropped in the middle, as when a caller goes away, the connection is closed, and
/// the server rolls back; it never returns to the pool like that.
pub(super) struct Session(Option<Object>);

impl Session {
    async fn begin(postgres: &Postgres) -> Result<Session> {
        for last in [false, true] {
            let session = Session(Some(postgres.client().await?));
            match session.client()?.batch_execute("BEGIN").await {
                Ok(()) => return Ok(session),
                Err(error) if gone(&error) && !last => {}
                Err(error) => return Err(Trouble::Wire(error).explain("BEGIN")),
            }
        }
        Err(Error::Unavailable("the database closes its connections".into()))
    }

    fn client(&self) -> Result<&Object> {
        self.0.as_ref().ok_or_else(|| Error::broken("a transaction without a connection"))
    }

    async fn commit(mut self, again: &mut bool) -> Result<()> {
        let done = self.client()?.batch_execute("COMMIT").await;
        match done {
            Ok(()) => {
                // Back to the pool.
                drop(self.0.take());
                Ok(())
            }
            Err(error) => Err(Trouble::Wire(error).note_commit(again).explain("COMMIT")),
        }
    }

    async fn rollback(mut self) {
        let done = match self.client() {
            Ok(client) => client.batch_execute("ROLLBACK").await.is_ok(),
            Err(_) => false,
        };
        if done {
            drop(self.0.take());
        }
    }

    pub(super) async fn query(&self, shared: &Shared, sql: &str, params: &[Val], again: &mut bool) -> Result<Vec<Row>> {
        let text = shared.statement(sql, params)?;
        query(self.client()?, &text, params).await.map_err(|trouble| self.lost(trouble).note(again).explain(sql))
    }

    pub(super) async fn execute(&self, shared: &Shared, sql: &str, params: &[Val], again: &mut bool) -> Result<u64> {
        let text = shared.statement(sql, params)?;
        execute(self.client()?, &text, params).await.map_err(|trouble| self.lost(trouble).note(again).explain(sql))
    }

    pub(super) async fn batch(&self, shared: &Shared, sql: &str, again: &mut bool) -> Result<()> {
        let text = shared.dialect.migration(sql)?;
        let done = self.client()?.batch_execute(&text).await;
        done.map_err(|error| Trouble::Wire(error).note(again).explain(sql))
    }

    async fn copy(&self, table: &str, columns: &str, with_id: bool, rows: &[Vec<Val>]) -> Result<(), Trouble> {
        let client = self.0.as_ref().ok_or_else(|| Trouble::Ours("no connection".into()))?;
        let shape = client.prepare(&format!("SELECT {columns} FROM {table} LIMIT 0")).await?;
        let types: Vec<Type> = shape.columns().iter().map(|column| column.type_().clone()).collect();
        let sink = client.copy_in(&format!("COPY {table} ({columns}) FROM STDIN BINARY")).await?;
        let writer = BinaryCopyInWriter::new(sink, &types);
        pin_mut!(writer);
        for row in rows {
            super::check(row).map_err(Trouble::Value)?;
            let row: Vec<Sent> = row.iter().map(Sent).collect();
            writer.as_mut().write(&refs(&row)).await?;
        }
        writer.finish().await?;
        if with_id {
            // Rows that come later must not get keys that were given here.
            let next = format!(
                "SELECT setval(s, (SELECT max(id) FROM {table})) FROM pg_get_serial_sequence('{table}', 'id') s
                 WHERE s IS NOT NULL AND EXISTS (SELECT 1 FROM {table})"
            );
            client.batch_execute(&next).await?;
        }
        Ok(())
    }

    /// Forgets prepared statements that a migration has made useless, so that another run prepares them anew.
    fn lost(&self, trouble: Trouble) -> Trouble {
        if let (Trouble::Wire(error), Some(client)) = (&trouble, &self.0)
            && stale(error)
        {
            client.statement_cache.clear();
        }
        trouble
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

/// An error on its way to becoming one of ours.
enum Trouble {
    Wire(tokio_postgres::Error),
    Value(Error),
    Ours(String),
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Trouble {
        Trouble::Wire(error)
    }
}

/// The server has ended the connection, or it was lost.
fn gone(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || matches!(error.code(), Some(&SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN))
}

/// A statement prepared before the tables changed.
fn stale(error: &tokio_postgres::Error) -> bool {
    let message = error.as_db_error().map(|db| db.message()).unwrap_or_default();
    error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) && message.contains("cached plan")
}

impl Trouble {
    /// Notes whether the same transaction may succeed when it is run again after its commit failed. CockroachDB's restart
    /// errors are 40001 as well.
    fn note_commit(self, again: &mut bool) -> Trouble {
        if let Trouble::Wire(error) = &self {
            let code = error.code();
            *again |=
                code == Some(&SqlState::T_R_SERIALIZATION_FAILURE) || code == Some(&SqlState::T_R_DEADLOCK_DETECTED);
        }
        self
    }

    /// The same for a statement before the commit, where a lost connection leaves no doubt about what happened: nothing.
    fn note(self, again: &mut bool) -> Trouble {
        if let Trouble::Wire(error) = &self {
            *again |= gone(error) || stale(error);
        }
        self.note_commit(again)
    }

    /// Says what it means for the caller.
    fn explain(self, sql: &str) -> Error {
        let error = match self {
            Trouble::Wire(error) => error,
            Trouble::Value(error) => return error,
            Trouble::Ours(context) => return Error::Broken(format!("{context} in: {sql}")),
        };
        let Some(db) = error.as_db_error() else {
            let unfit = StdError::source(&error).and_then(|source| source.downcast_ref::<Unfit>());
            return match unfit {
                Some(Unfit::Range) => Error::invalid("a number is out of range"),
                Some(_) => Error::Broken(format!("{} in: {sql}", chain(&error))),
                // Wrong bytes are our mistake or theirs; all else is the connection.
                None if error.to_string().contains("deserializing") => {
                    Error::Broken(format!("{} in: {sql}", chain(&error)))
                }
                None => Error::Unavailable(format!("the database does not answer: {}", chain(&error))),
            };
        };
        let code = db.code().code();
        match code {
            "23505" => Error::Duplicate(duplicate(db)),
            "23503" => Error::Dangling(db.constraint().unwrap_or_default().to_owned()),
            "22003" => Error::invalid("a number is out of range"),
            "22001" | "54000" => Error::invalid("a value is too long"),
            "22021" => Error::invalid("a text has characters that are not allowed"),
            "40001" | "40P01" | "55P03" => Error::Unavailable("the database is busy".into()),
            _ if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => {
                Error::Unavailable(format!("the database can't be used: {}", db.message()))
            }
            "25006" => Error::Unavailable("the database is read-only".into()),
            _ => Error::Broken(format!("{code} {} in: {sql}", db.message())),
        }
    }
}

/// `table.a,b` from the index's name, or from `Key (a, b)=(…)` for a primary key.
fn duplicate(db: &tokio_postgres::error::DbError) -> String {
    let constraint = db.constraint().unwrap_or_default();
    let from_detail = || {
        let columns = db.detail()?.split_once('(')?.1.split_once(")=")?.0.replace(", ", ",");
        Some(format!("{}.{columns}", db.table()?))
    };
    dialect::duplicate_of_index(constraint).or_else(from_detail).unwrap_or_else(|| constraint.to_owned())
}

/// An error with its causes, as tokio-postgres's own words are too short.
fn chain(error: &dyn StdError) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.ends_with(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}

/// A value that does not fit the type that the statement wants.
#[derive(Debug)]
enum Unfit {
    Range,
    Type(String),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Unfit::Range => f.write_str("a number is out of range"),
            Unfit::Type(words) => f.write_str(words),
        }
    }
}

impl StdError for Unfit {}

/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const EPOCH: i64 = 946_684_800_000_000;
const FIRST_DAY: jiff::civil::Date = jiff::civil::date(2000, 1, 1);

/// A parameter, written as the type that the statement wants.
#[derive(Debug)]
struct Sent<'v>(&'v Val);

impl ToSql for Sent<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match (self.0, ty) {
            (Val::Null, _) => return Ok(IsNull::Yes),
            (Val::Bool(x), &Type::BOOL) => out.put_u8((*x).into()),
            (Val::Int(x), &Type::INT8) => out.put_i64(*x),
            (Val::Int(x), &Type::INT4) => out.put_i32(i32::try_from(*x).map_err(|_| Unfit::Range)?),
            (Val::Int(x), &Type::INT2) => out.put_i16(i16::try_from(*x).map_err(|_| Unfit::Range)?),
            (Val::Int(x), &Type::NUMERIC) => numeric(*x, out),
            (Val::Int(x), &Type::FLOAT8) => out.put_f64(*x as f64),
            (Val::Float(x), &Type::FLOAT8) => out.put_f64(*x),
            (Val::Float(x), &Type::FLOAT4) => out.put_f32(*x as f32),
            (Val::Text(x), &Type::JSONB) => {
                out.put_u8(1);
                out.put_slice(x.as_bytes());
            }
            (
                Val::Text(x),
                &Type::TEXT | &Type::VARCHAR | &Type::BPCHAR | &Type::NAME | &Type::JSON | &Type::UNKNOWN,
            ) => {
                out.put_slice(x.as_bytes());
            }
            (Val::Uuid(x), &Type::UUID) => out.put_slice(x.as_bytes()),
            (Val::Time(x), &Type::TIMESTAMPTZ) => out.put_i64(x.0 - EPOCH),
            (Val::Date(x), &Type::DATE) => {
                let days = x.0.since(FIRST_DAY).map(|span| span.get_days()).map_err(|_| Unfit::Range)?;
                out.put_i32(days);
            }
            (Val::Bytes(x), &Type::BYTEA) => out.put_slice(x),
            (Val::Ints(x), &Type::INT8_ARRAY) => return (&**x).to_sql(ty, out),
            (Val::Ints(x), &Type::INT4_ARRAY) => {
                // A key that does not fit is in no row: leave it out instead of failing.
                let fitting: Vec<i32> = x.iter().filter_map(|x| i32::try_from(*x).ok()).collect();
                return fitting.to_sql(ty, out);
            }
            (Val::Texts(x), &Type::TEXT_ARRAY | &Type::VARCHAR_ARRAY) => return (&**x).to_sql(ty, out),
            (Val::Uuids(x), &Type::UUID_ARRAY) => return (&**x).to_sql(ty, out),
            (value, ty) => {
                let kind = format!("{value:?}");
                let kind = kind.split('(').next().unwrap_or_default();
                return Err(Box::new(Unfit::Type(format!("a value of kind {kind} where {ty} is wanted"))));
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A whole number as NUMERIC: digits of base 10,000, the first worth the most.
fn numeric(x: i64, out: &mut BytesMut) {
    let mut digits = Vec::new();
    let mut rest = x.unsigned_abs();
    while rest > 0 {
        digits.push((rest % 10_000) as i16);
        rest /= 10_000;
    }
    out.put_i16(digits.len() as i16);
    out.put_i16(digits.len().saturating_sub(1) as i16);
    out.put_u16(if x < 0 { 0x4000 } else { 0 });
    out.put_i16(0);
    digits.iter().rev().for_each(|digit| out.put_i16(*digit));
}

/// A column, read by its type.
struct Received(Val);

impl<'r> FromSql<'r> for Received {
    fn from_sql(ty: &Type, raw: &'r [u8]) -> Result<Received, Box<dyn StdError + Sync + Send>> {
        Ok(Received(match *ty {
            Type::BOOL => Val::Bool(bool::from_sql(ty, raw)?),
            Type::INT2 => Val::Int(i16::from_sql(ty, raw)?.into()),
            Type::INT4 => Val::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Val::Int(i64::from_sql(ty, raw)?),
            Type::FLOAT4 => Val::Float(f32::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Val::Float(f64::from_sql(ty, raw)?),
            Type::NUMERIC => read_numeric(raw)?,
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON => {
                Val::Text(std::str::from_utf8(raw)?.to_owned())
            }
            Type::JSONB => Val::Text(std::str::from_utf8(raw.get(1..).unwrap_or_default())?.to_owned()),
            Type::UUID => Val::Uuid(uuid::Uuid::from_slice(raw)?),
            Type::TIMESTAMPTZ => Val::Time(Time(i64::from_sql(ty, raw)?.saturating_add(EPOCH))),
            Type::DATE => {
                let days = jiff::Span::new().try_days(i32::from_sql(ty, raw)?)?;
                Val::Date(Date(FIRST_DAY.checked_add(days)?))
            }
            Type::BYTEA => Val::Bytes(raw.to_vec()),
            Type::VOID => Val::Null,
            _ => return Err(Box::new(Unfit::Type(format!("a column of type {ty}, which the store does not read")))),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Received, Box<dyn StdError + Sync + Send>> {
        Ok(Received(Val::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// NUMERIC, which sums and averages give: whole ones exactly, others as the nearest floating-point number.
fn read_numeric(raw: &[u8]) -> Result<Val, Box<dyn StdError + Sync + Send>> {
    let mut words = raw.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]]));
    let mut next = || words.next().ok_or("a short NUMERIC");
    let (count, weight, sign, _scale) = (next()?, next()?, next()?, next()?);
    let sign = match sign {
        0 => 1,
        0x4000 => -1,
        _ => return Err("a NUMERIC that is not finite".into()),
    };
    let digits: Vec<i16> = words.take(count.max(0) as usize).collect();
    let place = |i: usize| i32::from(weight) - i as i32;
    if (0..digits.len()).all(|i| place(i) >= 0) {
        let whole = digits.iter().enumerate().try_fold(0_i128, |sum, (i, digit)| {
            let unit = 10_000_i128.checked_pow(place(i).try_into().ok()?)?;
            sum.checked_add(i128::from(*digit).checked_mul(unit)?)
        });
        let whole = whole.and_then(|whole| i64::try_from(whole * sign).ok()).ok_or(Unfit::Range)?;
        return Ok(Val::Int(whole));
    }
    let sum: f64 = digits.iter().enumerate().map(|(i, digit)| f64::from(*digit) * 10_000_f64.powi(place(i))).sum();
    Ok(Val::Float(sum * sign as f64))
}
