//! The SQL of mail: the switchboard, the templates, and the log.

use super::{
    kinds::{KINDS, PARTS},
    render::{self, Sources},
};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use stoa_kernel::{Error, Query, Result, Time, Tx, Val, clock::Clock, id::Uuid, vals};

/// The table of the switchboard.
pub const NOTIFICATIONS: &str = "notifications";
/// The table of templates.
pub const TEMPLATES: &str = "notification_templates";

/// Puts the shipped kinds and templates into the store, and brings them up to this program. What staff switched, described,
/// overrode or took off stays as it is.
pub async fn install_shipped(tx: &mut Tx, clock: &Clock) -> Result<()> {
    let rows = tx.query("SELECT key, context_schema FROM notifications", &[]).await?;
    let known: HashMap<String, String> =
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_>>()?;
    let rows = tx.query("SELECT path, original FROM notification_templates", &[]).await?;
    let texts: HashMap<String, Option<String>> =
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_>>()?;
    for kind in KINDS {
        let schema = render::schema(kind).to_string();
        match known.get(kind.key) {
            Some(old) if *old == schema => {}
            Some(_) => {
                let sql = "UPDATE notifications SET context_schema = $2 WHERE key = $1";
                tx.execute(sql, &vals![kind.key, schema]).await?;
            }
            None => {
                let sql = "INSERT INTO notifications (uuid, key, description, is_enabled, context_schema, created) \
                           VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING";
                let values = vals![clock.uuid(), kind.key, kind.about, kind.enabled, schema, clock.now()];
                tx.execute(sql, &values).await?;
            }
        }
        for part in PARTS {
            let (path, Some(shipped)) = (kind.path(part), kind.shipped(part)) else { continue };
            if texts.get(&path).is_some_and(|text| text.as_deref() == Some(shipped)) {
                continue;
            }
            let sql = "INSERT INTO notification_templates (uuid, path, name, key, original) VALUES ($1, $2, $3, $4, $5) \
                       ON CONFLICT (path) DO UPDATE SET original = excluded.original";
            let name = path.rsplit('/').next().unwrap_or_default();
            tx.execute(sql, &vals![clock.uuid(), &path, name, kind.key, shipped]).await?;
        }
    }
    Ok(())
}

