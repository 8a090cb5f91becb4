//! The SQL of identity providers.

use super::rules::Metadata;
use serde_json::{Map, Value};
use stoa_kernel::{
    Query, Result, Row, Tx, Val,
    field::{Field, Input},
    record, vals,
};

/// The table.
pub const TABLE: &str = "identity_providers";

/// A provider, with its secret: never shown or printed.
#[derive(Clone)]
pub struct Provider {
    /// Key.
    pub id: i64,
    /// Name.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Whether people can sign in there.
    pub active: bool,
    /// Our identifier there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: String,
    /// Whether certificates are checked.
    pub verify_ssl: bool,
    /// Whether codes are taken only from a browser that began here.
    pub pkce: bool,
    /// Whether people come back after signing out there.
    pub post_logout_redirect: bool,
    /// Further scopes.
    pub extra_scope: String,
    /// The field that a new account is named by.
    pub user_field: String,
    /// The claim for that field.
    pub user_claim: String,
    /// From fields to claims.
    pub mapping: Map<String, Value>,
    /// Further fields that are claims of the same name.
    pub extra_fields: String,
    /// Origins to which people may be sent back.
    pub allowed_redirects: Vec<String>,
    /// The audience of its tokens that prove somebody at the API; empty for none.
    pub api_audience: String,
    /// Its identifier.
    pub issuer: String,
    /// Where a browser signs in.
    pub auth_url: String,
    /// Where a code is exchanged.
    pub token_url: String,
    /// Where claims are; empty for none.
    pub userinfo_url: String,
    /// Where a browser signs out; empty for none.
    pub logout_url: String,
    /// Where the keys are.
    pub jwks_url: String,
    /// Algorithms of its signatures.
    pub algorithms: Vec<String>,
    /// Whether our secret goes among the fields.
    pub secret_in_body: bool,
}

const COLUMNS: &str = "id, provider, label, is_active, client_id, client_secret, verify_ssl, enable_pkce, \
     enable_post_logout_redirect, extra_scope, user_field, user_claim, attribute_mapping, extra_fields, allowed_redirects, \
     api_audience, issuer, auth_url, token_url, userinfo_url, logout_url, jwks_url, algorithms, secret_in_body";

fn read(row: &Row) -> Result<Provider> {
    let texts = |at: usize| -> Result<Vec<String>> {
        let value: Value = row.get(at)?;
        Ok(value.as_array().into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect())
    };
    let mapping: Value = row.get(12)?;
    Ok(Provider {
        id: row.get(0)?,
        name: row.get(1)?,
        label: row.get(2)?,
        active: row.get(3)?,
        client_id: row.get(4)?,
        client_secret: row.get(5)?,
        verify_ssl: row.get(6)?,
        pkce: row.get(7)?,
        post_logout_redirect: row.get(8)?,
        extra_scope: row.get(9)?,
        user_field: row.get(10)?,
        user_claim: row.get(11)?,
        mapping: mapping.as_object().cloned().unwrap_or_default(),
        extra_fields: row.get(13)?,
        allowed_redirects: texts(14)?,
        api_audience: row.get(15)?,
        issuer: row.get(16)?,
        auth_url: row.get(17)?,
        token_url: row.get(18)?,
        userinfo_url: row.get(19)?,
        logout_url: row.get(20)?,
        jwks_url: row.get(21)?,
        algorithms: texts(22)?,
        secret_in_body: row.get(23)?,
    })
}

/// The active provider with this name.
pub async fn active(query: &mut dyn Query, name: &str) -> Result<Option<Provider>> {
    let sql = format!("SELECT {COLUMNS} FROM identity_providers WHERE provider = $1 AND is_active");
    query.query(&sql, &vals![name]).await?.first().map(read).transpose()
}

/// The active providers of an issuer whose tokens prove somebody at the API.
pub async fn trusted(query: &mut dyn Query, issuer: &str) -> Result<Vec<Provider>> {
    let sql =
        format!("SELECT {COLUMNS} FROM identity_providers WHERE issuer = $1 AND is_active AND api_audience <> ''");
    query.query(&sql, &vals![issuer]).await?.iter().map(read).collect()
}

