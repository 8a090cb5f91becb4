//! What can be done with login tokens and sessions.

use super::{
    notice, own_hands, store,
    store::NewSession,
    views::{LOGINS, SESSIONS},
};
use crate::user::{store as users, views::USERS};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Field, Input, Kind},
};

/// What a new session is, in the words in which it is stored.
pub const SESSION_KIND: Kind = Kind::Choice("SessionKind", &["login", "session"]);

/// Signs in: a session for the caller, who has proved himself otherwise. Run by [`super::login`] only, which has the password
/// checked before the transaction begins; `verified` is the mark of what was stored of it then.
pub static LOGIN: Action = Action {
    name: "session.create",
    about: "Sign in with user name and password.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[
        Field::text("verified", 64, "The mark of the password that was checked.").required().secret(),
        Field::text("username", 128, "Name to sign in with.").required(),
        Field::new("kind", SESSION_KIND, "What the secret is for."),
        Field::text("method", 40, "Where the password was checked."),
        Field::text("user_agent", 200, "What the caller's program calls itself."),
    ],
    events: &["auth_logged_in_with_username"],
    run: |cx, input| Box::pin(login(cx, input)),
};

/// Records that signing in failed. Run by [`super::login`] only, as the program itself.
pub static FAIL: Action = Action {
    name: "session.fail",
    about: "Record that signing in failed.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::text("username", 128, "Name that was tried."),
        Field::text("ip_address", 45, "Address from which it was tried."),
    ],
    events: &["auth_login_failed_with_username"],
    run: |cx, input| Box::pin(fail(cx, input)),
};

/// Signs out: ends the token that was presented, and no other.
pub static LOGOUT: Action = Action {
    name: "session.end",
    about: "Sign out: end the token with which this is asked.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[],
    events: &["auth_logged_out"],
    run: |cx, _| Box::pin(logout(cx)),
};

/// Ends one session.
pub static END_ONE: Action = Action {
    name: "session.end_one",
    about: "End one session or login token: of one's own, or for staff anybody's.",
    target: Target::Thing(&SESSIONS),
    needs: Needs::Any(&[Needs::Own, Needs::Staff]),
    from: &[],
    fields: &[],
    events: &["auth_logged_out"],
    run: |cx, _| Box::pin(end_one(cx)),
};

/// Ends all sessions of the caller but the one with which he asks.
pub static END_OTHERS: Action = Action {
    name: "session.end_others",
    about: "End all of one's own sessions and login tokens but the one with which this is asked.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[],
    events: &["auth_logged_out"],
    run: |cx, _| Box::pin(end_others(cx)),
};

/// Ends all logins of a user and makes one new token, which is shown this once.
pub static REFRESH: Action = Action {
    name: "token.refresh",
    about: "End all logins of a user and make one new token, which is shown this once.",
    target: Target::Thing(&USERS),
    needs: Needs::InPerson(&Needs::Staff),
    from: &[],
    fields: &[],
    events: &["token_created"],
    run: |cx, _| Box::pin(refresh(cx)),
};

/// Ends all logins of a user.
pub static END: Action = Action {
    name: "token.end",
    about: "End all logins of a user.",
    target: Target::Thing(&LOGINS),
    needs: Needs::Staff,
    from: &[],
    fields: &[],
    events: &["auth_logged_out"],
    run: |cx, _| Box::pin(end(cx)),
};

async fn login(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    // A token can't make another (security case C4), and who acts as somebody else does not become him.
    own_hands(cx.actor)?;
    if cx.actor.token.is_some() {
        return Err(refused("A token can't make another token."));
    }
    if !store::still_holds(cx.tx, cx.actor.id, input.text("verified").unwrap_or_default()).await? {
        return Err(Error::Unauthenticated("Invalid username/password.".into()));
    }
    let address = cx.actor.address.map(|address| address.to_string()).unwrap_or_default();
    store::forgive(cx.tx, input.text("username").unwrap_or_default(), &address).await?;
    let new = NewSession {
        user_id: cx.actor.id,
        kind: store::Kind::of(input.text("kind").unwrap_or_default()),
        method: input.text("method").unwrap_or_default(),
        user_agent: input.text("user_agent").unwrap_or_default(),
        address: cx.actor.address,
        ..NewSession::default()
    };
    let clock = cx.clock().clone();
    let secret = store::issue_session(cx.tx, &clock, cx.now, &new).await?;
    let name = &cx.actor.username;
    let full = &cx.actor.full_name;
    let message = format!("User {name} with full name {full} logged in successfully with username and password.");
    let event = Event::new("auth_logged_in_with_username", message).fact("auth_method", new.method);
    Ok(Done::event(event.feed("user", cx.actor.id)).answer(json!({"token": secret})))
}

