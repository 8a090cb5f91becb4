//! Components: what of an offering is counted and charged, such as hours of a processor or gigabytes of storage.
//!
//! A component says how it is billed; a [plan](crate::plan) says what it costs. Its type is unique within the offering and is
//! the key under which limits, prices, quotas and usages speak of it.

pub mod actions;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::{id::Uuid, states};

states! {
    /// How a component is billed. These never change into each other once they are in use.
    pub enum Billing {
        Fixed = "fixed" -> [],
        Usage = "usage" -> [],
        Limit = "limit" -> [],
        Once = "one" -> [],
        OnSwitch = "few" -> [],
    }
}

states! {
    /// The time over which a limit or a cap counts.
    pub enum Period {
        Month = "month" -> [],
        Quarter = "quarterly" -> [],
        Year = "annual" -> [],
        Total = "total" -> [],
    }
}

/// A component as rules need it.
#[derive(Debug, Clone)]
pub struct Component {
    /// Key.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// Its key within the offering, such as `cpu`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// What one of it is, such as `GB`.
    pub measured_unit: String,
    /// How it is billed.
    pub billing: Billing,
    /// Units of the backend in one measured unit.
    pub factor: i64,
    /// The time over which a limit counts.
    pub limit_period: Option<Period>,
    /// The cap over that time: of one resource's usage, or of the limits of all resources.
    pub limit_amount: Option<i64>,
    /// The least that one resource may ask for; 0 and none are no bound.
    pub min_value: Option<i64>,
    /// The most that one resource may ask for; 0 and none are no bound.
    pub max_value: Option<i64>,
    /// The limits of all resources together stay below this.
    pub max_available_limit: Option<i64>,
    /// What a form proposes.
    pub default_limit: Option<i64>,
    /// Whether it is had or not had, without a number.
    pub is_boolean: bool,
    /// Whether the kind of provisioning brought it along.
    pub is_builtin: bool,
    /// Whether it is paid in advance.
    pub is_prepaid: bool,
}

/// Registers what can be done with components.
pub(crate) fn register(registry: &mut stoa_kernel::door::Registry) {
    registry.actions.extend([&actions::CREATE, &actions::UPDATE, &actions::REMOVE]);
}
