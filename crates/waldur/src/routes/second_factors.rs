//! One-time codes and recovery codes.

use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::{Value, json};
use stoa_identity::{
    second_factor::{
        actions::{CONFIRM, ENROL, MAKE_CODES, REMOVE, RESET},
        store,
    },
    sign_in,
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::Action,
    field::{
        Field,
        Kind::{Bool, Int, Text, Texts},
    },
    view::Column,
};
use stoa_tenancy::{token::login, user::rules::PASSWORD_MAX};

/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[];

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/second-factors/", "second_factors_retrieve", "second-factors", "SecondFactors", &STATUS)
        .about("What one shows beside one's password."),
    Route::own(Verb::Post, "/api/second-factors/totp/", "second_factors_totp_enrol", "second-factors", "TotpSecret", &BEGIN)
        .about("Get a secret for one-time codes, shown this once. With a fresh sign-in, or the password."),
    Route::act("/api/second-factors/totp/confirm/", "second_factors_totp_confirm", "second-factors", &CONFIRM,
        Answer::Json(200, CODES)).shape("RecoveryCodes"),
    Route::own(Verb::Post, "/api/second-factors/totp/remove/", "second_factors_totp_remove", "second-factors", "", &STOP)
        .about("Stop using one-time codes, with a fresh one. All other sessions end."),
    Route::own(Verb::Post, "/api/second-factors/recovery_codes/", "second_factors_recovery_codes", "second-factors",
        "RecoveryCodes", &NEW_CODES)
        .about("Put new recovery codes in the place of the old ones, with a fresh one-time code. They are shown this once."),
    Route::act("/api/second-factors/{uuid}/reset/", "second_factors_reset", "second-factors", &RESET, Answer::Empty(204)),
];

const CODES: &[Column] = &[Column::new("recovery_codes", Texts, "", "The codes, each for one sign-in.")];
const PASSWORD: &[Field] =
    &[Field::text("password", PASSWORD_MAX, "The password, where the sign-in is no longer fresh.").blank().secret()];

static STATUS: Own = Own::new(|surface, asked| Box::pin(status(surface, asked)), Needs::SignedIn).object(
    200,
    &[
        Column::new("totp", Bool, "", "Whether one-time codes are asked for."),
        Column::new("recovery_codes", Int, "", "Recovery codes that are left."),
        Column::new("passkeys", Int, "", "Passkeys that can be used."),
    ],
);
static BEGIN: Own = Own::new(|surface, asked| Box::pin(begin(surface, asked)), Needs::SignedIn).body(PASSWORD).object(
    201,
    &[
        Column::new("secret", Text, "", "The secret, for typing in."),
        Column::new("otpauth_uri", Text, "", "The same as an address."),
        Column::new("qr_svg", Text, "", "The same as a picture."),
    ],
);
static STOP: Own = Own::new(|surface, asked| Box::pin(stop(surface, asked)), Needs::SignedIn)
    .body(REMOVE.fields)
    .answer(204, Shape::Empty);
static NEW_CODES: Own = Own::new(|surface, asked| Box::pin(new_codes(surface, asked)), Needs::SignedIn)
    .body(MAKE_CODES.fields)
    .object(200, CODES);

async fn status(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let factors = store::factors(&mut surface.core.store.reader(), actor.id).await?;
    let shown = json!({
        "totp": factors.totp,
        "recovery_codes": factors.recovery_codes,
        "passkeys": factors.passkeys,
    });
    Ok(Reply::json(200, &shown))
}

async fn begin(surface: &Surface, asked: Asked) -> Result<Reply> {
    let input = asked.input(PASSWORD)?;
    let actor = asked.actor(surface).await?;
    let verified = sign_in::prove(&surface.core, &asked.caller, &actor, input.text("password")).await?;
    let answer = login::run(&surface.core, &asked.caller, &ENROL, json!({"verified": verified})).await?;
    Ok(Reply::json(201, &answer))
}

async fn stop(surface: &Surface, asked: Asked) -> Result<Reply> {
    with_code(surface, &asked, &REMOVE).await?;
    Ok(Reply::empty(204))
}

async fn new_codes(surface: &Surface, asked: Asked) -> Result<Reply> {
    let answer = with_code(surface, &asked, &MAKE_CODES).await?;
    Ok(Reply::json(200, &json!({"recovery_codes": answer["recovery_codes"]})))
}

/// Runs an action that takes a code. A wrong one has been counted, and is an error here.
async fn with_code(surface: &Surface, asked: &Asked, action: &'static Action) -> Result<Value> {
    let done = surface.perform(asked, action, None).await?;
    match done.answer["right"] == json!(true) {
        true => Ok(done.answer),
        false => Err(Error::field("code", "Invalid code.")),
    }
}
