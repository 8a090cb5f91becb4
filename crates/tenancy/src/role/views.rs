//! What is seen of roles: everybody sees those of the installation, strangers too; an organization's own are seen by whoever holds
//! any role in it, by staff and by support agents.

use stoa_kernel::{
    Val,
    access::{Actor, Needs},
    field::{
        Kind::{Bool, Choice, Int, Text, Texts, Uuid},
        Who,
    },
    id,
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

use super::rules::SCOPES;

/// Grants of the role that are not over.
const HOLDERS: &str = "(SELECT count(*) FROM grants g WHERE g.role_id = r.id AND g.revoked_at IS NULL \
     AND (g.expires_at IS NULL OR g.expires_at > {now}))";

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "r.uuid", "Identifier."),
    Column::new("name", Text, "r.name", "Name, unique among all roles."),
    Column::new("description", Text, "{label:r.description}", "What people call it."),
    Column::new("description_en", Text, "r.description_en", "The description in English.").nullable(),
    Column::new("description_et", Text, "r.description_et", "The description in Estonian.").nullable(),
    Column::new("description_lt", Text, "r.description_lt", "The description in Lithuanian.").nullable(),
    Column::new("description_lv", Text, "r.description_lv", "The description in Latvian.").nullable(),
    Column::new("description_ru", Text, "r.description_ru", "The description in Russian.").nullable(),
    Column::new("description_it", Text, "r.description_it", "The description in Italian.").nullable(),
    Column::new("description_de", Text, "r.description_de", "The description in German.").nullable(),
    Column::new("description_da", Text, "r.description_da", "The description in Danish.").nullable(),
    Column::new("description_sv", Text, "r.description_sv", "The description in Swedish.").nullable(),
    Column::new("description_es", Text, "r.description_es", "The description in Spanish.").nullable(),
    Column::new("description_fr", Text, "r.description_fr", "The description in French.").nullable(),
    Column::new("description_nb", Text, "r.description_nb", "The description in Norwegian.").nullable(),
    Column::new("description_ar", Text, "r.description_ar", "The description in Arabic.").nullable(),
    Column::new("description_cs", Text, "r.description_cs", "The description in Czech.").nullable(),
    Column::new("description_bg", Text, "r.description_bg", "The description in Bulgarian.").nullable(),
    Column::new("description_el", Text, "r.description_el", "The description in Greek.").nullable(),
    Column::new("description_km", Text, "r.description_km", "The description in Khmer.").nullable(),
    Column::new("description_hr", Text, "r.description_hr", "The description in Croatian.").nullable(),
    Column::new("description_mk", Text, "r.description_mk", "The description in Macedonian.").nullable(),
    Column::new("description_sq", Text, "r.description_sq", "The description in Albanian.").nullable(),
    Column::new("permissions", Texts, "r.permissions", "What it carries."),
    Column::new("is_system_role", Bool, "r.is_system", "Whether it ships; such a role is not renamed or removed."),
    Column::new("is_active", Bool, "r.is_active", "Whether it can be granted and what it carries counts."),
    Column::new("users_count", Int, HOLDERS, "Number of grants that are not over.").only(Who::Support),
    Column::new("content_type", Choice("RoleType", SCOPES), "r.scope", "The kind of thing on which it is granted."),
    Column::new("template_uuid", Uuid, "t.uuid", "The role that it was copied from.").nullable(),
    Column::new("template_name", Text, "t.name", "Name of the role that it was copied from.").nullable(),
    Column::new("customer_uuid", Uuid, "c.uuid", "The organization whose own it is.").nullable(),
    Column::new("customer_name", Text, "c.name", "Name of the organization whose own it is.").nullable(),
];

/// The organization whose own a role is, and the role that it is a copy of.
const JOINS: &[Join] = &[
    Join("t", "LEFT JOIN roles t ON t.id = r.template_id"),
    Join("c", "LEFT JOIN customers c ON c.id = r.customer_id"),
];

/// What a role belongs to; and the organization whose owners look after it, which is not so for a copy that staff made.
const PLACES: &[PlaceColumn] = &[
    PlaceColumn("itself", "role", "r.id"),
    PlaceColumn("customer", "customer", "r.customer_id"),
    PlaceColumn("maker", "customer", "CASE WHEN r.made_by_owner THEN r.customer_id END"),
];

fn visible(actor: &Actor, clause: &mut Clause) {
    let sql = "r.id IN (SELECT every.id FROM roles every WHERE every.customer_id IS NULL \
               UNION SELECT own.id FROM roles own WHERE own.customer_id = ANY($))";
    clause.push(sql, [Val::from(actor.owners())]);
}

