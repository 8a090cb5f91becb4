//! The OpenAPI 3.0 description, made from the route tables, views and actions; nothing of it is written by hand.
//!
//! Operation ids, tags and component names are the official ones, so that generated clients look the same. What `field=` can
//! leave out is required nowhere; what is not the same for every reader isn't either.

use crate::{
    route::{Answer, Route, Run, Shape, Verb},
    words,
};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    access::Needs,
    field::{Check, Field, Kind, Who},
    view::{Column, Test, View},
};

/// The description of these operations. `full` gives a view with what areas above have added to it.
pub fn document(routes: &[&'static Route], full: &dyn Fn(&'static View) -> &'static View) -> Value {
    let mut schemas = Schemas::new(full);
    let mut paths = json!({});
    for route in routes {
        let method = route.method.text().to_ascii_lowercase();
        paths[route.path][method] = schemas.operation(route);
        if let Some(count) = route.count_op() {
            paths[route.path]["head"] = schemas.count(route, &count);
        }
    }
    let mut tags: Vec<&str> = routes.iter().map(|route| route.tag).collect();
    tags.sort_unstable();
    tags.dedup();
    let tags: Vec<Value> = tags.into_iter().map(|tag| json!({"name": tag})).collect();
    schemas.mark_read_only();
    schemas.all.sort_keys();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Stoa API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Self-service for cloud and HPC resources across projects. Compatible with the Waldur REST API.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.all,
            "parameters": parameters(),
            "headers": {
                "XResultCount": {"description": "Rows on all pages together.", "schema": {"type": "integer"}},
                "Link": {"description": "Addresses of the first, previous, next and last page.", "schema": {"type": "string"}},
            },
            "responses": responses(),
            "securitySchemes": {
                "tokenAuth": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "`Token` followed by a blank and the token.",
                },
                "waldurCookieAuth": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
                "waldurOIDCAuth": {"type": "http", "scheme": "bearer"},
            },
        },
    })
}

fn parameters() -> Value {
    json!({
        "Page": {
            "name": "page", "in": "query", "required": false, "schema": {"type": "integer"},
            "description": "Number of the page, from 1; `last` for the last one.",
        },
        "PageSize": {
            "name": "page_size", "in": "query", "required": false, "schema": {"type": "integer"},
            "description": "Rows of a page: 10 if not given, 300 at most.",
        },
    })
}

/// The answers that are no success: component, status, sentence.
const FAILURES: &[(&str, u16, &str)] = &[
    ("BadRequest", 400, "The request is wrong: messages by field, those about the whole under `non_field_errors`."),
    ("Unauthenticated", 401, "Nobody is signed in, or not validly."),
    ("Forbidden", 403, "The caller may not do this; the reasons say why."),
    ("NotFound", 404, "It does not exist, or the caller may not know that it does; or the page is beyond the last."),
    ("MethodNotAllowed", 405, "The address has no such method."),
    ("Conflict", 409, "It is not in a state in which this can be done, or something depends on it."),
    ("TooLarge", 413, "The body is too long."),
    ("AddressTooLong", 414, "The address is too long."),
    ("HeadersTooLarge", 431, "The headers are too long."),
    ("UnsupportedMediaType", 415, "The body has a type that is not read here."),
    ("TooMany", 429, "Too many attempts; `Retry-After` says when to try again."),
    ("Unavailable", 503, "Something that the server depends on does not answer; try again later."),
];

fn responses() -> Value {
    let all = FAILURES.iter().map(|(name, status, about)| {
        // What is too long to be read as a request may be answered before anybody here sees it, without a body.
        if matches!(status, 414 | 431) {
            return ((*name).to_owned(), json!({"description": about}));
        }
        let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}});
        ((*name).to_owned(), json!({"description": about, "content": content}))
    });
    Value::Object(all.collect())
}

