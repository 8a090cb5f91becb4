//! What is seen of passkeys: everybody's own; for staff all.

use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, Int, Object, Text, Time, Uuid},
    view::{Column, Join, PlaceColumn, View},
};

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("uuid", Uuid, "k.uuid", "Identifier."),
    Column::new("name", Text, "k.name", "What its owner calls it."),
    Column::new("aaguid", Text, "k.aaguid", "The model of the authenticator; zeros if it does not tell."),
    Column::new("transports", Object, "k.transports", "How the authenticator is reached."),
    Column::new("attachment", Text, "k.attachment", "`platform`, `cross-platform`, or empty if the browser did not tell."),
    Column::new("rp_id", Text, "k.rp_id", "The host for which it is."),
    Column::new("is_backup_eligible", Bool, "k.is_backup_eligible", "Whether its maker can copy it to other devices."),
    Column::new("is_backed_up", Bool, "k.is_backed_up", "Whether it has been copied so."),
    Column::new("is_discoverable", Bool, "k.is_discoverable", "Whether one signs in with it without a name."),
    Column::new("is_user_verified", Bool, "k.is_user_verified", "Whether it asks for a PIN, finger or face."),
    Column::new("is_orphaned", Bool, "k.is_orphaned", "Whether the server had another address when it was made."),
    Column::new("created", Time, "k.created", "When it was made."),
    Column::new("last_used_at", Time, "k.last_used_at", "When it was used last.").nullable(),
    Column::new("use_count", Int, "k.use_count", "How often it was used."),
    Column::new("is_active", Bool, "k.is_active", "Whether it can be used."),
    Column::new("revoked_at", Time, "k.revoked_at", "When it was revoked.").nullable(),
    Column::new("revoked_by_username", Text, "COALESCE(r.username, '')", "Who revoked it; empty for nobody."),
    Column::new("revocation_reason", Text, "k.revocation_reason", "Why."),
    Column::new("user_uuid", Uuid, "u.uuid", "Identifier of its owner."),
    Column::new("user_username", Text, "u.username", "Name with which its owner signs in."),
];

const BASE: View = View {
    name: "passkeys",
    thing: "passkey",
    about: "One's own passkeys, those that were revoked among them.",
    from: "passkeys k",
    joins: &[Join("u", "JOIN users u ON u.id = k.user_id"), Join("r", "LEFT JOIN users r ON r.id = k.revoked_by")],
    key: "k.id",
    lookup: "k.uuid",
    // Whoever sees all, sees all in the other view.
    always: "k.user_id = {actor}",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.push("k.user_id = {actor}", []),
    columns: COLUMNS,
    filters: &[],
    orders: &[],
    default_order: "k.created DESC",
    places: &[PlaceColumn("itself", "passkey", "k.id")],
    state: None,
    label: "k.name",
    owner: Some("k.user_id"),
};

/// One's own passkeys.
pub static PASSKEYS: View = BASE;

/// Everybody's passkeys, for staff.
pub static STAFF_PASSKEYS: View =
    View { name: "staff_passkeys", about: "Everybody's passkeys.", always: "", needs: Needs::Staff, ..BASE };

/// What a user's row tells of passkeys; for [`crate::additions`].
pub const OF_USER: &[Column] = &[
    Column::new(
        "has_passkey",
        Bool,
        "EXISTS (SELECT 1 FROM passkeys pk WHERE pk.user_id = u.id AND pk.is_active)",
        "Whether the user has a passkey.",
    ),
    Column::new(
        "passkey_count",
        Int,
        "(SELECT count(*) FROM passkeys pk WHERE pk.user_id = u.id AND pk.is_active)",
        "How many passkeys the user has.",
    ),
];
