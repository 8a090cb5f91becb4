//! Signing in with a password, and signing out. Other methods have files of their own, or answer that they are not enabled.

use crate::{
    route::{Own, Route, Verb},
    wire::{Asked, Reply, Surface},
};
use http::{HeaderValue, header};
use serde_json::{Value, json};
use stoa_identity::{
    oidc::logout,
    sign_in::{self, Step, actions as actions_of_sign_in, reset},
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    door::Credential,
    field::{Field, Kind},
    id,
    view::Column,
};
use stoa_tenancy::{
    token::{actions, login::Pair, store::Kind as Secret},
    user::rules::PASSWORD_MAX,
};

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Post, "/api-auth/password/", "api_auth_password", "api-auth", "CoreAuthToken", &PASSWORD)
        .about("Sign in with user name and password.").request("ObtainAuthTokenRequest").anonymous(),
    Route::own(Verb::Post, "/api-auth/session/", "api_auth_session", "api-auth", "", &SESSION)
        .about("Sign in a browser with user name and password: the answer sets the cookie of the session.")
        .request("ObtainAuthTokenRequest").anonymous(),
    Route::own(Verb::Post, "/api-auth/totp/", "api_auth_totp", "api-auth", "CoreAuthToken", &TOTP)
        .about("Sign in with a one-time code or a recovery code, after the password.").request("TotpRequest").anonymous(),
    Route::own(Verb::Post, "/api-auth/password/reset/", "api_auth_password_reset", "api-auth", "", &RESET)
        .about("Ask for a letter with a code to set a new password. The answer is the same whether there is such an account.")
        .request("PasswordResetRequest").anonymous(),
    Route::own(Verb::Post, "/api-auth/password/reset/confirm/", "api_auth_password_reset_confirm", "api-auth", "",
        &RESET_CONFIRM)
        .about("Set a new password with the code of a letter. All sessions of the user end.")
        .request("PasswordResetConfirmRequest").anonymous(),
    Route::own(Verb::Post, "/api-auth/logout/", "api_auth_logout", "api-auth", "Logout", &LOGOUT)
        .about("Sign out: end the token with which this is asked."),
];

const PAIR: &[Field] = &[
    Field::text("username", 128, "Name to sign in with.").required(),
    Field::text("password", PASSWORD_MAX, "The password.").required().secret(),
];

static PASSWORD: Own =
    Own::new(|surface, asked| Box::pin(password(surface, asked)), Needs::Nothing).body(PAIR).object(200, TOKEN);

/// A token, in the moment in which it is made.
pub const TOKEN: &[Column] =
    &[Column::new("token", Kind::Text, "", "The token for the header `Authorization: Token …`.")];

async fn password(surface: &Surface, asked: Asked) -> Result<Reply> {
    first_step(surface, &asked, Secret::Login).await
}

static SESSION: Own = Own::new(|surface, asked| Box::pin(session(surface, asked)), Needs::Nothing)
    .body(PAIR)
    .object(200, &[Column::new("status", Kind::Text, "", "That the browser is signed in.")]);

async fn session(surface: &Surface, asked: Asked) -> Result<Reply> {
    if !asked.same_site {
        return Ok(foreign());
    }
    first_step(surface, &asked, Secret::Session).await
}

/// Nobody is signed in by a page of another site, not even as the owner of that page (security case C19).
pub fn foreign() -> Reply {
    Reply::detail(403, "CSRF Failed: the request does not come from a page of this server.")
}

