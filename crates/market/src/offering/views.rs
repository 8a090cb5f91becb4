//! What is seen of offerings. The provider's people see all of their offerings; everybody, signed in or not, sees the shared
//! ones that are published, and who belongs to an organization or a project also sees what is private there
//! (reference/marketplace.md, 5.6).

use super::{State, filters};
use crate::{component::views::COMPONENT, group::views::GROUPS, plan::views::PLAN};
use stoa_kernel::{
    access::{Actor, Needs},
    field::Kind::{self, Bool, Choice, File, Float, Int, Link, Object, OneRow, Rows, Text, Texts, Time, Uuid},
    view::{Clause, Column, Join, Order, PlaceColumn, View},
};
use stoa_tenancy::access::permissions::Permission;

/// The state, as a kind of column.
pub const STATE: Kind = Choice("OfferingState", State::TEXTS);

const ENDPOINT: &[Column] = &[
    Column::new("uuid", Uuid, "e.uuid", "Identifier."),
    Column::new("name", Text, "e.name", "Name."),
    Column::new("url", Text, "e.url", "Address of the access endpoint."),
];

const TAG: &[Column] =
    &[Column::new("uuid", Uuid, "t.uuid", "Identifier."), Column::new("name", Text, "t.name", "Name.")];

// Pictures and files are added through collections of their own, which come with a later capability.
const SCREENSHOT: &[Column] = &[
    Column::new("name", Text, "h.name", "Name."),
    Column::new("uuid", Uuid, "h.uuid", "Identifier."),
    Column::new("description", Text, "h.description", "Description."),
    Column::new("image", File, "NULL", "The picture.").nullable(),
    Column::new("thumbnail", File, "NULL", "A small form of it.").nullable(),
    Column::new("created", Time, "h.created", "When it was added."),
];
const FILE: &[Column] = &[
    Column::new("name", Text, "h.name", "Name."),
    Column::new("created", Time, "h.created", "When it was added."),
    Column::new("file", File, "NULL", "The file.").nullable(),
];

// Software catalogues and partitions describe clusters; they come with that capability and are empty until then.
const CATALOG: &[Column] = &[
    Column::new("uuid", Uuid, "NULL", "Identifier."),
    Column::new(
        "catalog",
        OneRow(
            "CatalogSummary",
            &[
                Column::new("uuid", Uuid, "NULL", "Identifier."),
                Column::new("name", Text, "NULL", "Name."),
                Column::new("version", Text, "NULL", "Version."),
                Column::new("description", Text, "NULL", "Description."),
            ],
        ),
        "NULL",
        "The catalogue.",
    ),
    Column::new("enabled_cpu_family", Texts, "NULL", "Families of processors."),
    Column::new("enabled_cpu_microarchitectures", Texts, "NULL", "Architectures of processors."),
    Column::new("package_count", Int, "NULL", "Number of packages."),
    Column::new(
        "partition",
        OneRow(
            "PartitionSummary",
            &[
                Column::new("uuid", Uuid, "NULL", "Identifier."),
                Column::new("partition_name", Text, "NULL", "Name."),
                Column::new("priority_tier", Int, "NULL", "Tier of priority.").nullable(),
                Column::new("qos", Text, "NULL", "Quality of service."),
            ],
        ),
        "NULL",
        "The partition.",
    )
    .nullable(),
];

const fn number(name: &'static str) -> Column {
    Column::new(name, Int, "NULL", "A setting of the partition.").nullable()
}

/// The columns of a partition of a cluster.
pub const PARTITION: &[Column] = &[
    Column::new("uuid", Uuid, "NULL", "Identifier."),
    Column::new("partition_name", Text, "NULL", "Name."),
    number("cpu_bind"),
    number("def_cpu_per_gpu"),
    number("max_cpus_per_node"),
    number("max_cpus_per_socket"),
    number("def_mem_per_cpu"),
    number("def_mem_per_gpu"),
    number("def_mem_per_node"),
    number("max_mem_per_cpu"),
    number("max_mem_per_node"),
    number("default_time"),
    number("max_time"),
    number("grace_time"),
    number("max_nodes"),
    number("min_nodes"),
    Column::new("exclusive_topo", Bool, "NULL", "Whether jobs have the topology for themselves."),
    Column::new("exclusive_user", Bool, "NULL", "Whether nodes are not shared by users."),
    number("priority_tier"),
    Column::new("qos", Text, "NULL", "Quality of service."),
    Column::new("req_resv", Bool, "NULL", "Whether jobs need a reservation."),
];

