//! The SQL of eligibilities; nobody else writes them.

use crate::{activation_rule::rules::Terms, grant::store::Recorded};
use stoa_kernel::{Query, Result, Row, Time, Tx, access::Stand, id::Uuid, vals};

/// The key of which at most one eligibility is open.
pub const KEY: &str = "eligibilities.user_id,role_id,scope,scope_id";

/// Why one whose time is over is closed.
pub const EXPIRED: &str = "Its time was over";

/// An eligibility.
#[derive(Debug, Clone)]
pub struct Eligibility {
    /// Key of its row.
    pub id: i64,
    /// Whose, which role, where, and until when.
    pub of: Recorded,
    /// What it asks of an activation by itself.
    pub terms: Terms,
    /// Who made or changed it: in his name the role is given when it is activated.
    pub by: Option<i64>,
}

/// Its columns; those of [`Recorded`] first.
const ELIGIBILITY: &str = "SELECT e.id, e.uuid, e.user_id, u.uuid, u.username, TRIM(u.first_name || ' ' || u.last_name), \
     e.role_id, r.name, r.uuid, e.scope, e.scope_id, e.scope_uuid, e.scope_name, e.customer_id, e.expires_at, e.max_hours, \
     e.needs_approval, e.needs_second_factor, e.granted_by \
     FROM eligibilities e JOIN users u ON u.id = e.user_id JOIN roles r ON r.id = e.role_id";

/// Whose, which role and where, from the columns after the key.
pub(crate) fn read_of(row: &Row) -> Result<Recorded> {
    Ok(Recorded {
        uuid: row.get(1)?,
        user_id: row.get(2)?,
        user_uuid: row.get(3)?,
        username: row.get(4)?,
        full_name: row.get(5)?,
        role_id: row.get(6)?,
        role_name: row.get(7)?,
        role_uuid: row.get(8)?,
        scope: row.get(9)?,
        scope_id: row.get(10)?,
        scope_uuid: row.get(11)?,
        scope_name: row.get(12)?,
        customer_id: row.get(13)?,
        until: row.get(14)?,
    })
}

fn read(row: &Row) -> Result<Eligibility> {
    let terms =
        Terms { max_hours: row.get(15)?, approval: row.get(16)?, second_factor: row.get(17)?, ..Terms::default() };
    Ok(Eligibility { id: row.get(0)?, of: read_of(row)?, terms, by: row.get(18)? })
}

/// Opens an eligibility; gives its key. One of the same key whose time is over is closed first.
///
/// # Errors
/// A duplicate of [`KEY`] if such a one is open.
pub async fn insert(tx: &mut Tx, of: &Recorded, terms: Terms, by: Option<i64>, now: Time) -> Result<i64> {
    let sql = "UPDATE eligibilities SET revoked_at = $1, revoke_reason = $2 WHERE user_id = $3 AND role_id = $4 \
               AND scope = $5 AND scope_id = $6 AND revoked_at IS NULL AND expires_at <= $7";
    tx.execute(sql, &vals![now, EXPIRED, of.user_id, of.role_id, &of.scope, of.scope_id, now]).await?;
    let sql = "INSERT INTO eligibilities (uuid, user_id, role_id, scope, scope_id, scope_uuid, scope_name, customer_id, \
               max_hours, needs_approval, needs_second_factor, created, valid_from, granted_by, expires_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id";
    let values = vals![
        of.uuid,
        of.user_id,
        of.role_id,
        &of.scope,
        of.scope_id,
        of.scope_uuid,
        &of.scope_name,
        of.customer_id,
        terms.max_hours,
        terms.approval,
        terms.second_factor,
        now,
        now,
        by,
        of.until
    ];
    let row = tx.one(sql, &values).await?;
    row.ok_or_else(|| stoa_kernel::Error::broken("an eligibility without a key"))?.get(0)
}

/// The open eligibility with this identifier, whose time is not over; nobody else uses or changes it until the transaction
/// ends.
pub async fn hold(tx: &mut Tx, uuid: Uuid, now: Time) -> Result<Option<Eligibility>> {
    let sql = format!(
        "{ELIGIBILITY} WHERE e.uuid = $1 AND e.revoked_at IS NULL AND (e.expires_at IS NULL OR e.expires_at > $2) \
         FOR UPDATE OF e"
    );
    tx.one(&sql, &vals![uuid, now]).await?.map(|row| read(&row)).transpose()
}

/// Closes an open eligibility. Says whether it was open.
pub async fn close(tx: &mut Tx, id: i64, by: Option<i64>, reason: &str, now: Time) -> Result<bool> {
    let sql = "UPDATE eligibilities SET revoked_at = $1, revoked_by = $2, revoke_reason = $3 \
               WHERE id = $4 AND revoked_at IS NULL";
    Ok(tx.execute(sql, &vals![now, by, reason, id]).await? == 1)
}

