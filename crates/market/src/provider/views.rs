//! What is seen of service providers: everybody, signed in or not, sees their profiles.

use crate::group::views::GROUPS;
use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, File, Int, Link, Text, Time, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};
use stoa_tenancy::access::permissions::Permission;

const CUSTOMER_IMAGE: &str =
    concat!("(SELECT ", stoa_tenancy::file_url!("x"), " FROM files x WHERE x.id = customer.image_id)");

const COLUMNS: &[Column] = &[
    Column::new("url", Link("service_provider"), "s.uuid", "Address of the profile."),
    Column::new("uuid", Uuid, "s.uuid", "Identifier."),
    Column::new("created", Time, "s.created", "When the organization became a provider."),
    Column::new("description", Text, "s.description", "What it offers."),
    Column::new("enable_notifications", Bool, "s.enable_notifications", "Whether it is told of orders by mail."),
    Column::new("customer", Link("customer"), "customer.uuid", "The organization."),
    Column::new("customer_name", Text, "customer.name", "Name of the organization."),
    Column::new("customer_uuid", Uuid, "customer.uuid", "Identifier of the organization."),
    Column::new("customer_image", File, CUSTOMER_IMAGE, "Picture of the organization.").nullable().absent(),
    Column::new("customer_abbreviation", Text, "customer.abbreviation", "Abbreviation of the organization."),
    Column::new("customer_slug", Text, "customer.slug", "Short name of the organization for addresses."),
    Column::new("customer_native_name", Text, "customer.native_name", "Name of the organization in its language."),
    Column::new("customer_country", Text, "customer.country", "Country of the organization."),
    Column::new(
        "image",
        File,
        concat!("(SELECT ", stoa_tenancy::file_url!("x"), " FROM files x WHERE x.id = s.image_id)"),
        "A picture.",
    )
    .nullable(),
    Column::new(
        "organization_groups",
        GROUPS,
        "(SELECT JSON_ROWS({row} ORDER BY g.name) FROM customer_groups cg JOIN organization_groups g \
         ON g.id = cg.group_id WHERE cg.customer_id = s.customer_id)",
        "The groups that the organization belongs to.",
    ),
    Column::new(
        "offering_count",
        Int,
        "(SELECT count(*) FROM offerings f WHERE f.provider_id = s.id AND f.state IN ('Active', 'Paused', 'Unavailable'))",
        "Number of its published offerings.",
    ),
];

const PLACES: &[PlaceColumn] =
    &[PlaceColumn("itself", "service_provider", "s.id"), PlaceColumn("customer", "customer", "s.customer_id")];

/// Every service provider.
pub static PROVIDERS: View = View {
    name: "service_providers",
    thing: "service_provider",
    about: "Organizations that serve others.",
    from: "service_providers s",
    joins: &[Join("customer", "JOIN customers customer ON customer.id = s.customer_id")],
    key: "s.id",
    lookup: "s.uuid",
    always: "",
    needs: Needs::Nothing,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: COLUMNS,
    filters: &[
        Filter::new("customer", Test::Link("customer", "customer.uuid = ANY($)"), "The organization."),
        Filter::new("customer_uuid", Test::Uuid("customer.uuid = ANY($)"), "Identifier of the organization."),
        Filter::new(
            "customer_keyword",
            Test::Contains(&["customer.name", "customer.abbreviation", "customer.native_name"]),
            "Part of a name of the organization.",
        ),
        Filter::new("created", Test::From("s.created"), "Made at or after this instant."),
        Filter::new("created_before", Test::Until("s.created"), "Made before this instant."),
    ],
    orders: &[Order::new("customer_name", "customer.name")],
    default_order: "customer.name",
    places: PLACES,
    state: None,
    label: "customer.name",
    owner: None,
};

