//! What can be sent: a field is one row of a table, and gives validation, the API description, the statement that stores
//! it and what the event records as changed.

use crate::{
    access::Actor,
    error::{Invalid, Result},
    id::{self, Uuid},
    money::Amount,
    time::{Date, Time},
    val::Val,
    view::View,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The type of a value, as it is stored, sent and shown.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A floating-point number (coordinates only).
    Float,
    /// A fixed-point decimal, shown as text with this many places.
    Amount(u32),
    /// The same, shown as a JSON number because the format asks for one.
    AmountNumber,
    /// A public identifier.
    Uuid,
    /// An instant.
    Time,
    /// A day.
    Date,
    /// One of these texts; the first value is the name of the set.
    Choice(&'static str, &'static [&'static str]),
    /// A link to a thing of this kind, stored as its key, named by its uuid.
    Link(&'static str),
    /// A list of links.
    Links(&'static str),
    /// A list of texts, stored as JSON.
    Texts,
    /// Free JSON, stored as text.
    Json,
    /// A JSON object, stored as text.
    Object,
    /// A list of rows with these columns; see [`crate::view::Column`].
    Rows(&'static str, &'static [crate::view::Column]),
    /// One row with these columns, or null.
    OneRow(&'static str, &'static [crate::view::Column]),
    /// An uploaded file. Sent as `{"filename", "content_type", "base64"}` (surfaces make it from an upload), stored as the key
    /// of a row of files, shown as its address.
    File,
}

/// Extra checks of a text.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// None.
    Free,
    /// An e-mail address.
    Email,
    /// An absolute http or https address.
    Url,
    /// Letters, digits, hyphens and underscores.
    Slug,
    /// At least one character that is no blank.
    Visible,
    /// A function that says what is wrong.
    By(fn(&str) -> Option<String>),
}

/// Who may write or see a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody who may run the action or open the view.
    Everyone,
    /// Staff and support agents.
    Support,
    /// Staff.
    Staff,
    /// The user whom the row is; in a view of users.
    Own,
    /// The user whom the row is, staff and support agents.
    OwnOrSupport,
    /// The user whom the row is, and staff.
    OwnOrStaff,
    /// Nobody: it can be sent back unchanged, and is refused if changed.
    Nobody,
}

impl Who {
    /// Whether an actor is among them; `own` says whether the row is the actor himself.
    pub fn includes(self, actor: &Actor, own: bool) -> bool {
        match self {
            Who::Everyone => true,
            Who::Support => actor.sees_all(),
            Who::Staff => actor.is_staff(),
            Who::Own => own,
            Who::OwnOrSupport => own || actor.sees_all(),
            Who::OwnOrStaff => own || actor.is_staff(),
            Who::Nobody => false,
        }
    }
}

/// One field of an action's input.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// A sentence for the caller.
    pub about: &'static str,
    /// Whether it must be sent (when a thing is created, or an action run).
    pub required: bool,
    /// Whether null is a value.
    pub nullable: bool,
    /// Whether an empty text is a value.
    pub blank: bool,
    /// The longest text (characters), or the largest whole number.
    pub max: i64,
    /// The smallest whole number.
    pub min: i64,
    /// A further check of a text.
    pub check: Check,
    /// Who may set it.
    pub who: Who,
    /// The column that stores it, for things that are records.
    pub column: Option<&'static str>,
    /// Whether it is fixed once the thing exists.
    pub fixed: bool,
    /// Whether its value is secret: never shown, logged or recorded.
    pub secret: bool,
}

impl Field {
    /// An optional field without limits of its own.
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Field {
        let (min, max) = match kind {
            Kind::Int => (0, 2_147_483_647),
            _ => (0, 10_000),
        };
        let check = Check::Free;
        Field {
            name,
            kind,
            about,
            required: false,
            nullable: false,
            // A choice is one of its values; a set that has the empty one says so.
            blank: !matches!(kind, Kind::Choice(..)),
            max,
            min,
            check,
            who: Who::Everyone,
            column: None,
            fixed: false,
            secret: false,
        }
    }
    /// A text of at most this many characters.
    pub const fn text(name: &'static str, max: i64, about: &'static str) -> Field {
        Field::new(name, Kind::Text, about).max(max)
    }
    /// It must be sent, and an empty text is no value.
    pub const fn required(self) -> Field {
        Field { required: true, blank: false, ..self }
    }
    /// Null is a value.
    pub const fn nullable(self) -> Field {
        Field { nullable: true, ..self }
    }
    /// An empty text is a value.
    pub const fn blank(self) -> Field {
        Field { blank: true, ..self }
    }
    /// An empty text is no value.
    pub const fn not_blank(self) -> Field {
        Field { blank: false, ..self }
    }
    /// The longest text, or the largest number.
    pub const fn max(self, max: i64) -> Field {
        Field { max, ..self }
    }
    /// The smallest number.
    pub const fn min(self, min: i64) -> Field {
        Field { min, ..self }
    }
    /// A further check.
    pub const fn check(self, check: Check) -> Field {
        Field { check, ..self }
    }
    /// Only these may set it.
    pub const fn only(self, who: Who) -> Field {
        Field { who, ..self }
    }
    /// It is stored in the column of its own name.
    pub const fn stored(self) -> Field {
        Field { column: Some(self.name), ..self }
    }
    /// It is stored in this column.
    pub const fn stored_in(self, column: &'static str) -> Field {
        Field { column: Some(column), ..self }
    }
    /// It is set when the thing is created and never again.
    pub const fn fixed(self) -> Field {
        Field { fixed: true, ..self }
    }
    /// Its value is never shown, logged or recorded.
    pub const fn secret(self) -> Field {
        Field { secret: true, ..self }
    }
}

/// How an input is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Required fields must be there.
    Whole,
    /// Only what is sent changes.
    Partial,
}

