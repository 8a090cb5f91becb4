//! The ceremonies: making a passkey, signing in with it alone, and after the password.
//!
//! Each second request takes what the first one kept, and that stays taken when the answer turns out wrong. So a wrong answer is
//! an answer of the action (`right`: false) and no error, which would undo it.

use super::{
    rules,
    store::{self, Ceremony, Purpose, Stored},
};
use crate::sign_in::{
    self,
    actions::{by_himself, complete, over, still_wanted},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use stoa_kernel::{
    Error, Result,
    access::Needs,
    action::{Action, Cx, Done, Target},
    event::Event,
    field::{Check, Field, Input, Kind as FieldKind},
    id,
};
use stoa_tenancy::{
    settings::Settings,
    token::{
        actions::SESSION_KIND,
        login, notice, own_hands,
        store::{self as tokens, Kind, NewSession},
    },
    user::store::{self as users, Brief},
};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder, WebauthnError,
};

/// Passkeys that one user can have.
const PASSKEYS_MAX: usize = 20;

const ORIGIN: Field = Field::text("origin", 300, "The origin of the page, as the server knows it.").required();
const CEREMONY: Field = Field::new("ceremony", FieldKind::Uuid, "The handle of the ceremony.").required().secret();
const CREDENTIAL: Field = Field::new("credential", FieldKind::Object, "The browser's answer.").required().secret();
const AGENT: Field = Field::text("user_agent", 200, "What the caller's program calls itself.");

/// Every action of this file.
pub const ACTIONS: [&Action; 6] =
    [&BEGIN_REGISTRATION, &REGISTER, &BEGIN_SIGN_IN, &SIGN_IN, &BEGIN_SECOND_STEP, &SECOND_STEP];

/// Begins to make a passkey.
pub static BEGIN_REGISTRATION: Action = Action {
    name: "passkey.begin_registration",
    about: "Begin to make a passkey: gives what the browser needs.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[ORIGIN, sign_in::VERIFIED],
    events: &[],
    run: |cx, input| Box::pin(begin_registration(cx, input)),
};

/// Makes a passkey.
pub static REGISTER: Action = Action {
    name: "passkey.register",
    about: "Make a passkey with the browser's answer. All other sessions end.",
    target: Target::Nothing,
    needs: Needs::SignedIn,
    from: &[],
    fields: &[CEREMONY, Field::text("name", 100, "What to call it.").required().check(Check::Visible), CREDENTIAL],
    events: &["passkey_registered"],
    run: |cx, input| Box::pin(register(cx, input)),
};

/// Begins to sign in with a passkey alone.
pub static BEGIN_SIGN_IN: Action = Action {
    name: "passkey.begin_sign_in",
    about: "Begin to sign in with a passkey and without a password: gives what the browser needs.",
    target: Target::Nothing,
    needs: Needs::Nothing,
    from: &[],
    fields: &[ORIGIN],
    events: &[],
    run: |cx, input| Box::pin(begin_sign_in(cx, input)),
};

/// Signs in with a passkey alone.
pub static SIGN_IN: Action = Action {
    name: "passkey.sign_in",
    about: "Sign in with a passkey and without a password.",
    target: Target::Nothing,
    needs: Needs::Nothing,
    from: &[],
    fields: &[CEREMONY, CREDENTIAL, Field::new("kind", SESSION_KIND, "What the session will be."), AGENT],
    events: &["passkey_authentication_succeeded", "passkey_authentication_failed"],
    run: |cx, input| Box::pin(finish_sign_in(cx, input)),
};

/// Begins to show a passkey after the password.
pub static BEGIN_SECOND_STEP: Action = Action {
    name: "passkey.begin_second_step",
    about: "Begin to show a passkey after the password: gives what the browser needs.",
    target: Target::Nothing,
    needs: Needs::Nothing,
    from: &[],
    fields: &[CEREMONY, ORIGIN],
    events: &[],
    run: |cx, input| Box::pin(begin_second_step(cx, input)),
};

/// Signs in with a passkey after the password.
pub static SECOND_STEP: Action = Action {
    name: "passkey.second_step",
    about: "Sign in with a passkey after the password.",
    target: Target::Nothing,
    needs: Needs::Nothing,
    from: &[],
    fields: &[CEREMONY, CREDENTIAL],
    events: &["passkey_authentication_succeeded", "passkey_authentication_failed"],
    run: |cx, input| Box::pin(finish_second_step(cx, input)),
};