#[rustfmt::skip]
const DESCRIPTIONS: &[Column] = &[
    Column::new("description", Text, "{label:r.description}", "What people call it."),
    Column::new("description_en", Text, "r.description_en", "The description in English.").nullable(),
    Column::new("description_et", Text, "r.description_et", "The description in Estonian.").nullable(),
    Column::new("description_lt", Text, "r.description_lt", "The description in Lithuanian.").nullable(),
    Column::new("description_lv", Text, "r.description_lv", "The description in Latvian.").nullable(),
    Column::new("description_ru", Text, "r.description_ru", "The description in Russian.").nullable(),
    Column::new("description_it", Text, "r.description_it", "The description in Italian.").nullable(),
    Column::new("description_de", Text, "r.description_de", "The description in German.").nullable(),
    Column::new("description_da", Text, "r.description_da", "The description in Danish.").nullable(),
    Column::new("description_sv", Text, "r.description_sv", "The description in Swedish.").nullable(),
    Column::new("description_es", Text, "r.description_es", "The description in Spanish.").nullable(),
    Column::new("description_fr", Text, "r.description_fr", "The description in French.").nullable(),
    Column::new("description_nb", Text, "r.description_nb", "The description in Norwegian.").nullable(),
    Column::new("description_ar", Text, "r.description_ar", "The description in Arabic.").nullable(),
    Column::new("description_cs", Text, "r.description_cs", "The description in Czech.").nullable(),
    Column::new("description_bg", Text, "r.description_bg", "The description in Bulgarian.").nullable(),
    Column::new("description_el", Text, "r.description_el", "The description in Greek.").nullable(),
    Column::new("description_km", Text, "r.description_km", "The description in Khmer.").nullable(),
    Column::new("description_hr", Text, "r.description_hr", "The description in Croatian.").nullable(),
    Column::new("description_mk", Text, "r.description_mk", "The description in Macedonian.").nullable(),
    Column::new("description_sq", Text, "r.description_sq", "The description in Albanian.").nullable(),
];

/// Every role.
pub static ROLES: View = View {
    name: "roles",
    thing: "role",
    about: "Roles: what each carries, and on what it is granted.",
    from: "roles r",
    joins: JOINS,
    key: "r.id",
    lookup: "r.uuid",
    always: "r.deleted_at IS NULL",
    needs: Needs::Nothing,
    visible,
    columns: COLUMNS,
    filters: &[
        Filter::new("name", Test::Contains(&["r.name"]), "Part of the name, any case."),
        Filter::new("description", Test::Contains(&["r.description"]), "Part of the description, any case."),
        Filter::new("query", Test::Contains(&["r.name", "r.description"]), "Part of name or description, any case."),
        Filter::new("is_active", Test::Bool("r.is_active"), "Whether it can be granted."),
        Filter::new("is_system_role", Test::Bool("r.is_system"), "Whether it ships."),
        Filter::new("content_type", Test::By(of_scopes), "Kinds of scope, separated by commas."),
        Filter::new(
            "available_for_customer",
            Test::UuidIf("include_concealed", available),
            "Those that can be given in an organization or its projects; of one's own organizations.",
        ),
        Filter::new(
            "include_concealed",
            Test::Flag("", ""),
            "With available_for_customer: also those that are hidden there.",
        ),
    ],
    orders: &[
        Order::new("name", "r.name"),
        Order::new("scope", "r.scope"),
        Order::new("origin", "r.is_system"),
        Order::new("users_count", "(SELECT count(*) FROM grants o WHERE o.role_id = r.id AND o.revoked_at IS NULL)"),
        Order::new("is_active", "r.is_active"),
    ],
    default_order: "r.name",
    places: PLACES,
    state: None,
    label: "r.name",
    owner: None,
};

/// The texts of a role only.
pub static ROLE_DESCRIPTIONS: View = View {
    name: "role_descriptions",
    thing: "role",
    about: "What a role is called, by language.",
    from: "roles r",
    joins: JOINS,
    key: "r.id",
    lookup: "r.uuid",
    always: "r.deleted_at IS NULL",
    needs: Needs::Nothing,
    visible,
    columns: DESCRIPTIONS,
    filters: &[],
    orders: &[],
    default_order: "r.name",
    places: PLACES,
    state: None,
    label: "r.name",
    owner: None,
};

fn of_scopes(clause: &mut Clause, _: &stoa_kernel::access::Actor, values: &[String]) -> stoa_kernel::Result<()> {
    let wanted = values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty());
    let wanted: Vec<String> = wanted.map(ToOwned::to_owned).collect();
    if !wanted.is_empty() {
        clause.push("r.scope = ANY($)", [wanted.into()]);
    }
    Ok(())
}

/// Roles that can be given in an organization of the caller's, or in a project of it. An organization of which he knows nothing has
/// none, like one that is not there.
fn available(clause: &mut Clause, actor: &Actor, uuids: Vec<id::Uuid>, concealed: bool) {
    let (mine, keys) = match actor.sees_all() {
        true => ("", None),
        false => (" AND c.id = ANY($)", Some(Val::from(actor.within_bounds().owners()))),
    };
    let here = format!("(SELECT c.id FROM customers c WHERE c.uuid = ANY($){mine})");
    let named = "SELECT a.role_id FROM role_availabilities a";
    let mut sql = format!(
        "r.id IN (SELECT o.id FROM roles o JOIN customers z ON o.customer_id IS NULL WHERE z.id IN {here} \
         UNION SELECT o.id FROM roles o WHERE o.customer_id IN {here}) \
         AND (r.id NOT IN ({named}) OR r.id IN ({named} WHERE a.scope = 'customer' AND a.scope_id IN {here} \
         UNION {named} JOIN projects p ON p.id = a.scope_id WHERE a.scope = 'project' AND p.customer_id IN {here}))"
    );
    if !concealed {
        sql.push_str(&format!(
            " AND r.id NOT IN (SELECT k.role_id FROM role_concealments k WHERE k.customer_id IN {here})"
        ));
    }
    let times = sql.matches(&here).count();
    let values = (0..times).flat_map(|_| [Some(Val::from(uuids.clone())), keys.clone()]).flatten();
    clause.push(&sql, values);
}
