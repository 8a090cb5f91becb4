//! From a template and a letter's context to words: values only, no database, no clock.
//!
//! **The language of templates is small, so that none can keep the server busy.** A template has `{{ … }}`, `{% if %}` with
//! `elif` and `else`, and `{% for name in list %}` not within another; no filters, functions, macros, assignments, or
//! multiplication. So its cost is bounded by its length times that of the context. A name that the kind of mail does
//! not know is an error, and HTML is escaped always.

use super::kinds::{INSTANTS, Kind, PARTS};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, syntax::SyntaxConfig};
use serde_json::{Map, Value};

/// The longest template, in characters.
pub const TEMPLATE_MAX: i64 = 50_000;
/// The longest subject, in characters.
const SUBJECT_MAX: usize = 200;
/// The longest part of a mail, in bytes.
const PART_MAX: usize = 512 * 1024;
/// What stands in the log in place of a secret.
const MASK: &str = "…";
/// Parts of an address at least so long may be secrets.
const SECRET_MIN: usize = 16;

/// What every template may say besides its context.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Site {
    /// What the installation is called.
    pub name: String,
    /// The portal's address, without a slash at the end.
    pub home: String,
    /// Where people get help; may be empty.
    pub support_email: String,
}

/// The templates of one mail: subject, text and HTML, in the order of [`PARTS`].
pub type Sources = [String; 3];

/// A rendered mail.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// A whole HTML document.
    pub html: String,
}

/// What is wrong with a template: a sentence with the line.
pub type Wrong = String;

/// Renders the three templates of a mail.
///
/// # Errors
/// What is wrong, with the part and the line.
pub fn mail(sources: &Sources, context: &Map<String, Value>, site: &Site) -> Result<Rendered, Wrong> {
    let [subject, text, html] = sources;
    let subject = one_line(&render(PARTS[0], subject, context)?);
    let text = render(PARTS[1], text, context)?;
    let html = render(PARTS[2], html, context)?;
    Ok(Rendered { text: framed_text(&text, site), html: framed_html(&subject, &html, site), subject })
}

/// Renders one template; HTML is escaped if its path says that it is HTML.
///
/// # Errors
/// What is wrong, with the line.
pub fn render(path: &str, source: &str, context: &Map<String, Value>) -> Result<String, Wrong> {
    check(source)?;
    let environment = environment()?;
    let template = environment.template_from_named_str(path, source).map_err(|error| wording(&error))?;
    let rendered = template.render(value(&Value::Object(context.clone()))).map_err(|error| wording(&error))?;
    if rendered.len() > PART_MAX {
        return Err(format!("The text is longer than {PART_MAX} bytes."));
    }
    Ok(rendered)
}

/// Checks that a template can be read, whatever it will be rendered with.
///
/// # Errors
/// What is wrong, with the line.
pub fn parse(path: &str, source: &str) -> Result<(), Wrong> {
    check(source)?;
    let environment = environment()?;
    let parsed = environment.template_from_named_str(path, source);
    parsed.map(|_| ()).map_err(|error| wording(&error))
}

fn environment() -> Result<Environment<'static>, Wrong> {
    // No filters, tests or functions at all.
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|path| match path.ends_with(".html") {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|error| error.to_string())?);
    Ok(environment)
}

fn wording(error: &minijinja::Error) -> Wrong {
    let what = match (error.kind(), error.detail()) {
        (ErrorKind::UndefinedError, _) => "a name is used that this kind of mail does not know".to_owned(),
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    };
    match error.line() {
        Some(line) => format!("Line {line}: {what}."),
        None => format!("{what}."),
    }
}

fn value(json: &Value) -> minijinja::Value {
    match json {
        // Nothing is shown as nothing.
        Value::Null => "".into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(float)) => float.into(),
            (None, None) => number.to_string().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(value).collect(),
        Value::Object(map) => {
            let map: std::collections::BTreeMap<String, minijinja::Value> =
                map.iter().map(|(name, inner)| (name.clone(), value(inner))).collect();
            minijinja::Value::from_object(map)
        }
    }
}

