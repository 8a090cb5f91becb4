//! Fetching a provider's discovery document, outside any transaction.

use super::{
    outbound::Outbound,
    rules::{self, Metadata},
};
use stoa_kernel::{Error, Result, door::Core};

/// Fetches and reads the document.
///
/// # Errors
/// Invalid, for `discovery_url`, with what is wrong with the address, its answer or the document.
pub async fn fetch(core: &Core, discovery_url: &str, verify: bool) -> Result<Metadata> {
    let wrong = |message: &str| Error::field("discovery_url", message);
    rules::outside(discovery_url, verify).map_err(|message| wrong(&message))?;
    let answer = match Outbound::of(core)?.get(discovery_url, verify, None).await {
        Ok(answer) => answer,
        Err(Error::Unavailable(_)) => return Err(wrong("Unable to fetch the discovery document.")),
        Err(other) => return Err(other),
    };
    let document = answer.json().ok_or_else(|| wrong("There is no discovery document at this address."))?;
    rules::metadata(discovery_url, &document, verify).map_err(|message| wrong(&message))
}