const ROLE: &[Column] = &[
    Column::new("uuid", Uuid, "NULL", "Identifier."),
    Column::new("name", Text, "NULL", "Name."),
    Column::new("url", Text, "NULL", "Address."),
];
const QUOTA: &[Column] = &[
    Column::new("name", Text, "NULL", "Name."),
    Column::new("usage", Int, "NULL", "Usage."),
    Column::new("limit", Int, "NULL", "Limit."),
];
const INTEGRATION: &[Column] = &[
    Column::new("agent_type", Text, "NULL", "What the agent does."),
    Column::new("status", Text, "NULL", "How it is."),
    Column::new("last_request_timestamp", Time, "NULL", "When it last called.").nullable(),
    Column::new("service_name", Text, "NULL", "Name of the service."),
];
const CAMPAIGN: &[Column] = &[
    Column::new("uuid", Uuid, "NULL", "Identifier."),
    Column::new("name", Text, "NULL", "Name."),
    Column::new("start_date", Kind::Date, "NULL", "First day."),
    Column::new("end_date", Kind::Date, "NULL", "Last day."),
    Column::new("discount_type", Text, "NULL", "Kind of discount."),
    Column::new("discount", Int, "NULL", "Size of the discount."),
    Column::new("stock", Int, "NULL", "How often it is given.").nullable(),
    Column::new("description", Text, "NULL", "Description."),
    Column::new("months", Int, "NULL", "For how many months."),
    Column::new("service_provider", Link("service_provider"), "NULL", "The provider."),
];

const IMAGE: &str = concat!("(SELECT ", stoa_tenancy::file_url!("x"), " FROM files x WHERE x.id = o.image_id)");
const THUMBNAIL: &str = concat!("(SELECT ", stoa_tenancy::file_url!("x"), " FROM files x WHERE x.id = o.thumbnail_id)");

/// The groups of organizations to which the asking person belongs by any role.
macro_rules! own_groups {
    () => {
        "(SELECT m.group_id FROM customer_groups m JOIN grants w ON w.customer_id = m.customer_id \
         WHERE w.user_id = {holder} AND w.revoked_at IS NULL AND (w.expires_at IS NULL OR w.expires_at > {now}))"
    };
}

/// The secrets of an offering are shown to those who may change its integration: they may set them too. Support agents, who see
/// everything else, may not.
const SECRETS: Column =
    Column::new("secret_options", Object, "o.secret_options", "Secrets of its integration.").absent().for_holders(
        Permission::OfferingUpdateIntegration.id(),
        &[("customer", "o.customer_id"), ("service_provider", "o.provider_id"), ("offering", "o.id")],
    );

