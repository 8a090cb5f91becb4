//! What is seen of categories: everybody, signed in or not, sees all of them.

use crate::offering::State;
use stoa_kernel::{
    Error, Result,
    access::{Actor, Needs},
    field::Kind::{Bool, File, Int, Json, Link, Rows, Text, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View, like},
};

const SECTION: &[Column] = &[
    Column::new("key", Text, "h.key", "Its key."),
    Column::new("title", Text, "h.title", "Title."),
    Column::new("attributes", Json, "h.attributes", "The attributes that its offerings have."),
    Column::new("is_standalone", Bool, "h.is_standalone", "Whether it is shown apart."),
];
const COLUMN: &[Column] = &[
    Column::new("uuid", Uuid, "h.uuid", "Identifier."),
    Column::new("index", Int, "h.position", "Its place among the columns."),
    Column::new("title", Text, "h.title", "Title."),
    Column::new("attribute", Text, "h.attribute", "The attribute that it shows."),
    Column::new("widget", Text, "h.widget", "How it is shown.").nullable(),
];
const COMPONENT: &[Column] = &[
    Column::new("type", Text, "h.type", "Its key."),
    Column::new("name", Text, "h.name", "Name."),
    Column::new("description", Text, "h.description", "Description."),
    Column::new("measured_unit", Text, "h.measured_unit", "What one of it is."),
];
const ARTICLE: &[Column] =
    &[Column::new("title", Text, "h.title", "Title."), Column::new("url", Text, "h.url", "Address.")];

const COLUMNS: &[Column] = &[
    Column::new("url", Link("category"), "t.uuid", "Address of the category."),
    Column::new("uuid", Uuid, "t.uuid", "Identifier."),
    Column::new("title", Text, "t.title", "Title."),
    Column::new("description", Text, "t.description", "Description."),
    Column::new(
        "icon",
        File,
        concat!("(SELECT ", stoa_tenancy::file_url!("x"), " FROM files x WHERE x.id = t.icon_id)"),
        "A small picture.",
    )
    .nullable(),
    Column::new("default_vm_category", Bool, "t.default_vm_category", "Whether virtual machines belong to it."),
    Column::new("default_volume_category", Bool, "t.default_volume_category", "Whether volumes belong to it."),
    Column::new("default_tenant_category", Bool, "t.default_tenant_category", "Whether private clouds belong to it."),
    Column::new(
        "offering_count",
        Int,
        "(SELECT count(*) FROM offerings f WHERE f.category_id = t.id AND f.state = 'Active')",
        "Number of its active offerings.",
    ),
    Column::new(
        "available_offerings_count",
        Int,
        "(SELECT count(*) FROM offerings f WHERE f.category_id = t.id AND f.state = 'Active' AND (f.shared OR {staff} \
         OR f.customer_id IN (SELECT w.customer_id FROM grants w WHERE w.user_id = {holder} AND w.revoked_at IS NULL)))",
        "Number of its active offerings that one sees.",
    ),
    Column::new(
        "sections",
        Rows("NestedSection", SECTION),
        "(SELECT JSON_ROWS({row} ORDER BY h.key) FROM category_sections h WHERE h.category_id = t.id)",
        "Sections of attributes.",
    ),
    Column::new(
        "columns",
        Rows("NestedColumn", COLUMN),
        "(SELECT JSON_ROWS({row} ORDER BY h.position, h.id) FROM category_columns h WHERE h.category_id = t.id)",
        "Columns of lists of its resources.",
    ),
    Column::new(
        "components",
        Rows("CategoryComponent", COMPONENT),
        "(SELECT JSON_ROWS({row} ORDER BY h.type) FROM category_components h WHERE h.category_id = t.id)",
        "Components that are summed over its offerings.",
    ),
    Column::new(
        "articles",
        Rows("CategoryHelpArticle", ARTICLE),
        "(SELECT JSON_ROWS({row} ORDER BY h.title, h.id) FROM category_articles h WHERE h.category_id = t.id)",
        "Articles that help.",
    ),
    Column::new("group", Link("category_group"), "up.uuid", "The group of categories.").nullable(),
];

/// Categories with offerings of an organization, in states that the older clients number.
const OF_CUSTOMER: &str = "t.id IN (SELECT f.category_id FROM offerings f JOIN customers q ON q.id = f.customer_id \
     WHERE q.uuid = ANY($))";

