//! The SQL of invitations and of the codes in their letters; nobody else writes them.

use super::{Execution, State, rules::Answerer};
use stoa_kernel::{
    Date, Error, Query, Result, Row, Time, Tx,
    access::Found,
    id::{self, Uuid},
    vals,
};

/// The key of which one invitation is open at most.
pub const KEY: &str = "invitations.scope,scope_id,role_id,email_key";

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The invited person accepts with it.
    Accept,
    /// A staff member approves or rejects with it.
    Decide,
}

impl Code {
    const fn text(self) -> &'static str {
        match self {
            Code::Accept => "accept",
            Code::Decide => "decide",
        }
    }
}

/// An invitation with what its letters and its record say.
#[derive(Debug, Clone, Default)]
pub struct Invitation {
    /// Key.
    pub id: i64,
    /// Public identifier.
    pub uuid: Uuid,
    /// Where it stands: the text of a [`State`].
    pub state: String,
    /// Kind of the scope.
    pub scope: String,
    /// Key of the scope.
    pub scope_id: i64,
    /// Identifier of the scope.
    pub scope_uuid: Uuid,
    /// Name of the scope.
    pub scope_name: String,
    /// Key of the organization.
    pub customer_id: i64,
    /// Identifier of the organization.
    pub customer_uuid: Uuid,
    /// Name of the organization.
    pub customer_name: String,
    /// Identifier of the role.
    pub role_uuid: Uuid,
    /// Name of the role.
    pub role_name: String,
    /// What people call the role.
    pub role_description: String,
    /// The invited address.
    pub email: String,
    /// The civil number that the accepting person must have; empty for none.
    pub civil_number: String,
    /// The invited person's name.
    pub full_name: String,
    /// The invited person's organization.
    pub organization: String,
    /// What the inviter adds.
    pub text: String,
    /// When it ends.
    pub expires: Time,
    /// In whose name the role will be given.
    pub authority_id: i64,
    /// What people call the inviter.
    pub inviter: String,
    /// First and last name of the inviter; may be empty.
    pub inviter_full_name: String,
    /// The name with which the inviter signs in.
    pub inviter_username: String,
    /// The inviter's address; empty if he takes no mail.
    pub inviter_email: String,
    /// The language that the inviter reads.
    pub inviter_language: String,
    /// The first day of the project.
    pub start: Option<Date>,
    /// The short name of the project; empty for another scope.
    pub scope_slug: String,
}

impl Invitation {
    /// Where it stands.
    pub fn state(&self) -> Result<State> {
        State::parse(&self.state).ok_or_else(|| Error::broken(format!("an invitation in the state {}", self.state)))
    }
}

const READ: &str = "SELECT i.id, i.uuid, i.state, i.scope, i.scope_id, i.scope_uuid, \
     COALESCE(p.name, CASE WHEN i.scope = 'customer' THEN c.name END, i.scope_name), i.customer_id, c.uuid, c.name, \
     r.uuid, r.name, r.description, i.email, i.civil_number, i.full_name, i.organization, i.extra_invitation_text, \
     i.expires, i.authority_id, TRIM(a.first_name || ' ' || a.last_name), a.username, \
     CASE WHEN a.notifications_enabled AND a.is_active THEN a.email ELSE '' END, a.preferred_language, p.start_date, \
     COALESCE(p.slug, '') \
     FROM invitations i JOIN customers c ON c.id = i.customer_id JOIN roles r ON r.id = i.role_id \
     JOIN users a ON a.id = i.created_by LEFT JOIN projects p ON i.scope = 'project' AND p.id = i.scope_id";

fn read(row: &Row) -> Result<Invitation> {
    let (full, username): (String, String) = (row.get(20)?, row.get(21)?);
    Ok(Invitation {
        id: row.get(0)?,
        uuid: row.get(1)?,
        state: row.get(2)?,
        scope: row.get(3)?,
        scope_id: row.get(4)?,
        scope_uuid: row.get(5)?,
        scope_name: row.get(6)?,
        customer_id: row.get(7)?,
        customer_uuid: row.get(8)?,
        customer_name: row.get(9)?,
        role_uuid: row.get(10)?,
        role_name: row.get(11)?,
        role_description: row.get(12)?,
        email: row.get(13)?,
        civil_number: row.get(14)?,
        full_name: row.get(15)?,
        organization: row.get(16)?,
        text: row.get(17)?,
        expires: row.get(18)?,
        authority_id: row.get(19)?,
        inviter: if full.is_empty() { username.clone() } else { full.clone() },
        inviter_full_name: full,
        inviter_username: username,
        inviter_email: row.get(22)?,
        inviter_language: row.get(23)?,
        start: row.get(24)?,
        scope_slug: row.get(25)?,
    })
}