/// The columns that both views show; `$plans` lists the plans, `$more` are the view's own.
macro_rules! columns {
    ($plans:literal, $component:literal, [$($more:expr),* $(,)?]) => { &[
        Column::new("url", Link("offering"), "o.uuid", "Address of the offering."),
        Column::new("uuid", Uuid, "o.uuid", "Identifier."),
        Column::new("created", Time, "o.created", "When it was made."),
        Column::new("name", Text, "o.name", "Name."),
        Column::new("slug", Text, "o.slug", "Short name for addresses."),
        Column::new("description", Text, "o.description", "What it is, in a few words."),
        Column::new("full_description", Text, "o.full_description", "What it is."),
        Column::new("privacy_policy_link", Text, "o.privacy_policy_link", "Address of the privacy policy."),
        Column::new("access_url", Text, "o.access_url", "Address at which it is used."),
        Column::new("endpoints", Rows("NestedEndpoint", ENDPOINT),
            "(SELECT JSON_ROWS({row} ORDER BY e.name, e.id) FROM offering_endpoints e WHERE e.offering_id = o.id)",
            "Addresses at which it is reached."),
        Column::new("software_catalogs", Rows("NestedSoftwareCatalog", CATALOG), "NULL", "Catalogues of software."),
        Column::new("partitions", Rows("NestedPartition", PARTITION), "NULL", "Partitions of the cluster."),
        Column::new("roles", Rows("NestedRole", ROLE), "NULL", "Roles at its resources."),
        Column::new("customer", Link("customer"), "customer.uuid", "The organization that provides it.").nullable(),
        Column::new("customer_uuid", Uuid, "customer.uuid", "Identifier of that organization.").nullable(),
        Column::new("customer_name", Text, "customer.name", "Name of that organization.").nullable(),
        Column::new("project", Link("project"), "project.uuid", "The only project that may use it.").nullable(),
        Column::new("project_uuid", Uuid, "project.uuid", "Identifier of that project.").nullable(),
        Column::new("project_name", Text, "project.name", "Name of that project.").nullable(),
        Column::new("category", Link("category"), "category.uuid", "The category."),
        Column::new("category_uuid", Uuid, "category.uuid", "Identifier of the category."),
        Column::new("category_title", Text, "category.title", "Title of the category."),
        Column::new("attributes", Object, "o.attributes", "Attributes that the category asks for."),
        Column::new("options", Object, "o.options", "The form of an order."),
        Column::new("resource_options", Object, "o.resource_options", "The form of a resource's own options."),
        Column::new("components", Rows("OfferingComponent", COMPONENT),
            "(SELECT JSON_ROWS({row} ORDER BY c.type) FROM offering_components c WHERE c.offering_id = o.id)",
            "What is counted and charged."),
        Column::new("plugin_options", Object, "o.plugin_options", "Settings of its kind of provisioning."),
        Column::new("state", STATE, "o.state", "Where it is in its life."),
        Column::new("vendor_details", Text, "o.vendor_details", "About the vendor."),
        Column::new("getting_started", Text, "o.getting_started", "How to begin."),
        Column::new("integration_guide", Text, "o.integration_guide", "How to integrate it."),
        Column::new("thumbnail", File, THUMBNAIL, "A small picture.").nullable(),
        Column::new("order_count", Int, "(SELECT count(*) FROM orders x WHERE x.offering_id = o.id)", "Number of orders."),
        Column::new("plans", Rows($component, PLAN), $plans, "What it costs."),
        Column::new("screenshots", Rows("NestedScreenshot", SCREENSHOT),
            "(SELECT JSON_ROWS({row} ORDER BY h.id) FROM offering_screenshots h WHERE h.offering_id = o.id)", "Pictures."),
        Column::new("type", Text, "o.type", "Its kind of provisioning."),
        Column::new("shared", Bool, "o.shared", "Whether other organizations may use it."),
        Column::new("billable", Bool, "o.billable", "Whether use of it is invoiced."),
        Column::new("scope", Link("service_settings"), "settings.uuid", "The settings of its service.").nullable().absent(),
        Column::new("scope_uuid", Uuid, "settings.uuid", "Identifier of the settings.").nullable(),
        Column::new("scope_name", Text, "settings.name", "Name of the settings.").nullable(),
        Column::new("scope_state", Text, "settings.state", "State of the settings.").nullable(),
        Column::new("scope_error_message", Text, "settings.error_message", "What is wrong with them.").nullable(),
        Column::new("files", Rows("NestedOfferingFile", FILE),
            "(SELECT JSON_ROWS({row} ORDER BY h.id) FROM offering_files h WHERE h.offering_id = o.id)", "Files."),
        // Counters of kinds of provisioning that are not here yet.
        Column::new("quotas", Rows("Quota", QUOTA), "NULL", "Counters of its service."),
        Column::new("paused_reason", Text, "o.paused_reason", "Why it is paused."),
        Column::new("datacite_doi", Text, "o.datacite_doi", "Its DOI."),
        Column::new("citation_count", Int, "o.citation_count", "Citations of the DOI; -1 if not counted."),
        Column::new("latitude", Float, "o.latitude", "Latitude of its place.").nullable(),
        Column::new("longitude", Float, "o.longitude", "Longitude of its place.").nullable(),
        Column::new("country", Text, "o.country", "Country of its place."),
        Column::new("backend_id", Text, "o.backend_id", "The provider's own name for it."),
        Column::new("organization_groups", GROUPS,
            "(SELECT JSON_ROWS({row} ORDER BY g.name) FROM offering_groups og JOIN organization_groups g \
             ON g.id = og.group_id WHERE og.offering_id = o.id)",
            "The groups of organizations that may order it; none for all."),
        Column::new("tags", Rows("NestedTag", TAG),
            "(SELECT JSON_ROWS({row} ORDER BY t.name) FROM offering_tags ot JOIN tags t ON t.id = ot.tag_id \
             WHERE ot.offering_id = o.id)", "Tags."),
        Column::new("image", File, IMAGE, "A picture.").nullable(),
        Column::new("total_customers", Int, TOTAL_CUSTOMERS, "Number of organizations with resources of it.").nullable(),
        // Filled by billing.
        Column::new("total_cost", Int, "NULL", "What was charged last month.").nullable(),
        Column::new("total_cost_estimated", Int, "NULL", "What will be charged this month.").nullable(),
        Column::new("parent_description", Text, "parent.description", "Description of the parent.").nullable(),
        Column::new("parent_uuid", Uuid, "parent.uuid", "Identifier of the parent.").nullable(),
        Column::new("parent_name", Text, "parent.name", "Name of the parent.").nullable(),
        Column::new("backend_metadata", Object, "o.backend_metadata", "What the backend says about it."),
        Column::new("has_compliance_requirements", Bool, "(o.compliance_checklist IS NOT NULL)",
            "Whether its users answer a checklist."),
        Column::new("billing_type_classification", Text,
            "(SELECT CASE WHEN min(c.billing_type) = 'limit' AND max(c.billing_type) = 'limit' THEN 'limit_only' \
             WHEN min(c.billing_type) = 'usage' AND max(c.billing_type) = 'usage' THEN 'usage_only' ELSE 'mixed' END \
             FROM offering_components c WHERE c.offering_id = o.id)", "How its components are billed, in a word."),
        // Checklists come with their own capability.
        Column::new("compliance_checklist", Text, "NULL", "The checklist that its users answer.").nullable(),
        Column::new("google_calendar_is_public", Bool, "NULL", "Whether its calendar is public.").nullable(),
        Column::new("google_calendar_link", Text, "NULL", "Address of its calendar.").nullable(),
        $($more,)*
    ] };
}

