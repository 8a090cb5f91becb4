//! The documentation page of the API: one self-contained page, made from the route tables like everything else.

use crate::{
    route::{Answer, Route, Run, Shape, Verb},
    words,
};
use base64::Engine;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};
use stoa_kernel::{
    access::Needs,
    field::{Field, Kind, Who},
    view::{Column, View},
};

const STYLE: &str = include_str!("docs.css");
const SCRIPT: &str = include_str!("docs.js");

/// The page, and the policy that lets its own style and script run and nothing else.
#[derive(Debug, Clone)]
pub struct Page {
    /// The HTML.
    pub html: Bytes,
    /// The value of `Content-Security-Policy`.
    pub policy: String,
}

/// Gives a view with what areas above have added to it.
type Full<'a> = &'a dyn Fn(&'static View) -> &'static View;

/// A text as HTML.
struct Esc<'a>(&'a str);

impl fmt::Display for Esc<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// The page about these operations. `full` gives a view with what areas above have added to it.
pub fn page(routes: &[&'static Route], full: Full) -> Page {
    let mut out = String::new();
    // Writing to a String can't fail.
    let _ = write(&mut out, routes, full);
    let source = |text: &str| {
        let digest = Sha256::digest(text.as_bytes());
        format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(digest))
    };
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        source(STYLE),
        source(SCRIPT)
    );
    Page { html: out.into(), policy }
}

fn write(out: &mut String, routes: &[&'static Route], full: Full) -> fmt::Result {
    let mut groups: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        groups.entry(route.tag).or_default().push(route);
    }
    let mut models = Models::default();
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Stoa API</title><style>{STYLE}</style></head><body><div class=\"layout\"><nav aria-label=\"Contents\">\
         <h1>Stoa API</h1><p>Version {}, {} operations · <a href=\"/api/schema/\">OpenAPI</a></p>\
         <form role=\"search\"><input type=\"search\" id=\"search\" aria-label=\"Search operations\" \
         placeholder=\"Search (press /)\" autocomplete=\"off\"></form><ul>",
        env!("CARGO_PKG_VERSION"),
        routes.len()
    )?;
    for (tag, routes) in &groups {
        let name = Esc(tag);
        write!(out, "<li><a href=\"#tag-{name}\">{name} <span>{}</span></a></li>", routes.len())?;
    }
    write!(out, "</ul></nav><main>{INTRO}<p id=\"none\" class=\"none\" hidden>No operation matches.</p>")?;
    for (tag, routes) in &groups {
        let name = Esc(tag);
        write!(
            out,
            "<section data-group id=\"tag-{name}\"><h2><a class=\"self\" href=\"#tag-{name}\">{name}</a></h2>"
        )?;
        for route in routes {
            operation(out, route, &mut models, full)?;
        }
        out.push_str("</section>");
    }
    models.write(out)?;
    writeln!(out, "</main></div><script>{SCRIPT}</script></body></html>")
}

const INTRO: &str = "\
<section class=\"intro\"><h2>How to call it</h2>\
<p>Send JSON, get JSON. Every path ends with a slash. A thing is named by its uuid, and in answers by the address of its \
details too.</p><dl>\
<dt>Signing in</dt><dd>Send the header <code>Authorization: Token …</code>. Without it you are a stranger: what is open to \
anybody still answers.</dd>\
<dt>Pages</dt><dd>Lists come in pages of 10; ask for up to 300 with <code>page_size</code>, and for another page with \
<code>page</code> (<code>page=last</code> is the last). <code>X-Result-Count</code> has the number of all rows, \
<code>Link</code> the addresses of the pages around. <code>HEAD</code> only counts.</dd>\
<dt>Choosing</dt><dd><code>field=name&amp;field=uuid</code> shows just these fields. <code>o=name,-created</code> sorts, a \
hyphen turns the order round. Filters are joined by <em>and</em>.</dd>\
<dt>What may not be seen</dt><dd>What you may not see does not exist for you: 404. What you see but may not do: 403, with the \
reasons.</dd>\
<dt>What went wrong</dt><dd>400 says so by field, the other statuses in <code>detail</code>. Every answer carries \
<code>X-Request-Id</code>; name it when you ask for help.</dd></dl></section>";

