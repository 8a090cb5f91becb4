//! By what lists of offerings can be narrowed.

use super::State;
use stoa_kernel::{
    Error, Result,
    access::Actor,
    id,
    view::{Clause, Filter, Test, like},
};

/// The beginning of a condition on a column of the offering's tags.
macro_rules! tagged {
    ($column:literal) => {
        concat!(
            "o.id IN (SELECT ot.offering_id FROM offering_tags ot JOIN tags t ON t.id = ot.tag_id WHERE ",
            $column,
            " = "
        )
    };
}

/// The filters of every view of offerings.
pub const FILTERS: &[Filter] = &[
    Filter::new("name", Test::Contains(&["o.name"]), "Part of the name, any case."),
    Filter::new("name_exact", Test::Equals("o.name"), "The name."),
    Filter::new("description", Test::Contains(&["o.description"]), "Part of the description, any case."),
    Filter::new("slug", Test::Equals("o.slug"), "The short name."),
    Filter::new("keyword", Test::Contains(WORDS), "Part of the name, a description or the provider's name."),
    Filter::new("query", Test::Contains(WORDS), "Part of the name, a description or the provider's name."),
    Filter::new("attributes", Test::By(attributes), "Attributes as a JSON object; all must be as given."),
    Filter::new("customer", Test::Link("customer", "customer.uuid = ANY($)"), "The organization that provides it."),
    Filter::new("customer_uuid", Test::Uuid("customer.uuid = ANY($)"), "Identifier of that organization."),
    Filter::new("allowed_customer_uuid", Test::By(allowed), "Identifier of an organization that may order it."),
    Filter::new(
        "service_manager_uuid",
        Test::Uuid(
            "o.id IN (SELECT w.scope_id FROM grants w JOIN users u ON u.id = w.user_id \
             WHERE w.scope = 'offering' AND w.revoked_at IS NULL AND u.uuid = ANY($))",
        ),
        "Identifier of somebody who manages it.",
    ),
    Filter::new("project_uuid", Test::Uuid("project.uuid = ANY($)"), "Identifier of the only project that may use it."),
    Filter::new("category_uuid", Test::Uuid("category.uuid = ANY($)"), "Identifier of the category."),
    Filter::new(
        "category_group_uuid",
        Test::Uuid("category.group_id IN (SELECT id FROM category_groups WHERE uuid = ANY($))"),
        "Identifier of the category's group.",
    ),
    Filter::new(
        "organization_group_uuid",
        Test::Uuid(
            "o.id IN (SELECT og.offering_id FROM offering_groups og JOIN organization_groups g ON g.id = og.group_id \
             WHERE g.uuid = ANY($))",
        ),
        "Identifier of a group of organizations that may order it.",
    ),
    Filter::new("parent_uuid", Test::Uuid("parent.uuid = ANY($)"), "Identifier of the parent."),
    Filter::new("scope_uuid", Test::UuidLoose("settings.uuid = ANY($)"), "Identifier of the settings of its service."),
    Filter::new("state", Test::AnyOf("o.state", State::TEXTS), "One or more states."),
    Filter::new("type", Test::AnyText("o.type"), "One or more kinds of provisioning."),
    Filter::new("shared", Test::Bool("o.shared"), "Whether other organizations may use it."),
    Filter::new("billable", Test::Bool("o.billable"), "Whether use of it is invoiced."),
    Filter::new(
        "resource_customer_uuid",
        Test::Uuid(
            "o.id IN (SELECT r.offering_id FROM resources r JOIN customers q ON q.id = r.customer_id \
             WHERE q.uuid = ANY($))",
        ),
        "Identifier of an organization that has resources of it.",
    ),
    Filter::new(
        "resource_project_uuid",
        Test::Uuid(
            "o.id IN (SELECT r.offering_id FROM resources r JOIN projects q ON q.id = r.project_id \
             WHERE q.uuid = ANY($))",
        ),
        "Identifier of a project that has resources of it.",
    ),
    Filter::new(
        "can_create_offering_user",
        Test::Flag(
            "o.plugin_options LIKE '%\"service_provider_can_create_offering_user\":true%'",
            "o.plugin_options NOT LIKE '%\"service_provider_can_create_offering_user\":true%'",
        ),
        "Whether its provider makes accounts for users.",
    ),
    // Calls, terms, consents, accounts at offerings and imports come with their capabilities: until then no offering has any.
    Filter::new("accessible_via_calls", Test::Flag("FALSE", ""), "Whether calls hand it out."),
    Filter::new("has_terms_of_service", Test::Flag("FALSE", ""), "Whether it has terms."),
    Filter::new("has_active_terms_of_service", Test::Flag("FALSE", ""), "Whether its terms are in force."),
    Filter::new("user_has_consent", Test::Flag("FALSE", ""), "Whether one agreed to its terms."),
    Filter::new("user_has_offering_user", Test::Flag("FALSE", ""), "Whether one has an account at it."),
    Filter::new("importable", Test::Flag("FALSE", ""), "Whether resources can be imported."),
    Filter::new(
        "tag",
        Test::Uuid(
            "o.id IN (SELECT ot.offering_id FROM offering_tags ot JOIN tags t ON t.id = ot.tag_id WHERE t.uuid = ANY($))",
        ),
        "Identifier of one of its tags.",
    ),
    Filter::new(
        "tag_name",
        Test::By(|clause, _, values| {
            clause.push(concat!(tagged!("t.name"), "ANY($))"), [values.to_vec().into()]);
            Ok(())
        }),
        "Name of one of its tags.",
    ),
    Filter::new("tags_and", Test::By(all_tags), "Identifiers of tags, separated by commas; it has all of them."),
    Filter::new("tag_names_and", Test::By(all_names), "Names of tags, separated by commas; it has all of them."),
    Filter::new("uuid_list", Test::By(uuid_list), "Identifiers, separated by commas."),
    Filter::new("created", Test::From("o.created"), "Made at or after this instant."),
    Filter::new("created_before", Test::Until("o.created"), "Made before this instant."),
    Filter::new("modified", Test::From("o.modified"), "Changed at or after this instant."),
    Filter::new("modified_before", Test::Until("o.modified"), "Changed before this instant."),
];