async fn webauthn(cx: &mut Cx<'_>, origin: &str) -> Result<Webauthn> {
    let url = url::Url::parse(origin).map_err(Error::broken)?;
    let rp_id = rules::rp_id(origin).ok_or_else(|| Error::broken("an origin without a name"))?;
    let site = Settings::load(&mut *cx.tx).await?.text("SITE_NAME");
    let builder = WebauthnBuilder::new(&rp_id, &url).map_err(Error::broken)?;
    builder.rp_name(&site).build().map_err(Error::broken)
}

fn state(kept: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(kept).map_err(Error::broken)
}

fn kept<T: serde::de::DeserializeOwned>(state: &str) -> Result<T> {
    serde_json::from_str(state).map_err(Error::broken)
}

/// Handle and options, without the wrapping that only the browser's own call has.
fn options(handle: id::Uuid, challenge: &impl serde::Serialize) -> Result<Value> {
    let mut value = serde_json::to_value(challenge).map_err(Error::broken)?;
    Ok(json!({"ceremony": id::hex(&handle), "options": value["publicKey"].take()}))
}

async fn begin_registration(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    sign_in::require_fresh(cx, input.text("verified").unwrap_or_default()).await?;
    let origin = input.text("origin").unwrap_or_default().to_owned();
    let user = users::brief(cx.tx, cx.actor.id).await?;
    let known = store::active_of(cx.tx, user.id).await?;
    if known.len() >= PASSKEYS_MAX {
        return Err(Error::LimitExceeded(format!("A user can have at most {PASSKEYS_MAX} passkeys.")));
    }
    let known: Vec<Passkey> = known.iter().map(|one| kept(&one.credential)).collect::<Result<_>>()?;
    let exclude = Some(known.iter().map(|one| one.cred_id().clone()).collect());
    let (name, full) = (user.username.clone(), user.full_name());
    let shown = if full.is_empty() { &name } else { &full };
    let webauthn = webauthn(cx, &origin).await?;
    let begun = webauthn.start_passkey_registration(user.uuid, &name, shown, exclude);
    let (challenge, registration) = begun.map_err(Error::broken)?;
    let new = Ceremony {
        user_id: Some(user.id),
        token_id: cx.actor.token.map(|(id, _)| id),
        origin,
        state: state(&registration)?,
        ..Ceremony::default()
    };
    let clock = cx.clock().clone();
    let handle = store::begin(cx.tx, &clock, cx.now, Purpose::Registration, &new).await?;
    let mut answer = options(handle, &challenge)?;
    // One that can be found without a name signs in alone; keys without room for it stay good as a second factor.
    answer["options"]["authenticatorSelection"]["residentKey"] = json!("preferred");
    Ok(Done::unchanged().answer(answer))
}

async fn register(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    own_hands(cx.actor)?;
    let handle = input.uuid("ceremony").unwrap_or_default();
    let ceremony = store::take(cx.tx, handle, Purpose::Registration, cx.now).await?;
    let session = cx.actor.token.map(|(id, _)| id);
    let own = |ceremony: &Ceremony| ceremony.user_id == Some(cx.actor.id) && ceremony.token_id == session;
    let Some(ceremony) = ceremony.filter(own) else { return Ok(refused()) };
    let credential = input.json("credential").cloned().unwrap_or_default();
    let Ok(answer) = serde_json::from_value::<RegisterPublicKeyCredential>(credential.clone()) else {
        return Ok(refused());
    };
    let registration: PasskeyRegistration = kept(&ceremony.state)?;
    let passkey = match webauthn(cx, &ceremony.origin).await?.finish_passkey_registration(&answer, &registration) {
        Ok(passkey) => passkey,
        Err(error) => {
            tracing::debug!(%error, "a passkey was refused");
            return Ok(refused());
        }
    };
    let user = users::brief(cx.tx, cx.actor.id).await?;
    let inside = serde_json::to_value(&passkey).map_err(Error::broken)?;
    let new = Stored {
        uuid: cx.uuid(),
        user_id: user.id,
        name: input.text("name").unwrap_or_default().to_owned(),
        credential: inside.to_string(),
        aaguid: rules::aaguid(&answer.response.attestation_object),
        transports: rules::transports(&credential).to_string(),
        attachment: rules::attachment(&credential).to_owned(),
        rp_id: rules::rp_id(&ceremony.origin).unwrap_or_default(),
        backup_eligible: inside["cred"]["backup_eligible"].as_bool().unwrap_or(false),
        backed_up: inside["cred"]["backup_state"].as_bool().unwrap_or(false),
        discoverable: rules::is_discoverable(&credential),
        ..Stored::default()
    };
    let Some(key) = store::add(cx.tx, &new, &named(passkey.cred_id()), cx.now).await? else { return Ok(refused()) };
    tokens::end_others(cx.tx, user.id, session.unwrap_or_default()).await?;
    sign_in::store::drop_challenges(cx.tx, user.id).await?;
    notice::send(cx, &user, notice::PASSKEY_ADDED).await?;
    let message = format!("Passkey {} of user {} has been registered.", new.name, user.username);
    let event = user.event("passkey_registered", message).fact("passkey_uuid", id::hex(&new.uuid));
    Ok(Done::event(event).made("passkey", key, new.uuid).answer(json!({"right": true})))
}

