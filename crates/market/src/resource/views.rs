//! What is seen of resources. Consumers see those of projects and organizations where their role carries the permission to
//! list them; providers see what their offerings serve.

use super::State;
use crate::{
    columns::{MANAGED_BY, OF_PROVIDER, offering_joins, seen, with_offering},
    component::views::COMPONENT,
    offering::views::STATE as OFFERING_STATE,
    order::{self, views as orders},
};
use stoa_kernel::{
    Result, Val,
    access::{Actor, Needs},
    error::Error,
    field::Kind::{self, Bool, Choice, Date, File, Json, Link, Object, OneRow, Rows, Text, Texts, Time, Uuid},
    id,
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View, like},
};
use stoa_tenancy::access::permissions::Permission;

/// The state, as a kind of column.
pub const STATE: Kind = Choice("ResourceState", State::TEXTS);

const ENDPOINT: &[Column] = &[
    Column::new("uuid", Uuid, "e.uuid", "Identifier."),
    Column::new("name", Text, "e.name", "Name."),
    Column::new("url", Text, "e.url", "Address of the access endpoint."),
];

/// Whether the asking person may terminate the resource, and it is in a state in which that can be done.
const CAN_TERMINATE: &str = "(r.state IN ('OK', 'Erred') AND (EXISTS (SELECT 1 FROM users u WHERE u.id = {holder} AND u.is_staff) \
     OR EXISTS (SELECT 1 FROM grants w JOIN roles v ON v.id = w.role_id WHERE w.user_id = {holder} AND w.revoked_at IS NULL \
     AND (w.expires_at IS NULL OR w.expires_at > {now}) AND v.is_active AND v.permissions LIKE '%\"RESOURCE.TERMINATE\"%' \
     AND (w.scope = 'project' AND w.scope_id = r.project_id OR w.scope = 'customer' AND w.scope_id = r.customer_id \
     OR w.scope = 'customer' AND w.scope_id = off.customer_id OR w.scope = 'service_provider' AND w.scope_id = off.provider_id \
     OR w.scope = 'offering' AND w.scope_id = r.offering_id))))";

macro_rules! order_where {
    ($condition:literal) => {
        concat!(
            "(SELECT {row} FROM orders o JOIN resources res ON res.id = o.resource_id \
             JOIN projects proj ON proj.id = o.project_id JOIN customers cust ON cust.id = o.customer_id \
             JOIN offerings off ON off.id = o.offering_id JOIN customers prov ON prov.id = off.customer_id \
             JOIN categories cat ON cat.id = off.category_id LEFT JOIN plans pl ON pl.id = o.plan_id \
             LEFT JOIN plans old ON old.id = o.old_plan_id LEFT JOIN users author ON author.id = o.created_by \
             LEFT JOIN users buyer ON buyer.id = o.consumer_reviewed_by \
             LEFT JOIN users seller ON seller.id = o.provider_reviewed_by WHERE ",
            $condition,
            ")"
        )
    };
}

