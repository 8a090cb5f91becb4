//! Signing in whom a provider has proved. The program itself runs these, after [`super::exchange`]; nobody else can.

use super::{profile, rules, store};
use crate::provider::store::{self as providers, Provider};
use serde_json::{Map, Value, json};
use stoa_kernel::{
    Error, Result, Time, Val,
    access::{Decision, Needs},
    action::{Action, Cx, Done, Target},
    event::{Change, Event},
    field::{Field, Input, Kind},
    id, record,
};
use stoa_tenancy::{
    settings::{self, Settings},
    token::store::{self as tokens, External, NewSession},
    user::{
        actions as user_actions,
        store::{self as users, Brief, NewUser},
        views::USERS,
    },
    version,
};

/// Signs a person in whom a provider has proved.
pub static SIGN_IN: Action = Action {
    name: "identity.sign_in",
    about: "Sign in a person whom an identity provider has proved: find or make the account, and bring the profile up to date.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::new("provider_id", Kind::Int, "Key of the provider.").required(),
        Field::text("subject", 255, "The provider's name for the person.").required().secret(),
        Field::new("claims", Kind::Object, "What the provider says about the person.").required().secret(),
        Field::text("sid", 255, "The provider's name for the session.").secret(),
        Field::text("id_token", 4000, "The identity token, for signing out.").secret(),
        Field::new("give", Kind::Choice("GiveEnum", &["session", "code", "token"]), "What the browser gets.")
            .required(),
        AGENT,
        ADDRESS,
    ],
    events: &["auth_logged_in_with_oauth", "user_creation_succeeded", "user_update_succeeded"],
    run: |cx, input| Box::pin(sign_in(cx, input)),
};

/// Records that signing in through a provider failed.
pub static FAIL: Action = Action {
    name: "identity.fail",
    about: "Record that signing in through an identity provider failed.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::text("provider", 32, "Name of the provider that was tried."),
        Field::text("reason", 1000, "Why."),
        ADDRESS,
    ],
    events: &["auth_login_failed_with_oauth"],
    run: |cx, input| Box::pin(fail(cx, input)),
};

/// Exchanges a portal's code for a token.
pub static EXCHANGE: Action = Action {
    name: "identity.exchange",
    about: "Exchange the code that a portal got for a login token, once and within a minute.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[Field::text("code", 64, "The code.").required().secret(), AGENT, ADDRESS],
    events: &["token_created"],
    run: |cx, input| Box::pin(exchange(cx, input)),
};

/// Ends the logins that came from a session which has ended at the provider.
pub static SIGN_OUT: Action = Action {
    name: "identity.sign_out",
    about: "End the logins of a person, or of one session, because the identity provider says that it has ended there.",
    target: Target::Nothing,
    needs: Needs::Staff,
    from: &[],
    fields: &[
        Field::new("provider_id", Kind::Int, "Key of the provider.").required(),
        Field::text("subject", 255, "The provider's name for the person.").nullable().secret(),
        Field::text("sid", 255, "The provider's name for the session.").nullable().secret(),
        Field::new("until", Kind::Time, "Logins made later are not meant.").required(),
    ],
    events: &["auth_logged_out"],
    run: |cx, input| Box::pin(sign_out(cx, input)),
};

const AGENT: Field = Field::text("user_agent", 200, "What the caller's program calls itself.");
const ADDRESS: Field = Field::text("ip_address", 45, "Address from which it was asked.");

fn by_program(cx: &Cx<'_>) -> Result<()> {
    match cx.actor.system {
        true => Ok(()),
        false => Decision::rule("Only the program itself signs people in.").required().map(|_| ()),
    }
}

/// Who signs in, in the eyes of the provider.
struct Person<'a> {
    provider: &'a Provider,
    subject: &'a str,
    claims: &'a Value,
}