/// Every category.
pub static CATEGORIES: View = View {
    name: "categories",
    thing: "category",
    about: "Categories of the marketplace.",
    from: "categories t",
    joins: &[Join("up", "LEFT JOIN category_groups up ON up.id = t.group_id")],
    key: "t.id",
    lookup: "t.uuid",
    always: "",
    needs: Needs::Nothing,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: COLUMNS,
    filters: &[
        Filter::new("title", Test::Contains(&["t.title"]), "Part of the title, any case."),
        Filter::new("group_uuid", Test::Uuid("up.uuid = ANY($)"), "Identifier of the group of categories."),
        Filter::new("customer_uuid", Test::Uuid(OF_CUSTOMER), "Identifier of an organization with offerings in it."),
        Filter::new(
            "customers_offerings_state",
            Test::By(in_states),
            "It has offerings in one of these states, 1 to 5.",
        ),
        Filter::new(
            "has_shared",
            Test::Flag(
                "t.id IN (SELECT f.category_id FROM offerings f WHERE f.shared AND f.state = 'Active')",
                "t.id NOT IN (SELECT f.category_id FROM offerings f WHERE f.shared AND f.state = 'Active')",
            ),
            "Whether it has shared offerings that take orders.",
        ),
        Filter::new("offering_name", Test::By(with_offering), "Part of the name of one of its published offerings."),
        Filter::new(
            "resource_customer_uuid",
            Test::Uuid(
                "t.id IN (SELECT f.category_id FROM resources r JOIN offerings f ON f.id = r.offering_id \
                 JOIN customers q ON q.id = r.customer_id WHERE r.state <> 'Terminated' AND q.uuid = ANY($))",
            ),
            "Identifier of an organization that has resources in it.",
        ),
        Filter::new(
            "resource_project_uuid",
            Test::Uuid(
                "t.id IN (SELECT f.category_id FROM resources r JOIN offerings f ON f.id = r.offering_id \
                 JOIN projects q ON q.id = r.project_id WHERE r.state <> 'Terminated' AND q.uuid = ANY($))",
            ),
            "Identifier of a project that has resources in it.",
        ),
    ],
    orders: &[Order::new("title", "t.title")],
    default_order: "t.title",
    places: &[PlaceColumn("itself", "category", "t.id")],
    state: None,
    label: "t.title",
    owner: None,
};

/// The order in which the wire numbers the states.
const NUMBERED: [State; 5] = [State::Draft, State::Active, State::Paused, State::Archived, State::Unavailable];

fn in_states(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let mut states = Vec::new();
    for value in values.iter().filter(|value| !value.is_empty()) {
        let number = value.parse::<usize>().ok().and_then(|n| NUMBERED.get(n.checked_sub(1)?));
        let state = number.copied().or_else(|| State::parse(value)).ok_or_else(|| {
            let shown: String = value.chars().take(100).collect();
            let message = format!("Select a valid choice. {shown} is not one of the available choices.");
            Error::field("customers_offerings_state", message)
        })?;
        states.push(state.text().to_owned());
    }
    if !states.is_empty() {
        clause.push("t.id IN (SELECT f.category_id FROM offerings f WHERE f.state = ANY($))", [states.into()]);
    }
    Ok(())
}

fn with_offering(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    if let Some(part) = values.last().filter(|part| !part.is_empty()) {
        clause.push(
            "t.id IN (SELECT f.category_id FROM offerings f WHERE f.shared AND f.state IN ('Active', 'Paused') \
             AND FOLD(f.name) LIKE $ ESCAPE '\\')",
            [like(part)],
        );
    }
    Ok(())
}

/// Groups of categories; links to them are looked up here.
pub static CATEGORY_GROUPS: View = View {
    name: "category_groups",
    thing: "category_group",
    about: "Groups of categories.",
    from: "category_groups h",
    joins: &[],
    key: "h.id",
    lookup: "h.uuid",
    always: "",
    needs: Needs::Nothing,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: &[
        Column::new("url", Link("category_group"), "h.uuid", "Address of the group."),
        Column::new("uuid", Uuid, "h.uuid", "Identifier."),
        Column::new("title", Text, "h.title", "Title."),
        Column::new("description", Text, "h.description", "Description."),
        Column::new(
            "icon",
            File,
            concat!("(SELECT ", stoa_tenancy::file_url!("x"), " FROM files x WHERE x.id = h.icon_id)"),
            "A small picture.",
        )
        .nullable(),
    ],
    filters: &[Filter::new("title", Test::Contains(&["h.title"]), "Part of the title, any case.")],
    orders: &[Order::new("title", "h.title")],
    default_order: "h.title",
    places: &[PlaceColumn("itself", "category_group", "h.id")],
    state: None,
    label: "h.title",
    owner: None,
};
