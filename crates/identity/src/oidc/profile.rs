//! What a source outside says about a person: which fields it can fill, how its words become theirs, and who said what when.
//!
//! Identity providers and the identity bridge write profiles through here and no other way.

use super::{rules, store};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Result, Time, Val,
    action::Cx,
    event::Change,
    field::{Check, Field, Input, Kind, Mode},
    record,
};
use stoa_tenancy::user::{rules as user_rules, store as users};

const COUNTRY: Check = Check::By(user_rules::country);

/// The fields of a user that a source outside can fill.
pub const ATTRIBUTES: &[Field] = &[
    Field::text("first_name", 100, "First name.").stored(),
    Field::text("last_name", 100, "Last name.").stored(),
    Field::text("native_name", 100, "Name in its own script.").stored(),
    Field::text("email", 320, "Address to write to.").check(Check::Email).stored(),
    Field::text("organization", 255, "The organization that the person is of.").stored(),
    Field::new("affiliations", Kind::Texts, "How the person belongs to the organization.").stored(),
    Field::text("job_title", 120, "What the person does.").stored(),
    Field::text("phone_number", 255, "Telephone number.").check(Check::By(user_rules::phone)).stored(),
    Field::text("civil_number", 50, "Civil number.").nullable().stored(),
    Field::text("identity_source", 50, "Where the identity comes from.").stored(),
    Field::text("gender", 10, "Gender.").nullable().check(Check::By(user_rules::gender)).stored(),
    Field::text("personal_title", 50, "Title.").stored(),
    Field::new("birth_date", Kind::Date, "Day of birth.").nullable().stored(),
    Field::text("place_of_birth", 255, "Place of birth.").stored(),
    Field::text("address", 255, "Postal address.").stored(),
    Field::text("country_of_residence", 2, "Country code.").check(COUNTRY).stored(),
    Field::text("nationality", 2, "Country code of the first citizenship.").check(COUNTRY).stored(),
    Field::new("nationalities", Kind::Texts, "Country codes of all citizenships.").stored(),
    Field::text("organization_country", 2, "Country code of the organization.").check(COUNTRY).stored(),
    Field::text("organization_type", 255, "Type of the organization, a SCHAC URN.").stored(),
    Field::text("organization_registry_code", 255, "Registration code of the organization.").stored(),
    Field::text("organization_vat_code", 20, "VAT number of the organization.").stored(),
    Field::text("organization_address", 255, "Address of the organization.").stored(),
    Field::new("eduperson_assurance", Kind::Texts, "Assurance profiles that are vouched for.").stored(),
    Field::new("uid_number", Kind::Int, "POSIX number of the user.").nullable().stored(),
    Field::new("primary_gid", Kind::Int, "POSIX number of the user's group.").nullable().stored(),
];

/// What a provider that has no mapping is taken to say.
const USUAL: &[(&str, &str)] = &[("first_name", "given_name"), ("last_name", "family_name"), ("email", "email")];

/// The field with this name.
fn field(name: &str) -> Option<&'static Field> {
    ATTRIBUTES.iter().find(|field| field.name == name)
}

/// What the claims say about the fields of a user. What does not fit is left out: a strange telephone number must not keep
/// anybody from signing in. An address for which the provider says it does not vouch is left out too.
pub fn from_claims(mapping: &Map<String, Value>, extra: &str, claims: &Value) -> Map<String, Value> {
    let mut pairs: Vec<(&str, &str)> = match mapping.is_empty() {
        true => USUAL.to_vec(),
        false => mapping.iter().filter_map(|(field, claim)| Some((field.as_str(), claim.as_str()?))).collect(),
    };
    pairs.extend(extra.split_whitespace().map(|name| (name, name)));
    let mut said = Map::new();
    for (name, claim) in pairs {
        let Some(value) = rules::claim(claims, claim) else { continue };
        if name == "email" && rules::vouched(claims) == Some(false) {
            continue;
        }
        if name == "full_name" {
            let text = value.as_str().unwrap_or_default().trim();
            let (first, last) = text.rsplit_once(' ').unwrap_or((text, ""));
            said.insert("first_name".into(), first.into());
            said.insert("last_name".into(), last.into());
        } else if let Some(value) = field(name).and_then(|field| fitting(field, value)) {
            said.insert(name.to_owned(), value);
        }
    }
    said.retain(|name, value| field(name).is_some() && takes(name, value));
    said
}

/// Whether a value is one for the field.
fn takes(name: &str, value: &Value) -> bool {
    Input::read(ATTRIBUTES, &json!({name: value}), Mode::Partial).is_ok()
}

