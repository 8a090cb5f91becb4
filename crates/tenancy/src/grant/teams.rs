//! The team actions of organizations and projects; other areas make those of their own kinds of scopes in the same way.

use super::{
    actions::{add_user, delete_user, update_user},
    rules::{CUSTOMER, PROJECT},
};
use stoa_kernel::{
    access::{Actor, Needs},
    action::Action,
    view::{Clause, PlaceColumn, View},
};

/// Gives somebody a role on an organization.
pub static CUSTOMER_ADD_USER: Action = add_user("customer.add_user", &CUSTOMERS, &CUSTOMER);
/// Changes until when somebody has a role on an organization.
pub static CUSTOMER_UPDATE_USER: Action = update_user("customer.update_user", &CUSTOMERS, &CUSTOMER);
/// Takes a role on an organization away.
pub static CUSTOMER_DELETE_USER: Action = delete_user("customer.delete_user", &CUSTOMERS, &CUSTOMER);

/// Gives somebody a role on a project.
pub static PROJECT_ADD_USER: Action = add_user("project.add_user", &PROJECTS, &PROJECT);
/// Changes until when somebody has a role on a project.
pub static PROJECT_UPDATE_USER: Action = update_user("project.update_user", &PROJECTS, &PROJECT);
/// Takes a role on a project away.
pub static PROJECT_DELETE_USER: Action = delete_user("project.delete_user", &PROJECTS, &PROJECT);

/// Organizations as scopes: what a team needs of them, and nothing to show.
pub static CUSTOMERS: View = View {
    name: "customer_scopes",
    thing: "customer",
    about: "Organizations as scopes of roles.",
    from: "customers c",
    joins: &[],
    key: "c.id",
    lookup: "c.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |actor, clause| clause.push("c.id = ANY($)", [actor.owners().into()]),
    columns: &[],
    filters: &[],
    orders: &[],
    default_order: "c.name",
    places: &[PlaceColumn("itself", "customer", "c.id")],
    state: None,
    label: "c.name",
    owner: None,
};

/// Projects as scopes.
pub static PROJECTS: View = View {
    name: "project_scopes",
    thing: "project",
    about: "Projects as scopes of roles.",
    from: "projects p",
    joins: &[],
    key: "p.id",
    lookup: "p.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: visible_projects,
    columns: &[],
    filters: &[],
    orders: &[],
    default_order: "p.name",
    places: &[PlaceColumn("itself", "project", "p.id"), PlaceColumn("customer", "customer", "p.customer_id")],
    state: None,
    label: "p.name",
    owner: None,
};

fn visible_projects(actor: &Actor, clause: &mut Clause) {
    let listing = Some(crate::access::permissions::Permission::ProjectList.id());
    clause.key_in(
        "p.id",
        &[
            ("SELECT id FROM projects WHERE customer_id = ANY($)", actor.scopes("customer", listing)),
            ("SELECT id FROM projects WHERE id = ANY($)", actor.scopes("project", listing)),
        ],
    );
}
