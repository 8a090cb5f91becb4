//! What is seen of orders. On the consumer's side those see them whose role carries the permission to list them on the
//! project or its organization, on the provider's side on the offering, its provider or organization.

use super::{Kind as Type, State};
use crate::columns::{MANAGED_BY, OF_PROVIDER, offering_joins, seen, with_offering};
use stoa_kernel::{
    Result, Val,
    access::{Actor, Needs},
    field::Kind::{self, Amount, AmountNumber, Bool, Choice, Date, File, Json, Link, Object, Text, Time, Uuid},
    id,
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View, like, truth},
};
use stoa_tenancy::access::permissions::Permission;

/// The state, as a kind of column.
pub const STATE: Kind = Choice("OrderState", State::TEXTS);
/// The type, as a kind of column.
pub const TYPE: Kind = Choice("RequestTypes", Type::TEXTS);

/// The address of a file by the column that holds its key.
macro_rules! file {
    ($column:literal) => {
        concat!("(SELECT ", stoa_tenancy::file_url!("x"), " FROM files x WHERE x.id = ", $column, ")")
    };
}

/// The columns of an order. No more than a hundred: resources show them as a row within a row, and PostgreSQL's functions take
/// no more arguments.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = with_offering![
    Column::new("attributes", Object, "o.attributes", "What was asked for, by the form of the offering."),
    Column::new("limits", Object, "o.limits", "Limits by type of component."),
    Column::new("uuid", Uuid, "o.uuid", "Identifier."),
    Column::new("created", Time, "o.created", "When it was placed."),
    Column::new("modified", Time, "o.modified", "When it last changed."),
    // The object of a plugin behind the resource; infrastructure fills these two.
    Column::new("resource_uuid", Uuid, "NULL", "Identifier of what stands behind the resource.").nullable(),
    Column::new("resource_type", Text, "NULL", "Kind of what stands behind the resource.").nullable(),
    Column::new("resource_name", Text, "res.name", "Name of the resource."),
    Column::new("resource_end_date", Date, "res.end_date", "Last day of the resource.").nullable(),
    Column::new("cost", Amount(10), "o.cost", "Estimated price.").nullable(),
    Column::new("state", STATE, "o.state", "Where it is on its way."),
    Column::new("output", Text, "o.output", "What its execution printed."),
    Column::new("marketplace_resource_uuid", Uuid, "res.uuid", "Identifier of the resource."),
    Column::new("error_message", Text, "o.error_message", "What went wrong."),
    Column::new("error_traceback", Text, "o.error_traceback", "Details of what went wrong."),
    Column::new("callback_url", Text, "o.callback_url", "Where the person goes when it is done.").nullable(),
    Column::new("completed_at", Time, "o.completed_at", "When it was done.").nullable(),
    Column::new("request_comment", Text, "o.request_comment", "What its author says about it.").nullable(),
    Column::new("attachment", File, file!("o.attachment_id"), "A document, such as a purchase order.").nullable(),
    Column::new("type", TYPE, "o.type", "What it asks for."),
    Column::new("start_date", Date, "o.start_date", "First day on which it may be executed.").nullable(),
    Column::new("slug", Text, "o.slug", "Short name."),
    Column::new("url", Link("order"), "o.uuid", "Address of the order."),
    Column::new("consumer_reviewed_by", Text, "buyer.username", "Who decided for the consumer.").nullable(),
    Column::new("consumer_reviewed_by_full_name", Text, "TRIM(buyer.first_name || ' ' || buyer.last_name)", "His full name.").nullable(),
    Column::new("consumer_reviewed_by_username", Text, "buyer.username", "His name to sign in with.").nullable(),
    Column::new("consumer_reviewed_at", Time, "o.consumer_reviewed_at", "When he did.").nullable(),
    Column::new("provider_reviewed_by", Text, "seller.username", "Who decided for the provider.").nullable(),
    Column::new("provider_reviewed_by_full_name", Text, "TRIM(seller.first_name || ' ' || seller.last_name)", "His full name.").nullable(),
    Column::new("provider_reviewed_by_username", Text, "seller.username", "His name to sign in with.").nullable(),
    Column::new("provider_reviewed_at", Time, "o.provider_reviewed_at", "When he did.").nullable(),
    Column::new("created_by_username", Text, "COALESCE(author.username, '')", "Who placed it."),
    Column::new("created_by_full_name", Text, "COALESCE(TRIM(author.first_name || ' ' || author.last_name), '')", "His full name."),
    Column::new("created_by_civil_number", Text, "author.civil_number", "His number as a citizen.").nullable(),
    Column::new("created_by_email", Text, "author.email", "His address.").nullable(),
    Column::new("created_by_organization", Text, "author.organization", "Where he works.").nullable(),
    Column::new("created_by_organization_registry_code", Text, "author.organization_registry_code", "Registry code of where he works.").nullable(),
    Column::new("customer_name", Text, "cust.name", "Name of the organization."),
    Column::new("customer_uuid", Uuid, "cust.uuid", "Identifier of the organization."),
    Column::new("customer_slug", Text, "cust.slug", "Short name of the organization."),
    Column::new("project_name", Text, "proj.name", "Name of the project."),
    Column::new("project_uuid", Uuid, "proj.uuid", "Identifier of the project."),
    Column::new("project_description", Text, "proj.description", "Description of the project."),
    Column::new("project_slug", Text, "proj.slug", "Short name of the project."),
    Column::new("old_plan_name", Text, "old.name", "Name of the plan before.").nullable(),
    Column::new("new_plan_name", Text, "pl.name", "Name of the plan after.").nullable(),
    Column::new("old_plan_uuid", Uuid, "old.uuid", "Identifier of the plan before.").nullable(),
    Column::new("new_plan_uuid", Uuid, "pl.uuid", "Identifier of the plan after.").nullable(),
    Column::new("old_cost_estimate", AmountNumber, "COALESCE(o.old_cost, 0)", "Estimated price before."),
    Column::new("new_cost_estimate", Amount(10), "o.cost", "Estimated price after.").nullable(),
    Column::new("can_terminate", Bool, "(off.type IN ('Marketplace.Basic', 'Support.OfferingTemplate') \
        AND o.state IN ('pending-consumer', 'pending-provider', 'executing'))", "Whether it can be canceled."),
    Column::new("fixed_price", AmountNumber, "o.fixed_price", "What comes again with every span of the plan."),
    Column::new("activation_price", AmountNumber, "o.activation_price", "What is paid once."),
    Column::new("termination_comment", Text, "o.termination_comment", "Why the resource is to end.").nullable(),
    Column::new("backend_id", Text, "o.backend_id", "The provider's name for it."),
    Column::new("order_subtype", Text, "o.subtype", "What it changes.").nullable(),
    Column::new("provider_message", Text, "o.provider_message", "What the provider asks or says."),
    Column::new("provider_message_url", Text, "o.provider_message_url", "An address with it."),
    Column::new("provider_message_attachment", File, file!("o.provider_message_attachment_id"), "A document with it.").nullable(),
    Column::new("consumer_message", Text, "o.consumer_message", "What the consumer answers."),
    Column::new("consumer_message_attachment", File, file!("o.consumer_message_attachment_id"), "A document with it.").nullable(),
    Column::new("consumer_rejection_comment", Text, "o.consumer_rejection_comment", "Why the consumer's side said no."),
    Column::new("provider_rejection_comment", Text, "o.provider_rejection_comment", "Why the provider said no."),
    // Support fills this: the request that stands for an order of a help-desk offering.
    Column::new("issue", Json, "NULL", "The support request that stands for it.").nullable(),
    // Rules of projects that approve by themselves come with policies.
    Column::new("auto_approved", Bool, "FALSE", "Whether a rule of the project approved it."),
];