/// The invitation with this key, held so that nobody else moves it meanwhile.
///
/// # Errors
/// Not found.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<Invitation> {
    let row = tx.one(&format!("{READ} WHERE i.id = $1 FOR UPDATE OF i"), &vals![id]).await?.ok_or(Error::NotFound)?;
    read(&row)
}

/// The invitation with this key, as it is now.
///
/// # Errors
/// Not found.
pub async fn get(query: &mut dyn Query, id: i64) -> Result<Invitation> {
    let rows = query.query(&format!("{READ} WHERE i.id = $1"), &vals![id]).await?;
    rows.first().map(read).transpose()?.ok_or(Error::NotFound)
}

/// The first day of a scope that is a project.
pub async fn start_of(tx: &mut Tx, scope: &Found) -> Result<Option<Date>> {
    if scope.thing != "project" {
        return Ok(None);
    }
    let row = tx.one("SELECT start_date FROM projects WHERE id = $1", &vals![scope.id]).await?;
    row.map_or(Ok(None), |row| row.get(0))
}

/// The key of the invitation with this identifier.
pub async fn id_of(query: &mut dyn Query, uuid: Uuid) -> Result<Option<i64>> {
    let rows = query.query("SELECT id FROM invitations WHERE uuid = $1", &vals![uuid]).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// An invitation to make.
#[derive(Debug)]
pub struct New<'a> {
    /// Its identifier.
    pub uuid: Uuid,
    /// The present.
    pub now: Time,
    /// Who invites.
    pub by: i64,
    /// To what.
    pub scope: &'a Found,
    /// Key of the organization.
    pub customer_id: i64,
    /// Key of the role.
    pub role_id: i64,
    /// Whom.
    pub email: &'a str,
    /// The address as it is compared.
    pub email_key: &'a str,
    /// What is said about him: column and text.
    pub about: Vec<(&'static str, &'a str)>,
    /// Where it begins.
    pub state: State,
    /// When it ends.
    pub expires: Time,
}

/// Makes an invitation; gives its key. One of the same [`KEY`] whose time is over is closed first.
///
/// # Errors
/// A duplicate of [`KEY`] if such an invitation is open.
pub async fn insert(tx: &mut Tx, new: New<'_>) -> Result<i64> {
    close_overdue(tx, new.scope.thing, new.scope.id, new.role_id, new.email_key, new.now).await?;
    let mut names = String::from(
        "uuid, created, created_by, authority_id, scope, scope_id, scope_uuid, scope_name, customer_id, role_id, \
         email, email_key, state, expires",
    );
    let mut marks = String::from("$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14");
    let Found { thing, id, uuid, name, .. } = new.scope;
    let mut values = vals![
        new.uuid,
        new.now,
        new.by,
        new.by,
        *thing,
        *id,
        *uuid,
        name,
        new.customer_id,
        new.role_id,
        new.email,
        new.email_key,
        new.state.text(),
        new.expires
    ]
    .to_vec();
    for (column, text) in new.about {
        values.push(text.into());
        names.push_str(&format!(", {column}"));
        marks.push_str(&format!(", ${}", values.len()));
    }
    let sql = format!("INSERT INTO invitations ({names}) VALUES ({marks}) RETURNING id");
    tx.one(&sql, &values).await?.ok_or_else(|| Error::broken("an invitation got no key"))?.get(0)
}

/// Closes what the sweep has not closed yet, so that it does not stand in the way of a new invitation.
async fn close_overdue(tx: &mut Tx, scope: &str, scope_id: i64, role_id: i64, key: &str, now: Time) -> Result<()> {
    let sql = "UPDATE invitations SET state = 'expired' WHERE scope = $1 AND scope_id = $2 AND role_id = $3 \
               AND email_key = $4 AND state = 'pending' AND expires <= $5";
    tx.execute(sql, &vals![scope, scope_id, role_id, key, now]).await.map(|_| ())
}

