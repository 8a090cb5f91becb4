//! The tables of operations, one file per area, and the addresses of things.
//!
//! An area is a file with its `ROUTES` and `LINKS`, and one line in [`AREAS`].

mod categories;
mod meta;
mod plans;
mod provider_offerings;
mod public_offerings;
mod service_providers;

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
    Area { routes: categories::ROUTES, links: categories::LINKS },
    Area { routes: service_providers::ROUTES, links: service_providers::LINKS },
    Area { routes: provider_offerings::ROUTES, links: provider_offerings::LINKS },
    Area { routes: public_offerings::ROUTES, links: &[] },
    Area { routes: plans::ROUTES, links: plans::LINKS },
    // Area { routes: projects::ROUTES, links: projects::LINKS },
];

/// Every operation.
pub fn all() -> impl Iterator<Item = &'static Route> {
    AREAS.iter().flat_map(|area| area.routes)
}

/// The collection of every kind of thing that links can name.
pub fn links() -> impl Iterator<Item = (&'static str, &'static str)> {
    AREAS.iter().flat_map(|area| area.links.iter().copied())
}
