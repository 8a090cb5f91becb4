//! Terms of service and privacy policy.

use crate::route::Route;
use stoa_kernel::access::Needs;
use stoa_tenancy::agreement::{
    actions::{CREATE, DELETE, UPDATE},
    views::{AGREEMENTS, PENDING, VERSIONS, VERSIONS_OF},
};

/// The collection.
pub static LINKS: &[(&str, &str)] = &[("user_agreement", "/api/user-agreements/")];

const TAG: &str = "user-agreements";

/// The operations. What the caller has still to agree to, and the versions of a text, are ours.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/user-agreements/", "user_agreements_list", TAG, "UserAgreement", &AGREEMENTS),
    Route::create("/api/user-agreements/", "user_agreements_create", TAG, "UserAgreement", &CREATE, &AGREEMENTS),
    Route::list("/api/user-agreements/pending/", "user_agreements_pending_list", TAG, "UserAgreement", &PENDING),
    Route::retrieve("/api/user-agreements/{uuid}/", "user_agreements_retrieve", TAG, "UserAgreement", &AGREEMENTS),
    Route::put("/api/user-agreements/{uuid}/", "user_agreements_update", TAG, "UserAgreement", &UPDATE, &AGREEMENTS),
    Route::patch("/api/user-agreements/{uuid}/", "user_agreements_partial_update", TAG, "UserAgreement", &UPDATE,
        &AGREEMENTS),
    Route::destroy("/api/user-agreements/{uuid}/", "user_agreements_destroy", TAG, &DELETE),
    Route::list_in("/api/user-agreements/{uuid}/versions/", "user_agreements_versions_list", TAG, "UserAgreementVersion",
        &VERSIONS, &AGREEMENTS, Needs::Staff, VERSIONS_OF),
];
