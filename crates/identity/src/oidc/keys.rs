//! The public keys of providers, remembered for an hour. A key that is not among them makes them be fetched anew, but not more
//! often than every half minute, so that nobody makes us ask by sending names of keys.

use crate::provider::{outbound::Outbound, store::Provider};
use openidconnect::{
    JsonWebKey, JsonWebKeySet,
    core::{CoreJsonWebKey, CoreJsonWebKeySet},
};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use stoa_kernel::{Error, Result, Time, door::Core};

/// Seconds for which keys are used without asking again.
const FRESH_SECONDS: i64 = 3600;
/// Seconds between two fetches for keys that are missing.
const AGAIN_SECONDS: i64 = 30;

/// Keys by their address.
#[derive(Debug, Default)]
pub struct Keys {
    known: Mutex<HashMap<String, (Time, KeySet)>>,
}

/// The keys of a provider.
pub type KeySet = Arc<Vec<CoreJsonWebKey>>;

/// The provider's keys, among them the one with this name if the provider has it.
///
/// # Errors
/// Unavailable if they have to be fetched and can't.
pub async fn of(core: &Core, provider: &Provider, kid: Option<&str>) -> Result<KeySet> {
    let keys = core.get::<Keys>().ok_or_else(|| Error::broken("the core has no keys"))?;
    let now = core.now();
    if let Some((fetched, set)) = keys.known.lock().get(&provider.jwks_url).cloned() {
        let has = kid.is_none_or(|kid| set.iter().any(|key| key.key_id().is_some_and(|id| id.as_str() == kid)));
        let usable = if has { FRESH_SECONDS } else { AGAIN_SECONDS };
        if fetched.plus_seconds(usable) > now {
            return Ok(set);
        }
    }
    let answer = Outbound::of(core)?.get(&provider.jwks_url, provider.verify_ssl, None).await?;
    let set: CoreJsonWebKeySet = answer
        .json()
        .and_then(|json| serde_json::from_value::<JsonWebKeySet<CoreJsonWebKey>>(json).ok())
        .ok_or_else(|| Error::Unavailable("The identity provider gives no keys.".into()))?;
    let set = Arc::new(set.keys().clone());
    keys.known.lock().insert(provider.jwks_url.clone(), (now, set.clone()));
    Ok(set)
}
