//! Identity providers. What a provider's discovery document says is fetched here, before the action begins.

use crate::{
    route::{Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::{Value, json};
use stoa_identity::provider::{
    actions::{self, CHANGES, CREATE, DELETE, FIELDS, UPDATE},
    discovery, rules,
    views::PROVIDERS,
};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::Action,
    door::Call,
    field::{
        Check, Field, Input,
        Kind::{self, Object, Rows, Text, Texts},
        Mode,
    },
    view::{Ask, Column},
};

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/identity-providers/", "identity_providers_list", "identity-providers", "IdentityProvider", &PROVIDERS),
    own(Verb::Post, "/api/identity-providers/", "identity_providers_create", "IdentityProvider", &MAKE)
        .about("Set up a place where people can sign in with OpenID Connect."),
    Route::retrieve("/api/identity-providers/{provider}/", "identity_providers_retrieve", "identity-providers", "IdentityProvider", &PROVIDERS),
    own(Verb::Put, "/api/identity-providers/{provider}/", "identity_providers_update", "IdentityProvider", &CHANGE)
        .about("Change how people sign in at a provider."),
    own(Verb::Patch, "/api/identity-providers/{provider}/", "identity_providers_partial_update", "IdentityProvider", &CHANGE_SOME)
        .about("Change how people sign in at a provider."),
    Route::destroy("/api/identity-providers/{provider}/", "identity_providers_destroy", "identity-providers", &DELETE),
    own(Verb::Post, "/api/identity-providers/discover_metadata/", "identity_providers_discover_metadata", "DiscoverMetadataResponse", &DISCOVER)
        .about("What a provider offers, and which of its claims fit which field, before it is set up.")
        .request("DiscoverMetadataRequestRequest"),
    own(Verb::Post, "/api/identity-providers/generate-mapping/", "identity_providers_generate_mapping", "", &MAPPING)
        .about("A mapping from fields to the claims that a provider knows.").request("DiscoverMetadataRequestRequest"),
];
/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("identity_provider", "/api/identity-providers/")];

const fn own(method: Verb, path: &'static str, op: &'static str, shape: &'static str, own: &'static Own) -> Route {
    Route::own(method, path, op, "identity-providers", shape, own)
}

static MAKE: Own = Own::new(|surface, asked| Box::pin(make(surface, asked)), Needs::Staff)
    .body(FIELDS)
    .answer(201, Shape::Row(&PROVIDERS));
static CHANGE: Own = Own::new(|surface, asked| Box::pin(change(surface, asked, Mode::Whole)), Needs::Staff)
    .body(CHANGES)
    .answer(200, Shape::Row(&PROVIDERS));
static CHANGE_SOME: Own = Own::new(|surface, asked| Box::pin(change(surface, asked, Mode::Partial)), Needs::Staff)
    .body(CHANGES)
    .answer(200, Shape::Row(&PROVIDERS));

/// Puts what the discovery document says into the body, if it names one. What a caller sends as such is dropped.
async fn describe(surface: &Surface, asked: &mut Asked, verify: bool) -> Result<()> {
    let Value::Object(body) = &mut asked.body else { return Ok(()) };
    body.remove("metadata");
    let Some(url) = body.get("discovery_url").and_then(Value::as_str).map(|url| url.trim().to_owned()) else {
        return Ok(());
    };
    let metadata = discovery::fetch(&surface.core, &url, verify).await?;
    body.insert("metadata".into(), actions::to_json(&metadata));
    Ok(())
}

async fn make(surface: &Surface, mut asked: Asked) -> Result<Reply> {
    // What is wrong without asking anybody is said without asking anybody.
    let input = Input::read(FIELDS, &asked.body, Mode::Whole)?;
    let name = input.text("provider").unwrap_or_default().to_owned();
    describe(surface, &mut asked, input.bool("verify_ssl") != Some(false)).await?;
    perform(surface, &asked, &CREATE, None, Mode::Whole).await?;
    shown(surface, &asked, &name, 201).await
}

