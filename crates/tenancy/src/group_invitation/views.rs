//! What is seen of invitations for groups. Strangers see the active public ones. A list has those of organizations and
//! projects whose invitations one may list or whose team one manages, and the active public ones. One of which somebody has
//! the link he sees whatever it is: the link is the secret.

use crate::{
    access::permissions::Permission::{CustomerCreatePermission, InvitationList, ProjectCreatePermission, ProjectList},
    customer::rules::visible as customers_of,
    file_url,
    grant::rules::scope_of,
    project::views::visible as visible_projects,
};
use stoa_kernel::{
    Result, Val,
    access::{Actor, Needs},
    field::Kind::{Bool, File, Link, Text, Texts, Time, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

/// Organizations and projects as scopes of an invitation.
pub static SCOPES: View = View {
    name: "group_invitation_scopes",
    thing: "scope",
    about: "Organizations and projects to which one can invite.",
    from: "(SELECT id, uuid, name, id AS customer_id, CAST(NULL AS BIGINT) AS project_id FROM customers UNION ALL \
           SELECT id, uuid, name, customer_id, id FROM projects) s",
    joins: &[],
    key: "s.id",
    lookup: "s.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| {
        let parts = [
            ("SELECT uuid FROM customers WHERE id = ANY($)", customers_of(actor)),
            ("SELECT uuid FROM projects WHERE customer_id = ANY($)", actor.scopes("customer", Some(ProjectList.id()))),
            ("SELECT uuid FROM projects WHERE id = ANY($)", actor.scopes("project", None)),
        ];
        clause.key_in("s.uuid", &parts);
    },
    columns: &[Column::new("uuid", Uuid, "s.uuid", "Identifier."), Column::new("name", Text, "s.name", "Name.")],
    filters: &[],
    orders: &[],
    default_order: "s.name",
    places: &[
        PlaceColumn("customer", "customer", "s.customer_id"),
        PlaceColumn("project", "project", "s.project_id"),
        PlaceColumn("project.customer", "customer", "CASE WHEN s.project_id IS NOT NULL THEN s.customer_id END"),
    ],
    state: None,
    label: "s.name",
    owner: None,
};

/// What it takes to make, change, cancel and remove an invitation.
pub const MANAGE: Needs = Needs::Any(&[
    Needs::Permission(CustomerCreatePermission.id(), &["customer"]),
    Needs::Permission(ProjectCreatePermission.id(), &["project", "project.customer"]),
]);

const JOINS: &[Join] = &[
    Join("c", "JOIN customers c ON c.id = i.customer_id"),
    Join("p", "LEFT JOIN projects p ON i.scope = 'project' AND p.id = i.scope_id"),
    Join("r", "JOIN roles r ON r.id = i.role_id"),
    Join("pr", "LEFT JOIN roles pr ON pr.id = i.project_role_id"),
    Join("author", "LEFT JOIN users author ON author.id = i.created_by"),
    Join("face", "LEFT JOIN files face ON face.id = author.image_id"),
    Join(
        "image",
        "LEFT JOIN files image ON image.id = CASE WHEN i.scope = 'project' THEN p.image_id ELSE c.image_id END",
    ),
];

/// What is known of the author: on public invitations only by those who manage the scope, which is an organization there.
macro_rules! author {
    ($sql:expr) => {
        concat!(
            "CASE WHEN NOT i.is_public OR {staff} OR i.customer_id IN (SELECT g.scope_id FROM grants g \
             JOIN roles held ON held.id = g.role_id WHERE g.user_id = {actor} AND g.scope = 'customer' \
             AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > {now}) AND held.is_active \
             AND held.permissions LIKE '%\"CUSTOMER.CREATE_PERMISSION\"%') THEN ",
            $sql,
            " END"
        )
    };
}

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("group_invitation"), "i.uuid", "Address of the invitation."),
    Column::new("uuid", Uuid, "i.uuid", "Identifier."),
    Column::new("created", Time, "i.created", "When it was made."),
    Column::new("scope", Link("customer"), "i.scope || ':' || HEXID(i.scope_uuid)", "What it invites to."),
    Column::new("scope_uuid", Uuid, "i.scope_uuid", "Identifier of what it invites to."),
    Column::new("scope_name", Text, "CASE WHEN i.scope = 'project' THEN p.name ELSE c.name END",
        "Name of what it invites to."),
    Column::new("scope_description", Text, "CASE WHEN i.scope = 'project' THEN p.description ELSE c.description END",
        "Description of what it invites to."),
    Column::new("scope_type", Text, "i.scope", "Kind of what it invites to.").nullable(),
    Column::new("scope_image", File, file_url!("image"), "Picture of what it invites to.").nullable(),
    Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of the organization."),
    Column::new("customer_name", Text, "c.name", "Name of the organization."),
    Column::new("role", Uuid, "r.uuid", "Identifier of the role."),
    Column::new("role_name", Text, "r.name", "Name of the role."),
    Column::new("role_description", Text, "{label:r.description}", "What the role is called."),
    Column::new("created_by_full_name", Text, author!("TRIM(author.first_name || ' ' || author.last_name)"),
        "Who made it.").nullable(),
    Column::new("created_by_username", Text, author!("author.username"), "Who made it.").nullable(),
    Column::new("created_by_image", File, author!(file_url!("face")), "Picture of who made it.").nullable(),
    Column::new("is_active", Bool, "i.is_active", "Whether it can be answered."),
    Column::new("is_public", Bool, "i.is_public", "Whether strangers see it."),
    Column::new("auto_create_project", Bool, "i.auto_create_project",
        "Whether a project is made, and the role given there."),
    Column::new("auto_approve", Bool, "i.auto_approve", "Whether answers are approved at once."),
    Column::new("project_name_template", Text, "i.project_name_template",
        "Name of the project that is made, with {username}, {email} and {full_name}.").nullable(),
    Column::new("project_role", Uuid, "pr.uuid", "The role in the project that is made.").nullable(),
    Column::new("user_affiliations", Texts, "i.user_affiliations", "Affiliations that may answer."),
    Column::new("user_email_patterns", Texts, "i.user_email_patterns", "Patterns of addresses that may answer."),
    Column::new("user_identity_sources", Texts, "i.user_identity_sources", "Identity providers whose people may answer."),
    Column::new("custom_text", Text, "i.custom_text", "What is said about it."),
    Column::new("allow_multiple_requests", Bool, "i.allow_multiple_requests", "Whether one may answer more than once."),
    Column::new("allow_custom_project_details", Bool, "i.allow_custom_project_details",
        "Whether one may say what the project is called."),
];