/// Orders.
pub static ORDERS: View = View {
    name: "orders",
    thing: "order",
    about: "Orders that one placed, may list as a consumer, or serves as a provider.",
    from: "orders o",
    joins: offering_joins![
        "o",
        Join("res", "JOIN resources res ON res.id = o.resource_id"),
        Join("proj", "JOIN projects proj ON proj.id = o.project_id"),
        Join("cust", "JOIN customers cust ON cust.id = o.customer_id"),
        Join("old", "LEFT JOIN plans old ON old.id = o.old_plan_id"),
        Join("author", "LEFT JOIN users author ON author.id = o.created_by"),
        Join("buyer", "LEFT JOIN users buyer ON buyer.id = o.consumer_reviewed_by"),
        Join("seller", "LEFT JOIN users seller ON seller.id = o.provider_reviewed_by"),
    ],
    key: "o.id",
    lookup: "o.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible,
    columns: COLUMNS,
    filters: FILTERS,
    orders: &[
        Order::new("created", "o.created"),
        Order::new("state", "o.state"),
        Order::new("cost", "o.cost").nullable(),
        Order::new("consumer_reviewed_at", "o.consumer_reviewed_at").nullable(),
    ],
    default_order: "o.created DESC",
    places: &[
        PlaceColumn("itself", "order", "o.id"),
        PlaceColumn("project", "project", "o.project_id"),
        PlaceColumn("customer", "customer", "o.customer_id"),
        PlaceColumn("offering", "offering", "o.offering_id"),
        PlaceColumn("offering.customer", "customer", "off.customer_id"),
        PlaceColumn("service_provider", "service_provider", "off.provider_id"),
    ],
    state: Some("o.state"),
    label: "res.name",
    owner: Some("o.created_by"),
};