fn operation(out: &mut String, route: &Route, models: &mut Models, full: Full) -> fmt::Result {
    let verb = route.method.text();
    write!(
        out,
        "<details class=\"op\" id=\"{}\"><summary><span class=\"verb {}\">{verb}</span><code>{}</code>\
         <span class=\"about\">{}</span></summary><div><p class=\"who\">{}.</p><p class=\"id\"><code>{}</code>{}</p>",
        Esc(route.op),
        verb.to_ascii_lowercase(),
        Esc(route.path),
        Esc(route.sentence()),
        Esc(&words::who_may(&route.needs())),
        Esc(route.op),
        route.count_op().map(|op| format!(", HEAD <code>{}</code>", Esc(&op))).unwrap_or_default(),
    )?;
    match route.run {
        Run::List(view) | Run::ListIn { view, .. } => asking(out, full(view))?,
        Run::Own(own) if !own.query.is_empty() => {
            out.push_str("<h3>Parameters</h3>");
            fields(out, own.query.iter().map(|field| (field.name, field)), models)?;
        }
        _ => {}
    }
    if route.method != Verb::Get && route.sendable().next().is_some() {
        out.push_str("<h3>Request</h3>");
        fields(out, route.sendable().map(|field| (route.wire_name(field.name), field)), models)?;
    }
    write!(out, "<h3>Answer</h3><p class=\"names\">{}", route.status())?;
    answer(out, route, models, full)?;
    out.push_str("</p><h3>Example</h3><div class=\"curl\"><button type=\"button\" hidden>Copy</button><pre><code>");
    write!(out, "{}</code></pre></div></div></details>", Esc(&curl(route)))
}

/// The query parameters of a list.
fn asking(out: &mut String, view: &View) -> fmt::Result {
    if !view.filters.is_empty() {
        out.push_str("<h3>Filters</h3><div class=\"wide\"><table>");
        for filter in view.filters {
            row(out, filter.name, &Esc(&words::test(&filter.test)).to_string(), filter.about, false)?;
        }
        out.push_str("</table></div>");
    }
    if !view.orders.is_empty() {
        let names: Vec<&str> = view.orders.iter().map(|order| order.name).collect();
        write!(out, "<h3>Orders</h3><p class=\"names\"><code>{}</code></p>", names.join("</code>, <code>"))?;
    }
    Ok(())
}

fn fields<'a>(
    out: &mut String,
    all: impl Iterator<Item = (&'a str, &'static Field)>,
    models: &mut Models,
) -> fmt::Result {
    out.push_str("<div class=\"wide\"><table>");
    for (name, field) in all {
        let mut kind = models.kind(field.kind);
        match field.kind {
            Kind::Text if field.max != 10_000 => write!(kind, ", at most {} characters", field.max)?,
            Kind::Int if field.max != 2_147_483_647 || field.min != 0 => {
                write!(kind, ", {} to {}", field.min, field.max)?;
            }
            _ => {}
        }
        if field.nullable {
            kind.push_str(", or null");
        }
        let who = match field.who {
            Who::Staff | Who::OwnOrStaff => " Staff only.",
            Who::Support | Who::OwnOrSupport => " Staff and support agents only.",
            _ => "",
        };
        let fixed = if field.fixed { " Fixed once made." } else { "" };
        row(out, name, &kind, &format!("{}{who}{fixed}", field.about), field.required)?;
    }
    out.push_str("</table></div>");
    Ok(())
}

/// A line of a table; the kind is HTML already where it links to a model.
fn row(out: &mut String, name: &str, kind: &str, about: &str, must: bool) -> fmt::Result {
    let class = if must { " class=\"must\"" } else { "" };
    write!(out, "<tr><td><code{class}>{}</code></td><td>{kind}</td><td>{}</td></tr>", Esc(name), Esc(about))
}

fn answer(out: &mut String, route: &Route, models: &mut Models, full: Full) -> fmt::Result {
    let (columns, many): (&'static [Column], bool) = match (route.run, route.view()) {
        (Run::Own(own), _) => match own.answer {
            Shape::Object(columns) => (columns, false),
            Shape::List(columns) => (columns, true),
            Shape::Rows(view) => (full(view).columns, true),
            Shape::Row(view) => (full(view).columns, false),
            Shape::Any => return write!(out, ", JSON"),
            Shape::Other(content_type) => return write!(out, ", <code>{}</code>", Esc(content_type)),
            Shape::Empty => return write!(out, ", no body"),
        },
        (_, Some(view)) => (full(view).columns, route.is_list()),
        (Run::Act(_, Answer::Json(_, columns)), _) => (columns, false),
        (Run::Act(_, Answer::Many(_, columns)), _) => (columns, true),
        (Run::Act(_, Answer::Detail(_, text)), _) => {
            return write!(out, ", <code>{{\"detail\": \"{}\"}}</code>", Esc(text));
        }
        _ => return write!(out, ", no body"),
    };
    let list = if many { "a list of " } else { "" };
    if columns.is_empty() {
        return write!(out, ", {list}JSON");
    }
    if route.shape.is_empty() {
        let names: Vec<String> = columns.iter().map(|c| format!("<code>{}</code>", Esc(c.name))).collect();
        return write!(out, ", {list}{}", names.join(", "));
    }
    models.add(route.shape, columns);
    write!(out, ", {list}<a href=\"#model-{0}\">{0}</a>: ", Esc(route.shape))?;
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    write!(out, "{}", Esc(&names.join(", ")))
}

/// The objects that answers and requests consist of, each described once.
#[derive(Default)]
struct Models {
    all: BTreeMap<&'static str, Vec<&'static Column>>,
}

