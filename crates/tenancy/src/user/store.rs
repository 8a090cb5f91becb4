//! The SQL of users.

use super::{password, rules, views::USERS};
use crate::{access::directory, agreement, token::store as tokens};
use std::sync::Arc;
use stoa_kernel::{
    Error, Result, Row, Time, Tx, Val,
    access::{Actor, Needs, decide},
    clock::Clock,
    door::{Call, Caller, Core},
    event::Event,
    id::{self, Uuid},
    record, vals,
    view::Ask,
};

/// The table.
pub const TABLE: &str = "users";

/// A user to make.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// Name to sign in with.
    pub username: String,
    /// Address to write to.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The organization that he says he is of.
    pub organization: String,
    /// Whether he is staff.
    pub is_staff: bool,
    /// Whether he is a support agent.
    pub is_support: bool,
    /// What is stored of his password; empty for none.
    pub password_hash: String,
    /// Seconds after its last use at which a token ends; `None` for never.
    pub token_lifetime: Option<i64>,
    /// When he agreed to the terms.
    pub agreement_date: Option<Time>,
}

/// Lifetime of tokens of a new user, in seconds, where the installation says nothing else.
pub const TOKEN_LIFETIME: i64 = 3600;

/// Makes a user; gives key and identifier. Callers with an event to record use the action instead.
///
/// # Errors
/// A duplicate `users.username`.
pub async fn create_user(tx: &mut Tx, clock: &Clock, now: Time, new: NewUser) -> Result<(i64, Uuid)> {
    let (uuid, slug) = (clock.uuid(), record::slug(tx, TABLE, &new.username).await?);
    let sql = "INSERT INTO users (uuid, username, slug, email, first_name, last_name, organization, is_staff, is_support, \
               password, token_lifetime, agreement_date, date_joined, modified) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id";
    let values = vals![
        uuid,
        new.username,
        slug,
        new.email,
        new.first_name,
        new.last_name,
        new.organization,
        new.is_staff,
        new.is_support,
        new.password_hash,
        new.token_lifetime,
        new.agreement_date,
        now,
        now,
    ];
    let row = tx.one(sql, &values).await?.ok_or_else(|| Error::broken("a user got no key"))?;
    Ok((row.get(0)?, uuid))
}

/// Sets what is stored of a user's password; empty for none. All his logins end.
pub async fn set_password_hash(tx: &mut Tx, id: i64, hash: &str, now: Time) -> Result<()> {
    tx.execute("UPDATE users SET password = $1, modified = $2 WHERE id = $3", &vals![hash, now, id]).await?;
    tokens::end_all(tx, id).await.map(|_| ())
}

/// What an action needs to know of a user.
#[derive(Debug, Clone)]
pub struct Brief {
    /// Key.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// Name to sign in with.
    pub username: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Address to write to.
    pub email: String,
    /// Whether the account is active.
    pub active: bool,
    /// Whether he is staff.
    pub staff: bool,
    /// Seconds after its last use at which a token ends.
    pub token_lifetime: Option<i64>,
    /// When he agreed to the terms that are in force for him.
    pub agreed: Option<Time>,
    /// How the account came about.
    pub registration_method: String,
    /// Whether he is a support agent.
    pub support: bool,
    /// His name in his own script.
    pub native_name: String,
}

impl Brief {
    /// First and last name.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    /// An event that concerns this user, in whose feed it appears.
    pub fn event(&self, kind: &'static str, message: impl Into<String>) -> Event {
        Event::new(kind, message)
            .fact("affected_user_uuid", id::hex(&self.uuid))
            .fact("affected_user_username", self.username.clone())
            .fact("affected_user_full_name", self.full_name())
            .fact("affected_user_native_name", self.native_name.clone())
            .fact("affected_user_is_staff", self.staff)
            .fact("affected_user_is_support", self.support)
            .fact("affected_user_token_lifetime", self.token_lifetime)
            .feed("user", self.id)
    }
}

