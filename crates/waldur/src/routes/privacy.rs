//! What becomes of people: merging accounts, exporting and erasing personal data, and to what people agreed. These
//! operations are ours; the original has none like them.

use crate::route::{Answer, Route, Verb};
use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, Rows, Text, Time, Uuid},
    view::Column,
};
use stoa_tenancy::{
    agreement::views::{CONSENTS, CONSENTS_OF},
    privacy::actions::{
        erase::{CANCEL, ERASE},
        export::EXPORT,
        merge::MERGE,
    },
    user::views::USERS,
};

/// No collections of their own.
pub static LINKS: &[(&str, &str)] = &[];

const ROLE: &[Column] = &[
    Column::new("role_name", Text, "", "Name of the role."),
    Column::new("scope_type", Text, "", "Kind of thing on which it is granted."),
    Column::new("scope_uuid", Uuid, "", "Identifier of that thing."),
    Column::new("scope_name", Text, "", "Name of that thing."),
    Column::new("expiration_time", Time, "", "Until when.").nullable(),
    Column::new("outcome", Text, "", "`moves`, `extends`, `held` (the other account has it) or `ends`."),
    Column::new("reason", Text, "", "Why it ends."),
];
const MERGED: &[Column] = &[
    Column::new("dry_run", Bool, "", "Whether nothing was done."),
    Column::new("user", Uuid, "", "The account that goes."),
    Column::new("into", Uuid, "", "The account that stays."),
    Column::new("roles", Rows("MergedRole", ROLE), "", "What becomes of each role."),
];
const ERASED: &[Column] = &[
    Column::new("status", Text, "", "`erased`, `requested` or `none`."),
    Column::new("username", Text, "", "The name of the account now."),
];

/// Who sees consents.
const OWN: Needs = Needs::Any(&[Needs::Own, Needs::Staff]);

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list_in("/api/users/{uuid}/consents/", "users_consents_list", "users", "UserConsent", &CONSENTS, &USERS, OWN,
        CONSENTS_OF),
    Route::act("/api/users/{uuid}/merge/", "users_merge", "users", &MERGE, Answer::Json(200, MERGED))
        .shape("UserMergeResponse"),
    Route::act("/api/users/{uuid}/personal_data/", "users_personal_data_retrieve", "users", &EXPORT,
        Answer::Json(200, &[])).method(Verb::Get).shape("PersonalData"),
    Route::act("/api/users/{uuid}/erase/", "users_erase", "users", &ERASE, Answer::Json(200, ERASED))
        .shape("UserErasure"),
    Route::act("/api/users/{uuid}/cancel_erasure/", "users_cancel_erasure", "users", &CANCEL, Answer::Json(200, ERASED))
        .shape("UserErasure"),
];