async fn change(surface: &Surface, mut asked: Asked, mode: Mode) -> Result<Reply> {
    let input = Input::read(CHANGES, &asked.body, mode)?;
    let name = asked.param("provider").to_owned();
    let actor = asked.actor(surface).await?;
    // The provider must be there before anybody is asked about it.
    surface.core.find(&actor, &PROVIDERS, &name).await?;
    let verify = match input.bool("verify_ssl") {
        Some(verify) => verify,
        None => stored(surface, &asked, &name).await?["verify_ssl"] != json!(false),
    };
    describe(surface, &mut asked, verify).await?;
    perform(surface, &asked, &UPDATE, Some(name.clone()), mode).await?;
    shown(surface, &asked, &name, 200).await
}

async fn perform(
    surface: &Surface,
    asked: &Asked,
    action: &'static Action,
    target: Option<String>,
    mode: Mode,
) -> Result<()> {
    let call = Call { action, via: None, target, body: asked.body.clone(), mode };
    surface.core.perform(&asked.caller, call).await.map(|_| ())
}

async fn row(surface: &Surface, asked: &Asked, name: &str) -> Result<String> {
    let actor = asked.actor(surface).await?;
    let ask = Ask::one(name);
    surface.one(asked, &actor, &PROVIDERS, ask).await?.ok_or(Error::NotFound)
}

async fn shown(surface: &Surface, asked: &Asked, name: &str, status: u16) -> Result<Reply> {
    Ok(Reply::raw_json(status, row(surface, asked, name).await?))
}

async fn stored(surface: &Surface, asked: &Asked, name: &str) -> Result<Value> {
    serde_json::from_str(&row(surface, asked, name).await?).map_err(Error::broken)
}

const WHERE: &[Field] = &[
    Field::text("discovery_url", 200, "Where the description is.").required().check(Check::Url),
    Field::new("verify_ssl", Kind::Bool, "Whether certificates are checked."),
];

static DISCOVER: Own = Own::new(|surface, asked| Box::pin(discover(surface, asked)), Needs::Staff).body(WHERE).object(
    200,
    &[
        Column::new("claims_supported", Texts, "", "Claims that the provider knows."),
        Column::new("scopes_supported", Texts, "", "Scopes that it knows."),
        Column::new("endpoints", Object, "", "Its addresses."),
        Column::new("waldur_fields", Rows("WaldurFieldSuggestion", SUGGESTION), "", "Which claims fit which field."),
        Column::new("suggested_scopes", Texts, "", "Scopes to ask for."),
    ],
);
const SUGGESTION: &[Column] = &[
    Column::new("field", Text, "", "Name of the field."),
    Column::new("description", Text, "", "What it is."),
    Column::new("suggested_claims", Texts, "", "Claims that usually carry it."),
    Column::new("available_claims", Texts, "", "Those of them that the provider knows."),
];

async fn metadata(surface: &Surface, asked: &Asked) -> Result<rules::Metadata> {
    let input = asked.input(WHERE)?;
    let url = input.text("discovery_url").unwrap_or_default();
    discovery::fetch(&surface.core, url, input.bool("verify_ssl") != Some(false)).await
}

async fn discover(surface: &Surface, asked: Asked) -> Result<Reply> {
    Ok(Reply::json(200, &rules::shown(&metadata(surface, &asked).await?)))
}

static MAPPING: Own = Own::new(|surface, asked| Box::pin(mapping(surface, asked)), Needs::Staff)
    .body(WHERE)
    .object(200, &[Column::new("attribute_mapping", Object, "", "From fields to claims.")]);

async fn mapping(surface: &Surface, asked: Asked) -> Result<Reply> {
    let claims = metadata(surface, &asked).await?.claims;
    Ok(Reply::json(200, &json!({"attribute_mapping": rules::mapping(&claims)})))
}