impl Models {
    fn add(&mut self, name: &'static str, columns: &'static [Column]) {
        let known = self.all.entry(name).or_default();
        let new: Vec<_> = columns.iter().filter(|c| known.iter().all(|k| k.name != c.name)).collect();
        known.extend(&new);
        for column in new {
            if let Kind::Rows(name, columns) | Kind::OneRow(name, columns) = column.kind {
                self.add(name, columns);
            }
        }
    }

    /// A kind as HTML, with a link to what it consists of.
    fn kind(&mut self, kind: Kind) -> String {
        let link = |name: &str| format!("<a href=\"#model-{0}\">{0}</a>", Esc(name));
        match kind {
            Kind::Rows(name, columns) => {
                self.add(name, columns);
                format!("list of {}", link(name))
            }
            Kind::OneRow(name, columns) => {
                self.add(name, columns);
                link(name)
            }
            other => Esc(&words::kind(other)).to_string(),
        }
    }

    fn write(mut self, out: &mut String) -> fmt::Result {
        if self.all.is_empty() {
            return Ok(());
        }
        out.push_str("<section id=\"models\"><h2><a class=\"self\" href=\"#models\">Objects</a></h2>");
        for (name, columns) in std::mem::take(&mut self.all) {
            write!(
                out,
                "<details class=\"op\" id=\"model-{0}\"><summary><span></span><code>{0}</code></summary>\
                 <div><div class=\"wide\"><table>",
                Esc(name)
            )?;
            for column in columns {
                let mut kind = self.kind(column.kind);
                if column.absent {
                    kind.push_str(", or left out");
                } else if column.nullable {
                    kind.push_str(", or null");
                }
                let who = match column.who {
                    Who::Everyone => "",
                    Who::Support => " Shown to staff and support agents.",
                    Who::Staff => " Shown to staff.",
                    Who::Own => " Shown to the user himself.",
                    Who::OwnOrSupport => " Shown to the user himself, staff and support agents.",
                    Who::OwnOrStaff => " Shown to the user himself and staff.",
                    Who::Nobody => " Never shown.",
                };
                let asked = if column.optional { " Only if asked for with field=." } else { "" };
                row(out, column.name, &kind, &format!("{}{who}{asked}", column.about), false)?;
            }
            out.push_str("</table></div></div></details>");
        }
        out.push_str("</section>");
        Ok(())
    }
}

/// A call that works once its names in capitals are replaced.
fn curl(route: &Route) -> String {
    let parts: Vec<String> = route
        .path
        .split('/')
        .map(|part| part.strip_prefix('{').map_or(part.to_owned(), |name| name.trim_end_matches('}').to_uppercase()))
        .collect();
    let mut out = String::from("curl");
    if route.method != Verb::Get {
        let _ = write!(out, " -X {}", route.method.text());
    }
    if !matches!(route.needs(), Needs::Nothing) {
        out.push_str(" -H \"Authorization: Token $TOKEN\"");
    }
    let sent: Map<String, Value> = route
        .sendable()
        .filter(|field| field.required && route.method != Verb::Patch)
        .map(|field| (route.wire_name(field.name).to_owned(), sample(field)))
        .collect();
    let first = route.sendable().filter(|_| route.method == Verb::Patch).take(1);
    let sent: Map<String, Value> =
        sent.into_iter().chain(first.map(|field| (route.wire_name(field.name).to_owned(), sample(field)))).collect();
    if !sent.is_empty() && route.method != Verb::Get {
        let _ = write!(out, " \\\n  -H \"Content-Type: application/json\" -d '{}'", Value::Object(sent));
    }
    let query = if route.is_list() { "?page_size=100" } else { "" };
    let _ = write!(out, " \\\n  \"https://HOST{}{query}\"", parts.join("/"));
    out
}

fn sample(field: &Field) -> Value {
    match field.kind {
        Kind::Text if matches!(field.check, stoa_kernel::field::Check::Email) => json!("ann@example.org"),
        Kind::Text if matches!(field.check, stoa_kernel::field::Check::Url) => json!("https://example.org/"),
        Kind::Text => json!(field.name.to_uppercase()),
        Kind::Bool => json!(true),
        Kind::Int => json!(field.min.max(1)),
        Kind::Float | Kind::AmountNumber => json!(1.5),
        Kind::Amount(_) => json!("12.50"),
        Kind::Uuid | Kind::Link(_) => json!("UUID"),
        Kind::Time => json!("2030-01-31T12:00:00Z"),
        Kind::Date => json!("2030-01-31"),
        Kind::Choice(_, choices) => json!(choices.iter().find(|choice| !choice.is_empty())),
        Kind::Links(_) => json!(["UUID"]),
        Kind::Texts => json!(["TEXT"]),
        Kind::Json | Kind::Object | Kind::OneRow(..) => json!({}),
        Kind::Rows(..) => json!([{}]),
        Kind::File => json!(null),
    }
}
