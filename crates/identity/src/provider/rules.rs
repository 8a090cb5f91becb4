//! What addresses, discovery documents and redirects are taken, and which claims fit which field.

use serde_json::{Map, Value, json};
use url::{Host, Url};

/// Signature algorithms that are taken: asymmetric ones only. `none` would prove nothing, and the HS family would let whoever
/// knows a public key (or the client's secret) sign.
pub const ALGORITHMS: &[&str] = &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// Names that stand in addresses for something else.
const RESERVED: &[&str] = &["default", "password", "logout", "saml2", "token-exchange", "passkey", "ldap"];

/// The end of the address of a discovery document.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What a discovery document says.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// The provider's identifier, which its tokens carry.
    pub issuer: String,
    /// Where a browser is sent to sign in.
    pub auth_url: String,
    /// Where a code is exchanged.
    pub token_url: String,
    /// Where the claims of a person are; empty for none.
    pub userinfo_url: String,
    /// Where a browser is sent to sign out; empty for none.
    pub logout_url: String,
    /// Where the keys are.
    pub jwks_url: String,
    /// Algorithms of signatures that both sides take.
    pub algorithms: Vec<String>,
    /// Whether the client's secret goes among the fields, because the provider does not take it in the header.
    pub secret_in_body: bool,
    /// Claims that the provider knows.
    pub claims: Vec<String>,
    /// Scopes that it knows.
    pub scopes: Vec<String>,
}

/// What is wrong with a provider's name.
pub fn name(text: &str) -> Option<String> {
    if RESERVED.contains(&text) {
        return Some("This name is reserved.".into());
    }
    let fine = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    (!fine).then(|| "Enter a name of lower-case letters, digits, hyphens and underscores.".into())
}

/// Whether a host is this machine.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Checks an address of a provider: https, or http on this machine or where certificates aren't verified anyway.
///
/// # Errors
/// What is wrong, in words.
pub fn outside(text: &str, verify: bool) -> Result<(), String> {
    let url = Url::parse(text).map_err(|_| "Enter a valid URL.".to_owned())?;
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("Enter a valid URL.".into());
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_local(&url) || !verify => Ok(()),
        "http" => Err("Use https, or switch off verify_ssl for a provider that has no certificate.".into()),
        _ => Err("Enter a valid URL.".into()),
    }
}

/// Reads a discovery document. The issuer must be the place from which the document came: its address is the beginning of the
/// document's, so a document can't speak for somebody else (ASVS 10.5.3).
///
/// # Errors
/// What is wrong, in words.
pub fn metadata(discovery_url: &str, document: &Value, verify: bool) -> Result<Metadata, String> {
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    let texts = |name: &str| -> Vec<String> {
        let items = document[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        items.filter(|item| item.len() <= 200).take(500).map(ToOwned::to_owned).collect()
    };
    let issuer = text("issuer");
    let place = discovery_url.strip_suffix(WELL_KNOWN).unwrap_or(discovery_url);
    let here =
        place.strip_prefix(issuer.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if issuer.is_empty() || !here {
        return Err("The issuer that the document names is not at this address.".into());
    }
    let endpoint = |name: &str, required: bool| {
        let url = text(name);
        match url.as_str() {
            "" if required => Err(format!("The document has no {name}.")),
            "" => Ok(url),
            _ => outside(&url, verify)
                .map(|()| url)
                .map_err(|_| format!("The document's {name} is not an address that is taken.")),
        }
    };
    let offered = texts("id_token_signing_alg_values_supported");
    let algorithms: Vec<String> = match offered.is_empty() {
        // What the standard prescribes for every provider.
        true => vec!["RS256".into()],
        false => offered.into_iter().filter(|name| ALGORITHMS.contains(&name.as_str())).collect(),
    };
    if algorithms.is_empty() {
        return Err("The provider offers no algorithm of signatures that is taken.".into());
    }
    let proofs = texts("token_endpoint_auth_methods_supported");
    let has = |name: &str| proofs.iter().any(|proof| proof == name);
    Ok(Metadata {
        issuer,
        auth_url: endpoint("authorization_endpoint", true)?,
        token_url: endpoint("token_endpoint", true)?,
        userinfo_url: endpoint("userinfo_endpoint", false)?,
        logout_url: endpoint("end_session_endpoint", false)?,
        jwks_url: endpoint("jwks_uri", true)?,
        algorithms,
        secret_in_body: has("client_secret_post") && !has("client_secret_basic"),
        claims: texts("claims_supported"),
        scopes: texts("scopes_supported"),
    })
}

/// The origin of an address: scheme, host and port, as browsers write it.
pub fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.host().is_some()).then(|| url.origin().ascii_serialization())
}