/// Moves an invitation on. Says whether it was still where it was.
pub async fn step(tx: &mut Tx, id: i64, from: State, to: State) -> Result<bool> {
    let to = from.to(to)?;
    let sql = "UPDATE invitations SET state = $1 WHERE id = $2 AND state = $3";
    Ok(tx.execute(sql, &vals![to.text(), id, from.text()]).await? == 1)
}

/// Accepts an invitation that is pending and not over. Says whether it was: of any number at once one succeeds.
pub async fn accept(tx: &mut Tx, id: i64, by: i64, now: Time) -> Result<bool> {
    let accepted = State::Pending.to(State::Accepted)?;
    let sql = "UPDATE invitations SET state = $1, accepted_by = $2, accepted_at = $3 \
               WHERE id = $4 AND state = 'pending' AND expires > $5";
    Ok(tx.execute(sql, &vals![accepted.text(), by, now, id, now]).await? == 1)
}

/// Makes an invitation a fresh one in the name of this user. Says whether it was still where it was.
pub async fn renew(
    tx: &mut Tx,
    id: i64,
    from: State,
    to: State,
    authority: i64,
    created: Time,
    expires: Time,
) -> Result<bool> {
    let to = from.to(to)?;
    let sql = "UPDATE invitations SET state = $1, authority_id = $2, created = $3, expires = $4, reminded_at = NULL \
               WHERE id = $5 AND state = $6";
    Ok(tx.execute(sql, &vals![to.text(), authority, created, expires, id, from.text()]).await? == 1)
}

/// Changes who is invited to which role, from now on in the name of this user.
pub async fn offer(tx: &mut Tx, id: i64, email: &str, key: &str, role_id: i64, authority: i64) -> Result<()> {
    let sql = "UPDATE invitations SET email = $1, email_key = $2, role_id = $3, authority_id = $4 WHERE id = $5";
    tx.execute(sql, &vals![email, key, role_id, authority, id]).await.map(|_| ())
}

/// Notes who of the staff decided, and until when the invitation lasts now.
pub async fn decided(tx: &mut Tx, id: i64, by: i64, expires: Time) -> Result<()> {
    let sql = "UPDATE invitations SET decided_by = $1, expires = $2 WHERE id = $3";
    tx.execute(sql, &vals![by, expires, id]).await.map(|_| ())
}

/// Removes an invitation; says whether it was there.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<bool> {
    Ok(tx.execute("DELETE FROM invitations WHERE id = $1", &vals![id]).await? == 1)
}

/// Notes how far the letter has come.
pub async fn executed(tx: &mut Tx, uuid: Uuid, state: Execution, error: &str) -> Result<()> {
    let error: String = error.chars().filter(|c| *c != '\0').take(2000).collect();
    let sql = "UPDATE invitations SET execution_state = $1, error_message = $2 WHERE uuid = $3";
    tx.execute(sql, &vals![state.text(), error, uuid]).await.map(|_| ())
}

/// Keeps the hash of a code.
pub async fn keep_code(
    tx: &mut Tx,
    invitation_id: i64,
    hash: &str,
    code: Code,
    user_id: Option<i64>,
    now: Time,
) -> Result<()> {
    let sql = "INSERT INTO invitation_codes (hash, invitation_id, kind, user_id, created) VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &vals![hash, invitation_id, code.text(), user_id, now]).await.map(|_| ())
}

/// A code that was presented.
#[derive(Debug, Clone)]
pub struct Presented {
    /// Key of the invitation.
    pub invitation_id: i64,
    /// Identifier of the invitation.
    pub invitation: Uuid,
    /// For whom it was made.
    pub user_id: Option<i64>,
    /// When.
    pub created: Time,
}

/// What the code with this hash is for.
pub async fn code(query: &mut dyn Query, hash: &str, code: Code) -> Result<Option<Presented>> {
    let sql = "SELECT k.invitation_id, i.uuid, k.user_id, k.created FROM invitation_codes k \
               JOIN invitations i ON i.id = k.invitation_id WHERE k.hash = $1 AND k.kind = $2";
    let rows = query.query(sql, &vals![hash, code.text()]).await?;
    let read = |row: &Row| {
        Ok(Presented {
            invitation_id: row.get(0)?,
            invitation: row.get(1)?,
            user_id: row.get(2)?,
            created: row.get(3)?,
        })
    };
    rows.first().map(read).transpose()
}

