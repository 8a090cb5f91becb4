//! Plans: what the use of an offering costs.
//!
//! A plan gives each [component](crate::component) of its offering a price and, for those with a fixed price, an amount. What
//! follows from that is in [`rules`]. A plan that is archived takes no new resources, and those that have it stay with it.

pub mod actions;
pub mod jobs;
pub mod rules;
pub mod store;
pub mod views;

use crate::component::Component;
use stoa_kernel::{id::Uuid, money::Amount};

/// The spans of time, or other units, for which a plan's prices are.
pub const UNITS: &[&str] = &["month", "quarter", "half_month", "day", "hour", "quantity"];

/// A plan as rules need it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Key.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// The offering that it belongs to.
    pub offering_id: i64,
    /// Name.
    pub name: String,
    /// The span for which its prices are; one of [`UNITS`].
    pub unit: String,
    /// The sum of price times amount over the fixed components, as stored.
    pub unit_price: Amount,
    /// How many resources may have it at once.
    pub max_amount: Option<i64>,
    /// Whether new resources can't have it.
    pub archived: bool,
    /// Keys of the groups of organizations that may order it; empty for all.
    pub groups: Vec<i64>,
    /// What each component of the offering costs under it; components that the plan does not price cost nothing.
    pub parts: Vec<Part>,
}

/// What one component costs under a plan.
#[derive(Debug, Clone)]
pub struct Part {
    /// The component.
    pub component: Component,
    /// How many of a fixed component are included.
    pub amount: i64,
    /// What one costs.
    pub price: Amount,
    /// What one will cost from the first of next month.
    pub future_price: Option<Amount>,
}

/// Registers what can be done with and seen of plans.
pub(crate) fn register(registry: &mut stoa_kernel::door::Registry) {
    registry.views.extend([&views::ALL_PLANS, &views::PLANS, &views::PUBLIC_PLANS, &views::PLAN_USAGE]);
    registry.actions.extend([
        &actions::CREATE,
        &actions::UPDATE,
        &actions::DELETE,
        &actions::ARCHIVE,
        &actions::UPDATE_PRICES,
        &actions::UPDATE_QUOTAS,
        &actions::UPDATE_DISCOUNTS,
        &actions::UPDATE_GROUPS,
        &actions::DELETE_GROUPS,
        &actions::APPLY_FUTURE_PRICES,
    ]);
}
