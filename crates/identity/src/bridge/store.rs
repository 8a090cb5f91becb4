//! The SQL of the identity bridge.

use super::rules;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use stoa_kernel::{Result, Time, Tx, door::Core, id, id::Uuid, vals};
use stoa_tenancy::settings::Settings;

/// What of a user decides whether the bridge may touch him.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Whether he manages identities of others.
    pub manager: bool,
    /// Sources for which he speaks.
    pub managed: Vec<String>,
    /// Sources that vouch for him.
    pub active: Vec<String>,
    /// Whether he has a password.
    pub password: bool,
    /// Whether a person has deactivated him.
    pub deactivated: bool,
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// Reads it.
pub async fn standing(tx: &mut Tx, user_id: i64) -> Result<Standing> {
    let sql = "SELECT is_identity_manager, managed_isds, active_isds, password <> '', is_admin_deactivated FROM users \
               WHERE id = $1";
    let row = tx.one(sql, &vals![user_id]).await?.ok_or(stoa_kernel::Error::NotFound)?;
    Ok(Standing {
        manager: row.get(0)?,
        managed: texts(&row.get(1)?),
        active: texts(&row.get(2)?),
        password: row.get(3)?,
        deactivated: row.get(4)?,
    })
}

/// What is known of the bridge's work, for staff.
pub async fn stats(core: &Core) -> Result<Value> {
    let settings = Settings::load(&mut core.store.reader()).await?;
    let sql = "SELECT active_isds, attribute_sources, is_active FROM users WHERE active_isds <> '[]'";
    let rows = core.store.query_long(sql, &[]).await?;
    let now = core.now();
    let (mut active, mut by_source) = (0, BTreeMap::<String, (i64, i64, Option<Time>)>::new());
    for row in &rows {
        active += i64::from(row.get::<bool>(2)?);
        let sources: Value = row.get(1)?;
        let empty = Map::new();
        let sources = sources.as_object().unwrap_or(&empty);
        for source in texts(&row.get(0)?) {
            let latest = rules::latest(sources, &source);
            let stale = !rules::stale(sources, Some(&source), now).is_empty();
            let sum = by_source.entry(source).or_default();
            sum.0 += 1;
            sum.1 += i64::from(stale);
            sum.2 = match (sum.2, latest) {
                (Some(known), Some(latest)) => Some(known.min(latest)),
                (known, latest) => known.or(latest),
            };
        }
    }
    let sql = "SELECT uuid, first_name, last_name, managed_isds FROM users WHERE is_identity_manager AND is_active \
               ORDER BY username";
    let mut managers = Vec::new();
    for row in core.store.query_long(sql, &[]).await? {
        let (uuid, first, last): (Uuid, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let full_name = format!("{first} {last}").trim().to_owned();
        managers.push(json!({"uuid": id::hex(&uuid), "full_name": full_name, "managed_isds": texts(&row.get(3)?)}));
    }
    let counts = by_source.into_iter().map(|(isd, (users, stale, oldest))| {
        let oldest = oldest.map(|at| at.to_string());
        json!({"isd": isd, "user_count": users, "stale_user_count": stale, "oldest_sync": oldest})
    });
    Ok(json!({
        "enabled": settings.is_on("FEDERATED_IDENTITY_SYNC_ENABLED"),
        "deactivation_policy": settings.text("FEDERATED_IDENTITY_DEACTIVATION_POLICY"),
        "allowed_attributes": settings.texts("FEDERATED_IDENTITY_SYNC_ALLOWED_ATTRIBUTES"),
        "total_federated_users": rows.len(),
        "total_active_federated_users": active,
        "users_per_isd": counts.collect::<Vec<_>>(),
        "stale_threshold_days": rules::STALE_DAYS,
        "identity_managers": managers,
    }))
}

/// Whether a user manages identities of others.
pub async fn is_manager(core: &Core, user_id: i64) -> Result<bool> {
    let rows = core.store.query("SELECT is_identity_manager FROM users WHERE id = $1", &vals![user_id]).await?;
    rows.first().map_or(Ok(false), |row| row.get(0))
}
