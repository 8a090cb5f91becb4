//! Signing in at an identity provider: the browser's way there and back, and what portals and providers ask beside it.

use super::auth::{TOKEN, with_session};
use crate::{
    route::{Own, Route, Verb},
    wire::{Asked, Reply, Surface},
};
use http::header;
use serde_json::json;
use stoa_identity::{
    oidc::{
        flow::{self, Arrived, Returned, Wish},
        logout, rules,
    },
    sign_in,
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    field::{Field, Kind},
};
use stoa_tenancy::settings::Settings;

/// Its operations. The three names of the official description have lines of their own; any other provider has the general ones.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    init("/api-auth/default/init/", "api_auth_default_init_retrieve"),
    init("/api-auth/eduteams/init/", "api_auth_eduteams_init_retrieve"),
    init("/api-auth/keycloak/init/", "api_auth_keycloak_init_retrieve"),
    init("/api-auth/tara/init/", "api_auth_tara_init_retrieve"),
    init("/api-auth/{provider}/init/", "api_auth_init_retrieve"),
    complete("/api-auth/eduteams/complete/", "api_auth_eduteams_complete_retrieve"),
    complete("/api-auth/keycloak/complete/", "api_auth_keycloak_complete_retrieve"),
    complete("/api-auth/tara/complete/", "api_auth_tara_complete_retrieve"),
    complete("/api-auth/{provider}/complete/", "api_auth_complete_retrieve"),
    Route::own(Verb::Post, "/api-auth/token-exchange/", "api_auth_token_exchange", "api-auth", "CoreAuthToken", &EXCHANGE)
        .about("Exchange the code that a portal got for a login token, once and within a minute.")
        .request("TokenExchangeRequest").anonymous(),
    Route::own(Verb::Post, "/api-auth/{provider}/", "api_auth_provider", "api-auth", "CoreAuthToken", &HANDED_IN)
        .about("Sign in by a code that a portal got itself, where the provider's enable_pkce is off.").anonymous(),
    Route::own(Verb::Post, "/api-auth/{provider}/backchannel-logout/", "api_auth_backchannel_logout", "api-auth", "", &MESSAGE)
        .about("An identity provider says that somebody signed out there: every login that came from it ends.").anonymous(),
];
/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[];

const fn init(path: &'static str, op: &'static str) -> Route {
    Route::own(Verb::Get, path, op, "api-auth", "", &INIT)
        .about("Send the browser to an identity provider to sign in.")
        .anonymous()
}

const fn complete(path: &'static str, op: &'static str) -> Route {
    Route::own(Verb::Get, path, op, "api-auth", "", &COMPLETE)
        .about("Where an identity provider sends the browser back; it goes on to a page or a portal.")
        .anonymous()
}

/// The name of the provider in the path.
fn provider(asked: &Asked) -> &str {
    match asked.path.first() {
        Some((_, name)) => name,
        None => asked.address.strip_prefix(&asked.base).and_then(|path| path.split('/').nth(2)).unwrap_or_default(),
    }
}

/// The name of the cookie that binds a sign-in to a browser. With https it can be set by this very host only.
fn cookie(asked: &Asked) -> &'static str {
    if asked.base.starts_with("https://") { "__Host-stoa-sign-in" } else { "stoa-sign-in" }
}

async fn opened(surface: &Surface) -> Result<Settings> {
    let settings = Settings::load(&mut surface.core.store.reader()).await?;
    if sign_in::is_open(&settings, "SOCIAL_SIGNUP") { Ok(settings) } else { Err(sign_in::closed()) }
}

static INIT: Own = Own::new(|surface, asked| Box::pin(begin(surface, asked)), Needs::Nothing)
    .query(&[
        Field::text("next", 2000, "A path of this server to go to in the end."),
        Field::text("return_url", 2000, "An address of a portal to go to in the end; its origin must be allowed."),
        Field::text("ui_locales", 100, "Languages for the provider's pages."),
        Field::new("probe", Kind::Bool, "Only ask whether there is such a provider: 204 or 404."),
    ])
    .answer(302, crate::route::Shape::Empty)
    .also(&[204]);