/// A validated input: values by field name, only those that were sent.
#[derive(Debug, Clone, Default)]
pub struct Input {
    values: BTreeMap<&'static str, Val>,
    json: BTreeMap<&'static str, Value>,
}

impl Input {
    /// Reads a body by a table of fields. Links are checked for their form only; [`crate::door`] resolves them.
    ///
    /// # Errors
    /// Invalid, with every field that is wrong.
    pub fn read(fields: &'static [Field], body: &Value, mode: Mode) -> Result<Input> {
        let empty = Map::new();
        let body = match body {
            Value::Object(body) => body,
            Value::Null => &empty,
            other => {
                let text = format!("Invalid data. Expected a dictionary, but got {}.", kind_name(other));
                return Err(crate::Error::invalid(text));
            }
        };
        let mut invalid = Invalid::default();
        let mut input = Input::default();
        for field in fields {
            match body.get(field.name) {
                None if field.required && mode == Mode::Whole => invalid.add(field.name, "This field is required."),
                None => {}
                Some(_) if field.who == Who::Nobody => {}
                Some(value) => match read_value(field, value) {
                    Ok((val, json)) => {
                        input.values.insert(field.name, val);
                        if let Some(json) = json {
                            input.json.insert(field.name, json);
                        }
                    }
                    Err(messages) => messages.into_iter().for_each(|message| invalid.add(field.name, message)),
                },
            }
        }
        invalid.done()?;
        Ok(input)
    }

    /// Whether the field was sent.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The value of a field that was sent.
    pub fn val(&self, name: &str) -> Option<&Val> {
        self.values.get(name)
    }

    /// Sets a value, as if it had been sent.
    pub fn set(&mut self, name: &'static str, val: impl Into<Val>) {
        self.values.insert(name, val.into());
    }

    /// Forgets a value.
    pub fn drop(&mut self, name: &str) {
        self.values.remove(name);
    }

    /// The text of a field, if it was sent and is not null.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Val::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The truth of a field; `None` if it was not sent.
    pub fn bool(&self, name: &str) -> Option<bool> {
        match self.values.get(name) {
            Some(Val::Bool(truth)) => Some(*truth),
            _ => None,
        }
    }

