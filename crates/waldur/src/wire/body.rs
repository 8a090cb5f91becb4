//! Bodies: JSON, forms and multipart become one JSON object under the action's own names.

use super::{
    Reply,
    links::{Links, Named},
    query,
};
use axum::{
    body::Body,
    extract::{DefaultBodyLimit, FromRequest, Multipart, Request},
};
use base64::Engine;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Error,
    field::{Field, Kind},
};

/// Parts of a multipart body at most.
const PARTS_MAX: usize = 500;

/// The names under which a body is sent, and the fields that they mean.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    /// The action's fields.
    pub fields: &'static [Field],
    /// Names that differ: (on the wire, in the action).
    pub renames: &'static [(&'static str, &'static str)],
}

impl Names {
    fn inner<'a>(&self, wire: &'a str) -> &'a str {
        self.renames.iter().find(|(name, _)| *name == wire).map_or(wire, |(_, field)| field)
    }

    /// The name on the wire of a field.
    pub fn wire<'a>(&self, field: &'a str) -> &'a str {
        self.renames.iter().find(|(_, name)| *name == field).map_or(field, |(wire, _)| wire)
    }

    fn kind(&self, name: &str) -> Option<Kind> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.kind)
    }
}

/// Reads a body by its content type.
///
/// # Errors
/// The 400 answer for what can't be read, the 415 answer for content of another type.
pub async fn read(content_type: &str, bytes: Bytes, names: Names) -> Result<Value, Reply> {
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let sent = match essence.as_str() {
        "application/json" => return json(&bytes).map(|body| renamed(body, names)),
        "application/x-www-form-urlencoded" => {
            let pairs = query::pairs(&bytes)?;
            pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
        }
        "multipart/form-data" => parts(content_type, bytes).await?,
        _ => {
            let shown: String = content_type.chars().filter(|c| !c.is_control()).take(100).collect();
            return Err(Reply::detail(415, format!("Unsupported media type \"{shown}\" in request.")));
        }
    };
    form(sent, names)
}

fn json(bytes: &[u8]) -> Result<Value, Reply> {
    // The parser's own limit of 128 levels keeps deep nesting from the stack; of a repeated key the last counts.
    serde_json::from_slice(bytes).map_err(|error| Reply::detail(400, format!("JSON parse error - {error}")))
}

fn renamed(body: Value, names: Names) -> Value {
    match body {
        Value::Object(map) if !names.renames.is_empty() => {
            map.into_iter().map(|(name, value)| (names.inner(&name).to_owned(), value)).collect()
        }
        other => other,
    }
}

async fn parts(content_type: &str, bytes: Bytes) -> Result<Vec<(String, Value)>, Reply> {
    let wrong = |error: &dyn std::fmt::Display| Reply::detail(400, format!("Multipart form parse error - {error}"));
    let request = http::Request::builder().header(CONTENT_TYPE, content_type).body(Body::from(bytes));
    let mut request: Request = request.map_err(|error| wrong(&error))?;
    // The length was limited when the body was read.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut parts = Multipart::from_request(request, &()).await.map_err(|error| wrong(&error))?;
    let mut sent = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|error| wrong(&error))? {
        if sent.len() == PARTS_MAX {
            return Err(Reply::detail(400, format!("More than {PARTS_MAX} parts were sent.")));
        }
        let Some(name) = part.name().map(str::to_owned) else { continue };
        let filename = part.file_name().map(str::to_owned);
        let content_type = part.content_type().unwrap_or("application/octet-stream").to_owned();
        let bytes = part.bytes().await.map_err(|error| wrong(&error))?;
        let value = match filename {
            Some(filename) => file(&filename, &content_type, &bytes),
            None => match std::str::from_utf8(&bytes) {
                Ok(text) => Value::String(text.to_owned()),
                Err(_) => return Err(Reply::detail(400, format!("The part {name} is not valid UTF-8."))),
            },
        };
        sent.push((name, value));
    }
    Ok(sent)
}

/// An uploaded file as the value of a field of [`Kind::File`]: its name without folders, its type, its bytes in base64.
pub fn file(filename: &str, content_type: &str, bytes: &[u8]) -> Value {
    let name = filename.rsplit(['/', '\\']).next().unwrap_or("");
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    json!({"filename": name, "content_type": content_type, "base64": encoded})
}

