//! The SQL of one-time codes and recovery codes.

use super::rules;
use stoa_kernel::{Query, Result, Time, Tx, clock::Clock, vals};
use stoa_tenancy::access::directory::hash;

/// What a user can show beside his password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Factors {
    /// Whether one-time codes are asked for.
    pub totp: bool,
    /// Recovery codes that are left.
    pub recovery_codes: i64,
    /// Passkeys.
    pub passkeys: i64,
}

impl Factors {
    /// Whether a password alone is not enough.
    pub fn any(self) -> bool {
        self.totp || self.passkeys > 0
    }
}

/// The factors of a user. Passkeys count wherever they were made: an address that was changed lets nobody in without.
pub async fn factors(query: &mut dyn Query, user_id: i64) -> Result<Factors> {
    let sql = "SELECT (SELECT count(*) FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL), \
               (SELECT count(*) FROM recovery_codes WHERE user_id = $2), \
               (SELECT count(*) FROM passkeys WHERE user_id = $3 AND is_active)";
    let rows = query.query(sql, &vals![user_id, user_id, user_id]).await?;
    let Some(row) = rows.first() else { return Ok(Factors::default()) };
    Ok(Factors { totp: row.get::<i64>(0)? > 0, recovery_codes: row.get(1)?, passkeys: row.get(2)? })
}

/// Keeps a secret that is not confirmed yet. Says no if codes are asked for already.
pub async fn enrol(tx: &mut Tx, user_id: i64, secret: &str, now: Time) -> Result<bool> {
    let sql = "INSERT INTO totp_factors (user_id, secret, created) VALUES ($1, $2, $3) \
               ON CONFLICT (user_id) DO UPDATE SET secret = $4, created = $5 WHERE totp_factors.confirmed_at IS NULL";
    Ok(tx.execute(sql, &vals![user_id, secret, now, secret, now]).await? > 0)
}

/// The secret of a user that waits for its first code.
pub async fn unconfirmed(tx: &mut Tx, user_id: i64) -> Result<Option<String>> {
    let sql = "SELECT secret FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NULL FOR UPDATE";
    tx.one(sql, &vals![user_id]).await?.map(|row| row.get(0)).transpose()
}

/// Codes are asked for from now on.
pub async fn confirm(tx: &mut Tx, user_id: i64, step: i64, now: Time) -> Result<()> {
    let sql = "UPDATE totp_factors SET confirmed_at = $1, last_step = $2, failures = 0 WHERE user_id = $3";
    tx.execute(sql, &vals![now, step, user_id]).await.map(|_| ())
}

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was a one-time code, and is taken now.
    Totp,
    /// It was a recovery code, and is taken now.
    Recovery,
    /// It was neither, which has been counted.
    Wrong,
    /// Too many were wrong: one-time codes are not looked at for a while.
    Locked,
}

/// Takes a code of a user. The row of the factor is locked, so parallel guesses are counted one after the other.
pub async fn take_code(tx: &mut Tx, user_id: i64, code: &str, now: Time) -> Result<Outcome> {
    let sql = "SELECT secret, last_step, failures, failed_at FROM totp_factors \
               WHERE user_id = $1 AND confirmed_at IS NOT NULL FOR UPDATE";
    let Some(row) = tx.one(sql, &vals![user_id]).await? else { return Ok(Outcome::Wrong) };
    if let Some(code) = rules::typed_recovery_code(code) {
        let sql = "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2";
        if tx.execute(sql, &vals![user_id, hash(&code)]).await? > 0 {
            return Ok(Outcome::Recovery);
        }
    }
    let (secret, last): (String, i64) = (row.get(0)?, row.get(1)?);
    let counted = row.get::<Option<Time>>(3)?.is_some_and(|at| at.plus_seconds(rules::LOCK_SECONDS) > now);
    let failures: i64 = if counted { row.get(2)? } else { 0 };
    if failures >= rules::FAILURES {
        return Ok(Outcome::Locked);
    }
    match rules::step_of(&rules::generator(&secret, "", "user")?, code, last, now) {
        Some(step) => {
            let sql = "UPDATE totp_factors SET last_step = $1, failures = 0 WHERE user_id = $2";
            tx.execute(sql, &vals![step, user_id]).await?;
            Ok(Outcome::Totp)
        }
        None => {
            let sql = "UPDATE totp_factors SET failures = $1, failed_at = $2 WHERE user_id = $3";
            tx.execute(sql, &vals![failures + 1, now, user_id]).await?;
            Ok(Outcome::Wrong)
        }
    }
}

/// Puts new recovery codes in the place of the old ones, and gives them; only their hashes are kept.
pub async fn make_recovery_codes(tx: &mut Tx, clock: &Clock, user_id: i64) -> Result<Vec<String>> {
    tx.execute("DELETE FROM recovery_codes WHERE user_id = $1", &vals![user_id]).await?;
    let codes: Vec<String> = (0..rules::RECOVERY_CODES).map(|_| rules::recovery_code(clock.secret())).collect();
    for code in &codes {
        let plain = rules::typed_recovery_code(code).unwrap_or_default();
        let sql = "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)";
        tx.execute(sql, &vals![user_id, hash(&plain)]).await?;
    }
    Ok(codes)
}

/// Codes are no longer asked for. Says whether they were.
pub async fn remove(tx: &mut Tx, user_id: i64) -> Result<bool> {
    tx.execute("DELETE FROM recovery_codes WHERE user_id = $1", &vals![user_id]).await?;
    let sql = "DELETE FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL";
    Ok(tx.execute(sql, &vals![user_id]).await? > 0)
}