async fn sign_in(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    by_program(cx)?;
    let settings = Settings::load(&mut *cx.tx).await?;
    let provider = providers::locked(cx.tx, input.int("provider_id").unwrap_or_default()).await?;
    let provider = provider.ok_or_else(|| Error::Unauthenticated(super::flow::FAILED.into()))?;
    let subject = input.text("subject").unwrap_or_default();
    let claims = input.json("claims").cloned().unwrap_or_default();
    let person = Person { provider: &provider, subject, claims: &claims };
    let said = profile::from_claims(&provider.mapping, &provider.extra_fields, &claims);

    // The provider's row is locked: two first sign-ins of one person come one after the other.
    let known = store::identity(cx.tx, provider.id, subject).await?;
    let (identity_id, user_id, how) = match known {
        Some((identity_id, user_id)) => (identity_id, user_id, How::Known),
        None => {
            let (user_id, how) = match account(cx, &settings, &person).await? {
                Some(user_id) => (user_id, How::Linked),
                None => (create(cx, &settings, &person, &said).await?, How::Created),
            };
            (store::tie(cx.tx, provider.id, subject, user_id, cx.now).await?, user_id, how)
        }
    };
    usable(&settings, &users::brief(cx.tx, user_id).await?)?;
    store::seen(cx.tx, identity_id, cx.now).await?;
    let mut changes = profile::apply(cx, user_id, &provider.name, &said).await?;
    changes.extend(statuses(cx, &settings, &person, user_id).await?);
    let mut last = vec![("identity_source", Val::from(&provider.name))];
    if matches!(how, How::Linked | How::Created) {
        last.push(("registration_method", Val::from(&provider.name)));
    }
    if !said.contains_key("identity_source") {
        users::set(cx.tx, user_id, last).await?;
    } else if last.len() > 1 {
        users::set(cx.tx, user_id, last.split_off(1)).await?;
    }
    let user = users::brief(cx.tx, user_id).await?;
    usable(&settings, &user)?;
    if !matches!(how, How::Known) || !changes.is_empty() {
        let comment = format!("Signed in through {}", provider.name);
        version::store::write(cx, &USERS, user_actions::UPDATE.fields, user.uuid, &comment).await?;
    }
    let secret = give(cx, &input, &person, identity_id, user_id).await?;
    let done = told(&user, &provider, how, changes, input.text("ip_address").unwrap_or_default());
    let answer = json!({"secret": secret, "created": matches!(how, How::Created)});
    Ok(done.made("user", user.id, user.uuid).answer(answer))
}

/// How an account was found.
#[derive(Clone, Copy)]
enum How {
    /// By the subject.
    Known,
    /// It was there, and is tied to the subject from now on.
    Linked,
    /// It is new.
    Created,
}

/// What the browser gets: a session, a token, or a code for a portal.
async fn give(cx: &mut Cx<'_>, input: &Input, person: &Person<'_>, identity_id: i64, user_id: i64) -> Result<String> {
    let (sid, id_token) = (input.text("sid").unwrap_or_default(), input.text("id_token").unwrap_or_default());
    let kind = match input.text("give") {
        Some("session") => tokens::Kind::Session,
        Some("token") => tokens::Kind::Login,
        _ => {
            let code = id::hex(&cx.uuid());
            let until = cx.now.plus_seconds(rules::CODE_SECONDS);
            store::keep_code(cx.tx, &code, identity_id, (sid, id_token), until).await?;
            return Ok(code);
        }
    };
    let (provider, subject) = (person.provider.name.as_str(), person.subject);
    login(cx, input, Login { kind, user_id, identity_id, provider, subject, sid, id_token }).await
}

/// A login that belongs to a session at a provider.
struct Login<'a> {
    kind: tokens::Kind,
    user_id: i64,
    identity_id: i64,
    provider: &'a str,
    subject: &'a str,
    sid: &'a str,
    id_token: &'a str,
}

async fn login(cx: &mut Cx<'_>, input: &Input, new: Login<'_>) -> Result<String> {
    let sid = Some(new.sid).filter(|sid| !sid.is_empty());
    let session = NewSession {
        user_id: new.user_id,
        kind: new.kind,
        method: new.provider,
        user_agent: input.text("user_agent").unwrap_or_default(),
        address: input.text("ip_address").and_then(|address| address.parse().ok()),
        external: Some(External { provider: new.provider, subject: new.subject, sid }),
        ..NewSession::default()
    };
    let clock = cx.clock().clone();
    let secret = tokens::issue_session(cx.tx, &clock, cx.now, &session).await?;
    store::keep_session(cx.tx, &secret, new.identity_id, new.sid, new.id_token, cx.now).await?;
    Ok(secret)
}

/// Whether the account can be used, in this way.
///
/// # Errors
/// Unauthenticated, with the reason: the person has proved himself.
fn usable(settings: &Settings, user: &Brief) -> Result<()> {
    let words = match user.active {
        false => "User account is disabled.",
        true if user.staff && settings.is_on(settings::STAFF_PASSKEY) => "Staff sign in with a passkey.",
        true => return Ok(()),
    };
    Err(Error::Unauthenticated(words.into()))
}

