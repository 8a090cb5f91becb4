//! Feature flags: what the pages show. A flag hides or shows; it never closes what lies behind it, since access is
//! decided in one place only.
//!
//! Names are those of the wire (reference/configuration.md, section 4; the published list of flags). On the wire a flag
//! without a stored value is off; what is on from the first day is what a fresh installation loads (section 5 there).
//! One is left out of that on purpose: figures are sent to nobody unless the operator turns it on.

/// A feature flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Feature {
    /// The section it stands in.
    pub section: &'static str,
    /// Its name in the section.
    pub key: &'static str,
    /// Whether a fresh installation turns it on.
    pub default: bool,
    /// What it does when it is on.
    pub about: &'static str,
}

/// Section and heading, in order of the names.
pub const SECTIONS: &[(&str, &str)] = &[
    ("customer", "Organizations"),
    ("deployment", "Installation"),
    ("invitations", "Invitations"),
    ("marketplace", "Marketplace"),
    ("openstack", "OpenStack"),
    ("project", "Projects"),
    ("rancher", "Rancher"),
    ("reseller", "Resale"),
    ("slurm", "SLURM"),
    ("support", "Support"),
    ("user", "Users"),
];

/// Every flag, in order of section and name.
#[rustfmt::skip]
pub const FEATURES: &[Feature] = &[
    Feature { section: "customer", key: "payments_for_staff_only", default: false,
        about: "Show payments of organizations to staff only." },
    Feature { section: "customer", key: "show_banking_data", default: false,
        about: "Show bank details of organizations." },
    Feature { section: "customer", key: "show_domain", default: false,
        about: "Show the domain of an organization." },
    Feature { section: "customer", key: "show_onboarding", default: false,
        about: "Let people register their organization themselves." },
    Feature { section: "customer", key: "show_permission_reviews", default: false,
        about: "Show reviews of who holds what in an organization." },
    Feature { section: "customer", key: "show_project_digest", default: false,
        about: "Show the settings of the periodic mail about projects." },
    Feature { section: "deployment", key: "enable_cookie_notice", default: false,
        about: "Ask visitors whether cookies may be set." },
    Feature { section: "deployment", key: "enable_disclaimer_area", default: false,
        about: "Show a disclaimer below the footer." },
    Feature { section: "deployment", key: "send_metrics", default: false,
        about: "Send figures about this installation to the makers of the product." },
    Feature { section: "invitations", key: "civil_number_required", default: false,
        about: "Ask for a civil number in every invitation." },
    Feature { section: "invitations", key: "conceal_civil_number", default: true,
        about: "Leave the civil number out of invitations." },
    Feature { section: "invitations", key: "require_user_details", default: false,
        about: "Ask for the details of the invited person." },
    Feature { section: "invitations", key: "show_course_accounts", default: false,
        about: "Show course accounts beside the team." },
    Feature { section: "invitations", key: "show_service_accounts", default: false,
        about: "Show service accounts beside the team." },
    Feature { section: "invitations", key: "show_tax_number", default: false,
        about: "Show the tax number in invitations." },
    Feature { section: "invitations", key: "tax_number_required", default: false,
        about: "Ask for a tax number in every invitation." },
    Feature { section: "marketplace", key: "allow_display_of_images_in_markdown", default: false,
        about: "Show pictures in formatted descriptions." },
    Feature { section: "marketplace", key: "call_only", default: false,
        about: "Show calls for proposals only." },
    Feature { section: "marketplace", key: "catalogue_only", default: false,
        about: "Show the catalogue only, without ordering." },
    Feature { section: "marketplace", key: "conceal_audit_log_from_end_users", default: false,
        about: "Show the audit log to staff and support only." },
    Feature { section: "marketplace", key: "conceal_offering_pricing_tab_in_public_view", default: false,
        about: "Leave prices out of the public page of an offering." },
    Feature { section: "marketplace", key: "conceal_prices", default: false,
        about: "Leave prices out of orders." },
    Feature { section: "marketplace", key: "conceal_resource_metadata", default: false,
        about: "Show what the provider's system tells about a resource to staff only." },
    Feature { section: "marketplace", key: "display_offering_partitions", default: false,
        about: "Show the partitions of an HPC offering." },
    Feature { section: "marketplace", key: "display_software_catalog", default: false,
        about: "Show which software an offering has." },
    Feature { section: "marketplace", key: "display_user_tos", default: false,
        about: "Show the terms of offerings to which a person has agreed." },
    Feature { section: "marketplace", key: "hide_marketplace_from_end_users", default: false,
        about: "Show the marketplace to staff only." },
    Feature { section: "marketplace", key: "hide_organization_information_from_project_members", default: false,
        about: "Hide the organization from people who only have a role in a project." },
    Feature { section: "marketplace", key: "import_resources", default: true,
        about: "Let projects import resources that exist at the provider." },
    Feature { section: "marketplace", key: "lexis_links", default: false,
        about: "Offer connections with the LEXIS platform." },
    Feature { section: "marketplace", key: "show_call_management_functionality", default: false,
        about: "Show calls for proposals and their management." },
    Feature { section: "marketplace", key: "show_experimental_ui_components", default: false,
        about: "Show what is still an experiment." },
    Feature { section: "marketplace", key: "show_resource_end_date", default: false,
        about: "Always show the end date in lists of resources." },
    Feature { section: "openstack", key: "hide_volume_type_selector", default: false,
        about: "Don't ask for the type of a volume." },
    Feature { section: "openstack", key: "show_migrations", default: false,
        about: "Show migrations from one OpenStack tenant to another." },
    Feature { section: "project", key: "estimated_cost", default: true,
        about: "Show the estimated cost in lists of projects." },
    Feature { section: "project", key: "mandatory_end_date", default: false,
        about: "Ask for an end date in every project." },
    Feature { section: "project", key: "mandatory_start_date", default: false,
        about: "Ask for a start date in every project." },
    Feature { section: "project", key: "oecd_fos_2007_code", default: false,
        about: "Ask for the field of science of a project." },
    Feature { section: "project", key: "show_credit_in_create_dialog", default: false,
        about: "Ask for a credit when a project is created." },
    Feature { section: "project", key: "show_description_in_create_dialog", default: true,
        about: "Ask for a description when a project is created." },
    Feature { section: "project", key: "show_end_date_in_create_dialog", default: false,
        about: "Ask for an end date when a project is created." },
    Feature { section: "project", key: "show_image_in_create_dialog", default: false,
        about: "Ask for a picture when a project is created." },
    Feature { section: "project", key: "show_industry_flag", default: false,
        about: "Show whether a project is one of industry." },
    Feature { section: "project", key: "show_kind_in_create_dialog", default: false,
        about: "Ask for the kind when a project is created." },
    Feature { section: "project", key: "show_permission_reviews", default: false,
        about: "Show reviews of who holds what in a project." },
    Feature { section: "project", key: "show_start_date_in_create_dialog", default: false,
        about: "Ask for a start date when a project is created." },
    Feature { section: "project", key: "show_type_in_create_dialog", default: false,
        about: "Ask for the type when a project is created." },
    Feature { section: "rancher", key: "apps", default: false,
        about: "Show the applications of a cluster." },
    Feature { section: "rancher", key: "volume_mount_point", default: false,
        about: "Ask where the data volume of a cluster is mounted." },
    Feature { section: "reseller", key: "arrow", default: false,
        about: "Show the connection with the reseller Arrow to staff." },
    Feature { section: "slurm", key: "jobs", default: false,
        about: "Show the jobs of an allocation." },
    Feature { section: "support", key: "conceal_change_request", default: false,
        about: "Offer change requests to staff and support only." },
    Feature { section: "support", key: "enable_llm_assistant", default: false,
        about: "Show the assistant." },
    Feature { section: "support", key: "pricelist", default: true,
        about: "Show all prices to support." },
    Feature { section: "support", key: "shared_providers", default: true,
        about: "Show shared providers to support." },
    Feature { section: "support", key: "users", default: true,
        about: "Show users to support." },
    Feature { section: "support", key: "vm_type_overview", default: false,
        about: "Show types of virtual machines to support." },
    Feature { section: "user", key: "conceal_api_token", default: false,
        about: "Show the API token to staff and support only." },
    Feature { section: "user", key: "conceal_permission_requests", default: false,
        about: "Show permission requests to staff and support only." },
    Feature { section: "user", key: "conceal_remote_accounts", default: false,
        about: "Show accounts at providers to staff and support only." },
    Feature { section: "user", key: "disable_user_termination", default: false,
        about: "Don't let people ask for the deletion of their account." },
    Feature { section: "user", key: "notifications", default: true,
        about: "Let people manage their mail and web hooks." },
    Feature { section: "user", key: "pending_user_actions", default: false,
        about: "Show people what waits for them." },
    Feature { section: "user", key: "preferred_language", default: false,
        about: "Show the language in lists of users." },
    Feature { section: "user", key: "show_data_access", default: false,
        about: "Show people who has read their profile." },
    Feature { section: "user", key: "show_identity_bridge", default: false,
        about: "Show which identity services feed a profile." },
    Feature { section: "user", key: "show_slug", default: false,
        about: "Show the short name of a user." },
    Feature { section: "user", key: "show_username", default: false,
        about: "Show user names in lists." },
    Feature { section: "user", key: "ssh_keys", default: true,
        about: "Let people manage their SSH keys." },
];

