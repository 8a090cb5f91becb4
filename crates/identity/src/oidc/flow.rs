//! The way of a browser: from here to the provider, and back.
//!
//! Whatever goes wrong, a stranger reads the same words; the record has the reason.

use super::{
    actions,
    exchange::{self, Code, Proved},
    jwt::Refusal,
    rules, store,
};
use crate::provider::{rules::origin, store as providers, store::Provider};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    action::Action,
    door::{Call, Caller, Core},
    field::Mode,
};
use stoa_tenancy::settings::Settings;
use url::Url;

/// What somebody is told who could not be signed in, whatever the reason.
pub const FAILED: &str = "Signing in has failed. Please try again.";
/// What is asked of a provider that needs nothing else said.
const SCOPES: &str = "openid profile email";
/// The setting with the portal's address, and what it is as long as nobody has set it.
const PORTAL: (&str, &str) = ("HOMEPORT_URL", "https://example.com/");

/// What a browser that wants to sign in asks.
#[derive(Debug, Clone, Default)]
pub struct Wish<'a> {
    /// Name of the provider, or `default`.
    pub provider: &'a str,
    /// Scheme and host under which the browser knows this server.
    pub base: &'a str,
    /// A path of this server to go to in the end.
    pub next: Option<&'a str>,
    /// An address of a portal to go to in the end.
    pub back: Option<&'a str>,
    /// The cookie of an earlier sign-in.
    pub browser: Option<&'a str>,
    /// Languages, for the provider's pages.
    pub locales: Option<&'a str>,
}

/// Where the browser goes, and what it keeps meanwhile.
#[derive(Debug, Clone)]
pub struct Began {
    /// The provider's address.
    pub location: String,
    /// The value of the cookie.
    pub browser: String,
}

/// What a browser brings back.
#[derive(Debug, Clone, Default)]
pub struct Returned<'a> {
    /// Name of the provider.
    pub provider: &'a str,
    /// What the provider gave.
    pub code: Option<&'a str>,
    /// What was sent there.
    pub state: Option<&'a str>,
    /// Who says so (RFC 9207).
    pub issuer: Option<&'a str>,
    /// What went wrong there.
    pub error: Option<&'a str>,
    /// The cookie.
    pub browser: Option<&'a str>,
}

/// Where a browser goes that is signed in.
#[derive(Debug, Clone)]
pub enum Arrived {
    /// To a path of this server, with this session.
    Here(String, String),
    /// To a portal, whose address has a code.
    Portal(String),
}

/// The address of the portal; empty if the pages are our own.
pub fn portal(settings: &Settings) -> String {
    let text = settings.text(PORTAL.0);
    if text == PORTAL.1 { String::new() } else { text }
}

/// Where somebody is shown why he was not signed in.
pub fn failed(settings: &Settings, words: &str) -> String {
    let portal = portal(settings);
    let page =
        if portal.is_empty() { "/sign-in/".into() } else { format!("{}/login_failed/", portal.trim_end_matches('/')) };
    let words: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
    format!("{page}?message={words}")
}

/// The active provider with this name; `default` is the one that staff chose.
///
/// # Errors
/// Unauthenticated, in the same words for one that is not there and one that is switched off.
pub async fn provider(core: &Arc<Core>, settings: &Settings, name: &str) -> Result<Provider> {
    let chosen = settings.text("DEFAULT_IDP");
    let name = if name == "default" { chosen.as_str() } else { name };
    let active = providers::active(&mut core.store.reader(), name).await?;
    active.ok_or_else(|| Error::Unauthenticated("Identity provider is not enabled.".into()))
}

