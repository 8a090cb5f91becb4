//! The event catalogue of the wire: every type that the official description 8.0.5 knows (268), the group under which
//! feeds and hooks find it (19), and a sentence.
//!
//! Actions name their event by one of these where the wire has a fitting one; nothing here says when an event happens.
//! A type has one home group and may be listed in others too. Sources: `EventTypesEnum` and `EventGroupsEnum` of the
//! official description; reference/events-and-quotas.md section 2 for the groups of tenancy; the published list of groups
//! for the rest, and the type's beginning where it is silent.

/// A type of event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventType {
    /// Its name on the wire: `role_granted`.
    pub name: &'static str,
    /// Its home group.
    pub group: &'static str,
    /// Other groups that list it.
    pub also: &'static [&'static str],
    /// What has happened.
    pub about: &'static str,
}

impl EventType {
    /// Whether the group lists it.
    pub fn is_of(&self, group: &str) -> bool {
        self.group == group || self.also.contains(&group)
    }
}

/// Group and what it is about, in order of the names.
pub const GROUPS: &[(&str, &str)] = &[
    ("access_subnets", "Networks from which an organization is reached."),
    ("auth", "Sign-ins, sign-outs and tokens."),
    ("call", "Calls for proposals."),
    ("chat", "The assistant."),
    ("credits", "Credits of organizations and projects."),
    ("customers", "Organizations."),
    ("invoices", "Invoices and payments."),
    ("offering_accounting", "Plans, components and prices of offerings."),
    ("onboarding", "Verification of organizations."),
    ("permissions", "Who gets and loses which role."),
    ("projects", "Projects."),
    ("proposal", "Proposals."),
    ("providers", "Service providers and their offerings."),
    ("resources", "Orders and resources."),
    ("review", "Reviews of proposals."),
    ("ssh", "SSH keys."),
    ("support", "Support requests."),
    ("terms_of_service", "Agreement to terms."),
    ("users", "Users and their accounts."),
];

