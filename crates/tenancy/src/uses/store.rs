//! The SQL of uses; nobody else writes them.

use super::rules::{Days, Key};
use std::collections::HashMap;
use stoa_kernel::{Date, Query, Result, Row, Time, Tx, Val, id::Uuid, vals};

/// Rows that one statement writes.
const BATCH: usize = 200;

/// Writes uses; in the order of their keys, so that nodes don't wait for each other crosswise.
pub async fn write(tx: &mut Tx, rows: &[(Key, Days)]) -> Result<()> {
    for batch in rows.chunks(BATCH) {
        let mut sql = String::from(
            "INSERT INTO uses (kind, subject, permission, first_used, last_done, last_listed, days) VALUES ",
        );
        let mut values: Vec<Val> = Vec::with_capacity(batch.len() * 6);
        for (at, ((kind, subject, permission), days)) in batch.iter().enumerate() {
            let from = at * 6;
            let numbers: Vec<String> = (1..=6).map(|number| format!("${}", from + number)).collect();
            sql.push_str(if at == 0 { "(" } else { ", (" });
            sql.push_str(&numbers.join(", "));
            sql.push_str(", 1)");
            let date = |day: Option<Date>| day.map_or(Val::Null, Val::Date);
            let row = [
                (*kind).into(),
                (*subject).into(),
                (*permission).into(),
                date(days.last()),
                date(days.done),
                date(days.listed),
            ];
            values.extend(row);
        }
        // A day counts once, whether it was used to do or to list, and on however many nodes.
        sql.push_str(
            " ON CONFLICT (subject, permission) DO UPDATE SET \
             days = uses.days + CASE WHEN COALESCE(uses.last_done, uses.first_used) < excluded.first_used \
             AND COALESCE(uses.last_listed, uses.first_used) < excluded.first_used THEN 1 ELSE 0 END, \
             last_done = GREATEST(COALESCE(uses.last_done, excluded.last_done), COALESCE(excluded.last_done, uses.last_done)), \
             last_listed = GREATEST(COALESCE(uses.last_listed, excluded.last_listed), \
             COALESCE(excluded.last_listed, uses.last_listed))",
        );
        tx.execute(&sql, &values).await?;
    }
    Ok(())
}

/// Begins the record, unless it has begun.
pub async fn begin(tx: &mut Tx, now: Time) -> Result<()> {
    let sql = "INSERT INTO use_recording (id, since) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    tx.execute(sql, &vals![1_i64, now.date()]).await.map(drop)
}

/// Begins the record anew, as something was lost.
pub async fn begin_anew(tx: &mut Tx, day: Date) -> Result<()> {
    tx.execute("UPDATE use_recording SET since = $1 WHERE id = 1", &vals![day]).await.map(drop)
}

/// Since when the record is whole; `None` if it has not begun.
pub async fn since(query: &mut dyn Query) -> Result<Option<Date>> {
    let rows = query.query("SELECT since FROM use_recording WHERE id = 1", &[]).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// When subjects and their permissions were used, and on how many days.
pub async fn of(query: &mut dyn Query, subjects: Vec<Uuid>) -> Result<HashMap<(Uuid, String), (Days, i64)>> {
    let sql = "SELECT subject, permission, last_done, last_listed, days FROM uses WHERE subject = ANY($1)";
    let read = |row: &Row| {
        let days = Days { done: row.get(2)?, listed: row.get(3)? };
        Ok(((row.get(0)?, row.get(1)?), (days, row.get(4)?)))
    };
    query.query(sql, &[Val::from(subjects)]).await?.iter().map(read).collect()
}

/// Forgets when somebody used the powers of his account.
pub async fn forget(tx: &mut Tx, user: Uuid) -> Result<()> {
    tx.execute("DELETE FROM uses WHERE subject = $1", &vals![user]).await.map(drop)
}
