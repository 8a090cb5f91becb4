//! `personal-access-tokens`.

use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::{Value, json};
use stoa_kernel::{
    Result,
    access::Needs,
    field::Kind::{Rows, Text, Texts, Time, Uuid},
    view::Column,
};
use stoa_tenancy::{
    access::permissions::Permission,
    personal_token::{
        actions::{CREATE, REVOKE, ROTATE, SET_NETWORKS},
        rules,
        views::{BINDING, PERSONAL_TOKENS},
    },
};

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/personal-access-tokens/", "personal_access_tokens_list", TAG, "PersonalAccessToken",
        &PERSONAL_TOKENS),
    Route::act("/api/personal-access-tokens/", "personal_access_tokens_create", TAG, &CREATE, Answer::Json(201, MADE))
        .shape("PersonalAccessTokenCreated").request("PersonalAccessTokenCreateRequest"),
    Route::own(Verb::Get, "/api/personal-access-tokens/available_scopes/", "personal_access_tokens_available_scopes_list",
        TAG, "AvailableScope", &SCOPES).about("Every permission that a token can let pass."),
    Route::own(Verb::Get, "/api/personal-access-tokens/available_binding_targets/",
        "personal_access_tokens_available_binding_targets_list", TAG, "AvailableBindingTarget", &TARGETS)
        .about("For each permission that one holds, the types of things to which one could bind it."),
    Route::retrieve("/api/personal-access-tokens/{uuid}/", "personal_access_tokens_retrieve", TAG, "PersonalAccessToken",
        &PERSONAL_TOKENS),
    Route::destroy("/api/personal-access-tokens/{uuid}/", "personal_access_tokens_destroy", TAG, &REVOKE),
    Route::act("/api/personal-access-tokens/{uuid}/rotate/", "personal_access_tokens_rotate", TAG, &ROTATE,
        Answer::Json(201, MADE)).shape("PersonalAccessTokenCreated"),
    Route::act("/api/personal-access-tokens/{uuid}/set_network_acl/", "personal_access_tokens_set_network_acl", TAG,
        &SET_NETWORKS, Answer::Object(&PERSONAL_TOKENS, 200))
        .shape("PersonalAccessToken").request("PersonalAccessTokenNetworkAclRequest"),
];
/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("own_token", "/api/personal-access-tokens/")];

const TAG: &str = "personal-access-tokens";

/// What is shown of a token in the moment in which it is made.
const MADE: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("name", Text, "", "Name."),
    Column::new("token", Text, "", "The token for the header `Authorization: Bearer …`; nobody can see it later."),
    Column::new("scopes", Texts, "", "Names of the permissions that pass."),
    Column::new("allowed_scopes", Rows("AllowedScopeOutput", BINDING), "", "The things to which it is bound."),
    Column::new("allowed_networks", Texts, "", "Networks from which it can be used; none for everywhere."),
    Column::new("expires_at", Time, "", "When it ends."),
    Column::new("created", Time, "", "When it was made."),
];

static SCOPES: Own = Own::new(|surface, asked| Box::pin(scopes(surface, asked)), Needs::SignedIn)
    .answer(
        200,
        Shape::List(&[
            Column::new("permission", Text, "", "Name of the permission."),
            Column::new("description", Text, "", "What it lets its holder do."),
        ]),
    )
    .counts();

async fn scopes(surface: &Surface, asked: Asked) -> Result<Reply> {
    let all: Vec<Value> =
        Permission::all().map(|one| json!({"permission": one.name(), "description": one.about()})).collect();
    Ok(surface.page_of(&asked, &all))
}

static TARGETS: Own = Own::new(|surface, asked| Box::pin(targets(surface, asked)), Needs::SignedIn)
    .answer(
        200,
        Shape::List(&[
            Column::new("permission", Text, "", "Name of the permission."),
            Column::new("types", Texts, "", "Types of the things."),
        ]),
    )
    .counts();

async fn targets(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    let known = |kind: &&str| surface.core.view_of(kind).is_some();
    let all = Permission::all().map(|permission| {
        let types: Vec<&str> = rules::targets(&actor, permission).into_iter().filter(known).collect();
        (permission, types)
    });
    let held: Vec<Value> = all
        .filter(|(_, types)| !types.is_empty())
        .map(|(permission, types)| json!({"permission": permission.name(), "types": types}))
        .collect();
    Ok(surface.page_of(&asked, &held))
}
