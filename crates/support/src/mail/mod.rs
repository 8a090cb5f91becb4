//! Mail: the kinds of it and their templates, the switchboard, delivery, and the log of what was sent.
//!
//! Whoever wants to write to somebody queues a letter in the transaction of what it is about (`stoa_tenancy::letter`). The job
//! of the letter finds the kind of mail ([`kinds`]), looks whether it is switched on ([`store`]), makes words of it
//! ([`render`]), hands them to the mail server ([`smtp`]) and writes the log ([`jobs`]). Operators read docs/mail.md.

pub mod actions;
pub mod jobs;
pub mod kinds;
pub mod render;
pub mod smtp;
pub mod store;
pub mod views;

use futures::future::BoxFuture;
use render::Site;
use std::sync::Arc;
use stoa_kernel::{
    Result, Time, Tx,
    door::{Core, Registry},
    id,
    store::jobs::{Handler, Runner},
};
use stoa_tenancy::{
    invitation::{self, Execution},
    letter,
    settings::Settings,
};

/// A function that is told what became of a letter, in the transaction that logs it: gets the value of the context's fact,
/// and why the letter was given up, if it was.
pub type Told = for<'a> fn(&'a mut Tx, &'a str, std::result::Result<(), &'a str>, Time) -> BoxFuture<'a, Result<()>>;

/// Somebody who wants to know what became of letters of one kind.
pub struct Listener {
    /// Key of the kind of mail.
    pub kind: &'static str,
    /// The fact of the context that says what the letter is about.
    pub fact: &'static str,
    /// Told once for each letter, when it was sent or given up.
    pub tell: Told,
}

/// Everybody who wants to know what became of letters. Put into the core with [`Core::with`].
#[derive(Default)]
pub struct Delivered(pub Vec<Listener>);

/// Those of the areas below: an invitation shows whether its letter has left the house.
pub fn delivered() -> Delivered {
    let letters = ["users.invitation_created", "users.invitation_reminder"];
    Delivered(letters.map(|kind| Listener { kind, fact: "invitation", tell: invited }).into())
}

fn invited<'a>(
    tx: &'a mut Tx,
    uuid: &'a str,
    outcome: std::result::Result<(), &'a str>,
    _: Time,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        let Some(uuid) = id::parse(uuid) else { return Ok(()) };
        let (state, error) = match outcome {
            Ok(()) => (Execution::Ok, ""),
            Err(why) => (Execution::Erred, why),
        };
        invitation::store::executed(tx, uuid, state, error).await
    })
}

/// Registers what can be done and seen here.
pub fn register(registry: &mut Registry) {
    registry.views.extend([&views::NOTIFICATIONS, &views::TEMPLATES, &views::MAILS]);
    registry.actions.extend([
        &actions::CREATE,
        &actions::UPDATE,
        &actions::DELETE,
        &actions::ENABLE,
        &actions::DISABLE,
        &actions::CREATE_TEMPLATE,
        &actions::UPDATE_TEMPLATE,
        &actions::DELETE_TEMPLATE,
        &actions::OVERRIDE,
        &actions::PREVIEW,
    ]);
}

/// What happens here later and periodically.
pub fn jobs(core: &Arc<Core>, runner: &mut Runner) {
    let (sender, sweeper) = (core.clone(), core.clone());
    let send: Handler = Arc::new(move |_, job, now| Box::pin(jobs::send(sender.clone(), job, now)));
    let sweep: Handler = Arc::new(move |_, _, now| Box::pin(jobs::sweep(sweeper.clone(), now)));
    runner.handlers.insert(letter::JOB, send);
    runner.handlers.insert(jobs::SWEEP.kind, sweep);
    runner.periodic.push(jobs::SWEEP);
}

/// What every template may say. The portal's address is that of the installation's settings, or else of the program.
pub fn site(core: &Core, settings: &Settings) -> Site {
    const PORTAL: &str = "HOMEPORT_URL";
    let shipped = Settings::default();
    let home = match settings.text(PORTAL) {
        home if !home.is_empty() && home != shipped.text(PORTAL) => home,
        _ => core.get::<smtp::Mailer>().map(|mailer| mailer.home.clone()).unwrap_or_default(),
    };
    Site {
        name: settings.text("SITE_NAME"),
        home: home.trim_end_matches('/').to_owned(),
        support_email: settings.text("SITE_EMAIL"),
    }
}