/// The columns of a resource.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = with_offering![
    Column::new("attributes", Object, "r.attributes", "What its order asked for."),
    Column::new("limits", Object, "r.limits", "Limits by type of component."),
    Column::new("uuid", Uuid, "r.uuid", "Identifier."),
    Column::new("created", Time, "r.created", "When it was ordered."),
    Column::new("modified", Time, "r.modified", "When it last changed."),
    Column::new("url", Link("resource"), "r.uuid", "Address of the resource."),
    // What stands behind the resource at a plugin; infrastructure fills these.
    Column::new("scope", Text, "NULL", "Address of what stands behind it.").nullable().absent(),
    Column::new("resource_uuid", Uuid, "NULL", "Identifier of what stands behind it.").nullable(),
    Column::new("resource_type", Text, "NULL", "Kind of what stands behind it.").nullable(),
    Column::new("service_settings_uuid", Uuid, "NULL", "Identifier of the settings of its service.").nullable().absent(),
    Column::new("description", Text, "r.description", "Description."),
    Column::new("state", STATE, "r.state", "How it is."),
    Column::new("backend_id", Text, "r.backend_id", "The provider's name for it."),
    Column::new("effective_id", Text, "r.effective_id", "Its name at the remote system, where there is one."),
    Column::new("project", Link("project"), "proj.uuid", "The project."),
    Column::new("project_uuid", Uuid, "proj.uuid", "Identifier of the project."),
    Column::new("project_name", Text, "proj.name", "Name of the project."),
    Column::new("project_slug", Text, "proj.slug", "Short name of the project."),
    Column::new("project_description", Text, "proj.description", "Description of the project."),
    Column::new("project_start_date", Date, "proj.start_date", "First day of the project.").nullable(),
    Column::new("project_end_date", Date, "proj.end_date", "Last day of the project.").nullable(),
    Column::new("project_end_date_requested_by", Link("user"), "(SELECT x.uuid FROM users x WHERE x.id = proj.end_date_requested_by)", "Who set the last day of the project.").nullable().absent(),
    Column::new("customer_uuid", Uuid, "cust.uuid", "Identifier of the organization."),
    Column::new("customer_name", Text, "cust.name", "Name of the organization."),
    Column::new("customer_slug", Text, "cust.slug", "Short name of the organization."),
    Column::new("offering_slug", Text, "off.slug", "Short name of the offering."),
    Column::new("offering_state", OFFERING_STATE, "off.state", "State of the offering."),
    Column::new("offering_backend_id", Text, "off.backend_id", "The provider's name for the offering."),
    Column::new("offering_components", Rows("OfferingComponent", COMPONENT), "(SELECT JSON_ROWS({row} ORDER BY c.type) FROM offering_components c WHERE c.offering_id = r.offering_id)", "Components of the offering."),
    Column::new("parent_offering_uuid", Uuid, "above.uuid", "Identifier of the offering above the offering.").nullable().absent(),
    Column::new("parent_offering_name", Text, "above.name", "Its name.").nullable().absent(),
    Column::new("parent_offering_slug", Text, "above.slug", "Its short name.").nullable().absent(),
    Column::new("parent_uuid", Uuid, "parent.uuid", "Identifier of the resource that this one is within.").nullable().absent(),
    Column::new("parent_name", Text, "parent.name", "Its name.").nullable().absent(),
    Column::new("backend_metadata", Object, "r.backend_metadata", "What the provider says about it."),
    Column::new("is_usage_based", Bool, "EXISTS (SELECT 1 FROM offering_components x WHERE x.offering_id = r.offering_id AND x.billing_type = 'usage')", "Whether some of it is billed by usage."),
    Column::new("is_limit_based", Bool, "EXISTS (SELECT 1 FROM offering_components x WHERE x.offering_id = r.offering_id AND x.billing_type = 'limit')", "Whether some of it is billed by limit."),
    Column::new("name", Text, "r.name", "Name."),
    Column::new("slug", Text, "r.slug", "Short name."),
    // Reports of usage fill these two.
    Column::new("current_usages", Object, "r.current_usages", "Latest usage by type of component."),
    Column::new("limit_usage", Object, "'{}'", "Usage within the span of a limit, by type of component."),
    Column::new("can_terminate", Bool, CAN_TERMINATE, "Whether the asking person can end it now."),
    Column::new("report", Json, "r.report", "The provider's report: headers and bodies."),
    Column::new("end_date", Date, "r.end_date", "Its last day.").nullable(),
    Column::new("end_date_requested_by", Link("user"), "(SELECT x.uuid FROM users x WHERE x.id = r.end_date_requested_by)", "Who set its last day.").nullable(),
    Column::new("end_date_updated_at", Time, "r.end_date_updated_at", "When its last day was set.").nullable(),
    // Accounts of users at offerings fill this.
    Column::new("username", Text, "NULL", "The asking person's name there.").nullable(),
    Column::new("downscaled", Bool, "r.downscaled", "Whether it runs with less."),
    Column::new("restrict_member_access", Bool, "r.restrict_member_access", "Whether the project's people are kept out."),
    Column::new("paused", Bool, "r.paused", "Whether it is paused."),
    Column::new("endpoints", Rows("NestedEndpoint", ENDPOINT), "(SELECT JSON_ROWS({row} ORDER BY e.name) FROM resource_endpoints e WHERE e.resource_id = r.id)", "Addresses at which it is reached."),
    Column::new("error_message", Text, "r.error_message", "What went wrong."),
    Column::new("error_traceback", Text, "r.error_traceback", "Details of what went wrong."),
    Column::new("options", Object, "r.options", "Options that can be changed later.").nullable(),
    // Actions of what stands behind it; infrastructure fills them.
    Column::new("available_actions", Texts, "'[]'", "What can be done with what stands behind it."),
    Column::new("last_sync", Time, "r.last_sync", "When the provider last looked after it."),
    Column::new("order_in_progress", OneRow("OrderDetails", orders::COLUMNS), order_where!("o.resource_id = r.id AND o.state IN \
        ('pending-consumer', 'pending-provider', 'pending-project', 'pending-start-date', 'executing')"), "The order that is not over.").nullable(),
    // The newest client reads it from the answers of actions that place an order.
    Column::new("order_uuid", Uuid, "(SELECT o.uuid FROM orders o WHERE o.resource_id = r.id AND o.state IN \
        ('pending-consumer', 'pending-provider', 'pending-project', 'pending-start-date', 'executing'))", "Identifier of the order that is not over.").nullable().absent(),
    Column::new("creation_order", OneRow("OrderDetails", orders::COLUMNS), order_where!("o.id = \
        (SELECT min(x.id) FROM orders x WHERE x.resource_id = r.id AND x.type = 'Create')"), "The order that made it.").nullable(),
    // Terms of service come later: nobody has to agree again.
    Column::new("user_requires_reconsent", Bool, "FALSE", "Whether the asking person must agree to the terms again."),
    Column::new("renewal_date", Object, "NULL", "Days on which what was paid in advance ends.").nullable(),
];

