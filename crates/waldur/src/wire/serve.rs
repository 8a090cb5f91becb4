//! From a request to an answer.

use super::{
    Asked, Reply, Surface,
    body::{self, Names},
    caller::{self, IMPERSONATE, NO_CREDENTIALS, SIMULATE},
    error, query,
};
use crate::route::{Answer, Route, Run, Verb};
use axum::{Router, body::Body, extract::Request, response::Response, routing::any};
use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::json;
use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc};
use stoa_identity::oidc::bearer;
use stoa_kernel::{
    Error, Result, Val,
    access::{Actor, Found, Needs, Used, decide},
    action::Action,
    door::{Call, Caller, Credential},
    field::Mode,
    id,
    view::View,
};
use stoa_tenancy::access::simulate;

/// The longest address; more is nobody's filter.
const URI_MAX: usize = 32 * 1024;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is at a path.
enum Spot {
    /// Operations.
    Routes(Vec<&'static Route>),
    /// The same path with a slash at the end.
    Slash,
    /// Nothing.
    Nothing,
}

/// The API as a service. It answers everything under `/api/` and `/api-auth/`, and leaves other paths to others.
pub fn router(surface: Arc<Surface>) -> Router {
    let mut spots: BTreeMap<String, Vec<&'static Route>> = BTreeMap::new();
    for route in surface.routes() {
        spots.entry(pattern(route.path)).or_default().push(route);
    }
    let mut router = Router::new();
    let mut taken = Vec::new();
    for (path, routes) in spots {
        if let Some(bare) = path.strip_suffix('/').filter(|bare| !bare.is_empty()) {
            router = add(router, &surface, bare, Spot::Slash);
        }
        router = add(router, &surface, &path, Spot::Routes(routes));
        taken.push(path);
    }
    for root in ["/api/", "/api-auth/"] {
        if !taken.iter().any(|path| path == root) {
            router = add(router, &surface, root, Spot::Nothing);
        }
        // Where any name can follow, the rest begins behind that name.
        let any = format!("{root}{{p2}}/");
        let before = if taken.contains(&any) { &any } else { root };
        router = add(router, &surface, &format!("{before}{{*rest}}"), Spot::Nothing);
    }
    router
}

fn add(router: Router, surface: &Arc<Surface>, path: &str, spot: Spot) -> Router {
    let (surface, spot) = (surface.clone(), Arc::new(spot));
    let handler = move |request: Request| {
        let (surface, spot) = (surface.clone(), spot.clone());
        async move { serve(&surface, &spot, request).await }
    };
    router.route(path, any(handler))
}

/// A path with its parameters named by position: the same place may have different names in different operations.
fn pattern(path: &str) -> String {
    let parts = path.split('/').enumerate().map(|(at, part)| match part.starts_with('{') {
        true => format!("{{p{at}}}"),
        false => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn serve(surface: &Surface, spot: &Spot, request: Request) -> Response {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let plain = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    let id = given.filter(plain).map_or_else(|| id::hex(&surface.core.clock.uuid()), str::to_owned);
    let head = request.method() == Method::HEAD;
    let caught = AssertUnwindSafe(answer(surface, spot, request, &id)).catch_unwind().await;
    let reply = match caught {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => error::reply(&error, &id),
        Err(_) => {
            // The panic hook has written where and why.
            tracing::error!(request = id, "an operation panicked");
            error::broken(&id)
        }
    };
    finish(reply, &id, head)
}

/// Adds what every answer has.
fn finish(reply: Reply, id: &str, head: bool) -> Response {
    let mut response = Response::new(if head { Body::empty() } else { Body::from(reply.body) });
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    let fixed = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Link, X-Result-Count, X-Request-Id, X-impersonator-uuid, Retry-After"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in reply.headers {
        headers.insert(name, value);
    }
    response
}

fn preflight() -> Reply {
    const ALLOWED: &str = "Accept, Accept-Encoding, Authorization, Content-Type, Origin, User-Agent, X-CSRFToken, \
                           X-Requested-With, X-Request-Id, X-Impersonated-User-Uuid, X-Simulate, sentry-trace, baggage";
    Reply::empty(200)
        .with(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        )
        .with(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED))
        .with(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"))
}

async fn answer(surface: &Surface, spot: &Spot, request: Request, id: &str) -> Result<Reply> {
    let (parts, body) = request.into_parts();
    if parts.uri.path_and_query().is_some_and(|uri| uri.as_str().len() > URI_MAX) {
        return Ok(Reply::detail(414, format!("The address is longer than {URI_MAX} bytes.")));
    }
    if parts.method == Method::OPTIONS && parts.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return Ok(preflight());
    }
    match spot {
        Spot::Nothing => Err(Error::NotFound),
        Spot::Slash => {
            let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            Ok(Reply::redirect(301, &format!("{}/{query}", parts.uri.path())))
        }
        Spot::Routes(routes) => at(surface, routes, &parts, body, id).await,
    }
}

async fn at(surface: &Surface, routes: &[&'static Route], parts: &Parts, body: Body, id: &str) -> Result<Reply> {
    let verb = match parts.method {
        Method::GET | Method::HEAD => Some(Verb::Get),
        Method::POST => Some(Verb::Post),
        Method::PUT => Some(Verb::Put),
        Method::PATCH => Some(Verb::Patch),
        Method::DELETE => Some(Verb::Delete),
        _ => None,
    };
    let Some(route) = routes.iter().find(|route| Some(route.method) == verb) else {
        return other_method(surface, routes, parts, id).await;
    };
    let mut asked = match asked(surface, route, parts, id)? {
        Ok(asked) => asked,
        Err(reply) => return Ok(reply),
    };
    if let Credential::Secret("bearer", token) = &asked.caller.credential
        && bearer::is_foreign(token)
    {
        asked.caller.credential = Credential::Issued(bearer::verify(&surface.core, token).await?);
    }
    let names = Names { fields: route.fields(), renames: route.renames };
    if verb != Some(Verb::Get) {
        match content(surface, parts, body, names).await {
            Ok(body) => asked.body = body,
            Err(reply) => {
                // A stranger learns that he is one before he learns what is wrong with his body.
                if !matches!(route.needs(), Needs::Nothing) {
                    surface.admit(&mut asked, &Needs::SignedIn).await?;
                }
                return Ok(reply);
            }
        }
        let rest: Vec<_> = asked.path.iter().filter(|(name, _)| Some(*name) != route.key()).cloned().collect();
        body::resolve(&mut asked.body, route.fields(), surface.links(), &rest);
    }
    let mut by = None;
    if asked.caller.impersonate.is_some() {
        let actor = surface.core.actor(&asked.caller).await?;
        by = actor.impersonator.as_ref().map(|by| id::hex(&by.uuid));
        asked.actor = Some(actor);
    }
    let (used, tried) = (asked.caller.used.clone(), asked.simulate && verb != Some(Verb::Get));
    let reply = run(surface, route, asked, names).await?;
    // What was refused, failed or was only tried out used nothing.
    if !tried && reply.status.as_u16() < 400 {
        surface.core.used(&used);
    }
    Ok(match by {
        Some(by) => reply.with_text(HeaderName::from_static("x-impersonator-uuid"), &by),
        None => reply,
    })
}

/// Everything about a request but its body.
fn asked(surface: &Surface, route: &Route, parts: &Parts, id: &str) -> Result<Result<Asked, Reply>> {
    let origin = caller::route(parts, &surface.settings);
    let credential = match route.anonymous {
        true => Credential::None,
        false => caller::credential(&parts.headers, &surface.settings)?,
    };
    let by_cookie = matches!(credential, Credential::Secret("session", _));
    let same_site = caller::same_site(&parts.headers, &origin.base);
    if by_cookie && route.method != Verb::Get && !same_site {
        return Ok(Err(Reply::detail(403, "CSRF Failed: the request does not come from a page of this server.")));
    }
    let impersonate = parts.headers.get(IMPERSONATE).filter(|_| !route.anonymous);
    let impersonate = impersonate.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let (address, agent) = (origin.address, caller::agent(&parts.headers));
    let (request, exempt) = (id.to_owned(), route.is_exempt());
    let language = caller::language(&parts.headers);
    let used = Used::kept();
    let caller = Caller { credential, impersonate, address, agent, request, exempt, language, used };
    let query = match query::pairs(parts.uri.query().unwrap_or("").as_bytes()) {
        Ok(query) => query,
        Err(reply) => return Ok(Err(reply)),
    };
    let mut path = Vec::new();
    for (name, part) in route.path.split('/').zip(parts.uri.path().split('/')) {
        if let Some(name) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            path.push((name, query::decode(part.as_bytes(), false).ok_or(Error::NotFound)?));
        }
    }
    let simulate = match text(&parts.headers, HeaderName::from_static(SIMULATE)) {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => return Ok(Err(Reply::detail(400, "X-Simulate is true or false."))),
    };
    let address = format!("{}{}", origin.base, parts.uri.path());
    let (head, base) = (parts.method == Method::HEAD, origin.base);
    Ok(Ok(Asked {
        caller,
        actor: None,
        path,
        query,
        body: json!({}),
        simulate,
        head,
        base,
        address,
        same_site,
        cookies: caller::cookies(&parts.headers),
    }))
}

/// Reads the body, but never more than the limit.
async fn content(
    surface: &Surface,
    parts: &Parts,
    body: Body,
    names: Names,
) -> std::result::Result<serde_json::Value, Reply> {
    let limit = surface.settings.body_limit;
    let too_large = || Reply::detail(413, format!("The body is longer than {limit} bytes."));
    let declared = text(&parts.headers, header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if declared.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(too_large());
    }
    let bytes: Bytes = match Limited::new(body, limit).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(_) => return Err(Reply::detail(400, "The body could not be read.")),
    };
    body::read(text(&parts.headers, header::CONTENT_TYPE).unwrap_or(""), bytes, names).await
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// OPTIONS, and methods that nothing here answers. Access is checked first, as the original does.
async fn other_method(surface: &Surface, routes: &[&'static Route], parts: &Parts, id: &str) -> Result<Reply> {
    if !routes.iter().any(|route| matches!(route.needs(), Needs::Nothing)) {
        let origin = caller::route(parts, &surface.settings);
        let credential = caller::credential(&parts.headers, &surface.settings)?;
        let caller = Caller { credential, address: origin.address, request: id.to_owned(), ..Caller::default() };
        if !surface.core.actor(&caller).await?.signed_in() {
            return Err(Error::Unauthenticated(NO_CREDENTIALS.into()));
        }
    }
    let mut allowed: Vec<&str> = routes.iter().map(|route| route.method.text()).collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.push("OPTIONS");
    allowed.sort_unstable();
    let reply = if parts.method == Method::OPTIONS {
        let names: Vec<&str> = routes.iter().map(|route| route.op).collect();
        let parses = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"];
        let about = routes.iter().map(|route| route.sentence()).find(|about| !about.is_empty()).unwrap_or("");
        let shown = json!({"name": routes.first().map_or("", |route| route.tag), "description": about,
            "operations": names, "renders": ["application/json"], "parses": parses});
        Reply::json(200, &shown)
    } else {
        Reply::detail(405, format!("Method \"{}\" not allowed.", parts.method))
    };
    Ok(reply.with_text(header::ALLOW, &allowed.join(", ")))
}

/// Does what the line of the table says.
async fn run(surface: &Surface, route: &Route, mut asked: Asked, names: Names) -> Result<Reply> {
    let target = route.key().map(|key| asked.param(key).to_owned());
    let target = target.as_deref();
    if asked.simulate && route.method != Verb::Get {
        let action = route.action().ok_or_else(|| Error::field("X-Simulate", "This can't be simulated."))?;
        let result = simulate::simulate(&surface.core, &asked.caller, call(route, action, target, &asked)).await;
        let told = result.map_err(|error| body::explain(error, names, &asked.body))?;
        return Ok(Reply::json(200, &told).with_text(HeaderName::from_static(SIMULATE), "true"));
    }
    match route.run {
        Run::List(view) => {
            let actor = asked.actor(surface).await?;
            surface.page(&asked, &actor, view, Vec::new()).await
        }
        Run::ListIn { view, parent, needs, within } => {
            let actor = asked.actor(surface).await?;
            let key = inside(surface, &actor, parent, &needs, target).await?;
            surface.page(&asked, &actor, view, vec![(within, vec![key])]).await
        }
        Run::Retrieve(view) => {
            let actor = asked.actor(surface).await?;
            surface.retrieve(&asked, &actor, view, target.unwrap_or(""), Vec::new()).await
        }
        Run::RetrieveIn { view, parent, needs, within } => {
            let actor = asked.actor(surface).await?;
            let key = inside(surface, &actor, parent, &needs, target).await?;
            let row = asked.path.last().map_or("", |(_, value)| value.as_str());
            surface.retrieve(&asked, &actor, view, row, vec![(within, vec![key])]).await
        }
        Run::Me(view) => {
            // Who looks at himself relies on no role.
            let actor = asked.actor(surface).await?.unnoted();
            decide(&actor, &Needs::SignedIn, &Found::default()).required()?;
            surface.retrieve(&asked, &actor, view, &id::hex(&actor.uuid), Vec::new()).await
        }
        Run::Create(action, view) => {
            let done = surface.call(&asked, call(route, action, target, &asked), names).await?;
            surface.object(&asked, view, 201, &done, target).await
        }
        Run::Update(action, view) => {
            let done = surface.call(&asked, call(route, action, target, &asked), names).await?;
            surface.object(&asked, view, 200, &done, target).await
        }
        Run::Destroy(action) => {
            surface.call(&asked, call(route, action, target, &asked), names).await?;
            Ok(Reply::empty(204))
        }
        Run::Act(action, answer) => {
            let done = surface.call(&asked, call(route, action, target, &asked), names).await?;
            match answer {
                Answer::Object(view, status) => surface.object(&asked, view, status, &done, target).await,
                Answer::Json(status, columns) => surface.answered(&asked, status, false, columns, &done.answer).await,
                Answer::Many(status, columns) => surface.answered(&asked, status, true, columns, &done.answer).await,
                Answer::Empty(status) => Ok(Reply::empty(status)),
                Answer::Detail(status, text) => Ok(Reply::detail(status, text)),
            }
        }
        Run::Own(own) => {
            surface.admit(&mut asked, &own.needs).await?;
            let body = asked.body.clone();
            (own.run)(surface, asked).await.map_err(|error| body::explain(error, names, &body))
        }
    }
}

fn call(route: &Route, action: &'static Action, target: Option<&str>, asked: &Asked) -> Call {
    let mode = if route.method == Verb::Patch { Mode::Partial } else { Mode::Whole };
    let (target, body) = (target.map(str::to_owned), asked.body.clone());
    Call { action, via: route.via, target, body, mode }
}

/// The key of the parent that the path names: strangers are told so first, then what one can't see does not exist, then what
/// one may not do is refused.
async fn inside(
    surface: &Surface,
    actor: &Actor,
    parent: &'static View,
    needs: &Needs,
    target: Option<&str>,
) -> Result<Val> {
    if !matches!(needs, Needs::Nothing) {
        decide(actor, &Needs::SignedIn, &Found::default()).required()?;
    }
    let found = surface.core.find(actor, parent, target.unwrap_or("")).await?;
    decide(actor, needs, &found).required()?;
    Ok(Val::Int(found.id))
}