/// Every type, in order of the names.
#[rustfmt::skip]
pub const EVENT_TYPES: &[EventType] = &[
    EventType { name: "access_subnet_creation_succeeded", group: "access_subnets", also: &[], about: "An access subnet was created." },
    EventType { name: "access_subnet_deletion_succeeded", group: "access_subnets", also: &[], about: "An access subnet was deleted." },
    EventType { name: "access_subnet_update_succeeded", group: "access_subnets", also: &[], about: "An access subnet was changed." },
    EventType { name: "allowed_offerings_have_been_updated", group: "credits", also: &["customers", "invoices"], about: "The offerings that a credit may pay for were changed." },
    EventType { name: "attachment_created", group: "support", also: &[], about: "An attachment of a support request was created." },
    EventType { name: "attachment_deleted", group: "support", also: &[], about: "An attachment of a support request was deleted." },
    EventType { name: "attachment_updated", group: "support", also: &[], about: "An attachment of a support request was changed." },
    EventType { name: "auth_logged_in_with_oauth", group: "auth", also: &["users"], about: "A person signed in through OAuth or OpenID Connect." },
    EventType { name: "auth_logged_in_with_saml2", group: "auth", also: &["users"], about: "A person signed in through SAML." },
    EventType { name: "auth_logged_in_with_username", group: "auth", also: &["users"], about: "A person signed in with user name and password." },
    EventType { name: "auth_logged_out", group: "auth", also: &["users"], about: "A person signed out." },
    EventType { name: "auth_logged_out_with_saml2", group: "auth", also: &["users"], about: "A person signed out through SAML." },
    EventType { name: "auth_login_failed_with_username", group: "auth", also: &["users"], about: "A sign-in with user name and password failed." },
    EventType { name: "automatic_credit_adjustment", group: "credits", also: &["customers", "invoices"], about: "A credit was adjusted by rule." },
    EventType { name: "block_creation_of_new_resources", group: "resources", also: &[], about: "A policy stopped the creation of new resources." },
    EventType { name: "block_modification_of_existing_resources", group: "resources", also: &[], about: "A policy stopped changes of existing resources." },
    EventType { name: "call_document_added", group: "call", also: &[], about: "A document was added to a call." },
    EventType { name: "call_document_removed", group: "call", also: &[], about: "A document was removed from a call." },
    EventType { name: "chat_injection_detected", group: "chat", also: &[], about: "A chat message tried to override its instructions." },
    EventType { name: "chat_session_accessed", group: "chat", also: &[], about: "Somebody read a person's chat session." },
    EventType { name: "chat_thread_accessed", group: "chat", also: &[], about: "Somebody read a person's chat thread." },
    EventType { name: "create_of_credit_by_staff", group: "credits", also: &["customers", "invoices"], about: "Staff gave a credit." },
    EventType { name: "custom_notification", group: "resources", also: &[], about: "A policy sent a notification with a text of its own." },
    EventType { name: "customer_creation_succeeded", group: "customers", also: &[], about: "An organization was created." },
    EventType { name: "customer_deletion_succeeded", group: "customers", also: &[], about: "An organization was deleted." },
    EventType { name: "customer_permission_review_closed", group: "customers", also: &[], about: "A review of who holds what in an organization was closed." },
    EventType { name: "customer_permission_review_created", group: "customers", also: &[], about: "A review of who holds what in an organization was opened." },
    EventType { name: "customer_update_succeeded", group: "customers", also: &[], about: "An organization was changed." },
    EventType { name: "droplet_resize_scheduled", group: "resources", also: &[], about: "Resizing of a droplet was asked for." },
    EventType { name: "droplet_resize_succeeded", group: "resources", also: &[], about: "A droplet was resized." },
    EventType { name: "freeipa_profile_created", group: "users", also: &[], about: "A FreeIPA profile was created." },
    EventType { name: "freeipa_profile_deleted", group: "users", also: &[], about: "A FreeIPA profile was deleted." },
    EventType { name: "freeipa_profile_disabled", group: "users", also: &[], about: "A FreeIPA profile was disabled." },
    EventType { name: "freeipa_profile_enabled", group: "users", also: &[], about: "A FreeIPA profile was enabled." },
    EventType { name: "invoice_canceled", group: "invoices", also: &[], about: "An invoice was canceled." },
    EventType { name: "invoice_created", group: "invoices", also: &[], about: "An invoice was created." },
    EventType { name: "invoice_item_created", group: "invoices", also: &[], about: "An item of an invoice was created." },
    EventType { name: "invoice_item_deleted", group: "invoices", also: &[], about: "An item of an invoice was deleted." },
    EventType { name: "invoice_item_updated", group: "invoices", also: &[], about: "An item of an invoice was changed." },
    EventType { name: "invoice_paid", group: "invoices", also: &[], about: "An invoice was paid." },
    EventType { name: "issue_creation_succeeded", group: "support", also: &[], about: "A support request was created." },
    EventType { name: "issue_deletion_succeeded", group: "support", also: &[], about: "A support request was deleted." },
    EventType { name: "issue_update_succeeded", group: "support", also: &[], about: "A support request was changed." },
    EventType { name: "marketplace_offering_component_created", group: "offering_accounting", also: &[], about: "A component of an offering was created." },
    EventType { name: "marketplace_offering_component_deleted", group: "offering_accounting", also: &[], about: "A component of an offering was deleted." },
    EventType { name: "marketplace_offering_component_updated", group: "offering_accounting", also: &[], about: "A component of an offering was changed." },
    EventType { name: "marketplace_offering_created", group: "providers", also: &[], about: "An offering was created." },
    EventType { name: "marketplace_offering_role_created", group: "providers", also: &[], about: "A role at an offering was created." },
    EventType { name: "marketplace_offering_role_deleted", group: "providers", also: &[], about: "A role at an offering was deleted." },
    EventType { name: "marketplace_offering_role_updated", group: "providers", also: &[], about: "A role at an offering was changed." },
    EventType { name: "marketplace_offering_updated", group: "providers", also: &[], about: "An offering was changed." },
    EventType { name: "marketplace_offering_user_created", group: "users", also: &[], about: "An account at an offering was created." },
    EventType { name: "marketplace_offering_user_deleted", group: "users", also: &[], about: "An account at an offering was deleted." },
    EventType { name: "marketplace_offering_user_restriction_updated", group: "users", also: &[], about: "An account at an offering was restricted or freed." },
    EventType { name: "marketplace_offering_user_updated", group: "users", also: &[], about: "An account at an offering was changed." },
    EventType { name: "marketplace_order_approved", group: "resources", also: &[], about: "An order was approved." },
    EventType { name: "marketplace_order_completed", group: "resources", also: &[], about: "An order was completed." },
    EventType { name: "marketplace_order_created", group: "resources", also: &[], about: "An order was created." },
    EventType { name: "marketplace_order_failed", group: "resources", also: &[], about: "An order failed." },
    EventType { name: "marketplace_order_rejected", group: "resources", also: &[], about: "An order was rejected." },
    EventType { name: "marketplace_order_terminated", group: "resources", also: &[], about: "An order was terminated." },
    EventType { name: "marketplace_order_unlinked", group: "resources", also: &[], about: "An order was removed without touching the provider." },
    EventType { name: "marketplace_plan_archived", group: "offering_accounting", also: &[], about: "A plan was archived." },
    EventType { name: "marketplace_plan_component_current_price_updated", group: "offering_accounting", also: &[], about: "The price of a component of a plan was changed." },
    EventType { name: "marketplace_plan_component_future_price_updated", group: "offering_accounting", also: &[], about: "The price that a component of a plan will have next month was changed." },
    EventType { name: "marketplace_plan_component_quota_updated", group: "offering_accounting", also: &[], about: "The quota of a component of a plan was changed." },
    EventType { name: "marketplace_plan_created", group: "offering_accounting", also: &[], about: "A plan was created." },
    EventType { name: "marketplace_plan_deleted", group: "offering_accounting", also: &[], about: "A plan was deleted." },
    EventType { name: "marketplace_plan_updated", group: "offering_accounting", also: &[], about: "A plan was changed." },
    EventType { name: "marketplace_resource_create_canceled", group: "resources", also: &["providers"], about: "Creating a resource was called off." },
    EventType { name: "marketplace_resource_create_failed", group: "resources", also: &["providers"], about: "Creating a resource failed." },
    EventType { name: "marketplace_resource_create_requested", group: "resources", also: &["providers"], about: "Creating a resource was asked for." },
    EventType { name: "marketplace_resource_create_succeeded", group: "resources", also: &["providers"], about: "Creating a resource succeeded." },
    EventType { name: "marketplace_resource_downscaled", group: "resources", also: &[], about: "A resource was downscaled or brought back to full size." },
    EventType { name: "marketplace_resource_erred_on_backend", group: "resources", also: &[], about: "A resource erred at the provider's side." },
    EventType { name: "marketplace_resource_paused", group: "resources", also: &[], about: "A resource was paused or resumed." },
    EventType { name: "marketplace_resource_terminate_canceled", group: "resources", also: &[], about: "Terminating a resource was called off." },
    EventType { name: "marketplace_resource_terminate_failed", group: "resources", also: &["providers"], about: "Terminating a resource failed." },
    EventType { name: "marketplace_resource_terminate_requested", group: "resources", also: &["providers"], about: "Terminating a resource was asked for." },
    EventType { name: "marketplace_resource_terminate_succeeded", group: "resources", also: &["providers"], about: "Terminating a resource succeeded." },
    EventType { name: "marketplace_resource_unlinked", group: "resources", also: &[], about: "A resource was removed without touching the provider." },
    EventType { name: "marketplace_resource_update_canceled", group: "resources", also: &[], about: "Changing a resource was called off." },
    EventType { name: "marketplace_resource_update_end_date_succeeded", group: "resources", also: &[], about: "The end date of a resource was changed." },
    EventType { name: "marketplace_resource_update_failed", group: "resources", also: &["providers"], about: "Changing a resource failed." },
    EventType { name: "marketplace_resource_update_limits_failed", group: "resources", also: &["providers"], about: "A change of the limits of a resource failed." },
    EventType { name: "marketplace_resource_update_limits_succeeded", group: "resources", also: &["providers"], about: "The limits of a resource were changed." },
    EventType { name: "marketplace_resource_update_requested", group: "resources", also: &["providers"], about: "Changing a resource was asked for." },
    EventType { name: "marketplace_resource_update_succeeded", group: "resources", also: &[], about: "Changing a resource succeeded." },
    EventType { name: "marketplace_resource_user_created", group: "resources", also: &[], about: "A person was put down as user of a resource." },
    EventType { name: "marketplace_resource_user_deleted", group: "resources", also: &[], about: "A person is no longer put down as user of a resource." },
    EventType { name: "notify_external_user", group: "resources", also: &[], about: "A policy notified somebody outside." },
    EventType { name: "notify_organization_owners", group: "resources", also: &[], about: "A policy notified the owners of an organization." },
    EventType { name: "notify_project_team", group: "resources", also: &[], about: "A policy notified the team of a project." },
    EventType { name: "onboarding_verification_deleted", group: "onboarding", also: &[], about: "The verification of an organization was deleted." },
    EventType { name: "onboarding_verification_deleted_by_task", group: "onboarding", also: &[], about: "An expired verification of an organization was deleted." },
    EventType { name: "openstack_floating_ip_attached", group: "resources", also: &[], about: "A floating IP was attached to a port." },
    EventType { name: "openstack_floating_ip_connected", group: "resources", also: &[], about: "A floating IP was connected with an instance." },
    EventType { name: "openstack_floating_ip_description_updated", group: "resources", also: &[], about: "The description of a floating IP was changed." },
    EventType { name: "openstack_floating_ip_detached", group: "resources", also: &[], about: "A floating IP was detached from a port." },
    EventType { name: "openstack_floating_ip_disconnected", group: "resources", also: &[], about: "A floating IP was disconnected from an instance." },
    EventType { name: "openstack_network_cleaned", group: "resources", also: &[], about: "An OpenStack network that is no longer at the provider was forgotten." },
    EventType { name: "openstack_network_created", group: "resources", also: &[], about: "An OpenStack network was created." },
    EventType { name: "openstack_network_deleted", group: "resources", also: &[], about: "An OpenStack network was deleted." },
    EventType { name: "openstack_network_imported", group: "resources", also: &[], about: "An OpenStack network was imported." },
    EventType { name: "openstack_network_pulled", group: "resources", also: &[], about: "An OpenStack network was read from the provider." },
    EventType { name: "openstack_network_updated", group: "resources", also: &[], about: "An OpenStack network was changed." },
    EventType { name: "openstack_port_cleaned", group: "resources", also: &[], about: "An OpenStack port that is no longer at the provider was forgotten." },
    EventType { name: "openstack_port_created", group: "resources", also: &[], about: "An OpenStack port was created." },
    EventType { name: "openstack_port_deleted", group: "resources", also: &[], about: "An OpenStack port was deleted." },
    EventType { name: "openstack_port_imported", group: "resources", also: &[], about: "An OpenStack port was imported." },
    EventType { name: "openstack_port_pulled", group: "resources", also: &[], about: "An OpenStack port was read from the provider." },
    EventType { name: "openstack_port_updated", group: "resources", also: &[], about: "An OpenStack port was changed." },
    EventType { name: "openstack_router_updated", group: "resources", also: &[], about: "An OpenStack router was changed." },
    EventType { name: "openstack_security_group_added_locally", group: "resources", also: &[], about: "A security group was added to an instance." },
    EventType { name: "openstack_security_group_added_remotely", group: "resources", also: &[], about: "A security group was added to an instance at the provider's side." },
    EventType { name: "openstack_security_group_cleaned", group: "resources", also: &[], about: "A security group that is no longer at the provider was forgotten." },
    EventType { name: "openstack_security_group_created", group: "resources", also: &[], about: "A security group was created." },
    EventType { name: "openstack_security_group_deleted", group: "resources", also: &[], about: "A security group was deleted." },
    EventType { name: "openstack_security_group_imported", group: "resources", also: &[], about: "A security group was imported." },
    EventType { name: "openstack_security_group_pulled", group: "resources", also: &[], about: "A security group was read from the provider." },
    EventType { name: "openstack_security_group_removed_locally", group: "resources", also: &[], about: "A security group was removed from an instance." },
    EventType { name: "openstack_security_group_removed_remotely", group: "resources", also: &[], about: "A security group was removed from an instance at the provider's side." },
    EventType { name: "openstack_security_group_rule_cleaned", group: "resources", also: &[], about: "A rule of a security group that is no longer at the provider was forgotten." },
    EventType { name: "openstack_security_group_rule_created", group: "resources", also: &[], about: "A rule of a security group was created." },
    EventType { name: "openstack_security_group_rule_deleted", group: "resources", also: &[], about: "A rule of a security group was deleted." },
    EventType { name: "openstack_security_group_rule_imported", group: "resources", also: &[], about: "A rule of a security group was imported." },
    EventType { name: "openstack_security_group_rule_updated", group: "resources", also: &[], about: "A rule of a security group was changed." },
    EventType { name: "openstack_security_group_updated", group: "resources", also: &[], about: "A security group was changed." },
    EventType { name: "openstack_server_group_cleaned", group: "resources", also: &[], about: "A server group that is no longer at the provider was forgotten." },
    EventType { name: "openstack_server_group_created", group: "resources", also: &[], about: "A server group was created." },
    EventType { name: "openstack_server_group_deleted", group: "resources", also: &[], about: "A server group was deleted." },
    EventType { name: "openstack_server_group_imported", group: "resources", also: &[], about: "A server group was imported." },
    EventType { name: "openstack_server_group_pulled", group: "resources", also: &[], about: "A server group was read from the provider." },
    EventType { name: "openstack_subnet_cleaned", group: "resources", also: &[], about: "An OpenStack subnet that is no longer at the provider was forgotten." },
    EventType { name: "openstack_subnet_created", group: "resources", also: &[], about: "An OpenStack subnet was created." },
    EventType { name: "openstack_subnet_deleted", group: "resources", also: &[], about: "An OpenStack subnet was deleted." },
    EventType { name: "openstack_subnet_imported", group: "resources", also: &[], about: "An OpenStack subnet was imported." },
    EventType { name: "openstack_subnet_pulled", group: "resources", also: &[], about: "An OpenStack subnet was read from the provider." },
    EventType { name: "openstack_subnet_updated", group: "resources", also: &[], about: "An OpenStack subnet was changed." },
    EventType { name: "openstack_tenant_quota_limit_updated", group: "resources", also: &[], about: "A quota limit of an OpenStack tenant was changed." },
    EventType { name: "payment_added", group: "invoices", also: &["customers"], about: "A payment was linked to an invoice." },
    EventType { name: "payment_created", group: "invoices", also: &["customers"], about: "A payment was recorded." },
    EventType { name: "payment_removed", group: "invoices", also: &["customers"], about: "A payment was removed." },
    EventType { name: "policy_notification", group: "resources", also: &[], about: "A policy sent a notification." },
    EventType { name: "project_creation_succeeded", group: "projects", also: &[], about: "A project was created." },
    EventType { name: "project_deletion_succeeded", group: "projects", also: &[], about: "A project was deleted." },
    EventType { name: "project_deletion_triggered", group: "projects", also: &[], about: "A project reached its end date and its deletion began." },
    EventType { name: "project_permission_review_closed", group: "projects", also: &[], about: "A review of who holds what in a project was closed." },
    EventType { name: "project_permission_review_created", group: "projects", also: &[], about: "A review of who holds what in a project was opened." },
    EventType { name: "project_update_request_approved", group: "projects", also: &[], about: "A requested change of a project was approved." },
    EventType { name: "project_update_request_created", group: "projects", also: &[], about: "A change of a project was requested." },
    EventType { name: "project_update_request_rejected", group: "projects", also: &[], about: "A requested change of a project was rejected." },
    EventType { name: "project_update_succeeded", group: "projects", also: &[], about: "A project was changed." },
    EventType { name: "proposal_canceled", group: "proposal", also: &[], about: "A proposal was canceled." },
    EventType { name: "proposal_document_added", group: "proposal", also: &[], about: "A document was added to a proposal." },
    EventType { name: "proposal_document_removed", group: "proposal", also: &[], about: "A document was removed from a proposal." },
    EventType { name: "query_executed", group: "users", also: &[], about: "A staff member ran a query on the database." },
    EventType { name: "reduction_of_customer_credit", group: "credits", also: &["customers", "invoices"], about: "The credit of an organization paid for its use." },
    EventType { name: "reduction_of_customer_credit_due_to_minimal_consumption", group: "credits", also: &["customers", "invoices"], about: "The credit of an organization shrank because less was used than agreed." },
    EventType { name: "reduction_of_customer_expected_consumption", group: "credits", also: &["customers", "invoices"], about: "The expected monthly consumption of an organization was lowered." },
    EventType { name: "reduction_of_project_credit", group: "credits", also: &["customers", "invoices"], about: "The credit of a project paid for its use." },
    EventType { name: "reduction_of_project_credit_due_to_minimal_consumption", group: "credits", also: &["customers", "invoices"], about: "The credit of a project shrank because less was used than agreed." },
    EventType { name: "reduction_of_project_expected_consumption", group: "credits", also: &["customers", "invoices"], about: "The expected monthly consumption of a project was lowered." },
    EventType { name: "request_downscaling", group: "resources", also: &[], about: "A policy asked for resources to be downscaled." },
    EventType { name: "request_pausing", group: "resources", also: &[], about: "A policy asked for resources to be paused." },
    EventType { name: "resource_assign_floating_ip_failed", group: "resources", also: &[], about: "Assigning a floating IP to a resource failed." },
    EventType { name: "resource_assign_floating_ip_scheduled", group: "resources", also: &[], about: "Assigning a floating IP to a resource was asked for." },
    EventType { name: "resource_assign_floating_ip_succeeded", group: "resources", also: &[], about: "Assigning a floating IP to a resource succeeded." },
    EventType { name: "resource_attach_failed", group: "resources", also: &[], about: "Attaching a volume failed." },
    EventType { name: "resource_attach_scheduled", group: "resources", also: &[], about: "Attaching a volume was asked for." },
    EventType { name: "resource_attach_succeeded", group: "resources", also: &[], about: "Attaching a volume succeeded." },
    EventType { name: "resource_backup_creation_failed", group: "resources", also: &[], about: "Creating a backup of a resource failed." },
    EventType { name: "resource_backup_creation_scheduled", group: "resources", also: &[], about: "Creating a backup of a resource was asked for." },
    EventType { name: "resource_backup_creation_succeeded", group: "resources", also: &[], about: "Creating a backup of a resource succeeded." },
    EventType { name: "resource_backup_deletion_failed", group: "resources", also: &[], about: "Deleting a backup of a resource failed." },
    EventType { name: "resource_backup_deletion_scheduled", group: "resources", also: &[], about: "Deleting a backup of a resource was asked for." },
    EventType { name: "resource_backup_deletion_succeeded", group: "resources", also: &[], about: "Deleting a backup of a resource succeeded." },
    EventType { name: "resource_backup_restoration_failed", group: "resources", also: &[], about: "Restoring a resource from a backup failed." },
    EventType { name: "resource_backup_restoration_scheduled", group: "resources", also: &[], about: "Restoring a resource from a backup was asked for." },
    EventType { name: "resource_backup_restoration_succeeded", group: "resources", also: &[], about: "Restoring a resource from a backup succeeded." },
    EventType { name: "resource_change_flavor_failed", group: "resources", also: &[], about: "Changing the flavor of a resource failed." },
    EventType { name: "resource_change_flavor_scheduled", group: "resources", also: &[], about: "Changing the flavor of a resource was asked for." },
    EventType { name: "resource_change_flavor_succeeded", group: "resources", also: &[], about: "Changing the flavor of a resource succeeded." },
    EventType { name: "resource_creation_failed", group: "resources", also: &[], about: "Creating a resource failed." },
    EventType { name: "resource_creation_scheduled", group: "resources", also: &[], about: "Creating a resource was asked for." },
    EventType { name: "resource_creation_succeeded", group: "resources", also: &[], about: "Creating a resource succeeded." },
    EventType { name: "resource_deletion_failed", group: "resources", also: &[], about: "Deleting a resource failed." },
    EventType { name: "resource_deletion_scheduled", group: "resources", also: &[], about: "Deleting a resource was asked for." },
    EventType { name: "resource_deletion_succeeded", group: "resources", also: &[], about: "Deleting a resource succeeded." },
    EventType { name: "resource_detach_failed", group: "resources", also: &[], about: "Detaching a volume failed." },
    EventType { name: "resource_detach_scheduled", group: "resources", also: &[], about: "Detaching a volume was asked for." },
    EventType { name: "resource_detach_succeeded", group: "resources", also: &[], about: "Detaching a volume succeeded." },
    EventType { name: "resource_extend_failed", group: "resources", also: &[], about: "Extending a resource failed." },
    EventType { name: "resource_extend_scheduled", group: "resources", also: &[], about: "Extending a resource was asked for." },
    EventType { name: "resource_extend_succeeded", group: "resources", also: &[], about: "Extending a resource succeeded." },
    EventType { name: "resource_extend_volume_failed", group: "resources", also: &[], about: "Extending a volume of a resource failed." },
    EventType { name: "resource_extend_volume_scheduled", group: "resources", also: &[], about: "Extending a volume of a resource was asked for." },
    EventType { name: "resource_extend_volume_succeeded", group: "resources", also: &[], about: "Extending a volume of a resource succeeded." },
    EventType { name: "resource_import_succeeded", group: "resources", also: &[], about: "A resource was imported." },
    EventType { name: "resource_pull_failed", group: "resources", also: &[], about: "Reading a resource from the provider failed." },
    EventType { name: "resource_pull_scheduled", group: "resources", also: &[], about: "Reading a resource from the provider was asked for." },
    EventType { name: "resource_pull_succeeded", group: "resources", also: &[], about: "Reading a resource from the provider succeeded." },
    EventType { name: "resource_restart_failed", group: "resources", also: &[], about: "Restarting a resource failed." },
    EventType { name: "resource_restart_scheduled", group: "resources", also: &[], about: "Restarting a resource was asked for." },
    EventType { name: "resource_restart_succeeded", group: "resources", also: &[], about: "Restarting a resource succeeded." },
    EventType { name: "resource_retype_failed", group: "resources", also: &[], about: "Changing the type of a volume failed." },
    EventType { name: "resource_retype_scheduled", group: "resources", also: &[], about: "Changing the type of a volume was asked for." },
    EventType { name: "resource_retype_succeeded", group: "resources", also: &[], about: "Changing the type of a volume succeeded." },
    EventType { name: "resource_robot_account_created", group: "resources", also: &["providers"], about: "An account for programs was created at a resource." },
    EventType { name: "resource_robot_account_deleted", group: "resources", also: &["providers"], about: "An account for programs was deleted at a resource." },
    EventType { name: "resource_robot_account_state_changed", group: "resources", also: &["providers"], about: "The state of an account for programs changed." },
    EventType { name: "resource_robot_account_updated", group: "resources", also: &["providers"], about: "An account for programs was changed." },
    EventType { name: "resource_start_failed", group: "resources", also: &[], about: "Starting a resource failed." },
    EventType { name: "resource_start_scheduled", group: "resources", also: &[], about: "Starting a resource was asked for." },
    EventType { name: "resource_start_succeeded", group: "resources", also: &[], about: "Starting a resource succeeded." },
    EventType { name: "resource_stop_failed", group: "resources", also: &[], about: "Stopping a resource failed." },
    EventType { name: "resource_stop_scheduled", group: "resources", also: &[], about: "Stopping a resource was asked for." },
    EventType { name: "resource_stop_succeeded", group: "resources", also: &[], about: "Stopping a resource succeeded." },
    EventType { name: "resource_unassign_floating_ip_failed", group: "resources", also: &[], about: "Taking a floating IP from a resource failed." },
    EventType { name: "resource_unassign_floating_ip_scheduled", group: "resources", also: &[], about: "Taking a floating IP from a resource was asked for." },
    EventType { name: "resource_unassign_floating_ip_succeeded", group: "resources", also: &[], about: "Taking a floating IP from a resource succeeded." },
    EventType { name: "resource_update_allowed_address_pairs_failed", group: "resources", also: &[], about: "Changing the allowed address pairs of a resource failed." },
    EventType { name: "resource_update_allowed_address_pairs_scheduled", group: "resources", also: &[], about: "Changing the allowed address pairs of a resource was asked for." },
    EventType { name: "resource_update_allowed_address_pairs_succeeded", group: "resources", also: &[], about: "Changing the allowed address pairs of a resource succeeded." },
    EventType { name: "resource_update_floating_ips_failed", group: "resources", also: &[], about: "Changing the floating IPs of a resource failed." },
    EventType { name: "resource_update_floating_ips_scheduled", group: "resources", also: &[], about: "Changing the floating IPs of a resource was asked for." },
    EventType { name: "resource_update_floating_ips_succeeded", group: "resources", also: &[], about: "Changing the floating IPs of a resource succeeded." },
    EventType { name: "resource_update_ports_failed", group: "resources", also: &[], about: "Changing the ports of a resource failed." },
    EventType { name: "resource_update_ports_scheduled", group: "resources", also: &[], about: "Changing the ports of a resource was asked for." },
    EventType { name: "resource_update_ports_succeeded", group: "resources", also: &[], about: "Changing the ports of a resource succeeded." },
    EventType { name: "resource_update_security_groups_failed", group: "resources", also: &[], about: "Changing the security groups of a resource failed." },
    EventType { name: "resource_update_security_groups_scheduled", group: "resources", also: &[], about: "Changing the security groups of a resource was asked for." },
    EventType { name: "resource_update_security_groups_succeeded", group: "resources", also: &[], about: "Changing the security groups of a resource succeeded." },
    EventType { name: "resource_update_succeeded", group: "resources", also: &[], about: "A resource was changed." },
    EventType { name: "restrict_members", group: "resources", also: &[], about: "A policy restricted the members of resources." },
    EventType { name: "review_canceled", group: "review", also: &[], about: "A review of a proposal was canceled." },
    EventType { name: "role_granted", group: "permissions", also: &[], about: "A role was given to somebody." },
    EventType { name: "role_revoked", group: "permissions", also: &[], about: "A role was taken from somebody." },
    EventType { name: "role_updated", group: "permissions", also: &[], about: "Until when somebody holds a role was changed." },
    EventType { name: "roll_back_customer_credit", group: "credits", also: &["customers", "invoices"], about: "A payment from the credit of an organization was taken back." },
    EventType { name: "roll_back_project_credit", group: "credits", also: &["customers", "invoices"], about: "A payment from the credit of a project was taken back." },
    EventType { name: "service_account_created", group: "users", also: &[], about: "A service account was created." },
    EventType { name: "service_account_deleted", group: "users", also: &[], about: "A service account was deleted." },
    EventType { name: "service_account_updated", group: "users", also: &[], about: "A service account was changed." },
    EventType { name: "set_to_zero_overdue_credit", group: "credits", also: &["customers", "invoices"], about: "A credit ended and what was left of it was dropped." },
    EventType { name: "slurm_policy_evaluation", group: "resources", also: &[], about: "A policy on SLURM usage was evaluated." },
    EventType { name: "ssh_key_creation_succeeded", group: "ssh", also: &["users"], about: "An SSH key was created." },
    EventType { name: "ssh_key_deletion_succeeded", group: "ssh", also: &["users"], about: "An SSH key was deleted." },
    EventType { name: "terminate_resources", group: "resources", also: &[], about: "A policy terminated resources." },
    EventType { name: "terms_of_service_consent_granted", group: "terms_of_service", also: &[], about: "A person agreed to the terms of an offering." },
    EventType { name: "terms_of_service_consent_revoked", group: "terms_of_service", also: &[], about: "A person took back the agreement to the terms of an offering." },
    EventType { name: "token_created", group: "auth", also: &["users"], about: "A token for the API was created." },
    EventType { name: "token_lifetime_updated", group: "auth", also: &["users"], about: "The lifetime of a token was changed." },
    EventType { name: "update_of_credit_by_staff", group: "credits", also: &["customers", "invoices"], about: "Staff changed a credit." },
    EventType { name: "user_activated", group: "users", also: &[], about: "A user was activated." },
    EventType { name: "user_creation_succeeded", group: "users", also: &[], about: "A user was created." },
    EventType { name: "user_data_accessed", group: "users", also: &[], about: "Somebody read a person's profile." },
    EventType { name: "user_deactivated", group: "users", also: &[], about: "A user was deactivated." },
    EventType { name: "user_deactivated_no_roles", group: "users", also: &[], about: "A user was deactivated because no role was left." },
    EventType { name: "user_deletion_succeeded", group: "users", also: &[], about: "A user was deleted." },
    EventType { name: "user_details_update_succeeded", group: "users", also: &[], about: "Further details of a user were changed." },
    EventType { name: "user_group_invitation_updated", group: "users", also: &[], about: "A group invitation was changed." },
    EventType { name: "user_has_been_created_by_staff", group: "users", also: &[], about: "Staff created a user." },
    EventType { name: "user_invitation_deleted", group: "users", also: &[], about: "An invitation was deleted." },
    EventType { name: "user_invitation_updated", group: "users", also: &[], about: "An invitation was changed." },
    EventType { name: "user_password_updated", group: "users", also: &[], about: "A user changed the password." },
    EventType { name: "user_password_updated_by_staff", group: "users", also: &[], about: "Staff changed a user's password." },
    EventType { name: "user_update_succeeded", group: "users", also: &[], about: "A user was changed." },
];

