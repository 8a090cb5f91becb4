//! What is shown of the seal: its checkpoints, with the public keys.

use stoa_kernel::{
    access::Needs,
    field::Kind::{Int, Text, Time, Uuid},
    view::{Column, Filter, Order, Test, View},
};

const COLUMNS: &[Column] = &[
    Column::new("number", Int, "c.number", "Its number, from 1, without gaps."),
    Column::new("installation", Uuid, "c.installation", "Whose chain it is."),
    Column::new("position", Int, "c.position", "Where the chain ended: so many seals there were."),
    Column::new("hash", Text, "c.hash", "The hash of the last seal, SHA-256 in hexadecimal digits."),
    Column::new("instant", Time, "c.instant", "When it was signed."),
    Column::new("previous", Text, "c.previous", "SHA-256 of the checkpoint before; zeros for the first."),
    Column::new("key_id", Text, "c.key_id", "Short name of the key that signed it."),
    Column::new("key", Text, "c.public_key", "The public key (Ed25519)."),
    Column::new("next_key", Text, "c.next_key", "The public key that signs from now on, where the key was replaced.")
        .nullable(),
    Column::new("signature", Text, "c.signature", "The signature (Ed25519)."),
];

/// The checkpoints of the sealed record.
pub static CHECKPOINTS: View = View {
    name: "audit_checkpoints",
    thing: "audit_checkpoint",
    about: "Signed statements of where the chain of sealed events ended. For staff and support agents.",
    from: "audit_checkpoints c",
    joins: &[],
    key: "c.id",
    lookup: "c.id",
    always: "",
    needs: Needs::StaffOrSupport,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: COLUMNS,
    filters: &[
        Filter::new("from", Test::From("c.instant"), "Signed on or after this day."),
        Filter::new("key_id", Test::AnyText("c.key_id"), "Short name of the key."),
    ],
    orders: &[Order::new("number", "c.number")],
    default_order: "c.number DESC",
    places: &[],
    state: None,
    label: "c.hash",
    owner: None,
};
