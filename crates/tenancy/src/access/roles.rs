//! The roles that ship, what each carries, and what people call it in each type of installation.
//!
//! Sources: reference/permissions.md sections 2 and 3 (names, scopes, permissions; the newest state), mission R2 and
//! reference/installation-matrices.md section 3 (which are active), section 2 there (labels). A shipped role is only a
//! beginning: staff may change its permissions, its description and whether it is active; what differs from this table
//! is what the system tells about itself (mission R8).
//!
//! Mission R2 counts twelve. "Customer manager" and "service provider manager" are one role here, `CUSTOMER.MANAGER`,
//! as on the wire; the organization reader, the panel member and the proposal member come from the newest published
//! set.

use std::fmt;

use super::permissions::Permission::{self, *};

/// A role as it ships.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shipped {
    /// Its name, the same in every installation: `PROJECT.ADMIN`.
    pub name: &'static str,
    /// Three letters for tables.
    pub code: &'static str,
    /// The kind of scope at which it is granted. The name's beginning is no proof of it.
    pub scope: &'static str,
    /// What it is, in English.
    pub description: &'static str,
    /// Whether it can be granted from the first day.
    pub active: bool,
    /// What it carries, in order of the names.
    pub permissions: &'static [Permission],
    /// What people call it.
    pub labels: Labels,
}

/// What a role is called in each type of installation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Labels {
    /// In a cloud.
    pub cloud: &'static str,
    /// In a university that buys its services.
    pub academic: &'static str,
    /// In universities that share what they have.
    pub academic_shared: &'static str,
}

impl Labels {
    /// One label for all.
    const fn same(label: &'static str) -> Labels {
        Labels { cloud: label, academic: label, academic_shared: label }
    }

    /// The label in such an installation.
    pub const fn of(&self, installation: Installation) -> &'static str {
        match installation {
            Installation::Cloud => self.cloud,
            Installation::Academic => self.academic,
            Installation::AcademicShared => self.academic_shared,
        }
    }
}

/// The type of an installation (mission T1): it sets what organizations and roles are called, never what they are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Installation {
    /// Companies and departments use, a few of them provide.
    #[default]
    Cloud,
    /// Faculties, departments and institutes use.
    Academic,
    /// As academic, and every organization provides too.
    AcademicShared,
}

impl Installation {
    /// All three.
    pub const ALL: [Installation; 3] = [Installation::Cloud, Installation::Academic, Installation::AcademicShared];

    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Installation::Cloud => "cloud",
            Installation::Academic => "academic",
            Installation::AcademicShared => "academic_shared",
        }
    }

    /// Its name in the public configuration of the Waldur API (`TRANSLATION_DOMAIN`), where a cloud is the empty
    /// string.
    pub const fn translation_domain(self) -> &'static str {
        match self {
            Installation::Cloud => "",
            other => other.name(),
        }
    }

    /// The type with this name; the translation domain is understood too.
    pub fn parse(name: &str) -> Option<Installation> {
        Installation::ALL.into_iter().find(|one| one.name() == name || one.translation_domain() == name)
    }

    /// What an organization stands for; the word itself stays "organization" in all types.
    pub const fn organization_about(self) -> &'static str {
        match self {
            Installation::Cloud => "A company or a department.",
            Installation::Academic => "A faculty, a department or an institute.",
            Installation::AcademicShared => "A faculty, a department or an institute that also provides services.",
        }
    }

    /// Whether every organization is a service provider from its first day.
    pub const fn organizations_provide(self) -> bool {
        matches!(self, Installation::AcademicShared)
    }
}

impl fmt::Display for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The shipped role with this name.
pub fn shipped(name: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|role| role.name == name)
}

/// What people call the role in such an installation. A role that doesn't ship is called by its name.
pub fn label(name: &str, installation: Installation) -> &str {
    match shipped(name) {
        Some(role) => role.labels.of(installation),
        None => name,
    }
}

