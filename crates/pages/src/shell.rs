//! What every page has: its frame, its headers, and the ways to answer a form.

use crate::{
    api::{Answer, Api, Visitor},
    assets,
};
use askama::Template;
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;

/// What pages may load and do: only what is ours. Nobody may put them into a frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The frame of a page.
#[derive(Debug)]
pub struct Shell {
    /// Name of the installation.
    pub site: String,
    /// Address of its logo; empty for none.
    pub logo: String,
    /// Name of who is signed in; empty for nobody.
    pub person: String,
    /// Address of the style.
    pub style: &'static str,
    /// Address of the script.
    pub script: &'static str,
    /// The public settings.
    pub settings: Value,
    /// The user who is signed in, as the API describes him; null for nobody.
    pub me: Value,
}

impl Shell {
    /// The frame for this visitor.
    pub async fn of(api: &Api, visitor: &Visitor) -> Shell {
        let settings = api.get(visitor, "/api/configuration/").await.body["WALDUR_CORE"].take();
        let me = api.get(visitor, "/api/users/me/").await;
        let me = if me.ok() { me.body } else { Value::Null };
        let name =
            [&me["full_name"], &me["username"]].into_iter().filter_map(Value::as_str).find(|name| !name.is_empty());
        Shell {
            site: settings["SITE_NAME"].as_str().unwrap_or("Stoa").to_owned(),
            logo: settings["SITE_LOGO"].as_str().unwrap_or_default().to_owned(),
            person: name.unwrap_or_default().to_owned(),
            style: &assets::style().address,
            script: &assets::script().address,
            settings,
            me,
        }
    }

    /// Whether somebody is signed in.
    pub fn signed_in(&self) -> bool {
        !self.me.is_null()
    }

    /// Whether a way to sign in is open.
    pub fn offers(&self, method: &str) -> bool {
        self.settings["AUTHENTICATION_METHODS"].as_array().is_some_and(|open| open.iter().any(|one| one == method))
    }
}

/// A page that says something and links on.
#[derive(Template)]
#[template(path = "message.html")]
pub struct Message {
    /// The frame.
    pub shell: Shell,
    /// The heading.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Where it links to; empty for nowhere.
    pub link: String,
    /// What the link is called.
    pub label: String,
}

/// A page that asks for one click, so that a program that opens links in mails does nothing.
#[derive(Template)]
#[template(path = "confirm.html")]
pub struct Confirm {
    /// The frame.
    pub shell: Shell,
    /// The heading.
    pub title: String,
    /// What it says.
    pub text: String,
    /// What went wrong; empty for nothing.
    pub problem: String,
    /// Where the click goes.
    pub action: String,
    /// What the button is called.
    pub label: String,
}

/// A page as an answer.
pub fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, headers(), Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn headers() -> HeaderMap {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    fixed.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}

/// On to another page, with the cookies that the API set.
pub fn go(answer: &Answer, to: &str) -> Response {
    with_cookies(answer, Redirect::to(to).into_response())
}

/// An answer with the cookies that the API set.
pub fn with_cookies(answer: &Answer, mut response: Response) -> Response {
    for cookie in &answer.cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An address to go on to: a path of ours, or the account. Nothing leads off the site (an open redirect).
pub fn next(asked: &str) -> String {
    let ours = asked.starts_with('/') && !asked.starts_with("//") && !asked.contains(['\\', '\r', '\n', '\t']);
    if ours && asked.len() < 1_000 { asked.to_owned() } else { "/account/".to_owned() }
}

/// An identifier in an address: letters, digits and hyphens; anything else names nothing.
pub fn plain(text: &str) -> &str {
    let fine =
        !text.is_empty() && text.len() <= 200 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if fine { text } else { "0" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_off_the_site() {
        for foreign in
            ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "", "/a\nb"]
        {
            assert_eq!(next(foreign), "/account/", "{foreign}");
        }
        assert_eq!(next("/invitation/abc/?x=1"), "/invitation/abc/?x=1");
        assert_eq!(plain("../users"), "0");
        assert_eq!(plain("1b9d6bcd-bbfd"), "1b9d6bcd-bbfd");
    }
}