/// What is wrong with an allowed redirect: it is an origin, with https unless on this machine.
pub fn allowed_redirect(text: &str) -> Option<String> {
    let wrong = || {
        Some(format!("{} is not an origin: scheme, host and port only.", text.chars().take(100).collect::<String>()))
    };
    let Ok(url) = Url::parse(text) else { return wrong() };
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !bare || text.ends_with('/') || text.contains('*') || origin(text).is_none() {
        return wrong();
    }
    (url.scheme() != "https" && !is_local(&url)).then(|| "HTTPS is required except for localhost.".to_owned())
}

/// A field of a user, what it is, and the claims that usually carry it, the best first.
pub const CLAIMS: &[(&str, &str, &[&str])] = &[
    ("first_name", "First name", &["given_name", "first_name", "givenName"]),
    ("last_name", "Last name", &["family_name", "last_name", "sn"]),
    ("email", "Email", &["email", "mail"]),
    ("native_name", "Native name", &["native_name"]),
    ("organization", "Organization", &["schac_home_organization", "organization", "org_name", "org"]),
    (
        "affiliations",
        "Affiliations",
        &["voperson_external_affiliation", "eduperson_scoped_affiliation", "eduperson_affiliation"],
    ),
    ("job_title", "Job title", &["job_title", "title"]),
    ("phone_number", "Phone number", &["phone_number", "telephone_number"]),
    ("civil_number", "Civil number", &["schac_personal_unique_code", "national_id", "personal_code"]),
    ("gender", "Gender", &["gender", "schac_gender"]),
    ("personal_title", "Personal title", &["personal_title", "schac_personal_title"]),
    ("birth_date", "Birth date", &["birthdate", "schac_date_of_birth"]),
    ("place_of_birth", "Place of birth", &["place_of_birth", "schac_place_of_birth"]),
    ("address", "Address", &["address", "postal_address"]),
    ("country_of_residence", "Country of residence", &["country_of_residence", "schac_country_of_residence"]),
    ("nationality", "Nationality", &["nationality"]),
    ("nationalities", "Nationalities", &["nationalities", "schac_country_of_citizenship"]),
    (
        "organization_country",
        "Country of the organization",
        &["organization_country", "schac_home_organization_country"],
    ),
    ("organization_type", "Type of the organization", &["schac_home_organization_type", "organization_type"]),
    ("organization_registry_code", "Registry code of the organization", &["organization_registry_code"]),
    ("eduperson_assurance", "Assurance profiles", &["eduperson_assurance"]),
    ("identity_source", "Identity source", &["identity_source"]),
];

/// The scope that carries a claim, where the standard or a federation says so.
fn scope_of(claim: &str) -> Option<&'static str> {
    Some(match claim {
        "email" | "mail" => "email",
        "given_name" | "family_name" | "gender" | "birthdate" => "profile",
        "phone_number" => "phone",
        "address" => "address",
        "schac_home_organization" => "schac_home_organization",
        "eduperson_assurance" => "eduperson_assurance",
        "voperson_external_affiliation" => "voperson_external_affiliation",
        "eduperson_scoped_affiliation" => "eduperson_scoped_affiliation",
        _ => return None,
    })
}

/// A mapping from fields to claims that the provider knows.
pub fn mapping(claims: &[String]) -> Map<String, Value> {
    let known = |claim: &&&str| claims.iter().any(|known| known == **claim);
    CLAIMS
        .iter()
        .filter_map(|(field, _, usual)| Some(((*field).to_owned(), json!(usual.iter().find(known)?))))
        .collect()
}

