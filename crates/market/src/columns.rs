//! What orders and resources both show of their offering, its provider, its category and the plan.
//!
//! The table that includes them joins offerings as `off`, the provider's organization as `prov`, the category as `cat` and the
//! plan as `pl`; [`offering_joins`] has those joins. Who sees a row is said by [`seen`] in both.

use stoa_kernel::view::Clause;

/// The condition that a row of a table is the actor's in one of several ways: each a condition on the row, written `~`, with one
/// bare `$` for keys. Ways without keys are left out. A single one is a plain condition, so that the planner may walk any index; of
/// several the keys are united, because no index serves an OR (design.md, section 3).
pub fn seen(clause: &mut Clause, table: &str, alias: &str, ways: Vec<(&str, Vec<i64>)>) {
    let ways: Vec<_> = ways.into_iter().filter(|(_, ids)| !ids.is_empty()).collect();
    match ways.as_slice() {
        [] => clause.text.push_str("FALSE"),
        [(condition, ids)] => clause.push(&format!("({})", condition.replace('~', alias)), [ids.clone().into()]),
        several => {
            clause.text.push_str(&format!("{alias}.id IN ("));
            for (at, (condition, ids)) in several.iter().enumerate() {
                let union = if at == 0 { "" } else { " UNION " };
                let condition = condition.replace('~', "seen");
                clause
                    .push(&format!("{union}SELECT seen.id FROM {table} seen WHERE {condition}"), [ids.clone().into()]);
            }
            clause.text.push(')');
        }
    }
}

/// The ways in which the rows of a provider's offerings are its people's.
pub const OF_PROVIDER: [&str; 3] = [
    "~.offering_id = ANY($)",
    "~.offering_id IN (SELECT f.id FROM offerings f WHERE f.customer_id = ANY($))",
    "~.offering_id IN (SELECT f.id FROM offerings f WHERE f.provider_id = ANY($))",
];

/// A table of columns that begins with those of the offering.
macro_rules! with_offering {
    ($($column:expr),* $(,)?) => {
        &[
            Column::new("offering", Link("offering"), "off.uuid", "The offering."),
            Column::new("offering_name", Text, "off.name", "Name of the offering."),
            Column::new("offering_uuid", Uuid, "off.uuid", "Identifier of the offering."),
            Column::new("offering_description", Text, "off.description", "Description of the offering."),
            Column::new("offering_image", File, concat!("(SELECT ", stoa_tenancy::file_url!("x"), " FROM files x WHERE x.id = off.image_id)"), "Image of the offering.").nullable().absent(),
            Column::new("offering_thumbnail", File, concat!("(SELECT ", stoa_tenancy::file_url!("x"), " FROM files x WHERE x.id = off.thumbnail_id)"), "Small image of the offering.").nullable().absent(),
            Column::new("offering_type", Text, "off.type", "Type of the offering."),
            Column::new("offering_shared", Bool, "off.shared", "Whether the offering is for all organizations."),
            Column::new("offering_billable", Bool, "off.billable", "Whether the use of the offering is billed."),
            Column::new("offering_plugin_options", Object, "off.plugin_options", "Public options of the offering's type."),
            Column::new("provider_name", Text, "prov.name", "Name of the provider's organization."),
            Column::new("provider_uuid", Uuid, "prov.uuid", "Identifier of the provider's organization."),
            Column::new("provider_slug", Text, "prov.slug", "Short name of the provider's organization."),
            Column::new("provider_description", Text, "prov.description", "Description of the provider's organization."),
            Column::new("category_title", Text, "cat.title", "Title of the category."),
            Column::new("category_uuid", Uuid, "cat.uuid", "Identifier of the category."),
            Column::new("category_icon", File, concat!("(SELECT ", stoa_tenancy::file_url!("x"), " FROM files x WHERE x.id = cat.icon_id)"), "Icon of the category.").nullable().absent(),
            Column::new("plan", Link("plan"), "pl.uuid", "The plan.").nullable().absent(),
            Column::new("plan_unit", Choice("BillingUnit", $crate::plan::UNITS), "pl.unit", "The unit of time to which the plan's prices apply.").nullable(),
            Column::new("plan_name", Text, "pl.name", "Name of the plan.").nullable(),
            Column::new("plan_uuid", Uuid, "pl.uuid", "Identifier of the plan.").nullable(),
            Column::new("plan_description", Text, "pl.description", "Description of the plan.").nullable(),
            $($column),*
        ]
    };
}

/// The joins that [`with_offering`] needs, for rows under this alias, and further ones.
macro_rules! offering_joins {
    ($row:literal $(, $join:expr)* $(,)?) => {
        &[
            Join("off", concat!("JOIN offerings off ON off.id = ", $row, ".offering_id")),
            Join("prov", "JOIN customers prov ON prov.id = off.customer_id"),
            Join("cat", "JOIN categories cat ON cat.id = off.category_id"),
            Join("pl", concat!("LEFT JOIN plans pl ON pl.id = ", $row, ".plan_id")),
            $($join),*
        ]
    };
}

pub(crate) use {offering_joins, with_offering};

/// The organizations where somebody with one of these identifiers is a service manager.
pub const MANAGED_BY: &str = "off.customer_id IN (SELECT g.customer_id FROM grants g JOIN roles m ON m.id = g.role_id \
     JOIN users mu ON mu.id = g.user_id WHERE m.name = 'CUSTOMER.MANAGER' AND g.revoked_at IS NULL AND mu.uuid = ANY($))";
