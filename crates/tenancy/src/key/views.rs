//! What is seen of SSH keys: one's own and the shared ones; staff and support agents see all.

use stoa_kernel::{
    access::Needs,
    field::Kind::{Bool, Link, Text, Uuid},
    view::{Column, Filter, Join, Order, PlaceColumn, Test, View},
};

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("url", Link("ssh_key"), "k.uuid", "Address of the key."),
    Column::new("uuid", Uuid, "k.uuid", "Identifier."),
    Column::new("name", Text, "k.name", "Name."),
    Column::new("public_key", Text, "k.public_key", "The key itself."),
    Column::new("fingerprint_md5", Text, "k.fingerprint_md5", "Its MD5 fingerprint."),
    Column::new("fingerprint_sha256", Text, "k.fingerprint_sha256", "Its SHA-256 fingerprint."),
    Column::new("fingerprint_sha512", Text, "k.fingerprint_sha512", "Its SHA-512 fingerprint."),
    Column::new("user_uuid", Uuid, "u.uuid", "Identifier of its owner."),
    Column::new("is_shared", Bool, "k.is_shared", "Whether everybody sees it."),
    Column::new("type", Text, "k.type", "Type of the key."),
];

#[rustfmt::skip]
const FILTERS: &[Filter] = &[
    Filter::new("created", Test::From("k.created"), "Added at or after this instant."),
    Filter::new("created_before", Test::Until("k.created"), "Added before this instant."),
    Filter::new("fingerprint_md5", Test::Equals("k.fingerprint_md5"), "The MD5 fingerprint."),
    Filter::new("fingerprint_sha256", Test::Equals("k.fingerprint_sha256"), "The SHA-256 fingerprint."),
    Filter::new("fingerprint_sha512", Test::Equals("k.fingerprint_sha512"), "The SHA-512 fingerprint."),
    Filter::new("is_shared", Test::Bool("k.is_shared"), "Whether everybody sees it."),
    Filter::new("modified", Test::From("k.modified"), "Changed at or after this instant."),
    Filter::new("modified_before", Test::Until("k.modified"), "Changed before this instant."),
    Filter::new("name", Test::Contains(&["k.name"]), "Part of the name, any case."),
    Filter::new("name_exact", Test::Equals("k.name"), "The name."),
    Filter::new("user_uuid", Test::Uuid("k.user_id IN (SELECT id FROM users WHERE uuid = ANY($))"), "Whose it is."),
    Filter::new("uuid", Test::Uuid("k.uuid = ANY($)"), "The identifier."),
];

/// Every key that the caller sees.
pub static KEYS: View = View {
    name: "ssh_keys",
    thing: "ssh_key",
    about: "SSH keys.",
    from: "ssh_keys k",
    joins: &[Join("u", "JOIN users u ON u.id = k.user_id")],
    key: "k.id",
    lookup: "k.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| {
        clause.push(
            "k.id IN (SELECT id FROM ssh_keys WHERE user_id = {actor} UNION SELECT id FROM ssh_keys WHERE is_shared)",
            [],
        );
    },
    columns: COLUMNS,
    filters: FILTERS,
    orders: &[Order::new("name", "k.name")],
    default_order: "k.name",
    places: &[PlaceColumn("itself", "ssh_key", "k.id")],
    state: None,
    label: "k.name",
    owner: Some("k.user_id"),
};

/// The condition that ties versions to one key.
pub const VERSIONS_OF: &str = "v.thing = 'ssh_key' AND v.thing_id = $";
