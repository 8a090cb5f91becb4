//! `override-settings` and `feature-values`: what staff change of the installation while it runs.

use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::{Map, Value, json};
use stoa_kernel::{Error, Result, access::Needs, field::Kind, view::Column};
use stoa_tenancy::{
    settings::{
        Settings,
        actions::{SET, SET_FEATURES},
        rules::{self, MASK},
    },
    vocabulary::settings::{SETTINGS, SettingKind},
};

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/override-settings/", "override_settings_retrieve", "override-settings",
        "ConstanceSettings", &ALL).about("Every setting and its value. Secrets are not shown."),
    Route::act("/api/override-settings/", "override_settings", "override-settings", &SET, Answer::Empty(200))
        .request("ConstanceSettingsRequest"),
    Route::own(Verb::Post, "/api/feature-values/", "feature_values", "feature-values", "", &FEATURES)
        .about("Turn feature flags on or off."),
];
/// Nothing here has an address.
pub static LINKS: &[(&str, &str)] = &[];

const COUNT: usize = SETTINGS.len();

/// The description of the answer: the settings that the wire names.
static COLUMNS: [Column; COUNT] = columns();

const fn columns() -> [Column; COUNT] {
    let mut columns = [Column::new("", Kind::Text, "", ""); COUNT];
    let mut at = 0;
    while at < COUNT {
        let kind = match rules::kind(&SETTINGS[at]) {
            Kind::File => Kind::Text,
            kind => kind,
        };
        let column = Column::new(SETTINGS[at].key, kind, "", SETTINGS[at].about);
        // What is not set is null: a picture, and a number that has no default.
        let unset =
            matches!(SETTINGS[at].kind, SettingKind::Image) || matches!(SETTINGS[at].default.as_bytes(), b"null");
        columns[at] = if unset { column.nullable() } else { column };
        at += 1;
    }
    columns
}

static ALL: Own = Own::new(|surface, asked| Box::pin(all(surface, asked)), Needs::Staff).object(200, &COLUMNS);

static FEATURES: Own =
    Own::new(|surface, asked| Box::pin(features(surface, asked)), Needs::Staff).answer(200, Shape::Any);

async fn all(surface: &Surface, asked: Asked) -> Result<Reply> {
    let settings = Settings::load(&mut surface.core.store.reader()).await?;
    let shown = rules::all().map(|setting| {
        let value = settings.value(setting.key);
        let value = match (setting.kind, value.as_str()) {
            (SettingKind::Secret, Some("") | None) => "".into(),
            (SettingKind::Secret, Some(_)) => MASK.into(),
            (SettingKind::Image, Some(path)) if !path.is_empty() => format!("{}{path}", asked.base).into(),
            _ => value,
        };
        (setting.key.to_owned(), value)
    });
    Ok(Reply::json(200, &Value::Object(shown.collect::<Map<_, _>>())))
}

async fn features(surface: &Surface, mut asked: Asked) -> Result<Reply> {
    if !asked.body.is_object() {
        return Err(Error::invalid("Dictionary is expected."));
    }
    asked.body = json!({"flags": asked.body});
    let done = surface.perform(&asked, &SET_FEATURES, None).await?;
    let count = done.answer["count"].as_u64().unwrap_or_default();
    Ok(Reply::json(200, &format!("{count} features are updated.").into()))
}
