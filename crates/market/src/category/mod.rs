//! Categories: how the marketplace is sorted, such as "Virtual machines" or "Storage".
//!
//! A category says which attributes its offerings have (in sections), which columns lists of its resources show, and which
//! components are summed over all of its offerings. Everybody sees all of them; staff make them.

pub mod actions;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be done with and seen of categories.
pub(crate) fn register(registry: &mut Registry) {
    registry.views.extend([&views::CATEGORIES, &views::CATEGORY_GROUPS]);
    registry.actions.extend([&actions::CREATE, &actions::UPDATE, &actions::DELETE]);
}
