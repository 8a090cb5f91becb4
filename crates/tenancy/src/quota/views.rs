//! What is seen of quotas: staff and support agents see one count of every organization or project.

use super::NAMES;
use stoa_kernel::{
    access::Needs,
    field::Kind::{Int, Text},
    view::{Column, Filter, Join, Order, Test, View},
};

// Literals, so that they can be joined with ` DESC`. In orders, terms are separated by a comma and a blank: there is none here.
macro_rules! of_customer {
    () => {
        "CASE k.name WHEN 'nc_project_count' THEN (SELECT count(*) FROM projects n WHERE n.customer_id = c.id \
         AND NOT n.is_removed) WHEN 'nc_user_count' THEN (SELECT count(DISTINCT g.user_id) FROM grants g \
         LEFT JOIN projects n ON g.scope = 'project' AND n.id = g.scope_id WHERE g.customer_id = c.id \
         AND g.revoked_at IS NULL AND (g.scope = 'customer' OR g.scope = 'project' AND NOT n.is_removed)) \
         ELSE COALESCE((SELECT q.usage FROM quotas q WHERE q.scope = 'customer' AND q.scope_id = c.id \
         AND q.name = k.name),0) END"
    };
}
macro_rules! of_project {
    () => {
        "CASE k.name WHEN 'nc_user_count' THEN (SELECT count(DISTINCT g.user_id) FROM grants g \
         WHERE g.scope = 'project' AND g.scope_id = p.id AND g.revoked_at IS NULL) \
         ELSE COALESCE((SELECT q.usage FROM quotas q WHERE q.scope = 'project' AND q.scope_id = p.id \
         AND q.name = k.name),0) END"
    };
}
/// Every name that can be asked for, as rows: one name of it is one list.
macro_rules! names {
    () => {
        "(SELECT 'nc_project_count' AS name UNION ALL SELECT 'nc_user_count' UNION ALL SELECT 'nc_resource_count' \
         UNION ALL SELECT 'estimated_price' UNION ALL SELECT 'os_cpu_count' UNION ALL SELECT 'os_ram_size' \
         UNION ALL SELECT 'os_storage_size' UNION ALL SELECT 'vpc_cpu_count' UNION ALL SELECT 'vpc_ram_size' \
         UNION ALL SELECT 'vpc_storage_size' UNION ALL SELECT 'vpc_instance_count' \
         UNION ALL SELECT 'vpc_floating_ip_count') k"
    };
}

const QUOTA_NAME: Filter =
    Filter::new("quota_name", Test::AnyOf("k.name", NAMES), "Which count; without it every count is listed.");

/// One count of every organization.
pub static CUSTOMER_QUOTAS: View = View {
    name: "customer_quotas",
    thing: "customer_quota",
    about: "A count of every organization, the greatest first.",
    from: concat!("customers c CROSS JOIN ", names!()),
    joins: &[],
    key: "c.id",
    lookup: "c.id",
    always: "",
    needs: Needs::StaffOrSupport,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: &[
        Column::new("customer_name", Text, "c.name", "Name of the organization."),
        Column::new("customer_abbreviation", Text, "c.abbreviation", "Abbreviation of the organization."),
        Column::new("quota_name", Text, "k.name", "Which count."),
        Column::new("value", Int, of_customer!(), "The count."),
    ],
    filters: &[QUOTA_NAME],
    orders: &[Order::new("value", concat!(of_customer!(), ", k.name")), Order::new("name", "c.name, k.name")],
    default_order: concat!(of_customer!(), " DESC, k.name DESC"),
    places: &[],
    state: None,
    label: "c.name",
    owner: None,
};

/// One count of every project that is not removed.
pub static PROJECT_QUOTAS: View = View {
    name: "project_quotas",
    thing: "project_quota",
    about: "A count of every project, the greatest first.",
    from: concat!("projects p CROSS JOIN ", names!()),
    joins: &[Join("c", "JOIN customers c ON c.id = p.customer_id")],
    key: "p.id",
    lookup: "p.id",
    always: "NOT p.is_removed",
    needs: Needs::StaffOrSupport,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: &[
        Column::new("project_name", Text, "p.name", "Name of the project."),
        Column::new("customer_name", Text, "c.name", "Name of the organization."),
        Column::new("customer_abbreviation", Text, "c.abbreviation", "Abbreviation of the organization."),
        Column::new("quota_name", Text, "k.name", "Which count."),
        Column::new("value", Int, of_project!(), "The count."),
    ],
    filters: &[QUOTA_NAME],
    orders: &[Order::new("value", concat!(of_project!(), ", k.name")), Order::new("name", "p.name, k.name")],
    default_order: concat!(of_project!(), " DESC, k.name DESC"),
    places: &[],
    state: None,
    label: "p.name",
    owner: None,
};