async fn fail(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    if !cx.actor.system {
        return Err(refused("Only the program itself records this."));
    }
    let (name, address) = (input.text("username").unwrap_or_default(), input.text("ip_address").unwrap_or_default());
    store::note_failure(cx.tx, name, address, cx.now).await?;
    let message = format!("User {name} failed to authenticate with username and password.");
    let event = Event::new("auth_login_failed_with_username", message).fact("username", name);
    Ok(Done::event(event.fact("ip_address", address)))
}

async fn logout(cx: &mut Cx<'_>) -> Result<Done> {
    let Some((id, _)) = cx.actor.token else { return Ok(Done::unchanged()) };
    if !store::end(cx.tx, id).await? {
        return Ok(Done::unchanged());
    }
    let message = format!("User {} with full name {} logged out.", cx.actor.username, cx.actor.full_name);
    Ok(Done::event(Event::new("auth_logged_out", message).feed("user", cx.actor.id)))
}

async fn end_one(cx: &mut Cx<'_>) -> Result<Done> {
    own_hands(cx.actor)?;
    let session = store::session(&mut *cx.tx, cx.found.id).await?.ok_or(Error::NotFound)?;
    if !store::end(cx.tx, session.id).await? {
        return Err(Error::NotFound);
    }
    let user = users::brief(cx.tx, session.user_id).await?;
    let message = match user.id == cx.actor.id {
        true => format!("User {} has ended one of his sessions.", user.username),
        false => format!("A session of user {} has been ended by staff.", user.username),
    };
    Ok(Done::event(user.event("auth_logged_out", message)))
}

async fn end_others(cx: &mut Cx<'_>) -> Result<Done> {
    own_hands(cx.actor)?;
    let Some((kept, _)) = cx.actor.token else { return Ok(Done::unchanged().answer(json!({"ended": 0}))) };
    let ended = store::end_others(cx.tx, cx.actor.id, kept).await?;
    if ended == 0 {
        return Ok(Done::unchanged().answer(json!({"ended": 0})));
    }
    let user = users::brief(cx.tx, cx.actor.id).await?;
    let message = format!("User {} has ended his other sessions.", user.username);
    Ok(Done::event(user.event("auth_logged_out", message)).answer(json!({"ended": ended})))
}

async fn refresh(cx: &mut Cx<'_>) -> Result<Done> {
    let user = users::brief(cx.tx, cx.found.id).await?;
    if !user.active {
        return Err(Error::Conflict("User inactive or deleted.".into()));
    }
    store::end_all(cx.tx, user.id).await?;
    let clock = cx.clock().clone();
    let new = NewSession { user_id: user.id, method: "STAFF", ..NewSession::default() };
    let secret = store::issue_session(cx.tx, &clock, cx.now, &new).await?;
    notice::send(cx, &user, notice::TOKEN_MADE).await?;
    let event = user.event("token_created", format!("Token has been updated for {} user.", user.username));
    Ok(Done::event(event).answer(answer(&user, cx.now.to_string(), &secret)))
}

fn answer(user: &users::Brief, created: String, secret: &str) -> Value {
    json!({
        "created": created,
        "user_first_name": user.first_name,
        "user_last_name": user.last_name,
        "user_username": user.username,
        "user_is_active": user.active,
        "user_token_lifetime": user.token_lifetime,
        "token": secret,
    })
}

async fn end(cx: &mut Cx<'_>) -> Result<Done> {
    let user = users::brief(cx.tx, cx.found.id).await?;
    if store::end_all(cx.tx, user.id).await? == 0 {
        return Err(Error::NotFound);
    }
    let message = format!("All logins of user {} have been ended by staff.", user.username);
    Ok(Done::event(user.event("auth_logged_out", message)).made("user", user.id, user.uuid))
}

fn refused(why: &str) -> Error {
    Error::Forbidden(Box::new(Decision::rule(why)))
}
