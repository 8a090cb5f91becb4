//! Who is signed in, for staff.

use crate::route::Route;
use stoa_tenancy::token::{actions, views::LOGINS};

/// The collections.
pub const LINKS: &[(&str, &str)] = &[("auth_token", "/api/auth-tokens/")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/auth-tokens/", "auth_tokens_list", "auth-tokens", "AuthToken", &LOGINS),
    Route::retrieve("/api/auth-tokens/{user_id}/", "auth_tokens_retrieve", "auth-tokens", "AuthToken", &LOGINS),
    Route::destroy("/api/auth-tokens/{user_id}/", "auth_tokens_destroy", "auth-tokens", &actions::END),
];