/// What the shipped owner carries beyond the published set, so that under the ceiling (design.md, section 3: nobody
/// grants a permission that they don't hold) an owner can still give away every shipped role of an organization, a
/// project, an offering and a service provider.
///
/// Roles of calls and proposals stay out: they are given by call organizers and call managers.
pub const OWNER_CEILING: &[Permission] =
    &[ProjectReviewMembership, ProjectViewTeam, ServiceProviderOpenstackImageManagement];

/// Every role that ships.
pub const SHIPPED: &[Shipped] = &[
    Shipped {
        name: "CUSTOMER.OWNER",
        code: "OWN",
        scope: "customer",
        description: "Organization owner",
        active: true,
        permissions: CUSTOMER_OWNER,
        labels: Labels { cloud: "Owner", academic: "PI", academic_shared: "Resource allocator" },
    },
    Shipped {
        name: "CUSTOMER.SUPPORT",
        code: "SUP",
        scope: "customer",
        description: "Organization support",
        active: false,
        permissions: CUSTOMER_SUPPORT,
        labels: Labels::same("Customer support"),
    },
    Shipped {
        name: "CUSTOMER.READER",
        code: "RDR",
        scope: "customer",
        description: "Organization reader",
        active: true,
        permissions: CUSTOMER_READER,
        labels: Labels::same("Organization reader"),
    },
    Shipped {
        name: "CUSTOMER.MANAGER",
        code: "SPM",
        scope: "service_provider",
        description: "Service provider manager",
        active: true,
        permissions: CUSTOMER_MANAGER,
        labels: Labels::same("Service Manager"),
    },
    Shipped {
        name: "CUSTOMER.CALL_ORGANIZER",
        code: "ORG",
        scope: "call_organizer",
        description: "Organization call organizer",
        active: true,
        permissions: CUSTOMER_CALL_ORGANIZER,
        labels: Labels::same("Call organiser"),
    },
    Shipped {
        name: "PROJECT.ADMIN",
        code: "PAD",
        scope: "project",
        description: "Project administrator",
        active: true,
        permissions: PROJECT_ADMIN,
        labels: Labels { cloud: "System Administrator", academic: "Member", academic_shared: "co-PI" },
    },
    Shipped {
        name: "PROJECT.MANAGER",
        code: "PMG",
        scope: "project",
        description: "Project manager",
        active: true,
        permissions: PROJECT_MANAGER,
        labels: Labels { cloud: "Project Manager", academic: "co-PI", academic_shared: "PI" },
    },
    Shipped {
        name: "PROJECT.MEMBER",
        code: "PMB",
        scope: "project",
        description: "Project member",
        active: false,
        permissions: PROJECT_MEMBER,
        labels: Labels { cloud: "Project member", academic: "Guest", academic_shared: "Member" },
    },
    Shipped {
        name: "OFFERING.MANAGER",
        code: "OFM",
        scope: "offering",
        description: "Offering manager",
        active: true,
        permissions: OFFERING_MANAGER,
        labels: Labels::same("Offering manager"),
    },
    Shipped {
        name: "CALL.REVIEWER",
        code: "CRV",
        scope: "call",
        description: "Call reviewer",
        active: true,
        permissions: CALL_REVIEWER,
        labels: Labels::same("Call reviewer"),
    },
    Shipped {
        name: "CALL.PANEL_MEMBER",
        code: "CPM",
        scope: "call",
        description: "Call panel member",
        active: true,
        permissions: CALL_PANEL_MEMBER,
        labels: Labels::same("Call panel member"),
    },
    Shipped {
        name: "CALL.MANAGER",
        code: "CMG",
        scope: "call",
        description: "Call manager",
        active: true,
        permissions: CALL_MANAGER,
        labels: Labels::same("Call manager"),
    },
    Shipped {
        name: "PROPOSAL.MANAGER",
        code: "PRM",
        scope: "proposal",
        description: "Proposal manager",
        active: true,
        permissions: PROPOSAL_MANAGER,
        labels: Labels::same("Proposal manager"),
    },
    Shipped {
        name: "PROPOSAL.MEMBER",
        code: "PRB",
        scope: "proposal",
        description: "Proposal member",
        active: true,
        permissions: PROPOSAL_MEMBER,
        labels: Labels::same("Proposal member"),
    },
];