/// Places at which a resource stands.
const PLACES: &[PlaceColumn] = &[
    PlaceColumn("itself", "resource", "r.id"),
    PlaceColumn("project", "project", "r.project_id"),
    PlaceColumn("customer", "customer", "r.customer_id"),
    PlaceColumn("offering", "offering", "r.offering_id"),
    PlaceColumn("offering.customer", "customer", "off.customer_id"),
    PlaceColumn("service_provider", "service_provider", "off.provider_id"),
];

const ANY: View = View {
    name: "any_resources",
    thing: "resource",
    about: "Resources that one sees, as a consumer or as a provider.",
    from: "resources r",
    joins: offering_joins![
        "r",
        Join("proj", "JOIN projects proj ON proj.id = r.project_id"),
        Join("cust", "JOIN customers cust ON cust.id = r.customer_id"),
        Join("parent", "LEFT JOIN resources parent ON parent.id = r.parent_id"),
        Join("above", "LEFT JOIN offerings above ON above.id = off.parent_id"),
    ],
    key: "r.id",
    lookup: "r.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        seen(clause, "resources", "r", either(actor));
    },
    columns: COLUMNS,
    filters: FILTERS,
    orders: &[
        Order::new("created", "r.created"),
        Order::new("end_date", "r.end_date").nullable(),
        Order::new("name", "r.name"),
        Order::new("project_name", "proj.name"),
        Order::new("state", "r.state"),
    ],
    default_order: "r.created DESC",
    places: PLACES,
    state: Some("r.state"),
    label: "r.name",
    owner: None,
};

/// Resources that one sees from either side; links to resources are looked up here.
pub static ANY_RESOURCES: View = ANY;

/// Resources as a consumer sees them.
pub static RESOURCES: View = View {
    name: "resources",
    about: "Resources of one's projects and organizations.",
    visible: |actor, clause| seen(clause, "resources", "r", consumed(actor)),
    ..ANY
};

/// Resources as a provider sees them.
pub static PROVIDER_RESOURCES: View = View {
    name: "provider_resources",
    about: "Resources that one's offerings serve.",
    visible: |actor, clause| seen(clause, "resources", "r", provided(actor)),
    ..ANY
};

fn consumed(actor: &Actor) -> Vec<(&'static str, Vec<i64>)> {
    let list = Some(Permission::ResourceList.id());
    vec![
        ("~.customer_id = ANY($)", actor.scopes("customer", list)),
        ("~.project_id = ANY($)", actor.scopes("project", list)),
        ("~.id = ANY($)", actor.scopes("resource", None)),
    ]
}

/// On the provider's side any role shows: without seeing what it serves, none of its permissions means anything.
fn provided(actor: &Actor) -> Vec<(&'static str, Vec<i64>)> {
    OF_PROVIDER
        .into_iter()
        .zip(["offering", "customer", "service_provider"].map(|kind| actor.scopes(kind, None)))
        .collect()
}

fn either(actor: &Actor) -> Vec<(&'static str, Vec<i64>)> {
    consumed(actor).into_iter().chain(provided(actor)).collect()
}

