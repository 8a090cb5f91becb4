//! Who sees what of identity providers. Strangers see the active ones, because they choose one of them to sign in.

use stoa_kernel::{
    access::Needs,
    field::{
        Kind::{Bool, Object, Text, Texts},
        Who,
    },
    view::{Column, Join, PlaceColumn, View},
};

#[rustfmt::skip]
const COLUMNS: &[Column] = &[
    Column::new("provider", Text, "p.provider", "Name."),
    Column::new("is_active", Bool, "p.is_active", "Whether people can sign in there."),
    Column::new("client_id", Text, "p.client_id", "The identifier of this server there."),
    // Written, never read: clients that send an object back send an empty one, which changes nothing.
    Column::new("client_secret", Text, "''", "Always empty: the secret can be set and not read.").only(Who::Staff),
    Column::new("verify_ssl", Bool, "p.verify_ssl", "Whether certificates are checked.").only(Who::Staff),
    Column::new("enable_post_logout_redirect", Bool, "p.enable_post_logout_redirect",
        "Whether people come back after signing out there."),
    Column::new("enable_pkce", Bool, "p.enable_pkce", "Whether codes are taken only from a browser that began here."),
    Column::new("discovery_url", Text, "p.discovery_url", "Where its description is.").only(Who::Staff),
    Column::new("userinfo_url", Text, "p.userinfo_url", "Where claims are asked for.").only(Who::Staff),
    Column::new("token_url", Text, "p.token_url", "Where codes are exchanged.").only(Who::Staff),
    Column::new("auth_url", Text, "p.auth_url", "Where people sign in."),
    Column::new("logout_url", Text, "p.logout_url", "Where people sign out."),
    Column::new("label", Text, "p.label", "What people read."),
    Column::new("management_url", Text, "p.management_url", "Where people manage their account there."),
    Column::new("protected_fields", Texts, "p.protected_fields", "Fields of a profile that only the provider changes."),
    Column::new("extra_scope", Text, "p.extra_scope", "Further scopes that are asked for."),
    Column::new("user_field", Text, "p.user_field", "The field by which a new account is named.").only(Who::Staff),
    Column::new("user_claim", Text, "p.user_claim", "The claim for that field.").only(Who::Staff),
    Column::new("attribute_mapping", Object, "p.attribute_mapping", "From fields of a user to claims.").only(Who::Staff),
    Column::new("extra_fields", Text, "p.extra_fields", "Further fields that are claims of the same name.").only(Who::Staff),
    Column::new("allowed_redirects", Texts, "p.allowed_redirects", "Origins of portals to which people may be sent back."),
    Column::new("api_audience", Text, "p.api_audience",
        "The audience of its access tokens that prove somebody at this API; empty takes none.").only(Who::Staff),
    Column::new("issuer", Text, "p.issuer", "Its identifier, from its description.").only(Who::Staff),
];

/// Identity providers, by name.
pub static PROVIDERS: View = View {
    name: "identity_providers",
    thing: "identity_provider",
    about: "Where people can sign in with OpenID Connect.",
    from: "identity_providers p",
    joins: &[],
    key: "p.id",
    lookup: "p.provider",
    always: "",
    needs: Needs::Nothing,
    visible: |actor, clause| clause.text.push_str(if actor.is_staff() { "TRUE" } else { "p.is_active" }),
    columns: COLUMNS,
    filters: &[],
    orders: &[],
    default_order: "p.provider",
    places: &[PlaceColumn("itself", "identity_provider", "p.id")],
    state: None,
    label: "p.provider",
    owner: None,
};

/// What a user's row tells of the provider of the account; for [`crate::additions`].
pub const OF_USER: &[Column] = &[
    Column::new("identity_provider_name", Text, "COALESCE(idp.provider, '')", "The identity provider of the account."),
    Column::new("identity_provider_label", Text, "COALESCE(idp.label, '')", "What that provider is called."),
    Column::new(
        "identity_provider_management_url",
        Text,
        "COALESCE(idp.management_url, '')",
        "Where the account is managed there.",
    ),
    Column::new(
        "identity_provider_fields",
        Texts,
        "COALESCE(idp.protected_fields, '[]')",
        "Fields that only that provider changes.",
    ),
];

/// The join that [`OF_USER`] needs.
pub const USER_JOIN: Join =
    Join("idp", "LEFT JOIN identity_providers idp ON idp.provider = u.registration_method AND idp.is_active");