/// Gives the texts of a form the types of the fields: a list for lists, JSON for free JSON, else the last value.
fn form(sent: Vec<(String, Value)>, names: Names) -> Result<Value, Reply> {
    let mut body = Map::new();
    for (name, value) in sent {
        let name = names.inner(&name);
        // `key[]` is how many form libraries send lists.
        let name = name.strip_suffix("[]").filter(|bare| names.kind(bare).is_some()).unwrap_or(name);
        match (names.kind(name), value) {
            (Some(Kind::Links(_) | Kind::Texts), Value::String(text)) => {
                let list = body.entry(name).or_insert_with(|| json!([]));
                if let Value::Array(list) = list {
                    match serde_json::from_str(&text) {
                        Ok(Value::Array(several)) if text.trim_start().starts_with('[') => list.extend(several),
                        _ => list.push(Value::String(text)),
                    }
                }
            }
            (Some(Kind::Json | Kind::Object | Kind::Rows(..) | Kind::OneRow(..)), Value::String(text)) => {
                body.insert(name.to_owned(), serde_json::from_str(&text).unwrap_or(Value::String(text)));
            }
            (_, value) => {
                body.insert(name.to_owned(), value);
            }
        }
    }
    Ok(Value::Object(body))
}

/// What stands for a link of the wrong kind until the kernel has looked at the field. The kernel refuses it as no link, and
/// [`explain`] puts the right words; so a caller who may not act at all is told that first.
const ELSEWHERE: &str = "a link to a thing of another kind";