    /// The whole number of a field, or the key that a link was resolved to.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.values.get(name) {
            Some(Val::Int(n)) => Some(*n),
            _ => None,
        }
    }

    /// The instant of a field.
    pub fn time(&self, name: &str) -> Option<Time> {
        match self.values.get(name) {
            Some(Val::Time(time)) => Some(*time),
            _ => None,
        }
    }

    /// The day of a field.
    pub fn date(&self, name: &str) -> Option<Date> {
        match self.values.get(name) {
            Some(Val::Date(date)) => Some(*date),
            _ => None,
        }
    }

    /// The uuid of a field, or of a link that is not resolved yet.
    pub fn uuid(&self, name: &str) -> Option<Uuid> {
        match self.values.get(name) {
            Some(Val::Uuid(uuid)) => Some(*uuid),
            _ => None,
        }
    }

    /// The keys that a list of links was resolved to.
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        match self.values.get(name) {
            Some(Val::Ints(ids)) => Some(ids),
            _ => None,
        }
    }

    /// The JSON of a field of kind [`Kind::Json`], [`Kind::Object`] or [`Kind::Texts`].
    pub fn json(&self, name: &str) -> Option<&Value> {
        self.json.get(name)
    }

    /// What was sent for the stored fields: column, field and value.
    pub fn stored<'a>(&'a self, fields: &'static [Field]) -> impl Iterator<Item = (&'static Field, &'a Val)> {
        fields.iter().filter(|f| f.column.is_some()).filter_map(|f| self.values.get(f.name).map(|val| (f, val)))
    }
}

fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

type Read = std::result::Result<(Val, Option<Value>), Vec<String>>;