/// The provider with this key, if it is active; nobody changes it meanwhile.
pub async fn locked(tx: &mut Tx, id: i64) -> Result<Option<Provider>> {
    let sql = format!("SELECT {COLUMNS} FROM identity_providers WHERE id = $1 AND is_active FOR UPDATE");
    tx.one(&sql, &vals![id]).await?.as_ref().map(read).transpose()
}

/// Issuer, client and audience of the provider with this key.
pub async fn bound(tx: &mut Tx, id: i64) -> Result<(String, String, String)> {
    let sql = "SELECT issuer, client_id, api_audience FROM identity_providers WHERE id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(stoa_kernel::Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

/// Whether anybody signs in through the provider.
pub async fn is_used(tx: &mut Tx, id: i64) -> Result<bool> {
    Ok(tx.one("SELECT 1 FROM identities WHERE provider_id = $1 LIMIT 1", &vals![id]).await?.is_some())
}

/// The columns that come from a discovery document.
pub fn columns(metadata: &Metadata) -> Vec<(&'static str, Val)> {
    vec![
        ("issuer", Val::from(&metadata.issuer)),
        ("auth_url", Val::from(&metadata.auth_url)),
        ("token_url", Val::from(&metadata.token_url)),
        ("userinfo_url", Val::from(&metadata.userinfo_url)),
        ("logout_url", Val::from(&metadata.logout_url)),
        ("jwks_url", Val::from(&metadata.jwks_url)),
        ("algorithms", Val::from(Value::from(metadata.algorithms.clone()))),
        ("secret_in_body", Val::Bool(metadata.secret_in_body)),
    ]
}

/// Inserts a provider.
pub async fn insert(
    tx: &mut Tx,
    fields: &'static [Field],
    input: &Input,
    more: Vec<(&'static str, Val)>,
) -> Result<i64> {
    let made = record::insert(tx, TABLE, fields, input, more).await;
    let taken = "Identity provider with this provider already exists.";
    made.map_err(|error| error.on_duplicate("identity_providers.provider", "provider", taken))
}

/// Sets columns of a provider.
pub async fn set(tx: &mut Tx, id: i64, columns: Vec<(&str, Val)>) -> Result<()> {
    record::set(tx, TABLE, id, columns).await
}

/// Removes a provider.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM identity_providers WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// The fields of a profile that only its provider changes, of accounts that came about in this way.
pub async fn protected(tx: &mut Tx, registration_method: &str) -> Result<Vec<String>> {
    let sql = "SELECT protected_fields FROM identity_providers WHERE provider = $1 AND is_active";
    let Some(row) = tx.one(sql, &vals![registration_method]).await? else { return Ok(Vec::new()) };
    let fields: Value = row.get(0)?;
    Ok(fields.as_array().into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect())
}

/// What the public configuration tells of a provider: name, client and where to sign in. Null if it is not active.
pub async fn told(query: &mut dyn Query, name: &str) -> Result<Value> {
    let sql = "SELECT provider, client_id, auth_url FROM identity_providers WHERE provider = $1 AND is_active";
    let rows = query.query(sql, &vals![name]).await?;
    let Some(row) = rows.first() else { return Ok(Value::Null) };
    let (provider, client_id, auth_url): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(serde_json::json!({"provider": provider, "client_id": client_id, "auth_url": auth_url}))
}

/// Whether anybody can sign in through any provider.
pub async fn any(query: &mut dyn Query) -> Result<bool> {
    Ok(!query.query("SELECT 1 FROM identity_providers WHERE is_active LIMIT 1", &[]).await?.is_empty())
}

/// Whether a column of a provider has another value than this text.
pub async fn differs(tx: &mut Tx, id: i64, column: &str, val: &Val) -> Result<bool> {
    let sql = format!("SELECT 1 FROM identity_providers WHERE id = $1 AND {column} <> $2");
    Ok(tx.one(&sql, &[Val::Int(id), val.clone()]).await?.is_some())
}