#[rustfmt::skip]
const FILTERS: &[Filter] = &[
    Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization."),
    Filter::new("is_active", Test::Bool("i.is_active"), "Whether it can be answered."),
    Filter::new("is_public", Test::Bool("i.is_public"), "Whether strangers see it."),
    Filter::new("role_name", Test::Equals("r.name"), "Name of the role."),
    Filter::new("role_uuid", Test::Uuid("r.uuid = ANY($)"), "Identifier of the role."),
    Filter::new("scope", Test::Link("scope", "i.scope_uuid = ANY($)"), "Address of what it invites to."),
    Filter::new("scope_type", Test::By(by_scope), "Kind of what it invites to."),
];

const BASE: View = View {
    name: "group_invitations",
    thing: "group_invitation",
    about: "Invitations for whoever has the link.",
    from: "group_invitations i",
    joins: JOINS,
    key: "i.id",
    lookup: "i.uuid",
    always: "",
    needs: Needs::Nothing,
    visible: listed,
    columns: COLUMNS,
    filters: FILTERS,
    orders: &[Order::new("created", "i.created")],
    default_order: "i.created DESC",
    places: &[
        PlaceColumn("customer", "customer", "i.customer_id"),
        PlaceColumn("project", "project", "CASE WHEN i.scope = 'project' THEN i.scope_id END"),
        PlaceColumn("project.customer", "customer", "CASE WHEN i.scope = 'project' THEN i.customer_id END"),
    ],
    state: None,
    label: "r.name",
    owner: Some("i.created_by"),
};