/// Sends a browser to a provider.
///
/// # Errors
/// Not found for no such provider; invalid for a place to which nobody is sent; too many from one address.
pub async fn begin(core: &Arc<Core>, caller: &Caller, wish: Wish<'_>) -> Result<Began> {
    let settings = Settings::load(&mut core.store.reader()).await?;
    let provider = provider(core, &settings, wish.provider).await?;
    let target = rules::target(wish.next, wish.back, &provider.allowed_redirects, &portal(&settings));
    let field = if wish.back.is_some() { "return_url" } else { "next" };
    let target = target.ok_or_else(|| Error::field(field, "Nobody is sent to this address after signing in."))?;
    let state = URL_SAFE_NO_PAD.encode(core.clock.secret::<32>());
    // Several tabs of a browser share the cookie, so that none ends the sign-in of another.
    let browser = match wish.browser.filter(|browser| rules::is_browser(browser)) {
        Some(browser) => browser.to_owned(),
        None => core.clock.secret::<32>().iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let redirect_uri = format!("{}/api-auth/{}/complete/", wish.base, provider.name);
    let now = core.now();
    let pending = store::Pending {
        provider_id: provider.id,
        state: state.clone(),
        browser: browser.clone(),
        address: address(caller),
        redirect_uri: redirect_uri.clone(),
        target,
        expires_at: now.plus_seconds(rules::STATE_SECONDS),
    };
    store::begin(&core.store, pending, now).await?;
    let mut location = Url::parse(&provider.auth_url).map_err(Error::broken)?;
    location
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", &redirect_uri)
        .append_pair("scope", &scopes(&provider.extra_scope))
        .append_pair("state", &state)
        .append_pair("nonce", &rules::derived("nonce", &browser, &state))
        .append_pair("code_challenge", &rules::challenge(&rules::derived("pkce", &browser, &state)))
        .append_pair("code_challenge_method", "S256");
    let plain =
        |text: &&str| text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b' ');
    if let Some(locales) = wish.locales.filter(plain).filter(|text| !text.is_empty()) {
        location.query_pairs_mut().append_pair("ui_locales", locales);
    }
    Ok(Began { location: location.to_string(), browser })
}

fn scopes(extra: &str) -> String {
    let mut all: Vec<&str> = if extra.trim().is_empty() { SCOPES.split(' ').collect() } else { vec!["openid"] };
    for scope in extra.split_whitespace().filter(|scope| *scope != "openid") {
        all.push(scope);
    }
    all.join(" ")
}

fn address(caller: &Caller) -> String {
    caller.address.map(|address| address.to_string()).unwrap_or_default()
}

/// Signs in whom a provider sent back.
///
/// # Errors
/// Unauthenticated in the same words for everything that a stranger can cause; in words of its own for a proved person whose
/// account is disabled or who may not have one.
pub async fn complete(core: &Arc<Core>, caller: &Caller, returned: Returned<'_>) -> Result<Arrived> {
    let provider = providers::active(&mut core.store.reader(), returned.provider).await?;
    let Some(provider) = provider else {
        return Err(refused(core, caller, returned.provider, "no such provider").await);
    };
    let (target, proved) = match proved(core, &provider, &returned).await {
        Ok(proved) => proved,
        Err(why) => return Err(refused(core, caller, &provider.name, &why).await),
    };
    let here = target.starts_with('/');
    let answer = admit(core, caller, &provider, proved, if here { "session" } else { "code" }).await?;
    let secret = text(&answer, "secret")?;
    if here {
        return Ok(Arrived::Here(target, secret));
    }
    let portal = rules::with_code(&target, &secret, &provider.name);
    portal.map(Arrived::Portal).ok_or_else(|| Error::broken("a target is no address"))
}

/// What a browser brings back is proved: it began here, comes in time and once, from the provider it was sent to.
async fn proved(core: &Arc<Core>, provider: &Provider, returned: &Returned<'_>) -> Result<(String, Proved), Refusal> {
    let state = returned.state.filter(|state| (1..=200).contains(&state.len())).ok_or("no state")?;
    let browser = returned.browser.filter(|browser| rules::is_browser(browser)).ok_or("no cookie of this sign-in")?;
    let taken =
        store::take(&core.store, provider.id, state, browser, core.now()).await.map_err(|error| error.to_string())?;
    let (redirect_uri, target) =
        taken.ok_or("the state is unknown, used, overdue or of another browser or provider")?;
    if returned.issuer.is_some_and(|issuer| issuer != provider.issuer) {
        return Err("the answer is of another issuer".into());
    }
    if let Some(error) = returned.error {
        return Err(format!("the provider says {}", exchange::word_of(error)));
    }
    let code = returned.code.filter(|code| (1..=4000).contains(&code.len())).ok_or("no code")?;
    let (verifier, nonce) = (rules::derived("pkce", browser, state), rules::derived("nonce", browser, state));
    let code = Code { code, redirect_uri: &redirect_uri, secrets: Some((&verifier, &nonce)) };
    Ok((target, exchange::exchange(core, provider, code).await?))
}

