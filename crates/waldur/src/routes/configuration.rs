//! `/api/configuration/` and `/api/version/`: what everybody is told about the installation; and its type.

use crate::{
    route::{Answer, Own, Route, Shape, Verb},
    wire::{Asked, Reply, Surface},
};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Result,
    access::Needs,
    field::Kind::{Bool, Text},
    view::Column,
};
use stoa_tenancy::{
    settings::{self, Settings, actions::UPDATE, rules},
    vocabulary::{
        features,
        languages::{self, LANGUAGES},
        settings::SettingKind,
    },
};

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::own(Verb::Get, "/api/configuration/", "configuration_retrieve", "configuration", "", &CONFIGURATION)
        .about("Public settings and feature flags.").anonymous(),
    Route::own(Verb::Get, "/api/version/", "version_retrieve", "version", "Version", &VERSION)
        .about("The version of the program."),
    Route::own(Verb::Get, "/api/installation/", "installation_retrieve", "installation", "Installation", &INSTALLATION)
        .about("The type of the installation and what was chosen about its roles."),
    Route::act("/api/installation/", "installation_update", "installation", &UPDATE, Answer::Json(200, CHOICES))
        .shape("Installation"),
];

static CONFIGURATION: Own =
    Own::new(|surface, asked| Box::pin(configuration(surface, asked)), Needs::Nothing).answer(200, Shape::Any);

static VERSION: Own = Own::new(
    |_, _| Box::pin(async { Ok(Reply::json(200, &json!({"version": env!("CARGO_PKG_VERSION")}))) }),
    Needs::SignedIn,
)
.object(
    200,
    &[
        Column::new("version", Text, "", "The version that runs."),
        // Nobody is asked for the newest one.
        Column::new("latest_version", Text, "", "The newest version; left out where it is not known.").absent(),
    ],
);

const CHOICES: &[Column] = &[
    Column::new("type", Text, "", "The type."),
    Column::new("project_managers_approve_orders", Bool, "", "Whether managers of projects approve orders."),
    Column::new(
        "project_administrators_approve_orders",
        Bool,
        "",
        "Whether administrators of projects approve orders of public offerings.",
    ),
    Column::new(
        "project_managers_add_preapproved_users_only",
        Bool,
        "",
        "Whether managers of projects add only people whom the organization knows.",
    ),
    Column::new("only_one_project_manager", Bool, "", "Whether a project has one manager at most."),
];

static INSTALLATION: Own =
    Own::new(|surface, asked| Box::pin(installation(surface, asked)), Needs::StaffOrSupport).object(200, CHOICES);

async fn installation(surface: &Surface, _: Asked) -> Result<Reply> {
    let settings = Settings::load(&mut surface.core.store.reader()).await?;
    Ok(Reply::json(200, &settings::actions::choices(&settings)))
}

async fn configuration(surface: &Surface, asked: Asked) -> Result<Reply> {
    let settings = Settings::load(&mut surface.core.store.reader()).await?;
    Ok(Reply::json(200, &told(&settings, &asked.base)))
}

/// What everybody is told. Secrets are not public, so they are not among it.
fn told(settings: &Settings, base: &str) -> Value {
    let mut core = fixed(settings, base);
    let mut support = Map::new();
    for one in rules::all().filter(|one| one.public) {
        let value = settings.value(one.key);
        match (one.kind, one.key.strip_prefix("WALDUR_SUPPORT_")) {
            (_, Some(rest)) => {
                support.insert(rest.to_owned(), value);
            }
            // A picture is told only if there is one, by its address.
            (SettingKind::Image, None) => {
                if let Some(path) = value.as_str().filter(|path| !path.is_empty()) {
                    core.insert(one.key.to_owned(), format!("{base}{path}").into());
                }
            }
            (_, None) => {
                core.insert(one.key.to_owned(), value);
            }
        }
    }
    // Identity providers come with a later capability; until then none is the default one.
    core.insert("DEFAULT_IDP".into(), Value::Null);
    json!({
        "FEATURES": flags(settings),
        "LANGUAGES": offered(settings),
        "LANGUAGE_CODE": languages::DEFAULT,
        "WALDUR_CORE": core,
        "WALDUR_SUPPORT": support,
    })
}

/// What does not change while the server runs, or is told in a form of its own.
fn fixed(settings: &Settings, base: &str) -> Map<String, Value> {
    let fixed = json!({
        "MASTERMIND_URL": base,
        "TRANSLATION_DOMAIN": settings.installation().translation_domain(),
        "MATOMO_SITE_ID": null,
        "MATOMO_URL_BASE": null,
        "EXTERNAL_LINKS": [],
        "USER_MANDATORY_FIELDS": ["first_name", "last_name", "email"],
        "USER_REGISTRATION_HIDDEN_FIELDS": [],
        "INVITATION_CIVIL_NUMBER_LABEL": "",
        "INVITATION_TAX_NUMBER_LABEL": "",
        "HOMEPORT_SENTRY_DSN": null,
        "HOMEPORT_SENTRY_ENVIRONMENT": "",
        "HOMEPORT_SENTRY_TRACES_SAMPLE_RATE": 0.01,
    });
    match fixed {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn flags(settings: &Settings) -> Value {
    let section = |section: &str| -> Map<String, Value> {
        features::features_of(section)
            .map(|one| (one.key.to_owned(), settings.feature(section, one.key).into()))
            .collect()
    };
    let all = features::SECTIONS.iter().map(|(name, _)| ((*name).to_owned(), Value::Object(section(name))));
    Value::Object(all.collect())
}

fn offered(settings: &Settings) -> Value {
    let chosen = settings.text("LANGUAGE_CHOICES");
    let known = |code: &str| LANGUAGES.iter().find(|one| one.code == code.trim());
    chosen.split(',').filter_map(known).map(|one| json!([one.code, one.name])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_has_its_parts_and_no_secret() {
        let told = told(&Settings::default(), "https://stoa.example");
        assert_eq!(told["LANGUAGES"][0], json!(["en", "English"]));
        assert_eq!(told["LANGUAGE_CODE"], "en");
        assert_eq!(told["WALDUR_CORE"]["SITE_NAME"], "Stoa");
        assert_eq!(told["WALDUR_CORE"]["TRANSLATION_DOMAIN"], "");
        assert_eq!(told["FEATURES"]["customer"]["show_domain"], false);
        assert!(told["WALDUR_SUPPORT"].is_object());
        for one in rules::all().filter(|one| !one.public) {
            assert!(told["WALDUR_CORE"].get(one.key).is_none(), "{}", one.key);
        }
    }
}