/// The published set and [`OWNER_CEILING`].
#[rustfmt::skip]
const CUSTOMER_OWNER: &[Permission] = &[
    AccessSubnetCreate, AccessSubnetDelete, AccessSubnetUpdate, CallApproveAndRejectProposals, CallCloseRounds,
    CallCreatePermission, CallDeletePermission, CallList, CallUpdatePermission, CustomerContactUpdate,
    CustomerCreatePermission, CustomerDeletePermission, CustomerListPermissionReviews, CustomerListUsers,
    CustomerUpdatePermission, CustomerViewTeam, InvitationList, MatrixRoomCreate, OfferingAcceptCallRequest,
    OfferingAddEndpoint, OfferingArchive, OfferingArchivePlan, OfferingCreate, OfferingCreatePermission,
    OfferingCreatePlan, OfferingCreateScreenshot, OfferingCreateUser, OfferingDelete, OfferingDeleteEndpoint,
    OfferingDeletePermission, OfferingDeleteScreenshot, OfferingDeleteUser, OfferingDryRunScript,
    OfferingManageBackendResources, OfferingManageCampaign, OfferingManageUserGroup, OfferingManageUserRole,
    OfferingPause, OfferingUnpause, OfferingUpdate, OfferingUpdateAttributes, OfferingUpdateComponents,
    OfferingUpdateDescription, OfferingUpdateIntegration, OfferingUpdateLocation, OfferingUpdateOptions,
    OfferingUpdatePermission, OfferingUpdatePlan, OfferingUpdateScreenshot, OfferingUpdateThumbnail,
    OfferingUpdateUser, OfferinguserUpdateRestriction, OfferingAccessSubnetCreate, OfferingAccessSubnetDelete,
    OfferingAccessSubnetUpdate, OpenstackInstanceConsoleAccess, OpenstackInstanceManage, OpenstackInstanceManagePower,
    OrderApprove, OrderApprovePrivate, OrderCancel, OrderCreate, OrderDestroy, OrderList, OrderReject,
    OrderSetConsumerInfo, PosixIdPoolManage, ProjectCourseAccountManage, ProjectCreate, ProjectCreatePermission,
    ProjectDelete, ProjectDeletePermission, ProjectList, ProjectReviewMembership, ProjectUpdate,
    ProjectUpdatePermission, ProjectViewTeam, ResourceAcceptBookingRequest, ResourceConsumptionLimitation,
    ResourceCreatePermission, ResourceCreateRobotAccount, ResourceDeletePermission, ResourceDeleteRobotAccount,
    ResourceList, ResourceListImportable, ResourceManageApiKey, ResourceManageUsers, ResourceRejectBookingRequest,
    ResourceSetBackendId, ResourceSetBackendMetadata, ResourceSetEndDate, ResourceSetLimits, ResourceSetPlan,
    ResourceSetState, ResourceSetUsage, ResourceSubmitReport, ResourceTerminate, ResourceUpdate,
    ResourceUpdateOptions, ResourceUpdatePermission, ResourceUpdateRobotAccount, ResourceProjectCreatePermission,
    ResourceProjectDeletePermission, ResourceProjectUpdatePermission, ServiceAccountManage,
    ServiceProviderGenerateApiSecretCode, ServiceProviderGetApiSecretCode, ServiceProviderGetRevenue,
    ServiceProviderGetRobotAccountCustomers, ServiceProviderGetRobotAccountProjects, ServiceProviderGetStatistics,
    ServiceProviderListCourseAccounts, ServiceProviderListCustomers, ServiceProviderListCustomerProjects,
    ServiceProviderListKeys, ServiceProviderListProjects, ServiceProviderListProjectPermissions,
    ServiceProviderListServiceAccounts, ServiceProviderListUsers, ServiceProviderListUserCustomers,
    ServiceProviderManageMaintenanceAnnouncement, ServiceProviderOpenstackImageManagement,
    ServiceProviderSetOfferingsUsername,
];

