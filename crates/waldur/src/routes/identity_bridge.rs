//! The identity bridge.

use crate::{
    route::{Answer, Own, Route, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::json;
use stoa_identity::bridge::{
    actions::{PUSH, REMOVE},
    store,
};
use stoa_kernel::{
    Result,
    access::{Decision, Needs},
    field::Kind::{Bool, Int, Rows, Text, Texts, Uuid},
    view::Column,
};
use stoa_tenancy::settings::Settings;

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::act("/api/identity-bridge/", "identity_bridge", "identity-bridge", &PUSH, Answer::Json(200, PUSHED))
        .shape("IdentityBridgeResult").request("IdentityBridgeRequestRequest"),
    Route::act("/api/identity-bridge/remove/", "identity_bridge_remove", "identity-bridge", &REMOVE, Answer::Json(200, REMOVED))
        .shape("IdentityBridgeRemoveResult").request("IdentityBridgeRemoveRequest"),
    Route::own(Verb::Get, "/api/identity-bridge/stats/", "identity_bridge_stats_retrieve", "identity-bridge",
        "IdentityBridgeStats", &STATS).about("What identity services have said: people by source, what is stale, who manages."),
    Route::own(Verb::Get, "/api/identity-bridge/allowed-fields/", "identity_bridge_allowed_fields_retrieve", "identity-bridge",
        "IdentityBridgeAllowedFields", &ALLOWED).about("Which fields identity services may write. For staff and identity managers."),
];
/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[];

const PUSHED: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier of the user."),
    Column::new("created", Bool, "", "Whether the user is new."),
    Column::new("updated_fields", Texts, "", "The fields that have changed."),
];
const REMOVED: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier of the user."),
    Column::new("deactivated", Bool, "", "Whether the user was deactivated."),
];

static STATS: Own = Own::new(|surface, _| Box::pin(stats(surface)), Needs::Staff).object(
    200,
    &[
        Column::new("enabled", Bool, "", "Whether the bridge is enabled."),
        Column::new("deactivation_policy", Text, "", "When somebody who was dropped is deactivated."),
        Column::new("allowed_attributes", Texts, "", "What sources may write."),
        Column::new("total_federated_users", Int, "", "Number of people for whom a source vouches."),
        Column::new("total_active_federated_users", Int, "", "Number of those whose account is active."),
        Column::new("users_per_isd", Rows("ISDUserCount", PER_SOURCE), "", "Numbers by source."),
        Column::new("stale_threshold_days", Int, "", "Days after which what a source said counts as stale."),
        Column::new("identity_managers", Rows("IdentityManager", MANAGER), "", "Who speaks for sources."),
    ],
);
const PER_SOURCE: &[Column] = &[
    Column::new("isd", Text, "", "The source."),
    Column::new("user_count", Int, "", "Number of its people."),
    Column::new("stale_user_count", Int, "", "Number of those of whom it said something long ago."),
    Column::new("oldest_sync", Text, "", "The longest time since it confirmed somebody.").nullable(),
];
const MANAGER: &[Column] = &[
    Column::new("uuid", Uuid, "", "Identifier."),
    Column::new("full_name", Text, "", "Name."),
    Column::new("managed_isds", Texts, "", "Sources."),
];

async fn stats(surface: &Surface) -> Result<Reply> {
    Ok(Reply::json(200, &store::stats(&surface.core).await?))
}

static ALLOWED: Own = Own::new(|surface, asked| Box::pin(allowed(surface, asked)), Needs::SignedIn)
    .object(200, &[Column::new("allowed_fields", Texts, "", "The fields.")]);

async fn allowed(surface: &Surface, asked: Asked) -> Result<Reply> {
    let actor = asked.actor(surface).await?;
    if !actor.is_staff() && !store::is_manager(&surface.core, actor.id).await? {
        Decision::rule("Only staff and identity managers may see this.").required()?;
    }
    let settings = Settings::load(&mut surface.core.store.reader()).await?;
    Ok(Reply::json(200, &json!({"allowed_fields": settings.texts("FEDERATED_IDENTITY_SYNC_ALLOWED_ATTRIBUTES")})))
}