fn told(user: &Brief, provider: &Provider, how: How, changes: Vec<Change>, address: &str) -> Done {
    let name = &user.username;
    let fact = |event: Event| {
        let event = event.fact("provider", provider.name.clone()).fact("user_uuid", id::hex(&user.uuid));
        let event = event.fact("user_username", name.clone()).fact("user_full_name", user.full_name());
        if address.is_empty() { event } else { event.fact("ip_address", address) }
    };
    let message =
        format!("User {name} with full name {} logged in successfully with {}.", user.full_name(), provider.label);
    let mut done = Done::event(fact(user.event("auth_logged_in_with_oauth", message)));
    match how {
        How::Created => {
            let message = format!("User {name} has been created by signing in with {}.", provider.label);
            done = done.and(fact(user.event("user_creation_succeeded", message)));
        }
        How::Linked => {
            let message = format!("User {name} has been tied to the identity provider {}.", provider.label);
            done = done.and(fact(user.event("user_update_succeeded", message)).changes(changes));
        }
        How::Known if !changes.is_empty() => {
            let message = format!("User {name} has been updated. {}", record::describe(&changes));
            done = done.and(fact(user.event("user_update_succeeded", message)).changes(changes));
        }
        How::Known => {}
    }
    done
}

/// The value of the claim by which accounts of the provider are named.
fn named<'a>(person: &Person<'a>) -> Option<&'a str> {
    rules::claim(person.claims, &person.provider.user_claim).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// An account that was there before the subject was known:
///
/// * one that this provider has named before (accounts that were imported): by the field that the provider names;
/// * one that the identity bridge has made under the very subject;
/// * if staff want it, the only active one with a mail address for which the provider vouches.
///
/// None of them may be tied to another subject of the provider. A name that people can choose at the provider, or an address,
/// never leads to staff and support agents (security cases C6, C12).
async fn account(cx: &mut Cx<'_>, settings: &Settings, person: &Person<'_>) -> Result<Option<i64>> {
    let provider = person.provider;
    let by_subject = provider.user_claim == "sub";
    if let Some(value) = named(person)
        && let Some(found) = store::by_field(cx.tx, &provider.name, &provider.user_field, value).await?
        && (by_subject || !found.strong)
        && !store::is_tied(cx.tx, provider.id, found.user_id).await?
    {
        return Ok(Some(found.user_id));
    }
    if by_subject
        && let Some(found) = store::by_field(cx.tx, crate::bridge::METHOD, "username", person.subject).await?
        && !found.strong
        && !store::is_tied(cx.tx, provider.id, found.user_id).await?
    {
        return Ok(Some(found.user_id));
    }
    if settings.is_on("OIDC_MATCHMAKING_BY_EMAIL")
        && let Some(email) = vouched_email(person)
        && let Some(found) = store::by_email(cx.tx, email).await?
        && !found.strong
        && !store::is_tied(cx.tx, provider.id, found.user_id).await?
    {
        return Ok(Some(found.user_id));
    }
    Ok(None)
}

/// The mail address, if the provider says that it is the person's.
fn vouched_email<'a>(person: &Person<'a>) -> Option<&'a str> {
    let claim = person.provider.mapping.get("email").and_then(Value::as_str).unwrap_or("email");
    let email = rules::claim(person.claims, claim)?.as_str()?;
    (rules::vouched(person.claims) == Some(true) && stoa_kernel::field::is_email(email)).then_some(email)
}

async fn create(cx: &mut Cx<'_>, settings: &Settings, person: &Person<'_>, said: &Map<String, Value>) -> Result<i64> {
    let provider = person.provider;
    if settings.is_on("OIDC_BLOCK_CREATION_OF_UNINVITED_USERS") && !is_invited(cx, person).await? {
        return Err(Error::Unauthenticated("Only people who are invited can get an account here.".into()));
    }
    let wished = named(person).filter(|_| provider.user_field == "username");
    let mut username = rules::username(wished, &provider.name, person.subject);
    if users::id_of(cx.tx, &username).await?.is_some() {
        // Somebody else has the name, whoever he is: this is another account.
        username = rules::unlike(&provider.name, person.subject);
    }
    let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let approved = settings.is_on("AUTO_APPROVE_USER_TOS");
    let new = NewUser {
        username,
        email: text("email"),
        first_name: text("first_name"),
        last_name: text("last_name"),
        organization: text("organization"),
        token_lifetime: settings.int("TOKEN_LIFETIME").or(Some(users::TOKEN_LIFETIME)),
        agreement_date: approved.then_some(cx.now),
        ..NewUser::default()
    };
    let clock = cx.clock().clone();
    let (user_id, _) = users::create_user(cx.tx, &clock, cx.now, new).await?;
    if provider.user_field == "civil_number"
        && let Some(number) = named(person)
        && !store::has_civil_number(cx.tx, number, user_id).await?
    {
        users::set(cx.tx, user_id, vec![("civil_number", Val::from(number))]).await?;
    }
    Ok(user_id)
}

