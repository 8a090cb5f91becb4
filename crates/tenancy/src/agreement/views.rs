//! What is seen of agreements: the texts in force by everybody, signed in or not; consents by the person and by staff.

use super::actions::TYPES;
use stoa_kernel::{
    Result,
    access::{Actor, Needs},
    field::Kind::{Bool, Choice, Int, Link, OneRow, Text, Time, Uuid},
    view::{Clause, Column, Filter, Join, PlaceColumn, Test, View},
};

/// When the user `u` agreed to what is in force for him; null if he never did, or if a text that requires consent anew came
/// into force since.
pub const DATE: &str = "CASE WHEN EXISTS (SELECT 1 FROM agreements t WHERE (t.language = '' \
     OR t.language = u.preferred_language) AND t.consent_from > u.agreement_date) THEN NULL ELSE u.agreement_date END";

const COLUMNS: &[Column] = &[
    Column::new("url", Link("user_agreement"), "a.uuid", "Address of the agreement."),
    Column::new("uuid", Uuid, "a.uuid", "Identifier."),
    Column::new("content", Text, "a.content", "The text, as HTML."),
    Column::new("agreement_type", TYPES, "a.agreement_type", "Terms of service or privacy policy."),
    Column::new("language", Text, "a.language", "Language code; empty for the default text."),
    Column::new("created", Time, "a.created", "When the first text came into force."),
    Column::new("modified", Time, "a.modified", "When this text came into force."),
    Column::new("version", Int, "a.version", "Number of the text in force."),
    Column::new("consent_from", Time, "a.consent_from", "Who agreed before this instant is asked again.")
        .nullable()
        .absent(),
];

fn last(values: &[String]) -> Option<&str> {
    values.last().map(String::as_str).filter(|value| !value.is_empty())
}

/// The text in a language, and the default one of a type that has none in it.
fn in_language(clause: &mut Clause, _: &Actor, values: &[String]) -> Result<()> {
    if let Some(language) = last(values) {
        let sql = "(a.language = $ OR a.language = '' AND a.agreement_type NOT IN \
                   (SELECT b.agreement_type FROM agreements b WHERE b.language = $))";
        clause.push(sql, [language.into(), language.into()]);
    }
    Ok(())
}

const BASE: View = View {
    name: "user_agreements",
    thing: "user_agreement",
    about: "Terms of service and privacy policy that are in force.",
    from: "agreements a",
    joins: &[],
    key: "a.id",
    lookup: "a.uuid",
    always: "",
    needs: Needs::Nothing,
    visible: |_, clause| clause.text.push_str("TRUE"),
    columns: COLUMNS,
    filters: &[
        Filter::new("agreement_type", Test::AnyOf("a.agreement_type", &["TOS", "PP"]), "The type."),
        Filter::new("language", Test::By(in_language), "The language; the default text where there is none in it."),
    ],
    orders: &[],
    default_order: "a.agreement_type, a.language",
    places: &[PlaceColumn("itself", "user_agreement", "a.id")],
    state: None,
    label: "a.agreement_type",
    owner: None,
};

/// Every text in force.
pub static AGREEMENTS: View = BASE;

/// The texts, in his language, to which the caller has not agreed, or must agree again.
pub static PENDING: View = View {
    name: "user_agreements_pending",
    about: "The terms, in the caller's language, to which the caller has still to agree.",
    needs: Needs::SignedIn,
    always: "a.language = COALESCE((SELECT b.language FROM agreements b JOIN users u ON b.language = u.preferred_language \
             WHERE u.id = {actor} AND b.agreement_type = a.agreement_type AND b.language <> ''), '') \
             AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = {actor} AND u.agreement_date IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM agreements t WHERE t.agreement_type = a.agreement_type \
             AND (t.language = '' OR t.language = u.preferred_language) AND t.consent_from > u.agreement_date))",
    filters: &[],
    places: &[],
    ..BASE
};