macro_rules! billed_by {
    ($billing:literal) => {
        concat!(
            "r.offering_id IN (SELECT x.offering_id FROM offering_components x WHERE x.billing_type = '",
            $billing,
            "')"
        )
    };
}
macro_rules! not_billed_by {
    ($billing:literal) => {
        concat!(
            "r.offering_id NOT IN (SELECT x.offering_id FROM offering_components x WHERE x.billing_type = '",
            $billing,
            "')"
        )
    };
}

const FILTERS: &[Filter] = &[
    Filter::new("backend_id", Test::Equals("r.backend_id"), "The provider's name for it."),
    Filter::new(
        "backend_metadata",
        Test::Contains(&["r.backend_metadata"]),
        "Part of what the provider says about it.",
    ),
    Filter::new("category_uuid", Test::Uuid("cat.uuid = ANY($)"), "Identifier of the category."),
    Filter::new(
        "component_count",
        Test::Int("(SELECT count(*) FROM offering_components x WHERE x.offering_id = r.offering_id)"),
        "Number of components of its offering.",
    ),
    Filter::new("created", Test::From("r.created"), "Ordered at or after this instant."),
    Filter::new("created_before", Test::Until("r.created"), "Ordered before this instant."),
    Filter::new("customer", Test::Link("customer", "cust.uuid = ANY($)"), "The organization."),
    Filter::new("customer_uuid", Test::Uuid("cust.uuid = ANY($)"), "Identifier of the organization."),
    Filter::new("downscaled", Test::Bool("r.downscaled"), "Whether it runs with less."),
    Filter::new(
        "has_terminate_date",
        Test::Flag("r.end_date IS NOT NULL", "r.end_date IS NULL"),
        "Whether its last day is set.",
    ),
    // Volumes, images and flavors are infrastructure's: nothing has them yet.
    Filter::new("flavor_name", Test::Equals("NULL"), "Name of its flavor."),
    Filter::new("image_name", Test::Equals("NULL"), "Name of its image."),
    Filter::new("is_attached", Test::Flag("FALSE", ""), "Whether it is a volume that is attached."),
    Filter::new("lexis_links_supported", Test::Flag("FALSE", ""), "Whether its offering supports links to LEXIS."),
    Filter::new("limit_based", Test::Flag(billed_by!("limit"), not_billed_by!("limit")), "Whether it has limits."),
    Filter::new(
        "limit_component_count",
        Test::Int(
            "(SELECT count(*) FROM offering_components x WHERE x.offering_id = r.offering_id AND x.billing_type = 'limit')",
        ),
        "Number of components of its offering that are billed by limit.",
    ),
    Filter::new("modified", Test::From("r.modified"), "Changed at or after this instant."),
    Filter::new("modified_before", Test::Until("r.modified"), "Changed before this instant."),
    Filter::new("name", Test::Contains(&["r.name"]), "Part of the name."),
    Filter::new("name_exact", Test::Equals("r.name"), "The name."),
    Filter::new("offering", Test::Link("offering", "off.uuid = ANY($)"), "The offering."),
    Filter::new("offering_billable", Test::Bool("off.billable"), "Whether its use is billed."),
    Filter::new("offering_shared", Test::Bool("off.shared"), "Whether its offering is for all organizations."),
    Filter::new("offering_slug", Test::AnyText("off.slug"), "Short name of the offering."),
    Filter::new("offering_type", Test::AnyText("off.type"), "Type of the offering."),
    Filter::new("offering_uuid", Test::Uuid("off.uuid = ANY($)"), "Identifier of the offering; may repeat."),
    Filter::new(
        "only_limit_based",
        Test::Flag(concat!(billed_by!("limit"), " AND ", not_billed_by!("usage")), ""),
        "Whether it is billed by limit and not by usage.",
    ),
    Filter::new(
        "only_usage_based",
        Test::Flag(concat!(billed_by!("usage"), " AND ", not_billed_by!("limit")), ""),
        "Whether it is billed by usage and not by limit.",
    ),
    Filter::new("order_state", Test::By(order_state), "State of one of its orders; may repeat."),
    Filter::new(
        "parent_offering_uuid",
        Test::Uuid("off.parent_id IN (SELECT x.id FROM offerings x WHERE x.uuid = ANY($))"),
        "Identifier of the offering above its offering.",
    ),
    Filter::new("paused", Test::Bool("r.paused"), "Whether it is paused."),
    Filter::new("plan_uuid", Test::Uuid("pl.uuid = ANY($)"), "Identifier of the plan."),
    Filter::new("project", Test::Link("project", "proj.uuid = ANY($)"), "The project."),
    Filter::new("project_name", Test::Contains(&["proj.name"]), "Part of the project's name."),
    Filter::new("project_uuid", Test::Uuid("proj.uuid = ANY($)"), "Identifier of the project."),
    Filter::new("provider_uuid", Test::Uuid("prov.uuid = ANY($)"), "Identifier of the provider's organization."),
    Filter::new("query", Test::By(query), "Part of a name of it, or its identifier."),
    Filter::new("resource_attributes", Test::Contains(&["r.attributes"]), "Part of what its order asked for."),
    Filter::new(
        "restrict_member_access",
        Test::Bool("r.restrict_member_access"),
        "Whether the project's people are kept out.",
    ),
    Filter::new("runtime_state", Test::By(runtime_state), "What the provider says that it does."),
    Filter::new("scope", Test::UuidLoose("r.uuid = ANY($) AND FALSE"), "What stands behind it."),
    Filter::new("service_manager_uuid", Test::Uuid(MANAGED_BY), "Identifier of a service manager of the provider."),
    Filter::new("slug", Test::Equals("r.slug"), "Short name."),
    Filter::new("state", Test::AnyOf("r.state", State::TEXTS), "State; may repeat."),
    Filter::new(
        "usage_based",
        Test::Flag(billed_by!("usage"), not_billed_by!("usage")),
        "Whether some of it is billed by usage.",
    ),
    Filter::new(
        "visible_to_providers",
        Test::Flag(
            "r.id NOT IN (SELECT x.resource_id FROM orders x WHERE x.type = 'Create' \
             AND x.state IN ('pending-consumer', 'pending-project'))",
            "",
        ),
        "Whether its first order has reached the provider.",
    ),
    Filter::new("visible_to_username", Test::By(visible_to), "Those that the user with this name sees as a consumer."),
];

