//! What staff do with identity providers. The discovery document is fetched before ([`super::discovery`]) and handed in as
//! `metadata`, so that no transaction waits for the network.

use super::{
    rules::{self, Metadata},
    store,
    views::PROVIDERS,
};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Error, Result, Val,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Check, Field, Input, Kind},
    record,
};

/// The fields of a user by which a new account can be named.
const USER_FIELDS: &[&str] = &["username", "email", "civil_number"];

const PROVIDER: Field = Field::text("provider", 32, "Name: lower-case letters, digits, hyphens and underscores.")
    .check(Check::By(rules::name))
    .stored();
const CLIENT_SECRET: Field =
    Field::text("client_secret", 200, "The secret of this server there. It can be set and not read; empty keeps it.")
        .secret();
const CLIENT_ID: Field = Field::text("client_id", 200, "The identifier of this server there.").stored();
const DISCOVERY_URL: Field = Field::text(
    "discovery_url",
    200,
    "Where its description is: an address that ends in /.well-known/openid-configuration.",
)
.stored();
const LABEL: Field = Field::text("label", 200, "What people read.").stored();

/// What can be sent about a new provider.
pub const FIELDS: &[Field] = &with([
    PROVIDER.required(),
    CLIENT_ID.required(),
    CLIENT_SECRET.required(),
    DISCOVERY_URL.required(),
    LABEL.required(),
]);

/// What can be sent about one that exists. Its name is in the records of accounts, so it stays.
pub const CHANGES: &[Field] =
    &with([PROVIDER.fixed(), CLIENT_ID.not_blank(), CLIENT_SECRET, DISCOVERY_URL.not_blank(), LABEL.not_blank()]);

const fn with(first: [Field; 5]) -> [Field; REST.len() + 5] {
    let mut all = [first[0]; REST.len() + 5];
    let mut at = 0;
    while at < first.len() {
        all[at] = first[at];
        at += 1;
    }
    let mut at = 0;
    while at < REST.len() {
        all[first.len() + at] = REST[at];
        at += 1;
    }
    all
}

const REST: &[Field] = &[
    Field::new("is_active", Kind::Bool, "Whether people can sign in there.").stored(),
    Field::new("verify_ssl", Kind::Bool, "Whether certificates are checked; off, plain http is taken too.").stored(),
    Field::new("enable_post_logout_redirect", Kind::Bool, "Whether people come back after signing out there.").stored(),
    Field::new(
        "enable_pkce",
        Kind::Bool,
        "Whether codes are taken only from a browser that began here. Off lets portals of 2024 hand codes in.",
    )
    .stored(),
    Field::text("management_url", 200, "Where people manage their account there.").check(Check::Url).stored(),
    Field::new("protected_fields", Kind::Texts, "Fields of a profile that only the provider changes.").stored(),
    Field::text("extra_scope", 200, "Further scopes, separated by blanks.").nullable(),
    Field::new("user_field", Kind::Choice("UserFieldEnum", USER_FIELDS), "The field by which a new account is named.")
        .stored(),
    Field::text("user_claim", 100, "The claim for that field.").not_blank().stored(),
    Field::new("attribute_mapping", Kind::Object, "From fields of a user to claims; parts of claims with dots.")
        .stored(),
    Field::text("extra_fields", 200, "Further fields that are claims of the same name, separated by blanks.")
        .nullable(),
    Field::new("allowed_redirects", Kind::Texts, "Origins of portals to which people may be sent back.").stored(),
    Field::text(
        "api_audience",
        200,
        "The audience of its access tokens that prove somebody at this API; empty takes none.",
    )
    .stored(),
    Field::new(
        "metadata",
        Kind::Object,
        "What the description says; the server fetches it itself and takes none that is sent.",
    ),
];

/// Makes a provider.
pub static CREATE: Action = Action {
    name: "identity_provider.create",
    about: "Set up a place where people can sign in with OpenID Connect.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: FIELDS,
    events: &["identity_provider_created"],
    run: |cx, input| Box::pin(create(cx, input)),
};

/// Changes a provider.
pub static UPDATE: Action = Action {
    name: "identity_provider.update",
    about: "Change how people sign in at a provider.",
    target: Target::Thing(&PROVIDERS),
    needs: Needs::Staff,
    from: &[],
    fields: CHANGES,
    events: &["identity_provider_updated"],
    run: |cx, input| Box::pin(update(cx, input)),
};

