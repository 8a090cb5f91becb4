//! What can be done with one-time codes.

use super::{
    rules,
    store::{self, Outcome},
};
use crate::sign_in;
use serde_json::json;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    field::{Field, Input},
};
use stoa_tenancy::{
    settings::Settings,
    token::{notice, own_hands, store as tokens},
    user::{
        store::{self as users, Brief},
        views::USERS,
    },
};

/// What is answered to a wrong code.
const WRONG: &str = "Invalid code.";

const CODE: Field = Field::text("code", 40, "A one-time code, or a recovery code.").required().secret();

/// Begins to use one-time codes. Run by [`enrol`]'s route, which has the password checked before, if one was sent.
pub static ENROL: Action = Action {
    name: "second_factor.enrol",
    about: "Get a secret for one-time codes. They are asked for once a first code has confirmed it.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[sign_in::VERIFIED],
    events: &[],
    run: |cx, input| Box::pin(enrol(cx, input)),
};

/// Confirms with a first code.
pub static CONFIRM: Action = Action {
    name: "second_factor.confirm",
    about: "Confirm the secret with a first code. Recovery codes are shown this once, and all other sessions end.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[Field::text("code", 40, "The first code.").required().secret()],
    events: &["second_factor_added"],
    run: |cx, input| Box::pin(confirm(cx, input)),
};

/// Stops using one-time codes. A wrong code is counted and does not undo the count, so it is an answer and no error.
pub static REMOVE: Action = Action {
    name: "second_factor.remove",
    about: "Stop using one-time codes, with a fresh one.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[CODE],
    events: &["second_factor_removed", "second_factor_failed"],
    run: |cx, input| Box::pin(remove(cx, input)),
};

/// Makes new recovery codes.
pub static MAKE_CODES: Action = Action {
    name: "second_factor.make_recovery_codes",
    about: "Put new recovery codes in the place of the old ones, with a fresh one-time code. They are shown this once.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[CODE],
    events: &["second_factor_recovery_codes_made", "second_factor_failed"],
    run: |cx, input| Box::pin(make_codes(cx, input)),
};

/// Takes one-time codes from a user who lost his telephone and his recovery codes.
pub static RESET: Action = Action {
    name: "second_factor.reset",
    about: "Stop asking a user for one-time codes, who has lost them. All sessions of the user end.",
    target: Target::Thing(&USERS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["second_factor_removed"],
    run: |cx, _| Box::pin(reset(cx)),
};

async fn me(cx: &mut Cx<'_>) -> Result<Brief> {
    own_hands(cx.actor)?;
    users::brief(cx.tx, cx.actor.id).await
}

async fn enrol(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let user = me(cx).await?;
    sign_in::require_fresh(cx, input.text("verified").unwrap_or_default()).await?;
    let secret = rules::base32(&cx.clock().secret::<20>());
    if !store::enrol(cx.tx, user.id, &secret, cx.now).await? {
        return Err(Error::Conflict("One-time codes are in use already. Remove them first.".into()));
    }
    let site = Settings::load(&mut *cx.tx).await?.text("SITE_NAME");
    let address = rules::generator(&secret, &site, &user.username)?.to_url().map_err(Error::broken)?;
    let picture = rules::picture(&address)?;
    Ok(Done::unchanged().answer(json!({"secret": secret, "otpauth_uri": address, "qr_svg": picture})))
}

async fn confirm(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let user = me(cx).await?;
    let secret = store::unconfirmed(cx.tx, user.id).await?;
    let secret = secret.ok_or_else(|| Error::Conflict("No secret waits for its first code.".into()))?;
    let code = input.text("code").unwrap_or_default();
    let step = rules::step_of(&rules::generator(&secret, "", "user")?, code, 0, cx.now);
    let step = step.ok_or_else(|| Error::field("code", WRONG))?;
    store::confirm(cx.tx, user.id, step, cx.now).await?;
    let clock = cx.clock().clone();
    let codes = store::make_recovery_codes(cx.tx, &clock, user.id).await?;
    changed(cx, &user, notice::TOTP_ADDED).await?;
    let message = format!("One-time codes of user {} are in use.", user.username);
    Ok(Done::event(user.event("second_factor_added", message)).answer(json!({"recovery_codes": codes})))
}

async fn remove(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let user = me(cx).await?;
    if let Some(wrong) = check(cx, &user, input.text("code").unwrap_or_default()).await? {
        return Ok(wrong);
    }
    store::remove(cx.tx, user.id).await?;
    changed(cx, &user, notice::TOTP_REMOVED).await?;
    let message = format!("One-time codes of user {} are no longer in use.", user.username);
    Ok(Done::event(user.event("second_factor_removed", message)).answer(json!({"right": true})))
}

async fn make_codes(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let user = me(cx).await?;
    if let Some(wrong) = check(cx, &user, input.text("code").unwrap_or_default()).await? {
        return Ok(wrong);
    }
    let clock = cx.clock().clone();
    let codes = store::make_recovery_codes(cx.tx, &clock, user.id).await?;
    notice::send(cx, &user, notice::RECOVERY_MADE).await?;
    let message = format!("User {} has new recovery codes.", user.username);
    let event = user.event("second_factor_recovery_codes_made", message);
    Ok(Done::event(event).answer(json!({"right": true, "recovery_codes": codes})))
}

/// Takes a code of a user; what to record and answer instead, if it was wrong.
async fn check(cx: &mut Cx<'_>, user: &Brief, code: &str) -> Result<Option<Done>> {
    if !store::factors(&mut *cx.tx, user.id).await?.totp {
        return Err(Error::Conflict("One-time codes are not in use.".into()));
    }
    match store::take_code(cx.tx, user.id, code, cx.now).await? {
        Outcome::Totp | Outcome::Recovery => Ok(None),
        Outcome::Locked => Err(sign_in::locked()),
        Outcome::Wrong => {
            let message = format!("A wrong one-time code of user {} has been sent.", user.username);
            let done = Done::event(user.event("second_factor_failed", message));
            Ok(Some(done.answer(json!({"right": false}))))
        }
    }
}

/// After a change of what proves a user: what was proved otherwise ends, and he is told.
async fn changed(cx: &mut Cx<'_>, user: &Brief, what: &'static str) -> Result<()> {
    tokens::end_others(cx.tx, user.id, cx.actor.token.map_or(0, |(id, _)| id)).await?;
    sign_in::store::drop_challenges(cx.tx, user.id).await?;
    notice::send(cx, user, what).await
}

async fn reset(cx: &mut Cx<'_>) -> Result<Done> {
    own_hands(cx.actor)?;
    let user = users::brief(cx.tx, cx.found.id).await?;
    if !store::remove(cx.tx, user.id).await? {
        return Err(Error::Conflict("One-time codes are not in use.".into()));
    }
    tokens::end_all(cx.tx, user.id).await?;
    sign_in::store::drop_challenges(cx.tx, user.id).await?;
    notice::send(cx, &user, notice::FACTORS_RESET).await?;
    let message = format!("One-time codes of user {} have been taken away by staff.", user.username);
    Ok(Done::event(user.event("second_factor_removed", message)))
}