/// Signs in by a code that a portal of 2024 got itself. Only where staff have switched PKCE off for the provider: such a code is
/// bound to no browser, so whoever steals it can use it.
///
/// Gives the token, and whether the account is new.
///
/// # Errors
/// Invalid for what the portal can put right; else as [`complete`].
pub async fn handed_in(
    core: &Arc<Core>,
    caller: &Caller,
    name: &str,
    client_id: &str,
    redirect_uri: &str,
    code: &str,
) -> Result<(String, bool)> {
    let provider = providers::active(&mut core.store.reader(), name).await?;
    let provider = provider.ok_or_else(|| Error::Unauthenticated("Identity provider is not enabled.".into()))?;
    if provider.pkce {
        let words =
            format!("This identity provider takes codes only from a browser that began at /api-auth/{name}/init/.");
        return Err(Error::invalid(words));
    }
    if client_id != provider.client_id {
        return Err(Error::field("clientId", "This is not the client of the identity provider."));
    }
    let settings = Settings::load(&mut core.store.reader()).await?;
    let back = origin(redirect_uri);
    let portal = origin(&portal(&settings));
    if back.is_none() || back != portal && !back.iter().any(|back| provider.allowed_redirects.contains(back)) {
        return Err(Error::field("redirectUri", "This address is not among the allowed redirects."));
    }
    let code = Code { code, redirect_uri, secrets: None };
    let proved = match exchange::exchange(core, &provider, code).await {
        Ok(proved) => proved,
        Err(why) => return Err(refused(core, caller, &provider.name, &why).await),
    };
    let answer = admit(core, caller, &provider, proved, "token").await?;
    Ok((text(&answer, "secret")?, answer["created"] == true))
}

/// Exchanges a portal's code for a token.
///
/// # Errors
/// Invalid, in the same words for a code that is unknown, used or overdue.
pub async fn redeem(core: &Arc<Core>, caller: &Caller, code: &str) -> Result<String> {
    let answer = run(
        core,
        caller,
        &actions::EXCHANGE,
        json!({"code": code, "user_agent": caller.agent, "ip_address": address(caller)}),
    )
    .await?;
    text(&answer, "token")
}

async fn admit(core: &Arc<Core>, caller: &Caller, provider: &Provider, proved: Proved, give: &str) -> Result<Value> {
    let body = json!({
        "provider_id": provider.id,
        "subject": proved.subject,
        "claims": proved.claims,
        "sid": proved.sid,
        "id_token": proved.id_token,
        "give": give,
        "user_agent": caller.agent,
        "ip_address": address(caller),
    });
    match run(core, caller, &actions::SIGN_IN, body).await {
        Ok(answer) => Ok(answer),
        // A person who is proved may know why he is not let in.
        Err(Error::Unauthenticated(words)) => {
            record(core, caller, &provider.name, &words).await;
            Err(Error::Unauthenticated(words))
        }
        Err(Error::Broken(context)) => Err(Error::Broken(context)),
        Err(Error::Unavailable(words)) => Err(Error::Unavailable(words)),
        Err(other) => Err(refused(core, caller, &provider.name, &other.to_string()).await),
    }
}

/// Records why somebody was not signed in, and gives the words that say nothing.
async fn refused(core: &Arc<Core>, caller: &Caller, provider: &str, why: &str) -> Error {
    record(core, caller, provider, why).await;
    Error::Unauthenticated(FAILED.into())
}

async fn record(core: &Arc<Core>, caller: &Caller, provider: &str, why: &str) {
    let provider: String = provider.chars().take(32).collect();
    let body = json!({"provider": provider, "reason": why, "ip_address": address(caller)});
    if let Err(error) = run(core, caller, &actions::FAIL, body).await {
        tracing::warn!(%error, "a failed sign-in was not recorded");
    }
}

/// Runs an action as the program itself: nobody is signed in yet.
async fn run(core: &Arc<Core>, caller: &Caller, action: &'static Action, body: Value) -> Result<Value> {
    let system = Caller { request: caller.request.clone(), ..Caller::system() };
    let call = Call { action, via: None, target: None, body, mode: Mode::Whole };
    core.perform(&system, call).await.map(|done| done.answer)
}

fn text(answer: &Value, name: &str) -> Result<String> {
    answer[name].as_str().map(ToOwned::to_owned).ok_or_else(|| Error::broken("a sign-in gave nothing"))
}
