//! Signing out on both sides: here when the provider says so, and there when somebody signs out here.

use super::{actions, flow, jwt, rules, store};
use crate::provider::store as providers;
use serde_json::json;
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    access::Actor,
    door::{Call, Caller, Core},
    field::Mode,
};
use stoa_tenancy::settings::Settings;
use url::Url;

/// Where to go on to sign out at the provider from which this login came; `None` if it came from none, or from one that can't.
/// Asked before the login is ended.
pub async fn address(core: &Core, actor: &Actor, base: &str) -> Result<Option<String>> {
    let Some((token_id, _)) = actor.token else { return Ok(None) };
    let mut reader = core.store.reader();
    let Some((url, client, id_token, comes_back)) = store::session(&mut reader, token_id).await? else {
        return Ok(None);
    };
    let mut url = Url::parse(&url).map_err(Error::broken)?;
    url.query_pairs_mut().append_pair("client_id", &client);
    if !id_token.is_empty() {
        url.query_pairs_mut().append_pair("id_token_hint", &id_token);
    }
    if comes_back {
        let portal = flow::portal(&Settings::load(&mut reader).await?);
        let back = if portal.is_empty() { format!("{base}/") } else { portal };
        url.query_pairs_mut().append_pair("post_logout_redirect_uri", &back);
    }
    Ok(Some(url.to_string()))
}

/// Takes a provider's message that somebody signed out there: every login that came from it ends at once.
///
/// # Errors
/// Invalid, in the same words for whatever is wrong with it.
pub async fn message(core: &Arc<Core>, caller: &Caller, name: &str, token: &str) -> Result<()> {
    let constant = || Error::invalid("The logout token is not valid.");
    let provider = providers::active(&mut core.store.reader(), name).await?.ok_or_else(constant)?;
    let said = match jwt::verified(core, &provider, token).await {
        Ok(signed) => rules::signed_out(&signed.claims, &provider.issuer, &provider.client_id, core.now())
            .map_err(ToOwned::to_owned),
        Err(why) => Err(why),
    };
    let (subject, sid, until) = said.map_err(|why| {
        tracing::info!(request = caller.request, provider = name, why, "a logout token is not taken");
        constant()
    })?;
    let body = json!({"provider_id": provider.id, "subject": subject, "sid": sid, "until": until.to_string()});
    let system = Caller { request: caller.request.clone(), ..Caller::system() };
    let call = Call { action: &actions::SIGN_OUT, via: None, target: None, body, mode: Mode::Whole };
    core.perform(&system, call).await.map(|_| ())
}