fn visible(actor: &Actor, clause: &mut Clause) {
    let list = Some(Permission::OrderList.id());
    let [offering, customer, provider] = OF_PROVIDER;
    let ways = vec![
        ("~.customer_id = ANY($)", actor.scopes("customer", list)),
        ("~.project_id = ANY($)", actor.scopes("project", list)),
        (offering, actor.scopes("offering", list)),
        (customer, actor.scopes("customer", list)),
        (provider, actor.scopes("service_provider", list)),
    ];
    seen(clause, "orders", "o", ways);
}

const FILTERS: &[Filter] = &[
    Filter::new("can_approve_as_consumer", Test::By(as_consumer), "Those that one can approve for the consumer."),
    Filter::new("can_approve_as_provider", Test::By(as_provider), "Those that one can approve for the provider."),
    Filter::new("category_uuid", Test::Uuid("cat.uuid = ANY($)"), "Identifier of the category."),
    Filter::new("created", Test::From("o.created"), "Placed at or after this instant."),
    Filter::new("created_before", Test::Until("o.created"), "Placed before this instant."),
    Filter::new("customer_uuid", Test::Uuid("cust.uuid = ANY($)"), "Identifier of the organization."),
    Filter::new("modified", Test::From("o.modified"), "Changed at or after this instant."),
    Filter::new("modified_before", Test::Until("o.modified"), "Changed before this instant."),
    Filter::new("offering", Test::Link("offering", "off.uuid = ANY($)"), "The offering."),
    Filter::new("offering_slug", Test::AnyText("off.slug"), "Short name of the offering."),
    Filter::new("offering_type", Test::AnyText("off.type"), "Type of the offering."),
    Filter::new("offering_uuid", Test::Uuid("off.uuid = ANY($)"), "Identifier of the offering."),
    Filter::new(
        "parent_offering_uuid",
        Test::Uuid("off.parent_id IN (SELECT x.id FROM offerings x WHERE x.uuid = ANY($))"),
        "Identifier of the offering above the offering.",
    ),
    Filter::new("project_uuid", Test::Uuid("proj.uuid = ANY($)"), "Identifier of the project."),
    Filter::new("provider_uuid", Test::Uuid("prov.uuid = ANY($)"), "Identifier of the provider's organization."),
    Filter::new(
        "query",
        Test::By(query),
        "Part of the name of the resource or the project, or of the short name; or the identifier.",
    ),
    Filter::new("resource", Test::Link("resource", "res.uuid = ANY($)"), "The resource."),
    Filter::new("resource_name", Test::Contains(&["res.name"]), "Part of the resource's name."),
    Filter::new("resource_uuid", Test::Uuid("res.uuid = ANY($)"), "Identifier of the resource."),
    Filter::new("service_manager_uuid", Test::Uuid(MANAGED_BY), "Identifier of a service manager of the provider."),
    Filter::new("slug", Test::Equals("o.slug"), "Short name."),
    Filter::new("state", Test::AnyOf("o.state", State::TEXTS), "State; may repeat."),
    Filter::new("type", Test::AnyOf("o.type", Type::TEXTS), "What it asks for; may repeat."),
    Filter::new("was_auto_approved", Test::Flag("FALSE", ""), "Whether a rule of the project approved it."),
];

