//! The SQL of a campaign's items, and of who reviews them.

use super::{super::rules::Candidate, Campaign};
use crate::{access::permissions::Permission, campaign::Decision};
use stoa_kernel::{
    Error, Query, Result, Row, Time, Tx, Val,
    id::{Uuid, hex},
    vals,
};

/// A grant of which an item is to be made.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Key of its row.
    pub id: i64,
    /// Key of its holder.
    pub user_id: i64,
    /// The kind of scope.
    pub scope: String,
    /// Key of the scope.
    pub scope_id: i64,
    /// Key of the organization.
    pub customer_id: i64,
    /// The rest, as it is stored: see [`insert`].
    row: Row,
}

/// The next grants that a campaign is about, as they were when it started, in order of their keys.
pub async fn take(tx: &mut Tx, campaign: &Campaign, started: Time, most: i64) -> Result<Vec<Taken>> {
    let mut values: Vec<Val> = vec![campaign.taken.into(), started.into(), started.into()];
    let mut sql = String::from(
        "SELECT g.id, g.user_id, g.scope, g.scope_id, g.customer_id, g.uuid, g.role_id, r.name, g.scope_uuid, \
         g.scope_name, COALESCE(c.name, ''), g.created, g.granted_by, g.expires_at \
         FROM grants g JOIN roles r ON r.id = g.role_id LEFT JOIN customers c ON c.id = g.customer_id \
         WHERE g.id > $1 AND g.revoked_at IS NULL AND g.created <= $2 AND g.user_id IS NOT NULL \
         AND (g.expires_at IS NULL OR g.expires_at > $3)",
    );
    let mut also = |condition: &str, value: Val| {
        values.push(value);
        sql.push_str(&condition.replace('$', &format!("${}", values.len())));
    };
    // What moved to another organization since is not its to look over.
    if let Some(customer) = campaign.customer_id {
        also(" AND g.customer_id = $", customer.into());
    }
    match (campaign.scope.as_str(), campaign.scope_id) {
        ("customer", Some(id)) => also(" AND g.customer_id = $", id.into()),
        ("project", Some(id)) => also(" AND g.scope = 'project' AND g.scope_id = $", id.into()),
        _ => {}
    }
    if !campaign.roles.is_empty() {
        also(" AND r.name = ANY($)", campaign.roles.clone().into());
    }
    if !campaign.kinds.is_empty() {
        also(" AND g.scope = ANY($)", campaign.kinds.clone().into());
    }
    also(" ORDER BY g.id LIMIT $", most.into());
    let rows = tx.query(&sql, &values).await?;
    let read = |row: Row| {
        Ok(Taken {
            id: row.get(0)?,
            user_id: row.get(1)?,
            scope: row.get(2)?,
            scope_id: row.get(3)?,
            customer_id: row.get(4)?,
            row,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Makes an item of a grant; gives its key, or `None` if the campaign has one of it.
pub async fn insert(tx: &mut Tx, campaign: i64, uuid: Uuid, grant: &Taken) -> Result<Option<i64>> {
    let sql = "INSERT INTO review_campaign_items (uuid, campaign_id, user_id, scope, scope_id, customer_id, grant_uuid, \
               role_id, role_name, scope_uuid, scope_name, customer_name, granted, granted_by, expires, decision) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'open') \
               ON CONFLICT (campaign_id, grant_uuid) DO NOTHING RETURNING id";
    let row = &grant.row;
    let values = vals![
        uuid,
        campaign,
        grant.user_id,
        &grant.scope,
        grant.scope_id,
        grant.customer_id,
        row.get::<Uuid>(5)?,
        row.get::<i64>(6)?,
        row.get::<String>(7)?,
        row.get::<Uuid>(8)?,
        row.get::<String>(9)?,
        row.get::<String>(10)?,
        row.get::<Time>(11)?,
        row.get::<Option<i64>>(12)?,
        row.get::<Option<Time>>(13)?
    ];
    tx.one(sql, &values).await?.map(|row| row.get(0)).transpose()
}

/// Those who may do this in the team of a scope, because of a role on it or on its organization; and the named people among
/// staff, who may everywhere.
pub async fn candidates(
    tx: &mut Tx,
    (scope, scope_id, customer_id): (&str, i64, i64),
    permission: Permission,
    named: &[i64],
    now: Time,
) -> Result<Vec<Candidate>> {
    let sql = "SELECT DISTINCT g.user_id, g.scope = $1 AND g.scope_id = $2 AND $3 <> 'customer' FROM grants g \
               JOIN roles r ON r.id = g.role_id JOIN users u ON u.id = g.user_id \
               WHERE g.customer_id = $4 AND g.revoked_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $5) \
               AND r.is_active AND u.is_active AND r.permissions LIKE $6 \
               AND (g.scope = $7 AND g.scope_id = $8 OR g.scope = 'customer' AND g.scope_id = $9) ORDER BY 1";
    let carries = format!("%\"{}\"%", permission.id().name);
    let values = vals![scope, scope_id, scope, customer_id, now, carries, scope, scope_id, customer_id];
    let mut found = Vec::new();
    for row in tx.query(sql, &values).await? {
        let user_id = row.get(0)?;
        found.push(Candidate { user_id, here: row.get(1)?, named: named.contains(&user_id) });
    }
    if !named.is_empty() {
        let sql = "SELECT id FROM users WHERE is_staff AND is_active AND id = ANY($1) ORDER BY id";
        for row in tx.query(sql, &vals![named.to_vec()]).await? {
            found.push(Candidate { user_id: row.get(0)?, here: false, named: true });
        }
    }
    Ok(found)
}

/// Asks somebody to decide about an item.
pub async fn assign(
    tx: &mut Tx,
    (campaign, item): (i64, i64),
    user: i64,
    (scope, scope_id, customer_id): (&str, i64, i64),
    delegated: Option<(i64, Time)>,
) -> Result<()> {
    let sql = "INSERT INTO review_campaign_assignments (item_id, user_id, campaign_id, scope, scope_id, customer_id, \
               delegated_by, delegated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
               ON CONFLICT (item_id, user_id) DO NOTHING";
    let (by, at) = delegated.unzip();
    tx.execute(sql, &vals![item, user, campaign, scope, scope_id, customer_id, by, at]).await.map(drop)
}

/// No longer asks somebody.
pub async fn dismiss(tx: &mut Tx, item: i64, user: i64) -> Result<()> {
    let sql = "DELETE FROM review_campaign_assignments WHERE item_id = $1 AND user_id = $2";
    tx.execute(sql, &vals![item, user]).await.map(drop)
}

/// Whether somebody is asked to decide about an item.
pub async fn is_assigned(tx: &mut Tx, item: i64, user: i64) -> Result<bool> {
    let sql = "SELECT 1 FROM review_campaign_assignments WHERE item_id = $1 AND user_id = $2";
    Ok(tx.one(sql, &vals![item, user]).await?.is_some())
}

/// An item as rules need it.
#[derive(Debug, Clone)]
pub struct Item {
    /// Key.
    pub id: i64,
    /// Identifier.
    pub uuid: Uuid,
    /// The campaign.
    pub campaign_id: i64,
    /// The grant.
    pub grant_uuid: Uuid,
    /// Its holder; 0 if the account is no more.
    pub user_id: i64,
    /// His identifier, 32 digits.
    pub user_uuid: Option<String>,
    /// Name of the role.
    pub role_name: String,
    /// The kind of scope.
    pub scope: String,
    /// Key of the scope.
    pub scope_id: i64,
    /// Identifier of the scope.
    pub scope_uuid: Uuid,
    /// Name of the scope.
    pub scope_name: String,
    /// Key of the organization.
    pub customer_id: i64,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub decided_by: Option<i64>,
}

const ITEM: &str = "SELECT i.id, i.uuid, i.campaign_id, i.grant_uuid, COALESCE(i.user_id, 0), u.uuid, i.role_name, \
     i.scope, i.scope_id, i.scope_uuid, i.scope_name, i.customer_id, i.decision, i.reason, i.decided_by \
     FROM review_campaign_items i LEFT JOIN users u ON u.id = i.user_id";

fn read(row: &Row) -> Result<Item> {
    let decision: String = row.get(12)?;
    Ok(Item {
        id: row.get(0)?,
        uuid: row.get(1)?,
        campaign_id: row.get(2)?,
        grant_uuid: row.get(3)?,
        user_id: row.get(4)?,
        user_uuid: row.get::<Option<Uuid>>(5)?.map(|uuid| hex(&uuid)),
        role_name: row.get(6)?,
        scope: row.get(7)?,
        scope_id: row.get(8)?,
        scope_uuid: row.get(9)?,
        scope_name: row.get(10)?,
        customer_id: row.get(11)?,
        decision: Decision::parse(&decision).ok_or_else(|| Error::broken(format!("an item is {decision}")))?,
        reason: row.get(13)?,
        decided_by: row.get(14)?,
    })
}

/// The campaign of an item, to be held before the item itself.
pub async fn campaign_of(tx: &mut Tx, id: i64) -> Result<i64> {
    let row = tx.one("SELECT campaign_id FROM review_campaign_items WHERE id = $1", &vals![id]).await?;
    row.ok_or(Error::NotFound)?.get(0)
}

/// An item, about which nobody else decides until the transaction ends.
///
/// # Errors
/// Not found.
pub async fn hold(tx: &mut Tx, id: i64) -> Result<Item> {
    let row = tx.one(&format!("{ITEM} WHERE i.id = $1 FOR UPDATE OF i"), &vals![id]).await?;
    read(&row.ok_or(Error::NotFound)?)
}

/// The next items of a campaign on which nobody decided, held.
pub async fn open(tx: &mut Tx, campaign: i64, most: i64) -> Result<Vec<Item>> {
    let sql = format!("{ITEM} WHERE i.campaign_id = $1 AND i.decision = 'open' ORDER BY i.id LIMIT $2 FOR UPDATE OF i");
    tx.query(&sql, &vals![campaign, most]).await?.iter().map(read).collect()
}

/// What was decided about an item.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub reason: &'a str,
    /// When a shortened grant ends now.
    pub new_end: Option<Time>,
    /// Whether nobody decided, so that silence was carried out.
    pub by_default: bool,
    /// Who decided, if a person did.
    pub by: Option<i64>,
    /// What is to be said about it besides.
    pub note: &'a str,
}

/// Notes what was decided.
pub async fn decide(tx: &mut Tx, id: i64, decided: Decided<'_>, now: Time) -> Result<()> {
    let sql = "UPDATE review_campaign_items SET decision = $1, reason = $2, new_end = $3, by_default = $4, decided = $5, \
               decided_by = $6, note = $7 WHERE id = $8";
    let Decided { decision, reason, new_end, by_default, by, note } = decided;
    tx.execute(sql, &vals![decision.text(), reason, new_end, by_default, now, by, note, id]).await.map(drop)
}

/// How many items a campaign has by decision.
pub async fn counts(query: &mut dyn Query, campaign: i64) -> Result<Vec<(String, i64)>> {
    let sql = "SELECT decision, count(*) FROM review_campaign_items WHERE campaign_id = $1 GROUP BY decision ORDER BY decision";
    query.query(sql, &vals![campaign]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// A reviewer to write to: key, address, language, and how many items wait for him.
pub type Reader = (i64, String, String, i64);

/// The reviewers of a campaign who have open items, can sign in and want letters.
pub async fn readers(tx: &mut Tx, campaign: i64) -> Result<Vec<Reader>> {
    let sql = "SELECT u.id, u.email, u.preferred_language, count(*) FROM review_campaign_assignments a \
               JOIN review_campaign_items i ON i.id = a.item_id JOIN users u ON u.id = a.user_id \
               WHERE a.campaign_id = $1 AND i.decision = 'open' AND u.is_active AND u.notifications_enabled \
               AND u.email <> '' GROUP BY u.id, u.email, u.preferred_language ORDER BY u.id";
    let rows = tx.query(sql, &vals![campaign]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).collect()
}