const AUTHOR: &[Column] = &[
    Column::new("uuid", Uuid, "u.uuid", "Identifier."),
    Column::new("username", Text, "u.username", "Name to sign in with."),
    Column::new("full_name", Text, "TRIM(u.first_name || ' ' || u.last_name)", "First and last name."),
];

/// Every text that ever was in force; surfaces narrow it to one agreement with [`VERSIONS_OF`].
pub static VERSIONS: View = View {
    name: "user_agreement_versions",
    thing: "user_agreement_version",
    about: "Every text of an agreement that ever was in force. For staff.",
    from: "agreement_versions v",
    joins: &[],
    key: "v.id",
    lookup: "v.uuid",
    always: "",
    needs: Needs::Staff,
    visible: |_, clause| clause.text.push_str("FALSE"),
    columns: &[
        Column::new("uuid", Uuid, "v.uuid", "Identifier."),
        Column::new("agreement_type", TYPES, "v.agreement_type", "Terms of service or privacy policy."),
        Column::new("language", Text, "v.language", "Language code; empty for the default text."),
        Column::new("version", Int, "v.version", "Its number, from 1 in each type and language."),
        Column::new("content", Text, "v.content", "The text, as HTML."),
        Column::new("requires_consent", Bool, "v.requires_consent", "Whether people were asked again for it."),
        Column::new("created", Time, "v.created", "When it came into force."),
        Column::new(
            "created_by",
            OneRow("RevisionUser", AUTHOR),
            "(SELECT {row} FROM users u WHERE u.id = v.created_by)",
            "Who put it into force.",
        )
        .nullable()
        .absent(),
        Column::new(
            "consents",
            Int,
            "(SELECT count(*) FROM consents c WHERE c.version_id = v.id)",
            "How many people agreed to it.",
        ),
    ],
    filters: &[],
    orders: &[],
    default_order: "v.version DESC",
    places: &[],
    state: None,
    label: "v.agreement_type",
    owner: None,
};

/// The versions of one agreement, by its key.
pub const VERSIONS_OF: &str = "v.id IN (SELECT w.id FROM agreements a JOIN agreement_versions w \
     ON w.agreement_type = a.agreement_type AND w.language = a.language WHERE a.id = $)";

/// Who agreed to which text; surfaces narrow it to one person with [`CONSENTS_OF`].
pub static CONSENTS: View = View {
    name: "user_consents",
    thing: "user_consent",
    about: "To which texts a user agreed, when, from where and how. For the user and staff.",
    from: "consents c",
    joins: &[Join("v", "JOIN agreement_versions v ON v.id = c.version_id")],
    key: "c.id",
    lookup: "c.uuid",
    always: "",
    needs: Needs::SignedIn,
    visible: |_, clause| clause.push("c.user_id = {actor}", []),
    columns: &[
        Column::new("uuid", Uuid, "c.uuid", "Identifier."),
        Column::new("agreement_type", TYPES, "v.agreement_type", "Terms of service or privacy policy."),
        Column::new("language", Text, "v.language", "Language of the text; empty for the default one."),
        Column::new("version", Int, "v.version", "Number of the text."),
        Column::new("version_uuid", Uuid, "v.uuid", "Identifier of the text."),
        Column::new("created", Time, "c.at", "When the user agreed."),
        Column::new("ip_address", Text, "c.address", "From which address.").nullable(),
        Column::new(
            "how",
            Choice("ConsentHow", &["person", "setting"]),
            "c.how",
            "Whether the person agreed, or the setting AUTO_APPROVE_USER_TOS did.",
        ),
    ],
    filters: &[Filter::new("agreement_type", Test::AnyOf("v.agreement_type", &["TOS", "PP"]), "The type.")],
    orders: &[],
    default_order: "c.at DESC",
    places: &[],
    state: None,
    label: "c.how",
    owner: Some("c.user_id"),
};

/// The consents of one user, by his key.
pub const CONSENTS_OF: &str = "c.user_id = $";