async fn begin(surface: &Surface, asked: Asked) -> Result<Reply> {
    let settings = opened(surface).await?;
    let name = provider(&asked);
    if asked.head || asked.value("probe").is_some_and(|probe| !matches!(probe, "" | "0" | "false" | "False")) {
        flow::provider(&surface.core, &settings, name).await?;
        return Ok(Reply::empty(204));
    }
    let wish = Wish {
        provider: name,
        base: &asked.base,
        next: asked.value("next"),
        back: asked.value("return_url"),
        browser: asked.cookie(cookie(&asked)),
        locales: asked.value("ui_locales"),
    };
    let began = flow::begin(&surface.core, &asked.caller, wish).await?;
    let secure = if asked.base.starts_with("https://") { "; Secure" } else { "" };
    let (name, value, age) = (cookie(&asked), began.browser, rules::STATE_SECONDS);
    // Lax: the browser must send it when the provider sends the browser back.
    let cookie = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    Ok(Reply::redirect(302, &began.location).with_text(header::SET_COOKIE, &cookie))
}

static COMPLETE: Own = Own::new(|surface, asked| Box::pin(end(surface, asked)), Needs::Nothing)
    .query(&[
        Field::text("code", 4000, "What the identity provider gave."),
        Field::text("state", 200, "What was sent to the identity provider."),
        Field::text("iss", 300, "Who the identity provider says that it is."),
        Field::text("error", 200, "What went wrong there."),
    ])
    .answer(302, crate::route::Shape::Empty);

async fn end(surface: &Surface, asked: Asked) -> Result<Reply> {
    let settings = opened(surface).await?;
    let returned = Returned {
        provider: provider(&asked),
        code: asked.value("code"),
        state: asked.value("state"),
        issuer: asked.value("iss"),
        error: asked.value("error"),
        browser: asked.cookie(cookie(&asked)),
    };
    match flow::complete(&surface.core, &asked.caller, returned).await {
        Ok(Arrived::Here(path, session)) => Ok(with_session(Reply::redirect(302, &path), surface, &asked, &session)),
        Ok(Arrived::Portal(address)) => Ok(Reply::redirect(302, &address)),
        // A person looks at this: he is shown the words on a page.
        Err(Error::Unauthenticated(words)) => Ok(Reply::redirect(302, &flow::failed(&settings, &words))),
        Err(other) => Err(other),
    }
}

static EXCHANGE: Own = Own::new(|surface, asked| Box::pin(exchange(surface, asked)), Needs::Nothing)
    .body(&[Field::text("code", 64, "The code.").required().secret()])
    .object(200, TOKEN);

async fn exchange(surface: &Surface, asked: Asked) -> Result<Reply> {
    let input = asked.input(EXCHANGE.fields)?;
    let token = flow::redeem(&surface.core, &asked.caller, input.text("code").unwrap_or_default()).await?;
    Ok(Reply::json(200, &json!({"token": token})))
}

static HANDED_IN: Own = Own::new(|surface, asked| Box::pin(handed_in(surface, asked)), Needs::Nothing)
    .body(&[
        Field::text("clientId", 200, "The identifier of this server at the provider.").required(),
        Field::text("redirectUri", 2000, "The address to which the code went.").required(),
        Field::text("code", 4000, "The code.").required().secret(),
    ])
    .object(200, TOKEN)
    .also(&[201]);

async fn handed_in(surface: &Surface, asked: Asked) -> Result<Reply> {
    opened(surface).await?;
    let input = asked.input(HANDED_IN.fields)?;
    let text = |name: &str| input.text(name).unwrap_or_default();
    let (core, name) = (&surface.core, provider(&asked));
    let (client, uri, code) = (text("clientId"), text("redirectUri"), text("code"));
    let (token, created) = flow::handed_in(core, &asked.caller, name, client, uri, code).await?;
    Ok(Reply::json(if created { 201 } else { 200 }, &json!({"token": token})))
}

static MESSAGE: Own = Own::new(|surface, asked| Box::pin(message(surface, asked)), Needs::Nothing)
    .body(&[Field::text("logout_token", 70_000, "The provider's message.").required().secret()]);

async fn message(surface: &Surface, asked: Asked) -> Result<Reply> {
    let input = asked.input(MESSAGE.fields)?;
    let token = input.text("logout_token").unwrap_or_default();
    logout::message(&surface.core, &asked.caller, provider(&asked), token).await?;
    Ok(Reply::empty(200))
}