/// The flags of a section, in order of the names.
pub fn features_of(section: &str) -> impl Iterator<Item = &'static Feature> {
    FEATURES.iter().filter(move |feature| feature.section == section)
}

/// The flag with this section and name.
pub fn feature(section: &str, key: &str) -> Option<&'static Feature> {
    let at = FEATURES.binary_search_by(|other| (other.section, other.key).cmp(&(section, key))).ok()?;
    Some(&FEATURES[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_in_order_and_sections_exist() {
        assert_eq!(FEATURES.len(), 70);
        assert!(SECTIONS.is_sorted_by(|one, next| one.0 < next.0));
        assert!(FEATURES.is_sorted_by(|one, next| (one.section, one.key) < (next.section, next.key)));
        for one in FEATURES {
            assert!(SECTIONS.iter().any(|(section, _)| *section == one.section), "{}", one.key);
            assert!(one.about.ends_with('.'), "{}", one.key);
        }
        assert!(SECTIONS.iter().all(|(section, _)| features_of(section).next().is_some()));
    }

    #[test]
    fn a_flag_is_found_by_section_and_name() {
        assert!(feature("user", "ssh_keys").is_some_and(|one| one.default));
        assert!(feature("deployment", "send_metrics").is_some_and(|one| !one.default));
        assert_eq!(feature("user", "jobs"), None);
    }
}
