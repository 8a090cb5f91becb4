//! Access tokens of a trusted issuer as proof at the API, for services.
//!
//! Staff name the audience in the provider's `api_audience`; without one none of its tokens is taken. The wire asks [`verify`] at
//! every request, so a token ends when it says, when its account is disabled, and when the provider is switched off. It makes no
//! accounts: the person has signed in through the provider before.

use super::{jwt, rules, store};
use crate::provider::store as providers;
use stoa_kernel::{Error, Result, door::Core, id::Uuid};

/// Whether a bearer token can be one of an issuer: three parts with dots between. Ours have none.
pub fn is_foreign(token: &str) -> bool {
    token.bytes().filter(|b| *b == b'.').count() == 2
}

/// The active user whom a token proves.
///
/// # Errors
/// Unauthenticated, in the same words whatever is wrong; unavailable if the issuer's keys can't be had.
pub async fn verify(core: &Core, token: &str) -> Result<Uuid> {
    let constant = || Error::Unauthenticated("Invalid token.".into());
    let issuer = jwt::unproved(token).and_then(|claims| claims["iss"].as_str().map(ToOwned::to_owned));
    let issuer = issuer.ok_or_else(constant)?;
    let mut reader = core.store.reader();
    for provider in providers::trusted(&mut reader, &issuer).await? {
        let Ok(signed) = jwt::verified(core, &provider, token).await else { continue };
        let (header, claims) = (&signed.header, &signed.claims);
        if rules::access(header, claims, &provider.issuer, &provider.api_audience, core.now()).is_err() {
            continue;
        }
        let subject = rules::subject(claims).unwrap_or_default();
        if let Some(uuid) = store::user_of(&mut reader, provider.id, subject).await? {
            return Ok(uuid);
        }
    }
    Err(constant())
}