const WORDS: &[&str] = &["o.name", "o.slug", "o.description", "o.full_description", "customer.name", "category.title"];

/// What a list of identifiers or names in one parameter can hold.
const LIST_MAX: usize = 300;

fn words<'v>(name: &str, values: &'v [String]) -> Result<Vec<&'v str>> {
    let last = values.last().map_or("", String::as_str);
    let words: Vec<&str> = last.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    if words.len() > LIST_MAX {
        return Err(Error::field(name, format!("At most {LIST_MAX} values.")));
    }
    Ok(words)
}

fn allowed(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let Some(value) = values.last().filter(|value| !value.is_empty()) else { return Ok(()) };
    let uuid = id::parse(value).ok_or_else(|| Error::field("allowed_customer_uuid", "Enter a valid UUID."))?;
    clause.push(
        "(o.shared AND (o.id NOT IN (SELECT offering_id FROM offering_groups) OR o.id IN (SELECT og.offering_id \
         FROM offering_groups og JOIN customer_groups m ON m.group_id = og.group_id JOIN customers q \
         ON q.id = m.customer_id WHERE q.uuid = $)) OR o.customer_id IN (SELECT id FROM customers WHERE uuid = $))",
        [uuid.into(), uuid.into()],
    );
    Ok(())
}

/// Attributes are stored as compact JSON, so a pair of key and plain value can be found in the text; of a list, any value.
fn attributes(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let Some(value) = values.last().filter(|value| !value.is_empty()) else { return Ok(()) };
    let wanted: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(value).map_err(|_| Error::field("attributes", "Enter a JSON object."))?;
    for (at, (key, value)) in wanted.iter().enumerate() {
        clause.text.push_str(if at > 0 { " AND (" } else { "(" });
        let choices = match value {
            serde_json::Value::Array(choices) => choices.as_slice(),
            one => std::slice::from_ref(one),
        };
        if choices.is_empty() {
            clause.text.push_str("FALSE");
        }
        for (at, choice) in choices.iter().take(LIST_MAX).enumerate() {
            clause.text.push_str(if at > 0 { " OR " } else { "" });
            let pair = format!("{}:{choice}", serde_json::Value::from(key.as_str()));
            clause.push("FOLD(o.attributes) LIKE $ ESCAPE '\\'", [like(&pair)]);
        }
        clause.text.push(')');
    }
    Ok(())
}

fn all_tags(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    for (at, word) in words("tags_and", values)?.into_iter().enumerate() {
        let uuid = id::parse(word).ok_or_else(|| Error::field("tags_and", "Enter a valid UUID."))?;
        clause.text.push_str(if at > 0 { " AND " } else { "" });
        clause.push(concat!(tagged!("t.uuid"), "$)"), [uuid.into()]);
    }
    Ok(())
}

fn all_names(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    for (at, word) in words("tag_names_and", values)?.into_iter().enumerate() {
        clause.text.push_str(if at > 0 { " AND " } else { "" });
        clause.push(concat!(tagged!("t.name"), "$)"), [word.into()]);
    }
    Ok(())
}

fn uuid_list(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let words = words("uuid_list", values)?;
    if words.is_empty() {
        return Ok(());
    }
    let uuids: Option<Vec<_>> = words.into_iter().map(id::parse).collect();
    let uuids = uuids.ok_or_else(|| Error::field("uuid_list", "Enter a valid UUID."))?;
    clause.push("o.uuid = ANY($)", [uuids.into()]);
    Ok(())
}
