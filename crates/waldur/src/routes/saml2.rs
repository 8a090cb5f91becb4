//! SAML, which this server does not speak (docs/decisions/0008-saml.md): the operations are there and say that the method is
//! disabled, as those of the original do where it is switched off.

use crate::{
    route::{Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    field::{Field, Kind},
    view::Column,
};

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    off(Verb::Post, "/api-auth/saml2/login/", "api_auth_saml2_login", "Saml2Login", &LOGIN).request("Saml2LoginRequest"),
    off(Verb::Post, "/api-auth/saml2/login/complete/", "api_auth_saml2_login_complete", "Saml2LoginComplete", &COMPLETE)
        .request("Saml2LoginCompleteRequest"),
    off(Verb::Get, "/api-auth/saml2/logout/", "api_auth_saml2_logout_retrieve", "", &LOGOUT),
    off(Verb::Get, "/api-auth/saml2/logout/complete/", "api_auth_saml2_logout_complete_retrieve", "Saml2LogoutComplete",
        &LOGOUT_COMPLETE),
    off(Verb::Post, "/api-auth/saml2/logout/complete/", "api_auth_saml2_logout_complete", "Saml2LogoutComplete",
        &LOGOUT_COMPLETE).request("Saml2LogoutCompleteRequest"),
    Route::own(Verb::Get, "/api-auth/saml2/providers/", "api_auth_saml2_providers_list", "api-auth", "Saml2Provider",
        &PROVIDERS).about("SAML identity providers. There are none.").anonymous(),
];
/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[];

const fn off(method: Verb, path: &'static str, op: &'static str, shape: &'static str, own: &'static Own) -> Route {
    Route::own(method, path, op, "api-auth", shape, own)
        .about("Signing in with SAML, which this server does not speak: always refused.")
        .anonymous()
}

static LOGIN: Own = Own::new(|_, _| Box::pin(disabled()), Needs::Nothing)
    .body(&[Field::text("idp", 2000, "The identity provider.").required()])
    .object(200, &[Column::new("idp", Kind::Text, "", "The identity provider.")]);
static COMPLETE: Own = Own::new(|_, _| Box::pin(disabled()), Needs::Nothing)
    .body(&[Field::text("SAMLResponse", 100_000, "What the identity provider gave.").required()])
    .object(200, &[Column::new("SAMLResponse", Kind::Text, "", "What the identity provider gave.")]);
static LOGOUT: Own = Own::new(|_, _| Box::pin(disabled()), Needs::Nothing);
static LOGOUT_COMPLETE: Own = Own::new(|_, _| Box::pin(disabled()), Needs::Nothing)
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

static PROVIDERS: Own = Own::new(|surface, asked| Box::pin(providers(surface, asked)), Needs::Nothing)
    .query(&[Field::text("name", 300, "Part of the name, any case.")])
    .answer(
        200,
        Shape::List(&[
            Column::new("name", Kind::Text, "", "Name."),
            Column::new("url", Kind::Text, "", "Address of its description."),
        ]),
    )
    .counts();

async fn providers(surface: &Surface, asked: Asked) -> Result<Reply> {
    Ok(surface.page_of(&asked, &[]))
}
