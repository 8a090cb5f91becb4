//! Handing invitations to another system instead of mailing them, where staff have set `INVITATION_USE_WEBHOOKS`
//! (reference/invitations.md, section 1): it sends the letters in its own way.
//!
//! A call that nobody answers, or that ends in a fault of the other system (5xx), is made again as every job is; what the other
//! system refuses (4xx) is given up at once. The invitation shows what came of it.

use crate::{
    mail,
    outbound::{Answer, Outbound},
};
use serde_json::Value;
use std::sync::Arc;
use stoa_kernel::{
    Error, Result,
    door::Core,
    id,
    store::jobs::{Handler, Job, MAX_ATTEMPTS, Runner},
};
use stoa_tenancy::{
    invitation::{self, Execution, HAND_OVER, HANDED_LINKS},
    settings::Settings,
};
use url::form_urlencoded;

/// Why an invitation was not taken.
enum NotTaken {
    /// It may be, later.
    ForNow(String),
    /// It never will be.
    Forever(String),
}

/// What happens here later.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    let core = core.clone();
    let handler: Handler = Arc::new(move |_, job, _| Box::pin(hand_over(core.clone(), job)));
    runner.handlers.insert(HAND_OVER, handler);
}

async fn hand_over(core: Arc<Core>, job: Job) -> Result<()> {
    let uuid = job.payload["invitation_uuid"].as_str().and_then(id::parse);
    let uuid = uuid.ok_or_else(|| Error::broken("a job hands over no invitation"))?;
    let settings = Settings::load(&mut core.store.reader()).await?;
    let taken = call(&core, &settings, job.payload).await;
    let last = job.attempts >= MAX_ATTEMPTS;
    let (state, why) = match &taken {
        Ok(()) => (Execution::Ok, String::new()),
        Err(NotTaken::ForNow(why)) if !last => (Execution::Scheduled, why.clone()),
        Err(NotTaken::ForNow(why) | NotTaken::Forever(why)) => (Execution::Erred, why.clone()),
    };
    let shown = why.clone();
    core.store
        .write(move |tx| {
            let shown = shown.clone();
            Box::pin(async move { invitation::store::executed(tx, uuid, state, &shown).await })
        })
        .await?;
    if state == Execution::Scheduled { Err(Error::Unavailable(why)) } else { Ok(()) }
}

async fn call(core: &Core, settings: &Settings, mut invitation: Value) -> Result<(), NotTaken> {
    let home = mail::site(core, settings).home;
    for link in HANDED_LINKS {
        invitation[*link] = format!("{home}{}", invitation[*link].as_str().unwrap_or_default()).into();
    }
    let outbound = Outbound::of(core);
    let token = token(&outbound, settings).await?;
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("content-type", "application/json")];
    if !token.is_empty() {
        headers.push(("authorization", bearer.as_str()));
    }
    let address = settings.text("INVITATION_WEBHOOK_URL");
    if address.is_empty() {
        return Err(NotTaken::Forever("INVITATION_WEBHOOK_URL is not set.".into()));
    }
    post(&outbound, "The receiver", &address, &headers, invitation.to_string()).await.map(drop)
}

/// A token of the receiver's provider, by client credentials; empty if none is asked for.
async fn token(outbound: &Outbound, settings: &Settings) -> Result<String, NotTaken> {
    let address = settings.text("INVITATION_WEBHOOK_TOKEN_URL");
    if address.is_empty() {
        return Ok(String::new());
    }
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &settings.text("INVITATION_WEBHOOK_TOKEN_CLIENT_ID"))
        .append_pair("client_secret", &settings.text("INVITATION_WEBHOOK_TOKEN_SECRET"))
        .finish();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
    let answer = post(outbound, "The token provider", &address, &headers, form).await?;
    let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let token = answer["access_token"].as_str().filter(|token| !token.is_empty() && token.is_ascii());
    token.map(str::to_owned).ok_or_else(|| NotTaken::ForNow("The token provider answered without a token.".into()))
}

async fn post(
    outbound: &Outbound,
    who: &str,
    address: &str,
    headers: &[(&'static str, &str)],
    body: String,
) -> Result<Answer, NotTaken> {
    match outbound.post(address, headers, body).await {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(answer),
        Ok(Answer { status, .. }) if status >= 500 => Err(NotTaken::ForNow(format!("{who} answered {status}."))),
        Ok(Answer { status, .. }) => Err(NotTaken::Forever(format!("{who} answered {status}."))),
        Err(failure) => Err(NotTaken::ForNow(failure.to_string())),
    }
}
