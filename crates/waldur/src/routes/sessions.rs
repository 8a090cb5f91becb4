//! Sessions and login tokens, and how one changes one's own password.

use super::auth::with_session;
use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::json;
use stoa_kernel::{
    Result, Val,
    access::Needs,
    door::Credential,
    field::{Field, Kind},
    view::Column,
};
use stoa_tenancy::{
    token::{actions, views::SESSIONS},
    user::{password, rules::PASSWORD_MAX},
};

/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("session", "/api/sessions/")];

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/sessions/", "sessions_list", "sessions", "Session", &LIST)
        .about("One's own sessions and login tokens that last; for staff, with `user_uuid`, those of a user."),
    Route::destroy("/api/sessions/{uuid}/", "sessions_destroy", "sessions", &actions::END_ONE),
    Route::act("/api/sessions/end_others/", "sessions_end_others", "sessions", &actions::END_OTHERS,
        Answer::Json(200, &[Column::new("ended", Kind::Int, "", "How many have been ended.")])).shape("SessionsEnded"),
    Route::own(Verb::Post, "/api/users/me/change_password/", "users_me_change_password", "users", "", &CHANGE_PASSWORD)
        .about("Change one's own password. All other sessions end.").request("OwnPasswordChangeRequest"),
];

static LIST: Own = Own::new(|surface, asked| Box::pin(list(surface, asked)), Needs::SignedIn)
    .query(&[
        Field::text("user_uuid", 36, "Whose they are, for staff."),
        Field::text("o", 100, "The order: created, used."),
    ])
    .answer(200, Shape::Rows(&SESSIONS))
    .counts();

async fn list(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let own = !actor.is_staff() || asked.value("user_uuid").is_none_or(str::is_empty);
    let within = if own { vec![("t.user_id = $", vec![Val::Int(actor.id)])] } else { Vec::new() };
    surface.page(&asked, &actor, &SESSIONS, within).await
}

const PASSWORDS: &[Field] = &[
    Field::text("old_password", PASSWORD_MAX, "The password until now.").required().secret(),
    Field::text("new_password", PASSWORD_MAX, "The password from now on.").required().secret(),
];

static CHANGE_PASSWORD: Own = Own::new(|surface, asked| Box::pin(change_password(surface, asked)), Needs::SignedIn)
    .body(PASSWORDS)
    .object(200, &[Column::new("status", Kind::Text, "", "What happened.")]);

async fn change_password(surface: &Surface, asked: Asked) -> Result<Reply> {
    let input = asked.input(PASSWORDS)?;
    let (old, new) = (input.text("old_password").unwrap_or_default(), input.text("new_password").unwrap_or_default());
    let renewed = password::change_own(&surface.core, &asked.caller, old, new).await?;
    let reply = Reply::json(200, &json!({"status": "password set"}));
    match (asked.caller.credential.clone(), renewed) {
        (Credential::Secret("session", _), Some(secret)) => Ok(with_session(reply, surface, &asked, &secret)),
        _ => Ok(reply),
    }
}