fn order_state(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    if let Some(wrong) = values.iter().find(|value| order::State::parse(value).is_none()) {
        let wrong: String = wrong.chars().take(100).collect();
        let message = format!("Select a valid choice. {wrong} is not one of the available choices.");
        return Err(Error::field("order_state", message));
    }
    clause.push("r.id IN (SELECT x.resource_id FROM orders x WHERE x.state = ANY($))", [values.to_vec().into()]);
    Ok(())
}

fn query(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let Some(text) = values.last().filter(|text| !text.is_empty()) else { return Ok(()) };
    let columns = ["r.name", "r.slug", "r.backend_id", "r.effective_id", "off.name", "proj.name"];
    for (at, column) in columns.iter().enumerate() {
        let open = if at == 0 { "(" } else { " OR " };
        clause.push(&format!("{open}FOLD({column}) LIKE $ ESCAPE '\\'"), [like(text)]);
    }
    if let Some(uuid) = id::parse(text) {
        clause.push(" OR r.uuid = $", [Val::Uuid(uuid)]);
    }
    clause.text.push(')');
    Ok(())
}

/// The provider's words are stored as compact JSON, in which a key and its text look like this.
fn runtime_state(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let Some(text) = values.last().filter(|text| !text.is_empty()) else { return Ok(()) };
    let wanted = format!("\"runtime_state\":{}", serde_json::Value::from(text.as_str()));
    clause.push("FOLD(r.backend_metadata) LIKE $ ESCAPE '\\'", [like(&wanted)]);
    Ok(())
}

fn visible_to(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let Some(name) = values.last().filter(|name| !name.is_empty()) else { return Ok(()) };
    let scopes = "(SELECT g.scope_id FROM grants g JOIN users gu ON gu.id = g.user_id WHERE gu.username = $ \
                  AND g.revoked_at IS NULL AND g.scope = ";
    clause.push(
        &format!(
            "r.id IN (SELECT x.id FROM resources x WHERE x.project_id IN {scopes}'project') \
             UNION SELECT x.id FROM resources x WHERE x.customer_id IN {scopes}'customer'))"
        ),
        [Val::from(name), Val::from(name)],
    );
    Ok(())
}

const USAGE: &[Column] = &[
    Column::new("uuid", Uuid, "NULL", "Identifier."),
    Column::new("created", Time, "NULL", "When it was reported."),
    Column::new("description", Text, "NULL", "What was said about it."),
    Column::new("type", Text, "NULL", "Type of the component."),
    Column::new("name", Text, "NULL", "Name of the component."),
    Column::new("measured_unit", Text, "NULL", "Unit of the component."),
    Column::new("usage", Kind::Amount(2), "NULL", "How much."),
    Column::new("date", Time, "NULL", "When it was used."),
    Column::new("recurring", Bool, "NULL", "Whether it counts again every month."),
];

