//! Signed tokens of a provider (JWS, compact form): who signed, with which algorithm, and what is said. What must be said is in
//! [`super::rules`]; the signature itself is verified by the `openidconnect` crate's keys.

use super::keys;
use crate::provider::{rules::ALGORITHMS, store::Provider};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKey,
    core::{CoreJsonWebKey, CoreJwsSigningAlgorithm},
};
use serde_json::Value;
use stoa_kernel::{Error, door::Core};

/// The longest token that is looked at.
const TOKEN_MAX: usize = 64 * 1024;

/// A token whose signature holds.
#[derive(Debug)]
pub struct Signed {
    /// The header.
    pub header: Value,
    /// What is said.
    pub claims: Value,
    key: CoreJsonWebKey,
    algorithm: CoreJwsSigningAlgorithm,
}

impl Signed {
    /// The first half of the hash of a text, as `at_hash` has it.
    pub fn half_hash(&self, text: &str) -> Option<String> {
        let hash = self.key.hash_bytes(text.as_bytes(), &self.algorithm).ok()?;
        Some(URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2]))
    }
}

/// Why something from a provider is not taken: words for the log and the record, never for the caller.
pub type Refusal = String;

fn part(text: &str) -> Option<Value> {
    let json: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    json.is_object().then_some(json)
}

/// What a token says, unproved: only for finding out who could prove it.
pub fn unproved(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    part(claims)
}

/// Verifies the signature of a token by the provider's keys.
///
/// # Errors
/// A refusal: it is no signed token, its algorithm is not one that this provider was set up with, or no key fits.
pub async fn verified(core: &Core, provider: &Provider, token: &str) -> Result<Signed, Refusal> {
    if token.len() > TOKEN_MAX {
        return Err("the token is too long".into());
    }
    let (message, signature) = token.rsplit_once('.').ok_or("it is no signed token")?;
    let (header, claims) = message.split_once('.').ok_or("it is no signed token")?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "it is no signed token")?;
    let header = part(header).ok_or("it is no signed token")?;
    let claims = part(claims).ok_or("it is no signed token")?;
    if header.get("crit").is_some() || header.get("b64").is_some() {
        return Err("the token asks for an extension".into());
    }
    // The algorithm is chosen by what the provider was set up with, never by the token alone (ASVS 9.1.2).
    let name = header["alg"].as_str().unwrap_or_default();
    if !ALGORITHMS.contains(&name) || !provider.algorithms.iter().any(|known| known == name) {
        return Err(format!("the algorithm {} is not taken", name.chars().take(20).collect::<String>()));
    }
    let algorithm: CoreJwsSigningAlgorithm =
        serde_json::from_value(name.into()).map_err(|_| "the algorithm is not known")?;
    let kid = header["kid"].as_str();
    let set = keys::of(core, provider, kid).await.map_err(|error| match error {
        Error::Unavailable(words) => words,
        other => other.to_string(),
    })?;
    let named = |key: &&CoreJsonWebKey| kid.is_none_or(|kid| key.key_id().is_some_and(|id| id.as_str() == kid));
    let fits = |key: &&CoreJsonWebKey| key.verify_signature(&algorithm, message.as_bytes(), &signature).is_ok();
    let key = set.iter().filter(named).find(fits).cloned().ok_or("no key of the provider made the signature")?;
    Ok(Signed { header, claims, key, algorithm })
}