/// What staff is shown of a discovery document before setting a provider up.
pub fn shown(metadata: &Metadata) -> Value {
    let known = |claim: &&&str| metadata.claims.iter().any(|known| known == **claim);
    let fields = CLAIMS.iter().map(|(field, about, usual)| {
        let available: Vec<&&str> = usual.iter().filter(known).collect();
        json!({"field": field, "description": about, "suggested_claims": usual, "available_claims": available})
    });
    let fields: Vec<Value> = fields.collect();
    let mut scopes = vec!["openid"];
    for claim in mapping(&metadata.claims).values().filter_map(Value::as_str) {
        let scope = scope_of(claim).filter(|scope| metadata.scopes.iter().any(|known| known == scope));
        scopes.extend(scope.filter(|scope| !scopes.contains(scope)));
    }
    json!({
        "claims_supported": metadata.claims,
        "scopes_supported": metadata.scopes,
        "endpoints": {
            "authorization_endpoint": metadata.auth_url,
            "token_endpoint": metadata.token_url,
            "userinfo_endpoint": metadata.userinfo_url,
            "end_session_endpoint": metadata.logout_url,
        },
        "waldur_fields": fields,
        "suggested_scopes": scopes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(issuer: &str) -> Value {
        json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"), "id_token_signing_alg_values_supported": ["none", "HS256", "ES256"],
        })
    }

    #[test]
    fn a_document_speaks_for_its_own_address_only() {
        let at = "https://id.example/realm/.well-known/openid-configuration";
        for fine in ["https://id.example/realm", "https://id.example/realm/", "https://id.example"] {
            assert!(metadata(at, &document(fine), true).is_ok(), "{fine}");
        }
        for wrong in ["https://other.example/realm", "https://id.example/re", "https://id.example/realm/2", ""] {
            assert!(metadata(at, &document(wrong), true).is_err(), "{wrong}");
        }
        let read = metadata(at, &document("https://id.example/realm"), true).unwrap();
        assert_eq!(read.algorithms, ["ES256"]);
        let mut only_weak = document("https://id.example/realm");
        only_weak["id_token_signing_alg_values_supported"] = json!(["none", "HS256"]);
        assert!(metadata(at, &only_weak, true).is_err());
        let mut plain = document("https://id.example/realm");
        plain["token_endpoint"] = json!("http://id.example/token");
        assert!(metadata(at, &plain, true).is_err() && metadata(at, &plain, false).is_ok());
    }

    #[test]
    fn addresses_are_of_the_web_and_encrypted() {
        for fine in ["https://id.example/x", "http://localhost:8080/x", "http://127.0.0.1:1/x", "http://[::1]/x"] {
            assert_eq!(outside(fine, true), Ok(()), "{fine}");
        }
        for wrong in ["http://id.example/", "file:///etc/passwd", "ftp://id.example/", "https://a:b@id.example/", "x"] {
            assert!(outside(wrong, true).is_err(), "{wrong}");
        }
        assert!(outside("http://keycloak:8080/", false).is_ok() && outside("gopher://x/", false).is_err());
    }

    #[test]
    fn redirects_are_origins() {
        for fine in ["https://portal.example", "https://portal.example:8443", "http://localhost:8001"] {
            assert_eq!(allowed_redirect(fine), None, "{fine}");
        }
        for wrong in [
            "https://portal.example/",
            "https://portal.example/x",
            "http://portal.example",
            "https://*.example",
            "javascript:alert(1)",
            "https://a@portal.example",
            "portal.example",
        ] {
            assert!(allowed_redirect(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn names_can_stand_in_addresses() {
        assert_eq!(name("keycloak"), None);
        for wrong in ["default", "saml2", "A", "a/b", "ä", "a b"] {
            assert!(name(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn a_mapping_has_only_what_the_provider_knows() {
        let known = ["mail".to_owned(), "given_name".to_owned(), "x".to_owned()];
        assert_eq!(Value::Object(mapping(&known)), json!({"first_name": "given_name", "email": "mail"}));
    }
}