#[rustfmt::skip]
const CUSTOMER_SUPPORT: &[Permission] = &[
    CustomerListUsers, CustomerViewTeam,
];

#[rustfmt::skip]
const CUSTOMER_READER: &[Permission] = &[
    CustomerViewTeam,
];

#[rustfmt::skip]
const CUSTOMER_MANAGER: &[Permission] = &[
    OfferingAddEndpoint, OfferingArchive, OfferingArchivePlan, OfferingCreate, OfferingCreatePlan,
    OfferingCreateScreenshot, OfferingCreateUser, OfferingDelete, OfferingDeleteEndpoint, OfferingDeleteScreenshot,
    OfferingDeleteUser, OfferingDryRunScript, OfferingManageBackendResources, OfferingManageCampaign,
    OfferingManageUserGroup, OfferingPause, OfferingUnpause, OfferingUpdate, OfferingUpdateAttributes,
    OfferingUpdateComponents, OfferingUpdateDescription, OfferingUpdateIntegration, OfferingUpdateLocation,
    OfferingUpdateOptions, OfferingUpdatePlan, OfferingUpdateScreenshot, OfferingUpdateThumbnail, OfferingUpdateUser,
    OfferinguserUpdateRestriction, OfferingAccessSubnetCreate, OfferingAccessSubnetDelete, OfferingAccessSubnetUpdate,
    OrderApprove, OrderList, OrderReject, PosixIdPoolManage, ProjectCourseAccountManage, ResourceAcceptBookingRequest,
    ResourceConsumptionLimitation, ResourceCreateRobotAccount, ResourceDeleteRobotAccount, ResourceManageApiKey,
    ResourceRejectBookingRequest, ResourceSetBackendId, ResourceSetBackendMetadata, ResourceSetEndDate,
    ResourceSetState, ResourceSubmitReport, ResourceUpdateRobotAccount, ServiceAccountManage,
    ServiceProviderGenerateApiSecretCode, ServiceProviderGetApiSecretCode, ServiceProviderGetRevenue,
    ServiceProviderGetRobotAccountCustomers, ServiceProviderGetRobotAccountProjects, ServiceProviderGetStatistics,
    ServiceProviderListCourseAccounts, ServiceProviderListCustomers, ServiceProviderListCustomerProjects,
    ServiceProviderListKeys, ServiceProviderListProjects, ServiceProviderListProjectPermissions,
    ServiceProviderListServiceAccounts, ServiceProviderListUsers, ServiceProviderListUserCustomers,
    ServiceProviderManageMaintenanceAnnouncement, ServiceProviderOpenstackImageManagement,
    ServiceProviderSetOfferingsUsername,
];

#[rustfmt::skip]
const CUSTOMER_CALL_ORGANIZER: &[Permission] = &[
    CallApproveAndRejectProposals, CallCloseRounds, CallCreate, CallCreatePermission, CallDeletePermission, CallList,
    CallUpdate, CallUpdatePermission, ProposalList, ProposalManageReview, RoundList,
];

#[rustfmt::skip]
const PROJECT_ADMIN: &[Permission] = &[
    InvitationList, OpenstackInstanceConsoleAccess, OpenstackInstanceManage, OpenstackInstanceManagePower,
    OrderApprovePrivate, OrderCancel, OrderCreate, OrderDestroy, OrderList, ProjectList, ProjectViewTeam,
    ResourceCreatePermission, ResourceDeletePermission, ResourceList, ResourceListImportable, ResourceSetLimits,
    ResourceSetPlan, ResourceTerminate, ResourceUpdate, ResourceUpdatePermission, ResourceProjectCreatePermission,
    ResourceProjectDeletePermission, ResourceProjectUpdatePermission,
];

