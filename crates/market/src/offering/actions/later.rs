//! What official clients can ask of an offering and what comes with later capabilities: each of these says so, to those who may
//! ask, and changes nothing.

use super::at_offering;
use crate::offering::views::PROVIDER_OFFERINGS;
use stoa_kernel::{
    Error,
    action::{Action, Target},
    field::Field,
};
use stoa_tenancy::access::permissions::Permission;

macro_rules! later {
    ($($(#[$doc:meta])* $name:ident, $action:literal, $permission:ident, $about:literal, $words:literal;)*) => { $(
        $(#[$doc])*
        pub static $name: Action = Action {
            name: $action,
            about: $about,
            target: Target::Thing(&PROVIDER_OFFERINGS),
            needs: at_offering(Permission::$permission),
            from: &[],
            fields: NONE,
            events: &[],
            run: |_, _| Box::pin(async { Err(Error::Conflict($words.into())) }),
        };
    )* };
}

const NONE: &[Field] = &[];

later! {
    /// Software catalogues.
    SOFTWARE, "offering.change_software", OfferingUpdate, "Change the catalogues of software of an offering.",
        "Software catalogues are not available on this installation.";
    /// Partitions of clusters.
    PARTITIONS, "offering.change_partitions", OfferingUpdate, "Change the partitions of an offering's cluster.",
        "Partitions are not available on this installation.";
    /// Checklists.
    CHECKLIST, "offering.update_compliance_checklist", OfferingUpdateOptions, "Choose a checklist for an offering.",
        "Checklists are not available on this installation.";
    /// What of a user is shown to providers.
    USER_ATTRIBUTES, "offering.update_user_attributes", OfferingUpdate, "Choose what of its users an offering is told.",
        "Accounts at offerings are not available on this installation.";
    /// User names at offerings.
    USERNAMES, "offering.refresh_usernames", OfferingUpdateIntegration, "Make the user names at an offering anew.",
        "Accounts at offerings are not available on this installation.";
    /// Synchronization with a backend.
    SYNC, "offering.sync", OfferingUpdateComponents, "Read from the backend of an offering what there is.",
        "Offerings of this type have no backend to read from.";
    /// Import of resources.
    IMPORT, "offering.import_resource", OfferingManageBackendResources, "Take over a resource that the backend has.",
        "Offerings of this type have no backend to import from.";
    /// Import and export of offerings.
    EXPORT, "offering.export", OfferingUpdate, "Write an offering down, to read it elsewhere.",
        "Export of offerings is not available on this installation.";
}

/// Reads an offering that was written down elsewhere; comes with [`EXPORT`].
pub static IMPORT_OFFERING: Action = Action {
    name: "offering.import",
    about: "Read an offering that was written down elsewhere.",
    target: Target::Nothing,
    needs: stoa_kernel::access::Needs::Staff,
    from: &[],
    fields: NONE,
    events: &[],
    run: |_, _| {
        Box::pin(async { Err(Error::Conflict("Import of offerings is not available on this installation.".into())) })
    },
};