const TOTAL_CUSTOMERS: &str =
    "(SELECT count(DISTINCT r.customer_id) FROM resources r WHERE r.offering_id = o.id AND r.state <> 'Terminated')";

const PROVIDER_COLUMNS: &[Column] = columns!(
    "(SELECT JSON_ROWS({row} ORDER BY p.name, p.id) FROM plans p WHERE p.offering_id = o.id)",
    "BaseProviderPlan",
    [
        SECRETS,
        Column::new("service_attributes", Object, "o.service_attributes", "Settings of its service."),
        Column::new("backend_id_rules", Object, "o.backend_id_rules", "What the provider's names must look like."),
        Column::new("integration_status", Rows("IntegrationStatus", INTEGRATION), "NULL", "Its agents.").nullable(),
    ]
);

const PUBLIC_COLUMNS: &[Column] = columns!(
    "(SELECT JSON_ROWS({row} ORDER BY p.name, p.id) FROM plans p WHERE p.offering_id = o.id AND NOT p.archived \
     AND ({staff} OR p.id NOT IN (SELECT plan_id FROM plan_groups) \
     OR p.id IN (SELECT pg.plan_id FROM plan_groups pg WHERE pg.group_id IN \
     (SELECT m.group_id FROM customer_groups m JOIN grants w ON w.customer_id = m.customer_id \
     WHERE w.user_id = {holder} AND w.revoked_at IS NULL))))",
    "BasePublicPlan",
    [
        // Consents come with terms of service.
        Column::new("user_has_consent", Bool, "FALSE", "Whether the asking person agreed to its terms."),
        Column::new("is_accessible", Bool, IS_ACCESSIBLE, "Whether the asking person may order it."),
        Column::new("promotion_campaigns", Rows("NestedCampaign", CAMPAIGN), "NULL", "Campaigns."),
    ]
);

const IS_ACCESSIBLE: &str = concat!(
    "(o.state = 'Active' AND ({staff} OR o.id NOT IN (SELECT offering_id FROM offering_groups) \
     OR o.id IN (SELECT og.offering_id FROM offering_groups og WHERE og.group_id IN ",
    own_groups!(),
    ")))"
);

const JOINS: &[Join] = &[
    Join("customer", "JOIN customers customer ON customer.id = o.customer_id"),
    Join("category", "JOIN categories category ON category.id = o.category_id"),
    Join("project", "LEFT JOIN projects project ON project.id = o.project_id"),
    Join("parent", "LEFT JOIN offerings parent ON parent.id = o.parent_id"),
    Join("settings", "LEFT JOIN service_settings settings ON settings.id = o.settings_id"),
];

const ORDERS: &[Order] = &[
    Order::new("created", "o.created"),
    Order::new("name", "o.name"),
    Order::new("state", "o.state"),
    Order::new("type", "o.type"),
    Order::new("total_customers", TOTAL_CUSTOMERS),
    // Costs come with billing; until then all are equal.
    Order::new("total_cost", "o.id"),
    Order::new("total_cost_estimated", "o.id"),
];

