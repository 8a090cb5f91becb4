//! A resource is what an order made: an allocation, an instance, a share (mission M3). It belongs to one project and is
//! served by one offering.
//!
//! The consumer's people and the provider's people see the same table through two views. What costs somebody's approval
//! (limits, plan, end) goes through an order; what the provider reports about it is written directly.

pub mod actions;
pub mod jobs;
pub mod rules;
pub mod store;
pub mod views;

use stoa_kernel::door::Registry;

/// Registers what can be seen of resources and done with them. Links to resources are looked up in the first view.
pub fn register(registry: &mut Registry) {
    registry.views.extend([
        &views::ANY_RESOURCES,
        &views::RESOURCES,
        &views::PROVIDER_RESOURCES,
        &views::PLAN_PERIODS,
        &views::TEAM,
        &views::SUBRESOURCE_OFFERINGS,
    ]);
    registry.actions.extend(actions::ALL);
}

stoa_kernel::states! {
    /// How a resource is.
    pub enum State {
        Creating = "Creating" -> [Ok, Erred, Terminated],
        Ok = "OK" -> [Updating, Terminating, Erred, Terminated],
        Erred = "Erred" -> [Ok, Creating, Updating, Terminating, Terminated],
        Updating = "Updating" -> [Ok, Erred, Terminated],
        Terminating = "Terminating" -> [Ok, Erred, Terminated],
        Terminated = "Terminated" -> [Creating],
    }
}
