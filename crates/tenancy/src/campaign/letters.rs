//! Letters of campaigns: to reviewers who have something to decide, when it starts, at half time and on its last day.

use super::store::{Campaign, items};
use crate::letter::{self, Letter};
use serde_json::json;
use stoa_kernel::{Result, Time, Tx, id};

/// A letter to every reviewer of a campaign who has open items. `round` tells its letters apart: 0 for the start, then the
/// reminders in order; a round that went out is not sent again.
///
/// # Errors
/// Those of the store.
pub async fn send(tx: &mut Tx, campaign: &Campaign, round: i64, now: Time) -> Result<()> {
    let key = if round == 0 { "access.review_campaign_started" } else { "access.review_campaign_reminder" };
    let hex = id::hex(&campaign.uuid);
    for (user, to, language, open) in items::readers(tx, campaign.id).await? {
        let context = json!({
            "campaign_uuid": hex,
            "campaign_name": campaign.name,
            "scope_name": campaign.scope_name,
            "open_items": open,
            "expires": campaign.due.to_string(),
            "silence": campaign.silence,
            "silence_days": campaign.silence_days,
            "link": format!("/access/campaigns/{hex}/"),
        });
        let unique = Some(format!("{key}:{hex}:{round}:{user}"));
        letter::queue(tx, now, Letter { to: &to, key, context, language: &language, unique }).await?;
    }
    Ok(())
}
