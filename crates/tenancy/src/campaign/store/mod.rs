//! The SQL of campaigns. [`items`] has that of their items and reviewers.

pub mod items;

use super::State;
use stoa_kernel::{Error, Result, Row, Time, Tx, id::Uuid, vals};

/// The table.
pub const TABLE: &str = "review_campaigns";

/// A campaign as rules need it.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Key.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// Name.
    pub name: String,
    /// What is reviewed: `installation`, `customer` or `project`.
    pub scope: String,
    /// Key of that organization or project.
    pub scope_id: Option<i64>,
    /// Its name; empty for the installation.
    pub scope_name: String,
    /// The organization that it belongs to.
    pub customer_id: Option<i64>,
    /// Names of the roles that are reviewed; empty for all.
    pub roles: Vec<String>,
    /// Kinds of scopes whose grants are reviewed; empty for all.
    pub kinds: Vec<String>,
    /// One of [`super::rules::REVIEWED_BY`].
    pub reviewed_by: String,
    /// One of [`super::rules::SILENCE`].
    pub silence: String,
    /// For how many days a grant lasts that silence shortens.
    pub silence_days: Option<i64>,
    /// When it starts by itself.
    pub starts: Option<Time>,
    /// When it ends.
    pub due: Time,
    /// Where it is.
    pub state: State,
    /// Who said last what it is.
    pub changed_by: Option<i64>,
    /// When it started.
    pub started: Option<Time>,
    /// Who started it.
    pub started_by: Option<i64>,
    /// Who closed it before its end.
    pub closed_by: Option<i64>,
    /// Key of the last grant that was looked at.
    pub taken: i64,
    /// How many reminders are over.
    pub reminded: i64,
}

const CAMPAIGN: &str = "SELECT id, uuid, name, scope, scope_id, scope_name, customer_id, roles, scope_kinds, reviewed_by, \
     silence, silence_days, starts, due, state, changed_by, started, started_by, closed_by, taken, reminded \
     FROM review_campaigns";

fn read(row: &Row) -> Result<Campaign> {
    let state: String = row.get(14)?;
    let texts = |i: usize| -> Result<Vec<String>> {
        let value: serde_json::Value = row.get(i)?;
        Ok(value.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect())
    };
    Ok(Campaign {
        id: row.get(0)?,
        uuid: row.get(1)?,
        name: row.get(2)?,
        scope: row.get(3)?,
        scope_id: row.get(4)?,
        scope_name: row.get(5)?,
        customer_id: row.get(6)?,
        roles: texts(7)?,
        kinds: texts(8)?,
        reviewed_by: row.get(9)?,
        silence: row.get(10)?,
        silence_days: row.get(11)?,
        starts: row.get(12)?,
        due: row.get(13)?,
        state: State::parse(&state).ok_or_else(|| Error::broken(format!("a campaign is {state}")))?,
        changed_by: row.get(15)?,
        started: row.get(16)?,
        started_by: row.get(17)?,
        closed_by: row.get(18)?,
        taken: row.get(19)?,
        reminded: row.get(20)?,
    })
}

/// A campaign, which nobody else changes until the transaction ends.
///
/// # Errors
/// Not found.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<Campaign> {
    let row = tx.one(&format!("{CAMPAIGN} WHERE id = $1 FOR UPDATE"), &vals![id]).await?;
    read(&row.ok_or(Error::NotFound)?)
}

/// A campaign, which is not closed until the transaction ends; several may decide in it at once.
///
/// # Errors
/// Not found.
pub async fn share(tx: &mut Tx, id: i64) -> Result<Campaign> {
    let row = tx.one(&format!("{CAMPAIGN} WHERE id = $1 FOR SHARE"), &vals![id]).await?;
    read(&row.ok_or(Error::NotFound)?)
}

/// What waits to be done with a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// A draft whose start has come.
    Start,
    /// One whose items are being made.
    Take,
    /// One whose end has come, or whose silence is being carried out.
    Settle,
}

/// A campaign for which this waits, held; one that another node holds is left to it.
pub async fn waiting(tx: &mut Tx, waits: Waits, now: Time) -> Result<Option<Campaign>> {
    let which = match waits {
        Waits::Start => "state = 'draft' AND starts <= $1 ORDER BY starts",
        Waits::Take => "state = 'starting' AND created <= $1 ORDER BY due",
        Waits::Settle => "(state = 'active' AND due <= $1 OR state = 'closing') ORDER BY due",
    };
    let row = tx.one(&format!("{CAMPAIGN} WHERE {which}, id LIMIT 1 FOR UPDATE SKIP LOCKED"), &vals![now]).await?;
    row.as_ref().map(read).transpose()
}

