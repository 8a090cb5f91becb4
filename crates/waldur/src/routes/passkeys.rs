//! Passkeys.

use super::auth::{TOKEN, foreign, second_step};
use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::{Value, json};
use stoa_identity::{
    passkey::{
        actions::{RENAME, REVOKE, REVOKE_BY_STAFF},
        ceremony, rules,
        views::{PASSKEYS, STAFF_PASSKEYS},
    },
    sign_in,
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::Action,
    field::{
        Field,
        Kind::{Bool, Object, Uuid},
    },
    view::{Ask, Column},
};
use stoa_tenancy::{token::login, user::rules::PASSWORD_MAX};

/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("passkey", "/api/passkeys/")];

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/passkeys/", "passkeys_list", "passkeys", "PasskeyCredential", &PASSKEYS),
    Route::retrieve("/api/passkeys/{uuid}/", "passkeys_retrieve", "passkeys", "PasskeyCredential", &PASSKEYS),
    Route::put("/api/passkeys/{uuid}/", "passkeys_update", "passkeys", "PasskeyCredentialUpdate", &RENAME, &PASSKEYS),
    Route::patch("/api/passkeys/{uuid}/", "passkeys_partial_update", "passkeys", "PasskeyCredentialUpdate", &RENAME,
        &PASSKEYS),
    Route::act("/api/passkeys/{uuid}/revoke/", "passkeys_revoke", "passkeys", &REVOKE, Answer::Empty(204))
        .request("PasskeyRevokeRequest"),
    Route::own(Verb::Post, "/api/passkeys/registration/begin/", "passkeys_registration_begin", "passkeys",
        "PasskeyCeremonyOptions", &REGISTRATION_BEGIN)
        .about("Begin to make a passkey: what the browser needs. With a fresh sign-in, or the password."),
    Route::own(Verb::Post, "/api/passkeys/registration/finish/", "passkeys_registration_finish", "passkeys",
        "PasskeyCredential", &REGISTRATION_FINISH).about("Make a passkey with the browser's answer. All other sessions end.")
        .request("PasskeyRegistrationFinishRequest"),
    Route::own(Verb::Post, "/api/passkeys/signin/begin/", "passkeys_signin_begin", "passkeys", "PasskeyCeremonyOptions",
        &SIGNIN_BEGIN).about("Begin to sign in with a passkey alone: what the browser needs.").anonymous(),
    Route::own(Verb::Post, "/api/passkeys/signin/finish/", "passkeys_signin_finish", "passkeys", "PasskeyToken",
        &SIGNIN_FINISH).about("Sign in with a passkey alone.").request("PasskeyAssertionFinishRequest").anonymous(),
    Route::own(Verb::Post, "/api/passkeys/mfa/begin/", "passkeys_mfa_begin", "passkeys", "PasskeyCeremonyOptions",
        &MFA_BEGIN).about("Begin to show a passkey after the password: what the browser needs.")
        .request("PasskeyMfaBeginRequest").anonymous(),
    Route::own(Verb::Post, "/api/passkeys/mfa/finish/", "passkeys_mfa_finish", "passkeys", "PasskeyToken", &MFA_FINISH)
        .about("Sign in with a passkey after the password.").request("PasskeyAssertionFinishRequest").anonymous(),
    Route::list("/api/staff-passkeys/", "staff_passkeys_list", "staff-passkeys", "PasskeyCredential", &STAFF_PASSKEYS),
    Route::act("/api/staff-passkeys/{uuid}/revoke/", "staff_passkeys_revoke", "staff-passkeys", &REVOKE_BY_STAFF,
        Answer::Empty(204)).request("PasskeyStaffRevokeRequest"),
];

const OPTIONS: &[Column] = &[
    Column::new("ceremony", Uuid, "", "The handle of the ceremony."),
    Column::new("options", Object, "", "What the browser needs, in the JSON form of WebAuthn."),
];
const PASSWORD: &[Field] =
    &[Field::text("password", PASSWORD_MAX, "The password, where the sign-in is no longer fresh.").blank().secret()];
/// What the browser answers; `session` asks for the session of a browser in place of a token.
const SIGN_IN: &[Field] = &[
    Field::new("ceremony", Uuid, "The handle of the ceremony.").required(),
    Field::new("credential", Object, "The browser's answer.").required(),
    Field::new("session", Bool, "Whether to set the cookie of a session in place of giving a token."),
];

