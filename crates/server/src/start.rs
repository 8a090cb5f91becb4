//! From settings to a running core.

use crate::config::Config;
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    clock::Clock,
    door::{Core, Registry},
    store::{Migration, Store},
};

/// The migrations of every area, in order.
pub fn migrations() -> Vec<Migration> {
    let record = [stoa_kernel::event::MIGRATION];
    [
        stoa_kernel::store::MIGRATIONS,
        &record,
        stoa_tenancy::MIGRATIONS,
        stoa_identity::MIGRATIONS,
        stoa_market::MIGRATIONS,
        stoa_support::MIGRATIONS,
    ]
    .concat()
}

/// Everything that the areas can do and show.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    stoa_tenancy::register(&mut registry);
    stoa_identity::register(&mut registry);
    stoa_market::register(&mut registry);
    stoa_support::register(&mut registry);
    registry
}

/// A core over a store.
pub fn core(store: Store, clock: Clock) -> Core {
    let directory = Box::new(stoa_tenancy::access::directory::Directory::default());
    let core = Core::new(store, clock, directory, registry());
    stoa_support::equip(stoa_market::equip(stoa_identity::equip(stoa_tenancy::equip(core))))
}

/// Puts into a core what the operator sets.
pub fn configured(core: Core, config: &Config) -> Core {
    match &config.ldap {
        Some(settings) => core.with(Arc::new(stoa_identity::ldap::Directory::new(settings.clone()))),
        None => core,
    }
}

/// Opens the store that the settings name, making the data directory if it is missing.
///
/// # Errors
/// Unavailable, with a sentence, if it can't be opened.
pub async fn open(config: &Config) -> Result<Store> {
    if config.database.starts_with("sqlite:") {
        std::fs::create_dir_all(&config.data).map_err(|error| {
            Error::Unavailable(format!("The data directory {} can't be made: {error}", config.data.display()))
        })?;
    }
    Store::open(&config.database, config.store_options()).await
}

/// Opens the store, brings its tables up to date, makes sure that what ships is there, and gives the core.
///
/// # Errors
/// Unavailable, with a sentence, if the store can't be opened or is newer than this program.
pub async fn start(config: &Config) -> Result<Arc<Core>> {
    let store = open(config).await?;
    let applied = store.migrate(&migrations()).await?;
    if !applied.is_empty() {
        tracing::info!(migrations = applied.join(", "), "the database has been brought up to date");
    }
    let clock = Clock::new();
    prepare(&store, &clock).await?;
    let outbound = stoa_support::outbound::Outbound::new(config.outbound.clone());
    let kept = stoa_tenancy::record::jobs::KeptDays(config.events_kept_days);
    let mailer = config.mailer().map_err(Error::Unavailable)?;
    let core = configured(core(store, clock), config).with(outbound).with(kept).with(mailer).with(config.audit.clone());
    stoa_identity::passkey::settle(&core, config.public_url.as_deref()).await?;
    Ok(Arc::new(core))
}

/// Puts into a migrated store what every installation has from its first moment: the shipped roles and kinds of mail.
pub async fn prepare(store: &Store, clock: &Clock) -> Result<()> {
    let clock = clock.clone();
    store
        .write(move |tx| {
            let clock = clock.clone();
            Box::pin(async move {
                stoa_tenancy::role::store::install_shipped(tx, &clock).await?;
                stoa_tenancy::uses::store::begin(tx, clock.now()).await?;
                stoa_support::mail::store::install_shipped(tx, &clock).await
            })
        })
        .await
}