/// The spans over which resources had their plans.
pub static PLAN_PERIODS: View = View {
    name: "resource_plan_periods",
    thing: "plan_period",
    about: "The spans over which a resource had its plans.",
    from: "plan_periods pp",
    joins: &[Join("pl", "JOIN plans pl ON pl.id = pp.plan_id")],
    key: "pp.id",
    lookup: "pp.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        clause.text.push_str("pp.resource_id IN (SELECT own.id FROM resources own WHERE ");
        seen(clause, "resources", "own", either(actor));
        clause.text.push(')');
    },
    columns: &[
        Column::new("uuid", Uuid, "pp.uuid", "Identifier."),
        Column::new("plan_name", Text, "pl.name", "Name of the plan."),
        Column::new("plan_uuid", Uuid, "pl.uuid", "Identifier of the plan."),
        Column::new("start", Time, "pp.start_at", "When it began.").nullable(),
        Column::new("end", Time, "pp.end_at", "When it ended.").nullable(),
        // Reports of usage fill this.
        Column::new("components", Rows("BaseComponentUsage", USAGE), "NULL", "What was used."),
    ],
    filters: &[],
    orders: &[],
    default_order: "pp.start_at",
    places: &[],
    state: None,
    label: "pl.name",
    owner: None,
};

/// The people of a resource's project.
pub static TEAM: View = View {
    name: "resource_team",
    thing: "team_member",
    about: "The people of a resource's project, with their roles there.",
    from: "grants g",
    joins: &[Join("u", "JOIN users u ON u.id = g.user_id"), Join("v", "JOIN roles v ON v.id = g.role_id")],
    key: "g.id",
    lookup: "g.uuid",
    always: "g.scope = 'project' AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > {now})",
    needs: Needs::SignedIn,
    // Only listed under a resource that the actor sees; see the surface.
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: &[
        Column::new("url", Link("user"), "u.uuid", "Address of the person."),
        Column::new("uuid", Uuid, "u.uuid", "Identifier of the person."),
        Column::new("username", Text, "u.username", "Name to sign in with."),
        Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
        Column::new("email", Text, "u.email", "Address to write to."),
        Column::new("role", Text, "v.name", "Name of the role."),
        Column::new("expiration_time", Time, "g.expires_at", "When the role ends.").nullable(),
        // Accounts of users at offerings fill these two.
        Column::new("offering_user_username", Text, "NULL", "The person's name at the offering.").nullable(),
        Column::new("offering_user_state", Text, "NULL", "State of the person's account at the offering.").nullable(),
    ],
    filters: &[
        // Consents come with terms of service: nobody has given one yet, and nobody needs one.
        Filter::new("has_consent", Test::Flag("", ""), "Only people who agreed to the terms."),
    ],
    orders: &[],
    default_order: "u.username",
    places: &[],
    state: None,
    label: "u.username",
    owner: None,
};

/// Offerings whose resources are made within another resource.
pub static SUBRESOURCE_OFFERINGS: View = View {
    name: "subresource_offerings",
    thing: "subresource_offering",
    about: "Offerings from which something can be made within a resource.",
    from: "offerings f",
    joins: &[],
    key: "f.id",
    lookup: "f.uuid",
    always: "f.state = 'Active'",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: &[
        Column::new("uuid", Uuid, "f.uuid", "Identifier of the offering."),
        Column::new("type", Text, "f.type", "Type of the offering."),
    ],
    filters: &[],
    orders: &[],
    default_order: "f.name",
    places: &[],
    state: None,
    label: "f.name",
    owner: None,
};

/// What belongs to a resource, by its key: people of its project.
pub const TEAM_OF: &str = "g.scope_id = (SELECT x.project_id FROM resources x WHERE x.id = $)";
/// What belongs to a resource, by its key: periods.
pub const PERIODS_OF: &str = "pp.resource_id = $";
/// What belongs to a resource, by its key: offerings below its own that are for its project.
pub const BELOW: &str =
    "(f.parent_id, f.project_id) = (SELECT x.offering_id, x.project_id FROM resources x WHERE x.id = $)";
/// What belongs to a resource, by its key: its versions.
pub const VERSIONS_OF: &str = "v.thing = 'resource' AND v.thing_id = $";
