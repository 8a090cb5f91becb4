//! Server-rendered pages: signing in, accepting an invitation, confirming an address, and what a person manages of the own
//! account.
//!
//! The pages are a client of the API, in the same process: a handler asks the API's router what a browser could ask it too,
//! with the cookie that the browser sent, and renders the answer. So they know no rule, no SQL and no secret; who may do what,
//! and whether another site caused a request, is decided where it is decided for everybody (docs/decisions/0009).

mod account;
mod api;
mod assets;
mod campaign;
mod confirm;
mod eligible;
mod invitation;
mod matrix;
mod missing;
mod shell;
mod sign_in;
mod unused;

use api::Api;
use axum::{
    Router,
    response::Redirect,
    routing::{MethodRouter, any, get, post},
};

/// The pages, over the router of the API.
pub fn router(api: Router) -> Router {
    // Letters name the pages of the portal; without one, what they are about is on the page of the account.
    let elsewhere = || async { Redirect::to("/account/") };
    confirm::routes(Router::new())
        .route("/profile/{*rest}", get(elsewhere))
        .route("/projects/{*rest}", get(elsewhere))
        .route("/organizations/{*rest}", get(elsewhere))
        .route("/", get(account::home))
        .route("/sign-in/", get(sign_in::page).post(sign_in::password))
        .route("/sign-in/code/", post(sign_in::code))
        .route("/sign-out/", post(sign_in::out))
        .route("/password_reset/", get(sign_in::reset_page).post(sign_in::reset))
        .route("/password_reset/{code}/", get(sign_in::new_password_page).post(sign_in::new_password))
        .route("/invitation/{uuid}/", get(invitation::page).post(invitation::accept))
        .route("/account/", get(account::page))
        .route("/access/matrix/", get(matrix::page))
        .route("/access/unused/", get(unused::page).post(unused::narrow))
        .route("/access/narrowings/{uuid}/undo/", post(unused::undo))
        .route("/access/campaigns/{uuid}/", get(campaign::page))
        .route("/access/roles/", get(eligible::roles))
        .route("/access/roles/{uuid}/activate/", post(eligible::activate))
        .route("/access/activations/", get(eligible::waiting))
        .route("/access/activations/{uuid}/decide/", post(eligible::decide))
        .route("/access/activations/{uuid}/end/", post(eligible::end))
        .route("/access/campaign-items/{uuid}/decide/", post(campaign::decide))
        .route("/account/sessions/{uuid}/end/", post(account::end_session))
        .route("/account/sessions/end-others/", post(account::end_others))
        .route("/account/passkeys/{uuid}/revoke/", post(account::revoke_passkey))
        .route("/account/codes/enrol/", post(account::enrol))
        .route("/account/codes/confirm/", post(account::confirm))
        .route("/account/codes/remove/", post(account::remove))
        .route(&assets::style().address, get(|| async { assets::style().answer() }))
        .route(&assets::script().address, get(|| async { assets::script().answer() }))
        .with_state(Api::new(api))
}

/// The answer for an address that is not there, over the router of the API: a page for people, JSON for programs.
pub fn not_found(api: Router) -> MethodRouter {
    any(missing::answer).with_state(Api::new(api))
}