async fn begin_sign_in(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    open(cx).await?;
    let origin = input.text("origin").unwrap_or_default().to_owned();
    let begun = webauthn(cx, &origin).await?.start_discoverable_authentication();
    let (challenge, authentication) = begun.map_err(Error::broken)?;
    let new = Ceremony { origin, state: state(&authentication)?, ..Ceremony::default() };
    let clock = cx.clock().clone();
    let handle = store::begin(cx.tx, &clock, cx.now, Purpose::SignIn, &new).await?;
    Ok(Done::unchanged().answer(options(handle, &challenge)?))
}

/// Whether signing in with a passkey alone is open.
async fn open(cx: &mut Cx<'_>) -> Result<()> {
    let settings = Settings::load(&mut *cx.tx).await?;
    sign_in::is_open(&settings, sign_in::PASSKEY).then_some(()).ok_or_else(sign_in::closed)
}

async fn finish_sign_in(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    open(cx).await?;
    let handle = input.uuid("ceremony").unwrap_or_default();
    let ceremony = store::take(cx.tx, handle, Purpose::SignIn, cx.now).await?.ok_or_else(over)?;
    let Some(answer) = answered(&input) else { return Ok(failed(cx, None, "no answer of a passkey")) };
    let webauthn = webauthn(cx, &ceremony.origin).await?;
    let Some((stored, user)) = owner(cx, &answer).await? else { return Ok(failed(cx, None, "unknown passkey")) };
    // The passkey names its owner itself; it must be who we think he is.
    let named = webauthn.identify_discoverable_authentication(&answer).is_ok_and(|(uuid, _)| uuid == user.uuid);
    if !named {
        return Ok(failed(cx, Some(&user), "passkey of somebody else"));
    }
    let authentication: DiscoverableAuthentication = kept(&ceremony.state)?;
    let passkey: Passkey = kept(&stored.credential)?;
    let result = webauthn.finish_discoverable_authentication_v2(&answer, authentication, &passkey);
    if let Some(done) = judged(cx, &stored, &user, passkey, result).await? {
        return Ok(done);
    }
    login::open_account(user.active)?;
    let new = NewSession {
        user_id: user.id,
        kind: Kind::of(input.text("kind").unwrap_or_default()),
        method: sign_in::PASSKEY,
        factor: "passkey",
        user_agent: input.text("user_agent").unwrap_or_default(),
        address: cx.actor.address,
        ..NewSession::default()
    };
    let clock = cx.clock().clone();
    let secret = tokens::issue_session(cx.tx, &clock, cx.now, &new).await?;
    Ok(succeeded(cx, &stored, &user, &secret, new.kind))
}

async fn begin_second_step(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let handle = input.uuid("ceremony").unwrap_or_default();
    let challenge = sign_in::store::challenged(cx.tx, handle, cx.now).await?.ok_or_else(over)?;
    let user = still_wanted(cx, &challenge).await?;
    let origin = input.text("origin").unwrap_or_default().to_owned();
    let rp_id = rules::rp_id(&origin).unwrap_or_default();
    let known = store::active_of(cx.tx, user.id).await?;
    let here = known.iter().filter(|one| one.rp_id == rp_id);
    let passkeys: Vec<Passkey> = here.map(|one| kept(&one.credential)).collect::<Result<_>>()?;
    if passkeys.is_empty() {
        return Err(Error::Conflict("The account has no passkey for this address.".into()));
    }
    let begun = webauthn(cx, &origin).await?.start_passkey_authentication(&passkeys);
    let (asked, authentication) = begun.map_err(Error::broken)?;
    let new = Ceremony {
        user_id: Some(user.id),
        challenge_id: Some(challenge.id),
        origin,
        state: state(&authentication)?,
        ..Ceremony::default()
    };
    let clock = cx.clock().clone();
    let handle = store::begin(cx.tx, &clock, cx.now, Purpose::SecondStep, &new).await?;
    Ok(Done::unchanged().answer(options(handle, &asked)?))
}

