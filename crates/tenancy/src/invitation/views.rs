//! What is seen of invitations: those of organizations where one may list them, those that one may manage, and those to
//! oneself.

use super::{Execution, State, rules};
use crate::{
    access::permissions::Permission::{CustomerCreatePermission, InvitationList},
    file_url,
    grant::{
        rules::{TEAMS, Team, scope_of},
        views::RESTORE,
    },
};
use stoa_kernel::{
    Result, Val,
    access::{Actor, Needs},
    field::Kind::{Choice, File, Link, Text, Time, Uuid},
    view::{Clause, Column, Filter, Join, Order, PlaceColumn, Test, View},
};

const JOINS: &[Join] = &[
    Join("r", "JOIN roles r ON r.id = i.role_id"),
    Join("c", "JOIN customers c ON c.id = i.customer_id"),
    Join("p", "LEFT JOIN projects p ON i.scope = 'project' AND p.id = i.scope_id"),
    Join("a", "JOIN users a ON a.id = i.created_by"),
    Join("image", "LEFT JOIN files image ON image.id = a.image_id"),
];

/// A column of what is said about the invited person: it exists as far as the setting INVITATION_ALLOWED_FIELDS names it.
macro_rules! allowed {
    ($name:literal) => {
        concat!(
            "CASE WHEN COALESCE((SELECT s.value FROM settings s WHERE s.key = 'INVITATION_ALLOWED_FIELDS'), ",
            r#"'["full_name", "organization", "job_title"]') LIKE '%""#,
            $name,
            r#""%' THEN i."#,
            $name,
            " END"
        )
    };
}

const SCOPE_NAME: &str = "COALESCE(p.name, CASE WHEN i.scope = 'customer' THEN c.name END, i.scope_name)";
const SCOPE_ABOUT: &str = "COALESCE(p.description, CASE WHEN i.scope = 'customer' THEN c.description END, '')";
const SCOPE_TYPE: &str = "CASE i.scope WHEN 'service_provider' THEN 'serviceprovider' \
     WHEN 'call_organizer' THEN 'callmanagingorganisation' ELSE i.scope END";

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("invitation"), "i.uuid", "Address of the invitation."),
    Column::new("uuid", Uuid, "i.uuid", "Identifier. It is not the code of the link."),
    Column::new("role", Uuid, "r.uuid", "Identifier of the role."),
    Column::new("role_name", Text, "r.name", "Name of the role."),
    Column::new("role_description", Text, "{label:r.description}", "What people call the role."),
    Column::new("scope_uuid", Uuid, "i.scope_uuid", "Identifier of what it invites to."),
    Column::new("scope_name", Text, SCOPE_NAME, "Name of what it invites to."),
    Column::new("scope_description", Text, SCOPE_ABOUT, "Description of what it invites to."),
    Column::new("scope_type", Text, SCOPE_TYPE, "Kind of what it invites to.").nullable(),
    Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of the organization."),
    Column::new("customer_name", Text, "c.name", "Name of the organization."),
    Column::new("created_by_full_name", Text, "TRIM(a.first_name || ' ' || a.last_name)", "Who invites."),
    Column::new("created_by_username", Text, "a.username", "Who invites: the name to sign in with."),
    Column::new("created_by_image", File, file_url!("image"), "The inviter's picture.").nullable(),
    Column::new("created", Time, "i.created", "When it was made, or made anew."),
    Column::new("expires", Time, "i.expires", "When it ends."),
    Column::new("email", Text, "i.email", "The invited address."),
    Column::new("full_name", Text, allowed!("full_name"), "Name of the invited person.").nullable().absent(),
    Column::new("native_name", Text, allowed!("native_name"), "Name in its own script.").nullable().absent(),
    Column::new("phone_number", Text, allowed!("phone_number"), "Telephone number.").nullable().absent(),
    Column::new("organization", Text, allowed!("organization"), "The invited person's organization.").nullable().absent(),
    Column::new("job_title", Text, allowed!("job_title"), "What the invited person does.").nullable().absent(),
    Column::new("civil_number", Text, allowed!("civil_number"), "Civil number that the accepting person must have.")
        .nullable().absent(),
    Column::new("state", Choice("InvitationStateEnum", State::TEXTS), "i.state", "Where it stands."),
    Column::new("execution_state", Choice("ExecutionStateEnum", Execution::TEXTS), "i.execution_state",
        "How far its letter has come."),
    Column::new("error_message", Text, "i.error_message", "Why its letter did not arrive."),
    Column::new("extra_invitation_text", Text, "i.extra_invitation_text", "What the inviter adds."),
];

