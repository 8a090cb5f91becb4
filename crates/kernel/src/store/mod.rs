//! The database: SQLite (embedded, the default) and PostgreSQL behind one small interface. (Signatures only, for now.)
use crate::{Result, Val};
use futures::future::BoxFuture;
/// Store.
#[derive(Clone, Debug)]
pub struct Store;
/// Reader.
#[derive(Debug)]
pub struct Reader;
/// Tx.
#[derive(Debug)]
pub struct Tx;
/// Row.
#[derive(Debug, Clone)]
pub struct Row(Box<[Val]>);
/// Migration.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Name.
    pub name: &'static str,
    /// Text.
    pub sql: &'static str,
}
/// From a value.
pub trait FromVal: Sized {
    /// Reads.
    fn from_val(val: &Val) -> Option<Self>;
}
macro_rules! fv { ($($t:ty),*) => { $(impl FromVal for $t { fn from_val(_: &Val) -> Option<Self> { None } })* } }
fv!(
    i64,
    i32,
    bool,
    String,
    f64,
    crate::id::Uuid,
    crate::Time,
    crate::Date,
    crate::money::Amount,
    Vec<u8>,
    serde_json::Value
);
impl<T: FromVal> FromVal for Option<T> {
    fn from_val(val: &Val) -> Option<Self> {
        if val.is_null() { Some(None) } else { T::from_val(val).map(Some) }
    }
}
impl Row {
    /// Reads.
    pub fn get<T: FromVal>(&self, i: usize) -> Result<T> {
        self.0.get(i).and_then(T::from_val).ok_or_else(|| crate::Error::broken("row"))
    }
    /// Value.
    pub fn val(&self, i: usize) -> &Val {
        &self.0[i]
    }
}
/// Query.
pub trait Query: Send {
    /// Runs.
    fn query<'a>(&'a mut self, sql: &'a str, params: &'a [Val]) -> BoxFuture<'a, Result<Vec<Row>>>;
}
impl Query for Reader {
    fn query<'a>(&'a mut self, _: &'a str, _: &'a [Val]) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async { Ok(vec![]) })
    }
}
impl Query for Tx {
    fn query<'a>(&'a mut self, _: &'a str, _: &'a [Val]) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async { Ok(vec![]) })
    }
}
#[allow(clippy::unused_async)]
impl Store {
    /// Reader.
    pub fn reader(&self) -> Reader {
        Reader
    }
    /// Q.
    pub async fn query(&self, _: &str, _: &[Val]) -> Result<Vec<Row>> {
        Ok(vec![])
    }
    /// Q.
    pub async fn query_long(&self, _: &str, _: &[Val]) -> Result<Vec<Row>> {
        Ok(vec![])
    }
    /// W.
    pub async fn write<T: Send + 'static>(
        &self,
        _: impl for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
    ) -> Result<T> {
        Err(crate::Error::broken("stub"))
    }
}
#[allow(clippy::unused_async)]
impl Tx {
    /// Q.
    pub async fn query(&mut self, _: &str, _: &[Val]) -> Result<Vec<Row>> {
        Ok(vec![])
    }
    /// E.
    pub async fn execute(&mut self, _: &str, _: &[Val]) -> Result<u64> {
        Ok(0)
    }
    /// O.
    pub async fn one(&mut self, _: &str, _: &[Val]) -> Result<Option<Row>> {
        Ok(None)
    }
}
