//! The SQL of announcements.

use stoa_kernel::{Error, Result, Time, Tx, vals};

/// The table.
pub const TABLE: &str = "admin_announcements";

/// From when to when an announcement is shown, held so that nobody changes it meanwhile.
pub async fn interval(tx: &mut Tx, id: i64) -> Result<(Time, Time)> {
    let sql = "SELECT active_from, active_to FROM admin_announcements WHERE id = $1 FOR UPDATE";
    let row = tx.one(sql, &vals![id]).await?.ok_or(Error::NotFound)?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Removes an announcement.
pub async fn delete(tx: &mut Tx, id: i64) -> Result<()> {
    tx.execute("DELETE FROM admin_announcements WHERE id = $1", &vals![id]).await.map(|_| ())
}