const PLACES: &[PlaceColumn] = &[
    PlaceColumn("itself", "offering", "o.id"),
    PlaceColumn("service_provider", "service_provider", "o.provider_id"),
    PlaceColumn("customer", "customer", "o.customer_id"),
];

/// Every offering that one sees as a provider or in public: where links to offerings are looked up.
pub static OFFERINGS: View = View {
    name: "offerings",
    thing: "offering",
    about: "Every offering that one sees, as its provider or in public.",
    from: "offerings o",
    joins: JOINS,
    key: "o.id",
    lookup: "o.uuid",
    always: "",
    needs: Needs::Nothing,
    visible: seen_at_all,
    columns: PUBLIC_COLUMNS,
    filters: filters::FILTERS,
    orders: ORDERS,
    default_order: "o.name",
    places: PLACES,
    state: Some("o.state"),
    label: "o.name",
    owner: None,
};

/// The offerings of one's organizations, for the provider's people.
pub static PROVIDER_OFFERINGS: View = View {
    name: "provider_offerings",
    thing: "offering",
    about: "Offerings of a provider, for its people.",
    from: "offerings o",
    joins: JOINS,
    key: "o.id",
    lookup: "o.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| seen_by_provider(actor, clause, "o.id"),
    columns: PROVIDER_COLUMNS,
    filters: filters::FILTERS,
    orders: ORDERS,
    default_order: "o.name",
    places: PLACES,
    state: Some("o.state"),
    label: "o.name",
    owner: None,
};

/// The offerings that are published, for everybody.
pub static PUBLIC_OFFERINGS: View = View {
    name: "public_offerings",
    thing: "offering",
    about: "Offerings that are published: what can be ordered, and what is paused.",
    from: "offerings o",
    joins: JOINS,
    key: "o.id",
    lookup: "o.uuid",
    always: "o.state IN ('Active', 'Paused', 'Unavailable')",
    needs: Needs::Nothing,
    visible: |actor, clause| seen_in_public(actor, clause, "o.id"),
    columns: PUBLIC_COLUMNS,
    filters: filters::FILTERS,
    orders: ORDERS,
    default_order: "o.name",
    places: PLACES,
    state: Some("o.state"),
    label: "o.name",
    owner: None,
};

/// The condition that an offering, named by its key, is one of those of the actor's organizations, provider profiles or
/// projects, or one on which he has a role.
pub fn seen_by_provider(actor: &Actor, clause: &mut Clause, key: &str) {
    clause.key_in(key, &provider_parts(actor));
}

