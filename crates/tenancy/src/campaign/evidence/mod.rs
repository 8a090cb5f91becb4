//! Evidence: who decided what about whose role, when and why, as a table for programs ([`csv`]) and as a document for people
//! ([`pdf`]), which names the table's hash.

pub mod csv;
mod font;
pub mod pdf;

use super::views::{CAMPAIGNS, ITEMS, OVERSEE};
use stoa_kernel::{
    Error, Result, Row, Time, Val,
    access::{Actor, decide},
    door::{Core, Page},
    field::Kind,
    id::{self, Uuid},
    view::{Ask, Column},
};

/// Items that are read at once.
const PAGE: i64 = 500;

/// What a campaign leaves behind.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Name of the campaign.
    pub name: String,
    /// What frames it: words and values, in the order in which they are shown.
    pub frame: Vec<(&'static str, String)>,
    /// The names of the columns.
    pub header: Vec<&'static str>,
    /// One row for each item, in the order in which they were made.
    pub rows: Vec<Vec<String>>,
}

/// The columns of the table, and the columns of the view of items that fill them.
#[rustfmt::skip]
pub const TABLE: &[(&str, &str)] = &[
    ("campaign_uuid", "campaign_uuid"),
    ("campaign_name", "campaign_name"),
    ("item_uuid", "uuid"),
    ("grant_uuid", "grant_uuid"),
    ("user_username", "user_username"),
    ("user_full_name", "user_full_name"),
    ("user_email", "user_email"),
    ("role_name", "role_name"),
    ("scope_type", "scope_type"),
    ("scope_name", "scope_name"),
    ("scope_uuid", "scope_uuid"),
    ("customer_name", "customer_name"),
    ("granted", "granted"),
    ("granted_by", "granted_by_full_name"),
    ("expiration_time", "expiration_time"),
    ("decision", "decision"),
    ("by_default", "by_default"),
    ("decided", "decided"),
    ("decided_by_username", "decided_by_username"),
    ("decided_by_full_name", "decided_by_full_name"),
    ("reason", "reason"),
    ("new_end", "new_end"),
    ("note", "note"),
    ("reviewers", "reviewers"),
];

/// What is said of the campaign, and the columns of the view of campaigns that say it.
#[rustfmt::skip]
const FRAME: &[(&str, &str)] = &[
    ("Campaign", "name"),
    ("Identifier", "uuid"),
    ("Description", "description"),
    ("Reviewed", "scope_type"),
    ("Of", "scope_name"),
    ("Organization", "customer_name"),
    ("Roles (all if empty)", "roles"),
    ("Kinds of scopes (all if empty)", "scope_kinds"),
    ("Reviewed by", "reviewed_by"),
    ("On silence", "silence"),
    ("Days on silence", "silence_days"),
    ("State", "state"),
    ("Made", "created"),
    ("Made by", "created_by_full_name"),
    ("Started", "started"),
    ("Started by", "started_by_full_name"),
    ("Due", "due"),
    ("Closed", "closed"),
    ("Closed by (itself if empty)", "closed_by_full_name"),
    ("Items", "items"),
    ("Open", "open_items"),
    ("Kept", "kept_items"),
    ("Shortened", "shortened_items"),
    ("Revoked", "revoked_items"),
    ("Gone before", "gone_items"),
    ("Withheld", "withheld_items"),
];

/// Reads the evidence of a campaign for somebody who may see the whole of it.
///
/// # Errors
/// Not found for a campaign that he does not see; forbidden for a reviewer, who sees only what he is asked.
pub async fn gather(core: &Core, actor: &Actor, campaign: &str) -> Result<Evidence> {
    let found = core.find(actor, &CAMPAIGNS, campaign).await?;
    decide(actor, &OVERSEE, &found).required()?;
    let names = |table: &[(&str, &str)]| table.iter().map(|(_, column)| (*column).to_owned()).collect();
    let ask = Ask { fields: names(FRAME), ..Ask::one(found.uuid) };
    let page = core.look(actor, &CAMPAIGNS, &ask).await?;
    let row = page.rows.first().ok_or(Error::NotFound)?;
    let frame = FRAME.iter().map(|(word, column)| Ok((*word, text(&page, row, column)?)));
    let mut evidence = Evidence {
        name: found.name.clone(),
        frame: frame.collect::<Result<_>>()?,
        header: TABLE.iter().map(|(name, _)| *name).collect(),
        rows: Vec::new(),
    };
    loop {
        let offset = i64::try_from(evidence.rows.len()).unwrap_or(i64::MAX);
        let within = vec![("i.campaign_id = $", vec![Val::Int(found.id)])];
        let ask = Ask { fields: names(TABLE), within, offset, limit: PAGE, ..Ask::default() };
        let page = core.look(actor, &ITEMS, &ask).await?;
        for row in &page.rows {
            let cells = TABLE.iter().map(|(_, column)| text(&page, row, column));
            evidence.rows.push(cells.collect::<Result<_>>()?);
        }
        if (page.rows.len() as i64) < PAGE {
            return Ok(evidence);
        }
    }
}

/// The evidence as a document, for an actor who may see the whole of the campaign.
///
/// # Errors
/// Those of [`gather`]; broken if the font can't be read.
pub async fn document(core: &Core, actor: &Actor, campaign: &str) -> Result<Vec<u8>> {
    let evidence = gather(core, actor, campaign).await?;
    let by = if actor.full_name.is_empty() { &actor.username } else { &actor.full_name };
    let (now, by) = (core.now(), by.clone());
    // Thousands of lines are set: nothing else waits for that.
    let work = tokio::task::spawn_blocking(move || {
        let hash = csv::hash(&csv::write(&evidence));
        pdf::write(&evidence, &hash, now, &by)
    });
    work.await.map_err(|error| Error::broken(format!("a document was not made: {error}")))?
}

/// One value of a row as text; empty for none.
fn text(page: &Page, row: &Row, column: &str) -> Result<String> {
    let at = page.columns.iter().position(|known| known.name == column);
    let at = at.ok_or_else(|| Error::broken(format!("evidence without {column}")))?;
    value(row, at + 2, page.columns[at])
}

fn value(row: &Row, at: usize, column: &Column) -> Result<String> {
    if row.val(at).is_null() {
        return Ok(String::new());
    }
    Ok(match column.kind {
        Kind::Time => row.get::<Time>(at)?.to_string(),
        Kind::Uuid => id::hex(&row.get::<Uuid>(at)?),
        Kind::Bool => row.get::<bool>(at)?.to_string(),
        Kind::Int => row.get::<i64>(at)?.to_string(),
        Kind::Texts => {
            let list: serde_json::Value = row.get(at)?;
            let list: Vec<&str> = list.as_array().into_iter().flatten().filter_map(|one| one.as_str()).collect();
            list.join(", ")
        }
        // The reviewers: identifier, name to sign in with, full name, who handed it on.
        Kind::Rows(..) => {
            let mut names = Vec::new();
            for person in row.rows(at)? {
                let (username, full, by): (String, String, Option<String>) =
                    (person.get(1)?, person.get(2)?, person.get(3)?);
                let name = if full.is_empty() { username } else { full };
                names.push(match by.filter(|by| !by.is_empty()) {
                    Some(by) => format!("{name} (handed on by {by})"),
                    None => name,
                });
            }
            names.join("; ")
        }
        _ => row.get::<String>(at)?,
    })
}