/// Checks that a template keeps to the small language.
///
/// # Errors
/// What is wrong, with the line.
pub fn check(source: &str) -> Result<(), Wrong> {
    let mut rest = source;
    let mut in_loop = false;
    while let Some(at) = rest.find('{') {
        let line = 1 + source[..source.len() - rest.len() + at].matches('\n').count();
        let wrong = |what: &str| Err(format!("Line {line}: {what}"));
        rest = &rest[at + 1..];
        let end = match rest.as_bytes().first() {
            Some(b'#') => match rest.find("#}") {
                Some(end) => {
                    rest = &rest[end + 2..];
                    continue;
                }
                None => return wrong("a comment is not closed."),
            },
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            _ => continue,
        };
        let Some(length) = tag_length(&rest[1..], end) else {
            return wrong("only names, texts, comparisons and the like can stand here: no braces, no multiplication.");
        };
        let tag = rest[1..=length].trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim();
        rest = &rest[1 + length + 2..];
        if end == "}}" {
            continue;
        }
        match tag.split_whitespace().next().unwrap_or_default() {
            "if" | "elif" | "else" | "endif" => {}
            "for" if in_loop => return wrong("a for can't stand within another one."),
            "for" if is_plain_loop(tag) => in_loop = true,
            "for" => return wrong("a for has the form: for name in list."),
            "endfor" => in_loop = false,
            other => return Err(format!("Line {line}: there is no {other:?} here; there are if, elif, else and for.")),
        }
    }
    Ok(())
}

/// The bytes of a tag up to its end, quoted texts skipped; `None` for what can't stand in one.
fn tag_length(tag: &str, end: &str) -> Option<usize> {
    let bytes = tag.as_bytes();
    let (mut at, mut quote) = (0, None);
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
            (None, _) if bytes[at..].starts_with(end.as_bytes()) => return Some(at),
            (None, b'{' | b'}' | b'*' | b'#') => return None,
            (None, _) => {}
        }
        at += 1;
    }
    None
}

fn is_plain_loop(tag: &str) -> bool {
    let words: Vec<&str> = tag.split_whitespace().collect();
    let name = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    matches!(words[..], ["for", item, "in", list] if name(item) && name(list))
}

/// A text without line breaks and other control characters, cut to what a subject may have: nothing in it can become a
/// header of its own.
pub fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SUBJECT_MAX).collect()
}