fn provider_parts(actor: &Actor) -> [(&'static str, Vec<i64>); 4] {
    [
        ("SELECT id FROM offerings WHERE customer_id = ANY($)", actor.scopes("customer", None)),
        ("SELECT id FROM offerings WHERE provider_id = ANY($)", actor.scopes("service_provider", None)),
        ("SELECT id FROM offerings WHERE id = ANY($)", actor.scopes("offering", None)),
        ("SELECT id FROM offerings WHERE project_id = ANY($)", actor.scopes("project", None)),
    ]
}

/// The condition that an offering, named by its key, is shared and published, or private where the actor belongs and has a
/// plan that is open to him. Private ones of an organization are seen by the people of its projects too, who order from it.
pub fn seen_in_public(actor: &Actor, clause: &mut Clause, key: &str) {
    const SHARED: &str = " IN (SELECT id FROM offerings WHERE shared AND state IN ('Active', 'Paused', 'Unavailable')";
    let owners = actor.owners();
    clause.text.push_str(key);
    clause.text.push_str(SHARED);
    if !owners.is_empty() {
        // A project's private offering is for its own people and for those who have a role on its organization.
        clause.push(
            " UNION SELECT f.id FROM offerings f JOIN plans q ON q.offering_id = f.id \
             WHERE NOT q.archived AND f.customer_id = ANY($) AND f.project_id IS NULL \
             AND f.state IN ('Active', 'Paused', 'Unavailable') AND (q.id NOT IN (SELECT plan_id FROM plan_groups) \
             OR q.id IN (SELECT y.plan_id FROM plan_groups y JOIN customer_groups z ON z.group_id = y.group_id \
             WHERE z.customer_id = ANY($)))",
            [owners.clone().into(), owners.into()],
        );
        let projects = "SELECT id FROM projects WHERE id = ANY($) OR customer_id = ANY($)";
        clause.push(
            &format!(
                " UNION SELECT id FROM offerings WHERE state IN ('Active', 'Paused', 'Unavailable') \
                 AND project_id IN ({projects})"
            ),
            [actor.scopes("project", None).into(), actor.scopes("customer", None).into()],
        );
        let scopes = [actor.scopes("offering", None).into(), actor.scopes("service_provider", None).into()];
        clause.push(
            " UNION SELECT id FROM offerings WHERE state IN ('Active', 'Paused', 'Unavailable') AND id = ANY($) \
             UNION SELECT id FROM offerings WHERE state IN ('Active', 'Paused', 'Unavailable') AND provider_id = ANY($)",
            scopes,
        );
    }
    clause.text.push(')');
}

fn seen_at_all(actor: &Actor, clause: &mut Clause) {
    seen_anyhow(actor, clause, "o.id");
}

/// The condition that an offering, named by its key, is seen in public or as a provider.
pub fn seen_anyhow(actor: &Actor, clause: &mut Clause, key: &str) {
    clause.text.push('(');
    seen_in_public(actor, clause, key);
    clause.text.push_str(" OR ");
    seen_by_provider(actor, clause, key);
    clause.text.push(')');
}

/// The short form of an offering in the list of a provider's public offerings.
const SHORT: &[Column] = &[
    Column::new("uuid", Uuid, "o.uuid", "Identifier."),
    Column::new("customer_uuid", Uuid, "customer.uuid", "Identifier of the organization that provides it."),
    Column::new("name", Text, "o.name", "Name."),
    Column::new("slug", Text, "o.slug", "Short name for addresses."),
    Column::new("category_title", Text, "category.title", "Title of the category."),
    Column::new("type", Text, "o.type", "Its kind of provisioning."),
    Column::new("state", STATE, "o.state", "Where it is in its life."),
    Column::new(
        "resources_count",
        Int,
        "(SELECT count(*) FROM resources r WHERE r.offering_id = o.id AND r.state <> 'Terminated')",
        "Number of its resources.",
    ),
    // Filled by billing; absent until then, for clients take no null here.
    Column::new("billing_price_estimate", Object, "NULL", "What it brings.").nullable().absent(),
    Column::new(
        "components",
        Rows("OfferingComponent", COMPONENT),
        "(SELECT JSON_ROWS({row} ORDER BY c.type) FROM offering_components c WHERE c.offering_id = o.id)",
        "What is counted and charged.",
    ),
    Column::new(
        "plans",
        Rows("BaseProviderPlan", PLAN),
        "(SELECT JSON_ROWS({row} ORDER BY p.name, p.id) FROM plans p WHERE p.offering_id = o.id)",
        "What it costs.",
    ),
    Column::new("options", Object, "o.options", "The form of an order."),
    Column::new("resource_options", Object, "o.resource_options", "The form of a resource's own options."),
    SECRETS,
    Column::new("thumbnail", File, THUMBNAIL, "A small picture.").nullable(),
];

/// The shared and billable offerings of one provider, for its people.
pub static BILLABLE_OFFERINGS: View = View {
    name: "billable_offerings",
    thing: "offering",
    about: "The shared and billable offerings of a provider.",
    from: "offerings o",
    joins: JOINS,
    key: "o.id",
    lookup: "o.uuid",
    always: "o.shared AND o.billable",
    needs: Needs::SignedIn,
    visible: |actor, clause| seen_by_provider(actor, clause, "o.id"),
    columns: SHORT,
    filters: filters::FILTERS,
    orders: ORDERS,
    default_order: "o.name",
    places: PLACES,
    state: Some("o.state"),
    label: "o.name",
    owner: None,
};

const STATISTICS_COLUMNS: &[Column] = &[
    Column::new(
        "resources_count",
        Int,
        "(SELECT count(*) FROM resources r WHERE r.offering_id = o.id \
         AND r.state <> 'Terminated')",
        "Number of its resources.",
    ),
    Column::new(
        "customers_count",
        Int,
        "(SELECT count(DISTINCT r.customer_id) FROM resources r \
         WHERE r.offering_id = o.id AND r.state <> 'Terminated')",
        "Number of organizations with resources of it.",
    ),
];

/// Figures of an offering, for its provider's people.
pub static STATISTICS: View = View {
    name: "offering_statistics",
    thing: "offering",
    about: "Figures of an offering.",
    from: "offerings o",
    joins: &[],
    key: "o.id",
    lookup: "o.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| seen_by_provider(actor, clause, "o.id"),
    columns: STATISTICS_COLUMNS,
    filters: &[],
    orders: &[],
    default_order: "o.id",
    places: PLACES,
    state: Some("o.state"),
    label: "o.name",
    owner: None,
};