/// The campaigns that are on.
pub async fn active(tx: &mut Tx, now: Time) -> Result<Vec<Campaign>> {
    let sql = format!("{CAMPAIGN} WHERE state = 'active' AND due > $1 ORDER BY id FOR UPDATE SKIP LOCKED");
    tx.query(&sql, &vals![now]).await?.iter().map(read).collect()
}

/// Notes who said last what a campaign is.
pub async fn changed(tx: &mut Tx, id: i64, by: Option<i64>) -> Result<()> {
    tx.execute("UPDATE review_campaigns SET changed_by = $1 WHERE id = $2", &vals![by, id]).await.map(drop)
}

/// Notes that a campaign starts.
pub async fn start(tx: &mut Tx, id: i64, by: i64, now: Time) -> Result<()> {
    let sql = "UPDATE review_campaigns SET state = 'starting', started = $1, started_by = $2 WHERE id = $3";
    tx.execute(sql, &vals![now, by, id]).await.map(drop)
}

/// Notes up to which grant items were made.
pub async fn set_taken(tx: &mut Tx, id: i64, taken: i64) -> Result<()> {
    tx.execute("UPDATE review_campaigns SET taken = $1 WHERE id = $2", &vals![taken, id]).await.map(drop)
}

/// Notes how many reminders are over.
pub async fn set_reminded(tx: &mut Tx, id: i64, reminded: i64) -> Result<()> {
    tx.execute("UPDATE review_campaigns SET reminded = $1 WHERE id = $2", &vals![reminded, id]).await.map(drop)
}

/// Sets where a campaign is.
pub async fn set_state(tx: &mut Tx, id: i64, state: State) -> Result<()> {
    tx.execute("UPDATE review_campaigns SET state = $1 WHERE id = $2", &vals![state.text(), id]).await.map(drop)
}

/// Notes when a campaign began to close, and by whom, if not by itself.
pub async fn closing(tx: &mut Tx, id: i64, by: Option<i64>, now: Time) -> Result<()> {
    let sql = "UPDATE review_campaigns SET state = 'closing', closed = $1, closed_by = $2 WHERE id = $3";
    tx.execute(sql, &vals![now, by, id]).await.map(drop)
}

/// Cancels a campaign, with a note if it was not by hand.
pub async fn cancel(tx: &mut Tx, id: i64, by: Option<i64>, note: &str, now: Time) -> Result<()> {
    let sql = "UPDATE review_campaigns SET state = 'cancelled', closed = $1, closed_by = $2, note = $3 WHERE id = $4";
    tx.execute(sql, &vals![now, by, note, id]).await.map(drop)
}

/// Keys of the people whom a campaign names, in their order.
pub async fn named(tx: &mut Tx, id: i64) -> Result<Vec<i64>> {
    let sql = "SELECT user_id FROM review_campaign_named WHERE campaign_id = $1 ORDER BY user_id";
    tx.query(sql, &vals![id]).await?.iter().map(|row| row.get(0)).collect()
}

/// Replaces the people whom a campaign names. Says whether that changed anything.
pub async fn name(tx: &mut Tx, id: i64, users: &[i64]) -> Result<bool> {
    let mut wanted = users.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    if named(tx, id).await? == wanted {
        return Ok(false);
    }
    tx.execute("DELETE FROM review_campaign_named WHERE campaign_id = $1", &vals![id]).await?;
    for user in wanted {
        let sql = "INSERT INTO review_campaign_named (campaign_id, user_id) VALUES ($1, $2)";
        tx.execute(sql, &vals![id, user]).await?;
    }
    Ok(true)
}

/// Identifiers of the organization and of the project that a campaign is about, where they still are.
pub async fn place(tx: &mut Tx, campaign: &Campaign) -> Result<(Option<Uuid>, Option<Uuid>)> {
    let project = match (campaign.scope.as_str(), campaign.scope_id) {
        ("project", Some(id)) => tx.one("SELECT uuid FROM projects WHERE id = $1", &vals![id]).await?,
        _ => None,
    };
    let customer = match campaign.customer_id {
        Some(id) => tx.one("SELECT uuid FROM customers WHERE id = $1", &vals![id]).await?,
        None => None,
    };
    let uuid = |row: Option<Row>| row.map(|row| row.get(0)).transpose();
    Ok((uuid(customer)?, uuid(project)?))
}
