//! Requests to identity providers: limited in time and size, and never redirected.
//!
//! Where they go is what staff set up, or what a provider that staff set up says in its discovery document. Certificates are
//! checked unless the provider's `verify_ssl` is off.

use reqwest::{Client, redirect};
use serde_json::Value;
use std::{
    sync::{Once, OnceLock},
    time::Duration,
};
use stoa_kernel::{Error, Result, door::Core};

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const ANSWER_MAX: usize = 512 * 1024;

/// The two clients: one checks certificates, the other does not. They are made when first used.
#[derive(Debug, Default)]
pub struct Outbound {
    strict: OnceLock<Option<Client>>,
    lenient: OnceLock<Option<Client>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The content type, without parameters, in lower case.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, of a successful answer.
    pub fn json(&self) -> Option<Value> {
        (self.status == 200).then(|| serde_json::from_slice(&self.body).ok()).flatten()
    }
}

/// How a client proves itself where it asks for tokens.
#[derive(Clone, Copy)]
pub enum ClientProof<'a> {
    /// In the header of HTTP basic authentication: identifier and secret.
    Basic(&'a str, &'a str),
    /// Among the fields, which have it already.
    InBody,
}

impl Outbound {
    /// The core's.
    ///
    /// # Errors
    /// Broken, where the area was not put into the core.
    pub fn of(core: &Core) -> Result<&Outbound> {
        core.get::<Outbound>().ok_or_else(|| Error::broken("the core has no outbound client"))
    }

    fn client(&self, verify: bool) -> Result<&Client> {
        let cell = if verify { &self.strict } else { &self.lenient };
        let client = cell.get_or_init(|| match build(verify) {
            Ok(client) => Some(client),
            Err(error) => {
                tracing::error!(%error, "the client for identity providers could not be made");
                None
            }
        });
        client.as_ref().ok_or_else(|| Error::broken("no client for identity providers"))
    }

    /// GET; with an access token where one is given.
    ///
    /// # Errors
    /// Unavailable if there is no whole answer in time.
    pub async fn get(&self, url: &str, verify: bool, token: Option<&str>) -> Result<Answer> {
        let mut request = self.client(verify)?.get(url).header("accept", "application/json, application/jwt");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        read(request).await
    }

    /// POST of a form.
    ///
    /// # Errors
    /// As [`Outbound::get`].
    pub async fn post(
        &self,
        url: &str,
        verify: bool,
        fields: &[(&str, &str)],
        proof: ClientProof<'_>,
    ) -> Result<Answer> {
        let mut request = self.client(verify)?.post(url).header("accept", "application/json").form(fields);
        if let ClientProof::Basic(id, secret) = proof {
            // RFC 6749, section 2.3.1: both are form-encoded first.
            request = request.basic_auth(encoded(id), Some(encoded(secret)));
        }
        read(request).await
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn build(verify: bool) -> reqwest::Result<Client> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Fails only where there is one already, which then is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder()
        .redirect(redirect::Policy::none())
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT)
        .user_agent("stoa")
        .danger_accept_invalid_certs(!verify)
        .build()
}

async fn read(request: reqwest::RequestBuilder) -> Result<Answer> {
    // The cause may name addresses inside a network, so it goes to the log only.
    let silent = |error: reqwest::Error| {
        tracing::warn!(error = %error.without_url(), "an identity provider did not answer");
        Error::Unavailable("The identity provider does not answer.".into())
    };
    let mut response = request.send().await.map_err(silent)?;
    let status = response.status().as_u16();
    let header = response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("");
    let content_type = header.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(silent)? {
        if body.len() + chunk.len() > ANSWER_MAX {
            return Err(Error::Unavailable("The answer of the identity provider is too long.".into()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, content_type, body })
}
