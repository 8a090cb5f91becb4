//! The tables of operations, one file per area, and the addresses of things.
//!
//! An area is a file with its `ROUTES` and `LINKS`, and one line in [`AREAS`].

mod access;
mod access_subnets;
mod admin_announcements;
mod auth;
mod auth_tokens;
mod autoprovisioning_rules;
mod categories;
mod configuration;
mod customers;
mod data_access_logs;
mod eligibilities;
mod email_logs;
mod event_subscriptions;
mod events;
mod external_links;
mod guards;
pub mod history;
mod hooks;
mod identity_bridge;
mod identity_providers;
mod keys;
mod meta;
mod metadata;
mod narrowings;
mod notification_messages;
mod offering_answers;
mod orders;
mod organization_groups;
mod override_settings;
mod passkeys;
mod permission_reviews;
mod personal_access_tokens;
mod plans;
mod privacy;
mod project_types;
mod projects;
mod provider_offerings;
mod provider_resources;
mod public_offerings;
mod quotas;
mod resources;
mod review_campaigns;
mod roles;
mod saml2;
mod second_factors;
mod service_providers;
mod service_settings;
mod sessions;
mod social_auth;
mod teams;
mod user_actions;
mod user_agreements;
mod user_group_invitations;
mod user_invitations;
mod user_permission_requests;
mod user_permissions;
mod users;

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
    Area { routes: auth::ROUTES, links: &[] },
    Area { routes: auth_tokens::ROUTES, links: auth_tokens::LINKS },
    Area { routes: users::ROUTES, links: users::LINKS },
    Area { routes: keys::ROUTES, links: keys::LINKS },
    Area { routes: events::ROUTES, links: events::LINKS },
    Area { routes: customers::ROUTES, links: customers::LINKS },
    Area { routes: organization_groups::ROUTES, links: organization_groups::LINKS },
    Area { routes: access_subnets::ROUTES, links: access_subnets::LINKS },
    Area { routes: projects::ROUTES, links: projects::LINKS },
    Area { routes: project_types::ROUTES, links: project_types::LINKS },
    Area { routes: quotas::ROUTES, links: quotas::LINKS },
    Area { routes: service_settings::ROUTES, links: service_settings::LINKS },
    Area { routes: configuration::ROUTES, links: &[] },
    Area { routes: metadata::ROUTES, links: &[] },
    Area { routes: roles::ROUTES, links: roles::LINKS },
    Area { routes: teams::ROUTES, links: &[] },
    Area { routes: user_permissions::ROUTES, links: user_permissions::LINKS },
    Area { routes: access::ROUTES, links: &[] },
    Area { routes: guards::ROUTES, links: guards::LINKS },
    Area { routes: review_campaigns::ROUTES, links: review_campaigns::LINKS },
    Area { routes: eligibilities::ROUTES, links: eligibilities::LINKS },
    Area { routes: narrowings::ROUTES, links: narrowings::LINKS },
    Area { routes: categories::ROUTES, links: categories::LINKS },
    Area { routes: service_providers::ROUTES, links: service_providers::LINKS },
    Area { routes: provider_offerings::ROUTES, links: provider_offerings::LINKS },
    Area { routes: public_offerings::ROUTES, links: &[] },
    Area { routes: plans::ROUTES, links: plans::LINKS },
    Area { routes: orders::ROUTES, links: orders::LINKS },
    Area { routes: resources::ROUTES, links: resources::LINKS },
    Area { routes: provider_resources::ROUTES, links: &[] },
    Area { routes: user_invitations::ROUTES, links: user_invitations::LINKS },
    Area { routes: user_group_invitations::ROUTES, links: user_group_invitations::LINKS },
    Area { routes: user_permission_requests::ROUTES, links: user_permission_requests::LINKS },
    Area { routes: identity_providers::ROUTES, links: identity_providers::LINKS },
    Area { routes: social_auth::ROUTES, links: social_auth::LINKS },
    Area { routes: saml2::ROUTES, links: saml2::LINKS },
    Area { routes: autoprovisioning_rules::ROUTES, links: autoprovisioning_rules::LINKS },
    Area { routes: hooks::ROUTES, links: hooks::LINKS },
    Area { routes: event_subscriptions::ROUTES, links: event_subscriptions::LINKS },
    Area { routes: user_actions::ROUTES, links: user_actions::LINKS },
    Area { routes: user_agreements::ROUTES, links: user_agreements::LINKS },
    Area { routes: data_access_logs::ROUTES, links: data_access_logs::LINKS },
    Area { routes: permission_reviews::ROUTES, links: permission_reviews::LINKS },
    Area { routes: email_logs::ROUTES, links: email_logs::LINKS },
    Area { routes: notification_messages::ROUTES, links: notification_messages::LINKS },
    Area { routes: override_settings::ROUTES, links: override_settings::LINKS },
    Area { routes: identity_bridge::ROUTES, links: identity_bridge::LINKS },
    Area { routes: external_links::ROUTES, links: external_links::LINKS },
    Area { routes: admin_announcements::ROUTES, links: admin_announcements::LINKS },
    Area { routes: personal_access_tokens::ROUTES, links: personal_access_tokens::LINKS },
    Area { routes: passkeys::ROUTES, links: passkeys::LINKS },
    Area { routes: sessions::ROUTES, links: sessions::LINKS },
    Area { routes: second_factors::ROUTES, links: second_factors::LINKS },
    Area { routes: privacy::ROUTES, links: privacy::LINKS },
];

