//! What the bridge adds to what staff see of a user's identity.

use stoa_kernel::{field::Kind::Texts, view::Column};

/// The columns; for [`crate::additions`].
pub const OF_USER: &[Column] = &[Column::new(
    "effective_bridge_fields",
    Texts,
    "CASE WHEN COALESCE((SELECT value FROM settings WHERE key = 'FEDERATED_IDENTITY_SYNC_ENABLED'), 'false') = 'true' \
     THEN COALESCE((SELECT value FROM settings WHERE key = 'FEDERATED_IDENTITY_SYNC_ALLOWED_ATTRIBUTES'), \
     '[\"first_name\", \"last_name\", \"email\", \"organization\", \"affiliations\"]') ELSE '[]' END",
    "Fields that a source may write.",
)];
