//! What is seen of plans: providers see all plans of the offerings that they see; within a public offering, everybody sees the
//! plans that are open to him.

use super::UNITS;
use crate::{
    component::views::{BILLING, PERIOD},
    group::views::GROUPS,
    offering::views::seen_by_provider,
};
use stoa_kernel::{
    access::{Actor, Needs},
    field::Kind::{self, Amount, AmountNumber, Bool, Choice, Int, Link, Object, Rows, Text, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// The unit of a plan, as a kind of column or field.
pub const UNIT: Kind = Choice("BillingUnit", UNITS);

/// The columns of what a component costs, under the aliases `pc` and `c`.
const PART: &[Column] = &[
    Column::new("type", Text, "c.type", "Type of the component."),
    Column::new("name", Text, "c.name", "Name of the component."),
    Column::new("measured_unit", Text, "c.measured_unit", "What one of it is."),
    Column::new("billing_type", BILLING, "c.billing_type", "How the component is billed."),
    Column::new("is_prepaid", Bool, "c.is_prepaid", "Whether the component is paid in advance."),
    Column::new("limit_period", PERIOD, "c.limit_period", "The time over which its limit counts.").nullable().absent(),
    Column::new("amount", Int, "pc.amount", "How many of a fixed component are included."),
    Column::new("price", Amount(10), "pc.price", "What one costs."),
    Column::new("future_price", Amount(10), "pc.future_price", "What one costs from the first of next month.")
        .nullable(),
    Column::new("discount_threshold", Int, "pc.discount_threshold", "From how many on there is a discount.").nullable(),
    Column::new("discount_rate", Int, "pc.discount_rate", "The discount in percent.").nullable(),
];

/// A price as a number in JSON, made in SQL from ten-millionths: `12.5000000`. Prices are never negative.
macro_rules! price_map {
    ($price:literal, $where:literal) => {
        concat!(
            "(SELECT '{' || string_agg('\"' || c.type || '\":' || (",
            $price,
            " / 10000000) || '.' || substr(CAST(10000000 + ",
            $price,
            " % 10000000 AS TEXT), 2), ',' ORDER BY c.type) || '}' FROM plan_components pc \
             JOIN offering_components c ON c.id = pc.component_id WHERE pc.plan_id = p.id",
            $where,
            ")"
        )
    };
}

/// The sum of something over the components of the plan that are billed in one way.
macro_rules! sum_of {
    ($what:literal, $billing:literal) => {
        concat!(
            "COALESCE((SELECT sum(",
            $what,
            ") FROM plan_components pc JOIN offering_components c ON c.id = pc.component_id \
             WHERE pc.plan_id = p.id AND c.billing_type = '",
            $billing,
            "'), 0)"
        )
    };
}

/// How many resources that are not terminated have the plan.
macro_rules! in_use {
    () => {
        "(SELECT count(*) FROM resources r WHERE r.plan_id = p.id AND r.state <> 'Terminated')"
    };
}

/// The columns that every view of plans shows, under the alias `p`.
pub const PLAN: &[Column] = &[
    Column::new("url", Link("plan"), "p.uuid", "Address of the plan."),
    Column::new("uuid", Uuid, "p.uuid", "Identifier."),
    Column::new("name", Text, "p.name", "Name."),
    Column::new("description", Text, "p.description", "Description."),
    Column::new("article_code", Text, "p.article_code", "Code for accounting."),
    Column::new("max_amount", Int, "p.max_amount", "How many resources may have it at once.").nullable(),
    Column::new("archived", Bool, "p.archived", "Whether new resources can't have it."),
    Column::new(
        "is_active",
        Bool,
        concat!("(p.max_amount IS NULL OR ", in_use!(), " < p.max_amount)"),
        "Whether another resource may have it.",
    ),
    Column::new("unit_price", Amount(10), "p.unit_price", "The fixed price of one unit of time."),
    Column::new("unit", UNIT, "p.unit", "The unit of time, or of another kind, for which prices are."),
    Column::new(
        "init_price",
        AmountNumber,
        concat!("CAST(", sum_of!("pc.price", "one"), " AS BIGINT)"),
        "What is paid once when a resource begins.",
    ),
    Column::new(
        "switch_price",
        AmountNumber,
        concat!("CAST(", sum_of!("pc.price", "few"), " AS BIGINT)"),
        "What is paid when a resource changes to this plan.",
    ),
    Column::new("backend_id", Text, "p.backend_id", "The provider's own name for it."),
    Column::new(
        "organization_groups",
        GROUPS,
        "(SELECT JSON_ROWS({row} ORDER BY g.name) FROM plan_groups pg JOIN organization_groups g ON g.id = pg.group_id \
         WHERE pg.plan_id = p.id)",
        "The groups of organizations that may order it; none for all.",
    ),
    Column::new(
        "components",
        Rows("NestedPlanComponent", PART),
        "(SELECT JSON_ROWS({row} ORDER BY c.type) FROM plan_components pc \
         JOIN offering_components c ON c.id = pc.component_id WHERE pc.plan_id = p.id)",
        "What each component costs.",
    ),
    Column::new("prices", Object, price_map!("pc.price", ""), "Price by type of component."),
    Column::new(
        "future_prices",
        Object,
        price_map!("pc.future_price", " AND pc.future_price IS NOT NULL"),
        "Price from the first of next month, by type of component.",
    ),
    Column::new(
        "quotas",
        Object,
        "(SELECT '{' || string_agg('\"' || c.type || '\":' || pc.amount, ',' ORDER BY c.type) || '}' \
         FROM plan_components pc JOIN offering_components c ON c.id = pc.component_id \
         WHERE pc.plan_id = p.id AND c.billing_type = 'fixed')",
        "Included amount by type of component.",
    ),
    Column::new("resources_count", Int, in_use!(), "How many resources have it."),
    Column::new(
        "plan_type",
        Text,
        "(SELECT CASE WHEN count(DISTINCT c.billing_type) > 1 THEN 'mixed' WHEN min(c.billing_type) = 'usage' \
         THEN 'usage-based' ELSE COALESCE(min(c.billing_type), 'fixed') END FROM offering_components c \
         WHERE c.offering_id = p.offering_id)",
        "How its components are billed, in a word.",
    ),
    Column::new(
        "minimal_price",
        AmountNumber,
        concat!(
            "CAST(p.unit_price + ",
            sum_of!("pc.price * GREATEST(COALESCE(c.min_value, 0), 0)", "limit"),
            " AS BIGINT)"
        ),
        "The least that a unit of time costs.",
    ),
];

/// As [`PLAN`], with the offering.
const PROVIDER_PLAN: &[Column] = &{
    let mut all = [Column::new("offering", Link("offering"), "offering.uuid", "The offering."); PLAN.len() + 1];
    let mut at = 0;
    while at < PLAN.len() {
        all[at] = PLAN[at];
        at += 1;
    }
    all
};

const FILTERS: &[Filter] = &[
    Filter::new("offering", Test::Link("offering", "offering.uuid = ANY($)"), "The offering."),
    Filter::new("offering_uuid", Test::Uuid("offering.uuid = ANY($)"), "Identifier of the offering."),
    Filter::new("offering_slug", Test::AnyText("offering.slug"), "Short name of the offering."),
    Filter::new(
        "parent_offering_uuid",
        Test::Uuid("offering.parent_id IN (SELECT id FROM offerings WHERE uuid = ANY($))"),
        "Identifier of the offering's parent.",
    ),
    Filter::new(
        "customer_provider_uuid",
        Test::Uuid("offering.customer_id IN (SELECT id FROM customers WHERE uuid = ANY($))"),
        "Identifier of the organization that provides the offering.",
    ),
];

const JOINS: &[Join] = &[
    Join("offering", "JOIN offerings offering ON offering.id = p.offering_id"),
    Join("customer", "JOIN customers customer ON customer.id = offering.customer_id"),
];

const PLACES: &[PlaceColumn] = &[
    PlaceColumn("offering", "offering", "p.offering_id"),
    PlaceColumn("service_provider", "service_provider", "offering.provider_id"),
    PlaceColumn("customer", "customer", "offering.customer_id"),
];

/// Every plan that one sees as a provider or in public: where links to plans are looked up.
pub static ALL_PLANS: View = View {
    name: "all_plans",
    thing: "plan",
    about: "Every plan that one sees, as its provider or in public.",
    from: "plans p",
    joins: JOINS,
    key: "p.id",
    lookup: "p.uuid",
    always: "",
    needs: Needs::Nothing,
    visible: |actor, clause| {
        clause.text.push_str("((");
        visible_to_public(actor, clause);
        clause.text.push_str(") OR ");
        visible_to_provider(actor, clause);
        clause.text.push(')');
    },
    columns: PLAN,
    filters: FILTERS,
    orders: &[Order::new("name", "p.name")],
    default_order: "p.name",
    places: PLACES,
    state: None,
    label: "p.name",
    owner: None,
};

/// Every plan, for providers.
pub static PLANS: View = View {
    name: "plans",
    thing: "plan",
    about: "Plans of the offerings of a provider, for its people.",
    from: "plans p",
    joins: JOINS,
    key: "p.id",
    lookup: "p.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: visible_to_provider,
    columns: PROVIDER_PLAN,
    filters: FILTERS,
    orders: &[Order::new("name", "p.name"), Order::new("created", "p.created")],
    default_order: "p.name",
    places: PLACES,
    state: None,
    label: "p.name",
    owner: None,
};

fn visible_to_provider(actor: &Actor, clause: &mut Clause) {
    seen_by_provider(actor, clause, "p.offering_id");
}

/// The plans of a public offering that are open to the asking person; surfaces narrow it to one offering.
pub static PUBLIC_PLANS: View = View {
    name: "public_plans",
    thing: "plan",
    about: "Plans of a public offering that one may order.",
    from: "plans p",
    joins: JOINS,
    key: "p.id",
    lookup: "p.uuid",
    always: "NOT p.archived AND p.offering_id IN (SELECT id FROM offerings WHERE state IN ('Active', 'Paused', 'Unavailable'))",
    needs: Needs::Nothing,
    visible: visible_to_public,
    columns: PLAN,
    filters: FILTERS,
    orders: &[Order::new("name", "p.name")],
    default_order: "p.name",
    places: PLACES,
    state: None,
    label: "p.name",
    owner: None,
};

/// Open plans of offerings that the actor sees in public.
fn visible_to_public(actor: &Actor, clause: &mut Clause) {
    crate::offering::views::seen_in_public(actor, clause, "p.offering_id");
    clause.push(
        " AND (p.id NOT IN (SELECT plan_id FROM plan_groups) OR p.id IN (SELECT pg.plan_id FROM plan_groups pg \
         JOIN customer_groups m ON m.group_id = pg.group_id WHERE m.customer_id = ANY($)))",
        [actor.owners().into()],
    );
}

const USAGE: &[Column] = &[
    Column::new("plan_uuid", Uuid, "p.uuid", "Identifier of the plan."),
    Column::new("plan_name", Text, "p.name", "Name of the plan."),
    Column::new("limit", Int, "p.max_amount", "How many resources may have it at once.").nullable(),
    Column::new("usage", Int, in_use!(), "How many resources have it."),
    Column::new("remaining", Int, concat!("(p.max_amount - ", in_use!(), ")"), "How many more may have it.").nullable(),
    Column::new("offering_uuid", Uuid, "offering.uuid", "Identifier of the offering."),
    Column::new("offering_name", Text, "offering.name", "Name of the offering."),
    Column::new("customer_provider_uuid", Uuid, "customer.uuid", "Identifier of the organization that provides it."),
    Column::new("customer_provider_name", Text, "customer.name", "Name of that organization."),
];

/// How much each plan is used.
pub static PLAN_USAGE: View = View {
    name: "plan_usage",
    thing: "plan",
    about: "How many resources have each plan.",
    from: "plans p",
    joins: JOINS,
    key: "p.id",
    lookup: "p.uuid",
    always: "NOT p.archived",
    needs: Needs::SignedIn,
    visible: visible_to_provider,
    columns: USAGE,
    filters: FILTERS,
    orders: &[
        Order::new("usage", in_use!()),
        Order { name: "limit", sql: "p.max_amount", nullable: true },
        Order { name: "remaining", sql: concat!("(p.max_amount - ", in_use!(), ")"), nullable: true },
        Order::new("plan_name", "p.name"),
        Order::new("offering_name", "offering.name"),
    ],
    default_order: "p.name",
    places: PLACES,
    state: None,
    label: "p.name",
    owner: None,
};
