//! What is asked of the directory over the network.

use super::{
    Settings,
    rules::{self, Entry},
};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use std::{sync::Arc, time::Duration};
use stoa_kernel::{Error, Result};

/// How long the directory may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The directory's code for a wrong name or password.
const INVALID_CREDENTIALS: u32 = 49;

/// What the directory says of a name and a password.
#[derive(Debug)]
pub enum Answer {
    /// They belong together, and to this entry.
    Right(Entry),
    /// They don't, or the account can't be used.
    Wrong,
}

/// Asks whether a name and a password belong together.
///
/// # Errors
/// Unavailable if the directory does not answer, or refuses the account with which entries are looked for.
pub async fn authenticate(settings: &Settings, username: &str, password: &str) -> Result<Answer> {
    // A directory takes an empty password for somebody who does not want to be known, and says yes (RFC 4513, 5.1.2).
    if username.is_empty() || password.is_empty() || password.contains('\0') {
        return Ok(Answer::Wrong);
    }
    if !settings.user_dn.is_empty() {
        let dn = rules::dn(&settings.user_dn, username);
        let mut ldap = connect(settings).await?;
        if !bind(&mut ldap, &dn, password).await? {
            return Ok(Answer::Wrong);
        }
        let found = search(&mut ldap, settings, &dn, Scope::Base, &rules::filter(&settings.filter, username)).await?;
        return Ok(found.map_or(Answer::Wrong, Answer::Right));
    }
    let Some(entry) = look(&mut service(settings).await?, settings, username).await? else { return Ok(Answer::Wrong) };
    // A connection of its own: who looks for entries and who signs in never mix.
    match bind(&mut connect(settings).await?, &entry.dn, password).await? {
        true => Ok(Answer::Right(entry)),
        false => Ok(Answer::Wrong),
    }
}

/// A connection on which entries can be looked for.
///
/// # Errors
/// Unavailable.
pub async fn service(settings: &Settings) -> Result<Ldap> {
    let mut ldap = connect(settings).await?;
    if !settings.bind_dn.is_empty() && !bind(&mut ldap, &settings.bind_dn, &settings.bind_password).await? {
        tracing::error!(dn = settings.bind_dn, "the directory refuses the account with which entries are looked for");
        return Err(unavailable("its own account is refused"));
    }
    Ok(ldap)
}

/// Looks for the one person with a name. Two are as good as none.
///
/// # Errors
/// Unavailable.
pub async fn look(ldap: &mut Ldap, settings: &Settings, username: &str) -> Result<Option<Entry>> {
    search(ldap, settings, &settings.base, Scope::Subtree, &rules::filter(&settings.filter, username)).await
}

/// Looks again for a person who was here before, by what the directory calls the entry for ever. Whether it is still there, and
/// still one of those who may sign in.
///
/// # Errors
/// Unavailable.
pub async fn is_there(ldap: &mut Ldap, settings: &Settings, id: &str) -> Result<bool> {
    let filter = rules::again(&settings.filter, &settings.attributes.id, id);
    Ok(search(ldap, settings, &settings.base, Scope::Subtree, &filter).await?.is_some())
}

async fn search(ldap: &mut Ldap, settings: &Settings, base: &str, scope: Scope, filter: &str) -> Result<Option<Entry>> {
    let names = &settings.attributes;
    let wanted = vec![&names.id, &names.username, &names.email, &names.first_name, &names.last_name];
    let options = ldap3::SearchOptions::new().sizelimit(2);
    ldap.with_search_options(options).with_timeout(PATIENCE);
    let answer = ldap.search(base, scope, filter, wanted).await.map_err(unavailable)?;
    // 4: more than two; 32: no such entry. That the place of all people is missing is no news about one of them.
    if answer.1.rc == 4 || (answer.1.rc == 32 && matches!(scope, Scope::Base)) {
        return Ok(None);
    }
    let (found, _) = answer.success().map_err(unavailable)?;
    let entries: Vec<SearchEntry> = found
        .into_iter()
        .filter(|entry| !entry.is_ref() && !entry.is_intermediate())
        .map(SearchEntry::construct)
        .collect();
    match entries.as_slice() {
        [one] => Ok(rules::entry(one, names)),
        _ => Ok(None),
    }
}

/// Whether the directory takes a name and a password.
async fn bind(ldap: &mut Ldap, dn: &str, password: &str) -> Result<bool> {
    let answer = ldap.with_timeout(PATIENCE).simple_bind(dn, password).await.map_err(unavailable)?;
    match answer.rc {
        0 => Ok(true),
        INVALID_CREDENTIALS => Ok(false),
        // 19: locked by a policy; 32, 34: no such entry, no such name; 48, 53: may not sign in.
        19 | 32 | 34 | 48 | 53 => Ok(false),
        code => Err(unavailable(format!("code {code}: {}", answer.text))),
    }
}

async fn connect(settings: &Settings) -> Result<Ldap> {
    let plain = settings.url.starts_with("ldap://");
    let mut how = LdapConnSettings::new().set_conn_timeout(PATIENCE).set_starttls(plain && !settings.insecure);
    if let Some(file) = &settings.ca_file {
        how = how.set_config(Arc::new(trusting(file)?));
    }
    let (connection, ldap) = LdapConnAsync::with_settings(how, &settings.url).await.map_err(unavailable)?;
    tokio::spawn(async move {
        if let Err(error) = connection.drive().await {
            tracing::debug!(%error, "a connection to the directory ended");
        }
    });
    Ok(ldap)
}

fn trusting(file: &std::path::Path) -> Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(unavailable)? {
        roots.add(certificate.map_err(unavailable)?).map_err(unavailable)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(builder.map_err(unavailable)?.with_root_certificates(roots).with_no_client_auth())
}

trait Said: std::fmt::Display {}
impl Said for LdapError {}
impl Said for rustls::Error {}
impl Said for rustls::pki_types::pem::Error {}
impl Said for String {}
impl Said for &str {}

/// What the caller is told is one thing; what the directory said goes to the log.
fn unavailable(why: impl Said) -> Error {
    tracing::warn!(error = %why, "the directory can't be asked");
    Error::Unavailable("The directory of people does not answer. Try again later.".into())
}
