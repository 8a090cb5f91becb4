//! The tables of operations, one file per area, and the addresses of things.
//!
//! An area is a file with its `ROUTES` and `LINKS`, and one line in [`AREAS`].

mod access;
mod configuration;
mod meta;
mod metadata;
mod roles;
mod teams;
mod user_permissions;

use crate::route::Route;

/// The part of the API that one area fills.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    /// Its operations.
    pub routes: &'static [Route],
    /// Kinds of things and the collection with their details: `("project", "/api/projects/")`. The first line of a kind
    /// makes the links in answers; links in requests may use any of its lines.
    pub links: &'static [(&'static str, &'static str)],
}

/// Every area, in the order of the documentation.
pub static AREAS: &[Area] = &[
    Area { routes: meta::ROUTES, links: &[] },
    Area { routes: configuration::ROUTES, links: &[] },
    Area { routes: metadata::ROUTES, links: &[] },
    Area { routes: roles::ROUTES, links: roles::LINKS },
    Area { routes: teams::ROUTES, links: &[] },
    Area { routes: user_permissions::ROUTES, links: user_permissions::LINKS },
    Area { routes: access::ROUTES, links: &[] },
];

/// Every operation.
pub fn all() -> impl Iterator<Item = &'static Route> {
    AREAS.iter().flat_map(|area| area.routes)
}

/// The collection of every kind of thing that links can name.
pub fn links() -> impl Iterator<Item = (&'static str, &'static str)> {
    AREAS.iter().flat_map(|area| area.links.iter().copied())
}
