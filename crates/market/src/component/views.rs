//! What is shown of components: they are listed within their offering only.

use super::{Billing, Period};
use stoa_kernel::{
    field::Kind::{self, Bool, Choice, Int, Text, Uuid},
    view::Column,
};

/// How a component is billed.
pub const BILLING: Kind = Choice("BillingTypeEnum", Billing::TEXTS);
/// The time over which a limit counts.
pub const PERIOD: Kind = Choice("LimitPeriodEnum", Period::TEXTS);

/// The columns of a component, under the alias `c`.
pub const COMPONENT: &[Column] = &[
    Column::new("uuid", Uuid, "c.uuid", "Identifier."),
    Column::new(
        "offering_uuid",
        Uuid,
        "(SELECT f.uuid FROM offerings f WHERE f.id = c.offering_id)",
        "Identifier of the offering.",
    ),
    Column::new("billing_type", BILLING, "c.billing_type", "How it is billed."),
    Column::new("type", Text, "c.type", "Its key within the offering."),
    Column::new("name", Text, "c.name", "Name."),
    Column::new("description", Text, "c.description", "Description."),
    Column::new("measured_unit", Text, "c.measured_unit", "What one of it is, such as GB."),
    Column::new("unit_factor", Int, "c.unit_factor", "Units of the backend in one measured unit."),
    Column::new("limit_period", PERIOD, "c.limit_period", "The time over which a limit counts.").nullable(),
    Column::new("limit_amount", Int, "c.limit_amount", "The cap over that time.").nullable(),
    Column::new("article_code", Text, "c.article_code", "Code for accounting."),
    Column::new("max_value", Int, "c.max_value", "The most that one resource may ask for.").nullable(),
    Column::new("min_value", Int, "c.min_value", "The least that one resource may ask for.").nullable(),
    Column::new("max_available_limit", Int, "c.max_available_limit", "All limits together stay below this.").nullable(),
    Column::new("is_boolean", Bool, "c.is_boolean", "Whether it is had or not had, without a number."),
    Column::new("default_limit", Int, "c.default_limit", "What a form proposes.").nullable(),
    // Comes from kinds of offerings that count in other units than they price; none of those is here yet.
    Column::new("factor", Int, "NULL", "Units of the backend in one priced unit.").nullable(),
    Column::new("is_builtin", Bool, "c.is_builtin", "Whether the kind of offering brought it along."),
    Column::new("is_prepaid", Bool, "c.is_prepaid", "Whether it is paid in advance."),
    Column::new(
        "overage_component",
        Uuid,
        "(SELECT v.uuid FROM offering_components v WHERE v.id = c.overage_component_id)",
        "The component that counts what is used beyond what was paid in advance.",
    )
    .nullable(),
    Column::new("min_prepaid_duration", Int, "c.min_prepaid_duration", "Fewest months paid in advance.").nullable(),
    Column::new("max_prepaid_duration", Int, "c.max_prepaid_duration", "Most months paid in advance.").nullable(),
    Column::new("prepaid_duration_step", Int, "c.prepaid_duration_step", "Step of those months.").nullable(),
    Column::new("min_renewal_duration", Int, "c.min_renewal_duration", "Fewest months of a renewal.").nullable(),
    Column::new("max_renewal_duration", Int, "c.max_renewal_duration", "Most months of a renewal.").nullable(),
    Column::new("renewal_duration_step", Int, "c.renewal_duration_step", "Step of those months.").nullable(),
];
