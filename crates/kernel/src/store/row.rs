//! Rows as both engines give them.

use crate::{
    Date, Error, Result, Time, Val,
    id::{self, Uuid},
    money::Amount,
};

/// One row of an answer. Columns are read by position with [`Row::get`], which hides how the engine held the value.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(Box<[Val]>);

impl Row {
    pub(super) fn new(values: Vec<Val>) -> Row {
        Row(values.into_boxed_slice())
    }

    /// The value of a column. Asking for another type than the column has, for NULL without `Option`, or for a column that
    /// is not there is our mistake: [`Error::Broken`] with the column's number (from 0) and what was found.
    pub fn get<T: FromVal>(&self, i: usize) -> Result<T> {
        let value = self.val(i);
        T::from_val(value).ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            Error::Broken(format!("column {i} of {}: wanted {wanted}, found {value:?}", self.len()))
        })
    }

    /// The value as the engine gave it; `Null` beyond the last column. The two engines differ here: prefer [`Row::get`].
    pub fn val(&self, i: usize) -> &Val {
        const NULL: Val = Val::Null;
        self.0.get(i).unwrap_or(&NULL)
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the row has no columns.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rows inside a column that was made with `JSON_ROWS(JSON_ROW(…))`. Their columns are read like any others. NULL is no
    /// rows. Integers beyond 2^53 and bytes do not belong into such a column.
    pub fn rows(&self, i: usize) -> Result<Vec<Row>> {
        let Some(outer) = self.get::<Option<serde_json::Value>>(i)? else { return Ok(Vec::new()) };
        let broken = || Error::Broken(format!("column {i} does not hold rows: {outer}"));
        let row = |row: &serde_json::Value| Some(Row(row.as_array()?.iter().map(from_json).collect()));
        outer.as_array().and_then(|rows| rows.iter().map(row).collect()).ok_or_else(broken)
    }
}

fn from_json(value: &serde_json::Value) -> Val {
    match value {
        serde_json::Value::Null => Val::Null,
        serde_json::Value::Bool(b) => Val::Bool(*b),
        serde_json::Value::Number(n) => n.as_i64().map(Val::Int).or(n.as_f64().map(Val::Float)).unwrap_or(Val::Null),
        serde_json::Value::String(s) => Val::Text(s.clone()),
        nested => Val::Text(nested.to_string()),
    }
}

/// A type that a column can be read as.
pub trait FromVal: Sized {
    /// The value, from either engine's form; `None` if it is of another type or does not fit.
    fn from_val(value: &Val) -> Option<Self>;
}

macro_rules! from_val {
    ($($ty:ty { $($pattern:pat => $make:expr),+ $(,)? })*) => { $(
        impl FromVal for $ty {
            fn from_val(value: &Val) -> Option<Self> {
                match value { $($pattern => $make,)+ _ => None }
            }
        }
    )* };
}
from_val! {
    i64 { Val::Int(x) => Some(*x) }
    i32 { Val::Int(x) => i32::try_from(*x).ok() }
    bool { Val::Bool(x) => Some(*x), Val::Int(0) => Some(false), Val::Int(1) => Some(true) }
    f64 { Val::Float(x) => Some(*x), Val::Int(x) => Some(*x as f64) }
    String { Val::Text(x) => Some(x.clone()) }
    Uuid {
        Val::Uuid(x) => Some(*x),
        Val::Bytes(x) => Uuid::from_slice(x).ok(),
        Val::Text(x) => id::parse(x),
    }
    Time { Val::Time(x) => Some(*x), Val::Int(x) => Time::from_micros(*x), Val::Text(x) => Time::parse(x) }
    Date { Val::Date(x) => Some(*x), Val::Text(x) => Date::parse(x) }
    Amount { Val::Int(x) => Some(Amount(*x)) }
    Vec<u8> { Val::Bytes(x) => Some(x.clone()) }
    serde_json::Value { Val::Text(x) => serde_json::from_str(x).ok() }
}

impl FromVal for Val {
    fn from_val(value: &Val) -> Option<Self> {
        Some(value.clone())
    }
}

impl<T: FromVal> FromVal for Option<T> {
    fn from_val(value: &Val) -> Option<Self> {
        if value.is_null() { Some(None) } else { T::from_val(value).map(Some) }
    }
}