/// Removes a provider.
pub static DELETE: Action = Action {
    name: "identity_provider.delete",
    about: "Remove a provider through which nobody has signed in. Others are deactivated instead.",
    target: Target::Thing(&PROVIDERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["identity_provider_deleted"],
    run: |cx, _| Box::pin(delete(cx)),
};

/// A narrowed token or somebody who acts for somebody else can't decide who may sign in (security case C4).
fn whole(cx: &Cx<'_>) -> Result<()> {
    if cx.actor.narrow.is_some() || cx.actor.impersonator.is_some() {
        return Decision::rule("A token or an impersonator can't change how people sign in.").required().map(|_| ());
    }
    Ok(())
}

/// Brings the input into the stored form, and refuses what the table of fields can't tell.
fn settle(input: &mut Input) -> Result<()> {
    if let Some(Value::Array(origins)) = input.json("allowed_redirects")
        && let Some(wrong) = origins.iter().filter_map(Value::as_str).find_map(rules::allowed_redirect)
    {
        return Err(Error::field("allowed_redirects", wrong));
    }
    if let Some(Value::Object(mapping)) = input.json("attribute_mapping")
        && mapping.values().any(|claim| !claim.is_string())
    {
        return Err(Error::field("attribute_mapping", "A mapping is from names of fields to names of claims."));
    }
    Ok(())
}

/// The columns that are not stored as they are sent.
fn columns(input: &Input) -> Vec<(&'static str, Val)> {
    let mut columns = Vec::new();
    for name in ["extra_scope", "extra_fields"] {
        if input.has(name) {
            columns.push((name, Val::from(input.text(name).unwrap_or_default())));
        }
    }
    if let Some(secret) = input.text("client_secret").filter(|secret| !secret.is_empty()) {
        columns.push(("client_secret", Val::from(secret)));
    }
    columns
}

fn fetched(input: &Input) -> Option<Metadata> {
    input.json("metadata").and_then(from_json)
}

/// The description as the surface hands it to the action.
pub fn to_json(metadata: &Metadata) -> Value {
    json!({
        "issuer": metadata.issuer, "auth_url": metadata.auth_url, "token_url": metadata.token_url,
        "userinfo_url": metadata.userinfo_url, "logout_url": metadata.logout_url, "jwks_url": metadata.jwks_url,
        "algorithms": metadata.algorithms, "secret_in_body": metadata.secret_in_body,
    })
}

fn from_json(value: &Value) -> Option<Metadata> {
    let text = |name: &str| value[name].as_str().map(ToOwned::to_owned);
    Some(Metadata {
        issuer: text("issuer")?,
        auth_url: text("auth_url")?,
        token_url: text("token_url")?,
        userinfo_url: text("userinfo_url")?,
        logout_url: text("logout_url")?,
        jwks_url: text("jwks_url")?,
        algorithms: value["algorithms"].as_array()?.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
        secret_in_body: value["secret_in_body"].as_bool()?,
        claims: Vec::new(),
        scopes: Vec::new(),
    })
}

/// An identity token names this client as its audience; were that the API's audience too, whoever got one could call the API.
fn apart(client_id: &str, audience: &str) -> Result<()> {
    match !audience.is_empty() && client_id == audience {
        true => Err(Error::field("api_audience", "The audience of the API must not be the client_id.")),
        false => Ok(()),
    }
}

async fn create(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    whole(cx)?;
    settle(&mut input)?;
    let metadata =
        fetched(&input).ok_or_else(|| Error::field("discovery_url", "Unable to fetch the discovery document."))?;
    apart(input.text("client_id").unwrap_or_default(), input.text("api_audience").unwrap_or_default())?;
    let uuid = cx.uuid();
    let mut more = vec![("uuid", Val::Uuid(uuid)), ("created", Val::Time(cx.now)), ("modified", Val::Time(cx.now))];
    more.extend(columns(&input));
    more.extend(store::columns(&metadata));
    let id = store::insert(cx.tx, FIELDS, &input, more).await?;
    let name = input.text("provider").unwrap_or_default();
    let message = format!("Identity provider {name} has been created.");
    Ok(Done::event(event("identity_provider_created", name, message)).made("identity_provider", id, uuid))
}

async fn update(cx: &mut Cx<'_>, mut input: Input) -> Result<Done> {
    whole(cx)?;
    settle(&mut input)?;
    let id = cx.found.id;
    let (issuer, client_id, audience) = store::bound(cx.tx, id).await?;
    apart(input.text("client_id").unwrap_or(&client_id), input.text("api_audience").unwrap_or(&audience))?;
    let metadata = fetched(&input);
    if metadata.as_ref().is_some_and(|metadata| metadata.issuer != issuer) && store::is_used(cx.tx, id).await? {
        // Subjects are names that an issuer gives; another issuer may give the same ones to others (security case C12).
        let words = "People sign in through this issuer. Set up another provider for another issuer.";
        return Err(Error::field("discovery_url", words));
    }
    let mut changes = record::update(cx, store::TABLE, id, CHANGES, &input, vec![]).await?;
    let quiet = columns(&input);
    for (name, val) in &quiet {
        // The secret is recorded as changed, without either value.
        if *name == "client_secret" {
            changes.push(Change { field: (*name).into(), before: Value::Null, after: Value::Null });
        } else if changed(cx, id, name, val).await? {
            changes.push(Change {
                field: (*name).into(),
                before: Value::Null,
                after: record::to_json(Kind::Text, val),
            });
        }
    }
    let mut set = quiet;
    set.extend(metadata.iter().flat_map(store::columns));
    if changes.is_empty() && metadata.is_none() {
        return Ok(Done::unchanged());
    }
    set.push(("modified", Val::Time(cx.now)));
    store::set(cx.tx, id, set).await?;
    let name = cx.found.name.clone();
    let words: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
    let message = match words.is_empty() {
        true => format!("The description of identity provider {name} has been read again."),
        false => format!("Identity provider {name} has been updated: {}.", words.join(", ")),
    };
    Ok(Done::event(event("identity_provider_updated", &name, message).changes(changes)))
}

async fn changed(cx: &mut Cx<'_>, id: i64, name: &str, val: &Val) -> Result<bool> {
    store::differs(cx.tx, id, name, val).await
}

async fn delete(cx: &mut Cx<'_>) -> Result<Done> {
    whole(cx)?;
    if store::is_used(cx.tx, cx.found.id).await? {
        let words = "People sign in through this identity provider. Deactivate it instead.";
        return Err(Error::Conflict(words.into()));
    }
    store::delete(cx.tx, cx.found.id).await?;
    let name = &cx.found.name;
    Ok(Done::event(event("identity_provider_deleted", name, format!("Identity provider {name} has been deleted."))))
}

fn event(kind: &'static str, name: &str, message: String) -> Event {
    Event::new(kind, message).facts(Map::from_iter([("provider".to_owned(), Value::from(name))]))
}