#[rustfmt::skip]
const DETAILS: &[Column] = &[
    Column::new("scope_uuid", Uuid, "i.scope_uuid", "Identifier of what it invites to."),
    Column::new("scope_name", Text, SCOPE_NAME, "Name of what it invites to."),
    Column::new("scope_description", Text, SCOPE_ABOUT, "Description of what it invites to."),
    Column::new("scope_type", Text, SCOPE_TYPE, "Kind of what it invites to.").nullable(),
    Column::new("customer_uuid", Uuid, "c.uuid", "Identifier of the organization."),
    Column::new("customer_name", Text, "c.name", "Name of the organization."),
    Column::new("role_name", Text, "r.name", "Name of the role."),
    Column::new("role_description", Text, "{label:r.description}", "What people call the role."),
    Column::new("created_by_full_name", Text, "TRIM(a.first_name || ' ' || a.last_name)", "Who invites."),
    Column::new("created_by_username", Text, "a.username", "Who invites: the name to sign in with."),
    Column::new("created_by_image", File, file_url!("image"), "The inviter's picture.").nullable(),
    Column::new("email", Text, "i.email", "The invited address."),
    Column::new("error_message", Text, "i.error_message", "Why its letter did not arrive."),
    Column::new("execution_state", Choice("ExecutionStateEnum", Execution::TEXTS), "i.execution_state",
        "How far its letter has come."),
    Column::new("state", Choice("InvitationStateEnum", State::TEXTS), "i.state", "Where it stands."),
    Column::new("expires", Time, "i.expires", "When it ends."),
    Column::new("extra_invitation_text", Text, "i.extra_invitation_text", "What the inviter adds."),
];

#[rustfmt::skip]
const FILTERS: &[Filter] = &[
    Filter::new("state", Test::AnyOf("i.state", State::TEXTS), "Where it stands; may repeat."),
    Filter::new("email", Test::Contains(&["i.email"]), "Part of the invited address, any case."),
    Filter::new("email_exact", Test::By(by_email), "The invited address, any case."),
    Filter::new("civil_number", Test::Equals(allowed!("civil_number")), "The civil number."),
    Filter::new("role_name", Test::Equals("r.name"), "Name of the role."),
    Filter::new("role_uuid", Test::Uuid("r.uuid = ANY($)"), "Identifier of the role."),
    Filter::new("customer_uuid", Test::Uuid("c.uuid = ANY($)"), "Identifier of the organization."),
    Filter::new("scope", Test::Link("scope", "i.scope_uuid = ANY($)"), "Address of what it invites to."),
    Filter::new("scope_type", Test::By(by_scope), "Kind of what it invites to."),
    Filter::new("scope_name", Test::Contains(&[SCOPE_NAME]), "Part of the name of what it invites to, any case."),
    Filter::new("scope_description", Test::Contains(&[SCOPE_ABOUT]),
        "Part of the description of what it invites to, any case."),
];

fn by_email(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    if let Some(email) = values.last().filter(|email| !email.is_empty()) {
        clause.push("i.email_key = $", [Val::from(rules::key(email))]);
    }
    Ok(())
}