/// Organizations in which offerings are made: those that are providers, whose existence is public, and one's own.
pub static PROVIDER_CUSTOMERS: View = View {
    name: "provider_customers",
    thing: "provider_customer",
    about: "Organizations that are service providers, and one's own.",
    from: "customers c",
    joins: &[Join("s", "LEFT JOIN service_providers s ON s.customer_id = c.id")],
    key: "c.id",
    lookup: "c.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        clause.push(
            "c.id IN (SELECT customer_id FROM service_providers UNION SELECT id FROM customers WHERE id = ANY($))",
            [actor.owners().into()],
        );
    },
    columns: &[
        Column::new("uuid", Uuid, "c.uuid", "Identifier."),
        Column::new("name", Text, "c.name", "Name."),
        Column::new("service_provider_uuid", Uuid, "s.uuid", "Identifier of the profile.").nullable(),
    ],
    filters: &[],
    orders: &[Order::new("name", "c.name")],
    default_order: "c.name",
    places: &[
        PlaceColumn("itself", "customer", "c.id"),
        PlaceColumn("customer", "customer", "c.id"),
        PlaceColumn("service_provider", "service_provider", "s.id"),
    ],
    state: None,
    label: "c.name",
    owner: None,
};

/// Who holds the permission on the profile or on its organization.
pub const fn at_provider(permission: Permission) -> Needs {
    Needs::Permission(permission.id(), &["itself", "customer"])
}

const STATISTICS: &[Column] = &[
    // Campaigns and tickets come with later capabilities.
    Column::new("active_campaigns", Int, "0", "Number of campaigns that are on."),
    Column::new(
        "current_customers",
        Int,
        "(SELECT count(DISTINCT r.customer_id) FROM resources r JOIN offerings f \
         ON f.id = r.offering_id WHERE f.provider_id = s.id AND r.state <> 'Terminated')",
        "Number of organizations with resources.",
    ),
    Column::new("customers_number_change", Int, "0", "How that number changed this month."),
    Column::new(
        "active_resources",
        Int,
        "(SELECT count(*) FROM resources r JOIN offerings f ON f.id = r.offering_id \
         WHERE f.provider_id = s.id AND r.state <> 'Terminated')",
        "Number of resources.",
    ),
    Column::new("resources_number_change", Int, "0", "How that number changed this month."),
    Column::new(
        "active_and_paused_offerings",
        Int,
        "(SELECT count(*) FROM offerings f WHERE f.provider_id = s.id \
         AND f.state IN ('Active', 'Paused'))",
        "Number of offerings that are active or paused.",
    ),
    Column::new("unresolved_tickets", Int, "0", "Number of requests for help that are open."),
    Column::new(
        "pending_orders",
        Int,
        "(SELECT count(*) FROM orders x JOIN offerings f ON f.id = x.offering_id \
         WHERE f.provider_id = s.id AND x.state IN ('pending-consumer', 'pending-provider', 'pending-project', \
         'pending-start-date'))",
        "Number of orders that wait.",
    ),
    Column::new(
        "erred_resources",
        Int,
        "(SELECT count(*) FROM resources r JOIN offerings f ON f.id = r.offering_id \
         WHERE f.provider_id = s.id AND r.state = 'Erred')",
        "Number of resources that failed.",
    ),
];

/// Figures of a provider, for its people.
pub static STATISTICS_OF_PROVIDERS: View = View {
    name: "service_provider_statistics",
    thing: "service_provider",
    about: "Figures of a service provider.",
    from: "service_providers s",
    joins: &[Join("customer", "JOIN customers customer ON customer.id = s.customer_id")],
    key: "s.id",
    lookup: "s.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let permission = Permission::ServiceProviderGetStatistics.id();
        clause.key_in(
            "s.id",
            &[
                (
                    "SELECT id FROM service_providers WHERE id = ANY($)",
                    actor.scopes("service_provider", Some(permission)),
                ),
                (
                    "SELECT id FROM service_providers WHERE customer_id = ANY($)",
                    actor.scopes("customer", Some(permission)),
                ),
            ],
        );
    },
    columns: STATISTICS,
    filters: &[],
    orders: &[],
    default_order: "s.id",
    places: PLACES,
    state: None,
    label: "customer.name",
    owner: None,
};