/// Every operation.
pub fn all() -> impl Iterator<Item = &'static Route> {
    AREAS.iter().flat_map(|area| area.routes)
}

/// The collection of every kind of thing that links can name.
pub fn links() -> impl Iterator<Item = (&'static str, &'static str)> {
    AREAS.iter().flat_map(|area| area.links.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{Run, Shape};
    use std::collections::HashSet;
    use stoa_kernel::{
        field::Kind,
        view::{Column, Test},
    };

    /// Things of which no collection is needed: a scope is one of several kinds.
    fn known(thing: &str) -> bool {
        thing == "scope" || links().any(|(known, _)| known == thing)
    }

    fn check(at: &str, name: &str, kind: Kind) {
        match kind {
            Kind::Link(thing) | Kind::Links(thing) => {
                assert!(known(thing), "{at}: {name} links to {thing}, which has no address")
            }
            Kind::Rows(_, columns) | Kind::OneRow(_, columns) => check_all(at, columns),
            _ => {}
        }
    }

    fn check_all(at: &str, columns: &[Column]) {
        columns.iter().for_each(|column| check(at, column.name, column.kind));
    }

    #[test]
    fn every_operation_stands_once_and_every_link_has_an_address() {
        let (mut ops, mut places) = (HashSet::new(), HashSet::new());
        for route in all() {
            assert!(ops.insert(route.op.to_owned()), "{} stands twice", route.op);
            assert!(places.insert((route.method, route.path)), "{:?} {} stands twice", route.method, route.path);
            assert!(route.path.ends_with('/') && route.path.starts_with("/api"), "{}", route.path);
            assert!((200..=399).contains(&route.status()), "{} answers {}", route.op, route.status());
            assert!(!route.sentence().is_empty(), "{} is not described", route.op);
            for (_, field) in route.renames {
                assert!(route.fields().iter().any(|known| known.name == *field), "{} has no field {field}", route.op);
            }
            route.fields().iter().for_each(|field| check(route.op, field.name, field.kind));
            if let Some(view) = route.view() {
                check_all(route.op, view.columns);
                for filter in view.filters {
                    if let Test::Link(thing, _) = filter.test {
                        assert!(known(thing), "{}: {} has no address", route.op, filter.name);
                    }
                }
            }
            if let Run::Own(own) = route.run
                && let Shape::Object(columns) | Shape::List(columns) = own.answer
            {
                check_all(route.op, columns);
            }
        }
        for (thing, collection) in links() {
            assert!(collection.starts_with('/') && collection.ends_with('/'), "{thing}: {collection}");
        }
    }
}