/// Changes an open eligibility: closes its row and opens another with the same identifier; gives the key of that.
pub async fn change(
    tx: &mut Tx,
    held: &Eligibility,
    until: Option<Time>,
    terms: Terms,
    by: Option<i64>,
    now: Time,
) -> Result<i64> {
    let sql = "UPDATE eligibilities SET revoked_at = $1, revoked_by = $2, superseded = TRUE \
               WHERE id = $3 AND revoked_at IS NULL";
    tx.execute(sql, &vals![now, by, held.id]).await?;
    let sql = "INSERT INTO eligibilities (uuid, user_id, role_id, scope, scope_id, scope_uuid, scope_name, customer_id, \
               created, max_hours, needs_approval, needs_second_factor, valid_from, granted_by, expires_at) \
               SELECT uuid, user_id, role_id, scope, scope_id, scope_uuid, scope_name, customer_id, created, $1::bigint, \
               $2::boolean, $3::boolean, $4::timestamptz, $5::bigint, $6::timestamptz FROM eligibilities WHERE id = $7 \
               RETURNING id";
    let values = vals![terms.max_hours, terms.approval, terms.second_factor, now, by, until, held.id];
    let row = tx.one(sql, &values).await?;
    row.ok_or_else(|| stoa_kernel::Error::broken("an eligibility without a key"))?.get(0)
}

/// Which eligibilities are meant.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    /// Those at a scope: its kind and key.
    At(&'a str, i64),
    /// Those of a person.
    Of(i64),
}

/// Identifiers of the open ones.
pub async fn open(tx: &mut Tx, which: Which<'_>) -> Result<Vec<Uuid>> {
    let rows = match which {
        Which::At(scope, id) => {
            let sql =
                "SELECT uuid FROM eligibilities WHERE scope = $1 AND scope_id = $2 AND revoked_at IS NULL ORDER BY id";
            tx.query(sql, &vals![scope, id]).await?
        }
        Which::Of(user) => {
            let sql = "SELECT uuid FROM eligibilities WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id";
            tx.query(sql, &vals![user]).await?
        }
    };
    rows.iter().map(|row| row.get(0)).collect()
}

/// Open eligibilities whose time is over, the longest over first, at most this many.
pub async fn expired(tx: &mut Tx, most: i64, now: Time) -> Result<Vec<Eligibility>> {
    let sql = format!(
        "{ELIGIBILITY} WHERE e.revoked_at IS NULL AND e.expires_at <= $1 ORDER BY e.expires_at, e.id LIMIT $2 \
         FOR UPDATE OF e SKIP LOCKED"
    );
    tx.query(&sql, &vals![now, most]).await?.iter().map(read).collect()
}

/// What could be activated as of an instant.
const AS_OF: &str = "e.valid_from <= $1 AND (e.revoked_at IS NULL OR e.revoked_at > $2) \
                     AND (e.expires_at IS NULL OR e.expires_at > $3)";

/// What a person could activate at an instant.
pub async fn of_person(query: &mut dyn Query, user: i64, at: Time) -> Result<Vec<Eligibility>> {
    let sql = format!("{ELIGIBILITY} WHERE {AS_OF} AND e.user_id = $4 ORDER BY e.scope_name, r.name, e.id");
    query.query(&sql, &vals![at, at, at, user]).await?.iter().map(read).collect()
}

/// What could be activated at any of these places at an instant: at an organization, on anything in it.
pub async fn at_places(query: &mut dyn Query, places: &[Stand], at: Time) -> Result<Vec<Eligibility>> {
    let mut found: Vec<Eligibility> = Vec::new();
    for stand in places {
        let here = match stand.scope {
            "customer" => "e.customer_id = $4 AND $5 <> ''",
            _ => "e.scope_id = $4 AND e.scope = $5",
        };
        let sql = format!("{ELIGIBILITY} WHERE {AS_OF} AND {here} ORDER BY e.id LIMIT 5000");
        for row in query.query(&sql, &vals![at, at, at, stand.id, stand.scope]).await? {
            let one = read(&row)?;
            if found.iter().all(|known| known.id != one.id) {
                found.push(one);
            }
        }
    }
    Ok(found)
}

/// Notes that a scope has another name now.
pub async fn renamed(tx: &mut Tx, scope: &str, scope_id: i64, name: &str) -> Result<()> {
    let sql = "UPDATE eligibilities SET scope_name = $1 WHERE scope = $2 AND scope_id = $3";
    tx.execute(sql, &vals![name, scope, scope_id]).await.map(|_| ())
}

/// Notes that a scope belongs to another organization now.
pub async fn moved(tx: &mut Tx, scope: &str, scope_id: i64, customer_id: i64) -> Result<()> {
    let sql = "UPDATE eligibilities SET customer_id = $1 WHERE scope = $2 AND scope_id = $3";
    tx.execute(sql, &vals![customer_id, scope, scope_id]).await.map(|_| ())
}