fn by_scope(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    let wanted: Vec<&String> = values.iter().filter(|value| !value.is_empty()).collect();
    if !wanted.is_empty() {
        let known: Vec<String> = wanted.iter().filter_map(|name| scope_of(name)).map(ToOwned::to_owned).collect();
        clause.push("i.scope = ANY($)", [Val::from(known)]);
    }
    Ok(())
}

#[rustfmt::skip]
const PLACES: &[PlaceColumn] = &[
    PlaceColumn("customer", "customer", "i.customer_id"),
    PlaceColumn("organization", "customer", "CASE WHEN i.scope = 'customer' THEN i.scope_id END"),
    PlaceColumn("project", "project", "CASE WHEN i.scope = 'project' THEN i.scope_id END"),
    PlaceColumn("project.customer", "customer", "CASE WHEN i.scope = 'project' THEN i.customer_id END"),
    PlaceColumn("service_provider", "service_provider", "CASE WHEN i.scope = 'service_provider' THEN i.scope_id END"),
    PlaceColumn("service_provider.customer", "customer", "CASE WHEN i.scope = 'service_provider' THEN i.customer_id END"),
    PlaceColumn("offering", "offering", "CASE WHEN i.scope = 'offering' THEN i.scope_id END"),
    PlaceColumn("offering.customer", "customer", "CASE WHEN i.scope = 'offering' THEN i.customer_id END"),
    PlaceColumn("resource", "resource", "CASE WHEN i.scope = 'resource' THEN i.scope_id END"),
    PlaceColumn("resource.customer", "customer", "CASE WHEN i.scope = 'resource' THEN i.customer_id END"),
    PlaceColumn("call", "call", "CASE WHEN i.scope = 'call' THEN i.scope_id END"),
    PlaceColumn("call.customer", "customer", "CASE WHEN i.scope IN ('call', 'call_organizer') THEN i.customer_id END"),
    PlaceColumn("proposal", "proposal", "CASE WHEN i.scope = 'proposal' THEN i.scope_id END"),
    PlaceColumn("proposal.customer", "customer", "CASE WHEN i.scope = 'proposal' THEN i.customer_id END"),
];

/// What it takes to manage an invitation: to be able to give roles of its scope there or above, or to manage the team of its
/// organization ([`crate::grant::behalf::may_invite`]).
pub const MANAGE: Needs = Needs::Any(&[RESTORE, Needs::Permission(CustomerCreatePermission.id(), &["customer"])]);

const BASE: View = View {
    name: "",
    thing: "invitation",
    about: "",
    from: "invitations i",
    joins: JOINS,
    key: "i.id",
    lookup: "i.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: listed,
    columns: COLUMNS,
    filters: FILTERS,
    orders: &[
        Order::new("email", "i.email"),
        Order::new("state", "i.state"),
        Order::new("created", "i.created"),
        Order::new("created_by", "a.username"),
    ],
    default_order: "i.created DESC",
    places: PLACES,
    state: Some("i.state"),
    label: "i.email",
    owner: None,
};

/// The invitations that one may see.
pub static INVITATIONS: View = View {
    name: "invitations",
    about: "Invitations: of organizations where one may list them, those that one may manage, and those to oneself.",
    ..BASE
};

/// The invitations that one may manage; for others they do not exist.
pub static MANAGED_INVITATIONS: View =
    View { name: "managed_invitations", about: "Invitations that one may manage.", visible: managed, ..BASE };

/// What the invited person is shown.
pub static INVITATION_DETAILS: View = View {
    name: "invitation_details",
    about: "What is said of an invitation before it is accepted.",
    visible: shown,
    columns: DETAILS,
    filters: &[],
    orders: &[],
    ..BASE
};

