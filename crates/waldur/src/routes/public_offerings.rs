//! Offerings as everybody sees them, signed in or not.

use crate::route::Route;
use stoa_kernel::access::Needs;
use stoa_market::{offering::views::PUBLIC_OFFERINGS, plan::views::PUBLIC_PLANS};

const TAG: &str = "marketplace-public-offerings";

/// The plans of one offering, by its key.
const OF_OFFERING: &str = "p.offering_id = $";

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/marketplace-public-offerings/", "marketplace_public_offerings_list", TAG, "PublicOfferingDetails",
        &PUBLIC_OFFERINGS),
    Route::retrieve("/api/marketplace-public-offerings/{uuid}/", "marketplace_public_offerings_retrieve", TAG,
        "PublicOfferingDetails", &PUBLIC_OFFERINGS),
    Route::list_in("/api/marketplace-public-offerings/{uuid}/plans/", "marketplace_public_offerings_plans_list", TAG,
        "BasePublicPlan", &PUBLIC_PLANS, &PUBLIC_OFFERINGS, Needs::Nothing, OF_OFFERING),
    Route::retrieve_in("/api/marketplace-public-offerings/{uuid}/plans/{plan_uuid}/",
        "marketplace_public_offerings_plans_retrieve", TAG, "BasePublicPlan", &PUBLIC_PLANS, &PUBLIC_OFFERINGS,
        Needs::Nothing, OF_OFFERING),
];