/// Puts uuids in place of the addresses in a body, and the path's further parameters into it.
pub fn resolve(body: &mut Value, fields: &[Field], links: &Links, path: &[(&'static str, String)]) {
    let Value::Object(map) = body else { return };
    for (name, value) in path {
        map.insert((*name).to_owned(), Value::String(value.clone()));
    }
    for field in fields {
        if let Some(value) = map.get_mut(field.name) {
            resolve_kind(field.kind, value, links);
        }
    }
}

fn resolve_kind(kind: Kind, value: &mut Value, links: &Links) {
    match (kind, value) {
        (Kind::Link(thing), Value::String(text)) => match links.read(thing, text) {
            Named::Key(key) => *text = key,
            Named::Elsewhere => ELSEWHERE.clone_into(text),
            Named::Nothing => {}
        },
        (Kind::Links(thing), Value::Array(items)) => {
            items.iter_mut().for_each(|item| resolve_kind(Kind::Link(thing), item, links));
        }
        (Kind::Rows(name, columns), Value::Array(items)) => {
            items.iter_mut().for_each(|item| resolve_kind(Kind::OneRow(name, columns), item, links));
        }
        (Kind::OneRow(_, columns), Value::Object(map)) => {
            for column in columns {
                if let Some(value) = map.get_mut(column.name) {
                    resolve_kind(column.kind, value, links);
                }
            }
        }
        _ => {}
    }
}

/// Gives errors of fields their names on the wire, and links of the wrong kind their words.
pub fn explain(error: Error, names: Names, body: &Value) -> Error {
    let mut invalid = match error {
        Error::Invalid(invalid) => invalid,
        // A key that is there already is a mistake of the field that holds it.
        Error::Duplicate(key) => match field_of(&key, names) {
            Some(name) => return Error::field(names.wire(name), "This field must be unique."),
            None => return Error::Duplicate(key),
        },
        other => return other,
    };
    for (field, messages) in &mut invalid.fields {
        let elsewhere = match &body[field.as_str()] {
            Value::String(text) => text == ELSEWHERE,
            Value::Array(items) => items.iter().any(|item| item == ELSEWHERE),
            _ => false,
        };
        if elsewhere {
            *messages = vec!["Invalid hyperlink - Incorrect URL match.".to_owned()];
        }
    }
    invalid.fields = invalid.fields.into_iter().map(|(name, all)| (names.wire(&name).to_owned(), all)).collect();
    Error::Invalid(invalid)
}

/// The field that is stored in the one column of `table.column`.
fn field_of(key: &str, names: Names) -> Option<&'static str> {
    let (_, column) = key.split_once('.')?;
    names.fields.iter().find(|field| field.column == Some(column)).map(|field| field.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stoa_kernel::view::Column;

    const FIELDS: &[Field] = &[
        Field::text("name", 10, ""),
        Field::new("customer", Kind::Link("customer"), ""),
        Field::new("groups", Kind::Links("group"), ""),
        Field::new("tags", Kind::Texts, ""),
        Field::new("options", Kind::Object, ""),
        Field::new("image", Kind::File, ""),
        Field::new("rows", Kind::Rows("R", &[Column::new("plan", Kind::Link("plan"), "", "")]), ""),
    ];
    const NAMES: Names = Names { fields: FIELDS, renames: &[("title", "name")] };
    const HEX: &str = "0123456789abcdef0123456789abcdef";

    async fn body(content_type: &str, text: &[u8]) -> Result<Value, (u16, String)> {
        let read = read(content_type, Bytes::copy_from_slice(text), NAMES).await;
        read.map_err(|reply| (reply.status.as_u16(), String::from_utf8_lossy(&reply.body).into_owned()))
    }

    fn ready<T>(future: impl Future<Output = T>) -> T {
        futures::executor::block_on(future)
    }

    #[test]
    fn json_is_read_strictly() {
        let sent = ready(body("application/json; charset=utf-8", br#"{"title": "a", "x": 1, "x": 2}"#));
        assert_eq!(sent.unwrap(), json!({"name": "a", "x": 2}));
        assert_eq!(ready(body("", b"")).unwrap(), json!({}));
        let deep = [b"[".as_slice(); 200].concat();
        for wrong in [b"{".as_slice(), b"\"\xff\"", b"NaN", b"{\"a\":1e999}", b"\"\\ud800\"", &deep] {
            let (status, text) = ready(body("application/json", wrong)).unwrap_err();
            assert!(status == 400 && text.starts_with("{\"detail\":\"JSON parse error - "), "{text}");
        }
        let (status, text) = ready(body("text/plain", b"x")).unwrap_err();
        assert_eq!((status, text.as_str()), (415, r#"{"detail":"Unsupported media type \"text/plain\" in request."}"#));
        assert_eq!(ready(body("", b"x")).unwrap_err().0, 415);
    }

    #[test]
    fn a_form_gets_the_types_of_the_fields() {
        let sent = b"title=a+b&tags=x&tags=y&options=%7B%22a%22%3A1%7D&other=1&other=2";
        let expected = json!({"name": "a b", "tags": ["x", "y"], "options": {"a": 1}, "other": "2"});
        assert_eq!(ready(body("application/x-www-form-urlencoded", sent)).unwrap(), expected);
        let list = ready(body("application/x-www-form-urlencoded", b"tags=%5B%22x%22%5D&groups[]=1")).unwrap();
        assert_eq!(list, json!({"tags": ["x"], "groups": ["1"]}));
    }

    #[test]
    fn multipart_keeps_files_and_texts() {
        let sent = "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nJosé\r\n\
                    --B\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\nx\r\n\
                    --B\r\nContent-Disposition: form-data; name=\"image\"; filename=\"../a.png\"\r\n\
                    Content-Type: image/png\r\n\r\n\u{1}\u{2}\r\n--B--\r\n";
        let expected = json!({"name": "José", "tags": ["x"],
            "image": {"filename": "a.png", "content_type": "image/png", "base64": "AQI="}});
        assert_eq!(ready(body("multipart/form-data; boundary=B", sent.as_bytes())).unwrap(), expected);
        assert_eq!(ready(body("multipart/form-data", sent.as_bytes())).unwrap_err().0, 400);
        assert_eq!(ready(body("multipart/form-data; boundary=B", b"--B\r\nx")).unwrap_err().0, 400);
    }

    #[test]
    fn addresses_become_uuids_and_wrong_ones_are_named() {
        let links = Links::new([("customer", "/api/customers/"), ("group", "/api/groups/"), ("plan", "/api/plans/")]);
        let mut body = json!({
            "customer": format!("http://h/api/groups/{HEX}/"),
            "groups": [format!("/api/groups/{HEX}/"), HEX],
            "rows": [{"plan": format!("http://h/api/plans/{HEX}/")}],
        });
        resolve(&mut body, FIELDS, &links, &[("user_uuid", HEX.to_owned())]);
        assert_eq!(body["groups"], json!([HEX, HEX]));
        assert_eq!((&body["rows"][0]["plan"], &body["user_uuid"]), (&json!(HEX), &json!(HEX)));
        let error = explain(Error::field("customer", "Invalid hyperlink - No URL match."), NAMES, &body);
        let Error::Invalid(invalid) = error else { panic!("{error}") };
        assert_eq!(invalid.fields["customer"], ["Invalid hyperlink - Incorrect URL match."]);
        let Error::Invalid(invalid) = explain(Error::field("name", "No."), NAMES, &body) else { panic!() };
        assert_eq!(invalid.fields["title"], ["No."]);
    }
}
