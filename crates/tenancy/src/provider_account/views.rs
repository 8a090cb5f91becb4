//! What is seen of provider accounts: the shared ones, and the active ones of visible organizations. Endpoint and
//! credentials are not among the columns: they are never shown again.

use crate::customer::rules;
use stoa_kernel::{
    Result, Val,
    access::{Actor, Needs},
    field::Kind::{Bool, Choice, Link, Object, Text, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// States of a provider account.
pub const STATES: &[&str] = &[
    "CREATION_SCHEDULED",
    "CREATING",
    "UPDATE_SCHEDULED",
    "UPDATING",
    "DELETION_SCHEDULED",
    "DELETING",
    "OK",
    "ERRED",
];

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("service_settings"), "s.uuid", "Address of the account."),
    Column::new("uuid", Uuid, "s.uuid", "Identifier."),
    Column::new("name", Text, "s.name", "Name."),
    Column::new("type", Text, "s.type", "Type of the service."),
    Column::new("state", Choice("ServiceSettingsStateEnum", STATES), "s.state", "State."),
    Column::new("error_message", Text, "s.error_message", "What went wrong."),
    Column::new("shared", Bool, "s.shared", "Whether all organizations may use it."),
    Column::new("customer", Link("customer"), "c.uuid", "The organization.").nullable(),
    Column::new("customer_name", Text, "c.name", "Name of the organization.").nullable(),
    Column::new("customer_native_name", Text, "COALESCE(c.native_name, '')",
        "Name of the organization in its own language."),
    Column::new("terms_of_services", Text, "s.terms_of_services", "Address of the terms of the service."),
    // Accounts that stand on a resource come with the infrastructure.
    Column::new("scope", Text, "NULL", "The resource on which it stands.").nullable().absent(),
    Column::new("scope_uuid", Uuid, "NULL", "Identifier of the resource on which it stands.").nullable().absent(),
    // Options may hold secrets of a service: none is shown until services say which are not secret.
    Column::new("options", Object, "'{}'", "What else the service is told."),
];

#[rustfmt::skip]
const FILTERS: &[Filter] = &[
    Filter::new("name", Test::Contains(&["s.name"]), "Part of the name, any case."),
    Filter::new("name_exact", Test::Equals("s.name"), "The name."),
    Filter::new("type", Test::AnyText("s.type"), "Type of the service; repeatable."),
    Filter::new("state", Test::AnyOf("s.state", STATES), "State; repeatable."),
    Filter::new("shared", Test::Bool("s.shared"), "Whether all organizations may use it."),
    Filter::new("customer", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization."),
    Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization."),
    Filter::new("scope", Test::By(on_nothing), "The resource on which it stands."),
    Filter::new("scope_uuid", Test::By(on_nothing), "Identifier of the resource on which it stands."),
];

/// No account stands on a resource yet.
fn on_nothing(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    clause.text.push_str(if values.iter().all(String::is_empty) { "TRUE" } else { "FALSE" });
    Ok(())
}

/// Every provider account.
pub static PROVIDER_ACCOUNTS: View = View {
    name: "service_settings",
    thing: "service_settings",
    about: "Accounts at external services, without their credentials.",
    from: "service_settings s",
    joins: &[Join("c", "LEFT JOIN customers c ON c.id = s.customer_id")],
    key: "s.id",
    lookup: "s.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let sql = "s.id IN (SELECT id FROM service_settings WHERE shared UNION \
                   SELECT id FROM service_settings WHERE customer_id = ANY($) AND is_active)";
        clause.push(sql, [Val::from(rules::visible(actor))]);
    },
    columns: COLUMNS,
    filters: FILTERS,
    orders: &[Order::new("name", "s.name"), Order::new("type", "s.type"), Order::new("state", "s.state")],
    default_order: "s.name",
    places: &[PlaceColumn("itself", "service_settings", "s.id"), PlaceColumn("customer", "customer", "s.customer_id")],
    state: Some("s.state"),
    label: "s.name",
    owner: None,
};
