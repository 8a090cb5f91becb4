//! How operations meet HTTP, once for all of them.

mod reply;

pub use reply::Reply;

use std::{collections::BTreeMap, sync::Arc};
use stoa_kernel::{
    access::Actor,
    door::{Caller, Core},
};

/// What the operator sets about addresses and proxies.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The address under which people reach the server, such as `https://stoa.example.org`; links in answers begin with it.
    /// Without it they begin with the host that the request names.
    pub public_url: Option<String>,
}

/// The API of one installation.
pub struct Surface {
    /// The core.
    pub core: Arc<Core>,
    /// The settings.
    pub settings: Settings,
}

/// A request as an [`crate::route::Own`] operation gets it.
#[derive(Debug)]
pub struct Asked {
    /// Who calls.
    pub caller: Caller,
    /// The caller with his grants, where the operation is not open to strangers.
    pub actor: Option<Actor>,
    /// The path parameters by name.
    pub path: BTreeMap<String, String>,
    /// The query parameters, in the order sent.
    pub query: Vec<(String, String)>,
    /// The body; an empty object if there was none.
    pub body: serde_json::Value,
    /// Whether only the headers are wanted.
    pub head: bool,
    /// Scheme and host for absolute links, without a slash at the end.
    pub base: String,
}

/// The API as a service.
pub fn router(_surface: Arc<Surface>) -> axum::Router {
    axum::Router::new()
}