static REGISTRATION_BEGIN: Own =
    Own::new(|surface, asked| Box::pin(registration_begin(surface, asked)), Needs::SignedIn)
        .body(PASSWORD)
        .object(200, OPTIONS);
static REGISTRATION_FINISH: Own =
    Own::new(|surface, asked| Box::pin(registration_finish(surface, asked)), Needs::SignedIn)
        .body(ceremony::REGISTER.fields)
        .answer(201, Shape::Row(&PASSKEYS));
static SIGNIN_BEGIN: Own =
    Own::new(|surface, asked| Box::pin(signin_begin(surface, asked)), Needs::Nothing).object(200, OPTIONS);
static SIGNIN_FINISH: Own =
    Own::new(|surface, asked| Box::pin(signin_finish(surface, asked)), Needs::Nothing).body(SIGN_IN).object(200, TOKEN);
static MFA_BEGIN: Own = Own::new(|surface, asked| Box::pin(mfa_begin(surface, asked)), Needs::Nothing)
    .body(&[Field::new("ceremony", Uuid, "The handle that the first step gave.").required()])
    .object(200, OPTIONS);
static MFA_FINISH: Own = Own::new(|surface, asked| Box::pin(mfa_finish(surface, asked)), Needs::Nothing)
    .body(ceremony::SECOND_STEP.fields)
    .object(200, TOKEN);

/// What is answered to an answer that is wrong.
const WRONG: &str = "The passkey was not accepted.";

/// Runs an action with what was sent, and with what the server knows itself.
async fn run(surface: &Surface, asked: &Asked, action: &'static Action, more: Value) -> Result<Value> {
    let mut body = asked.body.clone();
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    login::run(&surface.core, &asked.caller, action, body).await
}

fn origin(surface: &Surface, asked: &Asked) -> Result<String> {
    rules::origin(surface.settings.public_url.as_deref(), &asked.base)
}

async fn registration_begin(surface: &Surface, asked: Asked) -> Result<Reply> {
    let input = asked.input(PASSWORD)?;
    let actor = asked.actor(surface).await?;
    let verified = sign_in::prove(&surface.core, &asked.caller, &actor, input.text("password")).await?;
    let more = json!({"origin": origin(surface, &asked)?, "verified": verified});
    Ok(Reply::json(200, &run(surface, &asked, &ceremony::BEGIN_REGISTRATION, more).await?))
}

async fn registration_finish(surface: &Surface, asked: Asked) -> Result<Reply> {
    let done = surface.perform(&asked, &ceremony::REGISTER, None).await?;
    let Some(uuid) = done.uuid else { return Err(Error::field("credential", WRONG)) };
    let actor = asked.actor(surface).await?;
    let shown = surface.one(&asked, &actor, &PASSKEYS, Ask::one(uuid)).await?;
    Ok(Reply::raw_json(201, shown.ok_or(Error::NotFound)?))
}

async fn signin_begin(surface: &Surface, asked: Asked) -> Result<Reply> {
    let more = json!({"origin": origin(surface, &asked)?});
    Ok(Reply::json(200, &run(surface, &asked, &ceremony::BEGIN_SIGN_IN, more).await?))
}

async fn signin_finish(surface: &Surface, asked: Asked) -> Result<Reply> {
    let session = asked.input(SIGN_IN)?.bool("session").unwrap_or(false);
    if session && !asked.same_site {
        return Ok(foreign());
    }
    let kind = if session { "session" } else { "login" };
    let more = json!({"kind": kind, "user_agent": asked.caller.agent});
    second_step(surface, &asked, &run(surface, &asked, &ceremony::SIGN_IN, more).await?, WRONG)
}

async fn mfa_begin(surface: &Surface, asked: Asked) -> Result<Reply> {
    let more = json!({"origin": origin(surface, &asked)?});
    Ok(Reply::json(200, &run(surface, &asked, &ceremony::BEGIN_SECOND_STEP, more).await?))
}

async fn mfa_finish(surface: &Surface, asked: Asked) -> Result<Reply> {
    second_step(surface, &asked, &run(surface, &asked, &ceremony::SECOND_STEP, json!({})).await?, WRONG)
}
