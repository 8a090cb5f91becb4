//! The second step of a sign-in. What both steps share with other ways in is [`stoa_tenancy::token`].

use super::store::{self, Challenge};
use crate::second_factor::store::{self as factors, Outcome};
use serde_json::json;
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Field, Input, Kind as FieldKind},
    id,
};
use stoa_tenancy::{
    settings::{self, Settings},
    token::{
        actions::SESSION_KIND,
        notice, own_hands,
        store::{self as tokens, Kind, NewSession},
    },
    user::store::{self as users, Brief},
};

/// Keeps a sign-in whose password was right, until its second factor is shown. Run by [`super::password`] only.
pub static CHALLENGE: Action = Action {
    name: "session.challenge",
    about: "Ask somebody whose password was right for a second factor.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[
        Field::text("verified", 64, "The mark of the password that was checked.").required().secret(),
        Field::new("kind", SESSION_KIND, "What the session will be."),
        Field::text("method", 40, "Where the password was checked."),
        Field::text("user_agent", 200, "What the caller's program calls itself."),
    ],
    events: &[],
    run: |cx, input| Box::pin(challenge(cx, input)),
};

/// Signs in with a code after the password. A wrong code is counted and does not undo the count, so it is an answer and no
/// error.
pub static PASS: Action = Action {
    name: "session.pass",
    about: "Sign in with a one-time code or a recovery code, after the password.",
    target: Target::Nothing,
    needs: Needs::Nothing,
    from: &[],
    fields: &[
        Field::new("challenge", FieldKind::Uuid, "The handle that the first step gave.").required().secret(),
        Field::text("code", 40, "The code.").required().secret(),
    ],
    events: &["auth_logged_in_with_username", "second_factor_failed"],
    run: |cx, input| Box::pin(pass(cx, input)),
};

async fn challenge(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    own_hands(cx.actor)?;
    let mark = input.text("verified").unwrap_or_default();
    if cx.actor.token.is_some() || !tokens::still_holds(cx.tx, cx.actor.id, mark).await? {
        return Err(super::wrong());
    }
    let text = |name| input.text(name).unwrap_or_default().to_owned();
    let new = Challenge {
        id: 0,
        user_id: cx.actor.id,
        mark: mark.to_owned(),
        kind: Kind::of(&text("kind")),
        method: text("method"),
        user_agent: text("user_agent"),
    };
    let clock = cx.clock().clone();
    let handle = store::challenge(cx.tx, &clock, cx.now, &new).await?;
    Ok(Done::unchanged().answer(json!({"handle": id::hex(&handle)})))
}

async fn pass(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let handle = input.uuid("challenge").ok_or_else(over)?;
    let challenge = store::challenged(cx.tx, handle, cx.now).await?.ok_or_else(over)?;
    let user = still_wanted(cx, &challenge).await?;
    if user.staff && Settings::load(&mut *cx.tx).await?.is_on(settings::STAFF_PASSKEY) {
        return Err(Error::Unauthenticated("Staff sign in with a passkey.".into()));
    }
    let factor = match factors::take_code(cx.tx, user.id, input.text("code").unwrap_or_default(), cx.now).await? {
        Outcome::Totp => "totp",
        Outcome::Recovery => {
            notice::send(cx, &user, notice::RECOVERY_USED).await?;
            "recovery"
        }
        Outcome::Locked => return Err(super::locked()),
        Outcome::Wrong => {
            let message = format!("A wrong one-time code of user {} has been sent.", user.username);
            let done = Done::event(by_himself(cx, "second_factor_failed", &user, message));
            return Ok(done.answer(json!({"right": false})));
        }
    };
    let secret = complete(cx, &challenge, &user, factor).await?;
    let message = format!("User {} logged in successfully with username, password and a code.", user.username);
    let event = by_himself(cx, "auth_logged_in_with_username", &user, message).fact("auth_method", challenge.method);
    Ok(Done::event(event).answer(json!({"right": true, "token": secret, "kind": challenge.kind.word()})))
}

/// The user of a sign-in that waits, if he is still active and his password still the one that was checked.
///
/// # Errors
/// Unauthenticated.
pub async fn still_wanted(cx: &mut Cx<'_>, challenge: &Challenge) -> Result<Brief> {
    if !tokens::still_holds(cx.tx, challenge.user_id, &challenge.mark).await? {
        return Err(over());
    }
    users::brief(cx.tx, challenge.user_id).await
}

/// Begins the session for which a challenge was made, and takes the challenge; gives its secret.
///
/// # Errors
/// Unauthenticated if somebody else has taken it.
pub async fn complete(cx: &mut Cx<'_>, challenge: &Challenge, user: &Brief, factor: &str) -> Result<String> {
    if !store::take(cx.tx, challenge.id).await? {
        return Err(over());
    }
    let address = cx.actor.address.map(|address| address.to_string()).unwrap_or_default();
    tokens::forgive(cx.tx, &user.username, &address).await?;
    let new = NewSession {
        user_id: user.id,
        kind: challenge.kind,
        method: &challenge.method,
        factor,
        user_agent: &challenge.user_agent,
        address: cx.actor.address,
        ..NewSession::default()
    };
    let clock = cx.clock().clone();
    tokens::issue_session(cx.tx, &clock, cx.now, &new).await
}

/// An event of somebody who is about to be signed in: nobody acts yet, and yet it is his.
pub fn by_himself(cx: &Cx<'_>, kind: &'static str, user: &Brief, message: impl Into<String>) -> Event {
    let event = Event::new(kind, message)
        .fact("user_uuid", id::hex(&user.uuid))
        .fact("user_username", user.username.clone())
        .fact("user_full_name", user.full_name())
        .feed("user", user.id);
    match cx.actor.address {
        Some(address) => event.fact("ip_address", address.to_string()),
        None => event,
    }
}

/// What is answered where a sign-in no longer waits, or never did.
pub fn over() -> Error {
    Error::Unauthenticated("This sign-in is over. Begin again.".into())
}
