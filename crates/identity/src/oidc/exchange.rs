//! From a code to proved claims: everything that needs the network, outside any transaction.

use super::{
    jwt::{self, Refusal},
    rules,
};
use crate::provider::{
    outbound::{Answer, ClientProof, Outbound},
    store::Provider,
};
use serde_json::Value;
use stoa_kernel::{Result, door::Core};

/// The longest identity token that is kept for signing out; a longer one would not fit into an address.
const KEPT_MAX: usize = 4000;

/// Who signed in, proved.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The provider's name for the person.
    pub subject: String,
    /// What it says about the person.
    pub claims: Value,
    /// Its name for the session; empty if it has none.
    pub sid: String,
    /// The identity token, for signing out; empty if there is no use for it.
    pub id_token: String,
}

/// What comes with a code.
#[derive(Clone, Copy)]
pub struct Code<'a> {
    /// The code.
    pub code: &'a str,
    /// The address to which the code went.
    pub redirect_uri: &'a str,
    /// The PKCE verifier and the nonce; none where a portal began.
    pub secrets: Option<(&'a str, &'a str)>,
}

/// Exchanges a code, and proves what comes back.
///
/// # Errors
/// A refusal, in words for the record.
pub async fn exchange(core: &Core, provider: &Provider, code: Code<'_>) -> Result<Proved, Refusal> {
    let answer = tokens(core, provider, code).await?;
    let token = answer["id_token"].as_str().ok_or("the provider gave no identity token")?;
    let access = answer["access_token"].as_str();
    let signed = jwt::verified(core, provider, token).await?;
    let nonce = code.secrets.map(|(_, nonce)| nonce);
    rules::identity(&signed.claims, &provider.issuer, &provider.client_id, nonce, core.now())
        .map_err(|why| format!("the identity token is not taken: {why}"))?;
    if let (Some(expected), Some(access)) = (signed.claims["at_hash"].as_str(), access)
        && signed.half_hash(access).as_deref() != Some(expected)
    {
        return Err("the access token is not that of the identity token".into());
    }
    let person = match access.filter(|_| !provider.userinfo_url.is_empty()) {
        Some(access) => Some(person(core, provider, access).await?),
        None => None,
    };
    let claims = rules::merged(&signed.claims, person.as_ref()).ok_or("the claims are of another subject")?;
    let keep = !provider.logout_url.is_empty() && token.len() <= KEPT_MAX;
    Ok(Proved {
        subject: rules::subject(&signed.claims).unwrap_or_default().to_owned(),
        sid: signed.claims["sid"].as_str().filter(|sid| sid.len() <= 255).unwrap_or_default().to_owned(),
        id_token: if keep { token.to_owned() } else { String::new() },
        claims,
    })
}

async fn tokens(core: &Core, provider: &Provider, code: Code<'_>) -> Result<Value, Refusal> {
    let mut fields =
        vec![("grant_type", "authorization_code"), ("code", code.code), ("redirect_uri", code.redirect_uri)];
    if let Some((verifier, _)) = code.secrets {
        fields.push(("code_verifier", verifier));
    }
    let proof = match provider.secret_in_body {
        true => {
            fields.extend([
                ("client_id", provider.client_id.as_str()),
                ("client_secret", provider.client_secret.as_str()),
            ]);
            ClientProof::InBody
        }
        false => ClientProof::Basic(&provider.client_id, &provider.client_secret),
    };
    let outbound = Outbound::of(core).map_err(|error| error.to_string())?;
    let answer = outbound.post(&provider.token_url, provider.verify_ssl, &fields, proof).await;
    let answer = answer.map_err(|error| error.to_string())?;
    answer.json().ok_or_else(|| format!("the provider refused the code: {}", complaint(&answer)))
}

/// What the provider complains of: its status and the standard's word for the error, nothing that it wrote freely.
fn complaint(answer: &Answer) -> String {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let word = json["error"].as_str().unwrap_or_default();
    format!("{} {}", answer.status, word_of(word)).trim_end().to_owned()
}

/// A word of the standard for an error: letters and underscores.
pub fn word_of(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect()
}

/// The claims of the person, by an access token; signed by the provider if it wants to.
async fn person(core: &Core, provider: &Provider, access: &str) -> Result<Value, Refusal> {
    let outbound = Outbound::of(core).map_err(|error| error.to_string())?;
    let answer = outbound.get(&provider.userinfo_url, provider.verify_ssl, Some(access)).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("the provider gave no claims: {}", answer.status));
    }
    if answer.content_type == "application/jwt" {
        let text = String::from_utf8(answer.body).map_err(|_| "the claims are no token")?;
        let signed = jwt::verified(core, provider, text.trim()).await?;
        let said = |name: &str| signed.claims[name].as_str();
        if said("iss").is_some_and(|iss| iss != provider.issuer)
            || said("aud").is_some_and(|aud| aud != provider.client_id)
        {
            return Err("the claims are for somebody else".into());
        }
        return Ok(signed.claims);
    }
    answer.json().filter(Value::is_object).ok_or_else(|| "the provider gave no claims".into())
}
