//! The SQL of agreements, their versions, and consents.

use stoa_kernel::{Error, Query, Result, Row, Time, Tx, Val, clock::Clock, id::Uuid, vals};

/// The table.
pub const TABLE: &str = "agreements";

/// A text.
#[derive(Debug, Clone)]
pub struct Text {
    /// Its type: `TOS` or `PP`.
    pub kind: String,
    /// Its language; empty for the default.
    pub language: String,
    /// The text itself.
    pub content: String,
}

impl Text {
    /// What it is called in sentences.
    pub fn name(&self) -> String {
        let kind = if self.kind == "PP" { "The privacy policy" } else { "The terms of service" };
        if self.language.is_empty() { kind.to_owned() } else { format!("{kind} ({})", self.language) }
    }
}

/// Holds an agreement until the transaction ends.
pub async fn lock(tx: &mut Tx, id: i64) -> Result<()> {
    tx.one("SELECT id FROM agreements WHERE id = $1 FOR UPDATE", &vals![id]).await?.ok_or(Error::NotFound).map(drop)
}

/// The text in force.
pub async fn text(tx: &mut Tx, id: i64) -> Result<Text> {
    let sql = "SELECT agreement_type, language, content FROM agreements WHERE id = $1";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(Text { kind: row.get(0)?, language: row.get(1)?, content: row.get(2)? })
}

/// Keeps a text as the next version of its type and language; gives its number.
///
/// # Errors
/// A duplicate if somebody else keeps one at the same moment.
pub async fn keep(
    tx: &mut Tx,
    uuid: Uuid,
    text: &Text,
    requires_consent: bool,
    by: Option<i64>,
    now: Time,
) -> Result<i64> {
    let sql =
        "SELECT COALESCE(max(version), 0) + 1 FROM agreement_versions WHERE agreement_type = $1 AND language = $2";
    let row = tx.one(sql, &vals![&text.kind, &text.language]).await?;
    let version: i64 = row.map_or(Ok(1), |row| row.get(0))?;
    let sql = "INSERT INTO agreement_versions (uuid, agreement_type, language, version, content, requires_consent, \
               created, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = vals![uuid, &text.kind, &text.language, version, &text.content, requires_consent, now, by];
    tx.execute(sql, &values).await?;
    Ok(version)
}

/// Takes a text out of force.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM agreements WHERE id = $1", &vals![id]).await.map(drop)
}

/// Puts on record that a user agrees to what is in force for him. `how` says by what: `person`, or the setting
/// `AUTO_APPROVE_USER_TOS`.
pub async fn consent(
    tx: &mut Tx,
    clock: &Clock,
    user_id: i64,
    address: Option<String>,
    how: &str,
    now: Time,
) -> Result<()> {
    let sql = "SELECT v.id FROM users u JOIN agreements a ON a.language = '' OR a.language = u.preferred_language \
               JOIN agreement_versions v ON v.agreement_type = a.agreement_type AND v.language = a.language \
               AND v.version = a.version WHERE u.id = $1 AND (a.language <> '' OR a.agreement_type NOT IN \
               (SELECT b.agreement_type FROM agreements b WHERE b.language = u.preferred_language AND b.language <> ''))";
    for row in tx.query(sql, &vals![user_id]).await? {
        let sql = "INSERT INTO consents (uuid, user_id, version_id, at, address, how) VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (user_id, version_id) DO NOTHING";
        let version: i64 = row.get(0)?;
        tx.execute(sql, &vals![clock.uuid(), user_id, version, now, address.clone(), how]).await?;
    }
    Ok(())
}

/// Lets one account have the consents of another, where both are one person.
pub async fn hand_over(tx: &mut Tx, from: i64, to: i64) -> Result<u64> {
    let sql = "DELETE FROM consents WHERE user_id = $1 AND version_id IN (SELECT version_id FROM consents WHERE user_id = $2)";
    tx.execute(sql, &vals![from, to]).await?;
    tx.execute("UPDATE consents SET user_id = $1 WHERE user_id = $2", &vals![to, from]).await
}

/// Forgets from where a user agreed.
pub async fn forget_addresses(tx: &mut Tx, user_id: i64) -> Result<()> {
    tx.execute("UPDATE consents SET address = NULL WHERE user_id = $1", &vals![user_id]).await.map(drop)
}

/// The consents of a user, oldest first: type, language, version, instant, address, how.
pub async fn of_user(query: &mut dyn Query, user_id: i64) -> Result<Vec<Row>> {
    let sql = "SELECT v.agreement_type, v.language, v.version, c.at, c.address, c.how FROM consents c \
               JOIN agreement_versions v ON v.id = c.version_id WHERE c.user_id = $1 ORDER BY c.at, c.id LIMIT 1000";
    query.query(sql, &[Val::Int(user_id)]).await
}