/// Forgets every code of an invitation: what was mailed before is worth nothing now.
pub async fn forget_codes(tx: &mut Tx, invitation_id: i64) -> Result<()> {
    tx.execute("DELETE FROM invitation_codes WHERE invitation_id = $1", &vals![invitation_id]).await.map(|_| ())
}

/// What is known of a user who answers an invitation.
pub async fn answerer(query: &mut dyn Query, user_id: i64) -> Result<Option<Answerer>> {
    let sql = "SELECT email, civil_number, preferred_language, notifications_enabled FROM users WHERE id = $1";
    let rows = query.query(sql, &vals![user_id]).await?;
    let read = |row: &Row| {
        let (email, civil_number) = (row.get(0)?, row.get(1)?);
        Ok(Answerer { email, civil_number, language: row.get(2)?, notified: row.get(3)? })
    };
    rows.first().map(read).transpose()
}

/// Whether a user holds any role at a scope, or (with a role) that one, whenever it ends.
pub async fn holds(tx: &mut Tx, user_id: i64, invitation: &Invitation, role: bool, now: Time) -> Result<bool> {
    let (sql, values) = match role {
        true => (
            "SELECT 1 FROM grants g JOIN roles r ON r.id = g.role_id WHERE g.user_id = $1 AND g.scope = $2 \
             AND g.scope_id = $3 AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $4) \
             AND r.uuid = $5 LIMIT 1",
            vals![user_id, &invitation.scope, invitation.scope_id, now, invitation.role_uuid].to_vec(),
        ),
        false => (
            "SELECT 1 FROM grants g WHERE g.user_id = $1 AND g.scope = $2 AND g.scope_id = $3 \
             AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $4) LIMIT 1",
            vals![user_id, &invitation.scope, invitation.scope_id, now].to_vec(),
        ),
    };
    Ok(tx.one(sql, &values).await?.is_some())
}

/// An open invitation to a scope: address, role and identifier.
pub type Offered = (String, Uuid, Uuid);