fn as_consumer(clause: &mut Clause, actor: &Actor, values: &[String]) -> Result<()> {
    let may = Permission::OrderApprove.id();
    let parts = [
        ("SELECT id FROM orders WHERE project_id = ANY($)", actor.may_at("project", may)),
        ("SELECT id FROM orders WHERE customer_id = ANY($)", actor.may_at("customer", may)),
    ];
    approvable(clause, actor, values, "o.state = 'pending-consumer'", &parts)
}

fn as_provider(clause: &mut Clause, actor: &Actor, values: &[String]) -> Result<()> {
    let may = Permission::OrderApprove.id();
    let offered = "SELECT x.id FROM orders x JOIN offerings y ON y.id = x.offering_id WHERE y.customer_id = ANY($)";
    let provided = "SELECT x.id FROM orders x JOIN offerings y ON y.id = x.offering_id WHERE y.provider_id = ANY($)";
    let parts = [
        ("SELECT id FROM orders WHERE offering_id = ANY($)", actor.may_at("offering", may)),
        (offered, actor.may_at("customer", may)),
        (provided, actor.may_at("service_provider", may)),
    ];
    approvable(clause, actor, values, "o.state = 'pending-provider'", &parts)
}

fn approvable(
    clause: &mut Clause,
    actor: &Actor,
    values: &[String],
    state: &str,
    parts: &[(&str, Vec<i64>)],
) -> Result<()> {
    if values.last().and_then(|value| truth(value)) != Some(true) {
        return Ok(());
    }
    clause.text.push_str(state);
    if !actor.is_staff() {
        clause.text.push_str(" AND ");
        clause.key_in("o.id", parts);
    }
    Ok(())
}

fn query(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let Some(text) = values.last().filter(|text| !text.is_empty()) else { return Ok(()) };
    clause.push(
        "(FOLD(res.name) LIKE $ ESCAPE '\\' OR FOLD(proj.name) LIKE $ ESCAPE '\\' OR FOLD(o.slug) LIKE $ ESCAPE '\\'",
        [like(text), like(text), like(text)],
    );
    if let Some(uuid) = id::parse(text) {
        clause.push(" OR o.uuid = $ OR proj.uuid = $", [Val::Uuid(uuid), Val::Uuid(uuid)]);
    }
    clause.text.push(')');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::rules;

    #[test]
    fn rows_within_rows_take_a_hundred_values() {
        assert!(COLUMNS.len() <= 100, "{}", COLUMNS.len());
    }

    #[test]
    fn what_can_be_canceled_is_shown_so() {
        let column = COLUMNS.iter().find(|column| column.name == "can_terminate").unwrap();
        for kind in ["Marketplace.Basic", "Support.OfferingTemplate", "Marketplace.Slurm"] {
            assert_eq!(column.sql.contains(&format!("'{kind}'")), rules::can_cancel(kind), "{kind}");
        }
    }
}