/// A claim in the form of the field.
fn fitting(field: &Field, value: &Value) -> Option<Value> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(parts) => parts.get("formatted").and_then(Value::as_str).map(ToOwned::to_owned),
        _ => None,
    };
    let first = match value {
        Value::Array(all) => all.first()?,
        one => one,
    };
    match (field.name, field.kind) {
        ("nationalities", _) => {
            let codes: Vec<Value> = many(value).into_iter().map(|code| code.to_uppercase()).map(Value::from).collect();
            let known = |code: &Value| code.as_str().is_some_and(|code| user_rules::country(code).is_none());
            Some(codes.into_iter().filter(known).collect())
        }
        (_, Kind::Texts) => Some(many(value).into()),
        (name, _) if name.contains("country") || name == "nationality" => Some(text(first)?.to_uppercase().into()),
        ("gender", _) => user_rules::gender_word(&text(first)?.to_lowercase()).map(Value::from),
        (_, Kind::Date) => {
            let text = text(first)?;
            let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
            Some(if digits { format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]).into() } else { text.into() })
        }
        _ => text(first).map(Value::from),
    }
}

fn many(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
        Value::String(one) if !one.is_empty() => vec![one.clone()],
        _ => Vec::new(),
    }
}

/// Writes what a source says into a profile, and that it said so. Gives what changed.
///
/// # Errors
/// Invalid for a value that does not fit.
pub async fn apply(cx: &mut Cx<'_>, user_id: i64, source: &str, said: &Map<String, Value>) -> Result<Vec<Change>> {
    let mut said = said.clone();
    // One person for one civil number; who has it keeps it.
    if let Some(number) = said.get("civil_number").and_then(Value::as_str).map(ToOwned::to_owned)
        && (number.is_empty() || store::has_civil_number(cx.tx, &number, user_id).await?)
    {
        said.remove("civil_number");
    }
    if said.is_empty() {
        return Ok(Vec::new());
    }
    let mut input = Input::read(ATTRIBUTES, &Value::Object(said.clone()), Mode::Partial)?;
    if let Some(word) = input.text("gender").and_then(user_rules::gender_word) {
        input.set("gender", word);
    }
    let more = vec![("modified", Val::Time(cx.now))];
    let changes = record::update(cx, users::TABLE, user_id, ATTRIBUTES, &input, more).await?;
    let mut sources = store::sources(cx.tx, user_id).await?;
    for name in said.keys() {
        sources.insert(name.clone(), told(source, cx.now));
    }
    users::set(cx.tx, user_id, vec![("attribute_sources", Val::from(Value::Object(sources)))]).await?;
    Ok(changes)
}

/// Who said something, and when.
fn told(source: &str, now: Time) -> Value {
    json!({"source": source, "timestamp": now.to_string()})
}

/// The fields whose last word is this source's.
pub fn said_by(sources: &Map<String, Value>, source: &str) -> Vec<String> {
    sources.iter().filter(|(_, told)| told["source"] == source).map(|(name, _)| name.clone()).collect()
}

/// Empties the fields whose last word was this source's. Gives what changed.
pub async fn withdraw(cx: &mut Cx<'_>, user_id: i64, source: &str) -> Result<Vec<Change>> {
    let mut sources = store::sources(cx.tx, user_id).await?;
    let names = said_by(&sources, source);
    let mut empty = Map::new();
    for field in ATTRIBUTES.iter().filter(|field| names.iter().any(|name| name == field.name)) {
        let nothing = match field.kind {
            Kind::Texts => json!([]),
            _ if field.nullable => Value::Null,
            _ => json!(""),
        };
        empty.insert(field.name.to_owned(), nothing);
    }
    let input = Input::read(ATTRIBUTES, &Value::Object(empty), Mode::Partial)?;
    let more = vec![("modified", Val::Time(cx.now))];
    let changes = record::update(cx, users::TABLE, user_id, ATTRIBUTES, &input, more).await?;
    sources.retain(|name, _| !names.contains(name));
    users::set(cx.tx, user_id, vec![("attribute_sources", Val::from(Value::Object(sources)))]).await?;
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_become_fields_and_what_does_not_fit_is_left_out() {
        let mapping = json!({"first_name": "given_name", "email": "mail", "phone_number": "phone", "birth_date": "dob",
            "nationality": "country", "nationalities": "countries", "affiliations": "aff", "gender": "g", "is_staff": "admin",
            "organization": "org.name", "address": "address", "username": "sub", "password": "sub"});
        let claims = json!({"given_name": " Ann ", "mail": ["a@example.org"], "phone": "call me", "dob": "19900102",
            "country": "ee", "countries": ["ee", "xx", "fi"], "aff": "member@x", "g": 2, "admin": true, "sub": "s",
            "org": {"name": "Acme"}, "address": {"formatted": "Street 1"}});
        let said = from_claims(mapping.as_object().unwrap(), "", &claims);
        let expected = json!({"first_name": "Ann", "email": "a@example.org", "birth_date": "1990-01-02", "nationality": "EE",
            "nationalities": ["EE", "FI"], "affiliations": ["member@x"], "gender": "female", "organization": "Acme",
            "address": "Street 1"});
        assert_eq!(Value::Object(said), expected);
    }

    #[test]
    fn an_address_that_is_not_vouched_for_is_left_out() {
        let said = |verified: Value| {
            let claims = json!({"email": "a@example.org", "given_name": "Ann", "email_verified": verified});
            from_claims(&Map::new(), "", &claims).contains_key("email")
        };
        assert!(said(json!(true)) && said(Value::Null) && !said(json!(false)) && !said(json!("false")));
    }
}