async fn is_invited(cx: &mut Cx<'_>, person: &Person<'_>) -> Result<bool> {
    let claim = person.provider.mapping.get("email").and_then(Value::as_str).unwrap_or("email");
    let email = rules::claim(person.claims, claim).and_then(Value::as_str);
    let Some(email) = email.filter(|_| rules::vouched(person.claims) != Some(false)) else { return Ok(false) };
    store::is_invited(cx.tx, email, cx.now).await
}

/// Makes somebody staff or support agent, or takes it away, as the claim says that staff named.
async fn statuses(cx: &mut Cx<'_>, settings: &Settings, person: &Person<'_>, user_id: i64) -> Result<Vec<Change>> {
    let setting = settings.text("WALDUR_AUTH_SOCIAL_ROLE_CLAIM");
    let others = store::providers(cx.tx).await?;
    let Some((staff, support)) = rules::roles(&setting, &person.provider.name, &others, person.claims) else {
        return Ok(Vec::new());
    };
    let user = users::brief(cx.tx, user_id).await?;
    let mut changes = Vec::new();
    for (field, before, after) in [("is_staff", user.staff, staff), ("is_support", user.support, support)] {
        if before != after {
            users::set(cx.tx, user_id, vec![(field, Val::Bool(after)), ("modified", Val::Time(cx.now))]).await?;
            changes.push(Change { field: field.into(), before: before.into(), after: after.into() });
        }
    }
    Ok(changes)
}

async fn fail(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    by_program(cx)?;
    let (provider, reason) = (input.text("provider").unwrap_or_default(), input.text("reason").unwrap_or_default());
    let message = format!("Signing in with {provider} has failed.");
    let event = Event::new("auth_login_failed_with_oauth", message).fact("provider", provider).fact("reason", reason);
    Ok(Done::event(event.fact("ip_address", input.text("ip_address").unwrap_or_default())))
}

async fn exchange(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    by_program(cx)?;
    let constant = || Error::field("code", "The code is not valid.");
    let text = input.text("code").and_then(id::parse).map(|code| id::hex(&code)).ok_or_else(constant)?;
    let code = store::take_code(cx.tx, &text, cx.now).await?.ok_or_else(constant)?;
    let user = users::brief(cx.tx, code.user_id).await?;
    let settings = Settings::load(&mut *cx.tx).await?;
    if !code.active || usable(&settings, &user).is_err() {
        return Err(constant());
    }
    let new = Login {
        kind: tokens::Kind::Login,
        user_id: user.id,
        identity_id: code.identity_id,
        provider: &code.provider,
        subject: &code.subject,
        sid: &code.sid,
        id_token: &code.id_token,
    };
    let secret = login(cx, &input, new).await?;
    let event = user.event("token_created", format!("Token has been created for {} user.", user.username));
    let event = event.fact("ip_address", input.text("ip_address").unwrap_or_default());
    Ok(Done::event(event).made("user", user.id, user.uuid).answer(json!({"token": secret})))
}

async fn sign_out(cx: &mut Cx<'_>, input: Input) -> Result<Done> {
    by_program(cx)?;
    let provider_id = input.int("provider_id").unwrap_or_default();
    let (subject, sid) = (input.text("subject"), input.text("sid"));
    let until: Time = input.time("until").unwrap_or(cx.now);
    store::drop_codes(cx.tx, provider_id, subject, sid).await?;
    let logins = store::logins(cx.tx, provider_id, subject, sid, until).await?;
    for (token_id, _) in &logins {
        tokens::end(cx.tx, *token_id).await?;
    }
    let Some((_, user_id)) = logins.first() else { return Ok(Done::unchanged()) };
    let user = users::brief(cx.tx, *user_id).await?;
    let message = format!("User {} logged out at the identity provider.", user.username);
    Ok(Done::event(user.event("auth_logged_out", message)).made("user", user.id, user.uuid))
}
