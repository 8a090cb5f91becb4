//! How offerings and plans show the groups to which they are open.

use stoa_kernel::{
    field::Kind::{self, Int, Link, Text, Uuid},
    view::Column,
};

/// The columns of a group, under the alias `g`.
pub const GROUP: &[Column] = &[
    Column::new("uuid", Uuid, "g.uuid", "Identifier."),
    Column::new("url", Link("organization_group"), "g.uuid", "Address of the group."),
    Column::new("name", Text, "g.name", "Name."),
    Column::new("parent_uuid", Uuid, PARENT_UUID, "Identifier of the group above.").nullable().absent(),
    Column::new(
        "parent_name",
        Text,
        "COALESCE((SELECT up.name FROM organization_groups up WHERE up.id = g.parent_id), '')",
        "Name of the group above.",
    ),
    Column::new("parent", Link("organization_group"), PARENT_UUID, "The group above.").nullable(),
    Column::new(
        "customers_count",
        Int,
        "(SELECT count(*) FROM customer_groups m WHERE m.group_id = g.id)",
        "Number of organizations in the group.",
    ),
];

const PARENT_UUID: &str = "(SELECT up.uuid FROM organization_groups up WHERE up.id = g.parent_id)";

/// The kind of a column that lists groups.
pub const GROUPS: Kind = Kind::Rows("OrganizationGroup", GROUP);