/// The type with this name.
pub fn event_type(name: &str) -> Option<&'static EventType> {
    let at = EVENT_TYPES.binary_search_by(|other| other.name.cmp(name)).ok()?;
    Some(&EVENT_TYPES[at])
}

/// The home group of the type with this name.
pub fn group_of(name: &str) -> Option<&'static str> {
    event_type(name).map(|one| one.group)
}

/// The types that the group lists, in order of the names.
pub fn types_of(group: &str) -> impl Iterator<Item = &'static EventType> {
    EVENT_TYPES.iter().filter(move |one| one.is_of(group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_whole_and_in_order() {
        assert_eq!(EVENT_TYPES.len(), 268);
        assert!(EVENT_TYPES.is_sorted_by(|one, next| one.name < next.name));
        assert_eq!(GROUPS.len(), 19);
        assert!(GROUPS.is_sorted_by(|one, next| one.0 < next.0));
    }

    #[test]
    fn every_type_has_groups_that_exist_and_a_sentence() {
        for one in EVENT_TYPES {
            for group in one.also.iter().chain([&one.group]) {
                assert!(GROUPS.iter().any(|(name, _)| name == group), "{}: {group}", one.name);
            }
            assert!(!one.also.contains(&one.group), "{}", one.name);
            assert!(one.about.ends_with('.'), "{}", one.name);
        }
        assert!(GROUPS.iter().all(|(group, _)| types_of(group).next().is_some()));
    }

    #[test]
    fn names_lead_to_groups() {
        assert_eq!(group_of("role_granted"), Some("permissions"));
        assert_eq!(group_of("ssh_key_creation_succeeded"), Some("ssh"));
        assert!(event_type("ssh_key_creation_succeeded").is_some_and(|one| one.is_of("users")));
        assert_eq!(group_of("role_eaten"), None);
    }
}