/// The components so far.
struct Schemas<'a> {
    all: Map<String, Value>,
    full: &'a dyn Fn(&'static View) -> &'static View,
}

impl<'a> Schemas<'a> {
    fn new(full: &'a dyn Fn(&'static View) -> &'static View) -> Schemas<'a> {
        let reason = json!({
            "type": "object",
            "properties": {
                "reason": {"type": "string", "description": "Which reason it is."},
                "text": {"type": "string", "description": "The reason as a sentence."},
            },
            "additionalProperties": {},
        });
        let error = json!({
            "type": "object",
            "description": "Why something did not happen. Besides these keys it has one for each wrong field.",
            "properties": {
                "detail": {"type": "string", "description": "The cause in words."},
                "non_field_errors": {"type": "array", "items": {"type": "string"}},
                "reasons": {"type": "array", "items": {"$ref": "#/components/schemas/RefusalReason"}},
                "request_id": {"type": "string", "description": "What to name when asking for help."},
            },
            "additionalProperties": {},
        });
        let mut schemas = Schemas { all: Map::new(), full };
        schemas.add("RefusalReason", reason);
        schemas.add("ErrorBody", error);
        schemas.add("BlankEnum", json!({"enum": [""]}));
        schemas.add("NullEnum", json!({"enum": [null]}));
        schemas
    }