fn read_value(field: &Field, value: &Value) -> Read {
    let no = |message: &str| Err(vec![message.to_owned()]);
    if value.is_null() || (field.nullable && value.as_str() == Some("") && !matches!(field.kind, Kind::Text)) {
        return if field.nullable { Ok((Val::Null, None)) } else { no("This field may not be null.") };
    }
    match field.kind {
        Kind::Text => read_text(field, value),
        Kind::Choice(_, choices) => match value.as_str() {
            Some("") if field.blank && !choices.contains(&"") && !field.required => Ok((Val::from(""), None)),
            Some(text) if choices.contains(&text) => Ok((Val::from(text), None)),
            Some(text) => Err(vec![format!("\"{}\" is not a valid choice.", shorten(text))]),
            None => Err(vec![format!("\"{}\" is not a valid choice.", shorten(&value.to_string()))]),
        },
        Kind::Bool => match value {
            Value::Bool(truth) => Ok((Val::Bool(*truth), None)),
            Value::String(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" | "t" | "y" => Ok((Val::Bool(true), None)),
                "false" | "0" | "no" | "off" | "f" | "n" => Ok((Val::Bool(false), None)),
                _ => no("Must be a valid boolean."),
            },
            Value::Number(n) if n.as_i64() == Some(1) => Ok((Val::Bool(true), None)),
            Value::Number(n) if n.as_i64() == Some(0) => Ok((Val::Bool(false), None)),
            _ => no("Must be a valid boolean."),
        },
        Kind::Int => read_int(field, value),
        Kind::Float => {
            let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
            match number.filter(|n: &f64| n.is_finite()) {
                Some(n) => Ok((Val::Float(n), None)),
                None => no("A valid number is required."),
            }
        }
        Kind::Amount(_) | Kind::AmountNumber => {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(n) => n.to_string(),
                _ => return no("A valid number is required."),
            };
            match Amount::parse(&text) {
                Some(amount) if amount.0 < 0 && field.min >= 0 => {
                    no("Ensure this value is greater than or equal to 0.")
                }
                Some(amount) if field.max != 10_000 && Amount::whole(field.max).is_some_and(|max| amount > max) => {
                    Err(vec![format!("Ensure this value is less than or equal to {}.", field.max)])
                }
                Some(amount) => Ok((Val::from(amount), None)),
                None if text.trim().parse::<f64>().is_ok_and(f64::is_finite) => no(
                    "Ensure that there are no more than 7 decimal places and no more than 12 digits before the point.",
                ),
                None => no("A valid number is required."),
            }
        }
        Kind::Uuid => match value.as_str().and_then(id::parse) {
            Some(uuid) => Ok((Val::Uuid(uuid), None)),
            None => no("Must be a valid UUID."),
        },
        Kind::Link(_) => match value.as_str().and_then(id::parse) {
            Some(uuid) => Ok((Val::Uuid(uuid), None)),
            None if value.is_string() => no("Invalid hyperlink - No URL match."),
            None => Err(vec![format!("Incorrect type. Expected URL string, received {}.", kind_name(value))]),
        },
        Kind::Links(_) => match value {
            Value::Array(items) => {
                let ids: Option<Vec<Uuid>> = items.iter().map(|item| item.as_str().and_then(id::parse)).collect();
                match ids {
                    Some(ids) if ids.len() <= 1000 => Ok((Val::from(ids), None)),
                    Some(_) => no("Ensure this field has no more than 1000 elements."),
                    None => no("Invalid hyperlink - No URL match."),
                }
            }
            other => Err(vec![format!("Expected a list of items but got type \"{}\".", kind_name(other))]),
        },
        Kind::Time => match value.as_str().and_then(Time::parse) {
            Some(time) => Ok((Val::Time(time), None)),
            None => no("Datetime has wrong format. Use one of these formats instead: \
                 YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."),
        },
        Kind::Date => match value.as_str().and_then(Date::parse) {
            Some(date) => Ok((Val::Date(date), None)),
            None => no("Date has wrong format. Use one of these formats instead: YYYY-MM-DD."),
        },
        Kind::Texts => match value {
            Value::Array(items) if items.len() > 1000 => no("Ensure this field has no more than 1000 elements."),
            Value::Array(items)
                if items.iter().all(|item| item.as_str().is_some_and(|s| s.chars().count() <= 1000)) =>
            {
                read_json(field, value)
            }
            Value::Array(_) => no("Not a valid string."),
            other => Err(vec![format!("Expected a list of items but got type \"{}\".", kind_name(other))]),
        },
        Kind::Object if !value.is_object() => {
            Err(vec![format!("Expected a dictionary of items but got type \"{}\".", kind_name(value))])
        }
        Kind::Rows(..) if !value.is_array() => {
            Err(vec![format!("Expected a list of items but got type \"{}\".", kind_name(value))])
        }
        Kind::Json | Kind::Object | Kind::Rows(..) | Kind::OneRow(..) => read_json(field, value),
        Kind::File if value.get("base64").is_some_and(Value::is_string) => {
            Ok((Val::Text(String::new()), Some(value.clone())))
        }
        Kind::File => no("The submitted data was not a file. Check the encoding type on the form."),
    }
}

/// The largest JSON value that a field takes, in bytes.
const JSON_MAX: usize = 256 * 1024;

fn read_json(_field: &Field, value: &Value) -> Read {
    let text = value.to_string();
    if text.len() > JSON_MAX {
        return Err(vec![format!("Ensure this field has no more than {JSON_MAX} bytes.")]);
    }
    if text.contains("\\u0000") {
        return Err(vec!["Null characters are not allowed.".into()]);
    }
    Ok((Val::Text(text), Some(value.clone())))
}

fn read_text(field: &Field, value: &Value) -> Read {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(n) => n.to_string(),
        _ => return Err(vec!["Not a valid string.".into()]),
    };
    // Passwords and the like keep their blanks.
    let text = if field.secret { value.as_str().unwrap_or(&text).to_owned() } else { text };
    let mut wrong = Vec::new();
    if text.contains('\0') {
        wrong.push("Null characters are not allowed.".to_owned());
    }
    if text.is_empty() && !field.blank {
        wrong.push("This field may not be blank.".to_owned());
    }
    if text.chars().count() > usize::try_from(field.max).unwrap_or(0) {
        wrong.push(format!("Ensure this field has no more than {} characters.", field.max));
    }
    if !text.is_empty() && wrong.is_empty() {
        wrong.extend(check_text(field.check, &text));
    }
    if wrong.is_empty() { Ok((Val::Text(text), None)) } else { Err(wrong) }
}