/// The list.
pub static GROUP_INVITATIONS: View = BASE;

/// One of which somebody has the link.
pub static BY_LINK: View = View {
    name: "group_invitations_by_link",
    about: "An invitation of which one has the link; strangers see public ones only.",
    visible: |actor, clause| {
        clause.text.push_str(if actor.signed_in() { "TRUE" } else { "i.is_public AND i.is_active" });
    },
    ..BASE
};

/// Those that one manages.
pub static MANAGED: View = View {
    name: "managed_group_invitations",
    about: "Invitations for groups that one may change.",
    needs: Needs::SignedIn,
    visible: |actor, clause| clause.key_in("i.id", &managed(actor)),
    ..BASE
};

/// Those to organizations.
pub static OF_ORGANIZATIONS: View = View {
    name: "group_invitations_of_organizations",
    about: "An invitation to an organization, of which one has the link.",
    from: "(SELECT * FROM group_invitations WHERE scope = 'customer') i",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.text.push_str("TRUE"),
    ..BASE
};

/// The projects of an invitation's organization, as far as one sees them. Surfaces narrow it with [`WITHIN`].
pub static PROJECTS_OF: View = View {
    name: "group_invitation_projects",
    thing: "project",
    about: "Projects of the organization to which an invitation invites, as far as one sees them.",
    from: "projects p",
    joins: &[],
    key: "p.id",
    lookup: "p.uuid",
    always: "NOT p.is_removed",
    needs: Needs::SignedIn,
    visible: visible_projects,
    columns: &[
        Column::new("uuid", Uuid, "p.uuid", "Identifier."),
        Column::new("url", Link("project"), "p.uuid", "Address of the project."),
    ],
    filters: &[],
    orders: &[],
    default_order: "p.name",
    places: &[],
    state: None,
    label: "p.name",
    owner: None,
};

/// The condition that ties [`PROJECTS_OF`] to an invitation.
pub const WITHIN: &str = "p.customer_id IN (SELECT customer_id FROM group_invitations WHERE id = $)";

const OF_CUSTOMERS: &str = "SELECT id FROM group_invitations WHERE customer_id = ANY($)";
const OF_PROJECTS: &str = "SELECT id FROM group_invitations WHERE scope = 'project' AND scope_id = ANY($)";
const TO_PROJECTS_OF: &str = "SELECT id FROM group_invitations WHERE scope = 'project' AND customer_id = ANY($)";

/// Keys of what an actor manages, by selection.
pub fn managed(actor: &Actor) -> [(&'static str, Vec<i64>); 3] {
    [
        (OF_CUSTOMERS, actor.may_at("customer", CustomerCreatePermission.id())),
        (TO_PROJECTS_OF, actor.may_at("customer", ProjectCreatePermission.id())),
        (OF_PROJECTS, actor.may_at("project", ProjectCreatePermission.id())),
    ]
}

/// Keys of what an actor manages or may list, by selection.
pub fn known(actor: &Actor) -> Vec<(&'static str, Vec<i64>)> {
    let mut parts = managed(actor).to_vec();
    parts.push((OF_CUSTOMERS, actor.scopes("customer", Some(InvitationList.id()))));
    parts.push((OF_PROJECTS, actor.scopes("project", Some(InvitationList.id()))));
    parts
}

fn listed(actor: &Actor, clause: &mut Clause) {
    if !actor.signed_in() {
        clause.text.push_str("i.is_public AND i.is_active");
        return;
    }
    let mut parts = known(actor);
    // No row has the key 0: this part has all public ones, whatever the actor holds.
    parts.push(("SELECT id FROM group_invitations WHERE is_public AND is_active AND id <> ALL($)", vec![0]));
    clause.key_in("i.id", &parts);
}

fn by_scope(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let known: Vec<String> = values.iter().filter_map(|name| scope_of(name)).map(ToOwned::to_owned).collect();
    if !known.is_empty() {
        clause.push("i.scope = ANY($)", [Val::from(known)]);
    }
    Ok(())
}