/// The open invitations of these addresses to a scope.
pub async fn open_of(tx: &mut Tx, scope: &Found, keys: Vec<String>, now: Time) -> Result<Vec<Offered>> {
    let sql = "SELECT i.email_key, r.uuid, i.uuid FROM invitations i JOIN roles r ON r.id = i.role_id \
               WHERE i.scope = $1 AND i.scope_id = $2 AND i.email_key = ANY($3) \
               AND (i.state IN ('project', 'requested') OR i.state = 'pending' AND i.expires > $4) ORDER BY i.id";
    let rows = tx.query(sql, &vals![scope.thing, scope.id, keys, now]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// A role that somebody with an address holds at a scope.
#[derive(Debug, Clone)]
pub struct HeldThere {
    /// The address as it is compared.
    pub email_key: String,
    /// Identifier of the role.
    pub role: Uuid,
    /// Its name.
    pub name: String,
    /// What people call it.
    pub description: String,
}

/// The roles that people with these addresses hold at a scope.
pub async fn held_by(tx: &mut Tx, scope: &Found, keys: Vec<String>, now: Time) -> Result<Vec<HeldThere>> {
    let sql = "SELECT FOLD(u.email), r.uuid, r.name, r.description FROM grants g JOIN users u ON u.id = g.user_id \
               JOIN roles r ON r.id = g.role_id WHERE g.scope = $1 AND g.scope_id = $2 AND FOLD(u.email) = ANY($3) \
               AND u.is_active AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $4) ORDER BY g.id";
    let rows = tx.query(sql, &vals![scope.thing, scope.id, keys, now]).await?;
    let read = |row: &Row| {
        let (email_key, role, name) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(HeldThere { email_key, role, name, description: row.get(3)? })
    };
    rows.iter().map(read).collect()
}

/// A staff member who decides about invitations.
#[derive(Debug, Clone)]
pub struct Decider {
    /// Key.
    pub id: i64,
    /// Address to write to.
    pub email: String,
    /// The language he reads.
    pub language: String,
}

/// Active staff who take mail.
pub async fn deciders(tx: &mut Tx) -> Result<Vec<Decider>> {
    let sql = "SELECT id, email, preferred_language FROM users WHERE is_staff AND is_active AND notifications_enabled \
               AND email <> '' ORDER BY id LIMIT 200";
    let rows = tx.query(sql, &[]).await?;
    rows.iter().map(|row| Ok(Decider { id: row.get(0)?, email: row.get(1)?, language: row.get(2)? })).collect()
}

/// The name of a staff member who can sign in; `None` if he is none (any more).
pub async fn staff(tx: &mut Tx, user_id: i64) -> Result<Option<(Uuid, String)>> {
    let sql = "SELECT uuid, username FROM users WHERE id = $1 AND is_staff AND is_active";
    tx.one(sql, &vals![user_id]).await?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Whether there is an account with this civil number (if not empty) or this address.
pub async fn has_account(tx: &mut Tx, civil_number: &str, key: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM users WHERE civil_number = $1 AND civil_number <> '' \
               UNION SELECT 1 FROM users WHERE FOLD(email) = $2 UNION SELECT 1 FROM users WHERE username = $3";
    Ok(tx.one(sql, &vals![civil_number, key, key]).await?.is_some())
}

/// Closes what is over, at most this many: pending ones, and waiting ones whose project does not begin later.
pub async fn expire(tx: &mut Tx, most: i64, now: Time) -> Result<Vec<Invitation>> {
    let sql = format!(
        "{READ} WHERE i.expires <= $1 AND i.state IN ('pending', 'project') \
         AND (i.state = 'pending' OR p.is_removed OR p.start_date IS NULL OR p.start_date <= $2) ORDER BY i.expires, i.id LIMIT $3 \
         FOR UPDATE OF i SKIP LOCKED"
    );
    let rows = tx.query(&sql, &vals![now, now.date(), most]).await?;
    let over: Vec<Invitation> = rows.iter().map(read).collect::<Result<_>>()?;
    let ids: Vec<i64> = over.iter().map(|invitation| invitation.id).collect();
    tx.execute("DELETE FROM invitation_codes WHERE invitation_id = ANY($1)", &vals![ids.clone()]).await?;
    let sql = "UPDATE invitations SET state = 'expired' WHERE id = ANY($1)";
    tx.execute(sql, &vals![ids]).await?;
    Ok(over)
}

/// Pending invitations that end before an instant and of which nobody was reminded; they count as reminded now.
pub async fn remind(tx: &mut Tx, most: i64, now: Time, until: Time) -> Result<Vec<Invitation>> {
    let sql = format!(
        "{READ} WHERE i.state = 'pending' AND i.reminded_at IS NULL AND i.expires > $1 AND i.expires <= $2 \
         ORDER BY i.expires, i.id LIMIT $3 FOR UPDATE OF i SKIP LOCKED"
    );
    let rows = tx.query(&sql, &vals![now, until, most]).await?;
    let due: Vec<Invitation> = rows.iter().map(read).collect::<Result<_>>()?;
    let ids: Vec<i64> = due.iter().map(|invitation| invitation.id).collect();
    tx.execute("UPDATE invitations SET reminded_at = $1 WHERE id = ANY($2)", &vals![now, ids]).await?;
    Ok(due)
}

/// Invitations that waited for a project that has begun, or that needs no day to begin.
pub async fn begun(tx: &mut Tx, most: i64, now: Time) -> Result<Vec<Invitation>> {
    let sql = format!(
        "{READ} WHERE i.state = 'project' AND NOT p.is_removed AND (p.start_date IS NULL OR p.start_date <= $1) \
         ORDER BY i.id LIMIT $2 FOR UPDATE OF i SKIP LOCKED"
    );
    let rows = tx.query(&sql, &vals![now.date(), most]).await?;
    rows.iter().map(read).collect()
}

/// Invitations follow their project to another organization.
pub async fn follow_project(tx: &mut Tx, project_id: i64) -> Result<()> {
    let sql = "UPDATE invitations SET customer_id = (SELECT p.customer_id FROM projects p WHERE p.id = $1) \
               WHERE scope = 'project' AND scope_id = $2";
    tx.execute(sql, &vals![project_id, project_id]).await.map(|_| ())
}

/// What is stored of a code, and the code itself.
pub fn hashed(code: &Uuid) -> String {
    crate::access::directory::hash(&id::hex(code))
}
