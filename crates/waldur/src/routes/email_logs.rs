//! `email-logs`.

use crate::route::Route;
use stoa_support::mail::views::MAILS;

/// Its operations.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route::list("/api/email-logs/", "email_logs_list", "email-logs", "EmailLog", &MAILS),
    Route::retrieve("/api/email-logs/{uuid}/", "email_logs_retrieve", "email-logs", "EmailLog", &MAILS),
];
/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[("mail", "/api/email-logs/")];
