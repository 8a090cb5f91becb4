//! Every permission there is, once: its name on the wire, its key in the official clients, the heading under which a
//! role editor shows it, and one sentence that says what it lets its holder do.
//!
//! The set is closed (139 strings, reference/permissions.md sections 1 and 3): a role can't carry anything else, and a
//! string that isn't here is refused where roles are written. A permission doesn't say where it counts; a grant does,
//! and [`Permission::scopes`] says at which kinds of scope that can mean something.
//!
//! Order is the order of the names, so a lookup by name is a binary search and the numbers are only good in memory:
//! what is stored is the name.

use std::fmt;

/// What the table says about one permission.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The permission.
    pub permission: Permission,
    /// Its name on the wire and in the database: `PROJECT.CREATE`.
    pub name: &'static str,
    /// Its key in the maps that the official clients read: `CREATE_PROJECT`.
    pub key: &'static str,
    /// The heading under which a role editor shows it.
    pub group: &'static str,
    /// What it lets its holder do.
    pub about: &'static str,
}

macro_rules! permissions {
    ($($variant:ident { $name:literal, $key:literal, $group:literal, $about:literal })*) => {
        /// A thing that a role can allow.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u16)]
        pub enum Permission {
            $(#[doc = $about] $variant,)*
        }

        /// Every permission, in the order of the enum, which is the order of the names.
        pub const PERMISSIONS: &[Entry] = &[
            $(Entry { permission: Permission::$variant, name: $name, key: $key, group: $group, about: $about },)*
        ];
    };
}

// Keys: those of the published enum where it has the permission; formed by the same rule (verb, thing, rest) for the
// team, access subnet, API key, number pool, chat room and maintenance permissions, which are newer than it.
permissions! {
    AccessSubnetCreate { "ACCESS_SUBNET.CREATE", "CREATE_ACCESS_SUBNET", "Other",
        "Add a network from which people may reach what belongs to the organization." }
    AccessSubnetDelete { "ACCESS_SUBNET.DELETE", "DELETE_ACCESS_SUBNET", "Other",
        "Remove one of the networks from which people may reach the organization." }
    AccessSubnetUpdate { "ACCESS_SUBNET.UPDATE", "UPDATE_ACCESS_SUBNET", "Other",
        "Change one of the networks from which people may reach the organization." }
    CallApproveAndRejectProposals { "CALL.APPROVE_AND_REJECT_PROPOSALS",
        "APPROVE_AND_REJECT_PROPOSALS", "Call management",
        "Accept or reject the proposals of a call." }
    CallCloseRounds { "CALL.CLOSE_ROUNDS", "CLOSE_ROUNDS", "Call management",
        "Close a round of a call before its end." }
    CallCreate { "CALL.CREATE", "CREATE_CALL", "Call management",
        "Create a call in a call managing organization." }
    CallCreatePermission { "CALL.CREATE_PERMISSION", "CREATE_CALL_PERMISSION", "Call management",
        "Give roles on a call or on a call managing organization." }
    CallDeletePermission { "CALL.DELETE_PERMISSION", "DELETE_CALL_PERMISSION", "Call management",
        "Take roles on a call or on a call managing organization away." }
    CallList { "CALL.LIST", "LIST_CALLS", "Call management",
        "See calls that aren't public." }
    CallUpdate { "CALL.UPDATE", "UPDATE_CALL", "Call management",
        "Change a call: its text, rounds, documents and requested offerings." }
    CallUpdatePermission { "CALL.UPDATE_PERMISSION", "UPDATE_CALL_PERMISSION", "Call management",
        "Change until when a role on a call or on a call managing organization lasts." }
    CustomerContactUpdate { "CUSTOMER.CONTACT_UPDATE", "CUSTOMER_CONTACT_UPDATE", "Customer",
        "Change the contact details of an organization." }
    CustomerCreatePermission { "CUSTOMER.CREATE_PERMISSION", "CREATE_CUSTOMER_PERMISSION", "Team members",
        "Give roles on an organization or on its service provider." }
    CustomerDeletePermission { "CUSTOMER.DELETE_PERMISSION", "DELETE_CUSTOMER_PERMISSION", "Team members",
        "Take roles on an organization or on its service provider away." }
    CustomerListPermissionReviews { "CUSTOMER.LIST_PERMISSION_REVIEWS",
        "LIST_CUSTOMER_PERMISSION_REVIEWS", "Team members",
        "See the reviews of who holds what in an organization." }
    CustomerListUsers { "CUSTOMER.LIST_USERS", "LIST_CUSTOMER_USERS", "Customer",
        "See the people of an organization and of its projects." }
    CustomerUpdate { "CUSTOMER.UPDATE", "UPDATE_CUSTOMER", "Customer",
        "Change everything about an organization, not just its contact details." }
    CustomerUpdatePermission { "CUSTOMER.UPDATE_PERMISSION", "UPDATE_CUSTOMER_PERMISSION", "Team members",
        "Change until when a role on an organization or on its service provider lasts." }
    CustomerViewTeam { "CUSTOMER.VIEW_TEAM", "VIEW_CUSTOMER_TEAM", "Team members",
        "See who holds which role on an organization." }
    InvitationList { "INVITATION.LIST", "LIST_INVITATIONS", "Team members",
        "See invitations to an organization or a project." }
    LexisLinkCreate { "LEXIS_LINK.CREATE", "CREATE_LEXIS_LINK", "Other",
        "Connect a resource with the LEXIS platform through its robot account." }
    LexisLinkDelete { "LEXIS_LINK.DELETE", "DELETE_LEXIS_LINK", "Other",
        "Remove the connection of a resource with the LEXIS platform." }
    MatrixRoomCreate { "MATRIX_ROOM.CREATE", "CREATE_MATRIX_ROOM", "Other",
        "Open a chat room on the Matrix server of the installation." }
    OfferingAcceptCallRequest { "OFFERING.ACCEPT_CALL_REQUEST", "ACCEPT_REQUESTED_OFFERING", "Offering",
        "Accept or refuse that a call hands out an offering." }
    OfferingAddEndpoint { "OFFERING.ADD_ENDPOINT", "ADD_OFFERING_ENDPOINT", "Offering",
        "Add an address at which an offering is reached." }
    OfferingArchive { "OFFERING.ARCHIVE", "ARCHIVE_OFFERING", "Offering",
        "Archive an offering, so that nobody orders it any more." }
    OfferingArchivePlan { "OFFERING.ARCHIVE_PLAN", "ARCHIVE_OFFERING_PLAN", "Offering",
        "Archive a plan, so that new orders can't choose it." }
    OfferingCreate { "OFFERING.CREATE", "CREATE_OFFERING", "Offering",
        "Create offerings of a provider." }
    OfferingCreatePermission { "OFFERING.CREATE_PERMISSION", "CREATE_OFFERING_PERMISSION", "Offering",
        "Give roles on an offering." }
    OfferingCreatePlan { "OFFERING.CREATE_PLAN", "CREATE_OFFERING_PLAN", "Offering",
        "Add a plan to an offering." }
    OfferingCreateScreenshot { "OFFERING.CREATE_SCREENSHOT", "CREATE_OFFERING_SCREENSHOT", "Offering",
        "Add a screenshot to an offering." }
    OfferingCreateUser { "OFFERING.CREATE_USER", "CREATE_OFFERING_USER", "Offering",
        "Create the account that a person has at an offering." }
    OfferingDelete { "OFFERING.DELETE", "DELETE_OFFERING", "Offering",
        "Delete an offering that has no resources." }
    OfferingDeleteEndpoint { "OFFERING.DELETE_ENDPOINT", "DELETE_OFFERING_ENDPOINT", "Offering",
        "Remove an address at which an offering is reached." }
    OfferingDeletePermission { "OFFERING.DELETE_PERMISSION", "DELETE_OFFERING_PERMISSION", "Offering",
        "Take roles on an offering away." }
    OfferingDeleteScreenshot { "OFFERING.DELETE_SCREENSHOT", "DELETE_OFFERING_SCREENSHOT", "Offering",
        "Remove a screenshot of an offering." }
    OfferingDeleteUser { "OFFERING.DELETE_USER", "DELETE_OFFERING_USER", "Offering",
        "Delete the account that a person has at an offering." }
    OfferingDryRunScript { "OFFERING.DRY_RUN_SCRIPT", "DRY_RUN_OFFERING_SCRIPT", "Offering",
        "Try the scripts of a scripted offering without an order." }
    OfferingManageBackendResources { "OFFERING.MANAGE_BACKEND_RESOURCES",
        "MANAGE_OFFERING_BACKEND_RESOURCES", "Offering",
        "Report what exists at the provider's side and import it as resources." }
    OfferingManageCampaign { "OFFERING.MANAGE_CAMPAIGN", "MANAGE_CAMPAIGN", "Offering",
        "Create, change and end promotions of offerings." }
    OfferingManageUserGroup { "OFFERING.MANAGE_USER_GROUP", "MANAGE_OFFERING_USER_GROUP", "Offering",
        "Create, change and delete groups of accounts at an offering." }
    OfferingManageUserRole { "OFFERING.MANAGE_USER_ROLE", "MANAGE_OFFERING_USER_ROLE", "Offering",
        "Create, change and delete the roles that accounts have at an offering." }
    OfferingPause { "OFFERING.PAUSE", "PAUSE_OFFERING", "Offering",
        "Pause an offering: no new orders, running resources stay." }
    OfferingUnpause { "OFFERING.UNPAUSE", "UNPAUSE_OFFERING", "Offering",
        "Let a paused offering take orders again." }
    OfferingUpdate { "OFFERING.UPDATE", "UPDATE_OFFERING", "Offering",
        "Change an offering: its name, picture, organizations, users' attributes." }
    OfferingUpdateAttributes { "OFFERING.UPDATE_ATTRIBUTES", "UPDATE_OFFERING_ATTRIBUTES", "Offering",
        "Change the category attributes of an offering." }
    OfferingUpdateComponents { "OFFERING.UPDATE_COMPONENTS", "UPDATE_OFFERING_COMPONENTS", "Offering",
        "Change what an offering counts and charges." }
    OfferingUpdateDescription { "OFFERING.UPDATE_DESCRIPTION", "UPDATE_OFFERING_DESCRIPTION", "Offering",
        "Change the description and category of an offering." }
    OfferingUpdateIntegration { "OFFERING.UPDATE_INTEGRATION", "UPDATE_OFFERING_INTEGRATION", "Offering",
        "Change how an offering is connected with the system that serves it, credentials included." }
    OfferingUpdateLocation { "OFFERING.UPDATE_LOCATION", "UPDATE_OFFERING_LOCATION", "Offering",
        "Change where an offering is on the map." }
    OfferingUpdateOptions { "OFFERING.UPDATE_OPTIONS", "UPDATE_OFFERING_OPTIONS", "Offering",
        "Change what orders and resources of an offering ask for." }
    OfferingUpdatePermission { "OFFERING.UPDATE_PERMISSION", "UPDATE_OFFERING_PERMISSION", "Offering",
        "Change until when a role on an offering lasts." }
    OfferingUpdatePlan { "OFFERING.UPDATE_PLAN", "UPDATE_OFFERING_PLAN", "Offering",
        "Change a plan, its prices and its quotas." }
    OfferingUpdateScreenshot { "OFFERING.UPDATE_SCREENSHOT", "UPDATE_OFFERING_SCREENSHOT", "Offering",
        "Change a screenshot of an offering." }
    OfferingUpdateThumbnail { "OFFERING.UPDATE_THUMBNAIL", "UPDATE_OFFERING_THUMBNAIL", "Offering",
        "Change the small picture of an offering." }
    OfferingUpdateUser { "OFFERING.UPDATE_USER", "UPDATE_OFFERING_USER", "Offering",
        "Change the account that a person has at an offering, and its state." }
    OfferinguserUpdateRestriction { "OFFERINGUSER.UPDATE_RESTRICTION", "UPDATE_OFFERING_USER_RESTRICTION", "Offering",
        "Restrict or free the account that a person has at an offering." }
    OfferingAccessSubnetCreate { "OFFERING_ACCESS_SUBNET.CREATE", "CREATE_OFFERING_ACCESS_SUBNET", "Offering",
        "Add a network from which an offering's resources are reached." }
    OfferingAccessSubnetDelete { "OFFERING_ACCESS_SUBNET.DELETE", "DELETE_OFFERING_ACCESS_SUBNET", "Offering",
        "Remove a network from which an offering's resources are reached." }
    OfferingAccessSubnetUpdate { "OFFERING_ACCESS_SUBNET.UPDATE", "UPDATE_OFFERING_ACCESS_SUBNET", "Offering",
        "Change a network from which an offering's resources are reached." }
    OpenstackInstanceConsoleAccess { "OPENSTACK_INSTANCE.CONSOLE_ACCESS",
        "HAS_OPENSTACK_INSTANCE_CONSOLE_ACCESS", "Openstack",
        "Open the console of a virtual machine and read its log." }
    OpenstackInstanceManage { "OPENSTACK_INSTANCE.MANAGE", "CAN_MANAGE_OPENSTACK_INSTANCE", "Openstack",
        "Change a virtual machine: flavor, ports, addresses, security groups, volumes." }
    OpenstackInstanceManagePower { "OPENSTACK_INSTANCE.MANAGE_POWER",
        "CAN_MANAGE_OPENSTACK_INSTANCE_POWER", "Openstack",
        "Start, stop and restart a virtual machine." }
    OpenstackRouterManageGateway { "OPENSTACK_ROUTER.MANAGE_GATEWAY",
        "CAN_MANAGE_OPENSTACK_ROUTER_GATEWAY", "Openstack",
        "Set or clear the external gateway of a router." }
    OrderApprove { "ORDER.APPROVE", "APPROVE_ORDER", "Order",
        "Approve orders, for the consumer or for the provider according to where it is held." }
    OrderApprovePrivate { "ORDER.APPROVE_PRIVATE", "APPROVE_PRIVATE_ORDER", "Order",
        "Approve orders of private offerings; one's own need no other approval." }
    OrderCancel { "ORDER.CANCEL", "CANCEL_ORDER", "Order",
        "Cancel an order that isn't done yet." }
    OrderCreate { "ORDER.CREATE", "CREATE_ORDER", "Order",
        "Order from the marketplace for a project." }
    OrderDestroy { "ORDER.DESTROY", "DESTROY_ORDER", "Order",
        "Delete an order." }
    OrderList { "ORDER.LIST", "LIST_ORDERS", "Order",
        "See orders." }
    OrderReject { "ORDER.REJECT", "REJECT_ORDER", "Order",
        "Reject orders, for the consumer or for the provider according to where it is held." }
    OrderSetConsumerInfo { "ORDER.SET_CONSUMER_INFO", "SET_CONSUMER_ORDER_INFO", "Order",
        "Answer what a provider asks the consumer about an order." }
    PosixIdPoolManage { "POSIX_ID_POOL.MANAGE", "MANAGE_POSIX_ID_POOL", "Provider actions",
        "Create, change and delete the ranges from which user and group numbers are given out." }
    ProjectCourseAccountManage { "PROJECT.COURSE_ACCOUNT_MANAGE", "MANAGE_COURSE_ACCOUNT", "Project",
        "Create and delete the short-lived accounts of a course." }
    ProjectCreate { "PROJECT.CREATE", "CREATE_PROJECT", "Project",
        "Create projects in an organization." }
    ProjectCreatePermission { "PROJECT.CREATE_PERMISSION", "CREATE_PROJECT_PERMISSION", "Team members",
        "Give roles on a project." }
    ProjectDelete { "PROJECT.DELETE", "DELETE_PROJECT", "Project",
        "Delete projects." }
    ProjectDeletePermission { "PROJECT.DELETE_PERMISSION", "DELETE_PROJECT_PERMISSION", "Team members",
        "Take roles on a project away." }
    ProjectList { "PROJECT.LIST", "LIST_PROJECTS", "Project",
        "See projects." }
    ProjectReviewMembership { "PROJECT.REVIEW_MEMBERSHIP", "REVIEW_PROJECT_MEMBERSHIP", "Project",
        "Review who holds what in a project." }
    ProjectUpdate { "PROJECT.UPDATE", "UPDATE_PROJECT", "Project",
        "Change a project." }
    ProjectUpdateMetadata { "PROJECT.UPDATE_METADATA", "UPDATE_PROJECT_METADATA", "Project",
        "Change the answers to the project checklist." }
    ProjectUpdatePermission { "PROJECT.UPDATE_PERMISSION", "UPDATE_PROJECT_PERMISSION", "Team members",
        "Change until when a role on a project lasts." }
    ProjectViewTeam { "PROJECT.VIEW_TEAM", "VIEW_PROJECT_TEAM", "Team members",
        "See who holds which role on a project." }
    ProposalDeletePermission { "PROPOSAL.DELETE_PERMISSION", "DELETE_PROPOSAL_PERMISSION", "Call management",
        "Take roles on a proposal away." }
    ProposalList { "PROPOSAL.LIST", "LIST_PROPOSALS", "Call management",
        "See the proposals of a call." }
    ProposalManage { "PROPOSAL.MANAGE", "MANAGE_PROPOSAL", "Call management",
        "Write and submit a proposal, and give roles on it." }
    ProposalManageReview { "PROPOSAL.MANAGE_REVIEW", "MANAGE_PROPOSAL_REVIEW", "Call management",
        "Assign reviewers and manage the reviews of proposals." }
    ProposalUpdatePermission { "PROPOSAL.UPDATE_PERMISSION", "UPDATE_PROPOSAL_PERMISSION", "Call management",
        "Change until when a role on a proposal lasts." }
    ResourceAcceptBookingRequest { "RESOURCE.ACCEPT_BOOKING_REQUEST",
        "ACCEPT_BOOKING_REQUEST", "Customer actions for resources",
        "Accept a booking." }
    ResourceConsumptionLimitation { "RESOURCE.CONSUMPTION_LIMITATION",
        "RESOURCE_CONSUMPTION_LIMITATION", "Customer actions for resources",
        "Pause, downscale or restrict a resource that consumes too much." }
    ResourceCreatePermission { "RESOURCE.CREATE_PERMISSION", "CREATE_RESOURCE_PERMISSION", "Team members",
        "Give roles on a resource." }
    ResourceCreateRobotAccount { "RESOURCE.CREATE_ROBOT_ACCOUNT", "CREATE_RESOURCE_ROBOT_ACCOUNT", "Provider actions",
        "Create an account for programs at a resource." }
    ResourceDeletePermission { "RESOURCE.DELETE_PERMISSION", "DELETE_RESOURCE_PERMISSION", "Team members",
        "Take roles on a resource away." }
    ResourceDeleteRobotAccount { "RESOURCE.DELETE_ROBOT_ACCOUNT", "DELETE_RESOURCE_ROBOT_ACCOUNT", "Provider actions",
        "Delete an account for programs at a resource." }
    ResourceList { "RESOURCE.LIST", "LIST_RESOURCES", "Customer actions for resources",
        "See resources." }
    ResourceListImportable { "RESOURCE.LIST_IMPORTABLE",
        "LIST_IMPORTABLE_RESOURCES", "Customer actions for resources",
        "See what exists at the provider's side and could be imported into a project." }
    ResourceManageApiKey { "RESOURCE.MANAGE_API_KEY", "MANAGE_RESOURCE_API_KEY", "Provider actions",
        "Reveal, set and rotate the key with which a resource is called." }
    ResourceManageUsers { "RESOURCE.MANAGE_USERS", "MANAGE_RESOURCE_USERS", "Provider actions",
        "Say who uses a resource at the provider's side, and with which role." }
    ResourceRejectBookingRequest { "RESOURCE.REJECT_BOOKING_REQUEST",
        "REJECT_BOOKING_REQUEST", "Customer actions for resources",
        "Reject a booking." }
    ResourceSetBackendId { "RESOURCE.SET_BACKEND_ID", "SET_RESOURCE_BACKEND_ID", "Provider actions",
        "Set by which id the provider's system knows a resource." }
    ResourceSetBackendMetadata { "RESOURCE.SET_BACKEND_METADATA", "SET_RESOURCE_BACKEND_METADATA", "Provider actions",
        "Set what the provider's system tells about a resource." }
    ResourceSetEndDate { "RESOURCE.SET_END_DATE", "SET_RESOURCE_END_DATE", "Provider actions",
        "Set, as the provider, the day on which a resource ends." }
    ResourceSetLimits { "RESOURCE.SET_LIMITS", "UPDATE_RESOURCE_LIMITS", "Customer actions for resources",
        "Ask for other limits of a resource." }
    ResourceSetPlan { "RESOURCE.SET_PLAN", "SWITCH_RESOURCE_PLAN", "Customer actions for resources",
        "Move a resource to another plan." }
    ResourceSetState { "RESOURCE.SET_STATE", "SET_RESOURCE_STATE", "Provider actions",
        "Set the state of a resource as the provider: done, erred, paused and so on." }
    ResourceSetUsage { "RESOURCE.SET_USAGE", "SET_RESOURCE_USAGE", "Provider actions",
        "Report what a resource has used." }
    ResourceSubmitReport { "RESOURCE.SUBMIT_REPORT", "SUBMIT_RESOURCE_REPORT", "Provider actions",
        "Attach a report to a resource." }
    ResourceTerminate { "RESOURCE.TERMINATE", "TERMINATE_RESOURCE", "Customer actions for resources",
        "Terminate a resource." }
    ResourceUpdate { "RESOURCE.UPDATE", "UPDATE_RESOURCE", "Customer actions for resources",
        "Change the name, description and end date of a resource." }
    ResourceUpdateOptions { "RESOURCE.UPDATE_OPTIONS", "UPDATE_RESOURCE_OPTIONS", "Customer actions for resources",
        "Change the options of a running resource." }
    ResourceUpdatePermission { "RESOURCE.UPDATE_PERMISSION", "UPDATE_RESOURCE_PERMISSION", "Team members",
        "Change until when a role on a resource lasts." }
    ResourceUpdateRobotAccount { "RESOURCE.UPDATE_ROBOT_ACCOUNT", "UPDATE_RESOURCE_ROBOT_ACCOUNT", "Provider actions",
        "Change an account for programs at a resource, its keys and its state." }
    ResourceProjectCreatePermission { "RESOURCE_PROJECT.CREATE_PERMISSION",
        "CREATE_RESOURCE_PROJECT_PERMISSION", "Team members",
        "Give roles on a project inside a resource." }
    ResourceProjectDeletePermission { "RESOURCE_PROJECT.DELETE_PERMISSION",
        "DELETE_RESOURCE_PROJECT_PERMISSION", "Team members",
        "Take roles on a project inside a resource away." }
    ResourceProjectUpdatePermission { "RESOURCE_PROJECT.UPDATE_PERMISSION",
        "UPDATE_RESOURCE_PROJECT_PERMISSION", "Team members",
        "Change until when a role on a project inside a resource lasts." }
    RoundList { "ROUND.LIST", "LIST_ROUNDS", "Call management",
        "See the rounds of calls that aren't public." }
    ServiceAccountManage { "SERVICE_ACCOUNT.MANAGE", "MANAGE_SERVICE_ACCOUNT", "Provider actions",
        "Create, change and close the service accounts of an organization or a project." }
    ServiceProviderGenerateApiSecretCode { "SERVICE_PROVIDER.GENERATE_API_SECRET_CODE",
        "GENERATE_SERVICE_PROVIDER_API_SECRET_CODE", "Provider actions",
        "Replace the secret with which a provider reports usage." }
    ServiceProviderGetApiSecretCode { "SERVICE_PROVIDER.GET_API_SECRET_CODE",
        "GET_SERVICE_PROVIDER_API_SECRET_CODE", "Provider actions",
        "Read the secret with which a provider reports usage." }
    ServiceProviderGetRevenue { "SERVICE_PROVIDER.GET_REVENUE", "GET_SERVICE_PROVIDER_REVENUE", "Provider actions",
        "See what a provider earns month by month." }
    ServiceProviderGetRobotAccountCustomers { "SERVICE_PROVIDER.GET_ROBOT_ACCOUNT_CUSTOMERS",
        "GET_SERVICE_PROVIDER_ROBOT_ACCOUNT_CUSTOMERS", "Provider actions",
        "See the organizations that have accounts for programs at a provider." }
    ServiceProviderGetRobotAccountProjects { "SERVICE_PROVIDER.GET_ROBOT_ACCOUNT_PROJECTS",
        "GET_SERVICE_PROVIDER_ROBOT_ACCOUNT_PROJECTS", "Provider actions",
        "See the projects that have accounts for programs at a provider." }
    ServiceProviderGetStatistics { "SERVICE_PROVIDER.GET_STATISTICS",
        "GET_SERVICE_PROVIDER_STATISTICS", "Provider actions",
        "See the figures of a provider: customers, orders, resources." }
    ServiceProviderListCourseAccounts { "SERVICE_PROVIDER.LIST_COURSE_ACCOUNTS",
        "LIST_SERVICE_PROVIDER_COURSE_ACCOUNTS", "Provider actions",
        "See the course accounts of projects that use a provider." }
    ServiceProviderListCustomers { "SERVICE_PROVIDER.LIST_CUSTOMERS",
        "LIST_SERVICE_PROVIDER_CUSTOMERS", "Provider actions",
        "See the organizations that use a provider." }
    ServiceProviderListCustomerProjects { "SERVICE_PROVIDER.LIST_CUSTOMER_PROJECTS",
        "LIST_SERVICE_PROVIDER_CUSTOMER_PROJECTS", "Provider actions",
        "See the projects of an organization that uses a provider." }
    ServiceProviderListKeys { "SERVICE_PROVIDER.LIST_KEYS", "LIST_SERVICE_PROVIDER_KEYS", "Provider actions",
        "See the public SSH keys of people who use a provider." }
    ServiceProviderListProjects { "SERVICE_PROVIDER.LIST_PROJECTS",
        "LIST_SERVICE_PROVIDER_PROJECTS", "Provider actions",
        "See the projects that use a provider." }
    ServiceProviderListProjectPermissions { "SERVICE_PROVIDER.LIST_PROJECT_PERMISSIONS",
        "LIST_SERVICE_PROVIDER_PROJECT_PERMISSIONS", "Provider actions",
        "See who holds which role in the projects that use a provider." }
    ServiceProviderListServiceAccounts { "SERVICE_PROVIDER.LIST_SERVICE_ACCOUNTS",
        "LIST_SERVICE_PROVIDER_SERVICE_ACCOUNTS", "Provider actions",
        "See the service accounts of projects that use a provider." }
    ServiceProviderListUsers { "SERVICE_PROVIDER.LIST_USERS", "LIST_SERVICE_PROVIDER_USERS", "Provider actions",
        "See the people who use a provider." }
    ServiceProviderListUserCustomers { "SERVICE_PROVIDER.LIST_USER_CUSTOMERS",
        "LIST_SERVICE_PROVIDER_USER_CUSTOMERS", "Provider actions",
        "See through which organizations a person uses a provider." }
    ServiceProviderManageMaintenanceAnnouncement { "SERVICE_PROVIDER.MANAGE_MAINTENANCE_ANNOUNCEMENT",
        "MANAGE_SERVICE_PROVIDER_MAINTENANCE_ANNOUNCEMENT", "Provider actions",
        "Announce maintenance of a provider's offerings, and run it." }
    ServiceProviderOpenstackImageManagement { "SERVICE_PROVIDER.OPENSTACK_IMAGE_MANAGEMENT",
        "SERVICE_PROVIDER_OPENSTACK_IMAGE_MANAGEMENT", "Provider actions",
        "Upload and delete images at a provider's OpenStack." }
    ServiceProviderRegister { "SERVICE_PROVIDER.REGISTER", "REGISTER_SERVICE_PROVIDER", "Provider actions",
        "Make an organization a service provider." }
    ServiceProviderSetOfferingsUsername { "SERVICE_PROVIDER.SET_OFFERINGS_USERNAME",
        "SET_SERVICE_PROVIDER_OFFERINGS_USERNAME", "Provider actions",
        "Set a person's user name in all offerings of a provider." }
    StaffAccess { "STAFF.ACCESS", "STAFF_ACCESS", "Token scopes",
        "Let a token use its owner's staff rights; means nothing in a role." }
    SupportAccess { "SUPPORT.ACCESS", "SUPPORT_ACCESS", "Token scopes",
        "Let a token use its owner's support rights; means nothing in a role." }
}

impl Permission {
    /// How many there are.
    pub const COUNT: usize = PERMISSIONS.len();

    /// All of them, in order.
    pub fn all() -> impl DoubleEndedIterator<Item = Permission> + ExactSizeIterator {
        PERMISSIONS.iter().map(|entry| entry.permission)
    }

    /// Its place in [`PERMISSIONS`]. Not stable between versions: store the name.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The permission as the kernel's decisions know it.
    pub const fn id(self) -> stoa_kernel::access::Permission {
        stoa_kernel::access::Permission { index: self as u16, name: self.name() }
    }

    /// Its name on the wire: `PROJECT.CREATE`.
    pub const fn name(self) -> &'static str {
        PERMISSIONS[self.index()].name
    }

    /// Its key in the maps of the official clients: `CREATE_PROJECT`.
    pub const fn key(self) -> &'static str {
        PERMISSIONS[self.index()].key
    }

    /// What it lets its holder do, in one sentence.
    pub const fn about(self) -> &'static str {
        PERMISSIONS[self.index()].about
    }

    /// The heading under which a role editor shows it.
    pub const fn group(self) -> &'static str {
        PERMISSIONS[self.index()].group
    }

    /// The permission with this name; names are exact, case included.
    pub fn parse(name: &str) -> Option<Permission> {
        let at = PERMISSIONS.binary_search_by(|entry| entry.name.cmp(name)).ok()?;
        Some(PERMISSIONS[at].permission)
    }

    /// What stands before the dot of its name: `PROJECT`.
    pub fn category(self) -> &'static str {
        self.name().split_once('.').map_or(self.name(), |(category, _)| category)
    }

    /// The kinds of scope at which a grant of it can mean something: the kind it is about, then outwards.
    ///
    /// From the published table (reference/permissions.md, section 1), ancestors included. Empty for the two that only
    /// tokens carry. The table doesn't know chat rooms; they are put where the shipped role that carries them stands.
    pub fn scopes(self) -> &'static [&'static str] {
        match self.category() {
            "ACCESS_SUBNET" | "CUSTOMER" | "INVITATION" | "LEXIS_LINK" | "MATRIX_ROOM" => &["customer"],
            "PROJECT" | "SERVICE_ACCOUNT" | "OPENSTACK_INSTANCE" | "OPENSTACK_ROUTER" => &["project", "customer"],
            "ORDER" => &["project", "offering", "service_provider", "customer"],
            "OFFERING" | "OFFERINGUSER" | "OFFERING_ACCESS_SUBNET" => &["offering", "service_provider", "customer"],
            "RESOURCE" => &["resource", "offering", "project", "service_provider", "customer"],
            "RESOURCE_PROJECT" => {
                &["resource_project", "resource", "offering", "project", "service_provider", "customer"]
            }
            "CALL" | "ROUND" => &["call", "call_organizer", "customer"],
            "PROPOSAL" => &["proposal", "call", "call_organizer", "customer"],
            "SERVICE_PROVIDER" | "POSIX_ID_POOL" => &["service_provider", "customer"],
            _ => &[],
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of permissions: one bit each, so that a check costs a shift and a union costs three instructions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct PermissionSet([u64; 3]);

const _: () = assert!(Permission::COUNT <= 3 * 64, "a permission set has room for 192 permissions");

impl PermissionSet {
    /// The set of nothing.
    pub const EMPTY: PermissionSet = PermissionSet([0; 3]);

    /// The set of these; a constant expression, for tables.
    pub const fn of(permissions: &[Permission]) -> PermissionSet {
        let mut set = PermissionSet::EMPTY;
        let mut at = 0;
        while at < permissions.len() {
            set.0[permissions[at].index() / 64] |= 1 << (permissions[at].index() % 64);
            at += 1;
        }
        set
    }

    /// Puts one in; says whether it wasn't there.
    pub fn insert(&mut self, permission: Permission) -> bool {
        let new = !self.contains(permission);
        self.0[permission.index() / 64] |= 1 << (permission.index() % 64);
        new
    }

    /// Takes one out; says whether it was there.
    pub fn remove(&mut self, permission: Permission) -> bool {
        let old = self.contains(permission);
        self.0[permission.index() / 64] &= !(1 << (permission.index() % 64));
        old
    }

    /// Whether it is in.
    pub const fn contains(&self, permission: Permission) -> bool {
        self.0[permission.index() / 64] & (1 << (permission.index() % 64)) != 0
    }

    /// How many are in.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether none is in.
    pub fn is_empty(&self) -> bool {
        *self == PermissionSet::EMPTY
    }

    /// Those in, in the order of their names.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Permission> {
        let set = *self;
        Permission::all().filter(move |permission| set.contains(*permission))
    }

    /// Whether all of these are in the other.
    pub fn is_subset_of(&self, other: &PermissionSet) -> bool {
        self.minus(other).is_empty()
    }

    /// Those in either.
    pub fn union(&self, other: &PermissionSet) -> PermissionSet {
        PermissionSet(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    /// Those in both.
    pub fn intersection(&self, other: &PermissionSet) -> PermissionSet {
        PermissionSet(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    /// Those in this one but not in the other.
    pub fn minus(&self, other: &PermissionSet) -> PermissionSet {
        PermissionSet(std::array::from_fn(|at| self.0[at] & !other.0[at]))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let mut set = PermissionSet::EMPTY;
        set.extend(permissions);
        set
    }
}

impl Extend<Permission> for PermissionSet {
    fn extend<I: IntoIterator<Item = Permission>>(&mut self, permissions: I) {
        for permission in permissions {
            self.insert(permission);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_follows_the_enum_and_the_alphabet() {
        assert_eq!(Permission::COUNT, 139);
        for (at, entry) in PERMISSIONS.iter().enumerate() {
            assert_eq!(entry.permission.index(), at);
            assert_eq!(Permission::parse(entry.name), Some(entry.permission));
        }
        assert!(PERMISSIONS.is_sorted_by(|one, next| one.name < next.name));
    }

    #[test]
    fn names_have_one_dot_and_sentences_end() {
        for entry in PERMISSIONS {
            assert_eq!(entry.name.matches('.').count(), 1, "{}", entry.name);
            assert!(entry.about.ends_with('.'), "{}", entry.name);
            assert!(!entry.group.is_empty(), "{}", entry.name);
        }
    }

    #[test]
    fn keys_and_sentences_are_each_their_own() {
        for field in [|entry: &Entry| entry.key, |entry: &Entry| entry.about] {
            let mut all: Vec<_> = PERMISSIONS.iter().map(field).collect();
            all.sort_unstable();
            assert!(all.is_sorted_by(|one, next| one < next));
        }
        assert_eq!(Permission::ProjectCreate.key(), "CREATE_PROJECT");
    }

    #[test]
    fn only_tokens_carry_what_means_nothing_in_a_role() {
        let nowhere: Vec<_> = Permission::all().filter(|permission| permission.scopes().is_empty()).collect();
        assert_eq!(nowhere, [Permission::StaffAccess, Permission::SupportAccess]);
    }

    #[test]
    fn unknown_names_are_no_permission() {
        for name in ["", "PROJECT", "project.create", "PROJECT.CREATE ", "CUSTOMER.CREATE"] {
            assert_eq!(Permission::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_set_is_a_set() {
        use Permission::*;
        let mut set: PermissionSet = [SupportAccess, ProjectCreate, ProjectCreate].into_iter().collect();
        assert_eq!(set.len(), 2);
        assert_eq!(set.iter().collect::<Vec<_>>(), [ProjectCreate, SupportAccess]);
        assert!(set.insert(AccessSubnetCreate) && !set.insert(AccessSubnetCreate));
        assert!(set.remove(SupportAccess) && !set.remove(SupportAccess));
        assert_eq!(set, PermissionSet::of(&[AccessSubnetCreate, ProjectCreate]));
        assert!(!PermissionSet::EMPTY.contains(AccessSubnetCreate));
        let everything: PermissionSet = Permission::all().collect();
        assert_eq!(everything.len(), Permission::COUNT);
        assert!(set.is_subset_of(&everything) && !everything.is_subset_of(&set));
        assert_eq!(everything.minus(&set).union(&set), everything);
        assert_eq!(everything.intersection(&set), set);
        assert!(everything.minus(&everything).is_empty());
    }
}