/// A text with Unix line ends, at most one empty line in a row, and no other control characters.
fn tidy(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.replace("\r\n", "\n").split(['\n', '\r']) {
        let line: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        let line = line.trim_end();
        if !(line.is_empty() && lines.last().is_none_or(String::is_empty)) {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n").trim_end().to_owned()
}

fn framed_text(text: &str, site: &Site) -> String {
    format!("{}\n\n-- \n{}\n{}\n", tidy(text), one_line(&site.name), site.home)
}

fn framed_html(subject: &str, html: &str, site: &Site) -> String {
    let (subject, name, home) = (escape(subject), escape(&site.name), escape(&site.home));
    let html = html.replace('\0', "");
    format!(
        "<!doctype html>\n<html>\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{subject}</title></head>\n\
         <body style=\"margin:0;padding:24px;background:#f3f5f7;color:#1d232a;font:16px/1.5 system-ui,sans-serif\">\n\
         <div style=\"max-width:600px;margin:0 auto;padding:24px 32px;background:#ffffff;border-radius:8px\">\n{}\n</div>\n\
         <p style=\"max-width:600px;margin:16px auto;color:#5b6673;font-size:13px\">\
         <a href=\"{home}\" style=\"color:#5b6673\">{name}</a></p>\n</body>\n</html>\n",
        html.trim()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The context with which the templates of a kind are rendered: what the letter says, what it may say but doesn't as
/// empty texts, what every template may say, addresses of pages made whole, instants and codes put into words.
pub fn context(kind: &Kind, said: &Map<String, Value>, site: &Site) -> Map<String, Value> {
    let mut all: Map<String, Value> = kind.facts.iter().map(|fact| (fact.0.to_owned(), "".into())).collect();
    for (name, value) in said {
        let words = |code: &str| kind.words.iter().find(|(known, _)| *known == code).map(|(_, words)| *words);
        let shown = match value.as_str() {
            Some(path) if is_link(name) && path.starts_with('/') => format!("{}{path}", site.home).into(),
            Some(instant) if INSTANTS.contains(&name.as_str()) => for_people(instant).into(),
            Some(code) => words(code).unwrap_or(code).into(),
            None => value.clone(),
        };
        all.insert(name.clone(), shown);
    }
    for (name, value) in [("site_name", &site.name), ("home", &site.home), ("support_email", &site.support_email)] {
        all.insert(name.to_owned(), value.clone().into());
    }
    all
}

/// An instant as people read it: `1 May 2026, 10:20 UTC`. Anything else stays as it is.
fn for_people(text: &str) -> String {
    let read = |text: &str| text.parse::<jiff::Timestamp>().ok();
    read(text).map_or_else(|| text.to_owned(), |instant| instant.strftime("%-d %B %Y, %H:%M UTC").to_string())
}

fn is_link(name: &str) -> bool {
    name == "link" || name.ends_with("_link")
}

/// The context as the log may show it: a one-time code stands only within a link, and every part of a link that could be
/// one is masked.
pub fn masked(said: &Map<String, Value>) -> Map<String, Value> {
    let mask = |(name, value): (&String, &Value)| match value.as_str() {
        Some(link) if is_link(name) => (name.clone(), mask_link(link).into()),
        _ => (name.clone(), value.clone()),
    };
    said.iter().map(mask).collect()
}

fn mask_link(link: &str) -> String {
    // The host of a whole address is no secret.
    let path = link.find("://").map_or(0, |at| link[at + 3..].find('/').map_or(link.len(), |slash| at + 3 + slash));
    let mut masked = link[..path].to_owned();
    for part in link[path..].split_inclusive(['/', '?', '&', '=', '#']) {
        let end = part.chars().last().filter(|last| "/?&=#".contains(*last));
        let word = end.map_or(part, |end| part.strip_suffix(end).unwrap_or(part));
        masked.push_str(if may_be_secret(word) { MASK } else { word });
        masked.extend(end);
    }
    masked
}

/// Whether a part of an address is long and not made of words.
fn may_be_secret(part: &str) -> bool {
    let is_word = |word: &str| word.len() < SECRET_MIN && word.bytes().all(|byte| byte.is_ascii_lowercase());
    part.len() >= SECRET_MIN && !part.split(['_', '-']).all(is_word)
}

/// What a kind's templates may say, with the samples.
pub fn sample(kind: &Kind) -> Map<String, Value> {
    let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| text.into());
    kind.facts.iter().map(|fact| (fact.0.to_owned(), read(fact.2))).collect()
}

/// What a kind's templates may say, with a sentence each.
pub fn schema(kind: &Kind) -> Value {
    Value::Object(kind.facts.iter().map(|fact| (fact.0.to_owned(), fact.1.into())).collect())
}

#[cfg(test)]
mod tests {
    use super::{
        super::kinds::{KINDS, kind},
        *,
    };
    use serde_json::json;

    fn site() -> Site {
        Site { name: "Stoa & Co".into(), home: "https://stoa.example.org".into(), support_email: "help@x.org".into() }
    }

    fn sources(kind: &Kind) -> Sources {
        PARTS.map(|part| kind.shipped(part).unwrap_or_default().to_owned())
    }

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn every_shipped_template_renders_with_samples_and_with_nothing() {
        for kind in KINDS.iter().filter(|kind| kind.templates.is_some()) {
            for said in [sample(kind), Map::new()] {
                let mail = mail(&sources(kind), &context(kind, &said, &site()), &site());
                let mail = mail.unwrap_or_else(|wrong| panic!("{}: {wrong}", kind.key));
                assert!(said.is_empty() || !mail.subject.is_empty(), "{} has no subject", kind.key);
                assert!(mail.text.ends_with("\n-- \nStoa & Co\nhttps://stoa.example.org\n"), "{}", mail.text);
                assert!(mail.html.contains("Stoa &amp; Co"), "{}", kind.key);
                assert!(!mail.text.contains("\n\n\n") && !mail.text.contains("none"), "{}: {}", kind.key, mail.text);
            }
            assert!(kind.about.ends_with(['.', '?']), "{}", kind.key);
            for fact in kind.facts {
                assert!(serde_json::from_str::<Value>(fact.2).is_ok(), "{}: {}", kind.key, fact.0);
            }
        }
    }

    #[test]
    fn an_invitation_reads_like_a_letter() {
        let kind = kind("users.invitation_created").unwrap();
        let said = map(json!({"link": "/invitation/abc/", "inviter": "Ada <b>", "scope_name": "Apollo",
                              "role": "Project administrator", "expires": "2026-05-01T10:20:30.5Z"}));
        let mail = mail(&sources(kind), &context(kind, &said, &site()), &site()).unwrap();
        assert_eq!(mail.subject, "Ada <b> invites you to Apollo");
        let text = "Hello,\n\nAda <b> invites you to join Apollo as Project administrator.\n\n\
                    To accept, open this page and sign in:\n\nhttps://stoa.example.org/invitation/abc/\n\n\
                    The invitation is valid until 1 May 2026, 10:20 UTC.\n";
        assert!(mail.text.starts_with(text), "{}", mail.text);
        assert!(mail.html.contains("<strong>Ada &lt;b&gt;</strong>"), "{}", mail.html);
        assert!(mail.html.contains("<title>Ada &lt;b&gt; invites"), "{}", mail.html);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let context = map(json!({"name": "Ada", "list": [1, 2]}));
        for (source, expected) in [
            ("Hello\n{{ nmae }}", "Line 2: a name is used"),
            ("{{ name", "Line 1: only names"),
            ("a\nb\n{% if name %}", "Line 3: "),
            ("{% set x = 1 %}", "Line 1: there is no \"set\" here"),
            ("{% include 'x' %}", "there is no \"include\" here"),
            ("{% macro x() %}{% endmacro %}", "there is no \"macro\" here"),
            ("{% for a in list %}{% for b in list %}{% endfor %}{% endfor %}", "within another"),
            ("{% for a in [1] * 9 %}{% endfor %}", "only names"),
            ("{% for a in list recursive %}{% endfor %}", "has the form"),
            ("{% for a in range(9) %}{% endfor %}", "has the form"),
            ("{{ 'x' * 1000000000 }}", "only names"),
            ("{{ '}}' * 1000000000 }}", "only names"),
            ("{{ {'a': 1} }}", "only names"),
            ("{{ name|upper }}", "upper"),
            ("{{ range(3) }}", "Line 1: "),
        ] {
            let wrong = render("x.txt", source, &context).unwrap_err();
            assert!(wrong.contains(expected), "{source}: {wrong}");
        }
        let good = "{# {% set %} #}{ {{ name }} } {% for a in list %}{% if a == 1 %}{{ a }}'{% endif %}{% endfor %}";
        assert_eq!(render("x.txt", good, &context).unwrap(), "{ Ada } 1'");
    }

    #[test]
    fn a_subject_is_one_line() {
        assert_eq!(one_line("Hello\r\nBcc: all@x.org\u{0}\n\tx"), "Hello Bcc: all@x.org x");
        assert_eq!(one_line(&"x".repeat(999)).len(), SUBJECT_MAX);
    }

    #[test]
    fn the_log_shows_no_code() {
        let said = map(json!({
            "link": "/user_email_change/0123456789abcdef0123456789abcdef/?next=abcdefghijklmnopqrstuvwxyz&a=b",
            "approve_link": "https://long.host.example.org/approve_invitation/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl:abcdefabcdefabcdef/",
            "email": "ann@averylongdomainname.example.org",
        }));
        let masked = masked(&said);
        assert_eq!(masked["link"], "/user_email_change/…/?next=…&a=b");
        assert_eq!(masked["approve_link"], "https://long.host.example.org/approve_invitation/…/");
        assert_eq!(masked["email"], said["email"]);
    }

    #[test]
    fn every_path_leads_to_its_kind() {
        for kind in KINDS {
            for part in PARTS {
                assert_eq!(super::super::kinds::of_path(&kind.path(part)), Some((kind.key.to_owned(), part)));
            }
        }
        assert_eq!(super::super::kinds::of_path("users/x.txt"), None);
    }
}