    /// Adds a component and gives the reference to it. Two of one name become one that both kinds of values fit.
    fn add(&mut self, name: &str, schema: Value) -> Value {
        match self.all.get_mut(name) {
            Some(known) if *known != schema => merge(known, schema),
            Some(_) => {}
            None => {
                self.all.insert(name.to_owned(), schema);
            }
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    fn operation(&mut self, route: &Route) -> Value {
        let mut operation = self.head(route, route.op);
        if let Some(body) = self.body(route) {
            operation.insert("requestBody".into(), body);
        }
        let mut responses = Map::new();
        let success = self.success(route);
        responses.insert(route.status().to_string(), success);
        if let Run::Own(own) = route.run {
            for status in own.also {
                responses.insert(status.to_string(), json!({"description": "No body."}));
            }
        }
        self.failures(route, &mut responses);
        operation.insert("responses".into(), Value::Object(responses));
        Value::Object(operation)
    }

    fn count(&mut self, route: &Route, op: &str) -> Value {
        let mut operation = self.head(route, op);
        operation.insert("summary".into(), json!(format!("Counts: {}", route.sentence())));
        let headers = json!({"X-Result-Count": {"$ref": "#/components/headers/XResultCount"}});
        let mut responses = Map::new();
        responses.insert("200".into(), json!({"description": "No body.", "headers": headers}));
        // HEAD has no bodies, so its failures are named without one.
        for (_, status, about) in failures(route) {
            responses.insert(status.to_string(), json!({"description": about}));
        }
        operation.insert("responses".into(), Value::Object(responses));
        Value::Object(operation)
    }

    /// What an operation and its counting twin share.
    fn head(&mut self, route: &Route, op: &str) -> Map<String, Value> {
        let needs = route.needs();
        let who = format!("For {}.", words::who_may(&needs));
        let description = [route.sentence(), &who].join("\n\n");
        let mut operation = Map::new();
        operation.insert("operationId".into(), json!(op));
        operation.insert("summary".into(), json!(route.sentence()));
        operation.insert("description".into(), json!(description.trim()));
        operation.insert("tags".into(), json!([route.tag]));
        let parameters = self.parameters(route, op == route.op);
        if !parameters.is_empty() {
            operation.insert("parameters".into(), Value::Array(parameters));
        }
        let mut security = vec![json!({"tokenAuth": []}), json!({"waldurOIDCAuth": []})];
        if matches!(needs, Needs::Nothing) {
            security.push(json!({}));
        }
        if route.anonymous {
            security.clear();
        }
        operation.insert("security".into(), Value::Array(security));
        let permissions: Vec<Value> = words::permissions(&needs)
            .into_iter()
            .map(|(permission, places)| {
                let scopes: Vec<&str> =
                    places.iter().map(|place| if *place == "itself" { "*" } else { place }).collect();
                json!({"permission": permission.name, "scopes": scopes})
            })
            .collect();
        if !permissions.is_empty() {
            operation.insert("x-permissions".into(), Value::Array(permissions));
        }
        operation
    }

    fn parameters(&mut self, route: &Route, rows: bool) -> Vec<Value> {
        let target = route.action().and_then(|action| match action.target {
            stoa_kernel::action::Target::Thing(view) => Some(view),
            _ => None,
        });
        let parent = match route.run {
            Run::ListIn { parent, .. } | Run::RetrieveIn { parent, .. } => Some(parent),
            _ => None,
        };
        let found_in = route.via.or(target).or(parent).or(route.view());
        let mut all = Vec::new();
        for name in route.parameters() {
            let schema = match found_in.filter(|_| Some(name) == route.key()) {
                Some(view) if view.lookup.ends_with(".id") => json!({"type": "integer"}),
                Some(view) if view.lookup.ends_with(".uuid") => json!({"type": "string", "format": "uuid"}),
                None if name.ends_with("uuid") => json!({"type": "string", "format": "uuid"}),
                _ => json!({"type": "string"}),
            };
            all.push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
        }
        match route.run {
            Run::List(view) | Run::ListIn { view, .. } => self.asking(route, view, rows, &mut all),
            Run::Retrieve(view) | Run::RetrieveIn { view, .. } | Run::Me(view) => all.push(self.selection(route, view)),
            Run::Own(own) => {
                if own.counts {
                    all.extend(paging());
                }
                for field in own.query {
                    let schema = self.field(field, false);
                    all.push(json!({
                        "name": field.name, "in": "query", "required": field.required,
                        "description": field.about, "schema": schema,
                    }));
                }
            }
            _ => {}
        }
        all
    }

    /// The query parameters of a list.
    fn asking(&mut self, route: &Route, view: &'static View, rows: bool, all: &mut Vec<Value>) {
        let view = (self.full)(view);
        all.extend(paging());
        if rows {
            all.push(self.selection(route, view));
        }
        if !view.orders.is_empty() {
            let names = view.orders.iter().flat_map(|order| [order.name.to_owned(), format!("-{}", order.name)]);
            let names: Vec<String> = names.collect();
            let item = self.add(&format!("{}OEnum", route.shape), json!({"type": "string", "enum": names}));
            all.push(json!({
                "name": "o", "in": "query", "required": false, "explode": true, "style": "form",
                "description": "The order; a leading hyphen for descending.",
                "schema": {"type": "array", "maxItems": 8, "items": item},
            }));
        }
        for filter in view.filters {
            let schema = match filter.test {
                Test::Contains(_) | Test::Equals(_) | Test::By(_) => json!({"type": "string"}),
                Test::AnyText(_) => json!({"type": "array", "items": {"type": "string"}}),
                Test::AnyOf(_, choices) => json!({"type": "array", "items": {"type": "string", "enum": choices}}),
                Test::Bool(_) | Test::Flag(..) | Test::Unhide => json!({"type": "boolean"}),
                Test::Int(_) => json!({"type": "integer"}),
                Test::Uuid(_) | Test::UuidLoose(_) | Test::UuidIf(..) => json!({"type": "string", "format": "uuid"}),
                Test::Link(..) => json!({"type": "string"}),
                Test::From(_) | Test::Until(_) => json!({"type": "string", "format": "date-time"}),
            };
            all.push(json!({
                "name": filter.name, "in": "query", "required": false, "description": filter.about, "schema": schema,
            }));
        }
    }

    fn selection(&mut self, route: &Route, view: &'static View) -> Value {
        let names: Vec<&str> = (self.full)(view).columns.iter().map(|column| column.name).collect();
        let item = self.add(&format!("{}FieldEnum", route.shape), json!({"type": "string", "enum": names}));
        json!({
            "name": "field", "in": "query", "required": false, "explode": true, "style": "form",
            "description": "The fields to show; all if none is named.",
            "schema": {"type": "array", "items": item},
        })
    }

    fn body(&mut self, route: &Route) -> Option<Value> {
        let fields: Vec<&Field> = route.sendable().collect();
        if fields.is_empty() || route.method == Verb::Get {
            return None;
        }
        let part = route.method == Verb::Patch;
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in &fields {
            let name = route.wire_name(field.name);
            properties.insert(name.to_owned(), self.field(field, true));
            if field.required && !part {
                required.push(name);
            }
        }
        let must = !required.is_empty();
        let mut schema = json!({"type": "object", "properties": properties});
        if must {
            schema["required"] = json!(required);
        }
        let name = route.request_name();
        let reference = self.add(&name, schema.clone());
        let mut content = json!({"application/json": {"schema": reference}});
        let files: Vec<&Field> = fields.iter().filter(|f| matches!(f.kind, Kind::File)).copied().collect();
        if matches!(route.run, Run::Create(..) | Run::Update(..)) || !files.is_empty() {
            // Files are sent as they are in a multipart body, and not at all in a form.
            let mut parts = reference.clone();
            if !files.is_empty() {
                for field in &files {
                    let part = described(json!({"type": "string", "format": "binary"}), field.about);
                    schema["properties"][route.wire_name(field.name)] = part;
                }
                parts = self.add(&format!("{name}Multipart"), schema);
            }
            content["application/x-www-form-urlencoded"] = json!({"schema": reference});
            content["multipart/form-data"] = json!({"schema": parts});
        }
        Some(json!({"required": must, "content": content}))
    }

    /// A field of a request.
    fn field(&mut self, field: &Field, in_body: bool) -> Value {
        let mut schema = match field.kind {
            Kind::Text => {
                let mut schema = json!({"type": "string", "maxLength": field.max});
                if !field.blank {
                    schema["minLength"] = json!(1);
                }
                match field.check {
                    Check::Email => schema["format"] = json!("email"),
                    Check::Url => schema["format"] = json!("uri"),
                    Check::Slug => schema["pattern"] = json!("^[-a-zA-Z0-9_]*$"),
                    Check::Visible => schema["pattern"] = json!("\\S"),
                    Check::Free | Check::By(_) => {}
                }
                if field.secret {
                    schema["writeOnly"] = json!(true);
                }
                schema
            }
            Kind::Int => json!({"type": "integer", "minimum": field.min, "maximum": field.max}),
            Kind::Amount(_) | Kind::AmountNumber => {
                let sign = if field.min < 0 { "-?" } else { "" };
                let pattern = format!(r"^{sign}\d{{1,11}}(?:\.\d{{0,7}})?$");
                json!({"type": "string", "format": "decimal", "pattern": pattern})
            }
            Kind::Uuid => json!({"type": "string", "format": "uuid"}),
            Kind::Links(_) => json!({"type": "array", "maxItems": 1000, "items": {"type": "string", "format": "uri"}}),
            Kind::File => return nullable(self.uploaded(), field.nullable, field.about),
            Kind::Texts => json!({"type": "array", "maxItems": 1000, "items": {"type": "string", "maxLength": 1000}}),
            Kind::Choice(name, choices) => {
                let blank = field.blank && !field.required && !choices.contains(&"");
                return described(self.choice(name, choices, blank, field.nullable), field.about);
            }
            Kind::Rows(name, columns) => json!({"type": "array", "items": self.sent_row(name, columns)}),
            Kind::OneRow(name, columns) => return nullable(self.sent_row(name, columns), field.nullable, field.about),
            Kind::Time if !in_body => json!({"type": "string", "format": "date-time"}),
            other => self.kind(other),
        };
        if field.nullable {
            schema["nullable"] = json!(true);
        }
        described(schema, field.about)
    }

    /// A file within JSON.
    fn uploaded(&mut self) -> Value {
        let schema = json!({
            "type": "object",
            "required": ["filename", "content_type", "base64"],
            "properties": {
                "filename": {"type": "string"},
                "content_type": {"type": "string"},
                "base64": {"type": "string", "format": "byte", "description": "The bytes."},
            },
        });
        self.add("UploadedFile", schema)
    }

    /// A row within a request: the same keys as in answers, none required, since the action has its own rule for them.
    fn sent_row(&mut self, name: &str, columns: &[Column]) -> Value {
        let mut properties = Map::new();
        for column in columns {
            properties.insert(column.name.to_owned(), self.column(column));
        }
        self.add(&format!("{name}Request"), json!({"type": "object", "properties": properties}))
    }

    fn choice(&mut self, name: &str, choices: &[&str], blank: bool, null: bool) -> Value {
        let reference = self.add(name, json!({"type": "string", "enum": choices}));
        if !blank && !null {
            return reference;
        }
        let mut several = vec![reference];
        if blank {
            several.push(json!({"$ref": "#/components/schemas/BlankEnum"}));
        }
        let mut schema = json!({});
        if null {
            several.push(json!({"$ref": "#/components/schemas/NullEnum"}));
            schema["nullable"] = json!(true);
        }
        schema["oneOf"] = Value::Array(several);
        schema
    }

    /// The type of a value in an answer.
    fn kind(&mut self, kind: Kind) -> Value {
        match kind {
            Kind::Text => json!({"type": "string"}),
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Int => json!({"type": "integer"}),
            Kind::Float | Kind::AmountNumber => json!({"type": "number", "format": "double"}),
            Kind::Amount(0) => json!({"type": "string", "format": "decimal", "pattern": r"^-?\d+$"}),
            Kind::Amount(places) => {
                json!({"type": "string", "format": "decimal", "pattern": format!(r"^-?\d+\.\d{{{places}}}$")})
            }
            Kind::Uuid => json!({"type": "string", "format": "uuid"}),
            Kind::Time => json!({"type": "string", "format": "date-time"}),
            Kind::Date => json!({"type": "string", "format": "date"}),
            Kind::Choice(name, choices) => self.add(name, json!({"type": "string", "enum": choices})),
            Kind::Link(_) => json!({"type": "string", "format": "uri"}),
            Kind::Links(_) => json!({"type": "array", "items": {"type": "string", "format": "uri"}}),
            Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Kind::Json => json!({}),
            Kind::Object => json!({"type": "object", "additionalProperties": {}}),
            Kind::Rows(name, columns) => json!({"type": "array", "items": self.shape(name, columns, true)}),
            Kind::OneRow(name, columns) => self.shape(name, columns, true),
            Kind::File => json!({"type": "string", "format": "uri", "nullable": true}),
        }
    }

    fn column(&mut self, column: &Column) -> Value {
        let schema = match column.kind {
            Kind::Choice(name, choices) => self.choice(name, choices, false, column.nullable && !column.absent),
            kind => self.kind(kind),
        };
        nullable(schema, column.nullable && !column.absent, column.about)
    }

    /// The component of an object with these keys; `whole` if no key can be left out by the caller.
    fn shape(&mut self, name: &str, columns: &[Column], whole: bool) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for column in columns {
            properties.insert(column.name.to_owned(), self.column(column));
            if whole && column.who == Who::Everyone && !column.absent && !column.optional {
                required.push(column.name);
            }
        }
        let mut schema = json!({"type": "object", "properties": properties});
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        self.add(name, schema)
    }

    /// The component of an operation's answer; the operation's own name where the table gives none.
    fn answer(&mut self, route: &Route, columns: &[Column], whole: bool) -> Value {
        let own = format!("{}Response", route.request_name().trim_end_matches("Request"));
        self.shape(if route.shape.is_empty() { &own } else { route.shape }, columns, whole)
    }

    fn success(&mut self, route: &Route) -> Value {
        let (schema, list) = match route.run {
            Run::List(view) | Run::ListIn { view, .. } => (self.answer(route, (self.full)(view).columns, false), true),
            Run::Retrieve(view) | Run::RetrieveIn { view, .. } | Run::Me(view) => {
                (self.answer(route, (self.full)(view).columns, false), false)
            }
            Run::Create(_, view) | Run::Update(_, view) | Run::Act(_, Answer::Object(view, _)) => {
                (self.answer(route, (self.full)(view).columns, false), false)
            }
            Run::Destroy(_) | Run::Act(_, Answer::Empty(_)) => return json!({"description": "No body."}),
            Run::Act(_, Answer::Json(_, &[])) => (json!({}), false),
            Run::Act(_, Answer::Json(_, columns)) => (self.answer(route, columns, true), false),
            Run::Act(_, Answer::Many(_, columns)) => {
                let item = self.answer(route, columns, true);
                (json!({"type": "array", "items": item}), false)
            }
            Run::Act(_, Answer::Detail(..)) => {
                const DETAIL: &[Column] = &[Column::new("detail", Kind::Text, "", "What happened, in words.")];
                (self.shape("DetailResponse", DETAIL, true), false)
            }
            Run::Own(own) => match own.answer {
                Shape::Empty => return json!({"description": "No body."}),
                Shape::Object(columns) => (self.answer(route, columns, true), false),
                Shape::List(columns) => (self.answer(route, columns, true), true),
                Shape::Rows(view) => (self.answer(route, (self.full)(view).columns, false), true),
                Shape::Row(view) => (self.answer(route, (self.full)(view).columns, false), false),
                Shape::Any => (json!({}), false),
                Shape::Other(content_type) => {
                    let content = json!({content_type: {"schema": {"type": "string", "format": "binary"}}});
                    return json!({"description": "", "content": content});
                }
            },
        };
        if !list {
            return json!({"description": "", "content": {"application/json": {"schema": schema}}});
        }
        let schema = json!({"type": "array", "items": schema});
        let mut response = json!({"description": "", "content": {"application/json": {"schema": schema}}});
        if route.count_op().is_some() {
            response["headers"] = json!({
                "X-Result-Count": {"$ref": "#/components/headers/XResultCount"},
                "Link": {"$ref": "#/components/headers/Link"},
            });
        }
        response
    }

    fn failures(&mut self, route: &Route, responses: &mut Map<String, Value>) {
        for (name, status, _) in failures(route) {
            responses
                .entry(status.to_string())
                .or_insert_with(|| json!({"$ref": format!("#/components/responses/{name}")}));
        }
    }

    /// What an answer shows and the request of the same name doesn't take can only be read.
    fn mark_read_only(&mut self) {
        let taken: Vec<(String, Vec<String>)> = self
            .all
            .iter()
            .filter_map(|(name, schema)| {
                let shape = name.strip_suffix("Request").filter(|shape| self.all.contains_key(*shape))?;
                Some((shape.to_owned(), schema["properties"].as_object()?.keys().cloned().collect()))
            })
            .collect();
        for (shape, writable) in taken {
            // A choice may be called so too, and has no properties.
            let properties = self.all.get_mut(&shape).and_then(|schema| schema.get_mut("properties"));
            for (name, schema) in properties.and_then(Value::as_object_mut).into_iter().flatten() {
                if writable.contains(name) {
                    continue;
                }
                if schema.get("$ref").is_some() {
                    *schema = json!({"allOf": [schema.take()]});
                }
                schema["readOnly"] = json!(true);
            }
        }
    }
}

fn paging() -> [Value; 2] {
    ["Page", "PageSize"].map(|name| json!({"$ref": format!("#/components/parameters/{name}")}))
}

/// The failures that an operation can answer.
fn failures(route: &Route) -> impl Iterator<Item = (&'static str, u16, &'static str)> {
    let reads = route.method == Verb::Get;
    let found = route.path.contains('{') || route.count_op().is_some() || !reads;
    let open = matches!(route.needs(), Needs::Nothing);
    let applies = move |status: u16| match status {
        404 => found || matches!(route.run, Run::Own(_)),
        403 => !open || !reads,
        409 | 413 | 415 => !reads,
        414 => reads,
        _ => true,
    };
    FAILURES.iter().copied().filter(move |(_, status, _)| applies(*status))
}

fn described(schema: Value, about: &str) -> Value {
    nullable(schema, false, about)
}

/// Adds null as a value, and a sentence. Beside a reference no other key counts, so it is wrapped.
fn nullable(mut schema: Value, null: bool, about: &str) -> Value {
    if !null && about.is_empty() {
        return schema;
    }
    if schema.get("$ref").is_some() {
        schema = json!({"allOf": [schema]});
    }
    if null && schema.as_object().is_some_and(|schema| !schema.is_empty()) {
        schema["nullable"] = json!(true);
    }
    if !about.is_empty() {
        schema["description"] = json!(about);
    }
    schema
}

/// Makes one schema of two so that what fits either fits it.
fn merge(known: &mut Value, other: Value) {
    if let (Some(mine), Some(theirs)) = (known["enum"].as_array().cloned(), other["enum"].as_array()) {
        let new = theirs.iter().filter(|value| !mine.contains(value)).cloned();
        known["enum"] = mine.iter().cloned().chain(new).collect();
        return;
    }
    let required: Vec<Value> = match (known["required"].as_array(), other["required"].as_array()) {
        (Some(mine), Some(theirs)) => mine.iter().filter(|name| theirs.contains(name)).cloned().collect(),
        _ => Vec::new(),
    };
    if let Some(properties) = other["properties"].as_object() {
        for (name, schema) in properties {
            let mine = &mut known["properties"][name.as_str()];
            *mine = match mine.take() {
                Value::Null => schema.clone(),
                same if same == *schema => same,
                differs => either(differs, schema),
            };
        }
    }
    if let Some(known) = known.as_object_mut() {
        known.shift_remove("required");
        if !required.is_empty() {
            known.insert("required".into(), Value::Array(required));
        }
    }
}

/// One schema of two for one key: the first, loosened where only bounds, null or words differ; else anything.
fn either(mine: Value, theirs: &Value) -> Value {
    const LOOSE: &[&str] =
        &["nullable", "description", "maxLength", "minLength", "minimum", "maximum", "pattern", "format", "readOnly"];
    let core = |schema: &Value| {
        let mut schema = schema.clone();
        if let Some(map) = schema.as_object_mut() {
            LOOSE.iter().for_each(|key| {
                map.shift_remove(*key);
            });
            // A wrapped reference is a reference.
            let parts = map.get("allOf").and_then(Value::as_array).filter(|_| map.len() == 1);
            if let Some([one]) = parts.map(Vec::as_slice) {
                return one.clone();
            }
        }
        schema
    };
    if core(&mine) != core(theirs) {
        let about = mine["description"].as_str().unwrap_or("").to_owned();
        return described(json!({}), &about);
    }
    let null = mine["nullable"] == json!(true) || theirs["nullable"] == json!(true);
    let mut one = if mine.get("$ref").is_some() { theirs.clone() } else { mine.clone() };
    if let Some(map) = one.as_object_mut() {
        for key in ["maxLength", "minLength", "minimum", "maximum", "pattern", "format"] {
            if mine.get(key) != theirs.get(key) {
                map.shift_remove(key);
            }
        }
    }
    let about = one["description"].as_str().unwrap_or("").to_owned();
    nullable(one, null, &about)
}