/// A kind of mail as it is on the switchboard: its key and whether it is on.
pub async fn notification(tx: &mut Tx, id: i64) -> Result<(String, bool)> {
    let sql = "SELECT key, is_enabled FROM notifications WHERE id = $1 AND NOT is_removed FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Puts a kind that staff took off back on the switchboard; gives its key and identifier if there was one.
pub async fn restore(tx: &mut Tx, key: &str, description: Option<&str>) -> Result<Option<(i64, Uuid)>> {
    let sql = "UPDATE notifications SET is_removed = FALSE, is_enabled = TRUE, \
               description = COALESCE($2, description) WHERE key = $1 AND is_removed RETURNING id, uuid";
    let description = description.map_or(Val::Null, Val::from);
    let row = tx.one(sql, &[Val::from(key), description]).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Switches a kind on or off; gives whether that changed anything.
pub async fn switch(tx: &mut Tx, id: i64, on: bool) -> Result<bool> {
    let sql = "UPDATE notifications SET is_enabled = $2 WHERE id = $1 AND is_enabled <> $3";
    Ok(tx.execute(sql, &vals![id, on, on]).await? > 0)
}

/// Takes a kind off the switchboard.
pub async fn remove(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("UPDATE notifications SET is_removed = TRUE WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// A template.
#[derive(Debug, Clone)]
pub struct Template {
    /// Where it belongs.
    pub path: String,
    /// Key of its kind; empty for none.
    pub key: String,
    /// The shipped text.
    pub original: Option<String>,
    /// The text in its place.
    pub override_text: Option<String>,
}

/// A template, held so that nobody changes it meanwhile.
pub async fn template(tx: &mut Tx, id: i64) -> Result<Template> {
    let sql = "SELECT path, key, original, override_text FROM notification_templates WHERE id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok(Template { path: row.get(0)?, key: row.get(1)?, original: row.get(2)?, override_text: row.get(3)? })
}

/// Sets the text in place of the shipped one; null for none.
pub async fn set_override(tx: &mut Tx, id: i64, text: Option<&str>) -> Result<()> {
    let text = text.map_or(Val::Null, Val::from);
    let sql = "UPDATE notification_templates SET override_text = $2 WHERE id = $1";
    tx.execute(sql, &[Val::Int(id), text]).await.map(|_| ())
}

/// Sets the kind that a template belongs to.
pub async fn set_key(tx: &mut Tx, id: i64, key: &str) -> Result<()> {
    tx.execute("UPDATE notification_templates SET key = $2 WHERE id = $1", &vals![id, key]).await.map(|_| ())
}

/// Removes a template.
pub async fn delete_template(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM notification_templates WHERE id = $1", &vals![id]).await.map(|_| ())
}

/// The templates of a kind as they are used: the text of staff where there is one.
pub async fn sources(query: &mut dyn Query, key: &str) -> Result<Sources> {
    let sql = "SELECT path, COALESCE(override_text, original, '') FROM notification_templates WHERE key = $1";
    let mut sources = Sources::default();
    for row in query.query(sql, &vals![key]).await? {
        let path: String = row.get(0)?;
        for (part, source) in PARTS.iter().zip(sources.iter_mut()) {
            if path.ends_with(part) {
                *source = row.get(1)?;
            }
        }
    }
    Ok(sources)
}

/// Whether a kind of mail leaves the house.
pub async fn is_on(query: &mut dyn Query, key: &str) -> Result<bool> {
    let sql = "SELECT is_enabled FROM notifications WHERE key = $1 AND NOT is_removed";
    query.query(sql, &vals![key]).await?.first().map_or(Ok(false), |row| row.get(0))
}

/// Whether an address belongs to accounts that all say that they want no mail.
pub async fn is_muted(query: &mut dyn Query, address: &str) -> Result<bool> {
    // Letters are written to addresses as accounts have them; asked so, the index answers.
    let sql = "SELECT notifications_enabled FROM users WHERE email = ANY($1)";
    let rows = query.query(sql, &[Val::from(vec![address.to_owned(), address.to_lowercase()])]).await?;
    let wanted: HashSet<bool> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    Ok(wanted.contains(&false) && !wanted.contains(&true))
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The server has it.
    Sent,
    /// It is tried again.
    Waiting,
    /// It was given up.
    Failed,
}

impl State {
    /// Its word.
    pub fn text(self) -> &'static str {
        match self {
            State::Sent => "sent",
            State::Waiting => "waiting",
            State::Failed => "failed",
        }
    }
}

/// A mail as the log has it.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Its identifier.
    pub uuid: Uuid,
    /// When it was first tried.
    pub created: Time,
    /// The word of its state.
    pub state: String,
}

/// The mail of a job, if it was tried before.
pub async fn logged(query: &mut dyn Query, job: i64) -> Result<Option<Logged>> {
    let sql = "SELECT uuid, created, state FROM mails WHERE job_id = $1";
    let rows = query.query(sql, &vals![job]).await?;
    rows.first().map(|row| Ok(Logged { uuid: row.get(0)?, created: row.get(1)?, state: row.get(2)? })).transpose()
}

/// A mail that is about to be tried, for the log: its words have no codes.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Identifier of the mail.
    pub uuid: Uuid,
    /// The first job that was to send it.
    pub job: i64,
    /// Kind of the mail.
    pub key: String,
    /// To whom.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub body: String,
    /// When.
    pub now: Time,
}

/// Writes into the log that a mail is being tried. Done before it is: so it has the same identifier at each attempt, even if
/// the program ends in the middle.
pub async fn begin(tx: &mut Tx, attempt: &Attempt) -> Result<()> {
    let sql = "INSERT INTO mails (uuid, job_id, key, emails, subject, body, created, sent_at, state, attempts) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1) \
               ON CONFLICT (job_id) DO UPDATE SET sent_at = excluded.sent_at, subject = excluded.subject, \
               body = excluded.body, attempts = mails.attempts + 1";
    let Attempt { uuid, job, key, to, subject, body, now } = attempt;
    let emails = Value::from(vec![to.as_str()]).to_string();
    let values = vals![*uuid, *job, key, emails, subject, body, *now, *now, State::Waiting.text()];
    tx.execute(sql, &values).await.map(|_| ())
}

/// Writes into the log what became of an attempt.
pub async fn end(tx: &mut Tx, uuid: Uuid, state: State, error: &str) -> Result<()> {
    let sql = "UPDATE mails SET state = $2, error = $3 WHERE uuid = $1";
    tx.execute(sql, &vals![uuid, state.text(), error]).await.map(|_| ())
}

/// Forgets what was sent, or given up, before an instant; gives how many.
pub async fn forget(tx: &mut Tx, before: Time) -> Result<u64> {
    tx.execute("DELETE FROM mails WHERE sent_at < $1", &vals![before]).await
}
