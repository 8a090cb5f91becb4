//! Letters about what proves a person: whoever did not do it himself should know at once.

use crate::{
    letter::{self, Letter},
    user::store::Brief,
};
use serde_json::json;
use stoa_kernel::{Result, action::Cx};

/// The key of the letter.
pub const KEY: &str = "users.security_notice";

/// The password was changed.
pub const PASSWORD_CHANGED: &str = "password_changed";
/// The password was set with a code from a letter.
pub const PASSWORD_RESET: &str = "password_reset";
/// Staff ended all sessions and took a new token.
pub const TOKEN_MADE: &str = "token_made";
/// One-time codes are asked for from now on.
pub const TOTP_ADDED: &str = "totp_added";
/// One-time codes are no longer asked for.
pub const TOTP_REMOVED: &str = "totp_removed";
/// A recovery code was used to sign in.
pub const RECOVERY_USED: &str = "recovery_code_used";
/// New recovery codes were made.
pub const RECOVERY_MADE: &str = "recovery_codes_made";
/// A passkey was added.
pub const PASSKEY_ADDED: &str = "passkey_added";
/// A passkey was revoked.
pub const PASSKEY_REVOKED: &str = "passkey_revoked";
/// A passkey answered as a copy of it would.
pub const PASSKEY_COPIED: &str = "passkey_copied";
/// Staff took the second factors away.
pub const FACTORS_RESET: &str = "second_factors_reset";

/// Tells a user what has happened to his account, from where and when.
///
/// # Errors
/// Those of the store.
pub async fn send(cx: &mut Cx<'_>, user: &Brief, what: &'static str) -> Result<()> {
    if user.email.is_empty() {
        return Ok(());
    }
    let by = if cx.actor.id == 0 || cx.actor.id == user.id { "" } else { cx.actor.username.as_str() };
    let context = json!({
        "username": user.username,
        "full_name": user.full_name(),
        "what": what,
        "by": by,
        "address": cx.actor.address.map(|address| address.to_string()).unwrap_or_default(),
        "at": cx.now.to_string(),
        "link": "/profile/security/",
    });
    letter::queue(cx.tx, cx.now, Letter { to: &user.email, key: KEY, context, language: "", unique: None }).await
}