#[rustfmt::skip]
const PROJECT_MANAGER: &[Permission] = &[
    InvitationList, OpenstackInstanceConsoleAccess, OpenstackInstanceManage, OpenstackInstanceManagePower,
    OrderApprovePrivate, OrderCancel, OrderCreate, OrderDestroy, OrderList, OrderSetConsumerInfo,
    ProjectCourseAccountManage, ProjectCreatePermission, ProjectDeletePermission, ProjectList,
    ProjectReviewMembership, ProjectUpdate, ProjectUpdatePermission, ProjectViewTeam, ResourceCreatePermission,
    ResourceDeletePermission, ResourceList, ResourceListImportable, ResourceSetLimits, ResourceSetPlan,
    ResourceTerminate, ResourceUpdate, ResourceUpdatePermission, ResourceProjectCreatePermission,
    ResourceProjectDeletePermission, ResourceProjectUpdatePermission, ServiceAccountManage,
];

#[rustfmt::skip]
const PROJECT_MEMBER: &[Permission] = &[
    OrderCreate, ProjectList, ProjectViewTeam, ResourceList,
];

#[rustfmt::skip]
const OFFERING_MANAGER: &[Permission] = &[
    OfferingAcceptCallRequest, OfferingAddEndpoint, OfferingArchive, OfferingCreateUser, OfferingDeleteEndpoint,
    OfferingDeleteUser, OfferingDryRunScript, OfferingManageBackendResources, OfferingPause, OfferingUnpause,
    OfferingUpdate, OfferingUpdateAttributes, OfferingUpdateComponents, OfferingUpdateDescription,
    OfferingUpdateIntegration, OfferingUpdateLocation, OfferingUpdateOptions, OfferingUpdateUser,
    OfferingAccessSubnetCreate, OfferingAccessSubnetDelete, OfferingAccessSubnetUpdate, OrderApprove, OrderList,
    OrderReject, ResourceAcceptBookingRequest, ResourceManageApiKey, ResourceRejectBookingRequest,
    ResourceSetBackendId, ResourceSetBackendMetadata, ResourceSetEndDate, ResourceSetState, ResourceSetUsage,
];

#[rustfmt::skip]
const CALL_REVIEWER: &[Permission] = &[
    ProposalList,
];

#[rustfmt::skip]
const CALL_PANEL_MEMBER: &[Permission] = &[
    ProposalList,
];

#[rustfmt::skip]
const CALL_MANAGER: &[Permission] = &[
    CallApproveAndRejectProposals, CallCloseRounds, CallCreatePermission, CallDeletePermission, CallList, CallUpdate,
    CallUpdatePermission, ProposalList, ProposalManageReview, RoundList,
];

#[rustfmt::skip]
const PROPOSAL_MANAGER: &[Permission] = &[
    ProposalManage,
];

