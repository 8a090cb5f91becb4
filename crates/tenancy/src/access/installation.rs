//! What an installation type makes of the shipped roles (mission T1, T2; reference/installation-matrices.md, sections 5
//! to 9). Values only.
//!
//! A type sets what roles are called and whether members of projects exist. The cells of the matrices that the published
//! roles do not meet are the same in every type, and are the only permissions that this table touches:
//!
//! - administrators approve the creation of orders, also of public offerings, once a type was chosen; an installation where
//!   nobody chose has the published set: only private ones;
//! - managers of projects approve it where the installation says so (the cell marked "configurable");
//! - support of an organization reads all of its projects and resources (mission O3);
//! - members of projects see and use, but do not order: "request and manage resources" is not theirs in any type.

use super::{
    permissions::{
        Permission::{self, OrderApprove, OrderCreate, OrderReject, ProjectList, ResourceList},
        PermissionSet,
    },
    roles::{Installation, Shipped},
};

/// The choices of an installation that decide what its roles carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Choices {
    /// The type.
    pub installation: Installation,
    /// Whether managers of projects approve orders on the consumer's side.
    pub managers_approve: bool,
    /// Whether administrators of projects do.
    pub administrators_approve: bool,
}

/// Whether a cell of the matrix is held under these choices.
type Holds = fn(Choices) -> bool;

/// The cells: role, permission, whether it is held.
const CELLS: &[(&str, Permission, Holds)] = &[
    ("PROJECT.ADMIN", OrderApprove, |choices| choices.administrators_approve),
    ("PROJECT.ADMIN", OrderReject, |choices| choices.administrators_approve),
    ("PROJECT.MANAGER", OrderApprove, |choices| choices.managers_approve),
    ("PROJECT.MANAGER", OrderReject, |choices| choices.managers_approve),
    ("PROJECT.MEMBER", OrderCreate, |_| false),
    ("CUSTOMER.SUPPORT", ProjectList, |_| true),
    ("CUSTOMER.SUPPORT", ResourceList, |_| true),
];

/// Sets the cells of a role and leaves everything else that it carries as it is.
pub fn settle(role: &str, mut carried: PermissionSet, choices: Choices) -> PermissionSet {
    for (_, permission, holds) in CELLS.iter().filter(|(name, ..)| *name == role) {
        if holds(choices) {
            carried.insert(*permission);
        } else {
            carried.remove(*permission);
        }
    }
    carried
}

/// What a shipped role carries under these choices before anybody edits it.
pub fn permissions(role: &Shipped, choices: Choices) -> PermissionSet {
    settle(role.name, role.permissions.iter().copied().collect(), choices)
}

/// Whether a shipped role is active under these choices before anybody edits it. Members of projects are part of the
/// Academic Shared matrix only.
pub fn active(role: &Shipped, choices: Choices) -> bool {
    role.active || role.name == "PROJECT.MEMBER" && choices.installation == Installation::AcademicShared
}

/// Whether a description is one that shipped, in any type: a text that somebody wrote stays.
pub fn is_shipped_description(role: &Shipped, text: &str) -> bool {
    text == role.description || Installation::ALL.into_iter().any(|one| role.labels.of(one) == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::roles::{SHIPPED, shipped};

    fn carries(role: &str, permission: Permission, choices: Choices) -> bool {
        permissions(shipped(role).unwrap(), choices).contains(permission)
    }

    fn all_choices() -> impl Iterator<Item = Choices> {
        let types = Installation::ALL.into_iter();
        types.flat_map(|installation| {
            [false, true].map(|managers_approve| Choices {
                installation,
                managers_approve,
                administrators_approve: true,
            })
        })
    }

    /// The rows of reference/installation-matrices.md, sections 5 to 7, that roles of organizations and projects decide.
    #[test]
    fn every_cell_of_the_matrices_holds_in_every_type() {
        use Permission::*;
        for choices in all_choices() {
            let holds = |role, permission| carries(role, permission, choices);
            let (owner, manager, admin, member) =
                ("CUSTOMER.OWNER", "PROJECT.MANAGER", "PROJECT.ADMIN", "PROJECT.MEMBER");
            let row = |permission| [owner, manager, admin, member].map(|role| holds(role, permission));
            assert_eq!(row(CustomerCreatePermission), [true, false, false, false], "manage the organization's team");
            assert_eq!(row(ProjectCreatePermission), [true, true, false, false], "manage the project's team");
            assert_eq!(row(ProjectCreate), [true, false, false, false], "manage projects");
            assert_eq!(row(ProjectDelete), [true, false, false, false], "manage projects");
            assert_eq!(row(OrderCreate), [true, true, true, false], "request resources");
            assert_eq!(row(ResourceTerminate), [true, true, true, false], "manage resources");
            assert_eq!(row(OrderApprove), [true, choices.managers_approve, true, false], "approve creation");
            assert_eq!(row(OrderReject), [true, choices.managers_approve, true, false], "approve creation");
            assert_eq!(row(OfferingCreate), [true, false, false, false], "manage offerings");
            for permission in [OrderApprove, OrderReject, OfferingCreate, OfferingUpdate] {
                assert!(holds("CUSTOMER.MANAGER", permission), "the service manager approves and manages offerings");
            }
            for permission in [ProjectCreatePermission, CustomerCreatePermission, ProjectCreate, OrderCreate] {
                assert!(!holds("CUSTOMER.MANAGER", permission), "and nothing of the organization");
            }
        }
    }

    #[test]
    fn only_academic_shared_has_members_from_the_first_day() {
        let member = shipped("PROJECT.MEMBER").unwrap();
        for choices in all_choices() {
            assert_eq!(active(member, choices), choices.installation == Installation::AcademicShared);
        }
        let shared = Choices { installation: Installation::AcademicShared, ..Choices::default() };
        for role in SHIPPED.iter().filter(|role| role.name != "PROJECT.MEMBER") {
            assert_eq!(active(role, shared), role.active, "{}", role.name);
        }
    }

    #[test]
    fn settling_touches_only_the_cells() {
        let carried: PermissionSet = [OrderCreate, Permission::ProjectList].into_iter().collect();
        assert_eq!(settle("PROJECT.AUDITOR", carried, Choices::default()), carried);
        let settled = settle("PROJECT.MEMBER", carried, Choices::default());
        assert_eq!(settled.iter().collect::<Vec<_>>(), [Permission::ProjectList]);
    }

    #[test]
    fn a_label_of_any_type_is_no_edit() {
        let owner = shipped("CUSTOMER.OWNER").unwrap();
        for text in ["Organization owner", "Owner", "PI", "Resource allocator"] {
            assert!(is_shipped_description(owner, text));
        }
        assert!(!is_shipped_description(owner, "Boss"));
    }
}