type Part = (&'static str, Vec<i64>);

/// Those at scopes, or in organizations, where one may give roles.
fn manageable(actor: &Actor) -> Vec<Part> {
    let everywhere = actor.may_at("customer", CustomerCreatePermission.id());
    let mut parts = vec![("SELECT id FROM invitations WHERE customer_id = ANY($)", everywhere)];
    for team in TEAMS {
        parts.push((at_scope(team), actor.may_at(team.scope, team.create.id())));
        if team.scope != "customer" {
            parts.push((in_organization(team), actor.may_at("customer", team.create.id())));
        }
    }
    parts
}

/// Those to one's own address that can be accepted now or later.
const TO_ONESELF: &str = "SELECT x.id FROM users me JOIN invitations x ON x.email_key = FOLD(me.email) \
     WHERE me.id = ANY($) AND me.email <> '' AND x.state IN ('pending', 'project')";

fn managed(actor: &Actor, clause: &mut Clause) {
    clause.key_in("i.id", &manageable(actor));
}

fn seen(actor: &Actor) -> Vec<Part> {
    let mut parts = manageable(actor);
    let listing = actor.scopes("customer", Some(InvitationList.id()));
    parts.push(("SELECT id FROM invitations WHERE customer_id = ANY($)", listing));
    parts.push((TO_ONESELF, vec![actor.id]));
    parts
}

fn listed(actor: &Actor, clause: &mut Clause) {
    clause.key_in("i.id", &seen(actor));
}

/// Those that one sees, those to oneself that are over, those to one's civil number, and those to scopes where one has a role.
fn shown(actor: &Actor, clause: &mut Clause) {
    let mut parts = seen(actor);
    parts.push((
        "SELECT x.id FROM users me JOIN invitations x ON x.email_key = FOLD(me.email) \
         WHERE me.id = ANY($) AND me.email <> '' AND x.state IN ('expired', 'canceled')",
        vec![actor.id],
    ));
    parts.push((
        "SELECT x.id FROM users me JOIN invitations x ON x.civil_number = me.civil_number \
         WHERE me.id = ANY($) AND x.civil_number <> '' AND x.state = 'pending'",
        vec![actor.id],
    ));
    parts.extend(TEAMS.iter().map(|team| (at_scope(team), actor.scopes(team.scope, None))));
    clause.key_in("i.id", &parts);
}

fn at_scope(team: &Team) -> &'static str {
    match team.scope {
        "customer" => "SELECT id FROM invitations WHERE scope = 'customer' AND scope_id = ANY($)",
        "project" => "SELECT id FROM invitations WHERE scope = 'project' AND scope_id = ANY($)",
        "service_provider" => "SELECT id FROM invitations WHERE scope = 'service_provider' AND scope_id = ANY($)",
        "offering" => "SELECT id FROM invitations WHERE scope = 'offering' AND scope_id = ANY($)",
        "resource" => "SELECT id FROM invitations WHERE scope = 'resource' AND scope_id = ANY($)",
        "call_organizer" => "SELECT id FROM invitations WHERE scope = 'call_organizer' AND scope_id = ANY($)",
        "call" => "SELECT id FROM invitations WHERE scope = 'call' AND scope_id = ANY($)",
        _ => "SELECT id FROM invitations WHERE scope = 'proposal' AND scope_id = ANY($)",
    }
}

fn in_organization(team: &Team) -> &'static str {
    match team.scope {
        "project" => "SELECT id FROM invitations WHERE scope = 'project' AND customer_id = ANY($)",
        "service_provider" => "SELECT id FROM invitations WHERE scope = 'service_provider' AND customer_id = ANY($)",
        "offering" => "SELECT id FROM invitations WHERE scope = 'offering' AND customer_id = ANY($)",
        "resource" => "SELECT id FROM invitations WHERE scope = 'resource' AND customer_id = ANY($)",
        "call_organizer" => "SELECT id FROM invitations WHERE scope = 'call_organizer' AND customer_id = ANY($)",
        "call" => "SELECT id FROM invitations WHERE scope = 'call' AND customer_id = ANY($)",
        _ => "SELECT id FROM invitations WHERE scope = 'proposal' AND customer_id = ANY($)",
    }
}
