//! The one value type between Rust and both engines.

use crate::{
    id::Uuid,
    money::Amount,
    time::{Date, Time},
};
use std::sync::Arc;

/// A value as a parameter or in a row. The engines differ in how they hold some of these (SQLite has no booleans, times,
/// dates or uuids); [`crate::store::Row`] reads either form, so callers never see the difference.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Val {
    /// SQL NULL.
    #[default]
    Null,
    /// `BOOLEAN`
    Bool(bool),
    /// `BIGINT` or `INTEGER`
    Int(i64),
    /// `DOUBLE PRECISION`
    Float(f64),
    /// `TEXT`
    Text(String),
    /// `UUID`
    Uuid(Uuid),
    /// `TIMESTAMPTZ`
    Time(Time),
    /// `DATE`
    Date(Date),
    /// A list of keys for `= ANY($n)`.
    Ints(Arc<[i64]>),
    /// A list of texts for `= ANY($n)`.
    Texts(Arc<[String]>),
    /// A list of uuids for `= ANY($n)`.
    Uuids(Arc<[Uuid]>),
    /// `BYTEA`
    Bytes(Vec<u8>),
}

macro_rules! from {
    ($($ty:ty => |$x:ident| $make:expr),* $(,)?) => { $(
        impl From<$ty> for Val { fn from($x: $ty) -> Val { $make } }
    )* };
}
from! {
    bool => |x| Val::Bool(x),
    i64 => |x| Val::Int(x),
    i32 => |x| Val::Int(x.into()),
    u32 => |x| Val::Int(x.into()),
    f64 => |x| Val::Float(x),
    String => |x| Val::Text(x),
    &str => |x| Val::Text(x.to_owned()),
    &String => |x| Val::Text(x.clone()),
    Uuid => |x| Val::Uuid(x),
    Time => |x| Val::Time(x),
    Date => |x| Val::Date(x),
    Amount => |x| Val::Int(x.0),
    Vec<i64> => |x| Val::Ints(x.into()),
    Vec<String> => |x| Val::Texts(x.into()),
    Vec<Uuid> => |x| Val::Uuids(x.into()),
    &serde_json::Value => |x| Val::Text(x.to_string()),
    serde_json::Value => |x| Val::Text(x.to_string()),
}

impl<T: Into<Val>> From<Option<T>> for Val {
    fn from(x: Option<T>) -> Val {
        x.map_or(Val::Null, Into::into)
    }
}

impl Val {
    /// Whether this is SQL NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Val::Null)
    }
}

/// The parameters of a statement: `vals![id, "text", now]`.
#[macro_export]
macro_rules! vals {
    ($($x:expr),* $(,)?) => { [$($crate::Val::from($x)),*] };
}
