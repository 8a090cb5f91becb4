//! The team actions of organizations and projects; other areas make those of their own kinds of scopes in the same way.

use super::{
    actions::{add_user, delete_user, update_user},
    rules::{CUSTOMER, PROJECT},
};
use crate::{customer::views::CUSTOMERS, project::views::PROJECTS};
use stoa_kernel::action::Action;

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