const PROPOSAL_MEMBER: &[Permission] = &[];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use serde_json::Value;

    use super::super::permissions::PermissionSet;
    use super::*;

    fn carried(name: &str) -> PermissionSet {
        shipped(name).expect("a shipped role").permissions.iter().copied().collect()
    }

    #[test]
    fn an_owner_can_give_away_every_role_of_organization_project_offering_and_provider() {
        let owner = carried("CUSTOMER.OWNER");
        for role in SHIPPED {
            if ["customer", "project", "offering", "service_provider"].contains(&role.scope) {
                let missing = carried(role.name).minus(&owner);
                assert!(missing.is_empty(), "{} needs {:?}", role.name, missing.iter().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_ceiling_has_nothing_that_no_such_role_needs() {
        for permission in OWNER_CEILING {
            assert!(
                SHIPPED.iter().any(|role| role.name != "CUSTOMER.OWNER" && role.permissions.contains(permission)),
                "{permission}"
            );
        }
    }

    #[test]
    fn the_roles_are_the_published_ones() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/roles.json");
        let Ok(text) = fs::read_to_string(&path) else {
            eprintln!("skipped: {} is not here", path.display());
            return;
        };
        let published: Value = serde_json::from_str(&text).expect("JSON");
        let strings = |value: &Value| -> BTreeSet<String> {
            let list = value.as_array().expect("a list");
            list.iter().map(|one| one.as_str().expect("a string").to_owned()).collect()
        };
        let names: BTreeSet<String> = Permission::all().map(|one| one.name().to_owned()).collect();
        assert_eq!(names, strings(&published["permissions"]));

        let roles = published["roles"].as_array().expect("a list");
        assert_eq!(roles.len(), SHIPPED.len());
        for role in roles {
            let here = shipped(role["name"].as_str().expect("a name")).expect("a shipped role");
            assert_eq!(role["scope"], here.scope, "{}", here.name);
            assert_eq!(role["description"], here.description, "{}", here.name);
            let mut expected = strings(&role["permissions"]);
            if here.name == "CUSTOMER.OWNER" {
                expected.extend(OWNER_CEILING.iter().map(|one| one.name().to_owned()));
            }
            let carried: BTreeSet<String> = here.permissions.iter().map(|one| one.name().to_owned()).collect();
            assert_eq!(carried, expected, "{}", here.name);
        }
    }

    #[test]
    fn two_roles_ship_inactive() {
        let inactive: Vec<_> = SHIPPED.iter().filter(|role| !role.active).map(|role| role.name).collect();
        assert_eq!(inactive, ["CUSTOMER.SUPPORT", "PROJECT.MEMBER"]);
    }

    #[test]
    fn lists_are_in_order_and_names_are_their_own() {
        for role in SHIPPED {
            assert!(role.permissions.is_sorted_by(|one, next| one < next), "{}", role.name);
            assert_eq!(SHIPPED.iter().filter(|other| other.name == role.name || other.code == role.code).count(), 1);
        }
    }

    #[test]
    fn every_permission_counts_at_some_shipped_scope_or_is_unheld() {
        for role in SHIPPED {
            for permission in role.permissions {
                assert!(!permission.scopes().is_empty(), "{} carries {permission}", role.name);
            }
        }
    }

    #[test]
    fn one_label_means_different_roles_in_different_installations() {
        use Installation::*;
        assert_eq!(label("CUSTOMER.OWNER", Academic), "PI");
        assert_eq!(label("PROJECT.MANAGER", AcademicShared), "PI");
        assert_eq!(label("PROJECT.MANAGER", Academic), "co-PI");
        assert_eq!(label("PROJECT.ADMIN", AcademicShared), "co-PI");
        assert_eq!(label("PROJECT.ADMIN", Academic), "Member");
        assert_eq!(label("PROJECT.MEMBER", AcademicShared), "Member");
        assert_eq!(label("CUSTOMER.OWNER", Cloud), "Owner");
        assert_eq!(label("PROJECT.AUDITOR", Cloud), "PROJECT.AUDITOR");
    }

    #[test]
    fn within_one_installation_a_label_means_one_role() {
        for installation in Installation::ALL {
            let labels: BTreeSet<_> = SHIPPED.iter().map(|role| role.labels.of(installation)).collect();
            assert_eq!(labels.len(), SHIPPED.len(), "{installation}");
        }
    }

    #[test]
    fn installation_types_are_read_by_either_name() {
        for installation in Installation::ALL {
            assert_eq!(Installation::parse(installation.name()), Some(installation));
            assert_eq!(Installation::parse(installation.translation_domain()), Some(installation));
        }
        assert_eq!(Installation::parse("service_catalogue"), None);
    }
}
