//! What the market adds to views of tenancy: how many resources a project has, whether an organization serves others.
//! Tenancy knows nothing of it; the columns go into the same statement ([`stoa_kernel::view::View::with`]).

use std::sync::LazyLock;
use stoa_kernel::{
    field::Kind::{Bool, Int, Link, Object, Uuid},
    view::{Column, Filter, Join, Test, View},
};
use stoa_tenancy::{customer::views::CUSTOMERS, project::views::PROJECTS};

const PROVIDER: Join = Join("provider", "LEFT JOIN service_providers provider ON provider.customer_id = c.id");

static CUSTOMERS_HERE: LazyLock<View> = LazyLock::new(|| {
    CUSTOMERS.with(
        &[
            Column::new(
                "is_service_provider",
                Bool,
                "CASE WHEN provider.id IS NULL THEN FALSE ELSE TRUE END",
                "Whether it serves others.",
            ),
            Column::new("service_provider", Link("service_provider"), "provider.uuid", "It as a service provider.")
                .nullable(),
            Column::new("service_provider_uuid", Uuid, "provider.uuid", "Identifier of it as a service provider.")
                .nullable(),
        ],
        &[PROVIDER],
        &[
            Filter::new(
                "is_service_provider",
                Test::Flag("provider.id IS NOT NULL", "provider.id IS NULL"),
                "Whether it serves others.",
            ),
            Filter::new(
                "service_provider_uuid",
                Test::Uuid(
                    "c.id IN (SELECT rr.customer_id FROM resources rr JOIN offerings oo ON oo.id = rr.offering_id \
                     JOIN service_providers sp ON sp.customer_id = oo.customer_id \
                     WHERE rr.state <> 'Terminated' AND sp.uuid = ANY($))",
                ),
                "Only those with resources of this service provider.",
            ),
            Filter::new(
                "has_resources",
                Test::Flag(
                    "c.id IN (SELECT rr.customer_id FROM resources rr WHERE rr.state <> 'Terminated')",
                    "c.id NOT IN (SELECT rr.customer_id FROM resources rr WHERE rr.state <> 'Terminated')",
                ),
                "Whether it has resources.",
            ),
        ],
    )
});

static PROJECTS_HERE: LazyLock<View> = LazyLock::new(|| {
    PROJECTS.with(
        &[
            Column::new(
                "resources_count",
                Int,
                "(SELECT count(*) FROM resources rr WHERE rr.project_id = p.id AND rr.state IN ('OK', 'Updating'))",
                "Number of its running resources.",
            ),
            Column::new(
                "marketplace_resource_count",
                Object,
                "(SELECT JSON_MAP(replace(HEXID(sums.uuid)::text, '-', ''), sums.n) FROM \
                 (SELECT cat.uuid AS uuid, count(*) AS n FROM resources rr JOIN offerings oo ON oo.id = rr.offering_id \
                 JOIN categories cat ON cat.id = oo.category_id \
                 WHERE rr.project_id = p.id AND rr.state <> 'Terminated' GROUP BY cat.uuid) sums)",
                "Number of its resources by category.",
            ),
        ],
        &[],
        &[],
    )
});

/// The views with what the market adds.
pub fn fuller() -> [&'static View; 2] {
    [&CUSTOMERS_HERE, &PROJECTS_HERE]
}