async fn first_step(surface: &Surface, asked: &Asked, kind: Secret) -> Result<Reply> {
    let input = asked.input(PAIR)?;
    let (username, password) = (input.text("username").unwrap_or_default(), input.text("password").unwrap_or_default());
    match sign_in::password(&surface.core, &asked.caller, Pair { username, password }, kind).await? {
        Step::In(secret) => Ok(signed_in(surface, asked, kind, &secret)),
        Step::Second { handle, passkey, totp } => {
            let mut body = json!({
                "detail": "The password is right; a second factor is required.",
                "passkey_required": passkey,
                "totp_required": totp,
                "challenge": id::hex(&handle),
            });
            if passkey {
                body["pending_passkey_ceremony"] = id::hex(&handle).into();
            }
            Ok(Reply::json(401, &body).with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Token")))
        }
    }
}

static TOTP: Own = Own::new(|surface, asked| Box::pin(totp(surface, asked)), Needs::Nothing)
    .body(actions_of_sign_in::PASS.fields)
    .object(200, TOKEN);

async fn totp(surface: &Surface, asked: Asked) -> Result<Reply> {
    let done = surface.perform(&asked, &actions_of_sign_in::PASS, None).await?;
    second_step(surface, &asked, &done.answer, "Invalid code.")
}

/// The answer to a second step: the session for which the first one asked, or that this one was wrong. A session of a browser
/// is begun by our own pages only.
pub fn second_step(surface: &Surface, asked: &Asked, answer: &Value, wrong: &str) -> Result<Reply> {
    if answer["right"] != json!(true) {
        return Err(Error::Unauthenticated(wrong.to_owned()));
    }
    let kind = Secret::of(answer["kind"].as_str().unwrap_or_default());
    let secret = answer["token"].as_str().unwrap_or_default();
    match kind == Secret::Session && !asked.same_site {
        true => Ok(foreign()),
        false => Ok(signed_in(surface, asked, kind, secret)),
    }
}

static RESET: Own = Own::new(|surface, asked| Box::pin(reset(surface, asked)), Needs::Nothing)
    .body(reset::ASK.fields)
    .object(202, &[Column::new("detail", Kind::Text, "", "What happens next.")]);

async fn reset(surface: &Surface, asked: Asked) -> Result<Reply> {
    surface.perform(&asked, &reset::ASK, None).await?;
    Ok(Reply::detail(202, "If there is such an account with a password, a letter is on its way."))
}

const NEW_PASSWORD: &[Field] = &[
    Field::text("code", 64, "The code of the letter.").required().secret(),
    Field::text("new_password", PASSWORD_MAX, "The new password.").required().secret(),
];

static RESET_CONFIRM: Own = Own::new(|surface, asked| Box::pin(reset_confirm(surface, asked)), Needs::Nothing)
    .body(NEW_PASSWORD)
    .object(200, &[Column::new("status", Kind::Text, "", "What happened.")]);

async fn reset_confirm(surface: &Surface, asked: Asked) -> Result<Reply> {
    let input = asked.input(NEW_PASSWORD)?;
    let (code, new) = (input.text("code").unwrap_or_default(), input.text("new_password").unwrap_or_default());
    reset::set(&surface.core, &asked.caller, code, new).await?;
    Ok(Reply::json(200, &json!({"status": "password set"})))
}

/// The answer to who has signed in: a token in the body, or a session in a cookie that no script reads.
pub fn signed_in(surface: &Surface, asked: &Asked, kind: Secret, secret: &str) -> Reply {
    match kind {
        Secret::Login => Reply::json(200, &json!({"token": secret})),
        Secret::Session => with_session(Reply::json(200, &json!({"status": "signed in"})), surface, asked, secret),
    }
}

/// Sets the cookie of a session; an empty secret takes it away.
pub fn with_session(reply: Reply, surface: &Surface, asked: &Asked, secret: &str) -> Reply {
    let name = &surface.settings.session_cookie;
    let secure = if asked.base.starts_with("https://") { "; Secure" } else { "" };
    let gone = if secret.is_empty() { "; Max-Age=0" } else { "" };
    let cookie = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}{gone}");
    reply.with_text(header::SET_COOKIE, &cookie)
}

static LOGOUT: Own = Own::new(|surface, asked| Box::pin(logout(surface, asked)), Needs::SignedIn)
    .object(200, &[Column::new("logout_url", Kind::Text, "", "Where to go on to sign out at an identity provider.")])
    .also(&[204]);

async fn logout(surface: &Surface, asked: Asked) -> Result<Reply> {
    // Asked before the session ends, which knows from where it came.
    let there = logout::address(&surface.core, &asked.actor(surface).await?, &asked.base).await?;
    surface.perform(&asked, &actions::LOGOUT, None).await?;
    let reply = match there {
        Some(there) => Reply::json(200, &json!({"logout_url": there})),
        None => Reply::empty(204),
    };
    match asked.caller.credential {
        Credential::Secret("session", _) => Ok(with_session(reply, surface, &asked, "")),
        _ => Ok(reply),
    }
}