fn check_text(check: Check, text: &str) -> Option<String> {
    let no = |wrong: bool, message: &str| wrong.then(|| message.to_owned());
    match check {
        Check::Free => None,
        Check::Email => no(!is_email(text), "Enter a valid email address."),
        Check::Url => no(!is_url(text), "Enter a valid URL."),
        Check::Slug => no(
            !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
            "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.",
        ),
        Check::Visible => {
            no(text.chars().all(char::is_whitespace), "Ensure that name has at least one non-whitespace character.")
        }
        Check::By(function) => function(text),
    }
}

/// Whether a text looks like an e-mail address: one `@`, a local part of allowed characters, a domain with a dot.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c));
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    local_ok && domain.contains('.') && domain.split('.').all(label_ok)
}

/// Whether a text is an absolute http or https address with a host.
pub fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or("");
        let name = host.rsplit_once(':').map_or(
            host,
            |(name, port)| {
                if port.bytes().all(|b| b.is_ascii_digit()) { name } else { "" }
            },
        );
        !name.is_empty()
            && !text.contains(char::is_whitespace)
            && (name == "localhost" || name.contains('.') || name.starts_with('['))
            && name.chars().all(|c| c.is_alphanumeric() || "-.[]:@_".contains(c))
    })
}

fn read_int(field: &Field, value: &Value) -> Read {
    let number = match value {
        Value::Number(n) => n.as_i64().or_else(|| {
            let float = n.as_f64()?;
            (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
        }),
        Value::String(text) if text.len() < 20 => text.trim().parse().ok(),
        _ => None,
    };
    match number {
        None => Err(vec!["A valid integer is required.".into()]),
        Some(n) if n > field.max => Err(vec![format!("Ensure this value is less than or equal to {}.", field.max)]),
        Some(n) if n < field.min => Err(vec![format!("Ensure this value is greater than or equal to {}.", field.min)]),
        Some(n) => Ok((Val::Int(n), None)),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

/// A thing as an input names it: the view in which it must be visible. See [`crate::door::Core::links`].
pub type LinkView = &'static View;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FIELDS: &[Field] = &[
        Field::text("name", 5, "A name.").required(),
        Field::text("email", 320, "An address.").check(Check::Email),
        Field::new("count", Kind::Int, "A count.").max(10).nullable(),
        Field::new("price", Kind::Amount(10), "A price."),
        Field::new("day", Kind::Date, "A day.").nullable(),
        Field::new("tags", Kind::Texts, "Tags."),
    ];

    fn wrong(body: Value) -> Vec<String> {
        match Input::read(FIELDS, &body, Mode::Whole) {
            Err(crate::Error::Invalid(invalid)) => invalid.fields.into_keys().collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        assert_eq!(wrong(json!({})), ["name"]);
        assert_eq!(wrong(json!({"name": "", "count": "x"})), ["count", "name"]);
        assert_eq!(wrong(json!({"name": "toolong", "email": "a@b", "tags": "x"})), ["email", "name", "tags"]);
        assert_eq!(wrong(json!({"name": null, "count": 11, "day": "2026-02-30"})), ["count", "day", "name"]);
        assert_eq!(wrong(json!({"name": "a\u{0}b", "price": "1e9"})), ["name", "price"]);
        assert_eq!(wrong(json!([1])), [""]);
    }

    #[test]
    fn what_is_right_is_kept_and_unknown_fields_are_not() {
        let body = json!({"name": " Ann ", "count": null, "price": 1.5, "day": "2026-01-02", "other": 1});
        let input = Input::read(FIELDS, &body, Mode::Whole).unwrap();
        assert_eq!(input.text("name"), Some("Ann"));
        assert_eq!(input.val("count"), Some(&Val::Null));
        assert_eq!(input.int("price"), Some(15_000_000));
        assert!(input.has("day") && !input.has("email") && !input.has("other"));
    }
}