async fn finish_second_step(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    let handle = input.uuid("ceremony").unwrap_or_default();
    let ceremony = store::take(cx.tx, handle, Purpose::SecondStep, cx.now).await?.ok_or_else(over)?;
    let waiting = ceremony.challenge_id.unwrap_or_default();
    let challenge = sign_in::store::challenged_by_id(cx.tx, waiting, cx.now).await?.ok_or_else(over)?;
    let user = still_wanted(cx, &challenge).await?;
    let Some(answer) = answered(&input) else { return Ok(failed(cx, Some(&user), "no answer of a passkey")) };
    let found = owner(cx, &answer).await?.filter(|(stored, _)| stored.user_id == user.id);
    let Some((stored, _)) = found else { return Ok(failed(cx, Some(&user), "unknown passkey")) };
    let authentication: PasskeyAuthentication = kept(&ceremony.state)?;
    let passkey: Passkey = kept(&stored.credential)?;
    let result = webauthn(cx, &ceremony.origin).await?.finish_passkey_authentication(&answer, &authentication);
    if let Some(done) = judged(cx, &stored, &user, passkey, result).await? {
        return Ok(done);
    }
    let secret = complete(cx, &challenge, &user, "passkey").await?;
    Ok(succeeded(cx, &stored, &user, &secret, challenge.kind))
}

fn answered(input: &Input) -> Option<PublicKeyCredential> {
    serde_json::from_value(input.json("credential")?.clone()).ok()
}

/// The passkey that answered, and its owner.
async fn owner(cx: &mut Cx<'_>, answer: &PublicKeyCredential) -> Result<Option<(Stored, Brief)>> {
    let Some(stored) = store::by_credential(cx.tx, &named(&answer.raw_id)).await? else { return Ok(None) };
    let user = users::brief(cx.tx, stored.user_id).await?;
    Ok(Some((stored, user)))
}

fn named(credential_id: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(credential_id)
}

/// Notes the use of a passkey that answered right; what to record and answer instead, if it did not. The counter is compared
/// with the stored one here too, as a ceremony may have begun before the passkey was used elsewhere.
async fn judged(
    cx: &mut Cx<'_>,
    stored: &Stored,
    user: &Brief,
    mut passkey: Passkey,
    result: std::result::Result<webauthn_rs::prelude::AuthenticationResult, WebauthnError>,
) -> Result<Option<Done>> {
    let inside = serde_json::to_value(&passkey).map_err(Error::broken)?;
    let counter = inside["cred"]["counter"].as_u64().and_then(|counter| u32::try_from(counter).ok()).unwrap_or(0);
    let copied = match &result {
        Ok(result) => rules::is_copy(counter, result.counter()),
        Err(error) => matches!(error, WebauthnError::CredentialPossibleCompromise),
    };
    match result {
        Ok(result) if !copied && result.user_verified() => {
            passkey.update_credential(&result);
            store::used(cx.tx, stored.id, &state(&passkey)?, result.backup_state(), cx.now).await?;
            Ok(None)
        }
        _ if copied => {
            notice::send(cx, user, notice::PASSKEY_COPIED).await?;
            Ok(Some(failed(cx, Some(user), "the counter runs backwards: there may be a copy of the authenticator")))
        }
        Ok(_) => Ok(Some(failed(cx, Some(user), "the authenticator did not verify its user"))),
        Err(error) => {
            tracing::debug!(%error, "a passkey's answer was refused");
            Ok(Some(failed(cx, Some(user), "wrong answer")))
        }
    }
}

fn refused() -> Done {
    Done::unchanged().answer(json!({"right": false}))
}

fn failed(cx: &Cx<'_>, user: Option<&Brief>, why: &str) -> Done {
    let event = match user {
        Some(user) => {
            let message = format!("User {} failed to authenticate with a passkey.", user.username);
            by_himself(cx, "passkey_authentication_failed", user, message)
        }
        None => Event::new("passkey_authentication_failed", "Somebody failed to authenticate with a passkey."),
    };
    Done::event(event.fact("reason", why)).answer(json!({"right": false}))
}

fn succeeded(cx: &Cx<'_>, stored: &Stored, user: &Brief, secret: &str, kind: Kind) -> Done {
    let message = format!("User {} logged in successfully with passkey {}.", user.username, stored.name);
    let event = by_himself(cx, "passkey_authentication_succeeded", user, message)
        .fact("passkey_uuid", id::hex(&stored.uuid))
        .fact("auth_method", sign_in::PASSKEY);
    Done::event(event).answer(json!({"right": true, "token": secret, "kind": kind.word()}))
}
