//! Signing in and out. Passwords are the one method for now; the others answer that they are not enabled.

use crate::{
    route::{Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::json;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    field::{Field, Kind},
    view::Column,
};
use stoa_tenancy::{
    token::{actions, login},
    user::rules::PASSWORD_MAX,
};

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Post, "/api-auth/password/", "api_auth_password", "api-auth", "CoreAuthToken", &PASSWORD)
        .about("Sign in with user name and password.").request("ObtainAuthTokenRequest").anonymous(),
    Route::own(Verb::Post, "/api-auth/logout/", "api_auth_logout", "api-auth", "Logout", &LOGOUT)
        .about("Sign out: end the token with which this is asked."),
    off(Verb::Get, "/api-auth/eduteams/init/", "api_auth_eduteams_init_retrieve", "", &OFF),
    off(Verb::Get, "/api-auth/eduteams/complete/", "api_auth_eduteams_complete_retrieve", "", &OFF_COMPLETE),
    off(Verb::Get, "/api-auth/keycloak/init/", "api_auth_keycloak_init_retrieve", "", &OFF),
    off(Verb::Get, "/api-auth/keycloak/complete/", "api_auth_keycloak_complete_retrieve", "", &OFF_COMPLETE),
    off(Verb::Get, "/api-auth/tara/init/", "api_auth_tara_init_retrieve", "", &OFF),
    off(Verb::Get, "/api-auth/tara/complete/", "api_auth_tara_complete_retrieve", "", &OFF_COMPLETE),
    off(Verb::Post, "/api-auth/saml2/login/", "api_auth_saml2_login", "Saml2Login", &OFF_SAML2_LOGIN)
        .request("Saml2LoginRequest"),
    off(Verb::Post, "/api-auth/saml2/login/complete/", "api_auth_saml2_login_complete", "Saml2LoginComplete",
        &OFF_SAML2_COMPLETE).request("Saml2LoginCompleteRequest"),
    off(Verb::Get, "/api-auth/saml2/logout/", "api_auth_saml2_logout_retrieve", "", &OFF),
    off(Verb::Get, "/api-auth/saml2/logout/complete/", "api_auth_saml2_logout_complete_retrieve", "Saml2LogoutComplete",
        &OFF_SAML2_LOGOUT),
    off(Verb::Post, "/api-auth/saml2/logout/complete/", "api_auth_saml2_logout_complete", "Saml2LogoutComplete",
        &OFF_SAML2_LOGOUT).request("Saml2LogoutCompleteRequest"),
    Route::own(Verb::Get, "/api-auth/saml2/providers/", "api_auth_saml2_providers_list", "api-auth", "Saml2Provider",
        &SAML2_PROVIDERS).about("SAML identity providers. None is configured.").anonymous(),
];

/// An operation of a method that is not enabled.
const fn off(method: Verb, path: &'static str, op: &'static str, shape: &'static str, own: &'static Own) -> Route {
    Route::own(method, path, op, "api-auth", shape, own)
        .about("A way to sign in that is not enabled on this installation: always refused.")
        .anonymous()
}

#[rustfmt::skip]
static PASSWORD: Own = Own::new(|surface, asked| Box::pin(password(surface, asked)), Needs::Nothing)
    .body(&[
        Field::text("username", 128, "Name to sign in with.").required(),
        Field::text("password", PASSWORD_MAX, "The password.").required().secret(),
    ])
    .object(200, &[Column::new("token", Kind::Text, "", "The token for the header `Authorization: Token …`.")]);

async fn password(surface: &Surface, asked: Asked) -> Result<Reply> {
    let input = asked.input(PASSWORD.fields)?;
    let (name, password) = (input.text("username").unwrap_or_default(), input.text("password").unwrap_or_default());
    let token = login::password(&surface.core, &asked.caller, name, password).await?;
    let reply = Reply::json(200, &json!({"token": token}));
    Ok(reply.with(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-store")))
}

static LOGOUT: Own = Own::new(|surface, asked| Box::pin(logout(surface, asked)), Needs::SignedIn)
    .object(200, &[Column::new("logout_url", Kind::Text, "", "Where to go on to sign out at an identity provider.")])
    .also(&[204]);

async fn logout(surface: &Surface, asked: Asked) -> Result<Reply> {
    surface.perform(&asked, &actions::LOGOUT, None).await?;
    Ok(Reply::empty(204))
}

static OFF: Own = Own::new(|_, _| Box::pin(disabled()), Needs::Nothing);
static OFF_COMPLETE: Own = Own::new(|_, _| Box::pin(disabled()), Needs::Nothing).query(&[
    Field::text("code", 2000, "What the identity provider gave."),
    Field::text("state", 2000, "What was sent to the identity provider."),
]);
static OFF_SAML2_LOGIN: Own = Own::new(|_, _| Box::pin(disabled()), Needs::Nothing)
    .body(&[Field::text("idp", 2000, "The identity provider.").required()])
    .object(200, &[Column::new("idp", Kind::Text, "", "The identity provider.")]);
static OFF_SAML2_COMPLETE: Own = Own::new(|_, _| Box::pin(disabled()), Needs::Nothing)
    .body(&[Field::text("SAMLResponse", 100_000, "What the identity provider gave.").required()])
    .object(200, &[Column::new("SAMLResponse", Kind::Text, "", "What the identity provider gave.")]);
static OFF_SAML2_LOGOUT: Own = Own::new(|_, _| Box::pin(disabled()), Needs::Nothing)
    .body(&[
        Field::text("SAMLResponse", 100_000, "What the identity provider gave."),
        Field::text("SAMLRequest", 100_000, "What the identity provider asks."),
    ])
    .object(
        200,
        &[
            Column::new("SAMLResponse", Kind::Text, "", "What the identity provider gave."),
            Column::new("SAMLRequest", Kind::Text, "", "What the identity provider asks."),
        ],
    );

async fn disabled() -> Result<Reply> {
    Err(Error::Unauthenticated("Authentication method is disabled.".into()))
}

static SAML2_PROVIDERS: Own = Own::new(|surface, asked| Box::pin(saml2_providers(surface, asked)), Needs::Nothing)
    .query(&[Field::text("name", 300, "Part of the name, any case.")])
    .answer(
        200,
        Shape::List(&[
            Column::new("name", Kind::Text, "", "Name."),
            Column::new("url", Kind::Text, "", "Address of its description."),
        ]),
    )
    .counts();

async fn saml2_providers(surface: &Surface, asked: Asked) -> Result<Reply> {
    Ok(surface.page_of(&asked, &[]))
}
