//! `personal-access-tokens`.

use crate::route::Route;

/// Its operations.
pub static ROUTES: &[Route] = &[];
/// Its addresses.
pub static LINKS: &[(&str, &str)] = &[];
