//! SSH keys.

use super::history;
use crate::route::{Own, Route, Shape, Verb};
use stoa_kernel::{
    access::Needs,
    field::{
        Field,
        Kind::{Bool, Time},
    },
};
use stoa_tenancy::{
    key::{
        actions,
        views::{KEYS, VERSIONS_OF},
    },
    version::views::VERSIONS,
};

/// The collections.
pub const LINKS: &[(&str, &str)] = &[("ssh_key", "/api/keys/")];

/// The operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/keys/", "keys_list", "keys", "SshKey", &KEYS),
    Route::create("/api/keys/", "keys_create", "keys", "SshKey", &actions::CREATE, &KEYS),
    Route::retrieve("/api/keys/{uuid}/", "keys_retrieve", "keys", "SshKey", &KEYS),
    Route::destroy("/api/keys/{uuid}/", "keys_destroy", "keys", &actions::DELETE),
    Route::own(Verb::Get, "/api/keys/{uuid}/history/", "keys_history_list", "keys", "VersionHistory", &HISTORY)
        .about("How a key was after each change. For staff and support agents."),
    Route::own(Verb::Get, "/api/keys/{uuid}/history/at/", "keys_history_at_retrieve", "keys", "VersionHistory", &HISTORY_AT)
        .about("How a key was at an instant. For staff and support agents."),
];

#[rustfmt::skip]
static HISTORY: Own =
    Own::new(|surface, asked| Box::pin(history::list(surface, asked, &KEYS, VERSIONS_OF)), Needs::StaffOrSupport)
        .query(&[
            Field::text("created", 40, "Added at or after this instant."),
            Field::new("created_after", Time, "At or after this instant."),
            Field::new("created_before", Time, "Before this instant."),
            Field::text("fingerprint_md5", 47, "The MD5 fingerprint."),
            Field::text("fingerprint_sha256", 51, "The SHA-256 fingerprint."),
            Field::text("fingerprint_sha512", 94, "The SHA-512 fingerprint."),
            Field::new("is_shared", Bool, "Whether everybody sees it."),
            Field::text("modified", 40, "Changed at or after this instant."),
            Field::text("modified_before", 40, "Changed before this instant."),
            Field::text("name", 150, "Part of the name, any case."),
            Field::text("name_exact", 150, "The name."),
            Field::text("o", 300, "The order."),
            Field::text("user_uuid", 36, "Whose it is."),
            Field::text("uuid", 36, "The identifier."),
        ])
        .answer(200, Shape::Rows(&VERSIONS))
        .counts();

static HISTORY_AT: Own =
    Own::new(|surface, asked| Box::pin(history::at(surface, asked, &KEYS, VERSIONS_OF)), Needs::StaffOrSupport)
        .query(&[Field::new("timestamp", Time, "The instant.").required()])
        .answer(200, Shape::Row(&VERSIONS));