/// Reads a user, and keeps others from changing him meanwhile.
///
/// # Errors
/// Not found.
pub async fn brief(tx: &mut Tx, id: i64) -> Result<Brief> {
    let sql = format!(
        "SELECT u.id, u.uuid, u.username, u.first_name, u.last_name, u.email, u.is_active, u.is_staff, u.token_lifetime, \
         {}, u.registration_method, u.is_support, u.native_name FROM users u WHERE u.id = $1 FOR UPDATE",
        agreement::DATE
    );
    let row = tx.one(&sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(Brief {
        id: row.get(0)?,
        uuid: row.get(1)?,
        username: row.get(2)?,
        first_name: row.get(3)?,
        last_name: row.get(4)?,
        email: row.get(5)?,
        active: row.get(6)?,
        staff: row.get(7)?,
        token_lifetime: row.get(8)?,
        agreed: row.get(9)?,
        registration_method: row.get(10)?,
        support: row.get(11)?,
        native_name: row.get(12)?,
    })
}

/// The key of the user with this name.
pub async fn id_of(tx: &mut Tx, username: &str) -> Result<Option<i64>> {
    let row = tx.one("SELECT id FROM users WHERE username = $1", &vals![username]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// The words about a user that a password must not repeat, his name to sign in with first.
pub async fn words_about(core: &Core, id: i64) -> Result<Vec<String>> {
    let sql = "SELECT username, first_name, last_name, email FROM users WHERE id = $1";
    let rows = core.store.query(sql, &vals![id]).await?;
    let row = rows.first().ok_or(Error::NotFound)?;
    (0..4).map(|at| row.get(at)).collect()
}

/// Whether anything on record names the user: a grant, now or ever, that he held, gave or took, or an event by him.
pub async fn has_history(tx: &mut Tx, id: i64) -> Result<bool> {
    let sql = "SELECT 1 WHERE EXISTS (SELECT 1 FROM grants WHERE user_id = $1) \
               OR EXISTS (SELECT 1 FROM grants WHERE granted_by = $2) \
               OR EXISTS (SELECT 1 FROM grants WHERE revoked_by = $3) \
               OR EXISTS (SELECT 1 FROM events WHERE actor_id = $4)";
    Ok(tx.one(sql, &vals![id, id, id, id]).await?.is_some())
}

/// Removes a user and what is only his: tokens, keys, requests to change the address.
///
/// # Errors
/// A dangling reference while others refer to him.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM users WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// Sets a column of a user.
pub async fn set(tx: &mut Tx, id: i64, columns: Vec<(&str, Val)>) -> Result<()> {
    record::set(tx, TABLE, id, columns).await
}

/// A request to change the address.
#[derive(Debug, Clone)]
pub struct EmailChange {
    /// Key of the user.
    pub user_id: i64,
    /// The new address.
    pub email: String,
    /// When it was asked for.
    pub created: Time,
}

/// Puts a request in the place of the user's older one; gives the code that confirms it, of which only the hash is kept.
/// `None` if the user has caused too many letters lately.
pub async fn ask_email(tx: &mut Tx, clock: &Clock, user_id: i64, email: &str, now: Time) -> Result<Option<Uuid>> {
    let code = clock.uuid();
    let past = now.plus_seconds(-rules::LETTERS_SECONDS);
    let sql = "INSERT INTO email_changes (user_id, email, code_hash, created, letters, letters_since) \
               VALUES ($1, $2, $3, $4, 1, $5) ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, \
               code_hash = excluded.code_hash, created = excluded.created, \
               letters = CASE WHEN email_changes.letters_since <= $6 THEN 1 ELSE email_changes.letters + 1 END, \
               letters_since = CASE WHEN email_changes.letters_since <= $7 THEN excluded.letters_since \
               ELSE email_changes.letters_since END \
               WHERE email_changes.letters < $8 OR email_changes.letters_since <= $9";
    let hash = directory::hash(&id::hex(&code));
    let values = vals![user_id, email, hash, now, now, past, past, rules::LETTERS_MAX, past];
    Ok((tx.execute(sql, &values).await? == 1).then_some(code))
}

/// Drops the user's request; says whether there was one. How many letters he caused is still known.
pub async fn drop_email(tx: &mut Tx, user_id: i64) -> Result<bool> {
    let sql = "UPDATE email_changes SET email = '', code_hash = '' WHERE user_id = $1 AND email <> ''";
    Ok(tx.execute(sql, &vals![user_id]).await? > 0)
}

/// The request with this code.
pub async fn asked_email(tx: &mut Tx, code: Uuid) -> Result<Option<EmailChange>> {
    let sql = "SELECT user_id, email, created FROM email_changes WHERE code_hash = $1 AND code_hash <> '' FOR UPDATE";
    let Some(row) = tx.one(sql, &vals![directory::hash(&id::hex(&code))]).await? else { return Ok(None) };
    Ok(Some(EmailChange { user_id: row.get(0)?, email: row.get(1)?, created: row.get(2)? }))
}

/// Drops every request for an address, once somebody has confirmed it.
pub async fn drop_emails_for(tx: &mut Tx, email: &str) -> Result<()> {
    let sql = "UPDATE email_changes SET email = '', code_hash = '' WHERE email = $1";
    tx.execute(sql, &vals![email]).await.map(drop)
}

/// Forgets that a user ever asked for another address.
pub async fn forget_email(tx: &mut Tx, user_id: i64) -> Result<()> {
    tx.execute("DELETE FROM email_changes WHERE user_id = $1", &vals![user_id]).await.map(drop)
}

/// What decides what may become of an account.
#[derive(Debug, Clone)]
pub struct Fate {
    /// Whether it is a robot's.
    pub robot: bool,
    /// Whether it manages the identities of others.
    pub identity_manager: bool,
    /// Key of the account that took its place.
    pub merged_into: Option<i64>,
    /// Whether its person was erased.
    pub erased: bool,
    /// When its person asked to be erased.
    pub erasure_requested: Option<Time>,
    /// Key of the portrait.
    pub image: Option<i64>,
    /// Civil number.
    pub civil_number: Option<String>,
    /// Telephone number.
    pub phone_number: String,
    /// Language in which he is written to.
    pub language: String,
    /// Whether a person switched the account off.
    pub switched_off: bool,
    /// Why it is off.
    pub reason: String,
}

/// Reads it.
///
/// # Errors
/// Not found.
pub async fn fate(tx: &mut Tx, id: i64) -> Result<Fate> {
    let sql = "SELECT is_robot, is_identity_manager, merged_into, erased_at IS NOT NULL, erasure_requested_at, image_id, \
               civil_number, phone_number, preferred_language, is_admin_deactivated, deactivation_reason \
               FROM users WHERE id = $1";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(Fate {
        robot: row.get(0)?,
        identity_manager: row.get(1)?,
        merged_into: row.get(2)?,
        erased: row.get(3)?,
        erasure_requested: row.get(4)?,
        image: row.get(5)?,
        civil_number: row.get(6)?,
        phone_number: row.get(7)?,
        language: row.get(8)?,
        switched_off: row.get(9)?,
        reason: row.get(10)?,
    })
}

/// Leaves a pseudonym of a person and nothing else that tells who he was. What the installation counts by stays: the key, the
/// identifier, the POSIX numbers (which must never be given to another), and when he agreed to what.
pub async fn erase(tx: &mut Tx, id: i64, pseudonym: &str, now: Time) -> Result<()> {
    let sql = "UPDATE users SET username = $1, slug = $2, email = '', first_name = '', last_name = '', native_name = '', \
               job_title = '', organization = '', phone_number = '', civil_number = NULL, description = '', \
               is_active = FALSE, is_support = FALSE, is_identity_manager = FALSE, managed_isds = '[]', \
               active_isds = '[]', can_use_personal_access_tokens = FALSE, deactivation_reason = $3, \
               is_admin_deactivated = TRUE, password = '', identity_source = '', notifications_enabled = FALSE, \
               preferred_language = '', affiliations = '[]', birth_date = NULL, gender = NULL, personal_title = '', \
               place_of_birth = '', address = '', country_of_residence = '', nationality = '', nationalities = '[]', \
               organization_country = '', organization_type = '', organization_registry_code = '', \
               organization_vat_code = '', organization_address = '', eduperson_assurance = '[]', \
               attribute_sources = '{}', image_id = NULL, erasure_requested_at = NULL, erased_at = $4, modified = $5 \
               WHERE id = $6";
    tx.execute(sql, &vals![pseudonym, pseudonym, rules::ERASED, now, now, id]).await.map(drop)
}

/// Active, regular people who had roles and have none left. Who never had one is left alone: he has just come.
pub async fn roleless(store: &stoa_kernel::Store, now: Time, most: i64) -> Result<Vec<Uuid>> {
    let sql = "SELECT u.uuid FROM users u WHERE u.is_active AND NOT u.is_staff AND NOT u.is_support AND NOT u.is_robot \
               AND NOT u.is_identity_manager AND u.id IN (SELECT user_id FROM grants WHERE user_id IS NOT NULL) \
               AND u.id NOT IN (SELECT user_id FROM grants WHERE user_id IS NOT NULL AND revoked_at IS NULL \
               AND (expires_at IS NULL OR expires_at > $1)) ORDER BY u.id LIMIT $2";
    let rows = store.query_long(sql, &vals![now, most]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Accounts that were switched off because no role was left, and have one again.
pub async fn resting(store: &stoa_kernel::Store, now: Time, most: i64) -> Result<Vec<Uuid>> {
    let sql = "SELECT u.uuid FROM users u WHERE NOT u.is_active AND NOT u.is_admin_deactivated \
               AND u.deactivation_reason = $1 AND u.id IN (SELECT user_id FROM grants WHERE user_id IS NOT NULL \
               AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)) ORDER BY u.id LIMIT $3";
    let rows = store.query_long(sql, &vals![rules::NO_ROLES, now, most]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// What the command line asks of a user.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// Name to sign in with.
    pub username: String,
    /// Address to write to, if it is to change.
    pub email: Option<String>,
    /// Whether to make him staff.
    pub staff: bool,
    /// Whether to make him a support agent.
    pub support: bool,
    /// A new password.
    pub password: Option<String>,
}

/// Makes a user, or changes one that exists, as the program itself; says whether he was made. A user who is changed so is
/// active afterwards: this is how an operator gets back in.
///
/// # Errors
/// Invalid for a name, address or password against the rules.
pub async fn from_command_line(core: &Arc<Core>, command: Command) -> Result<bool> {
    let Command { username, email, staff, support, password } = command;
    let known = tokens::claimant(&mut core.store.reader(), &username).await?;
    let hash = match &password {
        Some(text) => {
            let staff = staff || known.as_ref().is_some_and(|known| known.staff);
            password::check("password", text, &username, staff, &[])?;
            Some(password::Passwords::of(core).enter().await?.hash(&core.clock, text).await?)
        }
        None => None,
    };
    let found = known.map(|known| known.uuid);
    let mut body = serde_json::Map::new();
    if let (None, None) = (&email, found) {
        body.insert("email".into(), "".into());
    }
    if let Some(email) = email {
        body.insert("email".into(), email.into());
    }
    if staff {
        body.insert("is_staff".into(), true.into());
    }
    if support {
        body.insert("is_support".into(), true.into());
    }
    if let Some(hash) = hash {
        body.insert("password_hash".into(), hash.into());
    }
    body.insert("username".into(), username.into());
    let call = Call {
        action: &super::actions::INSTALL,
        via: None,
        target: None,
        body: body.into(),
        mode: stoa_kernel::field::Mode::Whole,
    };
    core.perform(&Caller::system(), call).await?;
    Ok(found.is_none())
}

/// Issues a login token for a user from the command line, and gives it.
///
/// # Errors
/// Not found.
pub async fn issue_from_command_line(core: &Arc<Core>, user_id: i64) -> Result<String> {
    let body = serde_json::json!({"user_id": user_id});
    let mode = stoa_kernel::field::Mode::Whole;
    let call = Call { action: &super::actions::ISSUE, via: None, target: None, body, mode };
    let done = core.perform(&Caller::system(), call).await?;
    done.answer["token"].as_str().map(str::to_owned).ok_or_else(|| Error::broken("no token was issued"))
}

/// What is stored of a token; for those who look a token up.
pub fn stored(secret: &str) -> String {
    directory::hash(secret)
}

/// Inserts a user from an action's fields.
pub async fn insert(
    tx: &mut Tx,
    fields: &'static [stoa_kernel::field::Field],
    input: &stoa_kernel::field::Input,
    more: Vec<(&'static str, Val)>,
) -> Result<i64> {
    let made = record::insert(tx, TABLE, fields, input, more).await;
    made.map_err(|error| error.on_duplicate("users.username", "username", "User with this username already exists."))
}

/// Counts of the users that a view would list, by the values of an expression. For staff and support agents.
pub async fn counts_by(core: &Core, actor: &Actor, ask: &Ask, by: &str) -> Result<Vec<Row>> {
    decide(actor, &Needs::StaffOrSupport, &Default::default()).required()?;
    let count = USERS.count(actor, ask, core.now())?;
    let rest = count.text.strip_prefix("SELECT ").ok_or_else(|| Error::broken(&count.text))?;
    let sql = format!("SELECT {by}, {rest} GROUP BY {by} ORDER BY {by}");
    core.store.query_long(&sql, &count.params).await
}

/// Active staff and support agents: identifier, name to sign in with, first and last name, and which of both they are.
pub async fn administrators(core: &Core) -> Result<Vec<Row>> {
    let sql = "SELECT uuid, username, first_name, last_name, is_staff, is_support FROM users \
               WHERE is_active AND (is_staff OR is_support) ORDER BY username";
    core.store.query_long(sql, &[]).await
}

/// The active people with whom a user shares a scope, scope by scope: identifier, name to sign in with, first and last name,
/// then kind, identifier and name of the scope, and the role that they hold there.
pub async fn colleagues(core: &Core, user_id: i64) -> Result<Vec<Row>> {
    let sql = "SELECT u.uuid, u.username, u.first_name, u.last_name, g.scope, g.scope_uuid, g.scope_name, r.name \
               FROM grants mine JOIN grants g ON g.scope = mine.scope AND g.scope_id = mine.scope_id \
               JOIN users u ON u.id = g.user_id JOIN roles r ON r.id = g.role_id \
               WHERE mine.user_id = $1 AND mine.revoked_at IS NULL AND (mine.expires_at IS NULL OR mine.expires_at > $2) \
               AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $3) AND g.user_id <> $4 AND u.is_active \
               ORDER BY g.scope, g.scope_name, g.scope_id, u.username, g.id, mine.id";
    let now = core.now();
    core.store.query_long(sql, &vals![user_id, now, now, user_id]).await
}

/// Whether an account was switched off because no role was left.
pub async fn is_resting(tx: &mut Tx, uuid: Uuid) -> Result<bool> {
    let sql = "SELECT 1 FROM users WHERE uuid = $1 AND NOT is_active AND NOT is_admin_deactivated \
               AND deactivation_reason = $2";
    Ok(tx.one(sql, &vals![uuid, rules::NO_ROLES]).await?.is_some())
}
