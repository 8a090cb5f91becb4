//! `/api/metadata/…`: the vocabularies, for programs that build forms of them. Open to strangers.
//!
//! Clients check these answers against the names that they know and refuse the whole for one that they do not, so only names
//! of the wire are told: no event type and no setting of our own.

use crate::{
    route::{Own, Route, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::{Map, Value, json};
use stoa_kernel::{Result, access::Needs, field::Kind::Json, view::Column};
use stoa_tenancy::{
    access::permissions::{PERMISSIONS, Permission},
    grant::rules::TEAMS,
    vocabulary::{events, features, settings},
};

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/metadata/events/", "metadata_events_retrieve", "metadata", "EventMetadataResponse",
        &EVENTS).about("The types of events, by group.").anonymous(),
    Route::own(Verb::Get, "/api/metadata/features/", "metadata_features_retrieve", "metadata",
        "FeatureMetadataResponse", &FEATURES).about("The feature flags, by section.").anonymous(),
    Route::own(Verb::Get, "/api/metadata/permissions/", "metadata_permissions_retrieve", "metadata",
        "PermissionMetadataResponse", &PERMISSION_NAMES).about("The roles that ship and the permissions.").anonymous(),
    Route::own(Verb::Get, "/api/metadata/settings/", "metadata_settings_retrieve", "metadata",
        "SettingsMetadataResponse", &SETTINGS).about("The settings, by section.").anonymous(),
];

static EVENTS: Own = Own::new(|_, _| Box::pin(async { Ok(Reply::json(200, &event_names())) }), Needs::Nothing)
    .object(200, &[Column::new("event_groups", Json, "", "Types of events by group.")]);

static FEATURES: Own = Own::new(|_, _| Box::pin(async { Ok(Reply::json(200, &feature_names())) }), Needs::Nothing)
    .object(
        200,
        &[
            Column::new("features", Json, "", "Sections with their flags."),
            Column::new("feature_enums", Json, "", "Names of flags by section."),
        ],
    );

static PERMISSION_NAMES: Own = Own::new(|surface, asked| Box::pin(permissions(surface, asked)), Needs::Nothing).object(
    200,
    &[
        Column::new("roles", Json, "", "Names of roles by key."),
        Column::new("permissions", Json, "", "Names of permissions by key."),
        Column::new("permission_map", Json, "", "What it takes to give a role, by kind of scope."),
        Column::new("permission_descriptions", Json, "", "Permissions by heading."),
    ],
);

static SETTINGS: Own = Own::new(|_, _| Box::pin(async { Ok(Reply::json(200, &setting_names())) }), Needs::Nothing)
    .object(200, &[Column::new("settings", Json, "", "Sections with their settings.")]);

/// The roles that the published enum names, in the form that all clients know.
const ROLES: &[&str] = &[
    "CUSTOMER.OWNER",
    "CUSTOMER.SUPPORT",
    "CUSTOMER.MANAGER",
    "PROJECT.ADMIN",
    "PROJECT.MANAGER",
    "PROJECT.MEMBER",
    "OFFERING.MANAGER",
    "CALL.REVIEWER",
    "CALL.MANAGER",
    "PROPOSAL.MEMBER",
    "PROPOSAL.MANAGER",
];

fn event_names() -> Value {
    let group = |name: &str| -> Value { events::shared().filter(|one| one.is_of(name)).map(|one| one.name).collect() };
    let groups: Map<String, Value> = events::GROUPS.iter().map(|(name, _)| ((*name).to_owned(), group(name))).collect();
    json!({ "event_groups": groups })
}

fn feature_names() -> Value {
    let sections = features::SECTIONS.iter().map(|(section, about)| {
        let items: Vec<Value> =
            features::features_of(section).map(|one| json!({"key": one.key, "description": one.about})).collect();
        json!({"key": section, "description": about, "items": items})
    });
    let enums = features::SECTIONS.iter().map(|(section, _)| {
        let names: Map<String, Value> = features::features_of(section)
            .map(|one| (one.key.to_owned(), format!("{section}.{}", one.key).into()))
            .collect();
        ((*section).to_owned(), Value::Object(names))
    });
    json!({"features": sections.collect::<Vec<_>>(), "feature_enums": enums.collect::<Map<_, _>>()})
}

async fn permissions(_: &Surface, _: Asked) -> Result<Reply> {
    let roles: Map<String, Value> = ROLES.iter().map(|name| (name.replace('.', "_"), Value::from(*name))).collect();
    let names: Map<String, Value> = PERMISSIONS.iter().map(|entry| (entry.key.to_owned(), entry.name.into())).collect();
    let map: Map<String, Value> = TEAMS.iter().map(|team| (team.scope.to_owned(), team.create.name().into())).collect();
    let mut headings: Vec<&str> = Permission::all().map(Permission::group).collect();
    headings.sort_unstable();
    headings.dedup();
    let descriptions = headings.into_iter().map(|heading| {
        let options: Vec<Value> = PERMISSIONS
            .iter()
            .filter(|entry| entry.group == heading)
            .map(|entry| json!({"label": entry.about, "value": entry.name}))
            .collect();
        json!({"label": heading, "options": options})
    });
    Ok(Reply::json(
        200,
        &json!({
            "roles": roles,
            "permissions": names,
            "permission_map": map,
            "permission_descriptions": descriptions.collect::<Vec<_>>(),
        }),
    ))
}

fn setting_names() -> Value {
    let sections = settings::SECTIONS.iter().map(|section| {
        let items: Vec<Value> = settings::settings_of(section).map(setting_item).collect();
        json!({"description": section, "items": items})
    });
    json!({ "settings": sections.collect::<Vec<_>>() })
}

fn setting_item(one: &settings::Setting) -> Value {
    let default: Value = serde_json::from_str(one.default).unwrap_or(Value::Null);
    let mut item = json!({"key": one.key, "description": one.about, "type": one.kind.name()});
    // The newest official client reads `default` as an object and fails on anything else; the value itself has a name of its
    // own beside it.
    if default.is_object() {
        item["default"] = default.clone();
    }
    item["default_value"] = default;
    if let Some(options) = one.kind.options() {
        let options: Vec<Value> = options.iter().map(|one| json!({"value": one, "label": one})).collect();
        item["options"] = options.into();
    }
    item
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_grouped_and_none_is_lost() {
        let groups = event_names();
        let all = groups["event_groups"].as_object().unwrap();
        assert_eq!(all.len(), events::GROUPS.len());
        assert!(all["permissions"].as_array().unwrap().iter().all(|name| name != "role_definition_updated"));
        let features = feature_names();
        assert_eq!(features["feature_enums"]["user"]["ssh_keys"], "user.ssh_keys");
        let items = |section: &Value| section["items"].as_array().unwrap().len();
        let count: usize = setting_names()["settings"].as_array().unwrap().iter().map(items).sum();
        assert_eq!(count, settings::SETTINGS.len());
    }
}
