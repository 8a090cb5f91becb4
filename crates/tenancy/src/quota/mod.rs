//! Quotas: how much there is in a scope, and how much there may be.
//!
//! Counts of what this area knows (projects, people) are computed when asked, so they can't drift. Counts of other areas are
//! rows of the table `quotas`, which they keep through [`store`].

pub mod store;
pub mod views;

/// The names that can be asked for.
pub const NAMES: &[&str] = &[
    "nc_project_count",
    "nc_user_count",
    "nc_resource_count",
    "estimated_price",
    "os_cpu_count",
    "os_ram_size",
    "os_storage_size",
    "vpc_cpu_count",
    "vpc_ram_size",
    "vpc_storage_size",
    "vpc_instance_count",
    "vpc_floating_ip_count",
];
