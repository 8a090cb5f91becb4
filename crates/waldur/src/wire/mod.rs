//! How operations meet HTTP, once for all of them.
//!
//! A request goes through [`serve`]: identifier, preflight, route, credential, body; then the line of the table says which
//! action or view answers. Errors become answers in [`error`] only.

mod asked;
mod body;
mod caller;
mod error;
pub mod links;
pub mod query;
pub mod render;
mod reply;
mod serve;
#[cfg(test)]
mod tests;

pub use asked::Asked;
pub use body::file;
pub use reply::{RESULT_COUNT, Reply};
pub use serve::router;

use crate::{docs, openapi, route::Route, routes};
use bytes::Bytes;
use links::Links;
use std::sync::{Arc, OnceLock};
use stoa_kernel::door::Core;

/// What the operator sets about addresses, proxies and bodies.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address under which people reach the server, such as `https://stoa.example.org`; links in answers begin with it.
    /// Without it they begin with the host that the request names.
    pub public_url: Option<String>,
    /// The proxies whose `X-Forwarded-…` headers are believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// The longest body, in bytes.
    pub body_limit: usize,
    /// The name of the cookie that holds a session of the pages.
    pub session_cookie: String,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            public_url: None,
            trusted_proxies: Vec::new(),
            body_limit: 10 * 1024 * 1024,
            session_cookie: "sessionid".into(),
        }
    }
}

/// The API of one installation.
pub struct Surface {
    /// The core.
    pub core: Arc<Core>,
    /// The settings.
    pub settings: Settings,
    routes: Vec<&'static Route>,
    links: Links,
    schema: OnceLock<Bytes>,
    docs: OnceLock<docs::Page>,
}

impl Surface {
    /// The API over a core, with every area's operations.
    pub fn new(core: Arc<Core>, settings: Settings) -> Surface {
        Surface::with(core, settings, routes::all(), routes::links())
    }

    /// The API over a core with these operations and addresses. For tests.
    pub fn with(
        core: Arc<Core>,
        settings: Settings,
        routes: impl IntoIterator<Item = &'static Route>,
        links: impl IntoIterator<Item = (&'static str, &'static str)>,
    ) -> Surface {
        let (routes, links) = (routes.into_iter().collect(), Links::new(links));
        Surface { core, settings, routes, links, schema: OnceLock::new(), docs: OnceLock::new() }
    }

    /// Every operation.
    pub fn routes(&self) -> &[&'static Route] {
        &self.routes
    }

    /// The addresses of things.
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// The OpenAPI description, built once.
    pub fn schema(&self) -> Bytes {
        self.schema
            .get_or_init(|| openapi::document(&self.routes, &|view| self.core.full(view)).to_string().into())
            .clone()
    }

    /// The documentation page, built once.
    pub fn docs(&self) -> &docs::Page {
        self.docs.get_or_init(|| docs::page(&self.routes, &|view| self.core.full(view)))
    }
}
