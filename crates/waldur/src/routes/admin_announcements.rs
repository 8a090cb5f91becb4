//! `admin-announcements`.

use crate::route::Route;
use stoa_support::announcement::{actions as act, views::ANNOUNCEMENTS};

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/admin-announcements/", "admin_announcements_list", "admin-announcements", "AdminAnnouncement", &ANNOUNCEMENTS),
    Route::create("/api/admin-announcements/", "admin_announcements_create", "admin-announcements", "AdminAnnouncement", &act::CREATE, &ANNOUNCEMENTS),
    Route::retrieve("/api/admin-announcements/{uuid}/", "admin_announcements_retrieve", "admin-announcements", "AdminAnnouncement", &ANNOUNCEMENTS),
    Route::put("/api/admin-announcements/{uuid}/", "admin_announcements_update", "admin-announcements", "AdminAnnouncement", &act::UPDATE, &ANNOUNCEMENTS),
    Route::patch("/api/admin-announcements/{uuid}/", "admin_announcements_partial_update", "admin-announcements", "AdminAnnouncement", &act::UPDATE, &ANNOUNCEMENTS),
    Route::destroy("/api/admin-announcements/{uuid}/", "admin_announcements_destroy", "admin-announcements", &act::DELETE),
];
/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("admin_announcement", "/api/admin-announcements/")];
