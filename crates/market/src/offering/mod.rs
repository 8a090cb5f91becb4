//! Offerings: what a provider sells, or gives, in the marketplace (mission M1).
//!
//! An offering belongs to an organization that is a service provider. It says what it is (texts, category), how it is ordered
//! (options), measured ([components](crate::component)) and paid ([plans](crate::plan)), and to whom it is open: a *shared*
//! one to every organization (or to those of some groups), a private one to its own organization or to one project.
//!
//! It begins as a draft, is active while it takes orders, may pause, become unavailable, and is archived in the end.
//! Read [`views`] for who sees what, [`actions`] for what can be done.

pub mod actions;
pub mod filters;
pub mod rules;
pub mod store;
pub mod views;

use serde_json::Value;
use stoa_kernel::{id::Uuid, states};

states! {
    /// The life of an offering.
    ///
    /// Draft: being prepared. Active: takes orders. Paused: no new resources, the running ones stay. Unavailable: nothing
    /// can be done on its resources. Archived: over, nothing can be changed. A draft can be made of any of them again.
    pub enum State {
        Draft = "Draft" -> [Active, Archived],
        Active = "Active" -> [Draft, Paused, Unavailable, Archived],
        Paused = "Paused" -> [Draft, Active, Archived],
        Unavailable = "Unavailable" -> [Draft, Active, Archived],
        Archived = "Archived" -> [Draft],
    }
}

impl State {
    /// Whether it takes orders for new resources.
    pub fn sells(self) -> bool {
        self == State::Active
    }

    /// Whether running resources can be changed by orders.
    pub fn serves(self) -> bool {
        matches!(self, State::Active | State::Paused)
    }
}

/// An offering as rules need it.
#[derive(Debug, Clone)]
pub struct Offering {
    /// Key.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// Name.
    pub name: String,
    /// Short name for addresses.
    pub slug: String,
    /// Which kind of provisioning it has, such as `Marketplace.Basic`.
    pub kind: String,
    /// Where it is in its life.
    pub state: State,
    /// Whether it is open to other organizations than its own.
    pub shared: bool,
    /// Whether use of it is invoiced.
    pub billable: bool,
    /// The organization that provides it.
    pub customer_id: i64,
    /// That organization's provider profile.
    pub provider_id: Option<i64>,
    /// The only project that may use it, for an offering that is private to a project.
    pub project_id: Option<i64>,
    /// The category.
    pub category_id: i64,
    /// The offering whose resource this one belongs to.
    pub parent_id: Option<i64>,
    /// The form of an order.
    pub options: Value,
    /// The form of a resource's own options.
    pub resource_options: Value,
    /// Public settings of the kind of provisioning; keys that we don't know are kept.
    pub plugin_options: Value,
    /// The provider's own name for it.
    pub backend_id: String,
    /// What the provider's names of its resources must look like.
    pub backend_id_rules: Value,
    /// Keys of the groups of organizations that may order it; empty for all.
    pub groups: Vec<i64>,
}

impl Offering {
    /// Private offerings that cost nothing are approved by a permission of their own (reference/marketplace.md, 5.6).
    pub fn is_private(&self) -> bool {
        !self.shared && !self.billable
    }

    /// A public setting that is true or false; false if it is not there.
    pub fn flag(&self, name: &str) -> bool {
        self.plugin_options.get(name).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// Registers what can be done with and seen of offerings. The first view is the one in which links are looked up.
pub(crate) fn register(registry: &mut stoa_kernel::door::Registry) {
    use actions::{create, later, parts, state, update};
    registry.views.extend([
        &views::OFFERINGS,
        &views::PROVIDER_OFFERINGS,
        &views::PUBLIC_OFFERINGS,
        &views::BILLABLE_OFFERINGS,
        &views::STATISTICS,
    ]);
    registry.actions.extend([&create::CREATE, &actions::DELETE, &update::MOVE, &update::CHECK_BACKEND_ID]);
    registry.actions.extend([&actions::ADD_USER, &actions::UPDATE_USER, &actions::DELETE_USER]);
    registry.actions.extend([
        &state::ACTIVATE,
        &state::DRAFT,
        &state::PAUSE,
        &state::UNPAUSE,
        &state::ARCHIVE,
        &state::MAKE_AVAILABLE,
        &state::MAKE_UNAVAILABLE,
    ]);
    registry.actions.extend([
        &update::OVERVIEW_ACTION,
        &update::CATEGORY_ACTION,
        &update::LOCATION_ACTION,
        &update::ATTRIBUTES_ACTION,
        &update::OPTIONS_ACTION,
        &update::RESOURCE_OPTIONS_ACTION,
        &update::INTEGRATION_ACTION,
        &update::BACKEND_ID_RULES_ACTION,
        &update::BACKEND_METADATA_ACTION,
        &update::IMAGE_ACTION,
        &update::THUMBNAIL_ACTION,
        &update::DELETE_IMAGE,
        &update::DELETE_THUMBNAIL,
    ]);
    registry.actions.extend([
        &parts::ADD_ENDPOINT,
        &parts::DELETE_ENDPOINT,
        &parts::UPDATE_GROUPS,
        &parts::DELETE_GROUPS,
        &parts::UPDATE_TAGS,
        &parts::DELETE_TAGS,
    ]);
    registry.actions.extend([
        &later::SOFTWARE,
        &later::PARTITIONS,
        &later::CHECKLIST,
        &later::USER_ATTRIBUTES,
        &later::USERNAMES,
        &later::SYNC,
        &later::IMPORT,
        &later::EXPORT,
        &later::IMPORT_OFFERING,
    ]);
}
