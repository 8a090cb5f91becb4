//! Calls to addresses that users choose (security case C15). This is the one client for them: nothing else in the program may
//! call an address that somebody typed in.
//!
//! A name is resolved here, every address that it resolves to is judged, and the connection is made to what was judged: a name
//! that resolves to something else a moment later gains nothing. Redirects are not followed, proxies of the environment are not
//! used, answers are read up to [`ANSWER_MAX`].

pub mod rules;

use futures::future::BoxFuture;
use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, HeaderName, HeaderValue},
};
pub use rules::Policy;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use stoa_kernel::door::Core;
use url::{Host, Url};

/// Bytes of an answer that are read at most.
pub const ANSWER_MAX: usize = 64 * 1024;
/// How long a call may take as a whole.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How names are resolved. The program asks the system; a test answers itself.
pub trait Names: Send + Sync {
    /// The addresses of a name.
    fn resolve(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// The system's resolver.
struct System;

impl Names for System {
    fn resolve(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Resolves names and refuses those that lead inside.
struct Judge {
    names: Arc<dyn Names>,
    policy: Arc<Policy>,
}

impl Resolve for Judge {
    fn resolve(&self, name: Name) -> Resolving {
        let (asked, policy) = (self.names.resolve(name.as_str().to_owned()), self.policy.clone());
        Box::pin(async move {
            let found = asked.await?;
            // One address inside is enough to refuse: who mixes them means to get lucky.
            if found.is_empty() {
                return Err(rules::INTERNAL.into());
            }
            let found: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(found)
        })
    }
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The beginning of the body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The address may not be called, in words for its owner.
    Refused(String),
    /// Nobody answered, in words for its owner. They don't say whether a name exists or what it resolves to: that would let
    /// people explore the networks from which this server resolves.
    Unreachable(&'static str),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Failure::Refused(why) => f.write_str(why),
            Failure::Unreachable(why) => f.write_str(why),
        }
    }
}

/// The client.
#[derive(Clone)]
pub struct Outbound {
    client: Option<reqwest::Client>,
    policy: Arc<Policy>,
}

impl Outbound {
    /// A client under this policy.
    pub fn new(policy: Policy) -> Outbound {
        Outbound::with_names(policy, Arc::new(System))
    }

    /// A client that resolves names in its own way. For tests.
    pub fn with_names(policy: Policy, names: Arc<dyn Names>) -> Outbound {
        let policy = Arc::new(policy);
        // Another part of the program may have installed the same one before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .dns_resolver(Arc::new(Judge { names, policy: policy.clone() }))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .http1_only()
            // A connection is used once: each call is judged anew.
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .user_agent("Stoa")
            .build();
        if let Err(error) = &client {
            tracing::error!(%error, "no calls can be made to addresses that users choose");
        }
        Outbound { client: client.ok(), policy }
    }

    /// The client of an installation.
    pub fn of(core: &Core) -> Outbound {
        core.get::<Outbound>().cloned().unwrap_or_else(|| Outbound::new(Policy::default()))
    }

    /// Reads an address that somebody typed in; see [`Policy::read`].
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(&self, text: &str) -> Result<Url, String> {
        self.policy.read(text)
    }

    /// Posts a body.
    ///
    /// # Errors
    /// Refused for an address that may not be called, unreachable where nobody answered in time.
    pub async fn post(&self, address: &str, headers: &[(&'static str, &str)], body: String) -> Result<Answer, Failure> {
        let url = self.policy.read(address).map_err(Failure::Refused)?;
        let Some(client) = &self.client else { return Err(Failure::Unreachable("Calls can't be made at present.")) };
        let mut named = HeaderMap::new();
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                named.insert(HeaderName::from_static(name), value);
            }
        }
        let by_name = matches!(url.host(), Some(Host::Domain(_)));
        let sent = client.post(url).headers(named).body(body).send().await;
        let mut answer = sent.map_err(|error| failure(&error, by_name))?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        // The status has come; a body that stops in the middle does not change it.
        while let Ok(Some(chunk)) = answer.chunk().await {
            let room = ANSWER_MAX - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == ANSWER_MAX {
                break;
            }
        }
        Ok(Answer { status, body })
    }
}

/// What the owner of the address is told. What the name resolved to, or that it did not, stays here: it is in the log.
fn failure(error: &reqwest::Error, by_name: bool) -> Failure {
    tracing::debug!(error = ?error, "a call failed");
    if error.is_timeout() && !error.is_connect() {
        return Failure::Unreachable("The address did not answer in time.");
    }
    match error.is_connect() && by_name {
        true => Failure::Unreachable("The address could not be reached, or does not lead to the Internet."),
        false => Failure::Unreachable("The address could not be reached."),
    }
}
