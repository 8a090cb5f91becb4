//! People, organizations, divisions, projects, roles, grants and tokens: who there is, and who may do what.
//!
//! Inside, one folder per thing, always with the same rooms (design.md, section 2). [`division`] is the smallest whole one:
//! read it first.

pub mod access;
pub mod activation;
pub mod activation_rule;
pub mod agreement;
pub mod audit;
pub mod campaign;
pub mod customer;
pub mod data_access;
pub mod declared;
pub mod division;
pub mod division_type;
pub mod eligibility;
pub mod file;
pub mod grant;
pub mod group_invitation;
pub mod guard;
pub mod invitation;
pub mod key;
pub mod letter;
pub mod narrowing;
pub mod permission_request;
pub mod personal_project;
pub mod personal_token;
pub mod privacy;
pub mod project;
pub mod project_type;
pub mod provider_account;
pub mod quota;
pub mod record;
pub mod review;
pub mod role;
pub mod role_availability;
pub mod role_concealment;
pub mod settings;
pub mod subnet;
pub mod token;
pub mod user;
pub mod uses;
pub mod version;
pub mod vocabulary;

use std::sync::Arc;
use stoa_kernel::{
    door::{Core, Looked, Registry, TokenDue},
    store::{Migration, jobs::Runner},
};

/// The tables of this area.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "0002_tenancy", sql: include_str!("migrations/0002_tenancy.sql") },
    Migration { name: "0004_invitations", sql: include_str!("migrations/0004_invitations.sql") },
    Migration { name: "0005_group_invitations", sql: include_str!("migrations/0005_group_invitations.sql") },
    Migration { name: "0006_personal_tokens", sql: include_str!("migrations/0006_personal_tokens.sql") },
    Migration { name: "0007_people", sql: include_str!("migrations/0007_people.sql") },
    Migration { name: "0008_settings", sql: include_str!("migrations/0008_settings.sql") },
    Migration { name: "0009_reviews", sql: include_str!("migrations/0009_reviews.sql") },
    Migration { name: "0017_audit", sql: include_str!("migrations/0017_audit.sql") },
    Migration { name: "0018_campaigns", sql: include_str!("migrations/0018_campaigns.sql") },
    Migration { name: "0019_organization_roles", sql: include_str!("migrations/0019_organization_roles.sql") },
    Migration { name: "0020_eligibility", sql: include_str!("migrations/0020_eligibility.sql") },
    Migration { name: "0021_use", sql: include_str!("migrations/0021_use.sql") },
    Migration { name: "0024_guards", sql: include_str!("migrations/0024_guards.sql") },
    Migration { name: "0025_indexes", sql: include_str!("migrations/0025_indexes.sql") },
];

/// Registers this area's actions, views and listeners.
pub fn register(registry: &mut Registry) {
    registry.views.extend([
        &customer::views::CUSTOMERS,
        &customer::views::CUSTOMER_USERS,
        &division::views::DIVISIONS,
        &division_type::views::DIVISION_TYPES,
        &subnet::views::ACCESS_SUBNETS,
        &project::views::PROJECTS,
        &project::views::PROJECT_OFFERINGS,
        &project::views::OTHER_USERS,
        &project_type::views::PROJECT_TYPES,
        &provider_account::views::PROVIDER_ACCOUNTS,
        &quota::views::CUSTOMER_QUOTAS,
        &quota::views::PROJECT_QUOTAS,
        &version::views::VERSIONS,
    ]);
    registry.actions.extend([&division::actions::CREATE, &division::actions::UPDATE, &division::actions::DELETE]);
    registry.actions.extend([
        &division_type::actions::CREATE,
        &division_type::actions::UPDATE,
        &division_type::actions::DELETE,
    ]);
    registry.actions.extend([
        &project_type::actions::CREATE,
        &project_type::actions::UPDATE,
        &project_type::actions::DELETE,
    ]);
    registry.actions.extend([
        &customer::actions::CREATE,
        &customer::actions::UPDATE,
        &customer::actions::CONTACT_UPDATE,
        &customer::actions::SET_GROUPS,
        &customer::actions::DELETE,
    ]);
    registry.actions.extend([&subnet::actions::CREATE, &subnet::actions::UPDATE, &subnet::actions::DELETE]);
    registry.actions.extend([
        &project::actions::CREATE,
        &project::actions::UPDATE,
        &project::actions::DELETE,
        &project::actions::RECOVER,
        &project::actions::MOVE,
        &project::actions::SET_OFFERINGS,
        &project::actions::SYNC_ROLES,
    ]);
    user::register(registry);
    token::register(registry);
    key::register(registry);
    record::register(registry);
    audit::register(registry);
    role::register(registry);
    role_availability::register(registry);
    role_concealment::register(registry);
    grant::register(registry);
    guard::register(registry);
    settings::register(registry);
    invitation::register(registry);
    group_invitation::register(registry);
    permission_request::register(registry);
    personal_token::register(registry);
    agreement::register(registry);
    data_access::register(registry);
    privacy::register(registry);
    review::register(registry);
    campaign::register(registry);
    eligibility::register(registry);
    activation::register(registry);
    activation_rule::register(registry);
    narrowing::register(registry);
}

/// Puts what this area needs into the core.
pub fn equip(core: Core) -> Core {
    let core = uses::equip(core.with(Arc::new(data_access::Log::default())).with(Looked(data_access::note)));
    personal_token::equip(core).with(Arc::new(user::password::Passwords::default())).with(TokenDue(|core, token| {
        let (store, now) = (core.store.clone(), core.now());
        tokio::spawn(async move {
            if let Err(error) = token::store::touch(&store, token, now).await {
                tracing::warn!(%error, "the last use of a token was not noted");
            }
        });
    }))
}

/// What this area does later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    runner.handlers.insert(token::jobs::SWEEP.kind, token::jobs::sweep());
    runner.periodic.push(token::jobs::SWEEP);
    grant::jobs::register(core, runner);
    record::jobs::register(core, runner);
    audit::jobs::register(core, runner);
    invitation::jobs(core, runner);
    group_invitation::jobs(core, runner);
    permission_request::jobs(core, runner);
    personal_token::jobs(core, runner);
    agreement::jobs(core, runner);
    data_access::jobs(core, runner);
    privacy::jobs(core, runner);
    review::jobs(core, runner);
    campaign::jobs(core, runner);
    activation::jobs(core, runner);
}
